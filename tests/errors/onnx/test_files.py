"""What is said of ONNX files that cannot be compiled, to the letter."""

from __future__ import annotations

import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

import gatewright as gw


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own for each test."""
    monkeypatch.chdir(tmp_path)


def text_of(source: str, precision: str = "fixed<16,8>") -> str:
    """The message that compiling a file ends with."""
    with pytest.raises(gw.GatewrightError) as raised:
        gw.compile(source, precision=precision)
    return str(raised.value)


def write(operation: str, shape: list[int | str], result: list[int | str] | None = None) -> None:
    """A model of one operation on one input called image, as model.onnx."""
    node = helper.make_node(operation, ["image"], ["result"])
    given = helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)
    returned = helper.make_tensor_value_info("result", TensorProto.FLOAT, shape if result is None else result)
    graph = helper.make_graph([node], "graph", [given], [returned])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), "model.onnx")


def test_a_missing_file():
    assert text_of("nowhere.onnx") == "cannot read nowhere.onnx\n  there is no such file"


def test_a_truncated_file():
    write("Relu", [1, 4])
    Path("model.onnx").write_bytes(Path("model.onnx").read_bytes()[:-9])
    assert text_of("model.onnx") == (
        """\
model.onnx is not an ONNX file, or is damaged
  Error parsing message with type 'onnx.ModelProto'"""
    )


def test_an_empty_file():
    Path("model.onnx").write_bytes(b"")
    assert text_of("model.onnx") == (
        """\
model.onnx is not a valid ONNX model
  The model does not have an ir_version set properly."""
    )


def test_an_operation_that_onnx_does_not_have():
    write("Dream", [1, 4])
    assert text_of("model.onnx") == (
        """\
model.onnx is not a valid ONNX model
  No Op registered for Dream with domain_version of 17"""
    )


def test_a_batch_of_any_size():
    write("Relu", ["batch", 4])
    assert text_of("model.onnx") == (
        """\
the input image of model.onnx has the shape [batch, 4]
  every array of a circuit has a fixed size
  help: export the model with a fixed batch size"""
    )


def test_a_function_of_numbers_that_are_too_wide():
    write("Sigmoid", [1, 4])
    assert text_of("model.onnx", "fixed<32,16>") == (
        """\
math.exp of data has no fixed-point hardware
  it is not a sum, product or choice of its inputs
  help: a format of at most 24 bits: it is computed in single precision then"""
    )


def test_a_model_on_which_torch_mlir_crashes():
    write("Unique", [4], ["count"])
    assert text_of("model.onnx") == (
        """\
model.onnx cannot be lowered
  torch-mlir: it crashes on this program"""
    )


def test_onnx_is_not_installed(monkeypatch: pytest.MonkeyPatch):
    write("Relu", [1, 4])
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert text_of("model.onnx") == (
        """\
reading an ONNX file needs the onnx package
  onnx is not installed
  help: pip install "gatewright[onnx]\""""
    )
