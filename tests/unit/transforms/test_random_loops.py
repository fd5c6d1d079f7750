"""Random nests compute the same before and behind every pass from loops to a schedule, and take the cycles it says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from random_loops import random_arguments, random_program
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import IndexType, ModuleOp
from xdsl.ir import Block
from xdsl.parser import Parser
from xdsl.passes import ModulePass

import gatewright as gw
from gatewright.analysis import traced_dependences
from gatewright.compiler import pipelines
from gatewright.compiler.driver import Phase, run_passes, run_phases
from gatewright.interpreters import loops, loopschedule
from gatewright.ir.context import context
from gatewright.ir.program import Program
from gatewright.machine.check import check_schedule
from gatewright.options import Options
from gatewright.transforms.schedule.counting import count_with_while
from gatewright.transforms.schedule.loops_to_schedule import HEAD_OPERATIONS

Answer = tuple[list[list[int]], list[int]]

PHASES = pipelines.lower_to_schedule(Options(multipliers=1))
PASSES = [each for phase in PHASES[:-1] for each in (*phase.passes, *phase.clean_up)]
PASSES.append(PHASES[-1].passes[0])
SCHEDULE = PHASES[-1].passes[1]
MOST_ITERATIONS = 1_000_000


def parsed(text: str) -> ModuleOp:
    module = Parser(context(), text).parse_module()
    module.verify()
    return module


def answer(arguments: list[np.ndarray], results: object) -> Answer:
    return [array.ravel().tolist() for array in arguments[:-2]], [int(result) for result in results]  # type: ignore


def run_loops(module: ModuleOp, given: list[np.ndarray]) -> Answer:
    arguments = [array.copy() for array in given]
    return answer(arguments, loops.run(Program("loops", module, "f"), arguments, MOST_ITERATIONS).results)


def runnable(module: ModuleOp) -> ModuleOp:
    """A copy of what stands between two passes as a program of the loops level.

    A load outside its array gives some other element, as it may; counters may be narrower than an index.
    """
    copy = module.clone()
    for loop in [op for op in copy.walk() if isinstance(op, scf.ForOp)]:
        if not isinstance(loop.lb.type, IndexType):
            count_with_while(loop, HEAD_OPERATIONS)
    for load in [op for op in copy.walk() if isinstance(op, memref.LoadOp)]:
        block = load.parent
        assert isinstance(block, Block)
        for position, extent in enumerate(load.memref.type.get_shape()):  # type: ignore
            size = arith.ConstantOp.from_int_and_width(extent, IndexType())
            middle = arith.ConstantOp.from_int_and_width(extent // 2, IndexType())
            inside = arith.CmpiOp(load.indices[position], size.result, "ult")
            chosen = arith.SelectOp(inside.result, load.indices[position], middle.result)
            block.insert_ops_before([size, middle, inside, chosen], load)
            load.operands[1 + position] = chosen.result
    return copy


def scheduled_by(module: ModuleOp, phases: Sequence[Phase]) -> ModuleOp:
    copy = module.clone()
    run_phases(context(), copy, phases)
    return copy


def behind(module: ModuleOp, passes: list[ModulePass]) -> ModuleOp:
    copy = module.clone()
    run_passes(context(), copy, passes)
    return copy


@pytest.mark.parametrize("seed", range(30))
def test_every_pass_by_itself_keeps_the_answers(seed: int):
    module, given = parsed(random_program(seed, lines=90)), random_arguments(seed)
    expected = run_loops(module, given)
    for each in dict.fromkeys(PASSES):
        assert run_loops(runnable(behind(module, [each])), given) == expected, each.name


@pytest.mark.parametrize("seed", range(1000, 1040))
def test_the_passes_in_order_keep_the_answers(seed: int):
    module, given = parsed(random_program(seed, lines=90)), random_arguments(seed)
    expected = run_loops(module, given)
    for number, each in enumerate(PASSES):
        module = behind(module, [each])
        assert run_loops(runnable(module), given) == expected, f"{each.name}, pass {number}"


@pytest.mark.parametrize("seed", range(2000, 2080))
def test_the_schedule_gives_the_same_answers(seed: int):
    module = parsed(random_program(seed, lines=90))
    options = Options() if seed % 2 else Options(multipliers=1)
    scheduled = scheduled_by(module, pipelines.lower_to_schedule(options))
    scheduled.verify()
    check_schedule(scheduled)
    for given in (random_arguments(seed), random_arguments(seed + 1)):
        arguments = [array.copy() for array in given]
        outcome = loopschedule.run(Program("schedule", scheduled, "f"), arguments)
        assert answer(arguments, outcome.results) == run_loops(module, given)


@pytest.mark.parametrize("seed", range(4000, 4060))
def test_the_schedule_gives_the_same_answers_with_distances_by_integer_sets(seed: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(traced_dependences, "MOST_ITERATIONS", 0)
    module = parsed(random_program(seed, lines=90))
    scheduled = scheduled_by(module, pipelines.lower_to_schedule(Options()))
    for given in (random_arguments(seed), random_arguments(seed + 1)):
        arguments = [array.copy() for array in given]
        outcome = loopschedule.run(Program("schedule", scheduled, "f"), arguments)
        assert answer(arguments, outcome.results) == run_loops(module, given)


@pytest.mark.parametrize("seed", range(3000, 3008))
def test_the_hardware_gives_the_same_answers_in_the_same_cycles(seed: int):
    design = gw.compile(random_program(seed, lines=60))
    given = random_arguments(seed)
    runs = {}
    for level in ("loops", "schedule", "rtl"):
        arguments = [array.copy() for array in given]
        run = design.run(*arguments[:-2], *(array[()] for array in arguments[-2:]), level=level)
        runs[level] = answer(arguments, run.outputs), run.cycles
    assert runs["loops"][0] == runs["schedule"][0]
    assert runs["schedule"] == runs["rtl"]
