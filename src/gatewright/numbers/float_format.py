"""IEEE-754 binary formats, and what arithmetic on them gives, computed with integers of any size.

Rounds to nearest, ties to even; subnormal numbers, infinities and zeros with signs as IEEE 754-2019 has them. Every
operation that has no answer gives the one quiet NaN of `FloatFormat.nan`; payloads are not passed on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isqrt


@dataclass(frozen=True)
class FloatFormat:
    """A format with so many bits of exponent and of mantissa, the hidden one not counted. Numbers are their bits."""

    exponent: int
    mantissa: int

    @property
    def width(self) -> int:
        """Bits of a number."""
        return 1 + self.exponent + self.mantissa

    @property
    def name(self) -> str:
        """How the field calls the format, or `e8m23` if it has no name."""
        return _NAMES.get(self, f"e{self.exponent}m{self.mantissa}")

    @property
    def bias(self) -> int:
        """What is taken off the bits of an exponent."""
        return (1 << (self.exponent - 1)) - 1

    @property
    def special(self) -> int:
        """The bits of the exponent of infinities and NaNs."""
        return (1 << self.exponent) - 1

    @property
    def infinity(self) -> int:
        """Plus infinity."""
        return self.special << self.mantissa

    @property
    def nan(self) -> int:
        """The NaN of all operations."""
        return self.infinity | 1 << (self.mantissa - 1)

    @property
    def sign_bit(self) -> int:
        """The bit that is set in negative numbers."""
        return 1 << (self.width - 1)

    def is_nan(self, number: int) -> bool:
        """Whether a number is none."""
        return number & (self.sign_bit - 1) > self.infinity

    def is_infinite(self, number: int) -> bool:
        """Whether a number is plus or minus infinity."""
        return number & (self.sign_bit - 1) == self.infinity

    def is_negative(self, number: int) -> bool:
        """Whether the sign of a number is set."""
        return bool(number & self.sign_bit)

    def parts(self, number: int) -> tuple[int, int]:
        """A finite number as integer times a power of two: the integer, without sign, and the power."""
        exponent = number >> self.mantissa & self.special
        fraction = number & ((1 << self.mantissa) - 1)
        if exponent == 0:
            return fraction, 1 - self.bias - self.mantissa
        return fraction | 1 << self.mantissa, exponent - self.bias - self.mantissa

    def rounded(self, negative: bool, integer: int, power: int, more: bool = False) -> int:
        """The number nearest to `integer * 2**power`, a little above if there is `more`."""
        sign = self.sign_bit if negative else 0
        if integer == 0 and not more:
            return sign
        least = 1 - self.bias - self.mantissa
        drop = max(integer.bit_length() - self.mantissa - 1, least - power)
        if drop <= 0:
            kept, half, rest = integer << -drop, 0, more
        else:
            kept, half = integer >> drop, integer >> (drop - 1) & 1
            rest = more or bool(integer & ((1 << (drop - 1)) - 1))
        field = max(0, power + drop - least)
        packed = (field << self.mantissa) + kept + (half and (rest or kept & 1))
        return sign | min(packed, self.infinity)


FORMATS = {
    "f8E5M2": FloatFormat(5, 2),
    "f8E4M3": FloatFormat(4, 3),
    "f8E3M4": FloatFormat(3, 4),
    "f16": FloatFormat(5, 10),
    "bf16": FloatFormat(8, 7),
    "tf32": FloatFormat(8, 10),
    "f32": FloatFormat(8, 23),
    "f64": FloatFormat(11, 52),
}
"""The formats that have a name in MLIR and follow IEEE 754: with infinities, and NaNs of any mantissa but 0."""

_NAMES = {form: name for name, form in FORMATS.items()}


def format_named(name: str) -> FloatFormat | None:
    """The format that has a name, or None."""
    if name in FORMATS:
        return FORMATS[name]
    match = re.fullmatch(r"e(\d+)m(\d+)", name)
    return FloatFormat(int(match[1]), int(match[2])) if match else None


def add(form: FloatFormat, a: int, b: int) -> int:
    """The sum."""
    if form.is_nan(a) or form.is_nan(b):
        return form.nan
    if form.is_infinite(a) or form.is_infinite(b):
        opposite = form.is_infinite(a) and form.is_infinite(b) and a != b
        return form.nan if opposite else a if form.is_infinite(a) else b
    (x, p), (y, q) = form.parts(a), form.parts(b)
    low = min(p, q)
    total = (x << (p - low)) * (-1 if form.is_negative(a) else 1) + (y << (q - low)) * (
        -1 if form.is_negative(b) else 1
    )
    if total == 0:
        return a if a == b else 0
    return form.rounded(total < 0, abs(total), low)


def subtract(form: FloatFormat, a: int, b: int) -> int:
    """The difference."""
    return add(form, a, b ^ form.sign_bit)


def multiply(form: FloatFormat, a: int, b: int) -> int:
    """The product."""
    sign = (a ^ b) & form.sign_bit
    if form.is_nan(a) or form.is_nan(b):
        return form.nan
    zero = form.sign_bit - 1
    if form.is_infinite(a) or form.is_infinite(b):
        return form.nan if not (a & zero and b & zero) else sign | form.infinity
    (x, p), (y, q) = form.parts(a), form.parts(b)
    return form.rounded(bool(sign), x * y, p + q)


def divide(form: FloatFormat, a: int, b: int) -> int:
    """The quotient."""
    sign = (a ^ b) & form.sign_bit
    if form.is_nan(a) or form.is_nan(b) or (form.is_infinite(a) and form.is_infinite(b)):
        return form.nan
    if form.is_infinite(a):
        return sign | form.infinity
    if form.is_infinite(b):
        return sign
    (x, p), (y, q) = form.parts(a), form.parts(b)
    if y == 0:
        return sign | form.infinity if x else form.nan
    extra = form.mantissa + 3 + max(0, y.bit_length() - x.bit_length())
    quotient, rest = divmod(x << extra, y)
    return form.rounded(bool(sign), quotient, p - q - extra, rest != 0)


def square_root(form: FloatFormat, a: int) -> int:
    """The square root; that of minus zero is minus zero."""
    if form.is_nan(a) or (form.is_negative(a) and a != form.sign_bit):
        return form.nan
    if form.is_infinite(a):
        return a
    x, p = form.parts(a)
    if x == 0:
        return a
    extra = 2 * (form.mantissa + 3) + p % 2
    root = isqrt(x << extra)
    return form.rounded(False, root, (p - extra) // 2, root * root != x << extra)


def multiply_add(form: FloatFormat, a: int, b: int, c: int) -> int:
    """`a * b + c`, rounded once."""
    if form.is_nan(a) or form.is_nan(b) or form.is_nan(c):
        return form.nan
    product = multiply(form, a, b)
    if form.is_nan(product) or form.is_infinite(a) or form.is_infinite(b) or form.is_infinite(c):
        return add(form, product, c) if not form.is_infinite(c) or form.is_infinite(a) or form.is_infinite(b) else c
    negative = form.is_negative(a) != form.is_negative(b)
    (x, p), (y, q), (z, r) = form.parts(a), form.parts(b), form.parts(c)
    low = min(p + q, r)
    total = (x * y << (p + q - low)) * (-1 if negative else 1) + (z << (r - low)) * (-1 if form.is_negative(c) else 1)
    if total == 0:
        both = negative and form.is_negative(c)
        return form.sign_bit if both else 0
    return form.rounded(total < 0, abs(total), low)


def convert(form: FloatFormat, other: FloatFormat, a: int) -> int:
    """A number of one format in another one."""
    if form.is_nan(a):
        return other.nan
    sign = other.sign_bit if form.is_negative(a) else 0
    if form.is_infinite(a):
        return sign | other.infinity
    return other.rounded(bool(sign), *form.parts(a))


def from_integer(form: FloatFormat, value: int) -> int:
    """The number nearest to an integer."""
    return form.rounded(value < 0, abs(value), 0)


def to_integer(form: FloatFormat, a: int, low: int, high: int) -> int:
    """The integer part, towards zero, and not beyond the bounds; 0 of a NaN."""
    if form.is_nan(a):
        return 0
    if form.is_infinite(a):
        return low if form.is_negative(a) else high
    x, p = form.parts(a)
    whole = x << p if p >= 0 else x >> -p
    return min(max(-whole if form.is_negative(a) else whole, low), high)


def compare(form: FloatFormat, a: int, b: int) -> str:
    """How a number relates to another one: `lt`, `eq`, `gt`, or `un` if one is a NaN."""
    if form.is_nan(a) or form.is_nan(b):
        return "un"
    x, y = _ordered(form, a), _ordered(form, b)
    return "lt" if x < y else "gt" if x > y else "eq"


def _ordered(form: FloatFormat, a: int) -> int:
    magnitude = a & (form.sign_bit - 1)
    return -magnitude if form.is_negative(a) else magnitude


def choose(form: FloatFormat, kind: str, a: int, b: int) -> int:
    """The larger or the smaller of two numbers: `maximumf`, `minimumf`, and, which prefer a number to a NaN, `maxnumf`,
    `minnumf`. Minus zero is less than zero."""
    number = kind in ("maxnumf", "minnumf")
    if form.is_nan(a):
        return b if number and not form.is_nan(b) else form.nan
    if form.is_nan(b):
        return a if number else form.nan
    x, y = _total(form, a), _total(form, b)
    return a if (x >= y) == kind.startswith("max") else b


def _total(form: FloatFormat, a: int) -> tuple[int, bool]:
    return _ordered(form, a), not form.is_negative(a)


def holds(form: FloatFormat, predicate: str, a: int, b: int) -> bool:
    """A comparison: `o` (ordered) or `u` (unordered) and `eq`, `ne`, `lt`, `le`, `gt` or `ge`; or `ord`, `uno`; or
    `true`, `false`."""
    if predicate in ("true", "false"):
        return predicate == "true"
    relation = compare(form, a, b)
    if predicate in ("ord", "uno"):
        return (relation == "un") == (predicate == "uno")
    if relation == "un":
        return predicate[0] == "u"
    return relation in RELATIONS[predicate[1:]]


RELATIONS = {
    "eq": ("eq",),
    "ne": ("lt", "gt"),
    "lt": ("lt",),
    "le": ("lt", "eq"),
    "gt": ("gt",),
    "ge": ("gt", "eq"),
}
"""The relations of two numbers in which a comparison holds."""


def round_to_integer(form: FloatFormat, kind: str, a: int) -> int:
    """The integer, in the format, next to a number: `floor`, `ceil`, `trunc`, `roundeven`, or `round`, which takes
    ties away from zero."""
    if form.is_nan(a):
        return form.nan
    if form.is_infinite(a):
        return a
    x, p = form.parts(a)
    if p >= 0 or x == 0:
        return a
    negative = form.is_negative(a)
    whole, rest = x >> -p, x & ((1 << -p) - 1)
    half = 1 << (-p - 1)
    up = {
        "trunc": False,
        "floor": negative and rest > 0,
        "ceil": not negative and rest > 0,
        "round": rest >= half,
        "roundeven": rest > half or (rest == half and whole & 1 == 1),
    }[kind]
    return form.rounded(negative, whole + up, 0)
