"""MLIR text at each level compiles, and what the compiler prints compiles again to the same hardware."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gatewright as gw

VADD = """
func.func @vadd(%a: memref<8xi32>, %b: memref<8xi32>, %c: memref<8xi32>) {
  affine.for %i = 0 to 8 {
    %0 = affine.load %a[%i] : memref<8xi32>
    %1 = affine.load %b[%i] : memref<8xi32>
    %2 = arith.addi %0, %1 : i32
    affine.store %2, %c[%i] : memref<8xi32>
  }
  return
}
"""

SCHEDULED = """
func.func @double(%a: memref<4xi32>, %b: memref<4xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  ls.seq_while iter_args(%i = %c0) : (index) -> () {
    %more = arith.cmpi slt, %i, %c4 : index
    ls.register %more : i1
  } do {
    %x:2 = ls.step {
      %next = arith.addi %i, %c1 : index
      %v = memref.load %a[%i] : memref<4xi32>
      ls.register %next, %v : index, i32
    } : index, i32
    ls.step {
      %w = arith.addi %x#1, %x#1 : i32
      memref.store %w, %b[%i] : memref<4xi32>
      ls.register
    }
    ls.terminator iter_args(%x#0), results() : (index) -> ()
  }
  return
}
"""

MATRIX_PRODUCT = """
func.func private @zeros() -> tensor<2x2xi32> {
  %zero = arith.constant 0 : i32
  %empty = tensor.empty() : tensor<2x2xi32>
  %filled = linalg.fill ins(%zero : i32) outs(%empty : tensor<2x2xi32>) -> tensor<2x2xi32>
  return %filled : tensor<2x2xi32>
}
func.func @product(%left: tensor<2x3xi32>, %right: tensor<3x2xi32>) -> tensor<2x2xi32> {
  %start = func.call @zeros() : () -> tensor<2x2xi32>
  %result = linalg.matmul ins(%left, %right : tensor<2x3xi32>, tensor<3x2xi32>)
                          outs(%start : tensor<2x2xi32>) -> tensor<2x2xi32>
  return %result : tensor<2x2xi32>
}
"""

ON_BUFFERS = """
func.func @product(%left: memref<2x3xi32>, %right: memref<3x2xi32>) -> (i32, memref<2x2xi32>) {
  %zero = arith.constant 0 : i32
  %sum = memref.alloc() : memref<2x2xi32>
  linalg.fill ins(%zero : i32) outs(%sum : memref<2x2xi32>)
  linalg.matmul ins(%left, %right : memref<2x3xi32>, memref<3x2xi32>) outs(%sum : memref<2x2xi32>)
  %c1 = arith.constant 1 : index
  %corner = memref.load %sum[%c1, %c1] : memref<2x2xi32>
  return %corner, %sum : i32, memref<2x2xi32>
}
"""

REAL = """
func.func @line(%x: tensor<4xf32>) -> tensor<4xf32> {
  %slope = arith.constant 1.5 : f32
  %empty = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                       iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%empty : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %product = arith.mulf %in, %slope : f32
    linalg.yield %product : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}
"""

ROOT = """
func.func @root(%x: i32) -> i32 {
  %r = gw.isqrt %x : i32
  return %r : i32
}
"""


def test_affine_loops_compile_under_the_names_in_the_text(tmp_path: Path):
    file = tmp_path / "vadd.mlir"
    file.write_text(VADD)
    design = gw.compile(file)
    assert str(design.signature) == "(a: i32[8], b: i32[8], c: i32[8]) -> ()"
    assert design.levels == ("loops", "schedule", "rtl", "verilog")
    a, b = np.arange(8, dtype=np.int32), np.arange(8, 16, dtype=np.int32)
    for level in design.levels[:-1]:
        c = np.zeros(8, np.int32)
        design.run(a, b, c, level=level)
        np.testing.assert_array_equal(c, a + b, err_msg=level)


def test_a_schedule_compiles_as_it_is():
    design = gw.compile(SCHEDULED)
    assert design.levels == ("schedule", "rtl", "verilog")
    a, b = np.arange(4, dtype=np.int32), np.zeros(4, np.int32)
    predicted = design.run(a, b, level="schedule").cycles
    np.testing.assert_array_equal(b, 2 * a)
    b[:] = 0
    assert design.run(a, b).cycles == predicted
    np.testing.assert_array_equal(b, 2 * a)


@pytest.mark.parametrize("level", ["tensor", "loops", "schedule", "rtl"])
def test_linalg_on_tensors_compiles_with_its_calls_inlined(level: str):
    design = gw.compile(MATRIX_PRODUCT)
    left, right = np.arange(6, dtype=np.int32).reshape(2, 3), np.arange(6, dtype=np.int32).reshape(3, 2)
    assert str(design.signature) == "(left: i32[2, 3], right: i32[3, 2]) -> (i32[2, 2])"
    np.testing.assert_array_equal(design.run(left, right, level=level).outputs[0], left @ right)


def test_arrays_that_are_returned_become_results():
    design = gw.compile(ON_BUFFERS, name="mm")
    left, right = np.arange(6, dtype=np.int32).reshape(2, 3), np.arange(6, dtype=np.int32).reshape(3, 2)
    assert (design.name, str(design.signature)) == ("mm", "(left: i32[2, 3], right: i32[3, 2]) -> (i32, i32[2, 2])")
    corner, whole = design(left, right)
    np.testing.assert_array_equal(whole, left @ right)
    assert corner == (left @ right)[1, 1]


def test_real_numbers_on_tensors_are_floats_or_have_a_format():
    given = np.array([1.0, -2.0, 0.125, 1000.0], np.float32)
    np.testing.assert_array_equal(gw.compile(REAL)(given), np.float32(1.5) * given)
    design = gw.compile(REAL, precision="fixed<12,4>")
    np.testing.assert_array_equal(design(np.array([1.0, -2.0, 0.125, 1000.0])), [1.5, -3.0, 0.1875, 127.9375])


def test_operations_of_our_own_may_stand_among_loops():
    design = gw.compile(ROOT)
    assert design.levels[0] == "loops"
    assert [design(x) for x in (0, 15, 16, 1_000_000)] == [0, 3, 4, 1000]


@pytest.mark.parametrize("level", ["tensor", "loops", "schedule"])
def test_what_a_level_prints_compiles_to_the_same_hardware(level: str):
    design = gw.compile(REAL, precision="fixed<12,4>")
    again = gw.compile(design.ir(level))
    assert again.levels[0] == level
    x = np.array([1.0, -2.0, 0.125, 1000.0])
    first, second = design.run(x), again.run(x)
    np.testing.assert_array_equal(first.outputs[0], second.outputs[0])
    assert first.cycles == second.cycles
