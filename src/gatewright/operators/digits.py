"""Digits of quotients and square roots, some in a cycle: what dividers of integers and of floats have in common."""

from __future__ import annotations

from collections.abc import Sequence

from gatewright.operators.iterative_plan import IterativePlan, root_trial_width, trial_width
from gatewright.operators.netlist import Netlist, NetlistWire


def countdown(net: Netlist, plan: IterativePlan, start: NetlistWire) -> NetlistWire:
    """True in the cycles of steps."""
    cycles = plan.cycles + plan.prepare
    width = cycles.bit_length()
    count = net.register("count", width)
    busy = net.invert(net.is_zero(count))
    fewer = net.subtract(count, net.constant(1, width))
    net.drive(count, net.mux(start, net.constant(cycles, width), fewer), net.any(start, busy))
    if not plan.prepare:
        return busy
    return net.all(busy, net.unequal(count, net.constant(cycles, width)))


def quotient_digit(
    net: Netlist, rest: NetlistWire, incoming: NetlistWire, multiples: Sequence[NetlistWire]
) -> tuple[NetlistWire, NetlistWire]:
    """One step: the rest and the digit when the digits `incoming` of the dividend have come down.

    `multiples` are those of the divisor, from 0 times on.
    """
    shifted = net.join(rest, incoming)
    width = trial_width(rest.width, incoming.width)
    return _select(net, shifted, multiples[: 1 << incoming.width], width, rest.width)


def multiples_of(
    net: Netlist, plan: IterativePlan, magnitude: NetlistWire, divisor: NetlistWire, start: NetlistWire
) -> list[NetlistWire]:
    """The multiples of the divisor, from 0 times on, for the largest digit; the odd ones have registers."""
    width = divisor.width
    found = [net.constant(0, width), divisor]
    source = divisor if plan.prepare else magnitude
    for factor in range(2, 1 << max(plan.digits)):
        if factor % 2 == 0:
            found.append(net.join(found[factor // 2], net.constant(0, 1)))
            continue
        bits = width + factor.bit_length()
        power = 1 << (factor.bit_length() - 1)
        if factor == 7:
            times_eight = net.extend(net.join(source, net.constant(0, 3)), bits)
            product = net.subtract(times_eight, net.extend(source, bits))
        else:
            shifted = net.join(source, net.constant(0, power.bit_length() - 1))
            product = net.add(net.extend(shifted, bits), net.extend(source, bits))
        enable = None if plan.prepare else start
        found.append(net.drive(net.register(f"times_{factor}", bits), product, enable))
    return found


def _select(
    net: Netlist, shifted: NetlistWire, subtrahends: Sequence[NetlistWire], trial: int, width: int
) -> tuple[NetlistWire, NetlistWire]:
    """What is left, in `width` bits, when the largest subtrahend that fits is taken off, and which one that is.

    All are tried at once, in `trial` bits. `subtrahends` grow from 0 on; there are a power of two of them.
    """
    left = [shifted]
    fits = [net.constant(1, 1)]
    for subtrahend in subtrahends[1:]:
        difference = net.subtract(net.extend(shifted, trial), net.extend(subtrahend, trial))
        left.append(difference)
        fits.append(net.invert(net.top(difference)))

    def between(low: int, high: int) -> tuple[NetlistWire, list[NetlistWire]]:
        if high - low == 1:
            return net.bits(left[low], 0, width), []
        middle = (low + high) // 2
        (small, small_digit), (large, large_digit) = between(low, middle), between(middle, high)
        lower = [net.mux(fits[middle], one, other) for one, other in zip(large_digit, small_digit, strict=True)]
        return net.mux(fits[middle], large, small), [fits[middle], *lower]

    result, digit = between(0, len(left))
    return result, net.join(*digit)


def root_registers(net: Netlist, plan: IterativePlan, half: int) -> list[NetlistWire]:
    """The registers of a square root of `half` bits: the rest, the root, and what else larger digits need."""
    registers = [net.register("rest", half + 1), net.register("root", half)]
    if max(plan.digits) > 1:
        registers += [net.register(f"triple_{more}", half + 2) for more in range(3)]
    return registers


def root_step(
    net: Netlist,
    plan: IterativePlan,
    registers: Sequence[NetlistWire],
    radicand: NetlistWire,
    start: NetlistWire,
    running: NetlistWire,
) -> tuple[NetlistWire, NetlistWire]:
    """Drive the registers of a square root of `radicand`, taken at the start; the registers of rest and root."""
    digits = net.register("digits", radicand.width)
    rest, root, *triples = registers
    half, top = root.width, digits.width
    for digit in plan.digits:
        top -= 2 * digit
        rest, found = _root_digit(net, rest, root, triples, net.bits(digits, top, 2 * digit))
        root = net.extend(net.join(root, found), half)
        triples = _next_triples(net, triples, found)
    shifted = net.bits(net.join(digits, net.constant(0, 2 * plan.digit_bits)), 0, digits.width)
    net.drive(digits, net.mux(start, radicand, shifted), running)
    for register, initial, value in zip(registers, (0, 0, 0, 1, 2), (rest, root, *triples), strict=False):
        net.drive(register, net.mux(start, net.constant(initial, register.width), value), running)
    return registers[0], registers[1]


def _root_digit(
    net: Netlist, rest: NetlistWire, root: NetlistWire, triples: Sequence[NetlistWire], incoming: NetlistWire
) -> tuple[NetlistWire, NetlistWire]:
    """One step: the rest and the digit of the root when the digits `incoming` of the radicand have come down.

    The digit d of k bits takes (2^k root + d)^2 - (2^k root)^2 = d (2^(k+1) root + d) off the rest. A rest is at most
    twice its root, so one bit more than the root's hold it.
    """
    digit = incoming.width // 2
    taken = [net.constant(0, 1), net.join(root, net.constant(1, digit + 1))]
    if digit == 2:
        # 16 root + 4 and 24 root + 9 = 8 (3 root + 1) + 1.
        taken += [net.join(root, net.constant(4, 4)), net.join(triples[1], net.constant(1, 3))]
    trial = root_trial_width(root.width, digit)
    return _select(net, net.join(rest, incoming), taken, trial, rest.width)


def _next_triples(net: Netlist, triples: Sequence[NetlistWire], found: NetlistWire) -> list[NetlistWire]:
    """3 root, 3 root + 1 and 3 root + 2 of the root with the digit `found` behind it, without an addition.

    3 (r root + d) + j = r (3 root + (3 d + j) div r) + (3 d + j) mod r, and (3 d + j) div r is at most 2.
    """
    radix = 1 << found.width
    following = []
    for more in range(len(triples)):
        choices = [divmod(3 * digit + more, radix) for digit in range(radix)]
        values = [net.join(triples[over], net.constant(low, found.width)) for over, low in choices]
        for position in range(found.width):
            selector = net.bits(found, position, 1)
            values = [net.mux(selector, odd, even) for even, odd in zip(values[::2], values[1::2], strict=True)]
        following.append(net.extend(values[0], triples[more].width))
    return following
