"""A program as tasks that work on different samples at once: loops -> dataflow -> schedules of tasks -> hardware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from xdsl.ir import BlockArgument

from gatewright.compiler import pipelines
from gatewright.compiler.compilation import LEVELS, Compilation
from gatewright.compiler.driver import Phase, run_phases
from gatewright.dialects.dataflow import tasks_in
from gatewright.dialects.notes import INTERVAL
from gatewright.errors import UnsupportedError
from gatewright.ir.context import context
from gatewright.ir.program import Program
from gatewright.ir.task_programs import task_programs, with_tasks
from gatewright.options import Options
from gatewright.simulate.stream import StreamTiming
from gatewright.transforms.dataflow.check_tasks import CheckTasksPass
from gatewright.transforms.dataflow.time_tasks import TimeTasksPass
from gatewright.transforms.rtl.design import RtlDesign
from gatewright.transforms.rtl.interface import ports_of_values
from gatewright.transforms.schedule.arrays import arrays_of

_TIMED = Phase("timed", (TimeTasksPass(), CheckTasksPass()))
_CHECKED = Phase("checked", (CheckTasksPass(),))


def compilation_of(program: Program, options: Options) -> Compilation:
    """The compilation of a program: as tasks if that is asked for, or if the program is given so."""
    tasks = program.level in ("dataflow", "schedule") and bool(tasks_in(program.function))
    return DataflowCompilation(program, options) if tasks or options.dataflow else Compilation(program, options)


class DataflowCompilation(Compilation):
    """A program at every level it has, where its parts are tasks if it has several that always take as long.

    If it has not, it is compiled as a sequence, and `because` says why.
    """

    @cached_property
    def levels(self) -> tuple[str, ...]:
        every = super().levels
        if self.given.level == "dataflow":
            return LEVELS[LEVELS.index("dataflow") :]
        if self.given.level == "schedule" or self._tasks is None:
            return every
        return tuple(level for level in LEVELS if level == "dataflow" or level in every)

    @cached_property
    def dataflow(self) -> Program:
        """The program as functions of tasks, in loops, and channels between them."""
        assert self._tasks is not None, "a program without tasks has no such level"
        return self._tasks[0]

    @cached_property
    def schedule(self) -> Program:
        """The program with a start for every operation, and for every task."""
        if self.given.level == "schedule":
            return self._lower(self.given, "schedule", (_TIMED,) if not self._is_timed else (_CHECKED,))
        return super().schedule if self._tasks is None else self._tasks[1]

    @cached_property
    def rtl(self) -> RtlDesign:
        """The program as registers and logic, with what is known of its top module and memories."""
        from gatewright.transforms.rtl.compose_tasks import compose_tasks

        if not tasks_in(self.schedule.function):
            return super().rtl
        return compose_tasks(self.schedule, [self.hardware_of(each) for each in task_programs(self.schedule)])

    def program(self, level: str) -> Program:
        return self.dataflow if level == "dataflow" else super().program(level)

    @cached_property
    def timing(self) -> StreamTiming | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """When samples of a stream begin, and when what belongs to them is accessed."""
        function = self.schedule.function
        interval, tasks = INTERVAL.value(function), tasks_in(function)
        if interval is None:
            return None
        names, returned = ports_of_values(function)
        windows = {name: (0, interval) for name in names}
        for task in tasks:
            assert task.times is not None
            window = task.times[0], sum(task.times)
            for value in task.arguments:
                if isinstance(value, BlockArgument):
                    windows[names[value.index]] = window
            end = function.body.block.last_op
            assert end is not None
            for name, value in zip(returned, end.operands, strict=True):
                if value.owner is task:
                    windows[name] = window
        latency = max(sum(task.times) for task in tasks if task.times is not None)
        return StreamTiming(interval, latency, windows)

    @property
    def _is_timed(self) -> bool:
        return all(task.times is not None for task in tasks_in(self.given.function))

    @cached_property
    def _tasks(self) -> tuple[Program, Program] | None:
        """The program as tasks, and with the times of everything; None if it is a sequence."""
        if self.given.level == "dataflow":
            return self.given, self._timed(self.given)
        asked = [*self.options.plan, *self._banks_asked()]
        program = self._lower(self.loops, "dataflow", pipelines.lower_to_dataflow(self.options), asked)
        if not tasks_in(program.function):
            self.because = "it has no two parts that can work at once: arrays or numbers tie all of it together"
            return None
        try:
            return program, self._timed(program)
        except UnsupportedError as error:
            self.because = error.what
            return None

    def _timed(self, program: Program) -> Program:
        """A program of tasks with a start for every operation, and for every task."""
        scheduled: list[Program] = []
        programs = task_programs(program)
        dual = self._dual_ports(programs)
        for task, each, ports in zip(tasks_in(program.function), programs, dual, strict=True):
            options = replace(self.options, multipliers=task.pool, budget=None, dataflow=False, dual_port=ports)
            scheduled.append(self._lower(each, "schedule", pipelines.schedule_lanes(options)))
        joined = with_tasks(program, "schedule", scheduled)
        run_phases(context(), joined.module, (_TIMED,))
        return joined

    def _dual_ports(self, tasks: Sequence[Program]) -> list[tuple[str, ...]]:
        """For each task which of the arrays that are to have two ports are its own; a name of none is of all."""
        asked = self.options.dual_port_names
        arrays = [{name for name, _ in arrays_of(task.function)} for task in tasks]
        of_none = set(asked).difference(*arrays)
        return [tuple(name for name in asked if name in names | of_none) for names in arrays]
