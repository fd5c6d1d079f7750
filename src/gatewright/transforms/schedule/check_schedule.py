"""Check that everything of a schedule happens when it can."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from gatewright.machine.check import check_schedule


@dataclass(frozen=True)
class CheckSchedulePass(ModulePass):
    """Check the invariants of `loopschedule` in time (9 and up), and change nothing.

    ```
    step { %p = muli %a, %b {gw.latency = 3}
           register %p }
    step { %s = addi %p, %c          ->   addi starts 1 cycle after the muli whose result it uses, which takes 3 cycles
           register %s }
    ```

    An operation verifies what it can see of itself whenever a module is verified; this is the check of whole functions:
    results that are there, ports and units that are free, loops that overlap.
    """

    name = "check-schedule"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        check_schedule(op)
