"""Compute the polynomials of the elementary functions: src/gatewright/operators/coefficients.json.

    python scripts/coefficients.py

Each kernel is a function on [0, 1) in every one of its segments, approximated by the polynomial that agrees with it at
the zeros of a Chebyshev polynomial (within a small factor of the best one; L. N. Trefethen, Approximation Theory and
Approximation Practice, chapter 16). Coefficients are integers, worth 2**-fraction. Printed is the largest error of
evaluating them as the hardware does, in units of the last digit that is wanted.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mpmath as mp

from gatewright.operators.logic_values import LogicValues
from gatewright.operators.polynomial import Piecewise, evaluate

TARGET = Path(__file__).parents[1] / "src" / "gatewright" / "operators" / "coefficients.json"
GUARD = 5
"""Bits of a coefficient's fraction beyond those of the mantissa."""
MORE_GUARD = 7
"""The same for logarithms that are multiplied before they are rounded."""
POINTS = 8
"""Places in each segment at which the error is looked at."""

mp.mp.prec = 140


@dataclass(frozen=True)
class Kernel:
    """A function `of(segment + t)`, in units of segments, on so many segments."""

    segments: int
    index_bits: int
    degree: int
    of: Callable[[mp.mpf], mp.mpf]
    """The function of a position, whose integer part is the segment."""
    extra: int = 0
    """More bits of fraction, where values are small."""
    first: int = 0
    """The first segment that is used; those before it repeat it."""


def spaced(bits: int, function: Callable[[mp.mpf], mp.mpf]) -> Callable[[mp.mpf], mp.mpf]:
    """A function of a number as one of segments of 2**-bits."""
    return lambda position: function(position / 2**bits)


def kernels(mantissa: int) -> dict[str, Kernel]:
    """The kernels for a format."""
    fine = {23: (7, 2), 10: (4, 2), 7: (3, 2)}[mantissa]
    bits, degree = fine
    more = bits + 1
    of_one = int(1.41 * 2**more) + 1, more + 1, degree

    def half_sine(tau: mp.mpf) -> mp.mpf:
        return mp.sin(mp.pi / 2 * tau) / tau if tau else mp.pi / 2

    def root(position: mp.mpf) -> mp.mpf:
        whole = 1 << bits
        odd = position >= whole
        value = 1 + (position - whole if odd else position) / whole
        return 1 / mp.sqrt(2 * value if odd else value)

    return {
        "exp": Kernel(int(0.8 * 2**bits) + 1, bits, degree, spaced(bits, mp.exp)),
        "exp2": Kernel(2**bits, bits, degree, spaced(bits, lambda r: mp.mpf(2) ** r)),
        "log": Kernel(*of_one, spaced(more, log_quotient), first=int(0.7 * 2**more)),
        "log2": logarithm_of_two(more, degree),
        "rsqrt": Kernel(2 << bits, bits + 1, degree, root),
        "sine": Kernel(2 ** (bits - 1), bits - 1, degree, spaced(bits, half_sine)),
        "cosine": Kernel(2 ** (bits - 1), bits - 1, degree, spaced(bits, lambda tau: mp.cos(mp.pi / 2 * tau))),
        "tanh": binades(mantissa, mp.tanh, mp.mpf(1), 4),
        "erf": binades(mantissa, mp.erf, 2 / mp.sqrt(mp.pi), 2),
        "tail": tail(mantissa),
        "arctangent": Kernel(2**bits, bits, degree, spaced(bits, lambda t: mp.atan(t) / t if t else mp.mpf(1))),
    }


def log_quotient(u: mp.mpf) -> mp.mpf:
    """The natural logarithm of a number, divided by its distance from 1."""
    z = u - 1
    return mp.log1p(z) / z if z else mp.mpf(1)


def logarithm_of_two(bits: int, degree: int) -> Kernel:
    """The binary logarithm of numbers from 0.7 to 1.41, divided by their distance from 1, in segments of 2**-bits."""
    function = spaced(bits, lambda u: log_quotient(u) / mp.log(2))
    return Kernel(int(1.41 * 2**bits) + 1, bits + 1, degree, function, first=int(0.7 * 2**bits))


def tail(mantissa: int) -> Kernel:
    """The normal distribution's upper tail from t on, times `exp(t**2 / 2)`, in units of t + 2.

    Blocks of segments are for t + 2 from 2 to 4, from 4 to 8 and so on, up to t = 16.
    """
    bits, degree = {23: (6, 3), 10: (5, 2), 7: (4, 2)}[mantissa]
    size = 1 << bits

    def of(position: mp.mpf) -> mp.mpf:
        block = int(position / size)
        t = (1 + (position - block * size) / size) * mp.mpf(2) ** (block + 1) - 2
        return mp.exp(t * t / 2) * mp.erfc(t / mp.sqrt(2)) / 2

    # 18 is an eighth of the way from 16 to 32.
    return Kernel(3 * size + size // 8, bits + 2, degree, of, extra=6)


def binades(mantissa: int, function: Callable[[mp.mpf], mp.mpf], slope: mp.mpf, above: int) -> Kernel:
    """A function of `2**e * s` divided by `2**e`, for `s` from 1 to 2 in segments, one block for each e.

    The first block is for all small numbers, where the function is `slope` times its argument; the last one is that of
    e = above - 1.
    """
    bits, degree = {23: (5, 3), 10: (3, 2), 7: (2, 2)}[mantissa]
    below = (mantissa + 2) // 2
    blocks = below + above + 1
    size = 1 << bits

    def of(position: mp.mpf) -> mp.mpf:
        block = int(position / size)
        # The end of a block is the beginning of the next one only as a number, not for its polynomial.
        s = 1 + (position - block * size) / size
        if block == 0:
            return slope * s
        power = mp.mpf(2) ** (block - 1 - below)
        return function(power * s) / power

    return Kernel(blocks * size, (blocks * size - 1).bit_length(), degree, of, extra=above)


def fit(kernel: Kernel, fraction: int) -> list[list[int]]:
    """The coefficients, a list for each power of t, of a polynomial for every segment."""
    nodes = [(1 - mp.cos(mp.pi * (2 * k + 1) / (2 * kernel.degree + 2))) / 2 for k in range(kernel.degree + 1)]
    inverse = mp.inverse(mp.matrix([[node**power for power in range(kernel.degree + 1)] for node in nodes]))
    columns: list[list[int]] = [[] for _ in range(kernel.degree + 1)]
    for segment in range(kernel.segments):
        found = inverse * mp.matrix([kernel.of(max(segment, kernel.first) + node) for node in nodes])
        for column, coefficient in zip(columns, found, strict=True):
            column.append(int(mp.nint(coefficient * 2**fraction)))
    return columns


def error(kernel: Kernel, piecewise: Piecewise) -> mp.mpf:
    """The largest difference between the kernel and what the hardware computes."""
    logic, places, worst = LogicValues(), 24, mp.mpf(0)
    for segment in range(kernel.first, kernel.segments):
        for point in range(POINTS):
            t = (point << places) // POINTS + point
            index, argument = logic.constant(segment, kernel.index_bits), logic.constant(t, places)
            found = mp.mpf(evaluate(logic, piecewise, index, argument).number) / 2**piecewise.fraction
            worst = max(worst, abs(found - kernel.of(segment + mp.mpf(t) / 2**places)))
    return worst


def described(name: str, size: int, kernel: Kernel, fraction: int) -> dict[str, object]:
    """The polynomials of a kernel as they are stored; prints what they take, and how far they are off."""
    piecewise = Piecewise(kernel.index_bits, fraction, fit(kernel, fraction))
    worst = error(kernel, piecewise) * 2**size
    widths = sum(column.width for column in piecewise.described)
    print(f"{name:8} {size:2}  {kernel.segments:4} segments of degree {kernel.degree}, {widths:3} bits,"
          f" error {mp.nstr(worst, 3)} ulp of 1")  # fmt: skip
    return {"index_bits": piecewise.index_bits, "fraction": fraction, "columns": piecewise.columns}


def main() -> None:
    """Compute everything, and write it."""
    tables: dict[str, dict[str, object]] = {}
    for mantissa in (23, 10, 7):
        for name, kernel in kernels(mantissa).items():
            tables[f"{name}_{mantissa}"] = described(name, mantissa, kernel, mantissa + GUARD + kernel.extra)
    # Powers need so many digits: those of the mantissa, and as many as the exponent has.
    for size, bits, degree in ((31, 8, 3), (18, 7, 2)):
        tables[f"power_{size}"] = described("power", size, logarithm_of_two(bits, degree), size + MORE_GUARD)
    lines = [f"  {json.dumps(name)}: {json.dumps(table, separators=(',', ':'))}" for name, table in tables.items()]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
