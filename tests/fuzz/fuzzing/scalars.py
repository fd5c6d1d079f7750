"""Random expressions over NumPy scalars, each of a known element type, and random conditions."""

from __future__ import annotations

from collections.abc import Callable

from fuzzing.integers import index, python_integer, subscript, within
from fuzzing.scope import Array, Callee, Scope
from fuzzing.values import DTYPES, INTEGERS, OPERANDS, bits, bounds, constant, interesting, spelled

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def scalar(scope: Scope, dtype: str, depth: int) -> str:
    """The text of an expression whose value is a NumPy scalar of `dtype`."""
    if depth <= 0 or scope.rng.random() < 0.15:
        return leaf(scope, dtype)
    if dtype == "bool":
        return _boolean(scope, depth)
    weights = [weight for _, weight in _INTEGER_FORMS]
    build = scope.rng.choices([build for build, _ in _INTEGER_FORMS], weights)[0]
    return build(scope, dtype, depth - 1) or leaf(scope, dtype)


def leaf(scope: Scope, dtype: str) -> str:
    """A variable, an array element, one of another type converted, or a constant."""
    rng = scope.rng
    if rng.random() < 0.12:
        return constant(rng, dtype)
    if (found := _named(scope, [dtype])) is not None:
        return found
    if not scope.has("casts") or rng.random() < 0.15 or (found := _named(scope, list(DTYPES))) is None:
        return constant(rng, dtype)
    return f"{spelled(dtype)}({found})"


def _named(scope: Scope, dtypes: list[str]) -> str | None:
    """A variable or an array element of one of the types."""
    variables = [variable.name for variable in scope.scalars if variable.dtype in dtypes]
    arrays = [array for array in scope.arrays if array.dtype in dtypes]
    if variables and (not arrays or scope.rng.random() < 0.5):
        return scope.rng.choice(variables)
    if not arrays:
        return None
    array = scope.rng.choice(arrays)
    return f"{array.name}[{subscript(scope, array.shape)}]"


def condition(scope: Scope, depth: int) -> str:
    """The text of a condition for `if`, `while` or a conditional expression."""
    rng = scope.rng
    kind = rng.random()
    if depth > 0 and kind < 0.3:
        joint = rng.choice(("and", "or"))
        return f"({condition(scope, depth - 1)} {joint} {condition(scope, depth - 1)})"
    if depth > 0 and kind < 0.38:
        return f"(not {condition(scope, depth - 1)})"
    if kind < 0.45 and scope.has("guarded_indices") and (guarded := _guarded(scope)) is not None:
        return guarded
    if kind < 0.55:
        return f"({scalar(scope, rng.choice(INTEGERS), depth)})"  # the truth of a number
    if kind < 0.7 and scope.python_ints:
        return f"({python_integer(scope, depth).name} {rng.choice(COMPARISONS)} {python_integer(scope, depth).name})"
    return comparison(scope, depth)


def comparison(scope: Scope, depth: int) -> str:
    """The text of a comparison of numbers, whose value is a NumPy truth value."""
    rng = scope.rng
    left = rng.choice(INTEGERS)
    first = scalar(scope, left, depth - 1)
    kind = rng.random()
    if kind < 0.35:
        return f"({first} {rng.choice(COMPARISONS)} {rng.randint(-5, 300)})"  # also outside the type's range
    right = left if kind < 0.75 else rng.choice(INTEGERS)
    second = scalar(scope, right, depth - 1)
    if kind < 0.45:
        return f"({constant(rng, left)} {rng.choice(('<', '<='))} {first} {rng.choice(('<', '<='))} {second})"
    return f"({first} {rng.choice(COMPARISONS)} {second})"


def _boolean(scope: Scope, depth: int) -> str:
    rng = scope.rng
    kind = rng.random()
    if kind < 0.35:
        return f"({scalar(scope, 'bool', depth - 1)} {rng.choice('&|^')} {scalar(scope, 'bool', depth - 1)})"
    if kind < 0.45:
        return f"(~{scalar(scope, 'bool', depth - 1)})"
    if kind < 0.6:
        return f"np.bool_({condition(scope, depth - 1)})"
    return comparison(scope, depth)


def _guarded(scope: Scope) -> str | None:
    """A comparison of an element behind a check of its index: evaluating it early must not fault."""
    candidates = [array for array in scope.arrays if len(array.shape) == 1 and array.dtype != "bool"]
    if not candidates:
        return None
    array = scope.rng.choice(candidates)
    place = python_integer(scope, 1).name
    test = f"{array.name}[{place}] {scope.rng.choice(COMPARISONS)} {constant(scope.rng, array.dtype)}"
    return f"(0 <= {place} and {place} < {array.shape[0]} and {test})"


def _binary(scope: Scope, dtype: str, depth: int) -> str:
    left, right = _operands(scope, dtype, depth)
    return f"({left} {scope.rng.choice(('+', '-', '*', '&', '|', '^'))} {right})"


def _operands(scope: Scope, dtype: str, depth: int) -> tuple[str, str]:
    """Two operands whose types promote to `dtype`; one may be a Python integer, which adopts the other's type."""
    rng = scope.rng
    if scope.has("python_integers") and rng.random() < 0.3:
        low, high = bounds(dtype)
        pair = [scalar(scope, dtype, depth), within(scope, max(low, -(1 << 40)), min(high, 1 << 40), 1)]
        rng.shuffle(pair)
        return pair[0], pair[1]
    types = (dtype, dtype) if rng.random() < 0.7 else rng.choice(OPERANDS[dtype])
    return scalar(scope, types[0], depth), scalar(scope, types[1], depth)


def _divide(scope: Scope, dtype: str, depth: int) -> str | None:
    if not scope.has("division"):
        return None
    left, right = _operands(scope, dtype, depth)
    return f"({left} {scope.rng.choice(('//', '%'))} {right})"


def _shift(scope: Scope, dtype: str, depth: int) -> str | None:
    """A shift, now and then by a negative amount or by more than the width."""
    if not scope.has("shifts"):
        return None
    rng = scope.rng
    left = scalar(scope, dtype, depth)
    if rng.random() < 0.6:
        right = str(rng.randrange(min(bits(dtype) + 2, bounds(dtype)[1])))
    else:
        right = scalar(scope, dtype, depth)
    return f"({left} {rng.choice(('<<', '>>'))} {right})"


def _unary(scope: Scope, dtype: str, depth: int) -> str:
    return f"({scope.rng.choice('-~+')}{scalar(scope, dtype, depth)})"


def _absolute(scope: Scope, dtype: str, depth: int) -> str | None:
    if not scope.has("abs"):
        return None
    return f"{scope.rng.choice(('abs', 'np.abs'))}({scalar(scope, dtype, depth)})"


def _extreme(scope: Scope, dtype: str, depth: int) -> str | None:
    names = ["np.minimum", "np.maximum"] + (["min", "max"] if scope.has("builtin_min_max") else [])
    return f"{scope.rng.choice(names)}({scalar(scope, dtype, depth)}, {scalar(scope, dtype, depth)})"


def _path_dependent(scope: Scope, dtype: str, depth: int) -> str | None:
    """A value whose type depends on data until it is converted, as in `np.int32(min(x, 5))`."""
    if not scope.has("path_dependent_types"):
        return None
    rng = scope.rng
    low, high = bounds(dtype)
    number = within(scope, max(low, -(1 << 40)), min(high, 1 << 40), 1)
    other = scalar(scope, rng.choice((dtype, rng.choice(INTEGERS))), depth)
    left, right = rng.sample((number, other), 2)
    kind = rng.random()
    if kind < 0.4 and scope.has("builtin_min_max"):
        return f"{spelled(dtype)}({rng.choice(('min', 'max'))}({left}, {right}))"
    if kind < 0.7:
        return f"{spelled(dtype)}({left} {rng.choice(('and', 'or'))} {right})"
    return f"{spelled(dtype)}({left} if {condition(scope, depth)} else {right})"


def _conditional(scope: Scope, dtype: str, depth: int) -> str | None:
    if not scope.has("conditional_expressions"):
        return None
    return f"({scalar(scope, dtype, depth)} if {condition(scope, depth)} else {scalar(scope, dtype, depth)})"


def _cast(scope: Scope, dtype: str, depth: int) -> str | None:
    """A conversion, which wraps, from another type."""
    if not scope.has("casts"):
        return None
    rng = scope.rng
    kind = rng.random()
    if kind < 0.15 and dtype != "bool" and scope.python_ints:
        low, high = bounds(dtype)
        return f"{spelled(dtype)}({within(scope, max(low, -(1 << 40)), min(high, 1 << 40), 1)})"
    source = rng.choice(INTEGERS)
    value = scalar(scope, source, depth)
    if kind < 0.35 and not value.startswith("("):
        return f"{value}.astype({spelled(dtype)})"
    return f"{spelled(dtype)}({value})"


def _root(scope: Scope, dtype: str, depth: int) -> str | None:
    """The integer square root of an unsigned number of up to 32 bits, which floating point gets exactly."""
    if not scope.has("isqrt"):
        return None
    fitting = [source for source in ("uint8", "uint16", "uint32") if (1 << bits(source) // 2) - 1 <= bounds(dtype)[1]]
    source = scope.rng.choice(fitting)
    return f"{spelled(dtype)}(np.sqrt({scalar(scope, source, depth)}))"


def _power(scope: Scope, dtype: str, depth: int) -> str | None:
    return f"({scalar(scope, dtype, depth)} ** {scope.rng.choice((2, 2, 3))})" if scope.has("power") else None


def _boolean_value(scope: Scope, dtype: str, depth: int) -> str | None:
    """Arithmetic with a truth value, which counts as 0 or 1."""
    if not scope.has("boolean_values"):
        return None
    pair = [scalar(scope, dtype, depth), scalar(scope, "bool", depth)]
    scope.rng.shuffle(pair)
    return f"({pair[0]} {scope.rng.choice('+-*&|^')} {pair[1]})"


def _call(scope: Scope, dtype: str, depth: int) -> str | None:
    fitting = [callee for callee in scope.callees if callee.results == (dtype,)]
    return call(scope, scope.rng.choice(fitting), depth) if fitting else None


def call(scope: Scope, callee: Callee, depth: int) -> str:
    """The text of a call; an array argument is an array in scope, or a row of one."""
    arguments = [scalar(scope, each, depth - 1) for each in callee.parameters]
    if callee.array is not None:
        arguments.insert(0, scope.rng.choice(_array_arguments(scope, callee.array)))
    return f"{callee.name}({', '.join(arguments)})"


def _array_arguments(scope: Scope, wanted: Array) -> list[str]:
    """The arrays that may be passed for a parameter; never empty, because the parameter's own model is in scope."""
    found = []
    for array in scope.arrays_of(wanted.dtype):
        spare = len(array.shape) - len(wanted.shape)
        if array.writable and spare >= 0 and array.shape[spare:] == wanted.shape:
            leading = ", ".join(index(scope, extent) for extent in array.shape[:spare])
            found.append(f"{array.name}[{leading}]" if leading else array.name)
    return found


def _row_element(scope: Scope, dtype: str, depth: int) -> str | None:
    """An element by two subscripts in a row: `a[i][j]`."""
    fitting = [array for array in scope.arrays_of(dtype) if len(array.shape) > 1]
    if not fitting:
        return None
    array = scope.rng.choice(fitting)
    return f"{array.name}" + "".join(f"[{index(scope, extent)}]" for extent in array.shape)


def stored_value(scope: Scope, dtype: str, depth: int) -> str:
    """A value that may be stored into an element of `dtype`: mostly of that type."""
    rng = scope.rng
    kind = rng.random()
    if kind < 0.12 and scope.has("python_integers"):
        low, high = bounds(dtype)
        return within(scope, max(low, -(1 << 40)), min(high, 1 << 40), depth)
    if kind < 0.17:
        return str(interesting(rng, dtype))
    if kind < 0.3:
        return scalar(scope, rng.choice(INTEGERS), depth)  # NumPy raises where the value does not fit
    return scalar(scope, dtype, depth)


_INTEGER_FORMS: list[tuple[Callable[[Scope, str, int], str | None], int]] = [
    (_binary, 40),
    (_divide, 10),
    (_shift, 8),
    (_unary, 6),
    (_absolute, 3),
    (_extreme, 6),
    (_conditional, 7),
    (_cast, 9),
    (_root, 2),
    (_power, 2),
    (_boolean_value, 3),
    (_call, 8),
    (_row_element, 2),
    (_path_dependent, 3),
]
"""The forms of an integer expression and their weights."""
