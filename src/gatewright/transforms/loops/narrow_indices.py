"""Give every `index` value the width it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, ModuleOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.ranges import INDEX_WIDTH, Range, signed_bits, value_ranges, whole, width_of
from gatewright.ir.loop_labels import take_place
from gatewright.ir.rewriting import functions_of
from gatewright.transforms.loops.if_convert import is_predicated_store

LOW_BITS_SUFFICE = (arith.AddiOp, arith.SubiOp, arith.MuliOp)
"""Operations whose low result bits depend on nothing but the low bits of their operands."""


@dataclass(frozen=True)
class NarrowIndicesPass(ModulePass):
    """Replace `index` arithmetic by arithmetic on integers just wide enough for the values that occur.

    ```
    scf.for %i = %c0 to %c8 step %c1 {          scf.for %i = %c0 to %c8 step %c1 : i5 {
      %j = arith.addi %i, %c1 : index     ->      %j = arith.addi %i, %c1 : i5
      memref.load %a[%j]                          %k = arith.index_cast %j : i5 to index
    }                                             memref.load %a[%k]
                                                }
    ```

    Widths come from `analysis.ranges`, so no value changes. Subscripts and function arguments stay `index`.
    """

    name = "narrow-indices"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            if all(_is_of_loops(inner) for inner in function.walk()):
                _Narrower(value_ranges(function)).function(function)


def _is_of_loops(op: Operation) -> bool:
    """Whether an operation without regions of its own, or one that the pass knows how to rebuild."""
    return not op.regions or isinstance(op, func.FuncOp | scf.ForOp | scf.WhileOp | scf.IfOp)


class _Narrower:
    """Rebuilds blocks with narrowed values. `values` maps what has been rebuilt."""

    def __init__(self, ranges: Mapping[SSAValue, Range]):
        self.ranges = ranges
        self.values: dict[SSAValue, SSAValue] = {}

    def function(self, function: func.FuncOp) -> None:
        old = function.body.block
        new = Block(arg_types=[argument.type for argument in old.args])
        for before, after in zip(old.args, new.args, strict=True):
            after.name_hint = before.name_hint
            self.values[before] = after
        self.operations(old, new)
        function.body.detach_block(0)
        function.body.add_block(new)
        old.erase(safe_erase=False)

    def type_of(self, value: SSAValue) -> Attribute:
        """The narrowed type of an old value."""
        if not isinstance(value.type, IndexType):
            return value.type
        range_ = self.ranges.get(value)
        return IntegerType(signed_bits(range_) if range_ is not None else INDEX_WIDTH)

    def operand(self, value: SSAValue, block: Block, type_: Attribute, at: Operation) -> SSAValue:
        """The rebuilt `value` as a `type_`, sign-extended or truncated as needed."""
        return _resize(self.values[value], block, type_, at)

    def operations(self, old: Block, new: Block) -> None:
        for op in old.ops:
            match op:
                case scf.ForOp():
                    self._for(op, new)
                case scf.WhileOp():
                    self._while(op, new)
                case scf.IfOp() if is_predicated_store(op):
                    self._predicated_stores(op, new)
                case scf.IfOp():
                    self._if(op, new)
                case memref.LoadOp() | memref.StoreOp() | func.ReturnOp():
                    self._keep(op, new)
                case _ if self._is_narrow(op):
                    self._keep(op, new)
                case arith.IndexCastOp():
                    self._cast(op, new)
                case _:
                    self._compute(op, new)

    def _is_narrow(self, op: Operation) -> bool:
        return not any(isinstance(value.type, IndexType) for value in (*op.operands, *op.results))

    def _keep(self, op: Operation, block: Block) -> None:
        """Clone an operation whose `index` operands have to stay `index`."""
        mapping = {value: self.operand(value, block, value.type, op) for value in dict.fromkeys(op.operands)}
        self._add(op, op.clone(mapping), block)

    def _add(self, old: Operation, new: Operation, block: Block) -> None:
        new.location = old.location
        block.add_op(new)
        for before, after in zip(old.results, new.results, strict=True):
            after.name_hint = before.name_hint
            self.values[before] = after

    def _cast(self, op: arith.IndexCastOp, block: Block) -> None:
        self.values[op.result] = _resize(self.values[op.input], block, self.type_of(op.result), op)

    def _compute(self, op: Operation, block: Block) -> None:
        """Rebuild an arithmetic operation at a width at which it computes the same number."""
        if isinstance(op, arith.ConstantOp):
            type_ = self.type_of(op.result)
            assert isinstance(op.value, IntegerAttr) and isinstance(type_, IntegerType | IndexType)
            self._add(op, arith.ConstantOp(IntegerAttr(op.value.value.data, type_)), block)
            return
        result = op.results[0]
        width = width_of(self.type_of(result)) or 1
        if not isinstance(op, LOW_BITS_SUFFICE):
            indices = [value for value in op.operands if isinstance(value.type, IndexType)]
            widths = [width_of(self.type_of(value)) or 1 for value in indices]
            width = max([*widths, width if isinstance(result.type, IndexType) else 1])
            if _reads_sign_as_bits(op) and any(self.ranges.get(value, (-1, 0))[0] < 0 for value in indices):
                width = INDEX_WIDTH
        type_ = IntegerType(width)
        mapping = {
            value: self.operand(value, block, type_, op) if isinstance(value.type, IndexType) else self.values[value]
            for value in dict.fromkeys(op.operands)
        }
        if not isinstance(result.type, IndexType):
            computed = op.clone(mapping)
        else:
            computed = type(op).create(
                operands=[mapping[value] for value in op.operands],
                result_types=[type_],
                properties=dict(op.properties),
                attributes=dict(op.attributes),
            )
        self._add(op, computed, block)
        if isinstance(result.type, IndexType):
            self.values[result] = _resize(computed.results[0], block, self.type_of(result), op)

    def _block(self, old: Block, types: Sequence[Attribute]) -> Block:
        new = Block(arg_types=types)
        for before, after in zip(old.args, new.args, strict=True):
            after.name_hint = before.name_hint
            self.values[before] = after
        return new

    def _for(self, op: scf.ForOp, block: Block) -> None:
        old = op.body.block
        unknown = whole(op.lb.type)
        assert unknown is not None
        low, high, step = (self.ranges.get(bound, unknown) for bound in (op.lb, op.ub, op.step))
        reach = (min(low[0], high[0]), max(low[1], high[1] + step[1]))
        counter = IntegerType(min(INDEX_WIDTH, max(signed_bits(reach), signed_bits(step))))
        bounds = [self.operand(value, block, counter, op) for value in (op.lb, op.ub, op.step)]
        types = [self.type_of(argument) for argument in old.args[1:]]
        initial = [self.operand(v, block, t, op) for v, t in zip(op.iter_args, types, strict=True)]
        new = self._block(old, [counter, *types])
        self.values[old.args[0]] = new.args[0]
        self.operations_with_terminator(old, new, types)
        low_bound, high_bound, stride = bounds
        narrowed = scf.ForOp(low_bound, high_bound, stride, initial, Region(new))
        take_place([op], narrowed)
        self._add(op, narrowed, block)

    def operations_with_terminator(self, old: Block, new: Block, types: Sequence[Attribute]) -> None:
        """Rebuild a block that ends in a yield of values of given types."""
        terminator = old.last_op
        assert isinstance(terminator, scf.YieldOp)
        terminator.detach()
        self.operations(old, new)
        values = [self.operand(v, new, t, terminator) for v, t in zip(terminator.operands, types, strict=True)]
        old.add_op(terminator)
        new.add_op(scf.YieldOp(*values))

    def _while(self, op: scf.WhileOp, block: Block) -> None:
        before, after = op.before_region.block, op.after_region.block
        condition = before.last_op
        assert isinstance(condition, scf.ConditionOp)
        types = [self.type_of(argument) for argument in before.args]
        passed = [self.type_of(argument) for argument in after.args]
        initial = [self.operand(v, block, t, op) for v, t in zip(op.arguments, types, strict=True)]
        header = self._block(before, types)
        condition.detach()
        self.operations(before, header)
        values = [self.operand(v, header, t, condition) for v, t in zip(condition.args, passed, strict=True)]
        header.add_op(scf.ConditionOp(self.values[condition.condition], *values))
        before.add_op(condition)
        body = self._block(after, passed)
        self.operations_with_terminator(after, body, types)
        narrowed = scf.WhileOp(initial, passed, Region(header), Region(body))
        take_place([op], narrowed)
        self._add(op, narrowed, block)

    def _predicated_stores(self, op: scf.IfOp, block: Block) -> None:
        """Keep a conditional that holds only stores one that holds only stores: casts go in front of it."""
        inner = Block()
        for store in list(op.true_region.block.ops)[:-1]:
            mapping = {v: self.operand(v, block, v.type, store) for v in dict.fromkeys(store.operands)}
            self._add(store, store.clone(mapping), inner)
        inner.add_op(scf.YieldOp())
        self._add(op, scf.IfOp(self.values[op.cond], [], Region(inner)), block)

    def _if(self, op: scf.IfOp, block: Block) -> None:
        types = [self.type_of(result) for result in op.results]
        regions: list[Region] = []
        for region in op.regions:
            regions.append(Region())
            for old in region.blocks:
                new = Block()
                self.operations_with_terminator(old, new, types)
                regions[-1].add_block(new)
        taken, other = regions
        self._add(op, scf.IfOp(self.values[op.cond], types, taken, other), block)


def _reads_sign_as_bits(op: Operation) -> bool:
    """True for operations that read a negative number as a large one, whose size depends on the width."""
    return isinstance(op, arith.DivUIOp | arith.RemUIOp | arith.ShRUIOp | arith.ShLIOp | arith.ShRSIOp)


def _resize(value: SSAValue, block: Block, type_: Attribute, at: Operation) -> SSAValue:
    """`value` as a `type_`: truncated, sign-extended or cast to `index`."""
    if value.type == type_:
        return value
    have, want = width_of(value.type), width_of(type_)
    assert have is not None and want is not None and isinstance(type_, IntegerType | IndexType)
    if isinstance(value.owner, arith.ConstantOp) and isinstance(value.owner.value, IntegerAttr):
        return _emit(arith.ConstantOp(IntegerAttr(value.owner.value.value.data, type_, truncate_bits=True)), block, at)
    if isinstance(value.type, IndexType):
        return _emit(arith.IndexCastOp(value, type_), block, at)
    if isinstance(type_, IndexType):
        if have > INDEX_WIDTH:
            value = _emit(arith.TruncIOp(value, IntegerType(INDEX_WIDTH)), block, at)
        return _emit(arith.IndexCastOp(value, type_), block, at)
    assert isinstance(type_, IntegerType)
    return _emit((arith.TruncIOp if want < have else arith.ExtSIOp)(value, type_), block, at)


def _emit(op: Operation, block: Block, at: Operation) -> SSAValue:
    op.location = at.location
    block.add_op(op)
    return op.results[0]
