"""The hardware of powers with an exponent from data, faithful, with the exact cases of C and NumPy.

`2 ** (b * log2(a))`, the logarithm and the product with as many more digits as the exponent of the result may have in
front of the point (J.-M. Muller, Elementary Functions, 3rd edition, section 12.5; F. de Dinechin, P. Echeverria,
M. Lopez-Vallejo and B. Pasca, Floating-point exponentiation units for reconfigurable computing, 2013).
"""

from __future__ import annotations

from gatewright.numbers.float_format import FloatFormat
from gatewright.operators.elementary import (
    argument_bits,
    exponential_of,
    integer_bits,
    logarithm_digits,
    packed,
    placed,
)
from gatewright.operators.float import Unpacked, choose, leading, unpack
from gatewright.operators.logic import Logic, W

GUARD = 8
"""Bits of the logarithm beyond those of the mantissa and of the exponent."""


def power(net: Logic[W], form: FloatFormat, a: W, b: W) -> W:
    """`a ** b`."""
    x, y = unpack(net, form, a), unpack(net, form, b)
    span = form.exponent + 4
    exponent, significand = leading(net, form, y, span)
    exponent = net.subtract(exponent, net.constant(form.bias, span))
    falls, magnitude, large = _product(net, form, x, exponent, significand)
    is_unit = _is_magnitude_of_one(net, form, a)
    extreme = net.any(
        net.all(net.any(x.is_zero, x.is_infinite), net.invert(y.is_zero)), net.all(y.is_infinite, net.invert(is_unit))
    )
    negative = net.differ(net.any(falls, x.is_zero), y.sign)
    large = net.any(large, extreme)
    digits, top, infinite = exponential_of(net, form, negative, magnitude, large, base=2)
    is_odd, has_fraction = _parity(net, form, y, exponent, significand)
    sign = net.all(x.sign, is_odd)
    finite = packed(net, form, sign, top, digits)
    one = net.any(y.is_zero, net.all(is_unit, net.invert(x.sign)))
    undefined = net.all(x.sign, has_fraction, net.invert(net.any(x.is_zero, x.is_infinite)))
    none = net.any(net.all(net.any(x.is_nan, y.is_nan), net.invert(one)), undefined)
    result = choose(net, form, none, infinite, sign, finite)
    return net.mux(one, net.constant(form.bias << form.mantissa, form.width), result)


def _product(net: Logic[W], form: FloatFormat, x: Unpacked[W], exponent: W, significand: W) -> tuple[W, W, W]:
    """The binary logarithm of the magnitude of `x`, times a magnitude: whether the logarithm is negative, the product
    in fixed point, and whether it is too large for that."""
    falls, logarithm = logarithm_digits(net, form, x, "power", form.mantissa + form.exponent)
    zeros = net.leading_zeros(logarithm)
    logarithm = net.shift_left(logarithm, zeros)
    kept = form.mantissa + form.exponent + GUARD
    logarithm = net.bits(logarithm, logarithm.width - kept, kept)
    product = net.multiply(logarithm, significand)
    carried = net.top(product)
    moved = net.join(net.bits(product, 0, product.width - 1), net.constant(0, 1))
    product = net.mux(carried, product, moved)
    # The logarithm's topmost digit is worth 2^(form.exponent - zeros), the product's that and the exponent's.
    span = max(exponent.width, zeros.width + 1) + 1
    top = net.constant(integer_bits(form, 2) - 1 - form.exponent, span)
    distance = net.subtract(top, net.extend(exponent, span, signed=True))
    distance = net.add(distance, net.subtract(net.extend(zeros, span), net.extend(carried, span)))
    magnitude, large = placed(net, product, distance, argument_bits(form, 2))
    return falls, magnitude, net.all(large, net.top(logarithm), net.top(significand))


def _is_magnitude_of_one(net: Logic[W], form: FloatFormat, a: W) -> W:
    bits = form.width - 1
    return net.is_zero(net.differ(net.bits(a, 0, bits), net.constant(form.bias << form.mantissa, bits)))


def _parity(net: Logic[W], form: FloatFormat, y: Unpacked[W], exponent: W, significand: W) -> tuple[W, W]:
    """Whether a number is an odd integer, and whether it has a fraction. Infinity is even."""
    mantissa, span = form.mantissa, exponent.width
    below = net.top(exponent)
    beyond = net.all(net.invert(below), net.less(net.constant(mantissa, span), exponent))
    # Shifted so, the digit worth 1 is on top, and what is below it is the fraction.
    shifted = net.shift_left(significand, net.bits(exponent, 0, mantissa.bit_length()))
    within = net.invert(net.any(below, beyond))
    rest = net.is_any(net.bits(shifted, 0, mantissa))
    is_odd = net.all(within, net.top(shifted), net.invert(rest))
    rest = net.all(within, rest)
    has_fraction = net.all(net.any(rest, below), net.invert(net.any(y.is_zero, y.is_infinite)))
    return is_odd, has_fraction
