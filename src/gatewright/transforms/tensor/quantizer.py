"""The walk over a float function that builds its fixed-point twin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects import arith, func, tensor
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FunctionType,
    IntegerType,
    LocationAttr,
    TensorType,
    UnknownLoc,
)
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.rewriter import InsertPoint

from gatewright.errors import UnsupportedError
from gatewright.ir.location import operation_name, source_location
from gatewright.numbers.types import Fixed
from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.constant_tensors import ConstantTensors
from gatewright.transforms.tensor.elements import array_of
from gatewright.transforms.tensor.evaluate import Evaluation
from gatewright.transforms.tensor.exact import Exact, limits
from gatewright.transforms.tensor.expression import Constant, Expression, Gather, Input, ScaledValue, parts, substitute
from gatewright.transforms.tensor.generic_builder import GenericBuilder, compact
from gatewright.transforms.tensor.reduction import emit_reduction, read_reduction
from gatewright.transforms.tensor.single_precision_fallback import MOST_BITS, FloatDetour, computations, is_possible
from gatewright.transforms.tensor.states import (
    Elementwise,
    Empty,
    Reduction,
    State,
    Stored,
    gathered,
    slices,
    static_shape,
    tensor_axes,
)


class Quantizer:
    """Replaces the body of a function of floats by one of integers, one operation after the other."""

    def __init__(
        self,
        function: func.FuncOp,
        format_: Fixed,
        formats: Mapping[SSAValue, Fixed] | None = None,
        by_channel: bool = False,
        count: bool = False,
    ):
        """`formats` are those of tensors of the function whose format is not `format_`. The constants that an operation
        reads are as wide as its result; with `by_channel` weights have a binary point for each channel; with `count`
        there are tensors that tell what saturates."""
        self.function, self.format, self.by_channel = function, format_, by_channel
        self.formats = formats or {}
        self.width = format_.bits
        self.saturated: list[tuple[SSAValue, SSAValue]] | None = [] if count else None
        """For tensors of the function those that tell which of their elements saturate."""
        self.states: dict[SSAValue, State] = {}
        self.builder = Builder(InsertPoint.at_start(function.body.block))
        self.constants = ConstantTensors(function.body.block)
        self.location: LocationAttr = UnknownLoc()

    def run(self) -> None:
        """Rewrite the function in place, its type included."""
        block = self.function.body.block
        old, arguments = list(block.ops), list(block.args)
        for argument in arguments:
            format_ = self.format_of(argument)
            raw = block.insert_arg(storage(generic.shape_of(argument.type), format_.bits), len(block.args))
            raw.name_hint, raw.location = argument.name_hint, argument.location
            self.states[argument] = Stored(raw, format_.fraction, *limits(format_.bits))
        for op in old:
            self.builder = Builder(InsertPoint.before(op))
            self.location = op.location
            self.width = self.format_of(op.results[0]).bits if op.results else self.format.bits
            self._visit(op)
        for op in reversed(old):
            op.detach()
            op.erase(safe_erase=False)
        for argument in arguments:
            block.erase_arg(argument)
        last = block.last_op
        assert isinstance(last, func.ReturnOp)
        self.function.function_type = FunctionType.from_lists(list(block.arg_types), list(last.operand_types))

    def format_of(self, value: SSAValue) -> Fixed:
        """The format in which a tensor of the function is stored."""
        return self.formats.get(value, self.format)

    def insert(self, op: Operation) -> SSAValue:
        """Put an operation before the one that is being visited; its first result."""
        op.location = self.location
        self.builder.insert(op)
        return op.results[0]

    def stage(self, extents: Sequence[int], reduction: Sequence[bool] | None = None) -> GenericBuilder:
        """A new operation to build, by default elementwise."""
        kinds = [False] * len(extents) if reduction is None else reduction
        return GenericBuilder(extents, kinds, self.location, self.constant_tensor, self.width)

    def constant_tensor(self, array: np.ndarray, width: int) -> SSAValue:
        """A constant tensor of integers at the head of the function; one for all users of the same contents."""
        return self.constants(array, width, self.location)

    def _visit(self, op: Operation) -> None:
        match op:
            case func.ReturnOp():
                last = func.ReturnOp(*[self._in_format(self.stored(v), v).value for v in op.operands])
                last.location = op.location
                self.builder.insert(last)
            case arith.ConstantOp(value=DenseIntOrFPElementsAttr() as contents):
                self.states[op.result] = Constant(array_of(contents))
            case tensor.EmptyOp():
                self.states[op.tensor] = Empty(static_shape(op, op.tensor))
            case GenericOp():
                self._visit_generic(op)
            case tensor.PadOp():
                self._visit_pad(op)
            case tensor.ExpandShapeOp() | tensor.CollapseShapeOp() | tensor.CastOp():
                self._visit_view(op, lambda array: array.reshape(static_shape(op, op.results[0])))
            case tensor.ExtractSliceOp():
                self._visit_view(op, lambda array: array[slices(op)])
            case tensor.ConcatOp() | tensor.InsertSliceOp():
                self._keep(op, [self.stored(operand) for operand in op.operands])
            case _ if not any(isinstance(value.type, TensorType) for value in [*op.results, *op.operands]):
                self._visit_scalar(op)
            case _:
                raise UnsupportedError(
                    f"{operation_name(op)} has no fixed-point hardware",
                    where=source_location(op),
                    why="operations on whole tensors are sums of products, elementwise ones, padding, slicing, joining "
                    "and reshaping",
                )

    def _visit_scalar(self, op: Operation) -> None:
        """An operation outside any tensor operation: on constants only."""
        evaluation = Evaluation((), self._known())
        evaluation.run([op])
        for result in op.results:
            value = evaluation[result]
            assert isinstance(value, Constant)
            self.states[result] = value

    def _known(self) -> dict[SSAValue, Expression]:
        return {value: state for value, state in self.states.items() if isinstance(state, Constant)}

    # Tensors that keep their elements.

    def _visit_view(self, op: Operation, of_array: Callable[[np.ndarray], np.ndarray]) -> None:
        if op.operands[1:]:
            raise generic.dynamic_shape(op)
        state = self.states[op.operands[0]]
        if isinstance(state, Constant):
            self.states[op.results[0]] = Constant(of_array(state.array))
        elif isinstance(state, Empty):
            self.states[op.results[0]] = Empty(static_shape(op, op.results[0]))
        else:
            self._keep(op, [self.stored(op.operands[0])])

    def _keep(self, op: Operation, operands: Sequence[Stored]) -> None:
        """The same operation on raw integers, which get one format where they have several."""
        if len({(operand.fraction, operand.width) for operand in operands}) > 1:
            operands = [self._in_format(operand, op.results[0]) for operand in operands]
        copy = type(op).create(
            operands=[operand.value for operand in operands],
            result_types=[storage(static_shape(op, op.results[0]), operands[0].width)],
            properties=op.properties.copy(),
            attributes=op.attributes.copy(),
        )
        low, high = min(operand.low for operand in operands), max(operand.high for operand in operands)
        self.states[op.results[0]] = Stored(self.insert(copy), operands[0].fraction, low, high)

    def _visit_pad(self, op: tensor.PadOp) -> None:
        if op.low or op.high:
            raise generic.dynamic_shape(op)
        yielded = op.region.block.last_op
        assert yielded is not None
        evaluation = Evaluation((), self._known())
        evaluation.run(list(op.region.block.ops)[:-1])
        value = evaluation[yielded.operands[0]]
        assert isinstance(value, Constant), "padding that is not a constant"
        state = self.states[op.source]
        if isinstance(state, Constant):
            margins = list(zip(op.static_low.get_values(), op.static_high.get_values(), strict=True))
            self.states[op.result] = Constant(np.pad(state.array, margins, constant_values=value.array.item()))
            return
        stored = self.stored(op.source)
        raw = int(raw_of(value.array, Fixed(stored.width, stored.fraction)))
        fill = arith.ConstantOp.from_int_and_width(raw, stored.width)
        self.insert(fill)
        last = tensor.YieldOp(fill.result)
        last.location = self.location
        block = Block([last], arg_types=list(op.region.block.arg_types))
        type_ = storage(static_shape(op, op.result), stored.width)
        padded = tensor.PadOp(stored.value, [], [], Region(block), op.static_low, op.static_high, type_)
        low, high = min(stored.low, raw), max(stored.high, raw)
        self.states[op.result] = Stored(self.insert(padded), stored.fraction, low, high)

    # Operations that compute.

    def _visit_generic(self, op: GenericOp) -> None:
        if not generic.is_parallel(op):
            reduction = read_reduction(op, self.evaluation(op), self.states.__getitem__)
            result = op.results[reduction.position]
            goes_on = self._goes_on(result)
            self.states[result] = reduction if goes_on else self._in_format(emit_reduction(self, reduction), result)
            return
        extents = generic.extents_of(op)
        evaluation = self.evaluation(op)
        try:
            evaluation.run(list(generic.body_of(op).ops)[:-1])
        except UnsupportedError as error:
            known = self._constants_of(op)
            if not is_possible(op, known):
                raise
            if any(self.format_of(result).bits > MOST_BITS for result in op.results):
                error.remedy = f"a format of at most {MOST_BITS} bits: it is computed in single precision then"
                raise
            for position, result in enumerate(op.results):
                self.states[result] = self._detour(op, position, known)
            return
        for position, (result, value) in enumerate(zip(op.results, generic.yielded(op), strict=True)):
            expression = evaluation[value]
            if isinstance(expression, Constant):
                shape = static_shape(op, result)
                array = tensor_axes(expression.array, generic.output_map(op, position), len(shape))
                self.states[result] = Constant(np.broadcast_to(array, shape))
            elif _starts_a_reduction(result):
                self.states[result] = Elementwise(op, expression)
            else:
                self.states[result] = self._store(op, expression, position, extents)

    def _goes_on(self, result: SSAValue) -> bool:
        """True if one elementwise operation alone uses a reduction, each element once, before anything is stored."""
        uses = list(result.uses)
        if len(uses) != 1 or not isinstance(consumer := uses[0].operation, GenericOp):
            return False
        if not generic.is_parallel(consumer) or uses[0].index >= len(consumer.inputs) or len(consumer.results) != 1:
            return False
        return generic.is_identity_like(generic.maps_of(consumer)[uses[0].index], generic.extents_of(consumer))

    def evaluation(self, op: GenericOp) -> Evaluation:
        """The expressions of the block arguments of an operation and of the constants around it."""
        extents = generic.extents_of(op)
        evaluation = Evaluation(extents, self._known())
        for argument, operand, map_ in zip(generic.body_of(op).args, op.operands, generic.maps_of(op), strict=True):
            state = self.states[operand]
            if isinstance(state, Constant):
                evaluation.known[argument] = Constant(gathered(state.array, map_, extents))
            else:
                evaluation.known[argument] = Input(argument)
        return evaluation

    def leaf(self, stage: GenericBuilder, op: GenericOp) -> Callable[[Expression], Exact]:
        """The inputs of an expression over the loops of `op`, read by `stage`, which has the same loops."""

        def read(of: Expression) -> Exact:
            if isinstance(of, Gather):
                source = self.stored(of.source)
                return Exact(stage.gathered(source.value, of.positions), source.fraction, source.low, source.high)
            assert isinstance(of, Input)
            position = generic.body_of(op).args.index(of.argument)
            return read_stored(stage, self.exact(op.operands[position]), generic.maps_of(op)[position])

        return read

    def _store(self, op: GenericOp, expression: Expression, position: int, extents: Sequence[int]) -> Stored:
        """Compute an elementwise operation, and round once."""
        expression = self._absorbed(op, expression)
        stage = self.stage(extents)
        format_ = self.format_of(op.results[position])
        exact = stage.arithmetic.to_format(stage.compute(expression, self.leaf(stage, op)), format_)
        assert exact.value is not None
        written, shape = generic.output_map(op, position), static_shape(op, op.results[position])
        value = stage.finish(self.builder, exact.value, written, shape)
        if self.saturated is not None:
            stage = self.stage(extents)
            beyond = stage.arithmetic.beyond(stage.compute(expression, self.leaf(stage, op)), format_)
            self._count(op.results[position], stage, beyond, written)
        return Stored(value, format_.fraction, exact.low, exact.high)

    def _constants_of(self, op: GenericOp) -> dict[SSAValue, Constant]:
        """What is constant of the values that a body reads or computes."""
        evaluation = self.evaluation(op)
        for inner in computations(op):
            if all(isinstance(evaluation.of(operand), Constant) for operand in inner.operands):
                evaluation.run([inner])
        return {value: found for value, found in evaluation.known.items() if isinstance(found, Constant)}

    def _detour(self, op: GenericOp, position: int, known: Mapping[SSAValue, Constant]) -> Stored:
        """Compute an elementwise operation in single precision, and round to the format."""
        result, written = op.results[position], generic.output_map(op, position)
        stage, raw, _ = self._in_singles(op, position, known)
        value = stage.finish(self.builder, raw, written, static_shape(op, result))
        if self.saturated is not None:
            stage, _, beyond = self._in_singles(op, position, known)
            self._count(result, stage, beyond, written)
        format_ = self.format_of(result)
        return Stored(value, format_.fraction, *limits(format_.bits))

    def _in_singles(
        self, op: GenericOp, position: int, known: Mapping[SSAValue, Constant]
    ) -> tuple[GenericBuilder, SSAValue, SSAValue]:
        """An operation in single precision under construction, a result in its format, and whether that saturates."""
        stage = self.stage(generic.extents_of(op))
        detour = FloatDetour(op, stage, lambda array: self.constants.singles(array, self.location))
        for argument, operand, map_ in zip(generic.body_of(op).args, op.inputs, generic.maps_of(op), strict=False):
            if argument.first_use is not None and argument not in known:
                detour.give(argument, read_stored(stage, self.exact(operand), map_))
        last = generic.body_of(op).last_op
        assert last is not None
        needed = {operand for inner in [*computations(op), last] for operand in inner.operands if operand in known}
        for value in [value for value in known if value in needed]:
            detour.give_constant(value, compact(known[value].array))
        return stage, *detour.result(position, self.format_of(op.results[position]))

    def _count(self, value: SSAValue, stage: GenericBuilder, beyond: SSAValue | None, written: AffineMap) -> None:
        """Keep which elements of a tensor saturate, if any can."""
        if self.saturated is not None and beyond is not None:
            made = stage.finish(self.builder, beyond, written, generic.shape_of(value.type))
            self.saturated.append((value, made))

    def _absorbed(self, op: GenericOp, expression: Expression) -> Expression:
        """The expression without the constants that the reductions it goes on from can take over."""
        for position, argument in enumerate(generic.body_of(op).args):
            operand = op.operands[position]
            state = self.states[operand]
            if not isinstance(state, Reduction):
                continue
            users = [node for node in nodes(expression) if any(_reads(part, argument) for part in parts(node))]
            if len(users) == 1 and isinstance(user := users[0], ScaledValue):
                absorbed = state.absorb(user.scale, user.offset, generic.maps_of(op)[position])
                if absorbed is not None:
                    self.states[operand] = absorbed
                    expression = substitute(expression, user, user.of)
        return expression

    def exact(self, value: SSAValue) -> Stored:
        """A tensor as integers, before rounding if it is a reduction that goes on."""
        state = self.states[value]
        if isinstance(state, Reduction):
            outer = self.location, self.width
            self.location, self.width = state.op.location, self.format_of(value).bits
            state = self.states[value] = emit_reduction(self, state)
            self.location, self.width = outer
        return state if isinstance(state, Stored) else self.stored(value)

    def stored(self, value: SSAValue) -> Stored:
        """A tensor in the format."""
        state = self.states[value]
        if isinstance(state, (Constant, Empty)):
            array = state.array if isinstance(state, Constant) else np.zeros((1,) * len(state.shape))
            shape = generic.shape_of(value.type)
            state = self.states[value] = self._constant(np.broadcast_to(array, shape), self.format_of(value))
        assert isinstance(state, Stored), "a tensor that is not stored was read as one"
        return state

    def _constant(self, array: np.ndarray, format_: Fixed) -> Stored:
        raw = raw_of(array, format_)
        low, high = int(raw.min()), int(raw.max())
        if low < high:
            value = self.constant_tensor(raw, format_.bits)
        else:
            stage = self.stage(array.shape)
            fill = stage.arithmetic.constant(low, format_.bits)
            value = stage.finish(self.builder, fill, generic.identity(array.ndim), array.shape)
        return Stored(value, format_.fraction, low, high)

    def _in_format(self, number: Stored, of: SSAValue) -> Stored:
        """A tensor of exact numbers in the format of a tensor of the function."""
        type_, format_ = number.value.type, self.format_of(of)
        assert isinstance(type_, TensorType)
        if number.fraction == format_.fraction and number.width == format_.bits and number.places is None:
            return number
        shape = tuple(type_.get_shape())
        stage, map_ = self.stage(shape), generic.identity(len(shape))
        exact = stage.arithmetic.to_format(read_stored(stage, number, map_), format_)
        assert exact.value is not None
        value = stage.finish(self.builder, exact.value, map_, shape)
        if self.saturated is not None and shape == generic.shape_of(of.type):
            stage = self.stage(shape)
            self._count(of, stage, stage.arithmetic.beyond(read_stored(stage, number, map_), format_), map_)
        return Stored(value, format_.fraction, exact.low, exact.high)


def storage(shape: Sequence[int], bits: int) -> TensorType:
    """The type of a stored tensor."""
    return TensorType(IntegerType(bits), shape)


def raw_of(array: np.ndarray, format_: Fixed) -> np.ndarray:
    """Constants in a format: rounded to nearest even, saturated, infinities included."""
    scaled = np.rint(np.ldexp(np.clip(array, -1e300, 1e300), format_.fraction))
    clipped = np.clip(scaled.astype(object), *limits(format_.bits))
    return np.asarray(np.vectorize(int, otypes=[object])(clipped)).astype(np.int64)


def read_stored(stage: GenericBuilder, of: Stored, map_: AffineMap) -> Exact:
    """The element of a stored tensor that `stage` reads through a map."""
    number = Exact(stage.read(of.value, map_), of.fraction, of.low, of.high)
    if of.places is None:
        return number
    most = int(of.places.max())
    return stage.arithmetic.moved(number, stage.integers(most - gathered(of.places, map_, stage.extents)), most)


def nodes(of: Expression) -> list[Expression]:
    """An expression and all that it is made of, each once."""
    found: dict[Expression, None] = {}
    waiting = [of]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found[node] = None
            waiting.extend(parts(node))
    return list(found)


def _reads(of: Expression, argument: SSAValue) -> bool:
    return isinstance(of, Input) and of.argument is argument


def _starts_a_reduction(result: SSAValue) -> bool:
    uses = list(result.uses)
    return len(uses) == 1 and isinstance(op := uses[0].operation, GenericOp) and uses[0].index >= len(op.inputs)
