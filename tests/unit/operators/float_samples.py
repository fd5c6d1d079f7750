"""Numbers at which floating-point arithmetic breaks, and others between them."""

from __future__ import annotations

import numpy as np

from gatewright.numbers.float_format import FloatFormat


def edges(form: FloatFormat) -> list[int]:
    """The numbers at which a class ends, and their neighbours, with both signs."""
    least_normal, one = 1 << form.mantissa, form.bias << form.mantissa
    found = {0, 1, 2, least_normal - 1, least_normal, least_normal + 1, one - 1, one, one + 1}
    found |= {form.infinity - 1, form.infinity, form.nan, form.infinity | 1, one + least_normal, one | one >> 1}
    return sorted(found | {number | form.sign_bit for number in found})


def numbers(form: FloatFormat, count: int, seed: int) -> list[int]:
    """Random bits, half of them with exponents near one another, behind the edges."""
    random = np.random.default_rng(seed)
    drawn = [int(random.integers(1 << 32)) << 32 | int(random.integers(1 << 32)) for _ in range(count)]
    drawn = [number & ((1 << form.width) - 1) for number in drawn]
    near = (1 << form.exponent) - 1 - 3
    return edges(form) + [
        n & ~(near << form.mantissa) | (form.bias & near) << form.mantissa if n % 2 else n for n in drawn
    ]
