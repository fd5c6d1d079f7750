"""Exact arithmetic and its rounding, against fractions, on every number of small formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest
from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerType, ModuleOp, UnknownLoc
from xdsl.ir import Block, Region

from gatewright.interpreters import loops
from gatewright.ir.interface import Parameter, Result, Signature, set_signature
from gatewright.ir.program import Program
from gatewright.numbers.types import Fixed, Integer
from gatewright.transforms.tensor.exact import Exact, ExactArithmetic, bits, limits, nearest

Compute = Callable[[ExactArithmetic, Exact, Exact], Exact]


def no_tables(array: np.ndarray) -> Exact:
    """Constants that are the same everywhere need no table."""
    values = {int(value) for value in np.asarray(array).reshape(-1)}
    assert len(values) == 1
    return Exact(None, 0, *values, *values)


def program(compute: Compute, width: int, fractions: tuple[int, int], format_: Fixed) -> Callable[[int, int], int]:
    """A function of two raw integers that rounds what `compute` makes of them to a format."""
    block = Block(arg_types=[IntegerType(width)] * 2)
    arithmetic = ExactArithmetic(block, UnknownLoc(), no_tables)
    arguments = [Exact(value, fraction, *limits(width)) for value, fraction in zip(block.args, fractions, strict=True)]
    result = arithmetic.to_format(compute(arithmetic, *arguments), format_)
    assert result.value is not None
    block.add_op(func.ReturnOp(result.value))
    function = func.FuncOp("f", ([IntegerType(width)] * 2, [IntegerType(format_.bits)]), Region(block))
    given, returned = Integer(width), Integer(format_.bits)
    set_signature(function, Signature((Parameter("a", given), Parameter("b", given)), (Result("result", returned),)))
    module = ModuleOp([function])
    module.verify()
    compiled = Program("loops", module, "f")

    def run(a: int, b: int) -> int:
        got = loops.run(compiled, [np.array(a, given.raw_dtype), np.array(b, given.raw_dtype)]).results[0]
        assert result.low <= int(got) <= result.high
        return int(got)

    return run


def to_format(value: Fraction, format_: Fixed) -> int:
    """The raw value nearest to a number, the even one of two, within the format."""
    low, high = limits(format_.bits)
    return min(high, max(low, round(value * Fraction(2) ** format_.fraction)))


def every_pair(width: int) -> Iterator[tuple[int, int]]:
    low, high = limits(width)
    return ((a, b) for a in range(low, high + 1) for b in range(low, high + 1))


OPERATIONS: dict[str, tuple[Compute, Callable[[Fraction, Fraction], Fraction]]] = {
    "sum": (lambda e, a, b: e.add(a, b), lambda a, b: a + b),
    "product": (lambda e, a, b: e.multiply(a, b), lambda a, b: a * b),
    "negation": (lambda e, a, b: e.add(e.negate(a), e.negate(b)), lambda a, b: -a - b),
    "larger": (lambda e, a, b: e.extreme(True, a, b), max),
    "smaller": (lambda e, a, b: e.extreme(False, a, b), min),
    "choice": (
        lambda e, a, b: e.choose(e.compare("lt", a, b), e.add(a, a), b),
        lambda a, b: 2 * a if a < b else b,
    ),
    "constant factor": (lambda e, a, b: e.add(e.multiply(a, Exact(None, 1, -3, -3)), b), lambda a, b: -a * 3 / 2 + b),
}


@pytest.mark.parametrize("format_", [Fixed(4, 1), Fixed(3, -1), Fixed(6, 4)], ids=str)
@pytest.mark.parametrize("fractions", [(1, 1), (2, 0), (-1, 3)], ids=str)
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_exact_until_it_is_rounded(name: str, fractions: tuple[int, int], format_: Fixed):
    compute, meaning = OPERATIONS[name]
    run = program(compute, 4, fractions, format_)
    for a, b in every_pair(4):
        reals = [Fraction(raw) / Fraction(2) ** fraction for raw, fraction in zip((a, b), fractions, strict=True)]
        assert run(a, b) == to_format(meaning(*reals), format_), (a, b)


@pytest.mark.parametrize("fraction", [-2, 0, 2])
@pytest.mark.parametrize("divisor", [1, 2, 3, 4, 5, 6, 7, 9, 12, 36, 100])
def test_a_quotient_is_rounded_once_to_nearest_even(divisor: int, fraction: int):
    format_ = Fixed(8, fraction)
    run = program(lambda e, a, b: e.divide(e.add(a, b), np.array(divisor)), 6, (0, 0), format_)
    for a in range(*limits(6)):
        for b in (0, 1, -1, 31):
            assert run(a, b) == to_format(Fraction(a + b, divisor), format_), (a, b)


def test_quotients_with_different_divisors_add_exactly():
    format_ = Fixed(8, 2)

    def compute(e: ExactArithmetic, a: Exact, b: Exact) -> Exact:
        return e.add(e.divide(a, np.array(3)), e.divide(b, np.array(10)))

    run = program(compute, 5, (0, 1), format_)
    for a, b in every_pair(5):
        assert run(a, b) == to_format(Fraction(a, 3) + Fraction(b, 20), format_), (a, b)


@pytest.mark.parametrize("width", [4, 8, 16])
def test_constants_use_all_bits_of_their_width(width: int):
    for value in (0.3, -0.3, 5.9, 1000.0, 1e-3):
        raw, fraction = nearest(np.array([value, value / 7]), width)
        assert abs(raw).max() <= limits(width)[1]
        assert np.abs(raw * 2.0**-fraction - [value, value / 7]).max() <= abs(value) * 2.0 ** -(width - 1)


def test_a_constant_near_a_power_of_two_does_not_overflow():
    raw, fraction = nearest(np.array([0.9999999]), 8)
    assert (raw.tolist(), fraction) == ([1], 0)


def test_common_trailing_zeros_of_constants_are_dropped():
    raw, fraction = nearest(np.array([0.5, -1.5]), 16)
    assert (raw.tolist(), fraction) == ([1, -3], 1)


def test_the_width_of_a_range_is_the_least_that_holds_it():
    assert [bits(0, 0), bits(0, 1), bits(-1, 0), bits(-8, 7), bits(-9, 0), bits(0, 8)] == [1, 2, 1, 4, 5, 5]
