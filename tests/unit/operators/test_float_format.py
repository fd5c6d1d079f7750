"""The arithmetic of floating-point formats in integers is that of NumPy, bit for bit but for the payloads of NaNs."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from float_samples import edges, numbers  # pyright: ignore[reportMissingImports]

from gatewright.numbers import float_format as ieee
from gatewright.numbers.float_format import FloatFormat

FORMATS = {np.float16: FloatFormat(5, 10), np.float32: FloatFormat(8, 23), np.float64: FloatFormat(11, 52)}
BINARY = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide}


def as_numpy(kind: type[np.floating], values: list[int]) -> np.ndarray:
    return np.array(values, dtype=f"u{np.dtype(kind).itemsize}").view(kind)


def assert_same(form: FloatFormat, actual: list[int], expected: np.ndarray) -> None:
    bits = [int(value) for value in expected.view(f"u{expected.dtype.itemsize}")]
    for position, (one, other) in enumerate(zip(actual, bits, strict=True)):
        assert one == other or (form.is_nan(one) and form.is_nan(other)), (position, hex(one), hex(other))


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", BINARY)
def test_sums_products_and_quotients_are_those_of_numpy(kind: type[np.floating], name: str):
    form = FORMATS[kind]
    special = edges(form)
    pairs = [(a, b) for a in special for b in special]
    pairs += list(zip(numbers(form, 4000, 1), numbers(form, 4000, 2), strict=True))
    operation: Callable[[FloatFormat, int, int], int] = getattr(ieee, name)
    expected = BINARY[name](as_numpy(kind, [a for a, _ in pairs]), as_numpy(kind, [b for _, b in pairs]))
    assert_same(form, [operation(form, a, b) for a, b in pairs], expected)


@pytest.mark.parametrize("kind", FORMATS)
def test_square_roots_are_those_of_numpy(kind: type[np.floating]):
    form = FORMATS[kind]
    given = numbers(form, 4000, 3)
    assert_same(form, [ieee.square_root(form, a) for a in given], np.sqrt(as_numpy(kind, given)))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("other", FORMATS)
def test_conversions_between_formats_are_those_of_numpy(kind: type[np.floating], other: type[np.floating]):
    given = numbers(FORMATS[kind], 4000, 4)
    expected = as_numpy(kind, given).astype(other)
    assert_same(FORMATS[other], [ieee.convert(FORMATS[kind], FORMATS[other], a) for a in given], expected)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("integer", [np.int8, np.uint16, np.int32, np.uint32, np.int64, np.uint64])
def test_conversions_from_integers_and_back_are_those_of_numpy(kind: type[np.floating], integer: type[np.integer]):
    form, limits = FORMATS[kind], np.iinfo(integer)
    random = np.random.default_rng(5)
    drawn = random.integers(limits.min, limits.max, 2000, integer, endpoint=True)
    given = np.concatenate([[limits.min, limits.max, 0, 1], drawn, drawn >> (limits.bits // 2)]).astype(integer)
    floats = given.astype(kind)
    assert_same(form, [ieee.from_integer(form, int(value)) for value in given], floats)
    inside = [int(n) for n in floats.view(f"u{floats.dtype.itemsize}") if not form.is_infinite(int(n))]
    back = [ieee.to_integer(form, n, int(limits.min), int(limits.max)) for n in inside]
    exact = [min(max(int(float(value)), int(limits.min)), int(limits.max)) for value in as_numpy(kind, inside)]
    assert back == exact


@pytest.mark.parametrize("kind", FORMATS)
def test_comparisons_are_those_of_numpy(kind: type[np.floating]):
    form = FORMATS[kind]
    pairs = [(a, b) for a in edges(form) for b in edges(form)]
    left, right = as_numpy(kind, [a for a, _ in pairs]), as_numpy(kind, [b for _, b in pairs])
    found = [ieee.compare(form, a, b) for a, b in pairs]
    for name, expected in (("lt", left < right), ("eq", left == right), ("gt", left > right)):
        assert [each == name for each in found] == expected.tolist()


def test_a_product_and_a_sum_are_rounded_once():
    """In a format so small that doubles hold every product and sum of it exactly, or with the right tie."""
    form, double = FloatFormat(4, 3), FloatFormat(11, 52)
    every = range(1 << form.width)
    wide = {a: ieee.convert(form, double, a) for a in every}
    for a in every[::3]:
        for b in every[::5]:
            product = ieee.multiply(double, wide[a], wide[b])
            for c in every[::7]:
                expected = ieee.convert(double, form, ieee.add(double, product, wide[c]))
                actual = ieee.multiply_add(form, a, b, c)
                assert actual == expected, (a, b, c)
