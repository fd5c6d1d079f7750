"""Register rotation (scalar replacement, predictive commoning): values of earlier iterations stay in registers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import islpy as isl
from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.dependences.analysis import DependenceAnalysis
from gatewright.analysis.dependences.description import Affine, ArrayAccess, LoopRange, affine
from gatewright.analysis.dependences.effort import EffortError, limited
from gatewright.analysis.dependences.from_loops import DescribedFunction, describe
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.backward_slice import backward_slice
from gatewright.ir.purity import is_pure
from gatewright.transforms.loops.register_rotation import RotationChains, skew, skew_pays

MOST_ITERATIONS_BACK = 4
"""What was stored or loaded longer ago is loaded: each iteration back costs a register."""


EFFORT = 500_000
"""Operations of isl to describe a function, and to ask for the dependences of a loop; with more it stays as it is."""


@dataclass(frozen=True)
class ForwardAcrossIterationsPass(ModulePass):
    """Carry what a loop stores or loads to the iterations that load it again.

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

    For loads of innermost loops of which the dependences say that each reads what one store of the loop wrote a fixed
    number of iterations before, and in the first iterations what the array held before the loop; and for loads
    that read, from an array that the loop does not change, what another load of it read before: a window that moves
    along. Bounds of inner loops are forwarded so in outer loops too. Not where that takes more loads in front of a loop
    inside another one than it saves in its iterations; a window may then be filled by iterations of the loop itself,
    see `windows`.
    """

    name = "forward-across-iterations"

    multipliers: int | None = None
    """The most multipliers that there will be."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [inner for inner in op.ops if isinstance(inner, func.FuncOp) and not inner.is_declaration]:
            loops = [loop for loop in function.walk() if isinstance(loop, scf.ForOp) and _may_forward(loop)]
            if not loops:
                continue
            try:
                with limited(EFFORT):
                    described = describe(function)
                    analysis = DependenceAnalysis(described.description)
            except EffortError:
                continue
            for loop in loops:
                try:
                    with limited(EFFORT):
                        chains = _chains(loop, described, analysis)
                except EffortError:
                    continue
                if not chains:
                    continue
                if skew_pays(loop, chains, self.multipliers):
                    skew(loop, chains)
                elif _pays(loop, chains):
                    _forward(loop, chains)


def _may_forward(loop: scf.ForOp) -> bool:
    """True of a loop that loads from an array to which it always stores, or from which it also loads otherwise."""
    seen: set[SSAValue] = set()
    for op in loop.body.block.ops:
        if isinstance(op, memref.StoreOp | memref.LoadOp):
            if op.memref in seen:
                return True
            seen.add(op.memref)
    return False


def _is_innermost(loop: scf.ForOp) -> bool:
    return not any(isinstance(op, scf.ForOp | scf.WhileOp) for op in loop.body.block.ops)


def _chains(loop: scf.ForOp, described: DescribedFunction, analysis: DependenceAnalysis) -> RotationChains:
    found: RotationChains = defaultdict(list)
    if described.loop_of[loop].upper is None:
        return found
    changed = {op.memref for op in loop.walk() if isinstance(op, memref.StoreOp)}
    loads = [op for op in loop.body.block.ops if isinstance(op, memref.LoadOp)]
    if _is_innermost(loop):
        _from_stores(loop, [load for load in loads if load.memref in changed], described, analysis, found)
    unchanged = [load for load in loads if load.memref not in changed and _can_repeat(load, loop)]
    if not _is_innermost(loop):
        unchanged = [load for load in unchanged if _decides_a_bound(load, loop)]
    _from_loads(loop, unchanged, described, analysis, found)
    return found


def _from_stores(
    loop: scf.ForOp,
    loads: list[memref.LoadOp],
    described: DescribedFunction,
    analysis: DependenceAnalysis,
    found: RotationChains,
) -> None:
    """Note the loads that read what a store of the loop wrote in an earlier iteration."""
    node = described.loop_of[loop]
    inside = [op for op in loop.walk() if isinstance(op, memref.StoreOp)]
    for load in loads:
        access = described.access_of[load]
        stores = [op for op in inside if op.memref is load.memref]
        for store in stores:
            others = [described.access_of[other] for other in stores if other is not store]
            source = described.access_of[store]
            distance = _distance(access, source, node, analysis) if store.parent is loop.body.block else None
            if distance and _can_repeat(store, loop) and _is_source(source, access, distance, others, node, analysis):
                found[store].append((load, distance))
                break  # in a loop too short for its distances, no store is the source, and any will do


def _is_source(
    store: ArrayAccess,
    load: ArrayAccess,
    distance: int,
    others: list[ArrayAccess],
    loop: LoopRange,
    analysis: DependenceAnalysis,
) -> bool:
    """True if what a load reads of the stores of its loop is what one store wrote that many iterations before.

    That store writes every element once, and no other one writes what is loaded.
    """
    if any(dependence.carrier is loop for dependence in analysis.between(store, store)):
        return False
    place = analysis.of(load).loops.index(loop)
    apart = distance * loop.step
    for dependence in analysis.between(store, load):
        if dependence.carrier is None:
            return False
        if dependence.carrier is loop and dependence.distance[place] != (apart, apart):
            return False
    return not any(
        dependence.carrier is None or dependence.carrier is loop
        for other in others
        for dependence in analysis.between(other, load)
    )


def _from_loads(
    loop: scf.ForOp,
    loads: list[memref.LoadOp],
    described: DescribedFunction,
    analysis: DependenceAnalysis,
    found: RotationChains,
) -> None:
    """Note the loads that read what another one read in an earlier iteration, from the one that comes first."""
    node = described.loop_of[loop]
    sources: dict[memref.LoadOp, tuple[memref.LoadOp, int]] = {}
    for load in loads:
        others = [other for other in loads if other is not load and other.memref is load.memref]
        distances = {
            other: _distance(described.access_of[load], described.access_of[other], node, analysis) for other in others
        }
        before = {other: distance for other, distance in distances.items() if distance}
        if before:
            first = max(before, key=lambda other: before[other])
            sources[load] = first, before[first]
    for load, (first, distance) in sources.items():
        if first not in sources:
            found[first].append((load, distance))


def _decides_a_bound(load: memref.LoadOp, loop: scf.ForOp) -> bool:
    """True if a bound of a loop inside is computed from what is loaded."""
    bounds = [value for op in loop.body.block.ops if isinstance(op, scf.ForOp) for value in (op.lb, op.ub)]
    return load in backward_slice(loop.body.block, bounds)


def _distance(load: ArrayAccess, source: ArrayAccess, loop: LoopRange, analysis: DependenceAnalysis) -> int | None:
    """How many iterations before another access touched what a load touches, whatever the counter is.

    None if that is not a fixed number from 0 to `MOST_ITERATIONS_BACK`.
    """
    if load.array != source.array or not all(_is_regular(access, loop, analysis) for access in (load, source)):
        return None
    before = f"before_{loop.name}"
    pairs = list(zip(load.subscripts, source.subscripts, strict=True))
    for distance in range(1 + MOST_ITERATIONS_BACK):
        shift = affine(before).eq_set(affine(loop.name) - affine(distance * loop.step))
        if all(
            mine is not None
            and theirs is not None
            and shift.is_subset(mine.eq_set(_renamed(theirs, loop.name, before)))
            for mine, theirs in pairs
        ):
            return distance
    return None


def _is_regular(access: ArrayAccess, loop: LoopRange, analysis: DependenceAnalysis) -> bool:
    """True if the subscripts of an access mention nothing unknown that may differ from iteration to iteration."""
    instances = analysis.of(access)
    depth = instances.loops.index(loop)
    changing = {name for name, defined in instances.symbols if defined > depth}
    return all(
        subscript is not None and not changing & set(map(str, subscript.get_var_names(isl.dim_type.param)))
        for subscript in access.subscripts
    )


def _renamed(thing: Affine, name: str, new: str) -> Affine:
    position = thing.find_dim_by_name(isl.dim_type.param, name)
    if position < 0:
        return thing
    identifier = isl.Set(f"[{new}] -> {{ : }}").get_dim_id(isl.dim_type.param, 0)
    return thing.set_dim_id(isl.dim_type.param, position, identifier)


def _can_repeat(access: MemoryAccess, loop: scf.ForOp) -> bool:
    """True if the subscripts of an access can be computed for any iteration, in front of the loop."""
    needed = backward_slice(loop.body.block, access.indices)
    read = [*access.indices, *(value for op in needed for value in op.operands)]
    carried = set(loop.body.block.args[1:])
    return all(map(is_pure, needed)) and not any(value in carried for value in read)


def _pays(loop: scf.ForOp, chains: RotationChains) -> bool:
    """True if no more loads come in front of the loop than disappear from its iterations, or it runs only once."""
    ahead = sum(max(distance for _, distance in loads) for loads in chains.values())
    return isinstance(loop.parent_op(), func.FuncOp) or ahead <= sum(len(loads) for loads in chains.values())


def _forward(loop: scf.ForOp, chains: RotationChains) -> None:
    """Replace the loop by one that carries what its accesses wrote or read."""
    body = loop.body.block
    initial: list[SSAValue] = []
    carried: dict[MemoryAccess, list[SSAValue]] = {}
    for source, loads in chains.items():
        carried[source] = []
        for back in range(1, 1 + max(distance for _, distance in loads)):
            initial.append(_load_before(loop, source, back, loads[0][0]))
            argument = body.insert_arg(initial[-1].type, len(body.args))
            argument.name_hint = loads[0][0].res.name_hint
            carried[source].append(argument)
    for source, loads in chains.items():
        for load, distance in loads:
            Rewriter.replace_op(load, [], [carried[source][distance - 1]])
    following: list[SSAValue] = []
    for source in chains:
        newest = source.value if isinstance(source, memref.StoreOp) else source.res
        following += [newest, *carried[source][:-1]]
    terminator = body.last_op
    assert isinstance(terminator, scf.YieldOp)
    Rewriter.replace_op(terminator, scf.YieldOp(*terminator.operands, *following), [])
    region = Region(loop.body.detach_block(0))
    replacement = scf.ForOp(loop.lb, loop.ub, loop.step, [*loop.iter_args, *initial], region)
    replacement.location = loop.location
    for before, after in zip(loop.results, replacement.results, strict=False):
        after.name_hint = before.name_hint
    Rewriter.replace_op(loop, replacement, list(replacement.results[: len(loop.results)]))


def _load_before(loop: scf.ForOp, source: MemoryAccess, back: int, sample: memref.LoadOp) -> SSAValue:
    """Load, in front of a loop, the element that an access would have touched some iterations before the first."""
    counter = loop.lb
    for _ in range(back):
        counter = _insert(arith.SubiOp(counter, loop.step), loop, sample).results[0]
    mapping: dict[SSAValue, SSAValue] = {loop.body.block.args[0]: counter}
    for op in backward_slice(loop.body.block, source.indices):
        copy = _insert(op.clone(mapping), loop, op)
        mapping.update(zip(op.results, copy.results, strict=True))
    load = memref.LoadOp.get(source.memref, [mapping.get(index, index) for index in source.indices])
    return _insert(load, loop, sample).results[0]


def _insert(op: Operation, loop: scf.ForOp, origin: Operation) -> Operation:
    op.location = origin.location
    block = loop.parent
    assert isinstance(block, Block)
    block.insert_op_before(op, loop)
    return op
