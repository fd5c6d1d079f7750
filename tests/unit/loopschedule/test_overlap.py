"""Invariant 19: by how many cycles the step behind a pipeline may start before it has drained, and why not by more."""

from __future__ import annotations

import numpy as np
import pytest
from xdsl.parser import Parser
from xdsl.utils.exceptions import VerifyException

import gatewright as gw
from gatewright.dialects.loopschedule.ops import StepOp
from gatewright.interpreters import loopschedule
from gatewright.ir.context import context
from gatewright.ir.program import Program
from gatewright.machine.check import check_schedule
from gatewright.machine.overlap import most_overlap

UNIT = "gw.operator = #gw.operator<muli(i32, i32, i32), latency = 2, interval = 3>, gw.unit = 0 : i64"
LOAD = "%{name} = memref.load %{array}[%i] : memref<8xi32>"
STORE = "memref.store %x, %{array}[%i] : memref<8xi32>"


def pipeline(name: str, work: dict[int, str], depth: int, interval: int = 1, trips: int | None = 8) -> str:
    """A pipeline that does some work in some cycles of its iterations."""
    stages = "\n".join(
        f"loopschedule.pipeline.stage start = {start} {{\n{work.get(start, '')}\nloopschedule.register\n}}"
        for start in range(1, depth)
    )
    count = "" if trips is None else f"trip_count = {trips} "
    return f"""
    %r{name} = loopschedule.pipeline II = {interval} {count}iter_args(%{name} = %i) : (index) -> index {{
      %{name}m = arith.cmpi slt, %{name}, %n : index
      loopschedule.register %{name}m : i1
    }} do {{
      %{name}s = loopschedule.pipeline.stage start = 0 {{
        %{name}n = arith.addi %{name}, %n : index
        {work.get(0, "")}
        loopschedule.register %{name}n : index
      }} : index
      {stages}
      loopschedule.terminator iter_args(%{name}s), results(%{name}s) : (index) -> index
    }}"""


def step(body: str, header: str = "", result: str = "") -> str:
    """A step, with a result of type index if one is named."""
    if not result:
        return f"loopschedule.step {header} {{\n{body}\nloopschedule.register\n}}\n"
    return f"%out = loopschedule.step {header} {{\n{body}\nloopschedule.register {result} : index\n}} : index\n"


def function(body: str) -> str:
    """A function of arrays and numbers."""
    arguments = "%a: memref<8xi32>, %b: memref<8xi32>, %i: index, %n: index, %x: i32, %go: i1"
    called = f"func.func private @g() {{\n{9 * step('')}return\n}}"
    return f"func.func @f({arguments}) {{\n{body}\nreturn\n}}\n{called}"


def load(array: str, name: str = "l") -> str:
    return LOAD.format(array=array, name=name)


def store(array: str) -> str:
    return STORE.format(array=array)


def multiply(name: str) -> str:
    return f"%{name} = arith.muli %x, %x {{{UNIT}}} : i32"


LONG = step(pipeline("q", {}, 2, trips=40))
BOUNDS = {
    "all of the draining": (step(pipeline("p", {}, 6)) + LONG, 4, "no other iteration takes place"),
    "until the end is known": (step(pipeline("p", {}, 9, 3)) + LONG, 5, "no other iteration takes place"),
    "not an early end": (step(pipeline("p", {}, 2, 3)) + LONG, 0, "no other iteration takes place"),
    "the last step": (step(pipeline("p", {}, 6)), 0, "the last of its sequence"),
    "a short step": (step(pipeline("p", {}, 6)) + step("", "for 2"), 2, "may last no longer"),
    "a conditional step": (step(pipeline("p", {}, 6)) + step("", "when %go for 2"), 1, "may last no longer"),
    "an unknown trip count": (step(pipeline("p", {}, 6)) + step(pipeline("q", {}, 2, trips=None)), 1, "no longer"),
    "a loop without iterations": (step(pipeline("p", {}, 6)) + step(pipeline("q", {}, 9, trips=0)), 1, "no longer"),
    "a step that ends early itself": (
        step(pipeline("p", {}, 9)) + step(pipeline("q", {}, 6, trips=1), "overlap 4") + LONG.replace("q", "r"),
        2,
        "may last no longer",
    ),
    "a condition": (step(pipeline("p", {}, 6), "when %go") + LONG, 0, "no condition"),
    "a least duration": (step(pipeline("p", {}, 6), "for 2") + LONG, 0, "only a step of a sequence"),
    "two loops": (step(pipeline("p", {}, 6) + pipeline("r", {}, 2)) + LONG, 0, "one loop, a pipeline"),
    "a step in a step": (step(step(pipeline("p", {}, 6))), 0, "a step of a sequence"),
    "loads through one port": (step(pipeline("p", {3: load("a")}, 6)) + step(load("a"), "for 9"), 2, "need %a"),
    "a word at a port": (
        step(pipeline("p", {3: load("a")}, 9, 3)) + step(pipeline("q", {0: load("a", "m")}, 2, trips=40)),
        3,
        "memref.load and memref.load need %a",
    ),
    "stores through one port": (step(pipeline("p", {4: store("a")}, 6)) + step(store("a"), "for 9"), 1, "need %a"),
    "a store over what is loaded": (step(pipeline("p", {3: load("a")}, 6)) + step(store("a"), "for 9"), 3, "need %a"),
    "a load of what is stored": (step(pipeline("p", {4: store("a")}, 6)) + step(load("a"), "for 9"), 1, "need %a"),
    "not a load in a pipeline": (
        step(pipeline("p", {4: store("a")}, 6)) + step(pipeline("q", {0: load("a")}, 2, trips=40)),
        4,
        "no other iteration takes place",
    ),
    "a load in a loop": (
        step(pipeline("p", {4: store("a")}, 6))
        + step(
            "loopschedule.seq_while iter_args(%w = %i) : (index) -> () {\n%wm = arith.cmpi slt, %w, %n : index\n"
            "loopschedule.register %wm : i1\n} do {\n"
            + step(pipeline("q", {0: load("a")}, 2, trips=40))
            + "%wn = loopschedule.step {\nloopschedule.register %n : index\n} : index\n"
            "loopschedule.terminator iter_args(%wn), results() : (index) -> ()\n}",
            "for 9",
        ),
        1,
        "memref.store and memref.load need %a",
    ),
    "another array": (step(pipeline("p", {4: store("a")}, 6)) + step(load("b"), "for 9"), 4, "no other iteration"),
    "a later stage": (
        step(pipeline("p", {4: store("a")}, 6)) + step(pipeline("q", {1: store("a")}, 2, trips=40)),
        2,
        "memref.store and memref.store need %a",
    ),
    "a unit": (
        step(pipeline("p", {2: multiply("u")}, 9, 3)) + step(multiply("v"), "for 9"),
        4,
        "unit 0 of muli",
    ),
    "a result": (
        step(pipeline("p", {}, 6), result="%rp") + step("%u = arith.addi %out, %n : index", "for 9"),
        4,
        "no other iteration takes place",
    ),
    "a late result": (
        step(
            pipeline("p", {}, 6)
            .replace("%ps), results(%ps)", "%ps), results(%late)")
            .replace(
                "loopschedule.pipeline.stage start = 3 {\n\nloopschedule.register\n}",
                "%late = loopschedule.pipeline.stage start = 3 {\nloopschedule.register %n : index\n} : index",
            ),
            result="%rp",
        )
        + step("%u = arith.addi %out, %n : index", "for 9"),
        1,
        "a result of the pipeline is used",
    ),
}


def first_step(text: str) -> StepOp:
    """The first step with a pipeline in a function, as parsed."""
    module = Parser(context(), text).parse_module()
    steps = [op for op in module.walk() if isinstance(op, StepOp)]
    return next(op for op in steps if not any(isinstance(inner, StepOp) for inner in op.body.block.ops))


@pytest.mark.parametrize("case", BOUNDS)
def test_a_step_overlaps_the_next_one_as_far_as_nothing_hinders(case: str):
    body, cycles, why = BOUNDS[case]
    bound = most_overlap(first_step(function(body)))
    assert bound.cycles == cycles
    assert why in bound.why


@pytest.mark.parametrize("case", BOUNDS)
def test_the_verifier_accepts_the_bound_and_nothing_beyond(case: str):
    body, cycles, why = BOUNDS[case]
    step = first_step(function(body))
    module = step.get_toplevel_object()
    step.overlap = cycles
    check_schedule(module)
    step.overlap = cycles + 1
    with pytest.raises(
        VerifyException, match=f"overlaps the next one by {cycles + 1}, but at most by {cycles}: .*{why}"
    ):
        check_schedule(module)


def test_what_a_call_does_is_not_looked_at_before_it_is_inlined():
    body = step(pipeline("p", {}, 6)) + step("func.call @g() : () -> ()")
    assert most_overlap(first_step(function(body))).cycles == 0


def test_an_overlap_is_printed_and_read_back():
    text = function(step(pipeline("p", {}, 6), "overlap 3") + LONG)
    module = Parser(context(), text).parse_module()
    printed = str(module)
    assert "loopschedule.step overlap 3 {" in printed
    assert str(Parser(context(), printed).parse_module()) == printed


def test_a_wrong_trip_count_is_an_error():
    text = function(step(pipeline("p", {}, 6, trips=7), "overlap 3") + LONG)
    module = Parser(context(), text).parse_module()
    module.verify()
    given = [np.zeros(8, np.int32), np.zeros(8, np.int32), *map(np.array, (-8, 4, 0, 0))]
    with pytest.raises(gw.GatewrightError, match="this loop has 3 iterations"):
        loopschedule.run(Program("schedule", module, "f"), given)
