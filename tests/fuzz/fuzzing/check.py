"""Run one program at every level and compare with Python: arrays, results, element types and cycles."""

from __future__ import annotations

import importlib
import multiprocessing
import re
import tempfile
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

import gatewright as gw
from fuzzing.program import LoadedProgram, Program, copied

LEVELS = ("loops", "schedule", "rtl")
TIMEOUT = 120.0
"""Seconds after which a compilation or a run counts as a hang."""

PRELOADED = (
    "islpy",
    "ortools.sat.python.cp_model",
    "pycde.circt",
    "torch_mlir.execution_engine",
    "gatewright.bridge.memories",
    "gatewright.frontends.python",
    "gatewright.interpreters.loopschedule",
    "gatewright.transforms.rtl.to_hw",
    "gatewright.simulate.arc",
)
"""Modules that are loaded when first needed: once, and not again in every process of `check_isolated`."""

ACCEPTED_REFUSALS: tuple[str, ...] = (
    r"int and u64 have no common type",  # a Python integer may be negative, and then no 64 bits hold both
    r"this is (i\d+|int) on one path and u64 on (the other|another)",
    r"this is u64 on one path and (i\d+|int) on (the other|another)",
)
"""Patterns of messages with which the compiler may refuse a program, because the language leaves the thing out."""


@dataclass(frozen=True)
class Failure:
    """How a program does not behave as Python does: a kind, the level that shows it, a text with both answers."""

    kind: str
    """`refused` (an error for the user), `crashed` (any other exception), `hangs`, `differs` or `cycles`."""
    level: str
    message: str

    def resembles(self, other: Failure | None) -> bool:
        """Whether two failures look like the same fault; decides what a reduced program must still show."""
        if other is None or (self.kind, self.level) != (other.kind, other.level):
            return False
        return self.kind not in ("refused", "crashed") or _gist(self.message) == _gist(other.message)


def _gist(message: str) -> str:
    """The first line of an error without its place, names and numbers."""
    first = message.splitlines()[0] if message else ""
    return re.sub(r"[\w.]+\.py:\d+|\d+|'[^']*'|%\w+", "#", first)[:60]


def accepted(failure: Failure | None) -> bool:
    """Whether a program passes: it agrees with Python, or is refused for a listed reason."""
    if failure is None:
        return True
    return failure.kind == "refused" and any(re.search(each, failure.message) for each in ACCEPTED_REFUSALS)


def check(program: Program, levels: tuple[str, ...] = LEVELS, **options: object) -> Failure | None:
    """Compile a program once and compare it with Python on all its inputs; None if nothing differs.

    `options` are those of the compilation, beside the program's own.
    """
    with tempfile.TemporaryDirectory() as folder:
        loaded = program.load(Path(folder))
        try:
            design = gw.compile(loaded.function, args=copied(loaded.inputs[0]), **{**options, **loaded.options})
        except gw.GatewrightError as error:
            return Failure("refused", "compile", str(error))
        except Exception as error:  # a fault of the compiler, to be reported with the program
            return Failure("crashed", "compile", _described(error))
        for number, arguments in enumerate(loaded.inputs):
            failure = _compare(loaded, design, levels, number, arguments)
            if failure is not None:
                return failure
    return None


def _described(error: Exception) -> str:
    """The exception in a line, then where it was raised."""
    tail = "".join(traceback.format_tb(error.__traceback__)[-3:])
    return f"{type(error).__name__}: {error}\n{tail}"


def _compare(
    loaded: LoadedProgram, design: gw.Design, levels: tuple[str, ...], number: int, arguments: tuple
) -> Failure | None:
    """Compare one set of arguments at the levels, in order."""
    expected_arguments, expected_results = loaded.reference(arguments)
    cycles: dict[str, int] = {}
    for level in levels:
        given = copied(arguments)
        try:
            run = design.run(*given, level=level)
        except Exception as error:  # here the user's program is valid, so every error is the compiler's
            return Failure("crashed", level, _described(error))
        difference = _difference("argument", expected_arguments, given)
        difference = difference or _difference("result", expected_results, tuple(run.outputs))
        if difference is not None:
            return Failure("differs", level, f"inputs {number}: {difference}")
        if run.cycles is not None:
            cycles[level] = run.cycles
    if len(set(cycles.values())) > 1:
        level = next(level for level in cycles if cycles[level] != next(iter(cycles.values())))
        return Failure("cycles", level, f"inputs {number}: {cycles}")
    return None


def _difference(what: str, expected: tuple, got: tuple) -> str | None:
    """A sentence on the first difference between two tuples of scalars and arrays."""
    if len(expected) != len(got):
        return f"{len(got)} {what}s, Python has {len(expected)}"
    for position, (want, have) in enumerate(zip(expected, got, strict=True)):
        typed = isinstance(want, (np.ndarray, np.generic))
        if typed and np.asarray(have).dtype != np.asarray(want).dtype:
            return f"{what} {position} is {np.asarray(have).dtype}, in Python {np.asarray(want).dtype}"
        if np.shape(want) != np.shape(have):
            return f"{what} {position} has the shape {np.shape(have)}, in Python {np.shape(want)}"
        floats = np.asarray(want).dtype.kind == "f"
        if not np.array_equal(np.asarray(want), np.asarray(have), equal_nan=floats):
            return f"{what} {position} is\n{have}\nin Python\n{want}"
    return None


def check_isolated(program: Program, levels: tuple[str, ...] = LEVELS, timeout: float = TIMEOUT) -> Failure | None:
    """As `check`, in a process of its own, so that an abort inside a foreign tool or a hang becomes a Failure."""
    for module in PRELOADED:
        importlib.import_module(module)
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_check, args=(sender, program, levels))
    process.start()
    sender.close()
    try:
        if not receiver.poll(timeout):
            return Failure("hangs", "process", f"no answer after {timeout:.0f} seconds")
        return receiver.recv()
    except EOFError:
        process.join()
        return Failure("crashed", "process", f"the process ended with exit code {process.exitcode}")
    finally:
        process.kill()
        process.join()
        receiver.close()


def _send_check(sender: Connection, program: Program, levels: tuple[str, ...]) -> None:
    sender.send(check(program, levels))
    sender.close()
