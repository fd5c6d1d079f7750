"""Questions to isl end, and mistakes in asking them are not taken for questions that are too hard."""

from __future__ import annotations

import islpy as isl
import pytest

from gatewright.analysis.dependences.effort import EffortError, limited


def hard_question() -> isl.Set:
    found = isl.Set("{ [i, j, k] : 0 <= i < 100 and 0 <= j < i and 0 <= k < j and exists e : i + 3j = 7e + 2 }")
    for number in range(60):
        found = found.subtract(isl.Set(f"{{ [i, j, k] : i = {number} and j = {number // 2} }}"))
    return found


@pytest.mark.parametrize("operations", [1, 100, 1000, 5000])
def test_a_question_is_given_up(operations: int):
    with pytest.raises(EffortError), limited(operations):
        hard_question()
    assert isl.Set("{ [i] : 0 <= i < 7 }").count_val().to_python() == 7


def test_an_empty_answer_of_isl_counts_as_given_up():
    with pytest.raises(EffortError), limited(1):
        try:
            hard_question()
        except isl.Error:
            int(None)  # type: ignore


def test_a_mistake_stays_a_mistake():
    with pytest.raises(ZeroDivisionError), limited(1_000_000):
        _ = 1 // 0
    with pytest.raises(isl.Error), limited(1_000_000):
        isl.Set("{ [i : }")


def test_an_answer_within_the_bound_is_given():
    with limited(1_000_000):
        found = hard_question()
    assert not found.is_empty()
