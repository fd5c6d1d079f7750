"""Let accesses of an array that never happen in the same iteration be one access."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

from xdsl.dialects import arith, memref, scf
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.rewriter import Rewriter

from gatewright.analysis.distances import Distances, noted_distances
from gatewright.analysis.traced_dependences import Trace, accesses_of, has_several_accesses, trace
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.purity import is_pure
from gatewright.ir.rewriting import insert_before, located


def merge_accesses(
    loop: scf.WhileOp, kinds: tuple[type[Operation], ...], found: Trace | Distances | None = None
) -> tuple[bool, Trace | Distances | None]:
    """Share one load, or one store, between parts of a flat loop that take turns.

    ::

        %v = memref.load %c[%i]                  %k = arith.select %first, %i, %j
        %w = memref.load %c[%j]            ->    %v = memref.load %c[%k]
        %x = arith.select %first, %v, ...        %x = arith.select %first, %v, ...
        %y = arith.select %second, %w, ...       %y = arith.select %second, %v, ...

    For loops whose control depends on no data, as running it shows which accesses meet, and for nests of which that was
    noted. An array has one port for loads and one for stores, so with fewer accesses iterations can start sooner; but
    what was two chains of operations may become one that waits for itself. `kinds` are the operations to merge: loads,
    stores or both. `found` is what is known of the addresses, if that is known. Returns whether anything was merged,
    and what is known of the addresses then.
    """
    merged, found = False, found or addresses_of(loop)
    while found is not None and _merge_one(loop, kinds, found):
        merged, found = True, addresses_of(loop)
    return merged, found


def may_merge(loop: scf.WhileOp, kinds: tuple[type[Operation], ...], found: Trace | Distances | None) -> bool:
    """Whether some accesses of these kinds take turns, by what is known of them; if not there is nothing to merge."""
    groups = [group for group in _groups(accesses_of(loop.after_region.block) or {}, kinds) if len(group) > 1]
    found = (found or addresses_of(loop)) if groups else None
    return found is not None and any(found.take_turns(*pair) for group in groups for pair in combinations(group, 2))


def addresses_of(loop: scf.WhileOp) -> Trace | Distances | None:
    """What is known of the addresses of a loop with several accesses of an array: by running it, or as noted."""
    accesses = accesses_of(loop.after_region.block)
    if accesses is None or not has_several_accesses(accesses):
        return None
    return trace(loop, accesses) or noted_distances(loop)


def _groups(accesses: Iterable[Operation], kinds: tuple[type[Operation], ...]) -> list[list[Operation]]:
    """The accesses of these kinds, those of one kind and array together."""
    groups: dict[tuple[SSAValue, type[Operation]], list[Operation]] = defaultdict(list)
    for op in accesses:
        assert isinstance(op, MemoryAccess)
        if isinstance(op, kinds):
            groups[op.memref, type(op)].append(op)
    return list(groups.values())


def _merge_one(loop: scf.WhileOp, kinds: tuple[type[Operation], ...], found: Trace | Distances) -> bool:
    """Merge one pair of accesses of a loop; False if there is none."""
    accesses = accesses_of(loop.after_region.block) or {}
    for group in _groups(accesses, kinds):
        for one, other in combinations(group, 2):
            if found.take_turns(one, other) and _merge(one, other, accesses, found):
                return True
    return False


def _merge(
    one: Operation, other: Operation, accesses: dict[Operation, SSAValue | None], found: Trace | Distances
) -> bool:
    predicate = accesses[one]
    if predicate is None:
        return False
    if isinstance(one, memref.LoadOp) and isinstance(other, memref.LoadOp):
        return _merge_loads(one, other, predicate, accesses, found)
    assert isinstance(one, memref.StoreOp) and isinstance(other, memref.StoreOp)
    return _merge_stores(one, other, predicate, accesses[other], accesses, found)


def _merge_loads(
    one: memref.LoadOp,
    other: memref.LoadOp,
    predicate: SSAValue,
    accesses: dict[Operation, SSAValue | None],
    found: Trace | Distances,
) -> bool:
    """Let the earlier of two loads do the work of both: what it needs to know of the later one is moved up to it."""
    block = one.parent
    assert block is not None
    place = {op: number for number, op in enumerate(block.ops)}
    crossed = [s for s in _stores(accesses, one) if place[one] < place[_in_block(s, block)] < place[other]]
    if any(found.meet(store, other) for store in crossed):
        return False
    needed = _needed_before(one, (*other.indices, predicate), place)
    if needed is None:
        return False
    for op in needed:
        op.detach()
        block.insert_op_before(op, one)
    indices = [_select(predicate, a, b, one) for a, b in zip(one.indices, other.indices, strict=True)]
    merged = insert_before(memref.LoadOp.get(one.memref, indices), one)
    merged.res.name_hint = one.res.name_hint
    Rewriter.replace_op(one, [], [merged.res])
    Rewriter.replace_op(other, [], [merged.res])
    return True


def _needed_before(
    anchor: Operation, values: Sequence[SSAValue], place: dict[Operation, int]
) -> list[Operation] | None:
    """The operations behind `anchor` that compute some values, in order; None if one of them cannot be moved."""
    found: set[Operation] = set()
    pending = list(values)
    while pending:
        owner = pending.pop().owner
        if not isinstance(owner, Operation) or place.get(owner, -1) < place[anchor] or owner in found:
            continue
        if owner is anchor or not is_pure(owner):
            return None
        found.add(owner)
        pending.extend(owner.operands)
    return sorted(found, key=lambda op: place[op])


def _merge_stores(
    one: memref.StoreOp,
    other: memref.StoreOp,
    predicate: SSAValue,
    second: SSAValue | None,
    accesses: dict[Operation, SSAValue | None],
    found: Trace | Distances,
) -> bool:
    """Let the later of two stores do the work of both."""
    outer = other.parent_op()
    if second is None or not isinstance(outer, scf.IfOp) or outer.parent is None:
        return False
    array = one.memref
    order = [op for op in accesses if op.operands[0 if isinstance(op, memref.LoadOp) else 1] is array]
    between = order[order.index(one) + 1 : order.index(other)]
    passed = [op for op in between if op.parent is not other.parent]
    if any(found.meet(op, one) for op in passed) or any(found.meet(op, other) for op in between if op not in passed):
        return False
    indices = [_select(predicate, a, b, outer) for a, b in zip(one.indices, other.indices, strict=True)]
    value = _select(predicate, one.value, other.value, outer)
    either = insert_before(arith.OrIOp(predicate, second), outer, other)
    store = located(memref.StoreOp.get(value, array, indices), other)
    insert_before(scf.IfOp(either.result, [], Region(Block([store, scf.YieldOp()]))), outer, other)
    for store in (one, other):
        conditional = store.parent_op()
        Rewriter.erase_op(store)
        if isinstance(conditional, scf.IfOp) and len(conditional.true_region.block.ops) == 1:
            Rewriter.erase_op(conditional)
    return True


def _stores(accesses: dict[Operation, SSAValue | None], load: memref.LoadOp) -> list[Operation]:
    return [op for op in accesses if isinstance(op, memref.StoreOp) and op.memref is load.memref]


def _in_block(op: Operation, block: Block) -> Operation:
    """The operation of a block that an operation is, or is inside of."""
    while op.parent is not block:
        outer = op.parent_op()
        assert outer is not None
        op = outer
    return op


def _select(predicate: SSAValue, one: SSAValue, other: SSAValue, anchor: Operation) -> SSAValue:
    if one is other:
        return one
    return insert_before(arith.SelectOp(predicate, one, other), anchor).result
