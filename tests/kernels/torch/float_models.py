"""Floating-point models: three of the sizes of a published benchmark, and the parts of larger networks.

The first three have the layer sizes of "From PyTorch to Calyx" (arXiv 2512.06177, section 4.1); what it leaves open
(batch, stride, padding, length) is one, none, and eight.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torch_layers import Layer


class FeedForward(nn.Module):
    """64 features to 48, ReLU, to 4."""

    MULTIPLY_ADDS = 64 * 48 + 48 * 4

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(64, 48), nn.Linear(48, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The scores."""
        return self.second(torch.relu(self.first(x)))


class Convolutional(nn.Module):
    """A 5x5 convolution from 3 to 8 channels, ReLU, 2x3 maximum pooling, and two classes."""

    MULTIPLY_ADDS = 8 * 76 * 56 * 75 + 2 * 8 * 38 * 18

    def __init__(self):
        super().__init__()
        self.convolution, self.classify = nn.Conv2d(3, 8, 5), nn.Linear(8 * 38 * 18, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The scores."""
        return self.classify(torch.flatten(F.max_pool2d(torch.relu(self.convolution(x)), (2, 3)), 1))


class Attention(nn.Module):
    """Causal attention of two heads over 42 features."""

    HEADS, WIDTH = 2, 21

    def __init__(self, length: int = 8):
        super().__init__()
        size = self.HEADS * self.WIDTH
        self.query, self.key, self.value, self.out = (nn.Linear(size, size) for _ in range(4))
        self.register_buffer("later", torch.ones(length, length, dtype=torch.bool).triu(1))

    def split(self, x: torch.Tensor) -> torch.Tensor:
        """The heads apart."""
        return x.view(1, -1, self.HEADS, self.WIDTH).transpose(1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What each place takes from itself and those before it."""
        query, key, value = (self.split(part(x)) for part in (self.query, self.key, self.value))
        scores = (query @ key.transpose(-2, -1) / math.sqrt(self.WIDTH)).masked_fill(self.later, float("-inf"))
        return self.out((torch.softmax(scores, -1) @ value).transpose(1, 2).reshape(x.shape))


class TransformerBlock(nn.Module):
    """Attention and a feed-forward part, each with a shortcut and layer normalisation."""

    def __init__(self, width: int = 16):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.one, self.two = nn.LayerNorm(width), nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same shape."""
        x = self.one(x + self.attention(x, x, x, need_weights=False)[0])
        return self.two(x + self.down(F.gelu(self.up(x))))


class DepthwiseSeparable(nn.Module):
    """A convolution of each channel alone, one of all channels in a place, batch normalisation, ReLU6."""

    def __init__(self):
        super().__init__()
        self.apart, self.across = nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.Conv2d(4, 8, 1)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Eight channels of the same size."""
        return F.relu6(self.norm(self.across(self.apart(x))))


MODELS = (
    Layer("feed forward", FeedForward, ((1, 64),)),
    Layer("convolutional", Convolutional, ((1, 3, 80, 60),)),
    Layer("attention", Attention, ((1, 8, 42),)),
    Layer("transformer block", TransformerBlock, ((1, 6, 16),)),
    Layer("lstm cell", lambda: nn.LSTMCell(8, 12), ((1, 8),)),
    Layer("depthwise separable", DepthwiseSeparable, ((1, 4, 8, 8),)),
    Layer("layer norm", lambda: nn.LayerNorm((4, 5)), ((2, 4, 5),)),
    Layer("group norm", lambda: nn.GroupNorm(2, 4), ((1, 4, 5),)),
    Layer("softmax", lambda: nn.Softmax(-1), ((3, 7),)),
    Layer("log softmax", lambda: nn.LogSoftmax(-1), ((3, 7),)),
    Layer("gelu", nn.GELU, ((3, 7),)),
    Layer("gelu by tanh", lambda: nn.GELU(approximate="tanh"), ((3, 7),)),
    Layer("silu", nn.SiLU, ((3, 7),)),
    Layer("elu", nn.ELU, ((3, 7),)),
    Layer("softplus", nn.Softplus, ((3, 7),)),
    Layer("mish", nn.Mish, ((3, 7),)),
)
