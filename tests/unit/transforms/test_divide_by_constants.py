"""Division by constants is right for every dividend and divisor, by the rules of docs/levels.md."""

from __future__ import annotations

import random

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from gatewright.analysis.reciprocal import reciprocal
from gatewright.interpreters import loops
from gatewright.ir.context import context
from gatewright.ir.program import Program
from gatewright.transforms.loops.divide_by_constants import DivideByConstantsPass

KINDS = ("divui", "remui", "divsi", "remsi", "floordivsi")


def expected(kind: str, width: int, a: int, b: int) -> int:
    """The result in Python integers, from and to unsigned values."""
    if b == 0:
        return 0
    if kind in ("divui", "remui"):
        return a // b if kind == "divui" else a % b
    x, y = (value - (1 << width) if value >> (width - 1) else value for value in (a, b))
    towards_zero = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
    result = {"divsi": towards_zero, "remsi": x - towards_zero * y, "floordivsi": x // y}[kind]
    return result & ((1 << width) - 1)


def program(kind: str, type_: str, divisors: list[int]) -> Program:
    """Divides each element of an array by every divisor, with constants for divisors."""
    lines = []
    for number, divisor in enumerate(divisors):
        lines += [
            f"%d{number} = arith.constant {divisor} : {type_}",
            f"%q{number} = arith.{kind} %x, %d{number} : {type_}",
        ]
    names = ", ".join(f"%q{number}" for number in range(len(divisors)))
    results = ", ".join(f"{type_} {{gw.result = {number} : i64}}" for number in range(len(divisors)))
    types = ", ".join([type_] * len(divisors))
    text = f"func.func @f(%x : {type_}) -> ({results}) {{ {' '.join(lines)} func.return {names} : {types} }}"
    module = Parser(context(), text).parse_module()
    return Program("loops", module, "f")


def converted(kind: str, type_: str, divisors: list[int], widest: int = 64) -> Program:
    given = program(kind, type_, divisors)
    DivideByConstantsPass(widest).apply(context(), given.module)
    given.module.verify()
    return given


def left(module: ModuleOp) -> int:
    return sum(op.name.rpartition(".")[2] in KINDS for op in module.walk())


def check(kind: str, width: int, type_: str, divisors: list[int], dividends: list[int]) -> None:
    signed = [divisor - (1 << width) if divisor >> (width - 1) else divisor for divisor in divisors]
    given = converted(kind, type_, signed)
    assert left(given.module) == 0
    for dividend in dividends:
        outcome = loops.run(given, [np.array(dividend, np.uint64)])
        results = [int(result) & ((1 << width) - 1) for result in outcome.results]
        wanted = [expected(kind, width, dividend, divisor) for divisor in divisors]
        assert results == wanted, (dividend, divisors)


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("kind", KINDS)
def test_every_small_number_is_divided_by_every_other(kind: str, width: int):
    check(kind, width, f"i{width}", list(range(1 << width)), list(range(1 << width)))


def corners(width: int) -> list[int]:
    top = 1 << width
    near_powers = [(1 << power) + step for power in (3, width // 2, width - 2) for step in (-1, 0, 1)]
    return [0, 1, 2, 3, 5, 6, 7, 10, top - 1, top - 2, top - 10, top >> 1, (top >> 1) + 1, (top >> 1) - 1, *near_powers]


@pytest.mark.parametrize(("width", "type_"), [(16, "i16"), (31, "i31"), (32, "i32"), (64, "i64"), (64, "index")])
@pytest.mark.parametrize("kind", KINDS)
def test_wide_numbers_are_divided(kind: str, width: int, type_: str):
    generator = random.Random(width)
    some = [generator.getrandbits(generator.randint(1, width)) for _ in range(20)]
    divisors = [*corners(width), *some]
    multiples = [generator.getrandbits(width) // divisor * divisor for divisor in divisors if divisor]
    near = [(multiple + step) % (1 << width) for multiple in multiples for step in (-1, 0, 1)]
    check(kind, width, type_, divisors, [*corners(width), *some, *near])


@pytest.mark.parametrize("kind", KINDS)
def test_only_powers_of_two_are_divided_by_where_numbers_are_too_wide(kind: str):
    divisors = [0, 1, 4, 1 << 30, 3, 10, 11]
    assert left(converted(kind, "i33", divisors, widest=32).module) == 3
    assert left(converted(kind, "i32", divisors, widest=32).module) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_powers_of_two_take_no_product(kind: str):
    module = converted(kind, "i16", [1, 2, 64, 1 << 14, -(1 << 15)]).module
    products = [op for op in module.walk() if op.name == "arith.muli"]
    assert len(products) == (4 if kind == "remsi" else 0)


def test_a_division_by_a_variable_stays():
    text = "func.func @f(%x : i8, %y : i8) -> i8 { %q = arith.divui %x, %y : i8 func.return %q : i8 }"
    module = Parser(context(), text).parse_module()
    DivideByConstantsPass(32).apply(context(), module)
    assert left(module) == 1


def test_the_multiplier_is_the_smallest_that_is_exact():
    """With every smaller shift, some dividend is divided wrongly."""
    for bits in (1, 3, 6):
        for divisor in range(1, 1 << bits):
            found = reciprocal(divisor, bits)
            assert all(x * found.multiplier >> found.shift == x // divisor for x in range(1 << bits))
            for shift in range(found.shift):
                multiplier = -(-(1 << shift) // divisor)
                assert any(x * multiplier >> shift != x // divisor for x in range(1 << bits))


def test_a_reciprocal_from_above_is_exact_for_negative_numbers_too():
    for bits in (1, 3, 6):
        for divisor in range(1, (1 << bits) + 1):
            found = reciprocal(divisor, bits, above=True)
            assert all(x * found.multiplier >> found.shift == x // divisor for x in range(1 << bits))
            assert all((x * found.multiplier >> found.shift) + 1 == -(-x // divisor) for x in range(-(1 << bits), 0))
