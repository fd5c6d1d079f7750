"""Steps, loops and conditions take their cycles, and nothing happens in the wrong one."""

from __future__ import annotations

import numpy as np
import pytest

VADD = """
func.func @vadd(%arg0: memref<8xi32>,
%arg1: memref<8xi32>, %arg2: memref<8xi32>) {
ls.step {
%c0 = arith.constant 0 : index
%c8 = arith.constant 8 : index
%c1 = arith.constant 1 : index
ls.seq_while iter_args(%arg3 = %c0) : (index) -> () {
%0 = arith.cmpi slt, %arg3, %c8 : index
ls.register %0 : i1
} do {
%0:3 = ls.step {
%2 = arith.addi %arg3, %c1 : index
%3 = memref.load %arg0[%arg3] : memref<8xi32>
%4 = memref.load %arg1[%arg3] : memref<8xi32>
ls.register %2, %3, %4 : index, i32, i32
} : index, i32, i32
%1 = ls.step {
%2 = arith.addi %0#1, %0#2 : i32
ls.register %2 : i32
} : i32
ls.step {
memref.store %1, %arg2[%arg3] : memref<8xi32>
ls.register
}
ls.terminator iter_args(%0#0), results() : (index) -> ()
}
ls.register
}
return
}
"""
"""The listing of the RFC that proposed the dialect."""

COUNT = """
    loopschedule.seq_while iter_args({i} = %zero) : (index) -> () {{
      {i}_p = arith.cmpi slt, {i}, {bound} : index
      loopschedule.register {i}_p : i1
    }} do {{
      {i}_n:2 = loopschedule.step {{
        {i}_old = memref.load {array}[%zero] : memref<1xi32>
        {i}_next = arith.addi {i}, %one : index
        loopschedule.register {i}_next, {i}_old : index, i32
      }} : index, i32
      loopschedule.step {{
        {i}_new = arith.addi {i}_n#1, %one32 : i32
        memref.store {i}_new, {array}[%zero] : memref<1xi32>
        loopschedule.register
      }}
      loopschedule.terminator iter_args({i}_n#0), results() : (index) -> ()
    }}
"""
"""A loop that adds one to an element as often as its bound says, two cycles each time."""

HEAD = """
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %one32 = arith.constant 1 : i32
"""


def test_the_listing_of_the_rfc_runs(both):
    a, b = np.arange(8, dtype=np.int32), np.full(8, 100, np.int32)
    # Eight iterations of three cycles, one in which the condition is false, one for the start.
    assert both(VADD).agree(a, b, np.zeros(8, np.int32)) == 26


@pytest.mark.parametrize("first", [0, 1, 3])
@pytest.mark.parametrize("second", [0, 1, 4])
def test_a_step_ends_with_the_last_of_its_loops(both, first, second):
    program = both(
        "func.func @two(%a: memref<1xi32>, %b: memref<1xi32>, %m: i32, %n: i32) {"
        + HEAD
        + """
  %bounds:2 = loopschedule.step {
    %x = arith.index_cast %m : i32 to index
    %y = arith.index_cast %n : i32 to index
    loopschedule.register %x, %y : index, index
  } : index, index
  loopschedule.step {"""
        + COUNT.format(i="%i", bound="%bounds#0", array="%a")
        + COUNT.format(i="%j", bound="%bounds#1", array="%b")
        + """
    loopschedule.register
  }
  loopschedule.step {
    %x = memref.load %a[%zero] : memref<1xi32>
    loopschedule.register
  }
  return
}"""
    )
    cycles = program.agree(np.array([5], np.int32), np.array([7], np.int32), np.int32(first), np.int32(second))
    assert cycles == 1 + 1 + 2 * max(first, second) + 1 + 1


@pytest.mark.parametrize(("least", "trips"), [(1, 2), (5, 2), (6, 2), (20, 0), (20, 12)])
def test_a_step_lasts_at_least_as_long_as_it_says_and_as_its_loop(both, least, trips):
    program = both(
        f"func.func @least(%a: memref<1xi32>) {{{HEAD}\n  %bound = arith.constant {trips} : index\n"
        f"  loopschedule.step for {least} {{"
        + COUNT.format(i="%i", bound="%bound", array="%a")
        + "    loopschedule.register\n  }\n  return\n}"
    )
    assert program.agree(np.array([5], np.int32)) == 1 + max(least, 2 * trips + 1)


@pytest.mark.parametrize("condition", [0, 1])
def test_a_skipped_step_takes_one_cycle_and_stores_nothing(both, condition):
    program = both(
        "func.func @skip(%a: memref<1xi32>, %b: memref<1xi32>, %p: i1) {"
        + HEAD
        + """
  %three = arith.constant 3 : index
  loopschedule.step when %p for 4 {
    memref.store %one32, %a[%zero] : memref<1xi32>"""
        + COUNT.format(i="%i", bound="%three", array="%b")
        + """
    loopschedule.register
  }
  return
}"""
    )
    cycles = program.agree(np.array([5], np.int32), np.array([7], np.int32), np.array(condition, np.bool_))
    assert cycles == (1 + 7 if condition else 1 + 1)


def test_conditional_steps_in_a_step_store_by_their_conditions(both):
    program = both(
        """
func.func @choose(%a: memref<4xi8>, %p: i1, %q: i1) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %true = arith.constant true
  %x = arith.constant 11 : i8
  %y = arith.constant 22 : i8
  loopschedule.step {
    %not = arith.xori %p, %true : i1
    loopschedule.step when %p {
      memref.store %x, %a[%zero] : memref<4xi8>
      loopschedule.register
    }
    loopschedule.step when %not {
      memref.store %y, %a[%one] : memref<4xi8>
      loopschedule.register
    }
    loopschedule.register
  }
  loopschedule.step when %p {
    loopschedule.step when %q {
      memref.store %y, %a[%two] : memref<4xi8>
      loopschedule.register
    }
    loopschedule.register
  }
  return
}"""
    )
    for p in (False, True):
        for q in (False, True):
            assert program.agree(np.zeros(4, np.int8), np.array(p), np.array(q)) == 3


NEST = """
func.func @nest(%a: memref<4x5xi32>, %m: i32, %n: i32) -> i32 {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %none = arith.constant 0 : i32
  %bounds:2 = loopschedule.step {
    %x = arith.index_cast %m : i32 to index
    %y = arith.index_cast %n : i32 to index
    loopschedule.register %x, %y : index, index
  } : index, index
  %sum = loopschedule.step {
    %s:2 = loopschedule.seq_while iter_args(%i = %zero, %outer = %none) : (index, i32) -> (index, i32) {
      %p = arith.cmpi slt, %i, %bounds#0 : index
      loopschedule.register %p : i1
    } do {
      %next:2 = loopschedule.step {
        %next = arith.addi %i, %one : index
        %t:2 = loopschedule.seq_while iter_args(%j = %zero, %inner = %outer) : (index, i32) -> (index, i32) {
          %p = arith.cmpi slt, %j, %bounds#1 : index
          loopschedule.register %p : i1
        } do {
          %x = loopschedule.step {
            %x = memref.load %a[%i, %j] : memref<4x5xi32>
            loopschedule.register %x : i32
          } : i32
          %y:2 = loopschedule.step {
            %y = arith.addi %inner, %x : i32
            %z = arith.addi %j, %one : index
            memref.store %y, %a[%i, %j] : memref<4x5xi32>
            loopschedule.register %y, %z : i32, index
          } : i32, index
          loopschedule.terminator iter_args(%y#1, %y#0), results(%y#1, %y#0) : (index, i32) -> (index, i32)
        }
        loopschedule.register %next, %t#1 : index, i32
      } : index, i32
      loopschedule.terminator iter_args(%next#0, %next#1), results(%next#0, %next#1) : (index, i32) -> (index, i32)
    }
    loopschedule.register %s#1 : i32
  } : i32
  return %sum : i32
}"""


@pytest.mark.parametrize("m", [0, 1, 4])
@pytest.mark.parametrize("n", [0, 1, 5])
def test_nested_loops_with_bounds_that_are_arguments(both, m, n):
    """Result and arguments of the inner loop are the next arguments of the outer one, in the cycle in which it ends."""
    program = both(NEST)
    array = np.arange(20, dtype=np.int32).reshape(4, 5)
    assert program.agree(array, np.int32(m), np.int32(n)) == 1 + 1 + m * (2 * n + 1) + 1


def test_a_long_wait_is_a_counter(both):
    text = "func.func @wait() {\n  loopschedule.step for 1000 {\n    loopschedule.register\n  }\n  return\n}"
    program = both(text)
    assert program.agree() == 1001
    assert program.design.register_bits < 20


@pytest.mark.parametrize("p", [False, True])
@pytest.mark.parametrize("q", [False, True])
def test_a_step_waits_for_its_conditional_steps_if_they_are_taken(both, p, q):
    program = both(
        """
func.func @waits(%p: i1, %q: i1) {
  loopschedule.step for 3 {
    loopschedule.step when %p for 5 {
      loopschedule.register
    }
    loopschedule.step when %q for 7 {
      loopschedule.register
    }
    loopschedule.register
  }
  return
}"""
    )
    for _ in range(2):
        assert program.agree(np.array(p), np.array(q), reset=False) == 1 + max(3, 5 * p, 7 * q)
