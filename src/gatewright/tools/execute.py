"""Run a design on inputs, print what came out and how long it took, and compare with the Python it came from."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gatewright.interface import element_of
from gatewright.tools.failure import USER_ERROR
from gatewright.tools.inputs import load_arrays, random_arrays
from gatewright.tools.source import is_model
from gatewright.tools.user_code import user_code
from gatewright.types import Fixed, Scalar

if TYPE_CHECKING:
    from gatewright.design import Design
    from gatewright.tools.source import Source

Values = dict[str, np.ndarray]


def execute(design: Design, source: Source, inputs: str | None, seed: int, level: str) -> int:
    """Run `design` at `level` on the arrays of the file `inputs`, or on random ones.

    The exit code that it returns is 1 if Python gives something else and no rounding explains it.
    """
    names = [parameter.name for parameter in design.signature.parameters]
    arguments = load_arrays(Path(inputs), names) if inputs else random_arrays(design.signature, seed)
    before = copy.deepcopy(arguments)
    run = design.run(*arguments, level=level)
    produced = _named(design, run.outputs) | _changed(names, before, arguments)
    for name, value in produced.items():
        print(f"{name} = {_text(value)}")
    if run.cycles is not None:
        predicted = design.report.get("cycles")
        print(f"{run.cycles:,} cycles" + (f", {predicted:,} predicted" if isinstance(predicted, int) else ""))
    if source.reference is None:
        return 0
    expected = _reference(design, source, before, names)
    return _compare(design, source, produced, expected)


def _named(design: Design, outputs: tuple[object, ...]) -> Values:
    return {result.name: np.asarray(output) for result, output in zip(design.signature.results, outputs, strict=True)}


def _changed(names: list[str], before: tuple[np.ndarray, ...], after: tuple[np.ndarray, ...]) -> Values:
    """The arrays that the program updated in place."""
    return {name: new for name, old, new in zip(names, before, after, strict=True) if not np.array_equal(old, new)}


def _reference(design: Design, source: Source, arguments: tuple[np.ndarray, ...], names: list[str]) -> Values:
    """What the Python function or model makes of the same arguments."""
    arguments = copy.deepcopy(arguments)
    before = copy.deepcopy(arguments)
    assert source.reference is not None
    with user_code(source.file.absolute()), np.errstate(all="ignore"):
        if is_model(source.reference):
            returned = _run_model(source.reference, arguments)
        else:
            returned = source.reference(*arguments)
    results = returned if isinstance(returned, (tuple, list)) else () if returned is None else (returned,)
    return _named(design, tuple(results)) | _changed(names, before, arguments)


def _run_model(model: Any, arguments: tuple[np.ndarray, ...]) -> object:
    """What a torch module returns, as arrays. Torch has been imported, since the model is made of it."""
    torch = sys.modules["torch"]
    singles = (a.astype(np.float32) if a.dtype.kind == "f" else a for a in arguments)
    with torch.no_grad():
        returned = model.eval()(*(torch.as_tensor(a) for a in singles))
    several = isinstance(returned, (tuple, list))
    return tuple(value.numpy() for value in returned) if several else returned.numpy()


def _compare(design: Design, source: Source, produced: Values, expected: Values) -> int:
    name = getattr(source.reference, "__name__", type(source.reference).__name__)
    elements = {item.name: element_of(item.type) for item in (*design.signature.parameters, *design.signature.results)}
    differences = [
        text
        for key in dict.fromkeys([*produced, *expected])
        if (text := _difference(key, produced.get(key), expected.get(key), elements[key]))
    ]
    if not differences:
        print(f"the same as {name} in Python")
        return 0
    for text in differences:
        print(f"{name} in Python differs: {text}")
    rounded = all(isinstance(elements[key], Fixed) for key in expected)
    return 0 if rounded else USER_ERROR


def _difference(name: str, hardware: np.ndarray | None, python: np.ndarray | None, element: Scalar) -> str | None:
    if hardware is None or python is None:
        return f"{name} changes only in {'Python' if hardware is None else 'hardware'}"
    if hardware.shape != python.shape:
        return f"{name} has the shape {python.shape}, in hardware {hardware.shape}"
    unequal = hardware != python
    if not unequal.any():
        return None
    if isinstance(element, Fixed):
        steps = np.abs(hardware - python).max() / element.step
        return f"{name} by at most {steps:.2f} steps of {element}"
    first = tuple(int(i) for i in np.argwhere(unequal)[0]) if unequal.ndim else ()
    place = f"{name}[{', '.join(map(str, first))}]" if first else name
    values = f"{place} = {python[first]}, in hardware {hardware[first]}"
    return f"{int(unequal.sum())} of {unequal.size} values, first {values}"


def _text(value: np.ndarray) -> str:
    text = np.array2string(value, separator=", ", threshold=64, max_line_width=110)
    return text.replace("\n", "\n    ")
