"""Whether a design of a Python function does what the function does, at every level."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import gatewright as gw

LEVELS = ("loops", "schedule", "rtl")


def check(function: Callable[..., None], design: gw.Design) -> None:
    """All levels give what Python gives for small numbers, in the cycles that are predicted."""
    random = np.random.default_rng(1)
    given = []
    for parameter in design.signature.parameters:
        numbers = random.integers(1, 9, parameter.type.shape)
        given.append(numbers.astype(np.float32 if "f32" in str(parameter.type) else np.int32))
    expected = [array.copy() for array in given]
    with np.errstate(over="ignore"):
        function(*expected)
    for level in LEVELS:
        arrays = [array.copy() for array in given]
        run = design.run(*arrays, level=level)
        for array, answer in zip(arrays, expected, strict=True):
            np.testing.assert_array_equal(array, answer)
        if level != "loops":
            assert run.cycles == design.report["cycles"]
