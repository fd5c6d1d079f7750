"""Join what shares hardware: the invocations of a unit to an instance, the requests to a port to its signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from gatewright.dialects import hw, seq
from gatewright.dialects.gw import InvokeOp, PortSignalOp, RequestOp
from gatewright.dialects.notes import OperatorAttr
from gatewright.errors import IrError
from gatewright.operators.library import Operator, OperatorLibrary
from gatewright.transforms.rtl.arithmetic import logic_of
from gatewright.transforms.rtl.circuit import Circuit, width
from gatewright.transforms.rtl.operator_modules import build


@dataclass(frozen=True)
class ToHwPass(ModulePass):
    """Make hardware of what is to be shared in time, and add the modules of the operators.

    ```
    %p = gw.invoke "arith.muli" on 0 of #m at %s (%a, %b)      %x = comb.mux %s, %a, %c
    %q = gw.invoke "arith.muli" on 0 of #m at %t (%c, %d)  ->  %y = comb.mux %s, %b, %d
                                                               %r = hw.instance "m_unit0" @m(a: %x, b: %y)
    ```

    Of the tokens of a unit, or of a port of a memory, at most one is high in a cycle: each chooses its operands. What
    no output needs is gone afterwards.
    """

    name = "to-hw"

    clock_mhz: float = 100.0
    target: str = "generic"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        library = OperatorLibrary(self.target, self.clock_mhz)
        for module in [each for each in op.ops if isinstance(each, hw.HWModuleOp)]:
            modules = _Sharing(module, library).lower()
            op.body.block.add_ops(modules[name] for name in sorted(modules))


@dataclass
class _Unit:
    """One piece of hardware of a kind, and who uses it."""

    operator: Operator
    number: int
    uses: list[InvokeOp] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the instance."""
        return f"{self.operator.name}_unit{self.number}"

    @property
    def operands(self) -> list[list[tuple[SSAValue, SSAValue]]]:
        """For each operand what it may be: the token with which, and the value."""
        return [[(use.token, value) for use, value in zip(self.uses, values, strict=True)] for values in self._values]

    @property
    def _values(self) -> list[tuple[SSAValue, ...]]:
        return list(zip(*(use.inputs for use in self.uses), strict=True))


class _Sharing:
    """Joins the uses of units and ports in one module."""

    def __init__(self, module: hw.HWModuleOp, library: OperatorLibrary):
        self._library = library
        self._circuit, self._outputs = Circuit.reopened(module)
        self._modules: dict[str, hw.HWModuleOp] = {}

    def lower(self) -> dict[str, hw.HWModuleOp]:
        """Join everything; the modules of the operators that are left, by name."""
        ops = list(self._circuit.block.ops)
        for unit in self._units([op for op in ops if isinstance(op, InvokeOp)]):
            if unit.operator.latency == 0:
                self._logic(unit)
            else:
                self._instance(unit)
        requests: dict[tuple[str, str], list[RequestOp]] = {}
        for op in ops:
            if isinstance(op, RequestOp):
                requests.setdefault((op.memory.data, op.port.data), []).append(op)
        for op in ops:
            if isinstance(op, PortSignalOp):
                self._replace(op, self._signal(op, requests.get((op.memory.data, op.port.data), [])))
        for op in ops:
            if isinstance(op, InvokeOp | PortSignalOp | RequestOp):
                op.detach()
                op.drop_all_references()
        self._circuit.finish(self._outputs)
        live = {op.module_name.string_value() for op in self._circuit.block.ops if isinstance(op, hw.InstanceOp)}
        return {name: module for name, module in self._modules.items() if name in live}

    def _units(self, invocations: Sequence[InvokeOp]) -> list[_Unit]:
        units: dict[tuple[OperatorAttr, int], _Unit] = {}
        for each in invocations:
            key = each.operator, each.unit.value.data
            if key not in units:
                operator = self._library.find(each.operator.kind.data, [str(type_) for type_ in each.operator.types])
                if operator is None or operator.latency != each.operator.latency.data:
                    raise IrError(
                        f"{self._library.target} at {self._library.clock_mhz:g} MHz has no operator"
                        f" {each.operator.label} of latency {each.operator.latency.data}",
                        remedy="give bind, control and to-hw one target and one clock",
                    )
                units[key] = _Unit(operator, each.unit.value.data)
            units[key].uses.append(each)
        return list(units.values())

    def _instance(self, unit: _Unit) -> None:
        """A unit as an instance of the module of its operator."""
        circuit, operator = self._circuit, unit.operator
        if operator.name not in self._modules:
            self._modules[operator.name] = build(operator, self._library)
        ports = self._modules[operator.name].module_type.ports
        names = [port.port_name.data for port in ports if port.dir.data.is_input_like()]
        given: dict[str, SSAValue] = {"clk": circuit.clk, "rst": circuit.rst}
        if operator.needs_start:
            given["start"] = circuit.any_of(*(use.token for use in unit.uses))
        data = [name for name in names if name not in ("clk", "rst", "start")]
        for name, choices in zip(data, unit.operands, strict=True):
            given[name] = circuit.name(circuit.select(choices), f"{unit.name}_{name}")
        inputs = [(name, given[name]) for name in names]
        instance = circuit.instance(unit.name, operator.name, inputs, ("result", operator.width))
        instance.outputs[0].name_hint = f"{unit.name}_result"
        for use in unit.uses:
            self._replace(use, instance.outputs[0])

    def _logic(self, unit: _Unit) -> None:
        """Logic is shared by choosing its operands, unless that would close a loop of logic.

        Such a loop is never active, since its parts are for different cycles, but tools refuse it; the operations then
        get logic of their own.
        """
        circuit, uses = self._circuit, unit.uses
        if len(uses) > 1 and all(use.operation == uses[0].operation for use in uses):
            reached = _logic_behind([value for use in uses for value in use.operands])
            if not any(use.result in reached for use in uses):
                result = self._compute(uses[0], [circuit.select(choices) for choices in unit.operands])
                for use in uses:
                    self._replace(use, result)
                return
        for use in uses:
            self._replace(use, self._compute(use, list(use.inputs)))

    def _compute(self, use: InvokeOp, operands: list[SSAValue]) -> SSAValue:
        build_logic = logic_of(use.operation.data)
        if build_logic is None:
            raise IrError(f"there is no logic for {use.operation.data}, which {use.operator.label} executes at once")
        return build_logic(self._circuit, *operands)

    def _signal(self, signal: PortSignalOp, requests: Sequence[RequestOp]) -> SSAValue:
        """What drives a signal of a port, from the requests to the port."""
        circuit, bits = self._circuit, width(signal.result)
        stores = [(each.token, each.word) for each in requests if each.word is not None]
        match signal.signal.data:
            case "address":
                loads = [(each.token, each.address) for each in requests if each.word is None]
                choices = [*loads, *((each.token, each.address) for each in requests if each.word is not None)]
                return circuit.select(choices) if choices else circuit.constant(0, bits)
            case "write_data":
                return circuit.select(stores) if stores else circuit.constant(0, bits)
            case "enable":
                return self._any_of([each.token for each in requests])
            case "write_enable":
                return self._any_of([token for token, _ in stores])
            case "read_enable":
                writes = self._any_of([token for token, _ in stores])
                return circuit.all_of(self._any_of([each.token for each in requests]), circuit.invert(writes))
            case unknown:
                raise AssertionError(f"{unknown} is checked by the verifier")

    def _any_of(self, tokens: Sequence[SSAValue]) -> SSAValue:
        return self._circuit.any_of(*tokens) if tokens else self._circuit.false

    def _replace(self, op: InvokeOp | PortSignalOp, value: SSAValue) -> None:
        """Put a value in the place of the result of an operation, with its name."""
        hint = op.attributes.get("sv.namehint")
        op.result.name_hint = None
        op.result.replace_all_uses_with(value)
        self._outputs = [value if each is op.result else each for each in self._outputs]
        if isinstance(hint, StringAttr):
            self._circuit.name(value, hint.data)


def _logic_behind(values: Sequence[SSAValue]) -> set[SSAValue]:
    """The values that some values depend on within a cycle."""
    found: set[SSAValue] = set()
    pending = list(values)
    while pending:
        value = pending.pop()
        if value in found:
            continue
        found.add(value)
        owner = value.owner
        registered = isinstance(owner, seq.CompRegOp | seq.CompRegClockEnabledOp | seq.FirMemReadOp | hw.InstanceOp)
        later = isinstance(owner, InvokeOp) and owner.operator.latency.data > 0
        if isinstance(owner, Operation) and not registered and not later:
            pending.extend(owner.operands)
    return found
