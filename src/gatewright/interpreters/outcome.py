"""What a run of a program gives back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Outcome:
    """The results of a run; arrays that the program updates have been updated in place."""

    results: list[np.ndarray]
    """The raw bits of each result in order (see `interface.to_raw`)."""
    cycles: int | None = None
    """The cycles that the run took, at the levels that have time."""
