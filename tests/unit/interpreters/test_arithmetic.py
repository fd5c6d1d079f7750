"""The rules for arithmetic agree with definitions on bits, at any width and for any known ranges of the operands."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from math import isqrt

import numpy as np
import pytest
from xdsl.dialects import arith
from xdsl.dialects import test as test_dialect
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Operation

from gatewright.dialects import gw
from gatewright.interpreters.arithmetic import RULES, RUNTIME
from gatewright.interpreters.terms import Term, literal, range_of, width_of

WIDTHS = [1, 2, 3, 7, 8, 31, 32, 33, 64, 65, 128, 512]
TYPES: list[Attribute] = [*(IntegerType(width) for width in WIDTHS), IndexType()]
PREDICATES = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")


def signed(bits: int, width: int) -> int:
    """Bits read as two's complement."""
    return bits - (1 << width) if bits >> (width - 1) else bits


def truncated_quotient(a: int, b: int) -> int:
    """The quotient rounded toward zero, 0 for a divisor of 0."""
    if b == 0:
        return 0
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def truncated_remainder(a: int, b: int) -> int:
    """What the quotient leaves, 0 for a divisor of 0."""
    return a - b * truncated_quotient(a, b) if b else 0


BINARY: dict[type[Operation], Callable[[int, int, int], int]] = {
    arith.AddiOp: lambda a, b, w: a + b,
    arith.SubiOp: lambda a, b, w: a - b,
    arith.MuliOp: lambda a, b, w: a * b,
    arith.DivUIOp: lambda a, b, w: a // b if b else 0,
    arith.RemUIOp: lambda a, b, w: a % b if b else 0,
    arith.DivSIOp: lambda a, b, w: truncated_quotient(signed(a, w), signed(b, w)),
    arith.RemSIOp: lambda a, b, w: truncated_remainder(signed(a, w), signed(b, w)),
    arith.FloorDivSIOp: lambda a, b, w: signed(a, w) // signed(b, w) if b else 0,
    arith.AndIOp: lambda a, b, w: a & b,
    arith.OrIOp: lambda a, b, w: a | b,
    arith.XOrIOp: lambda a, b, w: a ^ b,
    arith.ShLIOp: lambda a, b, w: a << b if b < w else 0,
    arith.ShRUIOp: lambda a, b, w: a >> b if b < w else 0,
    arith.ShRSIOp: lambda a, b, w: signed(a, w) >> min(b, w),
    arith.MaxSIOp: lambda a, b, w: max(signed(a, w), signed(b, w)),
    arith.MaxUIOp: lambda a, b, w: max(a, b),
    arith.MinSIOp: lambda a, b, w: min(signed(a, w), signed(b, w)),
    arith.MinUIOp: lambda a, b, w: min(a, b),
}
"""What each operation computes from bits, before the result wraps around."""

COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


def held(bits: int, type_: Attribute) -> int:
    """How generated code holds bits of a type."""
    bits &= (1 << width_of(type_)) - 1
    return signed(bits, 64) if isinstance(type_, IndexType) else bits


def bits_of(number: int, type_: Attribute) -> int:
    """The bits of what generated code holds."""
    return number & ((1 << width_of(type_)) - 1)


def numbers(type_: Attribute, draw: random.Random) -> Iterator[int]:
    """Bits to try: all of a narrow type, the ends and some others of a wide one."""
    width = width_of(type_)
    if width <= 3:
        yield from range(1 << width)
        return
    half = 1 << (width - 1)
    yield from (0, 1, 2, width - 1, min(width, 2 * half - 1), half - 1, half, half + 1, 2 * half - 2, 2 * half - 1)
    yield from (draw.getrandbits(width) for _ in range(4))
    yield from (draw.getrandbits(draw.randrange(1, width)) for _ in range(4))


def terms_for(number: int, name: str, type_: Attribute, draw: random.Random) -> Iterator[Term]:
    """Terms for an operand of which nothing is known, something is known, and everything is known."""
    low, high = range_of(type_)
    yield Term(name, low, high)
    yield Term(name, draw.randint(low, number), draw.randint(number, high))
    yield literal(number)


def operands(count: int, types: list[Attribute]) -> list[Operation]:
    """Operations whose results can stand as operands."""
    return [test_dialect.TestOp(result_types=[types[position]]) for position in range(count)]


def check(op: Operation, given: list[int], types: list[Attribute], expected_bits: int, draw: random.Random) -> None:
    """Assert that every form of the rule for `op` computes the expected bits and stays in the range it promises."""
    names = ["a", "b", "c"][: len(given)]
    result_type = op.results[0].type
    rule = RULES[type(op)]
    for _ in range(3):
        choices = [
            draw.choice(list(terms_for(number, name, type_, draw)))
            for number, name, type_ in zip(given, names, types, strict=True)
        ]
        term = rule.build(choices, op)
        value = eval(term.text, {**RUNTIME, **dict(zip(names, given, strict=True))})
        assert bits_of(value, result_type) == expected_bits, (term.text, given)
        assert value == held(value, result_type), (term.text, given)
        assert term.low <= value <= term.high, (term, given)
        if term.unwrapped is not None:
            bare = eval(term.unwrapped.text, {**RUNTIME, **dict(zip(names, given, strict=True))})
            assert bits_of(bare, result_type) == expected_bits
            assert term.unwrapped.low <= bare <= term.unwrapped.high


@pytest.mark.parametrize("type_", TYPES, ids=str)
@pytest.mark.parametrize("kind", BINARY, ids=lambda kind: kind.name)
def test_an_operation_on_two_numbers_is_exact(kind: type[Operation], type_: Attribute):
    draw = random.Random(f"{kind.name} {type_}")
    width = width_of(type_)
    left, right = operands(2, [type_, type_])
    op = kind.create(operands=[left.results[0], right.results[0]], result_types=[type_])
    for a in numbers(type_, draw):
        for b in numbers(type_, draw):
            expected = BINARY[kind](a, b, width) & ((1 << width) - 1)
            check(op, [held(a, type_), held(b, type_)], [type_, type_], expected, draw)


@pytest.mark.parametrize("type_", TYPES, ids=str)
@pytest.mark.parametrize("predicate", PREDICATES)
def test_a_comparison_is_exact(predicate: str, type_: Attribute):
    draw = random.Random(f"{predicate} {type_}")
    width = width_of(type_)
    left, right = operands(2, [type_, type_])
    op = arith.CmpiOp(left.results[0], right.results[0], predicate)
    compare = COMPARISONS[predicate[-2:]]
    for a in numbers(type_, draw):
        for b in numbers(type_, draw):
            x, y = (signed(a, width), signed(b, width)) if predicate[0] == "s" else (a, b)
            check(op, [held(a, type_), held(b, type_)], [type_, type_], int(compare(x, y)), draw)


@pytest.mark.parametrize("wide", WIDTHS)
@pytest.mark.parametrize("narrow", WIDTHS)
def test_a_change_of_width_is_exact(narrow: int, wide: int):
    if narrow >= wide:
        return
    draw = random.Random(narrow * 1000 + wide)
    small, large = IntegerType(narrow), IntegerType(wide)
    (from_small, from_large) = operands(2, [small, large])
    extend_signed = arith.ExtSIOp(from_small.results[0], large)
    extend_unsigned = arith.ExtUIOp(from_small.results[0], large)
    truncate = arith.TruncIOp(from_large.results[0], small)
    for bits in numbers(small, draw):
        check(extend_signed, [bits], [small], signed(bits, narrow) & ((1 << wide) - 1), draw)
        check(extend_unsigned, [bits], [small], bits, draw)
    for bits in numbers(large, draw):
        check(truncate, [bits], [large], bits & ((1 << narrow) - 1), draw)


@pytest.mark.parametrize("width", WIDTHS)
def test_an_index_becomes_an_integer_and_back(width: int):
    draw = random.Random(width)
    type_ = IntegerType(width)
    index, integer = operands(2, [IndexType(), type_])
    to_integer = arith.IndexCastOp(index.results[0], type_)
    to_index = arith.IndexCastOp(integer.results[0], IndexType())
    for bits in numbers(IndexType(), draw):
        number = signed(bits, 64)
        check(to_integer, [number], [IndexType()], number & ((1 << width) - 1), draw)
    for bits in numbers(type_, draw):
        check(to_index, [bits], [type_], signed(bits, width) & ((1 << 64) - 1), draw)


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_a_selection_is_exact(type_: Attribute):
    draw = random.Random(str(type_))
    one = IntegerType(1)
    condition, left, right = operands(3, [one, type_, type_])
    op = arith.SelectOp(condition.results[0], left.results[0], right.results[0])
    for a in numbers(type_, draw):
        for b in numbers(type_, draw):
            for chosen in (0, 1):
                given = [chosen, held(a, type_), held(b, type_)]
                check(op, given, [one, type_, type_], a if chosen else b, draw)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_square_root_is_rounded_down(width: int):
    draw = random.Random(width)
    (operand,) = operands(1, [IntegerType(width)])
    op = gw.IsqrtOp(operand.results[0])
    for bits in numbers(IntegerType(width), draw):
        check(op, [bits], [IntegerType(width)], isqrt(bits), draw)


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_a_constant_is_its_bits(type_: Attribute):
    draw = random.Random(str(type_))
    for bits in numbers(type_, draw):
        number = signed(bits, width_of(type_))
        assert isinstance(type_, IndexType | IntegerType)
        check(arith.ConstantOp(IntegerAttr(number, type_)), [], [], bits, draw)


def random_expression(draw: random.Random) -> tuple[str, list[int], int]:
    """The text of a function of two i64, arguments, and the bits of the i64 that it returns."""
    values = [("%a", 64, draw.getrandbits(64)), ("%b", 64, draw.getrandbits(draw.randint(1, 64)))]
    arguments = [bits for _, _, bits in values]
    lines: list[str] = []
    for number in range(draw.randint(3, 25)):
        # Mostly chains, since a value that is used once is where the interpreter saves work.
        name, (left, width, a) = f"%v{number}", values[-1] if draw.random() < 0.8 else draw.choice(values)
        same = [(other, bits) for other, other_width, bits in values if other_width == width]
        right, b = draw.choice(same)
        if right == left and width != 64:
            right, b = f"%w{number}", arguments[1] & ((1 << width) - 1)
            lines.append(f"{right} = arith.{'extui' if width > 64 else 'trunci'} %b : i64 to i{width}")
        action = draw.random()
        if action < 0.6:
            kind = draw.choice(list(BINARY))
            lines.append(f"{name} = {kind.name} {left}, {right} : i{width}")
            bits = BINARY[kind](a, b, width) & ((1 << width) - 1)
        elif action < 0.7:
            lines.append(f"{name} = arith.cmpi slt, {left}, {right} : i{width}")
            width, bits = 1, int(signed(a, width) < signed(b, width))
        elif action < 0.85:
            wider = draw.choice([w for w in (2, 7, 8, 31, 32, 33, 63, 64, 65, 128) if w > width] or [width + 1])
            extension = draw.choice(["extsi", "extui"])
            lines.append(f"{name} = arith.{extension} {left} : i{width} to i{wider}")
            bits = (signed(a, width) if extension == "extsi" else a) & ((1 << wider) - 1)
            width = wider
        elif width > 1:
            narrower = draw.randint(1, width - 1)
            lines.append(f"{name} = arith.trunci {left} : i{width} to i{narrower}")
            width, bits = narrower, a & ((1 << narrower) - 1)
        else:
            lines.append(f"{name} = arith.xori {left}, {right} : i1")
            bits = a ^ b
        values.append((name, width, bits))
    last, width, bits = values[-1]
    if width != 64:
        lines.append(f"%r = arith.{'extui' if width < 64 else 'trunci'} {last} : i{width} to i64")
        last = "%r"
    body = "\n".join([*lines, f"return {last} : i64"])
    return f"func.func @f(%a: i64, %b: i64) -> i64 {{\n{body}\n}}", arguments, bits & ((1 << 64) - 1)


@pytest.mark.parametrize("seed", range(40))
def test_operations_are_exact_one_after_the_other(run_loops, seed: int):
    draw = random.Random(seed)
    for _ in range(10):
        text, arguments, expected = random_expression(draw)
        (result,) = run_loops(text, *(np.array(bits, np.uint64).view(np.int64) for bits in arguments)).results
        assert int(result) & ((1 << 64) - 1) == expected, text
