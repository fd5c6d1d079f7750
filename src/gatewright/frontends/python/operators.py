"""Python's operators on numbers and arrays, with NumPy 2's types and answers."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from itertools import product
from math import copysign

from xdsl.dialects import arith

from gatewright.frontends.python import fixed_point, floating_point, integers
from gatewright.frontends.python.arrays import elementwise
from gatewright.frontends.python.bounds import between
from gatewright.frontends.python.casts import convert, number_of, plain_number, truth_of
from gatewright.frontends.python.conversion import (
    bits_of,
    check_fits,
    float_error,
    from_truth,
    is_signed,
    is_weak,
    term_of,
    to_integer,
    to_python_int,
    wrap,
)
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.promotion import promote, weak_with
from gatewright.frontends.python.tree import TypedTerm
from gatewright.frontends.python.values import (
    PYTHON_BOOL,
    PYTHON_FLOAT,
    ArrayValue,
    FixedPoint,
    Number,
    NumberType,
    PythonBool,
    PythonFloat,
    PythonInt,
    PythonObject,
    Tuple,
    Value,
    ir_type_of,
    kind_of,
    python_bool,
    python_int,
)
from gatewright.numbers.types import Bool, Float, Integer

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.Div: "/",
    ast.Pow: "**",
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_PREDICATES = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_TRUTH_OPERATIONS = {"+": arith.OrIOp, "|": arith.OrIOp, "*": arith.AndIOp, "&": arith.AndIOp, "^": arith.XOrIOp}
MOST_ITEMS = 1 << 12
"""The longest tuple that is repeated: a loop over its items is written out."""
_MOST_POWERS = 64


def binary(state: Elaboration, operator: str, a: Value, b: Value) -> Value:
    """`a operator b`."""
    if isinstance(a, Tuple) or isinstance(b, Tuple):
        return _on_tuples(state, operator, a, b)
    operands: list[Number | ArrayValue] = []
    for operand in (a, b):
        if not isinstance(operand, (Number, ArrayValue)):
            raise state.unsupported(f"{operator} does not work on {kind_of(operand)}")
        operands.append(operand)
    return elementwise(state, lambda x, y: number_binary(state, operator, x, y), operands)


def _on_tuples(state: Elaboration, operator: str, a: Value, b: Value) -> Value:
    if operator == "+" and isinstance(a, Tuple) and isinstance(b, Tuple):
        return Tuple(a.items + b.items)
    if operator == "*" and isinstance(a, Tuple) and isinstance(b, Number) and b.is_known:
        if len(a.items) * b.known > MOST_ITEMS:
            raise state.unsupported(
                f"a tuple of {len(a.items) * b.known:,} items is too long",
                why=f"each item is a value of its own, and there are at most {MOST_ITEMS:,}",
                remedy="use an array: np.zeros or np.full",
            )
        return Tuple(a.items * b.known)
    raise state.unsupported(f"{operator} does not work on {kind_of(a)} and {kind_of(b)}")


def number_binary(state: Elaboration, operator: str, a: Number, b: Number) -> Number:
    """`a operator b` for numbers."""
    a, b = plain_number(state, a, operator), plain_number(state, b, operator)
    if a.possible_types or b.possible_types:
        return _on_possible_types(state, operator, a, b)
    if isinstance(a.type, PythonFloat) and a.is_known and is_python(b) and b.is_known:
        return _on_known_floats(state, operator, a, b)
    if isinstance(b.type, PythonFloat) and b.is_known and is_python(a) and a.is_known:
        return _on_known_floats(state, operator, a, b)
    if _on_floats(state, operator, a, b):
        return floating_point.arithmetic(state, operator, a, b)
    if operator == "**":
        return _power(state, a, b)
    if fixed_point.is_fixed(a) or fixed_point.is_fixed(b):
        return _on_fixed(state, operator, a, b)
    if operator == "/":
        return _divide(state, a, b)
    if is_weak(a) and is_weak(b):
        return _on_python(state, operator, a, b)
    return _on_numpy(state, operator, a, b)


def _on_floats(state: Elaboration, operator: str, a: Number, b: Number) -> bool:
    """Whether an operation is one of floating-point numbers."""
    if state.options.precision is not None or isinstance(a.type, FixedPoint) or isinstance(b.type, FixedPoint):
        return floating_point.is_floating(a) or floating_point.is_floating(b)
    if any(isinstance(number.type, (Float, PythonFloat)) for number in (a, b)):
        return True
    if operator == "/":
        return not (is_weak(a) and is_weak(b) and a.is_known and b.is_known)
    both = not is_weak(a) and not is_weak(b)
    return both and operator in ("+", "-", "*", "min", "max") and _meet_in_double(a, b)


def _meet_in_double(a: Number, b: Number) -> bool:
    """Whether NumPy has no integer type for both of two integers."""
    assert isinstance(a.type, (Integer, Bool)) and isinstance(b.type, (Integer, Bool))
    return promote(a.type, b.type) is None


def is_python(number: Number) -> bool:
    """Whether the number is one of Python's, not NumPy's."""
    return is_weak(number) or isinstance(number.type, PythonFloat)


def _divide(state: Elaboration, a: Number, b: Number) -> Number:
    if is_weak(a) and is_weak(b) and a.is_known and b.is_known:
        return _on_known_floats(state, "/", a, b)
    raise state.unsupported(
        "/ on integers gives a floating-point number",
        why="numbers are fixed point here",
        remedy="// divides integers and rounds down",
    )


def _on_known_floats(state: Elaboration, operator: str, a: Number, b: Number) -> Number:
    """Arithmetic on numbers known while compiling, done by Python."""
    operations = {"+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__", "//": "__floordiv__"}
    operations |= {"%": "__mod__", "**": "__pow__"}
    if operator in ("min", "max"):
        ordered = sorted((a.known_float, b.known_float), key=lambda value: (value, copysign(1, value)))
        return Number(PYTHON_FLOAT, constant=ordered[0 if operator == "min" else 1])
    if operator not in operations:
        raise state.mistake(f"{operator} does not work on floats")
    try:
        return Number(PYTHON_FLOAT, constant=getattr(a.known_float, operations[operator])(b.constant))
    except (ZeroDivisionError, OverflowError) as error:
        raise state.mistake(f"this cannot be computed: {error}") from None


def _on_fixed(state: Elaboration, operator: str, a: Number, b: Number) -> Number:
    if not (isinstance(a.type, FixedPoint) or isinstance(b.type, FixedPoint)):
        given = a.constant if isinstance(a.type, PythonFloat) else b.constant
        raise float_error(state, str(given))
    for number in (a, b):
        if isinstance(number.type, PythonFloat) and number.constant not in (float("inf"), float("-inf")):
            assert number.constant == number.constant, "a constant NaN is refused where it appears"
    return fixed_point.arithmetic(state, operator, a, b)


def _on_python(state: Elaboration, operator: str, a: Number, b: Number) -> Number:
    """Arithmetic on Python integers and truth values."""
    if operator in ("&", "|", "^") and isinstance(a.type, PythonBool) and isinstance(b.type, PythonBool):
        return _on_truth(state, operator, a, b)
    return integers.arithmetic(state, operator, from_truth(state, a), from_truth(state, b))


def common_type(state: Elaboration, a: Number, b: Number) -> Integer | Bool:
    """The type in which two numbers meet of which one is NumPy's."""
    if isinstance(a.type, (PythonInt, PythonBool)):
        assert isinstance(b.type, (Integer, Bool))
        return weak_with(a.type, b.type)
    if isinstance(b.type, (PythonInt, PythonBool)):
        assert isinstance(a.type, (Integer, Bool))
        return weak_with(b.type, a.type)
    assert isinstance(a.type, (Integer, Bool)) and isinstance(b.type, (Integer, Bool))
    if (type_ := promote(a.type, b.type)) is None:
        raise state.unsupported(
            f"{a.type} and {b.type} meet in float64",
            why="NumPy has no integer type for both",
            remedy="convert one of them, for example with np.int64(x)",
        )
    return type_


def _on_numpy(state: Elaboration, operator: str, a: Number, b: Number) -> Number:
    type_ = common_type(state, a, b)
    if isinstance(type_, Bool):
        if operator == "-":
            raise state.mistake("- does not work on truth values", remedy="use ^, or convert them to integers first")
        if operator in _TRUTH_OPERATIONS or operator in ("min", "max"):
            operator = {"min": "&", "max": "|"}.get(operator, operator)
            return _on_truth(state, operator, a, b)
        type_ = Integer(8)
    check_fits(state, a, type_)
    check_fits(state, b, type_)
    return integers.arithmetic(state, operator, to_integer(state, a, type_), to_integer(state, b, type_))


def _on_truth(state: Elaboration, operator: str, a: Number, b: Number) -> Number:
    type_ = PYTHON_BOOL if isinstance(a.type, PythonBool) and isinstance(b.type, PythonBool) else Bool()
    for known, other in ((a, b), (b, a)):
        if known.is_known:
            return _truth_with_constant(state, operator, known.known, other, type_)
    return Number(type_, state.builder.pure(_TRUTH_OPERATIONS[operator], term_of(state, a), term_of(state, b)))


def _truth_with_constant(
    state: Elaboration, operator: str, known: int, other: Number, type_: Bool | PythonBool
) -> Number:
    same = Number(type_, other.term, other.constant)
    if operator in ("&", "*"):
        return same if known else Number(type_, constant=0)
    if operator in ("|", "+"):
        return Number(type_, constant=1) if known else same
    return logical_not(state, same) if known else same


def _on_possible_types(state: Elaboration, operator: str, a: Number, b: Number) -> Number:
    """Arithmetic on a variable whose type depends on the path: it must give the same whichever type it is."""
    with state.trial():
        results = [
            _abstract(number_binary(state, operator, _stand_in(x), _stand_in(y)))
            for x, y in product(a.possible_types or (a,), b.possible_types or (b,))
        ]
    type_ = _settled_type(state, results, f"{operator} gives")
    a, b = (convert(state, x, type_ if x.possible_types and type_ is not None else x.type) for x in (a, b))
    return with_possible_types(state, number_binary(state, operator, a, b), results)


def _settled_type(state: Elaboration, results: Sequence[Number], doing: str) -> NumberType | None:
    """The one NumPy type among possible results, to which its operands are converted; None if all are Python's."""
    types = {result.type for result in results if not is_weak(result)}
    if len(types) > 1:
        names = " or ".join(sorted(str(type_) for type_ in types))
        raise state.unsupported(
            f"the type of a variable here depends on the path: {doing} {names}",
            remedy="give the variable one type on every path, for example with np.uint32(x)",
        )
    return next(iter(types), None)


def _stand_in(number: Number) -> Number:
    """Some number of the type, to learn the type of a result."""
    if number.is_known or number.term is not None:
        return number
    return Number(
        number.type,
        TypedTerm(ir_type_of(number.type)),
        linear=between(None, None) if isinstance(number.type, PythonInt) else None,
    )


def _weak_on_some_path(state: Elaboration):
    return state.unsupported(
        "this variable is a Python integer on one path and a NumPy number on another, and the result depends on it",
        remedy="give it its type where it is first assigned, for example np.uint32(0)",
    )


def _abstract(number: Number) -> Number:
    """A number without its place in the IR: its type, and its value if it is a Python integer known while compiling."""
    return Number(number.type, constant=number.constant if isinstance(number.type, PythonInt) else None)


def with_possible_types(state: Elaboration, number: Number, seen: Sequence[Number]) -> Number:
    """The number, marked with what it may be; refused if it is not what Python has on each path."""
    for weak in seen:
        if is_weak(weak) and isinstance(number.type, Integer) and not _fits(weak, number.type):
            raise _weak_on_some_path(state)
    distinct = list(dict.fromkeys(seen))
    if len({alternative.type for alternative in distinct}) == 1:
        return number
    return Number(number.type, number.term, number.constant, number.linear, tuple(distinct))


def _fits(weak: Number, type_: Integer) -> bool:
    return weak.is_known and wrap(weak.known, type_) == weak.known


def _power(state: Elaboration, a: Number, b: Number) -> Number:
    if not b.is_known or not isinstance(b.type, (PythonInt, PythonBool, Integer)):
        return _power_of_two(state, a, b)
    if not 0 <= b.known <= _MOST_POWERS:
        raise state.unsupported(f"** works with constant exponents from 0 to {_MOST_POWERS}, not {b.known}")
    if isinstance(a.type, FixedPoint):
        result = Number(FixedPoint(2, 0), constant=1)
        for _ in range(b.known):
            result = fixed_point.arithmetic(state, "*", result, a)
        return result
    if not is_weak(a) or not is_weak(b):
        type_ = common_type(state, a, b)
        type_ = Integer(8) if isinstance(type_, Bool) else type_
        check_fits(state, a, type_)
        return integers.power(state, to_integer(state, a, type_), b.known)
    return integers.power(state, from_truth(state, a), b.known)


def _power_of_two(state: Elaboration, a: Number, b: Number) -> Number:
    if not (a.is_known and a.constant == 2 and is_weak(a)):
        raise state.unsupported(
            "** needs an exponent that is known while compiling", remedy="multiply in a loop; 2 ** n is allowed"
        )
    return number_binary(state, "<<", python_int(1), b)


Computation = Callable[[Elaboration, Number], Number]


def unary(state: Elaboration, operator: type[ast.unaryop], a: Value) -> Value:
    """`-a`, `+a`, `~a` or `not a`."""
    if operator is ast.Not:
        return logical_not(state, truth_of(state, a))
    if not isinstance(a, (Number, ArrayValue)):
        raise state.unsupported(f"this operator does not work on {kind_of(a)}")
    computes: dict[type[ast.unaryop], Computation] = {ast.USub: _negate, ast.UAdd: _plus, ast.Invert: invert}
    compute = computes[operator]
    return elementwise(state, lambda x: on_each_alternative(state, compute, x), [a])


def on_each_alternative(state: Elaboration, compute: Computation, a: Number) -> Number:
    """A one-operand operation on a number, which must give the same whichever type the number has."""
    a = plain_number(state, a, "this")
    if not a.possible_types:
        return compute(state, a)
    with state.trial():
        results = [_abstract(compute(state, _stand_in(x))) for x in a.possible_types]
    type_ = _settled_type(state, results, "this gives")
    return with_possible_types(state, compute(state, convert(state, a, type_ or a.type)), results)


def logical_not(state: Elaboration, a: Number) -> Number:
    """The opposite truth value, of the same type."""
    if a.is_known:
        return Number(a.type, constant=1 - a.known)
    value = term_of(state, a)
    return Number(a.type, state.builder.pure(arith.XOrIOp, value, state.builder.constant(1, value.type)))


def _negate(state: Elaboration, a: Number) -> Number:
    if floating_point.is_floating(a):
        return floating_point.negate(state, a)
    if isinstance(a.type, PythonFloat):
        return Number(PYTHON_FLOAT, constant=None if a.constant is None else -a.constant)
    if isinstance(a.type, FixedPoint):
        return fixed_point.negate(state, a)
    if isinstance(a.type, Bool):
        raise state.mistake("- does not work on truth values", remedy="use ~ or not")
    return integers.negate(state, from_truth(state, a))


def _plus(state: Elaboration, a: Number) -> Number:
    if isinstance(a.type, Bool):
        raise state.mistake("+ does not work on a single truth value")
    return from_truth(state, a)


def invert(state: Elaboration, a: Number) -> Number:
    """`~a`: the opposite of a NumPy truth value, the bits of an integer flipped."""
    if isinstance(a.type, Bool):
        return logical_not(state, a)
    if isinstance(a.type, (FixedPoint, Float, PythonFloat)):
        raise state.mistake(f"~ does not work on {a.type}")
    return integers.invert(state, from_truth(state, a))


def absolute(state: Elaboration, a: Number) -> Number:
    """`abs(a)`; the smallest integer of a type is its own absolute value, as in NumPy."""
    if isinstance(a.type, Bool) or (isinstance(a.type, Integer) and not a.type.signed):
        return a
    if floating_point.is_floating(a):
        return floating_point.absolute(state, a)
    if a.is_known and isinstance(a.type, PythonFloat):
        return Number(a.type, constant=abs(a.known_float))
    if a.is_known and not isinstance(a.type, Integer):
        return Number(a.type, constant=abs(a.known)) if not is_weak(a) else python_int(abs(a.known))
    a = from_truth(state, a)
    least = a.linear.least() if a.linear is not None else None
    if least is not None and least >= 0:
        return a
    negative = compare(state, "<", a, python_int(0))
    assert isinstance(negative, Number)
    opposite = _negate(state, a)
    if isinstance(a.type, FixedPoint):
        assert isinstance(opposite.type, FixedPoint)
        a = fixed_point.rescale(state, a, opposite.type)
    if negative.is_known:
        return opposite if negative.known else a
    value = state.builder.pure(arith.SelectOp, term_of(state, negative), term_of(state, opposite), term_of(state, a))
    return state.python_int(value, None, 0, None) if isinstance(a.type, PythonInt) else Number(a.type, value)


def compare(state: Elaboration, operator: str, a: Value, b: Value) -> Value:
    """`a operator b` for numbers and arrays; other objects can be equal or not."""
    if isinstance(a, (Number, ArrayValue)) and isinstance(b, (Number, ArrayValue)):
        return elementwise(state, lambda x, y: number_compare(state, operator, x, y), [a, b])
    if operator in ("==", "!=") and isinstance(a, PythonObject) and isinstance(b, PythonObject):
        return python_bool((a.value == b.value) == (operator == "=="))
    if operator in ("==", "!=") and isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.items) == len(b.items):
        equal = python_bool(True)
        for x, y in zip(a.items, b.items, strict=True):
            same = number_of(state, compare(state, "==", x, y))
            equal = _on_truth(state, "&", equal, Number(PYTHON_BOOL, same.term, same.constant))
        return equal if operator == "==" else logical_not(state, equal)
    raise state.unsupported(f"{operator} does not work on {kind_of(a)} and {kind_of(b)}")


def number_compare(state: Elaboration, operator: str, a: Number, b: Number) -> Number:
    """`a operator b` for numbers: by value, whatever their types."""
    a, b = plain_number(state, a, operator), plain_number(state, b, operator)
    python = is_python(a) and is_python(b)
    type_ = PYTHON_BOOL if python and not (a.possible_types or b.possible_types) else Bool()
    floats = [number for number in (a, b) if isinstance(number.type, (Float, PythonFloat))]
    exact = isinstance(a.type, FixedPoint) or isinstance(b.type, FixedPoint)
    if floats and not exact and not (a.is_known and b.is_known) and state.options.precision is None:
        return floating_point.compare(state, operator, a, b, type_)
    if a.is_known and b.is_known and not (fixed_point.is_fixed(a) or fixed_point.is_fixed(b)):
        return Number(type_, constant=int(_holds(operator, a.known, b.known)))
    if fixed_point.is_fixed(a) or fixed_point.is_fixed(b):
        return _compare_fixed(state, operator, a, b, type_)
    if a.is_known:
        a, b, operator = b, a, _MIRRORED[operator]
    if b.is_known and (decided := _decided(operator, a, b)) is not None:
        return Number(type_, constant=int(decided))
    bits, signed = _comparison_width(a, b)
    if isinstance(a.type, PythonInt) and (isinstance(b.type, PythonInt) or b.is_known):
        left, right = term_of(state, a), term_of(state, to_python_int(state, b))
    else:
        left, right = bits_of(state, a, bits), bits_of(state, b, bits)
    predicate = _PREDICATES[operator]
    if predicate not in ("eq", "ne"):
        predicate = ("s" if signed else "u") + predicate
    return Number(type_, state.builder.pure(arith.CmpiOp, left, right, predicate))


def _holds(operator: str, x: float, y: float) -> bool:
    return {"==": x == y, "!=": x != y, "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[operator]


def _decided(operator: str, a: Number, b: Number) -> bool | None:
    """The answer to a comparison with a constant that the type of `a` cannot reach, or None.

    Python's integers reach every constant of theirs, of which those that hardware does not have are errors.
    """
    constant = b.known
    if isinstance(a.type, PythonInt):
        low, high = (-(1 << 63), (1 << 63) - 1) if isinstance(b.type, Integer) else (constant, constant)
    else:
        low, high = (a.type.minimum, a.type.maximum) if isinstance(a.type, Integer) else (0, 1)
    if low <= constant <= high:
        return None
    return _holds(operator, 0, 1 if constant > high else -1)


def _comparison_width(a: Number, b: Number) -> tuple[int, bool]:
    """The width that holds both numbers, and whether as signed ones."""

    def of(number: Number, signed: bool) -> int:
        if isinstance(number.type, PythonInt):
            return 64
        bits = number.type.bits if isinstance(number.type, Integer) else 1
        return bits + (signed and not is_signed(number.type))

    if b.is_known and not isinstance(a.type, PythonInt):
        return of(a, is_signed(a.type)), is_signed(a.type)
    signed = is_signed(a.type) or is_signed(b.type)
    return max(of(a, signed), of(b, signed)), signed


def _compare_fixed(state: Elaboration, operator: str, a: Number, b: Number, type_: Bool | PythonBool) -> Number:
    if not (isinstance(a.type, FixedPoint) or isinstance(b.type, FixedPoint)):
        if not (a.is_known and b.is_known):
            raise float_error(state, "this comparison")
        assert a.constant is not None and b.constant is not None
        return Number(type_, constant=int(_holds(operator, a.constant, b.constant)))
    a, b = fixed_point.aligned(state, a, b)
    if a.is_known and b.is_known:
        return Number(type_, constant=int(_holds(operator, a.known, b.known)))
    predicate = _PREDICATES[operator]
    predicate = predicate if predicate in ("eq", "ne") else "s" + predicate
    return Number(type_, state.builder.pure(arith.CmpiOp, term_of(state, a), term_of(state, b), predicate))
