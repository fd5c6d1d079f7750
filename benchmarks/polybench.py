"""PolyBench kernels against the one-lane floor and the figures that others published.

    python benchmarks/polybench.py [KERNEL ...]

A row gives the cycles of a run at the rtl level (which are those the schedule predicts), the floor of one innermost
iteration a cycle, their ratio, the lower bound that the multipliers and memory ports of the design set, the
multipliers used and the most that Vivado HLS used, what Vivado HLS, Calyx and Piezo take less the iterations in which
their versions copy arrays in and out, their cycles over ours, and the seconds that the compilation took. Sources of the
published figures: tests/kernels/polybench/README.md.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
from rich.console import Console
from rich.table import Table

import gatewright as gw

POLYBENCH = Path(__file__).resolve().parents[1] / "tests" / "kernels" / "polybench"
DSP_A_MULTIPLIER = 3
"""DSP blocks that Vivado HLS takes for a 32-bit multiplier."""


def main(names: list[str]) -> int:
    """Print the table; 1 if a result or a predicted number of cycles is wrong."""
    kernels = _kernels().KERNELS
    rows = list(csv.DictReader((POLYBENCH / "published.csv").read_text().splitlines()))
    table = Table(box=None, header_style="bold")
    peers_of = ("Vivado", "Calyx", "Piezo")
    titles = ("kernel", "cycles", "floor", "x floor", "bound", "mul", "allowed", *peers_of)
    for title in (*titles, *(f"x {peer}" for peer in peers_of), "s"):
        table.add_column(title, justify="left" if title == "kernel" else "right")
    ratios, wrong = [], []
    for row in rows:
        name = row["kernel"]
        if names and name not in names:
            continue
        allowed = int(row["vivado_hls_dsp"]) // DSP_A_MULTIPLIER
        cycles, bound, multipliers, seconds, right = run(kernels[name], name, allowed)
        wrong += [] if right else [name]
        floor, copies = int(row["inner_iterations"]), int(row["copy_iterations"])
        peers = [int(row[f"{peer}_cycles"]) - copies for peer in ("vivado_hls", "calyx", "piezo")]
        ratios.append([peer / cycles for peer in peers])
        shown = "-" if bound is None else bound
        figures = [cycles, floor, f"{cycles / floor:.2f}", shown, multipliers, allowed, *peers]
        table.add_row(name, *map(str, figures), *(f"{peer / cycles:.2f}" for peer in peers), f"{seconds:.1f}")
    console = Console(width=140)
    console.print(table)
    for peer, column in zip(("Vivado HLS", "Calyx", "Piezo"), zip(*ratios, strict=True), strict=True):
        mean = math.exp(sum(map(math.log, column)) / len(column))
        console.print(f"geometric mean of {peer}'s cycles over ours: {mean:.2f}")
    if wrong:
        console.print(f"wrong: {', '.join(wrong)}")
    return int(bool(wrong))


def run(kernel: object, name: str, multipliers: int) -> tuple[int, int | None, int, float, bool]:
    """Cycles, their lower bound, multipliers, compile seconds, and whether arrays and predicted cycles are right."""
    record = json.loads((POLYBENCH / "data" / f"{name}.json").read_text())
    inputs = {key: np.array(value, np.uint32)[()] for key, value in record["inputs"].items()}
    began = time.perf_counter()
    design = gw.compile(kernel, args=tuple(inputs.values()), multipliers=multipliers)
    seconds = time.perf_counter() - began
    predicted = design.run(*(value.copy() for value in inputs.values()), level="schedule").cycles
    cycles = design.run(*inputs.values(), level="rtl").cycles
    assert cycles is not None
    right = all((inputs[key] == np.array(value, np.uint32)).all() for key, value in record["expected"].items())
    used = sum(row["units"] for row in design.report["operators"] if row["kind"] == "muli")
    return cycles, design.report["lower_bound"], used, seconds, right and cycles == predicted


def _kernels() -> ModuleType:
    spec = importlib.util.spec_from_file_location("polybench_kernels", POLYBENCH / "kernels.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
