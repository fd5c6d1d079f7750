"""The look-up tables and depths in docs/numbers.md are those that CIRCT maps the operators to."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_spec = importlib.util.spec_from_file_location("operators", ROOT / "benchmarks" / "operators.py")
assert _spec is not None and _spec.loader is not None
operators = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(operators)


def rows() -> dict[str, list[str]]:
    """The cells behind the name of an operator, by that."""
    lines = (ROOT / "docs" / "numbers.md").read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| Operator |"))
    found = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[start:]]
    found = found[: found.index([])]
    assert found[0] == list(operators.COLUMNS)
    return {name: cells for name, *cells in found[2:]}


def test_the_table_has_all_operators_and_the_published_figures():
    names = [f"{kind} {form}" for kind in operators.ARITHMETIC for form in ("f16", "bf16", "f32", "f64")]
    names += [f"{kind} {form}" for kind in operators.FUNCTIONS for form in ("f16", "bf16", "f32")]
    assert list(rows()) == names
    for published, column in ((operators.FLOPOCO, 4), (operators.HARDFLOAT, 6)):
        found = {name: cells[column] for name, cells in rows().items() if cells[column]}
        assert found == {f"{kind} {form}": text for (kind, form), text in published.items()}


@pytest.mark.parametrize("kind", [*operators.ARITHMETIC, *operators.FUNCTIONS])
def test_the_figures_of_half_precision_are_those_of_the_table(kind: str):
    assert operators.row(kind, "f16", False)[1:4] == rows()[f"{kind} f16"][:3]
