"""What the planner counts on beside what is scheduled, and beside the bound: a cost model that is off fails here.

`estimates.csv` is the golden table: for each program and budget the cycles that the planner counts on, those of the
schedule, and the lower bound. `--update` writes it again.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from polybench.kernels import KERNELS

import gatewright as gw

TABLE = Path(__file__).with_name("estimates.csv")
COLUMNS = ("program", "multipliers", "estimate", "cycles", "lower_bound")
POLYBENCH = Path(__file__).parent / "polybench"
FARTHEST = 0.03
"""The largest part of the cycles by which an estimate may be off."""
PARTS = 4


def convolution(x: gw.i8[2, 8, 8], w: gw.i8[3, 2, 3, 3], y: gw.i32[3, 6, 6]):
    for o in range(3):
        for i in range(6):
            for j in range(6):
                s = np.int32(0)
                for c in range(2):
                    for p in range(3):
                        for q in range(3):
                            s += np.int32(x[c, i + p, j + q]) * np.int32(w[o, c, p, q])
                y[o, i, j] = s


def matrix_product(a: gw.f32[8, 8], b: gw.f32[8, 8], c: gw.f32[8, 8]):
    for i in range(8):
        for j in range(8):
            s = np.float32(0)
            for k in range(8):
                s += a[i, k] * b[k, j]
            c[i, j] = s


def stencil(a: gw.f32[12, 12], b: gw.f32[12, 12]):
    for _ in range(3):
        for i in range(1, 11):
            for j in range(1, 11):
                b[i, j] = np.float32(0.2) * (a[i, j] + a[i, j - 1] + a[i, j + 1] + a[i - 1, j] + a[i + 1, j])
        for i in range(1, 11):
            for j in range(1, 11):
                a[i, j] = b[i, j]


def soft_maximum(x: gw.f32[6, 10], y: gw.f32[6, 10]):
    for i in range(6):
        m = x[i, 0]
        for j in range(1, 10):
            m = max(m, x[i, j])
        s = np.float32(0)
        for j in range(10):
            y[i, j] = np.exp(x[i, j] - m)
            s += y[i, j]
        for j in range(10):
            y[i, j] /= s


def vector_sum(a: gw.i32[20], b: gw.i32[20], c: gw.i32[20]):
    for i in range(20):
        c[i] = a[i] + b[i]


def fibonacci(f: gw.i32[20]):
    f[0] = 0
    f[1] = 1
    for i in range(2, 20):
        f[i] = f[i - 1] + f[i - 2]


def sparse_product(values: gw.i32[40], rows: gw.i32[40], columns: gw.i32[40], x: gw.i32[20], y: gw.i32[20]):
    for k in range(40):
        y[rows[k]] += values[k] * x[columns[k]]


def histogram(a: gw.i32[1024], h: gw.i32[64]):
    for i in range(1024):
        h[a[i]] += 1


def blur(a: gw.i32[16, 16], b: gw.i32[16, 16]):
    for i in range(16):
        for j in range(1, 15):
            b[i, j] = a[i, j - 1] + 2 * a[i, j] + a[i, j + 1]


def programs() -> Iterator[tuple[str, Any, tuple[Any, ...] | None]]:
    """Name, function and arguments of each program."""
    for name, kernel in KERNELS.items():
        record = json.loads((POLYBENCH / "data" / f"{name}.json").read_text())
        yield name, kernel, tuple(np.array(value, np.uint32)[()] for value in record["inputs"].values())
    loops = (vector_sum, fibonacci, sparse_product, histogram, blur)
    for function in (convolution, matrix_product, stencil, soft_maximum, *loops):
        yield function.__name__, function, None


CASES = [(*each, multipliers) for each in programs() for multipliers in (None, 1)]


def row_of(case: tuple[str, Any, tuple[Any, ...] | None, int | None]) -> dict[str, str]:
    name, function, arguments, multipliers = case
    report = gw.compile(function, args=arguments, multipliers=multipliers).report
    found = [name, multipliers, report["estimate"], report["cycles"], report["lower_bound"]]
    return dict(zip(COLUMNS, ["" if each is None else str(each) for each in found], strict=True))


def write_table() -> None:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(row_of, CASES))
    TABLE.write_text(stream.getvalue(), encoding="utf-8")


@pytest.mark.parametrize("part", range(PARTS))
def test_estimates_are_those_of_the_table(part: int, request: pytest.FixtureRequest):
    if request.config.getoption("--update"):
        if part == 0:
            write_table()
        return
    rows = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
    assert [(row["program"], row["multipliers"]) for row in rows] == [
        (name, "" if multipliers is None else str(multipliers)) for name, _, _, multipliers in CASES
    ]
    for case, row in list(zip(CASES, rows, strict=True))[part::PARTS]:
        assert row_of(case) == row


def test_no_estimate_is_far_from_the_schedule():
    rows = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
    known = [row for row in rows if row["cycles"] and row["estimate"]]
    assert len(known) > 30
    for row in known:
        assert abs(int(row["estimate"]) - int(row["cycles"])) <= FARTHEST * int(row["cycles"]), row
        assert not row["lower_bound"] or int(row["lower_bound"]) <= int(row["cycles"]), row
