"""The compiler on one page: the levels, and the passes between them.

A front end delivers a program at one level; `Compilation` takes it down to the next ones, each on demand.

    source --frontends--> tensor --TENSOR_TO_LOOPS--> loops --LOOPS_TO_SCHEDULE--> schedule
           --loopschedule-to-rtl--> rtl --CIRCT--> verilog
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from operator import is_
from pathlib import Path
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass, PassPipeline
from xdsl.transforms.common_subexpression_elimination import CommonSubexpressionElimination
from xdsl.transforms.loop_invariant_code_motion import LoopInvariantCodeMotionPass
from xdsl.utils.exceptions import VerifyException

from gatewright.dialects.notes import verify_notes
from gatewright.errors import InterfaceError, IrError, OptionError, SourceError, UnsupportedError
from gatewright.ir.context import context
from gatewright.ir.dominance import use_before_definition
from gatewright.ir.interface import Signature
from gatewright.ir.program import Program
from gatewright.operators.library import OperatorLibrary
from gatewright.options import Options
from gatewright.transforms.loops.divide_by_constants import DivideByConstantsPass
from gatewright.transforms.loops.expand_math import ExpandMathPass
from gatewright.transforms.loops.flatten_loops import MOST_OPERATIONS, FlattenLoopsPass
from gatewright.transforms.loops.forward_across_iterations import ForwardAcrossIterationsPass
from gatewright.transforms.loops.forward_stores import ForwardStoresPass
from gatewright.transforms.loops.fuse_loops import FuseLoopsPass
from gatewright.transforms.loops.if_convert import IfConvertPass
from gatewright.transforms.loops.if_to_guard import IfToGuardPass
from gatewright.transforms.loops.interleave_loops import InterleaveLoopsPass
from gatewright.transforms.loops.narrow_indices import NarrowIndicesPass
from gatewright.transforms.loops.permute_loops import PermuteLoopsPass
from gatewright.transforms.loops.promote_accumulators import PromoteAccumulatorsPass
from gatewright.transforms.loops.reduce_strength import ReduceStrengthPass
from gatewright.transforms.loops.rotate_while import RotateWhilePass
from gatewright.transforms.loops.simplify_loops import SimplifyLoopsPass
from gatewright.transforms.loops.split_loops import SplitLoopsPass
from gatewright.transforms.loops.split_sums import SplitSumsPass
from gatewright.transforms.loops.unify_multipliers import UnifyMultipliersPass
from gatewright.transforms.schedule.check_schedule import CheckSchedulePass
from gatewright.transforms.schedule.inline_calls import InlineCallsPass
from gatewright.transforms.schedule.loops_to_schedule import LoopsToSchedulePass
from gatewright.transforms.schedule.overlap_loops import OverlapLoopsPass

if TYPE_CHECKING:
    from gatewright.quantization.layer_formats import Formats
    from gatewright.quantization.saturation import Saturation
    from gatewright.transforms.rtl.loopschedule_to_rtl import RtlDesign

LEVELS = ("tensor", "loops", "schedule", "rtl", "verilog")
"""The levels of the compiler from the source down; each is a program that runs."""


def tensor_passes(options: Options) -> tuple[ModulePass, ...]:
    """The passes on tensors: expand functions, join elementwise operations, make real numbers integers if asked to."""
    from gatewright.transforms.tensor.fuse_elementwise import FuseElementwisePass
    from gatewright.transforms.tensor.quantize_tensors import QuantizeTensorsPass
    from gatewright.transforms.tensor.quantized_to_integers import QuantizedToIntegersPass

    return (
        FuseElementwisePass(keep_quantized=True),
        QuantizedToIntegersPass(),
        ExpandMathPass(),
        FuseElementwisePass(),
        QuantizeTensorsPass(str(options.fixed_format() or "")),
    )


def tensor_to_loops() -> tuple[ModulePass, ...]:
    """The passes from `linalg` on tensors of integers to loops over arrays."""
    from gatewright.transforms.tensor.linalg_to_loops import LinalgToLoopsPass

    return (LinalgToLoopsPass(),)


def reordering(options: Options) -> tuple[ModulePass, ...]:
    """The passes that change what a program computes, where its options allow it: they make it another program."""
    return (SplitSumsPass(options.clock_mhz, options.target, True),) if options.reassociate else ()


def loops_to_schedule(options: Options) -> tuple[ModulePass, ...]:
    """The passes from loops to a schedule: clean up, remove conditionals, narrow, schedule."""
    share_multipliers = (UnifyMultipliersPass(),) if options.multipliers is not None else ()
    # A budget of multipliers is for the products of the program: then only small numbers are divided by products.
    divide = DivideByConstantsPass() if options.multipliers is None else DivideByConstantsPass(6)
    return (
        SimplifyLoopsPass(),
        LoopInvariantCodeMotionPass(),
        CommonSubexpressionElimination(),
        FuseLoopsPass(),
        ReduceStrengthPass(products=False),
        divide,
        SimplifyLoopsPass(),
        CommonSubexpressionElimination(),
        LoopInvariantCodeMotionPass(),
        IfConvertPass(),
        CommonSubexpressionElimination(),
        SplitLoopsPass(options.multipliers),
        PromoteAccumulatorsPass(),
        ForwardAcrossIterationsPass(options.multipliers),
        ForwardStoresPass(),
        PermuteLoopsPass(options.clock_mhz, options.target),
        InterleaveLoopsPass(options.clock_mhz, options.target),
        SplitSumsPass(options.clock_mhz, options.target),
        IfConvertPass(),
        SimplifyLoopsPass(),
        CommonSubexpressionElimination(),
        IfToGuardPass(),
        RotateWhilePass(),
        ReduceStrengthPass(),
        NarrowIndicesPass(),
        divide,
        SimplifyLoopsPass(),
        CommonSubexpressionElimination(),
        FlattenLoopsPass(),
        IfConvertPass(MOST_OPERATIONS),
        SimplifyLoopsPass(),
        CommonSubexpressionElimination(),
        *share_multipliers,
        LoopsToSchedulePass(options.clock_mhz, options.multipliers, options.target, dual_port=options.dual_port_names),
        OverlapLoopsPass(),
        CheckSchedulePass(),
    )


def load(
    source: object, args: tuple[object, ...] | None, options: Options, kwargs: Mapping[str, object] | None = None
) -> Program:
    """Read a source with the front end that it needs.

    A Python function, a `torch.nn.Module` or `ExportedProgram`, the path of an `.onnx` or `.mlir` file, or MLIR text.
    """
    if kwargs and isinstance(source, str | Path):
        raise InterfaceError("kwargs= is for PyTorch models", why="a file says itself what it takes")
    if isinstance(source, str | Path):
        text = str(source)
        if text.endswith(".onnx"):
            from gatewright.frontends.onnx import loader as onnx

            return onnx.load(text, args, options)
        if text.endswith(".mlir") or "\n" in text or text.lstrip().startswith(("func", "module", "builtin", '"')):
            from gatewright.frontends import mlir

            return mlir.load(source, args, options)
        raise SourceError(f"cannot tell what {text!r} is", remedy="give the path of an .mlir or .onnx file")
    if any(base.__module__.split(".")[0] == "torch" for base in type(source).__mro__):
        from gatewright.frontends.torch import loader as torch

        return torch.load(source, args, options, kwargs)
    if kwargs:
        raise InterfaceError("kwargs= is for PyTorch models", remedy="give the examples in order: args=(a, b)")
    if callable(source):
        from gatewright.frontends import python

        return python.load(source, args, options)
    raise UnsupportedError(
        f"cannot compile a {type(source).__name__}",
        remedy="give a function, a torch.nn.Module, an ExportedProgram, or the path of an .mlir or .onnx file",
    )


class Compilation:
    """A program at every level it has, each made from the one above when it is first asked for."""

    def __init__(self, program: Program, options: Options):
        self.options = options
        self.given = program
        if program.level != "tensor":
            _check_precision_of_program(options)
        # With its sums in another order a program is another one from the loops on.
        first = "loops" if options.reassociate and program.level == "tensor" else program.level
        self.levels = LEVELS[LEVELS.index(first) :]

    @cached_property
    def tensor(self) -> Program:
        """The program on tensors of integers."""
        given = self._given_as("tensor")
        if self.options.by_layer or self.options.calibrate is not None:
            return self._in_formats()
        return self._lower(given, "tensor", tensor_passes(self.options))

    @cached_property
    def _floats(self) -> Program:
        """The program on tensors before its real numbers become integers."""
        return self._lower(self._given_as("tensor"), "tensor", tensor_passes(self.options)[:-1])

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
        if self.given.level != "tensor":
            return self._lower(self._given_as("loops"), "loops", (ExpandMathPass(), *reordering(self.options)))
        return self._lower(self.tensor, "loops", (*tensor_to_loops(), *reordering(self.options)))

    @cached_property
    def schedule(self) -> Program:
        """The program with a start for every operation."""
        if self.given.level == "schedule":
            return self._lower(self.given, "schedule", (InlineCallsPass(), CheckSchedulePass()))
        return self._lower(self.loops, "schedule", loops_to_schedule(self.options))

    @cached_property
    def rtl(self) -> RtlDesign:
        """The program as registers and logic, with what is known of its top module and memories."""
        from gatewright.transforms.rtl.loopschedule_to_rtl import loopschedule_to_rtl

        return loopschedule_to_rtl(self.schedule, OperatorLibrary(self.options.target, self.options.clock_mhz))

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

    def _lower(self, program: Program, level: str, passes: tuple[ModulePass, ...]) -> Program:
        module = program.module.clone()
        copy_locations(program.module, module)
        run_passes(context(), module, passes)
        return Program(level, module, program.name, program.notes, program.sources)


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


def run_passes(ctx: Context, module: ModuleOp, passes: tuple[ModulePass, ...]) -> None:
    """Run passes in order and verify the module after each that changes it; to break it is a fault of the compiler."""
    known: list[object] = []

    def verified(done: ModulePass | None, module: ModuleOp, _: ModulePass | None = None) -> None:
        nonlocal known
        before, known = known, _contents(module)
        if len(before) == len(known) and all(map(is_, before, known)):
            return
        culprit = done.name if done is not None else "a front end"
        try:
            module.verify()
            verify_notes(module)
        except VerifyException as error:
            raise AssertionError(f"{culprit} produced invalid IR: {error}") from error
        early = use_before_definition(module)
        assert early is None, f"{culprit} produced invalid IR: {early} uses a value defined behind it"

    verified(None, module)
    try:
        PassPipeline(passes, verified).apply(ctx, module)
    except VerifyException as error:
        raise AssertionError(f"a pass finds what the passes before it produced invalid: {error}") from error
    verified(passes[-1] if passes else None, module)


def _contents(module: ModuleOp) -> list[object]:
    """What a module consists of, in the order of the text: one that has changed gives other objects in this list."""
    found: list[object] = []
    for op in module.walk():
        found += (op, op.parent)
        found += op.operands
        found += op.result_types
        found += op.properties.values()
        found += op.attributes.values()
        for region in op.regions:
            for block in region.blocks:
                found.append(block)
                found += block.args
                found += block.arg_types
    return found
