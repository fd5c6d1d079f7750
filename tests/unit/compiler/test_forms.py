"""Each form is kept by what its phase leaves, and refused of anything else; the driver says which phase is wrong."""

from __future__ import annotations

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.utils.exceptions import VerifyException

import gatewright as gw
from gatewright.compiler import forms
from gatewright.compiler.driver import Phase, run_phases
from gatewright.compiler.forms import ModuleForm
from gatewright.compiler.pipelines import PIPELINES
from gatewright.ir.context import context
from gatewright.options import Options
from gatewright.transforms.loops.label_loops import LabelLoopsPass

FORMS = [each for each in vars(forms).values() if isinstance(each, ModuleForm)]

BROKEN = {
    "named": """
        func.func @f(%n: index) {
          %zero = arith.constant 0 : index
          %one = arith.constant 1 : index
          scf.for %i = %zero to %n step %one {
          }
          func.return
        }""",
    "guarded": """
        func.func @f(%c: i1, %x: i32) -> i32 {
          %y = scf.if %c -> (i32) {
            %z = arith.muli %x, %x : i32
            scf.yield %z : i32
          } else {
            scf.yield %x : i32
          }
          func.return %y : i32
        }""",
    "scheduled": """
        func.func @f(%c: i1, %a: memref<4xi32>, %x: i32, %i: index) {
          scf.if %c {
            memref.store %x, %a[%i] : memref<4xi32>
          }
          func.return
        }""",
}


def parsed(text: str) -> ModuleOp:
    return Parser(context(), text).parse_module()


def stages() -> dict[str, str]:
    """The text of a design in each form that a level has."""

    def total(a: gw.i32[8]) -> gw.i32:
        s = 0
        for x in a:
            s += x * x
        return s

    design = gw.compile(total)
    return {level: design.ir(level) for level in ("loops", "schedule", "rtl")}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_form_refuses_what_comes_before_it(form: ModuleForm):
    texts = stages()
    given = BROKEN.get(form.name, texts["schedule"])
    if form.name == "bound":
        assert "gw.operator" in given
        given = "\n".join(line.replace(", gw.unit = 0 : i64", "") for line in given.splitlines())
    with pytest.raises(VerifyException, match=f"in a module that is to be {form.name}: "):
        form(parsed(given))


def test_the_levels_have_their_forms():
    texts = stages()
    forms.SCHEDULED(parsed(texts["schedule"]))
    forms.HARDWARE(parsed(texts["rtl"]))
    forms.CONTROLLED(parsed(texts["rtl"]))


def test_every_form_is_that_of_a_phase():
    phases = [phase for pipeline in PIPELINES.values() for phase in pipeline(Options())]
    assert {form.name for form in FORMS} == {phase.form.name for phase in phases if phase.form is not None}


def test_the_driver_says_which_phase_left_another_form():
    module = parsed(BROKEN["guarded"])
    with pytest.raises(gw.InternalError, match="the phase labels left another form: scf.if in a module that is to be"):
        run_phases(context(), module, [Phase("labels", (LabelLoopsPass(),), form=forms.GUARDED)])
