"""Uses in front of definitions are found."""

from __future__ import annotations

from xdsl.dialects import arith, func
from xdsl.dialects.builtin import ModuleOp, i32
from xdsl.ir import Block, Region
from xdsl.parser import Parser

from gatewright.ir.context import context
from gatewright.ir.dominance import use_before_definition

ORDERED = """
func.func @f(%n : index) {
  %one = arith.constant 1 : index
  scf.for %i = %one to %n step %one {
    %j = arith.addi %i, %one : index
  }
  func.return
}
"""


def test_a_module_in_order_has_none():
    assert use_before_definition(Parser(context(), ORDERED).parse_module()) is None


def test_a_use_in_front_of_its_definition_is_found():
    constant = arith.ConstantOp.from_int_and_width(1, i32)
    early = arith.AddiOp(constant, constant)
    function = func.FuncOp("f", ([], []), Region(Block([early, constant, func.ReturnOp()])))
    assert use_before_definition(ModuleOp([function])) is early
