"""Which operator executes each operation of a function, and what that means for its schedule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from xdsl.dialects import arith, func, math, memref, scf
from xdsl.dialects.builtin import IndexType, MemRefType
from xdsl.ir import Operation, SSAValue

from gatewright.analysis.durations import has_constant, library_operator
from gatewright.analysis.multiplication import constant_operand, needs_multiplier, signed_digits, signed_width
from gatewright.analysis.ranges import width_of
from gatewright.dialects.notes import TRIP_COUNT, OperatorAttr
from gatewright.errors import UnsupportedError
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.floats import scalar_bits
from gatewright.ir.location import source_location
from gatewright.ir.operator_notes import operator_attribute
from gatewright.operators.library import MULTIPLIERS, Operator, OperatorLibrary
from gatewright.scheduling.problem import OperatorType
from gatewright.transforms.schedule.limits import array_name

ADDRESS_BITS = 16
"""Bits that a value of type index is taken to have where registers are weighed: its range is found later."""


@dataclass
class OperatorChooser:
    """Chooses operators for the operations of one function.

    `multipliers` is the pool of all products, which `pools` divides among their types.
    """

    library: OperatorLibrary
    function: func.FuncOp
    multipliers: int | None = None
    arrays: dict[SSAValue, str] = field(default_factory=dict)
    """The names of the arrays that are accessed."""
    dual: frozenset[SSAValue] = frozenset()
    """The arrays in true dual port memories."""
    shared_multiplier: Operator | None = None
    """The operator of all multiplications, where their number is bounded."""

    pools: dict[OperatorAttr, int] = field(default_factory=dict)
    """The most units of each operator that makes products."""

    def __post_init__(self):
        if self.multipliers is None:
            return
        shapes = [self.multiplier_shape(op) for op in self.function.walk() if needs_multiplier(op)]
        if shapes:
            width, left, right = (max(column) for column in zip(*shapes, strict=True))
            assert all(shape[0] == width for shape in shapes), "unify-multipliers gives all one width"
            self.shared_multiplier = self.library.operator("muli", width, (left, right))
        self.pools = self._divide_pool(self.multipliers)

    def _divide_pool(self, multipliers: int) -> dict[OperatorAttr, int]:
        """One unit for each type of product, and the rest of the pool to the types with most products a unit.

        A type has at most as many units as operations, each of which starts one product a cycle.
        """
        products: Counter[OperatorAttr] = Counter()
        operations: Counter[OperatorAttr] = Counter()
        for op in self.function.walk():
            if isinstance(op, arith.MulfOp | math.FmaOp) or needs_multiplier(op):
                operator = self.operator(op)
                assert operator is not None
                products[operator_attribute(operator)] += _executions(op)
                operations[operator_attribute(operator)] += 1
        pools = dict.fromkeys(products, 1)
        while sum(pools.values()) < multipliers:
            rest = [each for each in pools if pools[each] < operations[each]]
            if not rest:
                break
            pools[max(rest, key=lambda each: products[each] / pools[each])] += 1
        return pools

    def operator(self, op: Operation) -> Operator | None:
        """The shared operator that executes an operation; None if it is logic or an access of a memory."""
        if isinstance(op, arith.MuliOp):
            if not needs_multiplier(op):
                return None
            return self.shared_multiplier or self.library.operator("muli", *self._port_widths(op))
        if isinstance(op, MemoryAccess):
            return None
        operator = self._from_library(op)
        return operator if operator.latency else None

    def _most(self, operator: Operator) -> int | None:
        """The most units of an operator that there may be; None for as many as it takes."""
        if operator.kind in MULTIPLIERS:
            return None if self.multipliers is None else self.pools.get(operator_attribute(operator), 1)
        return None if operator.interval == 1 else 1

    def limits(self) -> dict[OperatorAttr, int]:
        """The most units of each operator that loops that run at once may use together.

        More than one only of multipliers, and only where a budget says so: hardware is shared in time first.
        """
        limits: dict[OperatorAttr, int] = {}
        for op in self.function.walk():
            if not op.regions and not isinstance(op, MemoryAccess | func.ReturnOp):
                operator = self.operator(op) if op.name.startswith(("arith.", "gw.", "math.")) else None
                if operator is not None:
                    limits[operator_attribute(operator)] = self._most(operator) or 1
        return limits

    def operator_type(self, op: Operation) -> OperatorType:
        """What the scheduler has to know of the operator of an operation."""
        if isinstance(op, MemoryAccess):
            return self._port(op)
        if isinstance(op, arith.MuliOp) and not needs_multiplier(op):
            return self._product(op)
        operator = self.operator(op)
        if operator is None:
            logic = self._from_library(op)
            return OperatorType(logic.name + (" by constant" if has_constant(op) else ""), delay=logic.delay)
        return OperatorType(
            operator.name,
            operator.latency,
            operator.interval,
            operator.delay,
            max(0.0, operator.output_delay - self.library.register_delay),
            self._most(operator),
        )

    def multiplier_shape(self, op: Operation) -> tuple[int, int, int]:
        """The widths of a product and of its two operands, the wider operand first; see `signed_width`."""
        width, (left, right) = self._port_widths(op)
        return width, left, right

    def _port_widths(self, op: Operation) -> tuple[int, tuple[int, int]]:
        width = width_of(op.results[0].type)
        assert width is not None
        widths = sorted((signed_width(operand) for operand in op.operands), reverse=True)
        return width, (min(widths[0], width), min(widths[1], width))

    def _from_library(self, op: Operation) -> Operator:
        try:
            # Without a budget there may be as much hardware as a loop can use: a new operand every cycle.
            return library_operator(self.library, op, pipelined=self.multipliers is None)
        except KeyError:
            raise UnsupportedError(f"there is no hardware for {op.name}", where=source_location(op)) from None

    def _port(self, op: MemoryAccess) -> OperatorType:
        """The port of an array that an access uses: one for reads, one for writes."""
        array = self._array(op.memref)
        width = scalar_bits(op.memref.type.element_type) if isinstance(op.memref.type, MemRefType) else None
        if width is None:
            raise UnsupportedError(f"there is no memory for {op.memref.type}", where=source_location(op))
        address = self._address_delay(op)
        dual = op.memref in self.dual
        if isinstance(op, memref.LoadOp):
            port = self.library.memory_read(width)
            output = max(0.0, port.output_delay - self.library.register_delay)
            name = f"read port of {array}, address {address:.2f} ns"
            shared = (2, f"ports of {array}") if dual else (1, f"read port of {array}")
            return OperatorType(name, 1, 1, port.delay + address, output, *shared)
        port = self.library.memory_write(width)
        name = f"write port of {array}, address {address:.2f} ns"
        shared = (2, f"ports of {array}") if dual else (1, f"write port of {array}")
        return OperatorType(name, 0, 1, port.delay + address, 0.0, *shared)

    def _array(self, array: SSAValue) -> str:
        """A name for an array that no other array has."""
        if array not in self.arrays:
            name = array_name(array)
            taken = sum(other == name or other.startswith(f"{name} #") for other in self.arrays.values())
            self.arrays[array] = f"{name} #{taken + 1}" if taken else name
        return self.arrays[array]

    def _address_delay(self, op: MemoryAccess) -> float:
        """Nanoseconds from the subscripts of an access to its row-major address."""
        assert isinstance(op.memref.type, MemRefType)
        terms, stride = 0, 1
        for subscript, extent in zip(reversed(op.indices), reversed(op.memref.type.get_shape()), strict=True):
            terms += 0 if _is_constant(subscript) else signed_digits(stride)
            stride *= extent
        depth = max(0, terms - 1).bit_length()
        return depth * self.library.operator("addi", max(1, stride.bit_length())).delay

    def _product(self, op: arith.MuliOp) -> OperatorType:
        """A product that is logic: by a constant, or of few bits."""
        width = width_of(op.result.type) or 1
        addition = self.library.operator("addi", width).delay
        constant = constant_operand(op)
        terms = width if constant is None else signed_digits(constant)
        depth = max(0, terms - 1).bit_length()
        return OperatorType(f"product of {width} bits by {terms} digits", delay=depth * addition)


def register_bits(values: Iterable[SSAValue]) -> int:
    """Bits of the registers that hold values for a cycle; at least 1, so that what holds nothing is early too."""
    bits = [ADDRESS_BITS if isinstance(value.type, IndexType) else scalar_bits(value.type) or 1 for value in values]
    return max(1, sum(bits))


def _executions(op: Operation) -> int:
    """How often an operation is executed, as far as that is known: loops without a known count run once."""
    times, loop = 1, op.parent_op()
    while loop is not None:
        times *= (TRIP_COUNT.value(loop) or 1) if isinstance(loop, scf.WhileOp) else 1
        loop = loop.parent_op()
    return times


def _is_constant(value: SSAValue) -> bool:
    while isinstance(value.owner, arith.IndexCastOp):
        value = value.owner.input
    return isinstance(value.owner, arith.ConstantOp)
