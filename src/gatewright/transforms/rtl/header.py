"""The comment at the head of the generated Verilog: what each port is for."""

from __future__ import annotations

from gatewright.hardware.top import ArrayPort, ScalarPort, TopModule, TopPort

_CONTROL = {
    "clk": "clock, rising edge",
    "rst": "synchronous reset, active high: ends a run and forgets it",
    "start": "begins a run in a cycle in which ready is high",
    "ready": "a run may begin in this cycle",
    "done": "high for one cycle, the one after the last cycle of a run; the results are there",
}


def header(top: TopModule) -> str:
    """The text of the comment, without comment marks."""
    rows: list[tuple[TopPort, str]] = []
    meanings = dict(_CONTROL)
    for parameter, port in zip(top.signature.parameters, top.parameters, strict=True):
        meanings |= _meanings(port, parameter.name, "sampled in the cycle of the start")
    for result, port in zip(top.signature.results, top.results, strict=True):
        meanings |= _meanings(port, result.name, "held from done to the next start")
    for port in top.ports():
        rows.append((port, meanings[port.name]))
    lines = [f"{top.name}{top.signature}", "", "A run begins in a cycle with start and ready high."]
    if any(array.read or array.written for array in top.arrays):
        lines += [
            "Arrays are outside, row-major. An element that is read is expected in the cycle after its address,",
            "and until the next read; one that is written is stored at the end of the cycle.",
        ]
    lines += ["Made by Gatewright.", ""]
    width = max(len(port.name) for port, _ in rows)
    lines += [
        f"  {'out' if port.output else 'in ':3} {port.name:{width}} {f'[{port.width}]':>5}  {meaning}"
        for port, meaning in rows
    ]
    return "\n".join(lines)


_DUAL = {
    "address": "element of {name}: {type} to read or write",
    "enable": "high if an element is to be read or written",
    "write_enable": "high if it is to be written",
    "write_data": "the element to write, {element}",
    "read_data": "the element read last, {element}",
}


def _kinds(port: ArrayPort) -> list[tuple[str, str]]:
    """The signals of all ports of an array, with what they are."""
    return [(name, kind) for each in port.port_names() for kind, name in port.signals_of(each).items()]


def _meanings(port: ScalarPort | ArrayPort, name: str, when: str) -> dict[str, str]:
    """What each port of a parameter or result of the program is for; `name` is that of the program."""
    if isinstance(port, ScalarPort):
        renamed = f"{name}: " if name != port.name else ""
        return {port.name: f"{renamed}{port.type}, {when}"}
    element = port.type.element
    if port.dual:
        return {signal: _DUAL[kind].format(name=name, type=port.type, element=element) for signal, kind in _kinds(port)}
    return {
        f"{port.name}_read_address": f"element of {name}: {port.type} to read",
        f"{port.name}_read_enable": "high if an element is to be read",
        f"{port.name}_read_data": f"the element read last, {element}",
        f"{port.name}_write_address": f"element of {name}: {port.type} to write",
        f"{port.name}_write_enable": "high if an element is to be written",
        f"{port.name}_write_data": f"the element to write, {element}",
    }
