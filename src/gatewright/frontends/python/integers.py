"""Integer arithmetic on numbers of one type: constants are folded, neutral operands vanish, the rest is `arith`."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType
from xdsl.ir import Operation

from gatewright.frontends.python.bounds import Linear
from gatewright.frontends.python.conversion import term_of, wrap
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.tree import TypedTerm
from gatewright.frontends.python.values import Number, PythonInt, ir_type_of, python_int
from gatewright.numbers.types import Integer

DIRECT: dict[str, type[Operation]] = {
    "+": arith.AddiOp,
    "-": arith.SubiOp,
    "*": arith.MuliOp,
    "&": arith.AndIOp,
    "|": arith.OrIOp,
    "^": arith.XOrIOp,
    "<<": arith.ShLIOp,
}
"""The operation that computes the same bits whatever the sign."""


def _shift_left(x: int, y: int) -> int:
    return x << y if 0 <= y < 64 else 0


def _shift_right(x: int, y: int) -> int:
    return x >> y if 0 <= y < 64 else (-1 if x < 0 else 0)


FOLD: dict[str, Callable[[int, int], int]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "//": lambda x, y: x // y if y else 0,
    "%": lambda x, y: x % y if y else 0,
    "&": lambda x, y: x & y,
    "|": lambda x, y: x | y,
    "^": lambda x, y: x ^ y,
    "<<": _shift_left,
    ">>": _shift_right,
    "min": min,
    "max": max,
}
"""What the operators compute on integers before the result wraps; NumPy's answers where Python raises."""

_RIGHT_NEUTRAL = {"+": 0, "-": 0, "*": 1, "//": 1, "|": 0, "^": 0, "<<": 0, ">>": 0}
_LEFT_NEUTRAL = {"+": 0, "*": 1, "|": 0, "^": 0}


def arithmetic(state: Elaboration, operator: str, a: Number, b: Number) -> Number:
    """`a operator b` for two numbers of one type, NumPy integers or Python integers."""
    assert a.type == b.type, f"{a.type} {operator} {b.type}"
    type_ = a.type
    assert isinstance(type_, (Integer, PythonInt))
    if a.is_known and b.is_known:
        return _folded(state, operator, a, b)
    if b.is_known and _RIGHT_NEUTRAL.get(operator) == b.known:
        return a
    if a.is_known and _LEFT_NEUTRAL.get(operator) == a.known:
        return b
    if operator == "*" and 0 in (a.constant, b.constant):
        return Number(type_, constant=0, linear=Linear(0))
    value = _elaborated(state, operator, a, b)
    if isinstance(type_, Integer):
        return Number(type_, value)
    return state.python_int(value, *_bounds(operator, a, b))


def _folded(state: Elaboration, operator: str, a: Number, b: Number) -> Number:
    if isinstance(a.type, Integer):
        shift_out = operator in ("<<", ">>") and not 0 <= b.known < a.type.bits
        y = 64 if shift_out else b.known
        return Number(a.type, constant=wrap(FOLD[operator](a.known, y), a.type))
    if operator in ("//", "%") and b.known == 0:
        raise state.mistake("this divides by zero", why="Python raises ZeroDivisionError here")
    if operator in ("<<", ">>") and b.known < 0:
        raise state.mistake("this shifts by a negative count", why="Python raises ValueError here")
    shifts = {"<<": int.__lshift__, ">>": int.__rshift__}
    return python_int(shifts.get(operator, FOLD[operator])(a.known, b.known))


def _elaborated(state: Elaboration, operator: str, a: Number, b: Number) -> TypedTerm:
    left, right = term_of(state, a), term_of(state, b)
    if operator in DIRECT:
        return state.builder.pure(DIRECT[operator], left, right)
    unsigned = _never_negative(a) and _never_negative(b)
    if operator in ("//", "%") and b.is_known and b.known > 0 and b.known & (b.known - 1) == 0:
        return _by_power_of_two(state, operator, a, b.known)
    if operator == "//":
        return state.builder.pure(arith.DivUIOp if unsigned else arith.FloorDivSIOp, left, right)
    if operator == "%":
        return state.builder.pure(arith.RemUIOp, left, right) if unsigned else _floor_modulo(state, left, right)
    if operator == ">>":
        logical = isinstance(a.type, Integer) and not a.type.signed
        return state.builder.pure(arith.ShRUIOp if logical else arith.ShRSIOp, left, right)
    logical = isinstance(a.type, Integer) and not a.type.signed
    kinds = {"min": (arith.MinSIOp, arith.MinUIOp), "max": (arith.MaxSIOp, arith.MaxUIOp)}
    return state.builder.pure(kinds[operator][logical], left, right)


def _never_negative(number: Number) -> bool:
    if isinstance(number.type, Integer):
        return not number.type.signed or (number.is_known and number.known >= 0)
    least = number.linear.least() if number.linear is not None else None
    return least is not None and least >= 0


def _by_power_of_two(state: Elaboration, operator: str, a: Number, divisor: int) -> TypedTerm:
    """Floor division rounds down, as an arithmetic shift does; the modulo of a positive divisor keeps the low bits."""
    value = term_of(state, a)
    if operator == "%":
        return state.builder.pure(arith.AndIOp, value, state.builder.constant(divisor - 1, value.type))
    logical = isinstance(a.type, Integer) and not a.type.signed
    count = state.builder.constant(divisor.bit_length() - 1, value.type)
    return state.builder.pure(arith.ShRUIOp if logical else arith.ShRSIOp, value, count)


def _floor_modulo(state: Elaboration, left: TypedTerm, right: TypedTerm) -> TypedTerm:
    """Python's modulo, which has the sign of the divisor: the remainder, plus the divisor where the signs differ."""
    build = state.builder.pure
    zero = state.builder.constant(0, left.type)
    remainder = build(arith.RemSIOp, left, right)
    differs = build(arith.CmpiOp, build(arith.XOrIOp, remainder, right), zero, "slt")
    nonzero = build(arith.CmpiOp, remainder, zero, "ne")
    adjusted = build(arith.AddiOp, remainder, right)
    return build(arith.SelectOp, build(arith.AndIOp, differs, nonzero), adjusted, remainder)


def _bounds(operator: str, a: Number, b: Number) -> tuple[Linear | None, int | None, int | None]:
    """The result of Python arithmetic as a linear expression, or its least and greatest value."""
    left, right = a.linear, b.linear
    assert left is not None and right is not None
    if operator == "+":
        return left + right, None, None
    if operator == "-":
        return left - right, None, None
    if operator == "*" and (a.is_known or b.is_known):
        return (right.times(a.known) if a.is_known else left.times(b.known)), None, None
    low, high = left.least(), left.greatest()
    if operator in ("//", "%", ">>", "&"):
        return None, *_bounds_by_constant(operator, low, high, b)
    other_low, other_high = right.least(), right.greatest()
    if low is None or high is None or other_low is None or other_high is None:
        return None, None, None
    if operator in ("*", "min", "max"):
        corners = [FOLD[operator](x, y) for x in (low, high) for y in (other_low, other_high)]
        return None, min(corners), max(corners)
    return None, None, None


def _bounds_by_constant(operator: str, low: int | None, high: int | None, b: Number) -> tuple[int | None, int | None]:
    """Bounds of division, modulo, right shift and masking of something between `low` and `high`."""
    if not b.is_known or b.known < 0 or (operator in ("//", "%") and b.known == 0):
        return None, None
    if operator == "&":
        return 0, b.known
    if operator == "%":
        return 0, b.known - 1
    compute = FOLD[operator]
    return (None if low is None else compute(low, b.known)), (None if high is None else compute(high, b.known))


def negate(state: Elaboration, a: Number) -> Number:
    """`-a`; it wraps."""
    assert isinstance(a.type, (Integer, PythonInt))
    return arithmetic(state, "-", Number(a.type, constant=0, linear=Linear(0)), a)


def invert(state: Elaboration, a: Number) -> Number:
    """`~a`."""
    assert isinstance(a.type, (Integer, PythonInt))
    if a.is_known:
        value = ~a.known
        return python_int(value) if isinstance(a.type, PythonInt) else Number(a.type, constant=wrap(value, a.type))
    ones = state.builder.constant(-1, ir_type_of(a.type))
    value = state.builder.pure(arith.XOrIOp, term_of(state, a), ones)
    return state.python_int(value) if isinstance(value.type, IndexType) else Number(a.type, value)


def power(state: Elaboration, a: Number, exponent: int) -> Number:
    """`a ** exponent` by repeated squaring; `exponent` is not negative."""
    one = python_int(1) if isinstance(a.type, PythonInt) else Number(a.type, constant=1)
    result, square = one, a
    while exponent:
        if exponent & 1:
            result = arithmetic(state, "*", result, square)
        exponent >>= 1
        if exponent:
            square = arithmetic(state, "*", square, square)
    return result
