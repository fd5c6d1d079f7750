"""The same source gives the same files, to the byte, in processes that hash differently."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = """\
import gatewright as gw
import numpy as np

WEIGHTS = np.arange(12, dtype=np.int32).reshape(3, 4)


def clamp(x):
    return min(max(x, -100), 100)


@gw.kernel
def layer(x: gw.i32[4], y: gw.i32[3], steps: gw.u8) -> tuple[gw.i32, gw.u8]:
    largest = gw.i32(0)
    for i in range(3):
        total = gw.i32(0)
        for j in range(4):
            if x[j] > 0:
                total += WEIGHTS[i, j] * x[j]
            else:
                total -= x[j] // 3
        y[i] = clamp(total)
        largest = max(largest, total)
    count = gw.u8(0)
    while count < steps and largest > 1:
        largest = largest // 2
        count += gw.u8(1)
    return largest, count
"""
MLIR = """\
func.func @mix(%a: memref<16xi32>, %b: memref<16xi32>, %limit: i32) -> i32 {
  %n = arith.index_cast %limit : i32 to index
  %zero = arith.constant 0 : i32
  %first = arith.constant 0 : index
  %one = arith.constant 1 : index
  %sum = scf.for %i = %first to %n step %one iter_args(%acc = %zero) -> (i32) {
    %x = memref.load %a[%i] : memref<16xi32>
    %y = memref.load %b[%i] : memref<16xi32>
    %p = arith.muli %x, %y : i32
    %q = arith.divsi %x, %y : i32
    %s = arith.xori %p, %q : i32
    %next = arith.addi %acc, %s : i32
    memref.store %s, %a[%i] : memref<16xi32>
    scf.yield %next : i32
  }
  func.return %sum : i32
}
"""
MODEL = """\
import torch

torch.manual_seed(0)
model = torch.nn.Sequential(
    torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(18, 4)
).eval()
"""
CASES = {
    "layer.py": (PYTHON, []),
    "mix.mlir": (MLIR, ["--multipliers", "1"]),
    "model.py": (MODEL, ["--args", "f32[1,1,8,8]", "--precision", "fixed<16,8>"]),
}


def compiled(source: Path, options: list[str], hash_seed: str, output: Path) -> dict[str, bytes]:
    """The files that the command line writes for `source` in a process with the given hash seed."""
    command = [sys.executable, "-m", "gatewright.tools.compile", "compile", str(source), "-o", str(output), *options]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return {str(file.relative_to(output)): file.read_bytes() for file in sorted(output.rglob("*")) if file.is_file()}


@pytest.mark.parametrize("name", CASES)
def test_two_processes_write_the_same_files(name: str, tmp_path: Path):
    text, options = CASES[name]
    source = tmp_path / name
    source.write_text(text, encoding="utf-8")
    first, second = (compiled(source, options, seed, tmp_path / seed) for seed in ("1", "271828"))
    assert any(file.endswith(".sv") for file in first)
    assert sorted(first) == sorted(second)
    assert [file for file in first if first[file] != second[file]] == []
