"""The planner beyond its rules: nests whose iterations wait are planned again, by trying what else could be decided.

The rules of `planning/` decide one loop after the other. Where what comes out is a pipeline whose iterations start
every cycle, there is nothing to gain; elsewhere the nest is taken out of the program, other plans of it are lowered to
a schedule, and the best is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from xdsl.dialects import func, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from gatewright.compiler import pipelines
from gatewright.compiler.driver import run_phases
from gatewright.dialects.loopschedule.ops import PipelineOp, SeqWhileOp
from gatewright.dialects.notes import LOOP
from gatewright.errors import GatewrightError, InternalError
from gatewright.ir.context import context
from gatewright.ir.decisions import ask, asked, plan_of
from gatewright.ir.loop_labels import names_in
from gatewright.ir.program import Program, public_function
from gatewright.machine.duration import sequence_cycles, static_cycles
from gatewright.options import Options
from gatewright.plan import Decision
from gatewright.planning import limits
from gatewright.planning.alternatives import alternatives
from gatewright.planning.isolate import isolated
from gatewright.planning.lower_bound import lower_bound
from gatewright.planning.search import Trial, search
from gatewright.transforms.schedule.arrays import arrays_of


def better_decisions(source: Program, schedule: Program, options: Options) -> tuple[Decision, ...]:
    """What to ask for beside what is asked for already, so that the nests of a program take fewer cycles.

    `source` is the program as loops, `schedule` what became of it by rules. Nests about which the user has decided
    anything stay as they are, and so do programs whose number of cycles depends on data.
    """
    function = source.function
    if not options.search or sequence_cycles(schedule.function.body.block) is None:
        return ()
    lanes = [each for each in plan_of(schedule.function) if each.kind == "unroll"]
    about = {name for each in (*asked(function), *options.plan, *lanes) for name in each.subject}
    found: list[Decision] = []
    for ops in _parts(function, schedule.function):
        names = _names(ops)
        operations = [each for op in ops for each in op.walk()]
        calls = any(isinstance(op, func.CallOp) for op in operations)
        if names & about or calls or len(operations) > limits.MOST_OPERATIONS_TO_SEARCH:
            continue
        found += _best_of(isolated(function, ops), options).decisions
    return tuple(found)


def _names(ops: Sequence[Operation]) -> set[str]:
    return {name for op in ops for name in names_in(op)}


def _parts(function: func.FuncOp, schedule: func.FuncOp) -> Iterator[list[Operation]]:
    """The parts of a function with something to gain: runs of operations from one loop to another."""
    body = list(function.body.block.ops)
    nests = [position for position, op in enumerate(body) if isinstance(op, scf.ForOp)]
    names = {position: _names([body[position]]) for position in nests}
    begin = 0
    for waiting in _waiting(schedule):
        places = [position for position in nests if names[position] & waiting and position >= begin]
        if places:
            begin = places[-1] + 1
            yield body[places[0] : begin]


def _waiting(schedule: func.FuncOp) -> Iterator[set[str]]:
    """The names of the loops whose iterations wait, an outermost loop at a time."""
    for op in schedule.walk():
        if not isinstance(op, SeqWhileOp | PipelineOp) or isinstance(_around(op), SeqWhileOp):
            continue
        loops = [each for each in op.walk() if isinstance(each, SeqWhileOp | PipelineOp)]
        waits = any(isinstance(each, SeqWhileOp) or each.interval > 1 for each in loops)
        if waits and (static_cycles(op) or 0) >= limits.FEWEST_CYCLES_TO_SEARCH:
            yield {name for each in loops for name in LOOP.value(each)}


def _around(op: Operation) -> Operation | None:
    """The loop around an operation of a schedule."""
    outer = op.parent_op()
    while outer is not None and not isinstance(outer, SeqWhileOp):
        outer = outer.parent_op()
    return outer


def _best_of(part: ModuleOp, options: Options) -> Trial:
    """The best plan of a part of a program."""
    function = public_function(part)
    if not isinstance(options.dual_port, bool):
        names = {name for name, _ in arrays_of(function)}
        options = replace(options, dual_port=tuple(name for name in options.dual_port_names if name in names))
    begin, *phases = pipelines.lower_to_schedule(options, effort=0)
    run_phases(context(), part, [begin], trial=True)

    def attempt(decisions: tuple[Decision, ...]) -> Trial | None:
        module = part.clone()
        tried = public_function(module)
        try:
            ask(tried, decisions)
            run_phases(context(), module, phases, trial=True)
        except InternalError:
            raise
        except GatewrightError:  # it is not legal
            return None
        cycles = sequence_cycles(tried.body.block)
        return None if cycles is None else Trial(decisions, plan_of(tried), cycles)

    first, bound = attempt(()), lower_bound(function, options.multipliers, frozenset(options.dual_port_names))
    if first is None:
        return Trial((), plan_of(function), 0)
    enough = bound[0] * limits.ENOUGH[0] // limits.ENOUGH[1] if bound is not None else 0
    return search(first, lambda made: alternatives(function, made), attempt, options.search, enough)
