"""The data, and a few seconds of training that give the same network every time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from network import DigitNetwork
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

EPOCHS = 30
BATCH = 64
LEARNING_RATE = 1e-2


@dataclass(frozen=True)
class Split:
    """Images of shape (n, 1, 8, 8) with values 0 to 1, and the digits they show."""

    images: torch.Tensor
    digits: torch.Tensor


def load_split() -> tuple[Split, Split]:
    """Scikit-learn's 1,797 digits: four fifths to train on, one fifth held out, every digit in proportion."""
    pixels, labels = load_digits(return_X_y=True)
    images = torch.tensor(pixels / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
    digits = torch.tensor(labels)
    chosen, held_out = train_test_split(range(len(digits)), test_size=0.2, random_state=0, stratify=labels)
    return Split(images[chosen], digits[chosen]), Split(images[held_out], digits[held_out])


def train(split: Split, progress: Callable[[], None] = lambda: None, epochs: int = EPOCHS) -> DigitNetwork:
    """Train a network on one processor core, the same on every run; `progress` is called after each epoch."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums in another order would give other weights
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network = DigitNetwork()
            _fit(network, split, progress, epochs)
    finally:
        torch.set_num_threads(threads)
    return network.eval()


def _fit(network: nn.Module, split: Split, progress: Callable[[], None], epochs: int) -> None:
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = torch.optim.AdamW(network.parameters())
    steps = epochs * -(-len(split.images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for _ in range(epochs):
        for batch in torch.randperm(len(split.images)).split(BATCH):
            optimizer.zero_grad()
            loss(network(split.images[batch]), split.digits[batch]).backward()
            optimizer.step()
            schedule.step()
        progress()
