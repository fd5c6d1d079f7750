"""How to multiply wide numbers with narrow hardware multipliers: which partial products, added in which stages."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from gatewright.devices.device import Technology

FIRST_STAGE_SHARE = 0.6
"""Share of the period for the logic before a first register: the rest chooses the operands of a shared unit."""


@dataclass(frozen=True)
class Limb:
    """`width` bits of an operand from bit `low` on; only a topmost limb can be signed."""

    low: int
    width: int
    signed: bool


@dataclass(frozen=True)
class PartialProduct:
    """A partial product, which stands `left.low + right.low` bits up in the result."""

    left: Limb
    right: Limb

    @property
    def shift(self) -> int:
        """Where its lowest bit stands in the result."""
        return self.left.low + self.right.low

    def width(self, result: int) -> int:
        """Its bits: enough to be exact, or as many as a result of `result` bits has from its place on."""
        return min(self.left.width + self.right.width, result - self.shift)


@dataclass(frozen=True)
class MultiplierPlan:
    """The structure of a pipelined multiplier.

    ```
    operands -> [register] -> products -> register x product_registers -> sum levels -> register -> ...
    ```
    """

    products: tuple[PartialProduct, ...]
    register_operands: bool
    """Whether the operands go into registers before they are multiplied."""
    product_registers: int
    """Registers behind the products, at least 1; more than one for the synthesizer to pull into the multiplier."""
    sum_stages: tuple[int, ...]
    """How many levels of the tree of adders lie before each further register."""
    delay: float
    """Nanoseconds from the inputs to the first register."""

    @property
    def latency(self) -> int:
        """Registers on the way from the operands to the result."""
        return int(self.register_operands) + self.product_registers + len(self.sum_stages)

    def register_bits(self, width: int, operand_bits: int) -> int:
        """Bits of all registers, for a result of `width` bits and `operand_bits` bits of both operands together."""
        terms = len(self.products)
        bits = operand_bits if self.register_operands else 0
        bits += self.product_registers * sum(product.width(width) for product in self.products)
        for levels in self.sum_stages:
            terms = -(-terms // (1 << levels))
            bits += terms * width
        return bits


def limbs(width: int, signed: bool, multiplier_bits: int) -> tuple[Limb, ...]:
    """Cut an operand into limbs that a signed multiplier of `multiplier_bits` takes; the lowest first."""
    if width <= multiplier_bits:
        return (Limb(0, width, signed),)
    step = multiplier_bits - 1
    cut = [Limb(low, step, False) for low in range(0, width - multiplier_bits, step)]
    low = len(cut) * step
    return (*cut, Limb(low, width - low, signed))


def plan_multiplier(technology: Technology, budget: float, width: int, left: int, right: int) -> MultiplierPlan:
    """Plan a multiplier of `left` by `right` bits whose result has `width` bits.

    `budget` is what logic may take between two registers, in nanoseconds. If an operand is narrower than the result,
    both are signed; otherwise only the low half of the product is wanted, where signs make no difference.
    """
    signed = left < width or right < width
    bits = technology.multiplier_bits
    products = tuple(
        PartialProduct(a, b)
        for a in limbs(left, signed, bits)
        for b in limbs(right, signed, bits)
        if a.low + b.low < width
    )
    first = technology.multiply
    register_operands = first > FIRST_STAGE_SHARE * (budget + technology.register + technology.setup)
    levels = (len(products) - 1).bit_length()
    level_delay = technology.chain(width)
    at_once = max(1, int(budget / level_delay))
    stages = [min(at_once, levels - done) for done in range(0, levels, at_once)]
    return MultiplierPlan(
        products,
        register_operands,
        max(1, ceil(first / budget)),
        tuple(stages),
        0.0 if register_operands else first,
    )
