"""Finish a function: its results, its constant tables as globals, and nothing that nobody uses."""

from __future__ import annotations

from xdsl.dialects import memref
from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import Rewriter
from xdsl.transforms.dead_code_elimination import dce

from gatewright.errors import InterfaceError
from gatewright.frontends.python.arrays import fill_array
from gatewright.frontends.python.builder import hint
from gatewright.frontends.python.casts import convert, scalar_type
from gatewright.frontends.python.conversion import ROOT_REMEDY, root_type, ssa_of
from gatewright.frontends.python.elaboration import RESULT, Elaboration
from gatewright.frontends.python.memory import global_for, memref_type
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


def emit_results(state: Elaboration, annotation: object) -> tuple[list[Result], list[SSAValue]]:
    """Emit what brings the results to their ports: the results, and the scalars that the function returns."""
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
            returned.append(ssa_of(state, convert(state, value, number_type(scalar))))
            results.append(Result(name, scalar))
        else:
            _array_result(state, value, number_type(scalar), name, taken)
            results.append(Result(name, Array(scalar, value.shape)))
    return results, returned


def _array_result(state: Elaboration, view: ArrayView, element: ElementType, name: str, taken: set[Buffer]) -> None:
    """Let a result array be the memory of the caller: a local array is made there, anything else is copied."""
    entry, buffer = state.builder.entry, view.buffer
    argument = entry.insert_arg(memref_type(element, view.shape), len(entry.args))
    hint(argument, name)
    if view.is_whole and buffer.kind == LOCAL and buffer not in taken and buffer.element == element:
        taken.add(buffer)
        buffer.ref.replace_all_uses_with(argument)
        buffer.ref = argument
        return
    result = Buffer(argument, element, view.shape, LOCAL, name)
    fill_array(state, whole(result), view)


def place_tables(state: Elaboration, module: ModuleOp, reserved: str) -> None:
    """Make a `memref.global` of every constant table in use; one that is stored to becomes a memory filled from it."""
    written = {buffer for buffer, _ in state.stores}
    globals_: dict[object, str] = {}
    for buffer in state.buffers:
        if buffer.kind not in (TABLE, OUTSIDE) or buffer.ref.first_use is None:
            continue
        if buffer in written:
            _make_writable(state, buffer, module, globals_, reserved)
        else:
            assert isinstance(buffer.anchor, memref.GetGlobalOp)
            buffer.anchor.properties["name"] = SymbolRefAttr(_global(buffer, module, globals_, reserved))


def _global(buffer: Buffer, module: ModuleOp, globals_: dict[object, str], reserved: str) -> str:
    """The name of the global that holds a table; equal tables share one."""
    assert buffer.contents is not None
    key = (buffer.element, buffer.shape, tuple(int(value) for value in buffer.contents.ravel()))
    if key not in globals_:
        name, names = buffer.name, {reserved, *globals_.values()}
        count = 0
        while name in names:
            count += 1
            name = f"{buffer.name}_{count}"
        globals_[key] = name
        first = module.body.block.first_op
        operation = global_for(name, buffer.element, buffer.contents)
        if first is None:
            module.body.block.add_op(operation)
        else:
            module.body.block.insert_op_before(operation, first)
    return globals_[key]


def _make_writable(
    state: Elaboration, buffer: Buffer, module: ModuleOp, globals_: dict[object, str], reserved: str
) -> None:
    anchor, block = buffer.anchor, Block()
    assert anchor is not None and anchor.parent is not None
    memory = memref.AllocOp((), (), memref_type(buffer.element, buffer.shape))
    state.builder.location = anchor.location
    state.builder.insert_at_head(memory)
    buffer.ref.replace_all_uses_with(memory.memref)
    with state.builder.apart(block):
        source = memref.GetGlobalOp(
            _global(buffer, module, globals_, reserved), memref_type(buffer.element, buffer.shape)
        )
        state.builder.insert(source)
        rom = Buffer(source.memref, buffer.element, buffer.shape, OUTSIDE, buffer.name, buffer.contents)
        ram = Buffer(memory.memref, buffer.element, buffer.shape, LOCAL, buffer.name)
        fill_array(state, whole(ram), whole(rom))
    filling: list[Operation] = list(block.ops)
    for operation in filling:
        operation.detach()
    anchor.parent.insert_ops_before(filling, anchor)
    anchor.detach()


def sweep(module: ModuleOp) -> None:
    """Remove operations whose results nobody uses, and memories that nobody reads."""
    dce(module)
    for operation in list(module.walk()):
        if isinstance(operation, memref.AllocOp) and all(_only_fills(use.operation) for use in operation.memref.uses):
            for use in list(operation.memref.uses):
                Rewriter.erase_op(use.operation)
            Rewriter.erase_op(operation)
    dce(module)


def _only_fills(user: Operation) -> bool:
    return isinstance(user, memref.StoreOp)
