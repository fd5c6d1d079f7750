"""torch-mlir runs in a process of its own: a crash of it is an error here, and the next call works."""

from __future__ import annotations

import os

import pytest

from gatewright.bridge import worker
from gatewright.bridge.mlir import run_passes
from gatewright.bridge.worker import MlirError

TEXT = "func.func @f(%a: i32) -> i32 {\n  return %a : i32\n}"
ABORTS = "func.func(tosa-to-linalg-pipeline)"


def test_a_crash_is_an_error_and_the_next_call_works():
    with pytest.raises(MlirError, match="it crashes on this program"):
        run_passes(TEXT, ABORTS)
    assert "func.func" in run_passes(TEXT, "canonicalize").text


def test_one_process_serves_many_calls():
    run_passes(TEXT, "canonicalize")
    first = worker._worker
    run_passes(TEXT, "cse")
    assert worker._worker is first


def test_an_error_says_what_and_where_and_ends_nothing():
    with pytest.raises(MlirError, match="undeclared SSA value") as raised:
        run_passes("func.func @f() -> i32 {\n  return %b : i32\n}", "cse")
    assert [place[1:] for place in raised.value.places] == [(2, 10)]
    assert worker._worker is not None and worker._worker.process.poll() is None


def test_a_call_that_never_ends_is_an_error(monkeypatch: pytest.MonkeyPatch):
    run_passes(TEXT, "cse")
    monkeypatch.setattr(worker, "_WALL_SECONDS", 0)
    with pytest.raises(MlirError, match="takes more than"):
        run_passes(TEXT, "canonicalize")
    monkeypatch.undo()
    assert "func.func" in run_passes(TEXT, "canonicalize").text


def test_a_process_that_is_forked_has_a_worker_of_its_own():
    run_passes(TEXT, "cse")
    read, write = os.pipe()
    if not (child := os.fork()):
        try:
            os.write(write, str("func.func" in run_passes(TEXT, "canonicalize").text).encode())
            worker._stop()
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.read() == "True"
    os.waitpid(child, 0)
    assert "func.func" in run_passes(TEXT, "canonicalize").text


def test_too_large_a_tensor_is_refused_at_once():
    text = "func.func @f() -> tensor<100000x100000xf32> {\n"
    text += "  %0 = arith.constant dense<1.0> : tensor<100000x100000xf32>\n"
    text += "  return %0 : tensor<100000x100000xf32>\n}"
    with pytest.raises(MlirError, match="a tensor of 10,000,000,000 elements is more than 1,073,741,824"):
        run_passes(text, "cse")
