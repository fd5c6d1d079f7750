"""The ports of a top module."""

from __future__ import annotations

from gatewright.hardware.top import TopModule, legal_name, port_names
from gatewright.ir.interface import Parameter, Result, Signature
from gatewright.numbers import types


def signature(parameters: dict[str, types.Type], *results: types.Type) -> Signature:
    names = ["result"] if len(results) == 1 else [f"result_{k}" for k in range(len(results))]
    return Signature(
        tuple(Parameter(name, type_) for name, type_ in parameters.items()),
        tuple(Result(name, type_) for name, type_ in zip(names, results, strict=True)),
    )


def test_the_ports_are_those_of_the_contract():
    top = TopModule(
        "f",
        signature({"a": types.i32[8, 8], "n": types.u8}, types.i16, types.i64[3]),
        frozenset({"a"}),
        frozenset({"a", "result_1"}),
    )
    assert [(port.name, port.width, port.output) for port in top.ports()] == [
        ("clk", 1, False),
        ("rst", 1, False),
        ("start", 1, False),
        ("ready", 1, True),
        ("done", 1, True),
        ("n", 8, False),
        ("result_0", 16, True),
        ("a_read_address", 6, True),
        ("a_read_enable", 1, True),
        ("a_read_data", 32, False),
        ("a_write_address", 6, True),
        ("a_write_enable", 1, True),
        ("a_write_data", 32, True),
        ("result_1_write_address", 2, True),
        ("result_1_write_enable", 1, True),
        ("result_1_write_data", 64, True),
    ]


def test_an_array_of_one_element_has_an_address_of_one_bit():
    top = TopModule("f", signature({"a": types.i8[1]}), frozenset({"a"}), frozenset())
    assert top.arrays[0].address_width == 1


def test_names_that_cannot_be_ports_get_a_number():
    names = {"clk": types.i8, "reg": types.i8, "a": types.i8[2], "a_read_data": types.i8, "result": types.i8}
    parameters, results = port_names(signature(names, types.i8))
    assert parameters == ("clk_1", "reg_1", "a", "a_read_data_1", "result")
    assert results == ("result_1",)
    assert port_names(signature({"a_write_data": types.i8, "a": types.i8[2]}))[0] == ("a_write_data", "a_1")


def test_a_port_name_has_no_doubled_underscores_and_no_foreign_characters():
    assert [legal_name(name) for name in ("a__b", "größe", "_", "2x", "class", "in_")] == [
        "a_b",
        "gr_e",
        "x",
        "_2x",
        "class_1",
        "in",
    ]
    assert legal_name("x", {"x", "x_1"}) == "x_2"
