"""Inequalities between subscripts are proven from bounds of loops and constants, and nothing else is."""

from __future__ import annotations

import pytest
from xdsl.dialects import func
from xdsl.ir import SSAValue
from xdsl.parser import Parser

from gatewright.analysis.index_inequalities import Order
from gatewright.analysis.ranges import value_ranges
from gatewright.ir.context import context

PROGRAM = """
func.func @f(%n : index, %a : memref<8xi32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %eight = arith.constant 8 : index
  scf.for %i = %zero to %eight step %one {
    %next = arith.addi %i, %one : index
    %before = arith.subi %i, %one : index
    %any = arith.addi %i, %n : index
    scf.for %j = %zero to %i step %one {
      scf.for %k = %zero to %j step %one {
        %x = memref.load %a[%k] : memref<8xi32>
      }
    }
    scf.for %m = %next to %n step %one {
      %y = memref.load %a[%m] : memref<8xi32>
    }
  }
  func.return
}
"""


@pytest.fixture
def values() -> dict[str, SSAValue]:
    module = Parser(context(), PROGRAM).parse_module()
    return {
        value.name_hint: value
        for op in module.walk()
        for value in (*op.results, *(a for region in op.regions for block in region.blocks for a in block.args))
        if value.name_hint is not None
    }


@pytest.fixture
def order(values: dict[str, SSAValue]) -> Order:
    function = values["n"].block.parent_op()  # type: ignore
    assert isinstance(function, func.FuncOp)
    return Order(value_ranges(function))


@pytest.mark.parametrize(
    ("one", "other"),
    [("i", "next"), ("i", "before"), ("before", "next"), ("j", "i"), ("k", "i"), ("k", "next"), ("m", "i"),
     ("m", "j"), ("m", "k"), ("i", "eight"), ("zero", "one")],
)  # fmt: skip
def test_these_differ(order: Order, values: dict[str, SSAValue], one: str, other: str):
    assert order.differ(values[one], values[other])
    assert order.differ(values[other], values[one])


@pytest.mark.parametrize(
    ("one", "other"),
    [("i", "n"), ("i", "any"), ("j", "before"), ("j", "zero"), ("m", "next"), ("m", "eight"), ("i", "i")],
)
def test_these_may_be_equal(order: Order, values: dict[str, SSAValue], one: str, other: str):
    assert not order.differ(values[one], values[other])
    assert not order.differ(values[other], values[one])


def test_a_difference_of_one_is_not_two(order: Order, values: dict[str, SSAValue]):
    assert order.at_most(values["j"], 1, values["i"], 0)
    assert not order.at_most(values["j"], 2, values["i"], 0)
    assert order.at_most(values["k"], 2, values["i"], 0)
    assert not order.at_most(values["k"], 3, values["i"], 0)


def test_a_counter_is_inside_what_its_loop_covers(order: Order, values: dict[str, SSAValue]):
    assert order.inside(values["i"], 8)
    assert not order.inside(values["i"], 7)
    assert not order.inside(values["before"], 8)
    assert not order.inside(values["n"], 8)
