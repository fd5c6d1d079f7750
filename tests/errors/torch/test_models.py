"""What is said of PyTorch models that have no hardware, to the letter."""

from __future__ import annotations

import sys

import pytest
import torch
import torch.ao.quantization.fx._decomposed  # registers torch.ops.quantized_decomposed  # noqa: F401

import gatewright as gw

X = torch.zeros(1, 4)


def test_a_function_of_numbers_that_are_too_wide(message):
    body = "    def forward(self, x):\n        y = 2 * x\n        return torch.softmax(y, 1)\n"
    assert message(body, X, precision="fixed<32,16>") == (
        """\
model.py:8: math.exp of data has no fixed-point hardware
    8 |         return torch.softmax(y, 1)
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^
  it is not a sum, product or choice of its inputs
  help: a format of at most 24 bits: it is computed in single precision then"""
    )


def test_a_division_by_data_that_is_too_wide(message):
    body = "    def forward(self, x, y):\n        return x / y\n"
    assert message(body, X, X, precision="fixed<32,16>") == (
        """\
model.py:7: a division by data has no fixed-point hardware
    7 |         return x / y
      |         ^^^^^^^^^^^^
  only constants divide exactly
  help: a format of at most 24 bits: it is computed in single precision then"""
    )


def test_a_precision_for_a_model_that_is_quantised_in_part(message):
    body = (
        "    def forward(self, x):\n"
        "        q = torch.ops.quantized_decomposed.quantize_per_tensor(x, 0.1, 0, -128, 127, torch.int8)\n"
        "        y = torch.ops.quantized_decomposed.dequantize_per_tensor(q, 0.1, 0, -128, 127, torch.int8)\n"
        "        return torch.softmax(y, 1)\n"
    )
    assert message(body, X) == (
        """\
model.py:7: a model that is quantised in part is given a precision for the rest
    7 |         q = torch.ops.quantized_decomposed.quantize_per_tensor(x, 0.1, 0, -128, 127, torch.int8)
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  integers of both kinds do not meet
  help: leave out the precision: what is not quantised stays floating point"""
    )


def test_an_operation_that_is_not_linear_algebra(message):
    body = "    def forward(self, x):\n        return torch.cumsum(x, 1)\n"
    assert message(body, X) == (
        """\
model.py:7: tm_tensor.scan has no fixed-point hardware
    7 |         return torch.cumsum(x, 1)
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^
  operations on whole tensors are sums of products, elementwise ones, padding, slicing, joining and reshaping"""
    )


def test_an_operation_that_torch_mlir_does_not_know(message):
    body = "    def forward(self, x):\n        return torch.linalg.eigvalsh(x)\n"
    assert message(body, torch.eye(3)) == (
        """\
model.py:7: the PyTorch operation aten._linalg_eigh is not supported
    7 |         return torch.linalg.eigvalsh(x)
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  torch-mlir has no way to compute it with linalg"""
    )


def test_control_flow_that_depends_on_data(message):
    body = "    def forward(self, x):\n        if x.sum() > 0:\n            return x\n        return -x\n"
    assert message(body, X) == (
        """\
model.py:7: the model decides by the values of its data what to do next
    7 |         if x.sum() > 0:
      |            ^^^^^^^^^^^
  torch.export records one flow of control, for all values
  help: compute both and choose: torch.where(condition, this, that)"""
    )


def test_example_arguments_that_do_not_fit(message):
    body = "    def __init__(self):\n        super().__init__()\n        self.inner = nn.Linear(3, 2)\n\n"
    body += "    def forward(self, x):\n        return self.inner(x)\n"
    assert message(body, X) == (
        """\
model.py:11: torch.export cannot trace this model
   11 |         return self.inner(x)
      |                ^^^^^^^^^^^^^
  RuntimeError: a and b must have same reduction dim, but got [1, 4] X [3, 2].
  help: the model must run on the example arguments"""
    )


def test_no_example_arguments(message):
    assert message("    def forward(self, x):\n        return x\n") == (
        """\
a PyTorch model needs example arguments
  the shapes of its tensors follow from them
  help: gw.compile(model, args=(x,))"""
    )


def test_integers_among_real_numbers(message):
    body = "    def forward(self, x):\n        return x.argmax(1)\n"
    assert message(body, X) == (
        """\
model.py:7: a floating-point model takes or returns tensor<1xi64>
    7 |         return x.argmax(1)
      |         ^^^^^^^^^^^^^^^^^^
  with a precision every argument and result is a tensor of fixed-point numbers"""
    )


def test_an_operation_on_complex_numbers(message):
    body = "    def forward(self, x):\n        return torch.linalg.det(x.to(torch.complex64).expand(4, 4))\n"
    assert message(body, X, precision=None) == (
        """\
model.py:7: the PyTorch operation aten._linalg_det.default of complex numbers is not supported
    7 |         return torch.linalg.det(x.to(torch.complex64).expand(4, 4))
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  PyTorch does not know it by the real and imaginary parts
  help: compute with the parts: z.real and z.imag"""
    )


def test_complex_numbers_in_fixed_point(message):
    body = "    def forward(self, x):\n        return x.to(torch.complex64)\n"
    assert message(body, X, precision="fixed<16,8>") == (
        """\
to is complex, and has no fixed-point format
  help: give and take the parts, as in torch.view_as_complex(x) and torch.view_as_real(z)"""
    )


def test_torch_is_not_installed(monkeypatch: pytest.MonkeyPatch):
    model = torch.nn.ReLU()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(gw.ToolError) as raised:
        gw.compile(model, args=(X,))
    assert str(raised.value) == (
        """\
compiling a PyTorch model needs PyTorch
  torch is not installed
  help: pip install "gatewright[torch]\""""
    )


def test_a_value_that_is_not_a_number():
    design = gw.compile(torch.nn.ReLU(), args=(X,), precision="fixed<16,8>")
    with pytest.raises(gw.InterfaceError) as raised:
        design(torch.tensor([[0.0, float("nan"), 1.0, 2.0]]).numpy())
    assert str(raised.value) == (
        """\
argument input holds NaN
  fixed<16,8> has no representation of it"""
    )


class Masked(torch.nn.Module):
    """A model with an argument that may be missing, and a name among its results."""

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> tuple[torch.Tensor, str]:
        """Twice the numbers, or those that are not masked."""
        return (2 * x if mask is None else x * mask), "numbers"


def test_an_argument_that_is_missing_and_a_result_that_is_a_name():
    numbers, name = gw.compile(Masked(), args=(X, None))(X + 1)
    assert numbers.tolist() == [[2, 2, 2, 2]]
    assert name == "numbers"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"args": ((X, X),)}, "argument 1 of the model is a tuple of other things"),
        ({"args": (), "kwargs": {"x": {"a": X}}}, "the argument x of the model is a dict of other things"),
        ({"args": ("abc",)}, "argument 1 of the model is 'abc', which is no tensor"),
        ({"args": (X,), "kwargs": [1]}, "kwargs=[1] names no arguments"),
        ({"args": (X,), "kwargs": {"y": X}}, "torch.export cannot trace this model"),
        ({"args": ()}, "torch.export cannot trace this model"),
    ],
)
def test_examples_that_are_no_tensors(given: dict[str, object], said: str):
    with pytest.raises(gw.GatewrightError) as caught:
        gw.compile(Masked(), **given)
    assert str(caught.value).splitlines()[0] == said
