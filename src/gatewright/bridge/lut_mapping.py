"""What CIRCT's mapping to look-up tables makes of a module: an area and a depth that are not our own estimate."""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from gatewright.bridge.circt import bindings, parsed, run

_PREPARE = "hw.module(canonicalize, cse, synth-comb-lowering-pipeline{}, synth-optimization-pipeline)"
_TABLE = "comb.truth_table"


@dataclass(frozen=True)
class Mapped:
    """A module as look-up tables."""

    luts: int
    """Look-up tables."""
    depth: int
    """The most of them behind one another between two registers, multipliers and ports."""


def map_to_luts(text: str, inputs: int) -> Mapped:
    """Map the only module of a `hw`/`comb`/`seq` text to look-up tables of so many inputs.

    A mapping to look-up tables knows no carry chains: it is the area of additions that ripple, as carry chains do, and
    the depth with parallel prefix networks in their place. Products are hardware multipliers, and left out.
    """
    _register_passes()
    text = _without_products(text)
    return Mapped(_mapped(_with_rippling_additions(text), inputs)[0], _mapped(text, inputs)[1])


def _mapped(text: str, inputs: int) -> tuple[int, int]:
    """Look-up tables, and the depth of them."""
    with parsed(text) as module:
        run(module, _PREPARE)
        run(module, f"hw.module(synth-generic-lut-mapper{{max-lut-size={inputs}}})")
        body = next(op for op in module.body.operations if op.operation.name == "hw.module")
        luts = sum(op.operation.name == _TABLE and len(op.operands) > 1 for op in body.regions[0].blocks[0].operations)
        return luts, _depth(module, body.operation.attributes["sym_name"].value)


def _depth(module: Any, name: str) -> int:
    paths = _synth().LongestPathAnalysis(module.operation, collect_debug_info=False).get_all_paths(name)
    return paths.longest_path.delay


def _with_rippling_additions(text: str) -> str:
    return re.sub(r"(comb\.(?:add|sub|icmp \w+) %\w+, %\w+)( :)", r'\1 {synth.test.arch = "RIPPLE-CARRY"}\2', text)


def _without_products(text: str) -> str:
    """The text with products as instances of modules without contents, which the analysis starts from and ends at."""
    widths: set[str] = set()

    def instance(match: re.Match[str]) -> str:
        name, a, b, width = match.groups()
        widths.add(width)
        return (
            f'{name} = hw.instance "{name[1:]}" @multiply_{width}(a: {a}: i{width}, b: {b}: i{width}) -> (c: i{width})'
        )

    text = re.sub(r"(%\w+) = comb\.mul (%\w+), (%\w+) : i(\d+)", instance, text)
    assert "comb.mul" not in text, "a product of another form"
    externs = (
        f"hw.module.extern private @multiply_{width}(in %a : i{width}, in %b : i{width}, out c : i{width})\n"
        for width in sorted(widths)
    )
    return "".join([text.replace("hw.module private", "hw.module"), "\n", *externs])


@cache
def _register_passes() -> None:
    """Make the passes of the `synth` dialect known, which the bindings leave out: by their C interface."""
    libraries = list((Path(bindings().__file__).parent / "_mlir_libs").glob("libPyCDE_CIRCTPythonCAPI.*"))
    assert len(libraries) == 1, f"CIRCT's library is one of {libraries}"
    ctypes.CDLL(str(libraries[0])).registerSynthPasses()


def _synth() -> Any:
    return import_module("pycde.circt.dialects.synth")
