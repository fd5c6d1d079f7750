"""Each numbered invariant of `loopschedule` refuses a program that breaks it, with the operation and the cycle."""

from __future__ import annotations

import pytest
from xdsl.parser import Parser
from xdsl.utils.exceptions import VerifyException

from gatewright.ir.context import context
from gatewright.machine.check import check_schedule

ARGUMENTS = "%a: memref<8xi32>, %b: memref<8xi32>, %i: index, %n: index, %x: i32, %p: i1, %q: i1"


def function(body: str, result: str = "") -> str:
    """A function of some arrays and numbers around `body`, which ends in `return` unless it has a result."""
    returned = f"return {result} : i32" if result else "return"
    types = " -> i32" if result else ""
    return f"func.func @f({ARGUMENTS}){types} {{\n{body}\n{returned}\n}}"


def loop(body: str, terminator: str = "loopschedule.terminator iter_args(%i0), results() : (index) -> ()") -> str:
    """A loop around `body`, with the iteration argument `%i0`."""
    return f"""
    loopschedule.seq_while iter_args(%i0 = %i) : (index) -> () {{
      %going = arith.cmpi slt, %i0, %n : index
      loopschedule.register %going : i1
    }} do {{
      {body}
      {terminator}
    }}"""


def pipeline(stages: str, interval: int = 1) -> str:
    """A pipeline around `stages`, of which `%s` is the next value of the iteration argument `%i0`."""
    return f"""
    loopschedule.pipeline II = {interval} iter_args(%i0 = %i) : (index) -> () {{
      %going = arith.cmpi slt, %i0, %n : index
      loopschedule.register %going : i1
    }} do {{
      {stages}
      loopschedule.terminator iter_args(%s), results() : (index) -> ()
    }}"""


NEXT = """%s = loopschedule.pipeline.stage start = 0 {
  %next = arith.addi %i0, %i0 : index
  loopschedule.register %next : index
} : index
"""
LOAD_A = "memref.load %a[%i] : memref<8xi32>"
STORE_A = "memref.store %x, %a[%i] : memref<8xi32>"
UNIT = "gw.operator = #gw.operator<divui(i32), latency = 5, interval = 5>, gw.unit = 1 : i64"


def step(body: str, header: str = "") -> str:
    """A step without results."""
    return f"loopschedule.step {header} {{\n{body}\nloopschedule.register\n}}\n"


def loading_loop(array: str = "%a") -> str:
    """A loop that loads from an array."""
    return loop(step(f"%l = memref.load {array}[%i0] : memref<8xi32>"))


BROKEN = {
    "1 step": (
        function(step("", "for 0")),
        "loopschedule.step lasts 0 cycles, a step takes at least 1",
    ),
    "1 interval": (
        function(pipeline(NEXT, interval=0)),
        "loopschedule.pipeline has II = 0, an interval is at least 1 cycle",
    ),
    "1 start": (
        function(pipeline(NEXT.replace("start = 0", "start = -1"))),
        "loopschedule.pipeline.stage starts in cycle -1, a start is not negative",
    ),
    "1 trip count": (
        function(loop(step("")).replace("seq_while iter", "seq_while trip_count = -3 iter")),
        "loopschedule.seq_while has trip_count = -3, a count is not negative",
    ),
    "2 types": (
        function("%r = loopschedule.step {\nloopschedule.register %x : i32\n} : index"),
        "loopschedule.register holds (i32), the results of its loopschedule.step are (index)",
    ),
    "2 stage": (
        function(pipeline(NEXT.replace("register %next : index", "register"))),
        "loopschedule.register holds (), the results of its loopschedule.pipeline.stage are (index)",
    ),
    "3 step": (
        function(step("%m = memref.alloc() : memref<4xi8>")),
        "memref.alloc cannot start in a cycle: "
        "a loopschedule.step holds arithmetic, loads, stores, steps and loops, or a call",
    ),
    "3 stage": (
        function(pipeline(NEXT.replace("%next =", step("") + "%next ="))),
        "loopschedule.step cannot start in cycle 0: "
        "in a loopschedule.pipeline.stage it has a condition and holds nothing but stores",
    ),
    "3 stage holds no allocation": (
        function(pipeline(NEXT.replace("%next =", "%m = memref.alloc() : memref<8xi32>\n%next ="))),
        "memref.alloc cannot start in cycle 0: a loopschedule.pipeline.stage holds arithmetic, loads and stores",
    ),
    "4 load": (
        function(loop(step("")).replace("%going =", f"%l = {LOAD_A}\n%going =")),
        "memref.load is in the condition of loopschedule.seq_while, "
        "which is evaluated combinationally in the first cycle of an iteration",
    ),
    "4 latency": (
        function(loop(step("")).replace("%going =", "%m = arith.muli %x, %x {gw.latency = 2 : i64} : i32\n%going =")),
        "arith.muli has its result in cycle 2, but is in the condition of loopschedule.seq_while, "
        "which is evaluated combinationally in cycle 0 of an iteration",
    ),
    "4 register": (
        function(loop(step("")).replace("loopschedule.register %going : i1", "loopschedule.register %x : i32")),
        "the condition of loopschedule.seq_while registers (i32), not one i1",
    ),
    "5 arguments": (
        """func.func @f(%i: index, %p: i1) {
          "loopschedule.seq_while"(%i) ({
          ^bb0(%i0: index):
            "loopschedule.register"(%p) : (i1) -> ()
          }, {
          ^bb0(%i0: i8):
            "loopschedule.terminator"(%i) <{operandSegmentSizes = array<i32: 1, 0>}> : (index) -> ()
          }) : (index) -> ()
          return
        }""",
        "the body of loopschedule.seq_while takes (i8), its iteration arguments are (index)",
    ),
    "6 iteration arguments": (
        function(loop(step(""), "loopschedule.terminator iter_args(%x), results() : (i32) -> ()")),
        "loopschedule.terminator passes iteration arguments (i32), those of its loopschedule.seq_while are (index)",
    ),
    "6 results": (
        function(loop(step(""), "loopschedule.terminator iter_args(%i0), results(%x) : (index) -> (i32)")),
        "loopschedule.terminator passes results (i32), those of its loopschedule.seq_while are ()",
    ),
    "7 type": (
        function(
            loop(step(""), "loopschedule.terminator iter_args(%i0), results(%x) : (index) -> (i32)").replace(
                "(index) -> () {", "(index) -> i32 {"
            )
        ),
        "result 0 of loopschedule.seq_while is i32, its iteration argument 0 is index: "
        "after no iteration the one is the initial value of the other",
    ),
    "7 number": (
        function(
            loop(step(""), "loopschedule.terminator iter_args(%i0), results(%i, %x) : (index) -> (index, i32)").replace(
                "(index) -> () {", "(index) -> (index, i32) {"
            )
        ),
        "result 1 of loopschedule.seq_while has no iteration argument of its number, "
        "whose initial value it would be after no iteration",
    ),
    "8 no step": (
        function(loop("")),
        "the body of loopschedule.seq_while has no step: an iteration takes at least 1 cycle, this one takes 0",
    ),
    "8 outside a step": (
        function(loop(step("") + "%y = arith.addi %x, %x : i32")),
        "arith.addi is in no step: the body of loopschedule.seq_while holds steps, loops and constants",
    ),
    "8 order": (
        function(pipeline(NEXT + "loopschedule.pipeline.stage start = 0 {\nloopschedule.register\n}")),
        "loopschedule.pipeline.stage starts in cycle 0, which is not after cycle 0 of the stage before it",
    ),
    "8 no stage": (
        function(pipeline("").replace("%s", "%i0")),
        "the body of loopschedule.pipeline has no stage: an iteration takes at least 1 cycle, this one takes 0",
    ),
    "8 outside a stage": (
        function(pipeline(NEXT + step(""))),
        "loopschedule.step is in no stage: the body of loopschedule.pipeline holds stages only",
    ),
    "8 terminator": (
        function(pipeline(NEXT).replace("iter_args(%s)", "iter_args(%i)")),
        "loopschedule.terminator of a pipeline takes a value that no stage registers",
    ),
    "8 argument": (
        function(pipeline(NEXT).replace("iter_args(%s)", "iter_args(%i0)")),
        "iteration argument 0 of loopschedule.pipeline is what iterations before it were given, "
        "and no stage registers it",
    ),
    "9": (
        function("%y = arith.addi %x, %x : i32\n" + step("")),
        "arith.addi is in no step and so starts in no cycle: "
        "a scheduled function holds steps, loops, constants and allocations",
    ),
    "10 order": (
        function(
            step("%y = arith.addi %z, %z : i32") + "%z = loopschedule.step {\nloopschedule.register %x : i32\n} : i32\n"
        ),
        "arith.addi uses the result of loopschedule.step, which starts only after it",
    ),
    "11 step": (
        function(
            step(
                "%z = loopschedule.step when %p {\nloopschedule.register %x : i32\n} : i32\n"
                "%y = arith.addi %z, %z : i32"
            )
        ),
        "arith.addi in cycle 0 of its step uses a result of loopschedule.step of the same step, "
        "which is there only when the step has ended",
    ),
    "12 same step": (
        function(step(f"%l = {LOAD_A}\n%y = arith.addi %l, %x : i32")),
        "arith.addi in cycle 0 of its step uses the result of memref.load, which is there from cycle 1 on",
    ),
    "12 next step": (
        function(
            """%y = loopschedule.step {
              %m = arith.muli %x, %x {gw.latency = 3 : i64} : i32
              loopschedule.register %m : i32
            } : i32
            """
            + step("", "for 1")
            + step("memref.store %y, %a[%i] : memref<8xi32>")
        ),
        "memref.store starts 2 cycles after the arith.muli whose result it uses, which takes 3 cycles",
    ),
    "12 skipped step": (
        function(
            """%y = loopschedule.step {
              %m = arith.muli %x, %x {gw.latency = 3 : i64} : i32
              loopschedule.register %m : i32
            } : i32
            """
            + step("", "when %p for 9")
            + step("memref.store %y, %a[%i] : memref<8xi32>")
        ),
        "memref.store starts 2 cycles after the arith.muli whose result it uses, which takes 3 cycles",
    ),
    "12 nested loop": (
        function(
            """%y = loopschedule.step {
              %m = arith.muli %x, %x {gw.latency = 2 : i64} : i32
              loopschedule.register %m : i32
            } : i32
            """
            + step(loop(step("") + step("") + step("memref.store %y, %a[%i0] : memref<8xi32>")))
        ),
        "memref.store starts 1 cycle after the arith.muli whose result it uses, which takes 2 cycles",
    ),
    "12 through a nested step": (
        function(
            f"""%y = loopschedule.step {{
              %z = loopschedule.step when %p {{
                %m = arith.divui %x, %x {{{UNIT}}} : i32
                loopschedule.register %m : i32
              }} : i32
              loopschedule.register %z : i32
            }} : i32
            """
            + step("memref.store %y, %a[%i] : memref<8xi32>")
        ),
        "memref.store starts 1 cycle after the arith.divui whose result it uses, which takes 5 cycles",
    ),
    "12 terminator": (
        function(
            loop(
                """%l = loopschedule.step {
                  %v = memref.load %a[%i0] : memref<8xi32>
                  loopschedule.register %v : i32
                } : i32""",
                "loopschedule.terminator iter_args(%i0, %l), results() : (index, i32) -> ()",
            ).replace("iter_args(%i0 = %i) : (index)", "iter_args(%i0 = %i, %v0 = %x) : (index, i32)")
        ),
        "loopschedule.terminator takes the result of memref.load in the last cycle of its sequence, "
        "0 cycles after its start, but it takes 1 cycle",
    ),
    "12 return": (
        function("%l = loopschedule.step {\n%v = " + LOAD_A + "\nloopschedule.register %v : i32\n} : i32", result="%l"),
        "func.return takes the result of memref.load in the last cycle of its sequence, "
        "0 cycles after its start, but it takes 1 cycle",
    ),
    "13 loads": (
        function(step(f"%l = {LOAD_A}\n%m = {LOAD_A}")),
        "two memref.load of %a start in cycle 0 of their step, which has one read port",
    ),
    "13 stores": (
        function(step(step(STORE_A, "when %p") + step(STORE_A, "when %q"))),
        "two memref.store of %a start in cycle 0 of their step, which has one write port",
    ),
    "14 loop and store": (
        function(step(STORE_A + loading_loop())),
        "memref.store and memref.load access %a while a loop runs that starts in cycle 0 of their step",
    ),
    "14 two loops": (
        function(step(loading_loop() + loading_loop())),
        "memref.load and memref.load access %a while a loop runs that starts in cycle 0 of their step",
    ),
    "15 same step": (
        function(step(f"%d = arith.divui %x, %x {{{UNIT}}} : i32\n%e = arith.divui %x, %x {{{UNIT}}} : i32")),
        "arith.divui and arith.divui both start unit 1 of divui(i32) in cycle 0 of their step",
    ),
    "15 two loops": (
        function(step(2 * loop(step(f"%d = arith.divui %x, %x {{{UNIT}}} : i32", "for 5")))),
        "arith.divui and arith.divui of two loops that start in cycle 0 of their step share unit 1 of divui(i32)",
    ),
    "15 later step": (
        function(2 * step(f"%d = arith.divui %x, %x {{{UNIT}}} : i32", "for 4")),
        "arith.divui may start unit 1 of divui(i32) 4 cycles after arith.divui, which occupies it for 5",
    ),
    "15 next iteration": (
        function(loop(step("", "for 2") + step(f"%d = arith.divui %x, %x {{{UNIT}}} : i32"))),
        "arith.divui may start unit 1 of divui(i32) 3 cycles after arith.divui, which occupies it for 5",
    ),
    "15 after a loop": (
        function(
            step(loop(step("", "for 5") + step(f"%d = arith.divui %x, %x {{{UNIT}}} : i32")))
            + step(f"%d = arith.divui %x, %x {{{UNIT}}} : i32")
        ),
        "arith.divui may start unit 1 of divui(i32) 2 cycles after arith.divui, which occupies it for 5",
    ),
    "15 beside a loop": (
        function(
            step(
                f"%e = arith.divui %x, %x {{{UNIT}}} : i32"
                + loop(step("", "for 3") + step(f"%d = arith.divui %x, %x {{{UNIT}}} : i32", "for 5"))
            )
        ),
        "arith.divui may start unit 1 of divui(i32) 3 cycles after arith.divui, which occupies it for 5",
    ),
    "16 same stage": (
        function(pipeline(NEXT.replace("%next =", f"%l = {LOAD_A}\n%m = arith.addi %l, %l : i32\n%next ="))),
        "arith.addi in cycle 0 uses the result of memref.load, which is there from cycle 1 on",
    ),
    "16 later stage": (
        function(
            pipeline(
                """%s = loopschedule.pipeline.stage start = 0 {
                  %m = arith.muli %i0, %i0 {gw.latency = 3 : i64} : index
                  loopschedule.register %m : index
                } : index
                loopschedule.pipeline.stage start = 2 {
                  %t = arith.addi %s, %s : index
                  loopschedule.register
                }""",
                interval=9,
            )
        ),
        "arith.addi in cycle 2 uses result 0 of the stage that starts in cycle 0, which is there from cycle 3 on",
    ),
    "16 iteration argument": (
        function(
            pipeline(
                """loopschedule.pipeline.stage start = 0 {
                  %t = arith.addi %i0, %i0 : index
                  loopschedule.register
                }
                %s = loopschedule.pipeline.stage start = 3 {
                  loopschedule.register %i : index
                } : index""",
                interval=2,
            )
        ),
        "arith.addi in cycle 0 uses iteration argument 0, which the iteration before, 2 cycles earlier, "
        "has from cycle 2 of this one on",
    ),
    "16 result": (
        function(
            pipeline(NEXT.replace("%i0, %i0 :", "%i0, %i0 {gw.latency = 2 : i64} :"), interval=2)
            .replace("(index) -> () {", "(index) -> index {")
            .replace("results() : (index) -> ()", "results(%s) : (index) -> index")
        ),
        "result 0 of loopschedule.pipeline is there from cycle 2 on, the pipeline ends in cycle 0",
    ),
    "17": (
        function(
            pipeline(
                f"""loopschedule.pipeline.stage start = 1 {{
                  {STORE_A}
                  loopschedule.register
                }}
                %s = loopschedule.pipeline.stage start = 3 {{
                  loopschedule.register %i : index
                }} : index""",
                interval=2,
            )
        ),
        "memref.store to %a starts in cycle 1, but only in cycle 2 it is known whether the iteration takes place",
    ),
    "18 port": (
        function(
            pipeline(
                NEXT.replace("%next =", f"%l = {LOAD_A}\n%next =")
                + f"loopschedule.pipeline.stage start = 2 {{\n%m = {LOAD_A}\nloopschedule.register\n}}",
                interval=2,
            )
        ),
        "memref.load in cycle 2 and memref.load in cycle 0 need the port of %a at once: "
        "an iteration starts every 2 cycles",
    ),
    "18 unit": (
        function(
            pipeline(
                NEXT.replace("%next =", f"%d = arith.divui %x, %x {{{UNIT}}} : i32\n%next =")
                + f"loopschedule.pipeline.stage start = 4 {{\n%e = arith.divui %x, %x {{{UNIT}}} : i32\n"
                "loopschedule.register\n}",
                interval=12,
            )
        ),
        "arith.divui in cycle 4 and arith.divui in cycle 0 need unit 1 of divui(i32) at once: "
        "an iteration starts every 12 cycles",
    ),
    "18 unit of the next iteration": (
        function(pipeline(NEXT.replace("%next =", f"%d = arith.divui %x, %x {{{UNIT}}} : i32\n%next ="), interval=4)),
        "arith.divui in cycle 0 and arith.divui in cycle 0 need unit 1 of divui(i32) at once: "
        "an iteration starts every 4 cycles",
    ),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_invariant_is_named(broken: str):
    text, message = BROKEN[broken]
    module = Parser(context(), text).parse_module()
    with pytest.raises(VerifyException) as error:
        module.verify()
        check_schedule(module)
    assert str(error.value) == message


def test_a_value_leaves_its_step_only_through_the_register():
    text = function(step("%y = arith.addi %x, %x : i32") + step("%z = arith.addi %x, %x : i32"))
    module = Parser(context(), text).parse_module()
    first, second = (op for op in module.walk() if op.name == "arith.addi")
    second.operands[0] = first.results[0]
    with pytest.raises(VerifyException) as error:
        module.verify()
        check_schedule(module)
    assert str(error.value) == (
        "arith.addi uses the result of arith.addi in another step, "
        "which a value leaves only through loopschedule.register"
    )


MULTIPLY = """%y = loopschedule.step {
  %m = arith.muli %x, %x {gw.latency = 3 : i64} : i32
  loopschedule.register %m : i32
} : i32
"""
STORE_Y = "memref.store %y, %a[%i] : memref<8xi32>"

FINE = {
    "a result is used when it is there": function(MULTIPLY + step("", "for 2") + step(STORE_Y)),
    "a step that lasts lets a result arrive": function(
        MULTIPLY.replace("step {", "step for 3 {") + step(STORE_Y),
    ),
    "an active step lasts what it says": function(
        MULTIPLY.replace("step {", "step when %p for 3 {") + step(STORE_Y, "when %p"),
    ),
    "a nested step makes its step last": function(MULTIPLY + step(step("", "for 2")) + step(STORE_Y)),
    "a returned value is there in the last cycle": function(MULTIPLY + step("", "for 3"), "%y"),
    "the results of a loop are there when it ends": function(
        """%y = loopschedule.step {
          %r = loopschedule.seq_while iter_args(%x0 = %x) : (i32) -> i32 {
            loopschedule.register %p : i1
          } do {
            %x1 = loopschedule.step {
              %x2 = arith.addi %x0, %x0 : i32
              loopschedule.register %x2 : i32
            } : i32
            loopschedule.terminator iter_args(%x1), results(%x1) : (i32) -> i32
          }
          loopschedule.register %r : i32
        } : i32
        """,
        "%y",
    ),
    "a load and a store start together": function(step(f"%l = {LOAD_A}\n{STORE_A}")),
    "two arrays have two ports": function(step(f"%l = {LOAD_A}\n%m = {LOAD_A.replace('%a', '%b')}")),
    "a condition excludes its negation": function(
        step(
            "%true = arith.constant true\n%np = arith.xori %p, %true : i1\n"
            + step(STORE_A, "when %p")
            + step(STORE_A, "when %np")
        )
    ),
    "a condition of an earlier step excludes its negation": function(
        """%np = loopschedule.step {
          %true = arith.constant true
          %np0 = arith.xori %p, %true : i1
          loopschedule.register %np0 : i1
        } : i1
        """
        + step(step(STORE_A, "when %p") + step(STORE_A, "when %np"))
    ),
    "a comparison excludes the opposite one": function(
        step(
            "%lt = arith.cmpi slt, %i, %n : index\n%ge = arith.cmpi sge, %i, %n : index\n"
            + step(STORE_A, "when %lt")
            + step(STORE_A, "when %ge")
        )
    ),
    "nested conditions exclude what an outer one excludes": function(
        step(
            "%true = arith.constant true\n%np = arith.xori %p, %true : i1\n%both = arith.andi %q, %np : i1\n"
            + step(step(STORE_A, "when %q"), "when %p")
            + step(STORE_A, "when %both")
        )
    ),
    "loops that exclude each other share an array": function(
        step(
            "%true = arith.constant true\n%np = arith.xori %p, %true : i1\n"
            + step(loading_loop(), "when %p")
            + step(loading_loop(), "when %np")
        )
    ),
    "two loops use two arrays": function(step(loading_loop("%a") + loading_loop("%b"))),
    "a unit is started again after its interval": function(
        2 * step(f"%d = arith.divui %x, %x {{{UNIT}}} : i32", "for 5")
    ),
    "a unit is started in every fifth cycle of a loop": function(
        loop(step(f"%d = arith.divui %x, %x {{{UNIT}}} : i32", "for 5"))
    ),
    "a loop that comes later in its step may share a unit": function(
        step(
            f"%e = arith.divui %x, %x {{{UNIT}}} : i32"
            + loop(step("", "for 5") + step(f"%d = arith.divui %x, %x {{{UNIT}}} : i32", "for 5"))
        )
    ),
    "a pipeline loads once an iteration": function(
        pipeline(
            NEXT.replace("%next =", f"%l = {LOAD_A}\n%next =")
            + f"loopschedule.pipeline.stage start = 1 {{\n%m = {LOAD_A}\nloopschedule.register\n}}",
            interval=2,
        )
    ),
    "a loop may stand in no step": function(loop(loop(step("")).replace("%i0", "%i1").replace("%going", "%inner"))),
}


@pytest.mark.parametrize("fine", FINE)
def test_what_keeps_the_invariants_is_accepted(fine: str):
    module = Parser(context(), FINE[fine]).parse_module()
    module.verify()
    check_schedule(module)
