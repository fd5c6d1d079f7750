"""Native code of the tensor level needs nothing that only some processors and C runtimes have."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import gatewright as gw
from gatewright.bridge import jit

EDGES = torch.tensor(
    [0.0, -0.0, 1 + 2.0**-8, 1 + 2.0**-8 + 2.0**-40, 1 + 3 * 2.0**-8 - 2.0**-45, 3.4e38, 1e300, -1e300, 2.0**-134]
    + [
        2.0**-134 + 2.0**-180,
        3 * 2.0**-134,
        3 * 2.0**-134 - 2.0**-170,
        1e-300,
        float("inf"),
        float("-inf"),
        float("nan"),
    ],
    dtype=torch.float64,
)


class Function(torch.nn.Module):
    """A function as a model."""

    def __init__(self, function):
        super().__init__()
        self.forward = function


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda x: x.bfloat16(), EDGES),
        (lambda x: x.bfloat16(), EDGES.float()),
        (lambda x: torch.maximum(x, -x), EDGES.bfloat16()),
        (lambda x: x * x + x, EDGES.bfloat16()),
        (lambda x: x.bfloat16() / 3, torch.arange(-4, 5, dtype=torch.int32)),
    ],
    ids=["double", "single", "largest", "sum of products", "integers"],
)
def test_rounding_to_brain_floats_is_done_with_integers(function, x: torch.Tensor, monkeypatch: pytest.MonkeyPatch):
    texts: list[str] = []
    compile_module = jit.compile_module

    def noting(module: object, optimisation: int) -> jit.NativeCode:
        texts.append(str(module))
        return compile_module(module, optimisation)

    monkeypatch.setattr(jit, "compile_module", noting)
    design = gw.compile(Function(function), args=(x,))
    found = design.run(x, level="tensor").outputs[0]
    np.testing.assert_array_equal(found, design.run(x, level="loops").outputs[0])  # PyTorch rounds doubles twice
    assert texts
    arithmetic = [line for line in texts[0].splitlines() if "bf16" in line and "fpext" not in line]
    assert not [
        line for line in arithmetic if any(word in line for word in ("fptrunc", "fadd", "fmul", "fdiv", "max", "itofp"))
    ]
