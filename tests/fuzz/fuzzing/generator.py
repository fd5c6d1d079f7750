"""Write a random program from a seed."""

from __future__ import annotations

import ast
import signal
import tempfile
from pathlib import Path
from random import Random

from fuzzing.arrays import exact_array_expression
from fuzzing.callees import callees
from fuzzing.program import Program, text_of
from fuzzing.scalars import scalar
from fuzzing.scope import DEFAULT_FEATURES, Array, PythonInt, Scalar, Scope
from fuzzing.statements import MOST_WORK, StatementWriter, indented
from fuzzing.values import DTYPES, INTEGERS, array_text, constant

PATIENCE = 10.0
"""Seconds that Python may take for a program; what the reducer makes of a loop may not end."""
OPTIONS: tuple[dict[str, object], ...] = (
    {},
    {},
    {"clock_mhz": 20},
    {"clock_mhz": 300},
    {"multipliers": 1},
    {"multipliers": 2, "clock_mhz": 200, "target": "ecp5"},
    {"multipliers": 8},
    {"multipliers": 64},
    {"target": "xc7"},
    {"dual_port": True},
    {"dual_port": True, "clock_mhz": 250},
)
"""Ways to compile a program: other clocks give operators other latencies, few multipliers are shared."""
INPUT_SETS = 3
"""The argument tuples of one program; the same design runs all of them."""


def generate(seed: int, number: int, features: frozenset[str] = DEFAULT_FEATURES) -> Program:
    """The program with this number: the first valid one of its own sequence of candidates."""
    with tempfile.TemporaryDirectory() as folder:
        for attempt in range(1000):
            rng = Random(f"{seed}:{number}:{attempt}")
            program = Program(f"fuzz_{seed}_{number}", _source(rng, features))
            if python_accepts(program, Path(folder)):
                return program
    raise AssertionError(f"no valid program for seed {seed}, number {number}")


def python_accepts(program: Program, folder: Path) -> bool:
    """Whether Python runs the program on all its inputs, and soon; NumPy raises if a literal does not fit."""
    before = signal.signal(signal.SIGALRM, _out_of_time)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        loaded = program.load(folder)
        for arguments in loaded.inputs:
            loaded.reference(arguments)
    except Exception:  # whatever it is, Python does not define what the program computes
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return True


def _out_of_time(*_: object) -> None:
    raise TimeoutError


def _source(rng: Random, features: frozenset[str]) -> str:
    scope = Scope(rng, features)
    lines = ["import numpy as np", f"OPTIONS = {rng.choice(OPTIONS)}"]
    lines += _constants(scope)
    parameters, inputs = _parameters(scope)
    lines += callees(scope)
    writer = StatementWriter()
    lines += [f"def program({', '.join(parameters)}):"]
    lines += indented(writer.block(scope, rng.randint(2, 6), MOST_WORK, 3) + _results(scope))
    lines += ["INPUTS = [" + ", ".join(f"({', '.join(each)},)" for each in inputs) + "]"]
    return text_of(ast.parse("\n".join(lines)))


def _constants(scope: Scope) -> list[str]:
    """Global arrays, which become memories with contents, and global integers."""
    rng = scope.rng
    lines = []
    for number in range(rng.choice((0, 0, 1, 2)) if scope.has("roms") else 0):
        array = Array(f"K{number}", rng.choice(DTYPES), _shape(rng), writable=False)
        scope.arrays.append(array)
        lines.append(f"{array.name} = {array_text(rng, array.dtype, array.shape)}")
    if rng.random() < 0.3:
        value = rng.randint(1, 7)
        scope.python_ints.append(PythonInt("N", value, value))
        lines.append(f"N = {value}")
    return lines


def _parameters(scope: Scope) -> tuple[list[str], list[list[str]]]:
    """Names of the parameters, and the texts of several sets of arguments."""
    rng = scope.rng
    names: list[str] = []
    sets: list[list[str]] = [[] for _ in range(INPUT_SETS)]
    for number in range(rng.randint(1, 3)):
        array = Array("abc"[number], rng.choice(DTYPES if rng.random() < 0.3 else INTEGERS), _shape(rng))
        scope.arrays.append(array)
        names.append(array.name)
        for each in sets:
            each.append(array_text(rng, array.dtype, array.shape))
    for number in range(rng.choice((0, 1, 1, 2))):
        variable = Scalar(f"x{number}", rng.choice(DTYPES), assignable=rng.random() < 0.5)
        scope.scalars.append(variable)
        names.append(variable.name)
        for each in sets:
            each.append(constant(rng, variable.dtype))
    if scope.has("python_integers") and rng.random() < 0.3:
        low, high = rng.choice(((0, 6), (-5, 5), (0, 100)))
        scope.python_ints.append(PythonInt("m", low, high))
        names.append("m")
        for each in sets:
            each.append(str(rng.randint(low, high)))
    return names, sets


def _results(scope: Scope) -> list[str]:
    """The final `return`, with up to three results, or none."""
    rng = scope.rng
    texts = []
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        kind = rng.random()
        own = [array.name for array in scope.arrays if array.name.startswith("t")]
        shaped = rng.choice(scope.arrays)
        if kind < 0.3 and own:
            texts.append(rng.choice(own))
        elif kind < 0.4 and (text := exact_array_expression(scope, shaped.dtype, shaped.shape, 1)) is not None:
            texts.append(text)
        else:
            texts.append(scalar(scope, rng.choice(DTYPES), 2))
    return [f"return {', '.join(texts)}"] if texts else []


def _shape(rng: Random) -> tuple[int, ...]:
    rank = rng.choice((1, 1, 1, 2, 2, 3))
    return tuple(rng.choice((1, 2, 3, 4) if rank > 1 else (1, 3, 4, 5, 8, 16)) for _ in range(rank))
