"""Writes random pipelines: any interval, values that live over several iterations, conditions that are known late."""

from __future__ import annotations

from dataclasses import replace

from gatewright.ir.operator_notes import operator_attribute
from random_schedules.generator import INDEX, LIBRARY, WIDTHS, Scope, Step, Value, type_text


class Stage(Step):
    """Writes the inside of a stage: no loops, no steps, nothing that cannot start again soon."""

    def operations(self, count: int, *, nested: bool) -> None:
        """Write some operations."""
        assert not nested
        for _ in range(count):
            kinds = [self.arithmetic] * 4 + [self.load] * 3 + [self.store] * 2 + [self.product] * 2 + [self.merge] * 2
            self.random.choice(kinds)()

    def product(self) -> None:
        """A multiplication on a unit that is free in this cycle of the interval."""
        width = self.random.choice([16, 32])
        operator = LIBRARY.operator("muli", width)
        key = f"{operator.name} {self.random.choice(self.scope.numbers or (0,))}"
        if key in self.started or not self.scope.numbers or self.scope.units.get(key, 0) > 0:
            return
        self.started.add(key)
        attributes = f"{{gw.operator = {operator_attribute(operator)}, gw.unit = {key.split()[1]} : i64}}"
        operands = f"{self.need(width).name}, {self.need(width).name}"
        self.add(width, f"arith.muli {operands} {attributes} : i{width}", operator.latency)


class Pipeline:
    """Writes a pipeline that counts, with some values carried along."""

    def __init__(self, step: Step, scope: Scope):
        self.step, self.scope = step, scope
        self.generator, self.random = step.generator, step.random
        self.interval = self.random.choice([1, 1, 2, 3])
        starts = {0, *(self.random.randint(0, 5) for _ in range(self.random.randint(0, 4)))}
        self.starts = sorted(starts)
        self.depth = self.starts[-1] + 1
        self.taken: list[tuple[set[str], set[str], set[str]]] = [(set(), set(), set()) for _ in range(self.interval)]
        """Read ports, write ports and units in use in each cycle of the interval."""

    def write(self) -> list[Value]:
        """Write the pipeline; its results."""
        generator, random = self.generator, self.random
        bound, trips = self.bound()
        carried = [self.step.need(random.choice(WIDTHS)) for _ in range(random.randint(0, 3))]
        # The first cycle in which each argument is used: what comes next has to be there an interval later.
        counted = random.choice([start for start in self.starts if start + 1 < self.interval + self.depth])
        firsts = [counted, *(random.choice(self.starts) for _ in carried)]
        counter = Value(generator.fresh("i"), INDEX, firsts[0])
        pairs = zip(carried, firsts[1:], strict=True)
        arguments = [counter, *(Value(generator.fresh("x"), v.width, first) for v, first in pairs)]
        initial = [generator.constant(0, INDEX), *(v.name for v in carried)]
        decided = max(0, counted + 1 - self.interval)
        header = len(generator.lines)
        generator.depth += 1
        below = generator.fresh("p")
        generator.emit(f"{below} = arith.cmpi slt, {counter.name}, {bound} : index")
        generator.emit(f"loopschedule.register {below} : i1")
        generator.depth -= 1
        generator.emit("} do {")
        generator.depth += 1
        following, outs = self.stages(arguments, firsts, decided)
        returned = [v for v in outs if v.ready <= self.depth - 1 and v.guard is None]
        returned = random.sample(returned, min(len(returned), random.randint(0, 2)))
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
            "  " * generator.depth + f"{names + ' = ' if results else ''}loopschedule.pipeline II = {self.interval} "
            f"{'' if trips is None else f'trip_count = {trips} '}iter_args({pairs}) : ({types}) -> ({result_types}) {{",
        )
        return results

    def bound(self) -> tuple[str, int | None]:
        """The name of a number of iterations, sometimes one that depends on data, and the number if it does not."""
        if self.random.random() < 0.5:
            trips = self.random.randint(0, 5)
            return self.generator.constant(trips, INDEX), trips
        limit = self.generator.constant(3, INDEX)
        return self.step.add(INDEX, f"arith.andi {self.step.need(INDEX).name}, {limit} : index").name, None

    def stages(self, arguments: list[Value], firsts: list[int], decided: int) -> tuple[list[Value], list[Value]]:
        """Write the stages; the arguments of the next iteration, and all values with the cycles they are there in."""
        outs: list[Value] = []
        fallback: dict[int, Value] = {}
        for start in self.starts:
            there = [replace(v, ready=v.ready - start) for v in (*arguments, *outs)]
            stage = self.stage(start, there, conditional=start not in firsts, storing=start >= decided)
            header = len(self.generator.lines)
            self.generator.depth += 1
            stage.operations(self.random.randint(0, 5), nested=False)
            passed = {k: self.pass_on(stage, arguments[k], counter=k == 0) for k, f in enumerate(firsts) if f == start}
            chosen = [v for v in stage.produced if v in passed.values() or self.random.random() < 0.6]
            handed = self.close(stage, start, header, chosen)
            fallback.update({k: handed[chosen.index(value)] for k, value in passed.items()})
            outs += handed
        following = [fallback[0]]
        for k, argument in enumerate(arguments[1:], 1):
            latest = firsts[k] + self.interval
            ready = [v for v in outs if v.width == argument.width and v.ready <= latest and v.guard is None]
            following.append(self.random.choice([fallback[k], *ready]))
        return following, outs

    def stage(self, start: int, there: list[Value], *, conditional: bool, storing: bool) -> Stage:
        """A stage that may use the values that are `there`, and the ports and units free in its cycle."""
        generator = self.generator
        visible = [*(replace(v, ready=-9) for v in self.scope.values if v.ready <= 0), *there]
        memories = [m if storing else replace(m, writable=False) for m in self.scope.memories]
        condition = generator.pick(visible, 1) if conditional and self.random.random() < 0.25 else None
        stage = Stage(generator, Scope(visible, memories, self.scope.units, self.scope.numbers), condition)
        stage.read, stage.written, stage.started = self.taken[start % self.interval]
        return stage

    def pass_on(self, stage: Stage, argument: Value, *, counter: bool) -> Value:
        """Write what makes an argument of the next iteration: one more, or something of it."""
        other = self.generator.constant(1, INDEX) if counter else stage.need(argument.width).name
        return stage.add(argument.width, f"arith.addi {argument.name}, {other} : {type_text(argument.width)}")

    def close(self, stage: Stage, start: int, header: int, chosen: list[Value]) -> list[Value]:
        """Write the ends of a stage that registers some values; its results."""
        generator = self.generator
        guard = stage.condition.name if stage.condition else None
        handed = [Value(generator.fresh("s"), v.width, start + max(1, v.ready), guard) for v in chosen]
        types = ", ".join(type_text(v.width) for v in handed)
        names = ", ".join(v.name for v in chosen)
        generator.emit(f"loopschedule.register {names} : {types}" if handed else "loopschedule.register")
        generator.depth -= 1
        when = f" when {guard}" if guard else ""
        results = f"{', '.join(v.name for v in handed)} = " if handed else ""
        opening = f"{results}loopschedule.pipeline.stage start = {start}{when} {{"
        generator.lines.insert(header, "  " * generator.depth + opening)
        generator.emit("}" + (f" : {types}" if handed else ""))
        return handed
