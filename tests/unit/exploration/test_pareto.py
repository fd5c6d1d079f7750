"""Fronts against their definition, on random rows."""

from __future__ import annotations

import numpy as np
import pytest

from gatewright.exploration.pareto import front
from gatewright.exploration.rows import DesignRow

OBJECTIVES = ("cycles", "multipliers", "luts")


def rows_of(figures):
    return [DesignRow({}, cycles=a, multipliers=b, luts=c) for a, b, c in figures]


@pytest.mark.parametrize("seed", range(20))
def test_a_front_holds_what_nothing_beats_and_beats_or_equals_all_else(seed):
    generator = np.random.default_rng(seed)
    figures = [tuple(map(int, each)) for each in generator.integers(0, 6, (30, 3))]
    found = front(rows_of(figures), ["all"] * 30, OBJECTIVES)
    beats = lambda a, b: all(x <= y for x, y in zip(a, b)) and a != b  # noqa: B905, E731
    best = {each for each in figures if not any(beats(other, each) for other in figures)}
    assert {figures[at] for at in found} == best and len(found) == len(best)


def test_groups_do_not_beat_each_other():
    assert front(rows_of([(1, 1, 1), (2, 2, 2)]), ["a", "b"], OBJECTIVES) == [0, 1]


def test_failed_rows_and_estimates_are_not_on_a_front():
    rows = [
        DesignRow({}, cycles=5, multipliers=1, luts=1),
        DesignRow({}, error="no"),
        DesignRow({}, "estimate", 1, multipliers=1, luts=1),
    ]
    assert front(rows, ["all"] * 3, OBJECTIVES) == [0]


def test_a_figure_that_one_row_lacks_keeps_rows_apart():
    rows = [DesignRow({}, cycles=1, multipliers=1), DesignRow({}, cycles=2, multipliers=2, luts=7)]
    assert front(rows, ["all"] * 2, OBJECTIVES) == [0, 1]
    assert front(rows, ["all"] * 2, ("cycles", "multipliers")) == [0]
