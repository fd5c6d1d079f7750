"""MLIR text: linalg on tensors, loops (affine, scf, linalg on memrefs), or a schedule."""

from __future__ import annotations

import linecache
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from xdsl.dialects import builtin, func, memref, scf
from xdsl.dialects.builtin import (
    AnyFloat,
    ArrayAttr,
    DictionaryAttr,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    NoneAttr,
    StringAttr,
    TensorType,
    i64,
)
from xdsl.ir import Attribute, Operation
from xdsl.parser import Parser
from xdsl.utils.exceptions import DiagnosticException, ParseError, VerifyException

from gatewright.bridge.mlir import GENERALIZE, run_passes
from gatewright.bridge.worker import MlirError
from gatewright.dialects import gw
from gatewright.dialects.dataflow import TaskOp
from gatewright.dialects.notes import PORT_RESULT, PORT_TYPE, verify_notes
from gatewright.errors import IrError, SourceError, SourceLocation, UnsupportedError
from gatewright.frontends.imported import read
from gatewright.frontends.ports import PortDescription, describe_ports
from gatewright.ir.contents import beside, names_in, restore
from gatewright.ir.context import context
from gatewright.ir.floats import format_of
from gatewright.ir.location import operation_name, place_of, source_location
from gatewright.ir.operations import OPERATIONS
from gatewright.ir.program import Program
from gatewright.machine.check import check_schedule
from gatewright.numbers.float_format import FORMATS
from gatewright.options import Options

TEXT = "<mlir>"
"""The file name of text that comes from no file."""

_TO_LOOPS = """inline, buffer-results-to-out-params{modify-public-functions hoist-static-allocs},
    func.func(refback-munge-memref-copy, convert-linalg-to-loops), lower-affine, fold-memref-alias-ops, canonicalize,
    cse"""

_HARDWARE = re.compile(r"^ *hw\.module\b", re.MULTILINE)
_SCHEDULED = re.compile(r"\b(?:loopschedule|ls)\.\w")
_TASKS = re.compile(r"\bdataflow\.\w")
_OURS = re.compile(
    "|".join([*(rf"\b{re.escape(op.name)}\b" for op in gw.Gw.operations), _SCHEDULED.pattern, _TASKS.pattern])
)
"""An operation of a dialect of ours: MLIR cannot read it."""

_CONTENTS = re.compile(r"dense\w*<[^>]*>\s*:\s*tensor<[^>]*>")
"""The contents of a constant, whose type MLIR spells as a tensor's also where the constant is an array."""

_COMMENT = re.compile(r"//.*")

LOOP_OPERATIONS: tuple[type[Operation], ...] = (
    builtin.ModuleOp,
    func.FuncOp,
    func.ReturnOp,
    scf.ForOp,
    scf.WhileOp,
    scf.IfOp,
    scf.YieldOp,
    scf.ConditionOp,
    memref.AllocOp,
    memref.AllocaOp,
    memref.LoadOp,
    memref.StoreOp,
    memref.GlobalOp,
    memref.GetGlobalOp,
    gw.DirectiveOp,
    *OPERATIONS,
)
"""What the loops level may contain (docs/levels.md)."""


def load(source: str | Path, args: Sequence[object] | None, options: Options) -> Program:
    """The program of an `.mlir` file, or of text, at the level it is written at.

    `args` are not needed: the text says every type. Large constants are read from files beside it. Raises SourceError
    with the place for text that does not parse, and UnsupportedError with the line for operations and types that have
    no hardware.
    """
    file, text = _text(source)
    if (module := _HARDWARE.search(text)) is not None:
        raise SourceError(
            "this is hardware already",
            where=SourceLocation(file, text.count("\n", 0, module.start()) + 1),
            why="a program is compiled from tensors, loops or a schedule",
            remedy="gatewright-opt -t verilog, for its SystemVerilog",
        )
    plain, contents = _COMMENT.sub("", text), beside(Path(file), names_in(text))
    if _OURS.search(plain):
        module = _parse(text, file, contents)
        tensors = any(isinstance(result.type, TensorType) for op in module.walk() for result in op.results)
        level = "dataflow" if _TASKS.search(plain) else "tensor" if tensors else "loops"
        level = "schedule" if _SCHEDULED.search(plain) else level
        function, name = _entry(module, options)
        _describe(function, _names(text, name), list(function.function_type.outputs))
    else:
        module, function, level = _through_mlir(text, file, contents, options)
    if level == "loops":
        _check_loops(module)
    return Program(level, module, function.sym_name.data, sources={file: text})


def _text(source: str | Path) -> tuple[str, str]:
    """The name of a source and its text."""
    if isinstance(source, str) and not source.endswith(".mlir"):
        linecache.cache[TEXT] = (len(source), None, [f"{line}\n" for line in source.splitlines()], TEXT)
        return TEXT, source
    try:
        return str(source), Path(source).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SourceError(f"cannot read {source}", why="there is no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not text" if isinstance(error, UnicodeDecodeError) else (error.strerror or str(error)).lower()
        raise SourceError(f"cannot read {source}", why=why) from error


def _parse(text: str, file: str, contents: Mapping[str, bytes]) -> ModuleOp:
    """Text with operations of ours."""
    try:
        module = Parser(context(), text, name=file).parse_module()
    except ParseError as error:
        place = error.span.get_location()
        reason = error.msg.strip().rstrip(".")
        where = SourceLocation(file, place.line, place.col - 1, max(1, len(error.span)))
        raise SourceError(f"this is not MLIR: {reason[:1].lower()}{reason[1:]}", where=where) from error
    restore(module, contents)
    try:
        module.verify()
        verify_notes(module)
        check_schedule(module)
    except (DiagnosticException, VerifyException) as error:
        raise IrError(f"{file} is not a valid program: {_last_line(error)}") from error
    return module


def _through_mlir(
    text: str, file: str, contents: Mapping[str, bytes], options: Options
) -> tuple[ModuleOp, func.FuncOp, str]:
    """Text that MLIR reads, with calls inlined, at the level it turns out to be at."""
    try:
        generic = run_passes(text, "inline", contents)
        given, name = _entry(read(generic, rename={"-": file}), options)
        level = "tensor" if re.search(r"[ <(]tensor<", _CONTENTS.sub("", generic.text)) else "loops"
        generic = run_passes(text, f"inline, {GENERALIZE}" if level == "tensor" else _TO_LOOPS, contents)
    except MlirError as error:
        _, line, column = error.places[0] if error.places else (None, None, 1)
        where = SourceLocation(file, line, column - 1) if line else None
        raise SourceError(f"this is not MLIR: {error}", where=where) from error
    module = read(generic, rename={"-": file})
    function, _ = _entry(module, options)
    _describe(function, _names(text, name), list(given.function_type.outputs))
    return module, function, level


def _entry(module: ModuleOp, options: Options) -> tuple[func.FuncOp, str]:
    """The one function to compile, under the name asked for, and its name in the text.

    Of the others only those are left, as private ones, that it comes to call.
    """
    functions = [op for op in module.ops if isinstance(op, func.FuncOp) and not op.is_declaration]
    public = [op for op in functions if op.sym_visibility is None or op.sym_visibility.data == "public"]
    chosen = [op for op in public if op.sym_name.data == options.name] or public
    if len(chosen) != 1:
        names = ", ".join(f"@{op.sym_name.data}" for op in chosen)
        raise IrError(
            f"the text has {len(chosen)} public functions ({names})" if chosen else "the text has no public function",
            why="one function becomes the top module",
            remedy="mark the others private, or name one with name=..." if chosen else "write a func.func",
        )
    called = _called(chosen[0], functions)
    for op in functions:
        if op in called:
            op.sym_visibility = StringAttr("private")
        elif op is not chosen[0]:
            op.detach()
            op.erase(safe_erase=False)
    name = chosen[0].sym_name.data
    if options.name is not None:
        chosen[0].sym_name = StringAttr(options.name)
    return chosen[0], name


def _called(function: func.FuncOp, functions: Sequence[func.FuncOp]) -> set[func.FuncOp]:
    """The functions that one comes to call, without itself."""
    found: set[func.FuncOp] = set()
    pending = [function]
    while pending:
        calls = (op for op in pending.pop().walk() if isinstance(op, func.CallOp | TaskOp))
        names = {op.callee.string_value() for op in calls}
        new = [other for other in functions if other.sym_name.data in names and other not in found]
        found.update(new)
        pending += new
    return found - {function}


def _describe(function: func.FuncOp, names: Mapping[int, str], results: Sequence[Attribute]) -> None:
    """Write the interface of a function whose text had results of the types `results`, unless the text describes it.

    Arrays that were returned are arguments now, after the others.
    """
    if any(PORT_TYPE.name in entry.data for entry in function.arg_attrs or []):
        return
    arrays = [order for order, type_ in enumerate(results) if isinstance(type_, MemRefType)]
    type_ = function.function_type
    count = len(type_.inputs.data) - (len(arrays) if len(type_.outputs.data) < len(results) else 0)
    arguments = [PortDescription(names.get(k, f"arg{k}")) for k in range(len(type_.inputs.data))]
    describe_ports(function, arguments, [PortDescription("") for _ in type_.outputs])
    described = [dict(entry.data) for entry in function.arg_attrs or []]
    for entry, order in zip(described[count:], arrays, strict=True):
        entry[PORT_RESULT.name] = IntegerAttr(order, i64)
    returned = [dict(entry.data) for entry in function.res_attrs or []]
    for entry, order in zip(returned, (k for k in range(len(results)) if k not in arrays), strict=True):
        entry[PORT_RESULT.name] = IntegerAttr(order, i64)
    function.properties["arg_attrs"] = ArrayAttr([DictionaryAttr(entry) for entry in described])
    function.properties["res_attrs"] = ArrayAttr([DictionaryAttr(entry) for entry in returned])


def _names(text: str, function: str) -> dict[int, str]:
    """The names of a function's arguments in its text, where they are identifiers."""
    header = re.search(rf"@{re.escape(function)}\s*\(([^{{]*)", text)
    found = re.findall(r"%([\w$.-]+)\s*:", header[1]) if header else []
    return {k: name for k, name in enumerate(found) if name.isidentifier()}


def _check_loops(module: ModuleOp) -> None:
    """Raise UnsupportedError for the first operation or type that loops cannot have."""
    for op in list(module.walk()):
        if isinstance(op, memref.DeallocOp):
            op.detach()
            op.erase()
            continue
        for result in op.results:
            _check_type(result.type, source_location(op))
        for argument in [argument for region in op.regions for block in region.blocks for argument in block.args]:
            _check_type(argument.type, place_of(argument.location) or source_location(op))
        if isinstance(op, func.CallOp):
            raise UnsupportedError(
                f"the call of @{op.callee.string_value()} cannot be inlined",
                where=source_location(op),
                why="a function that calls itself has no hardware, and one without a body is unknown",
            )
        chosen = not isinstance(op, memref.AllocOp | memref.AllocaOp | memref.GetGlobalOp)
        if chosen and any(isinstance(result.type, MemRefType) for result in op.results):
            raise UnsupportedError(
                f"{operation_name(op)} gives an array",
                where=source_location(op),
                why="which memory an operation accesses must be known at compile time",
                remedy="copy the elements into one array on every path",
            )
        if not isinstance(op, LOOP_OPERATIONS):
            raise UnsupportedError(f"{operation_name(op)} has no hardware", where=source_location(op))


def _check_type(type_: Attribute, where: SourceLocation | None) -> None:
    if isinstance(type_, TensorType):
        raise UnsupportedError(f"{type_} is a tensor among loops over arrays", where=where)
    element = type_
    if isinstance(type_, MemRefType):
        element = type_.get_element_type()
        if any(extent < 1 for extent in type_.get_shape()):
            raise UnsupportedError(f"{type_} has no size that is known at compile time", where=where)
        if not isinstance(type_.layout, NoneAttr):
            raise UnsupportedError(f"{type_} has a layout", where=where, why="arrays are stored row by row")
    if isinstance(element, AnyFloat) and format_of(element) is None:
        raise UnsupportedError(
            f"{type_} has no hardware",
            where=where,
            why=f"floating-point numbers are {', '.join(FORMATS)}",
        )


def _last_line(error: BaseException) -> str:
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no reason given"
