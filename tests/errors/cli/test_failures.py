"""What the command line does when the fault is not in the source."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatewright.tools import compile as gatewright_tool

PROGRAM = [sys.executable, "-m", "gatewright.tools.compile"]


def test_an_internal_error_is_one_line_and_a_file(command, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> int:
        raise AssertionError("a stage without a start\nand more")

    monkeypatch.setattr(gatewright_tool, "_report_command", broken)
    ended = command("gatewright", "report", "x.py")
    match = re.fullmatch(
        r"this is a bug in Gatewright \(AssertionError: a stage without a start\); the trace is in (\S+)\n", ended.err
    )
    assert match and ended.code == 70
    trace = Path(match[1])
    assert "in broken" in trace.read_text() and "xdsl 0.74.0" in trace.read_text()
    trace.unlink()


def test_an_error_of_the_compiler_is_ours_though_a_main_called_it(command):
    Path("model").mkdir()
    Path("model/main.py").write_text(
        "from gatewright.tools.inputs import random_arrays\n\ndef main(argv):\n    random_arrays(None, 0)\n"
    )
    ended = command("gatewright", "run", "model")
    assert ended.code == 70 and ended.err.startswith("this is a bug in Gatewright (AttributeError")
    Path(ended.err.split()[-1]).unlink()


def test_an_error_of_a_main_is_its_own(command):
    Path("model").mkdir()
    Path("model/main.py").write_text("def main(argv):\n    return argv[7]\n")
    ended = command("gatewright", "run", "model", "--", "a")
    assert (ended.code, ended.err) == (
        1,
        "main.py:2: it failed with IndexError: list index out of range\n"
        "    2 |     return argv[7]\n"
        "      |            ^^^^^^^\n",
    )


def test_a_main_takes_what_follows_the_dashes(command):
    Path("model").mkdir()
    Path("model/main.py").write_text("def main(argv):\n    print(argv)\n    return 3\n")
    ended = command("gatewright", "run", "model", "--", "--epochs", "3")
    assert (ended.code, ended.out, ended.err) == (3, "['--epochs', '3']\n", "")


def test_arguments_for_a_program_that_takes_none(command):
    Path("f.py").write_text("def f(a): return a\n")
    ended = command("gatewright", "run", "f.py", "--", "x")
    assert ended.err == "'x' has no use\n  only a folder's main.py takes arguments\n"


def test_a_full_standard_output(tmp_path: Path):
    (tmp_path / "report.json").write_text('{"name": "f"}')
    with open("/dev/full", "w") as full:
        run = subprocess.run([*PROGRAM, "report", str(tmp_path)], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (run.returncode, run.stderr) == (1, "cannot write the standard output\n  no space left on device\n")


def test_a_closed_pipe_is_no_error(tmp_path: Path):
    (tmp_path / "report.json").write_text('{"name": "f"}')
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run([*PROGRAM, "report", str(tmp_path)], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (run.returncode, run.stderr) == (0, "")


def test_an_interruption_is_one_word(tmp_path: Path):
    (tmp_path / "main.py").write_text("import time\ndef main(argv):\n    print('up', flush=True)\n    time.sleep(60)\n")
    pipe = subprocess.PIPE
    process = subprocess.Popen([*PROGRAM, "run", str(tmp_path)], stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None and process.stdout.readline() == "up\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "interrupted\n")
