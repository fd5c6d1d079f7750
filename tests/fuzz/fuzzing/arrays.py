"""Random expressions over whole arrays, of a known element type and shape."""

from __future__ import annotations

from math import prod

from fuzzing.integers import index, within
from fuzzing.scalars import COMPARISONS, scalar
from fuzzing.scope import Array, Scope
from fuzzing.values import INTEGERS, OPERANDS, bounds, constant, spelled

Shape = tuple[int, ...]


def array_expression(scope: Scope, dtype: str, shape: Shape, depth: int) -> str:
    """The text of an expression that is an array of `dtype` and `shape`, or broadcasts to it when stored."""
    rng = scope.rng
    if depth <= 0 or rng.random() < 0.2:
        return _leaf(scope, dtype, shape)
    if dtype == "bool":
        return _comparison(scope, shape, depth)
    kind = rng.random()
    if kind < 0.5:
        return _binary(scope, dtype, shape, depth - 1)
    if kind < 0.6:
        return f"({rng.choice('-~')}{array_expression(scope, dtype, shape, depth - 1)})"
    if kind < 0.65:
        return f"np.abs({array_expression(scope, dtype, shape, depth - 1)})"
    if kind < 0.75:
        pair = [array_expression(scope, dtype, shape, depth - 1) for _ in range(2)]
        return f"{rng.choice(('np.minimum', 'np.maximum'))}({pair[0]}, {pair[1]})"
    if kind < 0.85:
        pair = [array_expression(scope, dtype, shape, depth - 1) for _ in range(2)]
        return f"np.where({_comparison(scope, shape, depth - 1)}, {pair[0]}, {pair[1]})"
    if kind < 0.9 and (product := _product(scope, dtype, shape)) is not None:
        return product
    if kind < 0.95 and (reduced := _along_an_axis(scope, dtype, shape)) is not None:
        return reduced
    return _converted(scope, dtype, shape, depth - 1)


def exact_array_expression(scope: Scope, dtype: str, shape: Shape, depth: int) -> str | None:
    """As `array_expression`, but certainly an array of exactly this shape; None if nothing in scope has it."""
    base = _view(scope, dtype, shape)
    if base is None:
        return None
    if depth <= 0 or dtype == "bool":
        return f"({base} ^ {base})" if dtype == "bool" else f"(+{base})"
    return f"({base} {scope.rng.choice('+-*&|^')} {array_expression(scope, dtype, shape, depth - 1)})"


def sum_type(dtype: str) -> str:
    """The type in which NumPy sums: the widest of the same sign."""
    return "uint64" if dtype.startswith("u") else "int64"


def reduction(scope: Scope) -> tuple[str, str] | None:
    """A reduction of a whole array, or of an expression over one, to a scalar; with its element type."""
    rng = scope.rng
    if not scope.arrays or not scope.has("reductions"):
        return None
    array = rng.choice(scope.arrays)
    whole = array.name
    if rng.random() < 0.3 and array.dtype != "bool":
        whole = exact_array_expression(scope, array.dtype, array.shape, 1) or whole
    if array.dtype == "bool" or rng.random() < 0.1:
        return f"np.{rng.choice(('any', 'all'))}({whole})", "bool"
    name = rng.choice(("sum", "sum", "sum", "max", "min", "prod", "argmax", "argmin"))
    types = {"max": array.dtype, "min": array.dtype, "argmax": "int64", "argmin": "int64"}
    method = rng.random() < 0.4 and whole == array.name
    return (f"{whole}.{name}()" if method else f"np.{name}({whole})"), types.get(name, sum_type(array.dtype))


def _along_an_axis(scope: Scope, dtype: str, shape: Shape) -> str | None:
    """A reduction of an array along one axis."""
    texts = []
    for array in scope.arrays if scope.has("reductions") else []:
        for axis in range(len(array.shape)):
            if array.shape[:axis] + array.shape[axis + 1 :] != shape or array.dtype == "bool":
                continue
            if array.dtype == dtype:
                texts += [f"np.max({array.name}, axis={axis})", f"{array.name}.min(axis={axis})"]
            if sum_type(array.dtype) == dtype:
                texts += [f"np.sum({array.name}, axis={axis})", f"{array.name}.sum(axis={axis - len(array.shape)})"]
    return scope.rng.choice(texts) if texts else None


def region(scope: Scope, array: Array) -> tuple[str, Shape]:
    """A part of an array by slices, as text, and its shape of at least one axis."""
    rng = scope.rng
    keep = rng.randrange(len(array.shape))
    parts: list[str] = []
    shape: list[int] = []
    for axis, extent in enumerate(array.shape):
        if axis != keep and rng.random() < 0.4:
            parts.append(index(scope, extent))
        else:
            length = extent if rng.random() < 0.5 else rng.randint(1, extent)
            parts.append(_slice(scope, extent, length))
            shape.append(length)
    return f"{array.name}[{', '.join(parts)}]", tuple(shape)


def _leaf(scope: Scope, dtype: str, shape: Shape) -> str:
    rng = scope.rng
    kind = rng.random()
    if kind < 0.75 and (view := _view(scope, dtype, shape)) is not None:
        return view
    if kind < 0.85 and len(shape) > 1 and (row := _view(scope, dtype, shape[1:])) is not None:
        return row  # broadcasts along the first axis
    return scalar(scope, dtype, 1)


def _view(scope: Scope, dtype: str, shape: Shape) -> str | None:
    """An array of the shape, whole or cut out of a larger one."""
    rng = scope.rng
    if rng.random() < 0.15 and (rearranged := _rearranged(scope, dtype, shape)) is not None:
        return rearranged
    candidates = [array for array in scope.arrays_of(dtype) if _can_cut(array.shape, shape)]
    if not candidates:
        return None
    array = rng.choice(candidates)
    if array.shape == shape and rng.random() < 0.5:
        return array.name
    spare = len(array.shape) - len(shape)
    parts = [index(scope, extent) for extent in array.shape[:spare]]
    parts += [_slice(scope, extent, length) for extent, length in zip(array.shape[spare:], shape, strict=True)]
    return f"{array.name}[{', '.join(parts)}]"


def _rearranged(scope: Scope, dtype: str, shape: Shape) -> str | None:
    """An array transposed or reshaped to the shape."""
    arrays = scope.arrays_of(dtype) if scope.has("rearrangement") else []
    texts = [f"{array.name}.T" for array in arrays if len(shape) > 1 and array.shape[::-1] == shape]
    same_size = [array for array in arrays if prod(array.shape) == prod(shape)]
    texts += [f"{array.name}.reshape({', '.join(map(str, shape))})" for array in same_size]
    texts += [f"{array.name}.ravel()" for array in same_size if len(shape) == 1]
    return scope.rng.choice(texts) if texts else None


def _can_cut(whole: Shape, part: Shape) -> bool:
    """Whether leading subscripts and slices of the rest give the shape `part`."""
    spare = len(whole) - len(part)
    return spare >= 0 and all(length <= extent for length, extent in zip(part, whole[spare:], strict=True))


def _slice(scope: Scope, extent: int, length: int) -> str:
    """A slice of `length` elements out of `extent`, with any step that fits."""
    rng = scope.rng
    if length == extent and rng.random() < 0.7:
        return ":" if rng.random() < 0.8 else "::-1"
    counters = [v for v in scope.python_ints if v.name.startswith("i")]  # their bounds are seen, those of others not
    places = [v.name for v in counters if v.low >= 0 and v.high + length <= extent]
    if places and length > 1 and rng.random() < 0.3 and scope.has("moving_slices"):
        place = rng.choice(places)
        return f"{place}:{place} + {length}"
    widest = (extent - 1) // (length - 1) if length > 1 else 1
    step = rng.randint(1, widest) * rng.choice((1, 1, -1))
    reach = (length - 1) * abs(step)
    low = rng.randint(0, extent - 1 - reach)
    if step > 0:
        stop = low + reach + 1
        begin = "" if low == 0 and rng.random() < 0.5 else str(low)
        end = "" if stop == extent and rng.random() < 0.5 else str(stop)
        return f"{begin}:{end}" + (f":{step}" if step > 1 else "")
    return f"{low + reach}:{low - 1 if low > 0 else ''}:{step}"


def _binary(scope: Scope, dtype: str, shape: Shape, depth: int) -> str:
    rng = scope.rng
    sign = rng.choice(("+", "-", "*", "&", "|", "^", "//", "%", "<<", ">>"))
    if sign in ("//", "%") and not scope.has("division") or sign in ("<<", ">>") and not scope.has("shifts"):
        sign = "+"
    if rng.random() < 0.2 and scope.has("python_integers"):
        low, high = bounds(dtype)
        weak = str(rng.randint(0, 7)) if sign in ("<<", ">>") else within(scope, max(low, -100), min(high, 100), 1)
        return f"({array_expression(scope, dtype, shape, depth)} {sign} {weak})"
    types = (dtype, dtype) if rng.random() < 0.75 else rng.choice(OPERANDS[dtype])
    if "bool" in types:
        sign = rng.choice("+&|^")
    left, right = (array_expression(scope, each, shape, depth) for each in types)
    return f"({left} {sign} {right})"


def _comparison(scope: Scope, shape: Shape, depth: int) -> str:
    dtype = scope.rng.choice(INTEGERS)
    left = array_expression(scope, dtype, shape, depth - 1)
    if scope.rng.random() < 0.4:
        return f"({left} {scope.rng.choice(COMPARISONS)} {constant(scope.rng, dtype)})"
    right = array_expression(scope, dtype, shape, depth - 1)
    return f"({left} {scope.rng.choice(COMPARISONS)} {right})"


def _converted(scope: Scope, dtype: str, shape: Shape, depth: int) -> str:
    """An array of another type, converted; where nothing has the shape, an array filled with a scalar."""
    view = _view(scope, scope.rng.choice(INTEGERS), shape)
    if view is None or not scope.has("casts"):
        return f"np.full({shape}, {scalar(scope, dtype, depth)}, dtype={spelled(dtype)})"
    return f"{view}.astype({spelled(dtype)})"


def _product(scope: Scope, dtype: str, shape: Shape) -> str | None:
    """A matrix product of two arrays in scope with the right shapes."""
    if not scope.has("matmul") or len(shape) > 2:
        return None
    arrays = scope.arrays_of(dtype)
    pairs = [(a, b) for a in arrays for b in arrays if product_shape(a.shape, b.shape) == shape]
    if not pairs:
        return None
    left, right = scope.rng.choice(pairs)
    return f"({left.name} @ {right.name})" if scope.rng.random() < 0.6 else f"np.dot({left.name}, {right.name})"


def product_shape(left: Shape, right: Shape) -> Shape | None:
    """The shape of `left @ right` for operands of rank 1 and 2; None if they do not fit."""
    if not 1 <= len(left) <= 2 or not 1 <= len(right) <= 2 or left[-1] != right[0]:
        return None
    return left[:-1] + right[1:]
