"""Elementary functions are faithful, at the edges what IEEE 754 says, and the hardware computes the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

import mpmath as mp
import numpy as np
import pytest
from float_samples import edges  # pyright: ignore[reportMissingImports]

from gatewright.devices.device import device_of
from gatewright.numbers import float_format as ieee
from gatewright.numbers.float_format import FORMATS, FloatFormat
from gatewright.operators import constants
from gatewright.operators.float_operators import FUNCTIONS, OF_TWO, build
from gatewright.operators.logic_values import LogicValues, LogicWord
from gatewright.simulate.model import Model

FORMS = ("f32", "f16", "bf16")
NAMES = sorted(FUNCTIONS.keys() - OF_TWO)
BOUND = 0.75
"""Units in the last place; one is what faithful means."""
INF, NAN = float("inf"), float("nan")

EXACT: dict[str, Callable[[mp.mpf], mp.mpf]] = {
    "exp": mp.exp,
    "exp2": lambda x: mp.mpf(2) ** x,
    "log": mp.log,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "rsqrt": lambda x: 1 / mp.sqrt(x),
    "tanh": mp.tanh,
    "erf": mp.erf,
    "logistic": lambda x: 1 / (1 + mp.exp(-x)),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
}

SPECIAL: dict[str, list[tuple[float, float]]] = {
    "exp": [(0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN)],
    "exp2": [(0.0, 1.0), (INF, INF), (-INF, 0.0), (3.0, 8.0), (NAN, NAN)],
    "log": [(0.0, -INF), (1.0, 0.0), (INF, INF), (-1.0, NAN), (-INF, NAN), (NAN, NAN)],
    "log2": [(0.0, -INF), (8.0, 3.0), (0.25, -2.0), (INF, INF), (-1.0, NAN), (NAN, NAN)],
    "rsqrt": [(0.0, INF), (-0.0, -INF), (4.0, 0.5), (INF, 0.0), (-1.0, NAN), (NAN, NAN)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN)],
    "erf": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN)],
    "logistic": [(0.0, 0.5), (INF, 1.0), (-INF, 0.0), (NAN, NAN)],
    "sin": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (NAN, NAN)],
    "cos": [(0.0, 1.0), (-INF, NAN), (NAN, NAN)],
    "tan": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (NAN, NAN)],
    "asin": [(0.0, 0.0), (-0.0, -0.0), (1.5, NAN), (-INF, NAN), (NAN, NAN)],
    "acos": [(1.0, 0.0), (1.5, NAN), (-INF, NAN), (NAN, NAN)],
    "atan": [(0.0, 0.0), (-0.0, -0.0), (NAN, NAN)],
    "gelu": [(0.0, 0.0), (-0.0, -0.0), (20.0, 20.0), (-20.0, -0.0), (INF, INF), (-INF, -0.0), (NAN, NAN)],
}


def bits_of(form: FloatFormat, value: float) -> int:
    return ieee.convert(FORMATS["f64"], form, int(np.float64(value).view(np.uint64)))


def value_of(form: FloatFormat, number: int) -> mp.mpf:
    integer, power = form.parts(number)
    return mp.ldexp(-integer if form.is_negative(number) else integer, power)


def apply(name: str, form: FloatFormat, numbers: list[int]) -> list[int]:
    found = FUNCTIONS[name](LogicValues(), form, LogicWord(np.array(numbers, dtype=object), form.width))
    return [int(number) for number in found.number]


@cache
def samples(form: FloatFormat, count: int) -> list[int]:
    """Edges, numbers of all exponents, and numbers of usual size, near 1 too."""
    drawn = random.Random(7)
    usual = [drawn.gauss(0, 1) * drawn.choice((1, 4, 30)) for _ in range(count)]
    near = [1 + drawn.gauss(0, 1) * 2.0 ** -drawn.randrange(25) for _ in range(count // 2)]
    return [*edges(form), *(drawn.getrandbits(form.width) for _ in range(count)),
            *(bits_of(form, value) for value in (*usual, *near))]  # fmt: skip


def error(form: FloatFormat, found: int, exact: mp.mpf) -> mp.mpf:
    """Units in the last place between a number and an exact value; beyond the largest number there is infinity."""
    limit = mp.ldexp(1, form.special - form.bias) * (1 - mp.ldexp(1, -form.mantissa - 1))
    if form.is_infinite(found):
        return mp.mpf(0) if abs(exact) >= limit else mp.inf
    exponent = max(mp.frexp(abs(exact))[1] - 1, 1 - form.bias) if exact else 1 - form.bias
    return abs(value_of(form, found) - exact) / mp.ldexp(1, exponent - form.mantissa)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_a_function_is_faithful(name: str, form: str):
    given = [n for n in samples(FORMATS[form], 300) if n & (FORMATS[form].sign_bit - 1) < FORMATS[form].infinity]
    worst = mp.mpf(0)
    with mp.workprec(160):
        for number, found in zip(given, apply(name, FORMATS[form], given), strict=True):
            x = value_of(FORMATS[form], number)
            if (name in ("log", "log2") and x <= 0) or (name == "rsqrt" and x <= 0):
                continue
            if name in ("asin", "acos") and abs(x) > 1:
                assert found == FORMATS[form].nan
                continue
            worst = max(worst, error(FORMATS[form], found, EXACT[name](x)))
    assert worst <= BOUND


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_exact_or_no_number(name: str, form: str):
    of = FORMATS[form]
    found = apply(name, of, [bits_of(of, given) for given, _ in SPECIAL[name]])
    assert found == [of.nan if value != value else bits_of(of, value) for _, value in SPECIAL[name]]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_the_hardware_computes_the_same(name: str, form: str):
    technology = device_of("generic").technology
    module = build(name, (form,), technology, 10.0 - technology.register - technology.setup)
    model = Model(module.text, module.name)
    model.power_on()
    given = samples(FORMATS[form], 60)
    found = []
    for number in (*given, *[0] * module.latency):
        found.append(model.get("result"))
        model.set("a", number)
        model.advance(1)
    found.append(model.get("result"))
    assert found[module.latency : module.latency + len(given)] == apply(name, FORMATS[form], given)


def test_the_constants_have_all_their_digits():
    with mp.workprec(400):
        for constant, exact in ((constants.LN2, mp.log(2)), (constants.LOG2_E, 1 / mp.log(2)),
                                (constants.TWO_BY_PI, 2 / mp.pi)):  # fmt: skip
            assert constant == int(mp.nint(exact * 2**constants.BITS))
