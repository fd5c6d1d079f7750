"""A part of a function as a function: it is valid, takes what it uses, and plans the same."""

from __future__ import annotations

from xdsl.dialects import func, memref, scf
from xdsl.parser import Parser

from gatewright.ir.context import context
from gatewright.ir.loop_labels import label_of, loops_in
from gatewright.ir.program import public_function
from gatewright.planning.isolate import isolated

TEXT = """
"memref.global"() <{sym_name = "table", sym_visibility = "private", type = memref<8xi32>, constant,
                    initial_value = dense<3> : tensor<8xi32>}> : () -> ()
func.func @f(%a : memref<8xi32>, %b : memref<8xi32>, %n : i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %own = memref.alloc() : memref<8xi32>
  %shared = memref.alloc() : memref<8xi32>
  %t = memref.get_global @table : memref<8xi32>
  %s = scf.for %i = %c0 to %c8 step %c1 iter_args(%acc = %n) -> (i32) {
    %x = memref.load %a[%i] : memref<8xi32>
    %w = memref.load %t[%i] : memref<8xi32>
    %y = arith.addi %x, %w : i32
    memref.store %y, %own[%i] : memref<8xi32>
    %z = memref.load %own[%i] : memref<8xi32>
    memref.store %z, %shared[%i] : memref<8xi32>
    %next = arith.addi %acc, %z : i32
    scf.yield %next : i32
  } {gw.loop = ["i"]}
  scf.for %j = %c0 to %c8 step %c1 {
    %x = memref.load %shared[%j] : memref<8xi32>
    %y = arith.addi %x, %s : i32
    memref.store %y, %b[%j] : memref<8xi32>
  } {gw.loop = ["j"]}
  func.return
}
"""


def part(first: int, last: int) -> func.FuncOp:
    """The function of some of the loops."""
    module = Parser(context(), TEXT).parse_module()
    function = public_function(module)
    ops = list(function.body.block.ops)
    nests = [op for op in ops if isinstance(op, scf.ForOp)]
    begin, end = ops.index(nests[first]), ops.index(nests[last])
    found = isolated(function, ops[begin : end + 1])
    found.verify()
    return public_function(found)


def arguments(function: func.FuncOp) -> list[str | None]:
    return [argument.name_hint for argument in function.body.block.args]


def test_what_a_part_uses_is_an_argument_and_what_is_used_of_it_a_result():
    first = part(0, 0)
    assert arguments(first) == ["n", "a", "shared"]
    assert len(first.function_type.outputs) == 1
    second = part(1, 1)
    assert arguments(second) == ["shared", "s", "b"]
    assert not second.function_type.outputs.data


def test_arrays_that_nothing_else_uses_and_constants_are_its_own():
    first = part(0, 0)
    kinds = [type(op) for op in first.body.block.ops]
    assert kinds.count(memref.AllocOp) == 1 and kinds.count(memref.GetGlobalOp) == 1
    both = part(0, 1)
    assert arguments(both) == ["n", "a", "b"]
    assert [type(op) for op in both.body.block.ops].count(memref.AllocOp) == 2


def test_loops_keep_their_names():
    assert [label_of(loop) for loop in loops_in(part(0, 1))] == ["i", "j"]


def test_arguments_have_the_names_of_ports_and_arrays():
    names = [each.data["gw.name"].data for each in part(0, 0).arg_attrs]
    assert names == ["arg2", "arg0", "shared"]
