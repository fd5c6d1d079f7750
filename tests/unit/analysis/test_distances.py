"""Distances by integer sets beside those found by running the control of a loop."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects import func, memref, scf
from xdsl.parser import Parser

import gatewright as gw
from gatewright.analysis import distances, function_dependences, traced_dependences
from gatewright.analysis.distances import DISTANCES, noted_distances
from gatewright.analysis.traced_dependences import accesses_of, trace
from gatewright.compiler import pipelines
from gatewright.compiler.driver import run_phases
from gatewright.ir.context import context
from gatewright.options import Options
from gatewright.planning.plan_flattening import PlanFlatteningPass


def stencil(a):
    for i in range(2, 8):
        for j in range(1, 8):
            a[i, j] = a[i - 2, j] + a[i, j - 1]


def triangle(a):
    for i in range(8):
        for j in range(i):
            for k in range(j):
                a[i, j] -= a[i, k] * a[k, j]


def several_loops(a):
    for i in range(1, 8):
        for j in range(8):
            a[i, j] += a[i - 1, j]
        for j in range(4):
            a[i, j] = a[i, 2 * j] + a[i, 7 - j]


def flat_loop(kernel) -> scf.WhileOp:
    """The one loop that flattening makes of a kernel."""
    design = gw.compile(kernel, args=(np.zeros((8, 8), np.int32),))
    module = Parser(context(), design.ir("loops")).parse_module()
    phases = pipelines.lower_to_schedule(Options())
    end = next(
        k for k, phase in enumerate(phases) if any(isinstance(each, PlanFlatteningPass) for each in phase.passes)
    )
    run_phases(context(), module, phases[: end + 1])
    function = next(op for op in module.ops if isinstance(op, func.FuncOp))
    (loop,) = [op for op in function.walk() if isinstance(op, scf.WhileOp)]
    return loop


@pytest.mark.parametrize("kernel", [stencil, triangle, several_loops])
def test_distances_are_those_of_the_addresses_or_less(kernel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(traced_dependences, "MOST_ITERATIONS", 0)
    loop = flat_loop(kernel)
    noted = noted_distances(loop)
    monkeypatch.undo()
    accesses = accesses_of(loop.after_region.block)
    assert noted is not None and accesses is not None
    run = trace(loop, accesses)
    assert run is not None
    apart = 0
    order = list(accesses)
    for one in order:
        for other in order:
            if not isinstance(one, memref.StoreOp) and not isinstance(other, memref.StoreOp):
                continue
            exact, found = run.distance(one, other), noted.distance(one, other)
            assert exact is None or (found is not None and found <= exact)
            if order.index(one) < order.index(other):
                assert noted.meet(one, other) or not run.meet(one, other)
            apart += found is None or found > 1
    assert apart, "some accesses of these kernels are proven to be further apart than neighbouring iterations"


def test_a_rectangular_nest_has_the_exact_distances(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(traced_dependences, "MOST_ITERATIONS", 0)
    loop = flat_loop(stencil)
    assert DISTANCES.of(loop) is not None
    noted = noted_distances(loop)
    assert noted is not None
    assert sorted(noted.least.values()) == [14]


def test_two_loads_of_inner_loops_that_take_turns_do_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(traced_dependences, "MOST_ITERATIONS", 0)
    loop = flat_loop(several_loops)
    noted = noted_distances(loop)
    assert noted is not None
    first, *_, last = sorted(noted.known, key=lambda op: op.attributes["gw.access"].value.data)  # type: ignore
    assert noted.take_turns(first, last)
    assert not noted.take_turns(first, first)


def long_product(a: gw.i32[300], b: gw.i32[300], c: gw.i32[300, 300]):
    for i in range(300):
        for j in range(300):
            c[i, j] = 3 * c[i, j]
            for _k in range(1):
                c[i, j] += a[i] * b[j]


def unknown_bound(a: gw.i32[16, 16], n: gw.i32):
    for i in range(1, n):
        for j in range(n):
            a[i, j] += a[i - 1, j]


def test_a_nest_too_long_to_be_run_starts_an_iteration_every_cycle():
    design = gw.compile(long_product)
    assert [row["interval"] for row in design.report["loops"]] == [1]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 16])
def test_a_nest_with_an_unknown_bound_is_right_where_its_rows_are_short(n: int):
    design = gw.compile(unknown_bound)
    a = np.arange(256, dtype=np.int32).reshape(16, 16)
    expected = a.copy()
    unknown_bound(expected, n)
    for level in ("schedule", "rtl"):
        got = a.copy()
        design.run(got, np.int32(n), level=level)
        np.testing.assert_array_equal(got, expected)


def test_questions_that_take_too_long_count_as_not_known(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(traced_dependences, "MOST_ITERATIONS", 0)
    monkeypatch.setattr(distances, "QUESTION_EFFORT", 1)
    loop = flat_loop(stencil)
    noted = noted_distances(loop)
    assert noted is not None
    assert set(noted.least.values()) == {0}
    monkeypatch.setattr(function_dependences, "DESCRIPTION_EFFORT", 1)
    assert noted_distances(flat_loop(stencil)) is None
