"""Train a network on handwritten digits, compile it to hardware, and run the held-out images through the hardware."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from network import DigitNetwork
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from training import EPOCHS, Split, load_split, train

import gatewright as gw

PRECISION = "fixed<16,8>"
"""The default format; docs/decisions/digits-format.md has the figures of others."""


def main(argv: Sequence[str]) -> int:
    """Run the example; 0 if hardware and PyTorch agree on all but half a percent of the images."""
    options = _options(argv)
    console = Console()
    training, held_out = load_split()
    held_out = Split(held_out.images[: options.images], held_out.digits[: options.images])
    with _progress(console) as progress:
        task = progress.add_task("training", total=EPOCHS)
        network = train(training, lambda: progress.advance(task))
    started = time.perf_counter()
    with console.status(f"compiling at {options.precision}"):
        design = gw.compile(network, args=(held_out.images[:1],), precision=options.precision, name="digits")
    console.print(f"compiled at {options.precision} in {time.perf_counter() - started:.1f} s")
    with _progress(console) as progress:
        task = progress.add_task("running the hardware", total=len(held_out.images))
        predictions, cycles = run(design, held_out.images, options.level, lambda: progress.advance(task))
    folder = design.save(options.output)
    agreed = report(console, design, network, held_out, predictions, cycles)
    console.print(f"SystemVerilog, memory images, the IR of every level and the report are in {folder}")
    return 0 if agreed else 1


def run(
    design: gw.Design, images: torch.Tensor, level: str, progress: Callable[[], None] = lambda: None
) -> tuple[np.ndarray, list[int]]:
    """The digit that the hardware sees in each image, and the cycles it took."""
    predictions, cycles = [], []
    for image in images:
        result = design.run(image.unsqueeze(0).numpy(), level=level)
        predictions.append(int(np.argmax(result.outputs[0])))
        cycles += [] if result.cycles is None else [result.cycles]
        progress()
    return np.array(predictions), cycles


def report(
    console: Console,
    design: gw.Design,
    network: DigitNetwork,
    held_out: Split,
    predictions: np.ndarray,
    cycles: Sequence[int],
) -> bool:
    """Print how the hardware compares with PyTorch; True if its accuracy is within half a point."""
    with torch.no_grad():
        reference = network(held_out.images).argmax(1).numpy()
    digits = held_out.digits.numpy()
    of_torch, of_hardware = 100 * np.mean(reference == digits), 100 * np.mean(predictions == digits)
    facts = design.report
    table = Table("", "digits", title=f"{len(digits)} held-out images", title_justify="left", box=None)
    table.columns[1].justify = "right"
    table.add_row("accuracy of PyTorch", f"{of_torch:.2f} %")
    table.add_row("accuracy of the hardware", f"{of_hardware:.2f} %")
    table.add_row("predictions that differ", f"{int(np.sum(predictions != reference))}")
    if cycles:
        spread = f"{min(cycles):,}" if min(cycles) == max(cycles) else f"{min(cycles):,} to {max(cycles):,}"
        table.add_row("cycles an image", spread)
    table.add_row("cycles predicted", f"{facts['cycles']:,}")
    for operator in facts["operators"]:
        table.add_row(f"operator {operator['name']}", f"{operator['units']}, for {operator['operations']} operations")
    table.add_row("memory bits", f"{facts['memory_bits']:,}")
    console.print(table)
    return bool(abs(of_torch - of_hardware) <= 0.5)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="digits", description=__doc__)
    parser.add_argument("--precision", default=PRECISION, help=f"the fixed-point format (default {PRECISION})")
    parser.add_argument("--images", type=int, default=None, help="how many held-out images to run (default all)")
    parser.add_argument("--level", default="rtl", help="the level to run: tensor, loops, schedule, rtl or verilog")
    parser.add_argument("--output", type=Path, default=Path("build/digits"), help="the folder for what is generated")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
