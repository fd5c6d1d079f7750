"""Every level that a design prints is text that reads back as the same program, and runs as it."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from xdsl.parser import Parser

import gatewright as gw
from gatewright.ir.context import context
from gatewright.machine.check import check_schedule

LOOKUP = np.array([3, 1, 4, 1, 5, 9, 2, 6], np.int32)


@gw.kernel
def mixed(a: gw.i32[8], b: gw.i32[8], n: gw.u8) -> tuple[gw.i32, gw.bool_]:
    """A ROM, a division, a conditional, a loop of unknown length, an array that is written, and two results."""
    total = gw.i32(0)
    for i in range(8):
        if a[i] > 0:
            total += a[i] // LOOKUP[i]
        b[i] = total
    count = gw.u8(0)
    while count < n and total > 0:
        total = total >> 1
        count += gw.u8(1)
    return total, count == n


@pytest.fixture(scope="module")
def design() -> gw.Design:
    return gw.compile(mixed)


@pytest.mark.parametrize("level", ["loops", "schedule", "rtl"])
def test_a_level_reads_back_as_what_was_printed(design: gw.Design, level: str):
    text = design.ir(level)
    module = Parser(context(), text).parse_module()
    module.verify()
    check_schedule(module)
    assert str(module).strip() == text.strip()


@pytest.mark.parametrize("level", ["loops", "schedule"])
def test_a_level_that_was_read_back_is_the_same_program(design: gw.Design, level: str):
    again = gw.compile(design.ir(level))
    assert again.levels[0] == level
    a = np.array([5, -7, 90, 0, 12, 1000, -3, 8], np.int32)
    for n in (0, 3, 200):
        first, second = np.zeros(8, np.int32), np.zeros(8, np.int32)
        assert design.run(a, first, n) == again.run(a, second, n)
        np.testing.assert_array_equal(first, second)


def test_the_verilog_has_the_top_module_and_its_ports(design: gw.Design):
    assert re.search(r"^module mixed\(", design.verilog, re.MULTILINE)
    for port in design.report["ports"]:
        assert re.search(rf"\b{port['name']}\b", design.verilog)


@gw.kernel
def functions(x: gw.f32[4], y: gw.f32[4], n: gw.u32):
    """Operations of the `gw` dialect."""
    for i in range(4):
        y[i] = gw.sigmoid(x[i]) + gw.gelu(x[i]) + np.float32(math.isqrt(n))


@pytest.mark.parametrize("level", ["loops", "schedule"])
def test_operations_of_our_own_read_back(level: str):
    design = gw.compile(functions)
    again = gw.compile(design.ir(level))
    x, first, second = np.array([0.5, -1, 3, 0], np.float32), np.zeros(4, np.float32), np.zeros(4, np.float32)
    design.run(x, first, 50, level="loops")
    again.run(x, second, 50, level="schedule")
    np.testing.assert_array_equal(first, second)


def test_two_values_never_print_as_one():
    text = "func.func @f(%t: i32, %a: i32) {\n  %t_1 = arith.constant 1 : i32\n  func.return\n}"
    module = Parser(context(), text).parse_module()
    values = [value for op in module.walk() for value in op.results]
    function = next(iter(module.ops))
    function.regions[0].block.args[1].name_hint = "t"
    values[-1].name_hint = "t_1"
    Parser(context(), str(module)).parse_module().verify()
