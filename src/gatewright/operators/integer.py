"""The modules of operators, and the hardware of the integer ones: pipelined multipliers, dividers, square roots.

A module is text in CIRCT's `hw`, `comb` and `seq` dialects. All have the ports `clk` and `result`; see each function
for the others. A result appears `latency` cycles after its operands.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatewright.operators.float_operators import KINDS
from gatewright.operators.iterative import divider, square_root
from gatewright.operators.library import INTEGER_ITERATIVE, Operator, OperatorLibrary
from gatewright.operators.multiplier_plan import Limb
from gatewright.operators.netlist import Netlist, NetlistModule, NetlistWire


def module_of(operator: Operator, library: OperatorLibrary) -> NetlistModule:
    """The module of an operator with latency."""
    if operator.kind == "muli":
        return multiplier(operator, library)
    if operator.function in KINDS:
        return library.float_module(operator.function, *operator.types).module
    if operator.kind == "isqrt":
        return square_root(operator, library)
    assert operator.kind in INTEGER_ITERATIVE, f"{operator.name} has no module"
    return divider(operator, library)


def multiplier(operator: Operator, library: OperatorLibrary) -> NetlistModule:
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
    return net.finished(terms[0])


def _limb(net: Netlist, operand: NetlistWire, limb: Limb, width: int) -> NetlistWire:
    return net.extend(net.bits(operand, limb.low, limb.width), width, limb.signed)


def _pairs(net: Netlist, terms: Sequence[NetlistWire]) -> list[NetlistWire]:
    """One level of a tree of adders."""
    sums = [net.add(a, b) for a, b in zip(terms[::2], terms[1::2], strict=False)]
    return [*sums, terms[-1]] if len(terms) % 2 else sums
