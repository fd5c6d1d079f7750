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


USERS = """
func.func private @one(%a: memref<4xi8> {gw.name = "a"}, %n: i8 {gw.name = "n"}) {
  loopschedule.step {
    %c = arith.constant 0 : index
    memref.store %n, %a[%c] : memref<4xi8>
  }
  func.return
}
func.func @f(%x: memref<4xi8> {gw.name = "x"}, %m: i8 {gw.name = "m"}) attributes {gw.interval = 2 : i64} {
  %c = dataflow.channel {words = 4 : i64, copies = 1 : i64} : memref<4xi8>
  dataflow.task @one(ARRAY, %m) {start = 0 : i64, cycles = 2 : i64} : (memref<4xi8>, i8) -> ()
  dataflow.task @one(ARRAY, %m) {start = START : i64, cycles = 2 : i64} : (memref<4xi8>, i8) -> ()
  func.return
}
"""


@pytest.mark.parametrize(
    ("array", "start", "message"),
    [("%x", 0, "x is outside and accessed by"), ("%c", 0, "c is stored by"), ("%c", 4, "m is a number, and gone")],
)
def test_tasks_that_use_the_same_are_refused(array, start, message):
    module = Parser(context(), USERS.replace("ARRAY", array).replace("START", str(start))).parse_module()
    with pytest.raises(VerifyException, match=message):
        CheckTasksPass().apply(context(), module)
