"""Take the sum of a loop in parts, where its order may be changed."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, func, scf
from xdsl.dialects.builtin import FloatAttr, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.durations import recurrence_cycles
from gatewright.analysis.sums import note_sums, sums_of
from gatewright.analysis.trip_count import counted_trips
from gatewright.ir.loop_labels import take_place
from gatewright.operators.library import OperatorLibrary

_NEUTRAL: dict[type[Operation], float] = {arith.AddfOp: -0.0, arith.MulfOp: 1.0}
"""What a sum or a product starts with so that nothing changes: minus zero, since plus zero would lose its sign."""


@dataclass(frozen=True)
class SplitSumsPass(ModulePass):
    """Let a loop that waits for its own sum take several partial sums in turn.

    ```
    s = for k in 0..64 carries s = 0 {         s0 ... s6 = for k in 0..64 carries 0, -0 ... -0 {
      s + load a[k]                      ->      carry s1 ... s6, s0 + load a[k]
    }                                          }
                                               s = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + s6)
    ```

    With `reassociate` that is done to outermost loops that carry a floating-point sum or product: an iteration a cycle,
    but another rounding than in program order. Without it, and for loops inside others, it is noted what it would bring
    (D. Goldberg, What every computer scientist should know about floating-point arithmetic, 1991, on why the order of
    a sum is part of its result).
    """

    name = "split-sums"

    clock_mhz: float = 100.0
    target: str = "generic"
    reassociate: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        library = OperatorLibrary(self.target, self.clock_mhz)
        for function in [inner for inner in op.ops if isinstance(inner, func.FuncOp) and not inner.is_declaration]:
            for loop in [inner for inner in function.walk() if isinstance(inner, scf.ForOp)]:
                found = _sum_of(loop, library)
                if found is None or sums_of(loop) is not None:
                    continue
                position, waits = found
                if self.reassociate and isinstance(loop.parent_op(), func.FuncOp):
                    _split(loop, position, waits)
                else:
                    note_sums(loop, f"in program order, {waits} cycles apart; reassociate=True takes partial sums")


def _sum_of(loop: scf.ForOp, library: OperatorLibrary) -> tuple[int, int] | None:
    """The only carried value of a loop if it is a sum that iterations wait for: its position, and for how long."""
    body = loop.body.block
    terminator, trips = body.last_op, counted_trips(loop)
    if any(op.regions for op in body.ops) or terminator is None or len(loop.iter_args) != 1 or (trips or 2) < 2:
        return None
    (following,) = terminator.operands
    carried = body.args[1]
    owner = following.owner
    if type(owner) not in _NEUTRAL or not isinstance(owner, Operation) or owner.parent is not body:
        return None
    if len(list(carried.uses)) != 1 or carried not in owner.operands or len(list(following.uses)) != 1:
        return None
    waits = recurrence_cycles(body, [carried], [following], library)
    return (0, min(waits, trips or waits)) if waits > 1 else None


def _split(loop: scf.ForOp, position: int, parts: int) -> None:
    """Carry so many partial sums, and add them up behind the loop."""
    old = loop.body.block
    terminator = old.last_op
    assert isinstance(terminator, scf.YieldOp)
    following = terminator.operands[position]
    kind, type_ = type(following.owner), following.type
    assert loop.parent is not None
    neutral = _placed(loop, arith.ConstantOp(FloatAttr(_NEUTRAL[kind], type_)))  # pyright: ignore
    body = Block(arg_types=[old.args[0].type, *[type_] * parts])
    for before, after in zip(old.args, body.args, strict=False):
        after.name_hint = before.name_hint
        before.replace_all_uses_with(after)
    for op in list(old.ops)[:-1]:
        op.detach()
        body.add_op(op)
    body.add_op(scf.YieldOp(*body.args[2:], following))
    new = scf.ForOp(loop.lb, loop.ub, loop.step, [loop.iter_args[position], *[neutral] * (parts - 1)], Region(body))
    new.location = loop.location
    take_place([loop], new)
    loop.parent.insert_op_before(new, loop)
    sums: list[SSAValue] = list(new.results)
    while len(sums) > 1:
        pairs = zip(sums[::2], sums[1::2], strict=False)
        joined = [_placed(loop, kind(one, other)) for one, other in pairs]  # pyright: ignore
        sums = [*joined, *sums[len(sums) - len(sums) % 2 :]]
    note_sums(new, f"{parts} partial sums in turn; in program order an iteration would take {parts} cycles")
    Rewriter.replace_op(loop, [], sums)


def _placed(loop: scf.ForOp, op: Operation) -> SSAValue:
    """An operation in front of what the loop still is: its first result."""
    op.location = loop.location
    assert loop.parent is not None
    loop.parent.insert_op_before(op, loop)
    return op.results[0]
