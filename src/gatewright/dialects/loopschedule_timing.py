"""The invariants of `loopschedule` in time: what depends on several steps."""

from __future__ import annotations

from gatewright.dialects.loopschedule import LoopOp, StepOp


def verify_sequence_of(op: StepOp | LoopOp) -> None:
    """Check the sequence that `op` ends, if it ends one."""
