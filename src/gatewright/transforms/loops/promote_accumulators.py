"""Keep in a register the array element that a loop works on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.index_inequalities import Order
from gatewright.analysis.ranges import value_ranges
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.constants import zero_of
from gatewright.ir.rewriting import carrying, functions_of, insert_before, located
from gatewright.transforms.loops.if_convert import is_predicated_store


@dataclass(frozen=True)
class PromoteAccumulatorsPass(ModulePass):
    """Carry an element that every iteration loads and stores, and store it once behind the loop.

    ```
                                         %v0 = memref.load %c[%i, %j]
    scf.for %k {                         %r = scf.for %k iter_args(%v = %v0) {
      %v = memref.load %c[%i, %j]          %w = arith.addi %v, %p
      %w = arith.addi %v, %p         ->    scf.yield %w
      memref.store %w, %c[%i, %j]        }
    }                                    memref.store %r, %c[%i, %j]
    ```

    For innermost loops, where the subscripts do not change in the loop and every other access of the array in it is
    proven to touch other elements. If all stores are under conditions, these may be what keeps them inside the array;
    the element then has to be proven to be inside. Around a loop that may have no iterations, load and store of an
    element that is not stand under the condition that it has one.
    """

    name = "promote-accumulators"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            ranges = value_ranges(function)
            order = Order(ranges)
            for loop in [inner for inner in function.walk() if isinstance(inner, scf.ForOp)]:
                _promote_in(loop, order)


def _promote_in(loop: scf.ForOp, order: Order) -> None:
    accesses = _accesses(loop)
    if accesses is None:
        return
    for group in _candidates(loop, accesses, order):
        loop = _promote(loop, group, order)


def _accesses(loop: scf.ForOp) -> dict[SSAValue, list[MemoryAccess]] | None:
    """The accesses of an innermost loop by array; None if it holds other control than predicated stores."""
    found: dict[SSAValue, list[MemoryAccess]] = defaultdict(list)
    for op in loop.body.block.ops:
        if isinstance(op, MemoryAccess):
            found[op.memref].append(op)
        elif is_predicated_store(op):
            for inner in op.regions[0].block.ops:
                if isinstance(inner, memref.StoreOp):
                    found[inner.memref].append(inner)
        elif op.regions:
            return None
    return found


def _candidates(
    loop: scf.ForOp, accesses: dict[SSAValue, list[MemoryAccess]], order: Order
) -> list[list[MemoryAccess]]:
    """The groups of accesses that touch one element each, which nothing else in the loop touches."""
    groups: list[list[MemoryAccess]] = []
    for array in accesses.values():
        for store in [access for access in array if isinstance(access, memref.StoreOp)]:
            group = [access for access in array if order.same_element(access.indices, store.indices)]
            if store is not next(access for access in group if isinstance(access, memref.StoreOp)):
                continue
            others = [access for access in array if access not in group]
            if (
                all(_is_outside(index, loop) for index in store.indices)
                and all(order.never_meet(other, store) for other in others)
                and (_is_certain(group, loop) or _is_inside(store, order))
            ):
                groups.append(group)
    return groups


def _is_certain(group: list[MemoryAccess], loop: scf.ForOp) -> bool:
    """True if every iteration stores to the element, which so is inside its array."""
    return any(isinstance(access, memref.StoreOp) and access.parent is loop.body.block for access in group)


def _is_outside(value: SSAValue, loop: scf.ForOp) -> bool:
    """True if a value is defined outside a loop."""
    block = value.owner if isinstance(value.owner, Block) else value.owner.parent
    return block is not loop.body.block


def _promote(loop: scf.ForOp, group: list[MemoryAccess], order: Order) -> scf.ForOp:
    """Promote the element of a group of accesses; return the loop that takes the place of the old one."""
    sample = group[0]
    array = group[0].memref.type
    assert isinstance(array, MemRefType)
    element = array.get_element_type()
    harmless = order.at_most(loop.lb, 1, loop.ub, 0) or _is_inside(sample, order)
    guard = None if harmless else _runs(loop)
    initial = _load_before(loop, sample, element, guard)
    body = loop.body.block
    current: SSAValue = body.insert_arg(element, len(body.args))
    current.name_hint = next((a.res.name_hint for a in group if isinstance(a, memref.LoadOp)), None)
    members = set(map(id, group))
    for op in list(body.ops):
        if isinstance(op, memref.LoadOp) and id(op) in members:
            Rewriter.replace_op(op, [], [current])
        elif isinstance(op, memref.StoreOp) and id(op) in members:
            current = op.value
            Rewriter.erase_op(op)
        elif is_predicated_store(op):
            current = _promote_predicated(op, members, current)
    indices, array = list(sample.indices), sample.memref
    carried = carrying(loop, [initial], [current])
    _store_behind(carried, carried.results[-1], array, indices, guard)
    return carried


def _promote_predicated(op: Operation, members: set[int], current: SSAValue) -> SSAValue:
    """Turn stores under a predicate into selections; return what the element is behind them."""
    assert isinstance(op, scf.IfOp)
    for store in list(op.true_region.block.ops):
        if isinstance(store, memref.StoreOp) and id(store) in members:
            current = insert_before(arith.SelectOp(op.cond, store.value, current), op, store).result
            Rewriter.erase_op(store)
    if len(op.true_region.block.ops) == 1:
        Rewriter.erase_op(op)
    return current


def _is_inside(access: MemoryAccess, order: Order) -> bool:
    """True if the subscripts of an access are proven to be inside its array."""
    assert isinstance(access.memref.type, MemRefType)
    return all(
        order.inside(index, extent)
        for index, extent in zip(access.indices, access.memref.type.get_shape(), strict=True)
    )


def _runs(loop: scf.ForOp) -> SSAValue:
    """The condition that a loop has an iteration, in front of it."""
    return insert_before(arith.CmpiOp(loop.lb, loop.ub, "slt"), loop).result


def _load_before(loop: scf.ForOp, sample: MemoryAccess, element: Attribute, guard: SSAValue | None) -> SSAValue:
    load = located(memref.LoadOp.get(sample.memref, list(sample.indices)), sample)
    if guard is None:
        return insert_before(load, loop, sample).res
    zero = insert_before(arith.ConstantOp(zero_of(element)), loop)
    taken, other = Block([load, scf.YieldOp(load.res)]), Block([scf.YieldOp(zero.result)])
    return insert_before(scf.IfOp(guard, [element], Region(taken), Region(other)), loop).results[0]


def _store_behind(
    loop: scf.ForOp, value: SSAValue, array: SSAValue, indices: list[SSAValue], guard: SSAValue | None
) -> None:
    store: Operation = located(memref.StoreOp.get(value, array, indices), loop)
    if guard is not None:
        store = located(scf.IfOp(guard, [], Region(Block([store, scf.YieldOp()]))), loop)
    assert loop.parent is not None
    loop.parent.insert_op_after(store, loop)
