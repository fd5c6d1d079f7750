"""Models as tasks in a pipeline in space: the interval that the multipliers allow, and samples as one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import gatewright as gw


class Residual(nn.Module):
    """Two branches that meet, one of which passes by two convolutions, and a concatenation."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = (nn.Conv2d(i, 4, 3, padding=1) for i in (2, 4, 4))
        self.last = nn.Linear(8 * 36, 3)

    def forward(self, x):
        a = torch.relu(self.first(x))
        b = self.third(torch.relu(self.second(a)))
        return self.last(torch.cat([torch.relu(a + b), b], 1).flatten(1))


def digits() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(128, 10)),
    )


def compiled(model: nn.Module, shape: tuple[int, ...], multipliers: int) -> gw.Design:
    torch.manual_seed(0)
    example = (torch.zeros(1, *shape),)
    options = {"precision": "fixed<16,8>", "dataflow": True}
    return gw.compile(model.eval(), args=example, multipliers=multipliers, **options)


def check(design: gw.Design, shape: tuple[int, ...], samples: int) -> None:
    """A stream is what samples are one by one, in the cycles that are predicted, at every level."""
    xs = np.random.default_rng(0).uniform(-1, 1, (samples, 1, *shape)).astype(np.float32)
    run = design.stream(xs)
    one = [design.run(x) for x in xs]
    assert np.array_equal(run.outputs[0], np.stack([each.outputs[0] for each in one]))
    assert {each.cycles for each in one} == {design.report["cycles"]} == {run.latency}
    assert run.interval == design.report["interval"] and run.cycles == (samples - 1) * run.interval + run.latency
    for level in ("tensor", "loops", "dataflow", "schedule"):
        assert np.array_equal(design.run(xs[0], level=level).outputs[0], run.outputs[0][0]), level


def test_the_digits_network_on_sixteen():
    design = compiled(digits(), (1, 8, 8), 16)
    report = design.report
    assert report["interval"] <= 1.08 * report["products"] / 16 and report["multipliers"] <= 16
    assert len(report["tasks"]) >= 3
    words = sum(each["channels"] * each["words"] * each["memories"] for each in report["channels"])
    assert words < 256 + 512 + 128 + 10  # the activations
    check(design, (1, 8, 8), 64)


@pytest.mark.parametrize("multipliers", [3, 8])
def test_branches_that_meet(multipliers):
    design = compiled(Residual(), (2, 6, 6), multipliers)
    assert len(design.report["tasks"]) >= 3
    check(design, (2, 6, 6), 16)


def test_a_design_without_tasks_streams_one_by_one():
    torch.manual_seed(0)
    design = gw.compile(nn.Linear(4, 2), args=(torch.zeros(1, 4),), precision="fixed<16,8>")
    xs = np.random.default_rng(0).uniform(-1, 1, (5, 1, 4)).astype(np.float32)
    run = design.stream(xs)
    assert run.interval == run.latency == design.report["cycles"] == design.report["interval"]
    assert np.array_equal(run.outputs[0], np.stack([design(x) for x in xs]))
