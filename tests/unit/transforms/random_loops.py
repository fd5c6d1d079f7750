"""Random programs of the loops level, as text: nests of loops and conditionals over small arrays.

Every program is valid and ends: subscripts are inside their arrays whenever an access happens, and loops have few
iterations. What varies is what the passes below look at: bounds (constant, triangular, from data, empty), values that
nests carry, stores under conditions, elements that one iteration stores and another one loads.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

EXTENT = 8
"""Elements of each dimension of each array, a power of two so that a mask brings any number inside."""

ARRAYS = {"a": (1, 32), "b": (1, 16), "c": (2, 32), "d": (1, 7)}
"""Dimensions and bits of an element of each array."""


@dataclass(frozen=True)
class Index:
    """An index value in scope, and the range it is known to be in."""

    name: str
    low: int
    high: int


@dataclass
class Scope:
    """The values that a statement may use."""

    indices: list[Index] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    """Values of 32 bits."""
    depth: int = 0

    def inner(self) -> Scope:
        """A copy, one loop or conditional deeper."""
        return Scope(list(self.indices), list(self.numbers), self.depth + 1)


class Generator:
    """Writes one program; the same seed gives the same program."""

    def __init__(self, seed: int, lines: int):
        self.random = random.Random(seed)
        self.most_lines = lines
        self.lines: list[str] = []
        self.count = 0

    def program(self) -> str:
        """The text of a function `f` on all arrays and two numbers."""
        ports = [f"%{name} : {self.array_type(name)}" for name in ARRAYS]
        scope = Scope(numbers=["%x", "%y"])
        self.lines = [f"func.func @f({', '.join(ports)}, %x : i32, %y : i32) -> (i32, i32) {{"]
        for _ in range(self.random.randint(1, 3)):
            self.loop(scope)
            if self.chance(0.3):
                self.statement(scope)
        results = [self.number(scope), self.number(scope)]
        return "\n".join([*self.lines, f"  func.return {results[0]}, {results[1]} : i32, i32", "}"])

    def array_type(self, name: str) -> str:
        dimensions, bits = ARRAYS[name]
        return f"memref<{f'{EXTENT}x' * dimensions}i{bits}>"

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def emit(self, text: str, scope: Scope) -> None:
        self.lines.append("  " * (scope.depth + 1) + text)

    def fresh(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def define(self, text: str, scope: Scope) -> str:
        """Emit an operation with one result; return its name."""
        name = self.fresh()
        self.emit(f"{name} = {text}", scope)
        return name

    def constant(self, value: int, scope: Scope, type_: str = "index") -> str:
        return self.define(f"arith.constant {value} : {type_}", scope)

    # Values

    def number(self, scope: Scope) -> str:
        """One of the latest values, mostly."""
        recent = scope.numbers[-4:] if self.chance(0.7) else scope.numbers
        return self.random.choice(recent)

    def index(self, scope: Scope) -> Index:
        """A counter, an affine expression of one or two, a constant, or data."""
        kind = self.random.random()
        if not scope.indices or kind < 0.1:
            value = self.random.randrange(EXTENT)
            return Index(self.constant(value, scope), value, value)
        one = self.random.choice(scope.indices)
        if kind < 0.5:
            return one
        if kind < 0.6:
            cast = self.define(f"arith.index_cast {self.number(scope)} : i32 to index", scope)
            return Index(cast, -(1 << 31), 1 << 31)
        other = self.random.choice(scope.indices)
        if kind < 0.7:
            sum_ = self.define(f"arith.addi {one.name}, {other.name} : index", scope)
            return Index(sum_, one.low + other.low, one.high + other.high)
        value = self.random.randint(1, 3)
        number = self.constant(value, scope)
        if kind < 0.85:
            moved = self.define(f"arith.subi {one.name}, {number} : index", scope)
            return Index(moved, one.low - value, one.high - value)
        if kind < 0.95:
            moved = self.define(f"arith.addi {one.name}, {number} : index", scope)
            return Index(moved, one.low + value, one.high + value)
        last = self.constant(EXTENT - 1, scope)
        mirrored = self.define(f"arith.subi {last}, {one.name} : index", scope)
        return Index(mirrored, EXTENT - 1 - one.high, EXTENT - 1 - one.low)

    def inside(self, index: Index, scope: Scope) -> Index:
        """An index, masked if it may be outside."""
        if index.low >= 0 and index.high < EXTENT:
            return index
        mask = self.constant(EXTENT - 1, scope)
        return Index(self.define(f"arith.andi {index.name}, {mask} : index", scope), 0, EXTENT - 1)

    def subscripts(self, array: str, scope: Scope) -> str:
        return ", ".join(self.inside(self.index(scope), scope).name for _ in range(ARRAYS[array][0]))

    def condition(self, scope: Scope) -> str:
        predicate = self.random.choice(["slt", "sge", "eq", "ne", "ult"])
        if scope.indices and self.chance(0.6):
            one = self.random.choice(scope.indices).name
            other = self.index(scope).name
            return self.define(f"arith.cmpi {predicate}, {one}, {other} : index", scope)
        return self.define(f"arith.cmpi {predicate}, {self.number(scope)}, {self.number(scope)} : i32", scope)

    def load(self, array: str, subscripts: str, scope: Scope) -> str:
        bits = ARRAYS[array][1]
        value = self.define(f"memref.load %{array}[{subscripts}] : {self.array_type(array)}", scope)
        if bits == 32:
            return value
        extension = self.random.choice(["extsi", "extui"])
        return self.define(f"arith.{extension} {value} : i{bits} to i32", scope)

    def store(self, array: str, subscripts: str, value: str, scope: Scope) -> None:
        bits = ARRAYS[array][1]
        if bits != 32:
            value = self.define(f"arith.trunci {value} : i32 to i{bits}", scope)
        self.emit(f"memref.store {value}, %{array}[{subscripts}] : {self.array_type(array)}", scope)

    # Statements

    def statement(self, scope: Scope) -> None:
        kinds: list[tuple[Callable[[Scope], None], float]] = [
            (self.compute, 2.0),
            (self.read, 2.0),
            (self.write, 2.0),
            (self.accumulate, 2.0),
            (self.write_under, 1.5),
            (self.write_twice, 0.5),
            (self.conditional, 0.8),
            (self.guarded, 0.8),
        ]
        if scope.depth < 4 and len(self.lines) < self.most_lines:
            kinds += [(self.loop, 2.5 if scope.depth < 2 else 1.0), (self.data_loop, 0.3)]
        bodies, weights = zip(*kinds, strict=True)
        self.random.choices(bodies, weights)[0](scope)

    def body(self, scope: Scope) -> None:
        for _ in range(self.random.randint(1, 3)):
            self.statement(scope)

    def compute(self, scope: Scope) -> None:
        kind = self.random.random()
        one, other = self.number(scope), self.number(scope)
        if kind < 0.04:
            name = self.random.choice(["divsi", "remui"])
        elif kind < 0.3:
            name = "muli"
        else:
            name = self.random.choice(["addi", "subi", "xori", "maxsi", "shrsi"])
        scope.numbers.append(self.define(f"arith.{name} {one}, {other} : i32", scope))
        if scope.indices and self.chance(0.3):
            counter = self.random.choice(scope.indices).name
            scope.numbers.append(self.define(f"arith.index_cast {counter} : index to i32", scope))

    def read(self, scope: Scope) -> None:
        array = self.random.choice(list(ARRAYS))
        scope.numbers.append(self.load(array, self.subscripts(array, scope), scope))

    def write(self, scope: Scope) -> None:
        array = self.random.choice(list(ARRAYS))
        self.store(array, self.subscripts(array, scope), self.number(scope), scope)

    def accumulate(self, scope: Scope) -> None:
        """Load an element, change it, store it: to the same place, or near it."""
        array = self.random.choice(list(ARRAYS))
        subscripts = self.subscripts(array, scope)
        value = self.load(array, subscripts, scope)
        sum_ = self.define(f"arith.addi {value}, {self.number(scope)} : i32", scope)
        scope.numbers.append(sum_)
        target = subscripts if self.chance(0.7) else self.subscripts(array, scope)
        self.store(array, target, sum_, scope)

    def write_under(self, scope: Scope) -> None:
        """A store under a condition; sometimes the condition is what keeps it inside the array."""
        array = self.random.choice(list(ARRAYS))
        value = self.number(scope)
        if ARRAYS[array][0] == 1 and self.chance(0.5):
            subscripts = self.index(scope).name
            extent = self.constant(EXTENT, scope)
            condition = self.define(f"arith.cmpi ult, {subscripts}, {extent} : index", scope)
        else:
            subscripts, condition = self.subscripts(array, scope), self.condition(scope)
        self.emit(f"scf.if {condition} {{", scope)
        inner = scope.inner()
        if self.chance(0.3):
            value = self.define(f"arith.addi {self.load(array, subscripts, inner)}, {value} : i32", inner)
        self.store(array, subscripts, value, inner)
        self.emit("}", scope)

    def write_twice(self, scope: Scope) -> None:
        """Two stores in one conditional, possibly to the same element."""
        array = self.random.choice(["a", "c"])
        first, second = self.subscripts(array, scope), self.subscripts(array, scope)
        values = [self.number(scope), self.number(scope)]
        self.emit(f"scf.if {self.condition(scope)} {{", scope)
        inner = scope.inner()
        self.store(array, first, values[0], inner)
        self.store(array, second, values[1], inner)
        self.emit("}", scope)

    def guarded(self, scope: Scope) -> None:
        """A load that is inside the array only where its condition holds."""
        index = self.index(scope).name
        extent = self.constant(EXTENT, scope)
        condition = self.define(f"arith.cmpi ult, {index}, {extent} : index", scope)
        result = self.fresh()
        self.emit(f"{result} = scf.if {condition} -> (i32) {{", scope)
        inner = scope.inner()
        self.emit(f"scf.yield {self.load('a', index, inner)} : i32", inner)
        self.emit("} else {", scope)
        self.emit(f"scf.yield {self.number(scope)} : i32", inner)
        self.emit("}", scope)
        scope.numbers.append(result)

    def conditional(self, scope: Scope) -> None:
        condition, result = self.condition(scope), self.fresh()
        self.emit(f"{result} = scf.if {condition} -> (i32) {{", scope)
        for text in ("} else {", "}"):
            inner = scope.inner()
            if self.chance(0.8):
                self.body(inner)
            self.emit(f"scf.yield {self.number(inner)} : i32", inner)
            self.emit(text, scope)
        scope.numbers.append(result)

    # Loops

    def bound(self, scope: Scope, low: int, high: int) -> Index:
        """A constant in a range, a counter or close to one, or data of two bits."""
        kind = self.random.random()
        if scope.indices and kind < 0.35:
            one = self.random.choice(scope.indices)
            if self.chance(0.4) and one.high - one.low < 16:
                number = self.constant(1, scope)
                return Index(self.define(f"arith.addi {one.name}, {number} : index", scope), one.low + 1, one.high + 1)
            return one
        if kind < 0.45:
            three = self.constant(3, scope, "i32")
            small = self.define(f"arith.andi {self.number(scope)}, {three} : i32", scope)
            return Index(self.define(f"arith.index_cast {small} : i32 to index", scope), 0, 3)
        value = self.random.randint(low, high)
        return Index(self.constant(value, scope), value, value)

    def loop(self, scope: Scope) -> None:
        """A counted loop with up to two carried values."""
        low, high = self.bound(scope, -1, 2), self.bound(scope, 0 if self.chance(0.15) else 2, 5)
        step = self.constant(self.random.choice([1, 1, 1, 2, 3]), scope)
        counter, carried = self.fresh(), [self.fresh() for _ in range(self.random.choice([0, 0, 1, 1, 2]))]
        inner = scope.inner()
        inner.indices.append(Index(counter, low.low, max(low.low, high.high - 1)))
        inner.numbers += carried
        header = f"scf.for {counter} = {low.name} to {high.name} step {step}"
        if carried:
            results = self.fresh()
            initial = ", ".join(f"{name} = {self.number(scope)}" for name in carried)
            types = ", ".join("i32" for _ in carried)
            arity = f":{len(carried)}" if len(carried) > 1 else ""
            header = f"{results}{arity} = {header} iter_args({initial}) -> ({types})"
            scope.numbers += [f"{results}#{k}" for k in range(len(carried))] if len(carried) > 1 else [results]
        self.emit(f"{header} {{", scope)
        self.body(inner)
        if carried:
            swapped = carried[::-1] if self.chance(0.3) else [self.number(inner) for _ in carried]
            self.emit(f"scf.yield {', '.join(swapped)} : {', '.join('i32' for _ in carried)}", inner)
        self.emit("}", scope)

    def data_loop(self, scope: Scope) -> None:
        """A loop that ends when data says so, or after a few iterations."""
        most = self.constant(self.random.randint(1, 5), scope)
        zero, one = self.constant(0, scope), self.constant(1, scope)
        count, value, counter, number, results = (self.fresh() for _ in range(5))
        limit = self.number(scope)
        initial = self.number(scope)
        signature = "(index, i32) -> (index, i32)"
        self.emit(f"{results}:2 = scf.while ({count} = {zero}, {value} = {initial}) : {signature} {{", scope)
        inner = scope.inner()
        few = self.define(f"arith.cmpi slt, {count}, {most} : index", inner)
        if self.chance(0.4):
            place = self.inside(Index(count, 0, 6), inner).name
            compared = self.load("a", place, inner)
        else:
            compared = value
        other = self.define(f"arith.cmpi {self.random.choice(['slt', 'ne'])}, {compared}, {limit} : i32", inner)
        both = self.define(f"arith.andi {few}, {other} : i1", inner)
        self.emit(f"scf.condition({both}) {count}, {value} : index, i32", inner)
        self.emit("} do {", scope)
        self.emit(f"^bb0({counter} : index, {number} : i32):", scope)
        inner = scope.inner()
        inner.indices.append(Index(counter, 0, 5))
        inner.numbers.append(number)
        self.body(inner)
        following = self.define(f"arith.addi {counter}, {one} : index", inner)
        self.emit(f"scf.yield {following}, {self.number(inner)} : index, i32", inner)
        self.emit("}", scope)
        scope.numbers.append(f"{results}#1")


def random_program(seed: int, lines: int = 260) -> str:
    """The program of a seed. Behind so many lines no further loops are begun."""
    return Generator(seed, lines).program()


def random_arguments(seed: int) -> list[np.ndarray]:
    """Values for the parameters of a program: arrays of small numbers or of any, and two numbers."""
    generator = np.random.default_rng(seed)
    arguments = []
    for dimensions, bits in ARRAYS.values():
        low, high = -(1 << (bits - 1)), 1 << (bits - 1)
        if generator.random() < 0.5:
            low, high = max(low, -4), min(high, 5)
        held = np.int32 if bits == 32 else np.int16 if bits == 16 else np.int8
        arguments.append(generator.integers(low, high, (EXTENT,) * dimensions).astype(held))
    numbers = (generator.integers(-5, 9), generator.integers(-(1 << 31), 1 << 31))
    return [*arguments, *(np.asarray(number, np.int32) for number in numbers)]
