"""The largest errors in docs/numbers.md are those of the functions: for 16 bits of all numbers, for f32 of some."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import mpmath as mp
import pytest

from gatewright.numbers.float_format import FORMATS

ROOT = Path(__file__).parents[2]
PART = 50
"""Of the numbers of single precision one in so many is tried."""

_spec = importlib.util.spec_from_file_location("elementary", ROOT / "benchmarks" / "elementary.py")
assert _spec is not None and _spec.loader is not None
elementary = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(elementary)


def table() -> dict[str, dict[str, str]]:
    """The cells by function and format."""
    lines = (ROOT / "docs" / "numbers.md").read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| Function |"))
    _, *formats = cells(lines[start])
    rows = [cells(line) for line in lines[start + 2 :]]
    return {name: dict(zip(formats, errors, strict=True)) for name, *errors in rows[: rows.index([])]}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")] if line else []


def test_the_table_has_all_functions_and_how_many_numbers_were_tried():
    assert list(table()) == [*elementary.EXACT, "Numbers tried"]
    for name, count in table()["Numbers tried"].items():
        assert int(count.replace(",", "")) == len(elementary.points(FORMATS[name], 1_000_000))


@pytest.mark.parametrize("function", elementary.EXACT)
def test_the_errors_are_those_of_the_table(function: str):
    row = table()[function]
    with mp.workprec(200):
        for name in ("f16", "bf16"):
            numbers = elementary.points(FORMATS[name], 0)
            assert f"{elementary.measure(function, FORMATS[name], numbers):.3f}" == row[name]
        numbers = elementary.points(FORMATS["f32"], 1_000_000)[::PART]
        assert elementary.measure(function, FORMATS["f32"], numbers) <= float(row["f32"]) + 0.0005
