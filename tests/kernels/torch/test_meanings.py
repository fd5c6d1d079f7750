"""What operations mean at their edges is what PyTorch makes of them: of NaNs, infinities, tiny numbers, narrow sums."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torch_layers import Function

import gatewright as gw

NAN, INF = float("nan"), float("inf")
EDGES = torch.tensor([1.0, -2.0, NAN, INF, -INF, 0.0, 1e-3, -1e-3, -1e-8, 88.8, -3.0, 5.0])
NORMAL = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
LONG = torch.randn(2, 300, generator=torch.Generator().manual_seed(1))


class Scaled(nn.Module):
    """Equal weights that are read through another shape."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A row of sums."""
        return x.sum(0, keepdim=True) * self.weight.view(1, 4)


class Joined(nn.Module):
    """What is given, with parameters and buffers around it."""

    def __init__(self):
        super().__init__()
        self.token, self.ones = nn.Parameter(torch.randn(1, 4)), nn.Parameter(torch.ones(1, 4))
        self.register_buffer("rows", torch.arange(8.0).reshape(2, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """All of them, one below the other."""
        return torch.cat([self.token, x, self.rows, self.ones, self.token])


CASES: dict[str, tuple[nn.Module, torch.Tensor]] = {
    "maximum": (Function(lambda x: torch.maximum(x, torch.flip(x, (0,)))), EDGES),
    "clamp": (Function(lambda x: torch.clamp(x, -1, 2)), EDGES),
    "relu6": (nn.ReLU6(), EDGES),
    "hardsigmoid": (nn.Hardsigmoid(), EDGES),
    "a choice of the user's": (Function(lambda x: torch.where(x > 0.5, x, 0.5)), EDGES),
    "to unsigned": (Function(lambda x: x.to(torch.uint8)), torch.tensor([0.5, 3.99, 127.0, 128.0, 200.7, 255.0])),
    "sinh": (Function(torch.sinh), EDGES),
    "cosh": (Function(torch.cosh), EDGES),
    "elu": (nn.ELU(), EDGES),
    "selu": (nn.SELU(), EDGES),
    "celu": (nn.CELU(2.0), EDGES),
    "square root by power": (Function(lambda x: x**0.5), EDGES),
    "sum of brain floats": (Function(lambda x: x.sum()), torch.ones(400).bfloat16()),
    "mean of half floats": (Function(lambda x: x.mean(-1)), LONG.half()),
    "a number and itself": (Function(lambda x: x == x), EDGES),
    "sums and themselves": (Function(lambda x: (x + 1) == (x + 1)), EDGES),
    "the place of the largest": (Function(lambda x: x.argmax()), EDGES),
    "the place of the smallest": (Function(lambda x: x.argmin()), EDGES),
    "places of the largest": (Function(lambda x: x.reshape(3, 4).max(1)[1]), EDGES),
    "a place": (Function(lambda x: x.argmax()), NORMAL),
    "one number": (Function(lambda x: torch.amax(x, (0, 1))), NORMAL),
    "cross entropy": (Function(lambda x: F.cross_entropy(x, torch.tensor([1, 0, 3]))), NORMAL),
    "equal weights in another shape": (Scaled(), NORMAL),
    "parameters in a list": (Joined(), NORMAL),
    "one number in an array": (Function(lambda x: torch.stack([x.sum(), x.amax()])), NORMAL),
    "one number with axes": (Function(lambda x: x.sum().reshape(1, 1) * x), NORMAL),
    "root of squares": (Function(lambda x: torch.hypot(x, torch.flip(x, (0,)) * 1e30)), EDGES),
    "groups of one": (nn.GroupNorm(4, 4), torch.randn(1, 4, 3, generator=torch.Generator().manual_seed(2))),
    "groups of two": (nn.GroupNorm(2, 4), torch.randn(1, 4, 5, 5, generator=torch.Generator().manual_seed(3))),
}


@pytest.mark.parametrize("name", CASES)
def test_an_operation_is_what_pytorch_makes_of_it(name: str):
    model, x = CASES[name]
    design = gw.compile(model.eval(), args=(x,), search=0)
    with torch.no_grad():
        returned = model(x)
    expected = (returned.float() if returned.dtype == torch.bfloat16 else returned).numpy()
    found = {level: design.run(x, level=level).outputs[0] for level in ("tensor", "loops", "rtl")}
    assert found["tensor"].tobytes() == found["loops"].tobytes() == found["rtl"].tobytes()
    tolerance = 2e-3 if x.dtype == torch.float16 else 1e-5
    np.testing.assert_allclose(found["loops"].reshape(expected.shape), expected, rtol=tolerance, atol=1e-9)


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda x: torch.fmod(x, torch.ones_like(x)), "aten.fmod of floating-point numbers has no hardware"),
        (lambda x: x % 2, "aten.remainder of floating-point numbers has no hardware"),
        (lambda x: x // 2, "aten.floor_divide of floating-point numbers has no hardware"),
        (lambda x: torch.div(x, 2, rounding_mode="floor"), "aten.div of floating-point numbers has no hardware"),
        (lambda x: x[x > 0], "the size of this tensor depends on the data"),
        (lambda x: x.mul_(2), "the model changes"),
    ],
)
def test_what_would_be_wrong_is_refused(function: Callable[[torch.Tensor], torch.Tensor], what: str):
    with pytest.raises(gw.UnsupportedError, match=what):
        gw.compile(Function(function), args=(NORMAL.clone(),))


def test_a_tensor_that_is_returned_twice():
    design = gw.compile(Function(lambda x: (torch.relu(x),) * 2), args=(NORMAL,))
    for level in ("tensor", "loops", "rtl"):
        for result in design.run(NORMAL, level=level).outputs:
            np.testing.assert_array_equal(result, torch.relu(NORMAL).numpy(), err_msg=level)


@pytest.mark.parametrize(
    ("type_", "decomposed"),
    [(torch.float32, False), (torch.float32, True), (torch.bfloat16, False)],
    ids=["single", "decomposed", "brain"],
)
@pytest.mark.parametrize(
    ("model", "shape"),
    [(nn.LayerNorm(6), (2, 6)), (nn.LayerNorm((2, 6), bias=False), (1, 2, 6)), (nn.GroupNorm(2, 4), (2, 4, 3))],
    ids=["layer norm", "layer norm of two axes", "group norm"],
)
def test_norms_are_taken_in_single_precision(
    model: nn.Module, shape: tuple[int, ...], type_: torch.dtype, decomposed: bool
):
    """As PyTorch takes them, and with no mean that is taken twice."""
    model = model.to(type_).eval()
    x = (3 * torch.randn(shape, generator=torch.Generator().manual_seed(4)) + 100).to(type_)
    exported = torch.export.export(model, (x,))
    if decomposed:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of PyTorch's own table
            exported = exported.run_decompositions()
    design = gw.compile(exported, args=(x,), multipliers=1, search=0)
    expected = model(x).detach().double().numpy()
    unit = torch.finfo(type_).eps
    np.testing.assert_allclose(np.asarray(design(x), np.float64), expected, rtol=4 * unit, atol=40 * unit)
    assert not any("f64" in row["name"] for row in design.report["operators"])
    assert sum(row["units"] for row in design.report["operators"] if row["kind"] == "mulf") == 1
