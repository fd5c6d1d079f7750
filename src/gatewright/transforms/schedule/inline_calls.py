"""Replace calls by the steps of the functions that they call."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter
from xdsl.utils.exceptions import VerifyException

from gatewright.dialects.loopschedule.calls import calls_of, without_calls
from gatewright.errors import IrError
from gatewright.ir.rewriting import functions_of


@dataclass(frozen=True)
class InlineCallsPass(ModulePass):
    """Put the steps of a scheduled function in place of a step that calls it.

    ```
    func.func private @f(%a: memref<8xi32>) {
      step { ... }
      step { ... }                                  step { ... }
      return                                   ->   step { ... }
    }
    step { func.call @f(%b) ... }
    ```

    Takes no cycle more or less. Private functions that nothing calls any more are removed. Raises IrError for calls
    that the verifier of a step cannot see to be wrong.
    """

    name = "inline-calls"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = functions_of(op)
        called = {call.callee.string_value() for function in functions for call in calls_of(function)}
        try:
            pairs = [(each, without_calls(each, op)) for each in functions]
        except VerifyException as error:
            raise IrError(str(error)) from error
        for function, expanded in pairs:
            if expanded is not function:
                Rewriter.replace_op(function, expanded, [])
            private = function.sym_visibility is not None and function.sym_visibility.data == "private"
            if private and function.sym_name.data in called:
                Rewriter.erase_op(expanded)
