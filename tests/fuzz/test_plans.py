"""Random legal plans of random nests: the mechanics keep what a program computes, whatever is decided.

`--plans N` draws so many (default: 100).
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import gatewright as gw
from gatewright.compiler.compilation import Compilation
from gatewright.compiler.sources import load
from gatewright.ir.decisions import plan_of
from gatewright.ir.loop_labels import label_of, loops_in
from gatewright.options import Options

sys.path.insert(0, str(Path(__file__).parent))

from fuzzing.nests import SIZE, NestProgram, nest_programs  # noqa: E402

LEVELS = ("loops", "schedule", "rtl")
OPTIONS = Options(search=0)
"""The plan is drawn, so that there is nothing to search for."""
PARTS = 5
"""Tests that share the plans, so that they run side by side."""


def function_of(program: NestProgram, folder: Path) -> Callable[..., Any]:
    """The function, in a file of its own, from which it is compiled."""
    name = "nest_" + hashlib.sha256(program.text.encode()).hexdigest()[:12]
    file = folder / f"{name}.py"
    file.write_text(f"import numpy as np\n\nimport gatewright as gw\n\n\n{program.text}", encoding="utf-8")
    specification = importlib.util.spec_from_file_location(name, file)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.program


def decisions(names: list[str]) -> st.SearchStrategy[gw.Decision]:
    """Any decision about some of these loops, legal or not."""
    one = st.sampled_from(names).map(lambda name: (name,))
    some = st.lists(st.sampled_from(names), min_size=2, max_size=3, unique=True).map(tuple)
    numbers = st.sampled_from([1, 2, 3, 4])
    choices = [
        st.builds(gw.Decision, st.just("interleave"), one, numbers),
        st.builds(gw.Decision, st.just("pipeline"), one, st.integers(1, 9)),
        st.builds(gw.Decision, st.just("flatten"), one, st.booleans()),
        st.builds(gw.Decision, st.just("distribute"), one, st.integers(-1, 2)),
        st.builds(gw.Decision, st.just("rotate"), one, st.sampled_from(["memory", "prologue", "skewed"])),
        st.builds(gw.Decision, st.just("merge"), one, st.sampled_from(["nothing", "loads", "stores", "accesses"])),
        st.builds(gw.Decision, st.just("bypass"), one, st.integers(0, 3)),
        st.builds(gw.Decision, st.just("unroll"), one, st.integers(1, 5)),
        st.builds(gw.Decision, st.just("unroll"), one, st.integers(1, 5)),
        st.builds(gw.Decision, st.just("bank"), st.sampled_from("ab"), st.sampled_from(["1x2", "2x1", "2x3", "4x2"])),
        st.builds(gw.Decision, st.just("bank"), st.sampled_from("xy"), st.sampled_from(["2", "3", "4"])),
        st.builds(gw.Decision, st.just("copy"), st.sampled_from("abxy")),
    ]
    if len(names) > 1:
        choices += [
            st.builds(gw.Decision, st.just("order"), some),
            st.builds(gw.Decision, st.just("fuse"), some, st.booleans()),
        ]
    return st.one_of(choices)


def legal(function: Callable[..., Any], drawn: list[gw.Decision], multipliers: int | None) -> tuple[gw.Decision, ...]:
    """As many of the decisions as are legal together, taken in order: each is obeyed by the schedule."""
    taken: tuple[gw.Decision, ...] = ()
    for decision in drawn:
        try:
            options = Options(plan=gw.Plan((*taken, decision)), multipliers=multipliers, search=0)
            plan = plan_of(Compilation(load(function, None, options), options).schedule.function)
        except gw.GatewrightError as error:
            assert not isinstance(error, gw.InternalError), f"{decision}: {error}"
            continue
        taken = (*taken, decision)
        for each in taken:
            assert each in plan.decisions, f"{each} is not in\n{plan}"
    return taken


def check(function: Callable[..., Any], design: gw.Design, program: NestProgram, seed: int) -> None:
    """All levels give what Python gives, in the cycles that are predicted."""
    random, kind = np.random.default_rng(seed), np.float32 if program.element == "f32" else np.int32
    shapes = [(SIZE, SIZE), (SIZE, SIZE), (SIZE,), (SIZE,)]
    arrays = [random.integers(-4, 5, shape).astype(kind) for shape in shapes]
    expected = [array.copy() for array in arrays]
    with np.errstate(all="ignore"):
        function(*expected)
    cycles = {}
    for level in LEVELS:
        found = [array.copy() for array in arrays]
        cycles[level] = design.run(*found, level=level).cycles
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=f"{level}\n{program.text}\n{design.plan}")
    assert cycles["schedule"] == cycles["rtl"], f"{program.text}\n{design.plan}"
    if design.report["cycles"] is not None:
        assert design.report["cycles"] == cycles["rtl"], f"{program.text}\n{design.plan}"


@pytest.mark.parametrize("part", range(PARTS))
def test_random_plans(part: int, request: pytest.FixtureRequest, tmp_path: Path):
    count = request.config.getoption("--plans")

    @seed(part)
    @settings(
        max_examples=-(-count // PARTS),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(nest_programs(), st.data())
    def run(program: NestProgram, data: st.DataObject):
        function = function_of(program, tmp_path)
        loops = Compilation(load(function, None, OPTIONS), OPTIONS).loops
        names = [label_of(loop) for loop in loops_in(loops.function)]
        multipliers = data.draw(st.sampled_from([None, 1, 2, 4, 8, 16]))
        taken = legal(function, data.draw(st.lists(decisions(names), min_size=1, max_size=4)), multipliers)
        design = gw.compile(function, plan=gw.Plan(taken), multipliers=multipliers, search=0)
        check(function, design, program, data.draw(st.integers(0, 99)))

    run()


def test_more_multipliers_never_cost_cycles(tmp_path: Path):
    @seed(7)
    @settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(nest_programs())
    def run(program: NestProgram):
        function = function_of(program, tmp_path)
        cycles = [gw.compile(function, multipliers=pool).report["cycles"] for pool in (1, 2, 4, 8)]
        assert None in cycles or cycles == sorted(cycles, reverse=True), f"{cycles}\n{program.text}"

    run()
