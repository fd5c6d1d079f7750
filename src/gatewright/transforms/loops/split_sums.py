"""Take the sum of a loop in parts."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.sums import note_sums
from gatewright.analysis.trip_count import counted_trips
from gatewright.errors import UnsupportedError
from gatewright.ir.floats import float_attribute
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import label_of, labelled, take_place
from gatewright.ir.rewriting import functions_of, insert_before

_NEUTRAL: dict[type[Operation], float] = {arith.AddfOp: -0.0, arith.MulfOp: 1.0}
"""What a sum or a product starts with so that nothing changes: minus zero, since plus zero would lose its sign."""

MOST_PARTS = 64
"""The most partial sums of a loop: the time to compile grows with their square."""


@dataclass(frozen=True)
class SplitSumsPass(ModulePass):
    """Let a loop take several partial sums in turn.

    ```
    s = for k in 0..64 carries s = 0 {         s0 ... s6 = for k in 0..64 carries 0, -0 ... -0 {
      s + load a[k]                      ->      carry s1 ... s6, s0 + load a[k]
    }                                          }
                                               s = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + s6)
    ```

    A sum of floating-point numbers, or a product of them, that was in program order rounds otherwise then (D. Goldberg,
    What every computer scientist should know about floating-point arithmetic, 1991, on why the order of a sum is part
    of its result). `loop` is the name of the loop, `parts` how many sums there are; refused for a loop that carries
    anything else.
    """

    name = "split-sums"

    loop: str = ""
    parts: int = 1

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            if (loop := labelled(function, self.loop)) is not None:
                split(loop, self.parts)


def carries_a_sum(loop: scf.ForOp) -> bool:
    """Whether all that a loop carries is one sum or product of floating-point numbers, of which it uses no other."""
    body = loop.body.block
    terminator = body.last_op
    if any(op.regions for op in body.ops) or terminator is None or len(loop.iter_args) != 1:
        return False
    (following,) = terminator.operands
    carried = body.args[1]
    owner = following.owner
    if type(owner) not in _NEUTRAL or not isinstance(owner, Operation) or owner.parent is not body:
        return False
    return len(list(carried.uses)) == 1 and carried in owner.operands and len(list(following.uses)) == 1


def split(loop: Operation, parts: int) -> None:
    """Carry so many partial sums, and add them up behind the loop. Raises UnsupportedError."""
    if not isinstance(loop, scf.ForOp) or not carries_a_sum(loop):
        raise UnsupportedError(
            f"loop {label_of(loop)} takes no partial sums",
            where=source_location(loop),
            why="it does not carry one sum, or product, of floating-point numbers and nothing else",
            remedy="ask for it at a loop that does, such as: for k in range(n): s += a[k]",
        )
    trips = counted_trips(loop)
    most = MOST_PARTS if trips is None else min(MOST_PARTS, max(1, trips))
    if parts > most:
        raise UnsupportedError(
            f"loop {label_of(loop)} takes no {parts} partial sums",
            where=source_location(loop),
            why=f"each part needs an iteration and a register: {most} are the most",
            remedy="ask for as many as an addition takes cycles: more do not help",
        )
    if parts > 1:
        _split(loop, parts)


def _split(loop: scf.ForOp, parts: int) -> None:
    old = loop.body.block
    terminator = old.last_op
    assert isinstance(terminator, scf.YieldOp)
    (following,) = terminator.operands
    kind, type_ = type(following.owner), following.type
    assert issubclass(kind, arith.AddfOp | arith.MulfOp)
    neutral = insert_before(arith.ConstantOp(float_attribute(_NEUTRAL[kind], type_)), loop).result
    body = Block(arg_types=[old.args[0].type, *[type_] * parts])
    for before, after in zip(old.args, body.args, strict=False):
        after.name_hint = before.name_hint
        before.replace_all_uses_with(after)
    for op in list(old.ops)[:-1]:
        op.detach()
        body.add_op(op)
    body.add_op(scf.YieldOp(*body.args[2:], following))
    new = scf.ForOp(loop.lb, loop.ub, loop.step, [*loop.iter_args, *[neutral] * (parts - 1)], Region(body))
    take_place([loop], insert_before(new, loop))
    sums: list[SSAValue] = list(new.results)
    while len(sums) > 1:
        pairs = zip(sums[::2], sums[1::2], strict=False)
        joined = [insert_before(kind(one, other), loop).result for one, other in pairs]
        sums = [*joined, *sums[len(sums) - len(sums) % 2 :]]
    note_sums(new, f"{parts} partial sums in turn")
    Rewriter.replace_op(loop, [], sums)
