"""Use in registers what earlier iterations have stored, instead of loading it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import islpy as isl
from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.dependences.analysis import DependenceAnalysis
from gatewright.analysis.dependences.description import Access, Affine, Loop, affine
from gatewright.analysis.dependences.from_loops import DescribedFunction, describe
from gatewright.analysis.dependences.last_writers import LastWriter, last_writers
from gatewright.analysis.purity import is_pure

MOST_ITERATIONS_BACK = 4
"""What was stored longer ago is loaded: each iteration back costs a register."""


@dataclass(frozen=True)
class ForwardAcrossIterationsPass(ModulePass):
    """Carry what a loop stores to the iterations that load it.

    ```
                                          %v2 = memref.load %a[0]
                                          %v1 = memref.load %a[1]
    scf.for %i = 2 to %n {                scf.for %i = 2 to %n iter_args(%v1, %v2) {
      %x = memref.load %a[%i - 1]
      %y = memref.load %a[%i - 2]    ->
      %z = arith.addi %x, %y                %z = arith.addi %v1, %v2
      memref.store %z, %a[%i]               memref.store %z, %a[%i]
    }                                       scf.yield %z, %v1
                                          }
    ```

    For loads of innermost loops of which isl's dataflow analysis says that each reads what one store of the loop wrote
    a fixed number of iterations before, and in the first iterations what the array held before the loop. Not where
    that takes more loads in front of a loop inside another one than it saves in its iterations.
    """

    name = "forward-across-iterations"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [inner for inner in op.ops if isinstance(inner, func.FuncOp) and not inner.is_declaration]:
            loops = [loop for loop in function.walk() if isinstance(loop, scf.ForOp) and _may_forward(loop)]
            if not loops:
                continue
            described = describe(function)
            analysis = DependenceAnalysis(described.description)
            for loop in loops:
                chains = _chains(loop, described, analysis)
                if chains and _pays(loop, chains):
                    _forward(loop, chains)


def _may_forward(loop: scf.ForOp) -> bool:
    """True of an innermost loop that loads from an array to which it always stores."""
    ops = list(loop.body.block.ops)
    if any(isinstance(op, scf.ForOp | scf.WhileOp) for op in ops):
        return False
    stored = {op.memref for op in ops if isinstance(op, memref.StoreOp)}
    return any(isinstance(op, memref.LoadOp) and op.memref in stored for op in ops)


Chains = dict[memref.StoreOp, list[tuple[memref.LoadOp, int]]]
"""For each store the loads that read what it wrote, and how many iterations before."""


def _chains(loop: scf.ForOp, described: DescribedFunction, analysis: DependenceAnalysis) -> Chains:
    found: Chains = defaultdict(list)
    stores = {described.access_of[op]: op for op in loop.body.block.ops if isinstance(op, memref.StoreOp)}
    for load in [op for op in loop.body.block.ops if isinstance(op, memref.LoadOp)]:
        access, node = described.access_of[load], described.loop_of[loop]
        if not any(store.array == access.array for store in stores) or node.upper is None:
            continue
        source = _source(access, node, last_writers(analysis, access), analysis)
        if source is None:
            continue
        store, distance = stores.get(source[0]), source[1]
        if store is not None and _is_shifted(access, source[0], node, distance) and _can_repeat(store, loop):
            found[store].append((load, distance))
    return found


def _source(
    load: Access, loop: Loop, writers: list[LastWriter], analysis: DependenceAnalysis
) -> tuple[Access, int] | None:
    """The store of a loop that writes what a load of it reads, and how many iterations before; None if there is none.

    In the iterations before that many, the load has to read what was there before the loop.
    """
    inside = [writer for writer in writers if _in_same_execution(writer, loop, analysis)]
    if len(inside) != 1 or not inside[0].certain or inside[0].store is None:
        return None
    writer, store = inside[0], inside[0].store
    reader = analysis.of(load)
    apart = writer.distance[reader.loops.index(loop)]
    if apart[0] is None or apart[0] != apart[1] or apart[0] <= 0 or apart[0] % loop.step:
        return None
    distance = apart[0] // loop.step
    later = reader.domain & affine(loop.name).ge_set(loop.lower + affine(apart[0]))
    return (store, distance) if later.is_subset(_by_names(writer.loads)) else None


def _by_names(executions: isl.Set) -> isl.Set:
    """Executions as a condition on the names of loops and symbols."""
    executions = executions.reset_tuple_id() if executions.has_tuple_id() else executions
    count = executions.dim(isl.dim_type.set)
    return executions.move_dims(
        isl.dim_type.param, executions.dim(isl.dim_type.param), isl.dim_type.set, 0, count
    ).params()


def _in_same_execution(writer: LastWriter, loop: Loop, analysis: DependenceAnalysis) -> bool:
    """True if a store may have written what is loaded in an earlier iteration of the same execution of a loop."""
    if writer.store is None:
        return False
    loops = analysis.of(writer.store).loops
    if loop not in loops:
        return False
    outside = writer.distance[: loops.index(loop)]
    return all((low is None or low <= 0) and (high is None or high >= 0) for low, high in outside)


def _is_shifted(load: Access, store: Access, loop: Loop, distance: int) -> bool:
    """True if the load's subscripts are the store's, a number of iterations before, whatever the counter is."""
    before = f"before_{loop.name}"
    shift = affine(before).eq_set(affine(loop.name) - affine(distance * loop.step))
    for mine, theirs in zip(load.subscripts, store.subscripts, strict=True):
        if mine is None or theirs is None:
            return False
        if not shift.is_subset(mine.eq_set(_renamed(theirs, loop.name, before))):
            return False
    return True


def _renamed(thing: Affine, name: str, new: str) -> Affine:
    position = thing.find_dim_by_name(isl.dim_type.param, name)
    if position < 0:
        return thing
    identifier = isl.Set(f"[{new}] -> {{ : }}").get_dim_id(isl.dim_type.param, 0)
    return thing.set_dim_id(isl.dim_type.param, position, identifier)


def _can_repeat(store: memref.StoreOp, loop: scf.ForOp) -> bool:
    """True if the subscripts of a store can be computed for any iteration, in front of the loop."""
    carried = set(loop.body.block.args[1:])
    return all(is_pure(op) for op in _needed(store.indices, loop)) and not any(
        value in carried for op in [store, *_needed(store.indices, loop)] for value in _read(op)
    )


def _read(op: Operation) -> Iterable[SSAValue]:
    return op.indices if isinstance(op, memref.StoreOp) else op.operands


def _needed(values: Iterable[SSAValue], loop: scf.ForOp) -> list[Operation]:
    """The operations of a loop's body that some values are computed by, in order."""
    found: set[Operation] = set()
    pending = list(values)
    while pending:
        owner = pending.pop().owner
        if isinstance(owner, Operation) and owner.parent is loop.body.block and owner not in found:
            found.add(owner)
            pending.extend(owner.operands)
    return [op for op in loop.body.block.ops if op in found]


def _pays(loop: scf.ForOp, chains: Chains) -> bool:
    """True if no more loads come in front of the loop than disappear from its iterations, or it runs only once."""
    distances = [max(distance for _, distance in loads) for loads in chains.values()]
    if max(distances) > MOST_ITERATIONS_BACK:
        return False
    parent = loop.parent_op()
    return isinstance(parent, func.FuncOp) or sum(distances) <= sum(len(loads) for loads in chains.values())


def _forward(loop: scf.ForOp, chains: Chains) -> None:
    """Replace the loop by one that carries what its stores wrote."""
    body = loop.body.block
    initial: list[SSAValue] = []
    carried: dict[memref.StoreOp, list[SSAValue]] = {}
    for store, loads in chains.items():
        carried[store] = []
        for back in range(1, 1 + max(distance for _, distance in loads)):
            initial.append(_load_before(loop, store, back, loads[0][0]))
            argument = body.insert_arg(initial[-1].type, len(body.args))
            argument.name_hint = loads[0][0].res.name_hint
            carried[store].append(argument)
    for store, loads in chains.items():
        for load, distance in loads:
            Rewriter.replace_op(load, [], [carried[store][distance - 1]])
    following = [value for store in chains for value in [store.value, *carried[store][:-1]]]
    terminator = body.last_op
    assert isinstance(terminator, scf.YieldOp)
    Rewriter.replace_op(terminator, scf.YieldOp(*terminator.operands, *following), [])
    region = Region(loop.body.detach_block(0))
    replacement = scf.ForOp(loop.lb, loop.ub, loop.step, [*loop.iter_args, *initial], region)
    replacement.location = loop.location
    for before, after in zip(loop.results, replacement.results, strict=False):
        after.name_hint = before.name_hint
    Rewriter.replace_op(loop, replacement, list(replacement.results[: len(loop.results)]))


def _load_before(loop: scf.ForOp, store: memref.StoreOp, back: int, sample: memref.LoadOp) -> SSAValue:
    """Load, in front of a loop, the element that its store would have touched some iterations before the first."""
    counter = loop.lb
    for _ in range(back):
        counter = _insert(arith.SubiOp(counter, loop.step), loop, sample).results[0]
    mapping: dict[SSAValue, SSAValue] = {loop.body.block.args[0]: counter}
    for op in _needed(store.indices, loop):
        copy = _insert(op.clone(mapping), loop, op)
        mapping.update(zip(op.results, copy.results, strict=True))
    load = memref.LoadOp.get(store.memref, [mapping.get(index, index) for index in store.indices])
    return _insert(load, loop, sample).results[0]


def _insert(op: Operation, loop: scf.ForOp, origin: Operation) -> Operation:
    op.location = origin.location
    block = loop.parent
    assert isinstance(block, Block)
    block.insert_op_before(op, loop)
    return op
