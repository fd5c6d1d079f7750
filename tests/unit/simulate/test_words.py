"""Raw arrays to memory words and back."""

from __future__ import annotations

import numpy as np
import pytest

from gatewright.hardware.words import from_words, poison, to_words
from gatewright.numbers import types


@pytest.mark.parametrize("width", [1, 2, 7, 8, 9, 16, 31, 32, 33, 63, 64])
@pytest.mark.parametrize("signed", [True, False])
def test_words_give_back_their_values(width: int, signed: bool):
    scalar = types.Integer(width, signed)
    values = [scalar.minimum, scalar.maximum, 0, scalar.maximum // 3, scalar.minimum // 3]
    raw = np.array(values, scalar.raw_dtype)
    words = to_words(raw, width)
    assert words.dtype.kind == "u" and words.tolist() == [value & ((1 << width) - 1) for value in values]
    back = from_words(words, scalar)
    assert back.dtype == raw.dtype and back.tolist() == values


def test_fixed_point_and_truth_values_are_words_too():
    fixed = types.Fixed(12, 4)
    raw = np.array([[-2048, 2047], [-1, 0]], np.int16)
    np.testing.assert_array_equal(from_words(to_words(raw, 12), fixed).reshape(2, 2), raw)
    np.testing.assert_array_equal(from_words(to_words(np.array([True, False]), 1), types.bool_), [True, False])


def test_noise_fits_its_width_and_is_always_the_same():
    assert poison(100, 5).max() < 32
    assert poison(4, 32).tolist() == poison(9, 32)[:4].tolist()
