"""`for` and `while` loops: elaborated until what they carry has settled."""

from __future__ import annotations

import ast
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerAttr, i64

from gatewright.errors import GatewrightError
from gatewright.frontends.python.conversion import term_of
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.exits import is_made_up
from gatewright.frontends.python.iteration import IterationSpace
from gatewright.frontends.python.joins import fill, hull, is_shared, note_merged
from gatewright.frontends.python.liveness import stored
from gatewright.frontends.python.loop_carried import (
    MOST_TRIES,
    LoopCarried,
    as_left,
    carried_at_entry,
    following,
    initial,
    open_numbers,
    refined,
)
from gatewright.frontends.python.operators import logical_not
from gatewright.frontends.python.tree import CountedLoop, Directive, TreeBody, TypedTerm, WhileLoop
from gatewright.frontends.python.values import ArrayView, FixedPoint, Number, Tuple, Unbound, Value, ir_type_of

Bindings = dict[str, Value]


class LoopElaboration:
    """A loop being compiled: tried with a guess of what it carries until the guess holds."""

    def __init__(self, state: Elaboration, node: ast.For | ast.While):
        self.state, self.node = state, node
        live = state.frame.liveness.head[node]
        targets = [node.target] if isinstance(node, ast.For) else []
        self.assigned = stored([*targets, *node.body])
        self.names = [name for name in self.assigned if name in live]
        self.live = live
        self.entry: Bindings = dict(state.frame.names)

    def elaborate(self, attempt: Callable[[LoopCarried], tuple[Bindings, Callable[[], None]]]) -> None:
        """Try `attempt`, which fills blocks and returns the names at their end and how to finish, until it is right.

        The first guess knows too little of the Python integers before the loop. If it fails, the first iteration, which
        has their values, gives the next guess. Where the loop around this one is itself tried with its first guess,
        that one fails at once and has what it carries from its own first iteration: a level of a nest then adds to the
        work, and does not double it.
        """
        state, mark = self.state, self.state.mark()
        carried = carried_at_entry(self.names, self.entry)
        for number in range(MOST_TRIES):
            self.start_of_stores = len(state.stores)
            state.frame.names = dict(self.entry)
            self._note_entry(carried)
            tried = carried
            try:
                with state.guessing(number == 0):
                    end, finish = attempt(carried)
            except GatewrightError:
                if number > 0 or state.is_guess:
                    raise
                state.restore(mark)
                tried = LoopCarried({}, first_only=True)
                end, finish = attempt(tried)
            better = refined(state, carried, self.entry, end)
            if not better.changed and not tried.first_only:
                self._note_end(carried, end)
                finish()
                return
            state.restore(mark)
            carried = better
        raise state.unsupported("the types of the variables of this loop do not settle")

    def inside(self, carried: LoopCarried, arguments: Sequence[TypedTerm]) -> None:
        """Give the carried names the values of an iteration."""
        values = iter(arguments)
        frame = self.state.frame
        for name, value in carried.values.items():
            frame.names[name] = fill(self.state, value, values)
            if isinstance(value, Number) and isinstance(value.type, FixedPoint):
                frame.formats.setdefault(name, value.type)
        _hint(carried, arguments)

    def after(
        self, carried: LoopCarried, results: Sequence[TypedTerm], late: Bindings, end: Bindings | None = None
    ) -> None:
        """Give the names the values that they have after the loop; `end` are those of the body if it certainly runs."""
        values = iter(results)
        frame = self.state.frame
        frame.names = dict(self.entry)
        for name in self.assigned:
            frame.names.pop(name, None)
        for name, value in carried.values.items():
            last = value if end is None else as_left(value, end[name])
            frame.names[name] = fill(self.state, last, values)
        for name, value in late.items():
            frame.names[name] = fill(self.state, value, values)
        _hint(carried, results)

    def late(self, carried: LoopCarried, end: Bindings, runs: bool) -> Bindings:
        """The names that get their first value in the loop and are needed after it."""
        late: Bindings = {}
        for name in self.names:
            if name in carried.values:
                continue
            if not runs and not is_made_up(name):
                reason = f"{name} gets its value in the loop of line {self.node.lineno}, which may not run"
                late[name] = Unbound(reason, f"give {name} a value before the loop")
            elif (value := end.get(name)) is not None:
                late[name] = _outliving(name, value)
        return late

    def _note_entry(self, carried: LoopCarried) -> None:
        """Two names for one array from here on: changes of either are refused."""
        for name, copy in carried.copies.items():
            source = self.entry[name]
            assert isinstance(source, ArrayView)
            if is_shared(self.state, source.buffer, name, [self.entry], self.live):
                note_merged(self.state, name, copy.buffer, source)

    def _note_end(self, carried: LoopCarried, end: Bindings) -> None:
        changed = {buffer for buffer, _ in self.state.stores[self.start_of_stores :]}
        for name, copy in carried.copies.items():
            source = end[name]
            assert isinstance(source, ArrayView)
            if source.buffer is copy.buffer or not is_shared(self.state, source.buffer, name, [end], self.live):
                continue
            note_merged(self.state, name, copy.buffer, source)
            if changed & {source.buffer, copy.buffer}:
                raise self.state.unsupported(
                    f"{name} means different arrays in different iterations, and one of them is changed in the loop",
                    why="which array a name means must not depend on the path when one of them is changed",
                    remedy=f"copy the elements, as in {name}[:] = ..., or use .copy()",
                )


def _hint(carried: LoopCarried, values: Sequence[TypedTerm]) -> None:
    """Name terms after the variables."""
    remaining = iter(values)
    for name, value in carried.values.items():
        for _ in range(sum(1 for _ in open_numbers(value))):
            next(remaining).hint(name)


def _outliving(name: str, value: Value) -> Value:
    """The value of the last iteration, as seen after the loop: numbers are results, arrays must not move."""
    match value:
        case Number() if not value.is_known:
            return Number(value.type, linear=hull(value), possible_types=value.possible_types)
        case Tuple():
            return Tuple(tuple(_outliving(name, item) for item in value.items))
        case ArrayView() if any(not place.offset.is_known for place in value.places):
            return Unbound(f"{name} is a part of an array that the last iteration chose")
    return value


def _late_values(value: Value) -> Iterator[Number]:
    if isinstance(value, Tuple):
        for item in value.items:
            yield from _late_values(item)
    elif isinstance(value, Number) and not value.is_known:
        yield value


def elaborate_for(
    state: Elaboration,
    node: ast.For,
    iteration: IterationSpace,
    body: Callable[[Value], None],
    ended: str | None = None,
) -> None:
    """A counted loop; `body` binds the target to an item and elaborates the statements.

    `ended` is the variable that says that the loop is to be left.
    """
    if iteration.runs is False:
        return
    if ended is not None:
        _elaborate_for_until(state, node, iteration, body, ended)
        return
    loop = LoopElaboration(state, node)
    builder = state.builder
    start, stop, step = (term_of(state, number) for number in (iteration.start, iteration.stop, iteration.step))

    def attempt(carried: LoopCarried):
        block = TreeBody.of([IndexType(), *carried.types()])
        loop.inside(carried, block.parameters[1:])
        with builder.inside(block), _counting(state, node.target, block.parameters[0]):
            for kind, value in iteration.directives:
                builder.add(Directive(kind, [block.parameters[0]], IntegerAttr(value, i64)))
            body(iteration.bind(state, block.parameters[0]))
        end = state.frame.names

        def finish() -> None:
            late = loop.late(carried, end, iteration.runs is True)
            yields, first = _with_late(state, loop, carried, end, late, block)
            builder.leave(block, yields)
            results = builder.add(CountedLoop(start, stop, step, first, block))
            loop.after(carried, results, late, end if iteration.runs else None)

        return end, finish

    loop.elaborate(attempt)


@contextmanager
def _counting(state: Elaboration, target: ast.expr, counter: TypedTerm) -> Generator[None, None, None]:
    """Within, the names of a loop's target stand for its counter."""
    frame = state.frame
    outer = frame.counters
    names = [each.id for each in ast.walk(target) if isinstance(each, ast.Name)]
    for name in names[:1]:
        counter.hint(name)
    frame.counters = {**outer, **dict.fromkeys(names, counter)}
    try:
        yield
    finally:
        frame.counters = outer


def _elaborate_for_until(
    state: Elaboration, node: ast.For, iteration: IterationSpace, body: Callable[[Value], None], ended: str
) -> None:
    """A counted loop that may be left: it carries its counter."""
    if iteration.directives:
        raise state.unsupported(
            f"gw.{iteration.directives[0][0]} is about loops that run to their end",
            why="this one may be left by break or return",
        )
    loop = LoopElaboration(state, node)
    builder = state.builder
    start, stop, step = (term_of(state, number) for number in (iteration.start, iteration.stop, iteration.step))

    def attempt(carried: LoopCarried):
        types = [IndexType(), *carried.types()]
        before, after = TreeBody.of(types), TreeBody.of(types)
        names = state.frame.names
        with builder.inside(before):
            going = builder.pure(arith.CmpiOp, before.parameters[0], stop, "slt")
            state.frame.names = dict(names)
            loop.inside(carried, before.parameters[1:])
            left = state.frame.names[ended]
            assert isinstance(left, Number)
            if not left.is_known:
                going = builder.pure(arith.AndIOp, going, term_of(state, logical_not(state, left)))
        state.frame.names = dict(names)
        loop.inside(carried, after.parameters[1:])
        with builder.inside(after):
            body(iteration.bind(state, after.parameters[0]))
        end = state.frame.names

        def finish() -> None:
            late = loop.late(carried, end, iteration.runs is True)
            yields, first = _with_late(state, loop, carried, end, late, before, after)
            with builder.inside(after):
                following = builder.pure(arith.AddiOp, after.parameters[0], step)
            builder.leave(before, before.parameters)
            builder.leave(after, [following, *yields])
            results = builder.add(WhileLoop([start, *first], before, going, after))
            loop.after(carried, results[1:], late, end if iteration.runs else None)

        return end, finish

    loop.elaborate(attempt)


def _with_late(
    state: Elaboration, loop: LoopElaboration, carried: LoopCarried, end: Bindings, late: Bindings, *blocks: TreeBody
) -> tuple[list[TypedTerm], list[TypedTerm]]:
    """What the last of a loop's blocks yields and what the loop starts with: the carried values and the late ones.

    The blocks get arguments for the latter.
    """
    last = [number for name in late for number in _last_numbers(late[name], end[name])]
    with state.builder.inside(blocks[-1]):
        yields = [*following(state, carried, end), *(term_of(state, number) for number in last)]
    first = [*initial(state, carried, loop.entry), *(_zero(state, number) for number in last)]
    for block in blocks:
        for number in last:
            block.parameter(ir_type_of(number.type))
    return yields, first


def _last_numbers(late: Value, end: Value) -> Iterator[Number]:
    """The numbers that the loop yields for a name that gets its first value in it."""
    return iter(()) if isinstance(late, Unbound) else _late_values(end)


def _zero(state: Elaboration, number: Number) -> TypedTerm:
    """What stands for the value before the first iteration, which nobody reads."""
    return state.builder.constant(0, ir_type_of(number.type))


def elaborate_while(
    state: Elaboration, node: ast.While, condition: Callable[[], Number], body: Callable[[], None]
) -> None:
    """A loop that runs while `condition` holds."""
    loop = LoopElaboration(state, node)
    builder = state.builder
    with state.trial():
        first = condition()
    if first.is_known and not first.known:
        return
    runs = first.is_known

    def attempt(carried: LoopCarried):
        before, after = TreeBody.of(carried.types()), TreeBody.of(carried.types())
        entry = state.frame.names
        state.frame.names = dict(entry)
        loop.inside(carried, before.parameters)
        with builder.inside(before):
            holds = condition()
            if holds.is_known and holds.known and not carried.first_only:
                raise state.unsupported("this loop never ends", why="its condition is always true")
            going = term_of(state, holds)
        state.frame.names = dict(entry)
        loop.inside(carried, after.parameters)
        with builder.inside(after):
            body()
        end = state.frame.names

        def finish() -> None:
            late = loop.late(carried, end, runs)
            yields, start = _with_late(state, loop, carried, end, late, before, after)
            builder.leave(before, before.parameters)
            builder.leave(after, yields)
            loop.after(carried, builder.add(WhileLoop(start, before, going, after)), late, end if runs else None)

        return end, finish

    loop.elaborate(attempt)
