"""The hardware of floating-point operators that are fully pipelined, for any format.

Each is described once, as logic on unpacked numbers; `StagedNetlist` puts in the registers that the clock asks for, and
other `Logic` computes what they compute. They round to nearest, ties to even, take and give subnormal numbers, and
answer with the NaN of `FloatFormat.nan`. Structure: J.-M. Muller et al., Handbook of Floating-Point Arithmetic, 2nd
edition, chapter 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

from gatewright.numbers.float_format import FloatFormat
from gatewright.operators.logic import Logic, W


@dataclass(frozen=True)
class Unpacked(Generic[W]):
    """A number in its parts, and what kind of number it is."""

    sign: W
    exponent: W
    """The bits of the exponent, those of a subnormal number raised to 1, whose weight is the same."""
    significand: W
    """The mantissa behind its hidden bit."""
    is_nan: W
    is_infinite: W
    is_zero: W


def unpack(net: Logic[W], form: FloatFormat, number: W) -> Unpacked[W]:
    """Take a number apart."""
    mantissa = net.bits(number, 0, form.mantissa)
    exponent = net.bits(number, form.mantissa, form.exponent)
    normal, empty, special = net.is_any(exponent), net.is_zero(mantissa), net.is_full(exponent)
    lowest = net.any(net.bit(exponent, 0), net.invert(normal))
    return Unpacked(
        net.top(number),
        net.join(net.bits(exponent, 1, form.exponent - 1), lowest) if form.exponent > 1 else lowest,
        net.join(normal, mantissa),
        net.all(special, net.invert(empty)),
        net.all(special, empty),
        net.all(net.invert(normal), empty),
    )


def round_and_pack(net: Logic[W], form: FloatFormat, sign: W, exponent: W, digits: W) -> W:
    """The number nearest to a significand with more digits, its hidden bit on top, behind some of which is the rest.

    `exponent` is a number with sign that is at least 1; without the hidden bit it does not count. The lowest of the
    digits stands for itself and all behind it.
    """
    extra = digits.width - form.mantissa - 1
    kept = net.bits(digits, extra, form.mantissa + 1)
    half, rest = net.bit(digits, extra - 1), net.is_any(net.bits(digits, 0, extra - 1))
    up = net.all(half, net.any(rest, net.bit(kept, 0)))
    hidden = net.top(kept)
    too_large = net.all(hidden, net.invert(net.less(exponent, net.constant(form.special, exponent.width))))
    # The hidden bit of a normal number adds one to the exponent below it.
    below = net.subtract(net.bits(exponent, 0, form.exponent), net.constant(1, form.exponent))
    below = net.all(below, net.repeat(hidden, form.exponent))
    field = net.add(net.join(below, net.constant(0, form.mantissa)), net.extend(kept, form.exponent + form.mantissa))
    rounded = net.add(field, net.extend(up, field.width))
    overflow = net.any(too_large, net.is_full(net.bits(rounded, form.mantissa, form.exponent)))
    return net.join(sign, net.mux(overflow, net.constant(form.infinity, field.width), rounded))


def add(net: Logic[W], form: FloatFormat, a: W, b: W) -> W:
    """The sum: the smaller number is shifted to the larger one, and the sum back to where its hidden bit belongs."""
    bits = form.width - 1
    swap = net.less(net.bits(a, 0, bits), net.bits(b, 0, bits))
    large, small = unpack(net, form, net.mux(swap, b, a)), unpack(net, form, net.mux(swap, a, b))
    width = form.mantissa + 4
    shift = net.subtract(large.exponent, small.exponent)
    aligned = _shift_right(net, net.join(small.significand, net.constant(0, 3)), shift)
    opposite = net.differ(large.sign, small.sign)
    other = net.differ(net.extend(aligned, width + 1), net.repeat(opposite, width + 1))
    base = net.join(net.constant(0, 1), large.significand, net.constant(0, 3))
    total = net.add(net.add(base, other), net.extend(opposite, width + 1))
    exponent = net.extend(large.exponent, form.exponent + 2)
    # A sum of the same signs may have one digit more; else digits may have cancelled.
    carried = net.join(net.bits(total, 2, width - 1), net.any(net.bit(total, 1), net.bit(total, 0)))
    zeros = net.leading_zeros(net.bits(total, 0, width))
    room = net.subtract(exponent, net.constant(1, exponent.width))
    left = _least(net, zeros, room)
    shifted = net.shift_left(net.bits(total, 0, width), left)
    carry = net.top(total)
    digits = net.mux(carry, carried, shifted)
    more = net.add(exponent, net.constant(1, exponent.width))
    less = net.subtract(exponent, net.extend(left, exponent.width))
    nothing = net.is_zero(total)
    sign = net.mux(nothing, net.all(large.sign, small.sign), large.sign)
    finite = round_and_pack(net, form, sign, net.mux(carry, more, less), digits)
    infinite = net.any(large.is_infinite, small.is_infinite)
    none = net.any(large.is_nan, small.is_nan, net.all(large.is_infinite, small.is_infinite, opposite))
    return choose(net, form, none, infinite, large.sign, finite)


def subtract(net: Logic[W], form: FloatFormat, a: W, b: W) -> W:
    """The difference."""
    return add(net, form, a, _negated(net, b))


def multiply(net: Logic[W], form: FloatFormat, a: W, b: W) -> W:
    """The product: the significands' product, shifted so that its hidden bit is on top, or as far as it may go."""
    x, y = unpack(net, form, a), unpack(net, form, b)
    sign = net.differ(x.sign, y.sign)
    product = net.multiply(x.significand, y.significand)
    width = form.exponent + 2
    total = net.add(net.extend(x.exponent, width), net.extend(y.exponent, width))
    # With its two topmost digits in front of the point, the product has this exponent where it has no zeros in front.
    exponent = net.subtract(total, net.constant(form.bias - 1, width))
    digits, exponent = normalise(net, form, exponent, product)
    finite = round_and_pack(net, form, sign, exponent, digits)
    infinite = net.any(x.is_infinite, y.is_infinite)
    zero = net.any(x.is_zero, y.is_zero)
    none = net.any(x.is_nan, y.is_nan, net.all(infinite, zero))
    return choose(net, form, none, infinite, sign, finite)


def multiply_add(net: Logic[W], form: FloatFormat, a: W, b: W, c: W) -> W:
    """`a * b + c`, rounded once.

    All three are brought to a hidden digit first, so that of product and addend the one with the greater exponent is
    the greater one, but for a digit, and what is shifted out of the other matters only as whether it is there.
    """
    x, y, z = (unpack(net, form, number) for number in (a, b, c))
    width = form.exponent + 3
    (first, left), (second, right), (third, addend) = (leading(net, form, number, width) for number in (x, y, z))
    product = net.multiply(left, right)
    size = product.width
    zero_product, lowest = net.any(x.is_zero, y.is_zero), net.constant(-(1 << (width - 2)), width)
    power = net.subtract(net.add(first, second), net.constant(form.bias, width))
    power = net.mux(zero_product, lowest, power)
    other = net.mux(z.is_zero, lowest, third)
    sign = net.differ(x.sign, y.sign)
    wide = net.join(net.constant(0, 1), addend, net.constant(0, size - addend.width - 1))
    swap = net.top(net.subtract(power, other))
    large, small = net.mux(swap, wide, product), net.mux(swap, product, wide)
    exponent = net.mux(swap, other, power)
    distance = net.subtract(exponent, net.mux(swap, power, other))
    guard = net.constant(0, 3)
    aligned = _shift_right(net, net.join(small, guard), distance)
    opposite = net.differ(sign, z.sign)
    total = size + 4
    flipped = net.differ(net.extend(aligned, total), net.repeat(opposite, total))
    base = net.extend(net.join(large, guard), total)
    added = net.add(net.add(base, flipped), net.extend(opposite, total))
    # Only what has the smaller exponent, and is larger nevertheless, makes a difference negative.
    negative = net.all(opposite, net.top(added))
    magnitude = net.add(net.differ(added, net.repeat(negative, total)), net.extend(negative, total))
    nothing = net.is_zero(magnitude)
    of_large = net.mux(swap, z.sign, sign)
    result_sign = net.mux(nothing, net.all(sign, z.sign), net.differ(of_large, negative))
    digits, exponent = normalise(net, form, net.add(exponent, net.constant(2, width)), magnitude)
    finite = round_and_pack(net, form, result_sign, exponent, digits)
    infinite_product = net.any(x.is_infinite, y.is_infinite)
    none = net.any(
        net.any(x.is_nan, y.is_nan, z.is_nan),
        net.all(infinite_product, zero_product),
        net.all(infinite_product, z.is_infinite, opposite),
    )
    infinite = net.any(infinite_product, z.is_infinite)
    return choose(net, form, none, infinite, net.mux(infinite_product, sign, z.sign), finite)


def leading(net: Logic[W], form: FloatFormat, number: Unpacked[W], width: int) -> tuple[W, W]:
    """The exponent, with sign, and the significand of a number whose topmost digit is set unless it is zero."""
    zeros = net.leading_zeros(number.significand)
    shifted = net.shift_left(number.significand, zeros)
    return net.subtract(net.extend(number.exponent, width), net.extend(zeros, width)), shifted


def normalise(net: Logic[W], form: FloatFormat, exponent: W, digits: W) -> tuple[W, W]:
    """Shift digits, the topmost of which has an exponent with sign, so that this is as a number has it.

    They go left until the hidden bit is on top or the exponent is 1, or right until it is; what falls out is kept in
    the lowest digit. Returns the digits, at least two more than a significand, and the exponent.
    """
    missing = max(0, form.mantissa + 3 - digits.width)
    if missing:
        digits = net.join(digits, net.constant(0, missing))
    low = net.any(net.top(exponent), net.is_zero(exponent))
    zeros = net.leading_zeros(digits)
    room = net.subtract(exponent, net.constant(1, exponent.width))
    left = _least(net, zeros, net.mux(low, net.constant(0, room.width), room))
    right = net.mux(low, net.subtract(net.constant(1, exponent.width), exponent), net.constant(0, exponent.width))
    shifted = _shift_right(net, net.shift_left(digits, left), right)
    there = net.subtract(exponent, net.extend(left, exponent.width))
    return shifted, net.mux(low, net.constant(1, exponent.width), there)


def divide(net: Logic[W], form: FloatFormat, a: W, b: W) -> W:
    """The quotient, one digit a row."""
    dividend, divisor, side = prepare_quotient(net, form, a, b)
    digits = quotient_rows(net, dividend, divisor, form.mantissa + 3)
    return choose(net, form, *finish_quotient(net, form, digits, side))


def quotient_rows(net: Logic[W], dividend: W, divisor: W, count: int) -> W:
    """So many digits of a quotient of two numbers whose topmost digits are set, and whether there is a rest behind.

    The first digit is the one in front of the point; it or the second is the first that is not 0. A row takes the
    divisor off a rest that is not negative, and adds it to one that is (non-restoring division, M. Ercegovac and
    T. Lang, Digital Arithmetic, 2004, section 1.3): one adder, and no choice behind it.
    """
    width = dividend.width + 2
    rest, by = net.extend(dividend, width), net.extend(net.join(divisor, net.constant(0, 1)), width)
    digits: list[W] = []
    fits = net.constant(1, 1)
    for _ in range(count):
        shifted = net.join(net.bits(rest, 0, width - 1), net.constant(0, 1))
        rest = net.add_or_subtract(shifted, by, fits)
        fits = net.invert(net.top(rest))
        digits.append(fits)
    left = net.add(rest, net.all(by, net.repeat(net.invert(fits), width)))
    return net.join(*digits, net.is_any(left))


def prepare_quotient(net: Logic[W], form: FloatFormat, a: W, b: W) -> tuple[W, W, list[W]]:
    """Significands with their topmost digits set, or 0, to be divided, and what else the quotient depends on."""
    x, y = unpack(net, form, a), unpack(net, form, b)
    width = form.exponent + 2
    (first, dividend), (second, divisor) = leading(net, form, x, width), leading(net, form, y, width)
    exponent = net.add(net.subtract(first, second), net.constant(form.bias, width))
    dividend = net.all(dividend, net.repeat(net.invert(y.is_infinite), dividend.width))
    none = net.any(x.is_nan, y.is_nan, net.all(x.is_zero, y.is_zero), net.all(x.is_infinite, y.is_infinite))
    side = [exponent, net.differ(x.sign, y.sign), none, net.any(x.is_infinite, y.is_zero)]
    return dividend, divisor, side


def finish_quotient(net: Logic[W], form: FloatFormat, digits: W, side: Sequence[W]) -> tuple[W, W, W, W]:
    """What `choose` needs of a quotient whose digits have been found, twice that of the significands."""
    exponent, sign, none, infinite = side
    digits, exponent = normalise(net, form, exponent, digits)
    return none, infinite, sign, round_and_pack(net, form, sign, exponent, digits)


def square_root(net: Logic[W], form: FloatFormat, a: W) -> W:
    """The square root, one digit a row, as by hand, but for rests that may be negative: see `quotient_rows`."""
    radicand, side = prepare_root(net, form, a)
    size = form.mantissa + 3
    padded = net.join(radicand, net.constant(0, 2 * size - radicand.width))
    return choose(net, form, *finish_root(net, form, root_rows(net, padded), side))


def root_rows(net: Logic[W], radicand: W) -> W:
    """The digits of a root, one for two of the radicand, and whether there is a rest behind; see `square_root`."""
    size = radicand.width // 2
    rest, fits = net.constant(0, 2), net.constant(1, 1)
    found: list[W] = []
    for row in range(size):
        shifted = net.join(rest, net.bits(radicand, 2 * (size - 1 - row), 2))
        width = row + 4
        # With one more digit 1 the square grows by 4q + 1; a rest that lacks that gets 4q + 3 for the next one.
        step = net.extend(net.join(*found, net.invert(fits), net.constant(1, 1)), width)
        rest = net.add_or_subtract(net.extend(shifted, width, signed=True), step, fits)
        fits = net.invert(net.top(rest))
        found.append(fits)
    taken = net.extend(net.join(*found, net.constant(1, 1)), rest.width)
    left = net.add(rest, net.all(taken, net.repeat(net.invert(fits), rest.width)))
    return net.join(*found, net.is_any(left))


def prepare_root(net: Logic[W], form: FloatFormat, a: W) -> tuple[W, list[W]]:
    """The significand, from 1 to 4, with two digits in front of the point, and what else the root depends on."""
    x = unpack(net, form, a)
    width = form.exponent + 2
    exponent, significand = leading(net, form, x, width)
    # The bias is odd: an even exponent without it has odd bits.
    even = net.bit(exponent, 0)
    zero = net.constant(0, 1)
    radicand = net.mux(even, net.join(zero, significand), net.join(significand, zero))
    total = net.add(exponent, net.constant(form.bias, width))
    halved = net.join(net.top(total), net.bits(total, 1, width - 1))
    none = net.any(x.is_nan, net.all(x.sign, net.invert(x.is_zero)))
    return radicand, [halved, x.sign, none, x.is_infinite]


def finish_root(net: Logic[W], form: FloatFormat, digits: W, side: Sequence[W]) -> tuple[W, W, W, W]:
    """What `choose` needs of a root whose digits have been found."""
    exponent, sign, none, infinite = side
    if (1 - form.mantissa + form.bias) // 2 < 1:
        digits, exponent = normalise(net, form, exponent, digits)
    return none, infinite, sign, round_and_pack(net, form, sign, exponent, digits)


def convert(net: Logic[W], form: FloatFormat, other: FloatFormat, a: W) -> W:
    """The number in another format."""
    x = unpack(net, form, a)
    width = max(form.exponent, other.exponent) + 2
    exponent = net.add(net.extend(x.exponent, width), net.constant(other.bias - form.bias, width))
    digits, exponent = normalise(net, other, exponent, x.significand)
    finite = round_and_pack(net, other, x.sign, exponent, digits)
    return choose(net, other, x.is_nan, x.is_infinite, x.sign, finite)


def from_integer(net: Logic[W], form: FloatFormat, a: W, signed: bool) -> W:
    """The number nearest to an integer."""
    sign = net.top(a) if signed else net.constant(0, 1)
    magnitude = net.add(net.differ(a, net.repeat(sign, a.width)), net.extend(sign, a.width)) if signed else a
    width = max(form.exponent, (form.bias + a.width).bit_length()) + 2
    digits, exponent = normalise(net, form, net.constant(form.bias + a.width - 1, width), magnitude)
    return round_and_pack(net, form, sign, exponent, digits)


def to_integer(net: Logic[W], form: FloatFormat, a: W, width: int, signed: bool) -> W:
    """The integer part, towards zero; the nearest integer of `width` bits beyond those, and 0 of a NaN."""
    x = unpack(net, form, a)
    bits = max(width, form.mantissa + 1) + 1
    span = form.exponent + 2 if form.exponent + 2 > bits.bit_length() + 1 else bits.bit_length() + 1
    # The number is significand * 2^power: shifted left from its place in `bits` digits, then right by the rest.
    power = net.subtract(net.extend(x.exponent, span), net.constant(form.bias + form.mantissa, span))
    negative = net.top(power)
    most = net.constant(bits, span)
    left = net.mux(negative, net.constant(0, span), net.mux(net.less(power, most), power, most))
    opposite = net.subtract(net.constant(0, span), power)
    right = net.mux(negative, net.mux(net.less(opposite, most), opposite, most), net.constant(0, span))
    count = bits.bit_length()
    wide = net.extend(x.significand, 2 * bits)
    shifted = net.shift_left(wide, net.bits(left, 0, count))
    whole = net.shift_right(shifted, net.bits(right, 0, count))
    magnitude = net.extend(whole, width)
    beyond = net.any(net.is_any(net.bits(whole, width, 2 * bits - width)), x.is_infinite)
    if signed:
        over = net.any(beyond, net.top(magnitude))
        value = net.add(net.differ(magnitude, net.repeat(x.sign, width)), net.extend(x.sign, width))
        limit = net.join(x.sign, net.repeat(net.invert(x.sign), width - 1)) if width > 1 else x.sign
        result = net.mux(over, limit, value)
    else:
        limit = net.repeat(net.invert(x.sign), width)
        result = net.mux(beyond, limit, net.all(magnitude, net.repeat(net.invert(x.sign), width)))
    return net.mux(x.is_nan, net.constant(0, width), result)


def round_to_integer(net: Logic[W], form: FloatFormat, kind: str, a: W) -> W:
    """The integer, in the format, next to a number: see `float_format.round_to_integer`."""
    x = unpack(net, form, a)
    whole = form.bias + form.mantissa
    large = net.invert(net.less(x.exponent, net.constant(whole, form.exponent)))
    # The significand with a half and a rest behind its point, shifted by at most all of its digits.
    wide = net.join(x.significand, net.constant(0, 2))
    distance = net.subtract(net.constant(whole, form.exponent), x.exponent)
    digits = _shift_right(net, wide, distance)
    odd, half, rest = net.bit(digits, 2), net.bit(digits, 1), net.bit(digits, 0)
    any_rest = net.any(half, rest)
    up = {
        "trunc": lambda: net.constant(0, 1),
        "floor": lambda: net.all(x.sign, any_rest),
        "ceil": lambda: net.all(net.invert(x.sign), any_rest),
        "round": lambda: half,
        "roundeven": lambda: net.all(half, net.any(rest, odd)),
    }[kind]()
    width = form.mantissa + 2
    integer = net.add(net.extend(net.bits(digits, 2, width - 1), width), net.extend(up, width))
    span = form.exponent + 2
    digits, exponent = normalise(net, form, net.constant(whole + 1, span), integer)
    rounded = round_and_pack(net, form, x.sign, exponent, digits)
    kept = net.mux(x.is_nan, net.constant(form.nan, form.width), a)
    return net.mux(large, kept, rounded)


def compare(net: Logic[W], form: FloatFormat, predicate: str, a: W, b: W) -> W:
    """A comparison: `o` (ordered) or `u` (unordered) and `eq`, `ne`, `lt`, `le`, `gt` or `ge`; or `ord`, `uno`."""
    unordered = net.any(is_nan(net, form, a), is_nan(net, form, b))
    if predicate in ("ord", "uno"):
        return unordered if predicate == "uno" else net.invert(unordered)
    relation = predicate[1:]
    if relation in ("gt", "ge"):
        a, b = b, a
    zeros = net.is_zero(net.bits(net.any(a, b), 0, form.width - 1))
    equal = net.any(net.is_zero(net.differ(a, b)), zeros)
    if relation in ("eq", "ne"):
        found = equal if relation == "eq" else net.invert(equal)
    else:
        below = net.all(less(net, form, a, b), net.invert(equal))
        found = below if relation in ("lt", "gt") else net.any(below, equal)
    if predicate[0] == "u":
        return net.any(found, unordered)
    return net.all(found, net.invert(unordered))


def less(net: Logic[W], form: FloatFormat, a: W, b: W) -> W:
    """Whether a number is less than another, none of them a NaN; minus zero is less than zero here."""
    bits = form.width - 1
    sign, other = net.top(a), net.top(b)
    smaller = net.less(net.bits(a, 0, bits), net.bits(b, 0, bits))
    larger = net.less(net.bits(b, 0, bits), net.bits(a, 0, bits))
    # Of different signs the negative one is less, of negative ones that with the greater magnitude.
    return net.mux(net.differ(sign, other), sign, net.mux(sign, larger, smaller))


def extreme(net: Logic[W], form: FloatFormat, largest: bool, number: bool, a: W, b: W) -> W:
    """The larger or the smaller of two numbers; beside a NaN the NaN, or the `number` if that is asked for."""
    nan, smaller = net.constant(form.nan, form.width), less(net, form, a, b)
    chosen = net.mux(smaller, b, a) if largest else net.mux(smaller, a, b)
    first, second = is_nan(net, form, a), is_nan(net, form, b)
    if not number:
        return net.mux(net.any(first, second), nan, chosen)
    # A number beside a NaN is the answer; of two NaNs the first is replaced by the one of all operations.
    other = net.mux(second, nan, b)
    return net.mux(first, other, net.mux(second, a, chosen))


def is_nan(net: Logic[W], form: FloatFormat, a: W) -> W:
    """Whether the bits of a number are those of no number."""
    return net.less(net.constant(form.infinity, form.width - 1), net.bits(a, 0, form.width - 1))


def choose(net: Logic[W], form: FloatFormat, none: W, infinite: W, sign: W, finite: W) -> W:
    """A number, or infinity with a sign, or a NaN."""
    infinity = net.join(sign, net.constant(form.infinity, form.width - 1))
    return net.mux(none, net.constant(form.nan, form.width), net.mux(infinite, infinity, finite))


def _negated(net: Logic[W], a: W) -> W:
    return net.join(net.invert(net.top(a)), net.bits(a, 0, a.width - 1))


def _least(net: Logic[W], zeros: W, room: W) -> W:
    """The smaller of two numbers without sign, in the bits of the first."""
    width = max(zeros.width, room.width)
    one, other = net.extend(zeros, width), net.extend(room, width)
    return net.extend(net.mux(net.less(one, other), one, other), zeros.width)


def _shift_right(net: Logic[W], a: W, amount: W) -> W:
    """Shift right by any amount without sign; the lowest bit keeps what falls out."""
    needed = a.width.bit_length()
    if amount.width <= needed:
        return net.shift_right_sticky(a, amount)
    shifted = net.shift_right_sticky(a, net.bits(amount, 0, needed))
    beyond = net.is_any(net.bits(amount, needed, amount.width - needed))
    return net.mux(beyond, net.extend(net.is_any(a), a.width), shifted)
