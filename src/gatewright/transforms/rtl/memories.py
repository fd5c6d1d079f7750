"""The memories of a design: ports to those outside, RAMs for local arrays, ROMs for constant ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from xdsl.dialects import memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IndexType, IntegerType, MemRefType
from xdsl.ir import Attribute, Operation, SSAValue

from gatewright.dialects import seq
from gatewright.errors import UnsupportedError
from gatewright.location import source_location
from gatewright.transforms.rtl.arithmetic import INDEX_BITS, multiply_by_constant
from gatewright.transforms.rtl.circuit import Circuit


def shape_of(type_: Attribute) -> tuple[int, ...]:
    """The extents of an array."""
    assert isinstance(type_, MemRefType)
    return tuple(type_.get_shape())


def word_bits(type_: Attribute, operation: Operation) -> int:
    """Bits of an element of an array; UnsupportedError unless it is an integer."""
    assert isinstance(type_, MemRefType)
    element = type_.element_type
    if isinstance(element, IndexType):
        return INDEX_BITS
    if not isinstance(element, IntegerType):
        raise UnsupportedError(f"an array of {element} has no memory", where=source_location(operation))
    return element.width.data


@dataclass
class Port:
    """One port of a memory, shared in time by the operations that use it."""

    tokens: list[SSAValue] = field(default_factory=list)
    addresses: list[tuple[SSAValue, SSAValue]] = field(default_factory=list)
    words: list[tuple[SSAValue, SSAValue]] = field(default_factory=list)


@dataclass
class Memory:
    """An array in hardware: one read port, one write port, each used by at most one operation in a cycle."""

    circuit: Circuit
    name: str
    shape: tuple[int, ...]
    bits: int
    read_data: SSAValue | None
    """The word of the last load, from the cycle after its start on; None if nothing loads."""
    reads: Port = field(default_factory=Port)
    writes: Port = field(default_factory=Port)
    loads: list[memref.LoadOp] = field(default_factory=list)
    """All loads, in program order."""

    @property
    def words(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def address_bits(self) -> int:
        """Bits of an address, at least one."""
        return max(1, (self.words - 1).bit_length())

    def load(self, token: SSAValue, indices: Sequence[SSAValue]) -> SSAValue:
        """Read an element in the cycle of the token; it is there from the next cycle on, until the next load."""
        assert self.read_data is not None
        self.reads.tokens.append(token)
        self.reads.addresses.append((token, self.address(indices)))
        return self.read_data

    def store(self, token: SSAValue, indices: Sequence[SSAValue], word: SSAValue) -> None:
        """Write an element at the end of the cycle of the token."""
        self.writes.tokens.append(token)
        self.writes.addresses.append((token, self.address(indices)))
        self.writes.words.append((token, word))

    def address(self, indices: Sequence[SSAValue]) -> SSAValue:
        """The row-major address, of whose terms only the low bits matter."""
        circuit, bits = self.circuit, self.address_bits
        total, stride = circuit.constant(0, bits), 1
        for index, extent in zip(reversed(indices), reversed(self.shape), strict=True):
            low = circuit.extend(index, bits, sign=True)
            total = circuit.binary("add", multiply_by_constant(circuit, low, stride), total)
            stride *= extent
        return total

    def read_port(self) -> tuple[SSAValue, SSAValue]:
        """The address and the enable of the read port."""
        circuit = self.circuit
        address = circuit.name(circuit.select(self.reads.addresses), f"{self.name}_read_address")
        return address, circuit.name(circuit.any_of(*self.reads.tokens), f"{self.name}_read_enable")

    def write_port(self) -> tuple[SSAValue, SSAValue, SSAValue]:
        """The address, the enable and the word of the write port."""
        circuit = self.circuit
        address = circuit.name(circuit.select(self.writes.addresses), f"{self.name}_write_address")
        enable = circuit.name(circuit.any_of(*self.writes.tokens), f"{self.name}_write_enable")
        return address, enable, circuit.name(circuit.select(self.writes.words), f"{self.name}_write_data")


class LocalMemory:
    """A memory inside the design, of which a load returns the old word where a store hits its address."""

    def __init__(self, circuit: Circuit, name: str, shape: tuple[int, ...], bits: int, image: str | None = None):
        words = prod(shape)
        type_ = seq.FirMemType(words, bits)
        init = seq.FirMemInitAttr.of(image) if image is not None else None
        self.operation = seq.FirMemOp(type_, name=name, init=init)
        circuit.block.add_op(self.operation)
        address = circuit.constant(0, type_.address_width)
        self._read = seq.FirMemReadOp(self.operation.memory, address, circuit.clk, circuit.false)
        self._read.data.name_hint = f"{name}_read_data"
        circuit.block.add_op(self._read)
        self.memory = Memory(circuit, name, shape, bits, self._read.data)

    def connect(self) -> None:
        """Build the ports from the operations that use them."""
        circuit, memory = self.memory.circuit, self.memory
        if memory.reads.tokens:
            address, enable = memory.read_port()
            self._read.operands[1] = address
            self._read.operands[3] = enable
        if memory.writes.tokens:
            address, enable, word = memory.write_port()
            circuit.block.add_op(seq.FirMemWriteOp(self.operation.memory, address, word, circuit.clk, enable))


def contents_of(global_: memref.GlobalOp) -> np.ndarray:
    """The words of a constant array as unsigned integers in row-major order; UnsupportedError if they are not given."""
    values = global_.initial_value
    if not isinstance(values, DenseIntOrFPElementsAttr):
        name = global_.sym_name.data
        raise UnsupportedError(f"the contents of @{name} are not given", where=source_location(global_))
    bits = word_bits(global_.type, global_)
    numbers = [number & ((1 << bits) - 1) for number in values.get_values() if isinstance(number, int)]
    if values.is_splat():
        numbers = numbers[:1] * prod(shape_of(global_.type))
    return np.array(numbers, dtype=np.uint64 if bits <= 64 else object)
