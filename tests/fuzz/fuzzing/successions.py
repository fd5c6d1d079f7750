"""Loops over one range that follow each other: what one stores, the next ones load."""

from __future__ import annotations

from collections.abc import Callable

from fuzzing.scalars import condition, scalar
from fuzzing.scope import Array, PythonInt, Scope
from fuzzing.values import INTEGERS

Lines = list[str]


class Succession:
    """Writes a few loops with the names that a writer of statements gives."""

    def __init__(self, scope: Scope, fresh: Callable[[str], str]):
        self.scope, self.rng, self.fresh = scope, scope.rng, fresh
        flat = [a for a in scope.arrays if a.dtype in INTEGERS and len(a.shape) == 1]
        self.targets = [a for a in flat if a.writable]
        self.target = self.rng.choice(self.targets) if self.targets else None
        dtype = self.target.dtype if self.target is not None else ""
        self.flat = [a for a in flat if a.dtype == dtype]
        self.targets = [a for a in self.targets if a.dtype == dtype]
        self.tables = [a for a in scope.arrays if a.dtype == dtype and len(a.shape) == 2]

    def lines(self, work: int) -> Lines | None:
        """The loops; None if there is no array for them, or they would run too long."""
        if self.target is None or not self.scope.has("dependences") or work < 4 * self.target.shape[0] ** 2:
            return None
        rng, extent = self.rng, self.target.shape[0]
        same = rng.choice((str(extent), f"{min(2, extent)}, {extent}", str(max(1, extent - 1))))
        found: Lines = []
        for _ in range(rng.choice((2, 2, 3, 4))):
            bounds = same if rng.random() < 0.85 else f"{rng.randint(0, 1)}, {extent}"
            form = rng.choices([self.straight, self.sums, self.nest], [6, 2, 2])[0]
            found += form(bounds, extent)
        return found

    def straight(self, bounds: str, extent: int) -> Lines:
        """A loop without loops in it."""
        counter = self.fresh("i")
        return [f"for {counter} in range({bounds}):", *self.body(counter, extent)]

    def sums(self, bounds: str, extent: int) -> Lines:
        """A loop around a sum, which is divided by something behind it, or in front of it."""
        rng, outer, inner, total = self.rng, self.fresh("i"), self.fresh("i"), self.fresh("v")
        source, target = rng.choice(self.flat), rng.choice(self.targets)
        divisor = f"({rng.choice(self.flat).name}[{self.near(outer, extent)} % 1] | 1)"
        start = self.scalar(outer, extent) + (f" // {divisor}" if rng.random() < 0.4 else "")
        end = total + (f" // {divisor}" if rng.random() < 0.7 else "")
        place = self.at(target, outer, extent)
        return [
            f"for {outer} in range({bounds}):",
            f"    {total} = np.{target.dtype}({start})",
            f"    for {inner} in range({rng.choice((outer + ' + 1', '3', str(extent)))}):",
            f"        {total} = np.{target.dtype}({total} + {source.name}[{self.at(source, inner, extent)}])",
            f"    {target.name}[{place}] = np.{target.dtype}({end})",
        ]

    def nest(self, bounds: str, extent: int) -> Lines:
        """A perfect nest whose subscripts are sums and products of its counters."""
        rng, outer, inner = self.rng, self.fresh("i"), self.fresh("i")
        source, target = rng.choice(self.flat), rng.choice(self.targets)
        stride = rng.choice((str(rng.randint(2, 30)), *(i.name for i in self.scope.python_ints if 0 <= i.low)))
        first, second = (f"({outer} * {stride} + {inner}) % {a.shape[0]}" for a in (source, target))
        second = rng.choice((second, f"{inner} % {target.shape[0]}", f"{outer} % {target.shape[0]}"))
        value = f"{source.name}[{first}] {rng.choice('+-*^')} {self.scalar(inner, extent)}"
        return [
            f"for {outer} in range({bounds}):",
            f"    for {inner} in range({rng.choice(('2', '3', outer))}):",
            f"        {target.name}[{second}] = {value}",
        ]

    def body(self, counter: str, extent: int) -> Lines:
        """One or two stores."""
        rng, found = self.rng, []
        for _ in range(rng.choice((1, 1, 2))):
            target = rng.choice(self.targets)
            sources = [rng.choice(self.flat) for _ in range(rng.choice((1, 2)))]
            terms = [f"{source.name}[{self.at(source, counter, extent)}]" for source in sources]
            if self.tables and rng.random() < 0.4:
                table = rng.choice(self.tables)
                rows, columns = table.shape
                terms.append(f"{table.name}[{counter} // {columns} % {rows}, {counter} % {columns}]")
            terms.append(self.scalar(counter, extent))
            value = f" {rng.choice('+-*&^')} ".join(terms)
            line = f"    {target.name}[{self.at(target, counter, extent)}] = {value}"
            if rng.random() < 0.15:
                found.append(f"    if {condition(self.inside(counter, extent), 1)}:")
                line = "    " + line
            found.append(line)
        return found

    def scalar(self, counter: str, extent: int) -> str:
        """A number of the type of the arrays."""
        assert self.target is not None
        return scalar(self.inside(counter, extent), self.target.dtype, 1)

    def inside(self, counter: str, extent: int) -> Scope:
        """The scope of a loop with a counter."""
        inner = self.scope.inside_loop()
        inner.python_ints.append(PythonInt(counter, 0, extent - 1))
        return inner

    def at(self, array: Array, counter: str, extent: int) -> str:
        """A subscript of an array near a counter."""
        place = self.near(counter, extent)
        return place if array.shape[0] >= extent and "+" not in place else f"({place}) % {array.shape[0]}"

    def near(self, counter: str, extent: int) -> str:
        """The counter, one before or behind it, or the same from the end."""
        kind = self.rng.random()
        if kind < 0.6:
            return counter
        if kind < 0.8:
            return f"{counter} - {self.rng.choice((1, 2))}"
        return self.rng.choice((f"{counter} + 1", f"{extent - 1} - {counter}", f"{counter} // 3"))
