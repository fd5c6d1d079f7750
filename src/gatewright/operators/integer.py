"""The hardware of the integer operators: pipelined multipliers, bit-serial division and square root.

A module is text in CIRCT's `hw`, `comb` and `seq` dialects. All have the ports `clk` and `result`; see each function
for the others. A result appears `latency` cycles after its operands.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatewright.operators.library import ITERATIVE, Operator, OperatorLibrary
from gatewright.operators.multiplier_plan import Limb
from gatewright.operators.netlist import Netlist, Wire


def module_text(operator: Operator, library: OperatorLibrary) -> str:
    """The module of an operator with latency."""
    if operator.kind == "muli":
        return multiplier(operator, library)
    if operator.kind == "isqrt":
        return square_root(operator)
    assert operator.kind in ITERATIVE, f"{operator.name} has no module"
    return divider(operator)


def multiplier(operator: Operator, library: OperatorLibrary) -> str:
    """Inputs `a`, `b`; fully pipelined, without reset.

    Partial products are registered where a synthesizer finds them the registers of its multipliers: before and behind
    the product. A tree of adders follows. Operands narrower than the result are signed.
    """
    left, right = operator.operand_widths
    plan = library.multiplier_plan(operator)
    net = Netlist(operator.name, [("a", left), ("b", right)])
    a, b = net.input("a"), net.input("b")
    if plan.register_operands:
        a, b = net.drive(net.register("a_1", left), a), net.drive(net.register("b_1", right), b)
    terms = []
    for index, product in enumerate(plan.products):
        width = product.width(operator.width)
        term = net.multiply(_limb(net, a, product.left, width), _limb(net, b, product.right, width))
        for stage in range(plan.product_registers):
            term = net.drive(net.register(f"product_{index}_{stage + 1}", width), term)
        signed = product.left.signed or product.right.signed
        term = net.extend(term, operator.width - product.shift, signed)
        terms.append(net.join(term, net.constant(0, product.shift)) if product.shift else term)
    for stage, levels in enumerate(plan.sum_stages):
        for _ in range(levels):
            terms = _pairs(net, terms)
        sums = [net.register(f"sum_{stage + 1}_{index}", operator.width) for index in range(len(terms))]
        terms = [net.drive(register, term) for register, term in zip(sums, terms, strict=True)]
    assert len(terms) == 1
    return net.text(terms[0])


def _limb(net: Netlist, operand: Wire, limb: Limb, width: int) -> Wire:
    return net.extend(net.bits(operand, limb.low, limb.width), width, limb.signed)


def _pairs(net: Netlist, terms: Sequence[Wire]) -> list[Wire]:
    """One level of a tree of adders."""
    sums = [net.add(a, b) for a, b in zip(terms[::2], terms[1::2], strict=False)]
    return [*sums, terms[-1]] if len(terms) % 2 else sums


def divider(operator: Operator) -> str:
    """Inputs `start`, `a`, `b`: restoring division, one bit of the quotient a cycle.

    The operands are taken in the cycle of the start; the result stays up to and including the cycle of the next start,
    which may come at any time: it drops what was going on, so that no reset is needed. Division by zero gives 0. Signs
    are taken off first and put back in a cycle of its own; the smallest number divided by -1 is itself.
    """
    width, kind = operator.width, operator.kind
    signed = kind in ("divsi", "floordivsi", "remsi")
    net = Netlist(operator.name, [("start", 1), ("a", width), ("b", width)])
    start, a, b = net.input("start"), net.input("a"), net.input("b")
    busy = _countdown(net, width)
    quotient, rest = net.register("quotient", width), net.register("rest", width)
    divisor = net.drive(net.register("divisor", width), _magnitude(net, b) if signed else b, start)
    # The dividend leaves the quotient's register at the top while the quotient enters at the bottom.
    shifted = net.join(rest, net.top(quotient))
    trial = net.subtract(shifted, net.extend(divisor, width + 1))
    fits = net.invert(net.top(trial))
    next_rest = net.mux(fits, net.bits(trial, 0, width), net.bits(shifted, 0, width))
    next_quotient = net.bits(net.join(quotient, fits), 0, width)
    first = _magnitude(net, a) if signed else a
    running = net.any(start, busy)
    net.drive(quotient, net.mux(start, first, next_quotient), running)
    net.drive(rest, net.mux(start, net.constant(0, width), next_rest), running)
    zero = net.drive(net.register("divides_by_zero", 1), net.is_zero(divisor))
    chosen = rest if kind.startswith("rem") else quotient
    if signed:
        sign = net.top(a) if kind == "remsi" else net.differ(net.top(a), net.top(b))
        negative = net.drive(net.register("negative", 1), sign, start)
        # -x is ~x + 1; rounding down instead of towards zero takes 1 off again unless the division came out even.
        carry = net.is_zero(rest) if kind == "floordivsi" else net.constant(1, 1)
        inverted = net.differ(chosen, net.repeat(negative, width))
        chosen = net.add(inverted, net.extend(net.all(negative, carry), width))
    chosen = net.mux(zero, net.constant(0, width), chosen)
    return net.text(net.drive(net.register("signed_result", width), chosen) if signed else chosen)


def _magnitude(net: Netlist, number: Wire) -> Wire:
    """The absolute value, as an unsigned number."""
    sign = net.top(number)
    return net.add(net.differ(number, net.repeat(sign, number.width)), net.extend(sign, number.width))


def _countdown(net: Netlist, cycles: int) -> Wire:
    """True in the `cycles` cycles after a start."""
    width = cycles.bit_length()
    count = net.register("count", width)
    busy = net.invert(net.is_zero(count))
    start = net.input("start")
    fewer = net.subtract(count, net.constant(1, width))
    net.drive(count, net.mux(start, net.constant(cycles, width), fewer), net.any(start, busy))
    return busy


def square_root(operator: Operator) -> str:
    """Inputs `start`, `a`: the floor of the square root of an unsigned number, one bit a cycle, as by hand.

    Starts and results are as in `divider`.
    """
    width = operator.width
    half = (width + 1) // 2
    net = Netlist(operator.name, [("start", 1), ("a", width)])
    start = net.input("start")
    busy = _countdown(net, half)
    digits, root, rest = net.register("digits", 2 * half), net.register("root", half), net.register("rest", half + 1)
    # Two more digits come down; the next bit of the root is 1 if 4 * root + 1 can be taken off. A rest is at most twice
    # its root, so half + 1 bits hold it.
    shifted = net.join(rest, net.bits(digits, 2 * half - 2, 2))
    trial = net.subtract(shifted, net.extend(net.join(root, net.constant(1, 2)), half + 3))
    fits = net.invert(net.top(trial))
    running = net.any(start, busy)
    next_rest = net.mux(fits, net.bits(trial, 0, half + 1), net.bits(shifted, 0, half + 1))
    next_root = net.bits(net.join(root, fits), 0, half)
    next_digits = net.bits(net.join(digits, net.constant(0, 2)), 0, 2 * half)
    net.drive(digits, net.mux(start, net.extend(net.input("a"), 2 * half), next_digits), running)
    net.drive(rest, net.mux(start, net.constant(0, half + 1), next_rest), running)
    net.drive(root, net.mux(start, net.constant(0, half), next_root), running)
    return net.text(net.extend(root, width))
