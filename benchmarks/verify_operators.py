"""Compare the floating-point operators with NumPy: every difference is printed, and there is none.

    python benchmarks/verify_operators.py [--pairs 26] [--random 1000000] [--only divide,sqrt]

The operators run as hardware, in simulation, over arrays. Half precision is compared on `2**pairs` pairs of numbers and
on every number for functions of one; single and double precision on as many random pairs as `--random` says, drawn over
all exponents, on as many of numbers such as Berkeley TestFloat generates at level 2, and on all pairs of numbers at the
edges of their classes. Every NaN counts as the same.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

import gatewright as gw

BLOCK = 1 << 16
"""Numbers that a run of the hardware takes."""
HALF, SINGLE, DOUBLE = (np.dtype(name) for name in ("float16", "float32", "float64"))
TYPES = {HALF: gw.f16, SINGLE: gw.f32, DOUBLE: gw.f64}


def edges(dtype: np.dtype) -> np.ndarray:
    """Numbers at both ends of every class, and those that are next to them: with both signs."""
    info = np.finfo(dtype)
    bits = np.dtype(f"uint{8 * dtype.itemsize}")
    inf = np.array(np.inf, dtype).view(bits)[()]
    one, least = np.array(1, dtype).view(bits)[()], np.array(info.tiny, dtype).view(bits)[()]
    near = [0, 1, 2, 3, least - 2, least - 1, least, least + 1, one - 2, one - 1, one, one + 1, one + 2]
    near += [inf - 2, inf - 1, inf, inf + 1, inf + (inf >> 5)]
    halves = [np.array(x, dtype).view(bits)[()] for x in (0.5, 1.5, 2, 3, 4, 0.1, 10, 1 / 3)]
    positive = np.array([int(number) for number in [*near, *halves]], bits)
    return np.concatenate([positive, positive | np.array(1 << (8 * dtype.itemsize - 1), bits)]).view(dtype)


def all_edge_pairs(dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Every pair of numbers at the edges."""
    found = edges(dtype)
    return np.repeat(found, len(found)), np.tile(found, len(found))


def drawn(dtype: np.dtype, count: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of all exponents, and some at the edges."""
    bits = np.dtype(f"uint{8 * dtype.itemsize}")
    found = rng.integers(0, np.iinfo(bits).max, count, bits, endpoint=True).view(dtype)
    where = rng.integers(0, 16, count) == 0
    return np.where(where, rng.choice(edges(dtype), count), found)


def structured(dtype: np.dtype, count: int, rng: np.random.Generator, near: np.ndarray | None = None) -> np.ndarray:
    """Numbers of any exponent whose significand is a sum or difference of two powers of two.

    So are those of TestFloat at level 2 (J. Hauser, TestFloat release 3e, `testfloat_gen`): runs of ones and zeros,
    where rounding carries far, cancels or just does not happen. Exponents are next to those of `near` half of the time.
    """
    bits = np.dtype(f"uint{8 * dtype.itemsize}")
    mantissa = np.finfo(dtype).nmant
    exponents = (1 << (8 * dtype.itemsize - 1 - mantissa)) - 1

    def power() -> np.ndarray:
        shifted = np.array(1, bits) << rng.integers(0, mantissa, count).astype(bits)
        return np.where(rng.integers(0, 2, count) == 0, shifted, -shifted)

    significand = (power() + np.where(rng.integers(0, 3, count) == 0, 0, power())) & np.array((1 << mantissa) - 1, bits)
    exponent = rng.integers(0, exponents, count, endpoint=True)
    if near is not None:
        around = (near.view(bits) >> mantissa).astype(np.int64) & exponents
        around = np.clip(around + rng.integers(-mantissa - 3, mantissa + 4, count), 0, exponents)
        exponent = np.where(rng.integers(0, 2, count) == 0, exponent, around)
    sign = rng.integers(0, 2, count).astype(bits) << (8 * dtype.itemsize - 1)
    return (sign | exponent.astype(bits) << mantissa | significand).view(dtype)


@dataclass(frozen=True)
class Operation:
    """An operator: the program that is one, and the types of its operands and its result."""

    name: str
    compute: Callable[..., object]
    taken: tuple[np.dtype, ...]
    given: np.dtype

    def design(self) -> gw.Design:
        """Hardware that applies it to arrays."""
        examples = tuple(np.zeros(BLOCK, dtype) for dtype in self.taken)
        return gw.compile(self.compute, args=examples, name=self.name)

    def differences(self, design: gw.Design, operands: tuple[np.ndarray, ...]) -> int:
        """How many results are not those of NumPy, bit by bit."""
        with np.errstate(all="ignore"):
            expected = self.compute(*operands)
        found = design(*operands)
        assert isinstance(expected, np.ndarray) and found.dtype == expected.dtype == self.given
        if self.given.kind != "f":
            return int((found != expected).sum())
        bits = f"u{self.given.itemsize}"
        both = np.isnan(found) & np.isnan(expected)
        return int(((found.view(bits) != expected.view(bits)) & ~both).sum())


def operations() -> Iterator[Operation]:
    """All that is compared."""
    for dtype in (HALF, SINGLE, DOUBLE):
        for name, compute in (
            ("add", lambda a, b: a + b),
            ("subtract", lambda a, b: a - b),
            ("multiply", lambda a, b: a * b),
            ("divide", lambda a, b: a / b),
        ):
            yield Operation(name, compute, (dtype, dtype), dtype)
        for name, compute in (("less", lambda a, b: a < b), ("less_equal", lambda a, b: a <= b),
                              ("equal", lambda a, b: a == b), ("not_equal", lambda a, b: a != b)):  # fmt: skip
            yield Operation(name, compute, (dtype, dtype), np.dtype(bool))
        yield Operation("sqrt", lambda a: np.sqrt(a), (dtype,), dtype)
        for name, compute in (("floor", np.floor), ("ceil", np.ceil), ("trunc", np.trunc), ("rint", np.rint)):
            yield Operation(name, lambda a, f=compute: f(a), (dtype,), dtype)
        for other in (HALF, SINGLE, DOUBLE):
            if other != dtype:
                yield Operation(f"to_{other}", lambda a, t=other: a.astype(t), (dtype,), other)
        for integer in ("int8", "uint16", "int32", "uint32", "int64", "uint64"):
            source = np.dtype(integer)
            yield Operation(f"from_{integer}", lambda a, t=dtype: a.astype(t), (source,), dtype)


def operands(operation: Operation, pairs: int, random: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Blocks of operands, the last one filled up with zeros."""
    rng = np.random.default_rng(len(operation.name))
    first = operation.taken[0]
    if first.kind != "f":
        limits = np.iinfo(first)
        for _ in range(-(-min(random, 1 << 20) // BLOCK)):
            wide = rng.integers(limits.min, limits.max, BLOCK, first, endpoint=True)
            yield (wide >> rng.integers(0, limits.bits, BLOCK, first),)
        return
    if len(operation.taken) == 1 and first == HALF:
        yield (np.arange(BLOCK, dtype=np.uint16).view(HALF),)
        return
    special = all_edge_pairs(first)[: len(operation.taken)]
    yield tuple(np.concatenate([part, np.zeros(BLOCK - len(part), first)]) for part in special)
    count = 1 << pairs if first == HALF else random
    for _ in range(-(-count // BLOCK)):
        yield tuple(drawn(first, BLOCK, rng) for _ in operation.taken)
    for _ in range(-(-random // BLOCK)):
        given = structured(first, BLOCK, rng)
        yield (given, structured(first, BLOCK, rng, given))[: len(operation.taken)]


def verify(pairs: int, random: int, only: list[str], console: Console) -> int:
    """Compare everything, or `only` some operators, and print a table; the number of differences."""
    table = Table("operator", "operands", "result", "compared", "differences", box=None, pad_edge=False)
    total = 0
    for operation in [each for each in operations() if not only or each.name in only]:
        design, compared, wrong = operation.design(), 0, 0
        for block in operands(operation, pairs, random):
            wrong += operation.differences(design, block)
            compared += BLOCK
        total += wrong
        table.add_row(operation.name, str(operation.taken[0]), str(operation.given), f"{compared:,}", str(wrong))
    console.print(table)
    return total


def main() -> int:
    """Run with the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=26, help="the logarithm of the pairs of half precision")
    parser.add_argument("--random", type=int, default=1_000_000, help="the random pairs of the other formats")
    parser.add_argument("--only", default="", help="names of operators, such as divide,sqrt (default: all)")
    given = parser.parse_args()
    return min(1, verify(given.pairs, given.random, [name for name in given.only.split(",") if name], Console()))


if __name__ == "__main__":
    sys.exit(main())
