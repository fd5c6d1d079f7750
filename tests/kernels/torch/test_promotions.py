"""Numbers and tensors without axes take the type of the tensor that they meet, as in PyTorch, at every level."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch_layers import Function

import gatewright as gw

TENTHS = torch.tensor([0.1, 0.2, 0.3, 0.7])
BYTES = torch.tensor([3, 136, 200, 255, 0, 128, 7], dtype=torch.uint8)
NARROW = torch.tensor([3, -100, 2, 77], dtype=torch.int8)
WORDS = torch.tensor([3, -4, 127], dtype=torch.int32)
TRUTHS = torch.tensor([True, False, True])
REAL = torch.tensor([200.0, 255.0, 7.9])
NAN, INF = float("nan"), float("inf")


def tenths(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return x == 0.1, x > 0.1, x <= 0.3, x != 0.3, x >= 0.7, x < 0.7, x > 1e6, x.clamp(0.1, 0.3) == 0.3


def assigned(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    z = x.clone()
    z[1:] = y
    return z


def copied(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    z = torch.zeros_like(x)
    z.copy_(y)
    return z


def tensor(*numbers: float, dtype: torch.dtype | None = None) -> torch.Tensor:
    return torch.tensor(numbers, dtype=dtype)


CASES: dict[str, tuple[Callable[..., object], tuple[torch.Tensor, ...]]] = {
    "numbers beside single precision": (tenths, (TENTHS,)),
    "numbers beside half precision": (tenths, (TENTHS.half(),)),
    "numbers beside brain floats": (tenths, (TENTHS.bfloat16(),)),
    "numbers beside double precision": (tenths, (TENTHS.double(),)),
    "thresholds": (lambda x: (F.threshold(x, 0.1, 0.0), F.hardshrink(x, 0.1), x.masked_fill(x <= 0.3, 0)), (TENTHS,)),
    "numbers beside integers": (lambda x: (x == 2**32 + 3, x < 2**31, x > 1.5, x == 2.5), (WORDS,)),
    "numbers beside truth values": (lambda x: (x == 1, x > 0, x < 0.5), (TRUTHS,)),
    "bounds of bytes": (lambda x: (x.clamp(min=-5), x.clamp(-5, 130), x.clamp(max=200.5)), (BYTES,)),
    "one signed number beside bytes": (
        lambda x, y: (
            x > y,
            x == y,
            torch.maximum(x, y),
            torch.minimum(x, y),
            torch.where(x > 100, x, y),
            x * y,
            x / y,
        ),
        (BYTES, torch.tensor(-3, dtype=torch.int32)),
    ),
    "one byte beside signed numbers": (
        lambda x, y: (x * y, x - y, x > y, x & y, x | y, x ^ y),
        (torch.tensor(200, dtype=torch.uint8), NARROW),
    ),
    "one double beside floats": (lambda x, y: (x == y, x > y, x + y), (TENTHS, torch.tensor(0.1, dtype=torch.float64))),
    "one float beside halves": (lambda x, y: (x == y, x <= y), (TENTHS.half(), torch.tensor(0.1))),
    "one wide number beside narrow ones": (
        lambda x, y: (x > y, x == y),
        (NARROW, torch.tensor(300, dtype=torch.int16)),
    ),
    "floats into bytes": (copied, (BYTES[:3], REAL)),
    "floats into a part of bytes": (assigned, (BYTES[:4], REAL)),
    "floats as bytes": (lambda x, y: y.type_as(x), (BYTES, REAL)),
    "floats as words": (lambda x: x.to(torch.uint32), (tensor(3e9, 4294967040.0, 7.5),)),
    "floats as half words": (lambda x: (x.to(torch.uint16), x.half().to(torch.uint16)), (tensor(1.0, 40000.0),)),
    "numbers of all kinds as half words": (lambda x: x.to(torch.uint16), (NARROW.abs(),)),
    "half words of halves": (lambda x: (x.float() * 0.5).to(torch.uint16), (tensor(1, 40001, dtype=torch.uint16),)),
    "bytes between": (
        lambda x: F.interpolate(x, size=(4, 7), mode="bilinear", align_corners=True),
        ((torch.arange(48) * 5 % 256).reshape(1, 3, 4, 4).to(torch.uint8),),
    ),
    "bytes halfway": (
        lambda x: F.interpolate(x, size=(1, 4), mode="bilinear"),
        (torch.tensor([[[[0, 6]]]], dtype=torch.uint8),),
    ),
    "quotients of truth values": (lambda x: (x // 2, x % 2, torch.div(x, 3, rounding_mode="trunc")), (TRUTHS,)),
    "narrow numbers": (
        lambda x: (x.max(), x.min(), *x.max(0), x // 2, x % 7, x.remainder(-7), x.fmod(7), x // 300),
        (NARROW,),
    ),
    "narrow quotients": (
        lambda x, y: (x // y, x % y, x.div(y, rounding_mode="trunc"), x.div(x, rounding_mode="floor")),
        (NARROW, tensor(2, 3, -5, 7)),
    ),
    "closeness": (
        lambda x, y: (torch.isclose(x, y), torch.isclose(x, y, equal_nan=True)),
        (tensor(NAN, 1, NAN, INF, INF, 1, -INF, 1), tensor(1, NAN, NAN, INF, -INF, INF, -INF, 1.000001)),
    ),
    "closeness of integers": (torch.isclose, (tensor(1, 2, 3), tensor(1, 3, 3))),
    "axes that are not there": (
        lambda x: (x.softmax(0), x.log_softmax(-1), x.logsumexp(0), x.argmax(), x.argmin(0), *x.max(0), x.amax(0)),
        (torch.tensor(2.5),),
    ),
    "a narrow number without axes": (
        lambda x: (*x.max(0), *x.min(-1), x // 2),
        (torch.tensor(-7, dtype=torch.int8),),
    ),
    "the places of largest numbers": (
        lambda x: F.max_pool2d(x, 2, return_indices=True),
        (tensor(NAN, 1, 2, 3, 1, 2, 4, 3, 1, NAN, 5, 5, NAN, 3, 5, 5).reshape(1, 1, 4, 4),),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_types_and_numbers_are_those_of_pytorch(name: str):
    function, inputs = CASES[name]
    design = gw.compile(Function(function), args=inputs, search=0)
    returned = Function(function)(*inputs)
    expected = returned if isinstance(returned, tuple) else (returned,)
    for level in ("loops", "rtl"):
        for mine, tensor_ in zip(design.run(*inputs, level=level).outputs, expected, strict=True):
            real = (tensor_.float() if tensor_.dtype == torch.bfloat16 else tensor_).numpy()
            assert (np.asarray(mine).dtype, np.shape(mine)) == (real.dtype, real.shape), level
            np.testing.assert_allclose(mine, real, rtol=1e-6 if real.dtype.kind == "f" else 0, err_msg=level)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("padding", ["zeros", "border"])
def test_points_halfway_belong_to_the_element_that_pytorch_takes(align_corners: bool, padding: str):
    places = [2 * (k + 0.5) / (3 if align_corners else 4) - 1 for k in range(-1, 4)]
    grid = torch.tensor([[[(u, v) for u in places] for v in places]])
    image = torch.arange(1.0, 33).reshape(1, 2, 4, 4)
    options = {"mode": "nearest", "padding_mode": padding, "align_corners": align_corners}
    function = Function(lambda x, grid: F.grid_sample(x, grid, **options))
    design = gw.compile(function, args=(image, grid), search=0)
    np.testing.assert_array_equal(design.run(image, grid, level="rtl").outputs[0], function(image, grid).numpy())


def test_a_comparison_with_a_number_takes_one_comparator_of_the_tensors_type():
    design = gw.compile(Function(lambda x: x > 0.1), args=(TENTHS,))
    assert "f64" not in design.ir("loops")
