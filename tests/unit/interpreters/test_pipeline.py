"""Pipelines overlap their iterations in time, and no more than that."""

from __future__ import annotations

import numpy as np
import pytest

from gatewright.errors import SimulationError
from gatewright.interpreters import loopschedule, pipeline


def i32(*values: int) -> np.ndarray:
    """An array of signed numbers."""
    return np.array(values, np.int32)


@pytest.fixture(params=["one after the other", "as they overlap"], autouse=True)
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run each test with either way of running iterations."""
    if request.param == "as they overlap":
        monkeypatch.setattr(pipeline._Starts, "in_order", lambda starts, interval, late: False)
    return request.param


SUM = """
func.func @f(%a: memref<10xi32>, %n: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  %sum = loopschedule.pipeline II = 1 iter_args(%i = %c0, %acc = %zero) : (index, i32) -> i32 {
    %go = arith.cmpi slt, %i, %n : index
    loopschedule.register %go : i1
  } do {
    %0:2 = loopschedule.pipeline.stage start = 0 {
      %next = arith.addi %i, %c1 : index
      %x = memref.load %a[%i] : memref<10xi32>
      loopschedule.register %next, %x : index, i32
    } : index, i32
    %1 = loopschedule.pipeline.stage start = 1 {
      %more = arith.addi %0#1, %acc : i32
      loopschedule.register %more : i32
    } : i32
    loopschedule.terminator iter_args(%0#0, %1), results(%1) : (index, i32) -> i32
  }
  loopschedule.step {
    loopschedule.register
  }
  return %sum : i32
}"""


@pytest.mark.parametrize("count", [0, 1, 2, 10])
def test_a_sum_takes_an_element_a_cycle(run_schedule, count: int):
    a = np.arange(1, 11, dtype=np.int32)
    outcome = run_schedule(SUM, a, np.array(count))
    assert outcome.results[0] == a[:count].sum()
    assert outcome.cycles == 1 + ((count - 1) * 1 + 2 if count else 1) + 1


def test_an_interval_stands_between_two_iterations(run_schedule):
    outcome = run_schedule(SUM.replace("II = 1", "II = 3"), np.arange(10, dtype=np.int32), np.array(10))
    assert outcome.cycles == 1 + (10 - 1) * 3 + 2 + 1
    assert outcome.results[0] == 45


SHIFT = """
func.func @f(%a: memref<6xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %one = arith.constant 1 : i32
  loopschedule.pipeline II = INTERVAL iter_args(%i = %c0) : (index) -> () {
    %go = arith.cmpi slt, %i, %c5 : index
    loopschedule.register %go : i1
  } do {
    %0:2 = loopschedule.pipeline.stage start = 0 {
      %next = arith.addi %i, %c1 : index
      %x = memref.load %a[%i] : memref<6xi32>
      loopschedule.register %next, %x : index, i32
    } : index, i32
    loopschedule.pipeline.stage start = 1 {
      %y = arith.addi %0#1, %one : i32
      memref.store %y, %a[%0#0] : memref<6xi32>
      loopschedule.register
    }
    loopschedule.terminator iter_args(%0#0), results() : (index) -> ()
  }
  return
}"""


def test_a_load_in_the_cycle_of_a_store_reads_the_old_value(run_schedule):
    a = i32(10, 20, 30, 40, 50, 60)
    run_schedule(SHIFT.replace("INTERVAL", "1"), a)
    assert a.tolist() == [10, 11, 21, 31, 41, 51]


def test_a_load_in_the_cycle_after_a_store_reads_the_new_value(run_schedule):
    a = i32(10, 20, 30, 40, 50, 60)
    run_schedule(SHIFT.replace("INTERVAL", "2"), a)
    assert a.tolist() == [10, 11, 12, 13, 14, 15]


COPY_UNTIL_ZERO = """
func.func @f(%a: memref<8xi32>, %b: memref<8xi32>) -> index {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1 : i32
  %zero = arith.constant 0 : i32
  %n, %last = loopschedule.pipeline II = 1 iter_args(%i = %c0, %x = %one) : (index, i32) -> (index, i32) {
    %go = arith.cmpi ne, %x, %zero : i32
    loopschedule.register %go : i1
  } do {
    %0:3 = loopschedule.pipeline.stage start = 0 {
      %next = arith.addi %i, %c1 : index
      %v = memref.load %a[%i] : memref<8xi32>
      loopschedule.register %next, %v, %i : index, i32, index
    } : index, i32, index
    %1 = loopschedule.pipeline.stage start = 1 {
      %w = arith.addi %0#1, %zero : i32
      loopschedule.register %w : i32
    } : i32
    loopschedule.pipeline.stage start = 2 {
      memref.store %1, %b[%0#2] : memref<8xi32>
      loopschedule.register
    }
    loopschedule.terminator iter_args(%0#0, %1), results(%0#0, %1) : (index, i32) -> (index, i32)
  }
  return %n : index
}"""


def test_an_iteration_started_on_speculation_stores_nothing(run_schedule):
    a, b = i32(4, 5, 6, 0, 7, 8, 9, 9), np.full(8, -1, np.int32)
    outcome = run_schedule(COPY_UNTIL_ZERO, a, b)
    # The iteration that copies the 0 is the last; the next ones have begun before that is known.
    assert b.tolist() == [4, 5, 6, 0, -1, -1, -1, -1]
    assert outcome.results[0] == 4
    assert outcome.cycles == 1 + (4 - 1) * 1 + 3


def test_speculation_may_load_outside_the_array(run_schedule):
    a, b = i32(1, 2, 3, 4, 5, 6, 7, 0), np.zeros(8, np.int32)
    assert run_schedule(COPY_UNTIL_ZERO, a, b).results[0] == 8
    assert b.tolist() == a.tolist()


def test_a_stage_whose_condition_is_false_does_nothing(run_schedule):
    text = """
    func.func @f(%a: memref<8xi32>, %b: memref<8xi32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %three = arith.constant 3 : i32
      loopschedule.pipeline II = 1 iter_args(%i = %c0) : (index) -> () {
        %go = arith.cmpi slt, %i, %c8 : index
        loopschedule.register %go : i1
      } do {
        %0:3 = loopschedule.pipeline.stage start = 0 {
          %next = arith.addi %i, %c1 : index
          %x = memref.load %a[%i] : memref<8xi32>
          loopschedule.register %next, %x, %i : index, i32, index
        } : index, i32, index
        %1 = loopschedule.pipeline.stage start = 1 {
          %small = arith.cmpi slt, %0#1, %three : i32
          loopschedule.register %small : i1
        } : i1
        loopschedule.pipeline.stage start = 2 when %1 {
          memref.store %0#1, %b[%0#2] : memref<8xi32>
          loopschedule.register
        }
        loopschedule.terminator iter_args(%0#0), results() : (index) -> ()
      }
      return
    }"""
    b = np.zeros(8, np.int32)
    run_schedule(text, i32(1, 5, 2, 3, -7, 9, 0, 2), b)
    assert b.tolist() == [1, 0, 2, 0, -7, 0, 0, 2]


def test_a_store_outside_an_array_is_an_error(run_schedule):
    text = SHIFT.replace("INTERVAL", "2").replace("%c5 = arith.constant 5", "%c5 = arith.constant 7")
    with pytest.raises(SimulationError, match=r"store to arg0\[6\] is outside the array"):
        run_schedule(text, np.zeros(6, np.int32))


def test_a_pipeline_that_does_not_end_is_stopped(run_schedule):
    text = COPY_UNTIL_ZERO.replace("cmpi ne, %x, %zero", "cmpi eq, %zero, %zero")
    with pytest.raises(SimulationError) as error:
        run_schedule(text.replace("%b[%0#2]", "%b[%c0]"), np.ones(8, np.int32), np.zeros(8, np.int32), limit=40)
    assert str(error.value).splitlines()[:2] == [
        "the program is still running after 40 cycles",
        "  it is in this loop with i = 40, x = 0",
    ]


def test_a_pipeline_runs_in_a_loop_again_and_again(run_schedule):
    body = SUM[SUM.index("%sum = ") : SUM.index("  loopschedule.step {")].replace("%n : index", "%m : index")
    text = f"""
    func.func @f(%a: memref<10xi32>, %n: index) -> i32 {{
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %zero = arith.constant 0 : i32
      %all = loopschedule.step {{
        %r:2 = loopschedule.seq_while iter_args(%t = %zero, %m = %c0) : (i32, index) -> (i32, index) {{
          %again = arith.cmpi slt, %m, %n : index
          loopschedule.register %again : i1
        }} do {{
          %part, %m2 = loopschedule.step {{
            {body}
            %m1 = arith.addi %m, %c1 : index
            loopschedule.register %sum, %m1 : i32, index
          }} : i32, index
          %t2 = loopschedule.step {{
            %t1 = arith.addi %t, %part : i32
            loopschedule.register %t1 : i32
          }} : i32
          loopschedule.terminator iter_args(%t2, %m2), results(%t2, %m2) : (i32, index) -> (i32, index)
        }}
        loopschedule.register %r#0 : i32
      }} : i32
      return %all : i32
    }}"""
    a = np.arange(1, 11, dtype=np.int32)
    outcome = run_schedule(text, a, np.array(5))
    assert outcome.results[0] == sum(a[:m].sum() for m in range(5))
    assert outcome.cycles == 1 + sum((m + 1 if m else 1) + 1 for m in range(5)) + 1


TWO_STORES = """
func.func @f(%a: memref<8xi32>, %b: memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %hundred = arith.constant 100 : i32
  loopschedule.pipeline II = INTERVAL iter_args(%i = %c0) : (index) -> () {
    %go = arith.cmpi slt, %i, %c7 : index
    loopschedule.register %go : i1
  } do {
    %0:2 = loopschedule.pipeline.stage start = 0 {
      %next = arith.addi %i, %c1 : index
      memref.store %hundred, %a[%next] : memref<8xi32>
      loopschedule.register %next, %i : index, index
    } : index, index
    %1 = loopschedule.pipeline.stage start = 3 {
      %x = memref.load %a[%0#0] : memref<8xi32>
      loopschedule.register %x : i32
    } : i32
    loopschedule.pipeline.stage start = 5 {
      %y = arith.addi %1, %1 : i32
      memref.store %y, %a[%0#1] : memref<8xi32>
      memref.store %1, %b[%0#0] : memref<8xi32>
      loopschedule.register
    }
    loopschedule.terminator iter_args(%0#0), results() : (index) -> ()
  }
  return
}"""


@pytest.mark.parametrize("interval", [2, 4, 6, 8])
def test_accesses_of_iterations_happen_in_the_order_of_their_cycles(run_schedule, interval: int):
    a, b = i32(1, 2, 3, 4, 5, 6, 7, 8), np.zeros(8, np.int32)
    run_schedule(TWO_STORES.replace("INTERVAL", str(interval)), a, b)
    expected_a, expected_b = [1, 2, 3, 4, 5, 6, 7, 8], [0] * 8
    loaded: dict[int, int] = {}
    for cycle in range(7 * interval + 6):
        iterations = [(k, cycle - k * interval) for k in range(7)]
        for k, start in iterations:
            if start == 3:
                loaded[k] = expected_a[k + 1]
        for k, start in iterations:
            if start == 0:
                expected_a[k + 1] = 100
            elif start == 5:
                expected_a[k], expected_b[k + 1] = 2 * loaded[k], loaded[k]
    assert (a.tolist(), b.tolist()) == (expected_a, expected_b)


def test_iterations_that_store_early_run_as_they_overlap(program, how: str):
    sources = {
        interval: loopschedule.python_source(program("schedule", TWO_STORES.replace("INTERVAL", str(interval))))
        for interval in (2, 6)
    }
    assert "flight" in sources[2]
    assert ("flight" in sources[6]) == (how == "as they overlap")
