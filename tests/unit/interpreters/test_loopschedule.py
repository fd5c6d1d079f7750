"""Programs of the schedule level compute what they say, in the cycles that the contract gives them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gatewright.errors import SimulationError

FILECHECK = Path(__file__).parents[2] / "filecheck" / "dialects" / "loopschedule"


def i32(*values: int) -> np.ndarray:
    """An array of signed numbers."""
    return np.array(values, np.int32)


def step(body: str, header: str = "") -> str:
    """A step without results."""
    return f"loopschedule.step {header} {{\n{body}\nloopschedule.register\n}}\n"


def function(body: str, arguments: str = "%p: i1, %q: i1") -> str:
    """A function without results around `body`."""
    return f"func.func @f({arguments}) {{\n{body}\nreturn\n}}"


def endless(body: str, count: str = "%n", name: str = "i") -> str:
    """A loop of `count` iterations of `body`, with the counter `%i`."""
    return f"""
    loopschedule.seq_while iter_args(%{name} = %zero) : (i32) -> () {{
      %go_{name} = arith.cmpi slt, %{name}, {count} : i32
      loopschedule.register %go_{name} : i1
    }} do {{
      {body}
      %next_{name} = loopschedule.step {{
        %j_{name} = arith.addi %{name}, %one : i32
        loopschedule.register %j_{name} : i32
      }} : i32
      loopschedule.terminator iter_args(%next_{name}), results() : (i32) -> ()
    }}
    """


HEAD = "%zero = arith.constant 0 : i32\n%one = arith.constant 1 : i32\n"
TRUE, FALSE = np.array(True), np.array(False)


def test_the_vadd_of_the_rfc_adds_in_three_cycles_an_element(run_schedule):
    text = (FILECHECK / "rfc_vadd.mlir").read_text()
    a, b, c = i32(1, 2, 3, 4, 5, 6, 7, 2**31 - 1), i32(10, 20, 30, 40, 50, 60, 70, 1), np.zeros(8, np.int32)
    outcome = run_schedule(text, a, b, c)
    assert c.tolist() == [11, 22, 33, 44, 55, 66, 77, -(2**31)]
    # One cycle to start, three an element, one in which the condition is false.
    assert outcome.cycles == 1 + 8 * 3 + 1
    assert outcome.results == []


@pytest.mark.parametrize(
    ("body", "cycles"),
    [
        ("", 1),
        (step(""), 2),
        (step("") + step("", "for 4"), 6),
        (step(step("", "for 3")), 4),
        (step(step("", "for 3") + step("", "for 5"), "for 2"), 6),
        (step(step("", "for 2"), "for 7"), 8),
    ],
)
def test_steps_last_as_long_as_what_is_in_them(run_schedule, body: str, cycles: int):
    assert run_schedule(function(body), FALSE, FALSE).cycles == cycles


@pytest.mark.parametrize(
    ("body", "when_false", "when_true"),
    [
        (step("", "when %p"), 2, 2),
        (step("", "when %p for 6"), 2, 7),
        (step(step("", "when %p for 6")), 2, 7),
        (step(step("", "when %p for 6"), "for 3"), 4, 7),
        (step(step("", "when %p for 6") + step("", "for 4")), 5, 7),
        (step(step("", "for 6"), "when %p"), 2, 7),
        (step(step("", "when %p for 3") + step("", "when %p for 5")), 2, 6),
        (step(step("", "when %p for 3") + step("", "when %q for 5")), 2, 4),
    ],
)
def test_a_step_whose_condition_is_false_takes_one_cycle(run_schedule, body: str, when_false: int, when_true: int):
    assert run_schedule(function(body), FALSE, FALSE).cycles == when_false
    assert run_schedule(function(body), TRUE, FALSE).cycles == when_true


def test_a_loop_takes_its_iterations_and_a_last_look_at_its_condition(run_schedule):
    for count, cycles in ((0, 2), (1, 4), (5, 12), (-3, 2)):
        text = function(HEAD + endless(step("")), "%n: i32")
        assert run_schedule(text, np.array(count, np.int32)).cycles == cycles


def test_a_step_waits_for_the_longest_of_its_loops(run_schedule):
    text = function(
        HEAD + step(endless("", "%n", "i") + endless(step("", "for 3"), "%m", "j"), "for 6") + step(""),
        "%n: i32, %m: i32",
    )
    for n, m in ((0, 0), (3, 1), (9, 1), (2, 7), (6, 0)):
        cycles = run_schedule(text, np.array(n, np.int32), np.array(m, np.int32)).cycles
        assert cycles == 1 + max(6, n + 1, 4 * m + 1) + 1


def test_the_results_of_a_loop_without_iterations_are_its_initial_values(run_schedule):
    text = """
    func.func @f(%n: i32, %x: i32) -> (i32, i32) {
      %zero = arith.constant 0 : i32
      %one = arith.constant 1 : i32
      %a, %b = loopschedule.step {
        %r:2 = loopschedule.seq_while iter_args(%s = %x, %i = %zero) : (i32, i32) -> (i32, i32) {
          %go = arith.cmpi slt, %i, %n : i32
          loopschedule.register %go : i1
        } do {
          %t, %j = loopschedule.step {
            %t = arith.addi %s, %s : i32
            %j = arith.addi %i, %one : i32
            loopschedule.register %t, %j : i32, i32
          } : i32, i32
          loopschedule.terminator iter_args(%t, %j), results(%s, %j) : (i32, i32) -> (i32, i32)
        }
        loopschedule.register %r#0, %r#1 : i32, i32
      } : i32, i32
      return %a, %b : i32, i32
    }"""
    after = {
        count: [int(value) for value in run_schedule(text, np.array(count, np.int32), np.array(5, np.int32)).results]
        for count in (0, 1, 3)
    }
    assert after == {0: [5, 0], 1: [5, 1], 3: [20, 3]}


def test_loads_of_a_cycle_read_what_was_there_before_its_stores(run_schedule):
    text = """
    func.func @f(%a: memref<2xi32>, %p: i1) -> i32 {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %nine = arith.constant 9 : i32
      %old = loopschedule.step {
        loopschedule.step when %p {
          memref.store %nine, %a[%c0] : memref<2xi32>
          loopschedule.register
        }
        %x = memref.load %a[%c0] : memref<2xi32>
        loopschedule.register %x : i32
      } : i32
      %new = loopschedule.step for 2 {
        %x = memref.load %a[%c0] : memref<2xi32>
        loopschedule.register %x : i32
      } : i32
      loopschedule.step {
        memref.store %old, %a[%c1] : memref<2xi32>
        loopschedule.register
      }
      return %new : i32
    }"""
    a = i32(1, 2)
    assert run_schedule(text, a, TRUE).results[0] == 9
    assert a.tolist() == [9, 1]
    a = i32(1, 2)
    assert run_schedule(text, a, FALSE).results[0] == 1
    assert a.tolist() == [1, 1]


def test_a_swap_takes_one_step(run_schedule):
    text = """
    func.func @f(%a: memref<4xi32>, %b: memref<4xi32>, %i: index) {
      %x, %y = loopschedule.step {
        %x = memref.load %a[%i] : memref<4xi32>
        %y = memref.load %b[%i] : memref<4xi32>
        loopschedule.register %x, %y : i32, i32
      } : i32, i32
      loopschedule.step {
        memref.store %y, %a[%i] : memref<4xi32>
        memref.store %x, %b[%i] : memref<4xi32>
        loopschedule.register
      }
      return
    }"""
    a, b = i32(1, 2, 3, 4), i32(5, 6, 7, 8)
    assert run_schedule(text, a, b, np.array(2)).cycles == 3
    assert (a.tolist(), b.tolist()) == ([1, 2, 7, 4], [5, 6, 3, 8])


def test_a_load_outside_an_array_is_harmless_and_a_store_is_an_error(run_schedule):
    text = """
    func.func @f(%a: memref<4xi32> {gw.name = "a", gw.type = "i32"}, %i: index, %store: i1) -> i32 {
      %x = loopschedule.step for 2 {
        %x = memref.load %a[%i] : memref<4xi32>
        loopschedule.register %x : i32
      } : i32
      loopschedule.step when %store {
        memref.store %x, %a[%i] : memref<4xi32> loc("model.py":9:2)
        loopschedule.register
      }
      return %x : i32
    }"""
    run_schedule(text, i32(1, 2, 3, 4), np.array(99), FALSE)
    with pytest.raises(SimulationError) as error:
        run_schedule(text, i32(1, 2, 3, 4), np.array(99), TRUE)
    assert str(error.value) == "model.py:9: store to a[99] is outside the array\n  a has the shape (4,)"


def test_a_hang_tells_the_loop_and_where_it_is(run_schedule):
    text = """
    func.func @f(%n: i32) {
      %zero = arith.constant 0 : i32
      %two = arith.constant 2 : i32
      loopschedule.seq_while iter_args(%i = %zero) : (i32) -> () {
        %go = arith.cmpi ne, %i, %n : i32
        loopschedule.register %go : i1
      } do {
        %j = loopschedule.step {
          %j = arith.addi %i, %two : i32
          loopschedule.register %j : i32
        } : i32
        loopschedule.terminator iter_args(%j), results() : (i32) -> ()
      } loc("model.py":5:0)
      return
    }"""
    assert run_schedule(text, np.array(10, np.int32), limit=7).cycles == 7
    with pytest.raises(SimulationError) as error:
        run_schedule(text, np.array(9, np.int32), limit=50)
    assert str(error.value).splitlines()[:2] == [
        "model.py:5: the program is still running after 50 cycles",
        "  it is in this loop with i = 100",
    ]


def test_a_straight_program_that_takes_too_long_is_stopped(run_schedule):
    assert run_schedule(function(step("", "for 9")), FALSE, FALSE, limit=10).cycles == 10
    with pytest.raises(SimulationError, match="still running after 9 cycles"):
        run_schedule(function(step("", "for 9")), FALSE, FALSE, limit=9)


def test_a_counter_that_wraps_around_is_not_taken_for_one_that_counts(run_schedule):
    text = """
    func.func @f(%a: memref<256xi8>) -> i8 {
      %zero = arith.constant 0 : i8
      %hundred = arith.constant 100 : i8
      %bound = arith.constant 120 : i8
      %one = arith.constant 1 : i8
      %k = loopschedule.step {
        %r:2 = loopschedule.seq_while iter_args(%i = %zero, %c = %zero) : (i8, i8) -> (i8, i8) {
          %go = arith.cmpi slt, %i, %bound : i8
          loopschedule.register %go : i1
        } do {
          %j, %d = loopschedule.step {
            %j = arith.addi %i, %hundred : i8
            %d = arith.addi %c, %one : i8
            loopschedule.register %j, %d : i8, i8
          } : i8, i8
          loopschedule.terminator iter_args(%j, %d), results(%j, %d) : (i8, i8) -> (i8, i8)
        }
        loopschedule.register %r#1 : i8
      } : i8
      return %k : i8
    }"""
    counted, i = 0, 0
    while i < 120:
        i = (i + 100 + 128) % 256 - 128
        counted += 1
    assert run_schedule(text, np.zeros(256, np.int8), limit=1000).results[0] == counted
