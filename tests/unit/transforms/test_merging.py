"""Accesses are merged where they take turns, and where that moves none of them past another of the same element."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects import memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from gatewright.interpreters import loops
from gatewright.ir.context import context
from gatewright.ir.program import Program
from gatewright.transforms.schedule.merging import merge_accesses

LOOP = """
func.func @f(%a : memref<8xi32>, %b : memref<8xi32>, %x : i32, %y : i32, %z : i32) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c7 = arith.constant 7 : index
  %c8 = arith.constant 8 : index
  %r = scf.while (%k = %c0) : (index) -> (index) {{
    %go = arith.cmpi slt, %k, %c8 : index
    scf.condition(%go) %k : index
  }} do {{
  ^bb0(%i : index):
    %p = arith.cmpi slt, %i, %c4 : index
    %q = arith.cmpi sge, %i, %c4 : index
    %m = arith.subi %c7, %i : index
    {body}
    %n = arith.addi %i, %c1 : index
    scf.yield %n : index
  }}
  func.return
}}
"""

TWO_STORES = """
    scf.if %p { memref.store %x, %a[%i] : memref<8xi32> }
    scf.if %q { memref.store %y, %a[%m] : memref<8xi32> }
"""

TWO_LOADS = """
    %u = memref.load %a[%i] : memref<8xi32>
    %v = arith.select %p, %u, %x : i32
    %w = memref.load %a[%m] : memref<8xi32>
    %s = arith.select %q, %w, %v : i32
    memref.store %s, %b[%i] : memref<8xi32>
"""

A_STORE_BETWEEN = """
    %u = memref.load %a[%i] : memref<8xi32>
    %v = arith.select %p, %u, %x : i32
    memref.store %y, %a[%m] : memref<8xi32>
    %w = memref.load %a[%m] : memref<8xi32>
    %s = arith.select %q, %w, %v : i32
    memref.store %s, %b[%i] : memref<8xi32>
"""

STORES_THAT_FOLLOW = """
    scf.if %p {
      memref.store %x, %a[%i] : memref<8xi32>
      memref.store %y, %a[%i] : memref<8xi32>
    }
    scf.if %q { memref.store %z, %a[%m] : memref<8xi32> }
"""

STORES_IN_FRONT = """
    scf.if %p { memref.store %z, %a[%m] : memref<8xi32> }
    scf.if %q {
      memref.store %x, %a[%i] : memref<8xi32>
      memref.store %y, %a[%i] : memref<8xi32>
    }
"""

TURNS_OUTSIDE = """
    %far = arith.addi %i, %c8 : index
    %u = memref.load %a[%far] : memref<8xi32>
    %v = arith.select %p, %u, %x : i32
    %w = memref.load %a[%i] : memref<8xi32>
    %s = arith.select %p, %w, %y : i32
    memref.store %s, %b[%i] : memref<8xi32>
"""


def loop_with(body: str) -> tuple[ModuleOp, scf.WhileOp]:
    module = Parser(context(), LOOP.format(body=body)).parse_module()
    return module, next(op for op in module.walk() if isinstance(op, scf.WhileOp))


def count(module: ModuleOp, kind: type) -> int:
    return sum(isinstance(op, kind) for op in module.walk())


def answers(module: ModuleOp) -> list[list[int]]:
    arrays = [np.arange(10, 18, dtype=np.int32), np.zeros(8, np.int32)]
    loops.run(Program("loops", module, "f"), [*arrays, *(np.asarray(number, np.int32) for number in (1, 2, 3))])
    return [array.tolist() for array in arrays]


def test_stores_that_take_turns_become_one():
    module, loop = loop_with(TWO_STORES)
    expected = answers(module.clone())
    assert merge_accesses(loop, (memref.StoreOp,))[0]
    assert count(module, memref.StoreOp) == 1
    assert answers(module) == expected


def test_loads_that_take_turns_become_one():
    module, loop = loop_with(TWO_LOADS)
    expected = answers(module.clone())
    assert merge_accesses(loop, (memref.LoadOp,))[0]
    assert count(module, memref.LoadOp) == 1
    assert answers(module) == expected


def test_only_accesses_of_the_given_kind_are_merged():
    _, loop = loop_with(TWO_LOADS)
    assert not merge_accesses(loop, (memref.StoreOp,))[0]


def test_a_load_is_not_moved_past_a_store_of_its_element():
    module, loop = loop_with(A_STORE_BETWEEN)
    assert not merge_accesses(loop, (memref.LoadOp,))[0]
    assert count(module, memref.LoadOp) == 2


@pytest.mark.parametrize("body", [STORES_THAT_FOLLOW, STORES_IN_FRONT])
def test_of_two_stores_to_an_element_the_second_stays_behind_the_first(body: str):
    module, loop = loop_with(body)
    expected = answers(module.clone())
    merge_accesses(loop, (memref.StoreOp,))
    module.verify()
    assert answers(module) == expected


def test_a_load_outside_the_array_still_takes_its_turn():
    _, loop = loop_with(TURNS_OUTSIDE)
    assert not merge_accesses(loop, (memref.LoadOp,))[0]
