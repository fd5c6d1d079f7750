"""The Verilog of random schedules is free of warnings, and does what the hardware level does."""

from __future__ import annotations

import numpy as np
import pytest

from gatewright.bridge.circt import split_verilog
from gatewright.ir.interface import element_of
from gatewright.numbers.types import Array
from gatewright.simulate.verilator import VerilatorSimulator, lint


@pytest.mark.parametrize("seed", range(4))
def test_verilator_has_nothing_to_say(both, seed):
    from random_schedules.generator import generate

    design = both(generate(seed, 0.4)).design
    assert lint(split_verilog(str(design.module), design.images, design.header)) == ""


def test_verilator_finds_the_same_results_and_cycles(both):
    """A program with local arrays, a ROM, dividers, multipliers and loops, under the other simulator."""
    from random_schedules.generator import generate

    program = both(generate(3, 0.4))
    program.simulator = VerilatorSimulator(program.design.top, str(program.design.module), program.design.images)
    random = np.random.default_rng(0)
    for run in range(4):
        types = [parameter.type for parameter in program.program.signature.parameters]
        shapes = [type_.shape if isinstance(type_, Array) else () for type_ in types]
        kinds = [element_of(type_).raw_dtype for type_ in types]
        arguments = [random.integers(0, 2, shape).astype(kind) for shape, kind in zip(shapes, kinds, strict=True)]
        program.agree(*arguments, reset=run != 1)
    program.simulator.close()
