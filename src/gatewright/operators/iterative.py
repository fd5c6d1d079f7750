"""The hardware of division and square root: some digits a cycle, see `iterative_plan`.

The operands are taken in the cycle of the start; the result stays up to and including the cycle of the next start,
which may come at any time: it drops what was going on, so that no reset is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatewright.operators.iterative_plan import IterativePlan, root_trial_width, trial_width
from gatewright.operators.library import Operator, OperatorLibrary
from gatewright.operators.netlist import Netlist, Wire


def divider(operator: Operator, library: OperatorLibrary) -> str:
    """Inputs `start`, `a`, `b`: restoring division.

    Division by zero gives 0. Signs are taken off first and put back at the end; the smallest number divided by -1 is
    itself.
    """
    width, kind = operator.width, operator.kind
    plan = library.iterative_plan(operator)
    signed = kind in ("divsi", "floordivsi", "remsi")
    net = Netlist(operator.name, [("start", 1), ("a", width), ("b", width)])
    start, a, b = net.input("start"), net.input("a"), net.input("b")
    steps = _countdown(net, plan)
    running = net.any(start, steps)
    quotient = net.register("quotient", plan.cycles * plan.digit_bits)
    rest = net.register("rest", width)
    magnitude = _magnitude(net, b) if signed else b
    divisor = net.drive(net.register("divisor", width), magnitude, start)
    multiples = _multiples(net, plan, magnitude, divisor)
    nonzero = net.invert(net.is_zero(divisor))
    if kind == "floordivsi":
        nonzero = net.all(nonzero, net.drive(net.register("nonzero", 1), net.invert(net.is_zero(a)), start))
    next_rest, digits = rest, []
    top = quotient.width
    for digit in plan.digits:
        top -= digit
        next_rest, found = _quotient_digit(net, next_rest, net.bits(quotient, top, digit), multiples)
        digits.append(found)
    # The dividend leaves the quotient's register at the top while the quotient enters at the bottom. Of the two, only
    # what becomes the result is forced to 0.
    if kind.startswith("rem"):
        next_rest = net.all(next_rest, net.repeat(nonzero, width))
        next_quotient = net.join(quotient, net.constant(0, plan.digit_bits))
    else:
        next_quotient = net.join(quotient, *digits)
    next_quotient = net.bits(next_quotient, 0, quotient.width)
    if not kind.startswith("rem"):
        next_quotient = net.all(next_quotient, net.repeat(nonzero, quotient.width))
    dividend = _dividend_to_round_down(net, a, b) if kind == "floordivsi" else _magnitude(net, a) if signed else a
    net.drive(quotient, net.mux(start, net.extend(dividend, quotient.width), next_quotient), running)
    net.drive(rest, net.mux(start, net.constant(0, width), next_rest), running)
    chosen = rest if kind.startswith("rem") else net.bits(quotient, 0, width)
    if not signed:
        return net.text(chosen)
    negative = net.register("negative", 1)
    sign = net.top(a) if kind == "remsi" else net.differ(net.top(a), net.top(b))
    if kind == "floordivsi":
        net.drive(negative, net.mux(start, sign, net.all(negative, nonzero)), running)
    else:
        net.drive(negative, sign, start)
    result = net.differ(chosen, net.repeat(negative, width))
    if kind != "floordivsi":
        result = net.add(result, net.extend(negative, width))
    return net.text(net.drive(net.register("signed_result", width), result) if plan.register_result else result)


def _quotient_digit(net: Netlist, rest: Wire, incoming: Wire, multiples: Sequence[Wire]) -> tuple[Wire, Wire]:
    """One step: the rest and the digit when the digits `incoming` of the dividend have come down.

    `multiples` are those of the divisor, from 0 times on.
    """
    shifted = net.join(rest, incoming)
    width = trial_width(rest.width, incoming.width)
    return _select(net, shifted, multiples[: 1 << incoming.width], width, rest.width)


def _select(net: Netlist, shifted: Wire, subtrahends: Sequence[Wire], trial: int, width: int) -> tuple[Wire, Wire]:
    """What is left, in `width` bits, when the largest subtrahend that fits is taken off, and which one that is.

    All are tried at once, in `trial` bits. `subtrahends` grow from 0 on; there are a power of two of them.
    """
    left = [shifted]
    fits = [net.constant(1, 1)]
    for subtrahend in subtrahends[1:]:
        difference = net.subtract(net.extend(shifted, trial), net.extend(subtrahend, trial))
        left.append(difference)
        fits.append(net.invert(net.top(difference)))

    def between(low: int, high: int) -> tuple[Wire, list[Wire]]:
        if high - low == 1:
            return net.bits(left[low], 0, width), []
        middle = (low + high) // 2
        (small, small_digit), (large, large_digit) = between(low, middle), between(middle, high)
        lower = [net.mux(fits[middle], one, other) for one, other in zip(large_digit, small_digit, strict=True)]
        return net.mux(fits[middle], large, small), [fits[middle], *lower]

    result, digit = between(0, len(left))
    return result, net.join(*digit)


def _multiples(net: Netlist, plan: IterativePlan, magnitude: Wire, divisor: Wire) -> list[Wire]:
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
        enable = None if plan.prepare else net.input("start")
        found.append(net.drive(net.register(f"times_{factor}", bits), product, enable))
    return found


def _magnitude(net: Netlist, number: Wire) -> Wire:
    """The absolute value, as an unsigned number."""
    sign = net.top(number)
    return net.add(net.differ(number, net.repeat(sign, number.width)), net.extend(sign, number.width))


def _dividend_to_round_down(net: Netlist, a: Wire, b: Wire) -> Wire:
    """The unsigned dividend of a division that rounds down: |a|, or |a| - 1 where the signs differ.

    Where they do, floor(a / b) = -ceil(|a| / |b|) = ~floor((|a| - 1) / |b|) unless a is 0, and no sum is left to do
    behind the division. By the signs of a and b, the dividend is a, a - 1, ~a or ~a + 1.
    """
    negative, divisor_negative = net.top(a), net.top(b)
    less = net.all(net.invert(negative), divisor_negative)
    added = net.any(net.repeat(less, a.width), net.extend(divisor_negative, a.width))
    return net.add(net.differ(a, net.repeat(negative, a.width)), added)


def _countdown(net: Netlist, plan: IterativePlan) -> Wire:
    """True in the cycles of steps."""
    start = net.input("start")
    cycles = plan.cycles + plan.prepare
    width = cycles.bit_length()
    count = net.register("count", width)
    busy = net.invert(net.is_zero(count))
    fewer = net.subtract(count, net.constant(1, width))
    net.drive(count, net.mux(start, net.constant(cycles, width), fewer), net.any(start, busy))
    if not plan.prepare:
        return busy
    return net.all(busy, net.unequal(count, net.constant(cycles, width)))


def square_root(operator: Operator, library: OperatorLibrary) -> str:
    """Inputs `start`, `a`: the floor of the square root of an unsigned number, as by hand."""
    width = operator.width
    half = (width + 1) // 2
    plan = library.iterative_plan(operator)
    net = Netlist(operator.name, [("start", 1), ("a", width)])
    start = net.input("start")
    running = net.any(start, _countdown(net, plan))
    radicand = net.register("digits", 2 * plan.cycles * plan.digit_bits)
    registers = [net.register("rest", half + 1), net.register("root", half)]
    if max(plan.digits) > 1:
        registers += [net.register(f"triple_{more}", half + 2) for more in range(3)]
    rest, root, *triples = registers
    top = radicand.width
    for digit in plan.digits:
        top -= 2 * digit
        rest, found = _root_digit(net, rest, root, triples, net.bits(radicand, top, 2 * digit))
        root = net.extend(net.join(root, found), half)
        triples = _next_triples(net, triples, found)
    shifted = net.bits(net.join(radicand, net.constant(0, 2 * plan.digit_bits)), 0, radicand.width)
    net.drive(radicand, net.mux(start, net.extend(net.input("a"), radicand.width), shifted), running)
    for register, initial, value in zip(registers, (0, 0, 0, 1, 2), (rest, root, *triples), strict=False):
        net.drive(register, net.mux(start, net.constant(initial, register.width), value), running)
    return net.text(net.extend(registers[1], width))


def _root_digit(net: Netlist, rest: Wire, root: Wire, triples: Sequence[Wire], incoming: Wire) -> tuple[Wire, Wire]:
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


def _next_triples(net: Netlist, triples: Sequence[Wire], found: Wire) -> list[Wire]:
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
