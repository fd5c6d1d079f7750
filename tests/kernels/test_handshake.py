"""The handshake of the top module, cycle by cycle: starts back to back, starts held high, and resets in mid-run."""

from __future__ import annotations

import numpy as np
import pytest

import gatewright as gw
from gatewright.simulate.model import Model


def weigh(a, k):
    """State of every kind: registers, a loop, a conditional, a division and a memory that changes."""
    total = np.int32(0)
    for i in range(4):
        if a[i] > k:
            total += a[i] * k
        a[i] = total
    return total, total // k


ARGUMENTS = [
    (np.array([5, -3, 7, 9], np.int32), np.int32(3)),
    (np.array([-1, 100000, 2, -8], np.int32), np.int32(-70000)),
    (np.array([0, 0, 0, 0], np.int32), np.int32(0)),
]


class Bench:
    """The top module of `weigh` and the memory at its array port."""

    def __init__(self, design: gw.Design):
        self.model = Model(design.ir("rtl"), design.name)
        self.words = [0] * 4
        self.set(start=0, rst=1, a_read_data=0, k=0)
        self.tick()
        self.set(rst=0)

    def set(self, **inputs: int) -> None:
        """Change inputs for the present cycle."""
        for name, value in inputs.items():
            self.model.set(name, value)
        self.model.settle()

    def tick(self) -> None:
        """Let the clock rise: the memory reads and writes as the ports say, and gives its word in the next cycle."""
        get = self.model.get
        word = self.words[get("a_read_address")] if get("a_read_enable") else None
        if get("a_write_enable"):
            self.words[get("a_write_address")] = get("a_write_data")
        self.model.advance(1)
        if word is not None:
            self.set(a_read_data=word)

    def offer(self, arguments: tuple[np.ndarray, np.int32]) -> None:
        """Raise `start` with new arguments."""
        self.words = [int(word) & 0xFFFFFFFF for word in arguments[0]]
        self.set(start=1, k=int(arguments[1]))

    def until_done(self, limit: int = 2000) -> int:
        """The cycles until `done`, counted from the present one."""
        for passed in range(limit):
            if passed and self.model.get("done"):
                return passed
            self.tick()
        raise AssertionError(f"not done after {limit} cycles")

    def outcome(self) -> list[int]:
        """The words of the array and both results, unsigned."""
        return [*self.words, self.model.get("result_0"), self.model.get("result_1")]


def _expected(arguments: tuple[np.ndarray, np.int32]) -> list[int]:
    words, k = arguments[0].copy(), arguments[1]
    with np.errstate(all="ignore"):
        results = weigh(words, k)
    return [int(value) & 0xFFFFFFFF for value in (*words, *results)]


@pytest.fixture(scope="module")
def design() -> gw.Design:
    """`weigh` as hardware."""
    return gw.compile(weigh, args=ARGUMENTS[0])


@pytest.fixture
def bench(design: gw.Design) -> Bench:
    """The hardware after a reset."""
    return Bench(design)


def test_11_a_run_takes_the_predicted_cycles_and_is_done_for_one(design: gw.Design, bench: Bench):
    for arguments in ARGUMENTS:
        assert bench.model.get("ready") == 1
        bench.offer(arguments)
        cycles = bench.until_done()
        assert cycles == design.run(arguments[0].copy(), arguments[1], level="schedule").cycles
        assert bench.model.get("ready") == 1
        bench.set(start=0)
        assert bench.outcome() == _expected(arguments)
        bench.tick()
        assert bench.model.get("done") == 0
        assert bench.outcome() == _expected(arguments)  # held until the next start


def test_11_arguments_are_sampled_with_the_start(bench: Bench):
    bench.offer(ARGUMENTS[0])
    bench.tick()
    bench.set(start=0, k=12345)
    bench.until_done()
    assert bench.outcome() == _expected(ARGUMENTS[0])


def test_11_ready_is_low_while_a_run_is_under_way(design: gw.Design, bench: Bench):
    bench.offer(ARGUMENTS[0])
    cycles = design.run(ARGUMENTS[0][0].copy(), ARGUMENTS[0][1], level="schedule").cycles
    assert cycles is not None
    for _ in range(cycles - 1):
        bench.tick()
        assert (bench.model.get("ready"), bench.model.get("done")) == (0, 0)
        bench.set(start=0)


def test_11_a_start_in_the_cycle_of_done_begins_the_next_run(bench: Bench):
    bench.offer(ARGUMENTS[0])
    for before, after in zip(ARGUMENTS, [*ARGUMENTS[1:], ARGUMENTS[0]], strict=True):
        bench.until_done()
        assert bench.outcome() == _expected(before)
        bench.offer(after)
    bench.until_done()
    assert bench.outcome() == _expected(ARGUMENTS[0])


def test_11_a_start_that_stays_high_runs_again_at_once(design: gw.Design, bench: Bench):
    """The array is what the run before left in it, as in a loop around the function."""
    words = ARGUMENTS[0][0].copy()
    bench.offer(ARGUMENTS[0])
    for _ in range(3):
        predicted = design.run(words.copy(), ARGUMENTS[0][1], level="schedule").cycles
        expected = _expected((words, ARGUMENTS[0][1]))
        weigh(words, ARGUMENTS[0][1])
        assert bench.until_done() == predicted
        assert bench.outcome() == expected


def test_11_a_reset_in_any_cycle_of_a_run_leaves_nothing_behind(design: gw.Design, bench: Bench):
    cycles = design.run(ARGUMENTS[1][0].copy(), ARGUMENTS[1][1], level="schedule").cycles
    assert cycles is not None
    for moment in range(1, cycles + 1):
        bench.offer(ARGUMENTS[1])
        for _ in range(moment):
            bench.tick()
            bench.set(start=0)
        bench.set(rst=1)
        bench.tick()
        bench.set(rst=0)
        assert (bench.model.get("ready"), bench.model.get("done")) == (1, 0)
        bench.offer(ARGUMENTS[0])
        bench.until_done()
        bench.set(start=0)
        assert bench.outcome() == _expected(ARGUMENTS[0]), f"after a reset in cycle {moment}"
        bench.tick()
