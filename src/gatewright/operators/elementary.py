"""The hardware of elementary functions of floating-point numbers, faithful: less than one unit in the last place off.

Arguments are reduced to a small interval, where a table and a polynomial give the function in fixed point with some
guard bits, and what comes out is rounded once (J.-M. Muller, Elementary Functions, 3rd edition, 2016; for the two steps
of the exponential F. de Dinechin and B. Pasca, Floating-point exponential functions for DSP-enabled FPGAs, 2010).
"""

from __future__ import annotations

from math import ceil, log2

from gatewright.numbers.float_format import FloatFormat
from gatewright.operators.constants import LN2, LOG2_E, scaled
from gatewright.operators.float import Unpacked, choose, leading, normalise, quotient_rows, round_and_pack, unpack
from gatewright.operators.logic import Logic, W
from gatewright.operators.polynomial import evaluate, table

GUARD = 5
"""Bits of fixed-point numbers beyond those of the mantissa."""


def exponential(net: Logic[W], form: FloatFormat, a: W) -> W:
    """`e ** a`."""
    digits, exponent, none, infinite = exponential_digits(net, form, a, base=None)
    zero = net.constant(0, 1)
    return choose(net, form, none, infinite, zero, packed(net, form, zero, exponent, digits))


def exponential_of_two(net: Logic[W], form: FloatFormat, a: W) -> W:
    """`2 ** a`."""
    digits, exponent, none, infinite = exponential_digits(net, form, a, base=2)
    zero = net.constant(0, 1)
    return choose(net, form, none, infinite, zero, packed(net, form, zero, exponent, digits))


def packed(net: Logic[W], form: FloatFormat, sign: W, exponent: W, digits: W) -> W:
    """The number nearest to digits whose topmost has an exponent with sign."""
    digits, exponent = normalise(net, form, exponent, digits)
    return round_and_pack(net, form, sign, exponent, digits)


def integer_bits(form: FloatFormat, base: int | None) -> int:
    """Bits of the integer part of an argument whose exponential is neither 0 nor infinite."""
    most = (form.bias + form.mantissa + 2) * (1 if base == 2 else 0.6931471805599453)
    return ceil(log2(most))


def argument_bits(form: FloatFormat, base: int | None) -> int:
    """Bits of the magnitude that `exponential_of` takes."""
    return integer_bits(form, base) + form.mantissa + GUARD


def exponential_digits(net: Logic[W], form: FloatFormat, a: W, base: int | None) -> tuple[W, W, W, W]:
    """The exponential before it is rounded: its digits, the topmost worth 2, and the exponent of that; whether it is a
    NaN, whether it is infinite. `base` is 2, or None for e."""
    x = unpack(net, form, a)
    # The significand with its topmost digit worth 2^(whole - 1) goes down to its place.
    span = form.exponent + 1
    top = net.constant(form.bias + integer_bits(form, base) - 1, span)
    distance = net.subtract(top, net.extend(x.exponent, span))
    magnitude, large = placed(net, x.significand, distance, argument_bits(form, base))
    large = net.any(large, x.is_infinite)
    digits, exponent, infinite = exponential_of(net, form, x.sign, magnitude, large, base)
    return digits, exponent, x.is_nan, infinite


def placed(net: Logic[W], digits: W, distance: W, width: int) -> tuple[W, W]:
    """A number in fixed point of `width` bits, and whether it is too large.

    The topmost of its digits is `distance`, a number with sign, below the topmost of the bits.
    """
    if digits.width < width:
        digits = net.join(digits, net.constant(0, width - digits.width))
    digits = net.bits(digits, digits.width - width, width)
    places = min((width - 1).bit_length(), distance.width - 1)
    far = net.is_any(net.bits(distance, places, distance.width - places))
    magnitude = net.shift_right(digits, net.bits(distance, 0, places))
    return net.all(magnitude, net.repeat(net.invert(far), width)), net.top(distance)


def exponential_of(
    net: Logic[W], form: FloatFormat, sign: W, magnitude: W, large: W, base: int | None
) -> tuple[W, W, W]:
    """The exponential of a number in fixed point with `argument_bits`, or of one that is `large`.

    Its digits, the topmost worth 2, and the exponent of that; whether it is infinite.
    """
    fraction, width = form.mantissa + GUARD, magnitude.width + 1
    value = net.add(net.differ(net.extend(magnitude, width), net.repeat(sign, width)), net.extend(sign, width))
    whole, rest = _reduced(net, value, fraction, base)
    piecewise = table("exp2" if base == 2 else "exp", form.mantissa)
    digits = evaluate(net, piecewise, *split(net, rest, piecewise.index_bits))
    digits = net.extend(digits, piecewise.fraction + 2)
    span = form.exponent + 3
    exponent = net.add(net.extend(whole, span, signed=True), net.constant(form.bias + 1, span))
    vanishes = net.all(sign, large)
    digits = net.all(digits, net.repeat(net.invert(vanishes), digits.width))
    return digits, exponent, net.all(net.invert(sign), large)


def _reduced(net: Logic[W], value: W, fraction: int, base: int | None) -> tuple[W, W]:
    """A number with sign as a multiple of the logarithm of 2 and the rest: how many times, and a fraction below 1.

    For e the multiple comes from the upper bits, a little too small rather than too large.
    """
    if base == 2:
        return net.bits(value, fraction, value.width - fraction), net.bits(value, 0, fraction)
    upper = net.bits(value, fraction - 4, value.width - fraction + 4)
    places = upper.width + 3
    product = _signed_product(net, upper, net.constant(scaled(LOG2_E, places), places + 1))
    lowered = net.subtract(product, net.constant(1 << (places - 1), product.width))
    whole = net.bits(lowered, places + 4, product.width - places - 4)
    width = value.width
    more = whole.width + 1
    taken = _signed_product(net, whole, net.constant(scaled(LN2, fraction + more), fraction + more))
    taken = net.bits(net.extend(taken, width + more, signed=True), more, width)
    return whole, net.bits(net.subtract(value, taken), 0, fraction)


def _signed_product(net: Logic[W], a: W, b: W) -> W:
    """The product of a number with sign and one without, with sign."""
    product = net.multiply(a, b)
    excess = net.all(b, net.repeat(net.top(a), b.width))
    upper = net.subtract(net.bits(product, a.width, b.width), excess)
    return net.join(upper, net.bits(product, 0, a.width))


def split(net: Logic[W], fraction: W, index_bits: int) -> tuple[W, W]:
    """The segment that a fraction is in, and its place in the segment."""
    if fraction.width <= index_bits:
        fraction = net.join(fraction, net.constant(0, index_bits + 1 - fraction.width))
    rest = fraction.width - index_bits
    return net.bits(fraction, rest, index_bits), net.bits(fraction, 0, rest)


def logarithm(net: Logic[W], form: FloatFormat, a: W) -> W:
    """The natural logarithm."""
    return _logarithm(net, form, a, "log")


def logarithm_of_two(net: Logic[W], form: FloatFormat, a: W) -> W:
    """The logarithm to the base of 2."""
    return _logarithm(net, form, a, "log2")


def _logarithm(net: Logic[W], form: FloatFormat, a: W, kernel: str) -> W:
    x = unpack(net, form, a)
    sign, digits = logarithm_digits(net, form, x, kernel, form.mantissa)
    at_top = net.constant(form.bias + form.exponent, form.exponent + 2)
    finite = packed(net, form, sign, at_top, digits)
    none = net.any(x.is_nan, net.all(x.sign, net.invert(x.is_zero)))
    return choose(net, form, none, net.any(x.is_zero, x.is_infinite), x.is_zero, finite)


def logarithm_digits(net: Logic[W], form: FloatFormat, x: Unpacked[W], kernel: str, size: int) -> tuple[W, W]:
    """The logarithm of a magnitude before it is rounded: its sign, and digits of which the topmost is worth
    `2**form.exponent`. The kernel's table is the one of `size`.

    With the significand between 0.7 and 1.4: the product of its distance from 1 and a smooth function, so that what
    is near 1 keeps its digits; plus the exponent times the logarithm of 2.
    """
    span = form.exponent + 2
    exponent, significand = leading(net, form, x, span)
    mantissa = form.mantissa
    third = net.bits(significand, max(0, mantissa - 5), min(mantissa, 5))
    threshold = 0b01101 >> max(0, 5 - mantissa)
    upper = net.invert(net.less(third, net.constant(threshold, third.width)))
    # In units of half the last digit, so that it can be halved: from 0.7 to 1.4.
    zero = net.constant(0, 1)
    u = net.mux(upper, net.join(zero, significand), net.join(significand, zero))
    bits = mantissa + 1
    offset = net.subtract(net.extend(u, bits + 1), net.constant(1 << bits, bits + 1))
    negative = net.top(offset)
    distance = net.bits(
        net.add(net.differ(offset, net.repeat(negative, bits + 1)), net.extend(negative, bits + 1)), 0, bits
    )
    power = net.add(net.subtract(exponent, net.constant(form.bias, span)), net.extend(upper, span))
    piecewise = table(kernel, size)
    smooth = evaluate(net, piecewise, *split(net, u, piecewise.index_bits))
    product = net.multiply(distance, smooth)
    fraction = bits + piecewise.fraction
    width = form.exponent + 1 + fraction
    near = net.extend(product, width)
    far = _exponent_part(net, power, kernel, fraction, width)
    flipped = net.differ(near, net.repeat(negative, width))
    total = net.add(net.add(far, flipped), net.extend(negative, width))
    sign = net.top(total)
    return sign, net.add(net.differ(total, net.repeat(sign, width)), net.extend(sign, width))


def _exponent_part(net: Logic[W], power: W, kernel: str, fraction: int, width: int) -> W:
    """An exponent, times the logarithm of 2 unless that is 1, with so many digits behind the point."""
    if kernel != "log":
        return net.bits(net.join(net.extend(power, width, signed=True), net.constant(0, fraction)), 0, width)
    # Where this is not 0 the sum is at least 0.3, and digits that far down do not matter.
    places = min(fraction, power.width + fraction // 2 + GUARD)
    product = _signed_product(net, power, net.constant(scaled(LN2, places), places))
    product = net.extend(product, width - fraction + places, signed=True)
    return net.join(product, net.constant(0, fraction - places)) if fraction > places else product


def reciprocal_root(net: Logic[W], form: FloatFormat, a: W) -> W:
    """One divided by the square root; of a zero, infinity with its sign."""
    x = unpack(net, form, a)
    span = form.exponent + 2
    exponent, significand = leading(net, form, x, span)
    # The bias is odd: what has an odd exponent without it has an even one with it.
    odd = net.invert(net.bit(exponent, 0))
    piecewise = table("rsqrt", form.mantissa)
    digits = evaluate(
        net, piecewise, *split(net, net.join(odd, net.bits(significand, 0, form.mantissa)), piecewise.index_bits)
    )
    digits = net.extend(digits, piecewise.fraction + 1)
    unbiased = net.subtract(exponent, net.constant(form.bias, span))
    half = net.join(net.top(unbiased), net.bits(unbiased, 1, span - 1))
    there = net.subtract(net.constant(form.bias, span), half)
    finite = packed(net, form, net.constant(0, 1), there, digits)
    finite = net.all(finite, net.repeat(net.invert(x.is_infinite), form.width))
    none = net.any(x.is_nan, net.all(x.sign, net.invert(x.is_zero)))
    return choose(net, form, none, x.is_zero, x.sign, finite)


def logistic(net: Logic[W], form: FloatFormat, a: W) -> W:
    """The sigmoid `1 / (1 + e ** -a)`, of a negative number as `e ** a / (1 + e ** a)`."""
    sign = net.top(a)
    negative = net.join(net.constant(1, 1), net.bits(a, 0, form.width - 1))
    digits, exponent, none, _ = exponential_digits(net, form, negative, base=None)
    span = exponent.width
    up = net.join(net.bits(digits, 0, digits.width - 1), net.constant(0, 1))
    top = net.top(digits)
    above = net.mux(top, digits, up)
    exponent = net.subtract(exponent, net.extend(net.invert(top), span))
    # The exponential is at most 1: with two digits in front of the point it is shifted by its exponent.
    distance = net.subtract(net.constant(form.bias, span), exponent)
    width = digits.width
    places = width.bit_length()
    far = net.is_any(net.bits(distance, places, span - places))
    placed = net.shift_right(net.join(net.constant(0, 1), above), net.bits(distance, 0, places))
    placed = net.all(placed, net.repeat(net.invert(far), width + 1))
    one = net.join(net.constant(1, 2), net.constant(0, width - 1))
    below = net.add(placed, one)
    two = net.top(below)
    below = net.mux(two, net.bits(below, 1, width), net.bits(below, 0, width))
    unit = net.join(net.constant(1, 1), net.constant(0, width - 1))
    dividend = net.mux(sign, above, unit)
    quotient = quotient_rows(net, dividend, below, form.mantissa + 4)
    power = net.mux(sign, exponent, net.constant(form.bias, span))
    power = net.subtract(power, net.extend(two, span))
    zero = net.constant(0, 1)
    return choose(net, form, none, zero, zero, packed(net, form, zero, power, quotient))


def hyperbolic_tangent(net: Logic[W], form: FloatFormat, a: W) -> W:
    """The hyperbolic tangent."""
    return _by_binades(net, form, a, "tanh", above=4)


def error_function(net: Logic[W], form: FloatFormat, a: W) -> W:
    """The error function."""
    return _by_binades(net, form, a, "erf", above=2)


def _by_binades(net: Logic[W], form: FloatFormat, a: W, kernel: str, above: int) -> W:
    """An odd function that is a multiple of its argument near 0 and comes to 1: `2**e * s` as `2**e` times a function
    of s that the table has for each e; below the least of these, for all, and from `2**above` on it is 1."""
    x = unpack(net, form, a)
    span = form.exponent + 2
    exponent, significand = leading(net, form, x, span)
    mantissa = form.mantissa
    piecewise = table(kernel, mantissa)
    size = len(piecewise.columns[0])
    below = _blocks_below(mantissa)
    segments = size // (below + above + 1)
    bits = segments.bit_length() - 1
    block = net.subtract(exponent, net.constant(form.bias - below - 1, span))
    low = net.any(net.top(block), net.is_zero(block))
    number = net.all(
        net.bits(block, 0, piecewise.index_bits - bits), net.repeat(net.invert(low), piecewise.index_bits - bits)
    )
    index = net.join(number, net.bits(significand, mantissa - bits, bits)) if bits else number
    digits = evaluate(net, piecewise, index, net.bits(significand, 0, mantissa - bits))
    digits = net.extend(digits, piecewise.fraction + 2)
    one = net.invert(net.less(net.bits(x.exponent, 0, form.exponent), net.constant(form.bias + above, form.exponent)))
    finite = packed(net, form, x.sign, net.add(exponent, net.constant(1, span)), digits)
    limit = net.join(x.sign, net.constant(form.bias << mantissa, form.width - 1))
    finite = net.mux(one, limit, finite)
    finite = net.mux(x.is_zero, a, finite)
    return net.mux(x.is_nan, net.constant(form.nan, form.width), finite)


def _blocks_below(mantissa: int) -> int:
    """How many exponents below 0 the tables for a format have: below them, the cube of a number does not matter."""
    size = next(size for size in (7, 10, 23) if size >= mantissa)
    return (size + 2) // 2
