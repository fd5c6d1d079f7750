"""Calls: functions of the tables, casts, and the user's own functions, whose bodies are compiled in place."""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import FunctionType

from gatewright.frontends.python.captured import from_python, lookup_in
from gatewright.frontends.python.casts import scalar_type
from gatewright.frontends.python.dtypes import cast, is_type, named_type
from gatewright.frontends.python.elaboration import RESULT, Elaboration
from gatewright.frontends.python.exits import single_exits
from gatewright.frontends.python.liveness import Liveness, stored
from gatewright.frontends.python.naming import bind
from gatewright.frontends.python.returns import tail_returns
from gatewright.frontends.python.source import SourceFile, function_source
from gatewright.frontends.python.tables import FUNCTIONS, METHODS, Arguments
from gatewright.frontends.python.values import Frame, LocalFunction, Method, PythonObject, Unbound, Value, kind_of
from gatewright.numbers import types


def call(state: Elaboration, callee: Value, arguments: Arguments) -> Value:
    """The value of a call."""
    if isinstance(callee, Method):
        return METHODS[callee.name].elaborate(state, callee.owner, arguments)
    if isinstance(callee, LocalFunction):
        return _call_local(state, callee, arguments)
    if not isinstance(callee, PythonObject):
        raise state.unsupported(f"{kind_of(callee)} cannot be called")
    thing = callee.value
    if is_type(thing):
        return _call_type(state, callee, arguments)
    if (entry := _entry(thing)) is not None:
        return entry.elaborate(state, arguments)
    if isinstance(thing, FunctionType):
        return call_function(state, thing, arguments)
    raise state.unsupported(
        f"{arguments.name} has no hardware",
        why="programs may call their own functions and those that are listed as supported",
    )


def _entry(thing: object):
    try:
        return FUNCTIONS.get(thing)
    except TypeError:
        return None


def _call_type(state: Elaboration, callee: PythonObject, arguments: Arguments) -> Value:
    """`np.uint32(x)`, `gw.fixed(16, 8)(x)`; without an argument, zero."""
    (value,) = arguments.bind(state, "x", least=0)
    thing = callee.value
    type_ = scalar_type(state, thing) if isinstance(thing, types.Scalar) else named_type(state, callee)
    if value is None:
        value = from_python(state, 0)
    return cast(state, value, type_, strict=not isinstance(thing, types.Scalar))


def call_function(state: Elaboration, function: FunctionType, arguments: Arguments) -> Value:
    """Compile the body of a Python function in place of a call of it."""
    source, node = function_source(function)
    frame = new_frame(function.__name__, source, node, lookup_in(state, function), function.__code__)
    defaults = [from_python(state, value) for value in function.__defaults__ or ()]
    keyword_defaults = {name: from_python(state, value) for name, value in (function.__kwdefaults__ or {}).items()}
    return _inline(state, frame, node, arguments, defaults, keyword_defaults)


def _call_local(state: Elaboration, function: LocalFunction, arguments: Arguments) -> Value:
    node, outer = function.node, function.frame

    def lookup(name: str) -> Value | None:
        found = outer.names.get(name)
        if found is None and name in outer.own:
            return Unbound(f"{name} has no value yet")
        return found if found is not None else outer.lookup(name)

    name = node.name if isinstance(node, ast.FunctionDef) else "lambda"
    frame = new_frame(name, outer.source, node, lookup, node)
    specification = node.args
    defaults = [_constant(state, default) for default in specification.defaults]
    keyword_defaults = {
        argument.arg: _constant(state, default)
        for argument, default in zip(specification.kwonlyargs, specification.kw_defaults, strict=True)
        if default is not None
    }
    return _inline(state, frame, node, arguments, defaults, keyword_defaults)


def _constant(state: Elaboration, default: ast.expr) -> Value:
    if not isinstance(default, ast.Constant):
        raise state.unsupported("defaults of functions inside functions must be constants")
    return from_python(state, default.value)


def new_frame(
    name: str,
    source: SourceFile,
    node: ast.FunctionDef | ast.Lambda,
    lookup: Callable[[str], Value | None],
    code: object,
) -> Frame:
    """The frame of a function, its statements brought into the form that is compiled."""
    if isinstance(node, ast.Lambda):
        body: list[ast.stmt] = [ast.copy_location(ast.Return(node.body), node.body)]
    else:
        body = tail_returns(single_exits(node.body), source)
    own = frozenset([*stored(body), *(argument.arg for argument in all_arguments(node.args))])
    return Frame(name, source, Liveness(body), lookup, code, own=own, body=body)


def all_arguments(specification: ast.arguments) -> list[ast.arg]:
    """The parameters of a function, in order."""
    return [*specification.posonlyargs, *specification.args, *specification.kwonlyargs]


def _inline(
    state: Elaboration,
    frame: Frame,
    node: ast.FunctionDef | ast.Lambda,
    arguments: Arguments,
    defaults: list[Value],
    keyword_defaults: dict[str, Value],
) -> Value:
    if any(outer.code is frame.code for outer in state.frames):
        raise state.unsupported(
            f"{frame.name} calls itself", why="calls are inlined, so that recursion has no end", remedy="use a loop"
        )
    values = _match(state, frame, node.args, arguments, defaults, keyword_defaults)
    with state.calling(frame):
        for name, value in values.items():
            bind(state, name, value)
        run(state)
    return frame.names[RESULT]


def run(state: Elaboration) -> None:
    """Compile the statements of the current frame; its result is then under the name RESULT."""
    state.frame.names.setdefault(RESULT, PythonObject(None))
    state.elaborate_body(state, state.frame.body)


def _match(
    state: Elaboration,
    frame: Frame,
    specification: ast.arguments,
    arguments: Arguments,
    defaults: list[Value],
    keyword_defaults: dict[str, Value],
) -> dict[str, Value]:
    """The values of the parameters of a call, as Python matches them."""
    if specification.vararg or specification.kwarg:
        raise state.unsupported(f"{frame.name} takes any number of arguments (*), which has no hardware")
    positional = [argument.arg for argument in [*specification.posonlyargs, *specification.args]]
    keyword_only = [argument.arg for argument in specification.kwonlyargs]
    if len(arguments.positional) > len(positional):
        raise state.mistake(f"{frame.name} takes {len(positional)} arguments, not {len(arguments.positional)}")
    values: dict[str, Value] = dict(zip(positional, arguments.positional, strict=False))
    for name, value in arguments.keywords.items():
        if name not in [*positional[len(specification.posonlyargs) :], *keyword_only] or name in values:
            raise state.mistake(f"{frame.name} cannot take {name}= here")
        values[name] = value
    fallback = dict(zip(positional[len(positional) - len(defaults) :], defaults, strict=True)) | keyword_defaults
    for name in [*positional, *keyword_only]:
        if name not in values and name not in fallback:
            raise state.mistake(f"{frame.name} needs the argument {name}")
    return fallback | values
