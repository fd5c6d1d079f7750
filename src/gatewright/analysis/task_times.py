"""When the tasks of a program may begin, and how many words the channels between them need.

All is computed from the cycles in which tasks access elements. Of two elements in one word of a channel the second may
be written once the first has been loaded for the last time, also those of other samples (Darte, Schreiber, Villard,
Lattice-Based Memory Allocation, IEEE Transactions on Computers 54(10), 2005: modular mappings of conflicting elements).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from gatewright.analysis.array_times import NEVER, ArrayTimes, array_times
from gatewright.dialects.dataflow import ChannelOp, TaskOp, channels_in, tasks_in
from gatewright.errors import UnsupportedError
from gatewright.ir.analyses import analysed
from gatewright.ir.location import source_location
from gatewright.machine.duration import sequence_cycles


@dataclass(frozen=True)
class TimedTask:
    """A task with what its schedule tells."""

    task: TaskOp
    cycles: int
    """From its start to its earliest next start."""
    arrays: Mapping[SSAValue, ArrayTimes]


def timed_tasks(function: func.FuncOp, module: ModuleOp) -> list[TimedTask]:
    """The tasks of a function. Raises UnsupportedError for one whose cycles depend on data."""
    functions = {op.sym_name.data: op for op in module.ops if isinstance(op, func.FuncOp)}
    found: list[TimedTask] = []
    for task in tasks_in(function):
        callee = functions[task.function_name]
        sequence, times = sequence_cycles(callee.body.block), analysed(array_times, callee)
        if sequence is None or times is None:
            raise UnsupportedError(
                f"how long task {callee.sym_name.data} takes depends on data",
                where=source_location(task),
                why="tasks of a dataflow design begin at fixed times",
                remedy="leave out dataflow=True",
            )
        arrays = {task.arguments[number]: each for number, each in times.items()}
        found.append(TimedTask(task, sequence + 1, arrays))
    return found


def earliest_starts(tasks: Sequence[TimedTask], given: Sequence[int] | None = None) -> list[int]:
    """The earliest cycle of each task, from the start of its sample on, in which it finds all that it loads.

    The tasks before it begin at the times that are `given`, by default as early as they can.
    """
    earliest: list[int] = []
    for number, task in enumerate(tasks):
        start, begun = 0, earliest if given is None else given
        for array, times in task.arrays.items():
            for other, begins in zip(tasks[:number], begun, strict=False):
                if array in other.arrays and isinstance(array.owner, ChannelOp):
                    start = max(start, begins + _lead(other.arrays[array], times))
        earliest.append(start)
    return earliest


def _lead(producer: ArrayTimes, consumer: ArrayTimes) -> int:
    """How much later than the producer the consumer begins at the earliest."""
    both = (producer.last_store > -NEVER) & (consumer.first_load < NEVER)
    return int((producer.last_store - consumer.first_load)[both].max(initial=-1)) + 1


@dataclass(frozen=True)
class ElementLives:
    """From when to when each element of a channel is needed, in cycles from the start of its sample."""

    written: np.ndarray
    needed: np.ndarray
    """The last cycle in which it is loaded, or stored."""
    places: np.ndarray
    """The elements, in the order in which they are written."""
    size: int

    @staticmethod
    def of(channel: ChannelOp, tasks: Sequence[TimedTask], starts: Sequence[int]) -> ElementLives:
        """Those of a channel between tasks that begin at some times."""
        written = np.full(channel.size, NEVER, np.int64)
        needed = np.full(channel.size, -NEVER, np.int64)
        for task, start in zip(tasks, starts, strict=True):
            if (times := task.arrays.get(channel.array)) is not None:
                stored = times.first_store < NEVER
                written[stored] = np.minimum(written[stored], times.first_store[stored] + start)
                for last in (times.last_store, times.last_load):
                    happens = last > -NEVER
                    needed[happens] = np.maximum(needed[happens], last[happens] + start)
        alive = np.flatnonzero(written < NEVER)
        order = alive[np.argsort(written[alive], kind="stable")]
        return ElementLives(written[order], needed[order], order, channel.size)

    def fits(self, words: int, copies: int, interval: int) -> bool:
        """Whether no element is overwritten while it is needed, when samples follow each other at an interval."""
        if not len(self.places):
            return True
        if words == self.size:
            return bool((self.needed <= self.written + copies * interval).all())
        classes = self.places % words
        order = np.argsort(classes, kind="stable")
        kinds, written, needed = classes[order], self.written[order], self.needed[order]
        same = kinds[1:] == kinds[:-1]
        if not (needed[:-1][same] <= written[1:][same]).all():
            return False
        first = np.flatnonzero(np.concatenate([[True], ~same]))
        return bool((np.maximum.reduceat(needed, first) <= written[first] + interval).all())

    def depth(self, interval: int) -> tuple[int, int]:
        """The fewest words, and memories of them."""
        words = 1
        while words < self.size:
            if self.fits(words, 1, interval):
                return words, 1
            words *= 2
        copies = 1
        while not self.fits(self.size, copies, interval):
            copies += 1
        return self.size, copies


def faults_of(function: func.FuncOp, module: ModuleOp, interval: int) -> Iterator[str]:
    """What is wrong with the times and depths of a function of tasks: texts, none if nothing is."""
    tasks = timed_tasks(function, module)
    yield from _faults_of_users(function, tasks)
    starts: list[int] = []
    for each in tasks:
        assert each.task.times is not None
        start, cycles = each.task.times
        starts.append(start)
        if cycles != each.cycles:
            yield f"task {each.task.function_name} takes {each.cycles} cycles, not {cycles}"
        if cycles > interval:
            yield f"task {each.task.function_name} takes {cycles} cycles, and samples begin every {interval}"
    for number, (each, least) in enumerate(zip(tasks, earliest_starts(tasks, starts), strict=True)):
        if starts[number] < least:
            yield f"task {each.task.function_name} begins in cycle {starts[number]}, what it loads is there for {least}"
    for channel in channels_in(function):
        assert channel.depth is not None
        if not ElementLives.of(channel, tasks, starts).fits(*channel.depth, interval):
            yield f"{channel.depth[0]} words are too few for %{channel.array.name_hint}: elements are overwritten early"


def _faults_of_users(function: func.FuncOp, tasks: Sequence[TimedTask]) -> Iterator[str]:
    """What is wrong with who uses what."""
    for value in function.body.block.args:
        users = [each for each in tasks if value in each.task.arguments]
        if len(users) > 1 and value in users[0].arrays:
            names = " and ".join(each.task.function_name for each in users)
            yield f"%{value.name_hint} is outside and accessed by {names}, which work on different samples"
        if value not in {array for each in tasks for array in each.arrays}:
            late = next((each.task for each in users if each.task.times and each.task.times[0]), None)
            if late is not None:
                yield f"%{value.name_hint} is a number, and gone when task {late.function_name} begins"
    for channel in channels_in(function):
        users = [each for each in tasks if channel.array in each.arrays]
        writers = [each.task.function_name for each in users if (each.arrays[channel.array].first_store < NEVER).any()]
        if len(writers) > 1:
            yield f"%{channel.array.name_hint} is stored by {' and '.join(writers)}"
