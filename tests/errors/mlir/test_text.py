"""What is said of MLIR text that cannot be compiled, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

import gatewright as gw


def text_of(source: str | Path, **options: object) -> str:
    """The message that compiling a text or file ends with."""
    with pytest.raises(gw.GatewrightError) as raised:
        gw.compile(source, **options)
    return str(raised.value)


def test_a_missing_file():
    assert text_of("nowhere.mlir") == "cannot read nowhere.mlir\n  there is no such file"


def test_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("folder.mlir").mkdir()
    assert text_of("folder.mlir") == "cannot read folder.mlir\n  is a directory"


def test_a_file_that_is_not_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("image.mlir").write_bytes(b"\x89PNG\xff\xfe")
    assert text_of("image.mlir") == "cannot read image.mlir\n  it is not text"


def test_a_truncated_file(tmp_path: Path):
    file = tmp_path / "vadd.mlir"
    file.write_text("func.func @vadd(%a: memref<8xi32>) {\n  affine.for %i = 0 to 8 {\n")
    assert text_of(file) == (
        """\
vadd.mlir:2: this is not MLIR: expected operation name in quotes
    2 |   affine.for %i = 0 to 8 {
      |                           ^"""
    )


def test_a_value_that_is_not_defined():
    source = "func.func @f(%a: i32) -> i32 {\n  %b = arith.addi %a, %q : i32\n  return %b : i32\n}"
    assert text_of(source) == (
        """\
<mlir>:2: this is not MLIR: use of undeclared SSA value name
    2 |   %b = arith.addi %a, %q : i32
      |                       ^"""
    )


def test_types_that_do_not_fit():
    source = "func.func @f(%a: i32, %b: i8) -> i32 {\n  %c = arith.addi %a, %b : i32\n  return %c : i32\n}"
    assert text_of(source) == (
        """\
<mlir>:2: this is not MLIR: use of value '%b' expects different type than prior uses: 'i32' vs 'i8'
    2 |   %c = arith.addi %a, %b : i32
      |                       ^"""
    )


def test_a_schedule_with_a_mistake_of_form():
    source = "func.func @f(%a: i32) {\n  ls.step {\n    %0 = arith.addi %a : i32\n    ls.register\n  }\n  return\n}"
    assert text_of(source) == (
        """\
<mlir>:3: this is not MLIR: expected ','
    3 |     %0 = arith.addi %a : i32
      |                        ^"""
    )


def test_a_schedule_that_breaks_a_rule():
    source = "func.func @f(%a: i32) {\n  %0 = arith.addi %a, %a : i32\n  ls.step {\n    ls.register\n  }\n  return\n}"
    assert text_of(source) == (
        """\
<mlir> is not a valid program: arith.addi is in no step and so starts in no cycle: a scheduled function holds steps, \
loops, constants and allocations"""
    )


def test_floats():
    source = "func.func @f(%a: memref<4xf80>) {\n  return\n}"
    assert text_of(source) == (
        """\
<mlir>:1: memref<4xf80> has no hardware
    1 | func.func @f(%a: memref<4xf80>) {
      |              ^
  floating-point numbers are f8E5M2, f8E4M3, f8E3M4, f16, bf16, tf32, f32, f64"""
    )


def test_an_operation_without_hardware():
    source = "func.func @f(%a: i32) -> i32 {\n  %b = math.ctpop %a : i32\n  return %b : i32\n}"
    assert text_of(source) == (
        """\
<mlir>:2: math.ctpop has no hardware
    2 |   %b = math.ctpop %a : i32
      |        ^"""
    )


def test_an_array_without_a_size():
    source = "func.func @f(%a: memref<?xi32>) {\n  return\n}"
    assert text_of(source) == (
        """\
<mlir>:1: memref<?xi32> has no size that is known at compile time
    1 | func.func @f(%a: memref<?xi32>) {
      |              ^"""
    )


def test_an_array_with_a_layout():
    source = "func.func @f(%a: memref<8xi32, strided<[2]>>) {\n  return\n}"
    assert text_of(source) == (
        """\
<mlir>:1: memref<8xi32, strided<[2]>> has a layout
    1 | func.func @f(%a: memref<8xi32, strided<[2]>>) {
      |              ^
  arrays are stored row by row"""
    )


def test_recursion():
    source = "func.func @f(%a: i32) -> i32 {\n  %b = func.call @f(%a) : (i32) -> i32\n  return %b : i32\n}"
    assert text_of(source) == (
        """\
<mlir>:2: the call of @f cannot be inlined
    2 |   %b = func.call @f(%a) : (i32) -> i32
      |        ^
  a function that calls itself has no hardware, and one without a body is unknown"""
    )


def test_two_functions():
    source = "func.func @f() {\n  return\n}\nfunc.func @g() {\n  return\n}"
    assert text_of(source) == (
        """\
the text has 2 public functions (@f, @g)
  one function becomes the top module
  help: mark the others private, or name one with name=..."""
    )


def test_no_function():
    assert text_of("module {\n}") == (
        """\
the text has no public function
  one function becomes the top module
  help: write a func.func"""
    )


def test_a_loop_that_carries_arrays():
    source = """\
func.func @f(%a: memref<4xi32>, %b: memref<4xi32>, %k: i1) -> i32 {
  %c0 = arith.constant 0 : index
  %x = arith.select %k, %a, %b : memref<4xi32>
  %r = memref.load %x[%c0] : memref<4xi32>
  return %r : i32
}"""
    assert text_of(source) == (
        """\
<mlir>:3: arith.select gives an array
    3 |   %x = arith.select %k, %a, %b : memref<4xi32>
      |        ^
  which memory an operation accesses must be known at compile time
  help: copy the elements into one array on every path"""
    )
