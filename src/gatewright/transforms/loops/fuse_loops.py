"""Turn loops that follow each other over the same range into one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.dependences.effort import EffortError
from gatewright.analysis.dependences.fusion import prevents_fusion
from gatewright.analysis.function_dependences import UNKNOWN, FunctionDependences
from gatewright.errors import UnsupportedError
from gatewright.ir.accesses import MemoryAccess, accesses
from gatewright.ir.constants import constant_value
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import label_of, labelled, take_place
from gatewright.ir.purity import is_pure
from gatewright.ir.rewriting import functions_of


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

    `loops=i,i_2` names the loops; perfect nests are fused with all their loops. Between them there may be what only
    computes, and allocations. Legal if no iteration of one comes to depend on one of another that is still to come;
    refused otherwise, with the dependence.
    """

    name = "fuse-loops"

    loops: tuple[str, ...] = ()

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            found = [loop for name in self.loops if (loop := labelled(function, name)) is not None]
            if found:
                fuse(function, found)


def fuse(function: func.FuncOp, loops: Sequence[scf.ForOp]) -> None:
    """Make one loop of several. Raises UnsupportedError where that is not possible or not legal."""
    for run in runs(function):
        places = [place for place, nest in enumerate(run) if any(nest.loops[0] is loop for loop in loops)]
        if len(places) == len(loops) and places[-1] - places[0] >= len(places):
            between = run[next(place for place in range(places[0], places[-1]) if place not in places)]
            raise _refused(loops, f"between them is {label_of(between.loops[0])}, past which one would have to move")
        if places and len(places) == len(loops):
            nests = [run[place] for place in places]
            fusion = Fusion(function)
            for place, later in enumerate(nests):
                for earlier in nests[:place]:
                    if (reason := fusion.obstacle(earlier, later)) is not None:
                        raise _refused(loops, reason)
            join([nest.loops[0] for nest in nests])
            return
    raise _refused(
        loops, "they are no perfect nests over the same range with nothing between them but what only computes"
    )


def _refused(loops: Sequence[scf.ForOp], why: str) -> UnsupportedError:
    what = f"the loops {', '.join(map(label_of, loops))} cannot be fused"
    return UnsupportedError(what, where=source_location(loops[0]), why=why)


@dataclass
class PerfectNest:
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
        return accesses(*self.body.ops)

    @property
    def arrays(self) -> set[SSAValue]:
        """The arrays that it uses."""
        return {op.memref for op in self.accesses}


Worth = Callable[[Sequence[PerfectNest], PerfectNest], bool]
"""Whether a nest should join others, apart from whether it may."""


def runs(function: func.FuncOp, worth: Worth = lambda group, nest: True) -> list[list[PerfectNest]]:
    """The runs of nests with the same bounds, with nothing between them that would have to move, in all blocks."""
    return [run for block in _blocks(function.body.block) for run in _runs(block, worth) if len(run) > 1]


def _blocks(block: Block) -> list[Block]:
    """A block and those inside it, innermost first."""
    return [b for op in block.ops for region in op.regions for inner in region.blocks for b in _blocks(inner)] + [block]


def _runs(block: Block, worth: Worth) -> list[list[PerfectNest]]:
    found: list[list[PerfectNest]] = []
    run: list[PerfectNest] = []
    for op in block.ops:
        if is_pure(op) or isinstance(op, memref.AllocOp | memref.AllocaOp | memref.GetGlobalOp):
            if any(_is_inside(operand.owner, run) for operand in op.operands):
                found.append(run)
                run = []
            continue
        nest = _nest_of(op) if isinstance(op, scf.ForOp) else None
        if nest is None or not run or not _fits(run, nest) or not worth(run, nest):
            found.append(run)
            run = [nest] if nest is not None else []
        else:
            run.append(nest)
    return [*found, run]


def _is_inside(op: Operation | Block, run: Sequence[PerfectNest]) -> bool:
    return any(nest.loops[0] is op for nest in run)


def _nest_of(loop: scf.ForOp) -> PerfectNest | None:
    """The perfect nest that a loop is; None if there is other control in it, or code around inner loops."""
    loops = [loop]
    while True:
        ops = list(loops[-1].body.block.ops)[:-1]
        inner = [op for op in ops if isinstance(op, scf.ForOp)]
        if not inner:
            straight = all(not isinstance(op, scf.ForOp | scf.WhileOp) for o in ops for op in o.walk())
            return PerfectNest(loops) if straight and (len(loops) == 1 or not loops[-1].iter_args) else None
        rest = [op for op in ops if op is not inner[0]]
        if len(inner) > 1 or loops[-1].iter_args or not all(map(is_pure, rest)):
            return None
        loops.append(inner[0])


def _fits(run: Sequence[PerfectNest], nest: PerfectNest) -> bool:
    """True if a nest has the bounds of those of a run, and uses none of their results."""
    first = run[0]
    if len(first.loops) != len(nest.loops):
        return False
    counters: dict[SSAValue, SSAValue] = {}
    for mine, theirs in zip(first.loops, nest.loops, strict=True):
        pairs = ((mine.lb, theirs.lb), (mine.ub, theirs.ub), (mine.step, theirs.step))
        if mine.lb.type != theirs.lb.type or not all(_same(one, other, counters) for one, other in pairs):
            return False
        counters[theirs.body.block.args[0]] = mine.body.block.args[0]
    return not any(_is_inside(operand.owner, run) for op in nest.loops[0].walk() for operand in op.operands)


def _same(one: SSAValue, other: SSAValue, counters: dict[SSAValue, SSAValue]) -> bool:
    constant = constant_value(one)
    return counters.get(other, other) is one or (constant is not None and constant == constant_value(other))


class Fusion:
    """What the dependences of a function, as it is, say of fusing nests."""

    def __init__(self, function: func.FuncOp):
        self._dependences = FunctionDependences.of(function)

    def obstacle(self, earlier: PerfectNest, later: PerfectNest) -> str | None:
        """Why two nests cannot be one, in words; None if they can."""
        try:
            with self._dependences.asked(len(earlier.accesses) + len(later.accesses)) as (described, analysis):
                sources, targets = ([described.access_of[op] for op in nest.accesses] for nest in (earlier, later))
                found = prevents_fusion(analysis, sources, targets, len(earlier.loops))
        except EffortError:
            return UNKNOWN
        return (
            None if found is None else f"the iteration that comes first would depend on a later one: {found.describe()}"
        )


def join(loops: Sequence[scf.ForOp]) -> None:
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
    take_place([first], fused)
    block.insert_op_before(fused, first)
    for old, new in zip([result for loop in loops for result in loop.results], fused.results, strict=True):
        new.name_hint = old.name_hint
        old.replace_all_uses_with(new)
    for loop in loops:
        Rewriter.erase_op(loop, safe_erase=False)
    if inner:
        join(inner)


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
