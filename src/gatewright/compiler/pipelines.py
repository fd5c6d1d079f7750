"""The compiler on one page: the phases between the levels, and the passes of each.

A pipeline has a name, by which `gatewright-opt -p` runs it and `gatewright-opt --list-pipelines` prints it.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.passes import ModulePass
from xdsl.transforms.common_subexpression_elimination import CommonSubexpressionElimination
from xdsl.transforms.loop_invariant_code_motion import LoopInvariantCodeMotionPass

from gatewright.compiler.driver import Phase
from gatewright.compiler.forms import BOUND, CONTROLLED, GUARDED, HARDWARE, NAMED, SCHEDULED
from gatewright.options import Options
from gatewright.planning import limits
from gatewright.planning.check_plan import CheckPlanPass
from gatewright.planning.plan_distribution import PlanDistributionPass
from gatewright.planning.plan_flattening import FLAT_OPERATIONS, PlanFlatteningPass
from gatewright.planning.plan_fusion import PlanFusionPass
from gatewright.planning.plan_interleaving import PlanInterleavingPass
from gatewright.planning.plan_lanes import PlanLanesPass
from gatewright.planning.plan_order import PlanOrderPass
from gatewright.planning.plan_overlap import PlanOverlapPass
from gatewright.planning.plan_rotation import PlanRotationPass
from gatewright.planning.plan_streams import PlanStreamsPass
from gatewright.planning.plan_sums import PlanSumsPass
from gatewright.planning.plan_tasks import PlanTasksPass
from gatewright.scheduling.modulo import EFFORT
from gatewright.transforms.dataflow.outline_tasks import OutlineTasksPass
from gatewright.transforms.dataflow.permute_axes import PermuteAxesPass
from gatewright.transforms.loops.balance_sums import BalanceSumsPass
from gatewright.transforms.loops.divide_by_constants import DivideByConstantsPass
from gatewright.transforms.loops.eliminate_dead_stores import EliminateDeadStoresPass
from gatewright.transforms.loops.expand_math import ExpandMathPass
from gatewright.transforms.loops.forward_copies import ForwardCopiesPass
from gatewright.transforms.loops.forward_stores import ForwardStoresPass
from gatewright.transforms.loops.if_convert import IfConvertPass
from gatewright.transforms.loops.if_to_guard import IfToGuardPass
from gatewright.transforms.loops.label_loops import LabelLoopsPass
from gatewright.transforms.loops.narrow_indices import NarrowIndicesPass
from gatewright.transforms.loops.promote_accumulators import PromoteAccumulatorsPass
from gatewright.transforms.loops.reduce_strength import ReduceStrengthPass
from gatewright.transforms.loops.rotate_while import RotateWhilePass
from gatewright.transforms.loops.share_loads import ShareLoadsPass
from gatewright.transforms.loops.simplify_loops import SimplifyLoopsPass
from gatewright.transforms.loops.sink_stores import SinkStoresPass
from gatewright.transforms.loops.unify_multipliers import UnifyMultipliersPass
from gatewright.transforms.schedule.check_schedule import CheckSchedulePass
from gatewright.transforms.schedule.inline_calls import InlineCallsPass
from gatewright.transforms.schedule.loops_to_schedule import LoopsToSchedulePass
from gatewright.transforms.schedule.overlap_loops import OverlapLoopsPass

SIMPLIFY = (SimplifyLoopsPass(), CommonSubexpressionElimination())
HOIST = (*SIMPLIFY, LoopInvariantCodeMotionPass())


def expand_tensors(options: Options) -> tuple[Phase, ...]:
    """On tensors: expand functions, join elementwise operations, keep what is quantised as integers."""
    from gatewright.transforms.tensor.fuse_elementwise import FuseElementwisePass
    from gatewright.transforms.tensor.quantized_to_integers import QuantizedToIntegersPass

    return (
        Phase("quantised", (FuseElementwisePass(keep_quantized=True), QuantizedToIntegersPass())),
        Phase("elementwise", (ExpandMathPass(), FuseElementwisePass())),
    )


def simplify_tensors(options: Options) -> tuple[Phase, ...]:
    """`expand_tensors`, and real numbers become integers if a precision is asked for."""
    from gatewright.transforms.tensor.quantize_tensors import QuantizeTensorsPass

    quantize = QuantizeTensorsPass(str(options.fixed_format() or ""))
    return (*expand_tensors(options), Phase("fixed point", (quantize,)))


def lower_to_loops(options: Options) -> tuple[Phase, ...]:
    """From `linalg` on tensors of integers to loops over arrays."""
    from gatewright.transforms.tensor.linalg_to_loops import LinalgToLoopsPass

    return (Phase("loops", (LinalgToLoopsPass(), LabelLoopsPass())), *_reordered(options))


def prepare_loops(options: Options) -> tuple[Phase, ...]:
    """Loops that are given, as passes take them."""
    return (Phase("functions", (LabelLoopsPass(), ExpandMathPass())), *_reordered(options))


def _reordered(options: Options) -> tuple[Phase, ...]:
    """What changes the numbers that a program computes, where its options allow it: it is another program then."""
    if not options.reassociate:
        return ()
    return (Phase("reassociated", (PlanSumsPass(options.clock_mhz, options.target, True),)),)


def simplify_loops(options: Options) -> tuple[Phase, ...]:
    """Loops in which no product is computed twice that need not be: what a program has to do is counted there."""
    return (Phase("clean", (), HOIST), Phase("fused", (EliminateDeadStoresPass(), PlanFusionPass()), HOIST))


def lower_to_schedule(options: Options, effort: float = EFFORT) -> tuple[Phase, ...]:
    """From loops to a schedule; with an `effort` of 0 one by heuristics alone, for an estimate."""
    return (*_to_lanes(options, (_lane_planner(options),)), *schedule_lanes(options, effort))


def lower_to_dataflow(options: Options) -> tuple[Phase, ...]:
    """From loops to functions of tasks that work on different samples at once."""
    planners = (PlanStreamsPass(), PlanTasksPass(options.multipliers), _lane_planner(options))
    return (*_to_lanes(options, planners), Phase("tasks", (PermuteAxesPass(), OutlineTasksPass())))


def _lane_planner(options: Options) -> PlanLanesPass:
    return PlanLanesPass(options.multipliers, options.clock_mhz, options.target)


def _divide(options: Options) -> DivideByConstantsPass:
    budgeted = options.multipliers is not None
    return DivideByConstantsPass(limits.WIDEST_QUOTIENT_IN_BUDGET if budgeted else limits.WIDEST_QUOTIENT)


def _to_lanes(options: Options, planners: tuple[ModulePass, ...]) -> tuple[Phase, ...]:
    """From loops to those of which several iterations are done at once, with arrays in banks."""
    return (
        Phase("clean", (LabelLoopsPass(),), HOIST, NAMED),
        Phase(
            "normalised",
            (
                *(SinkStoresPass(limits.SHORT_BRANCH), ForwardCopiesPass(), EliminateDeadStoresPass()),
                *(PlanFusionPass(), PlanOrderPass(), ReduceStrengthPass(products=False), _divide(options)),
            ),
            HOIST,
        ),
        Phase("straight", (IfConvertPass(limits.SHORT_BRANCH), CommonSubexpressionElimination())),
        Phase("memory", (PlanDistributionPass(options.multipliers), PromoteAccumulatorsPass())),
        Phase("lanes", planners, (BalanceSumsPass(), ShareLoadsPass(), *HOIST), only_if_changed=True),
    )


def schedule_lanes(options: Options, effort: float = EFFORT) -> tuple[Phase, ...]:
    """From loops of which it is decided how many iterations are done at once to a schedule."""
    share = (UnifyMultipliersPass(),) if options.multipliers is not None else ()
    schedule = LoopsToSchedulePass(
        options.clock_mhz,
        options.multipliers,
        options.target,
        dual_port=options.dual_port_names,
        most_stores=limits.MOST_STORES_IN_REGISTERS,
        effort=effort,
    )
    return (
        Phase("registers", (PlanRotationPass(options.multipliers), ForwardStoresPass())),
        Phase(
            "ordered",
            (
                PlanInterleavingPass(options.clock_mhz, options.target, options.multipliers),
                PlanSumsPass(options.clock_mhz, options.target),
                IfConvertPass(limits.SHORT_BRANCH),
            ),
            SIMPLIFY,
        ),
        Phase(
            "guarded",
            (
                IfToGuardPass(),
                RotateWhilePass(),
                ReduceStrengthPass(),
                NarrowIndicesPass(),
                _divide(options),
            ),
            SIMPLIFY,
            GUARDED,
        ),
        Phase("flat", (PlanFlatteningPass(), IfConvertPass(FLAT_OPERATIONS)), SIMPLIFY, GUARDED),
        Phase("overlapped", (PlanOverlapPass(options.multipliers),), SIMPLIFY, only_if_changed=True),
        Phase(
            "scheduled", (*share, schedule, OverlapLoopsPass(), CheckPlanPass(), CheckSchedulePass()), form=SCHEDULED
        ),
    )


def prepare_schedule(options: Options) -> tuple[Phase, ...]:
    """A schedule that is given, as hardware takes it."""
    return (Phase("scheduled", (InlineCallsPass(), CheckSchedulePass()), form=SCHEDULED),)


def bind_schedule(options: Options) -> tuple[Phase, ...]:
    """A schedule that says which hardware does what: what leaves for other routes than ours does so here."""
    from gatewright.transforms.rtl.bind import BindPass

    return (Phase("bound", (InlineCallsPass(), BindPass(options.clock_mhz, options.target)), form=BOUND),)


def build_hw(options: Options) -> tuple[Phase, ...]:
    """From a schedule that is bound to registers and logic."""
    from gatewright.transforms.rtl.control import ControlPass
    from gatewright.transforms.rtl.to_hw import ToHwPass

    return (
        Phase("controlled", (ControlPass(options.clock_mhz, options.target),), form=CONTROLLED),
        Phase("hardware", (ToHwPass(options.clock_mhz, options.target),), form=HARDWARE),
    )


def lower_to_hw(options: Options) -> tuple[Phase, ...]:
    """From a schedule to registers and logic."""
    return (*bind_schedule(options), *build_hw(options))


PIPELINES: dict[str, Callable[[Options], tuple[Phase, ...]]] = {
    "simplify-tensors": simplify_tensors,
    "lower-to-loops": lower_to_loops,
    "prepare-loops": prepare_loops,
    "lower-to-schedule": lower_to_schedule,
    "lower-to-dataflow": lower_to_dataflow,
    "schedule-lanes": schedule_lanes,
    "prepare-schedule": prepare_schedule,
    "bind-schedule": bind_schedule,
    "lower-to-hw": lower_to_hw,
}
"""The pipelines by name, in the order of the levels."""
