"""What the tests of the interpreters share: programs from text, and what runs them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from xdsl.parser import Parser

from gatewright.interpreters import loops, loopschedule
from gatewright.interpreters.outcome import Outcome
from gatewright.ir.context import context
from gatewright.ir.program import Program, public_function
from gatewright.machine.check import check_schedule


def _program(level: str, text: str) -> Program:
    module = Parser(context(), text).parse_module()
    module.verify()
    check_schedule(module)
    return Program(level, module, public_function(module).sym_name.data)


def _runner(level: str, interpreter: ModuleType) -> Callable[..., Outcome]:
    def run(text: str, *arguments: np.ndarray, limit: int | None = None) -> Outcome:
        return interpreter.run(_program(level, text), arguments, limit)

    return run


@pytest.fixture
def program():
    """Makes a program of a level from text."""
    return _program


@pytest.fixture
def run_loops():
    """Runs the text of a program of the loops level."""
    return _runner("loops", loops)


@pytest.fixture
def run_schedule():
    """Runs the text of a program of the schedule level."""
    return _runner("schedule", loopschedule)
