"""The text of `loopschedule`: what is printed reads back as the same program, in either form."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import ParseError

from gatewright.dialects.loopschedule.ops import SeqWhileOp, StepOp
from gatewright.ir.context import context
from gatewright.machine.check import check_schedule


def parse(text: str) -> ModuleOp:
    """The module of a text."""
    return Parser(context(), text).parse_module()


def printed(module: ModuleOp, *, generic: bool = False, locations: bool = False) -> str:
    """The text of a module."""
    stream = StringIO()
    Printer(stream, print_generic_format=generic, print_debuginfo=locations).print_op(module)
    return stream.getvalue()


class Writer:
    """Writes the text of a random program from drawn choices."""

    def __init__(self, draw):
        self.draw = draw
        self.names = 0

    def fresh(self) -> str:
        """A new name."""
        self.names += 1
        return f"%v{self.names}"

    def block(self, values: list[str], depth: int) -> tuple[str, list[str]]:
        """The text of a sequence of steps and loops, and the names of the i8 values that it leaves."""
        text, left = "", list(values)
        for _ in range(self.draw(st.integers(1, 3))):
            piece, outs = self.item(left, depth)
            text += piece
            left += outs
        return text, left

    def item(self, values: list[str], depth: int) -> tuple[str, list[str]]:
        """A step, or a loop if the depth allows."""
        if depth and self.draw(st.booleans()):
            return self.loop(values, depth - 1)
        return self.step(values, depth)

    def step(self, values: list[str], depth: int) -> tuple[str, list[str]]:
        """A step with some arithmetic, perhaps something nested, and results."""
        body, inside, nested = "", list(values), []
        for _ in range(self.draw(st.integers(0, 2))):
            name = self.fresh()
            a, b = self.draw(st.sampled_from(inside)), self.draw(st.sampled_from(inside))
            body += f"{name} = arith.{self.draw(st.sampled_from(['addi', 'muli', 'xori']))} {a}, {b} : i8\n"
            inside.append(name)
        if depth and self.draw(st.booleans()):
            piece, nested = self.item(inside, depth - 1)
            body += piece
        handed = self.draw(st.lists(st.sampled_from([*inside, *nested]), max_size=3))
        header = self.draw(st.sampled_from(["", "when %p ", "for 3 ", "when %q for 7 "]))
        types = ", ".join("i8" for _ in handed)
        outs = [self.fresh() for _ in handed]
        results = f"{', '.join(outs)} = " if outs else ""
        register = f"loopschedule.register {', '.join(handed)} : {types}" if handed else "loopschedule.register"
        tail = (f" : {types}" if outs else "") + self.draw(st.sampled_from(["", " {note = 1 : i8}"]))
        return f"{results}loopschedule.step {header}{{\n{body}{register}\n}}{tail}\n", outs

    def loop(self, values: list[str], depth: int) -> tuple[str, list[str]]:
        """A loop with iteration arguments, and results for some of them."""
        initial = self.draw(st.lists(st.sampled_from(values), max_size=3))
        arguments = [self.fresh() for _ in initial]
        steps, left = self.block([*values, *arguments], depth)
        following = [self.draw(st.sampled_from(left)) for _ in initial]
        returned = following[: self.draw(st.integers(0, len(following)))]
        pairs = ", ".join(f"{a} = {i}" for a, i in zip(arguments, initial, strict=True))
        types, result_types = (", ".join("i8" for _ in names) for names in (arguments, returned))
        outs = [self.fresh() for _ in returned]
        results = f"{', '.join(outs)} = " if outs else ""
        count = self.draw(st.sampled_from(["", "trip_count = 12 "]))
        condition = self.fresh()
        return (
            f"{results}loopschedule.seq_while {count}iter_args({pairs}) : ({types}) -> ({result_types}) {{\n"
            f"{condition} = arith.xori %p, %q : i1\nloopschedule.register {condition} : i1\n}} do {{\n{steps}"
            f"loopschedule.terminator iter_args({', '.join(following)}), results({', '.join(returned)})"
            f" : ({types}) -> ({result_types})\n}}\n",
            outs,
        )


@st.composite
def programs(draw) -> str:
    """The text of a valid program of nested steps and loops."""
    text, _ = Writer(draw).block(["%a", "%b"], depth=2)
    return f"func.func @f(%a: i8, %b: i8, %p: i1, %q: i1) {{\n{text}return\n}}\n"


@settings(max_examples=40, deadline=None, derandomize=True)
@given(programs())
def test_what_is_printed_reads_back_as_the_same(text: str):
    module = parse(text)
    module.verify()
    check_schedule(module)
    pretty = printed(module)
    again = parse(pretty)
    assert again.is_structurally_equivalent(module)
    assert printed(again) == pretty
    generic = parse(printed(module, generic=True))
    assert generic.is_structurally_equivalent(module)
    assert printed(generic) == pretty


def test_locations_are_printed_and_read():
    text = """
    func.func @f(%p: i1) {
      loopschedule.step {
        loopschedule.seq_while iter_args() : () -> () {
          loopschedule.register %p : i1 loc("model.py":1:0)
        } do {
          loopschedule.step when %p {
            loopschedule.register
          } loc("model.py":2:4)
          loopschedule.terminator iter_args(), results() : () -> ()
        } loc("model.py":3:4)
        loopschedule.register
      } {note = "a"} loc("model.py":4:4)
      return
    }"""
    module = parse(text)
    again = parse(printed(module, locations=True))
    assert [op.location for op in again.walk()] == [op.location for op in module.walk()]
    assert [str(op.location) for op in module.walk() if isinstance(op, StepOp | SeqWhileOp)] == [
        'loc("model.py":4:4)',
        'loc("model.py":3:4)',
        'loc("model.py":2:4)',
    ]


def test_the_short_prefix_is_accepted_in_the_generic_form_too():
    module = parse("""
    "ls.step"() ({
      "ls.register"() : () -> ()
    }) : () -> ()""")
    assert [op.name for op in module.walk()][1:] == ["loopschedule.step", "loopschedule.register"]


def test_an_argument_without_a_name_gets_one_for_both_regions():
    module = parse("""
    func.func @f(%a: i8, %p: i1) {
      "loopschedule.seq_while"(%a) ({
      ^bb0(%0: i8):
        "loopschedule.register"(%p) : (i1) -> ()
      }, {
      ^bb0(%1: i8):
        %2 = "loopschedule.step"() ({
          "loopschedule.register"(%1) : (i8) -> ()
        }) : () -> i8
        "loopschedule.terminator"(%2) <{operandSegmentSizes = array<i32: 1, 0>}> : (i8) -> ()
      }) : (i8) -> ()
      return
    }""")
    again = parse(printed(module))
    assert again.is_structurally_equivalent(module)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loopschedule.step for {\n}", "Expected integer literal"),
        ("loopschedule.step when {\n}", "Expected an operand"),
        ("%r = loopschedule.step {\nloopschedule.register\n}", "Operation has 0 results, but was given 1 to bind"),
        ("loopschedule.seq_while iter_args(%i = %p) : () -> () {\n}", "expected 0 operand types but had 1"),
        ("loopschedule.seq_while iter_args() : (i1) -> () {\n}", "expected 1 operand types but had 0"),
        ("loopschedule.seq_while iter_args(%i = %p) : (i1) -> () {\n}", "Expected 'do'"),
        ("loopschedule.pipeline iter_args() : () -> () {\n}", "Expected 'II'"),
        ("loopschedule.terminator iter_args()", "Expected ','"),
    ],
)
def test_malformed_text_is_refused(text: str, message: str):
    with pytest.raises(ParseError, match=message):
        parse(f"func.func @f(%p: i1) {{\n{text}\nreturn\n}}")
