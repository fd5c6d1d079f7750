"""The forms of a module between phases: what the passes of the next phase rely on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.dialects import func, scf
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import VerifyException

from gatewright.dialects import hw
from gatewright.dialects.gw import DirectiveOp, InvokeOp, PortSignalOp, RequestOp
from gatewright.dialects.loopschedule.ops import LoopOp, PipelineStageOp, StepOp
from gatewright.dialects.notes import LOOP, OPERATOR, REGISTERS, UNIT
from gatewright.errors import IrError
from gatewright.transforms.loops.if_convert import is_predicated_store
from gatewright.transforms.loops.rotate_while import has_plain_condition


@dataclass(frozen=True)
class ModuleForm:
    """A form: its name, what it promises, and whether an operation of a module keeps the promise."""

    name: str
    promise: str
    is_kept: Callable[[Operation], bool]

    def __call__(self, module: ModuleOp) -> None:
        """Raise VerifyException for a module that does not have the form."""
        for op in module.walk():
            if not self.is_kept(op):
                raise VerifyException(f"{op.name} in a module that is to be {self.name}: {self.promise}")

    def __str__(self) -> str:
        return f"{self.name}, {self.promise}"


def _is_guarded(op: Operation) -> bool:
    if isinstance(op, scf.IfOp):
        return is_predicated_store(op)
    return not isinstance(op, scf.WhileOp) or has_plain_condition(op)


NAMED = ModuleForm(
    "named",
    "every loop has a name, and directives have become decisions",
    lambda op: LOOP.of(op) is not None if isinstance(op, scf.ForOp | scf.WhileOp) else not isinstance(op, DirectiveOp),
)
GUARDED = ModuleForm("guarded", "conditionals only store, and a cycle decides the condition of a loop", _is_guarded)
SCHEDULED = ModuleForm(
    "scheduled", "all control is steps, stages and their loops", lambda op: not op.name.startswith(("scf.", "affine."))
)
BOUND = ModuleForm(
    "bound", "what an operator executes has a unit of it", lambda op: OPERATOR.of(op) is None or UNIT.of(op) is not None
)
CONTROLLED = ModuleForm(
    "controlled", "tokens say when", lambda op: not isinstance(op, StepOp | PipelineStageOp | LoopOp)
)
HARDWARE = ModuleForm(
    "hardware",
    "modules of wires, logic and registers",
    lambda op: (
        not isinstance(op, InvokeOp | RequestOp | PortSignalOp)
        and (not isinstance(op.parent_op(), ModuleOp) or isinstance(op, hw.HWModuleOp | hw.HWModuleExternOp))
    ),
)

_TENSORS, _LOOPS, _SCHEDULE, _BOUND, _CONTROLLED, _HARDWARE = (
    *("tensors", "loops", "a schedule", "a bound schedule", "tokens and requests", "hardware"),
)
_SCHEDULES = frozenset({_SCHEDULE, _BOUND})
_NEEDED = {
    "loops-to-schedule": (_LOOPS, {_LOOPS}),
    "check-schedule": (_SCHEDULE, _SCHEDULES),
    "overlap-loops": (_SCHEDULE, _SCHEDULES),
    "bind": (_SCHEDULE, _SCHEDULES),
    "control": (_BOUND, _SCHEDULES),
    "to-hw": (_CONTROLLED, {_CONTROLLED}),
}
_NEEDED_BY_ROOM = {
    "transforms.tensor": (_TENSORS, {_TENSORS, _LOOPS}),
    "transforms.loops": (_LOOPS, {_TENSORS, _LOOPS} | _SCHEDULES),
    "planning": (_LOOPS, {_TENSORS, _LOOPS} | _SCHEDULES),
}
"""What passes work on, and the levels at which they do at least no harm: a schedule is cleaned up as loops are."""


def check_level(each: ModulePass, module: ModuleOp) -> None:
    """Raise IrError for a module at another level than a pass works on."""
    room = type(each).__module__.removeprefix("gatewright.")
    by_room = next((needed for name, needed in _NEEDED_BY_ROOM.items() if room.startswith(f"{name}.")), None)
    needed, level = _NEEDED.get(each.name, by_room), _level_of(module)
    if needed is None or level is None or level in needed[1]:
        return
    ladder = {
        _TENSORS: "linalg-to-loops makes loops of tensors",
        _LOOPS: "lower-to-schedule makes a schedule of loops",
        _SCHEDULE: "bind, control and to-hw make hardware of a schedule, one after the other",
        _BOUND: "control and to-hw make hardware of a bound schedule, one after the other",
    }
    raise IrError(f"{each.name} works on {needed[0]}, and this is {level}", remedy=ladder.get(level))


def _level_of(module: ModuleOp) -> str | None:
    """The level of a module; None of one that is alike at several."""
    found = {type(op) for op in module.walk()}
    if hw.HWModuleOp in found:
        if found & {InvokeOp, RequestOp, PortSignalOp}:
            return _CONTROLLED
        return _HARDWARE if hw.InstanceOp in found else None
    if any(issubclass(kind, StepOp | PipelineStageOp | LoopOp) for kind in found):
        return _BOUND if any(REGISTERS.of(op) is not None for op in module.walk()) else _SCHEDULE
    values = [value.type for op in module.walk() for value in (*op.operands, *op.results)]
    if any(isinstance(type_, TensorType) for type_ in values):
        return _TENSORS
    work = found - {ModuleOp, func.FuncOp, func.ReturnOp}
    return _LOOPS if work else None
