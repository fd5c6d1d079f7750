"""One point of an exploration, at each of its stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from math import prod
from typing import Any

from gatewright.compiler.compilation import Compilation
from gatewright.compiler.design import Design
from gatewright.compiler.design import compile as compile_design
from gatewright.compiler.sources import load
from gatewright.errors import GatewrightError, ToolError
from gatewright.exploration import synthesis, workers
from gatewright.exploration.rows import DesignRow
from gatewright.exploration.space import DesignPoint
from gatewright.ir.contents import text_and_contents
from gatewright.ir.program import Program
from gatewright.options import Banks, Options
from gatewright.planning.lower_bound import lower_bound


@dataclass(frozen=True)
class Subject:
    """What is explored, as `compile` takes it."""

    source: object
    args: tuple[object, ...] | None = None
    kwargs: Mapping[str, object] | None = None

    def task(self, options: Mapping[str, Any], synthesize: bool) -> bytes:
        """A point as bytes, for `evaluate`."""
        content = (self.source, self.args, self.kwargs, dict(options), synthesize)
        return workers.packed(content, self.source)


class Facts:
    """What is known of a program before it is compiled: the same for all points that its front end sees alike."""

    def __init__(self, subject: Subject):
        self._subject = subject
        self._read: dict[str, tuple[Program | GatewrightError, str]] = {}
        self._workloads: dict[str, Program | None] = {}

    def fingerprint(self, point: DesignPoint) -> str:
        """What identifies the program: a hash of the IR that the front end makes, constants included."""
        return self._program(point)[1]

    def estimate(self, point: DesignPoint) -> DesignRow:
        """The least that a design of this point can take: the cycles of its bound, with all of the pool."""
        try:
            options = Options.of(**point.options)
            workload = self._workload(point, options)
            dual = frozenset(options.dual_port_names)
            banks = {
                name: every.by if isinstance(every, Banks) else prod(each.by for each in every)
                for name, every in options.banks.items()
            }
            bound = None if workload is None else lower_bound(workload.function, options.multipliers, dual, banks)
        except GatewrightError:  # compiling it says what is wrong
            return DesignRow(point.options, "estimate")
        if bound is None:
            return DesignRow(point.options, "estimate")
        cycles = bound[0]
        return DesignRow(
            point.options,
            "estimate",
            cycles=cycles,
            microseconds=round(cycles / options.clock_mhz, 6),
            interval=cycles,
            multipliers=options.multipliers,
            lower_bound=cycles,
        )

    def _program(self, point: DesignPoint) -> tuple[Program | GatewrightError, str]:
        try:
            options = Options.of(**point.options)
        except GatewrightError as error:
            return error, "unread"
        if (known := self._read.get(point.of_source)) is None:
            try:
                program = load(self._subject.source, self._subject.args, options, self._subject.kwargs)
                text, _ = text_and_contents(program.module)  # contents are called by their hash
                known = program, sha256(text.encode()).hexdigest()
            except GatewrightError as error:
                known = error, "unread"
            self._read[point.of_source] = known
        return known

    def _workload(self, point: DesignPoint, options: Options) -> Program | None:
        name = point.of_source
        if name not in self._workloads:
            program, _ = self._program(point)
            self._workloads[name] = (
                None
                if isinstance(program, GatewrightError) or program.level == "schedule"
                else Compilation(program, options).workload
            )
        return self._workloads[name]


def evaluate(task: bytes) -> dict[str, Any]:
    """Compile a point and, if asked, synthesize it; the figures of its row. What cannot be compiled has an error."""
    source, args, kwargs, options, synthesize = workers.unpacked(task)
    try:
        design = compile_design(source, args=args, kwargs=kwargs, **options)
        row = DesignRow.of_report(options, design.report)
        if synthesize:
            row = _synthesized(row, design)
    except GatewrightError as error:
        row = DesignRow(options, error=str(error))
    except (RecursionError, MemoryError) as error:
        row = DesignRow(
            options, error=f"the compiler ran out of {'memory' if isinstance(error, MemoryError) else 'stack'}"
        )
    return row.figures


def _synthesized(row: DesignRow, design: Design) -> DesignRow:
    """A row with what yosys makes of its design, or with why it makes nothing."""
    try:
        found = synthesis.resources(design.files, design.report["name"], design.options.target)
    except ToolError as error:
        return replace(row, remark=str(error))
    return replace(row, stage="synthesis", synthesized=found)
