"""A circuit under construction: the body of one `hw.module`, folded and shared while it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerType, StringAttr, SymbolRefAttr
from xdsl.dialects.comb import ICMP_COMPARISON_OPERATIONS
from xdsl.ir import Operation, SSAValue

from gatewright.dialects import comb, hw, seq
from gatewright.dialects.gw import RequestOp

_BITWISE = {"and": comb.AndOp, "or": comb.OrOp, "xor": comb.XorOp}
_BINARY = {
    "sub": comb.SubOp,
    "divu": comb.DivUOp,
    "divs": comb.DivSOp,
    "modu": comb.ModUOp,
    "mods": comb.ModSOp,
    "shl": comb.ShlOp,
    "shru": comb.ShrUOp,
    "shrs": comb.ShrSOp,
}
_VARIADIC = {"add": comb.AddOp, "mul": comb.MulOp}
_GROWTH = {"add": lambda a, b: max(a, b) + 1, "sub": lambda a, b: max(a, b) + 1, "mul": lambda a, b: a + b}
"""Bits of a result that is a signed number, from those of its operands."""
_NEUTRAL = {"and": -1, "or": 0, "xor": 0}
_EQUAL_OPERANDS = {"eq": 1, "sle": 1, "sge": 1, "ule": 1, "uge": 1, "ne": 0, "slt": 0, "sgt": 0, "ult": 0, "ugt": 0}


LONGEST_CHAIN = 8
"""The longest delay, in cycles, that is a chain of registers; a longer one is a counter."""


def width(value: SSAValue) -> int:
    """Bits of a value."""
    assert isinstance(value.type, IntegerType)
    return value.type.width.data


def signed(number: int, bits: int) -> int:
    """The two's complement reading of the low `bits` bits of a number."""
    number &= (1 << bits) - 1
    return number - (1 << bits) if number >> (bits - 1) else number


def compare(predicate: str, a: int, b: int, bits: int) -> bool:
    """`comb.icmp` of two numbers given as their bits."""
    if predicate in ("eq", "ne"):
        return (a == b) == (predicate == "eq")
    if predicate.startswith("s"):
        a, b = signed(a, bits), signed(b, bits)
    return {"lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[predicate[1:]]


@dataclass
class Register:
    """A register whose input is given later: `value` may be used at once."""

    operation: seq.CompRegOp | seq.CompRegClockEnabledOp

    @property
    def value(self) -> SSAValue:
        """What the register holds."""
        return self.operation.data

    def connect(self, next_: SSAValue, enable: SSAValue | None = None) -> None:
        """Give the register its input, and the cycles in which it takes it if it was declared with an enable."""
        self.operation.operands[0] = next_
        if isinstance(self.operation, seq.CompRegClockEnabledOp):
            assert enable is not None
            self.operation.operands[2] = enable
        else:
            assert enable is None


@dataclass
class ForwardWire:
    """A value that may be used before it is known; it is gone from the finished circuit."""

    operation: comb.OrOp

    @property
    def value(self) -> SSAValue:
        """What is on the wire."""
        return self.operation.result

    def connect(self, value: SSAValue) -> None:
        """Say what is on the wire."""
        self.operation.operands[0] = value


class Circuit:
    """Writes logic into a module. Equal expressions become one; constants fold; nothing depends on the order of sets.

    Values are SSA values of integer type, bits without a sign. Tokens are one-bit values.
    """

    def __init__(self, module: hw.HWModuleOp):
        self.module = module
        self.block = module.body.block
        # By the names of the ports, since SSA names lose a number at their end.
        ports = [port.port_name.data for port in module.module_type.ports if port.dir.data.is_input_like()]
        self.inputs: dict[str, SSAValue] = dict(zip(ports, self.block.args, strict=True))
        self.clk, self.rst = self.inputs["clk"], self.inputs["rst"]
        self._shared: dict[tuple[object, ...], SSAValue] = {}
        self._constants: dict[SSAValue, int] = {}
        self._delays: dict[SSAValue, SSAValue] = {}
        self._wires: list[ForwardWire] = []

    @classmethod
    def reopened(cls, module: hw.HWModuleOp) -> tuple[Circuit, list[SSAValue]]:
        """A finished circuit to which something is to be added, and its outputs, with which it is to be finished."""
        circuit = cls(module)
        output = circuit.block.last_op
        assert isinstance(output, hw.OutputOp)
        outputs = list(output.operands)
        output.detach()
        output.drop_all_references()
        for op in circuit.block.ops:
            if isinstance(op, hw.ConstantOp):
                number = op.value.value.data & ((1 << width(op.result)) - 1)
                circuit._constants[op.result] = number
                circuit._shared.setdefault(("constant", number, width(op.result)), op.result)
            elif (key := _key(op)) is not None:
                circuit._shared.setdefault(key, op.results[0])
        return circuit, outputs

    def constant(self, number: int, bits: int) -> SSAValue:
        """The low `bits` bits of a number."""
        number &= (1 << bits) - 1
        key = ("constant", number, bits)
        if key not in self._shared:
            operation = hw.ConstantOp(signed(number, bits), bits)
            self.block.add_op(operation)
            self._shared[key] = operation.result
            self._constants[operation.result] = number
        return self._shared[key]

    def constant_of(self, value: SSAValue) -> int | None:
        """The bits of a constant, or None if the value is not constant."""
        return self._constants.get(value)

    @property
    def true(self) -> SSAValue:
        """The bit 1."""
        return self.constant(1, 1)

    @property
    def false(self) -> SSAValue:
        """The bit 0."""
        return self.constant(0, 1)

    def all_of(self, *values: SSAValue) -> SSAValue:
        """The bitwise and."""
        return self._bitwise("and", values)

    def any_of(self, *values: SSAValue) -> SSAValue:
        """The bitwise or."""
        return self._bitwise("or", values)

    def xor(self, *values: SSAValue) -> SSAValue:
        """The bitwise exclusive or."""
        return self._bitwise("xor", values)

    def invert(self, value: SSAValue) -> SSAValue:
        """The complement of every bit."""
        owner = value.owner
        if isinstance(owner, comb.XorOp) and len(owner.inputs) == 2:
            if self.constant_of(owner.inputs[1]) == (1 << width(value)) - 1:
                return owner.inputs[0]
        return self.xor(value, self.constant(-1, width(value)))

    def binary(self, name: str, a: SSAValue, b: SSAValue) -> SSAValue:
        """`comb.<name>` of two values of one width: add, sub, mul, divu, divs, modu, mods, shl, shru, shrs."""
        folded = self._fold_binary(name, a, b)
        if folded is not None:
            return folded
        if name in _GROWTH:
            narrow = _GROWTH[name](self.signed_bits(a), self.signed_bits(b))
            if narrow < width(a):
                a, b, bits = self.extract(a, 0, narrow), self.extract(b, 0, narrow), width(a)
                return self.extend(self.binary(name, a, b), bits, sign=True)
        if name in _VARIADIC:
            return self._share((name, a, b), lambda: _VARIADIC[name]([a, b]))
        return self._share((name, a, b), lambda: _BINARY[name](a, b))

    def icmp(self, predicate: str, a: SSAValue, b: SSAValue) -> SSAValue:
        """`comb.icmp`: eq, ne, slt, sle, sgt, sge, ult, ule, ugt, uge."""
        left, right = self.constant_of(a), self.constant_of(b)
        if a is b:
            return self.constant(_EQUAL_OPERANDS[predicate], 1)
        # Sign extension keeps the order of numbers, and that of their bits read as unsigned.
        narrow = max(self.signed_bits(a), self.signed_bits(b))
        if narrow < width(a):
            return self.icmp(predicate, self.extract(a, 0, narrow), self.extract(b, 0, narrow))
        if left is not None and right is not None:
            return self.constant(compare(predicate, left, right, width(a)), 1)
        return self._share(("icmp", predicate, a, b), lambda: comb.ICmpOp(a, b, predicate))

    def mux(self, condition: SSAValue, then: SSAValue, otherwise: SSAValue) -> SSAValue:
        """`then` where the condition is 1."""
        known = self.constant_of(condition)
        if known is not None or then is otherwise:
            return then if known != 0 else otherwise
        if width(then) == 1:
            high, low = self.constant_of(then), self.constant_of(otherwise)
            if high == 1:
                return self.any_of(condition, otherwise)
            if high == 0:
                return self.all_of(self.invert(condition), otherwise)
            if low == 0:
                return self.all_of(condition, then)
            if low == 1:
                return self.any_of(self.invert(condition), then)
        narrow = max(self.signed_bits(then), self.signed_bits(otherwise))
        if narrow < width(then):
            chosen = self.mux(condition, self.extract(then, 0, narrow), self.extract(otherwise, 0, narrow))
            return self.extend(chosen, width(then), sign=True)
        return self._share(("mux", condition, then, otherwise), lambda: comb.MuxOp(condition, then, otherwise))

    def select(self, choices: Sequence[tuple[SSAValue, SSAValue]]) -> SSAValue:
        """The value of the one token that is 1; anything if none is.

        Choices are (token, value). Few become a chain of multiplexers, many an or of ands.
        """
        assert choices
        tokens: dict[SSAValue, list[SSAValue]] = {}
        for token, value in choices:
            tokens.setdefault(value, []).append(token)
        groups = [(self.any_of(*several), value) for value, several in tokens.items()]
        if len(groups) <= 4:
            chosen = groups[-1][1]
            for token, value in reversed(groups[:-1]):
                chosen = self.mux(token, value, chosen)
            return chosen
        masked = [self.all_of(self.replicate(token, width(value)), value) for token, value in groups]
        return self.any_of(*masked)

    def extract(self, value: SSAValue, low: int, bits: int) -> SSAValue:
        """`bits` bits of a value from bit `low` on."""
        if low == 0 and bits == width(value):
            return value
        known = self.constant_of(value)
        if known is not None:
            return self.constant(known >> low, bits)
        if isinstance(value.owner, comb.ExtractOp):
            return self.extract(value.owner.input, value.owner.low_bit.value.data + low, bits)
        if isinstance(value.owner, comb.ReplicateOp) and width(value.owner.input) == 1:
            return self.replicate(value.owner.input, bits)
        if isinstance(value.owner, comb.ConcatOp):
            offset = width(value)
            for part in value.owner.inputs:
                offset -= width(part)
                if offset <= low and low + bits <= offset + width(part):
                    return self.extract(part, low - offset, bits)
        return self._share(("extract", value, low, bits), lambda: comb.ExtractOp(value, low, bits))

    def bit(self, value: SSAValue, position: int) -> SSAValue:
        """One bit of a value."""
        return self.extract(value, position, 1)

    def concat(self, *parts: SSAValue) -> SSAValue:
        """The parts side by side, the most significant first."""
        if len(parts) == 1:
            return parts[0]
        known = [self.constant_of(part) for part in parts]
        total = sum(width(part) for part in parts)
        if all(number is not None for number in known):
            joined = 0
            for part, number in zip(parts, known, strict=True):
                joined = joined << width(part) | (number or 0)
            return self.constant(joined, total)
        return self._share(("concat", *parts), lambda: comb.ConcatOp(parts, IntegerType(total)))

    def replicate(self, value: SSAValue, times: int) -> SSAValue:
        """A value `times` times side by side."""
        if times == 1:
            return value
        if self.constant_of(value) is not None:
            return self.concat(*[value] * times)
        type_ = IntegerType(width(value) * times)
        return self._share(("replicate", value, times), lambda: comb.ReplicateOp(value, type_))

    def extend(self, value: SSAValue, bits: int, *, sign: bool) -> SSAValue:
        """A value in `bits` bits: sign- or zero-extended, or cut to its low bits."""
        have = width(value)
        if bits <= have:
            return self.extract(value, 0, bits)
        known = self.constant_of(value)
        if known is not None:
            return self.constant(signed(known, have) if sign else known, bits)
        high = self.bit(value, have - 1) if sign else self.constant(0, 1)
        return self.concat(self.replicate(high, bits - have), value)

    def signed_bits(self, value: SSAValue) -> int:
        """The bits of the signed number that a value is seen to be: extensions need not be counted."""
        known, bits = self.constant_of(value), width(value)
        if known is not None:
            number = signed(known, bits)
            return (number if number >= 0 else ~number).bit_length() + 1
        if isinstance(value.owner, comb.ConcatOp) and len(value.owner.inputs) == 2:
            high, low = value.owner.inputs
            if self.constant_of(high) == 0:
                return width(low) + 1
            sign = high.owner.input if isinstance(high.owner, comb.ReplicateOp) else high
            if sign is self.bit(low, width(low) - 1):
                return self.signed_bits(low)
        return bits

    def register(self, name: str, bits: int, *, reset: bool = False, enabled: bool = False) -> Register:
        """A register to be connected later; `reset` clears it, `enabled` lets it hold."""
        input_ = self.constant(0, bits)
        clear = (self.rst, input_) if reset else None
        if enabled:
            operation = seq.CompRegClockEnabledOp(input_, self.clk, self.false, clear)
        else:
            operation = seq.CompRegOp(input_, self.clk, clear)
        operation.data.name_hint = name
        self.block.add_op(operation)
        return Register(operation)

    def wire(self, bits: int) -> ForwardWire:
        """A value to be connected later."""
        wire = ForwardWire(comb.OrOp([self.constant(0, bits)]))
        self.block.add_op(wire.operation)
        self._wires.append(wire)
        return wire

    def kept(self, name: str, value: SSAValue, enable: SSAValue) -> SSAValue:
        """A register that takes a value in the cycles of `enable`; extensions of the value are not kept, but redone."""
        known, bits = self.constant_of(value), width(value)
        if known is not None:
            return value
        owner = value.owner
        if isinstance(owner, comb.ConcatOp) and len(owner.inputs) == 2 and self.constant_of(owner.inputs[0]) == 0:
            return self.extend(self.kept(name, owner.inputs[1], enable), bits, sign=False)
        narrow = self.signed_bits(value)
        register = self.register(name, narrow, enabled=True)
        register.connect(self.extract(value, 0, narrow), enable)
        return self.extend(register.value, bits, sign=True)

    def delay(self, token: SSAValue, cycles: int, name: str) -> SSAValue:
        """A token some cycles later; a reset loses it. Delays of one token share their registers.

        A long delay is a counter, so that the token may not come again before it is over.
        """
        if cycles == 0 or self.constant_of(token) == 0:
            return token
        if cycles > LONGEST_CHAIN:
            key = ("countdown", token, cycles)
            if key not in self._shared:
                self._shared[key] = self._countdown(token, cycles, name)
            return self._shared[key]
        if token not in self._delays:
            register = self.register(name, 1, reset=True)
            register.connect(token)
            self._delays[token] = register.value
        return self.delay(self._delays[token], cycles - 1, name)

    def _countdown(self, token: SSAValue, cycles: int, name: str) -> SSAValue:
        bits = cycles.bit_length()
        left = self.register(f"{name}_countdown", bits, reset=True)
        zero, one = self.constant(0, bits), self.constant(1, bits)
        fewer = self.mux(self.icmp("eq", left.value, zero), zero, self.binary("sub", left.value, one))
        left.connect(self.mux(token, self.constant(cycles, bits), fewer))
        return self.name(self.icmp("eq", left.value, one), name)

    def instance(
        self, name: str, module: str, inputs: Sequence[tuple[str, SSAValue]], output: tuple[str, int]
    ) -> hw.InstanceOp:
        """An instance of a module with one output, given by name and width."""
        outputs = [(output[0], IntegerType(output[1]))]
        operation = hw.InstanceOp(name, SymbolRefAttr(module), inputs, outputs)
        self.block.add_op(operation)
        return operation

    def name(self, value: SSAValue, hint: str) -> SSAValue:
        """Name a value in the Verilog, unless it has a name or is a constant."""
        owner = value.owner
        if isinstance(owner, Operation) and value.name_hint is None and value not in self._constants:
            value.name_hint = hint
            owner.attributes["sv.namehint"] = StringAttr(hint)
        return value

    def finish(self, outputs: Sequence[SSAValue]) -> None:
        """Write the module's outputs and erase what none of them needs."""
        output = hw.OutputOp(outputs)
        self.block.add_op(output)
        for wire in self._wires:
            source, hint = wire.operation.inputs[0], wire.value.name_hint
            wire.value.name_hint = None
            wire.value.replace_all_uses_with(source)
            if hint is not None:
                self.name(source, hint)
        live = _live(self.block.ops, output)
        dead = [operation for operation in self.block.ops if operation not in live]
        for operation in dead:
            operation.detach()
            operation.drop_all_references()

    def _share(self, key: tuple[object, ...], build: Callable[[], Operation]) -> SSAValue:
        if key not in self._shared:
            operation = build()
            self.block.add_op(operation)
            self._shared[key] = operation.results[0]
        return self._shared[key]

    def _bitwise(self, name: str, values: Iterable[SSAValue]) -> SSAValue:
        """Fold constants and, except for xor, repetitions and complements."""
        values = list(values)
        bits = width(values[0])
        ones = (1 << bits) - 1
        neutral = _NEUTRAL[name] & ones
        constant = neutral
        kept: list[SSAValue] = []
        for value in values:
            known = self.constant_of(value)
            if known is not None:
                constant = {"and": constant & known, "or": constant | known, "xor": constant ^ known}[name]
            elif name == "xor" or value not in kept:
                kept.append(value)
        absorbing = {"and": 0, "or": ones, "xor": None}[name]
        complementary = name != "xor" and any(self._is_complement(value, kept) for value in kept)
        if constant == absorbing or complementary:
            return self.constant(absorbing or 0, bits)
        if name == "xor" and len(kept) == 2 and kept[0] is kept[1]:
            kept = []
        if constant != neutral or not kept:
            kept.append(self.constant(constant, bits))
        if len(kept) == 1:
            return kept[0]
        return self._share((name, *kept), lambda: _BITWISE[name](kept))

    def _is_complement(self, value: SSAValue, others: list[SSAValue]) -> bool:
        owner = value.owner
        if not isinstance(owner, comb.XorOp) or len(owner.inputs) != 2:
            return False
        return self.constant_of(owner.inputs[1]) == (1 << width(value)) - 1 and owner.inputs[0] in others

    def _fold_binary(self, name: str, a: SSAValue, b: SSAValue) -> SSAValue | None:
        left, right, bits = self.constant_of(a), self.constant_of(b), width(a)
        if left is not None and right is not None and name in ("add", "sub", "mul"):
            return self.constant({"add": left + right, "sub": left - right, "mul": left * right}[name], bits)
        if right == 0 and name in ("add", "sub", "shl", "shru", "shrs"):
            return a
        if left == 0 and name == "add":
            return b
        if right is not None and name in ("shl", "shru", "shrs"):
            return self._shift_by_constant(name, a, right)
        return None

    def _shift_by_constant(self, name: str, value: SSAValue, amount: int) -> SSAValue:
        """A shift is wiring."""
        bits = width(value)
        if name == "shrs":
            amount = min(amount, bits - 1)
            return self.extend(self.extract(value, amount, bits - amount), bits, sign=True)
        if amount >= bits:
            return self.constant(0, bits)
        if name == "shru":
            return self.extend(self.extract(value, amount, bits - amount), bits, sign=False)
        return self.concat(self.extract(value, 0, bits - amount), self.constant(0, amount))


def _key(op: Operation) -> tuple[object, ...] | None:
    """What an expression is known by; None for what is not one."""
    match op:
        case comb.ICmpOp():
            return ("icmp", ICMP_COMPARISON_OPERATIONS[op.predicate.value.data], *op.operands)
        case comb.ExtractOp():
            return ("extract", op.input, op.low_bit.value.data, width(op.result))
        case comb.ReplicateOp():
            return ("replicate", op.input, width(op.result) // width(op.input))
        case _:
            name = op.name.removeprefix("comb.")
            known = name in _BITWISE or name in _BINARY or name in _VARIADIC or name in ("mux", "concat")
            return (name, *op.operands) if known else None


def _live(operations: Iterable[Operation], output: Operation) -> set[Operation]:
    """The operations that the outputs need; a write port is needed if its memory is read, and every request."""
    writes: dict[SSAValue, list[Operation]] = {}
    requests: list[Operation] = []
    for operation in operations:
        if isinstance(operation, RequestOp):
            requests.append(operation)
        if isinstance(operation, seq.FirMemWriteOp):
            writes.setdefault(operation.memory, []).append(operation)
    live: set[Operation] = set()
    pending: list[Operation] = [output, *requests]
    while pending:
        operation = pending.pop()
        if operation in live:
            continue
        live.add(operation)
        pending.extend(operand.owner for operand in operation.operands if isinstance(operand.owner, Operation))
        if isinstance(operation, seq.FirMemOp):
            pending.extend(writes.get(operation.memory, ()))
    return live
