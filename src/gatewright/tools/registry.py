"""The passes and dialects by name. Each is imported when it is first asked for, so that a tool starts at once."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xdsl.ir import Dialect
    from xdsl.passes import ModulePass

PASSES: dict[str, str] = {
    "check-plan": "planning.check_plan:CheckPlanPass",
    "plan-distribution": "planning.plan_distribution:PlanDistributionPass",
    "plan-flattening": "planning.plan_flattening:PlanFlatteningPass",
    "plan-fusion": "planning.plan_fusion:PlanFusionPass",
    "plan-interleaving": "planning.plan_interleaving:PlanInterleavingPass",
    "plan-lanes": "planning.plan_lanes:PlanLanesPass",
    "plan-order": "planning.plan_order:PlanOrderPass",
    "plan-overlap": "planning.plan_overlap:PlanOverlapPass",
    "plan-rotation": "planning.plan_rotation:PlanRotationPass",
    "plan-streams": "planning.plan_streams:PlanStreamsPass",
    "plan-sums": "planning.plan_sums:PlanSumsPass",
    "plan-tasks": "planning.plan_tasks:PlanTasksPass",
    "check-tasks": "transforms.dataflow.check_tasks:CheckTasksPass",
    "outline-tasks": "transforms.dataflow.outline_tasks:OutlineTasksPass",
    "permute-axes": "transforms.dataflow.permute_axes:PermuteAxesPass",
    "time-tasks": "transforms.dataflow.time_tasks:TimeTasksPass",
    "balance-sums": "transforms.loops.balance_sums:BalanceSumsPass",
    "bank-arrays": "transforms.loops.bank_arrays:BankArraysPass",
    "copy-arguments": "transforms.loops.copy_arguments:CopyArgumentsPass",
    "divide-by-constants": "transforms.loops.divide_by_constants:DivideByConstantsPass",
    "eliminate-dead-stores": "transforms.loops.eliminate_dead_stores:EliminateDeadStoresPass",
    "expand-math": "transforms.loops.expand_math:ExpandMathPass",
    "flatten-loops": "transforms.loops.flatten_loops:FlattenLoopsPass",
    "forward-across-iterations": "transforms.loops.forward_across_iterations:ForwardAcrossIterationsPass",
    "forward-copies": "transforms.loops.forward_copies:ForwardCopiesPass",
    "forward-stores": "transforms.loops.forward_stores:ForwardStoresPass",
    "fuse-loops": "transforms.loops.fuse_loops:FuseLoopsPass",
    "grow-squares": "transforms.loops.grow_squares:GrowSquaresPass",
    "if-convert": "transforms.loops.if_convert:IfConvertPass",
    "if-to-guard": "transforms.loops.if_to_guard:IfToGuardPass",
    "interleave-loops": "transforms.loops.interleave_loops:InterleaveLoopsPass",
    "label-loops": "transforms.loops.label_loops:LabelLoopsPass",
    "narrow-indices": "transforms.loops.narrow_indices:NarrowIndicesPass",
    "permute-loops": "transforms.loops.permute_loops:PermuteLoopsPass",
    "promote-accumulators": "transforms.loops.promote_accumulators:PromoteAccumulatorsPass",
    "reduce-strength": "transforms.loops.reduce_strength:ReduceStrengthPass",
    "rotate-while": "transforms.loops.rotate_while:RotateWhilePass",
    "share-loads": "transforms.loops.share_loads:ShareLoadsPass",
    "simplify-loops": "transforms.loops.simplify_loops:SimplifyLoopsPass",
    "sink-stores": "transforms.loops.sink_stores:SinkStoresPass",
    "split-loops": "transforms.loops.split_loops:SplitLoopsPass",
    "split-sums": "transforms.loops.split_sums:SplitSumsPass",
    "unify-multipliers": "transforms.loops.unify_multipliers:UnifyMultipliersPass",
    "unroll-and-jam": "transforms.loops.unroll_and_jam:UnrollAndJamPass",
    "bind": "transforms.rtl.bind:BindPass",
    "control": "transforms.rtl.control:ControlPass",
    "to-hw": "transforms.rtl.to_hw:ToHwPass",
    "check-schedule": "transforms.schedule.check_schedule:CheckSchedulePass",
    "inline-calls": "transforms.schedule.inline_calls:InlineCallsPass",
    "loops-to-schedule": "transforms.schedule.loops_to_schedule:LoopsToSchedulePass",
    "overlap-loops": "transforms.schedule.overlap_loops:OverlapLoopsPass",
    "fuse-elementwise": "transforms.tensor.fuse_elementwise:FuseElementwisePass",
    "linalg-to-loops": "transforms.tensor.linalg_to_loops:LinalgToLoopsPass",
    "quantize-tensors": "transforms.tensor.quantize_tensors:QuantizeTensorsPass",
    "quantized-to-integers": "transforms.tensor.quantized_to_integers:QuantizedToIntegersPass",
}
"""Where the class of a pass is: `module:Class` under `gatewright`."""

DIALECTS: dict[str, str] = {
    "comb": "comb:Comb",
    "dataflow": "dataflow:Dataflow",
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
