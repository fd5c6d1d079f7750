"""Running a program from the command line compares it with the Python it came from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gatewright as gw
from gatewright.tools.execute import execute
from gatewright.tools.source import ProgramSource, load_source


@gw.kernel
def shift(a: gw.i32[4], n: gw.i32) -> tuple[gw.i32, gw.i32]:
    """Two results, and an array that is written."""
    first = a[0]
    for i in range(3):
        a[i] = a[i + 1]
    return first, n + 1


@gw.kernel
def scale(x: gw.fixed(16, 4)[4], y: gw.fixed(16, 4)[4]) -> None:
    """A product that has to be rounded."""
    for i in range(4):
        y[i] = x[i] * x[i]


def wrong(a: np.ndarray, n: np.ndarray) -> tuple[int, int]:
    """What `shift` would be with a mistake."""
    first = a[0]
    a[0], a[1], a[2] = a[1], a[2], 7
    return first, n + 1


def run(design: gw.Design, reference, capsys: pytest.CaptureFixture[str], inputs: str | None = None):
    code = execute(design, ProgramSource(reference, Path(__file__), reference), inputs, 0, "schedule")
    return code, capsys.readouterr().out.splitlines()


def test_a_program_that_does_the_same_is_said_to(capsys: pytest.CaptureFixture[str]):
    code, lines = run(gw.compile(shift), shift, capsys)
    assert code == 0 and lines[-1] == "the same as shift in Python"
    assert [line.split(" =")[0] for line in lines[:3]] == ["result_0", "result_1", "a"]


def test_a_program_that_does_something_else_is_an_error_with_the_first_difference(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    np.savez(tmp_path / "x.npz", a=np.array([1, 2, 3, 4], np.int32), n=np.int32(5))
    code, lines = run(gw.compile(shift), wrong, capsys, str(tmp_path / "x.npz"))
    assert code == 1
    assert lines[-1] == "wrong in Python differs: 1 of 4 values, first a[2] = 7, in hardware 4"


def test_rounding_is_told_in_steps(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    np.savez(tmp_path / "x.npz", x=np.array([0.0625, 0.5, 1, 1.125]), y=np.zeros(4))
    code, lines = run(gw.compile(scale), scale, capsys, str(tmp_path / "x.npz"))
    assert code == 0
    assert lines[-1] == "the same as scale in Python, within 0.25 steps of fixed<16,4>"


def test_a_model_is_compared_with_torch(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    (tmp_path / "model.py").write_text(
        "import torch\ntorch.manual_seed(1)\nmodel = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())\n"
    )
    source = load_source(str(tmp_path / "model.py"))
    design = gw.compile(source.program, args=(np.zeros((1, 3), np.float32),), precision="fixed<16,8>")
    assert execute(design, source, None, 0, "tensor") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("the same as Sequential in Python, within ") and last.endswith(" steps of fixed<16,8>")
