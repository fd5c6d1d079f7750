"""Bind what a schedule computes to hardware: operations to units, arrays to memories, results to registers."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, MemRefType, ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from gatewright.dialects.loopschedule.calls import calls_of
from gatewright.dialects.loopschedule.ops import LoopOp, PipelineStageOp, StepOp, latency_of
from gatewright.dialects.notes import LATENCY, MEMORY, OPERATOR, PORT, REGISTERS, UNIT, MemoryAttr
from gatewright.errors import IrError
from gatewright.hardware.top import legal_name
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.float_operations import float_operation
from gatewright.ir.floats import scalar_bits
from gatewright.ir.location import source_location
from gatewright.ir.operator_notes import operator_attribute, operator_of, showing_unit
from gatewright.ir.program import public_function
from gatewright.machine.lifetimes import registers_of
from gatewright.machine.occupancy import array_label, array_of, port_of
from gatewright.operators.library import Operator, OperatorLibrary
from gatewright.transforms.rtl.interface import constant_array, ports_of_values, top_name


@dataclass(frozen=True)
class BindPass(ModulePass):
    """Say which unit executes each operation and how many registers keep its result, and which memory each array is.

    ```
    func.func @f(%a: memref<8xi32>) {           func.func @f(%a: memref<8xi32> {gw.memory = #gw.memory<"a", read>}) {
      %b = memref.alloc() : memref<8xi32>         %b = memref.alloc() {gw.memory = #gw.memory<"b", read, write>}
      ...                                  ->     ...
      arith.muli %x, %y {gw.latency = 2}          arith.muli %x, %y {gw.operator = #gw.operator<...>, gw.unit = 0,
                                                                     gw.registers = 1}
    ```

    What the schedule has bound stays as it is; an operation that takes time and shares no unit gets one of its own. The
    schedule still runs, and takes as many cycles. Raises IrError where no operator of the library takes the time of an
    operation, or where some accesses of an array say their port and others do not.
    """

    name = "bind"

    clock_mhz: float = 100.0
    target: str = "generic"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        function = public_function(op)
        if (call := next(calls_of(function), None)) is not None:
            raise IrError(
                f"@{call.callee.string_value()} is called",
                where=source_location(call),
                why="a unit and a memory are those of one function",
                remedy="inline-calls, before bind",
            )
        library = OperatorLibrary(self.target, self.clock_mhz)
        _Units(library).bind(function)
        _Memories(op, function, top_name(function, library)).bind()
        for each, registers in registers_of(function, lambda op: showing_unit(op, library)).items():
            REGISTERS.set(each, registers)


class _Units:
    """Binds operations to units."""

    def __init__(self, library: OperatorLibrary):
        self._library = library

    def bind(self, function: func.FuncOp) -> None:
        """Bind those operations of a function that are not bound, each to a unit of its own."""
        found = [(op, operator) for op in function.walk() if (operator := self._operator(op)) is not None]
        taken: dict[str, int] = {}
        for op, operator in found:
            if (number := UNIT.value(op)) is not None:
                taken[operator.name] = max(taken.get(operator.name, 0), number + 1)
        for op, operator in found:
            if UNIT.value(op) is None and not _is_in_condition(op):
                LATENCY.drop(op)
                OPERATOR.set(op, operator_attribute(operator))
                UNIT.set(op, taken.setdefault(operator.name, 0))
                taken[operator.name] += 1

    def _operator(self, op: Operation) -> Operator | None:
        """The operator that executes an operation; None for logic of its own."""
        if isinstance(op, MemoryAccess | StepOp | LoopOp | PipelineStageOp) or not op.results:
            return None
        named, latency = OPERATOR.value(op), latency_of(op)
        if named is None and latency == 0:
            return None
        operator = operator_of(op, self._library) if named is not None else self._full_width(op)
        if operator is None:
            raise IrError(
                f"no operator executes {op.name} in {latency} cycles" + ("" if named is None else f" as {named.label}"),
                where=source_location(op),
            )
        if operator.latency != latency:
            raise IrError(
                f"{op.name} is scheduled to take {latency} cycles, its operator {operator.name} takes"
                f" {operator.latency}",
                where=source_location(op),
                remedy=f"{'gw.latency' if named is None else 'latency'} = {operator.latency}",
            )
        return operator

    def _full_width(self, op: Operation) -> Operator | None:
        """The library's operator for an operation on full-width operands, if there is one with a module."""
        bits, floating = scalar_bits(op.results[0].type), float_operation(op)
        if bits is None:
            return None
        try:
            if floating is not None:
                return self._library.float_operator(floating.kind, *floating.types)
            operator = self._library.operator(op.name.rpartition(".")[2], bits)
        except KeyError:
            return None
        return operator if operator.latency > 0 and operator.kind != "load" else None


def _is_in_condition(op: Operation) -> bool:
    """Whether an operation is in the condition of a loop, which is logic: it is there twice, of two iterations."""
    loop = op.parent_op()
    return isinstance(loop, LoopOp) and op.parent is loop.condition.block


class _Memories:
    """Binds arrays to memories."""

    def __init__(self, module: ModuleOp, function: func.FuncOp, top: str):
        self._module, self._function, self._top = module, function, top
        self._accesses: dict[Hashable, list[MemoryAccess]] = {}
        for op in function.walk():
            if isinstance(op, MemoryAccess):
                self._accesses.setdefault(array_of(op), []).append(op)
        self._names: set[str] = set()

    def bind(self) -> None:
        """Bind all arrays of the function."""
        for accesses in self._accesses.values():
            _check_ports(accesses)
        self._bind_arguments()
        constant: dict[str, MemoryAttr] = {}
        for op in self._function.body.block.ops:
            if isinstance(op, memref.AllocOp | memref.AllocaOp):
                MEMORY.set(op, self._memory(op.memref, self._name(op.memref.name_hint or "array")))
            elif isinstance(op, memref.GetGlobalOp):
                symbol = op.name_.string_value()
                constant_array(op, self._module)
                if symbol not in constant:
                    name = self._name(op.memref.name_hint or symbol)
                    constant[symbol] = self._memory(symbol, name, f"{self._top}_{name}.mem")
                MEMORY.set(op, constant[symbol])

    def _bind_arguments(self) -> None:
        function = self._function
        names, arguments = ports_of_values(function)[0], function.body.block.args
        given = list(function.arg_attrs) if function.arg_attrs is not None else [DictionaryAttr({})] * len(names)
        entries: list[DictionaryAttr] = []
        for argument, name, entry in zip(arguments, names, given, strict=True):
            assert isinstance(entry, DictionaryAttr)
            if isinstance(argument.type, MemRefType):
                self._names.add(name)
                entry = DictionaryAttr({**entry.data, MEMORY.name: self._memory(argument, name)})
            entries.append(entry)
        if self._names:
            function.arg_attrs = ArrayAttr(entries)

    def _name(self, wanted: str) -> str:
        """A name that no other memory has."""
        name = legal_name(wanted, self._names)
        self._names.add(name)
        return name

    def _memory(self, array: Hashable, name: str, image: str | None = None) -> MemoryAttr:
        accesses = self._accesses.get(array, [])
        read, written = (any(isinstance(op, kind) for op in accesses) for kind in (memref.LoadOp, memref.StoreOp))
        dual = any(PORT.of(op) is not None for op in accesses)
        return MemoryAttr(name, read=read, written=written, dual=dual, image=image)


def _check_ports(accesses: list[MemoryAccess]) -> None:
    """Refuse a schedule that says of some accesses of an array which port they use, and of others not."""
    used = {port_of(op) for op in accesses}
    if not used <= {"read port", "write port"} and not used <= {"port 0", "port 1"}:
        raise IrError(f"all accesses of {array_label(accesses[0])} name port 0 or port 1, or none of them does")
