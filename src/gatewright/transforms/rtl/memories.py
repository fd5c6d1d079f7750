"""The memories of a design: ports to those outside, RAMs for local arrays, ROMs for constant ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from xdsl.dialects import memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, MemRefType
from xdsl.ir import Attribute, Operation, SSAValue

from gatewright.dialects import seq
from gatewright.errors import UnsupportedError
from gatewright.hardware.top import MemoryPorts
from gatewright.ir.floats import contents_bits, scalar_bits
from gatewright.ir.location import source_location
from gatewright.transforms.rtl.arithmetic import multiply_by_constant
from gatewright.transforms.rtl.circuit import Circuit


def shape_of(type_: Attribute) -> tuple[int, ...]:
    """The extents of an array."""
    assert isinstance(type_, MemRefType)
    return tuple(type_.get_shape())


def word_bits(type_: Attribute, operation: Operation) -> int:
    """Bits of an element of an array; UnsupportedError unless it is a number."""
    assert isinstance(type_, MemRefType)
    bits = scalar_bits(type_.element_type)
    if bits is None:
        raise UnsupportedError(f"an array of {type_.element_type} has no memory", where=source_location(operation))
    return bits


@dataclass
class PortUses:
    """The operations that use one port of a memory, one after the other."""

    tokens: list[SSAValue] = field(default_factory=list)
    addresses: list[tuple[SSAValue, SSAValue]] = field(default_factory=list)
    words: list[tuple[SSAValue, SSAValue]] = field(default_factory=list)


@dataclass
class Memory:
    """An array in hardware, each port of it used by at most one operation in a cycle.

    It has a read port and a write port, or, as a true dual port memory, two ports that each read or write.
    """

    circuit: Circuit
    name: str
    shape: tuple[int, ...]
    bits: int
    read_data: dict[str, SSAValue]
    """For each port (see `loopschedule.port_of`) that reads, the word of the last load, from the cycle after on."""
    reads: dict[str, PortUses] = field(default_factory=dict)
    writes: dict[str, PortUses] = field(default_factory=dict)

    @property
    def words(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def address_bits(self) -> int:
        """Bits of an address, at least one."""
        return max(1, (self.words - 1).bit_length())

    def load(self, port: str, token: SSAValue, indices: Sequence[SSAValue]) -> SSAValue:
        """Read an element in the cycle of the token; it is there from the next cycle on, until the port's next use."""
        used = self.reads.setdefault(port, PortUses())
        used.tokens.append(token)
        used.addresses.append((token, self.address(indices)))
        return self.read_data[port]

    def store(self, port: str, token: SSAValue, indices: Sequence[SSAValue], word: SSAValue) -> None:
        """Write an element at the end of the cycle of the token."""
        used = self.writes.setdefault(port, PortUses())
        used.tokens.append(token)
        used.addresses.append((token, self.address(indices)))
        used.words.append((token, word))

    def address(self, indices: Sequence[SSAValue]) -> SSAValue:
        """The row-major address, of whose terms only the low bits matter."""
        circuit, bits = self.circuit, self.address_bits
        total, stride = circuit.constant(0, bits), 1
        for index, extent in zip(reversed(indices), reversed(self.shape), strict=True):
            low = circuit.extend(index, bits, sign=True)
            total = circuit.binary("add", multiply_by_constant(circuit, low, stride), total)
            stride *= extent
        return total

    def signals(self, outside: MemoryPorts) -> dict[str, SSAValue]:
        """What drives the ports, by the names that they have at the top module (or would have, of a memory inside)."""
        driven: dict[str, SSAValue] = {}
        for port in outside.port_names():
            reads, writes = self.reads.get(port, PortUses()), self.writes.get(port, PortUses())
            names = outside.signals_of(port)
            driven[names["address"]] = self._one_of([*reads.addresses, *writes.addresses], self.address_bits)
            driven[names["enable"]] = self._any_of([*reads.tokens, *writes.tokens])
            if "write_enable" in names:
                driven[names["write_enable"]] = self._any_of(writes.tokens)
            if "write_data" in names:
                driven[names["write_data"]] = self._one_of(writes.words, self.bits)
        return {name: self.circuit.name(value, name) for name, value in driven.items()}

    def _one_of(self, choices: Sequence[tuple[SSAValue, SSAValue]], bits: int) -> SSAValue:
        """The value whose token is active; zero where there is no choice."""
        return self.circuit.select(choices) if choices else self.circuit.constant(0, bits)

    def _any_of(self, tokens: Sequence[SSAValue]) -> SSAValue:
        return self.circuit.any_of(*tokens) if tokens else self.circuit.false


@dataclass
class LocalPorts(MemoryPorts):
    """The ports of a memory inside the design."""

    name: str
    read: bool
    written: bool
    dual: bool


class LocalMemory:
    """A memory inside the design, of which a load returns the old word where a store hits its address."""

    def __init__(self, circuit: Circuit, port: LocalPorts, shape: tuple[int, ...], bits: int, image: str | None = None):
        words = prod(shape)
        type_ = seq.FirMemType(words, bits)
        init = seq.FirMemInitAttr.of(image) if image is not None else None
        self.port = port
        self.operation = seq.FirMemOp(type_, name=port.name, init=init)
        circuit.block.add_op(self.operation)
        address = circuit.constant(0, type_.address_width)
        self._reads: dict[str, seq.FirMemReadOp] = {}
        for name in port.port_names():
            if "read_data" not in port.signals_of(name):
                continue
            read = self._reads[name] = seq.FirMemReadOp(self.operation.memory, address, circuit.clk, circuit.false)
            read.data.name_hint = port.signals_of(name)["read_data"]
            circuit.block.add_op(read)
        data: dict[str, SSAValue] = {name: read.data for name, read in self._reads.items()}
        self.memory = Memory(circuit, port.name, shape, bits, data)

    def connect(self) -> None:
        """Build the ports from the operations that use them."""
        circuit, memory = self.memory.circuit, self.memory
        signals = memory.signals(self.port)
        for port in self.port.port_names():
            names = self.port.signals_of(port)
            address, enable = signals[names["address"]], signals[names["enable"]]
            writes = signals[names["write_enable"]] if "write_enable" in names else enable
            if port in self._reads and memory.reads.get(port):
                idle = circuit.invert(writes) if "write_enable" in names else None
                self._reads[port].operands[1] = address
                self._reads[port].operands[3] = enable if idle is None else circuit.all_of(enable, idle)
            if memory.writes.get(port):
                word = signals[names["write_data"]]
                circuit.block.add_op(seq.FirMemWriteOp(self.operation.memory, address, word, circuit.clk, writes))


def contents_of(global_: memref.GlobalOp) -> np.ndarray:
    """The words of a constant array as unsigned integers in row-major order; UnsupportedError if they are not given."""
    values = global_.initial_value
    if not isinstance(values, DenseIntOrFPElementsAttr):
        name = global_.sym_name.data
        raise UnsupportedError(f"the contents of @{name} are not given", where=source_location(global_))
    bits = word_bits(global_.type, global_)
    numbers = contents_bits(values)
    if numbers is None:
        numbers = [number & ((1 << bits) - 1) for number in values.get_values() if isinstance(number, int)]
    if values.is_splat():
        numbers = numbers[:1] * prod(shape_of(global_.type))
    return np.array(numbers, dtype=np.uint64 if bits <= 64 else object)
