"""Models of complex numbers: what PyTorch computes, at every level, in hardware of real numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from torch_layers import Function

import gatewright as gw


class Filter(nn.Module):
    """A signal filtered in the frequency domain, with complex weights."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(5, dtype=torch.complex64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The filtered signal."""
        return torch.fft.irfft(torch.fft.rfft(x) * self.weight, n=8)


class Layer(nn.Module):
    """A complex linear layer and a gate by magnitude."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3, dtype=torch.complex64)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Where the magnitude is large, the output; else a part of it."""
        y = self.linear(z)
        return torch.where(y.abs() > 1, y, y * 0.25)


def real(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(len(shape)))


def pairs(*shape: int) -> torch.Tensor:
    return torch.view_as_complex(real(*shape, 2))


CASES: dict[str, tuple[nn.Module | Callable[..., object], tuple[torch.Tensor, ...]]] = {
    "from parts": (lambda a, b: torch.complex(a, b) * torch.complex(b, a), (real(4), real(4))),
    "polynomial": (lambda z: z * z - 2 * z + (1 - 2j), (pairs(5),)),
    "power": (lambda z: z**3, (pairs(4),)),
    "quotient": (lambda z, w: z / (w + 3), (pairs(4), pairs(4))),
    "conjugate": (lambda z: z * z.conj(), (pairs(4),)),
    "parts": (lambda z: (z.real + 1, z.imag, z.abs()), (pairs(4),)),
    "exponential": (torch.exp, (pairs(4),)),
    "sums": (lambda z: (z.sum(), z.mean(0)), (pairs(3, 2),)),
    "views": (lambda z: torch.cat([z.t().reshape(6), z[0]]), (pairs(2, 3),)),
    "matrices": (lambda z, w: z @ w, (pairs(3, 4), pairs(4, 2))),
    "real with complex": (lambda a, z: a * z + a, (real(4), pairs(4))),
    "constants": (lambda z: torch.cat([z, torch.ones(2, dtype=torch.complex64) * 1j]) / 4, (pairs(3),)),
    "parts of a constant": (
        lambda x: torch.view_as_real(torch.fft.fft(torch.ones(4, dtype=torch.complex64) * 1j)) + x,
        (real(4, 2),),
    ),
    "real minus complex": (lambda a, z: (a - z) / a, (real(4), pairs(3, 4))),
    "spectrum": (lambda x: torch.fft.rfft(x).abs(), (real(2, 8),)),
    "spectrum as parts": (lambda x: torch.view_as_real(torch.fft.fft(x)), (real(6),)),
    "transform and back": (lambda z: torch.fft.ifft(torch.fft.fft(z, norm="ortho") * 2), (pairs(5),)),
    "two dimensions": (lambda x: torch.fft.irfft2(torch.fft.rfft2(x) * 3), (real(4, 6),)),
    "odd length": (lambda x: torch.fft.irfft(torch.fft.rfft(x), n=7), (real(7),)),
    "double precision": (lambda z: z * z + 1, (pairs(3).to(torch.complex128),)),
    "filter": (Filter(), (real(8),)),
    "layer": (Layer(), (pairs(2, 4),)),
}


def model_of(name: str) -> nn.Module:
    given = CASES[name][0]
    return given if isinstance(given, nn.Module) else Function(given)


@pytest.mark.parametrize("name", CASES)
def test_complex_numbers_are_those_of_pytorch(name: str):
    model, inputs = model_of(name), CASES[name][1]
    design = gw.compile(model, args=inputs, multipliers=1, search=0)
    with torch.no_grad():
        returned = model(*inputs)
    expected = returned if isinstance(returned, tuple) else (returned,)
    levels = design.levels if name in ("polynomial", "spectrum") else ("tensor", "loops", "schedule", "rtl")
    runs = {level: design.run(*inputs, level=level) for level in levels}
    for level, run in runs.items():
        for mine, same, theirs in zip(run.outputs, runs["loops"].outputs, expected, strict=True):
            assert np.asarray(mine).tobytes() == np.asarray(same).tobytes(), level
            wanted = theirs.resolve_conj().numpy()
            np.testing.assert_allclose(np.asarray(mine).reshape(wanted.shape), wanted, rtol=1e-5, atol=2e-6)
            assert np.asarray(mine).dtype == wanted.dtype
    assert runs["schedule"].cycles == runs["rtl"].cycles == design.report["cycles"]


def test_ports_have_the_parts_along_one_more_axis():
    design = gw.compile(Function(lambda z: 2 * z), args=(pairs(2, 3),))
    assert str(design.signature) == "(inputs_0: complex<f32>[2, 3, 2]) -> (complex<f32>[2, 3, 2])"
    z = np.arange(6).reshape(2, 3) * (1 + 0.5j)
    np.testing.assert_array_equal(design(z), 2 * z)
    np.testing.assert_array_equal(design(np.ones((2, 3), np.int32)), np.full((2, 3), 2 + 0j))
    np.testing.assert_array_equal(design(torch.as_tensor(z).conj()), 2 * z.conj())


def test_an_argument_that_is_not_complex_numbers_is_refused():
    design = gw.compile(Function(lambda z: 2 * z), args=(pairs(4),))
    with pytest.raises(gw.InterfaceError, match=r"argument inputs_0 has the shape \(4, 2\), not \(4,\)"):
        design(np.zeros((4, 2), np.float32))
    with pytest.raises(gw.InterfaceError, match="not complex numbers"):
        design(np.array(["a", "b", "c", "d"]))


def test_a_parameter_may_be_given_that_wants_a_gradient():
    design = gw.compile(Function(lambda x: x + 1), args=(torch.zeros(3),))
    np.testing.assert_array_equal(design(nn.Parameter(torch.ones(3))), np.full(3, 2.0))
