"""The control of a schedule: tokens that start its operations, and registers that keep its values."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from gatewright.dialects import hw
from gatewright.dialects.loopschedule.ops import LoopOp, StepOp
from gatewright.dialects.notes import MEMORY
from gatewright.errors import UnsupportedError
from gatewright.ir.location import source_location
from gatewright.ir.operator_notes import showing_unit
from gatewright.ir.program import public_function
from gatewright.machine.lifetimes import shared_outputs
from gatewright.machine.time_points import Timeline, TimePoint
from gatewright.operators.library import OperatorLibrary
from gatewright.transforms.rtl.circuit import Circuit
from gatewright.transforms.rtl.datapath import Datapath
from gatewright.transforms.rtl.interface import bound_memory, ports_of_values, top_module
from gatewright.transforms.rtl.invocations import Invocations
from gatewright.transforms.rtl.memories import LocalMemory, LocalPorts, Memory, shape_of, word_bits
from gatewright.transforms.rtl.ports import ports_of_module
from gatewright.transforms.rtl.tokens import SequenceControl
from gatewright.transforms.rtl.values import Always


@dataclass(frozen=True)
class ControlPass(ModulePass):
    """Build the control of a schedule that is bound to hardware: tokens that start things, registers that keep values.

    ```
    func.func @f(%a: i32) -> i32 {           hw.module @f(in %clk: !seq.clock, in %start: i1, in %a: i32,
      %r = loopschedule.step {                            out done: i1, out result: i32) {
        %s = arith.muli %a, %a         ->      %s = gw.invoke "arith.muli" on 0 of ... at %step_active (%a_sampled, ...)
        loopschedule.register %s               %s_reg = seq.compreg.ce %s, %clk, %step_active
      }                                        ...
      func.return %r                           hw.output %done, %s_reg
    ```

    A token is a bit that is high in the cycle in which something starts. Every cycle of the schedule is a cycle of the
    hardware. Who uses a unit or a port of a memory, and when, is said by `gw.invoke` and `gw.request`, which `to-hw`
    joins. The contents of ROMs stand in files, which the module names: `design.save` writes them.
    """

    name = "control"

    clock_mhz: float = 100.0
    target: str = "generic"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        library = OperatorLibrary(self.target, self.clock_mhz)
        module = _Top(public_function(op), library).lower()
        for each in list(op.ops):
            each.detach()
            each.drop_all_references()
        op.body.block.add_op(module)


class _Top:
    """Builds the top module of a program."""

    def __init__(self, function: func.FuncOp, library: OperatorLibrary):
        self.function = function
        self.names, self.returned = ports_of_values(function)
        self.top = top_module(function, library)
        self.arrays = {array.name: array for array in self.top.arrays}
        self.circuit = Circuit(hw.module(self.top.name, ports_of_module(self.top)))
        self.outside: dict[str, Memory] = {}
        self.inside: dict[str, LocalMemory] = {}
        invocations = Invocations(self.circuit, library)
        self.datapath = Datapath(
            self.circuit, invocations, {}, shared_outputs(function, lambda op: showing_unit(op, library))
        )

    def lower(self) -> hw.HWModuleOp:
        """Build everything."""
        circuit = self.circuit
        busy = circuit.register("busy", 1, reset=True)
        ready = circuit.invert(busy.value)
        accepted = circuit.name(circuit.all_of(circuit.inputs["start"], ready), "accepted")
        self._parameters(accepted)
        self._head()
        timeline = Timeline(self.function.body.block)
        if timeline.items:
            last = SequenceControl(self.datapath).sequence(timeline, circuit.delay(accepted, 1, "first_step_active"))
            running = circuit.all_of(busy.value, circuit.invert(last))
            busy.connect(circuit.any_of(accepted, running))
        else:
            last = accepted
            busy.connect(circuit.false)
        outputs = {"ready": ready, "done": circuit.delay(last, 1, "ended")}
        outputs |= self._results(TimePoint(timeline, len(timeline.items), onwards=True))
        for name, memory in self.outside.items():
            outputs |= {
                signal: memory.signal(kind, port, signal)
                for port in self.arrays[name].port_names()
                for kind, signal in self.arrays[name].signals_of(port).items()
                if kind != "read_data"
            }
        for local in self.inside.values():
            local.connect()
        circuit.finish([outputs[port.name] for port in self.top.ports() if port.output])
        return circuit.module

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
            if isinstance(operation, memref.AllocOp | memref.AllocaOp | memref.GetGlobalOp):
                self._local(operation, operation.memref)
            elif not isinstance(operation, StepOp | LoopOp | arith.ConstantOp | func.ReturnOp):
                raise UnsupportedError(f"{operation.name} is in no step", where=source_location(operation))

    def _local(self, operation: Operation, array: SSAValue) -> None:
        """Make a memory; one for each constant array, however often the program names it."""
        bound = bound_memory(MEMORY.value(operation), array)
        name = bound.called.data
        if name not in self.inside:
            bits, shape = word_bits(array.type, operation), shape_of(array.type)
            ports = LocalPorts(name, bound.has("read"), bound.has("write"), bound.has("dual"))
            image = bound.image.data if isinstance(bound.image, StringAttr) else None
            self.inside[name] = LocalMemory(self.circuit, ports, shape, bits, image)
        self.datapath.memories[array] = self.inside[name].memory

    def _results(self, end: TimePoint) -> dict[str, SSAValue]:
        returned = self.function.body.block.last_op
        assert isinstance(returned, func.ReturnOp)
        return {
            port: self.datapath.read(value, end) for port, value in zip(self.returned, returned.operands, strict=True)
        }
