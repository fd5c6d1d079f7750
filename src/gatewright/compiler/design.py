"""A compiled program: it runs at every level, prints every level, and gives an account of itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from gatewright.compiler.collection import collecting_rarely
from gatewright.compiler.compilation import Compilation
from gatewright.compiler.fitting import fitted
from gatewright.compiler.sources import load
from gatewright.dialects.dataflow import tasks_in
from gatewright.errors import InterfaceError, OptionError
from gatewright.ir.banked_ports import BankedPorts, banks_of_arguments
from gatewright.ir.contents import text_and_contents, write
from gatewright.ir.interface import (
    Signature,
    argument_names,
    bound,
    check_count,
    from_raw,
    shape_of,
    to_raw,
    write_back,
)
from gatewright.ir.program import Convention
from gatewright.ir.task_programs import joint_plan, written_arguments
from gatewright.numbers.types import Array
from gatewright.options import Options
from gatewright.plan import Plan
from gatewright.reporting.facts import account, predicted_cycles
from gatewright.reporting.folder import atomic_folder

DEFAULT_MAX_CYCLES = 1_000_000_000
"""The bound of a simulation after which it is taken to hang, unless the user sets one."""


_AS_SCHEDULED = ("dataflow", "schedule", "rtl", "verilog")
"""Levels at which arrays are as the schedule has them."""


@dataclass(frozen=True)
class StreamRun:
    """The execution of a design on a stream of samples."""

    outputs: tuple[Any, ...]
    """One array a result, with an axis for the samples in front."""
    cycles: int
    """From the start of the first sample to the end of the last one."""
    interval: int
    """Cycles between the starts of two samples."""
    latency: int
    """Cycles from the start of a sample to its end."""


@dataclass(frozen=True)
class Run:
    """One execution of a design."""

    outputs: tuple[Any, ...]
    """One array (or NumPy scalar) a result."""
    cycles: int | None
    """Clock cycles from the start to the earliest next start; None at levels without a clock."""
    level: str


class Design:
    """A program compiled to hardware. Calling it runs the hardware in simulation."""

    def __init__(self, compilation: Compilation, source: str):
        self._compilation = compilation
        self._source = source
        self._simulators: dict[str, Any] = {}
        _ = compilation.rtl

    @property
    def name(self) -> str:
        """The name of the program and of its top module."""
        return self._compilation.given.name

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that this design has, from the source down."""
        return self._compilation.levels

    @property
    def signature(self) -> Signature:
        """What the program takes and returns."""
        return self._compilation.signature

    @property
    def options(self) -> Options:
        """The options it was compiled with."""
        return self._compilation.options

    def __call__(self, /, *arguments: Any, **named: Any) -> Any:
        """Run the hardware: arrays are updated in place where the program writes them, results are returned.

        Arguments are given as to the source: in order or by name, and those with a default may be left out.
        """
        outputs = self.run(*bound(self.signature, self._convention.defaults, arguments, named)).outputs
        if self._convention.returned is not None:
            return self._convention.returned(outputs)
        if not outputs:
            return None
        return outputs[0] if len(outputs) == 1 else outputs

    def run(self, /, *arguments: Any, level: str = "rtl", max_cycles: int | None = None, **named: Any) -> Run:
        """Run the program at a level, with the arguments of `__call__`.

        `max_cycles` bounds the cycles of a simulation (at the loops level: the iterations of all loops); one that takes
        longer is an error that tells where it hangs.
        """
        self._check_level(level)
        arguments = bound(self.signature, self._convention.defaults, arguments, named)
        raw = self._raw(arguments)
        results, cycles = self._execute(raw, level, DEFAULT_MAX_CYCLES if max_cycles is None else max_cycles)
        self._write_back(arguments, raw)
        return Run(self._outputs(results), cycles, level)

    def stream(self, samples: Iterable[Any]) -> StreamRun:
        """Run the hardware on samples each of which begins as soon as the design takes it.

        A sample is what `__call__` takes: a tuple of arguments, or one argument; an array holds samples along its first
        axis. In a design of tasks (`dataflow=True`) several are under way at once, in others one follows the other.
        """
        given = [each if isinstance(each, tuple | list) else (each,) for each in samples]
        if not given:
            raise InterfaceError("a stream has no samples", remedy="give at least one")
        timing = self._compilation.timing
        if timing is None:
            runs = [self.run(*each) for each in given]
            outputs, cycles = [run.outputs for run in runs], [run.cycles or 0 for run in runs]
            return StreamRun(_stacked(outputs), sum(cycles), max(cycles), max(cycles))
        every = [bound(self.signature, self._convention.defaults, each, {}) for each in given]
        raw = [self._raw(each) for each in every]
        whole = [self._in_memory(each) for each in raw]
        dealt = [self._ports.deal(each) for each in whole]
        runs = self.simulator().stream(dealt, timing)
        for arguments, bits, parts in zip(every, whole, dealt, strict=True):
            self._ports.collect(parts, bits)
            self._write_back(arguments, bits)
        outputs = [self._outputs(self._ports.join(run.results)) for run in runs]
        cycles = (len(runs) - 1) * timing.interval + timing.latency
        return StreamRun(_stacked(outputs), cycles, timing.interval, timing.latency)

    def _raw(self, arguments: Sequence[Any]) -> list[np.ndarray]:
        """The bits of arguments."""
        self._check_aliases(arguments)
        parameters = self.signature.parameters
        return [to_raw(given, each.type, each.name) for given, each in zip(arguments, parameters, strict=True)]

    def _in_memory(self, raw: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The bits of arguments as memories hold them: a tensor without axes is an array of one element."""
        types = [parameter.type for parameter in self.signature.parameters]
        return [np.atleast_1d(r) if isinstance(t, Array) else r for r, t in zip(raw, types, strict=True)]

    def _write_back(self, arguments: Sequence[Any], raw: Sequence[np.ndarray]) -> None:
        """Update the arrays among arguments that the program writes."""
        for argument, parameter, bits in zip(arguments, self.signature.parameters, raw, strict=True):
            if parameter.name in self._written and isinstance(parameter.type, Array):
                write_back(argument, bits, parameter.type)

    def _outputs(self, results: Sequence[np.ndarray]) -> tuple[Any, ...]:
        """The results of the program from their bits, those that are known among them."""
        return self._with_constants(
            tuple(
                from_raw(r.reshape(shape_of(result.type)), result.type)[()]
                for r, result in zip(results, self.signature.results, strict=True)
            )
        )

    def saturations(self, *arguments: Any) -> dict[str, int]:
        """How many elements of each tensor of a fixed-point model saturate for these arguments.

        By the name of the argument, or of the layer that makes the tensor. Raises OptionError without a `precision`.
        """
        check_count(self.signature, arguments)
        return self._compilation.saturation(arguments)

    def ir(self, level: str) -> str:
        """The text of a level; it parses back."""
        self._check_level(level)
        if level == "verilog":
            return self.verilog
        return str(self._module(level)) + "\n"

    @cached_property
    def files(self) -> dict[str, str]:
        """The SystemVerilog and the memory images, by file name."""
        from gatewright.bridge.circt import split_verilog

        rtl = self._compilation.rtl
        return split_verilog(str(rtl.module), rtl.images, rtl.header)

    @property
    def verilog(self) -> str:
        """The SystemVerilog of all modules as one text; contents of ROMs are read from the memory images beside it."""
        return "\n".join(text for name, text in self.files.items() if name.endswith(".sv"))

    @cached_property
    def plan(self) -> Plan:
        """What was decided about the loops of the program, and why. It prints, and `plan=` takes it back."""
        return joint_plan(self._compilation.schedule)

    @cached_property
    def report(self) -> dict[str, Any]:
        """An account of the design that json can write."""
        compiled = self._compilation
        workload = None if compiled.given.level in ("dataflow", "schedule") else compiled.workload
        report = account(self._source, self.signature, self.options, workload, compiled.schedule, compiled.rtl)
        return report if compiled.because is None else {**report, "dataflow": f"a sequence: {compiled.because}"}

    @cached_property
    def page(self) -> str:
        """The report as one HTML file: the schedule as a chart over cycles, linked with the source and the IR."""
        from gatewright.reporting.page.page import page

        return page(self.report, self._compilation.schedule)

    def save(self, path: str | Path) -> Path:
        """Write the SystemVerilog, the memory images, the IR of every level and the report (json, html) to a folder.

        Constants of more than 1,024 elements stand in a file beside the IR, where it is read from again.
        """
        with atomic_folder(path) as folder:
            for name, text in self.files.items():
                (folder / name).write_text(text)
            large: dict[str, bytes] = {}
            for level in self.levels[:-1]:
                text, contents = text_and_contents(self._module(level))
                (folder / f"{self.name}.{level}.mlir").write_text(text)
                large |= contents
            if large:
                write(folder / f"{self.name}.contents.npz", large)
            (folder / f"{self.name}.plan").write_text(str(self.plan))
            (folder / "report.json").write_text(json.dumps(self.report, indent=2) + "\n")
            (folder / "report.html").write_text(self.page, encoding="utf-8")
        return Path(path)

    def simulator(self, level: str = "rtl") -> Any:
        """The simulator behind a level: `rtl` (in process) or `verilog` (Verilator)."""
        if level not in self._simulators:
            rtl = self._compilation.rtl
            if level == "rtl":
                from gatewright.simulate.arc import ArcSimulator

                cycles = predicted_cycles(self._compilation.schedule, False)
                self._simulators[level] = ArcSimulator(rtl.top, str(rtl.module), rtl.images, cycles)
            else:
                from gatewright.simulate.verilator import VerilatorSimulator

                self._simulators[level] = VerilatorSimulator(rtl.top, str(rtl.module), rtl.images)
        return self._simulators[level]

    def _execute(
        self, raw: Sequence[np.ndarray], level: str, max_cycles: int
    ) -> tuple[Sequence[np.ndarray], int | None]:
        if level != "tensor":
            raw = self._in_memory(raw)
        if level in _AS_SCHEDULED and not (ports := self._ports).is_plain:
            dealt = ports.deal(raw)
            results, cycles = self._scheduled(dealt, level, max_cycles)
            ports.collect(dealt, raw)
            return ports.join(results), cycles
        if level in _AS_SCHEDULED:
            return self._scheduled(raw, level, max_cycles)
        program = self._compilation.program(level)
        if level == "tensor":
            from gatewright.interpreters import tensor

            return tensor.run(program, raw).results, None
        from gatewright.interpreters import loops

        return loops.run(program, raw, max_cycles).results, None

    def _scheduled(
        self, raw: Sequence[np.ndarray], level: str, max_cycles: int
    ) -> tuple[Sequence[np.ndarray], int | None]:
        """A run at a level that has cycles, on the arguments that the schedule has."""
        if level in ("rtl", "verilog"):
            run = self.simulator(level).run(raw, max_cycles)
            return run.results, run.cycles
        from gatewright.interpreters import dataflow, loopschedule

        program = self._compilation.program(level)
        interpreter = dataflow if tasks_in(program.function) else loopschedule
        outcome = interpreter.run(program, raw, max_cycles)
        return outcome.results, outcome.cycles

    @cached_property
    def _ports(self) -> BankedPorts:
        """Which banks the arrays of the program are in the schedule; those of a schedule are as they are given."""
        if self._compilation.given.level in ("dataflow", "schedule"):
            signature = self.signature
            return BankedPorts([[None]] * len(signature.parameters), [[None]] * len(signature.results))
        return BankedPorts.of(self._compilation.schedule.function)

    @property
    def _convention(self) -> Convention:
        return self._compilation.given.convention

    def _with_constants(self, computed: tuple[Any, ...]) -> tuple[Any, ...]:
        """All results: those of the hardware, and among them those that are known."""
        known = self._convention.constants
        rest = iter(computed)
        count = len(computed) + len(known)
        return tuple(known[position] if position in known else next(rest) for position in range(count))

    @cached_property
    def _written(self) -> frozenset[str]:
        """The names of the array parameters that the program writes."""
        function = self._compilation.schedule.function
        banks = banks_of_arguments(function)
        if self._compilation.given.level in ("dataflow", "schedule"):
            banks = [None] * len(banks)
        names = [
            name if bank is None else bank.array for name, bank in zip(argument_names(function), banks, strict=True)
        ]
        written = written_arguments(self._compilation.schedule)
        return frozenset(
            name for name, argument in zip(names, function.body.block.args, strict=True) if argument in written
        )

    def _module(self, level: str) -> ModuleOp:
        return self._compilation.rtl.module if level == "rtl" else self._compilation.program(level).module

    def _check_level(self, level: str) -> None:
        if not isinstance(level, str):
            raise OptionError(
                f"level={level!r} is not a level",
                why="run takes the level under this name",
                remedy="give an argument of the program that is called so in its place, or to the design itself",
            )
        if level not in self.levels:
            raise OptionError(f"this design has no level {level!r}", remedy=f"one of {', '.join(self.levels)}")

    def _check_aliases(self, arguments: Sequence[Any]) -> None:
        parameters = self.signature.parameters
        arrays = [
            (argument, parameter.name)
            for argument, parameter in zip(arguments, parameters, strict=True)
            if isinstance(argument, np.ndarray) and argument.ndim
        ]
        for position, (one, name) in enumerate(arrays):
            for other, second in arrays[position + 1 :]:
                if {name, second} & self._written and np.shares_memory(one, other):
                    raise InterfaceError(
                        f"arguments {name} and {second} share memory, and the program writes one of them",
                        why="each array of the hardware is a memory of its own",
                        remedy="pass a copy of one of them",
                    )


def compile(  # noqa: A001
    source: object,
    *,
    args: Sequence[object] | None = None,
    kwargs: Mapping[str, object] | None = None,
    **options: object,
) -> Design:
    """Compile a program to hardware.

    `source` is an annotated Python function, or any of these with example `args`: a Python function, a
    `torch.nn.Module` (with `kwargs` by name too), an `ExportedProgram`; or the path of an `.onnx` or `.mlir` file, or
    MLIR text. Options are those of `gatewright.options.Options`. Raises a GatewrightError that says what cannot be
    compiled, where and why.
    """
    checked = Options.of(**options)
    if args is not None and not isinstance(args, tuple | list):
        raise InterfaceError("args is one value", remedy="give a tuple, for example args=(x,)")
    with collecting_rarely():
        program = load(source, tuple(args) if args is not None else None, checked, kwargs)
        return Design(fitted(program, checked), _describe(source))


def _stacked(outputs: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The results of samples, one array a result."""
    return tuple(np.stack(each) for each in zip(*outputs, strict=True))


def _describe(source: object) -> str:
    if isinstance(source, Path) or (isinstance(source, str) and "\n" not in source):
        return Path(source).name
    return getattr(source, "__qualname__", None) or type(source).__name__
