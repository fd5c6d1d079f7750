"""Writes random valid schedules: nests, sequences and parallel loops, conditions, operators of many cycles.

Whatever is used is there in time, memories and units are used once at a time, subscripts stay inside, and results of
skipped steps do not matter: so the interpreter's answer and its cycles are those of the hardware. Every choice comes
from the seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from gatewright.ir.operator_notes import operator_attribute
from gatewright.operators.library import OperatorLibrary

INDEX = 0
"""Stands for the width of `index`."""

WIDTHS = (1, 8, 16, 32)
LOGIC = ("addi", "subi", "muli", "andi", "ori", "xori", "shli", "shrui", "shrsi", "cmpi", "select", "maxsi", "minui")
SLOW = (
    *((kind, 8) for kind in ("divui", "remui", "divsi", "remsi", "floordivsi", "isqrt")),
    *(("divui", 16), ("muli", 16), ("muli", 16), ("muli", 32), ("muli", 32)),
)
"""Operations that take several cycles."""

LIBRARY = OperatorLibrary()


def type_text(width: int) -> str:
    """The type of a value."""
    return "index" if width == INDEX else f"i{width}"


@dataclass(frozen=True)
class Value:
    """An SSA value, `ready` cycles after the start of the step at hand (negative: it has been for so long)."""

    name: str
    width: int
    ready: int = 0
    guard: str | None = None
    """The condition of the step that computes it; if that is false the value is anything."""


@dataclass(frozen=True)
class Memory:
    """An array."""

    name: str
    width: int
    shape: tuple[int, ...]
    writable: bool = True

    @property
    def type(self) -> str:
        """Its type."""
        return f"memref<{'x'.join(map(str, self.shape))}x{type_text(self.width)}>"


@dataclass
class Scope:
    """What is visible in a sequence."""

    values: list[Value]
    memories: list[Memory]
    units: dict[str, int] = field(default_factory=dict)
    """Cycles from the step at hand until each unit may be started again."""
    numbers: tuple[int, ...] = (0, 1)
    """The numbers of the units that may be used."""

    def pass_cycles(self, cycles: int) -> None:
        """Move on to the next step."""
        self.values = [replace(value, ready=value.ready - cycles) for value in self.values]
        self.units = {name: left - cycles for name, left in self.units.items()}


class Generator:
    """Writes one program."""

    def __init__(self, seed: int, pipelines: float):
        self.random = random.Random(seed)
        self.pipelines = pipelines
        self.lines: list[str] = []
        self.depth = 1
        self.names = 0
        self.constants: dict[tuple[int, int], str] = {}
        self.steps_left = self.random.randint(3, 14)

    def emit(self, text: str) -> None:
        """Write a line."""
        self.lines.append("  " * self.depth + text)

    def fresh(self, stem: str = "v") -> str:
        """A new name."""
        self.names += 1
        return f"%{stem}{self.names}"

    def constant(self, number: int, width: int) -> str:
        """The name of a constant at the head of the function."""
        key = (number, width)
        if key not in self.constants:
            self.constants[key] = f"%c{len(self.constants)}"
        return self.constants[key]

    def program(self) -> str:
        """The text of the program."""
        outside = [Memory(f"%a{k}", self.random.choice(WIDTHS), self.shape()) for k in range(self.random.randint(1, 3))]
        scalars = [Value(f"%n{k}", self.random.choice((1, 8, 16, 32)), -9) for k in range(self.random.randint(1, 3))]
        rom = Memory("%rom", 16, (5,), writable=False)
        local = Memory("%local", 8, (2, 3))
        scope = Scope(list(scalars), [*outside, rom, local])
        self.fill(local)
        self.sequence(scope, nesting=0)
        self.wait_for_units(scope)
        returned = [v for v in scope.values if v.width and v.guard is None and v.ready < 0]
        chosen = self.random.sample(returned, min(len(returned), self.random.randint(0, 3)))
        types = ", ".join(type_text(v.width) for v in chosen)
        self.emit(f"return {', '.join(v.name for v in chosen)} : {types}" if chosen else "return")
        parameters = [*(f"{m.name}: {m.type}" for m in outside), *(f"{v.name}: {type_text(v.width)}" for v in scalars)]
        contents = ", ".join(str(self.random.randint(-9000, 9000)) for _ in range(5))
        head = [
            f"  {name} = arith.constant {number if width != 1 else str(bool(number)).lower()}"
            + (f" : {type_text(width)}" if width != 1 else "")
            for (number, width), name in self.constants.items()
        ]
        return "\n".join(
            [
                '"memref.global"() <{sym_name = "table", sym_visibility = "private", constant, '
                f"initial_value = dense<[{contents}]> : tensor<5xi16>, type = memref<5xi16>}}> : () -> ()",
                f"func.func @random({', '.join(parameters)}) -> ({types}) {{",
                *head,
                "  %rom = memref.get_global @table : memref<5xi16>",
                "  %local = memref.alloc() : memref<2x3xi8>",
                *self.lines,
                "}",
            ]
        )

    def shape(self) -> tuple[int, ...]:
        """The extents of an array."""
        return self.random.choice([(1,), (2,), (4,), (5,), (8,), (2, 3), (4, 2), (3, 1, 2)])

    def fill(self, memory: Memory) -> None:
        """Write every element of a local array, so that it holds something known."""
        for row in range(memory.shape[0]):
            for column in range(memory.shape[1]):
                word = self.constant(self.random.randint(-128, 127), memory.width)
                place = f"{self.constant(row, INDEX)}, {self.constant(column, INDEX)}"
                self.emit("loopschedule.step {")
                self.emit(f"  memref.store {word}, {memory.name}[{place}] : {memory.type}")
                self.emit("  loopschedule.register")
                self.emit("}")

    def sequence(self, scope: Scope, nesting: int) -> int:
        """Write steps; the least cycles of the last one."""
        cycles = 1
        for _ in range(self.random.randint(1, 4 if nesting else 7)):
            self.steps_left -= 1
            cycles = self.step(scope, nesting)
            if self.steps_left <= 0:
                break
        return cycles

    def wait_for_units(self, scope: Scope) -> None:
        """Write a step that lasts until all units may be started again: the sequence may be repeated after it."""
        waiting = max([0, *scope.units.values()])
        if waiting > 0:
            self.emit(f"loopschedule.step for {waiting} {{")
            self.emit("  loopschedule.register")
            self.emit("}")
            scope.pass_cycles(waiting)

    def step(self, scope: Scope, nesting: int) -> int:
        """Write a step of a sequence; its least cycles."""
        condition = self.pick(scope.values, 1) if self.random.random() < 0.3 else None
        least = self.random.randint(2, 4) if self.random.random() < 0.2 else 1
        loops = 0
        if nesting < 3 and self.steps_left > 0 and self.random.random() < 0.4:
            loops = 1 if self.random.random() < 0.6 else 2
        writer = Step(self, scope, condition, nesting)
        header = len(self.lines)
        self.depth += 1
        writer.operations(self.random.randint(0 if loops else 1, 6), nested=True)
        writer.loops(loops, nesting)
        outs = writer.register()
        self.depth -= 1
        when = f" when {condition.name}" if condition else ""
        duration = f" for {least}" if least > 1 else ""
        results = ", ".join(v.name for v in outs)
        self.lines.insert(
            header, "  " * self.depth + f"{results + ' = ' if outs else ''}loopschedule.step{when}{duration} {{"
        )
        types = ", ".join(type_text(v.width) for v in outs)
        self.emit("}" + (f" : {types}" if outs else ""))
        cycles = 1 if condition else max(least, 1)
        scope.values += outs
        busy = dict(scope.units)
        scope.pass_cycles(cycles)
        if any("loopschedule." in line for line in self.lines[header + 1 : -2]):
            # The verifier of intervals lets a step end with what is nested in it, whatever its least duration.
            scope.units = {name: left - 1 for name, left in busy.items()}
        after_loop = {value.name for value in writer.looped}
        scope.values = [replace(v, ready=-1) if v.name in after_loop else v for v in scope.values]
        return cycles

    def pick(self, values: list[Value], width: int) -> Value | None:
        """A value of a width that is there."""
        found = [v for v in values if v.width == width and v.ready <= 0 and v.guard is None]
        return self.random.choice(found) if found else None


class Step:
    """Writes the inside of a step."""

    def __init__(self, generator: Generator, scope: Scope, condition: Value | None, nesting: int = 0):
        self.generator, self.scope, self.condition, self.nesting = generator, scope, condition, nesting
        self.random = generator.random
        self.produced: list[Value] = []
        self.looped: list[Value] = []
        self.read: set[str] = set()
        self.written: set[str] = set()
        self.started: set[str] = set()

    def there(self) -> list[Value]:
        """The values that may be used."""
        return [v for v in (*self.scope.values, *self.produced) if v.ready <= 0 and v.guard is None]

    def add(self, width: int, text: str, ready: int = 0) -> Value:
        """Write an operation with a result."""
        value = Value(self.generator.fresh(), width, ready)
        self.generator.emit(f"{value.name} = {text}")
        self.produced.append(value)
        return value

    def need(self, width: int) -> Value:
        """A value of a width, converted if there is none; often a constant."""
        there = self.there()
        exact = [v for v in there if v.width == width]
        if exact and self.random.random() < 0.7:
            return self.random.choice(exact[-6:])
        if not there or self.random.random() < 0.25:
            top = 1 if width == 1 else 100
            number = self.random.randint(0, top) if width == 1 else self.random.randint(-top, top)
            return Value(self.generator.constant(number, width), width, -9)
        source = self.random.choice(there)
        return self.converted(source, width)

    def converted(self, source: Value, width: int) -> Value:
        """A value in another width."""
        if source.width == width:
            return source
        types = f"{type_text(source.width)} to {type_text(width)}"
        if INDEX in (source.width, width):
            return self.add(width, f"arith.index_cast {source.name} : {types}")
        if source.width > width:
            return self.add(width, f"arith.trunci {source.name} : {types}")
        return self.add(width, f"arith.{self.random.choice(['extsi', 'extui'])} {source.name} : {types}")

    def subscripts(self, memory: Memory) -> str:
        """Subscripts inside an array."""
        parts = []
        for extent in memory.shape:
            if extent == 1 or self.random.random() < 0.3:
                parts.append(self.generator.constant(self.random.randrange(extent), INDEX))
                continue
            index = self.need(INDEX)
            limit = self.generator.constant(extent if extent & (extent - 1) else extent - 1, INDEX)
            kind = "remui" if extent & (extent - 1) else "andi"
            parts.append(self.add(INDEX, f"arith.{kind} {index.name}, {limit} : index").name)
        return ", ".join(parts)

    def operations(self, count: int, *, nested: bool) -> None:
        """Write some operations."""
        for _ in range(count):
            kinds = [self.arithmetic] * 4 + [self.load] * 3 + [self.store] * 2 + [self.slow] * 2 + [self.merge] * 2
            if nested:
                kinds.append(self.nested_step)
            self.random.choice(kinds)()

    def arithmetic(self) -> None:
        """An operation of logic."""
        width = self.random.choice((1, 8, 16, 32, INDEX))
        a, b = self.need(width), self.need(width)
        kind = self.random.choice(LOGIC)
        if kind == "cmpi":
            predicate = self.random.choice(["eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"])
            self.add(1, f"arith.cmpi {predicate}, {a.name}, {b.name} : {type_text(width)}")
        elif kind == "select":
            condition = self.need(1)
            self.add(width, f"arith.select {condition.name}, {a.name}, {b.name} : {type_text(width)}")
        else:
            self.add(width, f"arith.{kind} {a.name}, {b.name} : {type_text(width)}")

    def load(self) -> None:
        """A load from a memory whose read port is free."""
        free = [m for m in self.scope.memories if m.name not in self.read]
        if free:
            memory = self.random.choice(free)
            self.read.add(memory.name)
            self.add(memory.width, f"memref.load {memory.name}[{self.subscripts(memory)}] : {memory.type}", 1)

    def store(self) -> None:
        """A store to a memory whose write port is free."""
        free = [m for m in self.scope.memories if m.name not in self.written and m.writable]
        if free:
            memory = self.random.choice(free)
            self.written.add(memory.name)
            place, word = self.subscripts(memory), self.need(memory.width)
            self.generator.emit(f"memref.store {word.name}, {memory.name}[{place}] : {memory.type}")

    def slow(self) -> None:
        """An operation on a unit that takes several cycles."""
        if not self.scope.numbers:
            return
        kind, width = self.random.choice(SLOW)
        operator = LIBRARY.operator(kind, width)
        unit = self.random.choice(self.scope.numbers)
        key = f"{operator.name} {unit}"
        if self.scope.units.get(key, 0) > 0 or key in self.started:
            return
        operands = [self.need(width).name for _ in range(1 if kind == "isqrt" else 2)]
        mnemonic = "gw.isqrt" if kind == "isqrt" else f"arith.{kind}"
        attributes = f"{{gw.operator = {operator_attribute(operator)}, gw.unit = {unit} : i64}}"
        self.started.add(key)
        self.scope.units[key] = operator.interval
        self.add(width, f"{mnemonic} {', '.join(operands)} {attributes} : i{width}", operator.latency)

    def merge(self) -> None:
        """A choice between the result of a skipped step and another value."""
        guarded = [v for v in self.scope.values if v.guard is not None and v.ready <= 0]
        if guarded:
            value = self.random.choice(guarded)
            other = self.need(value.width)
            text = f"arith.select {value.guard}, {value.name}, {other.name} : {type_text(value.width)}"
            self.add(value.width, text)

    def nested_step(self) -> None:
        """A step that starts with this one, under a condition; it may last longer, and hold a loop."""
        condition = self.need(1)
        generator = self.generator
        outer = self.produced
        inner = Step(generator, self.scope, condition, self.nesting)
        inner.read, inner.written, inner.started = self.read, self.written, self.started
        inner.produced = list(outer)
        header = len(generator.lines)
        generator.depth += 1
        inner.operations(self.random.randint(1, 3), nested=False)
        fresh = inner.produced[len(outer) :]
        if self.nesting < 3 and generator.steps_left > 0 and self.random.random() < 0.25:
            inner.loops(1, self.nesting)
            # The loop may use any memory and unit that was left.
            self.read |= {memory.name for memory in self.scope.memories}
            self.written |= {memory.name for memory in self.scope.memories}
            self.scope = replace(self.scope, numbers=())
        duration = f" for {self.random.randint(2, 4)}" if self.random.random() < 0.3 else ""
        registered = self.random.sample(fresh, min(len(fresh), self.random.randint(0, 2)))
        outs = [Value(generator.fresh("r"), v.width, v.ready, condition.name) for v in registered]
        types = ", ".join(type_text(v.width) for v in outs)
        names = ", ".join(v.name for v in registered)
        generator.emit(f"loopschedule.register {names} : {types}" if outs else "loopschedule.register")
        generator.depth -= 1
        results = ", ".join(v.name for v in outs)
        indent = "  " * generator.depth
        generator.lines.insert(
            header, f"{indent}{results + ' = ' if outs else ''}loopschedule.step when {condition.name}{duration} {{"
        )
        generator.emit("}" + (f" : {types}" if outs else ""))
        # A value is known to be there or not by its condition, which has to be visible where the value is.
        if any(value.name == condition.name for value in self.scope.values):
            self.produced += outs

    def loops(self, count: int, nesting: int) -> None:
        """Write loops that run at the same time, each with memories and units of its own."""
        memories = [m for m in self.scope.memories if m.name not in self.read | self.written]
        self.random.shuffle(memories)
        for position in range(count):
            share = memories[position::count]
            numbers = self.scope.numbers[position::count] if count > 1 else self.scope.numbers
            inner = Scope(self.there(), share, dict(self.scope.units), numbers)
            for key in self.started:
                inner.units[key] = max(inner.units.get(key, 0), 1)
            if self.random.random() < self.generator.pipelines:
                from random_schedules.pipelines import Pipeline

                self.looped += Pipeline(self, inner).write()
            else:
                self.looped += Loop(self, inner, nesting).write()
            self.scope.units.update({key: max(left, self.scope.units.get(key, 0)) for key, left in inner.units.items()})

    def register(self) -> list[Value]:
        """Hand out some values; they are the step's results."""
        generator = self.generator
        values = [*self.produced, *self.looped]
        chosen = self.random.sample(values, self.random.randint(min(len(values), 1), len(values)))
        names = ", ".join(v.name for v in chosen)
        types = ", ".join(type_text(v.width) for v in chosen)
        generator.emit(f"loopschedule.register {names} : {types}" if chosen else "loopschedule.register")
        guard = self.condition.name if self.condition else None
        outs = [Value(generator.fresh("s"), v.width, v.ready, guard or v.guard) for v in chosen]
        mapped = dict(zip([v.name for v in chosen], outs, strict=True))
        self.looped = [mapped[v.name] for v in self.looped if v.name in mapped]
        # What is unspecified for two reasons, or by a condition inside the step, is of no use.
        return [
            out if value.guard is None or self.condition is None else replace(out, guard="nothing", ready=1 << 30)
            for value, out in zip(chosen, outs, strict=True)
        ]


class Loop:
    """Writes a loop that counts, with some values carried along."""

    def __init__(self, step: Step, scope: Scope, nesting: int):
        self.step, self.scope, self.nesting = step, scope, nesting
        self.generator, self.random = step.generator, step.random

    def write(self) -> list[Value]:
        """Write the loop; its results."""
        generator, step = self.generator, self.step
        bound = self.bound()
        carried = [step.need(self.random.choice(WIDTHS)) for _ in range(self.random.randint(0, 3))]
        counter = Value(generator.fresh("i"), INDEX, 0)
        arguments = [counter, *(Value(generator.fresh("x"), v.width, 0) for v in carried)]
        initial = [generator.constant(0, INDEX), *(v.name for v in carried)]
        header = len(generator.lines)
        generator.depth += 1
        self.condition(counter, arguments, bound)
        generator.depth -= 1
        generator.emit("} do {")
        generator.depth += 1
        following, ends = self.body(arguments)
        count = self.random.randint(0, len(arguments))
        returned = [self.random.choice([v, *ends.get(v.width, [v])]) for v in following[:count]]
        types = ", ".join(type_text(v.width) for v in arguments)
        result_types = ", ".join(type_text(v.width) for v in returned)
        generator.emit(
            f"loopschedule.terminator iter_args({', '.join(v.name for v in following)}), "
            f"results({', '.join(v.name for v in returned)}) : ({types}) -> ({result_types})"
        )
        generator.depth -= 1
        generator.emit("}")
        results = [Value(generator.fresh("l"), v.width, 1 << 20) for v in returned]
        pairs = ", ".join(f"{a.name} = {i}" for a, i in zip(arguments, initial, strict=True))
        names = ", ".join(v.name for v in results)
        generator.lines.insert(
            header,
            "  " * generator.depth + f"{names + ' = ' if results else ''}loopschedule.seq_while "
            f"iter_args({pairs}) : ({types}) -> ({result_types}) {{",
        )
        return results

    def bound(self) -> str:
        """The name of a number of iterations, sometimes one that depends on data."""
        generator, step = self.generator, self.step
        if self.random.random() < 0.5:
            return generator.constant(self.random.randint(0, 4), INDEX)
        limit = generator.constant(3, INDEX)
        return step.add(INDEX, f"arith.andi {step.need(INDEX).name}, {limit} : index").name

    def condition(self, counter: Value, arguments: list[Value], bound: str) -> None:
        """Write the condition: the counter is below the bound, and perhaps something about what is carried."""
        generator = self.generator
        name = generator.fresh("p")
        generator.emit(f"{name} = arith.cmpi slt, {counter.name}, {bound} : index")
        if len(arguments) > 1 and self.random.random() < 0.3:
            other, both, carried = generator.fresh("p"), generator.fresh("p"), arguments[1]
            number = generator.constant(1, carried.width)
            generator.emit(f"{other} = arith.cmpi ne, {carried.name}, {number} : {type_text(carried.width)}")
            generator.emit(f"{both} = arith.andi {name}, {other} : i1")
            name = both
        generator.emit(f"loopschedule.register {name} : i1")

    def body(self, arguments: list[Value]) -> tuple[list[Value], dict[int, list[Value]]]:
        """Write the steps; the values of the next iteration, and by width all that are there at the end."""
        generator, scope = self.generator, self.scope
        scope.values += arguments
        increment_first = self.random.random() < 0.5
        following = self.increment(arguments[0]) if increment_first else None
        generator.sequence(scope, self.nesting + 1)
        if following is None:
            following = self.increment(arguments[0])
        generator.wait_for_units(scope)
        ends: dict[int, list[Value]] = {}
        for value in scope.values:
            if value.ready < 0 and value.guard is None:
                ends.setdefault(value.width, []).append(value)
        rest = [self.random.choice([a, *ends.get(a.width, [])[-4:]]) for a in arguments[1:]]
        return [following, *rest], ends

    def increment(self, counter: Value) -> Value:
        """Write a step that counts."""
        generator = self.generator
        out, inner, one = generator.fresh("s"), generator.fresh(), generator.constant(1, INDEX)
        generator.emit(f"{out} = loopschedule.step {{")
        generator.emit(f"  {inner} = arith.addi {counter.name}, {one} : index")
        generator.emit(f"  loopschedule.register {inner} : index")
        generator.emit("} : index")
        value = Value(out, INDEX, 0)
        self.scope.values.append(value)
        self.scope.pass_cycles(1)
        return value


def generate(seed: int, pipelines: float = 0.0) -> str:
    """The program of a seed, in which a part of the loops are pipelines."""
    return Generator(seed, pipelines).program()
