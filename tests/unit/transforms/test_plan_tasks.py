"""Which parts are tasks: cuts where only arrays are handed on, and multipliers such that the slowest is fastest."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

import gatewright as gw
from gatewright.planning.plan_tasks import _Shares


def by_search(total, kinds, pool, count):
    """The least interval of so many tasks, by looking at all of them."""
    best = None
    size = len(kinds)
    for cuts in combinations(range(1, size), count - 1):
        ends = [0, *cuts, size]
        parts = list(zip(ends, ends[1:], strict=False))
        for shares in np.ndindex(*[pool] * count):
            given = [share + 1 for share in shares]
            if sum(given) > pool or any(n < max(kinds[a:b]) for n, (a, b) in zip(given, parts, strict=True)):
                continue
            interval = max(int((total[b] - total[a])[n - 1]) for n, (a, b) in zip(given, parts, strict=True))
            best = interval if best is None else min(best, interval)
    return best


@pytest.mark.parametrize("seed", range(30))
def test_shares_are_the_best_there_are(seed):
    generator = np.random.default_rng(seed)
    size, pool = int(generator.integers(2, 6)), int(generator.integers(2, 8))
    work = generator.integers(1, 500, size)
    costs = np.array([[-(-int(each) // n) for n in range(1, pool + 1)] for each in work])
    total = np.concatenate([np.zeros((1, pool), np.int64), np.cumsum(costs, axis=0)])
    kinds = [int(each) for each in generator.integers(0, 2, size)]
    for count in range(2, min(size, pool) + 1):
        found = _Shares(total, kinds, [0] * size, pool, True)._fastest(count)
        assert max(each.cycles for each in found) == by_search(total, kinds, pool, count)
        assert sum(each.multipliers for each in found) <= pool and found[-1].last == size


def chain(x: gw.i16[32], y: gw.i32[32]):
    a, b = np.zeros(32, np.int32), np.zeros(32, np.int32)
    for i in range(32):
        a[i] = np.int32(x[i]) * x[i]
    for j in range(32):
        b[j] = a[j] * 3 + a[31 - j]
    for k in range(32):
        y[k] = b[k] * b[31 - k]


def tasks_of(function, **options):
    return [str(each) for each in gw.compile(function, dataflow=True, **options).plan if each.kind == "task"]


def test_a_chain_of_loops_is_cut_at_its_loops():
    assert tasks_of(chain, multipliers=3) == [
        "task(i, multipliers=1)",
        "task(j, multipliers=1)",
        "task(k, multipliers=1)",
    ]


def test_what_is_asked_for_is_done():
    plan = "task(i, multipliers=1)\ntask(k, multipliers=2)"
    design = gw.compile(chain, dataflow=True, multipliers=3, plan=plan)
    assert len(design.report["tasks"]) == 2
    assert [row["multipliers"] for row in design.report["tasks"]] == [1, 2]
    again = gw.compile(chain, dataflow=True, multipliers=3, plan=design.plan)
    assert again.verilog == design.verilog


def both_ends(x: gw.i16[16], y: gw.i32[16]):
    """The array outside is read by both loops, so they are one task."""
    a = np.zeros(16, np.int32)
    for i in range(16):
        a[i] = np.int32(x[i]) * x[i]
    for k in range(16):
        y[k] = a[15 - k] * x[k]


def number_between(x: gw.i16[16], y: gw.i32[16]):
    """A number is handed on, so the loops are one task."""
    s = np.int32(0)
    a = np.zeros(16, np.int32)
    for i in range(16):
        s += np.int32(x[i]) * x[i]
        a[i] = x[i]
    for k in range(16):
        y[k] = a[15 - k] * s


def of_unknown_length(x: gw.i32[16], y: gw.i32[16]):
    """How long the second loop takes depends on data."""
    a, b = np.zeros(16, np.int32), np.zeros(16, np.int32)
    for i in range(16):
        a[i] = x[i] * x[i]
    for j in range(16):
        n = a[15 - j]
        while n > 100:
            n = n >> 1
        b[j] = n
    for k in range(16):
        y[k] = b[k] * b[15 - k]


@pytest.mark.parametrize("function", [both_ends, number_between, of_unknown_length])
def test_what_cannot_be_cut_is_a_sequence_and_the_report_says_why(function):
    design = gw.compile(function, dataflow=True, multipliers=2)
    assert "dataflow" not in design.levels and design.report["dataflow"].startswith("a sequence: ")
    x, y, z = np.arange(16).astype(np.int32), np.zeros(16, np.int32), np.zeros(16, np.int32)
    x = x if function is of_unknown_length else x.astype(np.int16)
    design(x, y)
    function(x, z)
    assert np.array_equal(y, z)


@pytest.mark.parametrize(
    ("function", "plan", "message"),
    [
        (both_ends, "task(i, multipliers=1)\ntask(k, multipliers=1)", "cannot be done"),
        (chain, "task(i, multipliers=1)\ntask(q, multipliers=1)", "cannot be done"),
        (chain, "task(j, multipliers=1)\ntask(k, multipliers=1)", "cannot be done"),
        (chain, "task(i, multipliers=2)\ntask(k, multipliers=2)", "have 4 multipliers, the budget 3"),
    ],
)
def test_tasks_that_cannot_be_are_refused(function, plan, message):
    with pytest.raises(gw.OptionError, match=message):
        gw.compile(function, dataflow=True, multipliers=3, plan=plan)
