"""Random expressions over Python integers, with the interval of each so that none leaves 64 bits or an array."""

from __future__ import annotations

from fuzzing.scope import PythonInt, Scope

LIMIT = 1 << 40
"""Python integers stay within plus and minus this bound, far enough from 64 bits for one more operation."""

Ranged = PythonInt
"""An expression is a `PythonInt` whose name is its text."""


def python_integer(scope: Scope, depth: int) -> Ranged:
    """A Python integer expression with its interval."""
    if depth <= 0 or scope.rng.random() < 0.3:
        return _leaf(scope)
    left, right = python_integer(scope, depth - 1), python_integer(scope, depth - 1)
    build = scope.rng.choice((_add, _subtract, _multiply, _floor_divide, _modulo, _mask, _shift, _unary, _extreme))
    made = build(scope, left, right)
    return made if made is not None and -LIMIT <= made.low and made.high <= LIMIT else left


def within(scope: Scope, low: int, high: int, depth: int = 2) -> str:
    """The text of a Python integer expression whose value is between `low` and `high`."""
    for _ in range(3):
        made = python_integer(scope, depth)
        if low <= made.low and made.high <= high:
            return made.name
    made = python_integer(scope, depth)
    if low == high or scope.rng.random() < 0.3:
        return str(scope.rng.randint(low, high))
    offset = f" + {low}" if low > 0 else f" - {-low}" if low < 0 else ""
    return f"(({made.name}) % {high - low + 1}{offset})"


def index(scope: Scope, extent: int, depth: int = 1) -> str:
    """The text of a subscript for an axis of `extent` elements, most often a plain variable."""
    rng = scope.rng
    fitting = [v.name for v in scope.python_ints if 0 <= v.low and v.high < extent]
    if fitting and rng.random() < 0.5:
        return rng.choice(fitting)
    if scope.has("negative_indices") and rng.random() < 0.1:
        return within(scope, -extent, -1, depth)
    if rng.random() < 0.15:
        return str(rng.randrange(extent))
    narrow = [s for s in scope.scalars if s.dtype != "bool"]
    if narrow and rng.random() < 0.25:
        return f"{rng.choice(narrow).name} % {extent}"
    return within(scope, 0, extent - 1, depth)


def subscript(scope: Scope, shape: tuple[int, ...]) -> str:
    """The text of the subscripts of one element."""
    return ", ".join(index(scope, extent) for extent in shape)


def _leaf(scope: Scope) -> Ranged:
    rng = scope.rng
    if scope.python_ints and rng.random() < 0.65:
        return rng.choice(scope.python_ints)
    narrow = [s for s in scope.scalars if s.dtype in ("int8", "uint8", "int16", "uint16", "int32", "uint32")]
    if narrow and scope.has("casts") and rng.random() < 0.35:
        chosen = rng.choice(narrow)
        width, signed = int(chosen.dtype.lstrip("uint")), not chosen.dtype.startswith("u")
        low = -(1 << (width - 1)) if signed else 0
        return Ranged(f"int({chosen.name})", low, low + (1 << width) - 1)
    if scope.arrays and rng.random() < 0.1:
        array = rng.choice(scope.arrays)
        axis = rng.randrange(len(array.shape))
        text = f"len({array.name})" if axis == 0 and rng.random() < 0.5 else f"{array.name}.shape[{axis}]"
        return Ranged(text, array.shape[axis], array.shape[axis])
    value = rng.choice((0, 1, 2, 3, 4, 7, 8, -1, -3, rng.randint(-100, 300)))
    return Ranged(f"({value})" if value < 0 else str(value), value, value)


def _add(scope: Scope, a: Ranged, b: Ranged) -> Ranged:
    return Ranged(f"({a.name} + {b.name})", a.low + b.low, a.high + b.high)


def _subtract(scope: Scope, a: Ranged, b: Ranged) -> Ranged:
    return Ranged(f"({a.name} - {b.name})", a.low - b.high, a.high - b.low)


def _multiply(scope: Scope, a: Ranged, b: Ranged) -> Ranged:
    corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    return Ranged(f"({a.name} * {b.name})", min(corners), max(corners))


def _divisor(scope: Scope, b: Ranged) -> Ranged:
    """A divisor that is never zero, because Python's own integers raise on it."""
    if b.low > 0 or b.high < 0:
        return b
    value = scope.rng.choice((1, 2, 3, 5, 8, -1, -2, -7))
    return Ranged(f"({value})" if value < 0 else str(value), value, value)


def _floor_divide(scope: Scope, a: Ranged, b: Ranged) -> Ranged | None:
    if not scope.has("division"):
        return None
    d = _divisor(scope, b)
    corners = [x // y for x in (a.low, a.high) for y in (d.low, d.high)]
    return Ranged(f"({a.name} // {d.name})", min(corners), max(corners))


def _modulo(scope: Scope, a: Ranged, b: Ranged) -> Ranged | None:
    if not scope.has("division"):
        return None
    d = _divisor(scope, b)
    low, high = (0, d.high - 1) if d.low > 0 else (d.low + 1, 0)
    return Ranged(f"({a.name} % {d.name})", low, high)


def _mask(scope: Scope, a: Ranged, b: Ranged) -> Ranged:
    """A bitwise operation, on values of any sign."""
    sign = scope.rng.choice("&|^")
    width = max(abs(n).bit_length() for n in (a.low, a.high, b.low, b.high)) + 1
    low = 0 if a.low >= 0 and b.low >= 0 else -(1 << width)
    return Ranged(f"({a.name} {sign} {b.name})", low, (1 << width) - 1)


def _shift(scope: Scope, a: Ranged, b: Ranged) -> Ranged | None:
    if not scope.has("shifts"):
        return None
    count = scope.rng.randrange(6)
    if scope.rng.random() < 0.5:
        return Ranged(f"({a.name} << {count})", a.low << count, a.high << count)
    return Ranged(f"({a.name} >> {count})", a.low >> count, a.high >> count)


def _unary(scope: Scope, a: Ranged, b: Ranged) -> Ranged:
    if scope.has("abs") and scope.rng.random() < 0.5:
        low = 0 if a.low <= 0 <= a.high else min(abs(a.low), abs(a.high))
        return Ranged(f"abs({a.name})", low, max(abs(a.low), abs(a.high)))
    return Ranged(f"(-{a.name})", -a.high, -a.low)


def _extreme(scope: Scope, a: Ranged, b: Ranged) -> Ranged | None:
    if not scope.has("builtin_min_max"):
        return None
    if scope.rng.random() < 0.5:
        return Ranged(f"min({a.name}, {b.name})", min(a.low, b.low), min(a.high, b.high))
    return Ranged(f"max({a.name}, {b.name})", max(a.low, b.low), max(a.high, b.high))
