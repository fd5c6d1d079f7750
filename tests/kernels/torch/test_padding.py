"""Padded tensors: read through what they pad where only loops read them, and right however they are used."""

from __future__ import annotations

import numpy as np
import pytest

import gatewright as gw

torch = pytest.importorskip("torch")
functional = torch.nn.functional


def design_of(model: torch.nn.Module, *shape: int, **options: object) -> tuple[gw.Design, np.ndarray, np.ndarray]:
    torch.manual_seed(1)
    x = torch.randn(*shape)
    with torch.no_grad():
        expected = model.eval()(x).numpy()
    return gw.compile(model, args=(x,), **options), x.numpy(), expected


def test_the_input_of_a_padded_convolution_is_not_copied():
    model = torch.nn.Conv2d(2, 2, 3, padding=1, bias=False)
    design, x, expected = design_of(model, 1, 2, 6, 6, precision="fixed<16,8>", multipliers=1)
    assert np.allclose(design(x), expected, atol=0.05)
    assert all(memory["constant"] for memory in design.report["memories"])
    products = 2 * 2 * 3 * 3 * 6 * 6
    assert products <= design.report["cycles"] <= products + 8


class Layers(torch.nn.Module):
    """Two padded convolutions and a padded pool: what lies between them has no margins in memory."""

    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.Conv2d(2, 2, 3, padding=1)
        self.pool = torch.nn.MaxPool2d(3, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.pool(torch.relu(self.second(torch.relu(self.first(x)))))


def test_margins_take_neither_cycles_nor_memory():
    design, x, expected = design_of(Layers(), 1, 1, 6, 6, precision="fixed<16,8>", multipliers=1)
    assert np.allclose(design(x), expected, atol=0.05)
    words = sorted(memory["words"] for memory in design.report["memories"] if not memory["constant"])
    assert words == [72, 72]  # what the convolutions give, 2 x 6 x 6 each
    work = 2 * 9 * 36 + 2 * 2 * 9 * 36 + 2 * 9 * 9  # products, and elements of pools
    assert work <= design.report["cycles"] <= work + 24


class Pads(torch.nn.Module):
    """Padding that is used in some other way than by one loop."""

    def __init__(self, use: str):
        super().__init__()
        self.use = use
        self.convolution = torch.nn.Conv2d(1, 1, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        match self.use:
            case "returned":
                return functional.pad(x, (1, 2, 0, 1), value=2.0)
            case "elementwise":
                return functional.pad(x, (1, 2, 0, 1), value=-1.5) * 2 + 1
            case "returned and read":
                padded = functional.pad(x, (1, 1, 1, 1))
                return padded, self.convolution(padded)
            case "twice":
                return self.convolution(functional.pad(functional.pad(x, (1, 0, 0, 1), value=1.0), (0, 1, 1, 0)))
            case "sliced":
                return functional.pad(x, (2, 2, 2, 2), value=0.5)[:, :, 1:5, 1:6] * 3
            case "reshaped":
                return functional.pad(x, (1, 1, 0, 0), value=0.25).reshape(1, 4, 6) + 1
            case "of a sum":
                y = x + x.flip(2)
                return self.convolution(functional.pad(y, (1, 1, 1, 1))) + y
            case "joined":
                return torch.cat([functional.pad(x, (1, 0, 0, 0)), functional.pad(x, (0, 1, 0, 0), value=1.0)], 1)
        raise AssertionError(self.use)


USES = ["returned", "elementwise", "returned and read", "twice", "sliced", "reshaped", "of a sum", "joined"]


@pytest.mark.parametrize("use", USES)
def test_every_use_of_padding_is_right_at_every_level(use: str):
    torch.manual_seed(2)
    model, x = Pads(use).eval(), torch.randn(1, 1, 4, 4)
    with torch.no_grad():
        expected = model(x)
    design = gw.compile(model, args=(x,))
    for level in ("tensor", "loops", "schedule", "rtl"):
        found = design.run(x.numpy(), level=level).outputs
        for got, want in zip(found, expected if isinstance(expected, tuple) else (expected,), strict=True):
            np.testing.assert_allclose(got, want.numpy(), rtol=1e-4, atol=1e-5, err_msg=level)
