"""Random networks give the same bits at every level, and the numbers of PyTorch as closely as their format allows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from random_networks import RandomNetwork

import gatewright as gw
from gatewright.options import Options


@pytest.mark.parametrize("seed", range(8))
def test_a_random_network_is_the_same_at_every_level(seed: int):
    network = RandomNetwork(seed)
    design = gw.compile(network, args=(network.input,), precision=network.precision)
    x = network.input.numpy()
    expected = design.run(x, level="tensor").outputs[0]
    for level in ("loops", "schedule", "rtl"):
        np.testing.assert_array_equal(design.run(x, level=level).outputs[0], expected, err_msg=level)
    with torch.no_grad():
        real = network(network.input).numpy()
    format_ = Options(precision=network.precision).fixed_format()
    assert format_ is not None
    inside = np.clip(real, -(2.0 ** (format_.bits - 1)) * format_.step, (2.0 ** (format_.bits - 1) - 1) * format_.step)
    assert np.abs(expected - inside).mean() <= 4 * format_.step
