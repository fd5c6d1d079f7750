"""Dependences of loops-level functions: what is understood of their arithmetic and control."""

from __future__ import annotations

import pytest
from xdsl.dialects import func, memref, scf
from xdsl.parser import Parser

from gatewright.analysis.dependences.analysis import DependenceAnalysis
from gatewright.analysis.dependences.from_loops import DescribedFunction, describe
from gatewright.ir.context import context


def read(body: str, arguments: str = "%a: memref<64xi32>, %n: index, %x: i32") -> DescribedFunction:
    """The description of a function with a body in MLIR."""
    constants = "\n".join(f"%c{value} = arith.constant {value} : index" for value in (0, 1, 2, 3, 8, 15, 64))
    text = f"func.func @f({arguments}) {{ {constants}\n{body}\nfunc.return }}"
    function = Parser(context(), text).parse_module().body.block.first_op
    assert isinstance(function, func.FuncOp)
    function.verify()
    return describe(function)


def distances(described: DescribedFunction) -> dict[str, int]:
    """The least distances in iterations of the first loop; loads and stores are named by their kind and number."""
    analysis = DependenceAnalysis(described.description)
    kinds = {memref.LoadOp: "load", memref.StoreOp: "store"}
    names = {access: f"{kinds[type(op)]}{k}" for k, (op, access) in enumerate(described.access_of.items())}  # pyright: ignore
    loop = next(iter(described.loop_of.values()))
    found = analysis.loop_distances(loop)
    return {f"{names[source]} -> {names[target]}": distance for (source, target), distance in found.items()}


def subscript(index: str) -> dict[str, int]:
    """The distances of a loop of 8 iterations that loads at its counter and stores where `index` computes."""
    return distances(
        read(f"""
        scf.for %i = %c0 to %c8 step %c1 {{
          %v = memref.load %a[%i] : memref<64xi32>
          {index}
          memref.store %v, %a[%s] : memref<64xi32>
        }}""")
    )


UNKNOWN = {"load0 -> store1": 0, "store1 -> load0": 1, "store1 -> store1": 1}


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ("%s = arith.addi %i, %c3 : index", {"store1 -> load0": 3}),
        ("%s = arith.subi %i, %c3 : index", {"load0 -> store1": 3}),
        ("%t = arith.muli %i, %c2 : index %s = arith.addi %t, %c15 : index", {}),
        ("%s = arith.shli %i, %c1 : index", {"load0 -> store1": 0, "store1 -> load0": 1}),
        ("%s = arith.shrsi %i, %c1 : index", {"load0 -> store1": 0, "store1 -> store1": 1}),
        ("%t = arith.addi %i, %c64 : index %s = arith.andi %t, %c3 : index", {"load0 -> store1": 0}),
        ("%s = arith.remsi %i, %c3 : index", {"load0 -> store1": 0}),
        ("%s = arith.divui %i, %c3 : index", {"load0 -> store1": 0}),
        ("%t = arith.subi %c0, %i : index %s = arith.maxsi %t, %c8 : index", {"store1 -> store1": 1}),
        ("%t = arith.cmpi slt, %i, %c3 : index %s = arith.select %t, %c64, %i : index", {"load0 -> store1": 0}),
        ("%t = arith.index_cast %i : index to i8 %s = arith.index_cast %t : i8 to index", {"load0 -> store1": 0}),
    ],
)
def test_arithmetic_is_understood(index: str, expected: dict[str, int]):
    found = subscript(index)
    assert expected.items() <= found.items()
    assert found != UNKNOWN


@pytest.mark.parametrize(
    "index",
    [
        "%s = arith.addi %i, %n : index",  # any element, if n is not known
        "%t = arith.index_cast %v : i32 to index %s = arith.andi %t, %c15 : index",
        "%t = arith.muli %n, %n : index %s = arith.addi %t, %i : index",
    ],
)
def test_what_depends_on_data_may_be_anything(index: str):
    assert subscript(index).keys() >= {"load0 -> store1", "store1 -> load0"}


def test_a_sum_that_may_wrap_is_not_taken_for_one_that_does_not():
    body = """
    scf.for %i = %c0 to %c64 step %c1 {
      %narrow = arith.index_cast %i : index to i8
      %k = arith.constant 100 : i8
      %t = arith.addi %narrow, %k : i8
      %s = arith.index_cast %t : i8 to index
      %v = memref.load %a[%i] : memref<64xi32>
      memref.store %v, %a[%s] : memref<64xi32>
    }"""
    assert distances(read(body)) == UNKNOWN


def test_the_bounds_of_a_loop_tell_that_a_sum_does_not_wrap():
    body = """
    scf.for %i = %c0 to %n step %c1 {
      %last = arith.subi %n, %c1 : index
      %s = arith.subi %last, %i : index
      %v = memref.load %a[%i] : memref<64xi32>
      memref.store %v, %a[%s] : memref<64xi32>
    }"""
    assert distances(read(body)) == {"load0 -> store1": 0, "store1 -> load0": 1}


def test_a_guard_excludes_a_dependence():
    body = """
    scf.for %i = %c0 to %c64 step %c1 {
      %v = memref.load %a[%i] : memref<64xi32>
      %s = arith.addi %i, %c8 : index
      %low = arith.cmpi ult, %i, %c3 : index
      scf.if %low { memref.store %v, %a[%s] : memref<64xi32> } else { memref.store %x, %a[%i] : memref<64xi32> }
    }"""
    assert distances(read(body)) == {
        "load0 -> store2": 0,
        "store1 -> load0": 8,
        "store1 -> store2": 8,
    }


def test_the_same_unknown_condition_is_the_same_within_an_iteration():
    body = """
    scf.for %i = %c0 to %c8 step %c1 {
      %v = memref.load %a[%i] : memref<64xi32>
      %c = arith.cmpi slt, %v, %x : i32
      scf.if %c { memref.store %x, %a[%c15] : memref<64xi32> }
      scf.if %c { } else { memref.store %v, %a[%c15] : memref<64xi32> }
    }"""
    found = distances(read(body))
    assert found["store1 -> store2"] == found["store2 -> store1"] == 1


def test_a_carried_address_that_grows_by_a_constant_is_understood():
    body = """
    %r = scf.for %i = %c0 to %c8 step %c1 iter_args(%p = %c3) -> (index) {
      %v = memref.load %a[%p] : memref<64xi32>
      %q = arith.addi %p, %c2 : index
      memref.store %v, %a[%q] : memref<64xi32>
      scf.yield %q : index
    }"""
    assert distances(read(body)) == {"store1 -> load0": 1}


def test_a_loop_that_counts_down_to_a_condition_is_understood():
    body = """
    %end = arith.index_cast %x : i32 to index
    %r = scf.while (%j = %c15) : (index) -> index {
      %going = arith.cmpi sgt, %j, %end : index
      scf.condition(%going) %j : index
    } do {
    ^bb0(%k: index):
      %v = memref.load %a[%k] : memref<64xi32>
      %down = arith.subi %k, %c3 : index
      memref.store %v, %a[%down] : memref<64xi32>
      scf.yield %down : index
    }"""
    assert distances(read(body)) == {"store1 -> load0": 1}


def test_a_counter_that_wraps_around_is_not_taken_for_one_that_does_not():
    body = """
    %start = arith.constant 0 : i4
    %five = arith.constant 5 : i4
    %r = scf.while (%j = %start) : (i4) -> i4 {
      %going = arith.cmpi ne, %x, %x : i32
      %w = arith.extui %j : i4 to i32
      %on = arith.cmpi ne, %w, %x : i32
      scf.condition(%on) %j : i4
    } do {
    ^bb0(%k: i4):
      %s = arith.index_cast %k : i4 to index
      memref.store %x, %a[%s] : memref<64xi32>
      %next = arith.addi %k, %five : i4
      scf.yield %next : i4
    }"""
    assert distances(read(body)) == {"store0 -> store0": 1}


def test_a_step_that_is_not_known_gives_no_distance():
    body = """
    %step = arith.maxsi %n, %c1 : index
    scf.for %i = %c0 to %c64 step %step {
      %s = arith.addi %i, %c8 : index
      %v = memref.load %a[%i] : memref<64xi32>
      memref.store %v, %a[%s] : memref<64xi32>
    }"""
    assert distances(read(body))["store1 -> load0"] == 1


def test_results_of_conditionals_are_selections():
    body = """
    scf.for %i = %c0 to %c8 step %c1 {
      %low = arith.cmpi slt, %i, %c3 : index
      %s = scf.if %low -> (index) { scf.yield %c64 : index } else {
        %t = arith.addi %i, %c2 : index
        scf.yield %t : index
      }
      %v = memref.load %a[%i] : memref<64xi32>
      memref.store %v, %a[%s] : memref<64xi32>
    }"""
    assert distances(read(body)) == {"store1 -> load0": 2}


def test_a_value_from_inside_a_branch_is_not_mentioned_outside():
    body = """
    scf.for %i = %c0 to %c8 step %c1 {
      %low = arith.cmpi slt, %i, %c3 : index
      %s = scf.if %low -> (index) {
        %d = memref.load %a[%c15] : memref<64xi32>
        %t = arith.index_cast %d : i32 to index
        scf.yield %t : index
      } else { scf.yield %i : index }
      memref.store %x, %a[%s] : memref<64xi32>
    }"""
    found = distances(read(body))
    assert found["store1 -> store1"] == 1 and found["store1 -> load0"] == 1


def test_arrays_do_not_depend_on_each_other_but_a_global_is_one_array():
    arguments = "%a: memref<64xi32>, %b: memref<64xi32>, %x: i32"
    body = """
    scf.for %i = %c0 to %c8 step %c1 {
      %v = memref.load %a[%c0] : memref<64xi32>
      memref.store %v, %b[%c0] : memref<64xi32>
      %g = memref.get_global @table : memref<64xi32>
      %h = memref.get_global @table : memref<64xi32>
      memref.store %v, %g[%i] : memref<64xi32>
      %w = memref.load %h[%i] : memref<64xi32>
    }"""
    assert distances(read(body, arguments)) == {"store1 -> store1": 1, "store2 -> load3": 0}


def test_every_loop_and_access_is_found_again():
    body = """
    scf.for %i = %c0 to %c8 step %c1 {
      %r = scf.while (%j = %c0) : (index) -> index {
        %going = arith.cmpi slt, %j, %i : index
        scf.condition(%going) %j : index
      } do {
      ^bb0(%k: index):
        %v = memref.load %a[%k] : memref<64xi32>
        memref.store %v, %a[%i] : memref<64xi32>
        %next = arith.addi %k, %c1 : index
        scf.yield %next : index
      }
    }"""
    described = read(body)
    assert [type(op) for op in described.loop_of] == [scf.ForOp, scf.WhileOp]
    assert [access.label for access in described.access_of.values()] == ["load a[turn]", "store a[i]"]


def test_shifts_by_many_bits_and_large_factors_are_understood():
    text = """
    func.func @f(%a : memref<4xi32>, %i : index, %v : i32) {
      %many = arith.constant 63 : index
      %large = arith.constant 4611686018427387904 : index
      %x = arith.shrsi %i, %many : index
      %y = arith.muli %x, %large : index
      %z = arith.remsi %i, %large : index
      memref.store %v, %a[%x] : memref<4xi32>
      memref.store %v, %a[%y] : memref<4xi32>
      memref.store %v, %a[%z] : memref<4xi32>
      func.return
    }
    """
    (function,) = Parser(context(), text).parse_module().ops
    assert isinstance(function, func.FuncOp)
    assert len(describe(function).access_of) == 3
