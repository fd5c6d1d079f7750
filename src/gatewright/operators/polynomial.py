"""Functions by table and polynomial: a segment's coefficients from a table, and Horner's rule in fixed point.

J.-M. Muller, Elementary Functions, 3rd edition, chapter 6; widths as in F. de Dinechin and B. Pasca, Custom arithmetic
datapath design for FPGAs using the FloPoCo core generator, 2011: what follows a product is as wide as it can matter.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from gatewright.operators.logic import Logic, W

_TABLES = Path(__file__).with_name("coefficients.json")


@dataclass(frozen=True)
class Column:
    """The coefficients of one power of t, and the sum of its term and those of higher powers, over all segments."""

    numbers: Sequence[int]
    low: int
    """The least value that the sum has."""
    high: int
    """The greatest."""

    @property
    def width(self) -> int:
        """Bits of a coefficient as it is stored: without sign where all have the same."""
        least, greatest = min(self.numbers), max(self.numbers)
        return max(1, max(abs(least), abs(greatest)).bit_length()) + (least < 0 < greatest)


@dataclass(frozen=True)
class Piecewise:
    """Polynomials in t, from 0 to 1, one for each segment; a coefficient is worth `2**-fraction`."""

    index_bits: int
    fraction: int
    columns: Sequence[Sequence[int]]
    """For each power of t its coefficients."""

    @cached_property
    def described(self) -> list[Column]:
        """The columns, from the lowest power on, with their bounds."""
        found: list[Column] = []
        low = high = [0] * len(self.columns[0])
        for numbers in reversed(self.columns):
            # Truncation takes off at most one in the last place.
            low = [number + min(0, less) - 1 for number, less in zip(numbers, low, strict=True)]
            high = [number + max(0, more) for number, more in zip(numbers, high, strict=True)]
            found.append(Column(numbers, min(low), max(high)))
        return found[::-1]


@cache
def table(name: str, mantissa: int) -> Piecewise:
    """The polynomials of a kernel for a format with so many bits of mantissa, or for the next larger one."""
    known = _tables()
    sizes = sorted(int(key.rpartition("_")[2]) for key in known if key.rpartition("_")[0] == name)
    size = next((size for size in sizes if size >= mantissa), None)
    if size is None:
        raise KeyError(name)
    entry = known[f"{name}_{size}"]
    return Piecewise(entry["index_bits"], entry["fraction"], entry["columns"])


@cache
def _tables() -> dict[str, dict[str, Any]]:
    return json.loads(_TABLES.read_text(encoding="utf-8"))


def evaluate(net: Logic[W], piecewise: Piecewise, index: W, t: W) -> W:
    """The polynomial of a segment at `t`, a fraction; it is not negative, and wide enough for its greatest value."""
    columns = piecewise.described
    total = _coefficient(net, columns[-1], index, _bits(columns[-1]))
    for column, above in zip(reversed(columns[:-1]), reversed(columns[1:]), strict=True):
        width = max(_bits(column), _bits(above)) + 1
        product = _scaled(net, total, above, t)
        total = net.add(_coefficient(net, column, index, width), net.extend(product, width, signed=True))
        total = net.bits(total, 0, _bits(column))
    assert columns[0].low >= 0 or min(columns[0].numbers) >= 0
    return net.bits(total, 0, _bits(columns[0]) - 1)


def _bits(column: Column) -> int:
    """Bits of a number with sign that holds the sums of a column."""
    return 1 + max(column.high, -column.low - 1, *map(abs, column.numbers)).bit_length()


def _coefficient(net: Logic[W], column: Column, index: W, width: int) -> W:
    """A coefficient as a number with sign: stored without it where all have the same."""
    if min(column.numbers) >= 0:
        return net.extend(net.table(index, column.numbers, column.width), width)
    if max(column.numbers) <= 0:
        magnitude = net.extend(net.table(index, [-number for number in column.numbers], column.width), width)
        return net.subtract(net.constant(0, width), magnitude)
    return net.extend(net.table(index, column.numbers, column.width), width, signed=True)


def _scaled(net: Logic[W], total: W, column: Column, t: W) -> W:
    """The product of a sum, a number with sign, and a fraction, rounded down; of the fraction what matters."""
    places = min(t.width, total.width + 1)
    t = net.bits(t, t.width - places, places)
    width = total.width
    if column.low >= 0:
        product = net.multiply(net.bits(total, 0, width - 1), t)
        return net.join(net.constant(0, 1), net.bits(product, places, width - 1))
    product = net.multiply(total, t)
    # Read without its sign, a negative number is too large by a power of two.
    excess = net.all(t, net.repeat(net.top(total), places)) if places > 1 else net.all(t, net.top(total))
    upper = net.subtract(net.bits(product, width, places), excess)
    signed = net.join(upper, net.bits(product, 0, width))
    return net.bits(signed, places, width)
