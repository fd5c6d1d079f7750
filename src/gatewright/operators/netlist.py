"""Writes a hardware module as text in CIRCT's `hw`, `comb` and `seq` dialects, one expression after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class NetlistWire:
    """A value of the module: its name in the text and its bits."""

    name: str
    width: int


@dataclass
class Netlist:
    """A module under construction. Registers may be used before they are driven."""

    name: str
    inputs: Sequence[tuple[str, int]]
    """Names and widths of the inputs besides the clock."""
    lines: list[str] = field(default_factory=list)
    _constants: dict[tuple[int, int], NetlistWire] = field(default_factory=dict)

    def input(self, name: str) -> NetlistWire:
        """An input by name."""
        return NetlistWire(f"%{name}", dict(self.inputs)[name])

    def constant(self, value: int, width: int) -> NetlistWire:
        """The low `width` bits of a number."""
        value &= (1 << width) - 1
        if (value, width) not in self._constants:
            signed = value - (1 << width) if value >> (width - 1) else value
            text = ("true" if value else "false") if width == 1 else f"{signed} : i{width}"
            self._constants[value, width] = self._emit(f"hw.constant {text}", width)
        return self._constants[value, width]

    def add(self, a: NetlistWire, b: NetlistWire) -> NetlistWire:
        """The sum, of the width of the operands."""
        return self._emit(f"comb.add {a.name}, {b.name} : i{a.width}", a.width)

    def subtract(self, a: NetlistWire, b: NetlistWire) -> NetlistWire:
        """The difference, of the width of the operands."""
        return self._emit(f"comb.sub {a.name}, {b.name} : i{a.width}", a.width)

    def multiply(self, a: NetlistWire, b: NetlistWire) -> NetlistWire:
        """The product, of the width of the operands."""
        return self._emit(f"comb.mul {a.name}, {b.name} : i{a.width}", a.width)

    def all(self, *wires: NetlistWire) -> NetlistWire:
        """The bitwise and."""
        return self._emit(f"comb.and {_names(wires)} : i{wires[0].width}", wires[0].width)

    def any(self, *wires: NetlistWire) -> NetlistWire:
        """The bitwise or."""
        return self._emit(f"comb.or {_names(wires)} : i{wires[0].width}", wires[0].width)

    def differ(self, a: NetlistWire, b: NetlistWire) -> NetlistWire:
        """The bitwise exclusive or."""
        return self._emit(f"comb.xor {a.name}, {b.name} : i{a.width}", a.width)

    def invert(self, a: NetlistWire) -> NetlistWire:
        """Every bit inverted."""
        return self.differ(a, self.constant(-1, a.width))

    def is_zero(self, a: NetlistWire) -> NetlistWire:
        """Whether no bit is set."""
        return self._emit(f"comb.icmp eq {a.name}, {self.constant(0, a.width).name} : i{a.width}", 1)

    def unequal(self, a: NetlistWire, b: NetlistWire) -> NetlistWire:
        """Whether any bit differs."""
        return self._emit(f"comb.icmp ne {a.name}, {b.name} : i{a.width}", 1)

    def mux(self, condition: NetlistWire, then: NetlistWire, otherwise: NetlistWire) -> NetlistWire:
        """`then` if the condition is true."""
        text = f"comb.mux {condition.name}, {then.name}, {otherwise.name} : i{then.width}"
        return self._emit(text, then.width)

    def bits(self, a: NetlistWire, low: int, width: int) -> NetlistWire:
        """`width` bits from bit `low` on."""
        if low == 0 and width == a.width:
            return a
        return self._emit(f"comb.extract {a.name} from {low} : (i{a.width}) -> i{width}", width)

    def top(self, a: NetlistWire) -> NetlistWire:
        """The topmost bit."""
        return self.bits(a, a.width - 1, 1)

    def join(self, *wires: NetlistWire) -> NetlistWire:
        """The wires side by side, the topmost first."""
        types = ", ".join(f"i{wire.width}" for wire in wires)
        return self._emit(f"comb.concat {_names(wires)} : {types}", sum(wire.width for wire in wires))

    def repeat(self, a: NetlistWire, times: int) -> NetlistWire:
        """A wire `times` times side by side."""
        return self._emit(f"comb.replicate {a.name} : (i{a.width}) -> i{a.width * times}", a.width * times)

    def extend(self, a: NetlistWire, width: int, signed: bool = False) -> NetlistWire:
        """A number in `width` bits, or its low bits if it has more."""
        if width <= a.width:
            return self.bits(a, 0, width)
        fill = width - a.width
        return self.join(self.repeat(self.top(a), fill) if signed else self.constant(0, fill), a)

    def register(self, name: str, width: int) -> NetlistWire:
        """The output of a register that `drive` declares."""
        return NetlistWire(f"%{name}", width)

    def drive(self, register: NetlistWire, value: NetlistWire, enable: NetlistWire | None = None) -> NetlistWire:
        """Have a register take a value at the end of every cycle, or of every cycle with `enable`."""
        operation, operands = "seq.compreg", f"{value.name}, %clk"
        if enable is not None:
            operation, operands = "seq.compreg.ce", f"{operands}, {enable.name}"
        self.lines.append(f"{register.name} = {operation} {operands} : i{register.width}")
        return register

    def text(self, result: NetlistWire) -> str:
        """The module, with `result` as its output of that name."""
        ports = ["in %clk : !seq.clock", *(f"in %{name} : i{width}" for name, width in self.inputs)]
        ports.append(f"out result : i{result.width}")
        body = "".join(f"  {line}\n" for line in [*self.lines, f"hw.output {result.name} : i{result.width}"])
        return f"hw.module private @{self.name}({', '.join(ports)}) {{\n{body}}}\n"

    def _emit(self, expression: str, width: int) -> NetlistWire:
        wire = NetlistWire(f"%{len(self.lines)}", width)
        self.lines.append(f"{wire.name} = {expression}")
        return wire


def _names(wires: Sequence[NetlistWire]) -> str:
    return ", ".join(wire.name for wire in wires)
