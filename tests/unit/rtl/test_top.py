"""The top module has the program's interface."""

from __future__ import annotations

import re

import numpy as np

from gatewright.bridge.circt import split_verilog, verilog
from gatewright.transforms.rtl.header import header

PASS = """
func.func @pass(%x: i32, %y: i1) -> (i32, i1, i8) {
  %seven = arith.constant 7 : i8
  BODY
  return %x, %y, %seven : i32, i1, i8
}"""


def test_a_program_without_steps_takes_the_cycle_of_its_start(both):
    program = both(PASS.replace("BODY", ""))
    for x in (5, -6):
        assert program.agree(np.int32(x), np.array(x > 0), reset=False) == 1


def test_parameters_are_sampled_in_the_cycle_of_the_start(both):
    """The simulator shows other values at the scalar inputs in all other cycles."""
    program = both(PASS.replace("BODY", "loopschedule.step for 5 {\n    loopschedule.register\n  }"))
    for x in (5, -6):
        assert program.agree(np.int32(x), np.array(x > 0), reset=False) == 6


NAMED = """
func.func @module(%a: memref<2xi8> {gw.name = "start", gw.type = "i8"}, %b: i8 {gw.name = "end", gw.type = "u8"},
    %c: memref<2xi8> {gw.name = "result_0", gw.type = "i8", gw.result = 0 : i64})
    -> (i8 {gw.type = "u8", gw.result = 1 : i64}) {
  %zero = arith.constant 0 : index
  %x = loopschedule.step {
    %x = memref.load %a[%zero] : memref<2xi8>
    loopschedule.register %x : i8
  } : i8
  %y = loopschedule.step {
    memref.store %x, %c[%zero] : memref<2xi8>
    %y = arith.addi %x, %b : i8
    loopschedule.register %y : i8
  } : i8
  loopschedule.step {
    %one = arith.constant 1 : index
    memref.store %y, %c[%one] : memref<2xi8>
    loopschedule.register
  }
  return %y : i8
}"""


def test_names_that_are_taken_or_keywords_have_a_number(both):
    program = both(NAMED)
    assert program.agree(np.array([-3, 9], np.int8), np.uint8(200)) == 4
    assert [port.name for port in program.design.top.ports()][5:] == [
        *("end_1", "result_1", "start_1_read_address", "start_1_read_enable", "start_1_read_data"),
        *("result_0_write_address", "result_0_write_enable", "result_0_write_data"),
    ]
    assert program.design.top.name == "module_1"


def test_the_header_says_what_each_port_is_for(both):
    design = both(NAMED).design
    assert header(design.top) == (
        """\
module_1(start: i8[2], end: u8) -> (i8[2], u8)

A run begins in a cycle with start and ready high.
Arrays are outside, row-major. An element that is read is expected in the cycle after its address,
and until the next read; one that is written is stored at the end of the cycle.
Made by Gatewright.

  in  clk                      [1]  clock, rising edge
  in  rst                      [1]  synchronous reset, active high: ends a run and forgets it
  in  start                    [1]  begins a run in a cycle in which ready is high
  out ready                    [1]  a run may begin in this cycle
  out done                     [1]  high for one cycle, the one after the last cycle of a run; the results are there
  in  end_1                    [8]  end: u8, sampled in the cycle of the start
  out result_1                 [8]  u8, held from done to the next start
  out start_1_read_address     [1]  element of start: i8[2] to read
  out start_1_read_enable      [1]  high if an element is to be read
  in  start_1_read_data        [8]  the element read last, i8
  out result_0_write_address   [1]  element of result_0: i8[2] to write
  out result_0_write_enable    [1]  high if an element is to be written
  out result_0_write_data      [8]  the element to write, i8"""
    )
    assert verilog(str(design.module), design.header).startswith("// module_1(start: i8[2], end: u8) -> (i8[2], u8)\n")


def test_names_in_the_verilog_come_from_the_source(both):
    end_of_step = "loopschedule.register %y : i8\n  } : i8"
    design = both(NAMED.replace(end_of_step, f'{end_of_step} loc("p.py":6:1)')).design
    emitted = verilog(str(design.module))
    assert re.search(r"reg +\[7:0\] +y_held;", emitted)
    assert "line6_step2_active" in emitted


def test_a_design_is_the_same_every_time(both):
    from random_schedules.generator import generate

    texts = {str(both(generate(7, 0.5)).design.module) for _ in range(2)}
    assert len(texts) == 1


def test_circt_reads_the_text_and_names_the_images(both):
    from random_schedules.generator import generate

    design = both(generate(12, 0.0)).design
    files = split_verilog(str(design.module), design.images, design.header)
    assert set(design.images) <= set(files)
    assert "random.sv" in files
