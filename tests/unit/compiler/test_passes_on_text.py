"""Every pass gives on printed text what it gives in the driver: nothing that counts is lost between two passes."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.passes import ModulePass

import gatewright as gw
from gatewright.compiler import pipelines
from gatewright.compiler.driver import Instruments, observed, run_phases
from gatewright.ir.context import context
from gatewright.options import Options
from gatewright.tools import opt


class Recorder(Instruments):
    """Notes the text before and after each pass."""

    def __init__(self):
        super().__init__(output=StringIO())
        self.steps: list[tuple[str, str, str]] = []
        self._before = ""

    def show(self, when: str, each: ModulePass, module: ModuleOp) -> None:
        if when == "before":
            self._before = str(module)
        else:
            self.steps.append((str(each.pipeline_pass_spec()), self._before, str(module)))


def gemm(a: gw.i32[6, 6], b: gw.i32[6, 6], c: gw.i32[6, 6]):
    for i in range(6):
        for j in range(6):
            s = 0
            for k in range(6):
                s += a[i, k] * b[k, j]
            c[i, j] = s


def floats(a: gw.f32[8], b: gw.f32[8]) -> gw.f32:
    s = np.float32(0)
    for i in range(8):
        s += a[i] * b[i]
    return s


def divisions(a: gw.u16[8], b: gw.u16[8]):
    for i in range(8):
        b[i] = a[i] // (b[i] + 1) + a[i] % 10


def triangle(a: gw.i32[6, 6], x: gw.i32[6]):
    for i in range(6):
        for j in range(i):
            x[i] -= a[i, j] * x[j]


def histogram(a: gw.u8[32], h: gw.i32[16]):
    for i in range(32):
        h[a[i] % 16] += 1


def branches(a: gw.i32[8], b: gw.i32[8]) -> gw.i32:
    t = 0
    for i in range(8):
        if a[i] > b[i]:
            b[i] = a[i]
            t += 1
        elif a[i] < -5:
            break
    return t


def fibonacci(f: gw.i32[16]):
    for i in range(2, 16):
        f[i] = f[i - 1] + f[i - 2]


def stencil(a: gw.i16[18], b: gw.i16[18]):
    for _ in range(3):
        for i in range(1, 17):
            b[i] = (a[i - 1] + a[i] + a[i + 1]) // 3
        for i in range(1, 17):
            a[i] = b[i]


def table(x: gw.i8[8], y: gw.i32[8]):
    weights = np.array([3, 1, 4, 1, 5, 9, 2, 6], np.int32)
    for i in range(8):
        y[i] = weights[i] * x[i]


def roots(a: gw.f32[6], b: gw.f32[6]):
    for i in range(6):
        b[i] = np.sqrt(a[i]) / (a[i] + np.float32(1))


KERNELS = [gemm, floats, divisions, triangle, histogram, branches, fibonacci, stencil, table, roots]


@pytest.mark.parametrize("multipliers", [None, 1])
@pytest.mark.parametrize("kernel", KERNELS)
def test_every_pass_does_the_same_on_text(kernel, multipliers: int | None, tmp_path: Path, capsys):
    options = Options(multipliers=multipliers)
    module = Parser(context(), gw.compile(kernel, multipliers=multipliers).ir("loops")).parse_module()
    with observed(Recorder()) as seen:
        run_phases(context(), module, [*pipelines.lower_to_schedule(options), *pipelines.lower_to_hw(options)])
    assert seen.steps[-1][0].startswith("to-hw")
    file = tmp_path / "before.mlir"
    for spec, before, after in seen.steps:
        file.write_text(before, encoding="utf-8")
        assert opt.main([str(file), "-p", spec]) == 0, capsys.readouterr().err
        assert capsys.readouterr().out.strip() == after.strip(), spec


@pytest.mark.parametrize("kernel", [gemm, roots])
def test_the_hardware_of_the_passes_is_that_of_the_design(kernel, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    design = gw.compile(kernel)
    file = tmp_path / "loops.mlir"
    file.write_text(design.ir("loops"), encoding="utf-8")
    assert opt.main([str(file), "-p", "lower-to-schedule,lower-to-hw"]) == 0
    lines = re.compile(r"line\d+_")  # names say the line of the source, of which text knows nothing
    assert lines.sub("", capsys.readouterr().out).strip() == lines.sub("", design.ir("rtl")).strip()
