"""The hardware of the Gaussian error linear unit, faithful where the sum of an error function and 1 loses digits."""

from __future__ import annotations

from gatewright.numbers.float_format import FloatFormat
from gatewright.operators.elementary import GUARD, argument_bits, exponential_of, integer_bits, packed, placed, split
from gatewright.operators.float import Unpacked, choose, unpack
from gatewright.operators.logic import Logic, W
from gatewright.operators.polynomial import evaluate, table

MORE = 8
"""Bits of the tail beyond those of a fixed-point number: it may have zeros in front."""


def gelu(net: Logic[W], form: FloatFormat, a: W) -> W:
    """`a * P(a)`, with the normal distribution P; 0 of minus infinity.

    The tail `P(-t)` is `exp(-t**2 / 2)` times a smooth function (W. J. Cody, Rational Chebyshev approximations for the
    error function, 1969), and for a number above 0 the distribution is 1 less the tail.
    """
    x = unpack(net, form, a)
    tail, exponent, weight = _tail(net, form, x)
    span = exponent.width
    # With its topmost digit worth 2^(weight + 1) the tail, at most a half, has a 0 there, and 1 has a place.
    distance = net.subtract(net.constant(form.bias + 1, span), exponent)
    small, _ = placed(net, tail, distance, tail.width)
    one = net.constant(1 << (tail.width - weight - 2), tail.width)
    part = net.mux(x.sign, tail, net.subtract(one, small))
    product = net.multiply(x.significand, part)
    power = net.mux(
        x.sign,
        net.subtract(exponent, net.constant(form.bias - weight - 1, span)),
        net.constant(weight + 2, span),
    )
    finite = packed(net, form, x.sign, net.add(power, net.extend(x.exponent, span)), product)
    infinite = net.all(x.is_infinite, net.invert(x.sign))
    return choose(net, form, x.is_nan, infinite, x.sign, finite)


def _tail(net: Logic[W], form: FloatFormat, x: Unpacked[W]) -> tuple[W, W, int]:
    """What the normal distribution has beyond a magnitude: digits, the topmost worth `2**(exponent - bias + weight)`,
    the exponent, and the weight."""
    span = form.exponent + 3
    exponent = net.extend(x.exponent, span)
    # Half a square: its topmost digit is worth the square of the significand's.
    square = net.multiply(x.significand, x.significand)
    highest = net.constant(2 * form.bias + integer_bits(form, None) - 1, span)
    distance = net.subtract(highest, net.join(net.bits(exponent, 0, span - 1), net.constant(0, 1)))
    magnitude, large = placed(net, square, distance, argument_bits(form, None))
    smooth, fraction, beyond = _without_exponential(net, form, x, exponent)
    large = net.any(net.any(large, beyond), x.is_infinite)
    digits, power, _ = exponential_of(net, form, net.constant(1, 1), magnitude, large, base=None)
    product = net.multiply(smooth, digits)
    width = form.mantissa + GUARD + MORE
    return net.bits(product, product.width - width, width), power, smooth.width - fraction


def _without_exponential(net: Logic[W], form: FloatFormat, x: Unpacked[W], exponent: W) -> tuple[W, int, W]:
    """The tail beyond a magnitude t, times `exp(t**2 / 2)`: the number, how many of its digits are behind the point,
    and whether t is 16 or more, where the tail is nothing. The table goes by t + 2, from 2 to 4, 4 to 8, and so on.
    """
    fraction = form.mantissa + GUARD
    distance = net.subtract(net.constant(form.bias + 3, exponent.width), exponent)
    t, beyond = placed(net, x.significand, distance, 4 + fraction)
    shifted = net.add(net.extend(t, 5 + fraction), net.constant(2 << fraction, 5 + fraction))
    zeros = net.bits(net.leading_zeros(net.bits(shifted, fraction + 1, 4)), 0, 2)
    place = net.bits(net.shift_left(shifted, zeros), 0, 4 + fraction)
    piecewise = table("tail", form.mantissa)
    smooth = evaluate(net, piecewise, *split(net, net.join(net.invert(zeros), place), piecewise.index_bits))
    return smooth, piecewise.fraction, beyond
