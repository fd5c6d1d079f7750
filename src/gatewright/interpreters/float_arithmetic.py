"""What each floating-point operation becomes in generated Python: a call of a function on bits.

A value is held as its bits, like any other. Single and double precision are computed in Python's own floats, which are
doubles: rounding the double result of an addition, a product, a quotient or a root of two singles once more gives what
rounding once gives (S. A. Figueroa, When is double rounding innocuous?, SIGNUM Newsletter 30, 1995).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import lru_cache
from math import copysign, inf, isnan, nan, sqrt

from xdsl.dialects import arith, math
from xdsl.ir import Attribute, Operation

from gatewright.interpreters.terms import Term, literal, range_of, signed, width_of
from gatewright.ir.float_operations import ELEMENTARY
from gatewright.ir.floats import constant_bits, format_of, scalar_bits
from gatewright.numbers import float_format as ieee
from gatewright.numbers.float_format import FORMATS, FloatFormat
from gatewright.operators.float_operators import FUNCTIONS
from gatewright.operators.logic_values import LogicValues, LogicWord

FloatFunction = Callable[..., int]

PREDICATES = (
    *("false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord"),
    *("ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true"),
)
"""`arith.cmpf` predicates by their number."""


def _divided(x: float, y: float) -> float:
    if y:
        return x / y
    return nan if isnan(x) or not x else copysign(inf, x) * copysign(1.0, y)


def _root(x: float) -> float:
    return nan if x < 0 else sqrt(x) if x < inf else x


_DOUBLE: dict[str, Callable[..., float]] = {
    "add": float.__add__,
    "subtract": float.__sub__,
    "multiply": float.__mul__,
    "divide": _divided,
    "square_root": _root,
}
"""The operations that are done in doubles."""


def _in_doubles(form: FloatFormat, name: str) -> FloatFunction:
    """An operation of single or double precision."""
    code, bits = ("f", "I") if form.width == 32 else ("d", "Q")
    values = array(code, [0.0, 0.0])
    words = memoryview(values).cast("B").cast(bits)
    compute, none = _DOUBLE[name], form.nan

    def unary(a: int) -> int:
        words[0] = a
        found = compute(values[0])
        if found != found:
            return none
        values[0] = found
        return words[0]

    def binary(a: int, b: int) -> int:
        words[0], words[1] = a, b
        found = compute(values[0], values[1])
        if found != found:
            return none
        values[0] = found
        return words[0]

    return unary if name == "square_root" else binary


def _arithmetic(form: FloatFormat, name: str) -> FloatFunction:
    if form.name in ("f32", "f64") and name in _DOUBLE:
        return _in_doubles(form, name)
    compute = getattr(ieee, name)
    return lambda *operands: compute(form, *operands)


_FUNCTIONS: dict[type[Operation], str] = {
    arith.AddfOp: "add",
    arith.SubfOp: "subtract",
    arith.MulfOp: "multiply",
    arith.DivfOp: "divide",
    math.SqrtOp: "square_root",
    math.FmaOp: "multiply_add",
}
_CHOICES: dict[type[Operation], str] = {
    arith.MaximumfOp: "maximumf",
    arith.MinimumfOp: "minimumf",
    arith.MaxnumfOp: "maxnumf",
    arith.MinnumfOp: "minnumf",
}
_ROUNDINGS: dict[type[Operation], str] = {
    math.FloorOp: "floor",
    math.CeilOp: "ceil",
    math.TruncOp: "trunc",
    math.RoundOp: "round",
    math.RoundEvenOp: "roundeven",
}


def _elementary(form: FloatFormat, name: str) -> FloatFunction:
    """What the hardware of an elementary function computes, computed by the same description of it."""
    describe, logic = FUNCTIONS[name], LogicValues()

    @lru_cache(maxsize=1 << 16)
    def compute(*operands: int) -> int:
        return describe(logic, form, *(LogicWord(operand, form.width) for operand in operands)).number

    return compute


def _runtime() -> dict[str, object]:
    """All that the expressions call, by name."""
    found: dict[str, object] = {}
    for form in FORMATS.values():
        for name in _FUNCTIONS.values():
            found[f"{name}_{form.name}"] = _arithmetic(form, name)
        for name in _CHOICES.values():
            found[f"{name}_{form.name}"] = lambda a, b, f=form, n=name: ieee.choose(f, n, a, b)
        for name in _ROUNDINGS.values():
            found[f"{name}_{form.name}"] = lambda a, f=form, n=name: ieee.round_to_integer(f, n, a)
        for name in FUNCTIONS:
            found[f"{name}_{form.name}"] = _elementary(form, name)
        for name in PREDICATES:
            found[f"{name}_{form.name}"] = lambda a, b, f=form, n=name: ieee.holds(f, n, a, b)
        for other in FORMATS.values():
            found[f"{form.name}_to_{other.name}"] = lambda a, f=form, o=other: ieee.convert(f, o, a)
        found[f"integer_to_{form.name}"] = lambda value, f=form: ieee.from_integer(f, value)
        found[f"{form.name}_to_integer"] = lambda a, low, high, f=form: ieee.to_integer(f, a, low, high)
    return found


RUNTIME = _runtime()
"""What the expressions call."""


def _format(type_: Attribute) -> FloatFormat:
    form = format_of(type_)
    assert form is not None, f"{type_} has no hardware"
    return form


def _call(name: str, terms: list[Term], type_: Attribute) -> Term:
    return Term(f"({name}({', '.join(term.text for term in terms)}))", *range_of(type_))


def _operation(terms: list[Term], op: Operation) -> Term:
    name = _FUNCTIONS.get(type(op)) or _CHOICES.get(type(op)) or _ROUNDINGS.get(type(op))
    if name is None:
        name = op.name.rpartition(".")[2]
    type_ = op.results[0].type
    return _call(f"{name}_{_format(type_).name}", terms, type_)


def _compare(terms: list[Term], op: Operation) -> Term:
    assert isinstance(op, arith.CmpfOp)
    name = PREDICATES[op.predicate.value.data]
    return _call(f"{name}_{_format(op.lhs.type).name}", terms, op.result.type)


def _negate(terms: list[Term], op: Operation) -> Term:
    type_ = op.results[0].type
    return Term(f"({terms[0].text} ^ {_format(type_).sign_bit})", *range_of(type_))


def _magnitude(terms: list[Term], op: Operation) -> Term:
    form = _format(op.results[0].type)
    return Term(f"({terms[0].text} & {form.sign_bit - 1})", 0, form.sign_bit - 1)


def _copy_sign(terms: list[Term], op: Operation) -> Term:
    form = _format(op.results[0].type)
    a, b = terms
    return Term(f"({a.text} & {form.sign_bit - 1} | {b.text} & {form.sign_bit})", *range_of(op.results[0].type))


def _convert(terms: list[Term], op: Operation) -> Term:
    type_ = op.results[0].type
    return _call(f"{_format(op.operands[0].type).name}_to_{_format(type_).name}", terms, type_)


def _from_integer(terms: list[Term], op: Operation) -> Term:
    type_ = op.results[0].type
    value = signed(terms[0], op.operands[0].type) if isinstance(op, arith.SIToFPOp) else terms[0]
    return _call(f"integer_to_{_format(type_).name}", [value], type_)


def _to_integer(terms: list[Term], op: Operation) -> Term:
    type_, form = op.results[0].type, _format(op.operands[0].type)
    width = width_of(type_)
    is_signed = isinstance(op, arith.FPToSIOp)
    low, high = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if is_signed else (0, (1 << width) - 1)
    found = _call(f"{form.name}_to_integer", [terms[0], literal(low), literal(high)], type_)
    return Term(f"({found.text} & {(1 << width) - 1})", found.low, found.high) if is_signed else found


def _same(terms: list[Term], op: Operation) -> Term:
    return terms[0]


def float_constant(op: arith.ConstantOp) -> Term:
    """The bits of a constant."""
    bits = constant_bits(op.value)
    assert bits is not None
    return literal(bits)


def evaluate(op: Operation, operands: list[int]) -> int | None:
    """The bits of the result of a floating-point operation on constants; None for another operation."""
    rule = RULES.get(type(op))
    if rule is None or scalar_bits(op.results[0].type) is None:
        return None
    return int(eval(rule([literal(number) for number in operands], op).text, dict(RUNTIME)))  # noqa: S307


RULES: dict[type[Operation], Callable[[list[Term], Operation], Term]] = {
    **dict.fromkeys((*_FUNCTIONS, *_CHOICES, *_ROUNDINGS, *ELEMENTARY), _operation),
    arith.CmpfOp: _compare,
    arith.NegfOp: _negate,
    math.AbsFOp: _magnitude,
    math.CopySignOp: _copy_sign,
    arith.ExtFOp: _convert,
    arith.TruncFOp: _convert,
    arith.SIToFPOp: _from_integer,
    arith.UIToFPOp: _from_integer,
    arith.FPToSIOp: _to_integer,
    arith.FPToUIOp: _to_integer,
    arith.BitcastOp: _same,
}
"""The rule of every floating-point operation."""
