"""The memories of a design, `seq.firmem`, in the two forms that CIRCT takes to the end.

CIRCT's own lowering of `seq.firmem` registers the address: a read then sees a write of the same cycle, and its data is
lost when the port is not enabled. Ours register the data, which is also what synthesizers take for block RAM.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pycde.circt import ir as untyped

ir: Any = untyped
"""The bindings, whose type stubs know nothing of what is in them."""


@dataclass(frozen=True)
class _FirMemory:
    """A `seq.firmem` with its ports."""

    operation: Any
    module: str
    """The module that it is in."""
    name: str
    depth: int
    width: int
    image: str | None
    """The file of its initial contents."""
    checked: bool
    """True if a read must return the old word when the same address is written in that cycle."""
    reads: tuple[Any, ...]
    writes: tuple[Any, ...]

    @property
    def address_width(self) -> int:
        return max(1, (self.depth - 1).bit_length())


def _memories(module: Any) -> list[_FirMemory]:
    """All memories of a module, in order."""
    return [
        _memory(op.operation, ir.StringAttr(parent.operation.attributes["sym_name"]).value)
        for parent in module.body.operations
        if parent.operation.name == "hw.module"
        for op in parent.operation.regions[0].blocks[0].operations
        if op.operation.name == "seq.firmem"
    ]


def _memory(operation: Any, module: str) -> _FirMemory:
    depth, width = map(int, re.findall(r"\d+", str(operation.results[0].type)))
    name = ir.StringAttr(operation.attributes["name"]).value if "name" in operation.attributes else "memory"
    ports = {"seq.firmem.read_port": [], "seq.firmem.write_port": []}
    for use in operation.results[0].uses:
        ports[use.owner.operation.name].append(use.owner.operation)
    # In the order of the text, which uses are not.
    reads, writes = (
        tuple(each.operation for each in operation.parent.regions[0].blocks[0].operations if each.operation in found)
        if len(found) > 1
        else tuple(found)
        for found in ports.values()
    )
    image = None
    if "init" in operation.attributes:
        found = re.search(r'"(.*)"', str(operation.attributes["init"]))
        assert found is not None
        image = found[1]
    under_write = ir.IntegerAttr(operation.attributes["ruw"]).value
    assert under_write != 2, f"memory {name} has ruw = new"
    return _FirMemory(
        operation,
        module,
        name,
        depth,
        width,
        image,
        checked=under_write == 1,
        reads=reads,
        writes=writes,
    )


def _numbered(ports: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """The ports with what their names end in: nothing for an only one, else a number."""
    for number, port in enumerate(ports):
        yield f"_{number}" if len(ports) > 1 else "", port


def insert(module: Any, text: str, before: Any) -> None:
    """Put the operations of a text before an operation of a module, but not its declarations of external modules."""
    parsed = ir.Module.parse(text)
    for op in parsed.body.operations:
        if op.operation.name != "hw.module.extern":
            op.operation.clone(ip=ir.InsertionPoint(before))


def lower_to_sv(module: Any) -> None:
    """Replace each memory by an instance of a module of its own, `<module>__<memory>`."""
    taken = {ir.StringAttr(op.operation.attributes["sym_name"]).value for op in module.body.operations}
    for memory in _memories(module):
        name = next(name for name in _candidates(f"{memory.module}__{memory.name}") if name not in taken)
        taken.add(name)
        insert(module, _sv_module(memory, name), before=memory.operation.parent)
        _instantiate(memory, name)
        _erase(memory)


def _candidates(name: str) -> Iterator[str]:
    """`name`, then `name_1`, `name_2` and so on."""
    yield name
    count = 0
    while True:
        count += 1
        yield f"{name}_{count}"


def _sv_module(memory: _FirMemory, name: str) -> str:
    """The module of one memory, as synthesizers recognise it."""
    ports, body, registers, results = ["in %clk : !seq.clock"], [], [], []
    array = f"!hw.inout<uarray<{memory.depth}xi{memory.width}>>"
    word, address = f"i{memory.width}", f"i{memory.address_width}"
    for end, _ in _numbered(memory.reads):
        ports += [f"in %read_address{end} : {address}", f"in %read_enable{end} : i1", f"out read_data{end} : {word}"]
        registers.append(f"%data{end} = sv.reg : !hw.inout<{word}>")
        results.append(f"%q{end}")
        body.append(f"""sv.if %read_enable{end} {{
            %place = sv.array_index_inout %memory[%read_address{end}] : {array}, {address}
            %found = sv.read_inout %place : !hw.inout<{word}>
            sv.passign %data{end}, %found : {word} }}""")
    for end, _ in _numbered(memory.writes):
        ports += [f"in %write_address{end} : {address}", f"in %write_enable{end} : i1", f"in %write_data{end} : {word}"]
        body.append(f"""sv.if %write_enable{end} {{
            %place = sv.array_index_inout %memory[%write_address{end}] : {array}, {address}
            sv.passign %place, %write_data{end} : {word} }}""")
    free = "" if memory.checked or not memory.writes else '{sv.attributes = [#sv.attribute<"no_rw_check">]}'
    initial = f'sv.initial {{ sv.readmem %memory, "{memory.image}", MemBaseHex : {array} }}' if memory.image else ""
    read = [f"%q{end} = sv.read_inout %data{end} : !hw.inout<{word}>" for end, _ in _numbered(memory.reads)]
    types = ", ".join(word for _ in results)
    output = f"hw.output {', '.join(results)} : {types}" if results else "hw.output"
    lines = [f"%memory = sv.reg {free} : {array}", *registers, initial, "%edge = seq.from_clock %clk"]
    lines += [f"sv.always posedge %edge {{ {each} }}" for each in body] if len(body) > 2 else []
    lines += [f"sv.always posedge %edge {{ {' '.join(body)} }}"] if len(body) <= 2 else []
    newline = "\n        "
    return f"""hw.module private @{name}({", ".join(ports)}) {{
        {newline.join([*lines, *read, output])}
    }}"""


def _instantiate(memory: _FirMemory, name: str) -> None:
    """An instance of the module of a memory in the place of its ports."""
    inputs: list[tuple[str, Any]] = []
    results: list[tuple[str, Any]] = []
    named = [(f"read_{{}}{end}", port) for end, port in _numbered(memory.reads)]
    named += [(f"write_{{}}{end}", port) for end, port in _numbered(memory.writes)]
    with ir.InsertionPoint(memory.operation):
        for name_of, port in named:
            address, clock, enable, data = _operands(port)
            inputs = inputs or [("clk", clock)]
            inputs += [(name_of.format("address"), address), (name_of.format("enable"), enable)]
            if port in memory.reads:
                results.append((name_of.format("data"), data))
            else:
                inputs.append((name_of.format("data"), data))
        if not inputs:
            return
        instance = ir.Operation.create(
            "hw.instance",
            results=[data.type for _, data in results],
            operands=[value for _, value in inputs],
            attributes={
                "instanceName": ir.StringAttr.get(memory.name),
                "moduleName": ir.FlatSymbolRefAttr.get(name),
                "argNames": ir.ArrayAttr.get([ir.StringAttr.get(port) for port, _ in inputs]),
                "resultNames": ir.ArrayAttr.get([ir.StringAttr.get(port) for port, _ in results]),
                "parameters": ir.ArrayAttr.get([]),
            },
        )
    for (_, data), result in zip(results, instance.results, strict=True):
        data.replace_all_uses_with(result)


def _operands(port: Any) -> tuple[Any, Any, Any, Any]:
    """Address, clock, enable (true if absent) and data of a port."""
    sizes = {"seq.firmem.read_port": [1, 1, 1, len(port.operands) - 3, 0]}.get(port.name)
    if sizes is None:
        sizes = list(ir.DenseI32ArrayAttr(port.attributes["operandSegmentSizes"]))
        assert sizes[5] == 0, "masked writes are not supported"
    operands = list(port.operands)
    enable = operands[3] if sizes[3] else _true()
    return operands[1], operands[2], enable, operands[3 + sizes[3]] if sizes[4] else port.results[0]


def _true() -> Any:
    bit = ir.IntegerType.get_signless(1)
    return ir.Operation.create("hw.constant", results=[bit], attributes={"value": ir.IntegerAttr.get(bit, -1)}).result


def lower_to_arc(module: Any) -> None:
    """Replace each memory by an `arc.memory` and a register behind its read port.

    The `arc.memory` of one with initial contents is named `<memory>=<file>`: a name is all that it keeps to the end.
    """
    defined: set[str] = set()
    for memory in _memories(module):
        pack = f"gw_write_{memory.depth}x{memory.width}"
        if memory.writes and pack not in defined:
            defined.add(pack)
            types = f"i{memory.address_width}, i{memory.width}, i1"
            arguments = f"%a : i{memory.address_width}, %d : i{memory.width}, %e : i1"
            text = f"arc.define @{pack}({arguments}) -> ({types}) {{ arc.output %a, %d, %e : {types} }}"
            insert(module, text, before=module.body.operations[0].operation)
        with ir.InsertionPoint(memory.operation):
            _arc_memory(memory, pack)
        _erase(memory)


def _arc_memory(memory: _FirMemory, pack: str) -> None:
    """The `arc` form of one memory at the insertion point; `pack` names the arc that bundles a write."""
    type_ = ir.Type.parse(f"!arc.memory<{memory.depth} x i{memory.width}, i{memory.address_width}>")
    name = ir.StringAttr.get(f"{memory.name}={memory.image}" if memory.image else memory.name)
    contents = ir.Operation.create("arc.memory", results=[type_], attributes={"name": name}).result
    for end, port in _numbered(memory.reads):
        address, clock, enable, data = _operands(port)
        found = ir.Operation.create("arc.memory_read_port", results=[data.type], operands=[contents, address]).result
        register = _register(f"{memory.name}_read_data{end}", found, clock)
        held = ir.Operation.create("comb.mux", results=[data.type], operands=[enable, found, register.result])
        register.operands[0] = held.result
        data.replace_all_uses_with(register.result)
    for port in memory.writes:
        address, clock, enable, data = _operands(port)
        ir.Operation.create(
            "arc.memory_write_port",
            operands=[contents, address, data, enable, clock],
            attributes={
                "arc": ir.FlatSymbolRefAttr.get(pack),
                "enable": ir.UnitAttr.get(),
                "latency": ir.IntegerAttr.get(ir.IntegerType.get_signless(32), 1),
                "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 3, 1]),
            },
        )


def _register(name: str, value: Any, clock: Any) -> Any:
    return ir.Operation.create(
        "seq.compreg",
        results=[value.type],
        operands=[value, clock],
        attributes={
            "name": ir.StringAttr.get(name),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 1, 0, 0, 0]),
        },
    )


def _erase(memory: _FirMemory) -> None:
    for operation in (*memory.reads, *memory.writes, memory.operation):
        operation.erase()
