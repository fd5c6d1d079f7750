"""Numbers: NumPy's types, wrapping and signs; Python's integers; operators of all kinds."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gatewright.numbers.types as gw

ARITHMETIC = ("+", "-", "*", "//", "%", "<<", ">>", "&", "|", "^")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
DTYPES = (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64)
PAIRS = [(a, b) for a in DTYPES for b in (np.int8, np.uint8, np.uint16, np.int32, np.uint32, np.int64, np.uint64)]
INTEGER_PAIRS = [(a, b) for a, b in PAIRS if np.result_type(a, b).kind in "iu"]


def named(value: object) -> str:
    return getattr(value, "__name__", str(value))


def all_of(*expressions: str) -> str:
    """The source of a function of `a` and `b` that returns the values of all expressions."""
    return f"def f(a, b):\n    return {', '.join(expressions)}\n"


@pytest.mark.parametrize(("left", "right"), INTEGER_PAIRS, ids=named)
def test_arithmetic_on_two_numpy_numbers_is_numpys(agrees, from_text, left, right):
    agrees(from_text(all_of(*(f"a {symbol} b" for symbol in ARITHMETIC))), left(1), right(1), rounds=40)


@pytest.mark.parametrize(("left", "right"), PAIRS, ids=named)
def test_a_comparison_is_mathematical_whatever_the_signs(agrees, from_text, left, right):
    agrees(from_text(all_of(*(f"a {symbol} b" for symbol in COMPARISONS))), left(1), right(1), rounds=40)


@pytest.mark.parametrize("dtype", DTYPES, ids=named)
@pytest.mark.parametrize("constant", (0, 1, 3, 8, 100))
def test_a_python_integer_takes_the_type_of_the_number_it_meets(agrees, from_text, dtype, constant):
    pairs = [(f"a {symbol} {constant}", f"{constant} {symbol} a") for symbol in ARITHMETIC + COMPARISONS]
    source = all_of(*(expression for pair in pairs for expression in pair)).replace("a, b", "a")
    agrees(from_text(source), dtype(1), rounds=30)


def test_python_integers_stay_python_integers(agrees, from_text):
    f = from_text(all_of(*(f"a {symbol} b" for symbol in ("+", "-", "*", "&", "|", "^", *COMPARISONS))))
    numbers = (-(1 << 31), -7, -1, 0, 1, 2, 6, 1 << 31)
    agrees(f, 1, 1, inputs=[(a, b) for a in numbers for b in numbers])


@pytest.mark.parametrize("symbol", ("//", "%", "<<", ">>"))
def test_python_division_rounds_down_and_shifts_go_by_any_count(agrees, from_text, symbol):
    f = from_text(f"def f(a, b):\n    return a {symbol} b\n")
    right = (1, 2, 3, 8, 31) if symbol in ("<<", ">>") else (-9, -2, -1, 1, 2, 3, 8)
    agrees(f, 1, 1, inputs=[(a, b) for a in (-(1 << 31), -17, -8, -1, 0, 1, 7, 8, 1 << 31) for b in right])


@pytest.mark.parametrize("constant", (-8, -3, -1, 1, 2, 3, 8))
def test_python_division_by_a_constant_rounds_down(agrees, from_text, constant):
    f = from_text(f"def f(a):\n    return a // {constant}, a % {constant}\n")
    agrees(f, 1, inputs=[(a,) for a in range(-20, 20)])


@pytest.mark.parametrize("dtype", DTYPES, ids=named)
def test_one_operand(agrees, dtype):
    def f(a):
        return -a, ~a, +a, abs(a), np.abs(a), not a, a**3, a**0, 2 ** (a & 31)

    agrees(f, dtype(1), rounds=40)


def test_truth_values_of_numpy(agrees, from_text):
    f = from_text(all_of(*(f"a {symbol} b" for symbol in ("+", "*", "&", "|", "^", "//", "%", *COMPARISONS))))
    agrees(f, np.True_, np.True_)
    agrees(f, np.True_, np.int8(3))
    agrees(f, np.uint32(3), np.False_)


def test_truth_values_of_python(agrees):
    def f(a, b):
        return a + b, a * b, a & b, a | b, a ^ b, a - b, -a, a + 3, a == b, a < b

    agrees(f, True, True, inputs=[(a, b) for a in (False, True) for b in (False, True)])


def test_a_truth_value_of_numpy_and_a_constant(agrees):
    def f(a):
        return ~a, a + True, a + 1, True & a, a * 2, a ^ True, a | False, a & True, a == 1, a < 2

    agrees(f, np.True_, inputs=[(np.True_,), (np.False_,)])


@pytest.mark.parametrize("dtype", (np.int8, np.uint8, np.int32, np.uint32, np.int64, np.bool_), ids=named)
def test_casts_wrap(agrees, dtype):
    def f(a):
        return np.int8(a), np.uint8(a), np.int32(a), np.uint64(a), np.bool_(a), int(a), bool(a)

    agrees(f, dtype(1), rounds=30)


def test_casts_of_python_integers(agrees):
    def f(n):
        return np.uint8(n), np.int64(n), np.bool_(n), bool(n), int(n)

    agrees(f, 1, inputs=[(n,) for n in (0, 1, 77, 255)])


def test_the_integer_square_root_is_exact_for_32_bits(agrees):
    def f(a, b):
        return np.uint32(np.sqrt(a)), np.int64(np.sqrt(a)), int(np.sqrt(b)), np.uint8(np.sqrt(b))

    edges = [0, 1, 2, 3, 4, 15, 16, 17, 2**16 - 1, 2**16, 2**32 - 1, 65535**2 - 1, 65535**2, 65535**2 + 1]
    agrees(f, np.uint32(1), np.uint16(1), inputs=[(np.uint32(x), np.uint16(x % 65536)) for x in edges])
    agrees(f, np.uint32(1), np.uint16(1), rounds=50)


def test_isqrt_of_python_integers(agrees):
    def f(n):
        return math.isqrt(n), int(math.sqrt(n % 1000))

    agrees(f, 1, inputs=[(n,) for n in (0, 1, 2, 3, 4, 99, 2**52 + 3, 2**62)])


def test_odd_widths_meet_in_the_wider_and_wrap_there(compiled):
    def f(a: gw.int_(12), b: gw.uint(3), c: gw.int_(5)):  # pyright: ignore
        return a + c, a * b, b + b

    assert [str(result.type) for result in compiled(f).signature.results] == ["i12", "i12", "u3"]


def test_casts_to_hardware_types_wrap_in_python_too(agrees):
    def f(a):
        return gw.i8(a), gw.u32(a) + gw.u32(1), gw.bool_(a), np.int32(gw.int_(12)(a))

    agrees(f, np.int32(1), rounds=30)


def test_minimum_and_maximum_of_numbers(agrees):
    def f(a, b, n):
        return min(a, b), max(a, b, a), np.maximum(a, 3), np.minimum(a, b), min(n, 5), max(n, 0) + 1

    agrees(f, np.int32(1), np.int32(1), 4, inputs=[(np.int32(x), np.int32(y), x) for x in (-9, 3, 8) for y in (-9, 4)])


def test_augmented_assignments(agrees):
    def f(a, b):
        x = a
        x += b
        x -= 3
        x *= b
        x //= 7
        x <<= 2
        x ^= b
        x %= 1000
        x |= 1
        x &= b
        x >>= 1
        return x

    agrees(f, np.uint32(1), np.uint32(1))
    agrees(f, np.int16(1), np.int16(1))


def test_chained_comparisons(agrees):
    def f(a, b, c):
        return a < b <= c, 0 < a < 100, a == b == c

    agrees(f, np.int8(1), np.int8(1), np.uint8(1), rounds=40)


def test_and_or_have_the_values_of_their_operands(agrees):
    def f(a, b, p, q):
        return a and b, a or b, p and q, p or q, (a > 0 and b > 0) or not p, (a or 5) + a

    agrees(f, np.int8(1), np.int8(1), True, True,
           inputs=[(np.int8(a), np.int8(b), p, q) for a in (0, 3) for b in (0, -2) for p in (True, False)
                   for q in (True, False)])  # fmt: skip


def test_conditional_expressions(agrees):
    def f(a, b):
        return a if a > b else b, (a - b) * (1 if b > a else 2)

    agrees(f, np.int32(1), np.int32(1))


def test_constants_are_computed_as_python_does():
    from gatewright.frontends.python import load
    from gatewright.options import Options

    def f():
        return 7 // -2, 7 % -3, (1 << 70) >> 68, 3**4, -5 // 2, abs(-3), min(4, 2), 10 - 3 * 2, int(7 / 2), True + True

    text = str(load(f, (), Options()).module)
    want = [str(int(value)) for value in f()]
    returned = text.split("func.return ")[1].split(" :")[0].split(", ")
    values = dict(line.strip().split(" = arith.constant ") for line in text.splitlines() if "arith.constant" in line)
    assert [values[name].split(" :")[0] for name in returned] == want
