"""What the tests of the hardware share: one program, run by the interpreter of the schedule and as hardware."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from xdsl.parser import Parser

from gatewright.compiler import pipelines
from gatewright.compiler.compilation import copy_locations
from gatewright.interpreters import loopschedule
from gatewright.ir.context import context
from gatewright.ir.interface import to_raw
from gatewright.ir.operator_notes import operator_attribute
from gatewright.ir.program import Program, public_function
from gatewright.machine.check import check_schedule
from gatewright.operators.library import OperatorLibrary
from gatewright.options import Options
from gatewright.simulate.arc import ArcSimulator
from gatewright.transforms.rtl.design import RtlDesign

sys.path.insert(0, str(Path(__file__).parent))  # for the package `random_schedules`

MAX_CYCLES = 20_000


@dataclass
class Both:
    """A program as its schedule and as hardware."""

    program: Program
    design: RtlDesign
    simulator: ArcSimulator

    def raw(self, arguments: Sequence[object]) -> list[np.ndarray]:
        """Fresh raw arrays of the arguments."""
        parameters = self.program.signature.parameters
        return [to_raw(a, p.type, p.name) for a, p in zip(arguments, parameters, strict=True)]

    def expected(self, *arguments: object) -> tuple[list[np.ndarray], list[np.ndarray], int]:
        """The arrays afterwards, the results and the cycles by the interpreter."""
        raw = self.raw(arguments)
        outcome = loopschedule.run(self.program, raw, MAX_CYCLES)
        assert outcome.cycles is not None
        return raw, outcome.results, outcome.cycles

    def agree(self, *arguments: object, **how: bool) -> int:
        """Assert that interpreter and hardware give the same arrays, results and cycles; the cycles."""
        arrays, results, cycles = self.expected(*arguments)
        raw = self.raw(arguments)
        run = self.simulator.run(raw, MAX_CYCLES, **how)
        for expected, actual in zip([*arrays, *results], [*raw, *run.results], strict=True):
            np.testing.assert_array_equal(actual, expected)
        assert run.cycles == cycles
        return cycles


def hardware(program: Program) -> RtlDesign:
    """The hardware of a scheduled program, which stays as it is."""
    bound, options = program.module.clone(), Options()
    copy_locations(program.module, bound)
    for phase in pipelines.bind_schedule(options):
        for each in phase.passes:
            each.apply(context(), bound)
    module = bound.clone()
    copy_locations(bound, module)
    for phase in pipelines.build_hw(options):
        for each in phase.passes:
            each.apply(context(), module)
    return RtlDesign.of(Program("schedule", bound, program.name), module, OperatorLibrary())


def build(text: str) -> Both:
    """The program of a text at the schedule level, and its hardware."""
    module = Parser(context(), text).parse_module()
    module.verify()
    check_schedule(module)
    program = Program("schedule", module, public_function(module).sym_name.data)
    design = hardware(program)
    design.module.verify()
    return Both(program, design, ArcSimulator(design.top, str(design.module), design.images))


@pytest.fixture
def both() -> Callable[[str], Both]:
    """Builds a program and its hardware from text."""
    return build


@pytest.fixture
def bound() -> Callable[..., tuple[str, int]]:
    """The attributes that bind an operation to unit 0 of the operator for it, and the cycles that it takes."""

    def attributes(kind: str, width: int, operands: Sequence[int] = ()) -> tuple[str, int]:
        operator = OperatorLibrary().operator(kind, width, operands)
        return f"{{gw.operator = {operator_attribute(operator)}, gw.unit = 0 : i64}}", operator.latency

    return attributes


@pytest.fixture
def lower() -> Callable[[str], RtlDesign]:
    """Lowers the text of a program without checking it first."""

    def lowered(text: str) -> RtlDesign:
        module = Parser(context(), text, "program.mlir").parse_module()
        return hardware(Program("schedule", module, public_function(module).sym_name.data))

    return lowered
