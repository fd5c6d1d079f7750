"""Which tensors of a float program are integers times a scale, and the integers: what quantisation left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects import arith, func, tensor
from xdsl.dialects.builtin import AnyFloat, DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr, IntegerType, TensorType
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.rewriter import InsertPoint

from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.constant_tensors import ConstantTensors
from gatewright.transforms.tensor.elements import array_of
from gatewright.transforms.tensor.exact import Exact, bits, limits
from gatewright.transforms.tensor.generic_builder import GenericBuilder, compact
from gatewright.transforms.tensor.quantized_forms import Form, Forms, fractions
from gatewright.transforms.tensor.states import gathered, slices, static_shape, tensor_axes

_EXTENSIONS = (arith.ExtSIOp, arith.ExtUIOp, arith.SIToFPOp, arith.UIToFPOp)

_ONE_CENTRE = (tensor.CollapseShapeOp, tensor.ExpandShapeOp, tensor.CastOp, tensor.ExtractSliceOp)
"""Operations that keep the elements of a tensor."""


@dataclass(frozen=True)
class Integers:
    """A tensor of integers `low` to `high`; `contents` are those of a constant, which has no `value`."""

    value: SSAValue | None
    low: int
    high: int
    unsigned: bool = False
    """Whether `value` holds them without a sign."""
    contents: np.ndarray | None = None


@dataclass(frozen=True)
class Dequantized:
    """The reals `scale * (raw - zero) + offset`; the axes of the arrays are those of the tensor."""

    raw: Integers
    map: AffineMap
    """The element of `raw`, by that of this tensor. Constant contents have the shape of the tensor."""
    scale: np.ndarray
    zero: np.ndarray
    offset: np.ndarray = field(default_factory=lambda: fractions(np.zeros(())))
    is_rounded: bool = False
    """Whether floating-point arithmetic rounds more than the product of the integer and the scale."""

    @property
    def is_uniform(self) -> bool:
        """True if all elements have one scale and one zero point, and no offset."""
        return self.scale.size == self.zero.size == 1 and not np.any(self.offset)


@dataclass(frozen=True)
class Read:
    """An input of integers of an operation: the element at a point, and what is to be subtracted."""

    raw: Integers
    map: AffineMap
    centre: np.ndarray
    """Over the loops of the operation."""
    scale: Fraction | None = None
    """For an input of reals what integers are times, if that is one number, and the product is in single precision."""


class QuantizedTensors:
    """What is known of the tensors of a function, looked for when it is asked for."""

    def __init__(self, function: func.FuncOp):
        self.block = function.body.block
        self.constants = ConstantTensors(self.block)
        self.stored: dict[SSAValue, tuple[Integers, int]] = {}
        """For tensors of integers that were made anew: the new ones, and what to add to them to get the old."""
        self.sums: Callable[[SSAValue], Dequantized | None] = lambda value: None
        """How to make a sum of integers of a reduction, if it is one."""
        self._known: dict[SSAValue, Dequantized | None] = {}

    def dequantized(self, value: SSAValue) -> Dequantized | None:
        """A tensor of reals as integers times a scale, if it is that exactly."""
        if value not in self._known:
            self._known[value] = None
            self._known[value] = self._find(value)
        return self._known[value]

    def stage(
        self, op: Operation, extents: Sequence[int], reduction: Sequence[bool] | None = None, width: int = 64
    ) -> GenericBuilder:
        """A new operation in the place of another one; `width` is that of its constants that are not integers."""
        kinds = [False] * len(extents) if reduction is None else reduction

        def constant(array: np.ndarray, width: int) -> SSAValue:
            return self.constants(array, width, op.location)

        return GenericBuilder(extents, kinds, op.location, constant, width)

    def forms(self, op: GenericOp, keep_constants: bool = False) -> tuple[Forms, dict[SSAValue, Read]]:
        """What the values of a body are, and the inputs of integers; constant ones too, or else they are numbers."""
        extents, body = generic.extents_of(op), generic.body_of(op)
        inputs: dict[SSAValue, Form] = {}
        reads: dict[SSAValue, Read] = {}
        integers: list[tuple[SSAValue, SSAValue, AffineMap]] = []
        for argument, operand, map_ in zip(body.args, op.inputs, generic.maps_of(op), strict=False):
            contents = constant_of(operand)
            is_integer = isinstance(generic.element_of(operand.type), IntegerType)
            if is_integer and any(isinstance(use.operation, _EXTENSIONS) for use in argument.uses):
                integers.append((argument, operand, map_))
            elif contents is not None:
                inputs[argument] = Form({}, fractions(compact(gathered(contents, map_, extents))))
            elif not is_integer and (found := self.dequantized(operand)) is not None:
                shape = generic.shape_of(operand.type)
                centre, scale, offset = (
                    _gathered(a, shape, map_, extents) for a in (found.zero, found.scale, found.offset)
                )
                if found.raw.contents is not None and not keep_constants:
                    real = found.scale * (found.raw.contents.astype(object) - found.zero)
                    inputs[argument] = Form({}, compact(gathered(real, map_, extents)))
                    continue
                at = map_ if found.raw.contents is not None else found.map.compose(map_)
                reads[argument] = Read(found.raw, at, centre, _single(found))
                inputs[argument] = Form({(argument,): scale}, offset)
        constants = {argument: contents for argument, operand, map_ in integers
                     if (contents := _spread(operand, map_, extents)) is not None}  # fmt: skip
        forms = Forms(inputs, constants)
        forms.run(list(body.ops)[:-1])
        for argument, operand, map_ in integers:
            raw = self.integers(operand, forms.unsigned.get(argument, False))
            if raw is not None and argument in forms.centres:
                centre = np.asarray(forms.centres[argument] - raw[1], object)
                reads[argument] = Read(raw[0], map_, centre)
        return forms, reads

    def integers(self, value: SSAValue, unsigned: bool) -> tuple[Integers, int] | None:
        """The integers in a tensor of them, read without a sign or with one, and what to add to them."""
        if value in self.stored:
            raw, base = self.stored[value]
            low, high = raw.low + base, raw.high + base
            width = generic.bits_of_element(value.type)
            fits = (0 <= low and high < 1 << width) if unsigned else bits(low, high) <= width
            return (raw, base) if fits else None
        contents, element = constant_of(value), generic.element_of(value.type)
        assert isinstance(element, IntegerType)
        width = element.width.data
        if width > 32:
            return None
        if contents is not None:
            contents = contents & ((1 << width) - 1) if unsigned else contents
            return Integers(None, int(contents.min()), int(contents.max()), contents=contents), 0
        low, high = (0, (1 << width) - 1) if unsigned else limits(width)
        return Integers(value, low, high, unsigned), 0

    def leaf(self, stage: GenericBuilder, reads: Mapping[SSAValue, Read], argument: SSAValue, centred: bool) -> Exact:
        """An input of integers at the current point of `stage`, less its centre or as it is."""
        read = reads[argument]
        if read.raw.value is None:
            contents = read.raw.contents
            assert contents is not None
            found = stage.integers(gathered(contents, read.map, stage.extents))
        else:
            value = stage.read(read.raw.value, read.map)
            if read.raw.unsigned:
                assert isinstance(value.type, IntegerType)
                value = stage.arithmetic.emit(arith.ExtUIOp(value, IntegerType(value.type.width.data + 1)))
            found = Exact(value, 0, read.raw.low, read.raw.high)
        if not centred or not np.any(read.centre):
            return found
        return stage.arithmetic.add(found, stage.arithmetic.negate(stage.integers(read.centre)))

    # The producers of a tensor.

    def _find(self, value: SSAValue) -> Dequantized | None:
        op = value.owner
        if not isinstance(op, Operation) or not isinstance(generic.element_of(value.type), AnyFloat):
            return None
        match op:
            case GenericOp() if not generic.is_parallel(op):
                return self.sums(value)
            case GenericOp() if len(op.results) == 1:
                return self._elementwise(op)
            case tensor.PadOp() if not op.low and not op.high:
                return self._padded(op)
            case tensor.ConcatOp():
                return self._joined(op)
            case _ if isinstance(op, _ONE_CENTRE) and not op.operands[1:]:
                return self._viewed(op)
        return None

    def _elementwise(self, op: GenericOp) -> Dequantized | None:
        """Integers, converted, less a zero point, times a scale; or reals that are that already, times a constant."""
        forms, reads = self.forms(op, keep_constants=True)
        form, written, extents = forms[generic.yielded(op)[0]], generic.output_map(op), generic.extents_of(op)
        if not isinstance(form, Form) or form.is_clamped or np.any(form.offset != 0) or len(form.terms) != 1:
            return None
        ((key, scale),) = form.terms.items()
        if np.any(scale == 0):
            return None
        back = generic.inverse(written)
        if len(key) != 1 or key[0] not in reads or back is None or not generic.is_identity_like(written, extents):
            return None
        read, shape = reads[key[0]], static_shape(op, op.results[0])
        loops = AffineMap(len(shape), 0, tuple(back))
        scale, zero = (tensor_axes(_over_loops(a, extents), written, len(shape)) for a in (scale, read.centre))
        if read.raw.contents is None:
            rounded = _rounds_again(op, key[0], read)
            return Dequantized(read.raw, read.map.compose(loops), scale, zero, is_rounded=rounded)
        whole = np.broadcast_to(gathered(read.raw.contents, read.map, extents), extents)
        contents = np.broadcast_to(tensor_axes(whole, written, len(shape)), shape)
        return Dequantized(replace(read.raw, contents=contents), generic.identity(len(shape)), scale, zero)

    def _viewed(self, op: Operation) -> Dequantized | None:
        found = self.dequantized(op.operands[0])
        if found is None:
            return None
        given, shape = static_shape(op, op.operands[0]), static_shape(op, op.results[0])
        arrays = [moved(op, array, given, shape) for array in (found.scale, found.zero, found.offset)]
        if found.raw.contents is not None:
            raw = replace(found.raw, contents=np.broadcast_to(moved(op, found.raw.contents, given, shape), shape))
            return Dequantized(raw, generic.identity(len(shape)), *arrays, is_rounded=found.is_rounded)
        plain = self.plain(found, op, given)
        assert plain.raw.value is not None
        type_ = TensorType(generic.element_of(plain.raw.value.type), shape)
        properties, attributes = op.properties.copy(), op.attributes.copy()
        copy = type(op).create(
            operands=[plain.raw.value], result_types=[type_], properties=properties, attributes=attributes
        )
        raw = replace(plain.raw, value=self.insert_after(op, copy))
        return Dequantized(raw, generic.identity(len(shape)), *arrays, is_rounded=found.is_rounded)

    def _padded(self, op: tensor.PadOp) -> Dequantized | None:
        found, last = self.dequantized(op.source), op.region.block.last_op
        assert last is not None
        filled = constant_of(last.operands[0])
        if found is None or filled is None or not found.is_uniform:
            return None
        plain = self.plain(found, op, static_shape(op, op.source))
        assert plain.raw.value is not None
        element = generic.element_of(plain.raw.value.type)
        assert isinstance(element, IntegerType)
        raw = self._fill(op, float(filled), found, element.width.data)
        if raw is None:
            return None
        fill = arith.ConstantOp.from_int_and_width(raw, element)
        shape = static_shape(op, op.result)
        block = Block([tensor.YieldOp(fill.result)], arg_types=list(op.region.block.arg_types))
        type_ = TensorType(element, shape)
        self.insert_after(op, fill)
        padded = tensor.PadOp(plain.raw.value, [], [], Region(block), op.static_low, op.static_high, type_)
        value = self.insert_after(fill, padded)
        if plain.raw.unsigned:
            raw &= (1 << element.width.data) - 1
        low, high = min(plain.raw.low, raw), max(plain.raw.high, raw)
        return self._shaped(replace(plain, raw=replace(plain.raw, low=low, high=high)), value, len(shape))

    def _fill(self, op: tensor.PadOp, value: float, of: Dequantized, width: int) -> int | None:
        """The integer that stands for what a tensor is padded with; for less than all numbers the smallest."""
        low, high = (0, (1 << width) - 1) if of.raw.unsigned else limits(width)
        if value <= -3.4e38:
            return low if all(_is_maximum(use.operation) for use in op.result.uses) else None
        raw = Fraction(value) / of.scale.item() + of.zero.item()
        return int(raw) if raw.denominator == 1 and low <= raw <= high else None

    def _joined(self, op: tensor.ConcatOp) -> Dequantized | None:
        parts = [self.dequantized(operand) for operand in op.inputs]
        known = [part for part in parts if part is not None and part.is_uniform]
        if len(known) < len(parts):
            return None
        first = known[0]
        if any(p.scale.item() != first.scale.item() or p.zero.item() != first.zero.item() for p in known):
            return None
        plain = [self.plain(p, op, static_shape(op, v)) for p, v in zip(known, op.inputs, strict=True)]
        values = [p.raw.value for p in plain]
        elements = {generic.element_of(v.type) for v in values if v is not None}
        if len(elements) > 1 or len({p.raw.unsigned for p in plain}) > 1:
            return None
        shape = static_shape(op, op.results[0])
        operands = [value for value in values if value is not None]
        assert len(operands) == len(values), "a constant among what is joined is a tensor here"
        copy = tensor.ConcatOp.create(
            operands=operands,
            result_types=[TensorType(elements.pop(), shape)],
            properties=op.properties.copy(),
        )
        low, high = min(p.raw.low for p in plain), max(p.raw.high for p in plain)
        joined = replace(plain[0], raw=replace(plain[0].raw, low=low, high=high))
        return self._shaped(joined, self.insert_after(op, copy), len(shape))

    def plain(self, of: Dequantized, op: Operation, shape: Sequence[int]) -> Dequantized:
        """The same reals, their integers in a tensor of their own shape; it is made before `op` if it has to be."""
        identity = generic.identity(len(shape))
        if of.raw.value is not None and of.map == identity:
            return of
        stage = self.stage(op, shape)
        if of.raw.value is None:
            assert of.raw.contents is not None
            width = bits(of.raw.low, of.raw.high)
            value = self.constants(np.broadcast_to(of.raw.contents, shape), width, op.location)
        else:
            value = stage.finish(
                Builder(InsertPoint.before(op)), stage.read(of.raw.value, of.map), identity, list(shape)
            )
        return replace(of, raw=replace(of.raw, value=value, contents=None), map=identity)

    def _shaped(self, of: Dequantized, value: SSAValue, rank: int) -> Dequantized:
        """Reals with one scale, in another tensor."""
        scale, zero = of.scale.reshape((1,) * rank), of.zero.reshape((1,) * rank)
        return Dequantized(replace(of.raw, value=value), generic.identity(rank), scale, zero, is_rounded=of.is_rounded)

    def insert_after(self, op: Operation, new: Operation) -> SSAValue:
        """Put an operation behind another one, of whose location it is; its first result."""
        for inner in new.walk():
            inner.location = op.location
        Builder(InsertPoint.after(op)).insert(new)
        return new.results[0]


def levels(low: int, high: int) -> tuple[int, int]:
    """The least width for the integers `low` to `high`, and what is subtracted from them so that it holds them."""
    width = max(2, (high - low).bit_length())
    return (width, 0) if bits(low, high) <= width else (width, low + (1 << (width - 1)))


def moved(op: Operation, array: np.ndarray, given: Sequence[int], shape: Sequence[int]) -> np.ndarray:
    """An array over a tensor of the shape `given`, its axes perhaps 1, as one over what a view makes of that."""
    if array.size == 1:
        return array.reshape((1,) * len(shape))
    whole = np.broadcast_to(array, given)
    cut = whole[slices(op)] if isinstance(op, tensor.ExtractSliceOp) else whole
    return compact(cut.reshape(shape))


def constant_of(value: SSAValue) -> np.ndarray | None:
    """The contents of a constant tensor, or a constant number."""
    owner = value.owner
    if not isinstance(owner, arith.ConstantOp):
        return None
    if isinstance(owner.value, DenseIntOrFPElementsAttr):
        return array_of(owner.value)
    assert isinstance(owner.value, IntegerAttr | FloatAttr)
    return np.asarray(owner.value.value.data)


def _spread(value: SSAValue, map_: AffineMap, extents: Sequence[int]) -> np.ndarray | None:
    """The contents of a constant over the loops that read it."""
    contents = constant_of(value)
    return None if contents is None else fractions(compact(gathered(contents, map_, extents)))


def _single(of: Dequantized) -> Fraction | None:
    """The scale of all elements, if that is a number of single precision."""
    scale = of.scale.item() if of.is_uniform and not of.is_rounded else None
    return scale if scale is not None and float(np.float32(float(scale))) == scale else None


def _gathered(array: np.ndarray, shape: Sequence[int], map_: AffineMap, extents: Sequence[int]) -> np.ndarray:
    """The elements of an array over a tensor of `shape`, its axes perhaps 1, that each point reads through `map_`."""
    if array.size == 1:
        return array.reshape(())
    return compact(gathered(np.broadcast_to(array, shape), map_, extents))


def _over_loops(array: np.ndarray, extents: Sequence[int]) -> np.ndarray:
    return array.reshape((1,) * len(extents)) if array.ndim == 0 else array


def _is_maximum(op: Operation) -> bool:
    """True for a reduction to the largest element of its first input."""
    if not isinstance(op, GenericOp) or generic.is_parallel(op):
        return False
    block = generic.body_of(op)
    last = generic.yielded(op)[0].owner
    if len(list(block.ops)) != 2 or not isinstance(last, arith.MaximumfOp | arith.MaxnumfOp):
        return False
    return set(last.operands) == {block.args[0], block.args[-1]}


def _rounds_again(op: GenericOp, argument: SSAValue, read: Read) -> bool:
    """True if a body that scales integers does it in more than one floating-point operation, or goes on from one."""
    kinds = [type(inner) for inner in generic.body_of(op).ops]
    if isinstance(argument.type, IntegerType):
        return kinds.count(arith.MulfOp) > 1 or arith.DivfOp in kinds
    return read.scale is None or arith.MulfOp in kinds or arith.DivfOp in kinds
