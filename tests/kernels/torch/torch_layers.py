"""PyTorch layers, and small networks of them, with seeded weights and inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn


@dataclass(frozen=True)
class Layer:
    """A model by name, and the shapes of its inputs."""

    name: str
    build: Callable[[], nn.Module]
    shapes: tuple[tuple[int, ...], ...] = ((1, 2, 6, 6),)

    def __str__(self) -> str:
        return self.name

    def model(self) -> nn.Module:
        """The model with the same weights every time, batch statistics included, in evaluation mode."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = self.build()
            for part in model.modules():
                if isinstance(part, nn.BatchNorm2d):
                    assert part.running_mean is not None and part.running_var is not None
                    part.running_mean.normal_()
                    part.running_var.uniform_(0.5, 2)
                    nn.init.uniform_(part.weight, -1.5, 1.5)
                    nn.init.normal_(part.bias)
        return model.eval()

    def inputs(self, seed: int) -> tuple[torch.Tensor, ...]:
        """Normally distributed inputs."""
        generator = torch.Generator().manual_seed(seed)
        return tuple(torch.randn(shape, generator=generator) for shape in self.shapes)


class Function(nn.Module):
    """A function of tensors as a module."""

    def __init__(self, function: Callable[..., object]):
        super().__init__()
        self.function = function

    def forward(self, *inputs: torch.Tensor) -> object:
        """What the function returns."""
        return self.function(*inputs)


class Residual(nn.Module):
    """Two convolutions with batch normalisation, and a shortcut with a convolution of its own around them."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 3, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(3)
        self.second = nn.Conv2d(3, 3, 3, padding=1)
        self.second_norm = nn.BatchNorm2d(3)
        self.shortcut = nn.Conv2d(2, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sum of both paths, at least 0."""
        y = torch.relu(self.first_norm(self.first(x)))
        return torch.relu(self.second_norm(self.second(y)) + self.shortcut(x))


class Joined(nn.Module):
    """Two convolutions whose results are joined along the channels."""

    def __init__(self):
        super().__init__()
        self.narrow = nn.Conv2d(2, 2, 1)
        self.wide = nn.Conv2d(2, 3, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Both results and the input."""
        return torch.relu(torch.cat([self.narrow(x), self.wide(x), x], 1))


LAYERS = (
    Layer("linear", lambda: nn.Linear(6, 3)),
    Layer("perceptron", lambda: nn.Sequential(nn.Flatten(), nn.Linear(72, 9), nn.ReLU(), nn.Linear(9, 4))),
    Layer("conv2d", lambda: nn.Conv2d(2, 3, 3)),
    Layer("conv2d_stride_padding", lambda: nn.Conv2d(2, 3, 3, stride=2, padding=1)),
    Layer("conv2d_groups", lambda: nn.Sequential(nn.Conv2d(2, 4, 3, groups=2, padding=1), nn.ReLU())),
    Layer("conv2d_dilation", lambda: nn.Conv2d(2, 3, 2, dilation=2, padding=(2, 1))),
    Layer("conv2d_depthwise", lambda: nn.Conv2d(2, 2, 3, groups=2, bias=False)),
    Layer("relu", nn.ReLU),
    Layer("relu6", lambda: Function(lambda x: F.relu6(4 * x))),
    Layer("max_pool2d", lambda: nn.MaxPool2d(2)),
    Layer("max_pool2d_padding", lambda: nn.MaxPool2d(3, 2, 1, ceil_mode=True)),
    Layer("avg_pool2d", lambda: nn.AvgPool2d((2, 3))),
    Layer("avg_pool2d_padding", lambda: nn.AvgPool2d(3, 2, 1)),
    Layer("avg_pool2d_padding_not_counted", lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False)),
    Layer("adaptive_avg_pool2d_1", lambda: nn.AdaptiveAvgPool2d(1)),
    Layer("adaptive_avg_pool2d_whole", lambda: nn.AdaptiveAvgPool2d((3, 2))),
    Layer("adaptive_avg_pool2d_uneven", lambda: nn.AdaptiveAvgPool2d((4, 3)), ((1, 2, 7, 5),)),
    Layer("batch_norm2d", lambda: nn.BatchNorm2d(2)),
    Layer("conv2d_batch_norm2d", lambda: nn.Sequential(nn.Conv2d(2, 3, 3, bias=False), nn.BatchNorm2d(3), nn.ReLU())),
    Layer("residual", Residual),
    Layer("concat", Joined),
    Layer("flatten", nn.Flatten),
    Layer("reshape", lambda: Function(lambda x: x.reshape(3, 24) + 1)),
    Layer("transpose", lambda: Function(lambda x: x.transpose(1, 3))),
    Layer("permute_reshape", lambda: Function(lambda x: x.permute(0, 2, 3, 1).reshape(6, 12) + 1)),
    Layer("slice", lambda: Function(lambda x: x[:, :, ::2, 1:])),
    Layer("several_results", lambda: Function(lambda x, y: (x * y, x, torch.amax(y, 1))), ((2, 3, 2), (2, 3, 2))),
    Layer("hardswish", nn.Hardswish),
    Layer("division_by_constants", lambda: Function(lambda x: (5 * x) / 6 + x / 4 - x / 3)),
    Layer(
        "batch",
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)),
        ((2, 1, 6, 6),),
    ),
)
