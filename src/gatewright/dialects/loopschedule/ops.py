"""The `loopschedule` dialect: loops and steps whose operations know the cycle in which they start.

`pipeline`, `pipeline.stage`, `register` and `terminator` are CIRCT's, in CIRCT's syntax. `seq_while` and `step` are
those of the RFC that proposed the dialect. The page `docs/dialects/loopschedule.md` gives the meaning of each in time
and lists the numbered invariants. `verifier.py` checks what an operation can see of itself (1 to 8);
`timing.py` checks what depends on several steps (9 and up), once a function, with its last step or loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from xdsl.dialects.builtin import DictionaryAttr, FunctionType, IntegerAttr, IntegerType, Signedness, i1, i64
from xdsl.ir import Attribute, BlockArgument, Dialect, Operation, OpResult, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    eq,
    irdl_op_definition,
    lazy_traits_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsTerminator
from xdsl.utils.exceptions import VerifyException

_OperationT = TypeVar("_OperationT", bound=Operation)
_SI64 = IntegerType(64, Signedness.SIGNED)
_I64 = IntegerAttr.constr(eq(i64))


@irdl_op_definition
class RegisterOp(IRDLOperation):
    """The values that a step, a stage or a condition hands out.

    A value is visible outside its step only through it. It costs no cycle: a value registered by a step is available to
    the steps after it as soon as the operation that computes it has ended.
    """

    name = "loopschedule.register"

    values = var_operand_def()

    traits = lazy_traits_def(lambda: (IsTerminator(), HasParent(StepOp, PipelineStageOp, SeqWhileOp, PipelineOp)))

    assembly_format = "attr-dict ($values^ `:` type($values))?"

    def __init__(self, *values: SSAValue | Operation):
        super().__init__(operands=[values])


@irdl_op_definition
class TerminatorOp(IRDLOperation):
    """The end of a loop's body: the next iteration's arguments and the loop's results if this iteration is the last."""

    name = "loopschedule.terminator"

    iter_args = var_operand_def()
    loop_results = var_operand_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = lazy_traits_def(lambda: (IsTerminator(), HasParent(SeqWhileOp, PipelineOp)))

    def __init__(self, iter_args: Sequence[SSAValue | Operation], loop_results: Sequence[SSAValue | Operation] = ()):
        super().__init__(operands=[iter_args, loop_results])

    @classmethod
    def parse(cls, parser: Parser) -> TerminatorOp:
        parser.parse_keyword("iter_args")
        iter_args = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_unresolved_operand)
        parser.parse_punctuation(",")
        parser.parse_keyword("results")
        results = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_unresolved_operand)
        parser.parse_punctuation(":")
        position = parser.pos
        types = parser.parse_function_type()
        attributes = parser.parse_optional_attr_dict()
        op = cls(
            parser.resolve_operands(iter_args, types.inputs.data, position),
            parser.resolve_operands(results, types.outputs.data, position),
        )
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        for keyword, values in ((" iter_args", self.iter_args), (", results", self.loop_results)):
            printer.print_string(keyword)
            printer.print_operands(values)
        printer.print_string(" : ")
        printer.print_function_type(self.iter_args.types, self.loop_results.types)
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class StepOp(IRDLOperation):
    """A step of a sequence: everything directly in it starts in its first cycle, loads before stores.

    It lasts until every loop and step nested in it has ended, and at least `cycles` cycles. With a condition that is
    false it does nothing and lasts one cycle; its results are then unspecified. Results of operations that take several
    cycles need not be there when the step ends, but before the first step that uses them. With an `overlap` the step
    ends that many cycles before its pipeline has drained, unless that has no iterations.
    """

    name = "loopschedule.step"

    when = opt_operand_def(i1)
    cycles_attr = opt_prop_def(_I64, prop_name="cycles")
    overlap_attr = opt_prop_def(_I64, prop_name="overlap")
    body = region_def("single_block")
    outs = var_result_def()

    def __init__(
        self,
        body: Region | Sequence[Operation],
        result_types: Sequence[Attribute] = (),
        when: SSAValue | Operation | None = None,
        cycles: int = 1,
    ):
        super().__init__(
            operands=[when],
            properties={"cycles": IntegerAttr(cycles, i64)} if cycles != 1 else {},
            regions=[body],
            result_types=[result_types],
        )

    @property
    def overlap(self) -> int:
        """The cycles that the following step shares with the draining of this one's pipeline."""
        return 0 if self.overlap_attr is None else self.overlap_attr.value.data

    @overlap.setter
    def overlap(self, cycles: int) -> None:
        self.overlap_attr = IntegerAttr(cycles, i64) if cycles else None

    @property
    def cycles(self) -> int:
        """The least number of cycles that the step lasts when its condition is true."""
        return 1 if self.cycles_attr is None else self.cycles_attr.value.data

    @property
    def register(self) -> RegisterOp:
        """The register at the end of the step."""
        return _last(self.body, RegisterOp)

    @classmethod
    def parse(cls, parser: Parser) -> StepOp:
        when = parser.parse_operand(i1) if parser.parse_optional_keyword("when") else None
        cycles = parser.parse_integer(allow_boolean=False) if parser.parse_optional_keyword("for") else 1
        overlap = parser.parse_integer(allow_boolean=False) if parser.parse_optional_keyword("overlap") else 0
        body = parser.parse_region()
        types: Sequence[Attribute] = ()
        if parser.parse_optional_punctuation(":"):
            types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        attributes = parser.parse_optional_attr_dict()
        op = cls(body, types, when, cycles)
        op.overlap = overlap
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        if self.when is not None:
            printer.print_string(" when ")
            printer.print_operand(self.when)
        if self.cycles_attr is not None:
            printer.print_string(f" for {self.cycles}")
        if self.overlap:
            printer.print_string(f" overlap {self.overlap}")
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)
        if self.outs:
            printer.print_string(" : ")
            printer.print_list(self.outs.types, printer.print_attribute)
        printer.print_op_attributes(self.attributes)

    def verify_(self) -> None:
        from gatewright.dialects.loopschedule import verifier

        verifier.verify_step(self)


@irdl_op_definition
class SeqWhileOp(IRDLOperation):
    """A loop whose iterations follow one another: an iteration starts when the one before has ended.

    Both regions have the iteration arguments as block arguments. The condition is evaluated combinationally in the
    first cycle of an iteration, which is also the first cycle of the first step of the body. The loop takes the cycles
    of its iterations plus one, in which the condition is false. Result j after a loop without iterations is the initial
    value of iteration argument j.
    """

    name = "loopschedule.seq_while"

    trip_count_attr = opt_prop_def(_I64, prop_name="tripCount")
    iter_args = var_operand_def()
    outs = var_result_def()
    condition = region_def("single_block")
    body = region_def("single_block")

    def __init__(
        self,
        iter_args: Sequence[SSAValue | Operation],
        result_types: Sequence[Attribute],
        condition: Region,
        body: Region,
        trip_count: int | None = None,
    ):
        super().__init__(
            operands=[iter_args],
            properties=_trip_count_property(trip_count),
            result_types=[result_types],
            regions=[condition, body],
        )

    @property
    def trip_count(self) -> int | None:
        """The number of iterations where it is known."""
        return None if self.trip_count_attr is None else self.trip_count_attr.value.data

    @property
    def condition_register(self) -> RegisterOp:
        """The register at the end of the condition, of one i1."""
        return _last(self.condition, RegisterOp)

    @property
    def terminator(self) -> TerminatorOp:
        """The terminator at the end of the body."""
        return _last(self.body, TerminatorOp)

    @classmethod
    def parse(cls, parser: Parser) -> SeqWhileOp:
        header = _LoopHeader.parse(parser)
        op = cls(header.iter_args, header.result_types, header.condition, header.body, header.trip_count)
        op.attributes.update(header.attributes)
        return op

    def print(self, printer: Printer) -> None:
        _print_loop(printer, self)

    def verify_(self) -> None:
        from gatewright.dialects.loopschedule import verifier

        verifier.verify_seq_while(self)


@irdl_op_definition
class PipelineOp(IRDLOperation):
    """A loop that starts an iteration every `interval` cycles, whether or not the ones before have ended.

    The condition is evaluated when an iteration is about to start. A pipeline of n > 0 iterations takes
    (n - 1) * interval + depth cycles, where depth is one more than the start of its last stage; one of none takes one.
    """

    name = "loopschedule.pipeline"

    interval_attr = prop_def(_I64, prop_name="II")
    trip_count_attr = opt_prop_def(_I64, prop_name="tripCount")
    iter_args = var_operand_def()
    outs = var_result_def()
    condition = region_def("single_block")
    body = region_def("single_block")

    def __init__(
        self,
        interval: int,
        iter_args: Sequence[SSAValue | Operation],
        result_types: Sequence[Attribute],
        condition: Region,
        body: Region,
        trip_count: int | None = None,
    ):
        super().__init__(
            operands=[iter_args],
            properties={"II": IntegerAttr(interval, i64), **_trip_count_property(trip_count)},
            result_types=[result_types],
            regions=[condition, body],
        )

    @property
    def interval(self) -> int:
        """Cycles between the starts of two iterations."""
        return self.interval_attr.value.data

    @property
    def trip_count(self) -> int | None:
        """The number of iterations where it is known."""
        return None if self.trip_count_attr is None else self.trip_count_attr.value.data

    @property
    def condition_register(self) -> RegisterOp:
        """The register at the end of the condition, of one i1."""
        return _last(self.condition, RegisterOp)

    @property
    def terminator(self) -> TerminatorOp:
        """The terminator at the end of the stages."""
        return _last(self.body, TerminatorOp)

    @property
    def stages(self) -> list[PipelineStageOp]:
        """The stages in the order of their starts."""
        return [op for op in self.body.block.ops if isinstance(op, PipelineStageOp)]

    @property
    def depth(self) -> int:
        """Cycles that one iteration takes."""
        return self.stages[-1].start + 1

    @classmethod
    def parse(cls, parser: Parser) -> PipelineOp:
        parser.parse_keyword("II")
        parser.parse_punctuation("=")
        interval = parser.parse_integer(allow_boolean=False)
        header = _LoopHeader.parse(parser)
        op = cls(interval, header.iter_args, header.result_types, header.condition, header.body, header.trip_count)
        op.attributes.update(header.attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" II = {self.interval}")
        _print_loop(printer, self)

    def verify_(self) -> None:
        from gatewright.dialects.loopschedule import verifier

        verifier.verify_pipeline(self)


@irdl_op_definition
class PipelineStageOp(IRDLOperation):
    """Operations that start together, `start` cycles into an iteration of a pipeline."""

    name = "loopschedule.pipeline.stage"

    start_attr = prop_def(IntegerAttr.constr(eq(_SI64)), prop_name="start")
    when = opt_operand_def(i1)
    body = region_def("single_block")
    outs = var_result_def()

    traits = traits_def(HasParent(PipelineOp))

    def __init__(
        self,
        start: int,
        body: Region | Sequence[Operation],
        result_types: Sequence[Attribute] = (),
        when: SSAValue | Operation | None = None,
    ):
        super().__init__(
            operands=[when],
            properties={"start": IntegerAttr(start, _SI64)},
            regions=[body],
            result_types=[result_types],
        )

    @property
    def start(self) -> int:
        """The cycle, relative to its iteration, in which the operations start."""
        return self.start_attr.value.data

    @property
    def register(self) -> RegisterOp:
        """The register at the end of the stage."""
        return _last(self.body, RegisterOp)

    @classmethod
    def parse(cls, parser: Parser) -> PipelineStageOp:
        parser.parse_keyword("start")
        parser.parse_punctuation("=")
        start = parser.parse_integer(allow_boolean=False)
        when = parser.parse_operand(i1) if parser.parse_optional_keyword("when") else None
        body = parser.parse_region()
        types: Sequence[Attribute] = ()
        if parser.parse_optional_punctuation(":"):
            types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        attributes = parser.parse_optional_attr_dict()
        op = cls(start, body, types, when)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" start = {self.start}")
        if self.when is not None:
            printer.print_string(" when ")
            printer.print_operand(self.when)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)
        if self.outs:
            printer.print_string(" : ")
            printer.print_list(self.outs.types, printer.print_attribute)
        printer.print_op_attributes(self.attributes)

    def verify_(self) -> None:
        from gatewright.dialects.loopschedule import verifier

        verifier.verify_stage(self)


LoopOp: TypeAlias = SeqWhileOp | PipelineOp
"""The two kinds of loop."""


class _LoopHeader:
    """What the two kinds of loop have in common in text: from the trip count to the end of the body."""

    def __init__(self, types: FunctionType):
        self.trip_count: int | None = None
        self.iter_args: Sequence[SSAValue] = ()
        self.result_types = types.outputs.data
        self.attributes: dict[str, Attribute] = {}
        self.condition = Region()
        self.body = Region()

    @classmethod
    def parse(cls, parser: Parser) -> _LoopHeader:
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


def _print_loop(printer: Printer, loop: LoopOp) -> None:
    if loop.trip_count is not None:
        printer.print_string(f" trip_count = {loop.trip_count}")
    printer.print_string(" iter_args(")
    names = printer._ssa_values  # pyright: ignore[reportPrivateUsage]
    arguments = zip(loop.condition.block.args, loop.body.block.args, loop.iter_args, strict=True)
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
    printer.print_function_type(loop.iter_args.types, loop.outs.types)
    if loop.attributes:
        printer.print_string(" attributes ")
        printer.print_attribute(DictionaryAttr(loop.attributes))
    printer.print_string(" ")
    printer.print_region(loop.condition, print_entry_block_args=False)
    printer.print_string(" do ")
    printer.print_region(loop.body, print_entry_block_args=False)


def _trip_count_property(trip_count: int | None) -> dict[str, Attribute]:
    return {} if trip_count is None else {"tripCount": IntegerAttr(trip_count, i64)}


def _last(region: Region, kind: type[_OperationT]) -> _OperationT:
    last = region.block.last_op
    assert isinstance(last, kind), f"a region of loopschedule ends in {kind.name}"
    return last


def latency_of(op: Operation) -> int:
    """Cycles from the start of an operation to its result: `gw.latency`, else 1 for a load and 0 for the rest."""
    if isinstance(stated := op.attributes.get("gw.latency"), IntegerAttr):
        return stated.value.data
    return 1 if op.name == "memref.load" else 0


def port_of(op: Operation) -> str:
    """The port of its array that a load or store uses: of a true dual port memory the one that `gw.port` names."""
    if isinstance(stated := op.attributes.get("gw.port"), IntegerAttr):
        return f"port {stated.value.data}"
    return "read port" if op.name == "memref.load" else "write port"


def minimal_cycles(op: StepOp | LoopOp) -> int:
    """The least number of cycles that a step or loop of a sequence lasts, whatever the data."""
    return cycles_when_active(op) if isinstance(op, StepOp) and op.when is None else 1


def cycles_when_active(step: StepOp) -> int:
    """The least number of cycles that a step lasts if its condition is true."""
    nested = [minimal_cycles(op) for op in step.body.block.ops if isinstance(op, StepOp | LoopOp)]
    return max([step.cycles, *nested])


def available_cycle(value: SSAValue) -> int:
    """The first cycle, relative to its iteration, in which a value registered by a pipeline's stage can be used."""
    assert isinstance(value, OpResult) and isinstance(stage := value.op, PipelineStageOp)
    registered = stage.register.values[value.index]
    computed_here = isinstance(registered, OpResult) and registered.op.parent is stage.body.block
    latency = latency_of(registered.op) if isinstance(registered, OpResult) and computed_here else 0
    return stage.start + max(1, latency)


def handed_over(pipeline: PipelineOp, position: int) -> list[int]:
    """The iteration arguments that become one of a pipeline, iteration after iteration, the last one by a stage.

    The argument in `position` of an iteration is, `len(...)` iterations earlier, what a stage registers for the last of
    them; between, each is handed on as the one before it in the list. Endless, so an error, if no stage ever does.
    """
    found = [position]
    while isinstance(value := pipeline.terminator.iter_args[found[-1]], BlockArgument):
        if value.index in found:
            raise VerifyException(
                f"iteration argument {value.index} of loopschedule.pipeline is what iterations before it were given, "
                "and no stage registers it"
            )
        found.append(value.index)
    return found


def available_to_next(pipeline: PipelineOp, position: int) -> int:
    """The first cycle of an iteration in which it can use an iteration argument; negative if that is earlier."""
    path = handed_over(pipeline, position)
    return available_cycle(pipeline.terminator.iter_args[path[-1]]) - len(path) * pipeline.interval


def result_cycle(pipeline: PipelineOp, position: int) -> int:
    """The first cycle of the last iteration in which a result of a pipeline is there, before it is registered."""
    value = pipeline.terminator.loop_results[position]
    return (
        max(0, available_to_next(pipeline, value.index)) if isinstance(value, BlockArgument) else available_cycle(value)
    )


def condition_cycle(pipeline: PipelineOp) -> int:
    """The cycle, relative to an iteration of a pipeline, in which it is known whether the iteration takes place.

    More than 0 if the condition reads an argument that the iteration before provides only after this one has started,
    which makes the cycles before speculation.
    """
    read = [argument.index for argument in pipeline.condition.block.args if argument.first_use is not None]
    return max([0, *(available_to_next(pipeline, index) for index in read)])


LoopSchedule = Dialect("loopschedule", [PipelineOp, PipelineStageOp, RegisterOp, SeqWhileOp, StepOp, TerminatorOp], [])
