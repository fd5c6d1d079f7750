"""Value ranges hold every value that occurs."""

from __future__ import annotations

import itertools

import pytest
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import IntegerType, ModuleOp
from xdsl.ir import Block, Region
from xdsl.parser import Parser

from gatewright.analysis.ranges import signed_bits, value_ranges
from gatewright.ir.context import context

BINARY = {
    arith.AddiOp: lambda a, b: a + b,
    arith.SubiOp: lambda a, b: a - b,
    arith.MuliOp: lambda a, b: a * b,
    arith.DivSIOp: lambda a, b: 0 if b == 0 else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1),
    arith.FloorDivSIOp: lambda a, b: 0 if b == 0 else a // b,
    arith.RemSIOp: lambda a, b: 0 if b == 0 else abs(a) % abs(b) * (-1 if a < 0 else 1),
    arith.DivUIOp: lambda a, b: 0 if b == 0 else (a & 15) // (b & 15),
    arith.RemUIOp: lambda a, b: 0 if b == 0 else (a & 15) % (b & 15),
    arith.AndIOp: lambda a, b: a & b,
    arith.OrIOp: lambda a, b: a | b,
    arith.XOrIOp: lambda a, b: a ^ b,
    arith.ShLIOp: lambda a, b: (a & 15) << (b & 15),
    arith.ShRUIOp: lambda a, b: (a & 15) >> (b & 15),
    arith.ShRSIOp: lambda a, b: a >> (b & 15),
    arith.MaxSIOp: max,
    arith.MinSIOp: min,
}
"""Each operation on i4, by its definition."""


def wrapped(value: int) -> int:
    """`value` as an i4."""
    return (value + 8) % 16 - 8


@pytest.mark.parametrize("kind", BINARY, ids=lambda kind: kind.name)
def test_the_range_of_an_operation_holds_each_of_its_values(kind: type[arith.SignlessIntegerBinaryOperation]):
    """Operands are narrowed by selections between two constants: all pairs of ranges of i4 with two ends."""
    i4 = IntegerType(4)
    ends = [(-8, 7), (0, 7), (-3, 2), (1, 5), (-8, -8), (0, 0), (3, 3)]
    for (a, b), (c, d) in itertools.product(ends, ends):
        block = Block(arg_types=[IntegerType(1)])
        constants = [arith.ConstantOp.from_int_and_width(number, i4) for number in (a, b, c, d)]
        left = arith.SelectOp(block.args[0], constants[0], constants[1])
        right = arith.SelectOp(block.args[0], constants[2], constants[3])
        op = kind(left.result, right.result)
        block.add_ops([*constants, left, right, op, func.ReturnOp()])
        function = func.FuncOp("f", ([IntegerType(1)], []), Region(block))
        low, high = value_ranges(function)[op.results[0]]
        for x, y in itertools.product(range(a, b + 1), range(c, d + 1)):
            assert low <= wrapped(BINARY[kind](x, y)) <= high, (x, y, low, high)


def ranges_by_name(text: str) -> dict[str, tuple[int, int]]:
    module = Parser(context(), text).parse_module()
    assert isinstance(module, ModuleOp)
    function = next(op for op in module.ops if isinstance(op, func.FuncOp))
    return {value.name_hint: range_ for value, range_ in value_ranges(function).items() if value.name_hint}


def test_a_loop_counter_stays_below_its_bound_and_what_grows_is_widened():
    ranges = ranges_by_name("""
    func.func @f(%n : i8) -> i8 {
      %zero = arith.constant 0 : index
      %one = arith.constant 1 : index
      %ten = arith.constant 10 : index
      %start = arith.constant 5 : i8
      %sum = scf.for %i = %zero to %ten step %one iter_args(%acc = %start) -> (i8) {
        %kept = scf.for %j = %i to %ten step %one iter_args(%same = %start) -> (i8) {
          scf.yield %same : i8
        }
        %next = arith.addi %acc, %kept : i8
        scf.yield %next : i8
      }
      func.return %sum : i8
    }""")
    assert ranges["i"] == (0, 9)
    assert ranges["j"] == (0, 9)
    assert ranges["kept"] == (5, 5)
    assert ranges["acc"] == ranges["sum"] == (-128, 127)


def test_a_while_loop_is_widened_but_for_what_it_leaves_alone():
    ranges = ranges_by_name("""
    func.func @f(%n : i8) -> i8 {
      %one = arith.constant 1 : i8
      %a, %b = scf.while (%x = %one, %y = %one) : (i8, i8) -> (i8, i8) {
        %c = arith.cmpi slt, %x, %n : i8
        scf.condition(%c) %x, %y : i8, i8
      } do {
      ^bb0(%p : i8, %q : i8):
        %next = arith.addi %p, %q : i8
        scf.yield %next, %q : i8, i8
      }
      func.return %a : i8
    }""")
    assert ranges["a"] == (-128, 127)
    assert ranges["b"] == (1, 1)


@pytest.mark.parametrize(
    ("range_", "bits"), [((0, 0), 1), ((-1, 0), 1), ((0, 1), 2), ((-2, 1), 2), ((0, 7), 4), ((-8, 7), 4), ((-9, 0), 5)]
)
def test_signed_bits_is_the_least_width(range_: tuple[int, int], bits: int):
    assert signed_bits(range_) == bits
