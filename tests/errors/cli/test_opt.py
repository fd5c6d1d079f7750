"""What `gatewright-opt` says about bad input, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

import gatewright as gw


def test_a_pass_that_does_not_exist(command):
    ended = command("gatewright-opt", "-p", "no-such-pass")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "the passes cannot be run: there is no pass or pipeline no-such-pass\n"


def test_an_option_that_a_pass_does_not_have(command):
    ended = command("gatewright-opt", "-p", "cse{speed=3}")
    assert ended.code == 1
    assert ended.err == ('the passes cannot be run: Provided arguments ["speed"] not found in expected arguments []\n')


def test_passes_that_are_cut_off(command):
    ended = command("gatewright-opt", "-p", "cse{")
    assert (ended.code, ended.err) == (1, "the passes cannot be run: Expected argument name here\n")


def test_a_missing_file(command):
    ended = command("gatewright-opt", "nowhere.mlir")
    assert (ended.code, ended.err) == (1, "cannot read nowhere.mlir\n  there is no such file\n")


def test_a_file_of_another_kind(command):
    Path("notes.txt").write_text("")
    ended = command("gatewright-opt", "notes.txt")
    assert (ended.code, ended.err) == (1, "cannot read notes.txt\n  its name does not end in .mlir\n")


def test_a_truncated_file(command):
    Path("half.mlir").write_text("func.func @f(%a: i32) {\n  %b = arith.addi %a,")
    ended = command("gatewright-opt", "half.mlir")
    assert ended.code == 1
    assert ended.err.startswith("half.mlir:2:22\n  %b = arith.addi %a,\n")
    assert "Traceback" not in ended.err


def test_a_module_that_does_not_verify(command):
    Path("wrong.mlir").write_text('"func.return"() : () -> ()\n')
    ended = command("gatewright-opt", "wrong.mlir")
    assert ended.code == 1
    assert "Traceback" not in ended.err and "func.return" in ended.err


def test_an_output_that_cannot_be_written(command):
    Path("empty.mlir").write_text("")
    Path("file").write_text("")
    ended = command("gatewright-opt", "empty.mlir", "-o", "file/out.mlir")
    assert (ended.code, ended.err) == (1, "cannot write file/out.mlir\n  not a directory\n")


def test_a_module_without_systemverilog(command):
    Path("loops.mlir").write_text("func.func @f(%a: i32) {\n  %b = gw.isqrt %a : i32\n  func.return\n}\n")
    ended = command("gatewright-opt", "loops.mlir", "-t", "verilog")
    assert ended.code == 1
    assert ended.err.startswith("this module has no SystemVerilog\n  CIRCT (parse): ")


def test_a_module_at_the_rtl_level_becomes_systemverilog(command):
    Path("sum.mlir").write_text(
        "hw.module @sum(in %a : i8, in %b : i8, out c : i8) {\n  %c = comb.add %a, %b : i8\n  hw.output %c : i8\n}\n"
    )
    ended = command("gatewright-opt", "sum.mlir", "-t", "verilog")
    assert ended.code == 0 and "assign c = a + b;" in ended.out


@pytest.mark.parametrize(
    ("level", "passes", "said"),
    [
        ("rtl", "loops-to-schedule", "loops-to-schedule works on loops, and this is hardware\n"),
        ("rtl", "to-hw", "to-hw works on tokens and requests, and this is hardware\n"),
        ("rtl", "lower-to-schedule", "label-loops works on loops, and this is hardware\n"),
        (
            "schedule",
            "loops-to-schedule",
            "loops-to-schedule works on loops, and this is a schedule\n"
            "  help: bind, control and to-hw make hardware of a schedule, one after the other\n",
        ),
        (
            "schedule",
            "bind,to-hw",
            "to-hw works on tokens and requests, and this is a bound schedule\n"
            "  help: control and to-hw make hardware of a bound schedule, one after the other\n",
        ),
        (
            "loops",
            "to-hw",
            "to-hw works on tokens and requests, and this is loops\n"
            "  help: lower-to-schedule makes a schedule of loops\n",
        ),
        (
            "tensor",
            "control",
            "control works on a bound schedule, and this is tensors\n  help: linalg-to-loops makes loops of tensors\n",
        ),
    ],
)
def test_a_pass_that_works_on_another_level(command, level: str, passes: str, said: str):
    if level == "tensor":
        text = "func.func @f(%a: tensor<3xf32>) -> tensor<3xf32> {\n"
        text += "  %0 = arith.addf %a, %a : tensor<3xf32>\n  return %0 : tensor<3xf32>\n}\n"
    else:
        text = gw.compile(scale).ir(level)
    Path("given.mlir").write_text(text)
    ended = command("gatewright-opt", "given.mlir", "-p", passes)
    assert (ended.code, ended.out, ended.err) == (1, "", said)


def scale(a: gw.f32[8]):
    for i in range(8):
        a[i] *= a[i]


def test_hardware_that_is_given_as_a_source():
    with pytest.raises(gw.GatewrightError) as caught:
        gw.compile(gw.compile(scale).ir("rtl"))
    assert "this is hardware already" in str(caught.value)
