"""Dependences of small loop nests, written down."""

from __future__ import annotations

from gatewright.analysis.dependences.analysis import DependenceAnalysis
from gatewright.analysis.dependences.description import (
    Description,
    LoopRange,
    Node,
    OpaqueValue,
    condition,
    load,
    loop,
    store,
    when,
)
from gatewright.analysis.dependences.flat_distances import FlatDistances
from gatewright.analysis.dependences.last_writers import last_writers


def described(*nodes: Node) -> list[str]:
    """The dependences of a program, one line each."""
    return [dependence.describe() for dependence in DependenceAnalysis(Description(list(nodes))).dependences()]


def distances(nest: LoopRange) -> dict[tuple[str, str], int]:
    """The least distances in iterations of a loop, by the labels of the accesses."""
    found = DependenceAnalysis(Description([nest])).loop_distances(nest)
    return {(source.label, target.label): distance for (source, target), distance in found.items()}


def test_a_stencil_in_two_dimensions():
    nest = loop("i", 1, "n", loop("j", 1, "n", load("A", "i-1", "j"), load("A", "i", "j-1"), store("A", "i", "j")))
    assert described(nest) == [
        "flow: store A[i, j] -> load A[i-1, j], distance (1, 0)",
        "flow: store A[i, j] -> load A[i, j-1], distance (0, 1)",
    ]


def test_a_triangular_loop_never_meets_what_it_stores():
    column = loop("j", 0, "i", load("A", "j", "j"), store("A", "i", "j"))
    assert described(loop("i", 0, 8, column)) == []


def test_the_elements_of_a_band_come_back_after_as_many_iterations_as_it_is_wide():
    assert distances(loop("i", 0, "n", load("A", "i-3"), store("A", "i"))) == {("store A[i]", "load A[i-3]"): 3}


def test_even_and_odd_elements_do_not_depend_on_each_other():
    assert described(loop("i", 0, "n", load("A", "2*i+1"), store("A", "2*i"))) == []


def test_a_step_divides_the_distance():
    assert distances(loop("i", 0, "n", load("A", "i-4"), store("A", "i"), step=2)) == {("store A[i]", "load A[i-4]"): 2}


def test_an_accumulator_depends_on_itself_in_every_iteration():
    assert distances(loop("i", 0, 8, load("s"), store("s"))) == {
        ("load s[]", "store s[]"): 0,
        ("store s[]", "load s[]"): 1,
        ("store s[]", "store s[]"): 1,
    }


def test_conditions_keep_accesses_apart():
    body = when("i < 4", store("A", "i"), otherwise=[load("A", "i - 4")])
    assert distances(loop("i", 0, 8, body)) == {("store A[i]", "load A[i - 4]"): 4}
    assert distances(loop("i", 0, 4, body)) == {}


def test_the_branches_of_an_unknown_condition_exclude_each_other_in_an_iteration():
    body = when("c = 1", store("A", 0), otherwise=[load("A", 0)])
    found = distances(loop("i", 0, 8, OpaqueValue("c"), body))
    assert found == {(one, other): 1 for one, other in [
        ("store A[0]", "store A[0]"), ("store A[0]", "load A[0]"), ("load A[0]", "store A[0]")
    ]}  # fmt: skip


def test_an_unknown_subscript_may_be_anything_but_is_the_same_in_one_iteration():
    nest = loop("i", 0, 8, OpaqueValue("p"), load("A", "p"), store("A", "p + 1"))
    assert distances(nest) == {
        ("load A[p]", "store A[p + 1]"): 1,
        ("store A[p + 1]", "load A[p]"): 1,
        ("store A[p + 1]", "store A[p + 1]"): 1,
    }


def test_a_symbol_from_outside_a_loop_is_the_same_for_all_its_iterations():
    inner = loop("j", 0, 8, load("A", "p + j"), store("A", "p + j"))
    analysis = DependenceAnalysis(Description([loop("i", 0, 8, OpaqueValue("p"), inner)]))
    first, second = (each.access for each in analysis.instances)
    assert analysis.loop_distances(inner) == {(first, second): 0}


def test_a_parameter_bounds_a_distance():
    nest = loop("i", 0, 8, load("A", "i - n"), store("A", "i"))
    known = DependenceAnalysis(Description([nest], condition("n >= 3")))
    flow = next(each for each in known.dependences() if each.source.access.stores)
    assert (flow.distance, flow.iterations) == (((3, 7),), 3)


def test_accesses_outside_an_array_do_not_happen():
    nest = loop("i", 0, 8, load("A", "i + n", extents=(4,)), store("A", "i", extents=(4,)))
    analysis = DependenceAnalysis(Description([nest], condition("n >= 4")))
    assert analysis.dependences() == []


def test_a_loop_that_ends_on_an_unknown_condition_has_any_number_of_iterations():
    assert distances(loop("k", 0, None, load("A", "k"), store("A", "k + 5"))) == {
        ("store A[k + 5]", "load A[k]"): 5,
    }


def test_the_last_writer_of_an_accumulator_is_the_iteration_before():
    start, before, after, result = store("s"), load("s"), store("s"), load("s")
    analysis = DependenceAnalysis(Description([loop("i", 0, 8, start, loop("k", 0, 8, before, after), result)]))
    inner, outer = last_writers(analysis, before), last_writers(analysis, result)
    assert [(each.store, each.certain, each.distance) for each in inner] == [
        (start, True, ((0, 0),)),
        (after, True, ((0, 0), (1, 1))),
    ]
    assert [(each.store, each.certain) for each in outer] == [(after, True)]


def test_a_store_under_an_unknown_condition_may_or_may_not_be_the_last_writer():
    read, write = load("A", "i - 1"), store("A", "i")
    analysis = DependenceAnalysis(Description([loop("i", 1, 8, read, OpaqueValue("c"), when("c = 1", write))]))
    assert [(each.store, each.certain) for each in last_writers(analysis, read)] == [
        (write, False),
        (None, True),
        (None, False),
    ]


def test_the_last_writer_of_elements_that_are_further_and_further_apart():
    read, write = load("A", "2*i - 5"), store("A", "i")
    (only, _) = last_writers(DependenceAnalysis(Description([loop("i", -1, 6, write, read)])), read)
    assert (only.store, only.certain, only.distance) == (write, True, ((0, 3),))


def test_the_last_writer_where_store_and_load_mention_parameters_in_another_order():
    read, write = load("A", "i - 1"), store("A", "i")
    nest = loop("i", 0, 8, when("y < i and x < 3", write), when("x < i and y < 3", read))
    (only, _) = last_writers(DependenceAnalysis(Description([nest])), read)
    assert (only.store, only.certain, only.distance) == (write, True, ((1, 1),))


def test_a_nest_that_runs_as_one_loop_counts_innermost_iterations():
    start, read, write, result = store("y", "i"), load("y", "i"), store("y", "i"), load("y", "i - 1")
    nest = loop("i", 0, 8, start, loop("j", 0, 8, read, write), result)
    description = Description([nest])
    ticks = FlatDistances(description, DependenceAnalysis(description))
    assert ticks.distance(nest, start, read) == 0
    assert ticks.distance(nest, write, read) == 1
    assert ticks.distance(nest, write, result) == 8
    assert ticks.distance(nest, result, write) is None


def test_a_loop_may_start_before_the_one_that_it_reads_from_has_ended():
    write, read = store("A", "i"), load("A", "7 - j")
    analysis = DependenceAnalysis(Description([loop("i", 0, 8, write), loop("j", 0, 8, read)]))
    assert analysis.lead(write, read, (1, 1)) == 7
    write, read = store("A", "i"), load("A", "j")
    analysis = DependenceAnalysis(Description([loop("i", 0, 8, write), loop("j", 0, 8, read)]))
    assert analysis.lead(write, read, (1, 1)) == 0
    assert analysis.lead(write, read, (3, 1)) == 14
    assert analysis.lead(read, write, (1, 1)) is None
