"""A program at every level it has, each made from the one above when it is first asked for.

source --frontends--> tensor --lower-to-loops--> loops --lower-to-schedule--> schedule
       --lower-to-hw--> rtl --CIRCT--> verilog
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import MemRefType, ModuleOp

from gatewright.compiler import pipelines
from gatewright.compiler.driver import Phase, run_phases
from gatewright.compiler.planner import better_decisions
from gatewright.errors import GatewrightError, InternalError, IrError, OptionError
from gatewright.ir.array_names import names_of_arrays
from gatewright.ir.context import context
from gatewright.ir.decisions import ask, plan_of
from gatewright.ir.interface import Signature
from gatewright.ir.program import Program, public_function
from gatewright.machine.duration import sequence_cycles
from gatewright.operators.library import OperatorLibrary
from gatewright.options import Banks, Options
from gatewright.plan import ASKED, Decision, bank_value
from gatewright.planning import limits
from gatewright.planning.lower_bound import banks_of, lower_bound

if TYPE_CHECKING:
    from gatewright.quantization.layer_formats import Formats
    from gatewright.quantization.saturation import Saturation
    from gatewright.simulate.stream import StreamTiming
    from gatewright.transforms.rtl.design import RtlDesign

LEVELS = ("tensor", "loops", "dataflow", "schedule", "rtl", "verilog")
"""The levels of the compiler from the source down; each is a program that runs."""


class Compilation:
    """A program at every level it has, each made from the one above when it is first asked for."""

    because: str | None = None
    """Why a program is a sequence though tasks are asked for."""
    timing: StreamTiming | None = None
    """When samples of a stream begin, and when what belongs to them is accessed; None if they follow each other."""

    def __init__(self, program: Program, options: Options):
        self.options = options
        self.given = program
        if program.level != "tensor":
            _check_precision_of_program(options)

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """The levels that the program has; only one of tasks has that of dataflow."""
        # With its sums in another order a program is another one from the loops on.
        first = "loops" if self.options.reassociate and self.given.level == "tensor" else self.given.level
        return tuple(level for level in LEVELS[LEVELS.index(first) :] if level != "dataflow")

    @cached_property
    def tensor(self) -> Program:
        """The program on tensors of integers."""
        given = self._given_as("tensor")
        if self.options.by_layer or self.options.calibrate is not None:
            return self._in_formats()
        return self._lower(given, "tensor", pipelines.simplify_tensors(self.options))

    @cached_property
    def _floats(self) -> Program:
        """The program on tensors before its real numbers become integers."""
        return self._lower(self._given_as("tensor"), "tensor", pipelines.expand_tensors(self.options))

    @cached_property
    def _formats(self) -> Formats:
        """The fixed-point formats of the tensors of floats."""
        from gatewright.quantization.layer_formats import Formats
        from gatewright.transforms.tensor.quantize_tensors import float_tensors

        return Formats(self._floats, float_tensors(self._floats.function), self.options)

    def _in_formats(self) -> Program:
        """A program on floats with a format for each tensor; with samples, also the report of what that costs."""
        from gatewright.quantization.calibration import Tensor
        from gatewright.transforms.tensor.quantize_tensors import quantize

        program, formats = _copy(self._floats), self._formats
        stored = quantize(program.function, formats.default, formats.chosen, self.options.is_open)
        program.module.verify()
        if formats.calibration is not None:
            tensors = [Tensor(*each) for each in stored]
            program.notes.update(formats.calibration.rows(program, tensors, self.options.labels))
        return program

    @cached_property
    def saturation(self) -> Saturation:
        """The counters of what saturates in a fixed-point model."""
        from gatewright.quantization.saturation import Saturation
        from gatewright.transforms.tensor.quantize_tensors import saturating

        if self.options.precision is None or self.given.level != "tensor":
            raise OptionError("only models with a fixed-point precision saturate", remedy='precision="fixed<16,8>"')
        counted, formats = _copy(self._floats), self._formats
        beyond = saturating(counted.function, formats.default, formats.chosen, self.options.is_open)
        return Saturation(self._floats, formats.tensors, counted, beyond)

    @cached_property
    def loops(self) -> Program:
        """The program as loops over arrays."""
        # What changes the numbers is decided here.
        asked = [each for each in self.options.plan if each.kind == "partial_sums" and self.options.reassociate]
        if self.given.level != "tensor":
            return self._lower(self._given_as("loops"), "loops", pipelines.prepare_loops(self.options), asked)
        return self._lower(self.tensor, "loops", pipelines.lower_to_loops(self.options), asked)

    @cached_property
    def workload(self) -> Program:
        """The program as simple loops, in which what it has to do is counted."""
        return self._lower(self.loops, "loops", pipelines.simplify_loops(self.options))

    @cached_property
    def schedule(self) -> Program:
        """The program with a start for every operation."""
        if self.given.level == "schedule":
            return self._lower(self.given, "schedule", pipelines.prepare_schedule(self.options))
        by_rules = self._with_lanes()
        found = better_decisions(self.loops, by_rules, self.options)
        if not found:
            return by_rules
        try:
            better = self._scheduled(found)
        except InternalError:
            raise
        except GatewrightError:  # what a nest can be alone it need not be beside others
            return by_rules
        before, after = (sequence_cycles(each.function.body.block) for each in (by_rules, better))
        return better if before is not None and after is not None and after < before else by_rules

    def _with_lanes(self) -> Program:
        """The program with a start for every operation, by rules.

        The lanes of a pool may wait for something that its estimate knows nothing of, and choose between many operands
        for a number of multipliers that is no power of two. Those of smaller pools may then take fewer cycles: where
        the lower bound is far away they are looked at.
        """
        program, pool = self._scheduled(()), self.options.multipliers or 1
        given = {each for each in self.options.plan if each.kind == "unroll"}
        lanes = [each for each in plan_of(program.function) if each.kind == "unroll" and each not in given]
        best, least = program, sequence_cycles(program.function.body.block)
        if not lanes or least is None:
            return program
        dual, banks = frozenset(self.options.dual_port_names), banks_of(plan_of(program.function))
        bound = lower_bound(self.workload.function, pool, dual, banks)
        small = sum(1 for _ in self.loops.function.walk()) <= limits.MOST_OPERATIONS_FOR_POOLS
        for fewer in _smaller_pools(pool)[: None if small else 1]:
            if bound is not None and least * limits.ENOUGH[1] <= bound[0] * limits.ENOUGH[0]:
                break
            other = self._scheduled((), replace(self.options, multipliers=fewer, budget=None))
            cycles = sequence_cycles(other.function.body.block)
            if cycles is not None and cycles < least:
                best, least = other, cycles
        return best

    def _scheduled(self, decisions: Sequence[Decision], options: Options | None = None) -> Program:
        """The program with a start for every operation, by a plan of which a part is decided."""
        phases = pipelines.lower_to_schedule(options or self.options)
        return self._lower(self.loops, "schedule", phases, [*self.options.plan, *self._banks_asked(), *decisions])

    def _banks_asked(self) -> Iterator[Decision]:
        """The banks that the options ask for. Raises OptionError for an array or an axis that there is not."""
        arrays = {name: value for value, name in names_of_arrays(self.loops.function).items()}
        for name, every in self.options.banks.items():
            if name not in arrays:
                known = ", ".join(sorted(arrays)) or "none"
                raise OptionError(f"there is no array {name!r} to keep in banks", remedy=f"the arrays are: {known}")
            type_ = arrays[name].type
            assert isinstance(type_, MemRefType) and not isinstance(every, Banks)
            factors = [1] * type_.get_num_dims()
            for each in every:
                if not -len(factors) <= each.axis < len(factors):
                    raise OptionError(
                        f"array {name} has no axis {each.axis}", why=f"it has {len(factors)}", remedy="count from 0"
                    )
                factors[each.axis] *= each.by
            yield Decision("bank", (name,), bank_value(factors), ASKED)

    @cached_property
    def rtl(self) -> RtlDesign:
        """The program as registers and logic, with what is known of its top module and memories."""
        return self.hardware_of(self.schedule)

    def hardware_of(self, schedule: Program) -> RtlDesign:
        """The hardware of a scheduled function."""
        from gatewright.transforms.rtl.design import RtlDesign

        bound = self._lower(schedule, "schedule", pipelines.bind_schedule(self.options))
        module = bound.module.clone()
        copy_locations(bound.module, module)
        run_phases(context(), module, pipelines.build_hw(self.options), bound.module, checked=True)
        return RtlDesign.of(bound, module, OperatorLibrary(self.options.target, self.options.clock_mhz))

    @property
    def signature(self) -> Signature:
        """What the program takes and returns."""
        return self.program(self.given.level).signature

    def program(self, level: str) -> Program:
        """The program at a level above rtl."""
        return {"tensor": lambda: self.tensor, "loops": lambda: self.loops, "schedule": lambda: self.schedule}[level]()

    def _given_as(self, level: str) -> Program:
        if self.given.level != level:
            raise IrError(f"this program has no {level} level", why=f"it was given at the {self.given.level} level")
        return self.given

    def _lower(self, program: Program, level: str, phases: Sequence[Phase], asked: Iterable[Decision] = ()) -> Program:
        module = program.module.clone()
        copy_locations(program.module, module)
        if decisions := list(asked):
            ask(public_function(module), decisions)
        source = program.module if not decisions else None
        run_phases(context(), module, phases, source, checked=program is not self.given)
        return Program(level, module, program.name, program.notes, program.sources)


def _smaller_pools(pool: int) -> list[int]:
    """The powers of two below a number of multipliers, the largest first."""
    return [1 << exponent for exponent in reversed(range(pool.bit_length())) if 1 << exponent < pool]


def _check_precision_of_program(options: Options) -> None:
    """Refuse what only the tensors of a model can have."""
    if options.by_layer or options.is_open:
        what = "names layers" if options.by_layer else "leaves open where the point is"
        raise OptionError(
            f"precision={options.precision!r} {what}",
            why="that is for the tensors of a model, and this is not one",
            remedy="a format with fraction bits, such as fixed<16,8>",
        )


def _copy(program: Program) -> Program:
    """A program that may be changed, with the notes of the first."""
    module = program.module.clone()
    copy_locations(program.module, module)
    return Program(program.level, module, program.name, dict(program.notes), program.sources)


def copy_locations(source: ModuleOp, copy: ModuleOp) -> None:
    """Give the operations of a clone the locations of the originals."""
    for before, after in zip(source.walk(), copy.walk(), strict=True):
        after.location = before.location
