"""Random schedules give the same arrays, results and cycles in the interpreter and in hardware."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.parser import Parser

from gatewright.dialects.loopschedule.ops import StepOp
from gatewright.ir.context import context
from gatewright.ir.interface import Signature, element_of
from gatewright.machine.overlap import most_overlap
from gatewright.numbers.types import Array, Integer

BATCH = 5


def arguments(signature: Signature, random: np.random.Generator) -> list[np.ndarray]:
    """Arguments over the full range."""
    drawn = []
    for parameter in signature.parameters:
        element = element_of(parameter.type)
        low, high = (element.minimum, element.maximum) if isinstance(element, Integer) else (0, 1)
        shape = parameter.type.shape if isinstance(parameter.type, Array) else ()
        drawn.append(np.array(random.integers(low, high + 1, shape)).astype(element.raw_dtype))
    return drawn


@pytest.mark.parametrize("pipelines", [0.0, 0.6])
@pytest.mark.parametrize("batch", range(6))
def test_random_schedules_run_as_interpreted(both, batch, pipelines):
    from random_schedules.generator import generate

    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        text = generate(seed, pipelines)
        program, random = both(text), np.random.default_rng(seed)
        for run in range(3):
            try:
                program.agree(*arguments(program.program.signature, random), reset=run == 0)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, run {run}: {error}\n{text}") from error
        drawn = arguments(program.program.signature, random)
        _, _, cycles = program.expected(*drawn)
        program.simulator.interrupt(program.raw(drawn), int(random.integers(1, cycles + 1)))
        program.agree(*arguments(program.program.signature, random), reset=False, hold_start=True)


def overlapped(text: str, random: np.random.Generator) -> tuple[str, int]:
    """A schedule in which steps end before their pipelines have drained, wherever they may; and how many do."""
    module = Parser(context(), text).parse_module()
    steps = [op for op in module.walk() if isinstance(op, StepOp)]
    for step in reversed(steps):
        most = most_overlap(step).cycles
        step.overlap = int(random.integers(min(1, most), most + 1))
    return str(module), sum(step.overlap > 0 for step in steps)


@pytest.mark.parametrize("batch", range(12))
def test_pipelines_that_start_while_others_drain_run_as_interpreted(both, batch):
    from random_schedules.sequences import generate

    steps = 0
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        random = np.random.default_rng(seed)
        text, overlaps = overlapped(generate(seed), random)
        steps += overlaps
        program = both(text)
        for run in range(3):
            try:
                program.agree(*arguments(program.program.signature, random), reset=run == 0)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, run {run}: {error}\n{text}") from error
    assert steps > 0


def test_the_generator_depends_on_its_seed_only():
    from random_schedules.generator import generate

    assert generate(5, 0.5) == generate(5, 0.5) != generate(6, 0.5)
