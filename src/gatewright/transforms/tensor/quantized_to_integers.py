"""Do the arithmetic of quantised models on their integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects import arith, func, tensor
from xdsl.dialects.builtin import Float32Type, IndexType, IntegerType, ModuleOp
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint

from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.dead_tensors import erase_unused
from gatewright.transforms.tensor.exact import Exact
from gatewright.transforms.tensor.generic_builder import GenericBuilder, compact
from gatewright.transforms.tensor.hoisted_quantization import joined, move, moved_operands, quantized_before
from gatewright.transforms.tensor.integer_sums import integer_reduction
from gatewright.transforms.tensor.integer_tables import table_of
from gatewright.transforms.tensor.quantized_forms import Rounded
from gatewright.transforms.tensor.quantized_ports import quantized_arguments, quantized_results
from gatewright.transforms.tensor.quantized_tensors import Integers, QuantizedTensors, Read, levels
from gatewright.transforms.tensor.requantization import Line, Requantization, reduced, requantization
from gatewright.transforms.tensor.states import static_shape


@dataclass(frozen=True)
class QuantizedToIntegersPass(ModulePass):
    """Do the arithmetic of quantised models on their integers.

    ::

        %x = generic(%q) { (%q - 3) * 0.02 }         # dequantise
        %s = generic(%x, %w) { acc + %x * %w }   ->  %s = generic(%q, %v) { acc + %q * %v }: i18
        %r = generic(%s) { round(%s / 0.05) }        %r = generic(%s) { (%s * 19 + 4711) >> 12 }: i8

    Between where a model quantises and where it does next, floating-point numbers stand for real ones: sums of
    products of dequantised tensors are exact, and what is made of them is rounded once, to nearest, ties to even. The
    factors of a requantisation are the narrowest that give that for every sum that can be. Where a tensor depends on
    one quantised tensor element by element, it is a table of what floating-point arithmetic gives, to the bit. Integers
    are stored in as many bits as they have levels. What is not of that kind stays floating point.
    """

    name = "quantized-to-integers"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [op for op in op.ops if isinstance(op, func.FuncOp) and not op.is_declaration]:
            _FunctionRewriter(function).run()


class _FunctionRewriter:
    """The walk over a function."""

    def __init__(self, function: func.FuncOp):
        self.function, self.block = function, function.body.block
        self.tensors = QuantizedTensors(function)
        self.bypassed: set[object] = set()
        """Operations whose input is quantised already, so that their results need not be."""
        self.tensors.sums = lambda value: integer_reduction(self.tensors, value)

    def run(self) -> None:
        """Rewrite the function in place, its type included where ports become integers."""
        quantized_arguments(self.function, self.tensors)
        elementwise = [op for op in self.block.ops if isinstance(op, GenericOp) and generic.is_parallel(op)]
        for op in elementwise:
            is_integer = len(op.results) == 1 and isinstance(generic.element_of(op.results[0].type), IntegerType)
            if op.parent is not None and is_integer and op.results[0] not in self.tensors.stored:
                self._quantized(op)
        quantized_results(self.function, self.tensors)
        for op in [op for op in self.block.ops if isinstance(op, GenericOp) and not generic.is_parallel(op)]:
            self._scaled(op)
        self._restore()
        erase_unused(self.block)

    def _quantized(self, op: GenericOp) -> None:
        """Make the integers that an operation yields of those that it reads, if they are all it depends on."""
        forms, reads = self.tensors.forms(op)
        rounded = forms[generic.yielded(op)[0]]
        plan = self._plan(op, rounded, reads) if isinstance(rounded, Rounded) else None
        table = table_of(op, reads, self._bases(op))
        if table is not None and (plan is None or not plan.is_cheap or not plan.agrees(table)):
            self._look_up(op, reads, table, rounded if isinstance(rounded, Rounded) else None)
        elif plan is not None:
            self._compute(op, plan)
        else:
            self._hoisted(op)

    def _hoisted(self, op: GenericOp) -> None:
        """Quantise before the input is moved, or chosen from, if that makes integers of it."""
        operands = moved_operands(op, self.bypassed)
        if operands is None:
            return
        self.bypassed.add(op.inputs[0].owner)
        stored = []
        for operand in operands:
            made = joined(quantized_before(op, operand))
            self._quantized(made)
            stored.append(self.tensors.stored.get(made.results[0]))
        known = [each for each in stored if each is not None]
        types = {generic.element_of(raw.value.type) for raw, _ in known if raw.value is not None}
        if len(known) < len(stored) or len(types) > 1 or len({base for _, base in known}) > 1:
            return
        values = [raw.value for raw, _ in known if raw.value is not None]
        stage = self.tensors.stage(op, static_shape(op, op.results[0]))
        low, high = min(raw.low for raw, _ in known), max(raw.high for raw, _ in known)
        self.tensors.stored[op.results[0]] = Integers(move(op, values, stage), low, high), known[0][1]

    def _bases(self, op: GenericOp) -> dict[SSAValue, int]:
        arguments = zip(generic.body_of(op).args, op.operands, strict=True)
        return {arg: self.tensors.stored[operand][1] for arg, operand in arguments if operand in self.tensors.stored}

    # Tables.

    def _look_up(self, op: GenericOp, reads: dict[SSAValue, Read], table: np.ndarray, rounded: Rounded | None) -> None:
        (argument,) = [a for a, read in reads.items() if read.raw.value is not None and a.first_use is not None]
        width = generic.bits_of_element(op.results[0].type)
        if (rounded is not None and np.min(rounded.low) >= 0) or (rounded is None and _read_unsigned(op.results[0])):
            table = table & ((1 << width) - 1)
        low, high = int(table.min()), int(table.max())
        if self._is_identity(op, reads[argument], table):
            self.tensors.stored[op.results[0]] = reads[argument].raw, low - reads[argument].raw.low
            return
        stored, base = levels(low, high)
        stage = self.tensors.stage(op, generic.extents_of(op))
        raw = self.tensors.leaf(stage, reads, argument, centred=False)
        emit, arithmetic = stage.arithmetic.emit, stage.arithmetic
        index = arithmetic.add(raw, Exact(None, 0, -raw.low, -raw.low))
        position = emit(arith.IndexCastOp(arithmetic.at_width(index, max(index.width, 2)), IndexType()))
        contents = self.tensors.constants(table - base, stored, op.location)
        value = emit(tensor.ExtractOp(contents, [position], IntegerType(stored)))
        self._store(op, stage, value, low, high, base)

    def _is_identity(self, op: GenericOp, read: Read, table: np.ndarray) -> bool:
        """True if a table gives the integers it is read by, but for a constant."""
        plain = read.map == generic.output_map(op) and not read.raw.unsigned and read.raw.value is not None
        return plain and bool(np.all(np.diff(table) == 1))

    # Multiplications.

    def _plan(self, op: GenericOp, rounded: Rounded, reads: dict[SSAValue, Read]) -> RequantizationInputs | None:
        form = rounded.form
        if not _is_of(rounded, reads) or not 1 <= len(form.terms) <= 2:
            return None
        zero = rounded.zero
        below, above = _rounded(form.low) + zero, _rounded(form.high) + zero
        bounds = [np.asarray(np.maximum(rounded.low, below)), np.asarray(np.minimum(rounded.high, above))]
        if zero.size > 1 or any(bound.size > 1 or not np.isfinite(float(bound.item())) for bound in bounds):
            return None
        low, high = (int(bound.item()) for bound in bounds)
        if low >= high:
            return None
        stage = self.tensors.stage(op, generic.extents_of(op))
        found = []
        offset = form.offset
        for key, coefficient in form.terms.items():
            first, *others = key
            centred = bool(others)
            number = self.tensors.leaf(stage, reads, first, centred)
            for other in others:
                number = stage.arithmetic.multiply(number, self.tensors.leaf(stage, reads, other, centred))
            if not centred:
                offset = offset - coefficient * reads[first].centre
            found.append((number, np.asarray(coefficient, object)))
        found.sort(key=lambda pair: pair[0].low - pair[0].high)
        line, shape = _line([coefficient for _, coefficient in found], np.asarray(offset, object))
        if any(np.any(numerator == 0) for numerator in line.numerators[:1]):
            return None
        point = int(zero.item())
        ranges = [(number.low, number.high) for number, _ in found]
        return RequantizationInputs(stage, [n for n, _ in found], line, shape, low, high, point,
                    requantization(line, ranges, low - point, high - point))  # fmt: skip

    def _compute(self, op: GenericOp, plan: RequantizationInputs) -> None:
        stored, base = levels(plan.low, plan.high)
        number = plan.emit(base)
        if number is None:
            return
        arithmetic = plan.stage.arithmetic
        for largest, bound in ((True, plan.low - base), (False, plan.high - base)):
            if (number.low < bound) if largest else (number.high > bound):
                number = arithmetic.extreme(largest, number, Exact(None, 0, bound, bound))
        self._store(op, plan.stage, arithmetic.at_width(number, stored), plan.low, plan.high, base)

    def _store(self, op: GenericOp, stage: GenericBuilder, value: SSAValue, low: int, high: int, base: int) -> None:
        shape = static_shape(op, op.results[0])
        made = stage.finish(Builder(InsertPoint.before(op)), value, generic.output_map(op), shape)
        self.tensors.stored[op.results[0]] = Integers(made, low - base, high - base), base

    # What still reads the old tensors.

    def _restore(self) -> None:
        """Give those who still read the integers of the model what they read."""
        for old, (integers, base) in self.tensors.stored.items():
            new, type_ = integers.value, old.type
            assert new is not None
            if old.first_use is None:
                continue
            if new.type != type_ or base:
                op = old.owner
                assert isinstance(op, GenericOp)
                shape = static_shape(op, old)
                stage, map_ = self.tensors.stage(op, shape), generic.identity(len(shape))
                number = Exact(stage.read(new, map_), 0, integers.low, integers.high)
                number = stage.arithmetic.add(number, Exact(None, 0, base, base))
                width = generic.bits_of_element(type_)
                wide = stage.arithmetic.at_width(number, max(width, number.width))
                value = wide if wide.type == IntegerType(width) else stage.arithmetic.emit(
                    arith.TruncIOp(wide, IntegerType(width))
                )  # fmt: skip
                new = stage.finish(Builder(InsertPoint.before(op)), value, map_, shape)
            old.replace_all_uses_with(new)

    def _scaled(self, op: GenericOp) -> None:
        """A reduction whose result is read as real numbers: of integers, and scaled afterwards."""
        if len(op.results) != 1 or not isinstance(generic.element_of(op.results[0].type), Float32Type):
            return
        found = self.tensors.dequantized(op.results[0])
        if found is None:
            return
        shape = static_shape(op, op.results[0])
        stage, map_ = self.tensors.stage(op, shape), generic.identity(len(shape))
        assert found.raw.value is not None
        number = Exact(stage.read(found.raw.value, map_), 0, found.raw.low, found.raw.high)
        if np.any(found.zero):
            whole = np.vectorize(int, otypes=[object])(found.zero)
            number = stage.arithmetic.add(number, stage.arithmetic.negate(stage.integers(whole)))
        value = stage.arithmetic.emit(arith.SIToFPOp(stage.arithmetic.at_width(number, number.width), Float32Type()))
        value = stage.arithmetic.emit(arith.MulfOp(value, self._reals(stage, op, found.scale)))
        if np.any(found.offset):
            value = stage.arithmetic.emit(arith.AddfOp(value, self._reals(stage, op, found.offset)))
        made = stage.finish(Builder(InsertPoint.before(op)), value, map_, shape)
        op.results[0].replace_all_uses_with(made)

    def _reals(self, stage: GenericBuilder, op: GenericOp, array: np.ndarray) -> SSAValue:
        """The element of constant reals, in single precision."""
        array = compact(array)
        axes = [axis for axis, extent in enumerate(array.shape) if extent > 1]
        contents = array.reshape([array.shape[axis] for axis in axes])
        return stage.read(
            self.tensors.constants.singles(contents, op.location), generic.axes_map(len(stage.extents), axes)
        )


@dataclass(frozen=True)
class RequantizationInputs:
    """How to requantise: numbers that are read already, and the line through them."""

    stage: GenericBuilder
    numbers: Sequence[Exact]
    line: Line
    shape: tuple[int, ...]
    """That of the arrays of the line, whose axes are loops."""
    low: int
    high: int
    zero: int
    requantization: Requantization | None

    @property
    def is_cheap(self) -> bool:
        """True if nothing is multiplied."""
        found = self.requantization
        return found is not None and all(np.all(np.abs(m) == 1) for m in found.multipliers)

    def agrees(self, table: np.ndarray) -> bool:
        """Whether this gives a table, for all values of the only number."""
        found = self.requantization
        if found is None or len(self.numbers) > 1 or found.offset.size > 1:
            return False
        values = np.arange(self.numbers[0].low, self.numbers[0].high + 1)
        results = (found.multipliers[0] * values + found.offset) >> found.shift
        return bool(np.array_equal(np.clip(results + self.zero, self.low, self.high), table))

    def emit(self, base: int) -> Exact | None:
        """The rounded number with its zero point, less `base`, not clamped yet; None if no integers are wide enough."""
        stage, arithmetic, found = self.stage, self.stage.arithmetic, self.requantization
        if found is not None:
            extra = (self.zero - base) << found.shift
            total = Exact(None, 0, 0, 0)
            for number, multiplier in zip(self.numbers, found.multipliers, strict=True):
                factor = stage.integers(multiplier.reshape(self.shape))
                total = arithmetic.add(total, arithmetic.multiply(number, factor))
            total = arithmetic.add(total, stage.integers((found.offset + extra).reshape(self.shape)))
            if not found.shift or total.value is None:
                return Exact(total.value, 0, total.low >> found.shift, total.high >> found.shift)
            raw = arithmetic.at_width(total, max(total.width, found.shift + 2))
            amount = arithmetic.constant(found.shift, max(total.width, found.shift + 2))
            shifted = arithmetic.emit(arith.ShRSIOp(raw, amount))
            return Exact(shifted, 0, total.low >> found.shift, total.high >> found.shift)
        arrays = (*self.line.numerators, self.line.offset, self.line.denominator)
        if any(int(np.max(np.abs(array))) >= 1 << 31 for array in arrays):
            return None
        total = Exact(None, 0, 0, 0)
        for number, numerator in zip(self.numbers, self.line.numerators, strict=True):
            total = arithmetic.add(total, arithmetic.multiply(number, stage.integers(numerator.reshape(self.shape))))
        total = arithmetic.add(total, stage.integers(self.line.offset.reshape(self.shape)))
        divisor = self.line.denominator.astype(np.int64).reshape(self.shape)
        quotient = arithmetic.rounded(arithmetic.divide(total, divisor), 0)
        return arithmetic.add(quotient, Exact(None, 0, self.zero - base, self.zero - base))


def _is_of(rounded: Rounded, reads: dict[SSAValue, Read]) -> bool:
    """True if a form depends on integers only."""
    return all(argument in reads for key in rounded.form.terms for argument in key)


def _rounded(bound: np.ndarray) -> np.ndarray:
    nearest = np.frompyfunc(lambda value: round(value) if isinstance(value, Fraction) else value, 1, 1)
    return np.asarray(nearest(bound), object)


def _line(coefficients: Sequence[np.ndarray], offset: np.ndarray) -> tuple[Line, tuple[int, ...]]:
    """Rational coefficients over the loops as integers over one denominator, flat, and their common shape."""
    whole = np.broadcast_arrays(*coefficients, offset)
    shape, flat = whole[0].shape, [array.reshape(-1) for array in whole]
    common = [lcm(*(Fraction(value).denominator for value in values)) for values in zip(*flat, strict=True)]
    denominator = np.array(common, object)
    *numerators, last = [np.array([int(v * d) for v, d in zip(a, common, strict=True)], object) for a in flat]
    return reduced(Line(tuple(numerators), last, denominator)), shape


def _read_unsigned(value: SSAValue) -> bool:
    """True if a reader takes the integers of a tensor without a sign."""
    for use in value.uses:
        if isinstance(use.operation, GenericOp) and use.index < len(use.operation.inputs):
            argument = generic.body_of(use.operation).args[use.index]
            if any(isinstance(inner.operation, arith.ExtUIOp | arith.UIToFPOp) for inner in argument.uses):
                return True
    return False
