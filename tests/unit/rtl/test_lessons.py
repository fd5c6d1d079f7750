"""What other compilers got wrong in hardware, each as the smallest schedule that shows it."""

from __future__ import annotations

import numpy as np
import pytest

CONSTANTS = """
  %i0 = arith.constant 0 : index
  %i1 = arith.constant 1 : index
  %i2 = arith.constant 2 : index
  %i4 = arith.constant 4 : index
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
"""


def function(signature: str, body: str) -> str:
    """A function with the constants that the tests use."""
    return f"func.func @program{signature} {{{CONSTANTS}{body}\n}}"


@pytest.mark.parametrize("stop", [0, 1, 3, 7])
def test_01_an_iteration_started_before_its_condition_is_known_stores_nothing(both, stop):
    """The loop goes on while the element loaded is not 0, which is known two cycles after the next has started."""
    program = both(
        function(
            "(%a: memref<16xi32>, %b: memref<16xi32>)",
            """
  loopschedule.step {
    loopschedule.pipeline II = 1 iter_args(%i = %i0, %go = %one) : (index, i32) -> () {
      %p = arith.cmpi ne, %go, %zero : i32
      loopschedule.register %p : i1
    } do {
      %s:2 = loopschedule.pipeline.stage start = 0 {
        %x = memref.load %a[%i] : memref<16xi32>
        %j = arith.addi %i, %i1 : index
        loopschedule.register %x, %j : i32, index
      } : i32, index
      %t = loopschedule.pipeline.stage start = 1 {
        %y = arith.addi %s#0, %zero : i32
        loopschedule.register %y : i32
      } : i32
      %u = loopschedule.pipeline.stage start = 2 {
        memref.store %t, %b[%i] : memref<16xi32>
        %z = arith.addi %t, %zero : i32
        loopschedule.register %z : i32
      } : i32
      loopschedule.terminator iter_args(%s#1, %t), results() : (index, i32) -> ()
    }
    loopschedule.register
  }
  return""",
        )
    )
    a = np.arange(1, 17, dtype=np.int32)
    a[stop] = 0
    program.agree(a, np.full(16, -1, np.int32))


def test_02_a_bound_does_not_change_under_its_loop(both):
    program = both(
        function(
            "(%a: memref<1xi32>) -> i32",
            """
  %n = loopschedule.step {
    %n = memref.load %a[%i0] : memref<1xi32>
    loopschedule.register %n : i32
  } : i32
  %r = loopschedule.step {
    %l = loopschedule.seq_while iter_args(%k = %zero) : (i32) -> (i32) {
      %p = arith.cmpi slt, %k, %n : i32
      loopschedule.register %p : i1
    } do {
      %m = loopschedule.step {
        %old = memref.load %a[%i0] : memref<1xi32>
        %m = arith.addi %k, %one : i32
        memref.store %m, %a[%i0] : memref<1xi32>
        loopschedule.register %m : i32
      } : i32
      loopschedule.terminator iter_args(%m), results(%m) : (i32) -> (i32)
    }
    loopschedule.register %l : i32
  } : i32
  return %r : i32""",
        )
    )
    assert program.agree(np.array([5], np.int32)) == 1 + 1 + 6


def test_03_a_value_held_across_a_loop_is_captured_and_seen_at_once(both):
    """The loop uses the value in the cycle in which it is computed and in later ones, and so does the step after it."""
    program = both(
        function(
            "(%a: memref<4xi32>, %x: i32)",
            """
  loopschedule.step {
    loopschedule.seq_while iter_args(%i = %i0, %y = %x) : (index, i32) -> () {
      %p = arith.cmpi slt, %i, %i4 : index
      loopschedule.register %p : i1
    } do {
      %s:3 = loopschedule.step {
        %twice = arith.addi %y, %y : i32
        %next = arith.addi %i, %i1 : index
        %l:2 = loopschedule.seq_while iter_args(%j = %i0, %z = %twice) : (index, i32) -> (index, i32) {
          %p = arith.cmpi slt, %j, %i : index
          loopschedule.register %p : i1
        } do {
          %t:2 = loopschedule.step {
            %more = arith.addi %z, %twice : i32
            %k = arith.addi %j, %i1 : index
            loopschedule.register %more, %k : i32, index
          } : i32, index
          loopschedule.step {
            memref.store %twice, %a[%j] : memref<4xi32>
            loopschedule.register
          }
          loopschedule.terminator iter_args(%t#1, %t#0), results(%t#1, %t#0) : (index, i32) -> (index, i32)
        }
        loopschedule.register %twice, %next, %l#1 : i32, index, i32
      } : i32, index, i32
      %u = loopschedule.step {
        %u = arith.addi %s#0, %s#2 : i32
        memref.store %u, %a[%i] : memref<4xi32>
        loopschedule.register %u : i32
      } : i32
      loopschedule.terminator iter_args(%s#1, %u), results() : (index, i32) -> ()
    }
    loopschedule.register
  }
  return""",
        )
    )
    program.agree(np.zeros(4, np.int32), np.int32(3))


def test_04_accesses_of_one_port_take_turns(both):
    """Fibonacci in place: two loads and a store of one array in an iteration, on one read and one write port."""
    program = both(
        function(
            "(%a: memref<16xi32>)",
            """
  %end = arith.constant 16 : index
  loopschedule.step {
    loopschedule.seq_while iter_args(%i = %i2) : (index) -> () {
      %p = arith.cmpi slt, %i, %end : index
      loopschedule.register %p : i1
    } do {
      %x = loopschedule.step {
        %k = arith.subi %i, %i2 : index
        %x = memref.load %a[%k] : memref<16xi32>
        loopschedule.register %x : i32
      } : i32
      %y = loopschedule.step {
        %k = arith.subi %i, %i1 : index
        %y = memref.load %a[%k] : memref<16xi32>
        loopschedule.register %y : i32
      } : i32
      %j = loopschedule.step {
        %z = arith.addi %x, %y : i32
        memref.store %z, %a[%i] : memref<16xi32>
        %j = arith.addi %i, %i1 : index
        loopschedule.register %j : index
      } : index
      loopschedule.terminator iter_args(%j), results() : (index) -> ()
    }
    loopschedule.register
  }
  return""",
        )
    )
    a = np.zeros(16, np.int32)
    a[1] = 1
    assert program.agree(a) == 1 + 14 * 3 + 1
    raw = program.raw((a,))
    program.simulator.run(raw, 100)
    assert raw[0][15] == 610


def test_05_a_run_is_done_when_its_last_store_is(both):
    """The store of the last iteration leaves the pipeline four cycles after that iteration has started."""
    program = both(
        function(
            "(%a: memref<4xi32>, %b: memref<4xi32>)",
            """
  loopschedule.step {
    loopschedule.pipeline II = 1 iter_args(%i = %i0) : (index) -> () {
      %p = arith.cmpi slt, %i, %i4 : index
      loopschedule.register %p : i1
    } do {
      %s:2 = loopschedule.pipeline.stage start = 0 {
        %x = memref.load %a[%i] : memref<4xi32>
        %j = arith.addi %i, %i1 : index
        loopschedule.register %x, %j : i32, index
      } : i32, index
      loopschedule.pipeline.stage start = 4 {
        memref.store %s#0, %b[%i] : memref<4xi32>
        loopschedule.register
      }
      loopschedule.terminator iter_args(%s#1), results() : (index) -> ()
    }
    loopschedule.register
  }
  return""",
        )
    )
    assert program.agree(np.arange(4, dtype=np.int32), np.zeros(4, np.int32)) == 1 + 3 + 5


def test_06_a_loaded_value_is_held_while_a_loop_owns_the_port(both):
    program = both(
        function(
            "(%a: memref<4xi32>) -> i32",
            """
  %x = loopschedule.step {
    %x = memref.load %a[%i2] : memref<4xi32>
    loopschedule.register %x : i32
  } : i32
  %s = loopschedule.step {
    %l:2 = loopschedule.seq_while iter_args(%i = %i0, %sum = %zero) : (index, i32) -> (index, i32) {
      %p = arith.cmpi slt, %i, %i4 : index
      loopschedule.register %p : i1
    } do {
      %t:2 = loopschedule.step {
        %y = memref.load %a[%i] : memref<4xi32>
        %j = arith.addi %i, %i1 : index
        loopschedule.register %y, %j : i32, index
      } : i32, index
      %u = loopschedule.step {
        %v = arith.addi %sum, %t#0 : i32
        %u = arith.xori %v, %x : i32
        loopschedule.register %u : i32
      } : i32
      loopschedule.terminator iter_args(%t#1, %u), results(%t#1, %u) : (index, i32) -> (index, i32)
    }
    loopschedule.register %l#1 : i32
  } : i32
  %r = loopschedule.step {
    %r = arith.addi %x, %s : i32
    loopschedule.register %r : i32
  } : i32
  return %r : i32""",
        )
    )
    program.agree(np.array([3, 50, 700, 9000], np.int32))


@pytest.mark.parametrize("trips", [0, 1, 4])
def test_07_a_loop_may_count_down_and_not_run_at_all(both, trips):
    program = both(
        function(
            "(%a: memref<4xi32>, %n: i32)",
            """
  loopschedule.step {
    loopschedule.seq_while iter_args(%k = %n) : (i32) -> () {
      %p = arith.cmpi sgt, %k, %zero : i32
      loopschedule.register %p : i1
    } do {
      %j = loopschedule.step {
        %j = arith.subi %k, %one : i32
        %i = arith.index_cast %j : i32 to index
        memref.store %k, %a[%i] : memref<4xi32>
        loopschedule.register %j : i32
      } : i32
      loopschedule.terminator iter_args(%j), results() : (i32) -> ()
    }
    loopschedule.register
  }
  return""",
        )
    )
    assert program.agree(np.full(4, -1, np.int32), np.int32(trips)) == 1 + trips + 1


def test_08_the_initial_values_of_a_nested_loop_are_those_of_its_own_start(both):
    """They change in every iteration of the outer loop, in the cycle in which the inner one starts."""
    program = both(
        function(
            "(%a: memref<4xi32>)",
            """
  %bound = arith.constant 2 : i32
  loopschedule.step {
    loopschedule.seq_while iter_args(%i = %i0, %x = %one) : (index, i32) -> () {
      %p = arith.cmpi slt, %i, %i4 : index
      loopschedule.register %p : i1
    } do {
      %s:2 = loopschedule.step {
        %start = arith.muli %x, %x : i32
        %j = arith.addi %i, %i1 : index
        %l:2 = loopschedule.seq_while iter_args(%k = %zero, %y = %start) : (i32, i32) -> (i32, i32) {
          %p = arith.cmpi slt, %k, %bound : i32
          loopschedule.register %p : i1
        } do {
          %t:2 = loopschedule.step {
            %more = arith.addi %k, %one : i32
            %z = arith.addi %y, %x : i32
            loopschedule.register %more, %z : i32, i32
          } : i32, i32
          loopschedule.terminator iter_args(%t#0, %t#1), results(%t#0, %t#1) : (i32, i32) -> (i32, i32)
        }
        loopschedule.register %j, %l#1 : index, i32
      } : index, i32
      loopschedule.step {
        memref.store %s#1, %a[%i] : memref<4xi32>
        loopschedule.register
      }
      loopschedule.terminator iter_args(%s#0, %s#1), results() : (index, i32) -> ()
    }
    loopschedule.register
  }
  return""",
        )
    )
    program.agree(np.zeros(4, np.int32))


def test_09_arguments_that_change_places_do_so_at_once(both):
    program = both(
        function(
            "(%x: i32, %y: i32) -> (i32, i32)",
            """
  %three = arith.constant 3 : i32
  %r:2 = loopschedule.step {
    %l:3 = loopschedule.seq_while iter_args(%a = %x, %b = %y, %k = %zero) : (i32, i32, i32) -> (i32, i32, i32) {
      %p = arith.cmpi slt, %k, %three : i32
      loopschedule.register %p : i1
    } do {
      %m = loopschedule.step {
        %m = arith.addi %k, %one : i32
        loopschedule.register %m : i32
      } : i32
      loopschedule.terminator iter_args(%b, %a, %m), results(%b, %a, %m) : (i32, i32, i32) -> (i32, i32, i32)
    }
    loopschedule.register %l#0, %l#1 : i32, i32
  } : i32, i32
  return %r#0, %r#1 : i32, i32""",
        )
    )
    program.agree(np.int32(12), np.int32(34))
    raw = program.raw((np.int32(12), np.int32(34)))
    assert [int(result) for result in program.simulator.run(raw, 100).results] == [34, 12]


@pytest.mark.parametrize("b", [0, -1, 3])
@pytest.mark.parametrize("a", [-(2**31), 7])
def test_10_what_is_computed_in_vain_does_no_harm(both, a, b):
    """Both arms are computed: one divides by zero or overflows, the other loads from far outside."""
    program = both(
        function(
            "(%m: memref<5xi32>, %a: i32, %b: i32) -> (i32, i32, i32)",
            """
  %s:4 = loopschedule.step {
    %q = arith.divsi %a, %b : i32
    %rest = arith.remsi %a, %b : i32
    %p = arith.cmpi sgt, %b, %zero : i32
    %far = arith.index_cast %a : i32 to index
    %x = memref.load %m[%far] : memref<5xi32>
    loopschedule.register %q, %rest, %p, %x : i32, i32, i1, i32
  } : i32, i32, i1, i32
  %r = loopschedule.step {
    %kept = arith.andi %s#3, %zero : i32
    %r = arith.select %s#2, %s#0, %kept : i32
    loopschedule.register %r : i32
  } : i32
  return %r, %s#0, %s#1 : i32, i32, i32""",
        )
    )
    program.agree(np.arange(5, dtype=np.int32), np.int32(a), np.int32(b))


ACCUMULATE = function(
    "(%a: memref<4xi32>, %x: i32) -> i32",
    """
  %local = memref.alloc() : memref<1xi32>
  loopschedule.step {
    memref.store %x, %local[%i0] : memref<1xi32>
    loopschedule.register
  }
  loopschedule.step {
    loopschedule.seq_while iter_args(%i = %i0) : (index) -> () {
      %p = arith.cmpi slt, %i, %i4 : index
      loopschedule.register %p : i1
    } do {
      %s:2 = loopschedule.step {
        %y = memref.load %a[%i] : memref<4xi32>
        %z = memref.load %local[%i0] : memref<1xi32>
        loopschedule.register %y, %z : i32, i32
      } : i32, i32
      %j = loopschedule.step {
        %sum = arith.addi %s#0, %s#1 : i32
        memref.store %sum, %local[%i0] : memref<1xi32>
        memref.store %sum, %a[%i] : memref<4xi32>
        %j = arith.addi %i, %i1 : index
        loopschedule.register %j : index
      } : index
      loopschedule.terminator iter_args(%j), results() : (index) -> ()
    }
    loopschedule.register
  }
  %r = loopschedule.step {
    %r = memref.load %local[%i0] : memref<1xi32>
    loopschedule.register %r : i32
  } : i32
  %t = loopschedule.step {
    %t = arith.addi %r, %x : i32
    loopschedule.register %t : i32
  } : i32
  return %t : i32""",
)


@pytest.mark.parametrize("hold_start", [False, True])
def test_11_runs_follow_one_another_without_a_trace_of_the_one_before(both, hold_start):
    program = both(ACCUMULATE)
    for x in (3, 100, -7):
        how = {"reset": x == 3, "hold_start": hold_start}
        assert program.agree(np.arange(4, dtype=np.int32) * x, np.int32(x), **how) == 1 + 1 + 9 + 2


@pytest.mark.parametrize("cycle", range(1, 14))
def test_11_a_reset_in_any_cycle_of_a_run_ends_it(both, cycle):
    program = both(ACCUMULATE)
    program.simulator.interrupt(program.raw((np.full(4, 9, np.int32), np.int32(99))), cycle)
    assert program.agree(np.arange(4, dtype=np.int32), np.int32(5), reset=False) == 13
