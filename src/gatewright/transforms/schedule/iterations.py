"""The body of a loop as a modulo scheduling problem: what its operations demand of each other, iterations apart too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Block, Operation, SSAValue

from gatewright.analysis.distances import Distances
from gatewright.analysis.traced_dependences import Trace
from gatewright.ir.accesses import MemoryAccess
from gatewright.scheduling.problem import OperatorType, Problem
from gatewright.transforms.schedule.blocks import BlockOperation, entries_of
from gatewright.transforms.schedule.bypassing import bypassed
from gatewright.transforms.schedule.limits import label
from gatewright.transforms.schedule.operators import OperatorChooser, register_bits

COPY = OperatorType("copy")
"""Hands a value on to the next iteration without computing anything."""


@dataclass
class LoopBody:
    """A loop that may be pipelined: straight-line operations on arguments carried from iteration to iteration."""

    arguments: list[SSAValue]
    """The carried values, as the body sees them."""
    yielded: list[SSAValue]
    """What they become."""
    entries: list[BlockOperation]
    decided_by: list[int]
    """The arguments that the condition reads."""


@dataclass
class IterationProblem:
    """The scheduling problem of a body, and where its values come from."""

    body: LoopBody
    problem: Problem
    producers: list[int] = field(default_factory=list)
    """For each carried value the operation that provides its next value: an entry, or a copy behind the entries."""
    distances: list[int] = field(default_factory=list)
    """For each carried value, how many iterations before that operation was: more than one if it has been other carried
    values meanwhile."""
    aliases: dict[int, int] = field(default_factory=dict)
    """For the carried values that become another one as it is, which."""
    copies: list[SSAValue] = field(default_factory=list)
    """The values that are handed on as they are, by copies."""


def is_straight(ops: Sequence[Operation], head: tuple[type[Operation], ...]) -> bool:
    """True if all operations can be entries of an iteration."""
    for op in ops:
        if op.regions and not (isinstance(op, scf.IfOp) and _only_stores(op)):
            return False
        known = isinstance(op, (memref.LoadOp, memref.StoreOp, *head)) or op.name.startswith(_ARITHMETIC)
        if not (op.regions or known):
            return False
    return True


_ARITHMETIC = ("arith.", "gw.", "math.")


def _only_stores(op: scf.IfOp) -> bool:
    inner = list(op.true_region.block.ops)
    return not op.results and all(isinstance(each, memref.StoreOp | scf.YieldOp) for each in inner)


def runs_once(yielded: SSAValue) -> bool:
    """True of the next value of a condition that is known to be false: the loop is a conditional."""
    owner = yielded.owner
    return isinstance(owner, arith.ConstantOp) and isinstance(owner.value, IntegerAttr) and not owner.value.value.data


def entries_of_body(block: Block, head: tuple[type[Operation], ...]) -> list[BlockOperation]:
    """The entries of all operations but the terminator and what takes no time."""
    ops = [op for op in list(block.ops)[:-1] if not isinstance(op, head)]
    return [entry for op in ops for entry in entries_of(op)]


def build(body: LoopBody, chooser: OperatorChooser, period: float, known: Trace | Distances | None) -> IterationProblem:
    """The scheduling problem of a body; if nothing is known, every two accesses of an array may touch one element."""
    problem = Problem(period)
    iteration = IterationProblem(body, problem)
    defined: dict[SSAValue, int] = {}
    for position, entry in enumerate(body.entries):
        problem.add_operation(chooser.operator_type(entry.op), label(entry.op), register_bits(entry.op.results))
        defined.update((result, position) for result in entry.op.results)
    number = {argument: index for index, argument in enumerate(body.arguments)}
    for index, value in enumerate(body.yielded):
        path = _renamed(body, number, index)
        producer = defined.get(body.yielded[path[-1]])
        if producer is None or (len(path) > 1 and index in body.decided_by):
            path, producer = [index], problem.add_operation(COPY, "copy", register_bits([value]))
            iteration.copies.append(value)
        elif len(path) > 1:
            iteration.aliases[index] = path[1]
        iteration.producers.append(producer)
        iteration.distances.append(len(path))
    for position, entry in enumerate(body.entries):
        for operand in entry.operands:
            _demand(iteration, defined, number, operand, position)
    for offset, value in enumerate(iteration.copies):
        _demand(iteration, defined, number, value, len(body.entries) + offset)
    _order_accesses(iteration, known)
    problem.deciding = [iteration.producers[index] for index in body.decided_by]
    for position, entry in enumerate(body.entries):
        if isinstance(entry.op, memref.StoreOp):
            for index in body.decided_by:
                _carry(problem, iteration.producers[index], position, "condition")
    return iteration


def _demand(
    iteration: IterationProblem,
    defined: dict[SSAValue, int],
    number: dict[SSAValue, int],
    value: SSAValue,
    position: int,
) -> None:
    if value in defined:
        iteration.problem.add_dependence(defined[value], position, "value")
    elif value in number:
        index = number[value]
        _carry(iteration.problem, iteration.producers[index], position, "carried value", iteration.distances[index])


def _renamed(body: LoopBody, number: dict[SSAValue, int], index: int) -> list[int]:
    """The carried values that one becomes, iteration after iteration, until one that is computed, or goes around."""
    path = [index]
    while (following := number.get(body.yielded[path[-1]])) is not None and following not in path:
        path.append(following)
    return path


def _carry(problem: Problem, producer: int, user: int, reason: str, distance: int = 1) -> None:
    """Let a user wait for what an iteration before hands on: through a register, a cycle later at the earliest."""
    if problem.operator_of(producer).latency == 0:
        problem.add_dependence(producer, user, reason, cycles=1, distance=distance)
    else:
        problem.add_dependence(producer, user, reason, distance=distance)


def _order_accesses(iteration: IterationProblem, known: Trace | Distances | None) -> None:
    """Keep accesses that may touch the same element in order, within an iteration and across."""
    arrays: dict[SSAValue, list[int]] = defaultdict(list)
    entries = iteration.body.entries
    for position, entry in enumerate(entries):
        if isinstance(entry.op, MemoryAccess):
            arrays[entry.op.memref].append(position)
    for accesses in arrays.values():
        for one in accesses:
            for other in accesses:
                _order(iteration, one, other, known)


def _order(iteration: IterationProblem, one: int, other: int, known: Trace | Distances | None) -> None:
    """Let access `other` wait for access `one` where it has to."""
    first, second = iteration.body.entries[one].op, iteration.body.entries[other].op
    if isinstance(first, memref.LoadOp) and isinstance(second, memref.LoadOp):
        return
    cycles = 0 if isinstance(first, memref.LoadOp) else 1
    problem = iteration.problem
    if one < other and (known is None or known.meet(first, second)):
        problem.add_dependence(one, other, "memory", cycles=cycles)
    distance = 1 if known is None else known.distance(first, second)
    if distance is not None:
        distance = max(distance, 1 + bypassed(second))
        problem.add_dependence(one, other, "memory", cycles=cycles, distance=distance)
