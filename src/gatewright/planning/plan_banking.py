"""In how many banks arrays are kept."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from gatewright.ir.array_names import array_called
from gatewright.ir.decisions import asked, record
from gatewright.ir.rewriting import functions_of
from gatewright.plan import Decision, bank_factors
from gatewright.transforms.loops.bank_arrays import bank


@dataclass(frozen=True)
class PlanBankingPass(ModulePass):
    """Keep the arrays for which that is asked in banks; `bank-arrays` does it."""

    name = "plan-banking"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            _plan(function)


def _plan(function: func.FuncOp) -> None:
    for decision in asked(function):
        if decision.kind == "bank" and (array := array_called(function, decision.subject[0])) is not None:
            bank(function, array, bank_factors(decision.value))
            record(function, Decision("bank", decision.subject, decision.value))
