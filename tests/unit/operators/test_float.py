"""The floating-point operators give the answers of `float_format`, one a cycle, whatever the clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from float_samples import edges, numbers  # pyright: ignore[reportMissingImports]

from gatewright.devices.device import device_of
from gatewright.numbers import float_format as ieee
from gatewright.numbers.float_format import FORMATS, FloatFormat
from gatewright.operators import float as hardware
from gatewright.operators.float_operators import build
from gatewright.operators.staged_netlist import Signal, StagedNetlist
from gatewright.simulate.model import Model

SMALL = (FloatFormat(3, 2), FloatFormat(2, 3), FloatFormat(4, 1))
HALF, BRAIN, SINGLE, DOUBLE = FloatFormat(5, 10), FloatFormat(8, 7), FloatFormat(8, 23), FloatFormat(11, 52)
REAL = (HALF, BRAIN, SINGLE, DOUBLE)
PREDICATES = ("ord", "uno", *(o + name for o in "ou" for name in ("eq", "ne", "lt", "le", "gt", "ge")))
MEANING = {
    "eq": ("eq",),
    "ne": ("lt", "gt"),
    "lt": ("lt",),
    "le": ("lt", "eq"),
    "gt": ("gt",),
    "ge": ("gt", "eq"),
}


def netlist(widths: Sequence[int], clock: float) -> StagedNetlist:
    technology = device_of("generic").technology
    inputs = list(zip("abc", widths, strict=False))
    return StagedNetlist("unit", inputs, technology, 1000 / clock - technology.register - technology.setup)


def results(
    widths: Sequence[int], build: Callable[..., Signal], rows: Sequence[tuple[int, ...]], clock: float = 100
) -> list[int]:
    """What a module gives for rows of operands, a new one every cycle."""
    net = netlist(widths, clock)
    result = build(net, *(net.input(name) for name, _ in net.inputs))
    assert result.stage is not None
    model = Model(net.finished(result).text, "unit")
    model.power_on()
    found = []
    for row in (*rows, *[rows[0]] * result.stage):
        for name, value in zip("abc", row, strict=False):
            model.set(name, value)
        model.advance(1)
        found.append(model.get("result"))
    return found[result.stage :]


def pairs_of(form: FloatFormat) -> list[tuple[int, int]]:
    special = edges(form)
    drawn = zip(numbers(form, 1500, 1), numbers(form, 1500, 2), strict=True)
    return [(a, b) for a in special for b in special] + list(drawn)


def holds(form: FloatFormat, predicate: str, a: int, b: int) -> int:
    relation = ieee.compare(form, a, b)
    if predicate in ("ord", "uno"):
        return int((relation == "un") == (predicate == "uno"))
    return int(predicate[0] == "u" if relation == "un" else relation in MEANING[predicate[1:]])


@pytest.mark.parametrize("clock", [25, 100, 400])
@pytest.mark.parametrize("form", SMALL, ids=str)
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
def test_small_formats_are_right_for_every_pair(name: str, form: FloatFormat, clock: float):
    every = [(a, b) for a in range(1 << form.width) for b in range(1 << form.width)]
    expected = [getattr(ieee, name)(form, a, b) for a, b in every]
    build = getattr(hardware, name)
    assert results((form.width,) * 2, lambda net, a, b: build(net, form, a, b), every, clock) == expected


@pytest.mark.parametrize("form", REAL, ids=str)
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
def test_real_formats_are_right_at_the_edges_and_between(name: str, form: FloatFormat):
    pairs = pairs_of(form)
    expected = [getattr(ieee, name)(form, a, b) for a, b in pairs]
    build = getattr(hardware, name)
    assert results((form.width,) * 2, lambda net, a, b: build(net, form, a, b), pairs) == expected


@pytest.mark.parametrize("form", [*SMALL, *REAL], ids=str)
def test_square_roots_are_right(form: FloatFormat):
    rows = [(a,) for a in range(1 << form.width)] if form in SMALL else [(a,) for pair in pairs_of(form) for a in pair]
    expected = [ieee.square_root(form, a) for (a,) in rows]
    assert results((form.width,), lambda net, a: hardware.square_root(net, form, a), rows) == expected


@pytest.mark.parametrize("clock", [25, 100, 300])
@pytest.mark.parametrize("form", [SMALL[0], *REAL], ids=str)
@pytest.mark.parametrize("kind", ["divf", "sqrt"])
def test_digits_of_several_cycles_are_right_too(kind: str, form: FloatFormat, clock: float):
    technology = device_of("generic").technology
    module = build(kind, (form.name,), technology, 1000 / clock - technology.register - technology.setup)
    model = Model(module.text, module.name)
    model.power_on()
    compute = ieee.divide if kind == "divf" else ieee.square_root
    for a, b in pairs_of(form)[:: 7 if form in REAL else 1][:1200]:
        operands = (a, b) if kind == "divf" else (a,)
        for name, value in zip("ab", operands, strict=False):
            model.set(name, value)
        model.set("start", 1)
        model.advance(1)
        # The operands may change at once.
        model.set("start", 0)
        for name, value in zip("ab", operands, strict=False):
            model.set(name, ~value & ((1 << form.width) - 1))
        model.advance(module.latency - 1)
        assert model.get("result") == compute(form, *operands), (a, b)
        model.advance(3)
        assert model.get("result") == compute(form, *operands), "the result stays"


@pytest.mark.parametrize("form", REAL, ids=str)
@pytest.mark.parametrize("kind", ["floor", "ceil", "trunc", "round", "roundeven"])
def test_numbers_are_rounded_to_integers(kind: str, form: FloatFormat):
    near = [
        ieee.convert(FORMATS["f64"], form, ieee.from_integer(FORMATS["f64"], n) - (2 << 52)) for n in range(-40, 41)
    ]
    rows = [(a,) for a in (*numbers(form, 700, 8), *edges(form), *near)]
    expected = [ieee.round_to_integer(form, kind, a) for (a,) in rows]
    assert results((form.width,), lambda net, a: hardware.round_to_integer(net, form, kind, a), rows) == expected


def triples_of(form: FloatFormat) -> list[tuple[int, int, int]]:
    """Edges, random numbers, and addends that cancel most of the product."""
    drawn, given = random.Random(6), numbers(form, 1000, 6)
    special = edges(form)
    found = [
        (drawn.choice(some), drawn.choice(some), drawn.choice(some)) for some in (special, given) for _ in range(1500)
    ]
    for _ in range(1000):
        a, b = drawn.choice(given), drawn.choice(given)
        found.append((a, b, ieee.multiply(form, a, b) ^ form.sign_bit ^ drawn.choice((0, 0, 1, 2, 3))))
    return found


@pytest.mark.parametrize("form", [*SMALL, *REAL], ids=str)
def test_products_and_sums_are_rounded_once(form: FloatFormat):
    triples = triples_of(form)
    expected = [ieee.multiply_add(form, *row) for row in triples]
    build = hardware.multiply_add
    assert results((form.width,) * 3, lambda net, a, b, c: build(net, form, a, b, c), triples) == expected


@pytest.mark.parametrize("form", [*REAL, SMALL[0]], ids=str)
def test_comparisons_are_right(form: FloatFormat):
    pairs = [(a, b) for a in edges(form) for b in edges(form)]
    for predicate in PREDICATES:
        expected = [holds(form, predicate, a, b) for a, b in pairs]
        found = results((form.width,) * 2, lambda net, a, b, p=predicate: hardware.compare(net, form, p, a, b), pairs)
        assert found == expected, predicate


@pytest.mark.parametrize("form", [*REAL, SMALL[0]], ids=str)
@pytest.mark.parametrize("kind", ["maximumf", "minimumf", "maxnumf", "minnumf"])
def test_extremes_are_right(form: FloatFormat, kind: str):
    pairs = [(a, b) for a in edges(form) for b in edges(form)]
    how = kind.startswith("max"), "num" in kind
    found = results((form.width,) * 2, lambda net, a, b: hardware.extreme(net, form, *how, a, b), pairs)
    assert found == [ieee.choose(form, kind, a, b) for a, b in pairs]


@pytest.mark.parametrize("form", [*REAL, SMALL[0]], ids=str)
def test_conversions_between_formats_are_right(form: FloatFormat):
    given = [(a,) for a in numbers(form, 500, 3)]
    for other in (*REAL, SMALL[0]):
        expected = [ieee.convert(form, other, a) for (a,) in given]
        found = results((form.width,), lambda net, a, o=other: hardware.convert(net, form, o, a), given)
        assert found == expected, other


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("width", [1, 8, 17, 32, 64])
def test_conversions_of_integers_are_right(width: int, signed: bool):
    drawn = random.Random(width)
    bits = [
        0,
        (1 << width) - 1,
        1 << (width - 1),
        *(drawn.getrandbits(width) >> drawn.randrange(width) for _ in range(300)),
    ]
    low, high = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
    values = [number - (1 << width) if signed and number >> (width - 1) else number for number in bits]
    for form in (*REAL, SMALL[0]):
        made = results((width,), lambda net, a, f=form: hardware.from_integer(net, f, a, signed), [(n,) for n in bits])
        assert made == [ieee.from_integer(form, value) for value in values], form
        given = numbers(form, 300, 4) + [ieee.from_integer(form, 3 * value // 2) for value in values]
        to_integer = lambda net, a, f=form: hardware.to_integer(net, f, a, width, signed)  # noqa: E731
        back = results((form.width,), to_integer, [(a,) for a in given])
        mask = (1 << width) - 1
        assert back == [ieee.to_integer(form, a, low, high) & mask for a in given], form


def test_there_are_as_many_stages_as_the_clock_asks_for():
    stages = []
    for clock in (10, 50, 100, 200, 400):
        net = netlist((32, 32), clock)
        result = hardware.add(net, SINGLE, net.input("a"), net.input("b"))
        stages.append(result.stage)
        assert result.time <= net.budget
    assert stages[0] == 0
    assert stages == sorted(set(stages))
