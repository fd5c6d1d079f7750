"""Random statements: assignments, loops, conditionals and whole-array operations."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random

import numpy as np

from fuzzing.arrays import array_expression, exact_array_expression, reduction, region
from fuzzing.integers import python_integer, subscript, within
from fuzzing.scalars import call, condition, scalar, stored_value
from fuzzing.scope import Array, PythonInt, Scalar, Scope
from fuzzing.successions import Succession
from fuzzing.values import DTYPES, INTEGERS, OPERANDS, array_text, promote, spelled

MOST_ITERATIONS = 9
"""The most iterations of one loop."""
MOST_WORK = 500
"""About the most times that one statement runs, so that interpreting a program stays cheap."""

Lines = list[str]


def indented(lines: Lines) -> Lines:
    """The lines of a block, which is never empty."""
    return ["    " + line for line in lines] or ["    pass"]


@dataclass
class StatementWriter:
    """Writes statements; holds what is unique within one function: the names that are taken."""

    prefix: str = ""
    taken: dict[str, int] = field(default_factory=dict)

    def fresh(self, stem: str) -> str:
        """A name that no other variable of the function has."""
        number = self.taken.get(stem, 0)
        self.taken[stem] = number + 1
        return f"{self.prefix}{stem}{number}"

    def block(self, scope: Scope, count: int, work: int, nesting: int) -> Lines:
        """`count` statements that may run `work` times together; adds the names they define to `scope`."""
        lines: Lines = []
        for _ in range(count):
            lines += self.statement(scope, work, nesting)
        return lines

    def statement(self, scope: Scope, work: int, nesting: int) -> Lines:
        """One statement, or a few that belong together."""
        rng = scope.rng
        compound = 0.5 if nesting > 0 and work > 1 else 0.0
        if rng.random() < compound:
            forms = [
                (self.for_loop, 6),
                (self.conditional, 4),
                (self.while_loop, 1.5),
                (self.accumulate, 1),
                (self.iterate, 1),
                (self.recurrence, 3),
                (self.succession, 3),
            ]
        else:
            forms = [
                (self.store, 8),
                (self.update, 4),
                (self.define, 4),
                (self.assign, 5),
                (self.count, 2),
                (self.swap, 0.5),
                (self.local_array, 0.7),
                (self.whole_array, 2.5),
                (self.reduce, 0.7),
                (self.call, 1.5),
                (self.retype, 0.5),
                (self.view, 0.5),
                (self.leave, 4 if scope.exits else 0),
            ]
        build = rng.choices([form for form, _ in forms], [weight for _, weight in forms])[0]
        return build(scope, work, nesting) or self.store(scope, work, nesting) or []

    def store(self, scope: Scope, work: int, nesting: int) -> Lines:
        """An assignment to one element."""
        array = self._target(scope)
        if array is None:
            return self.define(scope, work, nesting)
        value = stored_value(scope, array.dtype, 3) if array.dtype != "bool" else condition(scope, 2)
        return [f"{array.name}[{subscript(scope, array.shape)}] = {value}"]

    def update(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """An augmented assignment to one element."""
        array = self._target(scope)
        if array is None:
            return None
        place = f"{array.name}[{subscript(scope, array.shape)}]"
        if array.dtype == "bool":
            return [f"{place} {scope.rng.choice('&|^')}= {scalar(scope, 'bool', 2)}"]
        other = scope.rng.choice([d for d in INTEGERS if promote(d, array.dtype)])
        value = scalar(scope, other if scope.rng.random() < 0.3 else array.dtype, 2)
        return [f"{place} {self._operator(scope)}= {value}"]

    def define(self, scope: Scope, work: int, nesting: int) -> Lines:
        """A new local variable."""
        rng = scope.rng
        if rng.random() < 0.15:
            made = python_integer(scope, 2)
            name = self.fresh("k")
            scope.python_ints.append(PythonInt(name, made.low, made.high))
            return [f"{name} = {made.name}"]
        dtype = rng.choice(DTYPES)
        value, name = scalar(scope, dtype, 3), self.fresh("v")
        scope.scalars.append(Scalar(name, dtype))
        scope.own.add(name)
        return [f"{name} = {value}"]

    def retype(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """A variable of this block that goes on with another type."""
        targets = [v for v in scope.scalars if v.assignable and v.name in scope.own]
        if not targets or not scope.has("retyped_variables"):
            return None
        variable, dtype = scope.rng.choice(targets), scope.rng.choice(DTYPES)
        value = scalar(scope, dtype, 2)
        scope.scalars[scope.scalars.index(variable)] = Scalar(variable.name, dtype)
        return [f"{variable.name} = {value}"]

    def call(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """A call for its effect on an array, or one that returns several values."""
        fitting = [callee for callee in scope.callees if len(callee.results) != 1]
        if not fitting:
            return None
        callee = scope.rng.choice(fitting)
        text = call(scope, callee, 2)
        if not callee.results:
            return [text]
        names = [self.fresh("v") for _ in callee.results]
        scope.scalars += [Scalar(name, dtype) for name, dtype in zip(names, callee.results, strict=True)]
        return [f"{', '.join(names)} = {text}"]

    def assign(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """A new value for a local variable, of the type it has."""
        targets = [variable for variable in scope.scalars if variable.assignable]
        if not targets:
            return None
        variable = scope.rng.choice(targets)
        if variable.dtype == "bool" or scope.rng.random() < 0.5:
            return [f"{variable.name} = {scalar(scope, variable.dtype, 3)}"]
        fitting = [right for left, right in OPERANDS[variable.dtype] if left == variable.dtype and right != "bool"]
        value = scalar(scope, scope.rng.choice(fitting), 2)
        return [f"{variable.name} {self._operator(scope)}= {value}"]

    def count(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """A Python integer that is carried through loops, kept in its interval by a remainder."""
        targets = [variable for variable in scope.python_ints if variable.assignable]
        if not targets:
            name, high = self.fresh("n"), scope.rng.choice((1, 3, 7, 12, 100))
            scope.python_ints.append(PythonInt(name, 0, high, assignable=True))
            return [f"{name} = {scope.rng.randint(0, high)}"]
        variable = scope.rng.choice(targets)
        return [f"{variable.name} = {within(scope, variable.low, variable.high, 2)}"]

    def swap(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """Two variables or elements exchanged by one assignment."""
        if not scope.has("swaps"):
            return None
        by_type = [[v.name for v in scope.scalars_of(d) if v.assignable] for d in DTYPES]
        pairs = [names for names in by_type if len(names) > 1]
        if pairs and scope.rng.random() < 0.5:
            left, right = scope.rng.sample(scope.rng.choice(pairs), 2)
        elif (array := self._target(scope)) is not None:
            left, right = (f"{array.name}[{subscript(scope, array.shape)}]" for _ in range(2))
        else:
            return None
        return [f"{left}, {right} = {right}, {left}"]

    def local_array(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """A new array of the function's own."""
        if not scope.has("local_arrays"):
            return None
        rng = scope.rng
        dtype, name = rng.choice(DTYPES), self.fresh("t")
        shape = tuple(rng.choice((1, 2, 3, 4)) for _ in range(rng.choice((1, 1, 2))))
        if work * int(np.prod(shape)) > MOST_WORK:
            return None
        extent = str(shape[0]) if len(shape) == 1 and rng.random() < 0.7 else str(shape)
        texts = [f"np.zeros({extent}, dtype={spelled(dtype)})", f"np.ones({extent}, dtype={spelled(dtype)})"]
        texts += [
            f"np.full({extent}, {scalar(scope, dtype, 1)}, dtype={spelled(dtype)})",
            array_text(rng, dtype, shape),
        ]
        texts += [f"{array.name}.copy()" for array in scope.arrays if array.shape == shape and array.dtype == dtype]
        text = rng.choice(texts)
        scope.arrays.append(Array(name, dtype, shape))
        return [f"{name} = {text}"]

    def whole_array(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """An assignment of or to a whole array or a slice of one."""
        rng, array = scope.rng, self._target(scope)
        if not scope.has("array_expressions") or array is None or work * int(np.prod(array.shape)) > MOST_WORK:
            return None
        kind = rng.random()
        if kind < 0.2 and (text := exact_array_expression(scope, array.dtype, array.shape, 2)) is not None:
            name = self.fresh("t")
            scope.arrays.append(Array(name, array.dtype, array.shape))
            return [f"{name} = {text}"]
        place, shape = region(scope, array) if rng.random() < 0.6 else (f"{array.name}[:]", array.shape)
        if kind < 0.5:
            sign = rng.choice("&|^") if array.dtype == "bool" else self._operator(scope)
            target = array.name if place == f"{array.name}[:]" else place
            return [f"{target} {sign}= {array_expression(scope, array.dtype, shape, 1)}"]
        source = rng.choice(INTEGERS) if rng.random() < 0.2 else array.dtype  # a store into another type wraps
        return [f"{place} = {array_expression(scope, source, shape, 2)}"]

    def view(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """A name for a part of an array, through which it can be changed."""
        if not scope.arrays or not scope.has("views"):
            return None
        array = scope.rng.choice(scope.arrays)
        text, shape = region(scope, array)
        name = self.fresh("t")
        scope.arrays.append(Array(name, array.dtype, shape, array.writable))
        return [f"{name} = {text}"]

    def reduce(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """A variable that holds the sum or an extreme of an array."""
        made = reduction(scope)
        if made is None or work * 16 > MOST_WORK:
            return None
        text, dtype = made
        name = self.fresh("v")
        scope.scalars.append(Scalar(name, dtype))
        return [f"{name} = {text}"]

    def conditional(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """An `if` with up to two more branches."""
        if not scope.has("conditionals"):
            return None
        rng = scope.rng
        lines = [f"if {condition(scope, 2)}:"]
        lines += indented(self.block(scope.nested(), rng.randint(1, 2), work, nesting - 1))
        if rng.random() < 0.25:
            lines += [f"elif {condition(scope, 2)}:"]
            lines += indented(self.block(scope.nested(), rng.randint(1, 2), work, nesting - 1))
        if rng.random() < 0.5:
            lines += ["else:"] + indented(self.block(scope.nested(), rng.randint(1, 2), work, nesting - 1))
        return lines

    def leave(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """A condition under which the loop, or its iteration, ends here."""
        rng = scope.rng
        if not scope.exits:
            return None
        before = self.store(scope.nested(), work, nesting) if rng.random() < 0.3 else []
        return [f"if {condition(scope, 2)}:"] + indented([*before, rng.choice(scope.exits)])

    def recurrence(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """A loop, or a rectangular or triangular nest, whose iterations use what others a few before have stored."""
        rng = scope.rng
        arrays = [a for a in scope.arrays if a.writable and a.dtype in INTEGERS and len(a.shape) == 1]
        if not scope.has("dependences") or not arrays or work < max(a.shape[0] for a in arrays) ** 2:
            return None
        array, source = rng.choice(arrays), rng.choice(arrays)
        extent = array.shape[0]
        outer, counter = self.fresh("i"), self.fresh("i")
        inner = scope.inside_loop("break", "continue")
        inner.python_ints.append(PythonInt(counter, 0, extent - 1))
        head = [f"for {counter} in range({rng.choice(('', f'{min(2, extent)}, '))}{extent}):"]
        shape = rng.random()
        if shape < 0.4:
            bound = rng.choice((f"{outer}, {extent}", f"{outer} + 1", str(extent)))
            head = [f"for {outer} in range({rng.choice((2, 3, extent))}):", f"    for {counter} in range({bound}):"]
            if bound != str(extent):
                head[0] = f"for {outer} in range({extent}):"
            inner.python_ints.append(PythonInt(outer, 0, extent - 1))
        body: Lines = []
        for _ in range(rng.choice((1, 1, 2))):
            terms = [f"{array.name}[{_near(rng, counter, extent)}]" for _ in range(rng.choice((1, 1, 2)))]
            if source.dtype == array.dtype and rng.random() < 0.6:
                terms.append(
                    f"{source.name}[{rng.choice((counter + f' % {source.shape[0]}', subscript(inner, source.shape)))}]"
                )
            terms.append(scalar(inner, array.dtype, 1))
            place = subscript(inner, array.shape) if rng.random() < 0.25 else _near(rng, counter, extent)
            value = f" {rng.choice('+-*^')} ".join(terms)
            body.append(f"{array.name}[{place}] = {value}")
            if rng.random() < 0.2:
                body[-1:] = [f"if {condition(inner, 1)}:", "    " + body[-1]]
            if rng.random() < 0.15:
                body += self.leave(inner, 1, 0) or []
        for _ in range(len(head)):
            body = indented(body)
        return head + body

    def succession(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """Loops over one range that follow each other, some of which could be one."""
        return Succession(scope, self.fresh).lines(work)

    def for_loop(self, scope: Scope, work: int, nesting: int) -> Lines:
        """A loop over a range of constants, variables or data, upwards or downwards."""
        rng = scope.rng
        most = max(1, min(MOST_ITERATIONS, work))
        text, low, high, trips = _range(scope, most)
        inner = scope.inside_loop("break", "continue")
        # The compiler sees the bounds of a counter in its loop, but not those of a variable in them.
        name = self.fresh("i" if re.fullmatch(r"[-\d, ]+", text) else "j")
        inner.python_ints.append(PythonInt(name, low, high))
        body = self.block(inner, rng.randint(1, 3), max(1, work // max(1, trips)), nesting - 1)
        lines = [f"for {name} in range({text}):"] + indented(body)
        if text.isdigit() and int(text) > 0 and rng.random() < 0.2:
            scope.python_ints.append(PythonInt(name, low, high))  # the variable outlives its loop
        return lines

    def iterate(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """A loop over the elements of one array or two."""
        rng = scope.rng
        arrays = [array for array in scope.arrays if len(array.shape) == 1 and array.shape[0] <= work]
        if not arrays or not scope.has("iteration"):
            return None
        first, second = rng.choice(arrays), rng.choice(arrays)
        trips = first.shape[0]
        inner = scope.inside_loop("break", "continue")
        element, other, counter = self.fresh("e"), self.fresh("e"), self.fresh("i")
        inner.scalars.append(Scalar(element, first.dtype, assignable=rng.random() < 0.3))
        kind = rng.random()
        if kind < 0.4:
            head = f"for {element} in {first.name}:"
        elif kind < 0.75:
            inner.python_ints.append(PythonInt(counter, 0, trips - 1))
            head = f"for {counter}, {element} in enumerate({first.name}):"
        else:
            trips = min(trips, second.shape[0])
            inner.scalars.append(Scalar(other, second.dtype))
            head = f"for {element}, {other} in zip({first.name}, {second.name}):"
        return [head] + indented(self.block(inner, rng.randint(1, 2), max(1, work // trips), nesting - 1))

    def while_loop(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """A loop that ends by a counter, and often sooner by a condition on data."""
        if not scope.has("while"):
            return None
        rng = scope.rng
        trips = rng.randint(0, max(1, min(MOST_ITERATIONS, work)))
        name = self.fresh("w")
        inner = scope.inside_loop("break")
        early_step = rng.random() < 0.3  # then the last statement of the body sees the counter advanced
        inner.python_ints.append(PythonInt(name, 0, trips + 1 if early_step else max(0, trips - 1)))
        test = f"{name} < {trips}"
        if rng.random() < 0.4 and trips:
            test = f"{test} and {condition(inner, 2)}"
        elif rng.random() < 0.4:
            test = f"{condition(scope, 2)} and {test}"
        body = self.block(inner, rng.randint(1, 3), max(1, work // max(1, trips)), nesting - 1)
        step = [f"{name} += {1 if rng.random() < 0.8 else 2}"]
        scope.python_ints.append(PythonInt(name, 0, trips + 1))
        return [f"{name} = 0", f"while {test}:"] + indented(step_last(body, step) if early_step else body + step)

    def accumulate(self, scope: Scope, work: int, nesting: int) -> Lines | None:
        """A sum that starts as the Python integer 0 and takes the type of what is added."""
        if not scope.has("weak_accumulators"):
            return None
        rng = scope.rng
        dtype, trips = rng.choice(INTEGERS), rng.randint(1, max(1, min(MOST_ITERATIONS, work)))
        name, counter = self.fresh("s"), self.fresh("i")
        inner = scope.nested()
        inner.python_ints.append(PythonInt(counter, 0, trips - 1))
        addend = scalar(inner, dtype, 2)
        scope.scalars.append(Scalar(name, dtype))
        update = f"{name} += {addend}" if rng.random() < 0.5 else f"{name} = {name} + {addend}"
        return [f"{name} = 0", f"for {counter} in range({trips}):", f"    {update}"]

    def _target(self, scope: Scope) -> Array | None:
        writable = [array for array in scope.arrays if array.writable]
        return scope.rng.choice(writable) if writable else None

    def _operator(self, scope: Scope) -> str:
        signs = ["+", "+", "-", "*", "&", "|", "^"]
        signs += ["//", "%"] if scope.has("division") else []
        signs += ["<<", ">>"] if scope.has("shifts") else []
        return scope.rng.choice(signs)


def _near(rng: Random, counter: str, extent: int) -> str:
    """A subscript a few elements from a counter, or one that differs from it in no regular way."""
    kind = rng.random()
    if kind < 0.3:
        return counter
    if kind < 0.75:
        return f"{counter} - {rng.choice((1, 1, 2))}"  # from the end, where that is negative
    return rng.choice((f"({counter} + {rng.randint(1, 3)}) % {extent}", f"{counter} // 2", f"{extent - 1} - {counter}"))


def step_last(body: Lines, step: Lines) -> Lines:
    """The body with the counter advanced before its last statement, if that is a simple one."""
    if len(body) > 1 and not body[-1].startswith(" ") and not body[-1].endswith(":"):
        return body[:-1] + step + body[-1:]
    return body + step


def _range(scope: Scope, most: int) -> tuple[str, int, int, int]:
    """The arguments of a `range` of at most `most` iterations: text, least and greatest value, iterations."""
    rng = scope.rng
    kind = rng.random()
    if kind < 0.4:
        count = rng.randint(0 if rng.random() < 0.1 else 1, most)
        return str(count), 0, max(0, count - 1), count
    if kind < 0.6:
        low, step = rng.randint(-3, 8), rng.choice((1, 1, 2, 3))
        count = rng.randint(0, most)
        stop = low + count * step - rng.randint(0, step - 1) if count else low - rng.randint(0, 3)
        text = f"{low}, {stop}" + (f", {step}" if step > 1 else "")
        return text, low, max(low, low + (count - 1) * step), count
    if kind < 0.75:
        high, step = rng.randint(0, 9), rng.choice((1, 1, 2, 3))
        count = rng.randint(1, most)
        return f"{high}, {high - count * step}, -{step}", high - (count - 1) * step, high, count
    bounded = [v for v in scope.python_ints if 0 <= v.low and 1 <= v.high <= most]
    if kind < 0.88 and bounded:
        variable = rng.choice(bounded)
        if rng.random() < 0.5:
            return variable.name, 0, variable.high - 1, variable.high
        return f"{variable.name}, {variable.high + 1}", variable.low, variable.high, variable.high + 1 - variable.low
    data = [s for s in scope.scalars if s.dtype != "bool"]
    if data and rng.random() < 0.6:
        return f"{rng.choice(data).name} % {most + 1}", 0, max(0, most - 1), most
    return within(scope, 0, most, 2), 0, max(0, most - 1), most
