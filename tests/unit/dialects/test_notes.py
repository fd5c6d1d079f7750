"""Notes are known and well-formed, wherever IR comes from, and go when they have served."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects import arith
from xdsl.parser import Parser
from xdsl.utils.exceptions import ParseError, VerifyException

import gatewright as gw
from gatewright.dialects.notes import LATENCY, NOTES, OPERATOR, UNIT, verify_notes
from gatewright.ir.context import context
from gatewright.tools import opt

ROOT = Path(__file__).parents[3]

PROGRAM = """
func.func @f(%x: i32, %out: memref<1xi32>) {
  %zero = arith.constant 0 : index
  %p = loopschedule.step {
    %m = arith.muli %x, %x {NOTES} : i32
    loopschedule.register %m : i32
  } : i32
  loopschedule.step for 9 {
    loopschedule.register
  }
  loopschedule.step {
    memref.store %p, %out[%zero] : memref<1xi32>
    loopschedule.register
  }
  func.return
}
"""

BAD = {
    "unknown": ("gw.colour = 3 : i64", "gw.colour of arith.muli is no note that anything here sets or reads"),
    "a float": ("gw.latency = 2.0 : f32", "gw.latency of arith.muli is 2.000000e+00 : f32, not a number of type i64"),
    "another type": ("gw.latency = 2 : i32", "gw.latency of arith.muli is 2 : i32, not a number of type i64"),
    "negative": ("gw.latency = -2 : i64", "gw.latency of arith.muli is -2 : i64, not a number of type i64"),
    "a name": ('gw.operator = "mul_32"', 'gw.operator of arith.muli is "mul_32", not `#gw.operator<...>`'),
    "a third port": ("gw.port = 2 : i64", "gw.port of arith.muli is 2 : i64, not 0 or 1 of type i64"),
    "a unit of nothing": ("gw.unit = 0 : i64", "arith.muli has a gw.unit, but no gw.operator of which it would be one"),
    "two latencies": (
        "gw.operator = #gw.operator<muli(i32, i32, i32), latency = 2>, gw.latency = 2 : i64",
        "arith.muli has a gw.operator, which says its latency, and a gw.latency as well",
    ),
}


def text_with(notes: str) -> str:
    return PROGRAM.replace("NOTES", notes)


@pytest.mark.parametrize("case", BAD)
def test_a_note_that_is_unknown_or_malformed_is_an_error(case: str):
    notes, message = BAD[case]
    module = Parser(context(), text_with(notes)).parse_module()
    with pytest.raises(VerifyException) as error:
        verify_notes(module)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("case", ["unknown", "a float"])
def test_bad_notes_are_refused_by_the_compiler_and_by_the_tool(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    notes, message = BAD[case]
    with pytest.raises(gw.IrError, match=message.split(",")[0].replace("+", r"\+")):
        gw.compile(text_with(notes))
    file = tmp_path / "program.mlir"
    file.write_text(text_with(notes), encoding="utf-8")
    assert opt.main([str(file)]) == 1
    assert message in capsys.readouterr().err


def test_a_bad_note_of_an_argument_is_named():
    module = Parser(context(), "func.func @f(%x: i32 {gw.result = 1.0 : f32}) { func.return }").parse_module()
    with pytest.raises(VerifyException, match="gw.result of argument 0 of func.func is"):
        verify_notes(module)


def test_reading_a_malformed_note_is_an_error_and_no_default():
    op = arith.ConstantOp.from_int_and_width(1, 32)
    op.attributes["gw.latency"] = arith.FastMathFlagsAttr("none")
    with pytest.raises(VerifyException, match="gw.latency of arith.constant"):
        LATENCY.value(op)


@pytest.mark.parametrize(
    "spelled", ["muli(i18, i25, i32), latency = 2", "divf(f32), latency = 5, interval = 5", "addi(i4)"]
)
def test_an_operator_reads_back(spelled: str):
    module = Parser(context(), text_with(f"gw.operator = #gw.operator<{spelled}>")).parse_module()
    (found,) = [op for op in module.walk() if op.name == "arith.muli"]
    assert str(OPERATOR.value(found)) == f"#gw.operator<{spelled}>"
    assert UNIT.value(found) is None


@pytest.mark.parametrize("spelled", ["muli(i32), latency = -1", "muli(i32), interval = 0", "muli(i32), colour = 1"])
def test_a_wrong_operator_is_refused(spelled: str):
    with pytest.raises((ParseError, VerifyException)):
        Parser(context(), text_with(f"gw.operator = #gw.operator<{spelled}>")).parse_module()


def mixed(a: gw.i32[8, 8], b: gw.i32[8, 8], c: gw.f32[8]) -> gw.f32:
    s = np.float32(0)
    for i in range(8):
        t = np.int32(0)
        for j in range(8):
            t += a[i, j] * b[j, i] // 3
        s += c[i] * np.float32(t)
        c[i] = s
    return s


def test_notes_go_when_they_have_served():
    design = gw.compile(mixed, multipliers=1)
    for level in ("loops", "schedule", "rtl"):
        module = Parser(context(), design.ir(level)).parse_module()
        verify_notes(module)
        there = {name for op in module.walk() for name in op.attributes if name.startswith("gw.")}
        gone = [name for name in there if level != "loops" and NOTES[name].life.startswith(("until", "within"))]
        assert gone == [], level


def test_only_the_file_of_notes_spells_their_names():
    spelled = [f'"{name}"' for name in NOTES]
    for file in (ROOT / "src" / "gatewright").rglob("*.py"):
        if file.name != "notes.py":
            text = file.read_text(encoding="utf-8")
            assert [name for name in spelled if name in text] == [], file.name
