"""What every simulator of a design gives and how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gatewright.errors import SimulationError

SHOWN_REGISTERS = 16
"""How many registers the account of a hang shows."""


@dataclass(frozen=True)
class SimulationRun:
    """The outcome of one run of a design."""

    results: list[np.ndarray]
    """The raw results in order, scalars with the shape ()."""
    cycles: int
    """From the accepted start to the cycle in which the design is ready again."""


def hang(name: str, cycles: int, registers: Mapping[str, int] | None) -> SimulationError:
    """The error of a run that did not end within `cycles` cycles, with the registers that hold something then.

    Single bits come first: they are the state of the control. A simulator that cannot see registers gives None.
    """
    if registers is None:
        why = 'level="rtl" tells the state in which it hangs'
    else:
        live = {register: value for register, value in registers.items() if value}
        ordered = sorted(live, key=lambda register: (live[register] != 1, register))
        shown = ", ".join(f"{register} = {live[register]}" for register in ordered[:SHOWN_REGISTERS])
        more = f" and {len(ordered) - SHOWN_REGISTERS} more" if len(ordered) > SHOWN_REGISTERS else ""
        why = f"registers then: {shown}{more}" if shown else "no register is set then"
    return SimulationError(
        f"{name} has not ended after {cycles} cycles",
        why=why,
        remedy="if it only needs longer, raise max_cycles; otherwise look for a loop that never ends",
    )


def stray_write(array: str, address: int, size: int) -> SimulationError:
    """The error of a write outside an array, `address` being the row-major element."""
    return SimulationError(
        f"the program writes element {address} of {array}, which has {size}",
        why="a store outside an array is an error of the program",
        remedy="check the subscripts of that array",
    )
