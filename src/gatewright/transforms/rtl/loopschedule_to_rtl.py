"""Lower a scheduled program to hardware: one `hw.module` with the program's interface, and its operators' modules."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from xdsl.context import Context
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, IntegerType, MemRefType, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.traits import SymbolTable

from gatewright.devices.device import Device, device_of
from gatewright.dialects import hw, seq
from gatewright.dialects.loopschedule.calls import without_calls
from gatewright.dialects.loopschedule.ops import LoopOp, StepOp
from gatewright.dialects.notes import PORT, PORT_RESULT
from gatewright.errors import IrError, UnsupportedError
from gatewright.hardware.top import TopModule, legal_name, port_names
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.interface import signature_of
from gatewright.ir.location import source_location
from gatewright.ir.operator_notes import operator_of
from gatewright.ir.program import Program, public_function
from gatewright.machine.occupancy import array_label, array_of, port_of
from gatewright.machine.time_points import Timeline, TimePoint
from gatewright.machine.use import Use, luts_of, use_of_operator
from gatewright.operators.library import Area, OperatorLibrary
from gatewright.transforms.rtl.circuit import Circuit
from gatewright.transforms.rtl.control import Control
from gatewright.transforms.rtl.datapath import Datapath, shared_outputs
from gatewright.transforms.rtl.header import header
from gatewright.transforms.rtl.memories import LocalMemory, LocalPorts, Memory, contents_of, shape_of, word_bits
from gatewright.transforms.rtl.units import OperatorUnits
from gatewright.transforms.rtl.values import Always


@dataclass(frozen=True)
class OperatorFact:
    """A unit of an operator in the design."""

    operator: str
    kind: str
    width: int
    unit: int
    operations: int
    """How many operations share the unit."""
    area: Area
    """What the unit takes."""


@dataclass(frozen=True)
class MemoryFact:
    """A memory inside the design."""

    name: str
    words: int
    bits: int
    constant: bool
    """True for a ROM."""


@dataclass
class RtlDesign:
    """A program in hardware."""

    module: ModuleOp
    """The top `hw.module`, named as the program, and the modules of its operators."""
    top: TopModule
    device: Device
    """The family whose figures it is made for."""
    images: dict[str, np.ndarray]
    """The contents of the ROMs by the name of the file that the Verilog reads them from."""
    operators: list[OperatorFact] = field(default_factory=list)
    memories: list[MemoryFact] = field(default_factory=list)
    registers: int = 0
    """Registers of the top module, without those inside operators."""
    register_bits: int = 0
    """Bits of those registers."""

    @property
    def use(self) -> Use:
        """What the design uses of a device."""
        use = Use(
            luts=luts_of(self.module, self.device.costs),
            memory_bits=sum(each.words * each.bits for each in self.memories),
            ram_blocks=sum(self.device.ram_blocks(each.words, each.bits) for each in self.memories),
        )
        for each in self.operators:
            use += use_of_operator(each.kind, each.area)
        return use

    @property
    def header(self) -> str:
        """What to write at the head of the Verilog."""
        return header(self.top)


def loopschedule_to_rtl(program: Program, library: OperatorLibrary) -> RtlDesign:
    """Lower a program at the schedule level.

    Every cycle of the schedule is a cycle of the hardware. Raises UnsupportedError for what has no hardware, and
    IrError where an operation's latency is not that of its operator.
    """
    return _Top(program, library).lower()


@dataclass(frozen=True)
class LoopscheduleToRtlPass(ModulePass):
    """Build the hardware of a schedule: registers, memories, operators, and the tokens that start things.

    ```
    func.func @f(%a: i32) -> i32 {           hw.module @f(in %clk: !seq.clock, in %start: i1, in %a: i32,
      %r = loopschedule.step {                            out done: i1, out result: i32) {
        %s = arith.addi %a, %a         ->      %s = comb.add %a_sampled, %a_sampled : i32
        loopschedule.register %s               %s_reg = seq.compreg.ce %s, %clk, %step_active
      }                                        ...
      func.return %r                           hw.output %done, %s_reg
    ```

    Every cycle of the schedule is a cycle of the hardware. The contents of ROMs stand in files, which the module names:
    `design.save` writes them.
    """

    name = "loopschedule-to-rtl"

    clock_mhz: float = 100.0
    target: str = "generic"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        program = Program("schedule", op, public_function(op).sym_name.data)
        design = loopschedule_to_rtl(program, OperatorLibrary(self.target, self.clock_mhz))
        op.regions[0].detach_block(0)
        op.regions[0].add_block(design.module.regions[0].detach_block(0))


class _Top:
    """Builds the top module of a program."""

    def __init__(self, program: Program, library: OperatorLibrary):
        self.program, self.library = program, library
        self.function = without_calls(program.function, program.module)
        self.names, self.returned = _ports_of_values(self.function)
        self.top = self._interface()
        self.arrays = {array.name: array for array in self.top.arrays}
        self.circuit = Circuit(hw.module(self.top.name, _ports(self.top)))
        self.units = OperatorUnits(self.circuit, library)
        self.outside: dict[str, Memory] = {}
        self.inside: list[tuple[LocalMemory, bool]] = []
        self.images: dict[str, np.ndarray] = {}
        self.constant_arrays: dict[str, SSAValue] = {}
        self.datapath = Datapath(self.circuit, self.units, {}, shared_outputs(self.function, self.units))

    def lower(self) -> RtlDesign:
        """Build everything."""
        circuit = self.circuit
        busy = circuit.register("busy", 1, reset=True)
        ready = circuit.invert(busy.value)
        accepted = circuit.name(circuit.all_of(circuit.inputs["start"], ready), "accepted")
        self._parameters(accepted)
        self._head()
        timeline = Timeline(self.function.body.block)
        if timeline.items:
            last = Control(self.datapath).sequence(timeline, circuit.delay(accepted, 1, "first_step_active"))
            running = circuit.all_of(busy.value, circuit.invert(last))
            busy.connect(circuit.any_of(accepted, running))
        else:
            last = accepted
            busy.connect(circuit.false)
        outputs = {"ready": ready, "done": circuit.delay(last, 1, "ended")}
        outputs |= self._results(TimePoint(timeline, len(timeline.items), onwards=True))
        self.units.connect()
        for memory in self.outside.values():
            outputs |= memory.signals(self.arrays[memory.name])
        for memory, _ in self.inside:
            memory.connect()
        circuit.finish([outputs[port.name] for port in self.top.ports() if port.output])
        return self._design()

    def _interface(self) -> TopModule:
        function = self.function
        named: dict[SSAValue, str] = dict(zip(function.body.block.args, self.names, strict=True))
        accesses = [op for op in function.walk() if isinstance(op, MemoryAccess)]
        _check_ports(accesses)
        reads = frozenset(named[op.memref] for op in accesses if isinstance(op, memref.LoadOp) and op.memref in named)
        writes = frozenset(named[op.memref] for op in accesses if isinstance(op, memref.StoreOp) and op.memref in named)
        dual = frozenset(named[op.memref] for op in accesses if op.memref in named and PORT.of(op) is not None)
        found = [operator_of(op, self.library) for op in function.walk()]
        operators = {operator.name for operator in found if operator is not None}
        return TopModule(legal_name(self.program.name, operators), signature_of(function), reads, writes, dual)

    def _parameters(self, accepted: SSAValue) -> None:
        """Scalars are sampled in the cycle of the start; arrays are memories outside."""
        circuit = self.circuit
        for argument, port in zip(self.function.body.block.args, self.names, strict=True):
            if isinstance(argument.type, MemRefType):
                bits = word_bits(argument.type, self.function)
                array = self.arrays[port]
                data = {
                    name: circuit.inputs[signals["read_data"]]
                    for name in array.port_names()
                    if "read_data" in (signals := array.signals_of(name))
                }
                memory = Memory(circuit, port, shape_of(argument.type), bits, data)
                self.outside[port] = self.datapath.memories[argument] = memory
                continue
            wire = circuit.inputs[port]
            assert isinstance(wire.type, IntegerType)
            register = circuit.register(f"{port}_sampled", wire.type.width.data, enabled=True)
            register.connect(wire, accepted)
            self.datapath.sources[argument] = Always(register.value)

    def _head(self) -> None:
        """The constants and the local memories."""
        self.datapath.constants(self.function.body.block)
        for operation in self.function.body.block.ops:
            if isinstance(operation, memref.AllocOp | memref.AllocaOp):
                self._local(operation, operation.memref, self._name(operation.memref.name_hint or "array"))
            elif isinstance(operation, memref.GetGlobalOp):
                self._constant_array(operation)
            elif not isinstance(operation, StepOp | LoopOp | arith.ConstantOp | func.ReturnOp):
                raise UnsupportedError(f"{operation.name} is in no step", where=source_location(operation))

    def _name(self, wanted: str) -> str:
        """A name that no other memory has."""
        return legal_name(wanted, {*self.outside, *(local.memory.name for local, _ in self.inside)})

    def _constant_array(self, operation: memref.GetGlobalOp) -> None:
        """Make a ROM, one for each array however often the program names it."""
        symbol = operation.name_.string_value()
        if symbol not in self.constant_arrays:
            name = self._name(operation.memref.name_hint or symbol)
            image = f"{self.top.name}_{name}.mem"
            self.images[image] = self._contents(operation)
            self._local(operation, operation.memref, name, image)
            self.constant_arrays[symbol] = operation.memref
        self.datapath.memories[operation.memref] = self.datapath.memories[self.constant_arrays[symbol]]

    def _contents(self, operation: memref.GetGlobalOp) -> np.ndarray:
        found = SymbolTable.lookup_symbol(self.program.module, operation.name_)
        if not isinstance(found, memref.GlobalOp) or found.constant is None:
            raise UnsupportedError(
                f"@{operation.name_.string_value()} is not a constant array",
                where=source_location(operation),
                why="what lasts from one run to the next has no hardware",
            )
        return contents_of(found)

    def _local(self, operation: Operation, array: SSAValue, name: str, image: str | None = None) -> None:
        bits, shape = word_bits(array.type, operation), shape_of(array.type)
        uses = [op for op in self.function.walk() if isinstance(op, MemoryAccess)]
        mine = [op for op in uses if self._is(op, operation)]
        dual = any(PORT.of(op) is not None for op in mine)
        reads, writes = (any(isinstance(op, kind) for op in mine) for kind in (memref.LoadOp, memref.StoreOp))
        port = LocalPorts(name, reads, writes, dual)
        local = LocalMemory(self.circuit, port, shape, bits, image)
        self.inside.append((local, image is not None))
        self.datapath.memories[array] = local.memory

    def _is(self, access: MemoryAccess, array: Operation) -> bool:
        """Whether an access is to the array that an operation makes or names."""
        owner = access.memref.owner
        if isinstance(owner, memref.GetGlobalOp) and isinstance(array, memref.GetGlobalOp):
            return owner.name_ == array.name_
        return owner is array

    def _results(self, end: TimePoint) -> dict[str, SSAValue]:
        returned = self.function.body.block.last_op
        assert isinstance(returned, func.ReturnOp)
        return {
            port: self.datapath.read(value, end) for port, value in zip(self.returned, returned.operands, strict=True)
        }

    def _design(self) -> RtlDesign:
        block = self.circuit.block
        modules = [self.units.modules[name] for name in sorted(self.units.modules)]
        live = {op.module_name.string_value() for op in block.ops if isinstance(op, hw.InstanceOp)}
        module = ModuleOp([self.circuit.module, *(m for m in modules if m.sym_name.data in live)])
        registers = [op for op in block.ops if isinstance(op, seq.CompRegOp | seq.CompRegClockEnabledOp)]
        bits = sum(op.data.type.width.data for op in registers if isinstance(op.data.type, IntegerType))
        memories = [
            MemoryFact(local.memory.name, local.memory.words, local.memory.bits, constant)
            for local, constant in self.inside
            if local.operation.parent is block
        ]
        operators = [
            OperatorFact(
                unit.operator.name,
                unit.operator.kind,
                unit.operator.width,
                unit.number,
                len(unit.uses),
                unit.operator.area,
            )
            for _, unit in sorted(self.units.units.items())
        ]
        images = {
            op.init.filename.data: self.images[op.init.filename.data]
            for op in block.ops
            if isinstance(op, seq.FirMemOp) and op.init is not None
        }
        return RtlDesign(
            module, self.top, device_of(self.library.target), images, operators, memories, len(registers), bits
        )


def _check_ports(accesses: list[MemoryAccess]) -> None:
    """Refuse a schedule that says of some accesses of an array which port they use, and of others not."""
    ports: dict[object, set[str]] = {}
    for op in accesses:
        ports.setdefault(array_of(op), set()).add(port_of(op))
    for op in accesses:
        used = ports[array_of(op)]
        if not used <= {"read port", "write port"} and not used <= {"port 0", "port 1"}:
            raise IrError(f"all accesses of {array_label(op)} name port 0 or port 1, or none of them does")


def _ports_of_values(function: func.FuncOp) -> tuple[list[str], list[str]]:
    """The ports, or prefixes of ports, of the arguments of a function and of the values that it returns, in order."""
    parameters, results = port_names(signature_of(function))
    plain = iter(parameters)
    attributes = function.arg_attrs.data if function.arg_attrs is not None else ()
    count = len(function.function_type.inputs)
    arguments = [_result_of(entry) for entry in attributes] or [None] * count
    returned = [_result_of(entry) for entry in (function.res_attrs.data if function.res_attrs is not None else ())]
    returned = returned or [None] * len(function.function_type.outputs)
    return (
        [results[result] if result is not None else next(plain) for result in arguments],
        [results[result if result is not None else position] for position, result in enumerate(returned)],
    )


def _result_of(attributes: DictionaryAttr) -> int | None:
    """Which result of the program an argument or a returned value is."""
    number = attributes.data.get(PORT_RESULT.name)
    return number.value.data if isinstance(number, IntegerAttr) else None


def _ports(top: TopModule) -> list[hw.Port]:
    return [
        hw.Port(port.name, seq.clock if port.name == "clk" else IntegerType(port.width), port.output)
        for port in top.ports()
    ]
