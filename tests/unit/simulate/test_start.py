"""What the simulators do to the inputs of a design: this design shows it."""

from __future__ import annotations

import numpy as np
import pytest

from gatewright.hardware.top import TopModule
from gatewright.ir.interface import Parameter, Result, Signature
from gatewright.numbers import types
from gatewright.simulate.arc import ArcSimulator
from gatewright.simulate.verilator import VerilatorSimulator

TEXT = """
hw.module @witness(in %clk: !seq.clock, in %rst: i1, in %start: i1, out ready: i1, out done: i1,
                   in %x: i12, out result_0: i12, out result_1: i12, out result_2: i8) {
  %true = hw.constant true
  %false = hw.constant false
  %c0 = hw.constant 0 : i8
  %c1 = hw.constant 1 : i8
  %in_time = seq.compreg.ce %x, %clk, %accepted : i12
  %late = seq.compreg.ce %x, %clk, %second : i12
  %seen = comb.add %starts, %c1 : i8
  %count = comb.mux %accepted, %c1, %seen : i8
  %starts = seq.compreg.ce %count, %clk, %start reset %rst, %c0 : i8
  %ready = comb.xor %busy, %true : i1
  %accepted = comb.and %start, %ready : i1
  %second = seq.compreg %accepted, %clk reset %rst, %false : i1
  %third = seq.compreg %second, %clk reset %rst, %false : i1
  %done = seq.compreg %third, %clk reset %rst, %false : i1
  %not_third = comb.xor %third, %true : i1
  %still = comb.and %busy, %not_third : i1
  %busy_next = comb.or %accepted, %still : i1
  %busy = seq.compreg %busy_next, %clk reset %rst, %false : i1
  hw.output %ready, %done, %in_time, %late, %starts : i1, i1, i12, i12, i8
}
"""
TOP = TopModule(
    "witness",
    Signature(
        (Parameter("x", types.Integer(12)),),
        (
            Result("result_0", types.Integer(12)),
            Result("result_1", types.Integer(12)),
            Result("result_2", types.u8),
        ),
    ),
    frozenset(),
    frozenset(),
)


@pytest.mark.parametrize("kind", [ArcSimulator, VerilatorSimulator])
def test_scalars_are_valid_and_start_is_high_in_the_first_cycle_alone(kind: type):
    simulator = kind(TOP, TEXT, {})
    for value in (0, -1, 1234, -2048):
        for hold_start in (False, True):
            run = simulator.run([np.array(value, np.int16)], 10, reset=value == 0, hold_start=hold_start)
            assert run.cycles == 3
            assert [int(result) for result in run.results] == [value, ~value, 3 if hold_start else 1]
