"""A small design, both simulators of it, and what it computes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gatewright.hardware.top import TopModule
from gatewright.ir.interface import Parameter, Result, Signature
from gatewright.numbers import types
from gatewright.simulate.arc import ArcSimulator
from gatewright.simulate.run import SimulationRun
from gatewright.simulate.verilator import VerilatorSimulator

TEXT = (Path(__file__).parent / "vsum.mlir").read_text()
IMAGES = {"vsum_rom.mem": np.array([1, -2, 3, -4, 5, -6, 7, -8], np.int8)}
TOP = TopModule(
    "vsum",
    Signature(
        (
            Parameter("a", types.i32[6]),
            Parameter("x", types.i8),
            Parameter("n", types.u8),
            Parameter("b", types.i16[6]),
        ),
        (Result("result", types.i32),),
    ),
    reads=frozenset({"a"}),
    writes=frozenset({"b"}),
)


@dataclass
class Vsum:
    """The design `vsum.mlir` in a simulator."""

    simulator: ArcSimulator | VerilatorSimulator

    def arguments(self, seed: int, n: int) -> list[np.ndarray]:
        """Random arguments for `n` elements."""
        rng = np.random.default_rng(seed)
        a = rng.integers(-(2**31), 2**31, 6, dtype=np.int32)
        b = rng.integers(-(2**15), 2**15, 6, dtype=np.int16)
        return [a, np.array(rng.integers(-128, 128), np.int8), np.array(n, np.uint8), b]

    def run_and_check(self, seed: int, n: int, **options: bool) -> SimulationRun:
        """A run of which everything is checked."""
        a, x, count, b = self.arguments(seed, n)
        values = a.astype(np.int64)[:n] + int(x) * IMAGES["vsum_rom.mem"].astype(np.int64)[:n]
        wanted = b.copy()
        wanted[:n] = values.astype(np.int16)
        run = self.simulator.run([a, x, count, b], 1000, **options)
        np.testing.assert_array_equal(b, wanted)
        assert run.results[0] == np.int64(values.sum()).astype(np.int32) and run.results[0].dtype == np.int32
        assert run.results[0].shape == ()
        assert run.cycles == 2 * n + 2
        return run


@pytest.fixture(scope="session", params=["arc", "verilator"])
def vsum(request: pytest.FixtureRequest) -> Iterator[Vsum]:
    """The design in each of the simulators."""
    simulator = {"arc": ArcSimulator, "verilator": VerilatorSimulator}[request.param](TOP, TEXT, IMAGES)
    yield Vsum(simulator)
    if isinstance(simulator, VerilatorSimulator):
        simulator.close()
