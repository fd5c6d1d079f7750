"""The values that the command line hands to a program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gatewright.errors import GatewrightError
from gatewright.ir.interface import Parameter, Signature, to_raw
from gatewright.numbers import types
from gatewright.tools.inputs import example, load_arrays, parse_types, random_arrays


def test_types_are_separated_by_commas_outside_brackets():
    text = "i32[8,8],u7, fixed<16,8>[4] ,bool,fixed<8,-2>"
    assert parse_types(text) == (
        types.i32[8, 8], types.uint(7), types.fixed(16, 8)[4], types.bool_, types.fixed(8, -2)
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "i32[]", "i32[8", "[8]", "i32[a]", "float", "i32[0]", "i32,,u8"])
def test_what_is_no_type_is_an_error(text: str):
    with pytest.raises(GatewrightError):
        parse_types(text)


def test_a_type_of_numpy_becomes_an_example_array():
    array = example(types.u8[2, 3])
    assert isinstance(array, np.ndarray) and array.shape == (2, 3) and array.dtype == np.uint8
    assert example(types.fixed(16, 8)) == types.fixed(16, 8)


def test_arrays_of_a_file_are_taken_by_name(tmp_path: Path):
    np.savez(tmp_path / "x.npz", b=np.arange(3), a=np.arange(2))
    assert [array.size for array in load_arrays(tmp_path / "x.npz", ["a", "b"])] == [2, 3]


def test_arrays_of_a_file_with_other_names_are_taken_in_order(tmp_path: Path):
    np.savez(tmp_path / "x.npz", np.arange(3), np.arange(2))
    assert [array.size for array in load_arrays(tmp_path / "x.npz", ["a", "b"])] == [3, 2]


def test_random_arguments_fit_their_types_and_repeat():
    parameters = [types.i8[100], types.uint(64)[100], types.bool_[100], types.fixed(8, 4)[100], types.fixed(8, 9)[9],
                  types.fixed(8, -3)[9], types.u32, types.int_(3)]  # fmt: skip
    signature = Signature(tuple(Parameter(f"p{k}", type_) for k, type_ in enumerate(parameters)), ())
    first, second = random_arrays(signature, 1), random_arrays(signature, 1)
    for parameter, value, again in zip(signature.parameters, first, second, strict=True):
        to_raw(value, parameter.type, parameter.name)
        np.testing.assert_array_equal(value, again)
    assert first[0].min() < -100 and first[0].max() > 100
    assert len(np.unique(first[3])) > 10 and np.abs(first[3]).max() <= 1
    assert not np.array_equal(first[0], random_arrays(signature, 2)[0])
