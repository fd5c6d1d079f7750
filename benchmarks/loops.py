"""Small loops beside what others take for them: the kernels of the AMC group, a stencil and a histogram.

    python benchmarks/loops.py

Cycles are those of a run at the rtl level, which the schedule predicts. AMC and Vitis HLS 2022 figures: the AMC group's
own, int32. The bound is that of one iteration a cycle, or of the multipliers and ports where they allow less.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

import gatewright as gw


def matmul(a, b, c):
    for i in range(16):
        for j in range(16):
            s = np.int32(0)
            for k in range(16):
                s += a[i, k] * b[k, j]
            c[i, j] = s


def vadd(a, b, c):
    for i in range(20):
        c[i] = a[i] + b[i]


def fibonacci(f):
    f[0] = 0
    f[1] = 1
    for i in range(2, 20):
        f[i] = f[i - 1] + f[i - 2]


def spmv_rows(values, columns, rows, x, y):
    for i in range(20):
        s = np.int32(0)
        for k in range(rows[i], rows[i + 1]):
            s += values[k] * x[columns[k]]
        y[i] = s


def spmv_coordinates(values, rows, columns, x, y):
    for k in range(40):
        y[rows[k]] += values[k] * x[columns[k]]


def histogram(a, h):
    for i in range(1024):
        h[a[i]] += 1


def blur(a, b):
    for i in range(16):
        for j in range(1, 15):
            b[i, j] = a[i, j - 1] + 2 * a[i, j] + a[i, j + 1]


def _numbers(*shape: int, below: int = 1000) -> np.ndarray:
    return np.random.default_rng(0).integers(0, below, shape).astype(np.int32)


def kernels() -> list[tuple[Callable, tuple, int, int | None, int | None]]:
    """Function, arguments, one iteration a cycle, AMC's cycles, Vitis HLS' cycles."""
    matrix, forty, twenty = _numbers(16, 16), _numbers(40), _numbers(20)
    rows = np.arange(0, 42, 2, dtype=np.int32)
    return [
        (matmul, (matrix, matrix + 1, matrix * 0), 4096, 15016, 5409),
        (vadd, (twenty, twenty + 1, twenty * 0), 20, 112, 22),
        (fibonacci, (twenty,), 18, 77, 41),
        (spmv_rows, (forty, _numbers(40, below=20), rows, twenty, twenty * 0), 40, 48, 42),
        (spmv_coordinates, (forty, _numbers(40, below=20), _numbers(40, below=20), twenty, twenty * 0), 40, 48, 42),
        (histogram, (_numbers(1024, below=64), np.zeros(64, np.int32)), 1024, None, None),
        (blur, (matrix, matrix * 0), 224, None, None),
    ]


def main() -> int:
    """Print the table; 1 if a result or a predicted number of cycles is wrong."""
    table = Table(box=None, header_style="bold")
    for title in ("kernel", "cycles", "iterations", "interval", "multipliers", "AMC", "Vitis"):
        table.add_column(title, justify="left" if title == "kernel" else "right")
    wrong = []
    for kernel, arguments, iterations, *peers in kernels():
        design = gw.compile(kernel, args=arguments, multipliers=1)
        expected, given, again = (tuple(each.copy() for each in arguments) for _ in range(3))
        kernel(*expected)
        cycles = design.run(*given).cycles
        if cycles != design.run(*again, level="schedule").cycles or any(
            (one != other).any() for one, other in zip(given, expected, strict=True)
        ):
            wrong.append(kernel.__name__)
        intervals = ", ".join(str(row["interval"]) for row in design.report["loops"])
        units = sum(row["units"] for row in design.report["operators"] if row["kind"] == "muli")
        shown = ["-" if peer is None else str(peer) for peer in peers]
        table.add_row(kernel.__name__, str(cycles), str(iterations), intervals, str(units), *shown)
    console = Console(width=110)
    console.print(table)
    if wrong:
        console.print(f"wrong: {', '.join(wrong)}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
