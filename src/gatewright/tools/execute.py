"""Run a design on inputs, print what came out and how long it took, and compare with the Python it came from."""

from __future__ import annotations

import copy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gatewright.ir.interface import element_of
from gatewright.numbers.types import Fixed, Quantized, Scalar
from gatewright.tools.failure import USER_ERROR
from gatewright.tools.inputs import load_arrays, random_arrays
from gatewright.tools.source import is_model
from gatewright.tools.user_code import user_code

if TYPE_CHECKING:
    from gatewright.compiler.design import Design
    from gatewright.tools.source import ProgramSource

Values = dict[str, np.ndarray]


def execute(design: Design, source: ProgramSource, inputs: str | None, seed: int, level: str) -> int:
    """Run `design` at `level` on the arrays of the file `inputs`, or on random ones.

    The exit code that it returns is 1 if Python gives something else and no rounding explains it.
    """
    names = [parameter.name for parameter in design.signature.parameters]
    given = load_arrays(Path(inputs), names) if inputs else random_arrays(design.signature, seed)
    arguments = copy.deepcopy(given)
    run = design.run(*arguments, level=level)
    produced = _named(design, run.outputs, arguments)
    unchanged = {name for name, old, new in zip(names, given, arguments, strict=True) if np.array_equal(old, new)}
    for name, value in produced.items():
        if name not in unchanged:
            print(f"{name} = {_text(value)}")
    if run.cycles is not None:
        predicted = design.report.get("cycles")
        print(f"{run.cycles:,} cycles" + (f", {predicted:,} predicted" if isinstance(predicted, int) else ""))
    if source.reference is None:
        return 0
    return _compare(design, source, produced, _reference(design, source, given))


def _named(design: Design, outputs: Sequence[object], arguments: Sequence[np.ndarray]) -> Values:
    """The results and the parameters after a run, by name."""
    results = {result.name: np.asarray(v) for result, v in zip(design.signature.results, outputs, strict=True)}
    return results | {p.name: v for p, v in zip(design.signature.parameters, arguments, strict=True)}


def _reference(design: Design, source: ProgramSource, given: Sequence[np.ndarray]) -> Values:
    """What the Python function or model makes of the same arguments."""
    arguments = copy.deepcopy(given)
    assert source.reference is not None
    with user_code(source.file.absolute()), np.errstate(all="ignore"):
        if is_model(source.reference):
            returned = _run_model(source.reference, arguments)
        else:
            returned = source.reference(*arguments)
    results = returned if isinstance(returned, (tuple, list)) else () if returned is None else (returned,)
    return _named(design, results, arguments)


def _run_model(model: Any, arguments: Sequence[np.ndarray]) -> object:
    """What a torch module returns, as arrays. Torch has been imported, since the model is made of it."""
    torch = sys.modules["torch"]
    singles = (a.astype(np.float32) if a.dtype.kind == "f" else a for a in arguments)
    with torch.no_grad():
        returned = model.eval()(*(torch.as_tensor(a) for a in singles))
    several = isinstance(returned, (tuple, list))
    return tuple(value.numpy() for value in returned) if several else returned.numpy()


def _compare(design: Design, source: ProgramSource, produced: Values, expected: Values) -> int:
    """Say how the hardware's values differ from Python's, and return the exit code for that."""
    name = getattr(source.reference, "__name__", type(source.reference).__name__)
    items = (*design.signature.results, *design.signature.parameters)
    differences = [
        text
        for item in items
        if (text := _difference(item.name, produced[item.name], expected[item.name], element_of(item.type)))
    ]
    for text in differences:
        print(f"{name} in Python differs: {text}")
    roundings = [
        (np.abs(produced[item.name] - expected[item.name]).max() / element.step, element)
        for item in items
        if isinstance(element := element_of(item.type), Fixed | Quantized) and not differences
    ]
    steps, format_ = max(roundings, key=lambda pair: pair[0], default=(0, None))
    if not differences:
        print(f"the same as {name} in Python" + (f", within {steps:.2f} steps of {format_}" if steps else ""))
    return USER_ERROR if differences else 0


def _difference(name: str, hardware: np.ndarray, python: np.ndarray, element: Scalar) -> str | None:
    """How an exact value differs, or that a rounded one has another shape; None if it does not."""
    if hardware.shape != python.shape:
        return f"{name} has the shape {python.shape}, in hardware {hardware.shape}"
    unequal = hardware != python
    if isinstance(element, Fixed | Quantized) or not unequal.any():
        return None
    first = tuple(int(i) for i in np.argwhere(unequal)[0]) if unequal.ndim else ()
    place = f"{name}[{', '.join(map(str, first))}]" if first else name
    values = f"{place} = {python[first]}, in hardware {hardware[first]}"
    return f"{int(unequal.sum())} of {unequal.size} values, first {values}"


def _text(value: np.ndarray) -> str:
    text = np.array2string(value, separator=", ", threshold=64, max_line_width=110)
    return text.replace("\n", "\n    ")
