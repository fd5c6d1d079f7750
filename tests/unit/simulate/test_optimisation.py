"""The code of a simulation is optimised where that pays: not for runs of a few cycles, nor for very long code."""

from __future__ import annotations

import numpy as np
import pytest

import gatewright as gw
from gatewright.bridge.jit import NativeCode, compile_llvm
from gatewright.simulate import model


def scale(a: gw.i32[64], n: gw.i32):
    for i in range(64):
        a[i] = a[i] * 3


def repeat(a: gw.i32[64], n: gw.i32):
    while n > 0:
        n -= 1
        for i in range(64):
            a[i] = a[i] * 3


def optimisation_of(function: object, monkeypatch: pytest.MonkeyPatch) -> int:
    seen: list[int] = []

    def noting(text: str, optimisation: int) -> NativeCode:
        seen.append(optimisation)
        return compile_llvm(text, optimisation)

    monkeypatch.setattr(model, "compile_llvm", noting)
    design = gw.compile(function)
    a = np.arange(64, dtype=np.int32)
    design(a, 1)
    assert a.tolist() == [3 * each for each in range(64)]
    return seen[0]


def test_a_run_of_a_few_cycles_is_not_worth_optimising_for(monkeypatch: pytest.MonkeyPatch):
    assert optimisation_of(scale, monkeypatch) == 0


def test_runs_that_take_long_or_whose_cycles_nobody_knows_are(monkeypatch: pytest.MonkeyPatch):
    assert optimisation_of(repeat, monkeypatch) == 2
    monkeypatch.setattr(model, "LITTLE", 1000)
    assert optimisation_of(scale, monkeypatch) == 2
