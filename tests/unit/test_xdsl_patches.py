"""What xDSL prints is what it has, and parses back."""

from __future__ import annotations

import pytest
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FileLineColLoc,
    Float32Type,
    Float64Type,
    IntAttr,
    StringAttr,
    TensorType,
)
from xdsl.parser import Parser

from gatewright.ir.context import context


@pytest.mark.parametrize("element", [Float32Type(), Float64Type()], ids=str)
@pytest.mark.parametrize("values", [[0.0, -0.0, 0.0], [-0.0, 0.0], [-0.0, -0.0], [0.0] * 200, [0.0] * 200 + [-0.0]])
def test_a_dense_attribute_is_read_as_it_was_printed(element: Float32Type | Float64Type, values: list[float]):
    attribute = DenseIntOrFPElementsAttr.from_list(TensorType(element, [len(values)]), values)
    again = Parser(context(), str(attribute)).parse_attribute()
    assert isinstance(again, DenseIntOrFPElementsAttr)
    assert list(map(str, again.get_values())) == list(map(str, values))
    assert attribute.is_splat() == (len(set(map(str, values))) == 1)


@pytest.mark.parametrize("text", ["réseau", "日本", 'a "word" \\ é'])
def test_letters_of_all_alphabets_are_read_as_they_were_printed(text: str):
    for attribute in (StringAttr(text), FileLineColLoc(StringAttr(text), IntAttr(3), IntAttr(0))):
        again = Parser(context(), str(attribute)).parse_attribute()
        assert again == attribute


@pytest.mark.parametrize(
    "text",
    [
        "arith.cmpi slt, %i, %j {NOTE} : i32",
        "arith.cmpf olt, %f, %g {NOTE} : f32",
        "arith.cmpf oeq, %f, %g fastmath<nnan,ninf> {NOTE} : f32",
        "arith.addi %i, %j {NOTE} : i32",
        "arith.negf %f {NOTE} : f32",
        "arith.extf %f {NOTE} : f32 to f64",
        "arith.truncf %f {NOTE} : f32 to f16",
        "arith.sitofp %i {NOTE} : i32 to f32",
        "arith.fptosi %f {NOTE} : f32 to i32",
        "arith.extsi %i {NOTE} : i32 to i64",
        "arith.trunci %i {NOTE} : i32 to i8",
        "arith.index_cast %i {NOTE} : i32 to index",
        "arith.bitcast %i {NOTE} : i32 to f32",
        "math.sqrt %f {NOTE} : f32",
        "math.absf %f {NOTE} : f32",
        "math.copysign %f, %g {NOTE} : f32",
        "gw.isqrt %i {NOTE} : i32",
    ],
)
def test_the_notes_of_an_operation_are_printed(text: str):
    noted = text.replace("NOTE", "gw.registers = 2 : i64")
    function = f"func.func @f(%i: i32, %j: i32, %f: f32, %g: f32) {{\n %r = {noted}\n func.return }}"
    module = Parser(context(), function).parse_module()
    assert str(Parser(context(), str(module)).parse_module()) == str(module)
    assert str(module).count("gw.registers = 2") == 1
