"""Both simulators run designs alike: the same results, the same cycles, the same errors."""

from __future__ import annotations

import numpy as np
import pytest

from gatewright.errors import SimulationError


def test_runs_give_results_arrays_and_cycles(vsum):
    for seed in range(20):
        vsum.run_and_check(seed, seed % 7)


def test_a_run_may_start_in_the_cycle_in_which_the_last_one_ended(vsum):
    vsum.run_and_check(0, 6)
    for seed in range(20):
        vsum.run_and_check(seed, (seed * 5) % 7, reset=False)


def test_start_may_be_held_high(vsum):
    vsum.run_and_check(0, 3, hold_start=True)
    for seed in range(10):
        vsum.run_and_check(seed, (seed * 3) % 7, reset=False, hold_start=True)


def test_a_reset_in_mid_run_leaves_nothing_behind(vsum):
    vsum.run_and_check(0, 6)
    for cycles in range(1, 14):
        vsum.simulator.interrupt(vsum.arguments(1, 6), cycles)
        vsum.run_and_check(cycles, 4, reset=False)


def test_a_run_that_does_not_end_is_an_error_within_its_bound(vsum):
    with pytest.raises(SimulationError, match="^vsum has not ended after 9 cycles") as caught:
        vsum.simulator.run(vsum.arguments(3, 6), 9)
    assert caught.value.why is not None
    if "level" not in caught.value.why:
        assert caught.value.why.startswith("registers then: busy = 1, ") and "i = 4" in caught.value.why
    vsum.run_and_check(4, 5)


def test_a_run_may_take_exactly_its_bound(vsum):
    assert vsum.simulator.run(vsum.arguments(3, 3), 8).cycles == 8
    with pytest.raises(SimulationError):
        vsum.simulator.run(vsum.arguments(3, 3), 7)


def test_a_write_outside_an_array_is_an_error_that_names_it(vsum):
    arguments = vsum.arguments(3, 7)
    before = [argument.copy() for argument in arguments]
    with pytest.raises(SimulationError, match="^the program writes element 6 of b, which has 6"):
        vsum.simulator.run(arguments, 1000)
    for argument, copy in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(argument, copy)
    vsum.run_and_check(4, 5)
