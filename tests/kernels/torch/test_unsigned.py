"""Unsigned tensors are unsigned in all that is done with them: every level gives PyTorch's numbers and types."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch_layers import Function

import gatewright as gw

X = torch.tensor([3, 136, 200, 255, 0, 128, 127, 254], dtype=torch.uint8)
Y = torch.tensor([255, 1, 130, 2, 128, 128, 3, 254], dtype=torch.uint8)
SIGNED = torch.tensor([-4, 3, -128, 127, 0, 1, -1, 100], dtype=torch.int8)
WORDS = torch.tensor([-70000, 3, 200, -5, 0, 1, -1, 100], dtype=torch.int32)
REAL = torch.tensor([0.5, 3.99, 127.0, 128.0, 200.7, 255.0, 0.0, 254.9])
IMAGE = torch.tensor([[0, 255, 128, 17], [130, 140, 150, 160], [9, 8, 200, 1], [255, 255, 0, 0]], dtype=torch.uint8)


class Remembered(torch.nn.Module):
    """A table of bytes among the buffers."""

    def __init__(self):
        super().__init__()
        self.register_buffer("table", torch.tensor([1, 250, 128, 7, 200, 3, 90, 255], dtype=torch.uint8))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Products with the table, the table itself, and where it is smaller."""
        return x * 0.5 + self.table, self.table, self.table < x


CASES: dict[str, tuple[Callable[..., object], tuple[torch.Tensor, ...]]] = {
    "the quotient by a number": (lambda x: x / 255, (X,)),
    "quotients": (lambda x, y: x / y, (X, Y)),
    "products with signed numbers": (lambda x, y: x * y, (X, WORDS)),
    "comparisons with signed numbers": (lambda x, y: (x > y, x <= y, x == y), (X, WORDS)),
    "sums with narrow signed numbers": (lambda x, y: (x + y, y - x), (X, SIGNED)),
    "products with floats": (lambda x, y: x * y, (X, REAL)),
    "sums with a number": (lambda x: (x + 44, 7 - x, x * 3), (X,)),
    "comparisons": (lambda x, y: (x > y, x == y, x != 200, x >= 200), (X, Y)),
    "floor quotient": (lambda x: (x // 7, x % 7), (X,)),
    "floor quotients": (lambda x, y: (x // y, x % y, torch.div(x, y, rounding_mode="trunc")), (X, Y)),
    "numbers that wrap": (lambda x: (x < 300, x >= -1, x == 392, x // 300, x % 300), (X,)),
    "negation": (lambda x: (-x, ~x), (X,)),
    "magnitude": (lambda x: (x.abs(), x.sign()), (X,)),
    "shifts": (lambda x: (x << 1, x >> 1), (X,)),
    "sums": (lambda x: (x.sum(), x.sum(dtype=torch.uint8), x.prod()), (X[:3],)),
    "means": (lambda x: x.float().mean(), (X,)),
    "largest": (lambda x: (x.max(), x.amin(), x.argmax(), x.argmin()), (X,)),
    "largest of rows": (lambda x: (*x.max(1), *x.min(0), x.amax((0, 1))), (IMAGE,)),
    "larger": (lambda x, y: (torch.maximum(x, y), torch.minimum(x, y), x.clamp(10, 200)), (X, Y)),
    "choices": (lambda x, y: (torch.where(x > y, x, y), torch.where(x > 130, x, 7)), (X, Y)),
    "joined": (lambda x, y: (torch.cat([x, y]), torch.stack([x, y])), (X, Y)),
    "joined with wider ones": (lambda x, y: torch.cat([x, y]), (X, WORDS)),
    "moved": (lambda x: (x.T, x.reshape(2, 8), x[1:, ::2], x.flip(0), F.pad(x, (1, 0), value=200)), (IMAGE,)),
    "to floats": (lambda x: (x.float(), x.half(), x.double()), (X,)),
    "to integers": (lambda x: (x.int(), x.long(), x.to(torch.int8), x.bool()), (X,)),
    "from floats": (lambda x: x.to(torch.uint8), (REAL,)),
    "from integers": (lambda x: x.to(torch.uint8), (WORDS,)),
    "numbers that are made": (lambda x: (torch.full_like(x, 200), x + torch.ones_like(x)), (X,)),
    "a table": (lambda x: torch.arange(256.0)[x.long()], (X,)),
    "an image": (lambda x: F.conv2d((x[None, None] / 255 - 0.5) / 0.25, torch.ones(1, 1, 2, 2) / 4), (IMAGE,)),
    "a matrix product": (lambda x, y: x.int() @ y.int().T, (IMAGE, IMAGE)),
    "sums of halves": (lambda x: (x[0] + x[1]) // 2, (IMAGE,)),
}


def check(model: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
    design = gw.compile(model, args=inputs, search=0)
    returned = model(*inputs)
    expected = [each.numpy() for each in (returned if isinstance(returned, tuple) else (returned,))]
    for level in ("loops", "rtl"):
        for mine, real in zip(design.run(*inputs, level=level).outputs, expected, strict=True):
            assert np.asarray(mine).dtype == real.dtype, level
            assert np.shape(mine) == real.shape, level
            np.testing.assert_allclose(mine, real, rtol=1e-6 if real.dtype.kind == "f" else 0, err_msg=level)


@pytest.mark.parametrize("name", CASES)
def test_bytes_of_a_model_are_unsigned(name: str):
    function, inputs = CASES[name]
    check(Function(function), inputs)


def test_buffers_may_be_unsigned():
    check(Remembered(), (X,))


@pytest.mark.parametrize("type_", [torch.uint16, torch.uint32, torch.uint64], ids=str)
def test_wider_types_are_unsigned_too(type_: torch.dtype):
    x = torch.tensor([3, 2**15 + 9, -1, 0]).to(type_)
    check(Function(lambda x: (x * x, x == x, torch.cat([x, x]), x & x)), (x,))
    if type_ != torch.uint64:
        check(Function(lambda x: (x / 3, x.sum(), x.float())), (x,))


def test_uint64_has_no_wider_type():
    x = torch.tensor([1, 2], dtype=torch.uint64)
    with pytest.raises(gw.UnsupportedError, match="div of uint64 is not supported in a model") as raised:
        gw.compile(Function(lambda x: x / 3), args=(x,))
    assert raised.value.remedy == "use uint32 or int64"
