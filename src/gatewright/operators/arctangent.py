"""The hardware of the inverse functions of sine, cosine and tangent of floating-point numbers, faithful.

All of them are the angle of a point: the smaller of its coordinates divided by the larger one is the tangent t, from 0
to 1, of an angle `t * s(t)`, where s comes from a table and polynomials, so that a small angle keeps its digits. In
fixed point it is taken off a right angle or a half turn, or added to a right angle, as the point lies (J.-M. Muller,
Elementary Functions, 3rd edition, 2016, section 11.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from gatewright.numbers.float_format import FloatFormat
from gatewright.operators.constants import scaled
from gatewright.operators.elementary import GUARD, packed, placed, split
from gatewright.operators.float import choose, leading, quotient_rows, root_rows, unpack
from gatewright.operators.logic import Logic, W
from gatewright.operators.polynomial import evaluate, table

PI = 0x3243F6A8885A308D313198A2E03707344A4093822299F31D008
"""Pi, times `2**BITS`."""


@dataclass(frozen=True)
class _Coordinate(Generic[W]):
    """A magnitude: digits whose topmost is set unless it is zero, and the exponent of that, with sign and bias."""

    digits: W
    exponent: W
    is_infinite: W


def arc_tangent_of_two(net: Logic[W], form: FloatFormat, a: W, b: W) -> W:
    """The angle of the point with the abscissa b and the ordinate a, in radians from minus pi to pi."""
    y, x = unpack(net, form, a), unpack(net, form, b)
    angle = _angle(net, form, y.sign, _coordinate(net, form, a), _coordinate(net, form, b), x.sign, y.is_zero)
    zero = net.constant(0, 1)
    return choose(net, form, net.any(y.is_nan, x.is_nan), zero, zero, angle)


def arc_tangent(net: Logic[W], form: FloatFormat, a: W) -> W:
    """The angle, in radians, that has a given tangent."""
    y, zero = unpack(net, form, a), net.constant(0, 1)
    one = _Coordinate(net.constant(1 << _size(form) - 1, _size(form)), net.constant(form.bias, _span(form)), zero)
    angle = _angle(net, form, y.sign, _coordinate(net, form, a), one, zero, y.is_zero)
    return choose(net, form, y.is_nan, zero, zero, angle)


def arc_sine(net: Logic[W], form: FloatFormat, a: W) -> W:
    """The angle, in radians, that has a given sine; not a number for what is none."""
    y, zero = unpack(net, form, a), net.constant(0, 1)
    other, beyond = _other_leg(net, form, a)
    angle = _angle(net, form, y.sign, _coordinate(net, form, a), other, zero, y.is_zero)
    return choose(net, form, net.any(y.is_nan, beyond), zero, zero, angle)


def arc_cosine(net: Logic[W], form: FloatFormat, a: W) -> W:
    """The angle, in radians, that has a given cosine; not a number for what is none."""
    x, zero = unpack(net, form, a), net.constant(0, 1)
    other, beyond = _other_leg(net, form, a)
    angle = _angle(net, form, zero, other, _coordinate(net, form, a), x.sign, net.is_zero(other.digits))
    return choose(net, form, net.any(x.is_nan, beyond), zero, zero, angle)


def _size(form: FloatFormat) -> int:
    """Bits of the digits of a coordinate."""
    return form.mantissa + GUARD + 2


def _span(form: FloatFormat) -> int:
    """Bits of an exponent with sign, and of the difference of two."""
    return form.exponent + 3


def _coordinate(net: Logic[W], form: FloatFormat, a: W) -> _Coordinate[W]:
    number = unpack(net, form, a)
    exponent, significand = leading(net, form, number, _span(form))
    padding = net.constant(0, _size(form) - significand.width)
    return _Coordinate(net.join(significand, padding), exponent, number.is_infinite)


def _other_leg(net: Logic[W], form: FloatFormat, a: W) -> tuple[_Coordinate[W], W]:
    """The square root of one less the square of a number; and whether the number is beyond 1.

    The square is `(1 - a) * (1 + a)`: with both factors exact where it is small, it keeps its digits.
    """
    number = unpack(net, form, a)
    places, span, size = form.mantissa + GUARD, _span(form), _size(form)
    distance = net.subtract(net.constant(form.bias, span), net.extend(number.exponent, span))
    magnitude, large = placed(net, number.significand, distance, places + 1)
    one = net.constant(1 << places, places + 2)
    magnitude = net.extend(magnitude, places + 2)
    product = net.multiply(net.subtract(one, magnitude), net.add(one, magnitude))
    beyond = net.any(large, number.is_infinite, net.less(one, magnitude))
    square = net.bits(product, 0, 2 * places + 1)
    zeros = net.leading_zeros(square)
    shifted = net.shift_left(square, zeros)
    # From 1 to 4, with two digits in front of the point: what is shifted by an odd number of places is made larger.
    odd, nothing = net.bit(zeros, 0), net.constant(0, 1)
    radicand = net.mux(odd, net.join(shifted, nothing), net.join(nothing, shifted))
    lacking = 2 * size - 2 - radicand.width
    if lacking > 0:
        radicand = net.join(radicand, net.constant(0, lacking))
    radicand = net.bits(radicand, radicand.width - (2 * size - 2), 2 * size - 2)
    digits = root_rows(net, radicand)
    up = net.join(net.bits(zeros, 1, zeros.width - 1), nothing) if zeros.width > 1 else nothing
    halved = net.bits(net.add(net.extend(up, span), net.join(net.extend(odd, span - 1), nothing)), 1, span - 1)
    exponent = net.subtract(net.constant(form.bias, span), net.extend(halved, span))
    exponent = net.mux(net.is_zero(square), net.constant(-form.bias - form.mantissa, span), exponent)
    digits = net.all(digits, net.repeat(net.is_any(square), digits.width))
    return _Coordinate(digits, exponent, nothing), beyond


def _angle(net: Logic[W], form: FloatFormat, sign: W, y: _Coordinate[W], x: _Coordinate[W], left: W, flat: W) -> W:
    """The angle of a point, with a sign. `left` says that the abscissa is negative, `flat` that the ordinate is 0."""
    span, size, fraction = _span(form), _size(form), form.mantissa + GUARD
    ahead = net.subtract(x.exponent, y.exponent)
    steep = net.any(net.top(ahead), net.all(net.is_zero(ahead), net.less(x.digits, y.digits)))
    steep = net.all(steep, net.invert(flat))
    down = net.mux(steep, net.subtract(y.exponent, x.exponent), ahead)
    tangent = quotient_rows(net, net.mux(steep, x.digits, y.digits), net.mux(steep, y.digits, x.digits), size)
    # Of two infinite coordinates the tangent is 1, of one it is 0, as it is of an ordinate of 0.
    none = net.any(net.differ(x.is_infinite, y.is_infinite), flat)
    tangent = net.all(tangent, net.repeat(net.invert(none), tangent.width))
    place, _ = placed(net, tangent, down, fraction + 1)
    whole = net.repeat(net.top(place), fraction)
    piecewise = table("arctangent", form.mantissa)
    smooth = evaluate(net, piecewise, *split(net, net.any(net.bits(place, 0, fraction), whole), piecewise.index_bits))
    smooth = net.extend(smooth, piecewise.fraction + 1)
    angle = net.multiply(tangent, smooth)
    # The topmost digit is worth two of the tangent's, and those of a sum with the other angles are worth two and one.
    small, _ = placed(net, angle, down, fraction + 3)
    right = net.constant(scaled(PI, fraction), fraction + 3)
    turn = net.constant(scaled(PI, fraction + 1), fraction + 3)
    total = net.add_or_subtract(net.mux(steep, right, turn), small, net.invert(net.all(steep, left)))
    far = net.any(steep, left)
    digits = net.mux(far, net.join(total, net.constant(0, angle.width - total.width)), angle)
    above = net.constant(form.bias + 1, span)
    exponent = net.mux(far, above, net.subtract(above, down))
    return packed(net, form, sign, exponent, digits)
