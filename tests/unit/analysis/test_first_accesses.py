"""Times of first accesses are certain only where the control is."""

from __future__ import annotations

from xdsl.dialects import func, memref
from xdsl.parser import Parser

from gatewright.analysis.first_accesses import NEVER, FirstAccesses
from gatewright.ir.context import context

TEXT = """
func.func @f(%a: memref<200xi32>, %v: i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c100 = arith.constant 100 : index
  BODY
  func.return
}
"""


def first(body: str) -> FirstAccesses:
    module = Parser(context(), TEXT.replace("BODY", body)).parse_module()
    (function,) = [op for op in module.ops if isinstance(op, func.FuncOp)]
    assert any(isinstance(op, memref.StoreOp) for op in function.walk())
    return FirstAccesses.of(function.body.block.args[0], (200,), function.body.block.ops)


def test_a_subscript_that_may_wrap_is_any_element():
    found = first("""
      scf.for %i = %c0 to %c100 step %c1 {
        %narrow = arith.index_cast %i : index to i8
        %twice = arith.addi %narrow, %narrow : i8
        %at = arith.index_cast %twice : i8 to index
        memref.store %v, %a[%at] : memref<200xi32>
      }""")
    assert (found.stored == NEVER).all() and (found.may_be_stored != NEVER).all()


def test_a_subscript_of_counters_is_certain():
    found = first("""
      scf.for %i = %c0 to %c100 step %c1 {
        %at = arith.addi %i, %i : index
        memref.store %v, %a[%at] : memref<200xi32>
      }""")
    assert (found.stored[::2] != NEVER).all() and (found.may_be_stored[1::2] == NEVER).all()


def test_loops_in_one_that_never_runs_do_nothing():
    found = first("""
      scf.for %i = %c0 to %c3 step %c1 {
        scf.for %n = %c0 to %c0 step %c1 {
          scf.for %j = %i to %c100 step %c1 {
            memref.store %v, %a[%j] : memref<200xi32>
          }
        }
      }""")
    assert (found.may_be_stored == NEVER).all()
