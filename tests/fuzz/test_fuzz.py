"""Random programs agree with Python at every level; the generator and the reducer do what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fuzzing.check import Failure, accepted, check
from fuzzing.floats import generate_floats
from fuzzing.generator import generate, python_accepts
from fuzzing.program import Program
from fuzzing.reduce import reduce

import gatewright as gw

SEED = 2024
BATCHES, BATCH = 10, 8
FOUND = sorted((Path(__file__).parent / "found").glob("*.py"))
"""Programs on which the compiler once went wrong; found by random programs, and rewritten to be read."""


PLANS = 8
"""Plans to try for one program in four: it is compiled once more for each."""


def plans_to_try(number: int) -> int:
    """How many plans to try for a program."""
    return 0 if number % 4 else PLANS


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_programs_agree_with_python_at_every_level(batch: int):
    for number in range(batch * BATCH, (batch + 1) * BATCH):
        program = generate(SEED, number)
        failure = check(program, search=plans_to_try(number))
        assert accepted(failure), f"{failure}\n{program.source}"


@pytest.mark.parametrize("batch", range(BATCHES // 2))
def test_random_programs_on_floats_agree_with_python_at_every_level(batch: int):
    for number in range(batch * BATCH, (batch + 1) * BATCH):
        program = generate_floats(SEED, number)
        failure = check(program, search=plans_to_try(number))
        assert accepted(failure), f"{failure}\n{program.source}"


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_a_program_that_once_failed_agrees_with_python(path: Path):
    assert check(Program(path.stem, path.read_text())) is None


def test_the_generator_depends_on_nothing_but_its_seed():
    assert generate(1, 2).source == generate(1, 2).source
    assert generate(1, 2).source != generate(1, 3).source


def test_a_program_that_python_rejects_is_not_generated(tmp_path: Path):
    overflowing = Program(
        "overflowing", "import numpy as np\ndef program(x):\n    return x + 300\nINPUTS = [(np.int8(1),)]\n"
    )
    assert not python_accepts(overflowing, tmp_path)
    assert python_accepts(generate(1, 2), tmp_path)


DOUBLE = Program("double", "import numpy as np\ndef program(a):\n    a[0] = a[0] + a[0]\nINPUTS = [(np.array([3]),)]\n")


class _Faulty:
    """A design that is wrong at the last level, in what it stores or in its cycles."""

    def __init__(self, wrong_value: bool):
        self.wrong_value = wrong_value

    def run(self, a: np.ndarray, level: str) -> gw.Run:
        """`DOUBLE`, with one fault."""
        last = level == "rtl"
        a[0] = 7 if last and self.wrong_value else 6
        cycles = {"loops": None, "schedule": 4, "rtl": 4 if self.wrong_value else 5}[level]
        return gw.Run((), cycles, level)


@pytest.mark.parametrize(("wrong_value", "kind"), [(True, "differs"), (False, "cycles")])
def test_a_design_that_is_wrong_at_one_level_is_noticed(monkeypatch: pytest.MonkeyPatch, wrong_value: bool, kind: str):
    monkeypatch.setattr(gw, "compile", lambda function, **_: _Faulty(wrong_value))
    failure = check(DOUBLE)
    assert failure is not None
    assert (failure.kind, failure.level) == (kind, "rtl")
    assert not accepted(failure)


def test_the_reducer_keeps_only_what_the_failure_needs():
    program = generate(SEED, 0)
    lines = program.source.replace("def program(", "def program(unused, ").splitlines()
    lines = [line.replace("    (np", "    (7, np") for line in lines]
    start = next(number for number, line in enumerate(lines) if line.startswith("def program")) + 1
    lines.insert(start, "    for turn in range(3):\n        culprit = np.int8(turn) // np.int8(7)")
    failure = Failure("differs", "rtl", "")

    def fails_while_it_divides(candidate: Program) -> Failure | None:
        return failure if "culprit = " in candidate.source else None

    reduced, _ = reduce(Program("planted", "\n".join(lines)), failure, fails_while_it_divides, seconds=60)
    assert len(reduced.source.split("INPUTS")[0].splitlines()) <= 5
    assert "unused" not in reduced.source
