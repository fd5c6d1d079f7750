"""The operators' modules compute what `docs/levels.md` says, in exactly the cycles that the library promises."""

from __future__ import annotations

import random
from math import isqrt
from typing import Any

import pytest

from gatewright.devices.device import TARGETS
from gatewright.operators.integer import module_of
from gatewright.operators.library import INTEGER_ITERATIVE, Operator, OperatorLibrary
from gatewright.simulate.model import Model

DIVISIONS = tuple(kind for kind in INTEGER_ITERATIVE if kind != "isqrt")
CLOCKS = (50, 100, 200, 400)


def signed(value: int, width: int) -> int:
    return value - (1 << width) if value >> (width - 1) else value


def expected(kind: str, width: int, a: int, b: int) -> int:
    """The result in Python integers, from and to unsigned values."""
    if kind == "isqrt":
        return isqrt(a)
    if b == 0:
        return 0
    if kind == "divui":
        return a // b
    if kind == "remui":
        return a % b
    x, y = signed(a, width), signed(b, width)
    towards_zero = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
    result = {"divsi": towards_zero, "remsi": x - towards_zero * y, "floordivsi": x // y}[kind]
    return result & ((1 << width) - 1)


class Unit:
    """An instance of an operator in the simulator."""

    def __init__(self, operator: Operator, library: OperatorLibrary):
        self.operator = operator
        self.model = Model(module_of(operator, library).text, operator.name)
        self.model.power_on()

    def cycle(self, **inputs: int) -> None:
        """One cycle with these inputs; the others get noise, or 0 if it is the start."""
        for name, place in self.model.layout.inputs.items():
            if name != "clk":
                idle = 0 if name == "start" else random.getrandbits(place.width)
                self.model.set(name, inputs.get(name, idle))
        self.model.advance(1)

    @property
    def result(self) -> int:
        return self.model.get("result")

    def check_in_a_row(self, pairs: list[tuple[int, int]]) -> None:
        """Start as often as the interval allows; each result is there in the cycle of the next start."""
        operator = self.operator
        for a, b in pairs:
            self.cycle(start=1, a=a, b=b)
            for _ in range(operator.latency - 1):
                self.cycle()
            assert self.result == expected(operator.kind, operator.width, a, b), (operator.name, a, b)


def corners(width: int) -> list[int]:
    """Values at which arithmetic breaks, and some others."""
    top = 1 << width
    return [0, 1, 2, top - 1, top - 2, top >> 1, (top >> 1) - 1, *(random.getrandbits(width) for _ in range(3))]


@pytest.fixture(autouse=True)
def _same_numbers_every_time():
    random.seed(2)


def structures(kind: str, *widths: int) -> list[Any]:
    """For each structure that an operator has at any target and clock, as test parameters, a library with it."""
    found = {}
    for width in widths:
        for library in (OperatorLibrary(target, mhz) for target in TARGETS for mhz in CLOCKS):
            operator = library.operator(kind, width)
            plan = library.iterative_plan(operator)
            name = f"{operator.name}-{'+'.join(map(str, plan.digits))}"
            structure = (width, plan.digits, plan.cycles, plan.prepare, plan.register_result)
            found.setdefault(structure, pytest.param(library, operator, id=name))
    return list(found.values())


def structures_of_all(kinds: tuple[str, ...], *widths: int) -> list[Any]:
    return [structure for kind in kinds for structure in structures(kind, *widths)]


@pytest.mark.parametrize(("library", "operator"), structures_of_all(DIVISIONS, 1, 2, 3, 5))
def test_division_is_right_for_every_pair_of_small_numbers(library: OperatorLibrary, operator: Operator):
    values = range(1 << operator.width)
    Unit(operator, library).check_in_a_row([(a, b) for a in values for b in values])


@pytest.mark.parametrize(("library", "operator"), structures_of_all(DIVISIONS, 8, 23, 32, 64))
def test_division_is_right_for_wide_numbers(library: OperatorLibrary, operator: Operator):
    width = operator.width
    pairs = [(random.getrandbits(width), random.getrandbits(random.randint(1, width))) for _ in range(200)]
    near_multiples = [((a // b * b - step) % (1 << width), b) for a, b in pairs if b for step in (0, 1)]
    of_corners = [(a, b) for a in corners(width) for b in corners(width)]
    Unit(operator, library).check_in_a_row(of_corners + pairs + near_multiples)


@pytest.mark.parametrize(("library", "operator"), structures("isqrt", 1, 2, 3, 4, 7, 8))
def test_square_root_is_the_floor_for_every_small_number(library: OperatorLibrary, operator: Operator):
    Unit(operator, library).check_in_a_row([(a, 0) for a in range(1 << operator.width)])


@pytest.mark.parametrize(("library", "operator"), structures("isqrt", 16, 31, 32, 64))
def test_square_root_is_the_floor_for_wide_numbers(library: OperatorLibrary, operator: Operator):
    width = operator.width
    roots = [random.getrandbits((width + 1) // 2) for _ in range(100)]
    near_squares = [max(0, min(root * root + step, (1 << width) - 1)) for root in roots for step in (-1, 0, 1)]
    Unit(operator, library).check_in_a_row([(a, 0) for a in corners(width) + near_squares])


@pytest.mark.parametrize(("library", "operator"), structures_of_all(INTEGER_ITERATIVE, 32))
def test_a_result_is_not_there_a_cycle_early(library: OperatorLibrary, operator: Operator):
    unit = Unit(operator, library)
    early = 0
    for _ in range(50):
        a, b = random.getrandbits(operator.width), random.randint(1, 5)
        unit.cycle(start=1, a=a, b=b)
        for _ in range(operator.latency - 2):
            unit.cycle()
        early += unit.result == expected(operator.kind, operator.width, a, b)
        unit.cycle()
    assert early < 50


@pytest.mark.parametrize(("library", "operator"), structures_of_all(INTEGER_ITERATIVE, 32))
def test_a_start_while_busy_begins_afresh(library: OperatorLibrary, operator: Operator):
    unit, width = Unit(operator, library), operator.width
    for wasted in range(1, operator.latency):
        unit.cycle(start=1, a=random.getrandbits(width), b=random.getrandbits(width))
        for _ in range(wasted - 1):
            unit.cycle()
        unit.check_in_a_row([(random.getrandbits(width), random.getrandbits(width))])


@pytest.mark.parametrize(("library", "operator"), structures_of_all(INTEGER_ITERATIVE, 32))
def test_a_result_stays_until_the_next_start(library: OperatorLibrary, operator: Operator):
    unit = Unit(operator, library)
    unit.check_in_a_row([(50000, 7)])
    for _ in range(30):
        unit.cycle()
        assert unit.result == expected(operator.kind, operator.width, 50000, 7)


@pytest.mark.parametrize("clock_mhz", [50, 100, 200, 400])
@pytest.mark.parametrize(
    ("width", "left", "right"),
    [(1, 1, 1), (4, 4, 4), (16, 16, 16), (18, 18, 18), (19, 19, 19), (32, 32, 32), (35, 35, 35), (64, 64, 64)]
    + [(8, 4, 4), (32, 16, 16), (32, 9, 20), (32, 32, 8), (64, 33, 20), (64, 40, 36), (36, 18, 18)],
)
def test_a_multiplier_takes_operands_every_cycle(width: int, left: int, right: int, clock_mhz: int):
    library = OperatorLibrary("generic", clock_mhz)
    operator = library.operator("muli", width, (left, right))
    unit = Unit(operator, library)
    narrow = left < width or right < width
    stream = [(a % (1 << left), b % (1 << right)) for a in corners(left) for b in corners(right)]
    seen = []
    for a, b in [*stream, *[(0, 0)] * (operator.latency - 1)]:
        unit.cycle(a=a, b=b)
        seen.append(unit.result)
    for (a, b), result in zip(stream, seen[operator.latency - 1 :], strict=True):
        product = signed(a, left) * signed(b, right) if narrow else a * b
        assert result == product & ((1 << width) - 1), (operator.name, a, b)


@pytest.mark.parametrize("width", [3, 4])
def test_a_small_multiplier_is_right_for_every_pair(width: int):
    library = OperatorLibrary()
    for operator in (library.operator("muli", width), library.operator("muli", 2 * width, (width, width))):
        unit = Unit(operator, library)
        for a in range(1 << width):
            for b in range(1 << width):
                unit.cycle(a=a, b=b)
                for _ in range(operator.latency - 1):
                    unit.cycle()
                product = signed(a, width) * signed(b, width)
                assert unit.result == product & ((1 << operator.width) - 1)
