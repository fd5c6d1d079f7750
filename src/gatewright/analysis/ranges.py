"""Value ranges: between which integers each value of a loops-level function lies.

An abstract interpretation over intervals (P. Cousot and R. Cousot, POPL 1977): values of loops start from what enters
them, and one that still grows on the second look is widened to its whole type. A range is a pair of signed integers,
both included; bits are read as two's complement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xdsl.dialects import arith, func, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Block, Operation, SSAValue

from gatewright.ir.analyses import analysed

Range = tuple[int, int]
RangeRule = Callable[[Operation, list[Range]], "Range | None"]

INDEX_WIDTH = 64


def width_of(type_: Attribute) -> int | None:
    """Bits of an integer or index type, else None."""
    if isinstance(type_, IntegerType):
        return type_.width.data
    return INDEX_WIDTH if isinstance(type_, IndexType) else None


def whole(type_: Attribute) -> Range | None:
    """The range of all values of a type, or None if it is not an integer."""
    width = width_of(type_)
    return None if width is None else (-(1 << (width - 1)), (1 << (width - 1)) - 1)


def signed_bits(range_: Range) -> int:
    """The least two's complement width that holds a range."""
    low, high = range_
    return 1 + max((~low if low < 0 else low).bit_length(), (~high if high < 0 else high).bit_length())


def value_ranges(function: func.FuncOp) -> Mapping[SSAValue, Range]:
    """The range of every integer value of a function with one block, nested regions included."""
    return analysed(_ranges, function)


def _ranges(function: func.FuncOp) -> dict[SSAValue, Range]:
    analysis = _Analysis()
    analysis.block(function.body.block)
    return analysis.ranges


class _Analysis:
    def __init__(self):
        self.ranges: dict[SSAValue, Range] = {}
        self._taken: dict[Operation, list[SSAValue]] = {}
        self._seen: dict[Operation, list[Range]] = {}
        """With what each loop was last looked at: with the same again it has the same ranges."""

    def of(self, value: SSAValue) -> Range:
        """The range known so far; the whole type if nothing is."""
        known = self.ranges.get(value)
        if known is not None:
            return known
        everything = whole(value.type)
        assert everything is not None
        return everything

    def put(self, value: SSAValue, range_: Range | None) -> None:
        everything = whole(value.type)
        if everything is None:
            return
        if range_ is None or range_[0] < everything[0] or range_[1] > everything[1]:
            range_ = everything
        self.ranges[value] = range_

    def block(self, block: Block) -> None:
        for op in block.ops:
            match op:
                case scf.ForOp() | scf.WhileOp():
                    self._loop(op)
                case scf.IfOp():
                    self._if(op)
                case _:
                    self._plain(op)

    def _loop(self, op: scf.ForOp | scf.WhileOp) -> None:
        if op not in self._taken:
            self._taken[op] = [value for value in _taken_from_outside(op) if whole(value.type) is not None]
        given = [self.of(value) for value in self._taken[op]]
        if self._seen.get(op) == given:
            return
        if isinstance(op, scf.ForOp):
            self._for(op)
        else:
            self._while(op)
        self._seen[op] = given

    def _plain(self, op: Operation) -> None:
        for result in op.results:
            if whole(result.type) is None:
                continue
            rule = RULES.get(type(op))
            self.put(result, rule(op, [self.of(operand) for operand in op.operands]) if rule else None)

    def _if(self, op: scf.IfOp) -> None:
        for region in op.regions:
            for block in region.blocks:
                self.block(block)
        for position, result in enumerate(op.results):
            yielded = [_terminator(region.block).operands[position] for region in op.regions]
            if whole(result.type) is not None:
                self.put(result, _join([self.of(value) for value in yielded]))

    def _for(self, op: scf.ForOp) -> None:
        body = op.body.block
        low, high = self.of(op.lb)[0], self.of(op.ub)[1] - 1
        self.put(body.args[0], (low, max(low, high)))
        self._fixpoint(list(op.iter_args), list(body.args[1:]), lambda: self.block(body), _terminator(body).operands)
        for argument, result in zip(body.args[1:], op.results, strict=True):
            if argument in self.ranges:
                self.put(result, self.ranges[argument])

    def _while(self, op: scf.WhileOp) -> None:
        before, after = op.before_region.block, op.after_region.block
        condition = _terminator(before)
        assert isinstance(condition, scf.ConditionOp)

        def iterate() -> None:
            self.block(before)
            for source, *targets in zip(condition.args, after.args, op.results, strict=True):
                for target in targets:
                    if whole(target.type) is not None:
                        self.put(target, self.of(source))
            self.block(after)

        self._fixpoint(list(op.arguments), list(before.args), iterate, _terminator(after).operands)

    def _fixpoint(
        self,
        initial: list[SSAValue],
        arguments: list[SSAValue],
        iterate: Callable[[], None],
        yielded: Sequence[SSAValue],
    ) -> None:
        tracked = [
            (start, argument, following)
            for start, argument, following in zip(initial, arguments, yielded, strict=True)
            if whole(argument.type) is not None
        ]
        for start, argument, _ in tracked:
            self.put(argument, self.of(start))
        for _ in range(2 + len(tracked)):
            iterate()
            grown = False
            for _, argument, following in tracked:
                joined = _join([self.of(argument), self.of(following)])
                if joined != self.of(argument):
                    self.put(argument, None)
                    grown = True
            if not grown:
                return
        raise AssertionError("each round widens an argument to its whole type")


def _taken_from_outside(loop: Operation) -> list[SSAValue]:
    """The values that a loop or something in it uses, and that are defined outside of it."""
    inside: set[SSAValue] = {result for op in loop.walk() if op is not loop for result in op.results}
    for op in loop.walk():
        inside.update(argument for region in op.regions for block in region.blocks for argument in block.args)
    used = dict.fromkeys(operand for op in loop.walk() for operand in op.operands)
    return [value for value in used if value not in inside]


def _terminator(block: Block) -> Operation:
    assert block.last_op is not None
    return block.last_op


def _join(ranges: Sequence[Range]) -> Range:
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _corners(combine: Callable[[int, int], int]) -> RangeRule:
    def rule(op: Operation, given: list[Range]) -> Range:
        (a, b), (c, d) = given
        values = [combine(x, y) for x in (a, b) for y in (c, d)]
        return min(values), max(values)

    return rule


def _constant(op: Operation, given: list[Range]) -> Range | None:
    assert isinstance(op, arith.ConstantOp)
    if not isinstance(op.value, IntegerAttr):
        return None
    value = op.value.value.data
    width = width_of(op.result.type)
    assert width is not None
    value &= (1 << width) - 1
    value -= (value >> (width - 1)) << width
    return value, value


def _zero_extend(op: Operation, given: list[Range]) -> Range:
    width = width_of(op.operands[0].type)
    assert width is not None
    return given[0] if given[0][0] >= 0 else (0, (1 << width) - 1)


def _keep_if_fits(op: Operation, given: list[Range]) -> Range | None:
    return given[0]


def _and(op: Operation, given: list[Range]) -> Range | None:
    bounds = [high for low, high in given if low >= 0]
    return (0, min(bounds)) if bounds else None


def _or(op: Operation, given: list[Range]) -> Range | None:
    if any(low < 0 for low, _ in given):
        return None
    return 0, (1 << max(high for _, high in given).bit_length()) - 1


def _divide(op: Operation, given: list[Range]) -> Range | None:
    (low, high), (divisor, _) = given
    if isinstance(op, arith.DivUIOp | arith.RemUIOp) and (low < 0 or divisor < 0):
        return None
    most = max(abs(low), abs(high))
    return (0, most) if low >= 0 and divisor >= 0 else (-most - 1, most + 1)


def _remainder(op: Operation, given: list[Range]) -> Range | None:
    (low, high), (divisor, largest) = given
    if isinstance(op, arith.RemUIOp) and (low < 0 or divisor < 0):
        return None
    most = max(abs(divisor), abs(largest), 1) - 1
    return (0, min(high, most)) if low >= 0 else (-most, most)


def _shift_right(op: Operation, given: list[Range]) -> Range | None:
    (low, high), (amount, most) = given
    if amount < 0 or (isinstance(op, arith.ShRUIOp) and low < 0):
        return None
    amount, most = min(amount, 600), min(most, 600)
    ends = [value >> by for value in (low, high) for by in (amount, most)]
    return min(ends), max(ends)


def _shift_left(op: Operation, given: list[Range]) -> Range | None:
    (low, high), (amount, most) = given
    if amount < 0 or most > 600:
        return None
    ends = [value << by for value in (low, high) for by in (amount, most)]
    return min(ends), max(ends)


def _compare(op: Operation, given: list[Range]) -> Range:
    return -1, 0


def _select(op: Operation, given: list[Range]) -> Range:
    return _join(given[1:])


def _maximum(op: Operation, given: list[Range]) -> Range:
    return max(given[0][0], given[1][0]), max(given[0][1], given[1][1])


def _minimum(op: Operation, given: list[Range]) -> Range:
    return min(given[0][0], given[1][0]), min(given[0][1], given[1][1])


RULES: dict[type[Operation], RangeRule] = {
    arith.ConstantOp: _constant,
    arith.AddiOp: _corners(lambda x, y: x + y),
    arith.SubiOp: _corners(lambda x, y: x - y),
    arith.MuliOp: _corners(lambda x, y: x * y),
    arith.DivSIOp: _divide,
    arith.DivUIOp: _divide,
    arith.FloorDivSIOp: _divide,
    arith.RemSIOp: _remainder,
    arith.RemUIOp: _remainder,
    arith.AndIOp: _and,
    arith.OrIOp: _or,
    arith.XOrIOp: _or,
    arith.ShLIOp: _shift_left,
    arith.ShRSIOp: _shift_right,
    arith.ShRUIOp: _shift_right,
    arith.CmpiOp: _compare,
    arith.SelectOp: _select,
    arith.MaxSIOp: _maximum,
    arith.MinSIOp: _minimum,
    arith.ExtSIOp: _keep_if_fits,
    arith.TruncIOp: _keep_if_fits,
    arith.IndexCastOp: _keep_if_fits,
    arith.ExtUIOp: _zero_extend,
}
"""For each operation, the range of its result from those of its operands; out of range of the type means anything."""
