"""Which parts of a program are tasks of their own, and how many multipliers each has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

import numpy as np
from xdsl.context import Context
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.trip_count import counted_trips
from gatewright.dialects.notes import LOOP
from gatewright.errors import OptionError
from gatewright.ir.decisions import asked, record
from gatewright.ir.floats import scalar_bits
from gatewright.ir.loop_labels import loops_in, name_loops
from gatewright.ir.rewriting import functions_of
from gatewright.plan import Decision
from gatewright.planning.lanes.nests import NestFacts, nests_of
from gatewright.planning.lanes.points import (
    FEW,
    FEW_ARE_ENOUGH,
    MOST_LANES,
    LanePoint,
    extents_of,
    needed,
    points,
    products_of,
)
from gatewright.transforms.dataflow.outline_tasks import does_something

MOST_TASKS = 8
FEWEST_TASKS = 3
"""So many, if the program has as many parts: fewer overlap little."""
ENOUGH = 65, 64
"""More tasks are worth it if the interval is then smaller by more than that."""
FILL = 6
"""Cycles of a nest in which its pipeline fills and drains."""
LANES_OF_MOVES = 16
"""Elements that a nest without products moves in a cycle, as `plan-lanes` gives it lanes."""
MANY = 16
"""Lanes for each multiplier, where few leave the multipliers of tasks idle."""
WIDEST = 64
"""Bits of the widest word of a channel."""


@dataclass(frozen=True)
class PlanTasksPass(ModulePass):
    """Decide which loops begin a task, and share the multipliers out among the tasks.

    ```
    for y ... { conv }                           task(y, multipliers=3)
    for n ... { dense }      with 4       ->     task(n, multipliers=1)
    ```

    A task is a run of the nests that follow each other in a function; each array is written by one task, and those
    outside the design are accessed by one. The interval of a stream is that of the slowest task: tasks and multipliers
    are chosen such that it is the least (contiguous partitions: dynamic programming; the interval by bisection), as in
    Shen, Ferdman, Milder, Maximizing CNN Accelerator Efficiency Through Resource Partitioning (ISCA 2017).
    """

    name = "plan-tasks"

    multipliers: int | None = None

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            name_loops(function)
            given = [each for each in asked(function) if each.kind == "task"]
            if given:
                _check(function, given, self.multipliers)
            for each in given or _decided(function, self.multipliers):
                record(function, each)


@dataclass
class _TaskPart:
    """Operations that stay in one task."""

    ops: list[Operation] = field(default_factory=list)
    nests: list[NestFacts] = field(default_factory=list)
    alone: int = 0
    """Cycles of what has no products."""

    @property
    def names(self) -> tuple[str, ...]:
        """The loops of the nest that it begins with, the outermost first."""
        first = next((op for op in self.ops if LOOP.value(op)), None)
        return (
            () if first is None else tuple(dict.fromkeys(name for loop in loops_in(first) for name in LOOP.value(loop)))
        )

    @cached_property
    def kinds(self) -> set[object]:
        """The types of its products."""
        return {kind for nest in self.nests for kind in (*nest.products, *nest.products_around)}

    def costs(self, most: int, lanes_of_one: int) -> np.ndarray:
        """The cycles with 1 to `most` multipliers, and so many lanes for each at most."""
        total = np.full(most, self.alone, np.int64)
        pools = np.arange(1, most + 1)
        for nest in self.nests:
            every = [
                (products_of(nest, each.factors), each.turns, each.lanes, _interval_of_ports(nest, each))
                for each in points(nest, None, min(MOST_LANES, lanes_of_one * most))
            ]
            made, turns, lanes, least = (np.array(each)[:, None] for each in zip(*every, strict=True))
            intervals = np.maximum(-(-made // pools), least)
            cycles = np.where(lanes <= lanes_of_one * pools, turns * intervals, nest.work + nest.iterations)
            total += cycles.min(axis=0) + FILL
        return np.minimum.accumulate(total)


def _check(function: func.FuncOp, given: Sequence[Decision], multipliers: int | None) -> None:
    """Raise OptionError for tasks that cannot begin where they are asked to, or that have too many multipliers."""
    parts = [part.names for part in _parts(function)]
    for number, each in enumerate(given):
        begins = [names for names in parts if names and names[0] == each.subject[0]]
        if not begins or (number == 0 and begins[0] != parts[0]):
            known = ", ".join(f"task({names[0]})" for names in parts if names) or "none"
            raise OptionError(
                f"{each} cannot be done",
                why="tasks hand on arrays, each of which one task stores; an array outside is accessed by one task",
                remedy=f"tasks can begin with: {known}; the first of them has to",
            )
    used = sum(int(each.value or 0) for each in given)
    if multipliers is not None and used > multipliers:
        raise OptionError(f"the tasks of the plan have {used} multipliers, the budget {multipliers}")


def _decided(function: func.FuncOp, multipliers: int | None) -> Iterator[Decision]:
    parts = _parts(function)
    if len(parts) < 2 or not all(part.names for part in parts):
        return
    pool = multipliers or 1
    kinds, handed_on = [len(part.kinds) for part in parts], _handed_on(parts)
    least = sum(nest.work for part in parts for nest in part.nests) // pool
    shares: list[_TaskShare] = []
    for lanes in (FEW, MANY):
        costs = np.array([part.costs(pool, lanes) for part in parts])
        total = np.concatenate([np.zeros((1, pool), np.int64), np.cumsum(costs, axis=0)])
        shares = _Shares(total, kinds, handed_on, pool, multipliers is not None).best()
        if max([each.cycles for each in shares], default=0) * FEW_ARE_ENOUGH[1] <= least * FEW_ARE_ENOUGH[0]:
            break
    for each in shares:
        names, count = parts[each.first].names, each.last - each.first
        what = f"{count} parts" if count > 1 else "one part"
        yield Decision("task", names, each.multipliers, f"{what}, about {each.cycles} cycles")


def _interval_of_ports(nest: NestFacts, point: LanePoint) -> int:
    """The least interval of a point for the sake of arrays outside, each of which has one port."""
    if not any(isinstance(access.array, BlockArgument) for access in nest.accesses):
        return 1
    least = 1
    for (array, _), groups in needed(nest, point).items():
        if isinstance(array, BlockArgument):
            least = max(least, sum(group.conflicts((1,) * len(extents_of(array))) for group in groups))
    return least


@dataclass(frozen=True)
class _TaskShare:
    """A task as some of the parts."""

    first: int
    last: int
    """The part behind it."""
    multipliers: int
    cycles: int


@dataclass(frozen=True)
class _Shares:
    """The search for tasks."""

    total: np.ndarray
    """The cycles of all parts in front of one, by that, with one multiplier and more."""
    kinds: Sequence[int]
    """Of each part, how many types of products it has."""
    handed_on: Sequence[int]
    """The bits of arrays that are handed on across the cut in front of a part."""
    pool: int
    limited: bool

    def best(self) -> list[_TaskShare]:
        """The tasks with the least interval; none if there cannot be two."""
        best: list[_TaskShare] = []
        most = min(len(self.kinds), MOST_TASKS, self.pool if self.limited else MOST_TASKS)
        for count in range(2, most + 1):
            found = self._fastest(count)
            if not found:
                continue
            interval, before = (max([each.cycles for each in some], default=0) for some in (found, best))
            if not best or count <= FEWEST_TASKS or interval * ENOUGH[0] < before * ENOUGH[1]:
                best = found
        return best

    def _fastest(self, count: int) -> list[_TaskShare]:
        """So many tasks with the least interval, by bisection; none if there cannot be so many."""
        low, high = 1, int(self.total[-1, 0])
        best: list[_TaskShare] = []
        while low <= high:
            middle = (low + high) // 2
            if found := self._within(count, middle):
                best, high = found, middle - 1
            else:
                low = middle + 1
        return best

    def _within(self, count: int, interval: int) -> list[_TaskShare]:
        """So many tasks of at most so many cycles, on the fewest multipliers, and with the least that is handed on."""
        size = len(self.kinds)
        # By the part behind the last task: multipliers, bits handed on, first part of that task and its multipliers.
        reached: list[dict[int, tuple[int, int, int, int]]] = [{0: (0, 0, 0, 0)}]
        for _ in range(count):
            found: dict[int, tuple[int, int, int, int]] = {}
            for first, (used, bits, _, _) in reached[-1].items():
                for last in range(first + 1, size + 1):
                    able = np.flatnonzero(self.total[last] - self.total[first] <= interval)
                    if not len(able):
                        break
                    share = max(int(able[0]) + 1, max(self.kinds[first:last]) if self.limited else 1)
                    way = used + share, bits + self.handed_on[first], first, share
                    if not (self.limited and way[0] > self.pool):
                        found[last] = min(way, found.get(last, way))
            reached.append(found)
        if size not in reached[-1]:
            return []
        tasks: list[_TaskShare] = []
        last = size
        for found in reversed(reached[1:]):
            _, _, first, share = found[last]
            cycles = int((self.total[last] - self.total[first])[share - 1])
            tasks.insert(0, _TaskShare(first, last, share if self.limited else 0, cycles))
            last = first
        return tasks


def _handed_on(parts: Sequence[_TaskPart]) -> list[int]:
    """The bits of the arrays that are used on both sides of the cut in front of each part."""
    spans: dict[SSAValue, list[int]] = {}
    for number, part in enumerate(parts):
        for op in part.ops:
            for operand in (each for inner in op.walk() for each in inner.operands):
                if isinstance(operand.owner, memref.AllocOp | memref.AllocaOp):
                    spans.setdefault(operand, []).append(number)
    found = [0] * len(parts)
    for array, users in spans.items():
        assert isinstance(array.type, MemRefType)
        for cut in range(min(users) + 1, max(users) + 1):
            found[cut] += array.type.element_count() * (scalar_bits(array.type.element_type) or 0)
    return found


def _parts(function: func.FuncOp) -> list[_TaskPart]:
    """The operations of a function that do something, joined where they have to be in one task."""
    ops = [op for op in function.body.block.ops if does_something(op)]
    if not ops:
        return []
    joined = _cuts(function, ops)
    facts = {nest.loop: nest for nest in nests_of(function, frozenset())}
    parts: list[_TaskPart] = []
    for number, op in enumerate(ops):
        if not parts or number not in joined:
            parts.append(_TaskPart())
        part = parts[-1]
        part.ops.append(op)
        if isinstance(op, scf.ForOp) and op in facts and facts[op].work:
            part.nests.append(facts[op])
        else:
            part.alone += _cycles_alone(op)
    return parts


def _cuts(function: func.FuncOp, ops: Sequence[Operation]) -> set[int]:
    """The places before which the operations cannot be cut."""
    place = {op: number for number, op in enumerate(ops)}
    labelled = [number for number, op in enumerate(ops) if LOOP.value(op)]  # a task begins with a loop
    tied = set(range(len(ops))) - set(labelled[1:])
    spans = [*_spans_of_arrays(function, place), *_spans_of_scalars(function, place)]
    for first, last in spans:
        tied.update(range(first + 1, last + 1))
    return tied - {0}


def _spans_of_arrays(function: func.FuncOp, place: dict[Operation, int]) -> Iterator[tuple[int, int]]:
    """From where to where an array ties operations together."""
    used: dict[SSAValue, tuple[list[int], list[int]]] = {}
    for op, number in place.items():
        for inner in op.walk():
            for operand in inner.operands:
                if isinstance(operand.type, MemRefType):
                    loads, stores = used.setdefault(operand, ([], []))
                    (loads if isinstance(inner, memref.LoadOp) else stores).append(number)
    for array, (loads, stores) in used.items():
        if isinstance(array.owner, memref.GetGlobalOp):
            continue
        outside = isinstance(array, BlockArgument)
        assert isinstance(array.type, MemRefType)
        if outside or (scalar_bits(array.type.element_type) or WIDEST + 1) > WIDEST:
            yield min(loads + stores), max(loads + stores)
        elif stores:
            yield min(loads + stores), max(stores)


def _spans_of_scalars(function: func.FuncOp, place: dict[Operation, int]) -> Iterator[tuple[int, int]]:
    """From where to where a number ties operations together: tasks hand on arrays only."""
    end = function.body.block.last_op
    for op, number in place.items():
        users = [use.operation for result in op.results for use in result.uses]
        later = [len(place) - 1 if user is end else _place_of(user, place) for user in users]
        if later:
            yield number, max(later)
    assert end is not None
    for value in end.operands:  # what is returned has to be the result of a task
        if value.owner not in place:
            yield 0, len(place) - 1
    for argument in function.body.block.args:
        if not isinstance(argument.type, MemRefType) and argument.uses:
            yield 0, max(_place_of(use.operation, place) for use in argument.uses)


def _place_of(op: Operation, place: dict[Operation, int]) -> int:
    """The place of the operation that another one is in; the last one for what is beside them."""
    while op not in place:
        parent = op.parent_op()
        if parent is None or isinstance(parent, func.FuncOp | ModuleOp):
            return len(place) - 1
        op = parent
    return place[op]


def _cycles_alone(op: Operation) -> int:
    """About how many cycles something without products takes."""
    total = 1
    for loop in loops_in(op):
        if any(isinstance(inner, scf.ForOp | scf.WhileOp) for inner in loop.walk() if inner is not loop):
            continue
        around: list[Operation] = [loop]
        while around[-1] is not op and (parent := around[-1].parent_op()) is not None:
            around.append(parent)
        trips = [counted_trips(each) or 1 for each in around if isinstance(each, scf.ForOp)]
        total += prod(trips) // LANES_OF_MOVES + FILL
    return total
