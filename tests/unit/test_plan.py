"""Plans: what they say, how they print and read back, and what is refused."""

from __future__ import annotations

import json

import pytest

import gatewright as gw

TEXT = """\
fuse(i, i_2)
fuse(i, i_3, False)          # flow: store a[i] -> load a[1 + i]
order(i, k, j)               # asked for
distribute(c, x, after=1)
rotate(j, "skewed")
interleave(x, 8)             # 8 cycles instead of 56
flatten(i, False)
pipeline(k, interval=2)
"""


def test_a_plan_reads_what_it_prints():
    plan = gw.Plan.of(TEXT)
    assert gw.Plan.of(str(plan)) == plan
    assert [each.reason for each in gw.Plan.of(str(plan))] == [each.reason for each in plan]
    assert gw.Plan.of(json.loads(json.dumps(plan.to_json()))) == plan
    assert hash(plan) == hash(gw.Plan.of(TEXT))


def test_the_reason_of_a_decision_is_no_part_of_what_it_is():
    assert gw.Decision("interleave", ("i",), 8, "fast") == gw.Decision("interleave", ("i",), 8)


def test_what_is_left_out_is_that_it_is_done():
    assert gw.Plan.of("flatten(i)").find("flatten", "i") == gw.Decision("flatten", ("i",), True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("interleave(i", "a plan does not parse"),
        ("i = 8", "line 1 of a plan is no decision"),
        ("tile(i, 8)", "tile is no decision of a plan"),
        ("interleave(i)", "interleave needs count, a number"),
        ("interleave(i, 0)", "interleave needs count, from 1 to 65536"),
        ("pipeline(k, interval=9223372036854775808)", "pipeline needs interval, from 1 to 65536"),
        ("pipeline(k, interval=2, interval=3)", "line 1 of a plan: pipeline has one value"),
        ("interleave(i, {[]: 1})", "line 1 of a plan: interleave is about names of loops and a value"),
        ("-" * 3000 + "1", "a plan does not parse"),
        ("fuse(i, j)\nfuse(i, j, False)", "fuse(i, j, True) and fuse(i, j, False) cannot both be done"),
        ("interleave(i, True)", "interleave needs count, a number"),
        ("interleave(i, j, 8)", "interleave is about one loop"),
        ("interleave(i, 8, 9)", "line 1 of a plan: interleave has one value"),
        ("interleave(i, n=8)", "line 1 of a plan: interleave has no n"),
        ("interleave(i, 2 + k)", "line 1 of a plan: interleave is about names of loops and a value"),
        ("order(i, i)", "order names a loop twice"),
        ("order(i, 8)", "order has no value"),
        ("rotate(i, 'somehow')", "rotate needs through, one of memory, prologue, skewed"),
        ("interleave(i, 2)\ninterleave(i, 4)", "a plan decides interleave of i twice"),
    ],
)
def test_what_is_no_plan_is_an_error(text: str, message: str):
    with pytest.raises(gw.GatewrightError) as raised:
        gw.Plan.of(text)
    assert raised.value.what == message


@pytest.mark.parametrize("given", [7, [7], [{"kind": "flatten"}]])
def test_what_is_of_another_type_is_an_error(given: object):
    with pytest.raises(gw.GatewrightError, match="is no (plan|decision of a plan)"):
        gw.Plan.of(given)


@pytest.mark.parametrize("subject", [(1,), ("i j",), ("for",), ("größe",)])
def test_what_is_no_name_of_a_loop_is_an_error(subject: tuple[str, ...]):
    with pytest.raises(gw.OptionError, match="is about loops by their names"):
        gw.Decision("interleave", subject, 8)


@pytest.mark.parametrize("subject", ["i", ["i"], ("i",)])
def test_a_decision_prints_what_reads_back_however_it_is_made(subject: object):
    plan = gw.Plan((gw.Decision("interleave", subject, 8, "two\nlines"),))
    assert gw.Plan.of(str(plan)) == plan
    assert str(plan) == "interleave(i, 8)  # two lines\n"
