"""The check of a schedule as a pass, and where it is made: an operation's own verifier looks at that operation only."""

from __future__ import annotations

from pathlib import Path

import pytest

import gatewright as gw
from gatewright.tools import opt

EARLY = """
func.func @f(%x: i32, %out: memref<1xi32>) {
  %zero = arith.constant 0 : index
  %p = loopschedule.step {
    %m = arith.muli %x, %x {gw.latency = 3 : i64} : i32
    loopschedule.register %m : i32
  } : i32
  loopschedule.step CYCLES {
    loopschedule.register
  }
  loopschedule.step {
    memref.store %p, %out[%zero] : memref<1xi32>
    loopschedule.register
  }
  func.return
}
"""
WHY = "memref.store starts 2 cycles after the arith.muli whose result it uses, which takes 3 cycles"


def opt_of(text: str, folder: Path, *arguments: str) -> int:
    file = folder / "program.mlir"
    file.write_text(text, encoding="utf-8")
    return opt.main([str(file), *arguments])


def test_a_result_that_is_used_too_early_is_found_by_the_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert opt_of(EARLY.replace("CYCLES", ""), tmp_path) == 0
    capsys.readouterr()
    assert opt_of(EARLY.replace("CYCLES", ""), tmp_path, "-p", "check-schedule") == 1
    assert WHY in capsys.readouterr().err


def test_a_schedule_that_is_right_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert opt_of(EARLY.replace("CYCLES", "for 2"), tmp_path) == 0
    plain = capsys.readouterr().out
    assert opt_of(EARLY.replace("CYCLES", "for 2"), tmp_path, "-p", "check-schedule") == 0
    assert capsys.readouterr().out == plain


def test_a_schedule_that_is_given_is_checked():
    with pytest.raises(gw.IrError, match=WHY):
        gw.compile(EARLY.replace("CYCLES", ""))
