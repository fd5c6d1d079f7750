"""Compile Python functions and run them at the loops level beside Python itself."""

from __future__ import annotations

import copy
import linecache
from collections.abc import Callable
from io import StringIO

import numpy as np
import pytest
from xdsl.parser import Parser
from xdsl.printer import Printer

from gatewright.frontends.python import load
from gatewright.interpreters import loops
from gatewright.ir.context import context
from gatewright.ir.interface import from_raw, to_raw
from gatewright.ir.program import Program
from gatewright.options import Options

Agrees = Callable[..., Program]


def random_value(rng: np.random.Generator, example: object) -> object:
    """A value like the example: full-range elements among small ones; Python integers are kept."""
    if not isinstance(example, (np.ndarray, np.generic)):
        return example
    shape, dtype = example.shape, example.dtype
    if dtype == np.bool_:
        return rng.integers(0, 2, shape).astype(np.bool_)[()]
    limits = np.iinfo(dtype)
    full = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    small = rng.integers(max(-3, limits.min), 4, shape, dtype)
    edges = rng.choice(np.array([limits.min, limits.max], dtype), shape)
    kind = rng.integers(0, 8, shape)
    return np.where(kind < 4, full, np.where(kind < 7, small, edges)).astype(dtype)[()]


def run_at_loops(program: Program, arguments: list[object]) -> list[np.ndarray]:
    """The results of the program; arrays among the arguments are updated."""
    parameters = program.signature.parameters
    raw = [to_raw(value, p.type, p.name) for value, p in zip(arguments, parameters, strict=True)]
    outcome = loops.run(program, raw, max_iterations=1_000_000)
    for value, bits, parameter in zip(arguments, raw, parameters, strict=True):
        if isinstance(value, np.ndarray):
            value[...] = from_raw(bits, parameter.type)
    return [from_raw(bits, r.type) for bits, r in zip(outcome.results, program.signature.results, strict=True)]


def assert_same(got: object, want: object, what: str) -> None:
    """Equal values of equal types: a Python integer comes back as int64."""
    expected = np.asarray(want)
    assert np.asarray(got).dtype == expected.dtype, what
    np.testing.assert_array_equal(got, expected, err_msg=what)


def assert_round_trip(program: Program) -> None:
    """The module verifies, prints, and parses to the same text."""
    program.module.verify()
    texts = []
    module = program.module
    for _ in range(2):
        out = StringIO()
        Printer(stream=out).print_op(module)
        texts.append(out.getvalue())
        module = Parser(context(), texts[-1]).parse_module()
    assert texts[0] == texts[1]


@pytest.fixture
def agrees() -> Agrees:
    """`agrees(function, *examples)`: the compiled function does what Python does, on the examples and on random inputs.

    `inputs` is a list of argument tuples to try instead of random ones, `options` are those of the compilation.
    """

    def check(function: Callable, *examples: object, inputs: list[tuple] | None = None, rounds: int = 12, **options):
        program = load(function, examples, Options(**options))
        assert_round_trip(program)
        rng = np.random.default_rng(0)
        trials = inputs or [tuple(random_value(rng, example) for example in examples) for _ in range(rounds)]
        for arguments in trials:
            wanted, given = copy.deepcopy(list(arguments)), copy.deepcopy(list(arguments))
            with np.errstate(all="ignore"):
                returned = function(*wanted)
            results = () if returned is None else returned if isinstance(returned, tuple) else (returned,)
            found = run_at_loops(program, given)
            assert len(found) == len(results)
            for position, (got, want) in enumerate(zip(found, results, strict=True)):
                assert_same(got, want, f"result {position} of {arguments}")
            for position, (got, want) in enumerate(zip(given, wanted, strict=True)):
                assert_same(got, want, f"argument {position} of {arguments}")
        return program

    return check


@pytest.fixture
def compiled() -> Callable[..., Program]:
    """`compiled(function, *examples, **options)`: the program at the loops level."""

    def compile_(function: Callable, *examples: object, **options: object) -> Program:
        program = load(function, examples, Options.of(**options))
        assert_round_trip(program)
        return program

    return compile_


@pytest.fixture
def runs() -> Callable[[Program, list], list[np.ndarray]]:
    """`runs(program, arguments)`: the results at the loops level; arrays among the arguments are updated."""
    return run_at_loops


@pytest.fixture
def from_text(request: pytest.FixtureRequest) -> Callable[..., Callable]:
    """`from_text(source)`: the function `f` that the source text defines, as if it came from a file."""

    def make(source: str, **names: object) -> Callable:
        name = f"<{request.node.name} {len(linecache.cache)}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        scope: dict = {"np": np, **names}
        exec(compile(source, name, "exec"), scope)
        return scope["f"]

    return make


@pytest.fixture
def text() -> Callable[[Program], str]:
    """The printed module of a program."""
    return lambda program: str(program.module)
