"""Fourier transforms of PyTorch as products with the matrices of the transform, on pairs of real tensors."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any


def transforms(torch: Any, pair: Any) -> dict[Any, Any]:
    """What computes each kind of transform. `pair` makes a complex tensor of its parts."""
    aten = torch.ops.aten

    def of_real(x: Any, axes: list[int], normalization: int, onesided: bool) -> Any:
        found = _transformed(torch, pair, x, axes, normalization, True)
        if not onesided:
            return found
        kept = x.shape[axes[-1]] // 2 + 1
        return pair(*(part.narrow(axes[-1], 0, kept) for part in (found.re, found.im)))

    def to_real(x: Any, axes: list[int], normalization: int, last: int) -> Any:
        return _transformed(torch, pair, _whole(torch, pair, x, axes, last), axes, normalization, False).re

    return {
        aten._fft_r2c.default: of_real,
        aten._fft_c2c.default: lambda *given: _transformed(torch, pair, *given),
        aten._fft_c2r.default: to_real,
    }


def _transformed(torch: Any, pair: Any, x: Any, axes: list[int], normalization: int, forward: bool) -> Any:
    """The transform along some axes, one after the other. `normalization` is by nothing, by the root of the number of
    elements, or by the number."""
    re: Any = x.re if isinstance(x, pair) else x
    im: Any = x.im if isinstance(x, pair) else None
    size = 1
    for axis in axes:
        count = re.shape[axis]
        size *= count
        cosine, sine = _waves(torch, count, re.dtype)
        sine = -sine if forward else sine
        re = re.transpose(axis, -1)
        if im is None:
            re, im = re @ cosine, re @ sine
        else:
            im = im.transpose(axis, -1)
            re, im = re @ cosine - im @ sine, re @ sine + im @ cosine
        re, im = re.transpose(axis, -1), im.transpose(axis, -1)
    scale: float = {0: 1.0, 1: 1 / sqrt(size), 2: 1 / size}[normalization]
    return pair(re * scale, im * scale) if scale != 1 else pair(re, im)


def _whole(torch: Any, pair: Any, x: Any, axes: list[int], last: int) -> Any:
    """All of the transform of real numbers, of which `x` is a half along the last of the axes.

    The other half is the conjugate of this one, backwards in all axes that are transformed.
    """
    axis, count = axes[-1], (last - 1) // 2
    parts = []
    for part, sign in ((x.re, 1), (x.im, -1)):
        mirrored = part.narrow(axis, 1, count).flip([axis])
        for each in axes[:-1]:
            mirrored = torch.roll(mirrored.flip([each]), 1, each)
        parts.append(torch.cat([part.narrow(axis, 0, last // 2 + 1), sign * mirrored], axis))
    return pair(*parts)


def _waves(torch: Any, count: int, dtype: Any) -> tuple[Any, Any]:
    """The real and the imaginary part of the matrix of a transform."""
    places = torch.arange(count)
    angles = (torch.outer(places, places) % count).double() * (2 * pi / count)
    return torch.cos(angles).to(dtype), torch.sin(angles).to(dtype)
