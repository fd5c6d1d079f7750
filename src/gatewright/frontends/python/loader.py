"""Compile a Python function to the loops level: the parameters, the body, the results, and the finished module."""

from __future__ import annotations

import ast
import inspect
from types import FunctionType

from gatewright.errors import SourceError
from gatewright.frontends.python.calls import all_arguments, new_frame, run
from gatewright.frontends.python.captured import from_python, lookup_in
from gatewright.frontends.python.casts import convert
from gatewright.frontends.python.conversion import to_python_int
from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.emission import emit
from gatewright.frontends.python.finishing import elaborate_results, place_tables
from gatewright.frontends.python.naming import bind
from gatewright.frontends.python.signature import Taken, annotations_of, match_examples, taken
from gatewright.frontends.python.source import function_source
from gatewright.frontends.python.statements import elaborate_body
from gatewright.frontends.python.values import PARAMETER, PYTHON_BOOL, PYTHON_FLOAT, Buffer, Number, number_type, whole
from gatewright.ir.interface import Parameter, Signature, ir_type, set_signature
from gatewright.ir.program import Convention, Program
from gatewright.numbers.types import Array, Bool, Fixed, Float, Integer
from gatewright.options import Options


def load(function: object, args: tuple[object, ...] | None, options: Options) -> Program:
    """Compile `function`, annotated with types or typed by example arguments, to a program at the loops level.

    An example may be an array, a number, or a `gw` type. Parameters with a default and no example are constants.
    """
    if not isinstance(function, FunctionType):
        raise SourceError(
            f"{getattr(function, '__name__', type(function).__name__)} is not a Python function",
            remedy="pass a function made with def",
        )
    source, node = function_source(function)
    state = Elaboration(options, elaborate_body)
    frame = new_frame(function.__name__, source, node, lookup_in(state, function), function.__code__)
    state.enter(frame)
    with state.at(node):
        parameters = _parameters(state, function, node, args)
        for parameter in parameters:
            _enter(state, parameter)
        run(state)
        return _program(state, function, parameters)


def _parameters(
    state: Elaboration, function: FunctionType, node: ast.FunctionDef | ast.Lambda, args: tuple[object, ...] | None
) -> list[Taken]:
    """The parameters of the program; those with a default and without a type are bound to it as constants."""
    if node.args.vararg or node.args.kwarg:
        raise state.unsupported(
            f"{function.__name__} takes any number of arguments (*)", why="a circuit has a fixed number of ports"
        )
    nodes = all_arguments(node.args)
    examples = match_examples([argument.arg for argument in nodes], args or (), function.__name__)
    annotations, specification = annotations_of(function), inspect.signature(function).parameters
    found = []
    for argument in nodes:
        with state.at(argument):
            name = argument.arg
            annotation = annotations.get(name, inspect.Parameter.empty)
            example = examples.get(name, inspect.Parameter.empty)
            default = specification[name].default
            if default is not inspect.Parameter.empty and example is annotation is inspect.Parameter.empty:
                bind(state, name, from_python(state, default, name))
            else:
                found.append(taken(name, annotation, example, state.options, state.here))
    return found


def _enter(state: Elaboration, parameter: Taken) -> None:
    """Give the function an argument and the parameter its value."""
    argument = state.builder.entry.parameter(ir_type(parameter.type))
    argument.hint(parameter.name)
    if isinstance(parameter.type, Array):
        element = parameter.type.element
        assert isinstance(element, (Integer, Bool, Fixed, Float))
        buffer = Buffer(argument, number_type(element), parameter.type.shape, PARAMETER, parameter.name)
        bind(state, parameter.name, whole(buffer))
        return
    assert isinstance(parameter.type, (Integer, Bool, Fixed, Float))
    number = Number(number_type(parameter.type), argument)
    if parameter.python and isinstance(parameter.type, Integer):
        number = to_python_int(state, number)
    elif parameter.python and isinstance(parameter.type, Bool):
        number = convert(state, number, PYTHON_BOOL)
    elif parameter.python and isinstance(parameter.type, Float):
        number = Number(PYTHON_FLOAT, argument)
    bind(state, parameter.name, number)


def _program(state: Elaboration, function: FunctionType, parameters: list[Taken]) -> Program:
    """The finished function, emitted."""
    name = state.options.name or ("function" if function.__name__ == "<lambda>" else function.__name__)
    annotation = annotations_of(function).get("return")
    results, returned = elaborate_results(state, annotation)
    builder = state.builder
    builder.leave(builder.entry, returned)
    module, operation = emit(name, builder.entry, place_tables(state, name))
    taken_parameters = tuple(Parameter(parameter.name, parameter.type) for parameter in parameters)
    set_signature(operation, Signature(taken_parameters, tuple(results)))
    specification = inspect.signature(function).parameters
    defaults = {
        parameter.name: specification[parameter.name].default
        for parameter in parameters
        if specification[parameter.name].default is not inspect.Parameter.empty
    }
    return Program("loops", module, name, sources=state.sources, convention=Convention(defaults))
