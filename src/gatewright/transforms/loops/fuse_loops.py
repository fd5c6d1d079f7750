"""Turn loops that follow each other over the same range into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.dependences.analysis import DependenceAnalysis
from gatewright.analysis.dependences.effort import EffortError, limited
from gatewright.analysis.dependences.from_loops import DescribedFunction, describe
from gatewright.analysis.dependences.fusion import keeps_order
from gatewright.analysis.distances import DESCRIPTION_EFFORT, MOST_ACCESSES, QUESTION_EFFORT
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.constants import constant_value
from gatewright.ir.purity import is_pure

MOST_OPERATIONS = 120
"""Loops whose bodies would have more operations in all stay apart."""


@dataclass(frozen=True)
class FuseLoopsPass(ModulePass):
    """Do in one iteration what iterations of the same number of several loops do.

    ```
    for i in 0..n {                   for i in 0..n {
      t = load a[i] * 3                 t = load a[i] * 3
      store t, b[i]                     store t, b[i]
    }                            ->     u = load b[i] + 1
    for i in 0..n {                     store u, c[i]
      u = load b[i] + 1               }
      store u, c[i]
    }
    ```

    Loops are fused, and perfect nests with all their loops, if they use a common array and no iteration depends on one
    of another loop that would come later. Those without a common array run at once as they are. Between them there may
    be what only computes, and allocations.
    """

    name = "fuse-loops"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [inner for inner in op.ops if isinstance(inner, func.FuncOp) and not inner.is_declaration]:
            groups = [group for block in _blocks(function.body.block) for group in _candidates(block)]
            if groups:
                _Fuser(function).fuse(groups)


@dataclass
class _PerfectNest:
    """A perfect nest of counted loops around straight-line code."""

    loops: list[scf.ForOp]

    @property
    def body(self) -> Block:
        """The innermost block."""
        return self.loops[-1].body.block

    @property
    def size(self) -> int:
        """The number of operations in it."""
        return sum(1 for _ in self.loops[0].walk())

    @property
    def accesses(self) -> list[MemoryAccess]:
        """Its loads and stores."""
        return [op for op in self.body.walk() if isinstance(op, MemoryAccess)]

    @property
    def arrays(self) -> set[SSAValue]:
        """The arrays that it uses."""
        return {op.memref for op in self.accesses}


@dataclass
class _Group:
    """Nests that follow each other, with the same bounds."""

    nests: list[_PerfectNest] = field(default_factory=list)


def _blocks(block: Block) -> list[Block]:
    """A block and those inside it, innermost first."""
    return [b for op in block.ops for region in op.regions for inner in region.blocks for b in _blocks(inner)] + [block]


def _candidates(block: Block) -> list[_Group]:
    """The runs of nests in a block that may be worth fusing."""
    groups: list[_Group] = []
    group = _Group()
    for op in block.ops:
        if is_pure(op) or isinstance(op, memref.AllocOp | memref.AllocaOp | memref.GetGlobalOp):
            if any(_is_inside(operand.owner, group) for operand in op.operands):
                groups.append(group)
                group = _Group()
            continue
        nest = _nest_of(op) if isinstance(op, scf.ForOp) else None
        if nest is None or not group.nests or not _fits(group, nest):
            groups.append(group)
            group = _Group([nest] if nest is not None else [])
        else:
            group.nests.append(nest)
    groups.append(group)
    return [each for each in groups if len(each.nests) > 1]


def _is_inside(op: Operation | Block, group: _Group) -> bool:
    return any(nest.loops[0] is op for nest in group.nests)


def _nest_of(loop: scf.ForOp) -> _PerfectNest | None:
    """The perfect nest that a loop is; None if there is other control in it, or code around inner loops."""
    loops = [loop]
    while True:
        ops = list(loops[-1].body.block.ops)[:-1]
        inner = [op for op in ops if isinstance(op, scf.ForOp)]
        if not inner:
            straight = all(not isinstance(op, scf.ForOp | scf.WhileOp) for o in ops for op in o.walk())
            return _PerfectNest(loops) if straight and (len(loops) == 1 or not loops[-1].iter_args) else None
        rest = [op for op in ops if op is not inner[0]]
        if len(inner) > 1 or loops[-1].iter_args or not all(map(is_pure, rest)):
            return None
        loops.append(inner[0])


def _fits(group: _Group, nest: _PerfectNest) -> bool:
    """True if a nest has the bounds of those of a group, uses none of their results, and an array of theirs."""
    first = group.nests[0]
    if len(first.loops) != len(nest.loops):
        return False
    counters: dict[SSAValue, SSAValue] = {}
    for mine, theirs in zip(first.loops, nest.loops, strict=True):
        pairs = ((mine.lb, theirs.lb), (mine.ub, theirs.ub), (mine.step, theirs.step))
        if mine.lb.type != theirs.lb.type or not all(_same(one, other, counters) for one, other in pairs):
            return False
        counters[theirs.body.block.args[0]] = mine.body.block.args[0]
    if any(_is_inside(operand.owner, group) for op in nest.loops[0].walk() for operand in op.operands):
        return False
    if sum(each.size for each in group.nests) + nest.size > MOST_OPERATIONS:
        return False
    return any(nest.arrays & each.arrays for each in group.nests)


def _same(one: SSAValue, other: SSAValue, counters: dict[SSAValue, SSAValue]) -> bool:
    constant = constant_value(one)
    return counters.get(other, other) is one or (constant is not None and constant == constant_value(other))


class _Fuser:
    """Fuses the nests of groups as far as the dependences of a function allow."""

    def __init__(self, function: func.FuncOp):
        self._described: DescribedFunction | None = None
        try:
            with limited(DESCRIPTION_EFFORT):
                self._described = describe(function)
                self._analysis = DependenceAnalysis(self._described.description)
        except EffortError:
            self._described = None

    def fuse(self, groups: Sequence[_Group]) -> None:
        """Decide on all groups, then fuse: the analysis is of the function as it was."""
        if self._described is None:
            return
        chains = [chain for group in groups for chain in self._chains(group)]
        for chain in chains:
            _join([nest.loops[0] for nest in chain])

    def _chains(self, group: _Group) -> list[list[_PerfectNest]]:
        """The nests of a group in runs of which each can be one loop."""
        chains: list[list[_PerfectNest]] = [[group.nests[0]]]
        for nest in group.nests[1:]:
            if all(self._may_follow(earlier, nest) for earlier in chains[-1]):
                chains[-1].append(nest)
            else:
                chains.append([nest])
        return [chain for chain in chains if len(chain) > 1]

    def _may_follow(self, earlier: _PerfectNest, later: _PerfectNest) -> bool:
        assert self._described is not None
        access_of = self._described.access_of
        sources, targets = ([access_of[op] for op in nest.accesses] for nest in (earlier, later))
        if len(sources) + len(targets) > MOST_ACCESSES:
            return False
        try:
            with limited(QUESTION_EFFORT * (len(sources) + len(targets))):
                return keeps_order(self._analysis, sources, targets, len(earlier.loops))
        except EffortError:
            return False


def _join(loops: Sequence[scf.ForOp]) -> None:
    """Replace loops by one, and the loops in them too."""
    first, block = loops[0], loops[0].parent
    assert block is not None
    _move_between(loops)
    arguments = [value for loop in loops for value in loop.iter_args]
    body = Block(arg_types=[first.body.block.args[0].type, *(value.type for value in arguments)])
    body.args[0].name_hint = first.body.block.args[0].name_hint
    results, inner, position = [], [], 1
    for loop in loops:
        old, count = loop.body.block, len(loop.iter_args)
        for argument, new in zip(old.args, [body.args[0], *body.args[position : position + count]], strict=True):
            new.name_hint = argument.name_hint
            argument.replace_all_uses_with(new)
        position += count
        for op in list(old.ops)[:-1]:
            inner += [op] if isinstance(op, scf.ForOp) else []
            op.detach()
            body.add_op(op)
        assert old.last_op is not None
        results += old.last_op.operands
    body.add_op(scf.YieldOp(*results))
    fused = scf.ForOp(first.lb, first.ub, first.step, arguments, Region(body))
    fused.location = first.location
    block.insert_op_before(fused, first)
    for old, new in zip([result for loop in loops for result in loop.results], fused.results, strict=True):
        new.name_hint = old.name_hint
        old.replace_all_uses_with(new)
    for loop in loops:
        Rewriter.erase_op(loop, safe_erase=False)
    if inner:
        _join(inner)


def _move_between(loops: Sequence[scf.ForOp]) -> None:
    """Move what stands between some loops in front of them."""
    block, op = loops[0].parent, loops[0].next_op
    assert block is not None
    while op is not None and op is not loops[-1]:
        following = op.next_op
        if op not in loops:
            op.detach()
            block.insert_op_before(op, loops[0])
        op = following
