"""Notes: the facts about operations, arguments and results that one part of the compiler leaves for another.

A note is an attribute whose name begins with `gw.`. `NOTES` says of each what it holds, who sets it, who reads it and
how long it lives; `docs/dialects/gw.md` shows that table. There are no others, and none is malformed: `verify_notes`
says so of a module, and reading a note says so of an operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    IntAttr,
    IntegerAttr,
    ModuleOp,
    NoneAttr,
    StringAttr,
    UnitAttr,
    i64,
)
from xdsl.ir import Attribute, Operation, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition, param_def
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

PREFIX = "gw."


@irdl_attr_definition
class OperatorAttr(ParametrizedAttribute):
    """The operator that executes an operation: what it computes on which types, and its latency and interval in cycles.

    `#gw.operator<muli(i18, i25, i32), latency = 2>` is a multiplier of numbers of 18 and 25 bits with a product of 32;
    of operators of one type it is that type. An interval of 1 is not written.
    """

    name = "gw.operator"

    kind: StringAttr = param_def()
    types: ArrayAttr[Attribute] = param_def()
    latency: IntAttr = param_def()
    interval: IntAttr = param_def()

    def __init__(self, kind: StringAttr, types: ArrayAttr[Attribute], latency: IntAttr, interval: IntAttr):
        super().__init__(kind, types, latency, interval)

    @property
    def label(self) -> str:
        """How messages call the operator."""
        return f"{self.kind.data}({', '.join(map(str, self.types))})"

    def verify(self) -> None:
        if self.latency.data < 0 or self.interval.data < 1:
            raise VerifyException(
                f"operator {self.label} has latency {self.latency.data} and interval {self.interval.data}: "
                "a latency is at least 0, an interval at least 1 cycle"
            )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        with parser.in_angle_brackets():
            kind = parser.parse_identifier()
            types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
            cycles = {"latency": 0, "interval": 1}
            while parser.parse_optional_punctuation(","):
                word = parser.parse_identifier()
                if word not in cycles:
                    parser.raise_error("an operator has a latency and an interval")
                parser.parse_punctuation("=")
                cycles[word] = parser.parse_integer(allow_boolean=False)
        return [StringAttr(kind), ArrayAttr(types), IntAttr(cycles["latency"]), IntAttr(cycles["interval"])]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(self.label)
            if self.latency.data:
                printer.print_string(f", latency = {self.latency.data}")
            if self.interval.data != 1:
                printer.print_string(f", interval = {self.interval.data}")


@irdl_attr_definition
class DecisionAttr(ParametrizedAttribute):
    """A decision of a plan: its kind, the loops that it is about, its value and its reason.

    `#gw.decision<interleave(x), 8, "8 cycles instead of 56">`; what says yes has the value `true`, and a decision
    without a value none.
    """

    name = "gw.decision"

    kind: StringAttr = param_def()
    loops: ArrayAttr[StringAttr] = param_def()
    value: IntegerAttr | StringAttr | NoneAttr = param_def()
    reason: StringAttr = param_def()

    def __init__(
        self,
        kind: StringAttr,
        loops: ArrayAttr[StringAttr],
        value: IntegerAttr | StringAttr | NoneAttr,
        reason: StringAttr,
    ):
        super().__init__(kind, loops, value, reason)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        with parser.in_angle_brackets():
            kind = parser.parse_identifier()
            loops = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_identifier)
            parser.parse_punctuation(",")
            value: Attribute = NoneAttr()
            if parser.parse_optional_keyword("none") is None:
                value = parser.parse_attribute()
            parser.parse_punctuation(",")
            reason = parser.parse_str_literal()
        return [StringAttr(kind), ArrayAttr([StringAttr(each) for each in loops]), value, StringAttr(reason)]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(f"{self.kind.data}({', '.join(each.data for each in self.loops)}), ")
            if isinstance(self.value, NoneAttr):
                printer.print_string("none")
            else:
                printer.print_attribute(self.value)
            printer.print_string(", ")
            printer.print_string_literal(self.reason.data)


@irdl_attr_definition
class MemoryAttr(ParametrizedAttribute):
    """The memory that an array is: its name, whether it is read and written, and the file with its contents.

    `#gw.memory<"w", read, image = "f_w.mem">` is a ROM; what is read and written has a port for either, or with `dual`
    two ports for both.
    """

    name = "gw.memory"

    called: StringAttr = param_def()
    use: ArrayAttr[StringAttr] = param_def()
    image: StringAttr | NoneAttr = param_def()

    def __init__(self, called: str, *, read: bool, written: bool, dual: bool, image: str | None = None):
        used = [word for word, is_so in (("read", read), ("write", written), ("dual", dual)) if is_so]
        words = ArrayAttr([StringAttr(word) for word in used])
        super().__init__(StringAttr(called), words, NoneAttr() if image is None else StringAttr(image))

    def has(self, word: str) -> bool:
        """Whether one of `read`, `write` and `dual` is said of it."""
        return any(each.data == word for each in self.use)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> list[Attribute]:
        words: list[Attribute] = []
        image: Attribute = NoneAttr()
        with parser.in_angle_brackets():
            called = parser.parse_str_literal()
            while parser.parse_optional_punctuation(","):
                word = parser.parse_identifier()
                if word == "image":
                    parser.parse_punctuation("=")
                    image = StringAttr(parser.parse_str_literal())
                elif word in ("read", "write", "dual"):
                    words.append(StringAttr(word))
                else:
                    parser.raise_error("a memory is read, write, dual, and has an image")
        return [StringAttr(called), ArrayAttr(words), image]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string_literal(self.called.data)
            for word in self.use:
                printer.print_string(f", {word.data}")
            if isinstance(self.image, StringAttr):
                printer.print_string(", image = ")
                printer.print_string_literal(self.image.data)


@dataclass(frozen=True)
class Note:
    """A kind of note."""

    name: str
    form: str
    """What it holds, in words."""
    check: Callable[[Attribute], bool]
    """Whether an attribute has that form."""
    carriers: str
    """What carries it."""
    meaning: str
    set_by: str
    read_by: str
    life: str
    """Until when it is there."""

    def of(self, op: Operation) -> Attribute | None:
        """The note of an operation, None if it has none. Raises VerifyException if it is malformed."""
        found = op.attributes.get(self.name)
        if found is not None:
            self.verify(found, op.name)
        return found

    def verify(self, attribute: Attribute, carrier: str) -> None:
        """Raise VerifyException for an attribute that has not the form of the note."""
        if not self.check(attribute):
            raise VerifyException(f"{self.name} of {carrier} is {attribute}, not {self.form}")

    def drop(self, op: Operation) -> None:
        """Take the note away, if there is one."""
        op.attributes.pop(self.name, None)


class IntegerNote(Note):
    """A note that is a number."""

    def value(self, op: Operation) -> int | None:
        """The number at an operation, None if there is none."""
        found = self.of(op)
        return found.value.data if isinstance(found, IntegerAttr) else None

    def set(self, op: Operation, value: int) -> None:
        """Note a number at an operation."""
        op.attributes[self.name] = IntegerAttr(value, i64)


class TextNote(Note):
    """A note that is text."""

    def value(self, op: Operation) -> str | None:
        """The text at an operation, None if there is none."""
        found = self.of(op)
        return found.data if isinstance(found, StringAttr) else None

    def set(self, op: Operation, value: str) -> None:
        """Note a text at an operation."""
        op.attributes[self.name] = StringAttr(value)


class FlagNote(Note):
    """A note that says something by being there."""

    def value(self, op: Operation) -> bool:
        """Whether it is there."""
        return self.of(op) is not None

    def set(self, op: Operation) -> None:
        """Note it at an operation."""
        op.attributes[self.name] = UnitAttr()


class NamesNote(Note):
    """A note that is names."""

    def value(self, op: Operation) -> tuple[str, ...]:
        """The names at an operation."""
        found = self.of(op)
        return (
            tuple(each.data for each in found if isinstance(each, StringAttr)) if isinstance(found, ArrayAttr) else ()
        )

    def set(self, op: Operation, value: Iterable[str]) -> None:
        """Note names at an operation."""
        op.attributes[self.name] = ArrayAttr([StringAttr(each) for each in value])


class NumbersNote(Note):
    """Some numbers."""

    def value(self, op: Operation) -> tuple[int, ...] | None:
        """What is noted at an operation, None if nothing is."""
        found = self.of(op)
        return tuple(found.get_values()) if isinstance(found, DenseArrayBase) else None

    def set(self, op: Operation, value: Iterable[int]) -> None:
        """Note it at an operation."""
        op.attributes[self.name] = DenseArrayBase.from_list(i64, list(value))


class DecisionsNote(Note):
    """A note that is decisions of a plan."""

    def value(self, op: Operation) -> tuple[DecisionAttr, ...]:
        """The decisions at an operation."""
        found = self.of(op)
        return tuple(each for each in found if isinstance(each, DecisionAttr)) if isinstance(found, ArrayAttr) else ()

    def set(self, op: Operation, value: Iterable[DecisionAttr]) -> None:
        """Note decisions at an operation."""
        op.attributes[self.name] = ArrayAttr(list(value))


class OperatorNote(Note):
    """The note of the operator that executes an operation."""

    def value(self, op: Operation) -> OperatorAttr | None:
        """The operator, None if the operation is bound to none."""
        found = self.of(op)
        return found if isinstance(found, OperatorAttr) else None

    def set(self, op: Operation, value: OperatorAttr) -> None:
        """Note an operator at an operation."""
        op.attributes[self.name] = value


class MemoryNote(Note):
    """The note of the memory that an array is."""

    def value(self, op: Operation) -> MemoryAttr | None:
        """The memory of the array that an operation makes or names, None if it is bound to none."""
        found = self.of(op)
        return found if isinstance(found, MemoryAttr) else None

    def set(self, op: Operation, value: MemoryAttr) -> None:
        """Note a memory at an operation."""
        op.attributes[self.name] = value


def _number(least: int, most: int | None = None) -> Callable[[Attribute], bool]:
    def check(attribute: Attribute) -> bool:
        if not isinstance(attribute, IntegerAttr) or attribute.type != i64:
            return False
        return attribute.value.data >= least and (most is None or attribute.value.data <= most)

    return check


def _text(attribute: Attribute) -> bool:
    return isinstance(attribute, StringAttr)


def _flag(attribute: Attribute) -> bool:
    return isinstance(attribute, UnitAttr)


def _numbers(attribute: Attribute) -> bool:
    return isinstance(attribute, DenseArrayBase) and attribute.elt_type == i64


def _two_numbers(attribute: Attribute) -> bool:
    numbers = attribute.get_values() if isinstance(attribute, DenseArrayBase) and _numbers(attribute) else ()
    return len(numbers) == 2 and min(numbers) > 0


def _triples(attribute: Attribute) -> bool:
    return isinstance(attribute, ArrayAttr) and all(
        isinstance(each, DenseArrayBase) and _numbers(each) and len(each) == 3 for each in attribute
    )


def _names(attribute: Attribute) -> bool:
    return isinstance(attribute, ArrayAttr) and bool(attribute.data) and all(map(_text, attribute))


def _decisions(attribute: Attribute) -> bool:
    return isinstance(attribute, ArrayAttr) and all(isinstance(each, DecisionAttr) for each in attribute)


COUNT, TEXT, FLAG = "a number of type i64 that is not negative", "a string", "unit"

PORT_NAME = TextNote(
    "gw.name", TEXT, _text, "arguments of a function", "The name of the parameter, which its ports have.",
    "front ends", "`ir/interface.py`", "as long as the function",
)  # fmt: skip
PORT_TYPE = TextNote(
    "gw.type", TEXT, _text, "arguments and results of a function", "The type of its elements as the user writes it.",
    "front ends, `quantized-to-integers`, `quantize-tensors`", "`ir/interface.py`", "as long as the function",
)  # fmt: skip
PORT_RESULT = IntegerNote(
    "gw.result", COUNT, _number(0), "arguments and results of a function", "Which result of the program it holds.",
    "front ends, `linalg-to-loops`", "`ir/interface.py`, `control`", "as long as the function",
)  # fmt: skip
PORT_BANK = TextNote(
    "gw.bank_of", TEXT, _text, "arguments of func.func, memref.alloc, memref.alloca, memref.get_global",
    "The array of the program of which it is a bank, its shape, the banks along each axis, and the place among them.",
    "`bank-arrays`", "running a level, the top module, the report", "as long as the function",
)  # fmt: skip
LOOP = NamesNote(
    "gw.loop", "an array of strings", _names, "loops",
    "What plans call the loop: the name of its counter, made unique; of a flattened one, the names of all in its nest.",
    "`label-loops`, and passes that make loops", "planning, the report", "as long as the loop",
)  # fmt: skip
ASKED = DecisionsNote(
    "gw.asked", "an array of `#gw.decision<...>`", _decisions, "func.func", "What the user has decided.",
    "`label-loops`, `plan=`", "planning, `loops-to-schedule`", "until `check-plan`",
)  # fmt: skip
PLAN = DecisionsNote(
    "gw.plan", "an array of `#gw.decision<...>`", _decisions, "func.func", "What is decided, in that order.",
    "planning, `loops-to-schedule`", "`check-plan`, `Design.plan`, the report", "as long as the schedule",
)  # fmt: skip
ARRAY = TextNote(
    "gw.array", TEXT, _text, "memref.alloc, memref.alloca, memref.get_global", "What plans call the array.",
    "`label-loops`", "planning", "as long as the array",
)  # fmt: skip
ANY = FlagNote(
    "gw.any", FLAG, _flag, "arith.constant", "The number does not matter: it is replaced before it is used.",
    "`interleave-loops`", "`flatten-loops`", "until the constant goes",
)  # fmt: skip
DISTRIBUTED = FlagNote(
    "gw.distributed", FLAG, _flag, "scf.for", "Loop distribution made the loop: it is not joined with those beside it.",
    "`split-loops`", "`flatten-loops`", "until `flatten-loops`",
)  # fmt: skip
LANES = IntegerNote(
    "gw.lanes", COUNT, _number(1), "loops", "How many iterations of the source an iteration of the loop is.",
    "`unroll-and-jam`", "`plan-flattening`", "until `loops-to-schedule`",
)  # fmt: skip
PARALLEL = FlagNote(
    "gw.independent", FLAG, _flag, "scf.for", "No iteration of the loop depends on another one.",
    "`plan-lanes`", "`interleave-loops`", "until `flatten-loops`",
)  # fmt: skip
SUMS = TextNote(
    "gw.sums", TEXT, _text, "loops", "In which order the loop adds up, and what another order would bring.",
    "`plan-sums`, `split-sums`, `interleave-loops`", "the report", "as long as the loop",
)  # fmt: skip
TRIP_COUNT = IntegerNote(
    "gw.trip_count", COUNT, _number(0), "scf.while", "The number of iterations, where it is known.",
    "`flatten-loops`, `rotate-while`", "`loops-to-schedule`", "until `loops-to-schedule`",
)  # fmt: skip
ACCESS = IntegerNote(
    "gw.access", COUNT, _number(0), "memref.load, memref.store", "The number of the access in its flattened loop.",
    "`flatten-loops`", "`loops-to-schedule`", "until `loops-to-schedule`",
)  # fmt: skip
TURN = Note(
    "gw.turn", "numbers of type i64", _numbers, "memref.load, memref.store",
    "The inner loop that the access was in, and the one in that, and so on, by their numbers.",
    "`flatten-loops`", "`loops-to-schedule`", "until `loops-to-schedule`",
)  # fmt: skip
DISTANCES = Note(
    "gw.distances", "triples of numbers of type i64", _triples, "scf.while",
    "The numbers of two accesses, and the least dependence distance from one to the other, in iterations.",
    "`flatten-loops`", "`loops-to-schedule`", "until `loops-to-schedule`",
)  # fmt: skip
BYPASSED = IntegerNote(
    "gw.bypassed", COUNT, _number(0), "memref.load", "The iterations before, whose stores the load finds in registers.",
    "`loops-to-schedule`", "`loops-to-schedule`", "within `loops-to-schedule`",
)  # fmt: skip
OPERATOR = OperatorNote(
    "gw.operator", "`#gw.operator<...>`", lambda attribute: isinstance(attribute, OperatorAttr),
    "operations of a schedule", "The operator that executes it, with its latency and interval.",
    "`loops-to-schedule`", "`check-schedule`, interpreter, `bind`, `control`, report", "as long as the schedule",
)  # fmt: skip
UNIT = IntegerNote(
    "gw.unit", COUNT, _number(0), "operations with `gw.operator`", "Which instance of the operator executes it.",
    "`loops-to-schedule`, `bind`", "`check-schedule`, `control`", "as long as the schedule",
)  # fmt: skip
LATENCY = IntegerNote(
    "gw.latency", COUNT, _number(0), "operations of a schedule without `gw.operator`",
    "Cycles from its start to its result.",
    "who writes a schedule by hand", "`check-schedule`, interpreter, `bind`", "until `bind`",
)  # fmt: skip
PORT = IntegerNote(
    "gw.port", "0 or 1 of type i64", _number(0, 1), "memref.load, memref.store of a schedule",
    "The port of a true dual port memory that it uses; all accesses of an array have one, or none.",
    "`loops-to-schedule`", "`check-schedule`, interpreter, `control`", "as long as the schedule",
)  # fmt: skip
REGISTERS = IntegerNote(
    "gw.registers", COUNT, _number(0), "operations of a schedule with a result",
    "The registers that keep the result, one behind the other; 0 if it is read when it appears, or computed again.",
    "`bind`", "`control`", "until `control`",
)  # fmt: skip
MEMORY = MemoryNote(
    "gw.memory", "`#gw.memory<...>`", lambda attribute: isinstance(attribute, MemoryAttr),
    "memref.alloc, memref.alloca, memref.get_global, arguments that are arrays", "The memory that the array is.",
    "`bind`", "`control`", "until `control`",
)  # fmt: skip
LIMIT = TextNote(
    "gw.limit", TEXT, _text, "loopschedule.pipeline", "What keeps the interval from being smaller.",
    "`loops-to-schedule`", "the report", "as long as the schedule",
)  # fmt: skip
ESTIMATE = NumbersNote(
    "gw.estimate", "two numbers of type i64 from 1 on", _two_numbers, "loopschedule.pipeline",
    "The interval and the depth that the planner counts on, where the schedule has others.",
    "`loops-to-schedule`", "the report", "as long as the schedule",
)  # fmt: skip
INTERVAL = IntegerNote(
    "gw.interval", "a number of type i64 from 1 on", _number(1), "func.func of `dataflow` tasks",
    "Cycles from the start of a sample to the earliest start of the next one.",
    "`time-tasks`", "`check-tasks`, hardware, the report", "as long as the schedule",
)  # fmt: skip
CHANNEL = FlagNote(
    "gw.channel", FLAG, _flag, "arguments of a function",
    "The array is a channel between tasks: a memory with a port to write and ports to read.",
    "`outline-tasks`", "`loops-to-schedule`", "as long as the function",
)  # fmt: skip

NOTES = {
    note.name: note
    for note in (
        PORT_NAME, PORT_TYPE, PORT_RESULT, PORT_BANK, LOOP, ASKED, PLAN, ARRAY, ANY, DISTRIBUTED, LANES, PARALLEL,
        SUMS, TRIP_COUNT, ACCESS, TURN, DISTANCES, BYPASSED, OPERATOR, UNIT, LATENCY, PORT, REGISTERS, MEMORY, LIMIT,
        ESTIMATE, INTERVAL, CHANNEL,
    )
}  # fmt: skip
"""All notes by name."""


def _noted(op: Operation) -> Iterator[tuple[str, Attribute, str]]:
    """The notes of an operation, and those of the arguments and results of a function: name, attribute, carrier."""
    yield from ((name, attribute, op.name) for name, attribute in op.attributes.items())
    for kind in ("arg_attrs", "res_attrs"):
        entries: Attribute | None = op.properties.get(kind)
        for position, entry in enumerate(list(entries) if isinstance(entries, ArrayAttr) else []):
            carrier = f"{'argument' if kind == 'arg_attrs' else 'result'} {position} of {op.name}"
            if isinstance(entry, DictionaryAttr):
                yield from ((name, attribute, carrier) for name, attribute in entry.data.items())


def verify_notes(module: ModuleOp) -> None:
    """Raise VerifyException for the first note of a module that does not exist or is malformed."""
    for op in module.walk():
        for name, attribute, carrier in _noted(op):
            if not name.startswith(PREFIX):
                continue
            if name not in NOTES:
                raise VerifyException(f"{name} of {carrier} is no note that anything here sets or reads")
            NOTES[name].verify(attribute, carrier)
        if UNIT.name in op.attributes and OPERATOR.name not in op.attributes:
            raise VerifyException(f"{op.name} has a gw.unit, but no gw.operator of which it would be one")
        if LATENCY.name in op.attributes and OPERATOR.name in op.attributes:
            raise VerifyException(f"{op.name} has a gw.operator, which says its latency, and a gw.latency as well")
