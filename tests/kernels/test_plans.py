"""Plans of designs: given back they give the same design; what users decide is done, or refused with the reason."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from agreement import LEVELS, check

import gatewright as gw


def rows(a: gw.f32[12, 16], x: gw.f32[16], y: gw.f32[12]):
    for i in range(12):
        s = np.float32(0)
        for k in range(16):
            s += a[i, k] * x[k]
        y[i] = s


def rows_of_three(a: gw.f32[12, 16], x: gw.f32[16], y: gw.f32[12]):
    for i in range(12):
        s = np.float32(0)
        gw.interleave(i, 3)
        for k in range(16):
            s += a[i, k] * x[k]
        y[i] = s


def product(a: gw.i32[6, 5], b: gw.i32[5, 4], c: gw.i32[6, 4]):
    for i in range(6):
        for j in range(4):
            for k in range(5):
                c[i, j] += a[i, k] * b[k, j]


def product_by_rows(a: gw.i32[6, 5], b: gw.i32[5, 4], c: gw.i32[6, 4]):
    for i in range(6):
        for j in range(4):
            for k in range(5):
                gw.order(i, k, j)
                c[i, j] += a[i, k] * b[k, j]


def product_every_third(a: gw.i32[6, 5], b: gw.i32[5, 4], c: gw.i32[6, 4]):
    for i in range(6):
        for j in range(4):
            for k in range(5):
                gw.pipeline(k, interval=3)
                c[i, j] += a[i, k] * b[k, j]


def chained(a: gw.i32[8], b: gw.i32[8], n: gw.i32[8]):
    for i in range(8):
        b[i] = a[i] * 3
    for i in range(8):
        a[i] = b[i] + 1
    for i in range(1, 8):
        n[i] = n[i - 1] + a[i]


def normalised(x: gw.i32[8, 8], n: gw.i32[8], m: gw.i32[8, 8]):
    for i in range(8):
        s = n[i]
        for j in range(8):
            s += x[i, j]
        factor = np.int32(1 << 20) // s
        for j in range(8):
            m[i, j] = x[i, j] * factor


def scaled(n: gw.i32[8], m: gw.i32[8, 8]):
    for i in range(8):
        factor = np.int32(1 << 20) // n[i]
        for j in range(8):
            m[i, j] = m[i, j] * factor


def counted_down(a: gw.f32[9, 8], y: gw.f32[9]):
    for i in range(8, 0, -1):
        s = y[i]
        for k in range(8):
            s += a[i, k]
        y[i] = s


def asked_of_the_second(a: gw.i32[8], b: gw.i32[8]):
    for i in range(8):
        b[i] = a[i]
    for i in range(8):
        gw.pipeline(i, interval=2)
        b[i] += a[i]


def of_items(a: gw.f32[8, 8], y: gw.f32[8]):
    for n, row in enumerate(a):
        s = np.float32(0)
        for item in row:
            s += item
        y[n] = s


def histogram(a: gw.i32[16], h: gw.i32[16]):
    for i in range(16):
        h[a[i]] += 1


def both_ways(a: gw.i32[8, 8], y: gw.i32[8], z: gw.i32[8]):
    for i in range(8):
        s = np.int32(0)
        for j in range(8):
            s += a[i, j]
        y[i] = s
        for k in range(8):
            z[k] = z[k] ^ a[k, i]


PROGRAMS = (
    histogram,
    both_ways,
    rows,
    rows_of_three,
    product,
    product_by_rows,
    product_every_third,
    chained,
    normalised,
    scaled,
    counted_down,
    asked_of_the_second,
    of_items,
)


@pytest.mark.parametrize("function", PROGRAMS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("options", [{}, {"multipliers": 1}], ids=["", "one"])
def test_the_plan_of_a_design_gives_it_again(function: Callable[..., None], options: dict[str, int]):
    design = gw.compile(function, **options)
    check(function, design)
    assert len(design.plan)
    for given in (design.plan, str(design.plan)):
        again = gw.compile(function, plan=given, **options)
        assert again.verilog == design.verilog
        assert again.plan == design.plan


def decision(design: gw.Design, kind: str, loop: str) -> gw.Decision:
    found = design.plan.find(kind, loop)
    assert found is not None, f"{design.plan}"
    return found


def test_interleaving_is_obeyed():
    assert decision(gw.compile(rows), "interleave", "i").value == 12
    design = gw.compile(rows_of_three)
    assert decision(design, "interleave", "i") == gw.Decision("interleave", ("i",), 3)
    assert decision(design, "interleave", "i").reason == "asked for"
    assert design.report["cycles"] > 2 * gw.compile(rows).report["cycles"]
    assert gw.compile(rows, plan="interleave(i, 3)").report["cycles"] == design.report["cycles"]


def test_an_order_is_obeyed():
    design = gw.compile(product_by_rows)
    assert decision(design, "order", "i").subject == ("i", "k", "j")
    check(product_by_rows, design)
    other = gw.compile(product, plan="order(i, k, j)")
    assert other.plan == design.plan
    assert [loop["loop"] for loop in other.report["loops"]] == ["i, k, j"]


def test_an_interval_is_obeyed():
    design = gw.compile(product_every_third)
    assert decision(design, "pipeline", "k").value == 3
    assert [loop["interval"] for loop in design.report["loops"]] == [3]
    assert design.report["cycles"] > 3 * 6 * 4 * 5


@pytest.mark.parametrize(
    ("function", "plan", "interval"),
    [
        (histogram, "bypass(i, 1)", 1),
        (histogram, "bypass(i, 2)", 1),
        (histogram, "bypass(i, 0)", 2),
        (both_ways, "merge(k, 'accesses')", 1),
        (both_ways, "merge(k, 'loads')", 1),
        (both_ways, "merge(k, 'nothing')", 2),
    ],
)
def test_forms_of_pipelines_are_obeyed(function: Callable[..., None], plan: str, interval: int):
    design = gw.compile(function, plan=plan)
    check(function, design)
    assert gw.Plan.of(plan).decisions[0] in design.plan.decisions
    assert [loop["interval"] for loop in design.report["loops"]] == [interval]


def test_forms_of_pipelines_have_reasons():
    sooner = "an iteration starts every cycle instead of 2"
    assert decision(gw.compile(histogram), "bypass", "i") == gw.Decision("bypass", ("i",), 1, sooner)
    assert decision(gw.compile(both_ways), "merge", "k").reason == sooner


@pytest.mark.parametrize(
    ("function", "plan", "why"),
    [
        (rows, "merge(k, 'loads')", "no loads of one array that never happen in the same iteration can be one"),
        (rows, "bypass(k, 1)", "no array has one store an iteration and loads in front of it"),
    ],
)
def test_forms_that_a_loop_cannot_have_are_refused(function: Callable[..., None], plan: str, why: str):
    with pytest.raises(gw.UnsupportedError) as error:
        gw.compile(function, plan=plan)
    assert error.value.why == why


def total(a: gw.f32[24]) -> gw.f32:
    s = np.float32(0)
    for k in range(24):
        s += a[k]
    return s


def test_partial_sums_are_a_decision():
    design = gw.compile(total, reassociate=True)
    assert decision(design, "partial_sums", "k").value == 7
    assert gw.compile(total, reassociate=True, plan=design.plan).verilog == design.verilog
    three = gw.compile(total, reassociate=True, plan="partial_sums(k, 3)")
    a = np.arange(24, dtype=np.float32)
    assert {three.run(a, level=level).outputs[0] for level in LEVELS} == {np.float32(276)}
    assert [loop["interval"] for loop in three.report["loops"]] == [3]
    alone = gw.compile(total, reassociate=True, plan="partial_sums(k, 1)")
    assert alone.report["cycles"] == gw.compile(total).report["cycles"]


@pytest.mark.parametrize(
    ("function", "plan", "options", "what"),
    [
        (total, "partial_sums(k, 3)", {}, "partial_sums(k, 3) changes the order of a sum"),
        (total, "partial_sums(k, 25)", {"reassociate": True}, "loop k takes no 25 partial sums"),
        (rows, "partial_sums(i, 3)", {"reassociate": True}, "loop i takes no partial sums"),
        (product, "partial_sums(k, 3)", {"reassociate": True}, "loop k takes no partial sums"),
    ],
)
def test_partial_sums_that_are_not_legal_are_refused(
    function: Callable[..., None], plan: str, options: dict[str, bool], what: str
):
    with pytest.raises(gw.GatewrightError) as error:
        gw.compile(function, plan=plan, **options)
    assert error.value.what == what


def test_a_nest_that_is_to_stay_stays():
    design = gw.compile(product, plan="flatten(i, False)")
    check(product, design)
    assert decision(design, "flatten", "j").value is True
    assert design.report["cycles"] > gw.compile(product).report["cycles"]


def test_loops_that_are_to_stay_apart_stay_apart():
    joined = gw.compile(chained)
    assert decision(joined, "fuse", "i").subject[:2] == ("i", "i_2")
    design = gw.compile(chained, plan="fuse(i, i_2, False)")
    check(chained, design)
    assert design.plan.find("fuse", "i") is None
    assert design.report["cycles"] > joined.report["cycles"]


def test_a_loop_that_is_to_stay_whole_stays_whole():
    apart = gw.compile(normalised)
    assert decision(apart, "distribute", "i").value == 1
    design = gw.compile(normalised, plan="distribute(i, after=-1)")
    check(normalised, design)
    assert design.report["cycles"] > apart.report["cycles"]


def refused_order(a: gw.i32[8, 8]):
    for i in range(1, 8):
        for j in range(7):
            gw.order(j, i)
            a[i, j] = a[i - 1, j + 1] + 1


def refused_interleaving(a: gw.f32[8, 8], s: gw.f32[9]):
    for i in range(8):
        gw.interleave(i, 4)
        t = s[i]
        for j in range(8):
            t += a[i, j]
        s[i + 1] = t


def refused_interval(a: gw.f32[8]):
    for i in range(1, 8):
        gw.pipeline(i, interval=2)
        a[i] = a[i - 1] * a[i]


REFUSED = {
    refused_order: (
        "the loops i, j cannot run in the order j, i",
        "flow: store a[i, j] -> load a[-1 + i, 1 + j], distance (1, -1)",
    ),
    refused_interleaving: (
        "4 iterations of loop i cannot take turns",
        "flow: store s[1 + i] -> load s[i], distance (1)",
    ),
    refused_interval: (
        "the iterations of loop i cannot start 2 cycles apart",
        "comes back after 1 iteration",
    ),
}


@pytest.mark.parametrize("function", REFUSED, ids=lambda function: function.__name__)
def test_what_is_not_legal_is_refused_with_the_dependence_that_forbids_it(function: Callable[..., None]):
    what, why = REFUSED[function]
    with pytest.raises(gw.UnsupportedError) as raised:
        gw.compile(function)
    assert raised.value.what == what
    assert why in (raised.value.why or "")
    assert raised.value.where is not None


@pytest.mark.parametrize(
    ("plan", "what"),
    [
        ("interleave(q, 2)", "interleave(q, 2) is about q, which is no loop"),
        ("interleave(k, 2)", "2 iterations of loop k cannot take turns"),
        ("interleave(j, 9)", "9 iterations of loop j cannot take turns"),
        ("order(i, k)", "the loops i, k are no perfect nest"),
        ("order(i, q)", "there is no counted loop q to order"),
        ("pipeline(i, interval=4)", "pipeline(i, interval=4) is about a loop with loops in it"),
        ("distribute(i, after=1)", "loop i cannot be distributed"),
        ("rotate(k, 'skewed')", "loop k cannot keep values of earlier iterations in registers"),
        ("fuse(i, j)", "the loops i, j cannot be fused"),
        ("flatten(k)", "loop k cannot be flattened"),
        ("distribute(q, i, after=-1)", "distribute(q, i, after=-1) is about q, which is no loop"),
        ("order(i, k, j)\norder(j, k)", "order(i, k, j) cannot be done with the other orders"),
    ],
)
def test_a_plan_that_does_not_fit_the_program_is_refused(plan: str, what: str):
    with pytest.raises(gw.GatewrightError) as raised:
        gw.compile(product, plan=plan)
    assert raised.value.what == what


@pytest.mark.parametrize(
    ("plan", "what", "why"),
    [
        (
            "fuse(i, i_2)\npipeline(i_2, interval=3)",
            "pipeline(i_2, interval=3) was not done",
            "i_2 is part of i by fuse(i, i_2, True)",
        ),
        (
            "fuse(i, q)",
            "fuse(i, q, True) is about q, which is no loop",
            "loops that never run, that do nothing, or that run once are gone",
        ),
    ],
)
def test_what_cannot_be_fused_is_refused(plan: str, what: str, why: str):
    with pytest.raises(gw.GatewrightError) as raised:
        gw.compile(chained, plan=plan)
    assert (raised.value.what, raised.value.why) == (what, why)
    assert raised.value.where is not None


def crossed(a: gw.i32[4], b: gw.i32[4], c: gw.i32[4]):
    for i in range(4):
        b[i] = a[i]
    for j in range(4):
        a[j] = b[3 - j]
    for k in range(4):
        c[k] = a[k]


def test_loops_are_not_fused_past_another_one():
    with pytest.raises(gw.UnsupportedError) as raised:
        gw.compile(crossed, plan="fuse(i, k)")
    assert raised.value.why == "between them is j, past which one would have to move"
    check(crossed, gw.compile(crossed, plan="fuse(j, k)"))


def test_loops_with_decisions_of_their_own_are_not_fused():
    plan = gw.compile(asked_of_the_second).plan
    assert plan.find("fuse", "i i_2") == gw.Decision("fuse", ("i", "i_2"), False)
    assert plan.find("pipeline", "i_2") == gw.Decision("pipeline", ("i_2",), 2)


def test_an_interval_inside_keeps_a_loop_from_taking_turns():
    design = gw.compile(rows, plan="pipeline(k, interval=9)")
    check(rows, design)
    assert decision(design, "interleave", "i").value == 1
    with pytest.raises(gw.UnsupportedError, match="cannot both be done"):
        gw.compile(rows, plan="interleave(i, 3)\npipeline(k, interval=9)")


def contradicting(a: gw.f32[12, 16], y: gw.f32[12]):
    for i in range(12):
        s = np.float32(0)
        gw.interleave(i, 3)
        for k in range(16):
            gw.interleave(i, 4)
            s += a[i, k]
        y[i] = s


def of_no_loop(a: gw.i32[4]):
    n = 3
    gw.pipeline(n)
    for i in range(4):
        a[i] += 1


def with_break(a: gw.i32[4]):
    for i in range(4):
        gw.pipeline(i)
        if a[i] > 3:
            break
        a[i] += 1


def in_an_expression(a: gw.i32[4]):
    for i in range(4):
        a[0] = gw.pipeline(i)
        a[i] += 1


def too_few(a: gw.i32[4]):
    for i in range(4):
        gw.interleave(i)
        a[i] += 1


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (contradicting, "interleave(i, 3) and interleave(i, 4) cannot both be done"),
        (of_no_loop, "gw.pipeline is about loops that are running, and n counts none"),
        (with_break, "gw.pipeline is about loops that are running, and i counts none"),
        (in_an_expression, "pipeline is a statement of its own, in the loop that it is about"),
        (too_few, "gw.interleave needs count"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_directive_that_says_nothing_is_refused(function: Callable[..., None], what: str):
    with pytest.raises(gw.GatewrightError) as raised:
        gw.compile(function)
    assert raised.value.what.removeprefix("gatewright.") in (what, f"gw.{what}")
    assert raised.value.where is not None


def test_the_source_and_the_plan_must_not_contradict_each_other():
    with pytest.raises(gw.OptionError, match="in the source and"):
        gw.compile(rows_of_three, plan="interleave(i, 4)")
    assert gw.compile(rows_of_three, plan="interleave(i, 3)").plan == gw.compile(rows_of_three).plan


def test_directives_do_nothing_in_python():
    a, x = np.ones((12, 16), np.float32), np.ones(16, np.float32)
    one, other = np.zeros(12, np.float32), np.zeros(12, np.float32)
    rows(a, x, one)
    rows_of_three(a, x, other)
    np.testing.assert_array_equal(one, other)


def test_the_loops_level_says_what_is_asked_for_and_gives_the_same_design():
    design = gw.compile(rows_of_three)
    again = gw.compile(design.ir("loops"))
    assert decision(again, "interleave", "i").value == 3
    assert again.report["cycles"] == design.report["cycles"]
