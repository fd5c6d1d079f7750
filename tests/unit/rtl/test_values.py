"""A value is kept in a register where a use needs it, and nowhere else."""

from __future__ import annotations

import numpy as np

DOT = """
func.func @dot(%a: memref<4xi16>, %b: memref<4xi16>) -> i32 {
  %zero = arith.constant 0 : i8
  %one = arith.constant 1 : i8
  %four = arith.constant 4 : i8
  %none = arith.constant 0 : i32
  %r = loopschedule.step {
    %l:2 = loopschedule.seq_while iter_args(%i = %zero, %sum = %none) : (i8, i32) -> (i8, i32) {
      %p = arith.cmpi slt, %i, %four : i8
      loopschedule.register %p : i1
    } do {
      %s:2 = loopschedule.step {
        %k = arith.index_cast %i : i8 to index
        %x = memref.load %a[%k] : memref<4xi16>
        %y = memref.load %b[%k] : memref<4xi16>
        loopschedule.register %x, %y : i16, i16
      } : i16, i16
      %m:2 = loopschedule.step {
        %x = arith.extsi %s#0 : i16 to i32
        %y = arith.extsi %s#1 : i16 to i32
        %m = arith.muli %x, %y {gw.operator = #gw.operator<muli(i16, i16, i32), latency = 1>, gw.unit = 0 : i64} : i32
        %j = arith.addi %i, %one : i8
        loopschedule.register %m, %j : i32, i8
      } : i32, i8
      %t = loopschedule.step {
        %t = arith.addi %sum, %m#0 : i32
        loopschedule.register %t : i32
      } : i32
      loopschedule.terminator iter_args(%m#1, %t), results(%m#1, %t) : (i8, i32) -> (i8, i32)
    }
    loopschedule.register %l#1 : i32
  } : i32
  return %r : i32
}"""


def test_only_what_is_used_later_has_a_register(both):
    """The counter, the sum and the tokens: loads and products are used in the cycle in which they appear."""
    program = both(DOT)
    program.agree(np.array([1, 2, -3, 4], np.int16), np.array([5, -6, 7, 8], np.int16))
    tokens = ["busy", "first step", "repeat", "second step", "third step", "done"]
    assert program.design.register_bits == 8 + 32 + len(tokens)


def test_the_next_counter_is_computed_where_it_is_taken_over(both):
    """It is known in the second step; a register until the third would be a waste."""
    assert "%j_held" not in str(both(DOT).design.module)


SHARED_PORT = """
func.func @kept(%a: memref<4xi32>) -> (i32, i32) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %x = loopschedule.step {
    %x = memref.load %a[%zero] : memref<4xi32>
    loopschedule.register %x : i32
  } : i32
  %y = loopschedule.step for 3 {
    OTHER
    loopschedule.register %y : i32
  } : i32
  %s = loopschedule.step {
    %s = arith.addi %x, %y : i32
    loopschedule.register %s : i32
  } : i32
  return %s, %x : i32, i32
}"""


def test_a_loaded_value_stays_at_the_port_until_the_next_load(both):
    array = np.array([3, 40, 500, 6000], np.int32)
    twice = both(SHARED_PORT.replace("OTHER", "%y = memref.load %a[%one] : memref<4xi32>"))
    once = both(SHARED_PORT.replace("OTHER", "%y = arith.constant 7 : i32"))
    twice.agree(array)
    once.agree(array)
    assert "%x_held" in str(twice.design.module)
    assert "%x_held" not in str(once.design.module)


def test_a_value_of_several_cycles_is_read_whether_its_steps_were_long_or_short(both):
    """A step between a product and its use is taken or skipped: the product is just there or has been for long."""
    program = both(
        """
func.func @between(%x: i32, %p: i1) -> i32 {
  %m = loopschedule.step {
    %m = arith.muli %x, %x {gw.latency = 2 : i64} : i32
    loopschedule.register %m : i32
  } : i32
  loopschedule.step when %p for 5 {
    loopschedule.register
  }
  %r = loopschedule.step {
    %r = arith.addi %m, %x : i32
    loopschedule.register %r : i32
  } : i32
  return %r : i32
}"""
    )
    assert program.agree(np.int32(7), np.array(False)) == 4
    assert program.agree(np.int32(7), np.array(True)) == 8
    assert "%m_now" in str(program.design.module)


def test_results_are_held_until_the_next_start(both):
    program = both(DOT)
    model = program.simulator._model
    raw = program.raw((np.array([1, 2, -3, 4], np.int16), np.array([5, -6, 7, 8], np.int16)))
    result = int(program.simulator.run(raw, 100).results[0])
    for _ in range(20):
        model.advance(1)
        assert model.get("result") == result
        assert not model.get("done") and model.get("ready")


def test_a_quotient_is_kept_when_a_loop_beside_it_divides_again(both, bound):
    """Both divisions are on one unit; the loop starts with the first one and reaches its own when that has ended."""
    div, latency = bound("divui", 8)
    program = both(
        f"""
func.func @beside(%a: i8, %b: i8) -> (i8, i8) {{
  %zero = arith.constant 0 : i8
  %one = arith.constant 1 : i8
  %s:2 = loopschedule.step {{
    %q = arith.divui %a, %b {div} : i8
    %l:2 = loopschedule.seq_while iter_args(%i = %zero, %x = %zero) : (i8, i8) -> (i8, i8) {{
      %p = arith.cmpi eq, %i, %zero : i8
      loopschedule.register %p : i1
    }} do {{
      %j = loopschedule.step for {latency} {{
        %j = arith.addi %i, %one : i8
        loopschedule.register %j : i8
      }} : i8
      %r = loopschedule.step for {latency + 1} {{
        %r = arith.divui %b, %a {div} : i8
        loopschedule.register %r : i8
      }} : i8
      loopschedule.terminator iter_args(%j, %r), results(%j, %r) : (i8, i8) -> (i8, i8)
    }}
    loopschedule.register %q, %l#1 : i8, i8
  }} : i8, i8
  loopschedule.step for {latency} {{
    loopschedule.register
  }}
  %t:2 = loopschedule.step {{
    %q = arith.addi %s#0, %zero : i8
    %r = arith.addi %s#1, %zero : i8
    loopschedule.register %q, %r : i8, i8
  }} : i8, i8
  return %t#0, %t#1 : i8, i8
}}"""
    )
    assert program.agree(np.int8(100), np.int8(7)) == 1 + (2 * latency + 2) + latency + 1
