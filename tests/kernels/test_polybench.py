"""The nineteen PolyBench kernels give the same arrays, and take the same cycles, at every level.

Sources of the kernels and of their data: `polybench/README.md`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from polybench.kernels import KERNELS

import gatewright as gw

POLYBENCH = Path(__file__).parent / "polybench"
VERILOG_KERNELS = ("2mm", "cholesky", "durbin", "gramschmidt", "ludcmp", "trisolv")
"""The kernels that also run under Verilator: between them every operator, loop form and conditional of the suite."""
SEEDS = range(10)


@pytest.fixture(scope="module", params=KERNELS)
def kernel(request: pytest.FixtureRequest) -> tuple[str, gw.Design]:
    """The name of a kernel and its design, compiled once for all tests of this file."""
    inputs, _ = _recorded(request.param)
    return request.param, gw.compile(KERNELS[request.param], args=tuple(inputs.values()))


def _recorded(name: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The arguments of a kernel, in order, and the arrays expected afterwards; a bare number is a scalar argument."""
    record = json.loads((POLYBENCH / "data" / f"{name}.json").read_text())
    inputs = {key: np.array(value, np.uint32)[()] for key, value in record["inputs"].items()}
    expected = {key: np.array(value, np.uint32) for key, value in record["expected"].items()}
    return inputs, expected


def _random_inputs(name: str, seed: int) -> dict[str, np.ndarray]:
    """Arguments of the recorded shapes over the full range of 32 bits, with some zeros and small values among them."""
    rng = np.random.default_rng(seed)
    inputs, _ = _recorded(name)
    drawn = {}
    for key, value in inputs.items():
        full = rng.integers(0, 2**32, value.shape, np.uint32)
        small = rng.integers(0, 3, value.shape, np.uint32)
        drawn[key] = np.where(rng.random(value.shape) < 0.1, small, full)[()]
    return drawn


def _copies(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key: value.copy() for key, value in inputs.items()}


def _assert_same(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> None:
    for key, expected in want.items():
        assert got[key].dtype == expected.dtype
        np.testing.assert_array_equal(got[key], expected, err_msg=key)


def _run(design: gw.Design, inputs: dict[str, np.ndarray], level: str) -> tuple[dict[str, np.ndarray], int | None]:
    """The arrays after a run at `level`, and its cycles."""
    arguments = _copies(inputs)
    run = design.run(*arguments.values(), level=level)
    assert run.outputs == ()
    return arguments, run.cycles


def test_every_level_gives_the_recorded_arrays(kernel: tuple[str, gw.Design]):
    name, design = kernel
    inputs, expected = _recorded(name)
    for level in ("loops", "schedule", "rtl"):
        arrays, _ = _run(design, inputs, level)
        _assert_same(arrays, expected)


@pytest.mark.parametrize("kernel", VERILOG_KERNELS, indirect=True)
def test_verilator_gives_the_recorded_arrays_in_the_scheduled_cycles(kernel: tuple[str, gw.Design]):
    name, design = kernel
    inputs, expected = _recorded(name)
    arrays, cycles = _run(design, inputs, "verilog")
    _assert_same(arrays, expected)
    assert cycles == _run(design, inputs, "schedule")[1]


def test_every_level_agrees_with_python_on_full_range_inputs(kernel: tuple[str, gw.Design]):
    name, design = kernel
    for seed in SEEDS:
        inputs = _random_inputs(name, seed)
        want = _copies(inputs)
        with np.errstate(all="ignore"):
            KERNELS[name](**want)
        cycles = {}
        for level in ("loops", "schedule", "rtl"):
            arrays, cycles[level] = _run(design, inputs, level)
            _assert_same(arrays, want)
        assert cycles["schedule"] == cycles["rtl"]
