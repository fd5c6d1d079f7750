"""What several operations of `loopschedule` have in common in text."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DictionaryAttr, FunctionType
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer


def parse_body(parser: Parser) -> tuple[Region, Sequence[Attribute], dict[str, Attribute]]:
    """The end of a step or stage: its body, the types of its results, and its attributes."""
    body = parser.parse_region()
    types: Sequence[Attribute] = ()
    if parser.parse_optional_punctuation(":"):
        types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
    return body, types, parser.parse_optional_attr_dict()


def print_body(printer: Printer, op: Operation) -> None:
    """The end of a step or stage, as `parse_body` reads it."""
    printer.print_string(" ")
    printer.print_region(op.regions[0], print_entry_block_args=False)
    if op.results:
        printer.print_string(" : ")
        printer.print_list(op.result_types, printer.print_attribute)
    printer.print_op_attributes(op.attributes)


class LoopHeader:
    """What the two kinds of loop have in common in text: from the trip count to the end of the body."""

    def __init__(self, types: FunctionType):
        self.trip_count: int | None = None
        self.iter_args: Sequence[SSAValue] = ()
        self.result_types = types.outputs.data
        self.attributes: dict[str, Attribute] = {}
        self.condition = Region()
        self.body = Region()

    @classmethod
    def parse(cls, parser: Parser) -> LoopHeader:
        trip_count = None
        if parser.parse_optional_keyword("trip_count"):
            parser.parse_punctuation("=")
            trip_count = parser.parse_integer(allow_boolean=False)
        pairs: Sequence[tuple[Parser.UnresolvedArgument, UnresolvedOperand]] = ()
        if parser.parse_optional_keyword("iter_args"):
            pairs = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: _parse_assignment(parser))
        parser.parse_punctuation(":")
        position = parser.pos
        types = parser.parse_function_type()
        header = cls(types)
        header.trip_count = trip_count
        header.iter_args = parser.resolve_operands([operand for _, operand in pairs], types.inputs.data, position)
        if (attributes := parser.parse_optional_attr_dict_with_keyword()) is not None:
            header.attributes = dict(attributes.data)
        # The names stand for block arguments of both regions, each region having its own.
        header.condition = parser.parse_region(
            [name.resolve(type_) for (name, _), type_ in zip(pairs, types.inputs.data, strict=True)]
        )
        parser.parse_keyword("do")
        header.body = parser.parse_region(
            [name.resolve(type_) for (name, _), type_ in zip(pairs, types.inputs.data, strict=True)]
        )
        return header


def _parse_assignment(parser: Parser) -> tuple[Parser.UnresolvedArgument, UnresolvedOperand]:
    name = parser.parse_argument(expect_type=False)
    parser.parse_punctuation("=")
    return name, parser.parse_unresolved_operand()


def print_loop(printer: Printer, loop: Operation, trip_count: int | None) -> None:
    """A loop from its trip count to the end of its body, as `LoopHeader` reads it."""
    condition, body = loop.regions
    if trip_count is not None:
        printer.print_string(f" trip_count = {trip_count}")
    printer.print_string(" iter_args(")
    names = printer._ssa_values  # pyright: ignore[reportPrivateUsage]
    arguments = zip(condition.block.args, body.block.args, loop.operands, strict=True)
    for position, (condition_argument, body_argument, initial) in enumerate(arguments):
        printer.print_string(", " if position else "")
        # One name in the text stands for an argument of each region, which the printer has no public way to say.
        if body_argument.name_hint and not condition_argument.name_hint:
            condition_argument.name_hint = body_argument.name_hint
        printer.print_ssa_value(condition_argument)
        names[body_argument] = names[condition_argument]
        printer.print_string(" = ")
        printer.print_operand(initial)
    printer.print_string(") : ")
    printer.print_function_type(loop.operand_types, loop.result_types)
    if loop.attributes:
        printer.print_string(" attributes ")
        printer.print_attribute(DictionaryAttr(loop.attributes))
    printer.print_string(" ")
    printer.print_region(condition, print_entry_block_args=False)
    printer.print_string(" do ")
    printer.print_region(body, print_entry_block_args=False)
