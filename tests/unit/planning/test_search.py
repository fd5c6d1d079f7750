"""The search for plans: steepest descent over decisions, with a bounded and deterministic effort."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import gatewright as gw
from gatewright.planning.search import Trial, search

A, B, C = (gw.Decision("flatten", (name,), False) for name in "abc")
OTHER_A = gw.Decision("flatten", ("a",), True)


class Space:
    """Plans with known cycles; what is not listed is not legal."""

    def __init__(self, cycles: Mapping[frozenset[gw.Decision], int], offered: Iterable[gw.Decision] = (A, B, C)):
        self.cycles, self.offered = cycles, tuple(offered)
        self.tried: list[tuple[gw.Decision, ...]] = []

    def attempt(self, decisions: tuple[gw.Decision, ...]) -> Trial | None:
        self.tried.append(decisions)
        cycles = self.cycles.get(frozenset(decisions))
        return None if cycles is None else Trial(decisions, gw.Plan(decisions), cycles)

    def best(self, most: int = 99, enough: int = 0) -> Trial:
        first = Trial((), gw.Plan(), 100)
        return search(first, lambda made: [(each,) for each in self.offered], self.attempt, most, enough)


def plans(**cycles: int) -> dict[frozenset[gw.Decision], int]:
    """Plans by the letters of their decisions."""
    named = {"a": A, "b": B, "c": C, "o": OTHER_A}
    return {frozenset(named[letter] for letter in name): count for name, count in cycles.items()}


def test_the_steepest_way_is_taken():
    space = Space(plans(a=90, b=80, c=85, ab=70, bc=75, abc=60))
    best = space.best()
    assert set(best.decisions) == {A, B, C} and best.cycles == 60
    assert best.decisions[0] == B


def test_a_decision_of_the_same_topic_takes_the_place_of_the_one_before():
    space = Space(plans(a=90, o=95, b=96, ab=89, bo=70), (A, B, OTHER_A))
    best = space.best()
    assert set(best.decisions) == {B, OTHER_A} and best.cycles == 70


def test_nothing_is_better_than_the_rules():
    assert Space(plans(a=100, b=101)).best().decisions == ()


def test_what_is_good_enough_ends_the_search():
    space = Space(plans(a=90, b=80, c=70))
    assert space.best(enough=85).cycles == 80
    assert len(space.tried) == 2
    assert Space(plans(a=90)).best(enough=100).cycles == 100


def test_the_effort_is_a_number_of_plans():
    space = Space(plans(a=90, b=80, c=70))
    assert space.best(most=2).cycles == 80
    assert len(space.tried) == 2
    assert Space(plans(a=90)).best(most=0).cycles == 100


def test_no_plan_is_tried_twice():
    space = Space(plans(a=90, b=80, ab=70))
    space.best()
    assert len({frozenset(each) for each in space.tried}) == len(space.tried)


def test_the_reason_is_what_it_saves():
    best = Space(plans(a=90, ab=70)).best()
    assert [each.reason for each in best.decisions] == [
        "90 cycles instead of 100, with all else by rules",
        "70 cycles instead of 90, with all else by rules",
    ]


def test_decisions_that_help_only_together_are_one_move():
    space = Space(plans(a=100, b=100, ab=60))
    assert space.best().decisions == ()
    first = Trial((), gw.Plan(), 100)
    best = search(first, lambda made: [(A,), (A, B)], space.attempt, 99, 0)
    assert best.decisions == (A, B)
    assert {each.reason for each in best.decisions} == {"60 cycles instead of 100, with all else by rules"}
