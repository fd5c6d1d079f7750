"""The hardware of sine, cosine and tangent of floating-point numbers of any size, faithful.

The argument is multiplied by those digits of 2 / pi that matter: a window that its exponent chooses (M. Payne and
R. Hanek, Radian reduction for trigonometric functions, 1983). That gives the quadrant, and a fraction of it with enough
digits to have all of its own where it is close to 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from gatewright.numbers.float_format import FloatFormat
from gatewright.operators.constants import BITS, TWO_BY_PI
from gatewright.operators.elementary import GUARD, packed
from gatewright.operators.float import Unpacked, choose, quotient_rows, unpack
from gatewright.operators.logic import Logic, W
from gatewright.operators.polynomial import evaluate, table


@dataclass(frozen=True)
class _Parts(Generic[W]):
    """The sine and the cosine of what is left of an argument: digits, and the exponent of the topmost."""

    number: Unpacked[W]
    quadrant: W
    swap: W
    """Whether sine and cosine change places: what is left is the distance to the next quadrant."""
    sine: W
    sine_exponent: W
    cosine: W
    cosine_exponent: W


def sine(net: Logic[W], form: FloatFormat, a: W) -> W:
    """The sine of an angle in radians."""
    parts = _parts(net, form, a)
    sign = net.differ(parts.number.sign, net.top(parts.quadrant))
    return _one_of(net, form, parts, net.differ(net.bit(parts.quadrant, 0), parts.swap), sign)


def cosine(net: Logic[W], form: FloatFormat, a: W) -> W:
    """The cosine of an angle in radians."""
    parts = _parts(net, form, a)
    odd = net.bit(parts.quadrant, 0)
    sign = net.differ(net.top(parts.quadrant), odd)
    return _one_of(net, form, parts, net.invert(net.differ(odd, parts.swap)), sign)


def tangent(net: Logic[W], form: FloatFormat, a: W) -> W:
    """The tangent of an angle in radians."""
    parts = _parts(net, form, a)
    odd = net.bit(parts.quadrant, 0)
    inverse = net.differ(odd, parts.swap)
    above = net.mux(inverse, parts.cosine, parts.sine)
    below = net.mux(inverse, parts.sine, parts.cosine)
    first = net.mux(inverse, parts.cosine_exponent, parts.sine_exponent)
    second = net.mux(inverse, parts.sine_exponent, parts.cosine_exponent)
    (above, first), (below, second) = _topped(net, above, first), _topped(net, below, second)
    digits = quotient_rows(net, above, below, form.mantissa + 4)
    exponent = net.add(net.subtract(first, second), net.constant(form.bias, first.width))
    sign = net.differ(parts.number.sign, odd)
    finite = packed(net, form, sign, exponent, digits)
    return _special(net, form, parts.number, sign, finite)


def _topped(net: Logic[W], digits: W, exponent: W) -> tuple[W, W]:
    """Digits of which at most the two topmost are 0, or all, shifted up until the topmost is 1."""
    for _ in range(2):
        top = net.top(digits)
        up = net.join(net.bits(digits, 0, digits.width - 1), net.constant(0, 1))
        digits = net.mux(top, digits, up)
        exponent = net.subtract(exponent, net.extend(net.invert(top), exponent.width))
    return digits, exponent


def _one_of(net: Logic[W], form: FloatFormat, parts: _Parts[W], cosine_: W, sign: W) -> W:
    digits = net.mux(cosine_, parts.cosine, parts.sine)
    exponent = net.mux(cosine_, parts.cosine_exponent, parts.sine_exponent)
    return _special(net, form, parts.number, sign, packed(net, form, sign, exponent, digits))


def _special(net: Logic[W], form: FloatFormat, number: Unpacked[W], sign: W, finite: W) -> W:
    none = net.any(number.is_nan, number.is_infinite)
    return choose(net, form, none, net.constant(0, 1), sign, finite)


def _parts(net: Logic[W], form: FloatFormat, a: W) -> _Parts[W]:
    x = unpack(net, form, a)
    turns, less = _quadrants(net, form, x)
    size = turns.width - 2
    quadrant, fraction = net.bits(turns, size, 2), net.bits(turns, 0, size)
    swap = net.top(fraction)
    # One minus the fraction, but for a digit that does not matter: always below a half.
    left = net.bits(net.differ(fraction, net.repeat(swap, size)), 0, size - 1)
    precise = form.mantissa + GUARD + 2
    zeros = net.leading_zeros(left)
    leading = net.shift_left(left, zeros)
    leading = net.bits(leading, leading.width - precise, precise)
    rounded = net.bits(left, left.width - precise, precise)
    places = precise.bit_length()
    gone = net.is_any(net.bits(less, places, less.width - places))
    rounded = net.shift_right(rounded, net.bits(less, 0, places))
    rounded = net.all(rounded, net.repeat(net.invert(gone), precise))
    of_sine, of_cosine = table("sine", form.mantissa), table("cosine", form.mantissa)
    at = precise - of_sine.index_bits
    index, t = net.bits(rounded, at, of_sine.index_bits), net.bits(rounded, 0, at)
    smooth = net.extend(evaluate(net, of_sine, index, t), of_sine.fraction + 1)
    product = net.multiply(leading, smooth)
    even = net.extend(evaluate(net, of_cosine, index, t), of_cosine.fraction + 1)
    even = net.join(even, net.constant(0, product.width - even.width))
    span = max(form.exponent + 2, zeros.width + 2)
    bias = net.constant(form.bias, span)
    down = net.add(net.extend(zeros, span), net.extend(less, span))
    below = net.constant(form.bias - 1, span)
    return _Parts(x, quadrant, swap, product, net.subtract(below, down), even, bias)


def _quadrants(net: Logic[W], form: FloatFormat, x: Unpacked[W]) -> tuple[W, W]:
    """A magnitude in quadrants, modulo 4, with two digits in front of the point; and by which power of two this is too
    large, for numbers so small that it is their quadrants themselves."""
    mantissa = form.mantissa
    precise = mantissa + GUARD + mantissa + form.exponent + 3
    window = mantissa + 3 + precise
    # The number is its significand times two to the power of k.
    first = form.bias + mantissa + 2
    largest = form.special - 1 - first
    span = form.exponent + 2
    beyond = net.subtract(net.extend(x.exponent, span), net.constant(first, span))
    small = net.top(beyond)
    zero = net.constant(0, span)
    skipped = net.mux(small, zero, beyond)
    places = max(1, largest.bit_length())
    contents = [TWO_BY_PI >> (BITS - skip - window) & ((1 << window) - 1) for skip in range(max(0, largest) + 1)]
    digits = net.table(net.bits(skipped, 0, places), contents, window)
    product = net.multiply(digits, x.significand)
    down = net.mux(small, net.subtract(zero, beyond), zero)
    # So that it is below a half of a quadrant where it is made larger.
    most = mantissa + 4
    capped = net.less(net.constant(most, span), down)
    shift = net.mux(capped, net.constant(most, span), down)
    less = net.mux(capped, net.subtract(down, net.constant(most, span)), zero)
    # Two digits in front of the point where nothing is shifted: those above them are multiples of 4.
    shifted = net.shift_right(product, net.bits(shift, 0, most.bit_length()))
    return net.bits(shifted, 0, window), less
