"""ONNX operations mean what the standard says, where the importer below makes something else of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator

import gatewright as gw

NAN = float("nan")
EDGES = np.array([1, NAN, -2, 0, np.inf, NAN, -np.inf, 3], np.float32)
BACK = EDGES[::-1].copy()
BLOCKS = np.arange(32, dtype=np.float32).reshape(1, 8, 2, 2)
ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)
PICTURES = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
NOISE = np.random.default_rng(0).normal(size=(2, 2, 5, 5)).astype(np.float32)
GRID = np.array([[[[0, 0], [-0.5, 0.5], [1, -1], [1.5, 0.2]]]], np.float32)


def depth(mode: str, channels: int) -> str:
    out = channels // 4
    return (
        f'(float[1,{channels},2,2] x) => (float[1,{out},4,4] r) {{ r = DepthToSpace<blocksize=2, mode="{mode}">(x) }}'
    )


def sample(mode: str, corners: int, padding: str) -> str:
    options = f'mode="{mode}", align_corners={corners}, padding_mode="{padding}"'
    return f"(float[1,2,3,4] x, float[1,1,4,2] g) => (float[1,2,1,4] r) {{ r = GridSample<{options}>(x, g) }}"


CASES: dict[str, tuple[str, tuple[np.ndarray, ...]]] = {
    "equality": (
        "(float[8] x, float[8] y) => (bool[8] r, bool[8] s) { r = Equal(x, x) s = Equal(x, y) }",
        (EDGES, BACK),
    ),
    "signs": ("(float[8] x) => (float[8] r) { r = Sign(x) }", (EDGES,)),
    "extremes": ("(float[8] x, float[8] y) => (float[8] r, float[8] s) { r = Max(x, y) s = Min(x, y) }", (EDGES, BACK)),
    "bounds": ("(float[8] x) => (float[8] r) <float a = {-1}, float b = {1}> { r = Clip(x, a, b) }", (EDGES,)),
    "places": ("(float[8] x) => (int64[1] r, int64[1] s) { r = ArgMax(x) s = ArgMin(x) }", (EDGES,)),
    "one channel, columns first": (depth("CRD", 4), (BLOCKS[:, :4].copy(),)),
    "channels, columns first": (depth("CRD", 8), (BLOCKS,)),
    "one channel, depth first": (depth("DCR", 4), (BLOCKS[:, :4].copy(),)),
    "channels, depth first": (depth("DCR", 8), (BLOCKS,)),
    "gelu by tanh": ('(float[3,4] x) => (float[3,4] r) { r = Gelu<approximate="tanh">(x) }', (ROWS / 4 - 1,)),
    "padding from the other end": (
        '(float[3,4] x) => (float[6,5] r) <int64[4] p = {1, 0, 2, 1}> { r = Pad<mode="wrap">(x, p) }',
        (ROWS,),
    ),
    "a product and a factor": (
        "(float[3,4] x, float[4,3] y) => (float[3,3] r) { r = Gemm<alpha=0.5>(x, y) }",
        (ROWS, ROWS.reshape(4, 3)),
    ),
    "a factor and a sum": (
        "(float[3,4] x, float[4,3] y, float[3] c) => (float[3,3] r) { r = Gemm<alpha=0.5, beta=0.25>(x, y, c) }",
        (ROWS, ROWS.reshape(4, 3), ROWS[0, :3].copy()),
    ),
    "places in all planes": (
        "(float[2,2,5,5] x) => (float[2,2,2,2] r, int64[2,2,2,2] i)"
        "{ r, i = MaxPool<kernel_shape=[2,2], strides=[2,2]>(x) }",
        (NOISE,),
    ),
    "padded windows of integers": (
        "(int8[1,1,5,5] x) => (int8[1,1,3,3] r){ r = MaxPool<kernel_shape=[3,3], strides=[2,2], pads=[1,1,1,1]>(x) }",
        ((NOISE[:1, :1] * 20 - 90).astype(np.int8),),
    ),
    **{
        f"means of windows beyond the padding, {pads}": (
            f"(float[2,2,5,5] x) => (float[a,b,c,d] r) {{ r = AveragePool<kernel_shape=[{size},{size}], strides=[2,2],"
            f"pads=[{pads}], ceil_mode=1, count_include_pad=1>(x) }}",
            (NOISE,),
        )
        for size, pads in ((2, "0,0,0,0"), (3, "1,0,1,0"))
    },
    **{
        f"the nearest of scaled places, {mode}, {kind}": (
            f'(float[1,1,5,5] x) => (float[a,b,c,d] r) <float[4] s = {{1, 1, 0.7, 1.5}}> {{ r = Resize<mode="nearest",'
            f'nearest_mode="{mode}", coordinate_transformation_mode="{kind}">(x, "", s) }}',
            (NOISE[:1, :1].copy(),),
        )
        for mode in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")
        for kind in ("half_pixel", "asymmetric")
    },
    **{
        f"five axes padded, {mode}": (
            "(float[1,2,3,2,2] x) => (float[a,b,c,d,e] r) <int64[10] p = {0, 1, 1, 1, 0, 0, 0, 2, 0, 1}>"
            f'{{ r = Pad<mode="{mode}">(x, p) }}',
            (NOISE.ravel()[:24].reshape(1, 2, 3, 2, 2),),
        )
        for mode in ("edge", "reflect")
    },
    "backwards": (
        "(float[3,4] x) => (float[3,2] r) <int64[1] a = {-1}, int64[1] b = {-5}, int64[1] c = {1}, int64[1] d = {-2}>"
        "{ r = Slice(x, a, b, c, d) }",
        (ROWS,),
    ),
    **{
        f"{mode}, {corners}, {padding}": (sample(mode, corners, padding), (PICTURES, GRID))
        for mode in ("nearest", "linear")
        for corners in (0, 1)
        for padding in ("zeros", "border")
    },
}


def saved(text: str, folder: Path) -> tuple[onnx.ModelProto, Path]:
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 20]> g {text}')
    onnx.save(model, str(folder / "model.onnx"))
    return model, folder / "model.onnx"


@pytest.mark.parametrize("name", CASES)
def test_an_operation_is_what_onnx_says(name: str, tmp_path: Path):
    text, inputs = CASES[name]
    model, file = saved(text, tmp_path)
    expected = ReferenceEvaluator(model).run(None, dict(zip([v.name for v in model.graph.input], inputs, strict=True)))
    design = gw.compile(file, search=0)
    for level in ("loops", "rtl"):
        for mine, real in zip(design.run(*inputs, level=level).outputs, expected, strict=True):
            np.testing.assert_allclose(mine, real, rtol=1e-5, err_msg=level)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_the_response_of_neighbours_is_that_of_the_standard(size: int, tmp_path: Path):
    """Of `size` channels, those before being one fewer where it is even."""
    x = np.random.default_rng(size).normal(size=(1, 6, 2, 2)).astype(np.float32)
    text = f"(float[1,6,2,2] x) => (float[1,6,2,2] r) {{ r = LRN<alpha=0.5, beta=0.75, bias=1.5, size={size}>(x) }}"
    _, file = saved(text, tmp_path)
    expected = np.zeros_like(x)
    for channel in range(6):
        window = x[:, max(0, channel - (size - 1) // 2) : channel + size // 2 + 1]
        expected[:, channel] = x[:, channel] / (1.5 + 0.5 / size * (window**2).sum(1)) ** 0.75
    np.testing.assert_allclose(gw.compile(file, search=0)(x), expected, rtol=1e-5)


def test_parts_of_other_sizes_before_version_13(tmp_path: Path):
    text = "(float[3,4] x) => (float[3,1] a, float[3,3] b) { a, b = Split<axis=1, split=[1, 3]>(x) }"
    model = onnx.parser.parse_model(f'<ir_version: 7, opset_import: ["": 11]> g {text}')
    onnx.save(model, str(tmp_path / "model.onnx"))
    first, second = gw.compile(tmp_path / "model.onnx")(ROWS)
    np.testing.assert_array_equal(np.hstack([first, second]), ROWS)


def test_shuffled_pixels_are_those_of_pytorch(tmp_path: Path):
    _, file = saved(depth("CRD", 4), tmp_path)
    x = BLOCKS[:, :4].copy()
    np.testing.assert_array_equal(gw.compile(file)(x), torch.nn.PixelShuffle(2)(torch.tensor(x)).numpy())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "(float[3,4] x, int64[1] a) => (float[m,n] r) { r = ReduceSum(x, a) }",
            "the axes of the ONNX operation ReduceSum",
        ),
        ("(float[3,4] x, int64[4] p) => (float[m,n] r) { r = Pad(x, p) }", "the pads of the ONNX operation Pad"),
        (
            "(float[3,4] x, int64[1] a) => (float[m,n] r) <int64[1] b = {3}> { r = Slice(x, a, b) }",
            "the starts of the ONNX operation Slice",
        ),
        ("(float[3] x, float[3] y) => (float[3] r) { r = Mod<fmod=1>(x, y) }", "Mod of floating-point numbers"),
    ],
)
def test_what_has_no_shape_or_no_hardware_is_refused(text: str, message: str, tmp_path: Path):
    _, file = saved(text, tmp_path)
    with pytest.raises(gw.UnsupportedError, match=message):
        gw.compile(file)
