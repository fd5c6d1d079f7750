"""Passes hold no thresholds of profit: each number in `transforms/` is a limit of effort, of hardware or of numbers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TRANSFORMS = Path(__file__).parents[2] / "src" / "gatewright" / "transforms"

REASONS = {
    "loops/forward_across_iterations.py EFFORT": "effort: operations of isl",
    "loops/rotate_while.py CHEAP_COUNT": "hardware: logic that fits into the cycle in which a loop is decided",
    "loops/split_sums.py MOST_PARTS": "effort: the time to compile grows with the square of the parts",
    "rtl/circuit.py LONGEST_CHAIN": "hardware: registers in a chain, of which a counter takes fewer beyond",
    "rtl/operator_modules.py MODULES": "effort: modules of operators that are kept, so that each is made once",
    "schedule/operators.py ADDRESS_BITS": "numbers: the bits of an index whose range is not known yet",
    "schedule/overlap_loops.py NEVER": "numbers: a cycle that does not come",
    "tensor/expression.py LARGEST_DIVISOR": "numbers: what divides exactly in the format",
    "tensor/expression.py BEYOND": "numbers: more than a format holds",
    "tensor/integer_tables.py MOST_ENTRIES": "effort: a table is built entry by entry",
    "tensor/requantization.py MOST_BITS": "effort: shifts that are tried",
    "tensor/requantization.py MOST_STEPS": "effort: values that are looked at",
    "tensor/single_precision_fallback.py MOST_BITS": "numbers: the significand of single precision",
}
"""The constants in `transforms/`, and what each is a limit of."""


def constants(text: str) -> Iterator[str]:
    """The names of constants of a module that are numbers, or some."""
    for node in ast.parse(text).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and target.id.strip("_").isupper() and value is not None and is_number(value):
            yield target.id


def is_number(node: ast.expr) -> bool:
    """Whether an expression is made of numbers alone, or is a tuple or list of such."""
    match node:
        case ast.Constant(value):
            return type(value) in (int, float)
        case ast.BinOp(left, _, right):
            return is_number(left) and is_number(right)
        case ast.UnaryOp(_, operand):
            return is_number(operand)
        case ast.Tuple(elements) | ast.List(elements):
            return bool(elements) and all(map(is_number, elements))
    return False


def test_every_number_is_a_limit_with_a_reason():
    found = {
        f"{file.relative_to(TRANSFORMS)} {name}"
        for file in TRANSFORMS.rglob("*.py")
        for name in constants(file.read_text(encoding="utf-8"))
    }
    assert found == set(REASONS)


@pytest.mark.parametrize("text", ["MOST = 32", "_WORTH = (7, 8)", "MOST: int = 1 << 10", "LEAST = -0.5"])
def test_a_threshold_is_found(text: str):
    assert len(list(constants(text))) == 1


@pytest.mark.parametrize("text", ["NAMES = ('a', 'b')", "most = 32", "TABLE = {1: 2}"])
def test_what_is_no_threshold_is_not(text: str):
    assert list(constants(text)) == []
