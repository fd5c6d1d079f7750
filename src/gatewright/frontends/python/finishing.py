"""Finish the tree of a function: its results at their ports, and its constant tables."""

from __future__ import annotations

from gatewright.errors import InterfaceError
from gatewright.frontends.python.arrays import fill_array
from gatewright.frontends.python.casts import convert, scalar_type
from gatewright.frontends.python.conversion import ROOT_REMEDY, root_type, term_of
from gatewright.frontends.python.elaboration import RESULT, Elaboration
from gatewright.frontends.python.memory import memref_type
from gatewright.frontends.python.tree import ConstantTable, LocalArray, TreeBody, TreeNode, TypedTerm, used
from gatewright.frontends.python.values import (
    LOCAL,
    OUTSIDE,
    TABLE,
    ArrayView,
    Buffer,
    ElementType,
    FixedPoint,
    Number,
    NumberType,
    PythonBool,
    PythonFloat,
    PythonInt,
    PythonObject,
    SquareRoot,
    Tuple,
    Unbound,
    Value,
    WideInteger,
    kind_of,
    number_type,
    whole,
)
from gatewright.ir.interface import Result, result_name
from gatewright.numbers import types
from gatewright.numbers.types import Array, Bool, Fixed, Float, Integer, Scalar

WIDEST_PORT = 64


def result_values(state: Elaboration) -> list[Number | ArrayView]:
    """What the function returns: numbers and arrays."""
    value = state.frame.names[RESULT]
    if isinstance(value, PythonObject) and value.value is None:
        return []
    items = value.items if isinstance(value, Tuple) else (value,)
    found: list[Number | ArrayView] = []
    for item in items:
        if isinstance(item, Unbound):
            reason = item.reason.replace(RESULT, "the result")
            raise state.unsupported(reason, remedy="return values of one type on every path")
        if not isinstance(item, (Number, ArrayView)):
            raise state.unsupported(
                f"a function cannot return {_spoken(item)}", remedy="return numbers and arrays, several as a tuple"
            )
        found.append(item)
    return found


def _spoken(value: Value) -> str:
    return "a tuple inside a tuple" if isinstance(value, Tuple) else kind_of(value)


def port_scalar(state: Elaboration, type_: NumberType, wanted: object) -> Scalar:
    """The type of a port for a number: its own, or for fixed point and Python numbers the annotated one.

    A fixed-point number of more than 64 bits loses its lowest bits.
    """
    if isinstance(type_, SquareRoot) and state.options.precision is not None:
        raise state.unsupported("a square root is floating point", remedy=ROOT_REMEDY)
    if isinstance(type_, WideInteger):
        raise state.unsupported(
            "the result is u64 on one path and a Python integer on another", remedy="convert it with np.uint64(x)"
        )
    own: Scalar
    match type_:
        case Integer() | Bool() | Float():
            own = type_
        case PythonFloat() if state.options.precision is None:
            own = types.f64
        case SquareRoot() if state.options.precision is None:
            own = root_type(type_)
        case PythonInt():
            own = types.i64
        case PythonBool():
            own = types.bool_
        case FixedPoint():
            excess = max(0, type_.bits - WIDEST_PORT)
            own = Fixed(type_.bits - excess, type_.fraction - excess)
        case _:
            default = scalar_type(state, types.f64)
            assert isinstance(default, FixedPoint)
            own = Fixed(default.bits, default.fraction)
    if not isinstance(wanted, Scalar) or wanted == own:
        return own
    if isinstance(own, Fixed) or (isinstance(type_, (PythonInt, PythonBool)) and isinstance(wanted, (Integer, Bool))):
        return wanted
    if isinstance(type_, PythonFloat) and isinstance(wanted, Float):
        return wanted
    raise InterfaceError(
        f"{state.frame.name} returns {own}, but is annotated with {wanted}",
        where=state.here,
        remedy=f"convert the result, or annotate it with {own}",
    )


def elaborate_results(state: Elaboration, annotation: object) -> tuple[list[Result], list[TypedTerm]]:
    """Bring the results to their ports: the results, and the scalars that the function returns."""
    values = result_values(state)
    wanted = annotation if isinstance(annotation, tuple) else (annotation,)
    wanted = wanted if len(wanted) == len(values) else (None,) * len(values)
    results, returned, taken = [], [], set()
    for position, (value, annotated) in enumerate(zip(values, wanted, strict=True)):
        name = result_name(position, len(values))
        element = annotated.element if isinstance(annotated, Array) else annotated
        scalar = port_scalar(state, value.type, element)
        assert isinstance(scalar, (Integer, Bool, Fixed, Float))
        if isinstance(value, Number):
            returned.append(term_of(state, convert(state, value, number_type(scalar))))
            results.append(Result(name, scalar))
        else:
            _array_result(state, value, number_type(scalar), name, taken)
            results.append(Result(name, Array(scalar, value.shape)))
    return results, returned


def _array_result(state: Elaboration, view: ArrayView, element: ElementType, name: str, taken: set[Buffer]) -> None:
    """Let a result array be the memory of the caller: a local array is made there, anything else is copied."""
    entry, buffer = state.builder.entry, view.buffer
    if view.is_whole and buffer.kind == LOCAL and buffer not in taken and buffer.element == element:
        taken.add(buffer)
        assert isinstance(buffer.origin, LocalArray)
        state.builder.head.remove(buffer.origin)
        buffer.term.node, buffer.term.name, buffer.origin = None, None, None
        buffer.term.hint(name)
        entry.parameters.append(buffer.term)
        return
    argument = entry.parameter(memref_type(element, view.shape))
    argument.hint(name)
    result = Buffer(argument, element, view.shape, LOCAL, name)
    fill_array(state, whole(result), view)


def place_tables(state: Elaboration, reserved: str) -> dict[str, Buffer]:
    """The constant tables in use, by the names that they get; one that is stored to becomes a memory filled from it.

    `reserved` is the name of the function, which no table may have.
    """
    builder = state.builder
    written = {buffer for buffer, _ in state.stores}
    taken = used([builder.entry])
    globals_: dict[object, str] = {}
    tables: dict[str, Buffer] = {}
    filled: dict[TreeNode, list[TreeNode]] = {}
    for buffer in state.buffers:
        if buffer.kind not in (TABLE, OUTSIDE) or buffer.term not in taken:
            continue
        assert isinstance(buffer.origin, ConstantTable)
        symbol = _symbol(buffer, globals_, reserved)
        tables.setdefault(symbol, buffer)
        if buffer in written:
            filled[buffer.origin] = _filling(state, buffer, buffer.origin, symbol)
        else:
            buffer.origin.symbol = symbol
    for body in builder.entry.walk():
        body.nodes = [each for node in body.nodes for each in filled.get(node, (node,))]
    builder.entry.nodes[:0] = builder.head
    return tables


def _symbol(buffer: Buffer, globals_: dict[object, str], reserved: str) -> str:
    """The name of the constant that holds a table; equal tables share one."""
    assert buffer.contents is not None
    key = (buffer.element, buffer.shape, tuple(int(value) for value in buffer.contents.ravel()))
    if key not in globals_:
        name, names = buffer.name, {reserved, *globals_.values()}
        count = 0
        while name in names:
            count += 1
            name = f"{buffer.name}_{count}"
        globals_[key] = name
    return globals_[key]


def _filling(state: Elaboration, buffer: Buffer, table: ConstantTable, symbol: str) -> list[TreeNode]:
    """Make a memory of the function of a table that is stored to: the nodes that fill it where the table stood."""
    memory = LocalArray(buffer.term)
    state.builder.location = table.location
    state.builder.add_at_head(memory)
    source = ConstantTable(TypedTerm(memref_type(buffer.element, buffer.shape)), symbol)
    with state.builder.apart(TreeBody()) as body:
        state.builder.add(source)
        rom = Buffer(source.result, buffer.element, buffer.shape, OUTSIDE, buffer.name, buffer.contents, source)
        ram = Buffer(buffer.term, buffer.element, buffer.shape, LOCAL, buffer.name, origin=memory)
        fill_array(state, whole(ram), whole(rom))
    return body.nodes
