"""Count quotients, remainders and products of loop counters along instead of computing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, ModuleOp
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.multiplication import needs_multiplier
from gatewright.analysis.ranges import Range, signed_bits, value_ranges, whole, width_of
from gatewright.ir.constants import constant_value
from gatewright.ir.rewriting import carrying, functions_of, insert_before

QUOTIENTS = (arith.DivUIOp, arith.DivSIOp, arith.FloorDivSIOp)
REMAINDERS = (arith.RemUIOp, arith.RemSIOp)
CASTS = (arith.IndexCastOp, arith.TruncIOp, arith.ExtSIOp, arith.ExtUIOp)


@dataclass(frozen=True)
class ReduceStrengthPass(ModulePass):
    """Carry what is a quotient, a remainder or a product of a loop counter from iteration to iteration.

    ```
    for k in 0..104 {                for k in 0..104 (q = 0, r = 0, p = 0) {
      q = k / 13                       ...
      r = k % 13               ->      wraps = r + 1 >= 13
      p = k * n                        yield select(wraps, q + 1, q),
      ...                                    select(wraps, 0, r + 1), p + n
    }                                }
    ```

    Subscripts such as `a[k // 13, k % 13]` and `a[i * n + j]` then take no divider and no multiplier, but an adder each
    (J. Cocke and K. Kennedy, An algorithm for reduction of operator strength, CACM 20, 1977). The counter may have been
    cast, and a constant added to it. Divisors are constants; products are those that would take a multiplier, by a
    constant or, in a loop that counts by one from zero, by anything that the loop does not change.
    """

    name = "reduce-strength"

    products: bool = True
    """Whether to do so with products, which analyses of subscripts understand better as they are."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            ranges = value_ranges(function)
            for loop in [inner for inner in function.walk() if isinstance(inner, scf.ForOp)]:
                counting = _Counting(loop, ranges)
                if counting.possible:
                    counting.reduce(self.products)


@dataclass
class _Counting:
    """Adds carried values to one loop with a constant lower bound and step."""

    loop: scf.ForOp
    ranges: Mapping[SSAValue, Range]
    added: list[tuple[SSAValue, SSAValue]] = field(default_factory=list)
    """The initial and the next value of each."""
    quotients: dict[tuple[int, int], tuple[SSAValue, SSAValue]] = field(default_factory=dict)
    """Quotient and remainder of the counter plus a number by a divisor."""
    multiples: dict[tuple[object, Attribute], SSAValue] = field(default_factory=dict)
    """The product of the counter by a constant or a value, in a type."""

    def __post_init__(self):
        self.first, self.step = constant_value(self.loop.lb), constant_value(self.loop.step)
        self.counter = self.loop.body.block.args[0]

    @property
    def possible(self) -> bool:
        """True if the first counter and the step are constants."""
        return self.first is not None and self.step is not None and self.step > 0

    def reduce(self, products: bool) -> None:
        """Replace what can be counted along."""
        for op in [inner for inner in self.loop.walk() if isinstance(inner, QUOTIENTS + REMAINDERS + (arith.MuliOp,))]:
            if isinstance(op, arith.MuliOp):
                carried = self._product(op) if products and needs_multiplier(op) else None
            else:
                carried = self._division(op)
            if carried is not None:
                hint = op.results[0].name_hint
                value = self._cast(carried, op.results[0].type, lambda each, op=op: insert_before(each, op).results[0])
                value.name_hint = carried.name_hint = hint
                Rewriter.replace_op(op, [], [value])
        if self.added:
            self._rebuild()

    def _division(self, op: Operation) -> SSAValue | None:
        offset, divisor = self._offset(op.operands[0]), constant_value(op.operands[1])
        assert self.first is not None and self.step is not None
        if offset is None or divisor is None or divisor < 2 or not divisor & (divisor - 1):
            return None
        if self.first + offset < 0:
            return None
        key = (offset, divisor)
        if key not in self.quotients:
            self.quotients[key] = self._divide(self.first + offset, divisor)
        quotient, remainder = self.quotients[key]
        return quotient if isinstance(op, QUOTIENTS) else remainder

    def _divide(self, first: int, divisor: int) -> tuple[SSAValue, SSAValue]:
        """Carry a quotient and its remainder."""
        assert self.first is not None and self.step is not None
        whole_steps, part = divmod(self.step, divisor)
        greatest = (max(self.ranges[self.counter][1], self.first) + first - self.first + self.step) // divisor + 1
        remainder = self._carry(first % divisor, signed_bits((0, divisor + part)))
        quotient = self._carry(first // divisor, signed_bits((0, greatest)))
        further = self._add(remainder, part)
        wraps = self._next(arith.CmpiOp(further, self._constant(divisor, further.type), "sge"))
        less = self._add(further, -divisor)
        self._yield(remainder, self._next(arith.SelectOp(wraps, less, further)))
        same, more = self._add(quotient, whole_steps), self._add(quotient, whole_steps + 1)
        self._yield(quotient, self._next(arith.SelectOp(wraps, more, same)))
        return quotient, remainder

    def _product(self, op: arith.MuliOp) -> SSAValue | None:
        """Carry a product, if one factor is the counter and the other does not change."""
        assert self.first is not None and self.step is not None
        for counter, factor in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
            constant = constant_value(factor)
            if self._offset(counter) != 0 or self._is_inside(factor):
                continue
            if constant is None and (self.first != 0 or self.step != 1):
                continue
            type_ = op.result.type
            if not isinstance(type_, IntegerType):
                type_ = IntegerType(signed_bits(self.ranges[op.result]))
            key = (factor if constant is None else constant, type_)
            if key not in self.multiples:
                self.multiples[key] = self._multiply(factor, constant, type_)
            return self.multiples[key]
        return None

    def _multiply(self, factor: SSAValue, constant: int | None, type_: IntegerType) -> SSAValue:
        assert self.first is not None and self.step is not None
        bits = type_.width.data
        carried = self._carry(self.first * (constant or 0), bits)
        if constant is not None:
            self._yield(carried, self._add(carried, self.step * constant))
        else:
            added = self._cast(factor, type_, lambda op: insert_before(op, self.loop).results[0])
            self._yield(carried, self._next(arith.AddiOp(carried, added)))
        return carried

    def _offset(self, value: SSAValue) -> int | None:
        """By how much a value is more than the counter; None if it is something else."""
        if value is self.counter:
            return 0
        owner, limits = value.owner, whole(value.type)
        if limits is None or not isinstance(owner, Operation):
            return None
        if isinstance(owner, CASTS):
            offset, more = self._offset(owner.operands[0]), 0
        elif isinstance(owner, arith.AddiOp) and constant_value(owner.rhs) is not None:
            offset, more = self._offset(owner.lhs), constant_value(owner.rhs) or 0
        else:
            return None
        if offset is None:
            return None
        low, high = (bound + offset + more for bound in self.ranges[self.counter])
        unsigned = isinstance(owner, arith.ExtUIOp)
        return offset + more if limits[0] <= low and high <= limits[1] and not (unsigned and low < 0) else None

    def _is_inside(self, value: SSAValue) -> bool:
        """True if a value is defined in the loop."""
        return self.loop.is_ancestor(value.owner if isinstance(value.owner, Operation) else _parent(value.owner))

    def _carry(self, first: int, bits: int) -> SSAValue:
        """A new value carried from iteration to iteration."""
        type_ = IntegerType(bits)
        body = self.loop.body.block
        argument = body.insert_arg(type_, len(body.args))
        self.added.append((self._constant(first, type_), argument))
        return argument

    def _yield(self, argument: SSAValue, following: SSAValue) -> None:
        position = next(n for n, (_, carried) in enumerate(self.added) if carried is argument)
        self.added[position] = (self.added[position][0], following)

    def _constant(self, number: int, type_: Attribute) -> SSAValue:
        assert isinstance(type_, IntegerType)
        masked = number & ((1 << type_.width.data) - 1)
        signed = masked - (1 << type_.width.data) if masked >> (type_.width.data - 1) else masked
        return insert_before(arith.ConstantOp(IntegerAttr(signed, type_)), self.loop).result

    def _add(self, value: SSAValue, number: int) -> SSAValue:
        """The sum of a carried value and a number, at the end of the body."""
        return self._next(arith.AddiOp(value, self._constant(number, value.type))) if number else value

    def _next(self, op: Operation) -> SSAValue:
        """Compute something for the next iteration."""
        end = self.loop.body.block.last_op
        assert end is not None
        return insert_before(op, end).results[0]

    def _cast(self, value: SSAValue, type_: Attribute, insert: Callable[[Operation], SSAValue]) -> SSAValue:
        """A signed value in another type, which holds it or takes its low bits."""
        if value.type == type_:
            return value
        if isinstance(value.type, IndexType) or isinstance(type_, IndexType):
            return insert(arith.IndexCastOp(value, type_))
        assert isinstance(type_, IntegerType)
        narrower = (width_of(value.type) or 0) > type_.width.data
        return insert(arith.TruncIOp(value, type_) if narrower else arith.ExtSIOp(value, type_))

    def _rebuild(self) -> None:
        """Replace the loop by one that carries the new values too."""
        carrying(self.loop, [value for value, _ in self.added], [value for _, value in self.added])


def _parent(block: Block) -> Operation:
    parent = block.parent_op()
    assert parent is not None
    return parent
