"""CIRCT's `seq` dialect: xDSL's operations, clock-enabled registers and memories, in CIRCT's exact syntax."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects import seq
from xdsl.dialects.builtin import I32, BoolAttr, IntAttr, IntegerAttr, IntegerType, StringAttr, i1, i32
from xdsl.dialects.hw import InnerSymAttr
from xdsl.dialects.seq import ClockConstAttr, ClockDividerOp, ClockType, CompRegOp, ConstClockOp, clock
from xdsl.ir import Attribute, Dialect, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import (
    AnyAttr,
    AttrSizedOperandSegments,
    IRDLOperation,
    VarConstraint,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_attr_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)
from xdsl.parser import AttrParser, Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

__all__ = [
    "ClockConstAttr",
    "ClockDividerOp",
    "ClockType",
    "CompRegClockEnabledOp",
    "CompRegOp",
    "ConstClockOp",
    "FirMemInitAttr",
    "FirMemOp",
    "FirMemReadOp",
    "FirMemType",
    "FirMemWriteOp",
    "ReadUnderWrite",
    "Seq",
    "WriteUnderWrite",
    "clock",
]


@irdl_op_definition
class CompRegClockEnabledOp(IRDLOperation):
    """A register that takes its input at the end of a cycle in which `clock_enable` is true, and holds it otherwise."""

    name = "seq.compreg.ce"

    DATA_TYPE: ClassVar = VarConstraint("DataType", AnyAttr())

    inner_sym = opt_prop_def(InnerSymAttr)
    input = operand_def(DATA_TYPE)
    clk = operand_def(clock)
    clock_enable = operand_def(i1)
    reset = opt_operand_def(i1)
    reset_value = opt_operand_def(DATA_TYPE)
    power_on_value = opt_operand_def(DATA_TYPE)
    data = result_def(DATA_TYPE)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    assembly_format = (
        "(`sym` $inner_sym^)? $input `,` $clk `,` $clock_enable "
        "(`reset` $reset^ `,` $reset_value)? "
        "(`powerOn` $power_on_value^)? "
        "attr-dict `:` type($input)"
    )

    def __init__(
        self,
        input: SSAValue,
        clk: SSAValue,
        clock_enable: SSAValue,
        reset: tuple[SSAValue, SSAValue] | None = None,
        power_on_value: SSAValue | None = None,
    ):
        signal, value = reset if reset is not None else (None, None)
        super().__init__(
            operands=[input, clk, clock_enable, signal, value, power_on_value],
            result_types=[input.type],
        )

    def verify_(self) -> None:
        if (self.reset is None) != (self.reset_value is None):
            raise VerifyException("Both reset and reset_value must be set when one is")


class ReadUnderWrite(StrEnum):
    """What a read returns of an address that is written in the same cycle."""

    UNDEFINED = "undefined"
    OLD = "old"
    NEW = "new"


class WriteUnderWrite(StrEnum):
    """What two writes to one address in one cycle leave behind."""

    UNDEFINED = "undefined"
    PORT_ORDER = "port_order"


@irdl_attr_definition
class FirMemType(ParametrizedAttribute, TypeAttribute):
    """A memory of `depth` words of `width` bits: `!seq.firmem<16 x 32>`."""

    name = "seq.firmem"

    depth: IntAttr
    width: IntAttr

    def __init__(self, depth: int | IntAttr, width: int | IntAttr):
        super().__init__(
            depth if isinstance(depth, IntAttr) else IntAttr(depth),
            width if isinstance(width, IntAttr) else IntAttr(width),
        )

    @property
    def address_width(self) -> int:
        """Bits of an address, at least 1, as CIRCT requires."""
        return max(1, (self.depth.data - 1).bit_length())

    @property
    def word(self) -> IntegerType:
        """The type of a word."""
        return IntegerType(self.width.data)

    def verify(self) -> None:
        if self.depth.data < 1 or self.width.data < 1:
            raise VerifyException(f"a memory of {self.depth.data} words of {self.width.data} bits is empty")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        with parser.in_angle_brackets():
            depth = parser.parse_integer(allow_boolean=False, allow_negative=False)
            parser.parse_keyword("x")
            width = parser.parse_integer(allow_boolean=False, allow_negative=False)
        return [IntAttr(depth), IntAttr(width)]

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<{self.depth.data} x {self.width.data}>")


@irdl_attr_definition
class FirMemInitAttr(ParametrizedAttribute):
    """The file of initial contents of a memory, one word a line, hexadecimal unless `is_binary`."""

    name = "seq.firmem.init"

    filename: StringAttr
    is_binary: BoolAttr
    is_inline: BoolAttr

    @staticmethod
    def of(filename: str) -> FirMemInitAttr:
        """The hexadecimal image `filename`."""
        return FirMemInitAttr(StringAttr(filename), BoolAttr.from_bool(False), BoolAttr.from_bool(False))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        with parser.in_angle_brackets():
            filename = parser.parse_str_literal()
            parser.parse_punctuation(",")
            is_binary = parser.parse_boolean()
            parser.parse_punctuation(",")
            is_inline = parser.parse_boolean()
        return [StringAttr(filename), BoolAttr.from_bool(is_binary), BoolAttr.from_bool(is_inline)]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string_literal(self.filename.data)
            for flag in (self.is_binary, self.is_inline):
                printer.print_string(", true" if flag.value.data else ", false")


@irdl_op_definition
class FirMemOp(IRDLOperation):
    """A memory whose ports are the `read_port` and `write_port` operations that use its result.

    Gatewright builds memories of read latency 1 and write latency 1 with at most one port of each kind. `ruw` is `old`
    (the memory must return the old word) or `undefined` (the program never reads an address that it writes in the same
    cycle). The name of the memory is the SSA name of its result, or the attribute `name`.
    """

    name = "seq.firmem"

    read_latency = prop_def(IntegerAttr[I32], prop_name="readLatency")
    write_latency = prop_def(IntegerAttr[I32], prop_name="writeLatency")
    ruw = prop_def(IntegerAttr[I32])
    wuw = prop_def(IntegerAttr[I32])
    init = opt_prop_def(FirMemInitAttr)
    mem_name = opt_prop_def(StringAttr, prop_name="name")
    memory = result_def(FirMemType)

    def __init__(
        self,
        type: FirMemType,
        *,
        name: str | None = None,
        ruw: ReadUnderWrite = ReadUnderWrite.OLD,
        wuw: WriteUnderWrite = WriteUnderWrite.UNDEFINED,
        init: FirMemInitAttr | None = None,
        read_latency: int = 1,
        write_latency: int = 1,
    ):
        super().__init__(
            result_types=[type],
            properties={
                "readLatency": IntegerAttr(read_latency, i32),
                "writeLatency": IntegerAttr(write_latency, i32),
                "ruw": IntegerAttr(list(ReadUnderWrite).index(ruw), i32),
                "wuw": IntegerAttr(list(WriteUnderWrite).index(wuw), i32),
                "init": init,
                "name": StringAttr(name) if name is not None else None,
            },
        )
        self.memory.name_hint = name

    @property
    def read_under_write(self) -> ReadUnderWrite:
        """What a read returns of the address that is written in the same cycle."""
        return list(ReadUnderWrite)[self.ruw.value.data]

    @classmethod
    def parse(cls, parser: Parser) -> FirMemOp:
        read_latency = parser.parse_integer(allow_boolean=False)
        parser.parse_punctuation(",")
        write_latency = parser.parse_integer(allow_boolean=False)
        parser.parse_punctuation(",")
        ruw = parser.parse_str_enum(ReadUnderWrite)
        parser.parse_punctuation(",")
        wuw = parser.parse_str_enum(WriteUnderWrite)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        memory = cls(
            _parse_memory_type(parser), ruw=ruw, wuw=wuw, read_latency=read_latency, write_latency=write_latency
        )
        for key in ("init", "name"):
            if key in attributes:
                memory.properties[key] = attributes.pop(key)
        memory.attributes.update(attributes)
        return memory

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.read_latency.value.data}, {self.write_latency.value.data}")
        printer.print_string(f", {self.read_under_write}, {list(WriteUnderWrite)[self.wuw.value.data]}")
        shown: dict[str, Attribute] = {k: self.properties[k] for k in ("name", "init") if k in self.properties}
        printer.print_op_attributes({**shown, **self.attributes})
        printer.print_string(" : ")
        _print_memory_type(printer, self.memory.type)


@irdl_op_definition
class FirMemReadOp(IRDLOperation):
    """A synchronous read port: the word at the address of a cycle with `enable` appears in the next cycle and stays."""

    name = "seq.firmem.read_port"

    memory = operand_def(FirMemType)
    address = operand_def(IntegerType)
    clk = operand_def(clock)
    enable = opt_operand_def(i1)
    data = result_def(IntegerType)
    namehint = opt_attr_def(StringAttr, attr_name="sv.namehint")

    def __init__(self, memory: SSAValue, address: SSAValue, clk: SSAValue, enable: SSAValue | None = None):
        assert isinstance(memory.type, FirMemType)
        super().__init__(operands=[memory, address, clk, enable], result_types=[memory.type.word])

    def verify_(self) -> None:
        _verify_port(self.memory, self.address, self.data)

    @classmethod
    def parse(cls, parser: Parser) -> FirMemReadOp:
        memory, address = _parse_place(parser)
        parser.parse_punctuation(",")
        parser.parse_keyword("clock")
        clk = parser.parse_unresolved_operand()
        enable = parser.parse_unresolved_operand() if parser.parse_optional_keyword("enable") else None
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type = _parse_memory_type(parser)
        port = cls(
            parser.resolve_operand(memory, type),
            parser.resolve_operand(address, IntegerType(type.address_width)),
            parser.resolve_operand(clk, clock),
            parser.resolve_operand(enable, i1) if enable is not None else None,
        )
        port.attributes.update(attributes)
        return port

    def print(self, printer: Printer) -> None:
        _print_place(printer, self.memory, self.address)
        printer.print_string(", clock ")
        printer.print_operand(self.clk)
        if self.enable is not None:
            printer.print_string(" enable ")
            printer.print_operand(self.enable)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        _print_memory_type(printer, self.memory.type)


@irdl_op_definition
class FirMemWriteOp(IRDLOperation):
    """A write port: the word is stored at the end of a cycle with `enable`."""

    name = "seq.firmem.write_port"

    memory = operand_def(FirMemType)
    address = operand_def(IntegerType)
    clk = operand_def(clock)
    enable = opt_operand_def(i1)
    data = operand_def(IntegerType)
    mask = opt_operand_def(IntegerType)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self, memory: SSAValue, address: SSAValue, data: SSAValue, clk: SSAValue, enable: SSAValue | None = None
    ):
        super().__init__(operands=[memory, address, clk, enable, data, None])

    def verify_(self) -> None:
        _verify_port(self.memory, self.address, self.data)
        if self.mask is not None:
            raise VerifyException("masked writes are not supported")

    @classmethod
    def parse(cls, parser: Parser) -> FirMemWriteOp:
        memory, address = _parse_place(parser)
        parser.parse_punctuation("=")
        data = parser.parse_unresolved_operand()
        parser.parse_punctuation(",")
        parser.parse_keyword("clock")
        clk = parser.parse_unresolved_operand()
        enable = parser.parse_unresolved_operand() if parser.parse_optional_keyword("enable") else None
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type = _parse_memory_type(parser)
        port = cls(
            parser.resolve_operand(memory, type),
            parser.resolve_operand(address, IntegerType(type.address_width)),
            parser.resolve_operand(data, type.word),
            parser.resolve_operand(clk, clock),
            parser.resolve_operand(enable, i1) if enable is not None else None,
        )
        port.attributes.update(attributes)
        return port

    def print(self, printer: Printer) -> None:
        _print_place(printer, self.memory, self.address)
        printer.print_string(" = ")
        printer.print_operand(self.data)
        printer.print_string(", clock ")
        printer.print_operand(self.clk)
        if self.enable is not None:
            printer.print_string(" enable ")
            printer.print_operand(self.enable)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        _print_memory_type(printer, self.memory.type)


def _parse_memory_type(parser: Parser) -> FirMemType:
    """Read `<16 x 32>`, the type of a memory without its prefix."""
    parameters = FirMemType.parse_parameters(parser)
    return FirMemType.new(parameters)


def _print_memory_type(printer: Printer, type: Attribute) -> None:
    assert isinstance(type, FirMemType)
    type.print_parameters(printer)


def _parse_place(parser: Parser):
    """Read `%memory[%address]`."""
    memory = parser.parse_unresolved_operand()
    with parser.in_square_brackets():
        address = parser.parse_unresolved_operand()
    return memory, address


def _print_place(printer: Printer, memory: SSAValue, address: SSAValue) -> None:
    printer.print_string(" ")
    printer.print_operand(memory)
    with printer.in_square_brackets():
        printer.print_operand(address)


def _verify_port(memory: SSAValue, address: SSAValue, data: SSAValue) -> None:
    type = memory.type
    assert isinstance(type, FirMemType)
    if address.type != IntegerType(type.address_width):
        raise VerifyException(f"a memory of {type.depth.data} words has i{type.address_width} addresses")
    if data.type != type.word:
        raise VerifyException(f"a memory of {type.width.data}-bit words holds {type.word}, not {data.type}")


Seq = Dialect(
    "seq",
    [*seq.Seq.operations, CompRegClockEnabledOp, FirMemOp, FirMemReadOp, FirMemWriteOp],
    [*seq.Seq.attributes, FirMemType, FirMemInitAttr],
)
