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
from xdsl.dialects.builtin import TensorType
from xdsl.ir import BlockArgument, Operation, SSAValue

from gatewright.errors import InterfaceError
from gatewright.interpreters.tensor import Observer
from gatewright.ir.floats import format_of
from gatewright.ir.interface import Signature, to_raw
from gatewright.ir.location import brief_place, layer_of
from gatewright.ir.program import Program
from gatewright.numbers.float_arrays import float_values
from gatewright.numbers.float_format import FloatFormat
from gatewright.numbers.types import Array, Fixed
from gatewright.options import LayerFormat

MOST_FRACTION = 48
"""The most fraction bits of a tensor, which is one of zeros or nearly so."""

BEYOND = 16.0
"""How much larger than all other numbers of a tensor infinity is. Models mask with it: what is left of masked numbers
in a softmax, e**-16 of the others, is then less than numbers of 22 bits can tell."""


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


@dataclass
class Errors:
    """What a tensor is on samples, and how far another one is from it; numbers that are not finite are left out."""

    low: float = 0.0
    high: float = 0.0
    largest: float = 0.0
    total: float = 0.0
    count: int = 0
    signal: float = 0.0
    noise: float = 0.0

    def add(self, exact: np.ndarray, found: np.ndarray) -> None:
        """Take one sample into account."""
        finite = np.isfinite(exact)
        error = np.abs(exact - found)[finite]
        exact = exact[finite]
        self.low, self.high = float(exact.min(initial=self.low)), float(exact.max(initial=self.high))
        self.largest = float(error.max(initial=self.largest))
        self.total, self.count = self.total + float(error.sum()), self.count + error.size
        self.signal += float(np.square(exact).sum())
        self.noise += float(np.square(error).sum())

    def row(self, format_: Fixed) -> dict[str, Any]:
        """The range, format and errors, as the report has them."""
        ratio = self.signal / self.noise if self.noise else 0.0
        return {
            "low": self.low,
            "high": self.high,
            "format": f"fixed<{format_.bits},{format_.fraction}>",
            "largest_error": self.largest,
            "mean_error": self.total / self.count if self.count else 0.0,
            "signal_to_noise_db": round(10 * log10(ratio), 1) if ratio else None,
        }


class Calibration:
    """The samples of a floating-point program at the tensor level, and what its tensors are on them.

    One sample is looked at after the other, since all tensors of all samples may not fit in memory.
    """

    def __init__(self, program: Program, tensors: Sequence[SSAValue], given: object, wanted: Sequence[LayerFormat]):
        self.program, self.tensors = program, tensors
        self.samples = samples_of(given, program.signature)
        self._observer = Observer(program.module, program.function, tensors)
        self._formats = [_format_of(value) for value in tensors]
        largest = [0.0] * len(tensors)
        for sample in self.samples:
            largest = [max(known, _magnitude(v)) for known, v in zip(largest, self._exact(sample), strict=True)]
        self.formats = [_chosen(each, magnitude) for each, magnitude in zip(wanted, largest, strict=True)]

    def rows(self, quantized: Program, stored: Sequence[Tensor], labels: object) -> dict[str, Any]:
        """The report's entries: for each stored tensor its range, format and errors; the accuracy if there are labels.

        The numbers of the first result are the scores of the classes.
        """
        classes = None if labels is None else np.asarray(labels)
        if classes is not None and classes.shape != (len(self.samples),):
            raise InterfaceError(f"there are {len(self.samples)} samples and {classes.size} labels")
        scores = self.tensors.index(_first_result(self.program))
        observer = Observer(
            quantized.module, quantized.function, [*(t.value for t in stored), _first_result(quantized)]
        )
        errors = [Errors() for _ in stored]
        chosen = []
        for sample in self.samples:
            exact, (*found, fixed_scores) = self._exact(sample), observer(_raw(sample, quantized))
            for tensor, error, raw in zip(stored, errors, found, strict=True):
                error.add(exact[tensor.number], np.ldexp(raw.astype(np.float64), -tensor.format.fraction))
            chosen.append((int(exact[scores].argmax()), int(fixed_scores.argmax())))
        named = zip(stored, errors, strict=True)
        rows = [names_of(self.tensors[t.number], self.program) | error.row(t.format) for t, error in named]
        if classes is None:
            return {"tensors": rows}
        of_floats, of_fixed = (float(np.mean(column == classes)) for column in np.array(chosen).T)
        return {"tensors": rows, "accuracy_float": of_floats, "accuracy_fixed": of_fixed}

    def _exact(self, sample: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        """The tensors on a sample."""
        bits = self._observer(_raw(sample, self.program))
        return [float_values(f, b).astype(np.float64) for f, b in zip(self._formats, bits, strict=True)]


def _chosen(wanted: LayerFormat, magnitude: float) -> Fixed:
    """A format for numbers up to a magnitude."""
    bits = wanted.format.bits
    return Fixed(bits, fraction_for(magnitude, bits)) if wanted.is_open else wanted.format


def _raw(sample: tuple[np.ndarray, ...], program: Program) -> list[np.ndarray]:
    parameters = program.signature.parameters
    return [to_raw(array, p.type, p.name) for array, p in zip(sample, parameters, strict=True)]


def _format_of(value: SSAValue) -> FloatFormat:
    assert isinstance(value.type, TensorType)
    form = format_of(value.type.get_element_type())
    assert form is not None, f"a tensor of {value.type.get_element_type()}"
    return form


def _first_result(program: Program) -> SSAValue:
    last = program.function.body.block.last_op
    assert isinstance(last, func.ReturnOp)
    return last.operands[0]


def _magnitude(values: np.ndarray) -> float:
    """The largest magnitude; infinities are well beyond all others."""
    finite = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
    return finite + BEYOND if np.isinf(values).any() else finite


def names_of(value: SSAValue, program: Program) -> dict[str, str | None]:
    """What a tensor is called: its argument, or the layer and the line of what makes it."""
    if isinstance(value, BlockArgument):
        return {"tensor": program.signature.parameters[value.index].name, "layer": None}
    assert isinstance(value.owner, Operation)
    place = value.owner.location
    return {"tensor": brief_place(place) or value.owner.name, "layer": layer_of(place)}
