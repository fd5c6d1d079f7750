"""The registers that `bind` gives a result are those that `control` builds, no more and no less."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gatewright as gw
from gatewright.transforms.rtl import datapath, pipelines
from gatewright.transforms.rtl.pipelines import Staged
from gatewright.transforms.rtl.values import Timed

sys.path.insert(0, str(Path(__file__).parents[1] / "compiler"))

from test_passes_on_text import KERNELS


@pytest.mark.parametrize("multipliers", [None, 1])
@pytest.mark.parametrize("kernel", KERNELS)
def test_every_register_of_a_result_is_built(
    kernel: Callable, multipliers: int | None, monkeypatch: pytest.MonkeyPatch
):
    results: list[Timed | Staged] = []

    def recorded(kind: type) -> Callable:
        return lambda *given, **named: results.append(made := kind(*given, **named)) or made

    class Recorded(Staged):
        def __init__(self, *given: Any, **named: Any):
            super().__init__(*given, **named)
            results.append(self)

    monkeypatch.setattr(datapath, "Timed", recorded(Timed))
    monkeypatch.setattr(pipelines, "Staged", Recorded)
    gw.compile(kernel, multipliers=multipliers)
    bound = [int(each.kept) if isinstance(each, Timed) else each.most for each in results]
    built = [
        int(each._register is not None) if isinstance(each, Timed) else len(each._registers) if each.most is not None
        # an argument of a pipeline is no result
        else None
        for each in results
    ]  # fmt: skip
    assert results and bound == built


def test_an_argument_that_only_the_condition_reads_is_there_for_the_decision(both):
    program = both(
        """
func.func @f(%n: i32) -> i32 {
  %one = arith.constant 1 : i32
  %zero = arith.constant 0 : i32
  %s = loopschedule.step {
    %l:2 = loopschedule.pipeline II = 3 iter_args(%more = %n, %k = %zero) : (i32, i32) -> (i32, i32) {
      %c = arith.cmpi ne, %more, %zero : i32
      loopschedule.register %c : i1
    } do {
      %y:2 = loopschedule.pipeline.stage start = 0 {
        %left = arith.xori %k, %n : i32
        %m = arith.addi %k, %one : i32
        loopschedule.register %left, %m : i32, i32
      } : i32, i32
      loopschedule.pipeline.stage start = 2 {
        loopschedule.register
      }
      loopschedule.terminator iter_args(%y#0, %y#1), results(%y#0, %y#1) : (i32, i32) -> (i32, i32)
    }
    loopschedule.register %l#1 : i32
  } : i32
  return %s : i32
}"""
    )
    for n in (0, 1, 5):
        program.agree(np.int32(n))
