"""The hardware of division and square root: some digits a cycle, see `iterative_plan`.

The operands are taken in the cycle of the start; the result stays up to and including the cycle of the next start,
which may come at any time: it drops what was going on, so that no reset is needed.
"""

from __future__ import annotations

from gatewright.operators.digits import countdown, multiples_of, quotient_digit, root_registers, root_step
from gatewright.operators.library import Operator, OperatorLibrary
from gatewright.operators.netlist import Netlist, NetlistModule, NetlistWire


def divider(operator: Operator, library: OperatorLibrary) -> NetlistModule:
    """Inputs `start`, `a`, `b`: restoring division.

    Division by zero gives 0. Signs are taken off first and put back at the end; the smallest number divided by -1 is
    itself.
    """
    width, kind = operator.width, operator.kind
    plan = library.iterative_plan(operator)
    signed = kind in ("divsi", "floordivsi", "remsi")
    net = Netlist(operator.name, [("start", 1), ("a", width), ("b", width)])
    start, a, b = net.input("start"), net.input("a"), net.input("b")
    steps = countdown(net, plan, start)
    running = net.any(start, steps)
    quotient = net.register("quotient", plan.cycles * plan.digit_bits)
    rest = net.register("rest", width)
    magnitude = _magnitude(net, b) if signed else b
    divisor = net.drive(net.register("divisor", width), magnitude, start)
    multiples = multiples_of(net, plan, magnitude, divisor, start)
    nonzero = net.invert(net.is_zero(divisor))
    if kind == "floordivsi":
        nonzero = net.all(nonzero, net.drive(net.register("nonzero", 1), net.invert(net.is_zero(a)), start))
    next_rest, digits = rest, []
    top = quotient.width
    for digit in plan.digits:
        top -= digit
        next_rest, found = quotient_digit(net, next_rest, net.bits(quotient, top, digit), multiples)
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
        return net.finished(chosen)
    negative = net.register("negative", 1)
    sign = net.top(a) if kind == "remsi" else net.differ(net.top(a), net.top(b))
    if kind == "floordivsi":
        net.drive(negative, net.mux(start, sign, net.all(negative, nonzero)), running)
    else:
        net.drive(negative, sign, start)
    result = net.differ(chosen, net.repeat(negative, width))
    if kind != "floordivsi":
        result = net.add(result, net.extend(negative, width))
    return net.finished(net.drive(net.register("signed_result", width), result) if plan.register_result else result)


def _magnitude(net: Netlist, number: NetlistWire) -> NetlistWire:
    """The absolute value, as an unsigned number."""
    sign = net.top(number)
    return net.add(net.differ(number, net.repeat(sign, number.width)), net.extend(sign, number.width))


def _dividend_to_round_down(net: Netlist, a: NetlistWire, b: NetlistWire) -> NetlistWire:
    """The unsigned dividend of a division that rounds down: |a|, or |a| - 1 where the signs differ.

    Where they do, floor(a / b) = -ceil(|a| / |b|) = ~floor((|a| - 1) / |b|) unless a is 0, and no sum is left to do
    behind the division. By the signs of a and b, the dividend is a, a - 1, ~a or ~a + 1.
    """
    negative, divisor_negative = net.top(a), net.top(b)
    less = net.all(net.invert(negative), divisor_negative)
    added = net.any(net.repeat(less, a.width), net.extend(divisor_negative, a.width))
    return net.add(net.differ(a, net.repeat(negative, a.width)), added)


def square_root(operator: Operator, library: OperatorLibrary) -> NetlistModule:
    """Inputs `start`, `a`: the floor of the square root of an unsigned number, as by hand."""
    width = operator.width
    plan = library.iterative_plan(operator)
    net = Netlist(operator.name, [("start", 1), ("a", width)])
    start = net.input("start")
    running = net.any(start, countdown(net, plan, start))
    radicand = net.extend(net.input("a"), 2 * plan.cycles * plan.digit_bits)
    _, root = root_step(net, plan, root_registers(net, plan, (width + 1) // 2), radicand, start, running)
    return net.finished(net.extend(root, width))
