"""How often the tensors of a fixed-point model saturate: counters beside the program at the tensor level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.ir import SSAValue

from gatewright.interpreters.tensor import Observer
from gatewright.ir.interface import to_raw
from gatewright.ir.program import Program
from gatewright.numbers.types import Array, Fixed
from gatewright.quantization.calibration import names_of


class Saturation:
    """Counts the elements that saturate. What the levels below compute has the same bits, and so the same counts."""

    def __init__(
        self, floats: Program, tensors: Sequence[SSAValue], counted: Program, beyond: Sequence[tuple[int, SSAValue]]
    ):
        """`beyond` are tensors of the quantised program `counted` that tell which elements saturate, and for each the
        number of one of the `tensors` of floats."""
        self._signature = counted.signature
        self._names = [names_of(tensors[number], floats) for number, _ in beyond]
        self._observer = Observer(counted.module, counted.function, [value for _, value in beyond]) if beyond else None

    def __call__(self, arguments: Sequence[object]) -> dict[str, int]:
        """By the name of the argument or the layer (where there is none, the line) how many elements saturate."""
        counts: dict[str, int] = {}
        raw = []
        for argument, parameter in zip(arguments, self._signature.parameters, strict=True):
            raw.append(to_raw(argument, parameter.type, parameter.name))
            if isinstance(parameter.type, Array) and isinstance(parameter.type.element, Fixed):
                counts[parameter.name] = _beyond(np.asarray(argument, np.float64), parameter.type.element)
        for names, found in zip(self._names, self._observer(raw) if self._observer else (), strict=True):
            name = names["layer"] or names["tensor"] or ""
            counts[name] = counts.get(name, 0) + int(np.count_nonzero(found))
        return counts


def _beyond(values: np.ndarray, format_: Fixed) -> int:
    bound = 2.0 ** (format_.bits - 1)
    scaled = np.rint(np.ldexp(values, format_.fraction))
    return int(np.count_nonzero((scaled < -bound) | (scaled > bound - 1)))
