"""Measure how far the elementary functions are off, in units of the last place.

    python benchmarks/elementary.py [--points 1000000] [--formats f32,f16,bf16]

Each function is computed by the description that its hardware is made of (tests/unit/operators/test_elementary.py
compares the two) on numbers of all exponents and of usual size, then compared with double precision; where that
differs most, and at the edges, with mpmath. The largest error is that of mpmath. Of 16 bits every number is a point;
powers have an exponent for each.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import mpmath as mp
import numpy as np
from rich.console import Console
from rich.table import Table

from gatewright.numbers.float_arrays import float_bits, float_values
from gatewright.numbers.float_format import FORMATS, FloatFormat
from gatewright.operators.float_operators import FUNCTIONS, OF_TWO
from gatewright.operators.logic_values import LogicValues, LogicWord

CHUNK = 1 << 16
CLOSEST = 200
"""Of each chunk so many points, those that differ most from double precision, are compared with mpmath."""

EXACT: dict[str, tuple[Callable[..., mp.mpf], Callable[..., np.ndarray]]] = {
    "exp": (mp.exp, np.exp),
    "exp2": (lambda x: mp.mpf(2) ** x, np.exp2),
    "log": (mp.log, np.log),
    "log2": (lambda x: mp.log(x) / mp.log(2), np.log2),
    "rsqrt": (lambda x: 1 / mp.sqrt(x), lambda x: 1 / np.sqrt(x)),
    "sin": (mp.sin, np.sin),
    "cos": (mp.cos, np.cos),
    "tan": (mp.tan, np.tan),
    "asin": (lambda x: mp.asin(x).real, np.arcsin),
    "acos": (lambda x: mp.acos(x).real, np.arccos),
    "atan": (mp.atan, np.arctan),
    "atan2": (mp.atan2, np.arctan2),
    "tanh": (mp.tanh, np.tanh),
    "erf": (mp.erf, np.vectorize(lambda x: float(mp.erf(x)), otypes=[np.float64])),
    "logistic": (lambda x: 1 / (1 + mp.exp(-x)), lambda x: 1 / (1 + np.exp(-x))),
    "gelu": (
        lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
        np.vectorize(lambda x: x * math.erfc(-x * 0.5**0.5) / 2, otypes=[np.float64]),
    ),
    "powf": (mp.power, np.power),
}
"""Each function with mpmath and with NumPy."""


def points(form: FloatFormat, count: int) -> np.ndarray:
    """The bits of finite numbers: all of 16 bits, else half of them of all exponents and half of usual size."""
    if form.width <= 16:
        found = np.arange(1 << form.width, dtype=np.uint64)
    else:
        rng = np.random.default_rng(form.mantissa)
        usual = rng.normal(size=count // 2) * rng.choice([1.0, 8.0, 64.0], count // 2)
        near = 1 + rng.normal(size=count // 8) * 2.0 ** -rng.integers(1, form.mantissa, count // 8)
        chosen = float_bits(form, np.concatenate([usual, near])).astype(np.uint64)
        found = np.concatenate([rng.integers(0, 1 << form.width, count - len(chosen), np.uint64), chosen])
    return found[(found & np.uint64(form.sign_bit - 1)) < np.uint64(form.infinity)]


def exponents(form: FloatFormat, bases: np.ndarray) -> np.ndarray:
    """The bits of an exponent for each base: one third is of usual size, one third are integers, and those of the rest
    take the base to somewhere between the smallest number and the largest."""
    rng = np.random.default_rng(form.mantissa)
    x = np.abs(doubles(form, bases))
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = (form.bias + form.mantissa) * rng.uniform(-1, 1, len(x)) / np.log2(x)
    kind = rng.integers(0, 3, len(x))
    usual = 4 * rng.normal(size=len(x))
    chosen = np.where((kind == 0) | ~np.isfinite(reach), usual, np.where(kind == 1, np.rint(usual), reach))
    found = float_bits(form, chosen).astype(np.uint64)
    # Of a negative base there are powers with integers only.
    integers = doubles(form, found) == np.rint(doubles(form, found))
    np.copyto(bases, bases & np.uint64(form.sign_bit - 1), where=~integers)
    return found


def doubles(form: FloatFormat, numbers: np.ndarray) -> np.ndarray:
    """Numbers in double precision."""
    return float_values(form, numbers.astype(f"u{max(2, form.width // 8)}")).astype(np.float64)


def value(form: FloatFormat, number: int) -> mp.mpf:
    """A number as mpmath has it."""
    integer, power = form.parts(number)
    return mp.ldexp(-integer if form.is_negative(number) else integer, power)


def error(form: FloatFormat, found: int, exact: mp.mpf) -> float:
    """Units in the last place between a number and an exact value; 0 for infinity where the value is too large."""
    limit = mp.ldexp(1, form.special - form.bias) * (1 - mp.ldexp(1, -form.mantissa - 2))
    if form.is_infinite(found):
        return 0.0 if abs(exact) >= limit else float("inf")
    exponent = max(mp.frexp(abs(exact))[1] - 1, 1 - form.bias) if exact else 1 - form.bias
    return float(abs(value(form, found) - exact) / mp.ldexp(1, exponent - form.mantissa))


def measure(name: str, form: FloatFormat, numbers: np.ndarray) -> float:
    """The largest error of a function on some numbers."""
    if name in ("log", "log2", "rsqrt"):
        numbers = numbers[doubles(form, numbers) > 0]
    if name in ("asin", "acos"):
        numbers = numbers[np.abs(doubles(form, numbers)) <= 1]
    operands = [numbers]
    if name == "atan2":
        operands = [numbers, np.random.default_rng(form.mantissa).permutation(numbers)]
    elif name in OF_TWO:
        bases = numbers[doubles(form, numbers) != 0]
        operands = [bases, exponents(form, bases)]
    return max(
        _largest(name, form, [operand[start : start + CHUNK] for operand in operands])
        for start in range(0, len(operands[0]), CHUNK)
    )


def _largest(name: str, form: FloatFormat, operands: list[np.ndarray]) -> float:
    exact, rough = EXACT[name]
    given = [LogicWord(operand.astype(object), form.width) for operand in operands]
    found = FUNCTIONS[name](LogicValues(), form, *given).number.astype(np.uint64)
    with np.errstate(all="ignore"):
        near = rough(*(doubles(form, operand) for operand in operands))
        got = doubles(form, found)
        scale = np.maximum(np.abs(near), 2.0 ** (1 - form.bias))
        off = np.abs(got - near) / scale
        beyond = np.isinf(got) & (np.abs(near) >= 2.0 ** (form.special - form.bias) * (1 - 2.0**-form.mantissa))
    off = np.where(np.isfinite(off), off, np.where((got == near) | beyond, 0, np.inf))
    worst = 0.0
    for place in np.argsort(off)[-CLOSEST:]:
        arguments = (value(form, int(operand[place])) for operand in operands)
        worst = max(worst, error(form, int(found[place]), exact(*arguments)))
    return worst


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000, help="how many numbers of single precision")
    parser.add_argument("--formats", default="f32,f16,bf16", help="which formats")
    given = parser.parse_args()
    mp.mp.prec = 200
    formats = given.formats.split(",")
    numbers = {name: points(FORMATS[name], given.points) for name in formats}
    table = Table("largest error in ulp", *formats, box=None, pad_edge=False)
    for name in EXACT:
        table.add_row(name, *(f"{measure(name, FORMATS[form], numbers[form]):.3f}" for form in formats))
    table.add_row("points", *(f"{len(numbers[form]):,}" for form in formats))
    Console().print(table)


if __name__ == "__main__":
    main()
