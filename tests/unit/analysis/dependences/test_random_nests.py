"""Dependences of random loop nests, compared with an execution that writes down every access."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor

import islpy as isl
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects import func
from xdsl.parser import Parser

from gatewright.analysis.dependences.analysis import DependenceAnalysis
from gatewright.analysis.dependences.description import (
    ArrayAccess,
    Description,
    LoopRange,
    Node,
    OpaqueValue,
    affine,
    condition,
    load,
    loop,
    store,
    when,
)
from gatewright.analysis.dependences.flat_distances import FlatDistances
from gatewright.analysis.dependences.from_loops import describe
from gatewright.analysis.dependences.last_writers import last_writers
from gatewright.ir.context import context


@dataclass
class Nest:
    """A loop nest in text: what is described to the analysis, and what Python can execute."""

    nodes: list[tuple] = field(default_factory=list)
    """`(for, name, lower, upper, step, nodes)`, `(if, condition, nodes, nodes)`, `(symbol, name)`, `(access, ...)`."""
    exact: bool = True
    """Whether it is affine all over."""


@st.composite
def nests(draw: st.DrawFn, exact: bool) -> Nest:
    """Up to three loops deep, with conditions, triangular and parametric bounds, and some accesses."""
    budget = {"loops": 4, "accesses": 4, "symbols": 0 if exact else 3}
    return Nest(_nodes(draw, [], 0, budget, exact), exact)


def _nodes(draw: st.DrawFn, names: list[str], depth: int, budget: dict[str, int], exact: bool) -> list[tuple]:
    nodes: list[tuple] = []
    names = list(names)
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["for", "for", "access", "access", "if", "symbol"]))
        if kind == "for" and depth < 3 and budget["loops"]:
            budget["loops"] -= 1
            name = f"i{budget['loops']}"
            lower = draw(st.sampled_from(["0", "1", *names, *(f"{n} + 1" for n in names)]))
            upper = draw(st.sampled_from(["3", "4", "n", *(f"{n} + 2" for n in names), *(f"4 - {n}" for n in names)]))
            step = draw(st.sampled_from([1, 1, 1, 2]))
            inside = _nodes(draw, [*names, name], depth + 1, budget, exact)
            nodes.append(("for", name, lower, upper, step, inside))
        elif kind == "if" and budget["accesses"]:
            test = f"{_expression(draw, names)} {draw(st.sampled_from(['<', '>=', '=']))} {_expression(draw, names)}"
            nodes.append(("if", test, _accesses(draw, names, budget, exact), _accesses(draw, names, budget, exact)))
        elif kind == "symbol" and budget["symbols"]:
            budget["symbols"] -= 1
            names.append(f"s{budget['symbols']}")
            nodes.append(("symbol", names[-1]))
        elif kind == "access":
            nodes += _accesses(draw, names, budget, exact)
    return nodes


def _expression(draw: st.DrawFn, names: Sequence[str]) -> str:
    terms = [f"{draw(st.sampled_from([-1, 1, 1, 2]))}*{name}" for name in names if draw(st.booleans())]
    plain = " + ".join([*terms, str(draw(st.integers(-1, 2)))])
    return draw(st.sampled_from([plain, plain, plain, f"({plain}) mod 3", f"floor(({plain})/2)"]))


def _accesses(draw: st.DrawFn, names: list[str], budget: dict[str, int], exact: bool) -> list[tuple]:
    if not budget["accesses"]:
        return []
    budget["accesses"] -= 1
    array, rank = draw(st.sampled_from([("A", 1), ("A", 1), ("B", 2)]))
    subscripts: list[str | None] = [_expression(draw, names) for _ in range(rank)]
    if not exact and draw(st.booleans()):
        subscripts[0] = None
    return [("access", array, draw(st.booleans()), tuple(subscripts), budget["accesses"])]


def described(nodes: Sequence[tuple], made: dict[int, Node]) -> list[Node]:
    """The nodes of a description; `made` gets the accesses and loops by their numbers and positions."""
    found: list[Node] = []
    for node in nodes:
        match node:
            case ("for", name, lower, upper, step, inside):
                found.append(loop(name, lower, upper, *described(inside, made), step=step))
            case ("if", test, then, otherwise):
                found.append(when(test, *described(then, made), otherwise=described(otherwise, made)))
            case ("symbol", name):
                found.append(OpaqueValue(name))
            case ("access", array, stores, subscripts, _):
                found.append((store if stores else load)(array, *subscripts))
        made[id(node)] = found[-1]
    return found


@dataclass
class Event:
    """One execution of an access."""

    access: ArrayAccess
    element: tuple[int, ...]
    values: dict[str, int]
    """The loops and symbols around it."""
    loops: list[LoopRange]
    tick: int
    """The innermost iterations that came before, where an inner loop without iterations counts as one."""


class Execution:
    """Executes a nest and writes down its accesses."""

    def __init__(self, nest: Nest, n: int):
        self.made: dict[int, Node] = {}
        self.body = described(nest.nodes, self.made)
        self.events: list[Event] = []
        self.n = n
        self.tick = 0
        self._nodes(nest.nodes, {}, [])

    def _value(self, text: str, values: dict[str, int]) -> int:
        python = text.replace(" mod ", " % ").replace(" = ", " == ")
        return eval(python, {"floor": floor, "n": self.n}, values)

    def _nodes(self, nodes: Sequence[tuple], values: dict[str, int], loops: list[LoopRange], behind: int = 0) -> None:
        """Execute nodes; `behind` is 1 if an inner loop of the same body has run, whose last tick they share."""
        values = dict(values)
        for node in nodes:
            match node:
                case ("for", *_):
                    self._loop(node, values, loops)
                    behind = 1
                case ("if", test, then, otherwise):
                    self._nodes(then if self._value(test, values) else otherwise, values, loops, behind)
                case ("symbol", name):
                    values[name] = unknown(name, values)
                case ("access", _, _, subscripts, number):
                    element = tuple(
                        unknown(f"{number}", values) if text is None else self._value(text, values)
                        for text in subscripts
                    )
                    made = self.made[id(node)]
                    assert isinstance(made, ArrayAccess)
                    self.events.append(Event(made, element, dict(values), loops, self.tick - behind))

    def _loop(self, node: tuple, values: dict[str, int], loops: list[LoopRange]) -> None:
        _, name, lower, upper, step, inside = node
        made = self.made[id(node)]
        assert isinstance(made, LoopRange)
        counters = range(self._value(lower, values), self._value(upper, values), step)
        for counter in counters:
            self._nodes(inside, {**values, name: counter}, [*loops, made])
            if not any(inner[0] == "for" for inner in inside):
                self.tick += 1
        if not counters:
            self.tick += 1

    def pairs(self):
        """All pairs of executions that depend on each other, in order."""
        for position, later in enumerate(self.events):
            for earlier in self.events[:position]:
                one, other = earlier.access, later.access
                if one.array == other.array and earlier.element == later.element and (one.stores or other.stores):
                    yield earlier, later


def unknown(name: str, values: dict[str, int]) -> int:
    """A value of which the analysis knows nothing, the same for the same name and iteration."""
    return sum((position + 2) * value for position, value in enumerate(values.values())) * 7 % 5 - len(name) % 2


def carrier(earlier: Event, later: Event) -> LoopRange | None:
    """The outermost loop around both of which the two are in different iterations."""
    for mine, theirs in zip(earlier.loops, later.loops, strict=False):
        if mine is not theirs:
            return None
        if earlier.values[mine.name] != later.values[mine.name]:
            return mine
    return None


def point(earlier: Event, later: Event, n: int) -> dict[str, int]:
    """The values that a pair of executions has in the set of a dependence."""
    both = {f"source_{name}": value for name, value in earlier.values.items()}
    return both | {f"target_{name}": value for name, value in later.values.items()} | {"n": n}


def points(values: isl.Set, n: int) -> set[tuple[tuple[str, int], ...]]:
    """All members of a set of parameters for one value of n."""
    values &= condition(f"n = {n}")
    names = [str(name) for name in values.get_var_names(isl.dim_type.param)]
    values = values.move_dims(isl.dim_type.set, 0, isl.dim_type.param, 0, len(names))
    found: list[tuple[tuple[str, int], ...]] = []

    def note(member: isl.Point) -> None:
        at = [member.get_coordinate_val(isl.dim_type.set, k).to_python() for k in range(len(names))]
        found.append(tuple(sorted(zip(names, at, strict=True))))

    values.foreach_point(note)
    return set(found)


def contains(values: isl.Set, member: dict[str, int]) -> bool:
    """Whether a set of parameters has a member, of which more may be given than the set knows of."""
    text = " and ".join(f"{name} = {value}" for name, value in member.items())
    return not (values & condition(text)).is_empty()


@settings(max_examples=100, deadline=None)
@given(nests(exact=True), st.integers(0, 4))
def test_the_dependences_of_an_affine_nest_are_exactly_those_that_occur(nest: Nest, n: int):
    execution = Execution(nest, n)
    found = DependenceAnalysis(Description(execution.body)).dependences()
    predicted = {
        (dependence.source.access, dependence.target.access, dependence.carrier, member)
        for dependence in found
        for member in points(dependence.pairs, n)
    }
    occurred = {
        (earlier.access, later.access, carrier(earlier, later), tuple(sorted(point(earlier, later, n).items())))
        for earlier, later in execution.pairs()
    }
    assert {(*key, _counters(member)) for *key, member in predicted} == {
        (*key, _counters(member)) for *key, member in occurred
    }


def _counters(member: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    return tuple((name, value) for name, value in member if name != "n")


@settings(max_examples=100, deadline=None)
@given(nests(exact=False), st.integers(0, 4))
def test_no_dependence_of_any_nest_is_missed(nest: Nest, n: int):
    execution = Execution(nest, n)
    found = {
        (dependence.source.access, dependence.target.access, dependence.carrier): dependence
        for dependence in DependenceAnalysis(Description(execution.body)).dependences()
    }
    for earlier, later in execution.pairs():
        dependence = found[earlier.access, later.access, carrier(earlier, later)]
        assert contains(dependence.pairs, point(earlier, later, n))
        for (least, greatest), counter in zip(dependence.distance, dependence.loops, strict=True):
            apart = later.values[counter.name] - earlier.values[counter.name]
            assert (least is None or least <= apart) and (greatest is None or apart <= greatest)


@settings(max_examples=100, deadline=None)
@given(nests(exact=False), st.integers(1, 4))
def test_accesses_are_at_least_as_many_iterations_apart_as_is_said(nest: Nest, n: int):
    execution = Execution(nest, n)
    analysis = DependenceAnalysis(Description(execution.body))
    loops = {each for event in execution.events for each in event.loops}
    for each in loops:
        distances = analysis.loop_distances(each)
        for earlier, later in execution.pairs():
            if each not in earlier.loops or each not in later.loops:
                continue
            outside = earlier.loops[: earlier.loops.index(each)]
            if any(earlier.values[outer.name] != later.values[outer.name] for outer in outside):
                continue
            apart = (later.values[each.name] - earlier.values[each.name]) // each.step
            assert distances[earlier.access, later.access] <= apart


@settings(max_examples=100, deadline=None)
@given(st.booleans().flatmap(lambda exact: nests(exact=exact)), st.integers(0, 4))
def test_a_load_reads_what_its_last_writer_wrote(nest: Nest, n: int):
    execution = Execution(nest, n)
    analysis = DependenceAnalysis(Description(execution.body, affine(n).eq_set(affine("n"))))
    contents: dict[tuple, Event] = {}
    known = {}
    for event in execution.events:
        key = event.access.array, event.element
        if event.access.stores:
            contents[key] = event
            continue
        writers = known.setdefault(event.access, last_writers(analysis, event.access))
        candidates = [writer for writer in writers if _reads(writer.loads, event.values, n)]
        actual = contents.get(key)
        chosen = [each for each in candidates if each.store is (actual.access if actual else None)]
        assert chosen, "the writer is not among the candidates"
        if any(each.certain for each in candidates):
            assert len(candidates) == 1
        if nest.exact:
            assert candidates[0].certain
        if actual is not None:
            for (least, greatest), counter in zip(chosen[0].distance, event.loops, strict=False):
                apart = event.values[counter.name] - actual.values[counter.name]
                assert (least is None or least <= apart) and (greatest is None or apart <= greatest)


def _reads(loads: isl.Set, values: dict[str, int], n: int) -> bool:
    loads = loads.intersect_params(condition(f"n = {n}"))
    for position, name in enumerate(loads.get_var_names(isl.dim_type.set)):
        loads = loads.fix_val(isl.dim_type.set, position, isl.Val(values[str(name)]))
    return not loads.is_empty()


@settings(max_examples=100, deadline=None)
@given(st.booleans().flatmap(lambda exact: nests(exact=exact)), st.integers(0, 4))
def test_in_a_nest_that_runs_as_one_loop_accesses_are_at_least_as_far_apart_as_is_said(nest: Nest, n: int):
    execution = Execution(nest, n)
    description = Description(execution.body)
    ticks = FlatDistances(description, DependenceAnalysis(description))
    for earlier, later in execution.pairs():
        if earlier.loops and later.loops and earlier.loops[0] is later.loops[0]:
            least = ticks.distance(earlier.loops[0], earlier.access, later.access)
            assert least is not None and least <= later.tick - earlier.tick


@settings(max_examples=100, deadline=None)
@given(nests(exact=True))
def test_the_distance_is_exact_where_all_loops_have_constant_bounds(nest: Nest):
    nest = Nest(rectangular(nest.nodes))
    execution = Execution(nest, 0)
    description = Description(execution.body)
    ticks = FlatDistances(description, DependenceAnalysis(description))
    nearest: dict[tuple[LoopRange, ArrayAccess, ArrayAccess], int] = {}
    for earlier, later in execution.pairs():
        if earlier.loops and later.loops and earlier.loops[0] is later.loops[0]:
            key = earlier.loops[0], earlier.access, later.access
            nearest[key] = min(nearest.get(key, 1000), later.tick - earlier.tick)
    for (root, source, target), least in nearest.items():
        assert ticks.distance(root, source, target) == least


def rectangular(nodes: Sequence[tuple]) -> list[tuple]:
    """The same nest with constant bounds."""
    return [
        ("for", node[1], "0", str(2 + len(node[2]) % 3), node[4], rectangular(node[5])) if node[0] == "for" else node
        for node in nodes
    ]


class Emitter:
    """Writes a nest as a loops-level function; what is not known is loaded from `%data`."""

    COMPARISONS = {"<": "slt", ">=": "sge", "=": "eq"}
    OPERATIONS = {ast.Add: "addi", ast.Sub: "subi", ast.Mult: "muli", ast.Div: "floordivsi"}

    def __init__(self, nest: Nest):
        self.lines: list[str] = []
        self.count = 0
        self._nodes(nest.nodes)

    @property
    def text(self) -> str:
        """The function."""
        arguments = "%A: memref<16xi32>, %B: memref<16x16xi32>, %data: memref<1xi32>, %n: i32"
        head = "%zero = arith.constant 0 : index\n%wide = arith.index_cast %n : i32 to index"
        return f"func.func @f({arguments}) {{\n{head}\n" + "\n".join(self.lines) + "\nfunc.return\n}"

    def _emit(self, operation: str, name: str | None = None) -> str:
        self.count += 1
        name = name or f"%t{self.count}"
        self.lines.append(f"{name} = {operation}")
        return name

    def _expression(self, text: str) -> str:
        return self._value(ast.parse(text.replace(" mod ", " % "), mode="eval").body)

    def _value(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=value):
                return self._emit(f"arith.constant {value} : index")
            case ast.Name(id="n"):
                return "%wide"
            case ast.Name(id=name):
                return f"%{name}"
            case ast.UnaryOp(operand=operand):
                return self._emit(f"arith.subi %zero, {self._value(operand)} : index")
            case ast.Call(args=[inner]):
                return self._value(inner)
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                number, divisor = self._value(left), self._value(right)
                quotient = self._emit(f"arith.floordivsi {number}, {divisor} : index")
                multiple = self._emit(f"arith.muli {quotient}, {divisor} : index")
                return self._emit(f"arith.subi {number}, {multiple} : index")
            case ast.BinOp(left=left, op=op, right=right):
                operation = self.OPERATIONS[type(op)]
                return self._emit(f"arith.{operation} {self._value(left)}, {self._value(right)} : index")
        raise AssertionError(ast.dump(node))

    def _unknown(self, name: str | None = None) -> str:
        loaded = self._emit("memref.load %data[%zero] : memref<1xi32>")
        return self._emit(f"arith.index_cast {loaded} : i32 to index", name)

    def _nodes(self, nodes: Sequence[tuple]) -> None:
        for node in nodes:
            match node:
                case ("for", name, lower, upper, step, inside):
                    first, end, by = (self._expression(str(each)) for each in (lower, upper, step))
                    self.lines.append(f"scf.for %{name} = {first} to {end} step {by} {{")
                    self._nodes(inside)
                    self.lines.append("}")
                case ("if", test, then, otherwise):
                    left, right = test.split(comparison := next(f" {c} " for c in self.COMPARISONS if f" {c} " in test))
                    predicate = self.COMPARISONS[comparison.strip()]
                    operands = f"{self._expression(left)}, {self._expression(right)}"
                    self.lines.append(f"scf.if {self._emit(f'arith.cmpi {predicate}, {operands} : index')} {{")
                    self._nodes(then)
                    self.lines.append("} else {")
                    self._nodes(otherwise)
                    self.lines.append("}")
                case ("symbol", name):
                    self._unknown(f"%{name}")
                case ("access", array, stores, subscripts, _):
                    at = ", ".join(self._unknown() if s is None else self._expression(s) for s in subscripts)
                    type_ = "memref<16xi32>" if array == "A" else "memref<16x16xi32>"
                    if stores:
                        self.lines.append(f"memref.store %n, %{array}[{at}] : {type_}")
                    else:
                        self._emit(f"memref.load %{array}[{at}] : {type_}")


@settings(max_examples=100, deadline=None)
@given(st.booleans().flatmap(lambda exact: nests(exact=exact)), st.integers(0, 4))
def test_a_function_has_the_dependences_of_the_nest_that_it_was_made_from(nest: Nest, n: int):
    execution = Execution(nest, n)
    function = Parser(context(), Emitter(nest).text).parse_module().body.block.first_op
    assert isinstance(function, func.FuncOp)
    described_function = describe(function)
    accesses = [each for each in described_function.access_of.values() if each.array != "data"]
    number = {
        each: k for k, each in enumerate(made for made in execution.made.values() if isinstance(made, ArrayAccess))
    }
    analysis = DependenceAnalysis(described_function.description)
    predicted = {}
    for found in analysis.dependences():
        ends = accesses.index(found.source.access), accesses.index(found.target.access)
        predicted[*ends, found.carrier and found.carrier.name] = found
    occurred = set()
    for earlier, later in execution.pairs():
        if all(0 <= coordinate < 16 for coordinate in earlier.element):
            carrying = carrier(earlier, later)
            key = number[earlier.access], number[later.access], carrying and carrying.name
            loops = {
                f"{role}_{each.name}": event.values[each.name]
                for role, event in (("source", earlier), ("target", later))
                for each in event.loops
            }
            assert contains(predicted[key].pairs, loops | {"n": n})
            occurred.add((key, tuple(sorted(loops.items()))))
    if nest.exact:
        assert occurred == {
            (key, _counters(member)) for key, found in predicted.items() for member in points(found.pairs, n)
        }
