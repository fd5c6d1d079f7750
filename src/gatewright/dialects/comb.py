"""CIRCT's `comb` dialect: xDSL's operations, with the two that it gets wrong put right."""

from __future__ import annotations

from xdsl.dialects import comb
from xdsl.dialects.builtin import I32, IntegerAttr, IntegerType, i1, i32
from xdsl.dialects.comb import (
    AddOp,
    AndOp,
    ConcatOp,
    DivSOp,
    DivUOp,
    ICmpOp,
    ModSOp,
    ModUOp,
    MulOp,
    MuxOp,
    OrOp,
    ReplicateOp,
    ShlOp,
    ShrSOp,
    ShrUOp,
    SubOp,
    XorOp,
)
from xdsl.ir import Dialect, Operation, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

__all__ = [
    "AddOp",
    "AndOp",
    "Comb",
    "ConcatOp",
    "DivSOp",
    "DivUOp",
    "ExtractOp",
    "ICmpOp",
    "ModSOp",
    "ModUOp",
    "MulOp",
    "MuxOp",
    "OrOp",
    "ParityOp",
    "ReplicateOp",
    "ShlOp",
    "ShrSOp",
    "ShrUOp",
    "SubOp",
    "XorOp",
]


@irdl_op_definition
class ExtractOp(IRDLOperation):
    """The bits of a value from `low_bit` upwards, as many as the result is wide."""

    name = "comb.extract"

    input = operand_def(IntegerType)
    low_bit = prop_def(IntegerAttr[I32], prop_name="lowBit")
    result = result_def(IntegerType)

    def __init__(
        self,
        operand: Operation | SSAValue,
        low_bit: int | IntegerAttr[IntegerType],
        result_type: IntegerType | int,
    ):
        super().__init__(
            operands=[operand],
            properties={"lowBit": IntegerAttr(low_bit, i32) if isinstance(low_bit, int) else low_bit},
            result_types=[IntegerType(result_type) if isinstance(result_type, int) else result_type],
        )

    def verify_(self) -> None:
        source, taken = self.input.type, self.result.type
        assert isinstance(source, IntegerType) and isinstance(taken, IntegerType)
        low = self.low_bit.value.data
        if low < 0 or low + taken.width.data > source.width.data:
            raise VerifyException(f"bits {low} to {low + taken.width.data - 1} are not all in a value of type {source}")

    @classmethod
    def parse(cls, parser: Parser) -> ExtractOp:
        operand = parser.parse_unresolved_operand()
        parser.parse_keyword("from")
        low = parser.parse_integer()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type = parser.parse_function_type()
        if len(type.inputs) != 1 or len(type.outputs) != 1 or not isinstance(type.outputs.data[0], IntegerType):
            parser.raise_error("comb.extract goes from one integer type to one integer type")
        extract = cls(parser.resolve_operand(operand, type.inputs.data[0]), low, type.outputs.data[0])
        extract.attributes.update(attributes)
        return extract

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_operand(self.input)
        printer.print_string(f" from {self.low_bit.value.data}")
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_function_type([self.input.type], [self.result.type])


@irdl_op_definition
class ParityOp(comb.TwoStateOperation):
    """True if an odd number of bits is set."""

    name = "comb.parity"

    input = operand_def(IntegerType)
    result = result_def(i1)

    def __init__(self, operand: Operation | SSAValue, has_two_state_semantics: bool = False):
        super().__init__(operands=[operand], result_types=[i1], has_two_state_semantics=has_two_state_semantics)

    @classmethod
    def parse(cls, parser: Parser) -> ParityOp:
        two_state = cls.parse_optional_two_state_keyword(parser)
        operand = parser.parse_unresolved_operand()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        parity = cls(parser.resolve_operand(operand, parser.parse_type()), two_state)
        parity.attributes.update(attributes)
        return parity

    def print(self, printer: Printer) -> None:
        self.print_optional_two_state_keyword(printer)
        printer.print_string(" ")
        printer.print_operand(self.input)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.input.type)


_CORRECTED = {"comb.extract": ExtractOp, "comb.parity": ParityOp}

Comb = Dialect("comb", [_CORRECTED.get(op.name, op) for op in comb.Comb.operations], [*comb.Comb.attributes])
