"""What hardware can do: the operators of a target with their latency, interval, delay and area.

Nothing else in the compiler knows that a multiplier takes three cycles.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Operator:
    """A kind of hardware that executes operations."""

    name: str
    """Unique within a library, and the name of its Verilog module if `latency > 0`; for example `mul_32x32_32_l2`."""
    kind: str
    """What it computes: the `arith` mnemonic (`muli`, `divui`, ...), `isqrt`, or `logic` for the rest."""
    width: int
    """Bits of its operands and its result."""
    latency: int
    """Cycles from the start to the result; 0 for combinational."""
    interval: int
    """Least number of cycles between two starts on one instance."""
    delay: float
    """Nanoseconds from its inputs to its outputs if combinational, else from its inputs to its first register."""
    output_delay: float
    """Nanoseconds from its last register to its outputs; 0 if combinational."""
    needs_start: bool
    """True if the module has a `start` input (iterative operators)."""
