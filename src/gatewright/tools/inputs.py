"""The values that the command line hands to a program: example types, arrays from files, random arrays."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gatewright.errors import OptionError, SourceError
from gatewright.ir.interface import Signature, element_of, from_raw
from gatewright.numbers.types import Array, Complex, Fixed, Float, Integer, Quantized, Scalar, Type, parse_scalar


def parse_types(text: str) -> tuple[Type, ...]:
    """Read types as they print, separated by commas: `i32[8, 8], u32, fixed<16,8>[4]`."""
    return tuple(_parse_type(part.strip()) for part in re.split(r",(?![^\[<]*[\]>])", text))


def _parse_type(text: str) -> Type:
    match = re.fullmatch(r"([^\[\]]+?)\s*(?:\[([\d,\s]*)\])?", text)
    if match is None:
        raise OptionError(f"{text!r} is not a type", remedy="for example --args 'i32[8,8],u32'")
    scalar = parse_scalar(match[1])
    if match[2] is None:
        return scalar
    try:
        return scalar[tuple(int(extent) for extent in match[2].split(","))]
    except ValueError:
        raise OptionError(f"{text!r} is not a type", remedy="for example --args 'i32[8,8],u32'") from None


def load_arrays(file: Path, parameters: Sequence[str]) -> tuple[np.ndarray, ...]:
    """The arrays of a .npz file, by the names of the parameters if it has exactly those, otherwise in their order."""
    try:
        with file.open("rb") as stream:
            arrays = np.load(stream, allow_pickle=False)
            if isinstance(arrays, np.ndarray):
                return (arrays,)
            names = parameters if set(parameters) == set(arrays.files) else arrays.files
            return tuple(arrays[name] for name in names)
    except FileNotFoundError:
        raise SourceError(f"cannot read {file}", why="there is no such file") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise SourceError(f"cannot read {file}", why="it is not a whole .npz file of numbers") from error


def random_arrays(signature: Signature, seed: int) -> tuple[np.ndarray, ...]:
    """Arguments for a program: integers over their whole range, other numbers from -1 to 1."""
    generator = np.random.default_rng(seed)
    return tuple(_random(parameter.type, generator) for parameter in signature.parameters)


def _random(type_: Type, generator: np.random.Generator) -> np.ndarray:
    element = element_of(type_)
    shape = type_.shape if isinstance(type_, Array) else ()
    if isinstance(element, Complex):
        parts = generator.uniform(-1, 1, shape or (2,))
        return np.asarray(parts[..., 0] + 1j * parts[..., 1], element.dtype)
    if isinstance(element, Integer):
        low, high = element.minimum, element.maximum
        return np.asarray(generator.integers(low, high, shape, element.raw_dtype, endpoint=True))
    if isinstance(element, Fixed):
        limit = min(1 << element.fraction, (1 << (element.bits - 1)) - 1) if element.fraction >= 0 else 1
        return from_raw(np.asarray(generator.integers(-limit, limit, shape, np.int64, endpoint=True)), type_)
    if isinstance(element, Float | Quantized):
        return np.asarray(generator.uniform(-1, 1, shape), np.float32)
    return np.asarray(generator.integers(0, 1, shape, np.uint8, endpoint=True)).astype(np.bool_)


def example(type_: Type) -> np.ndarray | Type:
    """An array of zeros of a type for which NumPy has one, otherwise the type itself."""
    dtype = _numpy_dtype(element_of(type_))
    return type_ if dtype is None else np.zeros(type_.shape if isinstance(type_, Array) else (), dtype)


def _numpy_dtype(element: Scalar) -> np.dtype | None:
    names = {"f16": "float16", "f32": "float32", "f64": "float64"}
    if isinstance(element, Integer) and element.bits in (8, 16, 32, 64):
        return element.raw_dtype
    if str(element) == "bool":
        return np.dtype(np.bool_)
    return np.dtype(names[str(element)]) if str(element) in names else None
