"""Which operator executes a floating-point operation of the IR."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from xdsl.ir import Attribute, Operation

from gatewright.ir.floats import format_of, scalar_bits
from gatewright.ir.operations import OF_FLOATS, Hardware
from gatewright.numbers.float_format import FloatFormat
from gatewright.operators.float_operators import FUNCTIONS, LARGEST_MANTISSA

LOGIC: tuple[type[Operation], ...] = tuple(
    kind for kind, facts in OF_FLOATS.items() if facts.hardware is Hardware.LOGIC
)
"""Floating-point operations that take less than a cycle."""

ELEMENTARY: tuple[type[Operation], ...] = tuple(
    kind for kind, facts in OF_FLOATS.items() if facts.operator in FUNCTIONS
)
"""The elementary functions."""

OPERATION_OF: dict[str, type[Operation]] = {OF_FLOATS[kind].operator: kind for kind in ELEMENTARY}
"""The elementary functions by the names of their operators."""

FLOAT_OPERATIONS: tuple[type[Operation], ...] = tuple(OF_FLOATS)
"""All floating-point operations that have hardware."""

MOST_FACTORS = 64
"""The largest exponent that becomes products where a format has no hardware for powers."""


def has_functions(form: FloatFormat) -> bool:
    """Whether there is hardware for the elementary functions of a format."""
    return form.mantissa <= LARGEST_MANTISSA


def is_root_or_product(form: FloatFormat, exponent: float | None) -> bool:
    """Whether a power with a known exponent is taken as a root or as products.

    Of three factors, or two in a divisor, that is within a unit in the last place; more are for formats without powers.
    """
    if exponent is None or not isfinite(exponent):
        return False
    if exponent in (0.5, -0.5):
        return True
    low, high = (-2, 3) if has_functions(form) else (-MOST_FACTORS, MOST_FACTORS)
    return exponent == int(exponent) and low <= exponent <= high


@dataclass(frozen=True)
class FloatOperation:
    """An operator by its mnemonic and the names of the types that it works on; see `operators.float_operators`."""

    kind: str
    types: tuple[str, ...]


def float_operation(op: Operation) -> FloatOperation | None:
    """The operator of an operation; None for one that is no floating-point operation, or is logic or wires.

    A difference is the sum of a number and another one whose sign the units turn around.
    """
    facts = OF_FLOATS.get(type(op))
    if facts is None or facts.hardware is not Hardware.OPERATOR:
        return None
    if facts.operator:
        form = format_of(op.results[0].type)
        return None if form is None else FloatOperation(facts.operator, (form.name,))
    kind = op.name.rpartition(".")[2]
    return FloatOperation(kind, (_name(op.operands[0].type), _name(op.results[0].type)))


def _name(type_: Attribute) -> str:
    form = format_of(type_)
    return form.name if form is not None else f"i{scalar_bits(type_)}"
