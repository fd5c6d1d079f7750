"""Random small networks of the supported layers: chains with shortcuts, joins, reshapings and constants between."""

from __future__ import annotations

import random
from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

Shape = tuple[int, int, int, int]
Step = Callable[[torch.Tensor], torch.Tensor]

FORMATS = ("fixed<16,8>", "fixed<8,4>", "fixed<13,7>", "fixed<20,10>")


class RandomNetwork(nn.Module):
    """A network that follows from its seed alone."""

    def __init__(self, seed: int):
        super().__init__()
        self.choose = random.Random(seed)
        self.parts = nn.ModuleList()
        self.steps: list[Step] = []
        channels, height, width = (
            self.choose.choice([1, 2, 3]),
            self.choose.choice([5, 7, 8]),
            self.choose.choice([4, 6]),
        )
        self.shape: Shape = (self.choose.choice([1, 1, 2]), channels, height, width)
        self.precision = self.choose.choice(FORMATS)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            shape = self.shape
            for _ in range(self.choose.randint(2, 5)):
                shape = self.choose.choice(LAYERS)(self, shape)
            if self.choose.random() < 0.5:
                self.add(nn.Flatten(), nn.Linear(shape[1] * shape[2] * shape[3], 3))
            self.input = torch.randn(self.shape)
        self.eval()

    def add(self, *parts: nn.Module) -> None:
        """Append modules, one after the other."""
        for part in parts:
            self.parts.append(part)
            self.steps.append(part)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The result of all steps."""
        for step in self.steps:
            x = step(x)
        return x


def _convolution(net: RandomNetwork, shape: Shape) -> Shape:
    batch, channels, height, width = shape
    size, padding, dilation = net.choose.choice([1, 2, 3]), net.choose.choice([0, 1]), net.choose.choice([1, 1, 2])
    stride, groups = net.choose.choice([1, 1, 2]), net.choose.choice([1, 1, channels])
    reach = dilation * (size - 1) + 1 - 2 * padding
    if reach > min(height, width):
        return shape
    out = groups * net.choose.choice([1, 2])
    bias = net.choose.random() < 0.7
    net.add(nn.Conv2d(channels, out, size, stride, padding, dilation, groups, bias=bias))
    return batch, out, (height - reach) // stride + 1, (width - reach) // stride + 1


def _normalisation(net: RandomNetwork, shape: Shape) -> Shape:
    norm = nn.BatchNorm2d(shape[1])
    assert norm.running_mean is not None and norm.running_var is not None
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    net.add(norm)
    return shape


def _pooling(net: RandomNetwork, shape: Shape) -> Shape:
    size, stride, padding = net.choose.choice([2, 3]), net.choose.choice([1, 2, 3]), net.choose.choice([0, 1])
    if min(shape[2:]) + 2 * padding < size:
        return shape
    counted = net.choose.random() < 0.5
    largest = net.choose.random() < 0.5
    average = nn.AvgPool2d(size, stride, padding, count_include_pad=counted)
    net.add(nn.MaxPool2d(size, stride, padding) if largest else average)
    height, width = ((extent + 2 * padding - size) // stride + 1 for extent in shape[2:])
    return shape[0], shape[1], height, width


def _shortcut(net: RandomNetwork, shape: Shape) -> Shape:
    inner = nn.Conv2d(shape[1], shape[1], 3, padding=1)
    net.parts.append(inner)
    net.steps.append(lambda x: torch.relu(inner(x) + x))
    return shape


def _join(net: RandomNetwork, shape: Shape) -> Shape:
    inner = nn.Conv2d(shape[1], 2, 1)
    net.parts.append(inner)
    net.steps.append(lambda x: torch.cat([x, inner(x), x], 1))
    return shape[0], 2 * shape[1] + 2, shape[2], shape[3]


def _permutation(net: RandomNetwork, shape: Shape) -> Shape:
    net.steps.append(lambda x: x.permute(0, 3, 1, 2))
    return shape[0], shape[3], shape[1], shape[2]


def _padding(net: RandomNetwork, shape: Shape) -> Shape:
    net.steps.append(lambda x: F.pad(x, (1, 1, 0, 1), value=0.5))
    return shape[0], shape[1], shape[2] + 1, shape[3] + 2


def _slice(net: RandomNetwork, shape: Shape) -> Shape:
    if shape[2] < 3:
        return shape
    net.steps.append(lambda x: x[:, :, 1::2])
    return shape[0], shape[1], shape[2] // 2, shape[3]


def _elementwise(net: RandomNetwork, shape: Shape) -> Shape:
    function = net.choose.choice(
        [torch.relu, F.relu6, F.hardswish, lambda x: 0.7 * x - 0.3, lambda x: x * x.relu() / 4]
    )
    net.steps.append(function)
    return shape


LAYERS = (
    _convolution,
    _convolution,
    _normalisation,
    _pooling,
    _shortcut,
    _join,
    _permutation,
    _padding,
    _slice,
    _elementwise,
    _elementwise,
)
