"""Plans of models: loops are called after layers, and decisions about them are obeyed."""

from __future__ import annotations

import numpy as np
import torch

import gatewright as gw


class Network(torch.nn.Module):
    """A convolution and a dense layer."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 3)
        self.dense = torch.nn.Linear(32, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dense(torch.relu(self.conv(x)).flatten(1))


def test_loops_of_models_are_called_after_layers():
    torch.manual_seed(0)
    network, x = Network().eval(), torch.randn(1, 1, 6, 6)
    options = {"args": (x,), "precision": "fixed<16,8>", "multipliers": 1}
    design = gw.compile(network, **options)
    assert design.plan.find("flatten", "conv") == gw.Decision("flatten", ("conv",), True)
    assert {loop["layer"]: loop["loop"].split(",")[0] for loop in design.report["loops"]} == {
        "conv": "conv",
        "dense": "dense",
    }
    again = gw.compile(network, plan=design.plan, **options)
    assert again.verilog == design.verilog
    other = gw.compile(network, plan="flatten(conv, False)", **options)
    assert other.plan.find("flatten", "conv") == gw.Decision("flatten", ("conv",), False)
    runs = [each.run(x.numpy()) for each in (design, other)]
    np.testing.assert_array_equal(runs[0].outputs[0], runs[1].outputs[0])
    assert runs[0].cycles == design.report["cycles"] < other.report["cycles"] == runs[1].cycles
