"""Decide when tasks begin, how often a sample may, and how many words channels have."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from gatewright.analysis.task_times import ElementLives, earliest_starts, timed_tasks
from gatewright.dialects.dataflow import channels_in, tasks_in
from gatewright.dialects.notes import INTERVAL
from gatewright.ir.rewriting import functions_of


@dataclass(frozen=True)
class TimeTasksPass(ModulePass):
    """Give tasks whose functions are scheduled the times of their starts, and channels their depths.

    ```
    dataflow.channel                     dataflow.channel {words = 64, copies = 1}
    dataflow.task @f_0(...)              dataflow.task @f_0(...) {start = 0, cycles = 900}
    dataflow.task @f_1(...)      ->      dataflow.task @f_1(...) {start = 120, cycles = 880}
    ```

    A task begins as soon as every element that it loads is there; samples follow each other at the cycles of the
    slowest task, since each begins anew when it is over.
    """

    name = "time-tasks"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            if not tasks_in(function):
                continue
            tasks = timed_tasks(function, op)
            starts = earliest_starts(tasks)
            interval = max(each.cycles for each in tasks)
            INTERVAL.set(function, interval)
            for each, start in zip(tasks, starts, strict=True):
                each.task.times = start, each.cycles
            for channel in channels_in(function):
                channel.depth = ElementLives.of(channel, tasks, starts).depth(interval)
