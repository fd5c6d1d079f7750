"""Starts of tasks and depths of channels: as early, and as small, as the cycles of accesses allow, and no more."""

from __future__ import annotations

import numpy as np
import pytest
from filters import compiled, filters
from xdsl.parser import Parser

import gatewright as gw
from gatewright.analysis.array_times import array_times
from gatewright.analysis.task_times import ElementLives
from gatewright.compiler.dataflow import compilation_of
from gatewright.dialects.dataflow import channels_in
from gatewright.ir.context import context
from gatewright.ir.program import Program
from gatewright.ir.task_programs import task_programs
from gatewright.options import Options
from gatewright.simulate.arc import ArcSimulator
from gatewright.transforms.rtl.compose_tasks import compose_tasks


@pytest.fixture
def filtering():
    return compiled()


def module_of(filtering):
    return Parser(context(), filtering.ir("schedule")).parse_module()


def test_channels_have_a_few_rows(filtering):
    assert all(channel["words"] < channel["elements"] for channel in filtering.report["channels"])


def test_a_stream_is_what_samples_are_one_by_one(filtering):
    generator = np.random.default_rng(0)
    xs = generator.integers(-(1 << 15), 1 << 15, (64, 24, 8)).astype(np.int16)
    ys = np.zeros((64, 20, 8), np.int32)
    run = filtering.stream(list(zip(xs, ys, strict=True)))
    expected = np.zeros((64, 20, 8), np.int32)
    for x, z in zip(xs, expected, strict=True):
        filters(x, z)
    assert np.array_equal(ys, expected)
    assert run.cycles == 63 * run.interval + run.latency
    assert (run.interval, run.latency) == (filtering.report["interval"], filtering.report["cycles"])


def test_every_level_gives_the_same_answer_in_the_cycles_that_are_predicted(filtering):
    x = np.random.default_rng(1).integers(-99, 99, (24, 8)).astype(np.int16)
    expected = np.zeros((20, 8), np.int32)
    filters(x, expected)
    cycles = {}
    for level in filtering.levels:
        y = np.zeros((20, 8), np.int32)
        cycles[level] = filtering.run(x, y, level=level).cycles
        assert np.array_equal(y, expected), level
    assert cycles["schedule"] == cycles["rtl"] == cycles["verilog"] == filtering.report["cycles"]


@pytest.mark.parametrize("level", ["dataflow", "schedule"])
def test_a_level_reads_back_as_the_same_program(filtering, level):
    text = filtering.ir(level)
    module = Parser(context(), text).parse_module()
    module.verify()
    assert str(module).strip() == text.strip()
    again = gw.compile(text, multipliers=3)
    x = np.random.default_rng(2).integers(-99, 99, (24, 8)).astype(np.int16)
    y, z = np.zeros((20, 8), np.int32), np.zeros((20, 8), np.int32)
    first, second = filtering.run(x, y), again.run(x, z)
    assert np.array_equal(y, z) and first.cycles == second.cycles == again.report["cycles"]
    assert again.report["channels"] == filtering.report["channels"]


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


def test_the_first_task_stores_an_element_a_cycle(filtering):
    module = module_of(filtering)
    first = next(op for op in module.ops if op.properties.get("sym_name") and op.sym_name.data.endswith("_0"))
    times = array_times(first)
    assert times is not None
    channel = times[1]
    assert (channel.first_store == channel.last_store).all()
    assert np.array_equal(np.diff(channel.first_store), np.ones(24 * 8 - 1, np.int64))


@pytest.mark.parametrize("number", [0, 1])
def test_hardware_with_half_the_words_gives_something_else(filtering, number):
    """The depths are needed: not the check alone refuses less."""
    given = Program("schedule", module_of(filtering), "filters")
    made = compilation_of(given, Options(multipliers=3))
    timing = made.timing
    channel = channels_in(made.schedule.function)[number]
    generator = np.random.default_rng(3)
    xs = generator.integers(-(1 << 15), 1 << 15, (4, 24, 8)).astype(np.int16)
    whole = streamed(made, xs, timing)
    channel.depth = channel.depth[0] // 2, 1
    assert not np.array_equal(streamed(made, xs, timing), whole)
    expected = np.zeros((4, 20, 8), np.int32)
    for x, y in zip(xs, expected, strict=True):
        filters(x, y)
    assert np.array_equal(whole, expected)


def streamed(made, xs, timing) -> np.ndarray:
    """What hardware made of a schedule of tasks makes of samples."""
    parts = [made.hardware_of(each) for each in task_programs(made.schedule)]
    rtl = compose_tasks(made.schedule, parts)
    ys = np.zeros((len(xs), 20, 8), np.int32)
    ArcSimulator(rtl.top, str(rtl.module), rtl.images).stream(list(zip(xs, ys, strict=True)), timing)
    return ys
