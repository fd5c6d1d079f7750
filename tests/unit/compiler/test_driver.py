"""The driver shows what passes do, and leaves what reproduces the fault of one that is broken."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

import pytest
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import FunctionType, ModuleOp, i8
from xdsl.parser import Parser
from xdsl.utils.exceptions import VerifyException

import gatewright as gw
from gatewright.compiler import pipelines
from gatewright.compiler.driver import Instruments, Phase, observed, run_phases
from gatewright.ir.context import context
from gatewright.options import Options
from gatewright.planning.plan_fusion import PlanFusionPass
from gatewright.planning.plan_interleaving import PlanInterleavingPass
from gatewright.tools import compile as gatewright
from gatewright.tools import opt
from gatewright.transforms.loops.simplify_loops import SimplifyLoopsPass

SOURCE = """
import gatewright as gw

def dot(a: gw.i32[8], b: gw.i32[8]) -> gw.i32:
    s = 0
    for i in range(8):
        s += a[i] * b[i]
    return s
"""


def dot(a: gw.i32[8], b: gw.i32[8]) -> gw.i32:
    s = 0
    for i in range(8):
        s += a[i] * b[i]
    return s


@pytest.fixture(autouse=True)
def reproducers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that reproduce faults go with the other files of a test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "dot.py"
    file.write_text(SOURCE, encoding="utf-8")
    return file


def invalid(self: object, ctx: Context, op: ModuleOp) -> None:
    """Gives the function a result that it does not return."""
    function = next(inner for inner in op.ops if isinstance(inner, func.FuncOp))
    function.properties["function_type"] = FunctionType.from_lists(function.function_type.inputs.data, [i8])


def crash(self: object, ctx: Context, op: ModuleOp) -> None:
    raise ZeroDivisionError("by nothing")


BROKEN = {
    "invalid": (invalid, "plan-interleaving produced invalid IR: "),
    "crash": (crash, "plan-interleaving failed: ZeroDivisionError: by nothing"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_pass_leaves_what_reproduces_it(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    apply, what = BROKEN[kind]
    monkeypatch.setattr(PlanInterleavingPass, "apply", apply)
    with pytest.raises(gw.InternalError, match=re.escape(what)) as raised:
        gw.compile(dot)
    found = re.search(r"sh (\S+)/reproduce.sh", str(raised.value))
    assert found is not None, str(raised.value)
    folder = Path(found[1])
    assert {file.name for file in folder.iterdir()} == {"before.mlir", "reproduce.sh", "passes.txt", "trace.txt"}
    spec = re.search(r"-p '(.*)'", (folder / "reproduce.sh").read_text(encoding="utf-8"))
    assert spec is not None
    assert opt.main([str(folder / "before.mlir"), "-p", spec[1]]) == 70
    assert what in capsys.readouterr().err
    monkeypatch.undo()
    assert opt.main([str(folder / "before.mlir"), "-p", spec[1]]) == 0
    done = (folder / "passes.txt").read_text(encoding="utf-8").strip()
    assert done.startswith("label-loops,") and done.endswith("forward-stores")


def test_the_command_of_a_reproducer_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(PlanFusionPass, "apply", crash)
    with pytest.raises(gw.InternalError) as raised:
        gw.compile(dot)
    command = re.search(r"(sh \S+/reproduce.sh)", str(raised.value))
    assert command is not None
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    run = subprocess.run(command[1].split(), capture_output=True, text=True, check=False, env=environment)
    assert run.returncode == 0 and "func.func @dot" in run.stdout  # where the pass is not broken, nothing is wrong


def test_the_command_line_says_that_it_is_a_fault_of_ours(
    source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(PlanInterleavingPass, "apply", crash)
    assert gatewright.main(["report", str(source)]) == 70
    error = capsys.readouterr().err
    assert "plan-interleaving failed" in error and "this is a fault of Gatewright" in error and "Traceback" not in error


def test_ir_is_printed_before_and_after_passes(source: Path, capsys: pytest.CaptureFixture[str]):
    asked = ["--print-ir-before", "loops-to-schedule", "--print-ir-after", "loops-to-schedule"]
    assert gatewright.main(["report", str(source), *asked]) == 0
    printed = capsys.readouterr().err
    before, after = printed.split("// IR after loops-to-schedule")
    assert before.startswith("// IR before loops-to-schedule")
    assert "loopschedule" not in before and "loopschedule.pipeline" in after
    text = before.partition("\n")[2]
    Parser(context(), text).parse_module().verify()


def test_both_commands_print_and_time(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert gatewright.main(["report", str(source), "--time-passes"]) == 0
    assert "loops-to-schedule" in capsys.readouterr().err
    file = tmp_path / "dot.mlir"
    file.write_text(gw.compile(dot).ir("loops"), encoding="utf-8")
    asked = ["--print-ir-after", "simplify-loops", "--print-ir-before", "cse", "--time-passes"]
    assert opt.main([str(file), "-p", "simplify-loops,cse", *asked]) == 0
    printed = capsys.readouterr().err
    assert "// IR after simplify-loops" in printed and "// IR before cse" in printed and "seconds" in printed


def test_named_pipelines_are_listed_and_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert opt.main(["--list-pipelines"]) == 0
    listed = capsys.readouterr().out
    assert all(f"{name}\n" in listed for name in pipelines.PIPELINES)
    design = gw.compile(dot, multipliers=1)
    file = tmp_path / "dot.mlir"
    file.write_text(design.ir("loops"), encoding="utf-8")
    assert opt.main([str(file), "-p", "lower-to-schedule{multipliers=1}"]) == 0
    assert capsys.readouterr().out.strip() == design.ir("schedule").strip()


@pytest.mark.parametrize(
    ("passes", "message"),
    [("lower-to-mars", "there is no pass or pipeline lower-to-mars"), ("lower-to-schedule{colour=1}", "has no option")],
)
def test_what_is_no_pipeline_is_refused(passes: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "dot.mlir"
    file.write_text(gw.compile(dot).ir("loops"), encoding="utf-8")
    assert opt.main([str(file), "-p", passes]) == 1
    assert message in capsys.readouterr().err


def test_every_pipeline_names_each_clean_up_once():
    for name, phases in pipelines.PIPELINES.items():
        for phase in phases(Options()):
            listed = [each.name for each in phase.passes]
            assert len(set(listed)) == len(listed), (name, phase.name)
            assert not {each.name for each in phase.clean_up} & set(listed), (name, phase.name)


def test_a_phase_that_leaves_another_form_is_named():
    def refuse(module: ModuleOp) -> None:
        raise VerifyException("there are loops")

    module = Parser(context(), gw.compile(dot).ir("loops")).parse_module()
    with pytest.raises(gw.InternalError, match="the phase unrolled left another form: there are loops"):
        run_phases(context(), module, [Phase("unrolled", (SimplifyLoopsPass(),), form=refuse)])


def test_clean_up_runs_until_nothing_changes():
    seen = Instruments(print_after=frozenset({"*"}), output=StringIO())
    module = Parser(context(), gw.compile(dot).ir("loops")).parse_module()
    with observed(seen):
        run_phases(context(), module, [Phase("clean", (), (SimplifyLoopsPass(),))])
    runs = len(seen.seconds["simplify-loops"])
    before = str(module)
    SimplifyLoopsPass().apply(context(), module)
    assert runs >= 1 and str(module) == before


def test_progress_is_told_by_pass():
    names: list[str] = []
    with observed(Instruments(progress=names.append)):
        gw.compile(dot)
    assert names.index("plan-fusion") < names.index("loops-to-schedule") < names.index("check-schedule")
