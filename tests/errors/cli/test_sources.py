"""What the command line says about a source that cannot be read, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

KERNEL = """\
import gatewright as gw


@gw.kernel
def double(a: gw.i32[4], b: gw.i32[4]):
    for i in range(4):
        b[i] = 2 * a[i]
"""


def write(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


def test_a_missing_file(command):
    ended = command("gatewright", "compile", "nowhere.py", "-o", "build")
    assert ended.err == "cannot read nowhere.py\n  there is no such file\n"
    assert (ended.code, ended.out) == (1, "")


def test_a_file_of_another_kind(command):
    write("notes.txt", "")
    ended = command("gatewright", "compile", "notes.txt", "-o", "build")
    assert ended.err == "cannot read notes.txt\n  a source is a .py, .mlir or .onnx file\n"
    assert ended.code == 1


def test_a_folder_is_not_a_program(command):
    Path("model").mkdir()
    ended = command("gatewright", "compile", "model", "-o", "build")
    assert ended.err == (
        "model is a folder, not a program\n  a folder with a main.py can only be run\n  help: gatewright run model\n"
    )


def test_a_folder_without_a_main(command):
    Path("model").mkdir()
    ended = command("gatewright", "run", "model")
    assert ended.err == "cannot run model\n  it has no main.py\n"


def test_a_main_without_a_function(command):
    Path("model").mkdir()
    write("model/main.py", "x = 1\n")
    ended = command("gatewright", "run", "model")
    assert ended.err == "cannot run model\n  its main.py defines no main(argv)\n"


def test_malformed_python(command):
    write("broken.py", "def f(a:\n    return a +\n")
    ended = command("gatewright", "compile", "broken.py", "-o", "build")
    assert ended.err == (
        "broken.py:1: this is not valid Python: '(' was never closed\n    1 | def f(a:\n      |      ^\n"
    )
    assert not Path("build").exists()


def test_a_python_file_that_is_not_text(command):
    Path("broken.py").write_bytes(b"\xff\xfe\x00")
    ended = command("gatewright", "compile", "broken.py", "-o", "build")
    assert ended.code == 1
    assert ended.err.startswith("broken.py") and "Traceback" not in ended.err


def test_a_python_file_that_fails(command):
    write("broken.py", "scale = 3\n\ndef half(x):\n    return x / zero\n\ntable = half(scale)\n")
    ended = command("gatewright", "compile", "broken.py", "-o", "build")
    assert ended.err == (
        "broken.py:4: it failed with NameError: name 'zero' is not defined\n"
        "    4 |     return x / zero\n"
        "      |                ^^^^\n"
    )
    assert ended.code == 1


def test_a_python_file_that_imports_what_is_not_there(command):
    write("broken.py", "import no_such_package_at_all\n")
    ended = command("gatewright", "compile", "broken.py", "-o", "build")
    assert ended.err == (
        "broken.py:1: it failed with ModuleNotFoundError: No module named 'no_such_package_at_all'\n"
        "    1 | import no_such_package_at_all\n"
        "      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
    )


def test_a_python_file_without_a_program(command):
    write("empty.py", "x = 1\n")
    ended = command("gatewright", "compile", "empty.py", "-o", "build")
    assert ended.err == "empty.py defines no program\n  it has no function and no model\n"


def test_a_python_file_with_two_programs(command):
    write("two.py", "def f(a): return a\ndef g(a): return a\n")
    ended = command("gatewright", "compile", "two.py", "-o", "build")
    assert ended.err == (
        "two.py defines 2 programs\n  which of them to compile must be said\n  help: name one: two.py:f; it has f, g\n"
    )


def test_a_name_that_a_python_file_does_not_define(command):
    write("two.py", "def f(a): return a\ndef g(a): return a\n")
    ended = command("gatewright", "compile", "two.py:h", "-o", "build")
    assert ended.err == "two.py defines no h\n  help: it has f, g\n"


def test_types_that_are_none(command):
    write("one.py", "def f(a): return a\n")
    ended = command("gatewright", "compile", "one.py", "-o", "build", "--args", "i32[8")
    assert ended.err == "'i32[8' is not a type\n  help: for example --args 'i32[8,8],u32'\n"


def test_truncated_inputs(command):
    write("one.py", "def f(a): return a\n")
    Path("x.npz").write_bytes(b"PK\x03\x04half")
    ended = command("gatewright", "compile", "one.py", "-o", "build", "--args", "x.npz")
    assert ended.err == "cannot read x.npz\n  it is not a whole .npz file of numbers\n"


def test_inputs_that_hold_objects(command):
    import numpy as np

    write("one.py", "def f(a): return a\n")
    np.savez("x.npz", np.array([{}], object))
    ended = command("gatewright", "compile", "one.py", "-o", "build", "--args", "x.npz")
    assert ended.err == "cannot read x.npz\n  it is not a whole .npz file of numbers\n"


def test_a_report_that_is_not_there(command):
    Path("build").mkdir()
    ended = command("gatewright", "report", "build")
    assert ended.err == (
        "cannot read build/report.json\n  there is no such file\n  help: gatewright compile SOURCE -o build\n"
    )


def test_a_truncated_report(command):
    Path("build").mkdir()
    write("build/report.json", '{"name": "f')
    ended = command("gatewright", "report", "build")
    assert ended.err == "cannot read build/report.json\n  it is not a whole JSON file\n"


@pytest.mark.parametrize("words", [["compile", "one.py"], ["compile"], [], ["run", "x.py", "--level"], ["build"]])
def test_bad_usage_is_told_by_the_usage(command, words: list[str]):
    with pytest.raises(SystemExit) as ended:
        command("gatewright", *words)
    assert ended.value.code == 2
