"""A program in hardware, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import IntegerType, ModuleOp, StringAttr

from gatewright.devices.device import Device, device_of
from gatewright.dialects import hw, seq
from gatewright.dialects.notes import MEMORY, UNIT
from gatewright.hardware.top import TopModule
from gatewright.ir.operator_notes import operator_of
from gatewright.ir.program import Program
from gatewright.machine.use import Use, luts_of, use_of_operator
from gatewright.operators.library import Area, OperatorLibrary
from gatewright.transforms.rtl.header import header
from gatewright.transforms.rtl.interface import constant_array, top_module
from gatewright.transforms.rtl.memories import contents_of


@dataclass(frozen=True)
class OperatorFact:
    """A unit of an operator in the design."""

    operator: str
    kind: str
    width: int
    unit: int
    operations: int
    """How many operations share the unit."""
    area: Area
    """What the unit takes."""


@dataclass(frozen=True)
class MemoryFact:
    """A memory inside the design."""

    name: str
    words: int
    bits: int
    constant: bool
    """True for a ROM."""


@dataclass
class RtlDesign:
    """A program in hardware."""

    module: ModuleOp
    """The top `hw.module`, named as the program, and the modules of its operators."""
    top: TopModule
    device: Device
    """The family whose figures it is made for."""
    images: dict[str, np.ndarray]
    """The contents of the ROMs by the name of the file that the Verilog reads them from."""
    operators: list[OperatorFact] = field(default_factory=list)
    memories: list[MemoryFact] = field(default_factory=list)
    registers: int = 0
    """Registers of the top module, without those inside operators."""
    register_bits: int = 0
    """Bits of those registers."""
    parts: list[RtlDesign] = field(default_factory=lambda: [])
    """The tasks that it is made of; the facts are those of all of them."""

    @classmethod
    def of(cls, bound: Program, module: ModuleOp, library: OperatorLibrary) -> RtlDesign:
        """The hardware `module` of a schedule that is `bound` to the operators of a library."""
        top = next(op for op in module.ops if isinstance(op, hw.HWModuleOp))
        ops = list(top.body.block.ops)
        registers = [op for op in ops if isinstance(op, seq.CompRegOp | seq.CompRegClockEnabledOp)]
        memories = [op for op in ops if isinstance(op, seq.FirMemOp)]
        files = {op.init.filename.data for op in memories if op.init is not None}
        return cls(
            module,
            top_module(bound.function, library),
            device_of(library.target),
            _images(bound, files),
            _operators(bound.function, library),
            [_memory(op) for op in memories],
            len(registers),
            sum(op.data.type.width.data for op in registers if isinstance(op.data.type, IntegerType)),
        )

    @property
    def use(self) -> Use:
        """What the design uses of a device."""
        use = Use(
            luts=luts_of(self.module, self.device.costs)
            + sum(luts_of(part.module, part.device.costs) for part in self.parts),
            memory_bits=sum(each.words * each.bits for each in self.memories),
            ram_blocks=sum(self.device.ram_blocks(each.words, each.bits) for each in self.memories),
        )
        for each in self.operators:
            use += use_of_operator(each.kind, each.area)
        return use

    @property
    def header(self) -> str:
        """What to write at the head of the Verilog."""
        return header(self.top)


def _operators(function: func.FuncOp, library: OperatorLibrary) -> list[OperatorFact]:
    """The units that a schedule uses."""
    uses: dict[tuple[str, int], int] = {}
    operators = {}
    for op in function.walk():
        operator, number = operator_of(op, library), UNIT.value(op)
        if operator is not None and number is not None:
            operators[operator.name] = operator
            uses[operator.name, number] = uses.get((operator.name, number), 0) + 1
    return [
        OperatorFact(name, operators[name].kind, operators[name].width, number, count, operators[name].area)
        for (name, number), count in sorted(uses.items())
    ]


def _memory(op: seq.FirMemOp) -> MemoryFact:
    type_ = op.memory.type
    name = op.memory.name_hint if op.mem_name is None else op.mem_name.data
    assert isinstance(type_, seq.FirMemType) and name is not None
    return MemoryFact(name, type_.depth.data, type_.width.data, op.init is not None)


def _images(bound: Program, files: set[str]) -> dict[str, np.ndarray]:
    """The contents of the constant arrays of a schedule, by the name of the file that they are to stand in."""
    images: dict[str, np.ndarray] = {}
    for op in bound.function.body.block.ops:
        if isinstance(op, memref.GetGlobalOp) and (memory := MEMORY.value(op)) is not None:
            assert isinstance(memory.image, StringAttr)
            if memory.image.data in files - images.keys():
                images[memory.image.data] = contents_of(constant_array(op, bound.module))
    return images
