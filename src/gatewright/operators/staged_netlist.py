"""Writes a pipelined module as if it were logic: registers come where the clock needs them.

Every signal knows in which stage it is and how far into it. An operation whose operands would end behind the end of the
stage starts in the next one, and operands of different stages are delayed to the latest of theirs. So a module is
described once, and has as many stages as its clock asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from gatewright.devices.device import Technology
from gatewright.operators.logic import Logic
from gatewright.operators.multiplier_plan import FIRST_STAGE_SHARE, limbs
from gatewright.operators.netlist import Netlist, NetlistModule, NetlistWire


@dataclass(frozen=True)
class Signal:
    """A wire, and when it has its value."""

    wire: NetlistWire
    stage: int | None
    """Cycles behind the inputs; None for a constant, which is there in every stage."""
    time: float
    """Nanoseconds from the beginning of the stage."""

    @property
    def width(self) -> int:
        """Its bits."""
        return self.wire.width


Build: TypeAlias = Callable[..., NetlistWire]


@dataclass
class StagedNetlist(Logic[Signal]):
    """A module under construction, fully pipelined, without reset."""

    name: str
    inputs: Sequence[tuple[str, int]]
    technology: Technology
    budget: float
    """Nanoseconds for logic between two registers."""
    register_bits: int = 0
    luts: int = 0
    multipliers: int = 0
    _delayed: dict[tuple[NetlistWire, int], NetlistWire] = field(default_factory=dict)

    def __post_init__(self):
        self.net = Netlist(self.name, self.inputs)
        self.reserved = (1 - FIRST_STAGE_SHARE) * self.budget
        """What of the first stage is left to the choice of the operands of a shared unit."""
        self.first = 0.0
        """Nanoseconds into the first stage at which the last register of it has its value, the reserve included."""

    def input(self, name: str) -> Signal:
        """An input by name."""
        return Signal(self.net.input(name), 0, self.reserved)

    def constant(self, value: int, width: int) -> Signal:
        """The low `width` bits of a number."""
        return Signal(self.net.constant(value, width), None, 0.0)

    def add(self, a: Signal, b: Signal) -> Signal:
        """The sum, of the width of the operands."""
        return self._operation(self.technology.chain(a.width), a.width, self.net.add, a, b)

    def subtract(self, a: Signal, b: Signal) -> Signal:
        """The difference, of the width of the operands."""
        return self._operation(self.technology.chain(a.width), a.width, self.net.subtract, a, b)

    def all(self, *signals: Signal) -> Signal:
        """The bitwise and."""
        return self._logic(len(signals), signals[0].width, self.net.all, *signals)

    def any(self, *signals: Signal) -> Signal:
        """The bitwise or."""
        return self._logic(len(signals), signals[0].width, self.net.any, *signals)

    def add_or_subtract(self, a: Signal, b: Signal, minus: Signal) -> Signal:
        """The difference or the sum, for which the look-up tables of an adder have an input left."""
        net = self.net

        def build(a: NetlistWire, b: NetlistWire, minus: NetlistWire) -> NetlistWire:
            other = net.differ(b, net.repeat(minus, b.width))
            total = net.add(net.join(a, net.constant(1, 1)), net.join(other, minus))
            return net.bits(total, 1, a.width)

        return self._operation(self.technology.chain(a.width + 1), a.width + 1, build, a, b, minus)

    def differ(self, a: Signal, b: Signal) -> Signal:
        """The bitwise exclusive or."""
        return self._logic(2, a.width, self.net.differ, a, b)

    def invert(self, a: Signal) -> Signal:
        """Every bit inverted, which what follows does on the way."""
        return self._operation(0.0, 0, self.net.invert, a)

    def mux(self, condition: Signal, then: Signal, otherwise: Signal) -> Signal:
        """`then` if the condition is true."""
        return self._operation(self.technology.lut, then.width, self.net.mux, condition, then, otherwise)

    def is_zero(self, a: Signal) -> Signal:
        """Whether no bit is set."""
        return self._logic(a.width, 1, self.net.is_zero, a)

    def bits(self, a: Signal, low: int, width: int) -> Signal:
        """`width` bits from bit `low` on."""
        return self._operation(0.0, 0, lambda wire: self.net.bits(wire, low, width), a)

    def join(self, *signals: Signal) -> Signal:
        """The signals side by side, the topmost first."""
        return self._operation(0.0, 0, self.net.join, *signals)

    def repeat(self, a: Signal, times: int) -> Signal:
        """A signal `times` times side by side."""
        return self._operation(0.0, 0, lambda wire: self.net.repeat(wire, times), a)

    def extend(self, a: Signal, width: int, signed: bool = False) -> Signal:
        """A number in `width` bits, or its low bits if it has more."""
        return a if width == a.width else self._operation(0.0, 0, lambda wire: self.net.extend(wire, width, signed), a)

    def multiply(self, a: Signal, b: Signal) -> Signal:
        """The product of two numbers without sign, of the bits of both together.

        Numbers wider than a hardware multiplier are cut, and the partial products added in a tree.
        """
        width, bits = a.width + b.width, self.technology.multiplier_bits - 1
        terms: list[Signal] = []
        for left in limbs(a.width, False, bits):
            for right in limbs(b.width, False, bits):
                mine, theirs = self.bits(a, left.low, left.width), self.bits(b, right.low, right.width)
                size, low = left.width + right.width, left.low + right.low
                product = self._product(self.extend(mine, size), self.extend(theirs, size))
                parts = [self.constant(0, width - size - low)] if width > size + low else []
                parts += [product, *([self.constant(0, low)] if low else [])]
                terms.append(self.join(*parts) if len(parts) > 1 else product)
        while len(terms) > 1:
            sums = [self.add(one, other) for one, other in zip(terms[::2], terms[1::2], strict=False)]
            terms = [*sums, terms[-1]] if len(terms) % 2 else sums
        return terms[0]

    def table(self, index: Signal, contents: Sequence[int], width: int) -> Signal:
        """The word of `width` bits in the place `index`: a tree of choices between constants."""
        delay = self.technology.lut * max(1, -(-index.width // 2))
        area = width * -(-(1 << index.width) // (1 << self.technology.lut_inputs))
        return self._operation(delay, area, lambda wire: self._choices(wire, contents, width), index)

    def _choices(self, index: NetlistWire, contents: Sequence[int], width: int) -> NetlistWire:
        net = self.net
        words = [net.constant(word, width) for word in contents]
        for position in range(index.width):
            bit = net.bits(index, position, 1)
            words += words[-1:] if len(words) % 2 else []
            pairs = zip(words[::2], words[1::2], strict=True)
            words = [even if even is odd else net.mux(bit, odd, even) for even, odd in pairs]
        assert len(words) == 1
        return words[0]

    def _product(self, a: Signal, b: Signal) -> Signal:
        self.multipliers += 1
        return self._operation(self.technology.multiply, 0, self.net.multiply, a, b)

    def at(self, signal: Signal, stage: int) -> NetlistWire:
        """The wire that has the value of a signal in a stage."""
        if signal.stage is None or stage <= signal.stage:
            return signal.wire
        key = (signal.wire, stage - signal.stage)
        if key not in self._delayed:
            if signal.stage == 0:
                self.first = max(self.first, signal.time)
            before = self.at(signal, stage - 1)
            register = self.net.register(f"stage{stage}_{len(self._delayed)}", signal.width)
            self._delayed[key] = self.net.drive(register, before)
            self.register_bits += signal.width
        return self._delayed[key]

    def finished(self, result: Signal) -> NetlistModule:
        """The module, with `result`, behind a register, as its output."""
        assert result.stage is not None
        return self.net.finished(self.at(result, result.stage + 1))

    def _logic(self, inputs: int, width: int, build: Build, *operands: Signal) -> Signal:
        return self._operation(self.technology.levels(inputs) * self.technology.lut, width, build, *operands)

    def _operation(self, delay: float, luts: int, build: Build, *operands: Signal) -> Signal:
        """Apply an operation in the first stage in which it ends in time."""
        stages = [operand.stage for operand in operands if operand.stage is not None]
        if not stages:
            return Signal(build(*(operand.wire for operand in operands)), None, 0.0)
        stage = max(stages)
        time = max(operand.time for operand in operands if operand.stage == stage)
        if time + delay > self.budget and time > 0:
            stage, time = stage + 1, 0.0
        self.luts += luts
        return Signal(build(*(self.at(operand, stage) for operand in operands)), stage, time + delay)
