"""Times and depths that do not hold are refused: a word less, a cycle earlier, an interval too short."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.parser import Parser
from xdsl.utils.exceptions import VerifyException

import gatewright as gw
from gatewright.dialects.dataflow import channels_in, tasks_in
from gatewright.ir.context import context
from gatewright.ir.program import public_function
from gatewright.transforms.dataflow.check_tasks import CheckTasksPass


def filters(x: gw.i16[24, 8], y: gw.i32[20, 8]):
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
    return gw.compile(filters, dataflow=True, multipliers=3)


def module_of(design):
    return Parser(context(), design.ir("schedule")).parse_module()


def test_one_word_less_is_refused(design):
    module = module_of(design)
    CheckTasksPass().apply(context(), module)
    for channel in channels_in(public_function(module)):
        words, copies = channel.depth
        channel.depth = words // 2, copies
        with pytest.raises(VerifyException, match="words are too few"):
            CheckTasksPass().apply(context(), module)
        channel.depth = words, copies


def test_a_task_that_begins_a_cycle_earlier_is_refused(design):
    module = module_of(design)
    for task in tasks_in(public_function(module))[1:]:
        start, cycles = task.times
        task.times = start - 1, cycles
        with pytest.raises(VerifyException, match="what it loads is there for"):
            CheckTasksPass().apply(context(), module)
        task.times = start, cycles


def test_a_task_that_takes_longer_than_an_interval_is_refused(design):
    text = design.ir("schedule").replace(f"gw.interval = {design.report['interval']}", "gw.interval = 9")
    with pytest.raises(gw.GatewrightError):
        gw.compile(text)
