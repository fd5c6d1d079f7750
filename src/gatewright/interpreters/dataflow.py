"""Run a program of tasks on one sample: the tasks one after the other, channels as whole arrays."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from gatewright.dialects.dataflow import ChannelOp, TaskOp
from gatewright.errors import SimulationError
from gatewright.interpreters import loops, loopschedule
from gatewright.interpreters.outcome import Outcome
from gatewright.ir.interface import element_of, result_positions, returned_positions, shape_of
from gatewright.ir.program import Program
from gatewright.ir.task_programs import task_programs
from gatewright.numbers.types import Type

KEPT = 16
"""Programs whose tasks are kept, since running one compiles them."""


def run(program: Program, arguments: Sequence[np.ndarray], limit: int | None = None) -> Outcome:
    """Run `program`, at the dataflow or the schedule level, on the raw arrays of its parameters, which it updates.

    `limit` bounds the iterations, or the cycles, of each task. At the schedule level the outcome's cycles are those of
    the sample; raises SimulationError if a task takes other cycles than the program says.
    """
    results = _result_arrays(program)
    parameters = iter(arguments)
    values: dict[SSAValue, np.ndarray] = {}
    for number, argument in enumerate(program.function.body.block.args):
        values[argument] = results[number] if number in results else next(parameters)
    programs, cycles, scheduled = _Tasks.of(program), 0, program.level == "schedule"
    tasks = iter(programs)
    for op in program.function.body.block.ops:
        if isinstance(op, ChannelOp):
            values[op.array] = _channel(op.array, programs)
        elif isinstance(op, TaskOp):
            interpreter = loopschedule if scheduled else loops
            outcome = interpreter.run(next(tasks), [values[each] for each in op.arguments], limit)
            values.update(zip(op.results_of_sample, outcome.results, strict=True))
            if scheduled and op.times is not None:
                if outcome.cycles != op.times[1]:
                    raise SimulationError(f"task {op.function_name} took {outcome.cycles} cycles, not {op.times[1]}")
                cycles = max(cycles, sum(op.times))
        elif isinstance(op, func.ReturnOp):
            scalars = [values[each] for each in op.operands]
            return Outcome(_in_order(program, results, scalars), cycles if scheduled else None)
    raise AssertionError("a function ends with a return")


class _Tasks:
    """The programs of the tasks of the last few programs, by identity: a module that has run must not be changed."""

    kept: ClassVar[OrderedDict[int, tuple[ModuleOp, list[Program]]]] = OrderedDict()

    @classmethod
    def of(cls, program: Program) -> list[Program]:
        """Those of a program."""
        key = id(program.module)
        if key not in cls.kept:
            cls.kept[key] = program.module, task_programs(program)
            if len(cls.kept) > KEPT:
                cls.kept.popitem(last=False)
        cls.kept.move_to_end(key)
        return cls.kept[key][1]


def _result_arrays(program: Program) -> dict[int, np.ndarray]:
    """An array for each argument that is a result."""
    results = program.signature.results
    positions = enumerate(result_positions(program.function))
    return {number: _array(results[result].type) for number, result in positions if result is not None}


def _channel(array: SSAValue, programs: Sequence[Program]) -> np.ndarray:
    """An array for a channel, as the first task that uses it takes it."""
    for use in array.uses:
        if isinstance(use.operation, TaskOp):
            task = next(each for each in programs if each.name == use.operation.function_name)
            return _array(task.signature.parameters[use.index].type)
    raise AssertionError("a channel is between tasks")


def _in_order(program: Program, arrays: dict[int, np.ndarray], scalars: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The results of a program, arrays and numbers, in its order."""
    positions, function = result_positions(program.function), program.function
    found = {position: arrays[number] for number, position in enumerate(positions) if position is not None}
    found |= dict(zip(returned_positions(function), scalars, strict=True))
    return [found[position] for position in sorted(found)]


def _array(type_: Type) -> np.ndarray:
    """An array of zeros of a type of the program."""
    return np.zeros(shape_of(type_), element_of(type_).raw_dtype)
