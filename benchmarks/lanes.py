"""How busy any number of multipliers is: matrix products, convolutions and networks beside what their products allow.

    python benchmarks/lanes.py [--networks]

Products of matrices that are inside the design and a convolution as a whole, as cycles of their nest beside products /
multipliers; with `--networks` also networks in fixed point, as products / (multipliers x cycles) of the whole design.
AutoSA keeps the multipliers of its arrays busy 80 to 99 % of the time, Stream-HLS 82 to 86 %, a DPU overlay above 80 %.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

import gatewright as gw

POOLS = (1, 4, 10, 16, 64)


def product(size: int, kind: type, sum_kind: type) -> Callable[..., None]:
    """A product of two matrices that are made inside, and the sums of the rows of what comes out."""
    one, other = (np.random.default_rng(seed).integers(-9, 9, (size, size)).astype(kind) for seed in (0, 1))

    def run(s, c):
        a, b, d = np.zeros((size, size), kind), np.zeros((size, size), kind), np.zeros((size, size), sum_kind)
        for p in range(size):
            for q in range(size):
                a[p, q] = one[p, q] + kind(1)
        for p2 in range(size):
            for q2 in range(size):
                b[p2, q2] = other[p2, q2] - kind(1)
        for i in range(size):
            for j in range(size):
                z = sum_kind(0)
                for k in range(size):
                    z += sum_kind(a[i, k]) * sum_kind(b[k, j])
                d[i, j] = z
        for r in range(size):
            y = s
            for w in range(size):
                y += d[r, w]
            c[r] = y

    return run


def convolution() -> Callable[..., None]:
    """3 x 3, from 16 channels to 16, of 16 x 16."""
    weights = np.random.default_rng(0).integers(-9, 9, (16, 16, 3, 3)).astype(np.int8)
    image = np.random.default_rng(1).integers(-9, 9, (16, 18, 18)).astype(np.int8)

    def run(s, c):
        x, d = image + np.int8(1), np.zeros((16, 16, 16), np.int32)
        for o in range(16):
            for i in range(16):
                for j in range(16):
                    z = np.int32(0)
                    for k in range(16):
                        for m in range(3):
                            for n in range(3):
                                z += np.int32(x[k, i + m, j + n]) * np.int32(weights[o, k, m, n])
                    d[o, i, j] = z
        for r in range(16):
            c[r] = s + np.sum(d[r])

    return run


KERNELS: dict[str, tuple[Callable[[], Callable[..., None]], int, int, type]] = {
    "matrices 16, int32": (lambda: product(16, np.int32, np.int32), 16, 16**3, np.int32),
    "matrices 64, int8": (lambda: product(64, np.int8, np.int32), 64, 64**3, np.int32),
    "matrices 64, f32": (lambda: product(64, np.float32, np.float32), 64, 64**3, np.float32),
    "convolution, int8": (convolution, 16, 9 * 16 * 16 * 256, np.int32),
}


def nest_cycles(design: gw.Design) -> int:
    """The cycles of the loops in which the products are, and of those parts that run together with other loops."""
    parts = [(re.sub(r"_(rest|ahead)\b", "", each["loop"]), each["cycles"]) for each in design.report["loops"]]
    return sum(cycles for names, cycles in parts if {"i", "j", "k", "o"} & set(names.split(", ")))


def kernels(console: Console) -> None:
    """The table of the kernels."""
    table = Table("kernel", "multipliers", "used", "cycles", "products / multipliers", "ratio", "compiled in")
    for name, (make, size, products, kind) in KERNELS.items():
        for pool in POOLS:
            begin = time.perf_counter()
            arguments = (kind(0), np.zeros(size, kind))
            design = gw.compile(make(), args=arguments, multipliers=pool)
            cycles, bound = nest_cycles(design), products / pool
            used = sum(each["units"] for each in design.report["operators"] if each["kind"] in ("muli", "mulf"))
            table.add_row(
                name, str(pool), str(used), f"{cycles:,}", f"{bound:,.1f}", f"{cycles / bound:.4f}",
                f"{time.perf_counter() - begin:.1f} s",
            )  # fmt: skip
    console.print(table)


def networks(console: Console) -> None:
    """The table of the networks."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    lenet = nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )
    sizes = (640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640)
    layers = [each for one, other in zip(sizes, sizes[1:], strict=False) for each in (nn.Linear(one, other), nn.ReLU())]
    models = {"LeNet-5": (lenet, (1, 1, 28, 28)), "autoencoder": (nn.Sequential(*layers[:-1]), (1, 640))}
    table = Table("network", "multipliers", "cycles", "products", "busy", "compiled in")
    for name, (model, shape) in models.items():
        for pool in (1, 4, 16, 64):
            begin = time.perf_counter()
            example = (torch.zeros(*shape),)
            design = gw.compile(model.eval(), args=example, multipliers=pool, precision="fixed<16,8>")
            report = design.report
            table.add_row(
                name, str(pool), f"{report['cycles']:,}", f"{report['products']:,}", f"{report['busy']:.4f}",
                f"{time.perf_counter() - begin:.1f} s",
            )  # fmt: skip
    console.print(table)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--networks", action="store_true", help="networks too: some minutes")
    options = parser.parse_args()
    console = Console()
    kernels(console)
    if options.networks:
        networks(console)


if __name__ == "__main__":
    main()
