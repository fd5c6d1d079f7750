"""The hardware of floating-point division and square root over several cycles.

What stands before and behind the digits is pipelined logic as in `float`; the digits themselves are found as those of
integers, see `iterative`. Sign, exponent and kind of the number wait in registers meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.devices.device import Technology
from gatewright.numbers.float_format import FloatFormat
from gatewright.operators.digits import countdown, multiples_of, quotient_digit, root_registers, root_step
from gatewright.operators.float import choose, finish_quotient, finish_root, prepare_quotient, prepare_root
from gatewright.operators.iterative_plan import IterativePlan, plan_division, plan_square_root
from gatewright.operators.netlist import NetlistWire
from gatewright.operators.staged_netlist import Signal, StagedNetlist


@dataclass(frozen=True)
class Made:
    """An operator before its last register."""

    net: StagedNetlist
    result: Signal


class _Core:
    """The part of a module that works over several cycles: from the stage in which its operands are there."""

    def __init__(self, net: StagedNetlist, plan: IterativePlan, operands: Sequence[Signal]):
        self.net, self.plan = net, plan
        self.stage = max(signal.stage or 0 for signal in operands)
        if any(signal.stage == self.stage and signal.time > net.reserved for signal in operands):
            self.stage += 1
        self.begin = net.at(net.input("start"), self.stage)
        self.operands = [net.at(signal, self.stage) for signal in operands]

    @property
    def ends(self) -> int:
        """The stage in which the digits and all that was held are there."""
        return self.stage + 1 + int(self.plan.prepare) + self.plan.cycles

    def held(self, name: str, wire: NetlistWire) -> NetlistWire:
        """A wire as it was when the core began."""
        self.net.register_bits += wire.width
        return self.net.net.drive(self.net.net.register(name, wire.width), wire, self.begin)

    def signal(self, wire: NetlistWire) -> Signal:
        """A register of the core when it has ended."""
        return Signal(wire, self.ends, 0.0)


def divide(form: FloatFormat, technology: Technology, budget: float) -> Made:
    """Inputs `start`, `a`, `b`: the quotient."""
    width = form.mantissa + 3
    plan = plan_division(technology, budget, "divui", width)
    net = StagedNetlist("", [("start", 1), ("a", form.width), ("b", form.width)], technology, budget)
    dividend, divisor, side = prepare_quotient(net, form, net.input("a"), net.input("b"))
    core = _Core(net, plan, [dividend, net.join(divisor, net.constant(0, 1)), *side])
    raw = net.net
    first, second, *rest_of = core.operands
    wide = raw.extend(second, width)
    held = [core.held(f"side_{k}", wire) for k, wire in enumerate(rest_of)]
    by = core.held("divisor", wide)
    multiples = multiples_of(raw, plan, wide, by, core.begin)
    running = raw.any(core.begin, countdown(raw, plan, core.begin))
    rest = raw.register("rest", width)
    quotient = raw.register("quotient", plan.cycles * plan.digit_bits)
    following, digits = rest, []
    for digit in plan.digits:
        following, found = quotient_digit(raw, following, raw.constant(0, digit), multiples)
        digits.append(found)
    raw.drive(rest, raw.mux(core.begin, raw.extend(first, width), following), running)
    raw.drive(quotient, raw.bits(raw.join(quotient, *digits), 0, quotient.width), running)
    net.luts += plan.luts
    net.register_bits += plan.registers
    digits_found = net.join(core.signal(quotient), net.is_any(core.signal(rest)))
    return Made(net, choose(net, form, *finish_quotient(net, form, digits_found, [core.signal(h) for h in held])))


def square_root(form: FloatFormat, technology: Technology, budget: float) -> Made:
    """Inputs `start`, `a`: the square root."""
    width = 2 * (form.mantissa + 3)
    plan = plan_square_root(technology, budget, width)
    net = StagedNetlist("", [("start", 1), ("a", form.width)], technology, budget)
    radicand, side = prepare_root(net, form, net.input("a"))
    core = _Core(net, plan, [radicand, *side])
    raw = net.net
    held = [core.held(f"side_{k}", wire) for k, wire in enumerate(core.operands[1:])]
    running = raw.any(core.begin, countdown(raw, plan, core.begin))
    given = core.operands[0]
    padded = raw.extend(raw.join(given, raw.constant(0, width - given.width)), 2 * plan.cycles * plan.digit_bits)
    registers = root_registers(raw, plan, width // 2)
    rest, root = root_step(raw, plan, registers, padded, core.begin, running)
    net.luts += plan.luts
    net.register_bits += plan.registers
    digits = net.join(core.signal(root), net.is_any(core.signal(rest)))
    return Made(net, choose(net, form, *finish_root(net, form, digits, [core.signal(h) for h in held])))
