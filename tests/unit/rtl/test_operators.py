"""Operations share units in turn, each with its own operands and result."""

from __future__ import annotations

import numpy as np
import pytest

from gatewright.errors import IrError, UnsupportedError


def test_two_products_on_one_multiplier(both, bound):
    mul, latency = bound("muli", 32)
    program = both(
        f"""
func.func @products(%a: i32, %b: i32) -> (i32, i32) {{
  %p = loopschedule.step {{
    %p = arith.muli %a, %b {mul} : i32
    loopschedule.register %p : i32
  }} : i32
  %q = loopschedule.step {{
    %q = arith.muli %a, %a {mul} : i32
    loopschedule.register %q : i32
  }} : i32
  loopschedule.step for {latency} {{
    loopschedule.register
  }}
  %r:2 = loopschedule.step {{
    %r = arith.addi %p, %a : i32
    loopschedule.register %r, %q : i32, i32
  }} : i32, i32
  return %r#0, %r#1 : i32, i32
}}"""
    )
    for a, b in ((3, 4), (-70000, 70000), (2**31 - 1, -1)):
        program.agree(np.int32(a), np.int32(b), reset=False)
    (fact,) = program.design.operators
    assert (fact.kind, fact.width, fact.unit, fact.operations) == ("muli", 32, 0, 2)


@pytest.mark.parametrize("kind", ["divui", "remui", "divsi", "remsi", "floordivsi"])
def test_two_divisions_on_one_divider(both, bound, kind):
    div, latency = bound(kind, 8)
    program = both(
        f"""
func.func @quotients(%a: i8, %b: i8) -> (i8, i8) {{
  %p = loopschedule.step for {latency} {{
    %p = arith.{kind} %a, %b {div} : i8
    loopschedule.register %p : i8
  }} : i8
  %q = loopschedule.step for {latency + 1} {{
    %q = arith.{kind} %b, %p {div} : i8
    loopschedule.register %q : i8
  }} : i8
  %r = loopschedule.step {{
    %r = arith.addi %q, %p : i8
    loopschedule.register %r : i8
  }} : i8
  return %r, %p : i8, i8
}}"""
    )
    for a, b in ((100, 7), (-128, -1), (5, 0), (-7, 2), (0, -3), (127, -128)):
        program.agree(np.int8(a), np.int8(b), reset=False)


def test_the_square_root_of_a_run_is_not_that_of_the_run_before(both, bound):
    root, latency = bound("isqrt", 16)
    program = both(
        f"""
func.func @root(%a: i16) -> i16 {{
  %r = loopschedule.step for {latency + 1} {{
    %r = gw.isqrt %a {root} : i16
    loopschedule.register %r : i16
  }} : i16
  return %r : i16
}}"""
    )
    for a in (0, 1, 99, 100, 32767, 4):
        program.agree(np.int16(a), reset=False)


@pytest.mark.parametrize("swapped", [False, True])
def test_operands_take_the_ports_that_they_fit(both, bound, swapped):
    mul, latency = bound("muli", 32, (32, 16))
    program = both(
        f"""
func.func @uneven(%a: i32, %b: i16) -> i32 {{
  %p = loopschedule.step for {latency + 1} {{
    %wide = arith.extsi %b : i16 to i32
    %p = arith.muli {"%wide, %a" if swapped else "%a, %wide"} {mul} : i32
    loopschedule.register %p : i32
  }} : i32
  return %p : i32
}}"""
    )
    for a, b in ((3, 4), (-70000, 30000), (2**31 - 1, -32768)):
        program.agree(np.int32(a), np.int16(b), reset=False)


def test_logic_bound_to_one_unit_is_shared(both):
    """A multiplier without registers is bound as well where the clock is slow or a budget asks for it."""
    add = "{gw.operator = #gw.operator<addi(i16)>, gw.unit = 0 : i64}"
    program = both(
        f"""
func.func @sums(%a: i16, %b: i16) -> (i16, i16) {{
  %p = loopschedule.step {{
    %p = arith.addi %a, %b {add} : i16
    loopschedule.register %p : i16
  }} : i16
  %q = loopschedule.step {{
    %q = arith.addi %p, %b {add} : i16
    loopschedule.register %q : i16
  }} : i16
  return %p, %q : i16, i16
}}"""
    )
    program.agree(np.int16(100), np.int16(-30000))
    assert str(program.design.module).count("comb.add") == 1


def test_a_circle_of_shared_logic_is_cut(both):
    """Each sum may be what the other one adds to, in different cycles: shared logic would run in a circle."""
    add, other = (f"{{gw.operator = #gw.operator<{name}(i16)>, gw.unit = 0 : i64}}" for name in ("addi", "xori"))
    program = both(
        f"""
func.func @circle(%a: i16, %b: i16) -> (i16, i16) {{
  %p = loopschedule.step {{
    %x = arith.addi %a, %b {add} : i16
    %p = arith.xori %x, %b {other} : i16
    loopschedule.register %p : i16
  }} : i16
  %q = loopschedule.step {{
    %y = arith.xori %p, %a {other} : i16
    %q = arith.addi %y, %b {add} : i16
    loopschedule.register %q : i16
  }} : i16
  return %p, %q : i16, i16
}}"""
    )
    program.agree(np.int16(100), np.int16(-30000))


ONE = """
func.func @one(%a: i32, %b: i32) -> i32 {{
  %p = loopschedule.step for 4 {{
    %p = arith.muli %a, %b {{{attributes}}} : i32 loc("program.py":3:4)
    loopschedule.register %p : i32
  }} : i32
  return %p : i32
}}"""


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            "gw.latency = 3 : i64",
            "program.py:3: arith.muli is scheduled to take 3 cycles, its operator mul_32x32_32_l2 takes 2\n"
            "  help: gw.latency = 2",
        ),
        (
            "gw.operator = #gw.operator<muli(i9), latency = 2>, gw.unit = 0 : i64",
            "program.py:3: no operator executes arith.muli in 2 cycles as muli(i9)",
        ),
        (
            "gw.operator = #gw.operator<muli(i16, i16, i32), latency = 1>, gw.unit = 0 : i64",
            "program.py:3: the operands of arith.muli do not fit its operator mul_16x16_32_l1\n"
            "  they are signed numbers of 32 and 32 bits, its ports have 16 and 16",
        ),
    ],
)
def test_an_operator_that_does_not_fit_is_an_error(lower, attributes, message):
    with pytest.raises(IrError) as raised:
        lower(ONE.format(attributes=attributes))
    assert str(raised.value) == message


def test_an_operation_without_hardware_is_an_error(lower):
    with pytest.raises(UnsupportedError, match=r"program.py:4: arith.ceildivsi has no hardware"):
        lower(
            """
func.func @none(%a: i32) -> i32 {
  %p = loopschedule.step {
    %p = arith.ceildivsi %a, %a : i32 loc("program.py":4:4)
    loopschedule.register %p : i32
  } : i32
  return %p : i32
}"""
        )
