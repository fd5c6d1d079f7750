"""Check that tasks find what they load, and that nothing is overwritten too early."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import VerifyException

from gatewright.analysis.task_times import faults_of
from gatewright.dialects.dataflow import tasks_in
from gatewright.dialects.notes import INTERVAL
from gatewright.ir.rewriting import functions_of


@dataclass(frozen=True)
class CheckTasksPass(ModulePass):
    """Verify the times of tasks and the depths of channels, from the cycles in which tasks access elements.

    Raises VerifyException if a task begins before an element that it loads is there, takes more cycles than it says or
    than lie between two samples, or if an element is overwritten before it is loaded for the last time.
    """

    name = "check-tasks"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            tasks, interval = tasks_in(function), INTERVAL.value(function)
            if not tasks or (interval is None and all(each.times is None for each in tasks)):
                continue
            if interval is None or any(each.times is None for each in tasks):
                raise VerifyException("tasks with times have a function with an interval")
            for fault in faults_of(function, op, interval):
                raise VerifyException(fault)
