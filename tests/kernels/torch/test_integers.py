"""PyTorch models of integers need no format: they wrap as PyTorch's do, at every level."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch_layers import Function

import gatewright as gw

LEVELS = ("tensor", "loops", "schedule", "rtl")


def random_integers(shape: tuple[int, ...], dtype: torch.dtype, seed: int) -> torch.Tensor:
    """Integers over the whole range of a type."""
    limits = torch.iinfo(dtype)
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(limits.min, limits.max, shape, generator=generator, dtype=dtype)


MODELS: dict[str, tuple[Callable[..., object], torch.dtype, int]] = {
    "sums and products": (lambda x, y: x + 3 * y - x * y, torch.int32, 2),
    "matrix product": (lambda x, y: x @ y.T, torch.int32, 2),
    "bytes": (lambda x, y: x + y, torch.int8, 2),
    "unsigned bytes": (lambda x, y: x + y, torch.uint8, 2),
    "bits": (lambda x, y: (x & y) ^ (x << 2), torch.int32, 2),
    "comparison": (lambda x, y: x > y, torch.int32, 2),
    "choice": (lambda x, y: torch.where(x > y, x, y - 1), torch.int16, 2),
    "largest": (lambda x: x.amax(1), torch.int32, 1),
    "where the largest is": (lambda x: x.argmax(1), torch.int32, 1),
    "magnitude": (lambda x: x.abs(), torch.int32, 1),
    "negation": (lambda x: -x, torch.int32, 1),
    "floor division": (lambda x, y: x // ((y & 7) - 9), torch.int32, 2),
    "remainder": (lambda x, y: x % ((y & 7) - 9), torch.int32, 2),
    "long sums": (lambda x: x.sum(1), torch.int32, 1),
    "windows": (lambda x: x.unfold(1, 2, 1).sum(-1, dtype=torch.int32), torch.int32, 1),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_integers_equals_pytorch(name: str):
    function, dtype, count = MODELS[name]
    model = Function(function)
    design = None
    for seed in range(3):
        inputs = [random_integers((3, 4), dtype, 10 * seed + k) for k in range(count)]
        design = design or gw.compile(model, args=tuple(inputs))
        expected = model(*inputs)
        assert isinstance(expected, torch.Tensor)
        for level in LEVELS:
            got = design.run(*(tensor.numpy() for tensor in inputs), level=level).outputs[0]
            np.testing.assert_array_equal(got, expected.numpy(), err_msg=level)
            assert got.dtype == expected.numpy().dtype


def test_a_division_by_zero_gives_zero_at_every_level():
    model = Function(lambda x, y: torch.div(x, y, rounding_mode="trunc"))
    x = torch.tensor([7, -7, -(2**31), 5], dtype=torch.int32)
    design = gw.compile(model, args=(x, x))
    y = np.array([0, 2, -1, 0], np.int32)
    for level in LEVELS:
        got = design.run(x.numpy(), y, level=level).outputs[0]
        np.testing.assert_array_equal(got, [0, -3, -(2**31), 0], err_msg=level)
