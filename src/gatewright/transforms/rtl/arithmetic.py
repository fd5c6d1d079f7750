"""The combinational logic that computes an operation of `arith` or `gw`, by the total rules of `docs/levels.md`."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith
from xdsl.dialects.builtin import FloatAttr, IntegerAttr
from xdsl.ir import Attribute, Operation, SSAValue

from gatewright.dialects.gw import IsqrtOp
from gatewright.ir.floats import constant_bits, scalar_bits
from gatewright.transforms.rtl import float_arithmetic
from gatewright.transforms.rtl.circuit import Circuit, signed, width

_PREDICATES = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")
"""`arith.cmpi` predicates by their number."""


def bits_of(type_: Attribute) -> int | None:
    """Bits of a value of a type in hardware, or None for a type that is no number."""
    return scalar_bits(type_)


def constant_number(operation: arith.ConstantOp) -> int | None:
    """The bits of a constant, or None for one that is no number."""
    value = operation.value
    if isinstance(value, FloatAttr):
        return constant_bits(value)
    return value.value.data if isinstance(value, IntegerAttr) else None


def compute(circuit: Circuit, operation: Operation, operands: list[SSAValue]) -> SSAValue | None:
    """The value of a one-result operation, or None if it is none that logic computes."""
    if (build := float_arithmetic.LOGIC.get(type(operation))) is not None:
        return build(circuit, operation, operands)
    if isinstance(operation, arith.CmpiOp):
        return circuit.icmp(_PREDICATES[operation.predicate.value.data], *operands)
    if type(operation) in _CASTS:
        bits = bits_of(operation.results[0].type)
        assert bits is not None
        return circuit.extend(operands[0], bits, sign=_CASTS[type(operation)])
    build = _LOGIC.get(type(operation))
    return build(circuit, *operands) if build is not None else None


def logic_of(name: str) -> Callable[..., SSAValue] | None:
    """How logic computes an operation that its name says all about, from circuit and operands; None for others."""
    return next((build for kind, build in _LOGIC.items() if kind.name == name), None)


def known_operations() -> list[str]:
    """The names of the operations that `compute` knows."""
    return sorted(kind.name for kind in (*_LOGIC, *_CASTS, *float_arithmetic.LOGIC, arith.CmpiOp))


def multiply(circuit: Circuit, a: SSAValue, b: SSAValue) -> SSAValue:
    """A product; shifts and adds where one factor is constant."""
    for value, factor in ((a, circuit.constant_of(b)), (b, circuit.constant_of(a))):
        if factor is not None:
            return multiply_by_constant(circuit, value, factor)
    return circuit.binary("mul", a, b)


def canonical_signed_digits(number: int) -> list[tuple[int, int]]:
    """The (position, sign) of the non-zero digits of the representation with the fewest of them.

    The non-adjacent form: G. W. Reitwiesner, Binary arithmetic, Advances in Computers 1, 1960.
    """
    digits, position = [], 0
    while number:
        if number & 1:
            digit = 2 - (number & 3)
            digits.append((position, digit))
            number -= digit
        number >>= 1
        position += 1
    return digits


def multiply_by_constant(circuit: Circuit, value: SSAValue, factor: int) -> SSAValue:
    """A product with a constant as a sum and difference of shifted values."""
    bits = width(value)
    total: SSAValue | None = None
    # The positive terms come first, so that only the subtractions that the digits ask for are built.
    for position, sign in sorted(canonical_signed_digits(signed(factor, bits)), key=lambda digit: -digit[1]):
        if position >= bits:
            continue
        term = circuit.binary("shl", value, circuit.constant(position, bits)) if position else value
        if total is None:
            total = term if sign > 0 else circuit.binary("sub", circuit.constant(0, bits), term)
        else:
            total = circuit.binary("add" if sign > 0 else "sub", total, term)
    return total if total is not None else circuit.constant(0, bits)


def _divide(name: str) -> Callable[[Circuit, SSAValue, SSAValue], SSAValue]:
    def build(circuit: Circuit, a: SSAValue, b: SSAValue) -> SSAValue:
        unsigned = name in ("divu", "modu")
        power = _power_of_two(circuit, b) if unsigned else None
        if power is not None:
            return _divide_by_power(circuit, name, a, power)
        bits = width(a)
        zero, one = circuit.constant(0, bits), circuit.constant(1, bits)
        by_zero = circuit.icmp("eq", b, zero)
        # The divisor is replaced by 1 where the division has no defined result in `comb`: by zero, and where the
        # quotient does not fit. The smallest integer divided by 1 is what the rules ask for then.
        unusable = by_zero if unsigned else circuit.any_of(by_zero, _overflows(circuit, a, b))
        result = circuit.binary(name, a, circuit.mux(unusable, one, b))
        return circuit.mux(by_zero, zero, result)

    return build


def _overflows(circuit: Circuit, a: SSAValue, b: SSAValue) -> SSAValue:
    bits = width(a)
    smallest = circuit.icmp("eq", a, circuit.constant(1 << (bits - 1), bits))
    return circuit.all_of(smallest, circuit.icmp("eq", b, circuit.constant(-1, bits)))


def _power_of_two(circuit: Circuit, value: SSAValue) -> int | None:
    known = circuit.constant_of(value)
    return known.bit_length() - 1 if known and known & (known - 1) == 0 else None


def _divide_by_power(circuit: Circuit, name: str, a: SSAValue, power: int) -> SSAValue:
    if name == "divu":
        return circuit.binary("shru", a, circuit.constant(power, width(a)))
    if power == 0:
        return circuit.constant(0, width(a))
    return circuit.extend(circuit.extract(a, 0, power), width(a), sign=False)


def _floor_divide(circuit: Circuit, a: SSAValue, b: SSAValue) -> SSAValue:
    """The signed quotient rounded down: one less than the truncated one if a remainder of the other sign is left."""
    bits = width(a)
    power = _power_of_two(circuit, b)
    if power is not None and power < bits - 1:
        return circuit.binary("shrs", a, circuit.constant(power, bits))
    quotient, remainder = _divide("divs")(circuit, a, b), _divide("mods")(circuit, a, b)
    inexact = circuit.icmp("ne", remainder, circuit.constant(0, bits))
    opposite = circuit.xor(circuit.bit(remainder, bits - 1), circuit.bit(b, bits - 1))
    usable = circuit.icmp("ne", b, circuit.constant(0, bits))
    correction = circuit.extend(circuit.all_of(inexact, opposite, usable), bits, sign=True)
    return circuit.binary("add", quotient, correction)


def _shift(name: str) -> Callable[[Circuit, SSAValue, SSAValue], SSAValue]:
    def build(circuit: Circuit, a: SSAValue, b: SSAValue) -> SSAValue:
        return circuit.binary(name, a, b)

    return build


def _choose(predicate: str) -> Callable[[Circuit, SSAValue, SSAValue], SSAValue]:
    def build(circuit: Circuit, a: SSAValue, b: SSAValue) -> SSAValue:
        return circuit.mux(circuit.icmp(predicate, a, b), a, b)

    return build


def _binary(name: str) -> Callable[[Circuit, SSAValue, SSAValue], SSAValue]:
    def build(circuit: Circuit, a: SSAValue, b: SSAValue) -> SSAValue:
        return circuit.binary(name, a, b)

    return build


def square_root(circuit: Circuit, value: SSAValue) -> SSAValue:
    """The floor of the square root, one bit of it per row of a restoring array, two operand bits at a time."""
    bits = width(value)
    padded = circuit.extend(value, bits + bits % 2, sign=False)
    digits = width(padded) // 2
    root: SSAValue | None = None
    remainder = circuit.constant(0, digits + 2)
    for row in range(digits):
        pair = circuit.extract(padded, 2 * (digits - 1 - row), 2)
        remainder = circuit.concat(circuit.extract(remainder, 0, digits), pair)
        tried = (root, circuit.constant(1, 2)) if root is not None else (circuit.constant(1, 2),)
        trial = circuit.extend(circuit.concat(*tried), digits + 2, sign=False)
        fits = circuit.icmp("uge", remainder, trial)
        remainder = circuit.mux(fits, circuit.binary("sub", remainder, trial), remainder)
        root = circuit.concat(root, fits) if root is not None else fits
    assert root is not None
    return circuit.extend(root, bits, sign=False)


_CASTS: dict[type[Operation], bool] = {
    arith.ExtSIOp: True,
    arith.ExtUIOp: False,
    arith.TruncIOp: False,
    arith.IndexCastOp: True,
}
"""Operations that change the width of a value, and whether they extend its sign."""

_LOGIC: dict[type[Operation], Callable[..., SSAValue]] = {
    arith.AddiOp: _binary("add"),
    arith.SubiOp: _binary("sub"),
    arith.MuliOp: multiply,
    arith.DivUIOp: _divide("divu"),
    arith.DivSIOp: _divide("divs"),
    arith.RemUIOp: _divide("modu"),
    arith.RemSIOp: _divide("mods"),
    arith.FloorDivSIOp: _floor_divide,
    arith.AndIOp: Circuit.all_of,
    arith.OrIOp: Circuit.any_of,
    arith.XOrIOp: Circuit.xor,
    arith.ShLIOp: _shift("shl"),
    arith.ShRUIOp: _shift("shru"),
    arith.ShRSIOp: _shift("shrs"),
    arith.SelectOp: Circuit.mux,
    arith.MaxSIOp: _choose("sge"),
    arith.MaxUIOp: _choose("uge"),
    arith.MinSIOp: _choose("sle"),
    arith.MinUIOp: _choose("ule"),
    IsqrtOp: square_root,
}
"""How logic computes each operation."""
