"""The passes and dialects by name. Each is imported when it is first asked for, so that a tool starts at once."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xdsl.ir import Dialect
    from xdsl.passes import ModulePass

PASSES: dict[str, str] = {
    "divide-by-constants": "loops.divide_by_constants:DivideByConstantsPass",
    "eliminate-dead-stores": "loops.eliminate_dead_stores:EliminateDeadStoresPass",
    "expand-math": "loops.expand_math:ExpandMathPass",
    "flatten-loops": "loops.flatten_loops:FlattenLoopsPass",
    "forward-across-iterations": "loops.forward_across_iterations:ForwardAcrossIterationsPass",
    "forward-stores": "loops.forward_stores:ForwardStoresPass",
    "fuse-loops": "loops.fuse_loops:FuseLoopsPass",
    "if-convert": "loops.if_convert:IfConvertPass",
    "if-to-guard": "loops.if_to_guard:IfToGuardPass",
    "interleave-loops": "loops.interleave_loops:InterleaveLoopsPass",
    "label-loops": "loops.label_loops:LabelLoopsPass",
    "narrow-indices": "loops.narrow_indices:NarrowIndicesPass",
    "permute-loops": "loops.permute_loops:PermuteLoopsPass",
    "promote-accumulators": "loops.promote_accumulators:PromoteAccumulatorsPass",
    "reduce-strength": "loops.reduce_strength:ReduceStrengthPass",
    "rotate-while": "loops.rotate_while:RotateWhilePass",
    "simplify-loops": "loops.simplify_loops:SimplifyLoopsPass",
    "split-loops": "loops.split_loops:SplitLoopsPass",
    "split-sums": "loops.split_sums:SplitSumsPass",
    "unify-multipliers": "loops.unify_multipliers:UnifyMultipliersPass",
    "loopschedule-to-rtl": "rtl.loopschedule_to_rtl:LoopscheduleToRtlPass",
    "check-schedule": "schedule.check_schedule:CheckSchedulePass",
    "inline-calls": "schedule.inline_calls:InlineCallsPass",
    "loops-to-schedule": "schedule.loops_to_schedule:LoopsToSchedulePass",
    "overlap-loops": "schedule.overlap_loops:OverlapLoopsPass",
    "fuse-elementwise": "tensor.fuse_elementwise:FuseElementwisePass",
    "linalg-to-loops": "tensor.linalg_to_loops:LinalgToLoopsPass",
    "quantize-tensors": "tensor.quantize_tensors:QuantizeTensorsPass",
    "quantized-to-integers": "tensor.quantized_to_integers:QuantizedToIntegersPass",
}
"""Where the class of a pass is: `module:Class` under `gatewright`."""

DIALECTS: dict[str, str] = {
    "comb": "comb:Comb",
    "gw": "gw:Gw",
    "hw": "hw:Hw",
    "loopschedule": "loopschedule.ops:LoopSchedule",
    "seq": "seq:Seq",
}
"""Where a dialect is: `module:name` under `gatewright.dialects`. One named as one of xDSL's takes its place."""


def load_pass(name: str) -> type[ModulePass]:
    """The class of the pass called `name`; KeyError if there is none."""
    return _load("gatewright", PASSES[name])


def load_dialect(name: str) -> Dialect:
    """The dialect called `name`; KeyError if it is not one of ours."""
    return _load("gatewright.dialects", DIALECTS[name])


def pass_factories() -> dict[str, Callable[[], type[ModulePass]]]:
    """For each of our passes a function that imports it, as xDSL's drivers want them."""
    return {name: lambda name=name: load_pass(name) for name in PASSES}


def dialect_factories() -> dict[str, Callable[[], Dialect]]:
    """For each of our dialects a function that imports it, as xDSL's contexts want them."""
    return {name: lambda name=name: load_dialect(name) for name in DIALECTS}


def _load(package: str, place: str):
    module, _, name = place.partition(":")
    return getattr(import_module(f"{package}.{module}"), name)
