"""Write a random program on floating-point or fixed-point numbers.

Loops over arrays carry sums and products, choose by comparisons, convert between types and store; whole arrays are
combined element by element. Everything is exact or rounded as IEEE 754 says, so that NumPy has the same bits; maxima of
zeros of both signs, and conversions of what an integer cannot hold, are left out, since NumPy's answer to them is open.
"""

from __future__ import annotations

import ast
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from fuzzing.generator import INPUT_SETS, OPTIONS, python_accepts
from fuzzing.program import Program, text_of

FLOATS = ("float32", "float32", "float16", "float64")
EDGES = ("0.0", "-0.0", "1.0", "-1.0", "np.inf", "-np.inf", "np.nan", "6e-8", "1e-40", "65504.0", "3e38", "0.1", "1.5")
FIXED = ("gw.fixed(16, 8)", "gw.fixed(12, 10)", "gw.fixed(24, 4)")


@dataclass
class _Writer:
    """A program under construction: the arrays and scalars of one type."""

    rng: Random
    dtype: str
    arrays: list[str] = field(default_factory=list)
    scalars: list[str] = field(default_factory=list)

    def constant(self) -> str:
        """A number of the type."""
        value = self.rng.choice((*EDGES, *[f"{self.rng.uniform(-4, 4):.4g}"] * 12))
        return f"np.{self.dtype}({value})"

    def atom(self, elements: bool, depth: int) -> str:
        """A number: an element of an array at the loop's index, a variable, or a constant."""
        choices = [self.constant] + [lambda: self.rng.choice(self.scalars)] * (2 * bool(self.scalars))
        if elements:
            choices += [lambda: f"{self.rng.choice(self.arrays)}[{self.index()}]"] * 4
        return self.rng.choice(choices)()

    def index(self) -> str:
        """A subscript that is inside the arrays, whose length is 8."""
        return self.rng.choice(("i", "i", "i", "7 - i", "(i + 3) % 8", str(self.rng.randrange(8))))

    def number(self, elements: bool, depth: int) -> str:
        """An expression."""
        if depth == 0 or self.rng.random() < 0.15:
            return self.atom(elements, depth)
        kind = self.rng.randrange(12)
        a, b = self.number(elements, depth - 1), self.number(elements, depth - 1)
        if kind < 6:
            return f"({a} {self.rng.choice('+-*+-*/')} {b})"
        if kind == 6:
            return f"(-{a})" if self.rng.random() < 0.5 else f"np.abs({a})"
        if kind == 7:
            return f"np.sqrt(np.abs({a}))"
        if kind == 8:
            return f"np.{self.rng.choice(('floor', 'ceil', 'trunc', 'rint'))}({a})"
        if kind == 9:
            return f"({a} if {self.condition(elements, depth - 1)} else {b})"
        if kind == 10:
            other = self.rng.choice(("float64", "float32")) if self.dtype != "float64" else "float32"
            return f"np.{self.dtype}(np.{other}({a}))"
        return f"np.{self.dtype}({self.rng.choice(('i', '3')) if elements else '3'})"

    def condition(self, elements: bool, depth: int) -> str:
        """A comparison."""
        a, b = self.number(elements, max(0, depth - 1)), self.number(elements, max(0, depth - 1))
        return f"{a} {self.rng.choice(('<', '<=', '>', '>=', '==', '!='))} {b}"

    def loop(self) -> list[str]:
        """A loop over all elements that carries numbers and stores some."""
        body = []
        for scalar in self.scalars:
            if self.rng.random() < 0.7:
                body.append(f"{scalar} = {self.number(True, 2)}")
            else:
                body.append(f"{scalar} {self.rng.choice('+*-')}= {self.number(True, 1)}")
        stores = [f"{self.rng.choice(self.arrays)}[{self.index()}] = {self.number(True, 2)}"]
        if self.rng.random() < 0.4:
            stores = [f"if {self.condition(True, 1)}:", *(f"    {line}" for line in stores)]
        body += stores
        start, stop = self.rng.choice((("0", "8"), ("0", "8"), ("1", "7"), ("0", "n")))
        return [f"for i in range({start}, {stop}):", *(f"    {line}" for line in body)]

    def nest(self) -> list[str]:
        """Sums of products, row by row."""
        return [
            "for j in range(8):",
            f"    total = {self.constant()}",
            f"    for i in range({self.rng.choice((3, 8))}):",
            f"        total += {self.rng.choice(self.arrays)}[i] * {self.number(True, 1)}",
            f"    {self.rng.choice(self.arrays)}[j] = total",
        ]

    def whole(self) -> list[str]:
        """An array expression."""
        a, b = self.rng.choice(self.arrays), self.rng.choice(self.arrays)
        text = self.rng.choice((f"{a} * {b} + {self.constant()}", f"{a} - {b}", f"np.where({a} < {b}, {a}, {b})",
                                f"np.sqrt(np.abs({a})) / {self.constant()}", f"{a} * {self.constant()}"))  # fmt: skip
        return [f"{self.rng.choice(self.arrays)}[:] = {text}"]


def generate_floats(seed: int, number: int) -> Program:
    """The program with this number: the first that Python runs of its own sequence of candidates."""
    with tempfile.TemporaryDirectory() as folder:
        for attempt in range(1000):
            rng = Random(f"floats:{seed}:{number}:{attempt}")
            source = _fixed_source(rng) if rng.random() < 0.15 else _source(rng)
            program = Program(f"floats_{seed}_{number}", text_of(ast.parse(source)))
            if python_accepts(program, Path(folder)):
                return program
    raise AssertionError(f"no valid program for seed {seed}, number {number}")


def _source(rng: Random) -> str:
    writer = _Writer(rng, rng.choice(FLOATS), [f"a{k}" for k in range(rng.randint(1, 3))])
    lines = ["import numpy as np", f"OPTIONS = {rng.choice(OPTIONS)}"]
    lines.append(f"def program({', '.join(writer.arrays)}, n):")
    body: list[str] = []
    for name in ("s", "t")[: rng.randint(0, 2)]:
        body.append(f"{name} = {writer.constant()}")
        writer.scalars.append(name)
    for _ in range(rng.randint(1, 3)):
        body += rng.choice((writer.loop, writer.loop, writer.nest, writer.whole))()
    body.append(f"return ({', '.join([*writer.scalars, writer.number(False, 1)])},)")
    lines += [f"    {line}" for line in body]
    rows = []
    for _ in range(INPUT_SETS):
        arrays = [_array(rng, writer.dtype) for _ in writer.arrays]
        rows.append(f"({', '.join(arrays)}, {rng.randint(0, 8)},)")
    return "\n".join([*lines, f"INPUTS = [{', '.join(rows)}]"])


def _array(rng: Random, dtype: str) -> str:
    edges = rng.random() < 0.4
    values = [rng.choice(EDGES) if edges and rng.random() < 0.5 else f"{rng.gauss(0, 3):.5g}" for _ in range(8)]
    return f"np.array([{', '.join(values)}]).astype(np.{dtype})"


def _fixed_source(rng: Random) -> str:
    """Sums and products of fixed-point numbers, exact until they are stored."""
    types = [rng.choice(FIXED) for _ in range(2)]
    expression = rng.choice(("a[i] * b[7 - i] + a[i]", "a[i] - b[i] * b[i]", "(a[i] + b[i]) * b[i]", "a[i] * 0.375"))
    lines = ["import numpy as np", "import gatewright as gw", f"OPTIONS = {rng.choice(OPTIONS)}"]
    lines += [f"def program(a: {types[0]}[8], b: {types[1]}[8]):", "    for i in range(8):"]
    target = rng.randrange(2)  # what is stored is rounded to the format of the array, which in Python is one of doubles
    lines += [f"        {'ab'[target]}[i] = {types[target]}({expression})"]
    if rng.random() < 0.5:
        lines += [
            f"        if a[i] {rng.choice('<>')} b[i]:",
            f"            a[i] = {types[0]}({rng.uniform(-3, 3):.3f})",
        ]
    rows = []
    for _ in range(INPUT_SETS):
        arrays = [f"{type_}(np.array([{', '.join(f'{rng.gauss(0, 4):.4g}' for _ in range(8))}]))" for type_ in types]
        rows.append(f"({', '.join(arrays)},)")
    return "\n".join([*lines, f"INPUTS = [{', '.join(rows)}]"])
