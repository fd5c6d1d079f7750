"""The memories of a design: ports to those outside, RAMs for local arrays, ROMs for constant ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from xdsl.dialects import memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerType, MemRefType
from xdsl.ir import Attribute, Operation, SSAValue

from gatewright.dialects import seq
from gatewright.dialects.gw import PortSignalOp, RequestOp
from gatewright.errors import UnsupportedError
from gatewright.hardware.top import MemoryPorts
from gatewright.ir.contents import words_of
from gatewright.ir.floats import scalar_bits
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
    loaded: set[str] = field(default_factory=set)
    """The ports through which something is loaded."""
    stored: set[str] = field(default_factory=set)

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
        self._request(port, token, indices, None)
        self.loaded.add(port)
        return self.read_data[port]

    def store(self, port: str, token: SSAValue, indices: Sequence[SSAValue], word: SSAValue) -> None:
        """Write an element at the end of the cycle of the token."""
        self._request(port, token, indices, word)
        self.stored.add(port)

    def _request(self, port: str, token: SSAValue, indices: Sequence[SSAValue], word: SSAValue | None) -> None:
        self.circuit.block.add_op(RequestOp(self.name, port, token, self.address(indices), word))

    def address(self, indices: Sequence[SSAValue]) -> SSAValue:
        """The row-major address, of whose terms only the low bits matter."""
        circuit, bits = self.circuit, self.address_bits
        total, stride = circuit.constant(0, bits), 1
        for index, extent in zip(reversed(indices), reversed(self.shape), strict=True):
            low = circuit.extend(index, bits, sign=True)
            total = circuit.binary("add", multiply_by_constant(circuit, low, stride), total)
            stride *= extent
        return total

    def signal(self, kind: str, port: str, name: str = "") -> SSAValue:
        """What drives a port, as the requests to it make it."""
        bits = {"address": self.address_bits, "write_data": self.bits}.get(kind, 1)
        signal = PortSignalOp(kind, port, self.name, IntegerType(bits))
        self.circuit.block.add_op(signal)
        return self.circuit.name(signal.result, name) if name else signal.result


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
        """Connect the ports that are used to what drives them."""
        circuit, memory = self.memory.circuit, self.memory
        for port in self.port.port_names():
            names = self.port.signals_of(port)
            signals = {
                kind: memory.signal(kind, port, name)
                for kind, name in names.items()
                if kind != "read_data" and port in memory.loaded | memory.stored
            }
            if port in memory.loaded:
                # A port for both reads in the cycles in which it does not write.
                reads = memory.signal("read_enable", port) if "write_enable" in names else signals["enable"]
                self._reads[port].operands[1] = signals["address"]
                self._reads[port].operands[3] = reads
            if port in memory.stored:
                enable = signals.get("write_enable", signals["enable"])
                write = seq.FirMemWriteOp(
                    self.operation.memory, signals["address"], signals["write_data"], circuit.clk, enable
                )
                circuit.block.add_op(write)


def contents_of(global_: memref.GlobalOp) -> np.ndarray:
    """The words of a constant array as unsigned integers in row-major order; UnsupportedError if they are not given."""
    values = global_.initial_value
    if not isinstance(values, DenseIntOrFPElementsAttr):
        name = global_.sym_name.data
        raise UnsupportedError(f"the contents of @{name} are not given", where=source_location(global_))
    word_bits(global_.type, global_)
    return words_of(values)
