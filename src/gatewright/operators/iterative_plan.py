"""How many digits of a quotient or of a square root to find in one cycle, and of how many bits each.

A step takes one digit of k bits off: it subtracts all 2^k - 1 multiples at once and selects among the differences by
their signs. Several steps one behind the other make a cycle. By the tables of a technology, a step of k bits takes a
carry chain and k selections of whole words: larger digits are faster for the same bits, and take more area.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from gatewright.devices.device import Technology
from gatewright.operators.multiplier_plan import FIRST_STAGE_SHARE

QUOTIENT_DIGIT = 3
"""Most bits of a digit of a quotient: up to 7 times the divisor, each odd multiple takes one addition; 11 takes two."""
ROOT_DIGIT = 2
"""Most bits of a digit of a root: the multiples of a larger one could not be kept without additions."""
SELECTION = 1.5
"""Look-up tables that the selection of a word counts for, since its select wire goes to every bit.

Fitted to what nextpnr makes of dividers of 16 to 64 bits for an ECP5: steps of 1 to 3 bits, 1 to 4 in a cycle, come out
within 10 % of it.
"""
MOST_DIFFERENCES = 20
"""Most subtractions in a cycle: at slow clocks an operator would otherwise grow with the square of its width."""


@dataclass(frozen=True)
class IterativePlan:
    """The structure of an operator that works over several cycles on one set of operands.

    ```
    start: operands into registers -> [prepare: multiples of the divisor] -> steps x cycles -> [sign put back]
    ```
    """

    digits: tuple[int, ...]
    """Bits of the digits found in one cycle, one step behind the other."""
    cycles: int
    """Cycles of steps."""
    prepare: bool
    """Whether the multiples of the divisor take a cycle of their own; else they are made from the operands."""
    register_result: bool
    """Whether the sign is put back in a cycle of its own; else behind the last register."""
    delay: float
    """Nanoseconds from the inputs to the first register."""
    cycle_delay: float
    """Nanoseconds from register to register through the steps of a cycle."""
    output_delay: float
    """Nanoseconds from the last register to the result."""
    luts: int
    """Estimated look-up tables."""
    registers: int
    """Bits of registers."""

    @property
    def digit_bits(self) -> int:
        """Bits of the result that a cycle finds."""
        return sum(self.digits)

    @property
    def latency(self) -> int:
        """Cycles from the start to the result."""
        return 1 + int(self.prepare) + self.cycles + int(self.register_result)


def trial_width(width: int, digit: int) -> int:
    """Bits of a difference with its sign, in a step of a division of `width` bits that finds `digit` bits.

    The shifted rest is below 2^digit times the divisor. A single difference is then within a divisor of 0 on either
    side; with several, those of the small multiples take one bit more.
    """
    return width + digit + (digit > 1)


def root_trial_width(half: int, digit: int) -> int:
    """Bits of a difference with its sign, in a step of a root of `half` bits that finds `digit` bits.

    Before the step the root has at most half - digit bits and the rest is at most twice that; the shifted rest is then
    below 2^(half + 1 + digit).
    """
    return half + 2 + digit


@cache
def plan_division(technology: Technology, budget: float, kind: str, width: int) -> IterativePlan:
    """The division or remainder of a kind with the fewest cycles; of those, the smallest.

    `budget` is what logic may take between two registers, in nanoseconds. Where not even one bit fits, a cycle finds
    one bit and is too slow.
    """
    signed = kind in ("divsi", "floordivsi", "remsi")
    chain, lut = technology.chain(width), technology.lut
    first_share = FIRST_STAGE_SHARE * (budget + technology.register + technology.setup)
    operands = chain + lut if signed else lut
    output, register_result = technology.register, False
    if kind == "floordivsi":
        output += lut
    elif signed:
        register_result = output + lut + chain > first_share
        output += 0.0 if register_result else lut + chain
    # A divisor of 0 is found in every cycle, beside the steps, and forces the result to 0.
    zero = lut * (technology.levels(width) + 1)

    def planned(digits: tuple[int, ...], cycles: int) -> IterativePlan:
        largest = max(digits)
        # Registers with an enable take the result of a chain directly, without a look-up table behind it.
        multiples = (operands if signed else 0.0) + technology.chain(width + largest) if largest > 1 else operands
        prepare = largest > 1 and multiples > first_share
        steps = sum(technology.chain(trial_width(width, digit)) + SELECTION * lut * digit for digit in digits)
        odd = (1 << (largest - 1)) - 1
        luts = sum(((1 << digit) - 1) * (trial_width(width, digit) + width) for digit in digits)
        luts += odd * (width + 2) + cycles * sum(digits) + 4 * width // 3 + 8 + (6 * width if signed else 0)
        registers = cycles * sum(digits) + 2 * width + _multiple_bits(width, largest)
        registers += (cycles + prepare).bit_length() + int(signed) + int(kind == "floordivsi")
        registers += width if register_result else 0
        return IterativePlan(
            digits,
            cycles,
            prepare,
            register_result,
            operands if prepare else multiples,
            max(steps, zero),
            output,
            luts,
            registers,
        )

    return _best(width, QUOTIENT_DIGIT, budget, planned)


def _multiple_bits(width: int, largest: int) -> int:
    """Bits of the registers of the odd multiples of a divisor, from 3 times on."""
    return sum(width + multiple.bit_length() for multiple in range(3, 1 << largest, 2))


@cache
def plan_square_root(technology: Technology, budget: float, width: int) -> IterativePlan:
    """The square root of numbers of `width` bits with the fewest cycles, as `plan_division`."""
    half = (width + 1) // 2

    def planned(digits: tuple[int, ...], cycles: int) -> IterativePlan:
        found = cycles * sum(digits)
        selection = SELECTION * technology.lut
        delay = sum(technology.chain(root_trial_width(half, digit)) + selection * digit for digit in digits)
        luts = sum(((1 << digit) - 1) * (root_trial_width(half, digit) + half) for digit in digits) + 3 * found + 8
        registers = 2 * found + 2 * half + 1 + cycles.bit_length()
        if max(digits) > 1:
            luts += 3 * sum(digits) * (half + 2)
            registers += 3 * (half + 2)
        return IterativePlan(digits, cycles, False, False, technology.lut, delay, technology.register, luts, registers)

    return _best(half, ROOT_DIGIT, budget, planned)


def _best(
    bits: int, largest: int, budget: float, planned: Callable[[tuple[int, ...], int], IterativePlan]
) -> IterativePlan:
    """The plan with the least latency, then area, that finds `bits` bits and whose cycles keep to the budget."""
    best: IterativePlan | None = None
    for cycles in range(1, bits + 1):
        if best is not None and cycles > best.cycles + 1:
            break  # one cycle more can pay off only by saving that of the multiples
        together = -(-bits // cycles)
        for digits in _partitions(together, largest) if together <= MOST_DIFFERENCES else ():
            if sum((1 << digit) - 1 for digit in digits) > MOST_DIFFERENCES:
                continue
            plan = planned(digits, cycles)
            if plan.cycle_delay > budget + 1e-9:
                continue
            if best is None or (plan.latency, plan.luts) < (best.latency, best.luts):
                best = plan
    return best or planned((1,), bits)


def _partitions(total: int, largest: int) -> Iterator[tuple[int, ...]]:
    """The ways to add up `total` from numbers up to `largest`, the large ones first."""
    if largest == 1:
        yield (1,) * total
        return
    for count in range(total // largest + 1):
        for rest in _partitions(total - count * largest, largest - 1):
            yield (largest,) * count + rest
