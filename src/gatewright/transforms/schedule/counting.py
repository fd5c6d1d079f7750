"""Counted loops as loops with a condition, so that there is one kind of loop to schedule."""

from __future__ import annotations

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr, i64
from xdsl.ir import Block, Operation, Region
from xdsl.rewriter import Rewriter

from gatewright.analysis.constants import constant_value

TRIPS = "gw.trip_count"
"""The attribute of a loop with a known number of iterations."""


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
    trips = _trips(loop)
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
    if trips is not None:
        counted.attributes[TRIPS] = IntegerAttr(trips, i64)
    for before_result, result in zip(loop.results, counted.results, strict=False):
        result.name_hint = before_result.name_hint
    Rewriter.replace_op(loop, counted, list(counted.results[:-1]))


def trip_count(loop: scf.WhileOp) -> int | None:
    """The number of iterations of a loop, where it is known."""
    known = loop.attributes.get(TRIPS)
    return known.value.data if isinstance(known, IntegerAttr) else None


def _trips(loop: scf.ForOp) -> int | None:
    low, high, step = (constant_value(value) for value in (loop.lb, loop.ub, loop.step))
    if low is None or high is None or step is None or step <= 0:
        return None
    return max(0, -(-(high - low) // step))
