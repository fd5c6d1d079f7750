"""Models quantised by PyTorch's PT2E flow, and others that quantise and dequantise by themselves."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
import torch.ao.quantization.fx._decomposed  # registers the operations of torch.ops.quantized_decomposed  # noqa: F401
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
from torchao.quantization.pt2e.quantizer import Quantizer
from torchao.quantization.pt2e.quantizer.x86_inductor_quantizer import (
    X86InductorQuantizer,
    get_default_x86_inductor_quantization_config,
)
from torchao.testing.pt2e._xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

QUANTIZED = torch.ops.quantized_decomposed


class Residual(nn.Module):
    """Convolutions with padding, an addition, pooling, a dense layer."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.last = nn.Linear(4 * 16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores of an image."""
        y = torch.relu(self.first(x))
        y = F.max_pool2d(torch.relu(self.second(y) + y), 2)
        return self.last(torch.flatten(y, 1))


class Normalized(nn.Module):
    """Batch normalisation, which becomes part of the convolutions."""

    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Conv2d(2, 3, 3, bias=False), nn.BatchNorm2d(3)
        self.second = nn.Conv2d(3, 3, 3, stride=2)
        self.norm.running_var.copy_(torch.tensor([0.5, 1.5, 1.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of an image."""
        return F.relu(self.second(F.relu(self.norm(self.first(x)))))


class Joined(nn.Module):
    """Two branches of different scales, joined; one of them in groups, both clamped."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Conv2d(2, 4, 1, groups=2), nn.Conv2d(2, 2, 3, padding=1)
        self.last = nn.Conv2d(6, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of an image."""
        return self.last(torch.cat([F.hardtanh(self.left(x), 0, 6), F.relu(self.right(x))], 1))


class Gated(nn.Module):
    """A product of tensors, and a function that is a table for eight bits."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(12, 12), nn.Linear(12, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of each row."""
        y = self.first(x)
        return self.last(y * torch.sigmoid(y))


class Attention(nn.Module):
    """Products of tensors of data; softmax stays floating point."""

    def __init__(self):
        super().__init__()
        self.queries, self.keys, self.values, self.last = (nn.Linear(8, 8) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Self-attention."""
        weights = torch.softmax(self.queries(x) @ self.keys(x).transpose(-1, -2) / 8**0.5, -1)
        return self.last(weights @ self.values(x))


def xnnpack(per_channel: bool) -> Quantizer:
    """Signed activations, symmetric weights."""
    return XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=per_channel))


def x86() -> Quantizer:
    """Unsigned activations; the last layer is not quantised again."""
    return X86InductorQuantizer().set_global(get_default_x86_inductor_quantization_config())


@dataclass(frozen=True)
class Quantized:
    """A model and how it is quantised."""

    name: str
    model: Callable[[], nn.Module]
    shape: tuple[int, ...]
    quantizer: Callable[[], Quantizer]

    def __str__(self) -> str:
        return self.name

    def inputs(self, seed: int) -> torch.Tensor:
        """Random inputs."""
        return torch.randn(self.shape, generator=torch.Generator().manual_seed(seed))

    @cache  # noqa: B019
    def converted(self) -> nn.Module:
        """The quantised model, calibrated with random inputs."""
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(0)
            model = self.model().eval()
            exported = torch.export.export(model, (self.inputs(0),)).module()
            prepared = prepare_pt2e(exported, self.quantizer())
            for seed in range(8):
                prepared(self.inputs(seed))
            return convert_pt2e(prepared)


WHOLE = [
    Quantized("residual", Residual, (1, 1, 8, 8), lambda: xnnpack(False)),
    Quantized("residual, by channel", Residual, (1, 1, 8, 8), lambda: xnnpack(True)),
    Quantized("normalized", Normalized, (1, 2, 8, 8), lambda: xnnpack(True)),
    Quantized("joined", Joined, (1, 2, 5, 5), lambda: xnnpack(False)),
    Quantized("gated", Gated, (3, 12), lambda: xnnpack(True)),
]
"""Models of integers from end to end."""

MIXED = [
    Quantized("attention", Attention, (4, 8), lambda: xnnpack(False)),
    Quantized("residual, unsigned", Residual, (1, 1, 8, 8), x86),
    Quantized("joined, unsigned", Joined, (1, 2, 5, 5), x86),
]
"""Models that are floating point in part."""


def quantize(x: torch.Tensor, scale: float, zero: int, low: int, high: int, type_: torch.dtype) -> torch.Tensor:
    """Quantise and dequantise."""
    whole = QUANTIZED.quantize_per_tensor(x, scale, zero, low, high, type_)
    return QUANTIZED.dequantize_per_tensor(whole, scale, zero, low, high, type_)


class Bits(nn.Module):
    """A convolution, average pooling and a dense layer with numbers of few bits and scales that are powers of two.

    Floating-point arithmetic is exact then, so that PyTorch's answer is the answer.
    """

    def __init__(self, bits: int, unsigned: bool = False):
        super().__init__()
        self.low, self.high = (0, (1 << bits) - 1) if unsigned else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        self.type = torch.uint8 if unsigned else torch.int8
        self.zero = (self.low + self.high + 1) // 2
        generator = torch.Generator().manual_seed(bits)
        limit = (1 << (bits - 1)) - 1

        def weights(*shape: int) -> torch.Tensor:
            return torch.randint(-limit, limit + 1, shape, generator=generator, dtype=torch.int8)

        self.register_buffer("kernels", weights(3, 1, 3, 3))
        self.register_buffer("weights", weights(4, 3 * 9))
        self.limit = limit

    def _quantize(self, x: torch.Tensor, scale: float) -> torch.Tensor:
        return quantize(x, scale, self.zero, self.low, self.high, self.type)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores of an image."""
        step = 4.0 / (self.limit + 1)
        of_weights = 1.0 / (self.limit + 1)
        kernels = QUANTIZED.dequantize_per_tensor(self.kernels, of_weights, 0, -self.limit, self.limit, torch.int8)
        y = self._quantize(F.relu(F.conv2d(self._quantize(x, step), kernels, padding=1)), 4 * step)
        y = self._quantize(F.avg_pool2d(y, 2), 4 * step)
        weights = QUANTIZED.dequantize_per_tensor(self.weights, of_weights, 0, -self.limit, self.limit, torch.int8)
        return self._quantize(F.linear(torch.flatten(y, 1), weights), 16 * step)
