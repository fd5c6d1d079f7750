"""PyTorch models: `torch.nn.Module` and `torch.export.ExportedProgram`, through torch-mlir to linalg on tensors."""

from __future__ import annotations

import logging
import re
import sysconfig
import traceback
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from gatewright.bridge import worker
from gatewright.bridge.literals import literal_hooks
from gatewright.bridge.mlir import import_torch
from gatewright.bridge.worker import MlirError
from gatewright.errors import InterfaceError, SourceLocation, ToolError, UnsupportedError
from gatewright.frontends.imported import LAYER, read
from gatewright.frontends.ports import PortDescription, describe_ports
from gatewright.frontends.restore_min_max import restore_extremes
from gatewright.frontends.torch.complex_parts import by_parts, has_complex, is_complex
from gatewright.frontends.torch.decompositions import check, check_unchanged, decompositions, views_of_aten
from gatewright.frontends.torch.unsigned import store_as_signed
from gatewright.ir.location import line_of
from gatewright.ir.program import Convention, Program
from gatewright.options import Options

if TYPE_CHECKING:
    from torch.export import ExportedProgram


def load(
    source: object, args: Sequence[object] | None, options: Options, kwargs: Mapping[str, object] | None = None
) -> Program:
    """The tensor-level program of a `torch.nn.Module`, with `args` and `kwargs` as example inputs, or of an
    `ExportedProgram`.

    A module is read as in evaluation mode, whatever mode it is in, and is left as it was. Raises UnsupportedError for
    what neither torch.export nor torch-mlir can lower, and ToolError without torch.
    """
    torch = _torch()
    exported: ExportedProgram
    if isinstance(source, torch.export.ExportedProgram):
        exported = cast("ExportedProgram", source)
    elif isinstance(source, torch.nn.Module):
        exported = _export(torch, source, args, kwargs)
    else:
        raise InterfaceError(f"a {type(source).__name__} is not a PyTorch model")
    worker.start()
    name = options.name or _name(source)
    check(torch, exported)
    convention = _convention(torch, exported)
    taken, returned = _ports(exported)
    if has_complex(exported):
        _check_no_format(options, [*taken, *returned])
        with _quiet():
            exported = by_parts(torch, exported)
    with _quiet():
        # Between quantisations unsigned tensors are only converted, in a form that is known to the passes behind.
        quantised = any(
            getattr(each.target, "namespace", "") == "quantized_decomposed" for each in exported.graph.nodes
        )
        views_of_aten(torch, exported)
        try:
            exported = exported.run_decompositions(decompositions(torch))
            check_unchanged(exported)
        except RuntimeError as error:  # of an operation that is not PyTorch's own
            raise UnsupportedError("PyTorch cannot decompose this model", why=_first_line(error)) from error
        _drop_constant_arguments(exported)
        _drop_constant_results(exported, convention.constants)
        if not quantised or any((port.type or "").startswith("u") for port in (*taken, *returned)):
            store_as_signed(torch, exported)
        _name_layers(exported)
        contents: dict[str, bytes] = {}
        _copy_listed_constants(torch, exported)
        try:
            imported = import_torch(exported, name, literal_hooks(_bytes_of, contents), contents)
        except MlirError as error:
            raise _refused(error) from error
        except (NotImplementedError, TypeError, ValueError) as error:  # what torch-mlir's importer raises
            raise UnsupportedError("torch-mlir cannot import this model", why=_first_line(error)) from error
    module = read(imported, _is_users)
    restore_extremes(module)
    program = Program("tensor", module, name, convention=convention)
    describe_ports(program.function, taken, returned)
    return program


def _bytes_of(literal: Any) -> np.ndarray | None:
    """The bytes of a tensor of several numbers; None for anything else."""
    import torch
    from torch.utils._python_dispatch import _disable_current_modes  # pyright: ignore[reportPrivateUsage]

    if not isinstance(literal, torch.Tensor) or literal.numel() <= 1 or literal.is_complex():
        return None
    with _disable_current_modes():
        return np.array(literal.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())


def _convention(torch: Any, exported: ExportedProgram) -> Convention:
    """How the model's results make what it returns."""
    outputs: list[Any] = [spec.arg for spec in exported.graph_signature.output_specs if spec.kind.name == "USER_OUTPUT"]
    constants = {k: arg.value for k, arg in enumerate(outputs) if type(arg).__name__ == "ConstantArgument"}
    if len(constants) == len(outputs):
        raise UnsupportedError("the model returns no tensor", why="there is nothing for hardware to compute")
    structure = exported.call_spec.out_spec
    if structure is None:
        return Convention(constants=constants)
    return Convention(
        constants=constants, returned=lambda results: torch.utils._pytree.tree_unflatten(list(results), structure)
    )


def _drop_constant_arguments(exported: ExportedProgram) -> None:
    """Leave to the graph only those arguments that are tensors: None, where a model takes it, is known."""
    specs = exported.graph_signature.input_specs
    constant = {spec.arg.name for spec in specs if type(spec.arg).__name__ == "ConstantArgument"}
    for node in [node for node in exported.graph.nodes if node.op == "placeholder" and node.name in constant]:
        if not node.users:
            exported.graph.erase_node(node)
            specs[:] = [spec for spec in specs if spec.arg.name != node.name]
    exported.graph_module.recompile()


def _drop_constant_results(exported: ExportedProgram, constants: Mapping[int, object]) -> None:
    """Leave to the graph only those results that are tensors."""
    if not constants:
        return
    (output,) = [node for node in exported.graph.nodes if node.op == "output"]
    specs = exported.graph_signature.output_specs
    kept = [k for k, spec in enumerate(specs) if type(spec.arg).__name__ != "ConstantArgument"]
    output.args = (tuple(output.args[0][k] for k in kept),)
    specs[:] = [specs[k] for k in kept]
    exported.graph.eliminate_dead_code()
    exported.graph_module.recompile()


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise ToolError(
            "compiling a PyTorch model needs PyTorch",
            why="torch is not installed",
            remedy='pip install "gatewright[torch]"',
        ) from error
    return torch


def _export(
    torch: Any, model: Any, args: Sequence[object] | None, kwargs: Mapping[str, object] | None
) -> ExportedProgram:
    """Trace a module in evaluation mode."""
    if args is None and kwargs is None:
        raise InterfaceError(
            "a PyTorch model needs example arguments",
            why="the shapes of its tensors follow from them",
            remedy="gw.compile(model, args=(x,))",
        )
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise InterfaceError(f"kwargs={kwargs!r} names no arguments", remedy='kwargs={"scale": x}')
    examples = tuple(_example(torch, f"argument {number}", value) for number, value in enumerate(args or (), 1))
    named = {name: _example(torch, f"the argument {name}", value) for name, value in (kwargs or {}).items()}
    with _quiet(), _evaluating(model), torch.no_grad():
        try:
            return torch.export.export(model, examples, named, strict=False)
        except Exception as error:  # torch raises anything at all, the user's own mistakes among it
            raise _untraceable(error) from error


def _example(torch: Any, which: str, value: object) -> Any:
    """An example argument for torch.export: a tensor of its own, since one that is given twice would be one input."""
    if value is None:
        return None
    if isinstance(value, tuple | list | Mapping) and not all(isinstance(each, int | float) for each in value):
        raise InterfaceError(
            f"{which} of the model is a {type(value).__name__} of other things",
            why="each argument of a design is one array or number",
            remedy="write a model around this one that takes the tensors one by one",
        )
    try:
        return torch.as_tensor(value).detach().clone()
    except (TypeError, ValueError, RuntimeError) as error:
        raise InterfaceError(f"{which} of the model is {value!r}, which is no tensor") from error


def _untraceable(error: Exception) -> UnsupportedError:
    """The error for a model that torch.export cannot trace."""
    where = _users_line(error)
    if type(error).__name__ == "GuardOnDataDependentSymNode":
        return UnsupportedError(
            "the model decides by the values of its data what to do next",
            where=where,
            why="torch.export records one flow of control, for all values",
            remedy="compute both and choose: torch.where(condition, this, that)",
        )
    return UnsupportedError(
        "torch.export cannot trace this model",
        where=where,
        why=f"{type(error).__name__}: {_first_line(error)}",
        remedy="the model must run on the example arguments",
    )


@contextmanager
def _evaluating(model: Any) -> Generator[None, None, None]:
    """Every part of a module in evaluation mode, and as it was afterwards."""
    modes = [(part, part.training) for part in model.modules()]
    try:
        with suppress(NotImplementedError):  # a graph that was exported has one mode only, and says so
            model.eval()
        yield
    finally:
        for part, training in modes:
            part.training = training


@contextmanager
def _quiet() -> Generator[None, None, None]:
    """Without the warnings and log lines of torch about itself."""
    logger = logging.getLogger("torch")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            logger.setLevel(level)


def _name(source: object) -> str:
    """The module's class as an identifier; `model` for an exported program."""
    name = type(source).__name__
    return "model" if name == "ExportedProgram" else re.sub(r"\W", "_", name).lower()


def _name_layers(exported: ExportedProgram) -> None:
    """Say in the trace of every operation in which module it is, as if that were a file: locations keep it."""
    for node in exported.graph.nodes:
        within = list((node.meta.get("nn_module_stack") or {}).values())
        if within and within[-1][0]:
            trace = node.meta.get("stack_trace") or ""
            node.meta["stack_trace"] = f'{trace}\n  File "{LAYER}{within[-1][0]}", line 1, in forward\n'


def _copy_listed_constants(torch: Any, exported: ExportedProgram) -> None:
    """Have lists of tensors, such as `torch.cat` takes, hold copies of parameters: torch-mlir reads no others there."""
    signature = exported.graph_signature
    constants = {
        *signature.inputs_to_parameters,
        *signature.inputs_to_buffers,
        *signature.inputs_to_lifted_tensor_constants,
    }
    for node in list(exported.graph.nodes):
        listed = [each for arg in node.args if isinstance(arg, list | tuple) for each in arg]
        for constant in dict.fromkeys(each for each in listed if getattr(each, "name", None) in constants):
            if node.op == "call_function":
                with exported.graph.inserting_before(node):
                    copy = exported.graph.call_function(torch.ops.aten.clone.default, (constant,))
                copy.meta = {**constant.meta, "stack_trace": node.meta.get("stack_trace")}
                node.replace_input_with(constant, copy)


def _ports(exported: ExportedProgram) -> tuple[list[PortDescription], list[PortDescription]]:
    """The names and element types of the tensors that a program takes and returns."""
    values = {node.name: node.meta.get("val") for node in exported.graph.nodes}
    signature = exported.graph_signature
    inputs = [name for name in signature.user_inputs if isinstance(name, str) and name in values]
    taken = [PortDescription(name, _spelled(values[name])) for name in inputs]
    results: list[Any] = [spec.arg for spec in signature.output_specs if spec.kind.name == "USER_OUTPUT"]
    names: list[str] = [result.name for result in results if type(result).__name__ != "ConstantArgument"]
    return taken, [PortDescription(name, _spelled(values[name])) for name in names]


def _spelled(value: Any) -> str | None:
    """The type of an unsigned tensor, which MLIR does not tell from a signed one, or of the parts of a complex one."""
    if is_complex(value):
        return "complex<f64>" if str(value.dtype) == "torch.complex128" else "complex<f32>"
    match = re.fullmatch(r"torch\.uint(\d+)", str(getattr(value, "dtype", "")))
    return f"u{match[1]}" if match else None


def _check_no_format(options: Options, ports: Sequence[PortDescription]) -> None:
    port = next((port for port in ports if (port.type or "").startswith("complex")), None)
    if options.precision is not None and port is not None:
        raise UnsupportedError(
            f"{port.name} is complex, and has no fixed-point format",
            remedy="give and take the parts, as in torch.view_as_complex(x) and torch.view_as_real(z)",
        )


def _is_users(file: str) -> bool:
    """True for a file that is not PyTorch's own."""
    return "torch" not in Path(file).parts and not file.startswith(LAYER)


def _users_line(error: BaseException) -> SourceLocation | None:
    """The innermost line of the user's code in a traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_in_program(frame.filename)]
    if not frames or frames[-1].lineno is None:
        return None
    last = frames[-1]
    if last.colno is None or last.end_colno is None or last.end_lineno != last.lineno:
        return line_of(last.filename, frames[-1].lineno)
    return SourceLocation(last.filename, frames[-1].lineno, last.colno, max(1, last.end_colno - last.colno))


def _is_in_program(file: str) -> bool:
    """True for a file that is neither PyTorch's nor Python's nor the compiler's."""
    ours = "gatewright" in Path(file).parts or Path(file).is_relative_to(sysconfig.get_path("stdlib"))
    return _is_users(file) and not ours and Path(file).exists()


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else "no reason given"


def _refused(error: MlirError) -> UnsupportedError:
    """The error for what torch-mlir does not lower, naming the operation of PyTorch."""
    operation = re.search(r'name = "torch\.([\w.]+)"|torch\.((?:aten|prims|prim)\.[\w.]+)', str(error))
    where = next((line_of(file, line) for file, line, _ in error.places if _is_users(file)), None)
    name = operation[1] or operation[2] if operation else None
    return UnsupportedError(
        f"the PyTorch operation {name} is not supported" if name else "torch-mlir cannot lower this model",
        where=where,
        why="torch-mlir has no way to compute it with linalg" if name else f"torch-mlir: {error}",
    )
