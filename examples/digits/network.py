"""A small convolutional network for 8 by 8 images of handwritten digits."""

from __future__ import annotations

import torch
from torch import nn


class DigitNetwork(nn.Module):
    """Two convolutions with batch normalisation, ReLU and max-pooling, then a linear layer: 23,680 multiply-adds."""

    def __init__(self, first: int = 8, second: int = 16):
        super().__init__()
        self.first = nn.Conv2d(1, first, 3, padding=1)
        self.first_norm = nn.BatchNorm2d(first)
        self.second = nn.Conv2d(first, second, 3, padding=1)
        self.second_norm = nn.BatchNorm2d(second)
        self.pool = nn.MaxPool2d(2)
        self.classify = nn.Linear(second * 2 * 2, 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Ten scores for each image of a batch; the largest is the digit."""
        seen = self.pool(torch.relu(self.first_norm(self.first(image))))
        seen = self.pool(torch.relu(self.second_norm(self.second(seen))))
        return self.classify(torch.flatten(seen, 1))
