"""The parameters of a program: their types, from annotations or from example arguments."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from types import FunctionType

import numpy as np

from gatewright.errors import GatewrightError, InterfaceError, SourceError, SourceLocation, UnsupportedError
from gatewright.numbers import types
from gatewright.numbers.types import Array, Float, Scalar, Type
from gatewright.options import Options


@dataclass(frozen=True)
class Taken:
    """A parameter of the program: its type, and whether it is a Python number rather than a NumPy one."""

    name: str
    type: Type
    python: bool = False


def annotations_of(function: FunctionType) -> dict[str, object]:
    """The annotations of a function, those written as text evaluated."""
    closure = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    try:
        captured = {name: cell.cell_contents for name, cell in closure}
        return inspect.get_annotations(function, locals=captured, eval_str=True)
    except Exception as error:
        reason = error.what if isinstance(error, GatewrightError) else str(error)
        raise SourceError(
            f"an annotation of {function.__name__} cannot be evaluated: {reason}",
            remedy="annotate with gw types, for example a: gw.i32[8]",
        ) from error


def taken(name: str, annotation: object, example: object, options: Options, where: SourceLocation | None) -> Taken:
    """A parameter with an annotation, an example, or both; the annotation counts. `inspect._empty` means none."""
    if annotation is not inspect.Parameter.empty:
        found = _of_annotation(name, annotation)
        if found is None:
            raise InterfaceError(
                f"the annotation of {name} is no type of hardware",
                where=where,
                remedy=f"write for example {name}: gw.i32 or {name}: gw.i32[8, 8]",
            )
        return _checked(_in_precision(found, options), example, where)
    if example is inspect.Parameter.empty:
        raise InterfaceError(
            f"the type of {name} is not known",
            where=where,
            remedy=f"annotate it, as in {name}: gw.i32[8], or pass example arguments with args=(...)",
        )
    return _in_precision(_of_example(name, example, where), options)


def _of_annotation(name: str, annotation: object) -> Taken | None:
    if isinstance(annotation, (Scalar, Array)):
        return Taken(name, annotation)
    python = {int: types.i64, bool: types.bool_, float: types.f64}
    if isinstance(annotation, type) and annotation in python:
        return Taken(name, python[annotation], True)
    if isinstance(annotation, np.dtype) or (isinstance(annotation, type) and issubclass(annotation, np.generic)):
        scalar = types.type_of_dtype(np.dtype(annotation))
        return None if scalar is None else Taken(name, scalar)
    return None


def _of_example(name: str, example: object, where: SourceLocation | None) -> Taken:
    """The type of an argument given as an example, or of a `gw` type given in its place."""
    if (found := _of_annotation(name, example)) is not None:
        return found
    if isinstance(example, (bool, int, float)) and not isinstance(example, np.generic):
        scalar = types.bool_ if isinstance(example, bool) else types.i64 if isinstance(example, int) else types.f64
        return Taken(name, scalar, True)
    if isinstance(example, (np.ndarray, np.generic)):
        scalar = types.type_of_dtype(example.dtype)
        if scalar is None:
            why = "arrays hold integers, truth values, floating-point or fixed-point numbers"
            raise UnsupportedError(f"{name} is an array of {example.dtype}", where=where, why=why)
        if example.size == 0:
            raise UnsupportedError(f"{name} is an array without elements", where=where)
        return Taken(name, Array(scalar, example.shape) if example.shape else scalar)
    raise UnsupportedError(
        f"the argument {name} cannot be a {type(example).__name__}",
        where=where,
        why="hardware takes NumPy arrays and numbers",
        remedy="make it an array with np.array",
    )


def _in_precision(parameter: Taken, options: Options) -> Taken:
    """The parameter, with floats in the format of the option `precision` if there is one."""
    array = parameter.type if isinstance(parameter.type, Array) else None
    scalar = array.element if array is not None else parameter.type
    if not isinstance(scalar, Float):
        return parameter
    if (format_ := options.fixed_format()) is None:
        return parameter
    return Taken(parameter.name, Array(format_, array.shape) if array is not None else format_)


def _checked(parameter: Taken, example: object, where: SourceLocation | None) -> Taken:
    """The parameter, if the example has its shape."""
    shape = parameter.type.shape if isinstance(parameter.type, Array) else ()
    if isinstance(example, (np.ndarray, np.generic)) and example.shape != shape:
        raise InterfaceError(
            f"the example for {parameter.name} has the shape {example.shape}, its annotation {shape}", where=where
        )
    return parameter


def match_examples(names: Sequence[str], args: Sequence[object], function: str) -> dict[str, object]:
    """The examples by parameter; InterfaceError if there are too many."""
    if len(args) > len(names):
        raise InterfaceError(f"{function} takes {len(names)} arguments, not {len(args)}")
    return dict(zip(names, args, strict=False))
