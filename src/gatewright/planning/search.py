"""Search for a better plan: one decision after the other, as long as each saves cycles.

Steepest descent from the plan of the rules: of all plans that differ in one decision the one with the fewest cycles is
taken, and again from there. Deterministic: the effort is a number of plans, and of equal ones the first is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from gatewright.plan import Decision, Plan


@dataclass(frozen=True)
class Trial:
    """A plan that was tried."""

    decisions: tuple[Decision, ...]
    """What was asked for."""
    made: Plan
    """What was decided in all, the rest by rules."""
    cycles: int

    def with_reason(self, reason: str) -> Trial:
        """The same with a reason for what was asked for last."""
        return replace(self, decisions=(*self.decisions[:-1], replace(self.decisions[-1], reason=reason)))


def search(
    first: Trial,
    alternatives: Callable[[Plan], Iterable[Decision]],
    attempt: Callable[[tuple[Decision, ...]], Trial | None],
    most: int,
    enough: int,
) -> Trial:
    """The best of at most so many plans that are attempted, `first` if none is better.

    `alternatives` are decisions to try beside those of a plan, `attempt` gives None for a plan that is not legal. A
    plan of `enough` cycles, or fewer, ends the search.
    """
    best, tried = first, {frozenset(first.decisions)}
    while best.cycles > enough:
        before = best
        for decision in alternatives(before.made):
            kept = tuple(each for each in before.decisions if each.topic != decision.topic)
            if len(tried) > most or best.cycles <= enough:
                return best
            if (wanted := frozenset((*kept, decision))) in tried:
                continue
            tried.add(wanted)
            trial = attempt((*kept, decision))
            if trial is not None and trial.cycles < best.cycles:
                best = trial.with_reason(f"{trial.cycles} cycles instead of {before.cycles}, with all else by rules")
        if best is before:
            break
    return best
