"""Pipelines in space: how often a sample may begin, beside what the products allow, and how small channels are.

    python benchmarks/dataflow.py [--large]

The digits network and, with `--large` (some minutes), ResNet-8 of MLPerf Tiny, on 16 and 64 multipliers. Samples go
through the simulated hardware in a stream and one by one, and are compared. FINN and hls4ml size their buffers by
simulation; here they are computed from the schedules.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

import gatewright as gw


class Block(nn.Module):
    """A residual block."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.first, self.second = nn.Conv2d(inputs, outputs, 3, stride, 1), nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.beside = nn.Conv2d(inputs, outputs, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.second(torch.relu(self.first(x))) + self.beside(x))


def models(large: bool) -> dict[str, tuple[nn.Module, tuple[int, ...]]]:
    """The networks with the shapes of a sample."""
    torch.manual_seed(0)
    digits = nn.Sequential(
        *(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(128, 10)),
    )
    found: dict[str, tuple[nn.Module, tuple[int, ...]]] = {"digits": (digits, (1, 1, 8, 8))}
    if large:
        blocks = (Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
        ends = (nn.AvgPool2d(8), nn.Flatten(), nn.Linear(64, 10))
        resnet = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1), nn.ReLU(), *blocks, *ends)
        found["ResNet-8"] = resnet, (1, 3, 32, 32)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--large", action="store_true", help="ResNet-8 too")
    parser.add_argument("--samples", type=int, default=64, metavar="N", help="in a stream (default: 64)")
    given = parser.parse_args()
    columns = ("network", "multipliers", "tasks", "interval", "ratio", "latency", "words", "elements", "as one by one",
               "compiled in")  # fmt: skip
    table = Table(*columns)
    for name, (model, shape) in models(given.large).items():
        for pool in (16, 64):
            begin = time.perf_counter()
            options = {"precision": "fixed<16,8>", "multipliers": pool, "dataflow": True}
            design = gw.compile(model.eval(), args=(torch.zeros(shape),), **options)
            report, seconds = design.report, time.perf_counter() - begin
            xs = np.random.default_rng(0).uniform(-1, 1, (given.samples, *shape)).astype(np.float32)
            stream = design.stream(xs).outputs[0]
            same = all(np.array_equal(design.run(x).outputs[0], y) for x, y in zip(xs, stream, strict=True))
            words, elements = (
                sum(each["channels"] * size for each, size in zip(report["channels"], sizes, strict=True))
                for sizes in (
                    [each["words"] * each["memories"] for each in report["channels"]],
                    [each["elements"] for each in report["channels"]],
                )
            )
            table.add_row(
                name, str(pool), str(len(report["tasks"])), f"{report['interval']:,}",
                f"{report['interval'] * pool / report['products']:.4f}", f"{report['cycles']:,}", f"{words:,}",
                f"{elements:,}", "yes" if same else "NO", f"{seconds:.0f} s",
            )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
