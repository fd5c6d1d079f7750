"""Stores under a predicate in the stage of a pipeline."""

from __future__ import annotations

import numpy as np
import pytest

import gatewright as gw

PROGRAM = """
func.func @below(%a: memref<8xi32>, %b: memref<8xi32>, %n: i32) {
  %c0 = arith.constant 0 : i5
  %c1 = arith.constant 1 : i5
  %c8 = arith.constant 8 : i5
  loopschedule.step {
    loopschedule.pipeline II = 1 trip_count = 8 iter_args(%i = %c0) : (i5) -> () {
      %c = arith.cmpi slt, %i, %c8 : i5
      loopschedule.register %c : i1
    } do {
      %j, %x, %y = loopschedule.pipeline.stage start = 0 {
        %k = arith.addi %i, %c1 : i5
        %ii = arith.index_cast %i : i5 to index
        %l = memref.load %a[%ii] : memref<8xi32>
        loopschedule.register %k, %ii, %l : i5, index, i32
      } : i5, index, i32
      loopschedule.pipeline.stage start = 1 {
        %p = arith.cmpi slt, %y, %n : i32
        loopschedule.step when %p {
          memref.store %y, %b[%x] : memref<8xi32>
          loopschedule.register
        }
        loopschedule.register
      }
      loopschedule.terminator iter_args(%j), results() : (i5) -> ()
    }
    loopschedule.register
  }
  return
}
"""


@pytest.mark.parametrize("level", ["schedule", "rtl"])
def test_a_store_takes_place_under_its_predicate_only(level: str):
    design = gw.compile(PROGRAM)
    a = np.array([5, -1, 2, 3, -7, 9, 0, 2], np.int32)
    b = np.full(8, 100, np.int32)
    run = design.run(a, b, np.int32(3), level=level)
    np.testing.assert_array_equal(b, np.where(a < 3, a, 100))
    assert run.cycles == 1 + 8 + 1
