"""The hardware around a design in simulation: a memory at every array port, and a watch over what is written."""

from __future__ import annotations

from dataclasses import dataclass

from gatewright.hardware.top import ArrayPort, TopModule, TopPort

STOP = "harness.stop"
"""The output of a harness that ends a simulation."""


@dataclass(frozen=True)
class Harness:
    """A module that instantiates a design, only declared here, as `dut`; `hw`/`comb`/`seq` text.

    Inputs are `clk`, `rst`, `start` and the scalar parameters; outputs are `ready`, `done`, the scalar results,
    `harness.stop` (the run is over or has gone wrong), and for each array that can be missed `<array>.stray` and
    `<array>.stray_address`. The memory of an array has the array's name. What the design does not have, has a dot in
    its name, so that nothing can clash.
    """

    name: str
    text: str


def can_miss(array: ArrayPort) -> bool:
    """Whether an array is written through addresses of which some lie outside."""
    return array.written and array.type.size != 1 << array.address_width


def harness(top: TopModule) -> Harness:
    """The harness of a design."""
    name = f"{top.name}__harness"
    scalars = {port.name for port in (*top.inputs, *top.outputs)}
    inputs = [p for p in top.ports() if not p.output and (p.name in scalars or p.name in ("clk", "rst", "start"))]
    outputs = [p for p in top.ports() if p.output and (p.name in scalars or p.name in ("ready", "done"))]
    body = [_instance(top)]
    shown = [(port.name, f"%{port.name}", port.width) for port in outputs]
    ends = ["%done"]
    for array in top.arrays:
        body += _memory(array)
        if can_miss(array):
            body += _watch(array)
            shown.append((f"{array.name}.stray", f"%{array.name}.stray", 1))
            shown.append((f"{array.name}.stray_address", f"%{array.name}.stray_address", array.address_width))
            ends.append(f"%{array.name}.stray")
    body.append(f"%harness.stop = comb.or {', '.join(ends)} : i1")
    shown.append((STOP, "%harness.stop", 1))
    ports = [f"in %{p.name} : {_type(p)}" for p in inputs]
    ports += [f'out "{name}" : i{width}' for name, _, width in shown]
    body.append(f"hw.output {', '.join(v for _, v, _ in shown)} : {', '.join(f'i{width}' for _, _, width in shown)}")
    lines = "".join(f"  {line}\n" for line in body)
    declared = [f"out {p.name} : i{p.width}" if p.output else f"in %{p.name} : {_type(p)}" for p in top.ports()]
    design = f"hw.module.extern @{top.name}({', '.join(declared)})\n"
    return Harness(name, f"{design}hw.module @{name}({', '.join(ports)}) {{\n{lines}}}\n")


def _type(port: TopPort) -> str:
    return "!seq.clock" if port.name == "clk" else f"i{port.width}"


def _instance(top: TopModule) -> str:
    """The design itself, every port on a wire of the port's name."""
    given = [f"{p.name}: %{p.name}: {_type(p)}" for p in top.ports() if not p.output]
    taken = [p for p in top.ports() if p.output]
    results = ", ".join(f"%{p.name}" for p in taken)
    types = ", ".join(f"{p.name}: i{p.width}" for p in taken)
    return f'{results} = hw.instance "dut" @{top.name}({", ".join(given)}) -> ({types})'


def _memory(array: ArrayPort) -> list[str]:
    """The memory of an array, also of one without ports."""
    type_ = f"<{array.type.size} x {array.width}>"
    name = array.name
    lines = [f'%{name}.memory = seq.firmem 1, 1, old, undefined {{name = "{name}"}} : {type_}']
    for port in array.port_names():
        signals = {kind: f"%{signal}" for kind, signal in array.signals_of(port).items()}
        reads, writes = signals["enable"], signals.get("write_enable", signals["enable"])
        if "write_enable" in signals and "read_data" in signals:
            reads = f"%{name}.reads.{port[-1]}"
            lines += [
                f"%{name}.true.{port[-1]} = hw.constant true",
                f"%{name}.idle.{port[-1]} = comb.xor {writes}, %{name}.true.{port[-1]} : i1",
                f"{reads} = comb.and {signals['enable']}, %{name}.idle.{port[-1]} : i1",
            ]
        if "read_data" in signals:
            lines.append(
                f"{signals['read_data']} = seq.firmem.read_port %{name}.memory[{signals['address']}], clock %clk"
                f" enable {reads} : {type_}"
            )
        if "write_data" in signals:
            lines.append(
                f"seq.firmem.write_port %{name}.memory[{signals['address']}] = {signals['write_data']}, clock %clk"
                f" enable {writes} : {type_}"
            )
    return lines


def write_ports(array: ArrayPort) -> list[tuple[str, str]]:
    """The names of the address and of the enable of writing, of each port that writes."""
    found = [array.signals_of(port) for port in array.port_names()]
    return [(s["address"], s.get("write_enable", s["enable"])) for s in found if "write_data" in s]


def _watch(array: ArrayPort) -> list[str]:
    """Keep the first address outside the array that is written."""
    name, width = array.name, array.address_width
    size = array.type.size - (1 << width) if array.type.size >> (width - 1) else array.type.size
    bound = "true" if width == 1 else f"{size} : i{width}"
    lines = [
        f"%{name}.size = hw.constant {bound}",
        f"%{name}.none = hw.constant false",
        f"%{name}.zero = hw.constant {'false' if width == 1 else f'0 : i{width}'}",
    ]
    missed, place = f"%{name}.none", f"%{name}.zero"
    for number, (address, enable) in enumerate(write_ports(array)):
        lines += [
            f"%{name}.beyond.{number} = comb.icmp uge %{address}, %{name}.size : i{width}",
            f"%{name}.misses.{number} = comb.and %{name}.beyond.{number}, %{enable} : i1",
            f"%{name}.place.{number} = comb.mux {missed}, {place}, %{address} : i{width}",
            f"%{name}.missed.{number} = comb.or %{name}.misses.{number}, {missed} : i1",
        ]
        missed, place = f"%{name}.missed.{number}", f"%{name}.place.{number}"
    return [
        *lines,
        f"%{name}.ever = comb.or {missed}, %{name}.stray : i1",
        f"%{name}.stray = seq.compreg %{name}.ever, %clk reset %rst, %{name}.none : i1",
        f"%{name}.kept = comb.mux %{name}.stray, %{name}.stray_address, {place} : i{width}",
        f"%{name}.stray_address = seq.compreg %{name}.kept, %clk reset %rst, %{name}.zero : i{width}",
    ]
