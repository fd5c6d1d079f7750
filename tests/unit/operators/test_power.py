"""Powers are faithful, their exact cases are those of C and NumPy, and the hardware computes the same."""

from __future__ import annotations

import random

import mpmath as mp
import numpy as np
import pytest

from gatewright.devices.device import device_of
from gatewright.numbers.float_arrays import float_bits, float_values
from gatewright.numbers.float_format import FORMATS, FloatFormat
from gatewright.operators.float_operators import build
from gatewright.operators.logic_values import LogicValues, LogicWord
from gatewright.operators.power import power
from gatewright.simulate.model import Model

FORMS = ("f32", "f16", "bf16", "f8E4M3")
BOUND = 0.75
"""Units in the last place; one is what faithful means."""


def apply(form: FloatFormat, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    given = (LogicWord(operand.astype(object), form.width) for operand in (a, b))
    return power(LogicValues(), form, *given).number.astype(a.dtype)


def edges(form: FloatFormat) -> np.ndarray:
    """Numbers at which something changes, and integers and what is between them."""
    unit, least = 2.0**-form.mantissa, 2.0 ** (1 - form.bias)
    found = [0, 1, 2, 3, 4, 5, 0.5, 0.25, 1.5, 2.5, 1 + unit, 1 - unit / 2, least, least * unit, np.inf, np.nan,
             1 / unit + 1, 2 / unit - 1, 2 / unit, 4 / unit, 2.0**form.bias, form.bias, form.bias + form.mantissa,
             form.bias + form.mantissa + 1, 100]  # fmt: skip
    return np.array([*found, *(-number for number in found)], dtype=np.float64)


@pytest.mark.parametrize("name", FORMS)
def test_the_exact_cases_are_those_of_numpy(name: str):
    form = FORMATS[name]
    a, b = (float_bits(form, side.ravel()) for side in np.meshgrid(edges(form), edges(form)))
    found = float_values(form, apply(form, a, b)).astype(np.float64)
    with np.errstate(all="ignore"):
        exact = np.power(*(float_values(form, side).astype(np.float64) for side in (a, b)))
        expected = float_values(form, float_bits(form, exact)).astype(np.float64)
        unit = np.maximum(np.abs(expected), 2.0 ** (1 - form.bias)) * 2.0**-form.mantissa
        near = np.isfinite(expected) & (np.abs(exact) != 1) & (np.abs(found - expected) <= unit)
    same = near | (found == expected) | (np.isnan(found) & np.isnan(expected))
    signs = np.isnan(expected) | (np.signbit(found) == np.signbit(expected))
    wrong = ~(same & signs)
    assert not wrong.any(), list(zip(a[wrong], b[wrong], found[wrong], expected[wrong], strict=True))


@pytest.mark.parametrize("name", FORMS)
def test_powers_are_faithful(name: str):
    form, drawn = FORMATS[name], random.Random(5)
    worst = mp.mpf(0)
    pairs = []
    for _ in range(400):
        base = abs(drawn.gauss(0, 1) * 2.0 ** drawn.randrange(1 - form.bias, form.bias))
        if drawn.random() < 0.5:
            base = 1 + drawn.gauss(0, 1) * 2.0 ** -drawn.randrange(1, form.mantissa + 2)
        base = float(float_values(form, float_bits(form, np.array([abs(base)])))[0])
        if base in (0.0, 1.0) or np.isinf(base):
            continue
        pairs.append((base, drawn.uniform(-1, 1) * (form.bias + form.mantissa) / np.log2(base)))
    a, b = (float_bits(form, np.array(side)) for side in zip(*pairs, strict=True))
    with mp.workprec(200):
        for x, y, found in zip(a.tolist(), b.tolist(), apply(form, a, b).tolist(), strict=True):
            if not form.is_infinite(y):
                worst = max(worst, error(form, found, mp.power(value_of(form, x), value_of(form, y))))
    assert worst <= BOUND


def value_of(form: FloatFormat, number: int) -> mp.mpf:
    integer, place = form.parts(number)
    return mp.ldexp(-integer if form.is_negative(number) else integer, place)


def error(form: FloatFormat, found: int, exact: mp.mpf) -> mp.mpf:
    limit = mp.ldexp(1, form.special - form.bias) * (1 - mp.ldexp(1, -form.mantissa - 1))
    if form.is_infinite(found):
        return mp.mpf(0) if exact >= limit else mp.inf
    exponent = max(mp.frexp(exact)[1] - 1, 1 - form.bias)
    return abs(value_of(form, found) - exact) / mp.ldexp(1, exponent - form.mantissa)


@pytest.mark.parametrize("name", FORMS)
def test_the_hardware_computes_the_same(name: str):
    form, technology, drawn = FORMATS[name], device_of("generic").technology, random.Random(9)
    module = build("powf", (name,), technology, 10.0 - technology.register - technology.setup)
    model = Model(module.text, module.name)
    model.power_on()
    some = float_bits(form, edges(form)).tolist()
    pairs = [(drawn.choice(some), drawn.choice(some)) for _ in range(60)]
    pairs += [(drawn.getrandbits(form.width), drawn.getrandbits(form.width)) for _ in range(60)]
    usual = float_bits(form, np.array([drawn.uniform(0, 4) for _ in range(120)])).tolist()
    pairs += zip(usual[::2], usual[1::2], strict=True)
    found = []
    for a, b in (*pairs, *[(0, 0)] * module.latency):
        found.append(model.get("result"))
        model.set("a", a)
        model.set("b", b)
        model.advance(1)
    found.append(model.get("result"))
    a, b = (np.array(side, dtype=np.uint64) for side in zip(*pairs, strict=True))
    assert found[module.latency : module.latency + len(pairs)] == apply(form, a, b).tolist()
