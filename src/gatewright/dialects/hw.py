"""CIRCT's `hw` dialect as xDSL has it, and a builder of modules from a list of ports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import hw
from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.dialects.hw import (
    ConstantOp,
    Direction,
    DirectionAttr,
    HWModuleExternOp,
    HWModuleOp,
    InstanceOp,
    ModulePort,
    ModuleType,
    OutputOp,
)
from xdsl.ir import Block, Dialect, Region, TypeAttribute

__all__ = [
    "ConstantOp",
    "Direction",
    "DirectionAttr",
    "HWModuleExternOp",
    "HWModuleOp",
    "Hw",
    "InstanceOp",
    "ModulePort",
    "ModuleType",
    "OutputOp",
    "Port",
    "module",
]


@dataclass(frozen=True)
class Port:
    """A port of a module under construction."""

    name: str
    type: TypeAttribute
    output: bool = False


def module(name: str, ports: Sequence[Port]) -> HWModuleOp:
    """A module with an empty body whose block arguments are the input ports, named as they are."""
    block = Block(arg_types=[port.type for port in ports if not port.output])
    for argument, port in zip(block.args, (port for port in ports if not port.output), strict=True):
        argument.name_hint = port.name
    directions = {False: DirectionAttr(Direction.INPUT), True: DirectionAttr(Direction.OUTPUT)}
    return HWModuleOp(
        StringAttr(name),
        ModuleType(ArrayAttr([ModulePort(StringAttr(p.name), p.type, directions[p.output]) for p in ports])),
        Region(block),
    )


Hw = Dialect("hw", [*hw.HW.operations], [*hw.HW.attributes])
