"""Calls of the program's own functions, closures, and how arguments reach parameters."""

from __future__ import annotations

import numpy as np
from numpy import maximum as larger

import gatewright.numbers.types as gw
from gatewright.frontends.python import kernel

V = np.zeros(8, np.int32)
OFFSETS = (3, -1, 4)
LIMITS = {"low": -5, "high": 9}


def clamp(x, low=LIMITS["low"], *, high=9):
    """Keep x within bounds."""
    if x < low:
        return low
    return high if x > high else x


def step(array, i, scale=2):
    array[i] = array[i] * scale
    return array[i], i + 1


@kernel
def add(a: gw.i32, b: gw.i32):
    return a + b


def test_functions_are_inlined(agrees, text):
    def f(a):
        i = 0
        for k in range(4):
            x, i = step(a, i, scale=k + 1)
            a[7] += x
        return add(a[0], a[1]), np.int32(clamp(a[2], high=100)), np.int32(clamp(a[3], -100) + clamp(a[4], np.int32(1)))

    module = text(agrees(f, V))
    assert "call" not in module


def test_names_of_a_function_are_its_own(agrees):
    def inner(x):
        i = x + 1
        y = i * 2
        return y

    def f(x):
        i = 100
        y = inner(x) + inner(i)
        return i, y

    agrees(f, np.int32(1))


def test_functions_inside_functions_see_the_names_around_them(agrees):
    def f(a, n):
        offset = a[0]

        def shifted(i, by=1):
            return a[i + by] + offset

        scale = lambda x: x * n  # noqa: E731
        offset = offset + 1
        a[2] = shifted(3) + shifted(2, by=4)
        return scale(a[2]), (lambda x, y: x - y)(a[3], offset)

    agrees(f, V, np.int32(1))


def test_constants_of_the_surroundings(agrees):
    factor = np.int16(3)
    shift = 2

    def f(x):
        s = x
        for offset in OFFSETS:
            s += offset * factor << shift
        return s + LIMITS["high"] + OFFSETS[-1] + len(OFFSETS) + larger(x, factor)

    agrees(f, np.int32(1))


def test_a_parameter_with_a_default_is_a_constant(agrees, compiled):
    def f(a, n=3, wide=True):
        for i in range(n):
            a[i] += 1 if wide else 2

    assert [p.name for p in compiled(f, V).signature.parameters] == ["a"]
    assert [p.name for p in compiled(f, V, np.uint8(1)).signature.parameters] == ["a", "n"]
    agrees(f, V)


def test_a_decorated_function_is_still_python(agrees):
    assert add(2, 3) == 5 and add.__gatewright_kernel__
    agrees(add, np.int32(1), np.int32(1))


def test_lambdas_are_programs(agrees):
    agrees(lambda a, b: a * b + 1, np.int16(1), np.int16(1))


def test_a_function_may_return_nothing_a_number_an_array_or_several(compiled):
    def nothing(a):
        a[0] = 1

    def several(a):
        return a[0], a + 1, a[0] > 3, 5

    assert compiled(nothing, V).signature.results == ()
    assert [str(r.type) for r in compiled(several, V).signature.results] == ["i32", "i32[8]", "bool", "i64"]
    assert [r.name for r in compiled(several, V).signature.results] == [f"result_{k}" for k in range(4)]


def test_annotations_give_the_types(compiled):
    def f(a: gw.u8[2, 3], n: gw.int_(5), flag: gw.bool_, k: int, on: bool, x: np.uint16, y: np.dtype("int8")):
        pass

    def g(a: gw.fixed(16, 8)[4], b: gw.i32):
        pass

    assert str(compiled(f).signature) == ("(a: u8[2, 3], n: i5, flag: bool, k: i64, on: bool, x: u16, y: i8) -> ()")
    assert str(compiled(g).signature) == "(a: fixed<16,8>[4], b: i32) -> ()"


def test_examples_give_the_types(compiled):
    def f(a, b, c, d, e):
        pass

    examples = (np.zeros((2, 2), np.uint16), np.int8(3), 5, True, gw.u32[4])
    assert str(compiled(f, *examples).signature) == "(a: u16[2, 2], b: i8, c: i64, d: bool, e: u32[4]) -> ()"
    with_floats = compiled(lambda a, b, c: None, np.zeros(3), np.float32(1), 0.5, precision="fixed<12,4>")
    assert str(with_floats.signature) == "(a: fixed<12,4>[3], b: fixed<12,4>, c: fixed<12,4>) -> ()"


def test_the_option_name_names_the_program(compiled):
    assert compiled(lambda x: x, np.int8(1), name="top").name == "top"
    assert compiled(lambda x: x, np.int8(1)).name == "function"


def test_the_return_annotation_gives_the_type_of_a_python_number(compiled, runs):
    def f(n: int) -> gw.u8:
        return n + 1

    program = compiled(f)
    assert [int(x) for x in runs(program, [9])] == [10]
    assert str(program.signature) == "(n: i64) -> (u8)"
