"""Distances between iterations are those that occur when the control of the loops is run."""

from __future__ import annotations

from xdsl.dialects import memref, scf
from xdsl.ir import Operation
from xdsl.parser import Parser

from gatewright.analysis.traced_dependences import ABSENT, OUTSIDE, Trace, accesses_of, trace
from gatewright.ir.context import context

INNER = """
func.func @f(%a : memref<8xi32>, %b : memref<8xi32>, %x : i32) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %o = scf.while (%h = %c0) : (index) -> (index) {{
    %more = arith.cmpi slt, %h, %c3 : index
    scf.condition(%more) %h : index
  }} do {{
  ^bb0(%u : index):
    %r = scf.while (%k = %c0) : (index) -> (index) {{
      %go = arith.cmpi slt, %k, {bound} : index
      scf.condition(%go) %k : index
    }} do {{
    ^bb0(%i : index):
      {body}
      %n = arith.addi %i, %c1 : index
      scf.yield %n : index
    }}
    %w = arith.addi %u, %c1 : index
    scf.yield %w : index
  }}
  func.return
}}
"""


def traced(body: str, bound: str = "%c4") -> tuple[Trace | None, list[Operation]]:
    """The trace of the inner loop with a given body, and its accesses in order."""
    module = Parser(context(), INNER.format(body=body, bound=bound)).parse_module()
    loop = [op for op in module.walk() if isinstance(op, scf.WhileOp)][1]
    accesses = accesses_of(loop.after_region.block)
    assert accesses is not None
    return trace(loop, accesses), list(accesses)


def known(body: str, bound: str = "%c4") -> tuple[Trace, list[Operation]]:
    found, accesses = traced(body, bound)
    assert found is not None
    return found, accesses


LATER = """
  %j = arith.addi %i, {by} : index
  %v = memref.load %a[%i] : memref<8xi32>
  memref.store %v, %a[%j] : memref<8xi32>
"""


def test_a_store_two_elements_ahead_is_loaded_two_iterations_later():
    found, (load, store) = known(LATER.format(by="%c2"))
    assert found.distance(store, load) == 2
    assert found.distance(load, store) is None
    assert found.distance(store, store) is None
    assert not found.meet(load, store)


def test_executions_of_a_loop_do_not_depend_on_each_other():
    found, (load, store) = known("memref.store %x, %a[%i] : memref<8xi32>\n%v = memref.load %a[%i] : memref<8xi32>")
    assert found.execution.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    assert found.distance(store, load) is None
    assert found.meet(store, load)
    assert found.iterations == 4


def test_every_iteration_may_touch_the_same_element():
    found, (load, store) = known("%v = memref.load %a[%u] : memref<8xi32>\nmemref.store %v, %a[%u] : memref<8xi32>")
    assert found.distance(store, load) == found.distance(load, store) == found.distance(store, store) == 1


def test_a_subscript_from_data_may_be_any():
    found, (index, store, load) = known(
        """%v = memref.load %b[%i] : memref<8xi32>
        %d = arith.index_cast %v : i32 to index
        memref.store %x, %a[%d] : memref<8xi32>
        %w = memref.load %a[%i] : memref<8xi32>"""
    )
    assert found.distance(store, load) == 1
    assert found.meet(store, load)
    assert store not in found.addresses and load in found.addresses and index in found.addresses


def test_a_load_counts_where_its_value_is_selected():
    found, (load, store) = known(
        """%p = arith.cmpi eq, %i, %c3 : index
        %v = memref.load %a[%i] : memref<8xi32>
        %w = arith.select %p, %v, %x : i32
        scf.if %p { memref.store %w, %a[%c0] : memref<8xi32> }"""
    )
    assert found.addresses[load].tolist() == [ABSENT, ABSENT, ABSENT, 3] * 3
    assert found.addresses[store].tolist() == [ABSENT, ABSENT, ABSENT, 0] * 3


def test_the_other_value_of_a_selection_counts_always():
    found, (load,) = known(
        """%p = arith.cmpi eq, %i, %c3 : index
        %v = memref.load %a[%i] : memref<8xi32>
        %w = arith.select %p, %x, %v : i32"""
    )
    assert found.addresses[load].tolist() == [0, 1, 2, 3] * 3


def test_an_access_outside_its_array_touches_nothing_but_happens():
    found, (near, far) = known(
        """%j = arith.addi %i, %c8 : index
        %v = memref.load %a[%i] : memref<8xi32>
        memref.store %v, %a[%j] : memref<8xi32>"""
    )
    assert found.addresses[far].tolist() == [OUTSIDE] * 12
    assert not found.meet(near, far)
    assert not found.take_turns(near, far)


def test_executions_without_iterations_are_counted():
    found, _ = known("%v = memref.load %a[%i] : memref<8xi32>", bound="%u")
    assert found.execution.tolist() == [1, 2, 2]
    assert found.executions == 3
    assert found.iterations is None


def test_the_last_executions_may_have_no_iterations():
    module = Parser(
        context(),
        INNER.format(body="%v = memref.load %a[%i] : memref<8xi32>", bound="%left").replace(
            "%r = scf.while",
            "%twice = arith.addi %u, %u : index\n%left = arith.subi %c1, %twice : index\n%r = scf.while",
        ),
    ).parse_module()
    loop = [op for op in module.walk() if isinstance(op, scf.WhileOp)][1]
    accesses = accesses_of(loop.after_region.block)
    assert accesses is not None
    found = trace(loop, accesses)
    assert found is not None
    assert found.execution.tolist() == [0]
    assert found.iterations is None


def test_a_condition_from_data_is_not_traced():
    found, _ = traced("memref.store %x, %a[%i] : memref<8xi32>", bound="%c4")
    assert found is not None
    module = Parser(
        context(),
        INNER.format(body="memref.store %x, %a[%i] : memref<8xi32>", bound="%d").replace(
            "%r = scf.while", "%e = arith.index_cast %x : i32 to index\n%d = arith.addi %e, %c0 : index\n%r = scf.while"
        ),
    ).parse_module()
    loop = [op for op in module.walk() if isinstance(op, scf.WhileOp)][1]
    assert trace(loop, {op: None for op in loop.walk() if isinstance(op, memref.StoreOp)}) is None


def test_a_loop_that_is_executed_for_nothing_too_often_is_not_traced():
    text = INNER.format(body="memref.store %x, %a[%i] : memref<8xi32>", bound="%c0")
    module = Parser(context(), text.replace("constant 3 :", "constant 300000 :")).parse_module()
    loop = [op for op in module.walk() if isinstance(op, scf.WhileOp)][1]
    accesses = accesses_of(loop.after_region.block)
    assert accesses is not None
    assert trace(loop, accesses) is None


def test_executions_under_two_loops_are_counted():
    inner = "%r = scf.while (%k"
    middle = """
    %z = scf.while (%k2 = %c0) : (index) -> (index) {
      %go2 = arith.cmpi slt, %k2, %c2 : index
      scf.condition(%go2) %k2 : index
    } do {
    ^bb0(%i2 : index):
      """
    text = INNER.format(body="memref.store %x, %a[%i] : memref<8xi32>", bound="%c4").replace(inner, middle + inner)
    end = "%n2 = arith.addi %i2, %c1 : index\nscf.yield %n2 : index\n}\n%w = arith.addi"
    module = Parser(context(), text.replace("%w = arith.addi", end)).parse_module()
    loop = [op for op in module.walk() if isinstance(op, scf.WhileOp)][2]
    accesses = accesses_of(loop.after_region.block)
    assert accesses is not None
    found = trace(loop, accesses)
    assert found is not None
    assert (found.executions, found.iterations, len(found.execution)) == (6, 4, 24)
