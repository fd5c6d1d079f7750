"""What names and expressions stand for while a function is compiled: numbers, tuples, functions, arrays.

They are data: what elaborates them is in the files above, `conversion`, `memory`, `arrays`.

A number's type is a NumPy one (`Integer`, `Bool`, `Float`), Python's own (`PythonInt`, `PythonBool`, `PythonFloat`:
weak next to NumPy's), an exact fixed-point number, or the float64 root of an integer, whose floor is exact.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import copysign, prod

import numpy as np
from xdsl.dialects.builtin import IndexType, IntegerType, LocationAttr
from xdsl.ir import Attribute

from gatewright.frontends.python.bounds import Linear
from gatewright.frontends.python.liveness import Liveness
from gatewright.frontends.python.source import SourceFile
from gatewright.frontends.python.tree import ConstantTable, LocalArray, TypedTerm
from gatewright.ir.floats import ir_float
from gatewright.numbers.types import Bool, Fixed, Float, Integer, f64


@dataclass(frozen=True)
class PythonInt:
    """A Python `int`: 64 bits, signed, `index` in the IR; it takes the type of a NumPy number that it meets."""

    def __str__(self) -> str:
        return "int"


@dataclass(frozen=True)
class PythonBool:
    """A Python `bool`, the result of comparing Python numbers."""

    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True)
class PythonFloat:
    """A Python `float`: known while compiling, or a double in the IR; it takes the type of a NumPy float that it meets.

    With the option `precision` it is always known, and becomes an exact fixed-point number when it meets one.
    """

    def __str__(self) -> str:
        return "float"


@dataclass(frozen=True)
class FixedPoint:
    """A signed fixed-point number of any width, worth `raw * 2**-fraction`; sums and products of them are exact."""

    bits: int
    fraction: int

    def __str__(self) -> str:
        return f"fixed<{self.bits},{self.fraction}>"

    @property
    def minimum(self) -> int:
        """The smallest raw value."""
        return -(1 << (self.bits - 1))

    @property
    def maximum(self) -> int:
        """The largest raw value."""
        return (1 << (self.bits - 1)) - 1


@dataclass(frozen=True)
class SquareRoot:
    """The float64 square root of an integer of type `of`, kept as that integer until a cast takes its floor."""

    of: Integer | PythonInt

    def __str__(self) -> str:
        return "float64"


class WideInteger(Integer):
    """A signed integer of 65 bits, for a variable that is a u64 on one path and a Python integer on another."""

    def __post_init__(self):
        assert (self.bits, self.signed) == (65, True)


NumberType = Integer | Bool | Float | PythonInt | PythonBool | PythonFloat | FixedPoint | SquareRoot
PYTHON_INT, PYTHON_BOOL, PYTHON_FLOAT = PythonInt(), PythonBool(), PythonFloat()
WEAK = (PythonInt, PythonBool)
TRUTH = (Bool, PythonBool)


def ir_type_of(type_: NumberType) -> Attribute:
    """The IR type of a number that is not known while compiling."""
    match type_:
        case PythonInt():
            return IndexType()
        case PythonBool() | Bool():
            return IntegerType(1)
        case Integer() | FixedPoint():
            return IntegerType(type_.bits)
        case Float():
            return ir_float(type_.format)
        case PythonFloat():
            return ir_float(f64.format)
        case SquareRoot():
            return ir_type_of(type_.of)
    raise AssertionError(f"{type_} has no IR type")


def number_type(scalar: Integer | Bool | Fixed | Float) -> Integer | Bool | FixedPoint | Float:
    """The type of a number that is read from a parameter or array of type `scalar`."""
    return FixedPoint(scalar.bits, scalar.fraction) if isinstance(scalar, Fixed) else scalar


@dataclass(frozen=True)
class Number:
    """A scalar: its term in the tree, or its value if it is known while compiling (raw for fixed point)."""

    type: NumberType
    term: TypedTerm | None = None
    constant: int | float | None = None
    linear: Linear | None = None
    """For Python integers: the value as a linear expression, for bounds."""
    possible_types: tuple[Number, ...] = ()
    """For a variable whose type depends on the path: what it may be, only types and the values of Python integers.
    `type` holds them all; arithmetic is allowed where it gives the same whichever of them it is."""

    def __eq__(self, other: object) -> bool:
        """Zeros of both signs are two numbers."""
        mine = self.type, self.term, self.linear, self.possible_types
        return (
            isinstance(other, Number)
            and self.has_constant_of(other)
            and mine == (other.type, other.term, other.linear, other.possible_types)
        )

    def has_constant_of(self, other: Number) -> bool:
        """Whether both are known to have the same value, or neither is known."""
        a, b = self.constant, other.constant
        return a == b and (not isinstance(a, float) or not isinstance(b, float) or copysign(1, a) == copysign(1, b))

    @property
    def known(self) -> int:
        """The integer value known while compiling."""
        assert isinstance(self.constant, int)
        return self.constant

    @property
    def known_float(self) -> float:
        """The value known while compiling as a float, of a number that is not fixed point; zeros keep their sign."""
        assert self.constant is not None
        return float(self.constant)

    @property
    def is_known(self) -> bool:
        """Whether the value is known while compiling."""
        return self.constant is not None


def python_int(value: int) -> Number:
    """A Python integer known while compiling."""
    return Number(PYTHON_INT, constant=value, linear=Linear(value))


def python_bool(value: bool) -> Number:
    """A Python truth value known while compiling."""
    return Number(PYTHON_BOOL, constant=int(value))


@dataclass(frozen=True)
class Tuple:
    """A tuple or list of values, known in length; lists cannot be changed."""

    items: tuple[Value, ...]


@dataclass(frozen=True)
class PythonObject:
    """Any other Python object known while compiling: a module, function, dtype, string, None."""

    value: object


@dataclass(eq=False)
class Frame:
    """A function being compiled, inlined ones included."""

    name: str
    source: SourceFile
    liveness: Liveness
    lookup: Callable[[str], Value | None]
    """Finds a name that the function does not assign: of its closure, its module or Python."""
    code: object = None
    """What identifies the function, to find recursion."""
    body: list[ast.stmt] = field(default_factory=list)
    names: dict[str, Value] = field(default_factory=dict)
    formats: dict[str, FixedPoint] = field(default_factory=dict)
    """The fixed-point formats of local variables: those of their first assignments."""
    counters: dict[str, TypedTerm] = field(default_factory=dict)
    """What counts the loops that are running, by the names that count or follow it."""
    own: frozenset[str] = frozenset()
    """The names that the function assigns anywhere, its parameters among them."""


@dataclass(frozen=True, eq=False)
class LocalFunction:
    """A function or lambda defined inside the compiled function."""

    node: ast.FunctionDef | ast.Lambda
    frame: Frame


@dataclass(frozen=True, eq=False)
class Method:
    """A method of an array or number, before its call."""

    owner: Value
    name: str


@dataclass(frozen=True)
class SliceIndex:
    """A slice in a subscript."""

    start: Value | None
    stop: Value | None
    step: Value | None


@dataclass(frozen=True)
class RangeObject:
    """A `range`: its bounds and step as Python integers."""

    start: Number
    stop: Number
    step: Number


@dataclass(frozen=True)
class DirectedIterator:
    """A `range` with what is said about the loop over it."""

    iterated: RangeObject
    directives: tuple[tuple[str, int], ...] = ()
    """Kinds of decisions and their values."""


@dataclass(frozen=True)
class ZippedIterator:
    """`enumerate`, `zip` or `reversed` of what can be iterated over, before a loop takes it."""

    kind: str
    parts: tuple[Value, ...]
    start: Number = field(default_factory=lambda: python_int(0))


@dataclass(frozen=True)
class Unbound:
    """A name that has no value on some path to here."""

    reason: str
    remedy: str | None = None


ElementType = Integer | Bool | FixedPoint | Float

PARAMETER, LOCAL, TABLE, OUTSIDE = "parameter", "local", "table", "outside"
"""Kinds of memory: of the caller; of the function; of the function and filled with constants, a ROM unless it is
stored to; a constant of the function's surroundings, which it must not change."""


@dataclass(eq=False)
class Buffer:
    """A memory: its term in the tree, and what the front end knows of it."""

    term: TypedTerm
    element: ElementType
    shape: tuple[int, ...]
    kind: str
    name: str
    contents: np.ndarray | None = None
    """The raw elements of a table."""
    origin: LocalArray | ConstantTable | None = None
    """The node that makes it; None for a parameter."""

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)


class ArrayValue:
    """An array: a view of memory, or an expression over arrays whose elements are computed when they are asked for."""

    type: NumberType
    shape: tuple[int, ...]

    def reads(self) -> Iterator[tuple[ArrayView, bool]]:
        """The memory that an element depends on: a view, and whether only its element at the same indices is read."""
        raise NotImplementedError


@dataclass(frozen=True)
class AxisIndex:
    """One index into the memory: `offset + sum(step * index of axis)` over the axes of the view."""

    offset: Number
    terms: tuple[tuple[int, int], ...] = ()


@dataclass(eq=False)
class ArrayView(ArrayValue):
    """A window on a memory. `flat` views index it as if it were one-dimensional."""

    buffer: Buffer
    shape: tuple[int, ...]
    places: tuple[AxisIndex, ...]
    flat: bool = False

    @property
    def type(self) -> NumberType:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The type of the elements."""
        return self.buffer.element

    def reads(self) -> Iterator[tuple[ArrayView, bool]]:
        yield self, True

    @property
    def is_whole(self) -> bool:
        """Whether the view is the memory itself."""
        return not self.flat and self.shape == self.buffer.shape and self.places == whole(self.buffer).places


def whole(buffer: Buffer) -> ArrayView:
    """The view of a whole memory."""
    places = tuple(AxisIndex(python_int(0), ((axis, 1),)) for axis in range(len(buffer.shape)))
    return ArrayView(buffer, buffer.shape, places)


@dataclass(eq=False)
class LazyArray(ArrayValue):
    """An array whose elements `compute` gives. It is evaluated within the statement that it stands in."""

    type: NumberType
    shape: tuple[int, ...]
    compute: Callable[[Sequence[Number]], Number]
    sources: tuple[tuple[ArrayView, bool], ...]
    """What an element reads: a view, and whether only at the same indices."""
    made_at: int
    """The number of stores elaborated before it was made; a later store to a source would come too early."""
    location: LocationAttr
    cheap: bool = False
    """Whether computing an element twice costs nothing worth a memory."""

    def reads(self) -> Iterator[tuple[ArrayView, bool]]:
        yield from self.sources


Value = (
    Number
    | Tuple
    | PythonObject
    | LocalFunction
    | Method
    | SliceIndex
    | RangeObject
    | DirectedIterator
    | ZippedIterator
    | Unbound
    | ArrayValue
)


def kind_of(value: object) -> str:
    """How error messages call the kind of a value."""
    match value:
        case Number():
            return str(value.type)
        case Tuple():
            return "a tuple"
        case PythonObject(value=None):
            return "None"
        case PythonObject(value=known):
            return f"{type(known).__name__} {getattr(known, '__name__', known)}"
        case LocalFunction() | Method():
            return "a function"
        case RangeObject() | DirectedIterator() | ZippedIterator():
            return "an iterator"
        case SliceIndex():
            return "a slice"
        case Unbound():
            return "no value"
        case ArrayValue():
            return f"an array of {value.type}"
    return type(value).__name__
