"""Pipelines start an iteration every interval, take the cycles they are said to take, and drain."""

from __future__ import annotations

import numpy as np
import pytest

from gatewright.errors import IrError

DOT = """
func.func @dot(%a: memref<8xi16>, %b: memref<8xi16>, %n: i32) -> (i32, i32) {{
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %s:2 = loopschedule.step {{
    %l:2 = loopschedule.pipeline II = {interval} iter_args(%sum = %c1, %i = %c0) : (i32, i32) -> (i32, i32) {{
      %c = arith.cmpi slt, %i, %n : i32
      loopschedule.register %c : i1
    }} do {{
      %x:3 = loopschedule.pipeline.stage start = 0 {{
        %k = arith.index_cast %i : i32 to index
        %x = memref.load %a[%k] : memref<8xi16>
        %y = memref.load %b[%k] : memref<8xi16>
        %j = arith.addi %i, %c1 : i32
        loopschedule.register %x, %y, %j : i16, i16, i32
      }} : i16, i16, i32
      %p = loopschedule.pipeline.stage start = 1 {{
        %xx = arith.extsi %x#0 : i16 to i32
        %yy = arith.extsi %x#1 : i16 to i32
        %p = arith.muli %xx, %yy {{
          gw.operator = #gw.operator<muli(i16, i16, i32), latency = 1>, gw.unit = 0 : i64}} : i32
        loopschedule.register %p : i32
      }} : i32
      %q = loopschedule.pipeline.stage start = {late} {{
        %q = arith.addi %sum, %p : i32
        loopschedule.register %q : i32
      }} : i32
      loopschedule.terminator iter_args(%q, %x#2), results(%q, %x#2) : (i32, i32) -> (i32, i32)
    }}
    loopschedule.register %l#0, %l#1 : i32, i32
  }} : i32, i32
  return %s#0, %s#1 : i32, i32
}}"""


@pytest.mark.parametrize(("interval", "late"), [(1, 2), (1, 7), (2, 2), (2, 5), (3, 2), (4, 2), (9, 3)])
@pytest.mark.parametrize("trips", [0, 1, 2, 3, 8])
def test_a_pipeline_takes_an_interval_an_iteration_and_drains(both, interval, late, trips):
    """The last iteration may end before the next one would start, when it has to be known that there is none."""
    program = both(DOT.format(interval=interval, late=late))
    a, b = np.arange(8, dtype=np.int16) - 3, np.arange(8, dtype=np.int16) * 700
    for run in range(2):
        cycles = program.agree(a, b, np.int32(trips), reset=run == 0)
        assert cycles == 1 + ((trips - 1) * interval + late + 1 if trips else 1)


@pytest.mark.parametrize("interval", [1, 2, 3])
def test_a_pipeline_of_one_stage(both, interval):
    """Its iterations end in the cycle in which they start; the condition of the next one is decided there."""
    program = both(
        f"""
func.func @collatz(%n: i32) -> i32 {{
  %one = arith.constant 1 : i32
  %three = arith.constant 3 : i32
  %zero = arith.constant 0 : i32
  %s = loopschedule.step {{
    %l:2 = loopschedule.pipeline II = {interval} iter_args(%x = %n, %k = %zero) : (i32, i32) -> (i32, i32) {{
      %c = arith.cmpi ugt, %x, %one : i32
      loopschedule.register %c : i1
    }} do {{
      %y:2 = loopschedule.pipeline.stage start = 0 {{
        %half = arith.shrui %x, %one : i32
        %low = arith.andi %x, %one : i32
        %odd = arith.cmpi eq, %low, %one : i32
        %triple = arith.muli %x, %three : i32
        %up = arith.addi %triple, %one : i32
        %y = arith.select %odd, %up, %half : i32
        %m = arith.addi %k, %one : i32
        loopschedule.register %y, %m : i32, i32
      }} : i32, i32
      loopschedule.terminator iter_args(%y#0, %y#1), results(%y#0, %y#1) : (i32, i32) -> (i32, i32)
    }}
    loopschedule.register %l#1 : i32
  }} : i32
  return %s : i32
}}"""
    )
    for number, steps in ((1, 0), (2, 1), (6, 8), (27, 111)):
        assert program.agree(np.int32(number), reset=False) == 1 + ((steps - 1) * interval + 1 if steps else 1)


def test_a_pipeline_in_a_loop_in_a_loop(both):
    """Rows of a matrix are added up one after another; each pipeline begins with the sum of its row so far."""
    program = both(
        """
func.func @rows(%a: memref<3x4xi32>, %r: memref<3xi32>, %n: i32) {
  %i0 = arith.constant 0 : index
  %i1 = arith.constant 1 : index
  %i3 = arith.constant 3 : index
  %end = loopschedule.step {
    %end = arith.index_cast %n : i32 to index
    loopschedule.register %end : index
  } : index
  loopschedule.step {
    loopschedule.seq_while iter_args(%i = %i0) : (index) -> () {
      %p = arith.cmpi slt, %i, %i3 : index
      loopschedule.register %p : i1
    } do {
      %start = loopschedule.step {
        %start = memref.load %r[%i] : memref<3xi32>
        loopschedule.register %start : i32
      } : i32
      %s:2 = loopschedule.step {
        %next = arith.addi %i, %i1 : index
        %l:2 = loopschedule.pipeline II = 1 iter_args(%sum = %start, %j = %i0) : (i32, index) -> (i32, index) {
          %p = arith.cmpi slt, %j, %end : index
          loopschedule.register %p : i1
        } do {
          %x:2 = loopschedule.pipeline.stage start = 0 {
            %x = memref.load %a[%i, %j] : memref<3x4xi32>
            %k = arith.addi %j, %i1 : index
            loopschedule.register %x, %k : i32, index
          } : i32, index
          %y = loopschedule.pipeline.stage start = 1 {
            %y = arith.addi %sum, %x#0 : i32
            loopschedule.register %y : i32
          } : i32
          loopschedule.terminator iter_args(%y, %x#1), results(%y, %x#1) : (i32, index) -> (i32, index)
        }
        loopschedule.register %l#0, %next : i32, index
      } : i32, index
      loopschedule.step {
        memref.store %s#0, %r[%i] : memref<3xi32>
        loopschedule.register
      }
      loopschedule.terminator iter_args(%s#1), results() : (index) -> ()
    }
    loopschedule.register
  }
  return
}"""
    )
    a, r = np.arange(12, dtype=np.int32).reshape(3, 4), np.array([100, 200, 300], np.int32)
    for n in (4, 0, 1, 3):
        cycles = program.agree(a, r, np.int32(n), reset=False)
        assert cycles == 1 + 1 + 3 * (2 + (n + 1 if n else 1)) + 1


def test_a_condition_that_comes_after_the_end_is_an_error(lower):
    """Iterations of two cycles every four; the product that decides on the next one takes three."""
    text = """
func.func @late(%n: i64) {
  %zero = arith.constant 0 : i64
  loopschedule.step {
    loopschedule.pipeline II = 4 iter_args(%x = %n) : (i64) -> () {
      %c = arith.cmpi ne, %x, %zero : i64
      loopschedule.register %c : i1
    } do {
      %y = loopschedule.pipeline.stage start = 0 {
        %y = arith.muli %x, %x {gw.latency = 3 : i64} : i64
        loopschedule.register %y : i64
      } : i64
      loopschedule.pipeline.stage start = 1 {
        loopschedule.register
      }
      loopschedule.terminator iter_args(%y), results() : (i64) -> ()
    } loc("late.py":2:0)
    loopschedule.register
  }
  return
}"""
    with pytest.raises(IrError, match=r"y is used in cycle 1 of an iteration and appears in cycle 3"):
        lower(text)


@pytest.mark.parametrize(("interval", "second", "kept"), [(4, 3, False), (4, 2, True), (2, 1, True)])
def test_a_loaded_value_is_kept_only_if_another_load_comes_first(both, interval, second, kept):
    """The element loaded in cycle 0 is used in cycle 3, which a second load of the array may come before."""
    program = both(
        f"""
func.func @pairs(%a: memref<9xi32>, %b: memref<8xi32>) {{
  %i0 = arith.constant 0 : index
  %i1 = arith.constant 1 : index
  %i8 = arith.constant 8 : index
  loopschedule.step {{
    loopschedule.pipeline II = {interval} iter_args(%i = %i0) : (index) -> () {{
      %p = arith.cmpi slt, %i, %i8 : index
      loopschedule.register %p : i1
    }} do {{
      %x:2 = loopschedule.pipeline.stage start = 0 {{
        %x = memref.load %a[%i] : memref<9xi32>
        %j = arith.addi %i, %i1 : index
        loopschedule.register %x, %j : i32, index
      }} : i32, index
      %y = loopschedule.pipeline.stage start = {second} {{
        %y = memref.load %a[%x#1] : memref<9xi32>
        {"" if second < 3 else "%twice = arith.addi %x#0, %x#0 : i32"}
        {"" if second < 3 else "memref.store %twice, %b[%i] : memref<8xi32>"}
        loopschedule.register %y : i32
      }} : i32
      loopschedule.pipeline.stage start = {4 if second == 3 else 3} {{
        {"" if second == 3 else "%twice = arith.addi %x#0, %y : i32"}
        {"" if second == 3 else "memref.store %twice, %b[%i] : memref<8xi32>"}
        loopschedule.register
      }}
      loopschedule.terminator iter_args(%x#1), results() : (index) -> ()
    }}
    loopschedule.register
  }}
  return
}}"""
    )
    program.agree(np.arange(9, dtype=np.int32) * 7, np.zeros(8, np.int32))
    assert ("%x_1_later" in str(program.design.module)) == kept


LATE_LOAD = """
func.func @f(%a: memref<8xi32>, %b: memref<8xi32>, %c: memref<8xi32>) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  loopschedule.step {overlap} {{
    loopschedule.pipeline II = 2 trip_count = 7 iter_args(%i = %c0) : (index) -> () {{
      %m = arith.cmpi slt, %i, %c7 : index
      loopschedule.register %m : i1
    }} do {{
      %0:2 = loopschedule.pipeline.stage start = 0 {{
        %n = arith.addi %i, %c1 : index
        %x = memref.load %a[%i] : memref<8xi32>
        loopschedule.register %n, %x : index, i32
      }} : index, i32
      loopschedule.pipeline.stage start = 4 {{
        memref.store %0#1, %b[%0#0] : memref<8xi32>
        loopschedule.register
      }}
      {own}
      loopschedule.terminator iter_args(%0#0), results() : (index) -> ()
    }}
    loopschedule.register
  }}
  loopschedule.step {{
    loopschedule.pipeline II = 2 trip_count = 7 iter_args(%i = %c0) : (index) -> () {{
      %m = arith.cmpi slt, %i, %c7 : index
      loopschedule.register %m : i1
    }} do {{
      %0:2 = loopschedule.pipeline.stage start = 0 {{
        %n = arith.addi %i, %c1 : index
        %x = memref.load %b[%c7] : memref<8xi32>
        loopschedule.register %n, %x : index, i32
      }} : index, i32
      %1 = loopschedule.pipeline.stage start = 5 {{
        %y = memref.load %b[%i] : memref<8xi32>
        loopschedule.register %y : i32
      }} : i32
      loopschedule.pipeline.stage start = 6 {{
        %z = arith.addi %0#1, %1 : i32
        memref.store %z, %c[%i] : memref<8xi32>
        loopschedule.register
      }}
      loopschedule.terminator iter_args(%0#0), results() : (index) -> ()
    }}
    loopschedule.register
  }}
  return
}}
"""
OWN_LOADS = """
      %5 = loopschedule.pipeline.stage start = 5 {
        %w = memref.load %b[%c7] : memref<8xi32>
        loopschedule.register %w : i32
      } : i32
      %6 = loopschedule.pipeline.stage start = 8 {
        %v = memref.load %b[%0#0] : memref<8xi32>
        loopschedule.register %v : i32
      } : i32
      loopschedule.pipeline.stage start = 9 {
        %u = arith.addi %5, %6 : i32
        memref.store %u, %c[%0#0] : memref<8xi32>
        loopschedule.register
      }"""


@pytest.mark.parametrize(("overlap", "own"), [("overlap 2", ""), ("", OWN_LOADS)])
def test_an_early_load_does_not_see_what_a_late_one_of_the_iteration_before_does(both, overlap: str, own: str):
    a, b = np.arange(1, 9, dtype=np.int32), np.arange(10, 90, 10, dtype=np.int32)
    both(LATE_LOAD.format(overlap=overlap, own=own)).agree(a, b, np.zeros(8, np.int32))
