"""Starts of tasks and depths of channels: as early, and as small, as the cycles of accesses allow, and no more."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.parser import Parser

import gatewright as gw
from gatewright.analysis.array_times import array_times
from gatewright.analysis.task_times import ElementLives
from gatewright.ir.context import context


def blur(x: gw.i16[24, 8], y: gw.i32[20, 8]):
    """Three filters over rows, each at the same rate: a channel has a few rows."""
    a, b = np.zeros((24, 8), np.int32), np.zeros((22, 8), np.int32)
    for i in range(24):
        for j in range(8):
            a[i, j] = np.int32(x[i, j]) * 3
    for k in range(22):
        for m in range(8):
            b[k, m] = a[k, m] * 5 + a[k + 2, m]
    for p in range(20):
        for q in range(8):
            y[p, q] = b[p, q] * 7 - b[p + 2, q]


@pytest.fixture(scope="module")
def design():
    return gw.compile(blur, dataflow=True, multipliers=3)


def module_of(design):
    return Parser(context(), design.ir("schedule")).parse_module()


def test_channels_have_a_few_rows(design):
    assert all(channel["words"] < channel["elements"] for channel in design.report["channels"])


def test_a_stream_is_what_samples_are_one_by_one(design):
    generator = np.random.default_rng(0)
    xs = generator.integers(-(1 << 15), 1 << 15, (64, 24, 8)).astype(np.int16)
    ys = np.zeros((64, 20, 8), np.int32)
    run = design.stream(list(zip(xs, ys, strict=True)))
    expected = np.zeros((64, 20, 8), np.int32)
    for x, z in zip(xs, expected, strict=True):
        blur(x, z)
    assert np.array_equal(ys, expected)
    assert run.cycles == 63 * run.interval + run.latency
    assert (run.interval, run.latency) == (design.report["interval"], design.report["cycles"])


def test_every_level_gives_the_same_answer_in_the_cycles_that_are_predicted(design):
    x = np.random.default_rng(1).integers(-99, 99, (24, 8)).astype(np.int16)
    expected = np.zeros((20, 8), np.int32)
    blur(x, expected)
    cycles = {}
    for level in design.levels:
        y = np.zeros((20, 8), np.int32)
        cycles[level] = design.run(x, y, level=level).cycles
        assert np.array_equal(y, expected), level
    assert cycles["schedule"] == cycles["rtl"] == cycles["verilog"] == design.report["cycles"]


@pytest.mark.parametrize("level", ["dataflow", "schedule"])
def test_a_level_reads_back_as_the_same_program(design, level):
    text = design.ir(level)
    module = Parser(context(), text).parse_module()
    module.verify()
    assert str(module).strip() == text.strip()
    again = gw.compile(text, multipliers=3)
    x = np.random.default_rng(2).integers(-99, 99, (24, 8)).astype(np.int16)
    y, z = np.zeros((20, 8), np.int32), np.zeros((20, 8), np.int32)
    first, second = design.run(x, y), again.run(x, z)
    assert np.array_equal(y, z) and first.cycles == second.cycles == again.report["cycles"]
    assert again.report["channels"] == design.report["channels"]


@pytest.mark.parametrize("seed", range(40))
def test_depths_are_the_least_powers_of_two(seed):
    """Against the definition: elements of one word whose lives meet, in neighbouring samples too."""
    generator = np.random.default_rng(seed)
    size, interval = int(generator.integers(2, 40)), int(generator.integers(5, 60))
    written = generator.permutation(size) if seed % 2 else generator.integers(0, interval, size)
    needed = written + generator.integers(0, interval, size)
    order = np.argsort(written, kind="stable")
    lives = ElementLives(written[order], needed[order], order, size)

    def meets(words, copies):
        every = [
            (written[i] + s * interval, needed[i] + s * interval, (i % words, s % copies))
            for s in range(4)
            for i in range(size)
        ]
        for n, (w, r, place) in enumerate(every):
            for w2, r2, place2 in every[n + 1 :]:
                if place == place2 and not (r <= w2 or r2 <= w) and (w, r) != (w2, r2):
                    return True
        return False

    words, copies = lives.depth(interval)
    if words < size:
        assert not meets(words, copies)
        assert words == 1 or not lives.fits(words // 2, 1, interval)
    else:
        assert (needed <= written + copies * interval).all()
        assert copies == 1 or not (needed <= written + (copies - 1) * interval).all()


def test_times_of_accesses_are_those_of_the_hardware(design):
    """What the analysis says of the first task, against its ports in simulation."""
    module = module_of(design)
    first = next(op for op in module.ops if op.properties.get("sym_name") and op.sym_name.data.endswith("_0"))
    times = array_times(first)
    assert times is not None
    channel = times[1]
    assert (channel.first_store == channel.last_store).all()
    assert np.array_equal(np.diff(channel.first_store), np.ones(24 * 8 - 1, np.int64))
