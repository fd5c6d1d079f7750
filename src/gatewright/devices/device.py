"""A device family, from its file: delays, blocks, costs in look-up tables, and the parts that there are.

A delay is logic plus the average route to it, in nanoseconds, for a slow speed grade; it errs to the slow side. Logic
alone is the smaller part: a LUT4 of an ECP5 takes 0.24 ns, the wire to it 0.5 to 1 ns.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from math import ceil, inf
from pathlib import Path
from typing import Any, TypeVar

from gatewright.errors import OptionError

_FOLDER = Path(__file__).parent

TARGETS = tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))
"""The names of the families that there are files of."""


@dataclass(frozen=True)
class Technology:
    """The delays of a device family in nanoseconds."""

    lut: float
    """One look-up table and the wire to it."""
    carry: float
    """Into a carry chain, out of it, and the wires to and from."""
    carry_bit: float
    """One bit along a carry chain."""
    register: float
    """Clock to the output of a register."""
    setup: float
    """Set-up of a register, and the skew and jitter of a clock."""
    multiply: float
    """Through one hardware multiplier without its registers, wires included."""
    memory_setup: float
    """From the wires of an address to the memory's clock edge."""
    memory_output: float
    """Clock to the data of a block RAM without an output register."""
    lut_inputs: int
    """Inputs of a look-up table."""
    multiplier_bits: int
    """Operand bits of one hardware multiplier, both operands signed."""

    def chain(self, bits: int) -> float:
        """An adder, subtractor or comparison of `bits` bits."""
        return self.carry + self.carry_bit * bits

    def levels(self, inputs: int) -> int:
        """Look-up tables behind one another that it takes to combine a number of bits."""
        depth, reached = 0, 1
        while reached < inputs:
            reached *= self.lut_inputs
            depth += 1
        return depth


@dataclass(frozen=True)
class Costs:
    """Look-up tables for each bit of an operation, as synthesis maps it."""

    add: float
    compare: float
    """Less than, and the like; of a bit of an operand."""
    equal: float
    select: float
    """A choice of two."""
    gate: float
    """Each operand of a logic operation beyond the first."""
    shift: float
    """Each stage of a shift by a number that is not constant."""


@dataclass(frozen=True)
class Part:
    """What one device of a family has."""

    luts: int
    dsp: int
    """Hardware multipliers."""
    ram_blocks: int


Figures = TypeVar("Figures", Technology, Costs, Part)


@dataclass(frozen=True)
class Device:
    """A device family."""

    name: str
    title: str
    source: str
    """Where the figures are from."""
    technology: Technology
    costs: Costs
    ram_shapes: tuple[tuple[int, int], ...]
    """Words and bits of a block of RAM, in each form that it has."""
    parts: Mapping[str, Part]

    @property
    def ram_bits(self) -> int:
        """Bits of a block of RAM."""
        return max(words * bits for words, bits in self.ram_shapes)

    def ram_blocks(self, words: int, bits: int) -> int:
        """The blocks of RAM that a memory takes: the fewest, of blocks that all have one shape."""
        return min(ceil(words / deep) * ceil(bits / wide) for deep, wide in self.ram_shapes)

    def part(self, name: str) -> Part:
        """A device of the family by its name. Raises OptionError if there is none."""
        if name not in self.parts:
            known = f"one of {', '.join(self.parts)}" if self.parts else "a family that has devices, or a budget"
            raise OptionError(f"{self.name} has no device {name!r}", remedy=known)
        return self.parts[name]


@cache
def device_of(target: str) -> Device:
    """A device family by its name, or from a file of one's own by its path. Raises OptionError."""
    file = _FOLDER / f"{target}.toml" if target in TARGETS else Path(target)
    if file.suffix != ".toml":
        raise OptionError(
            f"unknown target {target!r}", remedy=f"one of {', '.join(TARGETS)}, or the path of a .toml file like theirs"
        )
    return _device(file.stem, _read(file), file)


def _read(file: Path) -> dict[str, Any]:
    """The entries of a file, those that it does not have from the family that it is based on."""
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f"{file} is no file of a device family", why=str(error)) from error
    based_on = given.pop("based_on", None)
    if based_on is None:
        return given
    if based_on not in TARGETS:
        raise OptionError(
            f"{file} is based on {based_on!r}, which is no device family", remedy=f"one of {', '.join(TARGETS)}"
        )
    base = _read(_FOLDER / f"{based_on}.toml")
    for key, value in given.items():
        base[key] = {**base.get(key, {}), **value} if isinstance(value, dict) and key != "parts" else value
    return base


def _device(name: str, given: dict[str, Any], file: Path) -> Device:
    known = {"title", "source", "delays", "costs", "ram", "parts"}
    if wrong := sorted(set(given) ^ known):
        raise OptionError(f"{file}: {wrong[0]} is {'missing' if wrong[0] in known else 'unknown'}")
    if wrong := [key for key in ("title", "source") if not isinstance(given[key], str)]:
        raise OptionError(f"{file}: {wrong[0]}={given[wrong[0]]!r} is not a text")
    if not isinstance(given["parts"], dict):
        raise OptionError(f"{file}: parts are a table of devices by name")
    shapes = given["ram"].get("shapes") if isinstance(given["ram"], dict) else None
    if shapes is None or not _are_shapes(shapes):
        raise OptionError(f"{file}: shapes of ram are a list of pairs, words and bits")
    parts = {part: _figures(Part, each, f"{file}: part {part}") for part, each in given["parts"].items()}
    return Device(
        name,
        given["title"],
        given["source"],
        _figures(Technology, given["delays"], f"{file}: delays"),
        _figures(Costs, given["costs"], f"{file}: costs"),
        tuple((words, bits) for words, bits in shapes),
        parts,
    )


def _are_shapes(given: object) -> bool:
    if not isinstance(given, list) or not given:
        return False
    return all(
        isinstance(each, list) and len(each) == 2 and all(type(n) is int and n > 0 for n in each) for each in given
    )


_LEAST = {"lut_inputs": 2, "multiplier_bits": 2}
"""The least of what there has to be more than one of."""


def _figures(kind: type[Figures], given: object, what: str) -> Figures:
    """The numbers of a section, none missing and none unknown."""
    if not isinstance(given, dict):
        raise OptionError(f"{what}: a table of numbers is expected")
    names = {each.name: each.type for each in fields(kind)}
    if wrong := sorted(set(given) ^ set(names)):
        raise OptionError(f"{what}: {wrong[0]} is {'missing' if wrong[0] in names else 'unknown'}")
    for name, type_ in names.items():
        number, least = given[name], _LEAST.get(name, 0)
        is_number = isinstance(number, int if type_ == "int" else (int, float)) and not isinstance(number, bool)
        if not is_number or not least <= number < inf:
            kind_of_number = "whole number" if type_ == "int" else "number"
            raise OptionError(f"{what}: {name}={number!r} is not a {kind_of_number} from {least} on")
    figures: dict[str, Any] = {name: given[name] if names[name] == "int" else float(given[name]) for name in names}
    return kind(**figures)
