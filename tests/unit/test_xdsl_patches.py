"""Constants with zeros of both signs print, parse and count as what they are."""

from __future__ import annotations

import pytest
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, Float32Type, Float64Type, TensorType
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
