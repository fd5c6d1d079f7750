"""What each arithmetic operation becomes in generated Python: one rule an operation, exact at any width.

The rules are those of "Arithmetic that never faults" in `docs/levels.md`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isqrt

from xdsl.dialects import arith
from xdsl.dialects.builtin import FloatAttr, IntegerAttr
from xdsl.ir import Attribute, Operation

from gatewright.dialects import gw
from gatewright.interpreters import float_arithmetic
from gatewright.interpreters.terms import (
    Term,
    in_signed_order,
    literal,
    modulo,
    range_of,
    signed,
    unsigned,
    width_of,
    wrapped,
)


@dataclass(frozen=True)
class ArithmeticRule:
    """How to compute an operation's result from its operands."""

    build: Callable[[list[Term], Operation], Term]
    repeats: bool = False
    """Whether the expression mentions an operand more than once, so that each has to be an atom."""


def divide_truncating(a: int, b: int) -> int:
    """The quotient rounded toward zero; 0 for a divisor of 0."""
    if not b:
        return 0
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def remainder_truncating(a: int, b: int) -> int:
    """The remainder with the sign of the dividend; 0 for a divisor of 0."""
    if not b:
        return 0
    remainder = abs(a) % abs(b)
    return -remainder if a < 0 else remainder


RUNTIME: dict[str, object] = {
    "deque": deque,
    "divide_truncating": divide_truncating,
    "remainder_truncating": remainder_truncating,
    "isqrt": isqrt,
    **float_arithmetic.RUNTIME,
}
"""What the expressions call."""


def _type(op: Operation) -> Attribute:
    return op.results[0].type


def _constant(terms: list[Term], op: Operation) -> Term:
    assert isinstance(op, arith.ConstantOp)
    if isinstance(op.value, FloatAttr):
        return float_arithmetic.float_constant(op)
    assert isinstance(op.value, IntegerAttr)
    value = op.value.value.data
    return wrapped("", value, value, _type(op))


def _add(terms: list[Term], op: Operation) -> Term:
    a, b = map(modulo, terms)
    return wrapped(f"({a.text} + {b.text})", a.low + b.low, a.high + b.high, _type(op))


def _subtract(terms: list[Term], op: Operation) -> Term:
    a, b = map(modulo, terms)
    return wrapped(f"({a.text} - {b.text})", a.low - b.high, a.high - b.low, _type(op))


def _multiply(terms: list[Term], op: Operation) -> Term:
    a, b = map(modulo, terms)
    corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    return wrapped(f"({a.text} * {b.text})", min(corners), max(corners), _type(op))


def _divide_unsigned(terms: list[Term], op: Operation) -> Term:
    a, b = (unsigned(term, _type(op)) for term in terms)
    text = f"({a.text} // {b.text})" if b.low > 0 else f"({a.text} // {b.text} if {b.text} else 0)"
    return wrapped(text, 0, a.high, _type(op))


def _remainder_unsigned(terms: list[Term], op: Operation) -> Term:
    a, b = (unsigned(term, _type(op)) for term in terms)
    text = f"({a.text} % {b.text})" if b.low > 0 else f"({a.text} % {b.text} if {b.text} else 0)"
    return wrapped(text, 0, max(0, min(a.high, b.high - 1)), _type(op))


def _divide_signed(terms: list[Term], op: Operation) -> Term:
    a, b = (signed(term, _type(op)) for term in terms)
    if a.low >= 0 and b.low > 0:
        return Term(f"({a.text} // {b.text})", 0, a.high)
    magnitude = max(abs(a.low), abs(a.high))
    return wrapped(f"divide_truncating({a.text}, {b.text})", -magnitude, magnitude, _type(op))


def _remainder_signed(terms: list[Term], op: Operation) -> Term:
    a, b = (signed(term, _type(op)) for term in terms)
    if a.low >= 0 and b.low > 0:
        return Term(f"({a.text} % {b.text})", 0, min(a.high, b.high - 1))
    low, high = min(a.low, 0), max(a.high, 0)
    return wrapped(f"remainder_truncating({a.text}, {b.text})", low, high, _type(op))


def _divide_flooring(terms: list[Term], op: Operation) -> Term:
    a, b = (signed(term, _type(op)) for term in terms)
    if a.low >= 0 and b.low > 0:
        return Term(f"({a.text} // {b.text})", 0, a.high)
    magnitude = max(abs(a.low), abs(a.high))
    return wrapped(f"({a.text} // {b.text} if {b.text} else 0)", -magnitude, magnitude, _type(op))


def _and(terms: list[Term], op: Operation) -> Term:
    a, b = terms
    bounds = [term.high for term in terms if term.low >= 0]
    low, high = (0, min(bounds)) if bounds else range_of(_type(op))
    return Term(f"({a.text} & {b.text})", low, high)


def _or_like(symbol: str) -> Callable[[list[Term], Operation], Term]:
    def build(terms: list[Term], op: Operation) -> Term:
        a, b = terms
        low, high = range_of(_type(op))
        if a.low >= 0 and b.low >= 0:
            low, high = 0, (1 << max(a.high.bit_length(), b.high.bit_length())) - 1
        return Term(f"({a.text} {symbol} {b.text})", low, high)

    return build


def _shift_left(terms: list[Term], op: Operation) -> Term:
    a, amount = terms[0], unsigned(terms[1], _type(op))
    width = width_of(_type(op))
    if amount.low >= width:
        return literal(0)
    most = min(amount.high, width - 1)
    low, high = min(a.low << most, a.low << amount.low), max(a.high << most, a.high << amount.low)
    shifted = wrapped(f"({a.text} << {amount.text})", low, high, _type(op))
    if amount.high < width:
        return shifted
    guarded = f"({shifted.text} if {amount.text} < {width} else 0)"
    return Term(guarded, min(0, shifted.low), max(0, shifted.high))


def _shift_right_unsigned(terms: list[Term], op: Operation) -> Term:
    # Python's shift of a number without sign by its width or more is 0, as it has to be.
    a, amount = unsigned(terms[0], _type(op)), unsigned(terms[1], _type(op))
    return wrapped(f"({a.text} >> {amount.text})", a.low >> min(amount.high, 512), a.high >> amount.low, _type(op))


def _shift_right_signed(terms: list[Term], op: Operation) -> Term:
    a, amount = signed(terms[0], _type(op)), unsigned(terms[1], _type(op))
    return wrapped(f"({a.text} >> {amount.text})", min(a.low, 0), max(a.high, 0), _type(op))


_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "<", "<=", ">", ">=")
"""Python's comparison for each predicate number of `arith.cmpi`."""

_FIRST_UNSIGNED_PREDICATE = 6


def _compare(terms: list[Term], op: Operation) -> Term:
    assert isinstance(op, arith.CmpiOp)
    predicate = op.predicate.value.data
    type_ = op.lhs.type
    if predicate >= _FIRST_UNSIGNED_PREDICATE:
        terms = [unsigned(term, type_) for term in terms]
    elif predicate >= 2:
        terms = in_signed_order(terms, type_)
    a, b = terms
    return Term(f"({a.text} {_COMPARISONS[predicate]} {b.text})", 0, 1)


def _select(terms: list[Term], op: Operation) -> Term:
    condition, a, b = terms
    return Term(f"({a.text} if {condition.text} else {b.text})", min(a.low, b.low), max(a.high, b.high))


def _extend_signed(terms: list[Term], op: Operation) -> Term:
    value = signed(terms[0], op.operands[0].type)
    return wrapped(value.text, value.low, value.high, _type(op))


def _truncate(terms: list[Term], op: Operation) -> Term:
    value = modulo(terms[0])
    return wrapped(value.text, value.low, value.high, _type(op))


def _extend_unsigned(terms: list[Term], op: Operation) -> Term:
    return replace(terms[0], unwrapped=None)  # what it was before it wrapped is equal to it at its own width only


def _extremum(symbol: str, is_signed: bool) -> Callable[[list[Term], Operation], Term]:
    def build(terms: list[Term], op: Operation) -> Term:
        a, b = terms
        type_ = _type(op)
        x, y = in_signed_order(terms, type_) if is_signed else [unsigned(term, type_) for term in terms]
        text = f"({a.text} if {x.text} {symbol} {y.text} else {b.text})"
        if (x, y) != (a, b):
            return Term(text, min(a.low, b.low), max(a.high, b.high))
        bound = max if symbol == ">" else min
        return Term(text, bound(a.low, b.low), bound(a.high, b.high))

    return build


def _square_root(terms: list[Term], op: Operation) -> Term:
    return Term(f"isqrt({terms[0].text})", isqrt(terms[0].low), isqrt(terms[0].high))


RULES: dict[type[Operation], ArithmeticRule] = {
    arith.ConstantOp: ArithmeticRule(_constant),
    arith.AddiOp: ArithmeticRule(_add),
    arith.SubiOp: ArithmeticRule(_subtract),
    arith.MuliOp: ArithmeticRule(_multiply),
    arith.DivUIOp: ArithmeticRule(_divide_unsigned, repeats=True),
    arith.RemUIOp: ArithmeticRule(_remainder_unsigned, repeats=True),
    arith.DivSIOp: ArithmeticRule(_divide_signed),
    arith.RemSIOp: ArithmeticRule(_remainder_signed),
    arith.FloorDivSIOp: ArithmeticRule(_divide_flooring, repeats=True),
    arith.AndIOp: ArithmeticRule(_and),
    arith.OrIOp: ArithmeticRule(_or_like("|")),
    arith.XOrIOp: ArithmeticRule(_or_like("^")),
    arith.ShLIOp: ArithmeticRule(_shift_left, repeats=True),
    arith.ShRUIOp: ArithmeticRule(_shift_right_unsigned),
    arith.ShRSIOp: ArithmeticRule(_shift_right_signed),
    arith.CmpiOp: ArithmeticRule(_compare),
    arith.SelectOp: ArithmeticRule(_select),
    arith.ExtSIOp: ArithmeticRule(_extend_signed),
    arith.ExtUIOp: ArithmeticRule(_extend_unsigned),
    arith.TruncIOp: ArithmeticRule(_truncate),
    arith.IndexCastOp: ArithmeticRule(_extend_signed),
    arith.MaxSIOp: ArithmeticRule(_extremum(">", is_signed=True), repeats=True),
    arith.MaxUIOp: ArithmeticRule(_extremum(">", is_signed=False), repeats=True),
    arith.MinSIOp: ArithmeticRule(_extremum("<", is_signed=True), repeats=True),
    arith.MinUIOp: ArithmeticRule(_extremum("<", is_signed=False), repeats=True),
    gw.IsqrtOp: ArithmeticRule(_square_root),
    **{kind: ArithmeticRule(build) for kind, build in float_arithmetic.RULES.items()},
}
"""The rule of every arithmetic operation of the loops and the schedule level."""


def evaluate(op: Operation, operands: list[int]) -> int | None:
    """The result of an operation on constants, integers with their sign or bits of floats; None for another one."""
    rule = RULES.get(type(op))
    if rule is None:
        return None
    return int(eval(rule.build([literal(number) for number in operands], op).text, dict(RUNTIME)))  # noqa: S307
