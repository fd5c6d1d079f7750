"""Netlists: hardware modules described cell by cell, in the operations of CIRCT's `hw`, `comb` and `seq` dialects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class NetlistWire:
    """A value of the module: its name in the text and its bits."""

    name: str
    width: int


@dataclass(frozen=True)
class Cell:
    """One operation of a module, by its name in the IR."""

    kind: str
    operands: tuple[NetlistWire, ...]
    """Its data; of a register the input, and what enables it if something does."""
    result: NetlistWire
    number: int = 0
    """The value of a constant, as a signed number; the lowest bit that is extracted."""
    predicate: str = ""
    """Of a comparison."""

    @property
    def text(self) -> str:
        """The line that stands for it."""
        names, width = ", ".join(wire.name for wire in self.operands), self.result.width
        match self.kind:
            case "hw.constant":
                text = ("true" if self.number else "false") if width == 1 else f"{self.number} : i{width}"
            case "comb.icmp":
                text = f"{self.predicate} {names} : i{self.operands[0].width}"
            case "comb.extract":
                text = f"{names} from {self.number} : (i{self.operands[0].width}) -> i{width}"
            case "comb.concat":
                text = f"{names} : {', '.join(f'i{wire.width}' for wire in self.operands)}"
            case "comb.replicate":
                text = f"{names} : (i{self.operands[0].width}) -> i{width}"
            case "seq.compreg" | "seq.compreg.ce":
                first, *enable = (wire.name for wire in self.operands)
                text = f"{', '.join([first, '%clk', *enable])} : i{width}"
            case _:
                text = f"{names} : i{width}"
        return f"{self.result.name} = {self.kind} {text}"


@dataclass(frozen=True, eq=False)
class NetlistModule:
    """A finished module."""

    name: str
    inputs: tuple[tuple[str, int], ...]
    """Names and widths of the inputs besides the clock."""
    cells: tuple[Cell, ...]
    """In order; registers may be used before them."""
    result: NetlistWire
    """What its output, of that name, is."""

    @property
    def text(self) -> str:
        """The `hw.module`."""
        ports = ["in %clk : !seq.clock", *(f"in %{name} : i{width}" for name, width in self.inputs)]
        ports.append(f"out result : i{self.result.width}")
        end = f"hw.output {self.result.name} : i{self.result.width}"
        body = "".join(f"  {line}\n" for line in [*(cell.text for cell in self.cells), end])
        return f"hw.module private @{self.name}({', '.join(ports)}) {{\n{body}}}\n"


@dataclass
class Netlist:
    """A module under construction. Registers may be used before they are driven."""

    name: str
    inputs: Sequence[tuple[str, int]]
    """Names and widths of the inputs besides the clock."""
    cells: list[Cell] = field(default_factory=list)
    _constants: dict[tuple[int, int], NetlistWire] = field(default_factory=dict)

    def input(self, name: str) -> NetlistWire:
        """An input by name."""
        return NetlistWire(f"%{name}", dict(self.inputs)[name])

    def constant(self, value: int, width: int) -> NetlistWire:
        """The low `width` bits of a number."""
        value &= (1 << width) - 1
        if (value, width) not in self._constants:
            signed = value - (1 << width) if value >> (width - 1) else value
            self._constants[value, width] = self._cell("hw.constant", width, number=signed)
        return self._constants[value, width]

    def add(self, a: NetlistWire, b: NetlistWire) -> NetlistWire:
        """The sum, of the width of the operands."""
        return self._cell("comb.add", a.width, a, b)

    def subtract(self, a: NetlistWire, b: NetlistWire) -> NetlistWire:
        """The difference, of the width of the operands."""
        return self._cell("comb.sub", a.width, a, b)

    def multiply(self, a: NetlistWire, b: NetlistWire) -> NetlistWire:
        """The product, of the width of the operands."""
        return self._cell("comb.mul", a.width, a, b)

    def all(self, *wires: NetlistWire) -> NetlistWire:
        """The bitwise and."""
        return self._cell("comb.and", wires[0].width, *wires)

    def any(self, *wires: NetlistWire) -> NetlistWire:
        """The bitwise or."""
        return self._cell("comb.or", wires[0].width, *wires)

    def differ(self, a: NetlistWire, b: NetlistWire) -> NetlistWire:
        """The bitwise exclusive or."""
        return self._cell("comb.xor", a.width, a, b)

    def invert(self, a: NetlistWire) -> NetlistWire:
        """Every bit inverted."""
        return self.differ(a, self.constant(-1, a.width))

    def is_zero(self, a: NetlistWire) -> NetlistWire:
        """Whether no bit is set."""
        return self._cell("comb.icmp", 1, a, self.constant(0, a.width), predicate="eq")

    def unequal(self, a: NetlistWire, b: NetlistWire) -> NetlistWire:
        """Whether any bit differs."""
        return self._cell("comb.icmp", 1, a, b, predicate="ne")

    def mux(self, condition: NetlistWire, then: NetlistWire, otherwise: NetlistWire) -> NetlistWire:
        """`then` if the condition is true."""
        return self._cell("comb.mux", then.width, condition, then, otherwise)

    def bits(self, a: NetlistWire, low: int, width: int) -> NetlistWire:
        """`width` bits from bit `low` on."""
        if low == 0 and width == a.width:
            return a
        return self._cell("comb.extract", width, a, number=low)

    def top(self, a: NetlistWire) -> NetlistWire:
        """The topmost bit."""
        return self.bits(a, a.width - 1, 1)

    def join(self, *wires: NetlistWire) -> NetlistWire:
        """The wires side by side, the topmost first."""
        return self._cell("comb.concat", sum(wire.width for wire in wires), *wires)

    def repeat(self, a: NetlistWire, times: int) -> NetlistWire:
        """A wire `times` times side by side."""
        return self._cell("comb.replicate", a.width * times, a)

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
        kind, operands = ("seq.compreg", (value,)) if enable is None else ("seq.compreg.ce", (value, enable))
        self.cells.append(Cell(kind, operands, register))
        return register

    def finished(self, result: NetlistWire) -> NetlistModule:
        """The module, with `result` as its output of that name."""
        return NetlistModule(self.name, tuple(self.inputs), tuple(self.cells), result)

    def _cell(self, kind: str, width: int, *operands: NetlistWire, number: int = 0, predicate: str = "") -> NetlistWire:
        wire = NetlistWire(f"%{len(self.cells)}", width)
        self.cells.append(Cell(kind, operands, wire, number, predicate))
        return wire
