"""Register rotation (scalar replacement, predictive commoning): values of earlier iterations stay in registers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import islpy as isl
from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.dependences.analysis import DependenceAnalysis
from gatewright.analysis.dependences.description import Affine, ArrayAccess, LoopRange, affine
from gatewright.analysis.dependences.effort import EffortError, limited
from gatewright.analysis.dependences.from_loops import DescribedFunction
from gatewright.analysis.function_dependences import FunctionDependences
from gatewright.errors import UnsupportedError
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.backward_slice import backward_slice
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import label_of, labelled
from gatewright.ir.purity import is_pure
from gatewright.ir.rewriting import carrying, copied, functions_of, insert_before
from gatewright.transforms.loops.register_rotation import RotationChains, can_skew, skew

EFFORT = 500_000
"""Operations of isl to ask for the dependences of a loop; with more it stays as it is."""


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
    along. Bounds of inner loops are forwarded so in outer loops too. `loop` is the name of the loop, `back` how many
    iterations ago at most; `through` is `prologue`, for loads in front of the loop that fill the registers, or
    `skewed`, for early iterations of the loop itself that do, see `register_rotation`. Refused where there is
    nothing to forward.
    """

    name = "forward-across-iterations"

    loop: str = ""
    through: str = "prologue"
    back: int = 4

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            if (loop := labelled(function, self.loop)) is not None:
                chains = ChainFinder(function).chains(loop, self.back)
                rotate(loop, chains, self.through)


def rotate(loop: scf.ForOp, chains: RotationChains, through: str) -> None:
    """Let a loop carry what its accesses find: `prologue` or `skewed`. Raises UnsupportedError where it cannot."""
    reason = "no load is certain to read what the loop stored or loaded a few iterations before" if not chains else None
    if through == "skewed" and reason is None and not can_skew(loop, chains):
        reason = "only an inner loop with constant bounds and loads alone can start early"
    if reason is not None:
        what = f"loop {label_of(loop)} cannot keep values of earlier iterations in registers"
        raise UnsupportedError(what, where=source_location(loop), why=reason)
    if through == "skewed":
        skew(loop, chains)
    else:
        _forward(loop, chains)


class ChainFinder:
    """Finds in the loops of a function what could be forwarded across iterations."""

    def __init__(self, function: func.FuncOp):
        self._known = FunctionDependences.of(function).known

    def chains(self, loop: scf.ForOp, back: int) -> RotationChains:
        """What a loop stores or loads, and the loads that read it up to so many iterations later; perhaps nothing."""
        if self._known is None or not may_forward(loop):
            return {}
        try:
            with limited(EFFORT):
                return _Chains(loop, *self._known, back).find()
        except EffortError:
            return {}


def may_forward(loop: scf.ForOp) -> bool:
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


class _Chains:
    """The search for what a loop could carry."""

    def __init__(self, loop: scf.ForOp, described: DescribedFunction, analysis: DependenceAnalysis, back: int):
        self.loop, self.access_of, self.analysis, self.back = loop, described.access_of, analysis, back
        self.node = described.loop_of[loop]
        self.found: RotationChains = defaultdict(list)

    def find(self) -> RotationChains:
        """The chains of the loop."""
        loop = self.loop
        if self.node.upper is None:
            return self.found
        changed = {op.memref for op in loop.walk() if isinstance(op, memref.StoreOp)}
        loads = [op for op in loop.body.block.ops if isinstance(op, memref.LoadOp)]
        if _is_innermost(loop):
            self._from_stores([load for load in loads if load.memref in changed])
        unchanged = [load for load in loads if load.memref not in changed and _can_repeat(load, loop)]
        if not _is_innermost(loop):
            unchanged = [load for load in unchanged if _decides_a_bound(load, loop)]
        self._from_loads(unchanged)
        return self.found

    def _from_stores(self, loads: list[memref.LoadOp]) -> None:
        """Note the loads that read what a store of the loop wrote in an earlier iteration."""
        loop = self.loop
        inside = [op for op in loop.walk() if isinstance(op, memref.StoreOp)]
        for load in loads:
            access = self.access_of[load]
            stores = [op for op in inside if op.memref is load.memref]
            for store in stores:
                others = [self.access_of[other] for other in stores if other is not store]
                source = self.access_of[store]
                distance = self._distance(access, source) if store.parent is loop.body.block else None
                if distance and _can_repeat(store, loop) and self._is_source(source, access, distance, others):
                    self.found[store].append((load, distance))
                    break  # in a loop too short for its distances, no store is the source, and any will do

    def _is_source(self, store: ArrayAccess, load: ArrayAccess, distance: int, others: list[ArrayAccess]) -> bool:
        """True if what a load reads of the stores of its loop is what one store wrote that many iterations before.

        That store writes every element once, and no other one writes what is loaded.
        """
        analysis, loop = self.analysis, self.node
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

    def _from_loads(self, loads: list[memref.LoadOp]) -> None:
        """Note the loads that read what another one read in an earlier iteration, from the one that comes first."""
        sources: dict[memref.LoadOp, tuple[memref.LoadOp, int]] = {}
        for load in loads:
            others = [other for other in loads if other is not load and other.memref is load.memref]
            distances = {other: self._distance(self.access_of[load], self.access_of[other]) for other in others}
            before = {other: distance for other, distance in distances.items() if distance}
            if before:
                first = max(before, key=lambda other: before[other])
                sources[load] = first, before[first]
        for load, (first, distance) in sources.items():
            if first not in sources:
                self.found[first].append((load, distance))

    def _distance(self, load: ArrayAccess, source: ArrayAccess) -> int | None:
        """How many iterations before another access touched what a load touches, whatever the counter is.

        None if that is not a fixed number up to the greatest that is asked for.
        """
        loop = self.node
        if load.array != source.array or not all(_is_regular(access, loop, self.analysis) for access in (load, source)):
            return None
        before = f"before_{loop.name}"
        pairs = list(zip(load.subscripts, source.subscripts, strict=True))
        for distance in range(1 + self.back):
            shift = affine(before).eq_set(affine(loop.name) - affine(distance * loop.step))
            if all(
                mine is not None
                and theirs is not None
                and shift.is_subset(mine.eq_set(_renamed(theirs, loop.name, before)))
                for mine, theirs in pairs
            ):
                return distance
        return None


def _decides_a_bound(load: memref.LoadOp, loop: scf.ForOp) -> bool:
    """True if a bound of a loop inside is computed from what is loaded."""
    bounds = [value for op in loop.body.block.ops if isinstance(op, scf.ForOp) for value in (op.lb, op.ub)]
    return load in backward_slice(loop.body.block, bounds)


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
    carrying(loop, initial, following)


def _load_before(loop: scf.ForOp, source: MemoryAccess, back: int, sample: memref.LoadOp) -> SSAValue:
    """Load, in front of a loop, the element that an access would have touched some iterations before the first."""
    counter = loop.lb
    for _ in range(back):
        counter = insert_before(arith.SubiOp(counter, loop.step), loop, sample).result
    mapping: dict[SSAValue, SSAValue] = {loop.body.block.args[0]: counter}
    for op in backward_slice(loop.body.block, source.indices):
        insert_before(copied(op, mapping), loop, op)
    load = memref.LoadOp.get(source.memref, [mapping.get(index, index) for index in source.indices])
    return insert_before(load, loop, sample).res
