"""A program as a Python function, which runs on raw arrays."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np
from xdsl.dialects import func
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Attribute

from gatewright.errors import UnsupportedError
from gatewright.interpreters.arithmetic import RUNTIME
from gatewright.interpreters.python_source import PythonSource
from gatewright.interpreters.raw import to_integers, to_raw_array
from gatewright.ir.interface import Signature, result_positions, returned_positions, signature_of
from gatewright.ir.location import source_location
from gatewright.numbers.types import Array, Type

ENTRY = "program"
"""The name of the generated function."""

_KEPT = 16
"""How many compiled programs are kept for further runs."""


@dataclass(frozen=True)
class _Argument:
    """An argument of the function: where it comes from and, if it is an array, whether it may have changed."""

    ir: Attribute
    type: Type
    parameter: int | None
    """Which parameter it is, if it is one."""
    result: int | None
    """Which result it is, if it is one."""
    stored: bool


class CompiledProgram:
    """The generated function of a program and what is needed to call it."""

    def __init__(self, source: PythonSource):
        function = source.function
        signature = signature_of(function)
        self.text = source.text
        """The generated source."""
        self._module = source.module
        self._arguments = _arguments(function, signature, source)
        self._returned = list(
            zip(returned_positions(function), function.function_type.outputs, strict=True),
        )
        self._results = signature.results
        namespace: dict[str, Any] = {**RUNTIME, **source.constants}
        exec(_code(source), namespace)  # noqa: S102
        self._entry: Callable[..., tuple[int, ...]] = namespace[ENTRY]

    def run(self, arguments: Sequence[np.ndarray], *limits: int) -> tuple[list[np.ndarray], tuple[int, ...]]:
        """Run on the raw arrays of the parameters, updating them, and return the results and what follows them.

        `limits` are passed on to the generated function after its own arguments.
        """
        parameters = [argument for argument in self._arguments if argument.parameter is not None]
        assert len(arguments) == len(parameters), f"{len(arguments)} arguments for {len(parameters)} parameters"
        values: list[list[int] | int] = []
        for argument in self._arguments:
            if argument.parameter is None:
                assert isinstance(argument.type, Array)
                values.append([0] * argument.type.size)
            else:
                integers = to_integers(arguments[argument.parameter], argument.ir)
                values.append(integers if isinstance(argument.ir, MemRefType) else integers[0])
        returned = self._entry(*values, *limits)
        results: dict[int, np.ndarray] = {}
        for argument, value in zip(self._arguments, values, strict=True):
            if not isinstance(value, list) or not (argument.stored or argument.result is not None):
                continue
            assert isinstance(argument.type, Array)
            raw = to_raw_array(value, argument.ir, argument.type, argument.type.shape)
            if argument.result is not None:
                results[argument.result] = raw
            else:
                assert argument.parameter is not None
                arguments[argument.parameter][...] = raw.reshape(arguments[argument.parameter].shape)
        for (position, ir), value in zip(self._returned, returned, strict=False):
            results[position] = to_raw_array([value], ir, self._results[position].type, ())
        return [results[position] for position in range(len(self._results))], returned[len(self._returned) :]


def _code(source: PythonSource) -> CodeType:
    name = source.function.sym_name.data
    try:
        return compile(source.text, f"<{name}>", "exec")
    except SyntaxError as error:
        # The text is well formed, so what is left is what CPython limits.
        raise UnsupportedError(
            f"{name} nests its loops too deeply to be run here",
            where=source_location(source.function),
            why=f"it runs as Python, which has {error.msg}: at most 20 loops in one another, 100 levels in all",
        ) from error


def _arguments(function: func.FuncOp, signature: Signature, source: PythonSource) -> list[_Argument]:
    arguments: list[_Argument] = []
    parameters = iter(enumerate(signature.parameters))
    for block_argument, result in zip(function.body.block.args, result_positions(function), strict=True):
        stored = block_argument in source.stored
        if result is not None:
            arguments.append(_Argument(block_argument.type, signature.results[result].type, None, result, stored))
        else:
            position, parameter = next(parameters)
            arguments.append(_Argument(block_argument.type, parameter.type, position, None, stored))
    return arguments


class Cache:
    """The last few modules that were compiled, by identity: a module that has run must not be changed."""

    def __init__(self, build: Callable[[ModuleOp, func.FuncOp], PythonSource]):
        self._build = build
        self._kept: OrderedDict[int, tuple[ModuleOp, CompiledProgram]] = OrderedDict()

    def get(self, module: ModuleOp, function: func.FuncOp) -> CompiledProgram:
        """The compiled form of a module's public function."""
        kept = self._kept.get(id(module))
        if kept is None:
            kept = (module, CompiledProgram(self._build(module, function)))
            self._kept[id(module)] = kept
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(id(module))
        return kept[1]
