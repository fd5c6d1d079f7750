"""Calls of scheduled functions: the steps of the function in place of the step of the call, at every level."""

from __future__ import annotations

import numpy as np
import pytest

import gatewright as gw

HEAD = """
func.func @top(%a: memref<8xi32>, %b: memref<8xi32>, %x: i32) -> i32 {
  %c1 = arith.constant 1 : i32
"""
TWICE = (
    HEAD
    + """
  %first = loopschedule.step {
    %r = func.call @scale(%a, %x) : (memref<8xi32>, i32) -> i32
    loopschedule.register %r : i32
  } : i32
  %more = loopschedule.step {
    %s = arith.addi %first, %c1 : i32
    loopschedule.register %s : i32
  } : i32
  %second = loopschedule.step {
    %r = func.call @scale(%b, %more) : (memref<8xi32>, i32) -> i32
    loopschedule.register %r : i32
  } : i32
  return %second : i32
}
"""
)
SCALE = """
func.func private @scale(%a: memref<8xi32>, %x: i32) -> i32 {
  %t = memref.alloc() : memref<8xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i32
  %sum = loopschedule.step {
    %r = loopschedule.pipeline II = 1 trip_count = 8 iter_args(%i = %c0, %acc = %zero) : (index, i32) -> i32 {
      %more = arith.cmpi slt, %i, %c8 : index
      loopschedule.register %more : i1
    } do {
      %0:2 = loopschedule.pipeline.stage start = 0 {
        %next = arith.addi %i, %c1 : index
        %v = memref.load %a[%i] : memref<8xi32>
        loopschedule.register %next, %v : index, i32
      } : index, i32
      %1 = loopschedule.pipeline.stage start = 1 {
        %added = arith.addi %0#1, %acc : i32
        memref.store %0#1, %t[%i] : memref<8xi32>
        loopschedule.register %added : i32
      } : i32
      loopschedule.terminator iter_args(%0#0, %1), results(%1) : (index, i32) -> i32
    }
    loopschedule.register %r : i32
  } : i32
  loopschedule.step {
    func.call @spread(%t, %a, %x) : (memref<8xi32>, memref<8xi32>, i32) -> ()
    loopschedule.register
  }
  return %sum : i32
}
func.func @spread(%t: memref<8xi32>, %a: memref<8xi32>, %x: i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  loopschedule.seq_while trip_count = 8 iter_args(%i = %c0) : (index) -> () {
    %more = arith.cmpi slt, %i, %c8 : index
    loopschedule.register %more : i1
  } do {
    %0:2 = loopschedule.step {
      %next = arith.addi %i, %c1 : index
      %v = memref.load %t[%i] : memref<8xi32>
      loopschedule.register %next, %v : index, i32
    } : index, i32
    loopschedule.step {
      %w = arith.muli %0#1, %x : i32
      memref.store %w, %a[%i] : memref<8xi32>
      loopschedule.register
    }
    loopschedule.terminator iter_args(%0#0), results() : (index) -> ()
  }
  return
}
"""


def step(body: str) -> str:
    return f"loopschedule.step {{\n{body}\nloopschedule.register\n}}\n"


CALL = "%r = func.call @scale(%a, %x) : (memref<8xi32>, i32) -> i32"


def top(body: str) -> str:
    return f"{HEAD}{body}\nreturn %x : i32\n}}\n"


@pytest.mark.parametrize("level", ["schedule", "rtl", "verilog"])
def test_a_call_takes_the_cycles_of_the_steps_of_its_function(level: str):
    design = gw.compile(TWICE + SCALE, name="top")
    a, b = np.arange(8, dtype=np.int32), np.arange(8, dtype=np.int32) * 10
    run = design.run(a, b, 5, level=level)
    assert run.outputs == (280,)
    np.testing.assert_array_equal(a, np.arange(8) * 5)
    np.testing.assert_array_equal(b, np.arange(8) * 10 * 29)
    once = 9 + 8 * 2 + 1
    assert run.cycles == design.report["cycles"] == 1 + once + 1 + once


def test_all_calls_share_the_local_arrays_of_a_function():
    design = gw.compile(TWICE + SCALE, name="top")
    assert [(row["name"], row["words"]) for row in design.report["memories"]] == [("t", 8)]


def test_a_call_of_a_function_without_steps_takes_a_cycle():
    text = top(step("%r = func.call @none(%x) : (i32) -> i32"))
    design = gw.compile(text + "func.func private @none(%x: i32) -> i32 {\nreturn %x : i32\n}", name="top")
    assert design.run(np.zeros(8, np.int32), np.zeros(8, np.int32), 3).cycles == 2


BROKEN = {
    "beside something": (top(step(f"{CALL}\n%y = arith.addi %x, %x : i32")) + SCALE, "holds nothing else"),
    "two calls": (top(step(CALL + "\n" + CALL.replace("%r", "%s"))) + SCALE, "holds nothing else"),
    "a step that lasts": (top(step(CALL).replace("step {", "step for 3 {")) + SCALE, "holds nothing else"),
    "a nested step": (top(step(step(CALL))) + SCALE, "is in no other step"),
    "no step": (top(CALL) + SCALE, "func.call is in no step"),
    "itself": (
        top(step("%r = func.call @top(%a, %b, %x) : (memref<8xi32>, memref<8xi32>, i32) -> i32")),
        "@top comes to call itself: top calls top",
    ),
    "each other": (
        top(step("func.call @one() : () -> ()"))
        + f"func.func private @one() {{\n{step('func.call @two() : () -> ()')}return\n}}\n"
        + f"func.func private @two() {{\n{step('func.call @one() : () -> ()')}return\n}}\n",
        "comes to call itself",
    ),
    "what is not scheduled": (
        top(step("func.call @one(%x) : (i32) -> ()"))
        + "func.func private @one(%x: i32) {\n%y = arith.addi %x, %x : i32\nreturn\n}\n",
        "arith.addi is in no step",
    ),
    "a unit that is still busy": (
        top(2 * step("func.call @divide(%x) : (i32) -> ()"))
        + "func.func private @divide(%x: i32) {\n"
        + step(
            "%d = arith.divui %x, %x "
            "{gw.operator = #gw.operator<divui(i32), latency = 5, interval = 5>, gw.unit = 1 : i64} : i32"
        )
        + "return\n}\n",
        "may start unit 1 of divui(i32) 1 cycles after arith.divui",
    ),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_call_that_cannot_be_is_an_error(broken: str):
    text, message = BROKEN[broken]
    with pytest.raises(gw.GatewrightError) as error:
        gw.compile(text, name="top")
    assert message in str(error.value)
