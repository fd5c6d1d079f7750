"""Loops are pipelined at the interval that what they carry, in registers and memory, allows; then they still agree."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from gatewright.compiler.driver import run_passes
from gatewright.dialects.loopschedule.ops import PipelineOp
from gatewright.interpreters import loops, loopschedule
from gatewright.ir.context import context
from gatewright.ir.program import Program
from gatewright.machine.occupancy import interval_of
from gatewright.transforms.schedule.loops_to_schedule import LoopsToSchedulePass

LOOP = """
func.func @f(%a : memref<16xi32>, %b : memref<16xi32>, %x : i32, %y : i32) -> (i32, i32) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c8 = arith.constant 8 : index
  %r:2 = scf.for %i = %c0 to %c8 step %c1 iter_args(%s = %x, %t = %y) -> (i32, i32) {{
    {body}
  }}
  func.return %r#0, %r#1 : i32, i32
}}
"""

SWAP = """
    %v = memref.load %a[%i] : memref<16xi32>
    %w = arith.addi %s, %v : i32
    memref.store %w, %b[%i] : memref<16xi32>
    scf.yield %t, %s : i32, i32
"""

SUM = """
    %v = memref.load %a[%i] : memref<16xi32>
    %w = arith.addi %s, %v : i32
    scf.yield %w, %s : i32, i32
"""

PRODUCT = """
    %v = memref.load %a[%i] : memref<16xi32>
    %w = arith.muli %s, %v : i32
    scf.yield %w, %t : i32, i32
"""

THROUGH_MEMORY = """
    %v = memref.load %a[%i] : memref<16xi32>
    %w = arith.addi %v, %x : i32
    %j = arith.addi %i, {by} : index
    memref.store %w, %a[%j] : memref<16xi32>
    scf.yield %t, %w : i32, i32
"""

DIVISION = """
    %v = memref.load %a[%i] : memref<16xi32>
    %w = arith.divui %v, %y : i32
    %z = arith.muli %w, %w : i32
    memref.store %z, %b[%i] : memref<16xi32>
    scf.yield %s, %z : i32, i32
"""

ENDED_BY_DATA = """
func.func @f(%a : memref<16xi32>, %b : memref<16xi32>, %x : i32, %y : i32) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %true = arith.constant true
  %r:3 = scf.while (%g = %true, %k = %c0, %s = %x) : (i1, index, i32) -> (i1, index, i32) {
    scf.condition(%g) %g, %k, %s : i1, index, i32
  } do {
  ^bb0(%h : i1, %i : index, %t : i32):
    %v = memref.load %a[%i] : memref<16xi32>
    %q = arith.muli %v, %v : i32
    memref.store %q, %b[%i] : memref<16xi32>
    %n = arith.addi %i, %c1 : index
    %go = arith.cmpi slt, %q, %y : i32
    scf.yield %go, %n, %q : i1, index, i32
  }
  %last = arith.index_cast %r#1 : index to i32
  func.return %last, %r#2 : i32, i32
}
"""


def scheduled(module: ModuleOp, most_stores: int = 3) -> ModuleOp:
    copy = module.clone()
    run_passes(context(), copy, (LoopsToSchedulePass(most_stores=most_stores),))
    return copy


def intervals(module: ModuleOp) -> list[int]:
    return [op.interval for op in module.walk() if isinstance(op, PipelineOp)]


def agree(module: ModuleOp, y: int = 50) -> None:
    """The schedule computes what the loops do."""
    answers = []
    for level, program, interpreter in (("loops", module, loops), ("schedule", scheduled(module), loopschedule)):
        arrays = [np.arange(16, dtype=np.int32), np.zeros(16, np.int32)]
        scalars = [np.asarray(5, np.int32), np.asarray(y, np.int32)]
        outcome = interpreter.run(Program(level, program, "f"), [*arrays, *scalars])
        answers.append(([array.tolist() for array in arrays], [int(result) for result in outcome.results]))
    assert answers[0] == answers[1]


def parsed(text: str) -> ModuleOp:
    return Parser(context(), text).parse_module()


@pytest.mark.parametrize("body", [SWAP, SUM], ids=["swap", "sum"])
def test_an_iteration_starts_every_cycle(body: str):
    module = parsed(LOOP.format(body=body))
    assert intervals(scheduled(module)) == [1]
    agree(module)


@pytest.mark.parametrize(("by", "expected"), [("%c1", []), ("%c2", [1]), ("%c3", [1])])
def test_the_distance_through_memory_decides(by: str, expected: list[int]):
    """A load and a store take two cycles, so an element that the next iteration needs leaves nothing to overlap."""
    module = parsed(LOOP.format(body=THROUGH_MEMORY.format(by=by)))
    assert intervals(scheduled(module, most_stores=0)) == expected
    agree(module)


def test_an_element_that_the_next_iteration_needs_is_taken_from_the_last_store():
    module = parsed(LOOP.format(body=THROUGH_MEMORY.format(by="%c1")))
    assert intervals(scheduled(module)) == [1]
    agree(module)


def test_a_product_that_is_carried_takes_the_latency_of_the_multiplier():
    module = parsed(LOOP.format(body=PRODUCT))
    (interval,) = intervals(scheduled(module)) or (0,)
    assert interval != 1
    agree(module)


def test_a_divider_is_free_again_after_its_interval():
    module = parsed(LOOP.format(body=DIVISION))
    (interval,) = intervals(scheduled(module))
    divisions = [op for op in scheduled(module).walk() if op.name == "arith.divui"]
    assert interval == interval_of(divisions[0])
    agree(module)


@pytest.mark.parametrize("y", [0, 1, 50, 200])
def test_iterations_begun_before_the_end_is_known_leave_no_trace(y: int):
    agree(parsed(ENDED_BY_DATA), y)
