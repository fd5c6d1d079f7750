"""Times and depths that do not hold are refused: a word less, a cycle earlier, an interval too short."""

from __future__ import annotations

import pytest
from filters import compiled
from xdsl.parser import Parser
from xdsl.utils.exceptions import VerifyException

import gatewright as gw
from gatewright.dialects.dataflow import channels_in, tasks_in
from gatewright.ir.context import context
from gatewright.ir.program import public_function
from gatewright.transforms.dataflow.check_tasks import CheckTasksPass


@pytest.fixture
def filtering():
    return compiled()


def module_of(filtering):
    return Parser(context(), filtering.ir("schedule")).parse_module()


def test_one_word_less_is_refused(filtering):
    module = module_of(filtering)
    CheckTasksPass().apply(context(), module)
    for channel in channels_in(public_function(module)):
        words, copies = channel.depth
        channel.depth = words // 2, copies
        with pytest.raises(VerifyException, match="words are too few"):
            CheckTasksPass().apply(context(), module)
        channel.depth = words, copies


def test_a_task_that_begins_a_cycle_earlier_is_refused(filtering):
    module = module_of(filtering)
    for task in tasks_in(public_function(module))[1:]:
        start, cycles = task.times
        task.times = start - 1, cycles
        with pytest.raises(VerifyException, match="what it loads is there for"):
            CheckTasksPass().apply(context(), module)
        task.times = start, cycles


def test_a_task_that_takes_longer_than_an_interval_is_refused(filtering):
    text = filtering.ir("schedule").replace(f"gw.interval = {filtering.report['interval']}", "gw.interval = 9")
    with pytest.raises(gw.GatewrightError):
        gw.compile(text)
