"""Programs of the loops level compute what they say, and stop with an error where they go wrong."""

from __future__ import annotations

import numpy as np
import pytest

from gatewright.errors import IrError, SimulationError, UnsupportedError
from gatewright.interpreters import loops

CONSTANTS = """
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
"""


def u32(*values: int) -> np.ndarray:
    """An array of unsigned numbers."""
    return np.array(values, np.uint32)


def test_a_nest_of_loops_multiplies_matrices(run_loops):
    text = """
    func.func @f(%a: memref<3x4xi32> {gw.name = "a", gw.type = "u32"},
                 %b: memref<4x5xi32> {gw.name = "b", gw.type = "u32"},
                 %c: memref<3x5xi32> {gw.name = "c", gw.type = "u32", gw.result = 0 : i64}) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c3 = arith.constant 3 : index
      %c4 = arith.constant 4 : index
      %c5 = arith.constant 5 : index
      %zero = arith.constant 0 : i32
      scf.for %i = %c0 to %c3 step %c1 {
        scf.for %j = %c0 to %c5 step %c1 {
          %s = scf.for %k = %c0 to %c4 step %c1 iter_args(%acc = %zero) -> (i32) {
            %x = memref.load %a[%i, %k] : memref<3x4xi32>
            %y = memref.load %b[%k, %j] : memref<4x5xi32>
            %p = arith.muli %x, %y : i32
            %q = arith.addi %acc, %p : i32
            scf.yield %q : i32
          }
          memref.store %s, %c[%i, %j] : memref<3x5xi32>
        }
      }
      return
    }"""
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 2**32, (3, 4), np.uint32), rng.integers(0, 2**32, (4, 5), np.uint32)
    (result,) = run_loops(text, a, b).results
    np.testing.assert_array_equal(result, a @ b)
    assert result.dtype == np.uint32


def test_arrays_are_updated_in_place_and_others_are_left_alone(run_loops):
    text = f"""
    func.func @f(%a: memref<4xi8>, %b: memref<4xi8>) {{
      {CONSTANTS}
      scf.for %i = %c0 to %c4 step %c1 {{
        %x = memref.load %a[%i] : memref<4xi8>
        %y = arith.addi %x, %x : i8
        memref.store %y, %b[%i] : memref<4xi8>
      }}
      return
    }}"""
    a, b = np.array([1, -1, 100, -128], np.int8), np.zeros(4, np.int8)
    run_loops(text, a, b)
    assert a.tolist() == [1, -1, 100, -128]
    assert b.tolist() == [2, -2, -56, 0]


def test_a_while_passes_values_from_its_condition_to_its_body(run_loops):
    text = """
    func.func @collatz(%n: i32 {gw.name = "n", gw.type = "u32"}) -> (i64 {gw.type = "u64"}) {
      %zero = arith.constant 0 : i64
      %one64 = arith.constant 1 : i64
      %one = arith.constant 1 : i32
      %three = arith.constant 3 : i32
      %r:2 = scf.while (%x = %n, %k = %zero) : (i32, i64) -> (i64, i32) {
        %c = arith.cmpi ne, %x, %one : i32
        scf.condition(%c) %k, %x : i64, i32
      } do {
      ^bb0(%k: i64, %x: i32):
        %odd = arith.trunci %x : i32 to i1
        %y = scf.if %odd -> (i32) {
          %m = arith.muli %x, %three : i32
          %m1 = arith.addi %m, %one : i32
          scf.yield %m1 : i32
        } else {
          %h = arith.shrui %x, %one : i32
          scf.yield %h : i32
        }
        %k1 = arith.addi %k, %one64 : i64
        scf.yield %y, %k1 : i32, i64
      }
      return %r#0 : i64
    }"""
    (steps,) = run_loops(text, np.array(27, np.uint32)).results
    assert steps.shape == () and steps == 111


def test_loops_swap_their_arguments_at_once(run_loops):
    text = """
    func.func @f(%n: index, %a: i32, %b: i32) -> (i32, i32) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a, %y = %b) -> (i32, i32) {
        %s = arith.addi %x, %y : i32
        scf.yield %y, %s : i32, i32
      }
      return %r#1, %r#0 : i32, i32
    }"""
    results = run_loops(text, np.array(10, np.int64), np.array(0, np.int32), np.array(1, np.int32)).results
    assert [int(value) for value in results] == [89, 55]


@pytest.mark.parametrize(("low", "high", "step"), [(3, 3, 1), (5, 2, 1), (-4, 3, 2), (0, 7, 3)])
def test_a_for_counts_like_a_range(run_loops, low: int, high: int, step: int):
    text = """
    func.func @f(%low: index, %high: index, %step: index) -> (i64, i64) {
      %zero = arith.constant 0 : i64
      %one = arith.constant 1 : i64
      %r:2 = scf.for %i = %low to %high step %step iter_args(%n = %zero, %s = %zero) -> (i64, i64) {
        %j = arith.index_cast %i : index to i64
        %n1 = arith.addi %n, %one : i64
        %s1 = arith.addi %s, %j : i64
        scf.yield %n1, %s1 : i64, i64
      }
      return %r#0, %r#1 : i64, i64
    }"""
    results = run_loops(text, *(np.array(value, np.int64) for value in (low, high, step))).results
    counted = range(low, high, step)
    assert [int(value) for value in results] == [len(counted), sum(counted)]


@pytest.mark.parametrize(("low", "high", "step"), [(-4, 4, 1), (-100, 100, 25), (-9, -2, 3), (3, 9, 2), (5, -5, 1)])
def test_a_for_counts_in_the_two_complement_of_its_type(run_loops, low: int, high: int, step: int):
    text = f"""
    func.func @f(%a: memref<16xi8>, %n: i8) {{
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %high = arith.constant {high} : i8
      %step = arith.constant {step} : i8
      %end = scf.for %i = %n to %high step %step iter_args(%k = %c0) -> (index) : i8 {{
        memref.store %i, %a[%k] : memref<16xi8>
        %next = arith.addi %k, %c1 : index
        scf.yield %next : index
      }}
      return
    }}"""
    counted = list(range(low, high, step))
    for constant in (False, True):
        a = np.zeros(16, np.int8)
        given = text.replace("%n to", "%low to").replace("%step =", f"%low = arith.constant {low} : i8\n%step =")
        run_loops(given if constant else text, a, np.int8(low))
        assert a.tolist() == counted + [0] * (16 - len(counted))


def test_local_arrays_begin_as_zeros_each_time(run_loops):
    text = f"""
    func.func @f() -> i32 {{
      {CONSTANTS}
      %one = arith.constant 1 : i32
      %zero = arith.constant 0 : i32
      %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%s = %zero) -> (i32) {{
        %m = memref.alloc() : memref<2xi32>
        %x = memref.load %m[%c1] : memref<2xi32>
        memref.store %one, %m[%c1] : memref<2xi32>
        %t = arith.addi %s, %x : i32
        scf.yield %t : i32
      }}
      return %r : i32
    }}"""
    assert run_loops(text).results[0] == 0


GLOBAL = """
"memref.global"() <{sym_name = "table", sym_visibility = "private", constant, type = memref<2x2xi12>,
                    initial_value = dense<[[1, -2], [3, 2047]]> : tensor<2x2xi12>}> : () -> ()
"""


def test_constant_arrays_hold_their_contents(run_loops):
    text = f"""{GLOBAL}
    func.func @f(%i: index, %j: index) -> i12 {{
      %t = memref.get_global @table : memref<2x2xi12>
      %x = memref.load %t[%i, %j] : memref<2x2xi12>
      return %x : i12
    }}"""
    at = [run_loops(text, np.array(i), np.array(j)).results[0] for i in (0, 1) for j in (0, 1)]
    assert [int(value) for value in at] == [1, -2, 3, 2047]
    assert at[0].dtype == np.int16


def test_a_constant_array_cannot_be_stored_to(run_loops):
    text = f"""{GLOBAL}
    func.func @f(%i: index, %x: i12) {{
      %t = memref.get_global @table : memref<2x2xi12>
      memref.store %x, %t[%i, %i] : memref<2x2xi12>
      return
    }}"""
    with pytest.raises(IrError, match="a constant array is stored to"):
        run_loops(text, np.array(0), np.array(0, np.int16))


def test_results_come_in_the_order_of_their_positions(run_loops):
    text = """
    func.func @f(%x: i1 {gw.name = "x", gw.type = "bool"},
                 %a: memref<2xi8> {gw.name = "a", gw.type = "i8", gw.result = 1 : i64})
        -> (i1 {gw.type = "bool", gw.result = 2 : i64}, i16 {gw.type = "u16", gw.result = 0 : i64}) {
      %minus = arith.constant -1 : i16
      %c1 = arith.constant 1 : index
      %small = arith.trunci %minus : i16 to i8
      memref.store %small, %a[%c1] : memref<2xi8>
      %true = arith.constant true
      %no = arith.xori %x, %true : i1
      return %no, %minus : i1, i16
    }"""
    results = run_loops(text, np.array(False)).results
    assert [result.tolist() for result in results] == [65535, [0, -1], True]
    assert [result.dtype for result in results] == [np.uint16, np.int8, np.bool_]


ACCESS = """
func.func @f(%a: memref<2x3xi32> {gw.name = "grid", gw.type = "i32"}, %i: index, %j: index) -> i32 {
  %x = memref.load %a[%i, %j] : memref<2x3xi32> loc("model.py":7:4)
  memref.store %x, %a[%j, %i] : memref<2x3xi32> loc("model.py":8:4)
  return %x : i32
}"""


@pytest.mark.parametrize(("i", "j"), [(2, 0), (0, 3), (-1, 0), (0, -1)])
def test_a_load_outside_an_array_names_the_array_and_the_line(run_loops, i: int, j: int):
    with pytest.raises(SimulationError) as error:
        run_loops(ACCESS, np.zeros((2, 3), np.int32), np.array(i), np.array(j))
    assert str(error.value) == (
        f"model.py:7: load from grid[{i}, {j}] is outside the array\n  grid has the shape (2, 3)"
    )


def test_a_store_outside_an_array_names_the_array_and_the_line(run_loops):
    with pytest.raises(SimulationError) as error:
        run_loops(ACCESS, np.zeros((2, 3), np.int32), np.array(0), np.array(2))
    assert str(error.value) == "model.py:8: store to grid[2, 0] is outside the array\n  grid has the shape (2, 3)"


ENDLESS = """
func.func @f(%n: i32 {gw.name = "n", gw.type = "u32"}) -> i32 {
  %one = arith.constant 1 : i32
  %zero = arith.constant 0 : i32
  %r = scf.while (%x = %n) : (i32) -> (i32) {
    %c = arith.cmpi ne, %x, %zero : i32
    scf.condition(%c) %x : i32
  } do {
  ^bb0(%y: i32):
    scf.yield %y : i32
  } loc("model.py":3:4)
  return %r : i32
}"""


def test_a_runaway_loop_is_stopped_with_its_state(run_loops):
    assert run_loops(ENDLESS, np.array(0, np.uint32), limit=10).results[0] == 0
    with pytest.raises(SimulationError) as error:
        run_loops(ENDLESS, np.array(5, np.uint32), limit=10)
    assert str(error.value).splitlines()[:2] == [
        "model.py:3: the program is still running after 10 iterations",
        "  it is in this loop with x = 5",
    ]


def test_the_iterations_of_counted_loops_are_limited_before_they_run(run_loops):
    text = """
    func.func @f(%n: index) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      scf.for %i = %c0 to %n step %c1 {
      }
      return
    }"""
    run_loops(text, np.array(100), limit=100)
    with pytest.raises(SimulationError, match="still running after 100 iterations"):
        run_loops(text, np.array(2**60), limit=100)


def test_an_operation_of_another_level_is_refused_by_name(run_loops):
    text = """
    func.func @f(%a: memref<4xi32>, %b: memref<4xi32>) {
      "memref.copy"(%a, %b) : (memref<4xi32>, memref<4xi32>) -> () loc("model.py":2:0)
      return
    }"""
    with pytest.raises(UnsupportedError, match=r"model.py:2: the operation memref.copy cannot be run here"):
        run_loops(text, np.zeros(4, np.int32), np.zeros(4, np.int32))


def test_a_long_expression_is_cut_into_pieces(program):
    adds = "\n".join(f"  %x{k + 1} = arith.addi %x{k}, %n : i32" for k in range(3000))
    text = f"func.func @f(%n: i32) -> i32 {{\n  %x0 = arith.addi %n, %n : i32\n{adds}\n  return %x3000 : i32\n}}"
    given = program("loops", text)
    assert int(loops.run(given, [np.array(7, np.int32)]).results[0]) == 7 * 3002


def test_a_program_runs_many_times_from_one_compilation(program):
    given = program("loops", "func.func @f(%n: i32) -> i32 {\n  %x = arith.muli %n, %n : i32\n  return %x : i32\n}")
    assert [int(loops.run(given, [np.array(n, np.int32)]).results[0]) for n in range(5)] == [0, 1, 4, 9, 16]
    assert "n__1 * n__1" in loops.python_source(given)


def nest(depth: int) -> str:
    """A function of `depth` loops in one another, which doubles its array once."""
    loops_ = "".join(f"scf.for %i{k} = %c0 to %c1 step %c1 {{\n" for k in range(depth))
    return f"""
    func.func @f(%a: memref<1xi32>) {{
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      {loops_}
      %x = memref.load %a[%c0] : memref<1xi32>
      %y = arith.addi %x, %x : i32
      memref.store %y, %a[%c0] : memref<1xi32>
      {"}" * depth}
      return
    }}"""


def test_loops_nest_as_deep_as_python_does(run_loops):
    a = np.ones(1, np.int32)
    run_loops(nest(20), a)
    assert a == 2
    with pytest.raises(UnsupportedError) as error:
        run_loops(nest(21), a)
    assert str(error.value) == (
        "f nests its loops too deeply to be run here\n  it runs as Python, which has "
        "too many statically nested blocks: at most 20 loops in one another, 100 levels in all"
    )
