"""The `loopschedule` dialect: loops and steps whose operations know the cycle in which they start.

`pipeline`, `pipeline.stage`, `register` and `terminator` are CIRCT's, in CIRCT's syntax. `seq_while` and `step` are
those of the RFC that proposed the dialect. The page `docs/dialects/loopschedule.md` gives the meaning of each in time
and lists the numbered invariants. An operation verifies what it can see of itself (1 to 8, and 20 of its step); what
depends on several steps is for a check of the whole function (`machine/check.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias, TypeVar

from xdsl.dialects.builtin import IntegerAttr, IntegerType, Signedness, i1, i64
from xdsl.dialects.func import CallOp
from xdsl.ir import Attribute, BlockArgument, Dialect, Operation, Region, SSAValue
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
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsTerminator
from xdsl.utils.exceptions import VerifyException

from gatewright.dialects.loopschedule.syntax import LoopHeader, parse_body, print_body, print_loop
from gatewright.dialects.notes import LATENCY, OPERATOR

_OperationT = TypeVar("_OperationT", bound=Operation)
_ACCESSES = ("memref.load", "memref.store")
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
        body, types, attributes = parse_body(parser)
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
        print_body(printer, self)

    def verify_(self) -> None:
        _verify_step(self)


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
        header = LoopHeader.parse(parser)
        op = cls(header.iter_args, header.result_types, header.condition, header.body, header.trip_count)
        op.attributes.update(header.attributes)
        return op

    def print(self, printer: Printer) -> None:
        print_loop(printer, self, self.trip_count)

    def verify_(self) -> None:
        _verify_seq_while(self)


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
        header = LoopHeader.parse(parser)
        op = cls(interval, header.iter_args, header.result_types, header.condition, header.body, header.trip_count)
        op.attributes.update(header.attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" II = {self.interval}")
        print_loop(printer, self, self.trip_count)

    def verify_(self) -> None:
        _verify_pipeline(self)


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
        body, types, attributes = parse_body(parser)
        op = cls(start, body, types, when)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" start = {self.start}")
        if self.when is not None:
            printer.print_string(" when ")
            printer.print_operand(self.when)
        print_body(printer, self)

    def verify_(self) -> None:
        _verify_stage(self)


LoopOp: TypeAlias = SeqWhileOp | PipelineOp
"""The two kinds of loop."""


def _trip_count_property(trip_count: int | None) -> dict[str, Attribute]:
    return {} if trip_count is None else {"tripCount": IntegerAttr(trip_count, i64)}


def _last(region: Region, kind: type[_OperationT]) -> _OperationT:
    last = region.block.last_op
    assert isinstance(last, kind), f"a region of loopschedule ends in {kind.name}"
    return last


def latency_of(op: Operation) -> int:
    """Cycles from the start of an operation to its result: those noted, else 1 for a load and 0 for the rest."""
    if (operator := OPERATOR.value(op)) is not None:
        return operator.latency.data
    if (stated := LATENCY.value(op)) is not None:
        return stated
    return 1 if op.name == "memref.load" else 0


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


def _is_arithmetic(op: Operation) -> bool:
    """Whether an operation computes results from its operands and does nothing else."""
    return op.name.startswith(("arith.", "gw.", "math.")) and not op.regions


def _verify_step(step: StepOp) -> None:
    """Check invariants 1 to 3 of a step."""
    if step.cycles < 1:
        raise VerifyException(f"loopschedule.step lasts {step.cycles} cycles, a step takes at least 1")
    _verify_register(step)
    for op in step.body.block.ops:
        if not (isinstance(op, StepOp | LoopOp | RegisterOp | CallOp) or op.name in _ACCESSES or _is_arithmetic(op)):
            raise VerifyException(
                f"{op.name} cannot start in a cycle: "
                "a loopschedule.step holds arithmetic, loads, stores, steps and loops, or a call"
            )
    _verify_call(step)


def _verify_stage(stage: PipelineStageOp) -> None:
    """Check invariants 1 to 3 of a stage."""
    if stage.start < 0:
        raise VerifyException(f"loopschedule.pipeline.stage starts in cycle {stage.start}, a start is not negative")
    _verify_register(stage)
    for op in stage.body.block.ops:
        if isinstance(op, StepOp):
            _verify_predicate(op, stage)
        elif not (isinstance(op, RegisterOp) or op.name in _ACCESSES or _is_arithmetic(op)):
            raise VerifyException(
                f"{op.name} cannot start in cycle {stage.start}: "
                "a loopschedule.pipeline.stage holds arithmetic, loads and stores"
            )


def _verify_predicate(step: StepOp, stage: PipelineStageOp) -> None:
    """Check that a step in a stage is the predicate of stores."""
    stores = all(isinstance(op, RegisterOp) or op.name == "memref.store" for op in step.body.block.ops)
    if step.when is None or step.cycles != 1 or step.overlap or step.outs or not stores:
        raise VerifyException(
            f"loopschedule.step cannot start in cycle {stage.start}: "
            "in a loopschedule.pipeline.stage it has a condition and holds nothing but stores"
        )


def _verify_seq_while(loop: SeqWhileOp) -> None:
    """Check invariants 1 and 4 to 8 of a `seq_while`."""
    _verify_loop(loop)
    for position, (result, argument) in enumerate(zip(loop.outs.types, loop.iter_args.types, strict=False)):
        if result != argument:
            raise VerifyException(
                f"result {position} of loopschedule.seq_while is {result}, its iteration argument {position} "
                f"is {argument}: after no iteration the one is the initial value of the other"
            )
    if len(loop.outs) > len(loop.iter_args):
        raise VerifyException(
            f"result {len(loop.iter_args)} of loopschedule.seq_while has no iteration argument of its number, "
            "whose initial value it would be after no iteration"
        )
    timed = False
    for op in loop.body.block.ops:
        if isinstance(op, StepOp | LoopOp):
            timed = True
        elif not (isinstance(op, TerminatorOp) or op.name == "arith.constant"):
            raise VerifyException(
                f"{op.name} is in no step: the body of loopschedule.seq_while holds steps, loops and constants"
            )
    if not timed:
        raise VerifyException(
            "the body of loopschedule.seq_while has no step: an iteration takes at least 1 cycle, this one takes 0"
        )


def _verify_pipeline(pipeline: PipelineOp) -> None:
    """Check invariants 1, 4 to 6 and 8 of a pipeline."""
    if pipeline.interval < 1:
        raise VerifyException(f"loopschedule.pipeline has II = {pipeline.interval}, an interval is at least 1 cycle")
    _verify_loop(pipeline)
    previous: int | None = None
    for op in pipeline.body.block.ops:
        if isinstance(op, PipelineStageOp):
            if previous is not None and op.start <= previous:
                raise VerifyException(
                    f"loopschedule.pipeline.stage starts in cycle {op.start}, "
                    f"which is not after cycle {previous} of the stage before it"
                )
            previous = op.start
        elif not isinstance(op, TerminatorOp):
            raise VerifyException(f"{op.name} is in no stage: the body of loopschedule.pipeline holds stages only")
    if previous is None:
        raise VerifyException(
            "the body of loopschedule.pipeline has no stage: an iteration takes at least 1 cycle, this one takes 0"
        )
    for value in pipeline.terminator.operands:
        if not isinstance(value.owner, PipelineStageOp) and value.owner is not pipeline.body.block:
            raise VerifyException("loopschedule.terminator of a pipeline takes a value that no stage registers")
    for position in range(len(pipeline.iter_args)):
        handed_over(pipeline, position)


def _verify_register(step: StepOp | PipelineStageOp) -> None:
    register = step.body.block.last_op
    if not isinstance(register, RegisterOp):
        raise VerifyException(f"{step.name} ends in {_name(register)}, not in loopschedule.register")
    if register.values.types != step.outs.types:
        raise VerifyException(
            f"loopschedule.register holds {_types(register.values.types)}, "
            f"the results of its {step.name} are {_types(step.outs.types)}"
        )


def _verify_loop(loop: LoopOp) -> None:
    if loop.trip_count is not None and loop.trip_count < 0:
        raise VerifyException(f"{loop.name} has trip_count = {loop.trip_count}, a count is not negative")
    _verify_condition(loop)
    for region, which in ((loop.condition, "condition"), (loop.body, "body")):
        if region.block.arg_types != loop.iter_args.types:
            raise VerifyException(
                f"the {which} of {loop.name} takes {_types(region.block.arg_types)}, "
                f"its iteration arguments are {_types(loop.iter_args.types)}"
            )
    terminator = loop.body.block.last_op
    if not isinstance(terminator, TerminatorOp):
        raise VerifyException(f"the body of {loop.name} ends in {_name(terminator)}, not in loopschedule.terminator")
    for what, given, expected in (
        ("iteration arguments", terminator.iter_args.types, loop.iter_args.types),
        ("results", terminator.loop_results.types, loop.outs.types),
    ):
        if given != expected:
            raise VerifyException(
                f"loopschedule.terminator passes {what} {_types(given)}, "
                f"those of its {loop.name} are {_types(expected)}"
            )


def _verify_condition(loop: LoopOp) -> None:
    for op in loop.condition.block.ops:
        if isinstance(op, RegisterOp):
            continue
        if not _is_arithmetic(op):
            raise VerifyException(
                f"{op.name} is in the condition of {loop.name}, "
                "which is evaluated combinationally in the first cycle of an iteration"
            )
        if latency := latency_of(op):
            raise VerifyException(
                f"{op.name} has its result in cycle {latency}, but is in the condition of {loop.name}, "
                "which is evaluated combinationally in cycle 0 of an iteration"
            )
    register = loop.condition.block.last_op
    if not isinstance(register, RegisterOp):
        raise VerifyException(f"the condition of {loop.name} ends in {_name(register)}, not in loopschedule.register")
    if tuple(register.values.types) != (i1,):
        raise VerifyException(f"the condition of {loop.name} registers {_types(register.values.types)}, not one i1")


def _name(op: Operation | None) -> str:
    return "nothing" if op is None else op.name


def _types(types: Iterable[Attribute]) -> str:
    return f"({', '.join(map(str, types))})"


def _verify_call(step: StepOp) -> None:
    """Check what invariant 20 says of the step of a call, if there is one in it."""
    calls = [op for op in step.body.block.ops if isinstance(op, CallOp)]
    if not calls:
        return
    alone = all(isinstance(op, CallOp | RegisterOp) for op in step.body.block.ops)
    if len(calls) > 1 or not alone or step.when is not None or step.cycles != 1 or step.overlap:
        raise VerifyException("a loopschedule.step with a func.call has no condition and holds nothing else")
    if isinstance(step.parent_op(), StepOp):
        raise VerifyException("a loopschedule.step with a func.call is in no other step")


LoopSchedule = Dialect("loopschedule", [PipelineOp, PipelineStageOp, RegisterOp, SeqWhileOp, StepOp, TerminatorOp], [])
