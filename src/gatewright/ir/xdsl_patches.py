"""Faults of xDSL 0.74 that are mended here: importing this module does it.

Constant tensors that hold zeros of both signs: xDSL takes a dense attribute for a splat, and prints one element, if all
its values compare equal. Zeros of both signs do; they are different numbers. Elements are compared as they are stored.

Names of values: of two values with the hint `table`, xDSL prints the second as `table_1`, which another value may have
for a hint. A name is printed for one value only.

Comparisons: xDSL prints and parses them without their attributes, the notes of a schedule among them.

Strings: those with letters beyond ASCII, which names and paths may have, are printed byte by byte, as MLIR does, but
read as bytes and not as strings.
"""

from __future__ import annotations

from typing import TypeVar

from xdsl.dialects import arith
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr
from xdsl.ir import SSAValue
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.mlir_lexer import MLIRTokenKind, StringLiteral

_AnyComparison = TypeVar("_AnyComparison", arith.CmpiOp, arith.CmpfOp)


def _is_splat(self: DenseIntOrFPElementsAttr) -> bool:
    """Whether all elements are stored as the same bytes."""
    contents, count = self.data.data, len(self)
    return count > 0 and contents == contents[: len(contents) // count] * count


_print_unnamed = Printer.print_ssa_value


def _print_ssa_value(self: Printer, value: SSAValue) -> str:
    """Print a value by its hint, with the first number behind it that makes a name of its own."""
    hint = value.name_hint
    if value in self._ssa_values or not hint:  # pyright: ignore[reportPrivateUsage]
        return _print_unnamed(self, value)
    number = self.ssa_names.get(hint, 0)
    name = f"{hint}_{number}" if number else hint
    while name != hint and name in self.ssa_names:
        number += 1
        name = f"{hint}_{number}"
    self.ssa_names[hint] = number + 1
    self.ssa_names.setdefault(name, 1)
    self._ssa_values[value] = name  # pyright: ignore[reportPrivateUsage]
    self.print_string(f"%{name}")
    return name


def _print_comparison(self: arith.CmpiOp | arith.CmpfOp, printer: Printer) -> None:
    """Print a comparison as MLIR does, attributes between operands and type."""
    predicates = (
        arith.CMPI_COMPARISON_OPERATIONS if isinstance(self, arith.CmpiOp) else arith.CMPF_COMPARISON_OPERATIONS
    )
    printer.print_string(f" {predicates[self.predicate.value.data]}, ")
    printer.print_operand(self.lhs)
    printer.print_string(", ")
    printer.print_operand(self.rhs)
    if isinstance(self, arith.CmpfOp) and self.fastmath != arith.FastMathFlagsAttr("none"):
        printer.print_string(" fastmath")
        self.fastmath.print_parameter(printer)
    printer.print_op_attributes(self.attributes)
    printer.print_string(" : ")
    printer.print_attribute(self.lhs.type)


def _parsed_comparison(kind: type[_AnyComparison], parser: Parser) -> _AnyComparison:
    """Parse what `_print_comparison` prints."""
    predicate = parser.parse_identifier()
    parser.parse_punctuation(",")
    first = parser.parse_unresolved_operand()
    parser.parse_punctuation(",")
    second = parser.parse_unresolved_operand()
    fastmath = None
    if issubclass(kind, arith.CmpfOp) and parser.parse_optional_keyword("fastmath"):
        fastmath = arith.FastMathFlagsAttr(arith.FastMathFlagsAttr.parse_parameter(parser))
    attributes = parser.parse_optional_attr_dict()
    parser.parse_punctuation(":")
    type_ = parser.parse_type()
    operands = parser.resolve_operands([first, second], [type_, type_], parser.pos)
    op = kind(operands[0], operands[1], predicate)
    if fastmath is not None:
        op.properties["fastmath"] = fastmath
    op.attributes.update(attributes)
    return op


_parse_ascii_literal = Parser.parse_optional_str_literal


def _parse_optional_str_literal(self: Parser) -> str | None:
    """Parse a string in quotation marks, if there is one."""
    token = self._current_token  # pyright: ignore[reportPrivateUsage]
    if token.kind is not MLIRTokenKind.BYTES_LIT:
        return _parse_ascii_literal(self)
    try:
        text = StringLiteral.from_span(token.span).string_contents
    except UnicodeDecodeError:
        return None
    self._consume_token(MLIRTokenKind.BYTES_LIT)  # pyright: ignore[reportPrivateUsage]
    return text


Parser.parse_optional_str_literal = _parse_optional_str_literal
arith.CmpiOp.print = arith.CmpfOp.print = _print_comparison
arith.CmpiOp.parse = classmethod(_parsed_comparison)  # pyright: ignore[reportAttributeAccessIssue]
arith.CmpfOp.parse = classmethod(_parsed_comparison)  # pyright: ignore[reportAttributeAccessIssue]
DenseIntOrFPElementsAttr.is_splat = _is_splat
Printer.print_ssa_value = _print_ssa_value
