"""The angle of a point: faithful in every direction, and as IEEE 754 has it where coordinates are 0 or infinite."""

from __future__ import annotations

import random
from itertools import product

import mpmath as mp
import numpy as np
import pytest

from gatewright.devices.device import device_of
from gatewright.numbers.float_format import FORMATS, FloatFormat
from gatewright.operators import constants
from gatewright.operators.arctangent import PI, arc_tangent_of_two
from gatewright.operators.float_operators import build
from gatewright.operators.logic_values import LogicValues, LogicWord
from gatewright.simulate.model import Model

FORMS = ("f32", "f16", "bf16")
BOUND = 0.75
"""Units in the last place; one is what faithful means."""


def value_of(form: FloatFormat, number: int) -> mp.mpf:
    integer, power = form.parts(number)
    return mp.ldexp(-integer if form.is_negative(number) else integer, power)


def angles(form: FloatFormat, ordinates: list[int], abscissas: list[int]) -> list[int]:
    given = (LogicWord(np.array(each, dtype=object), form.width) for each in (ordinates, abscissas))
    return [int(number) for number in arc_tangent_of_two(LogicValues(), form, *given).number]


def drawn_points(form: FloatFormat, count: int) -> tuple[list[int], list[int]]:
    """Finite coordinates other than 0: of all exponents, and of about the same size."""
    drawn = random.Random(11)

    def number(low: int, high: int) -> int:
        return drawn.randrange(low, high) | drawn.getrandbits(1) << form.width - 1

    near = form.bias - 3 << form.mantissa, form.bias + 3 << form.mantissa
    ranges = [(1, form.infinity)] * count + [near] * count
    return [number(*each) for each in ranges], [number(*each) for each in ranges]


@pytest.mark.parametrize("name", FORMS)
def test_an_angle_is_faithful(name: str):
    form = FORMATS[name]
    ordinates, abscissas = drawn_points(form, 400)
    with mp.workprec(160):
        for y, x, found in zip(ordinates, abscissas, angles(form, ordinates, abscissas), strict=True):
            exact = mp.atan2(value_of(form, y), value_of(form, x))
            exponent = max(mp.frexp(abs(exact))[1] - 1, 1 - form.bias)
            assert abs(value_of(form, found) - exact) <= BOUND * mp.ldexp(1, exponent - form.mantissa), (y, x)


@pytest.mark.parametrize("name", FORMS)
def test_zeros_infinities_and_nans(name: str):
    form = FORMATS[name]
    one = form.bias << form.mantissa
    magnitudes = {0.0: 0, 1.0: one, float("inf"): form.infinity}
    coordinates = {
        sign * value: number | (sign < 0) << form.width - 1 for value, number in magnitudes.items() for sign in (1, -1)
    }
    signed = [(0.0, 0), (-0.0, form.sign_bit), *((v, n) for v, n in coordinates.items() if v)]
    for (y, of_y), (x, of_x) in product(signed, signed):
        (found,) = angles(form, [of_y], [of_x])
        exact = np.arctan2(y, x)
        assert form.is_negative(found) == np.signbit(exact), (y, x)
        assert abs(float(value_of(form, found)) - exact) <= 2.0 ** (1 - form.mantissa), (y, x)
    assert angles(form, [form.nan, one], [one, form.nan]) == [form.nan, form.nan]


@pytest.mark.parametrize("name", FORMS)
def test_the_hardware_computes_the_same(name: str):
    form, technology = FORMATS[name], device_of("generic").technology
    module = build("atan2", (name,), technology, 10.0 - technology.register - technology.setup)
    model = Model(module.text, module.name)
    model.power_on()
    ordinates, abscissas = drawn_points(form, 20)
    found = []
    for y, x in zip([*ordinates, *[0] * module.latency], [*abscissas, *[0] * module.latency], strict=True):
        found.append(model.get("result"))
        model.set("a", y)
        model.set("b", x)
        model.advance(1)
    found.append(model.get("result"))
    assert found[module.latency : module.latency + len(ordinates)] == angles(form, ordinates, abscissas)


def test_pi_has_all_its_digits():
    with mp.workprec(400):
        assert int(mp.nint(mp.pi * 2**constants.BITS)) == PI
