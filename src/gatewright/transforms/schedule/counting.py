"""Counted loops as loops with a condition, so that there is one kind of loop to schedule."""

from __future__ import annotations

from xdsl.dialects import arith, scf
from xdsl.ir import Block, Operation, Region
from xdsl.rewriter import Rewriter

from gatewright.analysis.trip_count import counted_trips, note_trips
from gatewright.ir.loop_labels import take_place
from gatewright.ir.rewriting import keep_names


def count_with_while(loop: scf.ForOp, head: tuple[type[Operation], ...]) -> None:
    """Replace `scf.for` by an `scf.while` that carries the counter behind the other values.

    The counter's increment goes where it costs no step: in front of the last loop of the body if that ends with one,
    else to the end. `head` are the operations that take no time.
    """
    body = loop.body.block
    carried = [*loop.iter_args, loop.lb]
    types = [value.type for value in carried]
    header = Block(arg_types=types)
    compare = arith.CmpiOp(header.args[-1], loop.ub, "slt")
    compare.location = loop.location
    header.add_ops([compare, scf.ConditionOp(compare.result, *header.args)])
    trips = counted_trips(loop)
    loop.body.detach_block(0)
    counter = body.insert_arg(types[-1], len(body.args))
    counter.name_hint = body.args[0].name_hint
    body.args[0].replace_all_uses_with(counter)
    body.erase_arg(body.args[0])
    following = arith.AddiOp(counter, loop.step)
    following.location = loop.location
    terminator = body.last_op
    assert isinstance(terminator, scf.YieldOp)
    before = terminator.prev_op
    while isinstance(before, head):
        before = before.prev_op
    body.insert_op_before(following, before if isinstance(before, scf.WhileOp | scf.ForOp) else terminator)
    Rewriter.replace_op(terminator, scf.YieldOp(*terminator.operands, following.result), [])
    counted = scf.WhileOp(carried, types, Region(header), Region(body))
    counted.location = loop.location
    note_trips(counted, trips)
    take_place([loop], counted)
    keep_names(loop, counted)
    Rewriter.replace_op(loop, counted, list(counted.results[:-1]))
