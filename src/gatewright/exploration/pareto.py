"""Pareto fronts: the rows of which no other is at least as good in everything and better in something."""

from __future__ import annotations

from collections.abc import Sequence

from gatewright.exploration.rows import DesignRow


def dominates(one: DesignRow, other: DesignRow, objectives: Sequence[str]) -> bool:
    """Whether a row is no worse than another in all objectives, each the less the better, and better in one.

    What neither knows tells nothing; what one of them knows of itself only keeps them apart.
    """
    pairs = [(getattr(one, name), getattr(other, name)) for name in objectives]
    known = [(a, b) for a, b in pairs if a is not None or b is not None]
    return all(a is not None and b is not None and a <= b for a, b in known) and any(a < b for a, b in known)


def front(rows: Sequence[DesignRow], groups: Sequence[str], objectives: Sequence[str]) -> list[int]:
    """The places of the rows that no row of the same group dominates; those that are estimates or failed never are.

    Of rows with the same figures the first is taken.
    """
    able = [at for at, row in enumerate(rows) if row.error is None and row.stage != "estimate"]
    seen: set[tuple[object, ...]] = set()
    found: list[int] = []
    for at in able:
        same = (groups[at], *(getattr(rows[at], name) for name in objectives))
        rivals = (rows[other] for other in able if groups[other] == groups[at])
        if same not in seen and not any(dominates(rival, rows[at], objectives) for rival in rivals):
            found.append(at)
        seen.add(same)
    return found
