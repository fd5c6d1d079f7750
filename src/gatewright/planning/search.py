"""Search for a better plan: one move after the other, as long as each saves cycles.

Steepest descent from the plan of the rules: of all plans that are a move away the one with the fewest cycles is taken,
and again from there. Deterministic: the effort is a number of plans, and of equal ones the first is taken.
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

    def with_reason(self, reason: str, last: int) -> Trial:
        """The same with a reason for so many of the decisions that were asked for last."""
        before, new = self.decisions[:-last], self.decisions[-last:]
        return replace(self, decisions=(*before, *(replace(each, reason=reason) for each in new)))


Move = tuple[Decision, ...]
"""Decisions that are made together."""

Alternatives = Callable[[Plan], Iterable[Move]]
"""The moves to try beside a plan."""

Attempt = Callable[[tuple[Decision, ...]], Trial | None]
"""Tries what is asked for; None for a plan that is not legal."""


def search(first: Trial, alternatives: Alternatives, attempt: Attempt, most: int, enough: int) -> Trial:
    """The best of at most `most` plans that are attempted, `first` if none is better.

    A plan of `enough` cycles, or fewer, ends the search.
    """
    best, tried = first, {frozenset(first.decisions)}
    while best.cycles > enough:
        before = best
        for move in alternatives(before.made):
            decisions = moved(before.decisions, move)
            if len(tried) > most or best.cycles <= enough:
                return best
            if (wanted := frozenset(decisions)) in tried:
                continue
            tried.add(wanted)
            trial = attempt(decisions)
            if trial is not None and trial.cycles < best.cycles:
                reason = f"{trial.cycles} cycles instead of {before.cycles}, with all else by rules"
                best = trial.with_reason(reason, len(move))
        if best is before:
            break
    return best


def moved(decisions: tuple[Decision, ...], move: Move) -> tuple[Decision, ...]:
    """Decisions with those of a move in the place of others of the same topic."""
    topics = {each.topic for each in move}
    return (*(each for each in decisions if each.topic not in topics), *move)
