"""CIRCT parses and verifies what we print of its part of `loopschedule`, and we read what CIRCT's own tests hold."""

from __future__ import annotations

import pytest
from xdsl.parser import Parser

from gatewright.bridge.circt import CirctError, parse_and_verify
from gatewright.ir.context import context
from gatewright.machine.check import check_schedule

SHARED = {
    "a sum": """
        func.func @f(%a: memref<10xi32>) -> i32 {
          %c0 = arith.constant 0 : index
          %c1 = arith.constant 1 : index
          %c10 = arith.constant 10 : index
          %zero = arith.constant 0 : i32
          %sum = loopschedule.pipeline II = 1 trip_count = 10 iter_args(%i = %c0, %acc = %zero) : (index, i32) -> i32 {
            %going = arith.cmpi ult, %i, %c10 : index
            loopschedule.register %going : i1
          } do {
            %0:2 = loopschedule.pipeline.stage start = 0 {
              %next = arith.addi %i, %c1 : index
              %x = memref.load %a[%i] : memref<10xi32>
              loopschedule.register %next, %x : index, i32
            } : index, i32
            %1 = loopschedule.pipeline.stage start = 1 {
              %more = arith.addi %0#1, %acc : i32
              loopschedule.register %more : i32
            } : i32
            loopschedule.terminator iter_args(%0#0, %1), results(%1) : (index, i32) -> i32
          }
          return %sum : i32
        }""",
    "stages with a condition": """
        func.func @f(%a: memref<?xi32>, %b: memref<?xi32>) {
          %c0 = arith.constant 0 : index
          %c1 = arith.constant 1 : index
          %c3 = arith.constant 3 : index
          %c10 = arith.constant 10 : index
          loopschedule.pipeline II = 2 iter_args(%i = %c0) : (index) -> () {
            %going = arith.cmpi ult, %i, %c10 : index
            loopschedule.register %going : i1
          } do {
            %0:3 = loopschedule.pipeline.stage start = 0 {
              %next = arith.addi %i, %c1 : index
              %x = memref.load %a[%i] : memref<?xi32>
              %late = arith.cmpi uge, %i, %c3 : index
              loopschedule.register %next, %x, %late : index, i32, i1
            } : index, i32, i1
            %1:2 = loopschedule.pipeline.stage start = 1 when %0#2 {
              %back = arith.subi %0#0, %c3 : index
              loopschedule.register %back, %0#1 : index, i32
            } : index, i32
            loopschedule.pipeline.stage start = 4 when %0#2 {
              memref.store %1#1, %b[%1#0] : memref<?xi32>
              loopschedule.register
            }
            loopschedule.terminator iter_args(%0#0), results() : (index) -> ()
          }
          return
        }""",
    "no iteration arguments": """
        func.func @f(%p: i1) {
          loopschedule.pipeline II = 1 iter_args() : () -> () {
            loopschedule.register %p : i1
          } do {
            loopschedule.pipeline.stage start = 0 {
              loopschedule.register
            }
            loopschedule.terminator iter_args(), results() : () -> ()
          }
          return
        }""",
}
"""Programs of operations that CIRCT has too, in its syntax."""


@pytest.mark.parametrize("program", SHARED)
def test_circt_accepts_what_we_print(program: str):
    module = Parser(context(), SHARED[program]).parse_module()
    module.verify()
    check_schedule(module)
    parse_and_verify(str(module))


@pytest.mark.parametrize("program", SHARED)
def test_we_accept_what_circt_accepts(program: str):
    parse_and_verify(SHARED[program])
    Parser(context(), SHARED[program]).parse_module().verify()


def test_circt_does_look_at_the_text():
    with pytest.raises(CirctError, match="'start' must be non-negative"):
        parse_and_verify(SHARED["a sum"].replace("start = 0", "start = -1"))
