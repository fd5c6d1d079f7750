"""Choose the fixed-point format of every tensor of a model from what it is on samples, and say what that costs.

A tensor gets as many fraction bits as its largest magnitude leaves of the width; what is beyond it at run time
saturates. Sums need no choice: they are exact, in accumulators that cannot overflow (docs/decisions/fixed-point.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log2, log10
from typing import Any

import numpy as np
from xdsl.dialects import func
from xdsl.ir import BlockArgument, Operation, SSAValue

from gatewright.errors import InterfaceError
from gatewright.float_arrays import float_values
from gatewright.floats import format_of
from gatewright.interface import Signature, element_of, from_raw, to_raw
from gatewright.interpreters.tensor import Observer
from gatewright.location import brief_place, layer_of
from gatewright.program import Program
from gatewright.types import Array, Fixed

MOST_FRACTION = 48
"""The most fraction bits of a tensor, which is one of zeros or nearly so."""


@dataclass(frozen=True)
class Tensor:
    """A stored tensor of a quantised model: which of the floating-point tensors it is, and where it is."""

    number: int
    value: SSAValue
    format: Fixed


def samples_of(given: object, signature: Signature) -> list[tuple[np.ndarray, ...]]:
    """The samples as tuples of arrays, one for each parameter.

    `given` is an array of samples (along its first axis, which may be that of a parameter for one sample at a time), or
    a sequence whose items are arrays or, for several parameters, tuples of them. Raises InterfaceError for samples that
    do not fit.
    """
    shapes = [p.type.shape for p in signature.parameters if isinstance(p.type, Array)]
    if shapes and hasattr(given, "shape"):
        array, single = np.asarray(given), shapes[0]
        if array.ndim == len(single):
            array = array[:, None] if single[:1] == (1,) else array[None]
        given = array
    if not isinstance(given, Sequence | np.ndarray) or len(given) == 0:
        raise InterfaceError("there are no samples to calibrate with", remedy="calibrate=[x, ...]")
    found = []
    for item in given:
        arrays = tuple(np.asarray(each) for each in (item if isinstance(item, tuple) else (item,)))
        if [array.shape for array in arrays] != shapes:
            raise InterfaceError(
                f"a sample has the shape {', '.join(str(array.shape) for array in arrays)}, the model takes"
                f" {', '.join(map(str, shapes))}"
            )
        found.append(arrays)
    return found


def fraction_for(magnitude: float, bits: int) -> int:
    """The most fraction bits with which numbers of a width reach a magnitude."""
    if magnitude == 0:
        return min(MOST_FRACTION, bits - 1)
    return max(-MOST_FRACTION, min(MOST_FRACTION, floor(log2((2.0 ** (bits - 1) - 0.5) / magnitude))))


class Calibration:
    """The samples of a floating-point program at the tensor level, and what its tensors are on them."""

    def __init__(self, program: Program, tensors: Sequence[SSAValue], given: object, bits: int):
        self.program, self.tensors, self.bits = program, tensors, bits
        self.samples = samples_of(given, program.signature)
        observer = Observer(program.module, program.function, tensors)
        parameters = program.signature.parameters
        raw = [[to_raw(a, p.type, p.name) for a, p in zip(s, parameters, strict=True)] for s in self.samples]
        forms = [format_of(value.type.get_element_type()) for value in tensors]  # pyright: ignore
        columns = zip(*(observer(arguments) for arguments in raw), strict=True)
        self.values = [
            np.stack([float_values(form, array) for array in column]).astype(np.float64)
            for form, column in zip(forms, columns, strict=True)
            if form is not None
        ]
        self.fractions = tuple(fraction_for(_magnitude(values), bits) for values in self.values)

    def rows(self, quantized: Program, stored: Sequence[Tensor], labels: object) -> dict[str, Any]:
        """The report's entries: for each stored tensor its range, format and errors; the accuracy if there are labels.

        The numbers of the first result are the scores of the classes.
        """
        observer = Observer(quantized.module, quantized.function, [tensor.value for tensor in stored])
        parameters = quantized.signature.parameters
        raw = [[to_raw(a, p.type, p.name) for a, p in zip(s, parameters, strict=True)] for s in self.samples]
        columns = list(zip(*(observer(arguments) for arguments in raw), strict=True))
        found = [self._row(tensor, np.stack(column)) for tensor, column in zip(stored, columns, strict=True)]
        report: dict[str, Any] = {"tensors": found}
        if labels is not None:
            report |= self._accuracy(quantized, raw, np.asarray(labels))
        return report

    def _row(self, tensor: Tensor, raw: np.ndarray) -> dict[str, Any]:
        exact = self.values[tensor.number]
        fixed = np.ldexp(raw.astype(np.float64), -tensor.format.fraction)
        finite = np.isfinite(exact)
        error = np.abs(exact - fixed)[finite]
        signal, noise = float(np.square(exact[finite]).sum()), float(np.square(error).sum())
        return {
            **_names(self.tensors[tensor.number], self.program),
            "low": float(exact[finite].min(initial=0)),
            "high": float(exact[finite].max(initial=0)),
            "format": f"fixed<{tensor.format.bits},{tensor.format.fraction}>",
            "largest_error": float(error.max(initial=0)),
            "mean_error": float(error.mean()) if error.size else 0.0,
            "signal_to_noise_db": round(10 * log10(signal / noise), 1) if signal and noise else None,
        }

    def _accuracy(self, quantized: Program, raw: list[list[np.ndarray]], labels: np.ndarray) -> dict[str, float]:
        if labels.shape != (len(self.samples),):
            raise InterfaceError(f"there are {len(self.samples)} samples and {labels.size} labels")
        found = {}
        for name, program in (("accuracy_float", self.program), ("accuracy_fixed", quantized)):
            last = program.function.body.block.last_op
            assert isinstance(last, func.ReturnOp)
            observer = Observer(program.module, program.function, [last.operands[0]])
            parameters, result = program.signature.parameters, program.signature.results[0].type
            rows = raw
            if program is self.program:
                rows = [[to_raw(a, p.type, p.name) for a, p in zip(s, parameters, strict=True)] for s in self.samples]
            scores = [from_raw(observer(row)[0].astype(element_of(result).raw_dtype), result) for row in rows]
            right = [int(np.argmax(score)) == int(label) for score, label in zip(scores, labels, strict=True)]
            found[name] = sum(right) / len(right)
        return found


def _magnitude(values: np.ndarray) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0))


def _names(value: SSAValue, program: Program) -> dict[str, str | None]:
    """What a tensor is called: its argument, or the layer and the line of what makes it."""
    if isinstance(value, BlockArgument):
        return {"tensor": program.signature.parameters[value.index].name, "layer": None}
    assert isinstance(value.owner, Operation)
    place = value.owner.location
    return {"tensor": brief_place(place) or value.owner.name, "layer": layer_of(place)}
