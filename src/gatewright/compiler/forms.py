"""The forms of a module between phases: what the passes of the next phase rely on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.utils.exceptions import VerifyException

from gatewright.dialects import hw
from gatewright.dialects.gw import DirectiveOp, InvokeOp, PortSignalOp, RequestOp
from gatewright.dialects.loopschedule.ops import LoopOp, PipelineStageOp, StepOp
from gatewright.dialects.notes import LOOP, OPERATOR, UNIT
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
