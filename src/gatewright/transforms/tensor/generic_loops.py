"""The loop nest of a `linalg.generic`, together with the operations that begin and end it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xdsl.dialects import arith, cf, math, memref, tensor
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, UnknownLoc
from xdsl.dialects.linalg.ops import GenericOp, IndexOp
from xdsl.ir import Operation, SSAValue
from xdsl.ir.affine import AffineDimExpr

from gatewright.errors import UnsupportedError
from gatewright.ir.location import operation_name, source_location
from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.grouping import begins, ends
from gatewright.transforms.tensor.linear_index import LinearIndex, LoopIndex, evaluate, linearize
from gatewright.transforms.tensor.loop_nest import NestBuilder
from gatewright.transforms.tensor.placement import Placement
from gatewright.transforms.tensor.storage import VIEWS, TensorMemory, TensorView

Lookup = Callable[[SSAValue], SSAValue]
"""The value in the new function of one in an old body."""


class GenericLoops:
    """Lowers `linalg.generic` operations, one nest for a group that is joined."""

    def __init__(
        self,
        nest: NestBuilder,
        placement: Placement,
        memories: Mapping[TensorMemory, SSAValue],
        scalars: Mapping[SSAValue, SSAValue],
    ):
        self.nest, self.placement, self.memories, self.scalars = nest, placement, memories, scalars
        self.splats: dict[SSAValue, SSAValue] = {}
        """Constant tensors whose elements are all the same."""
        self.padded: dict[SSAValue, SSAValue] = {}
        """Tensors that are read through what they pad, by the padding: they lie nowhere themselves."""

    def load(self, tensor_: SSAValue, indices: Sequence[LinearIndex]) -> SSAValue:
        """The element of a tensor."""
        source = tensor_
        while isinstance(source.owner, VIEWS) and source.owner.operands:
            source = source.owner.operands[0]
        if source in self.splats:
            return self.splats[source]
        if tensor_ in self.padded:
            return self._padded(tensor_, indices)
        view = self.placement.view(tensor_)
        addresses = [self.nest.index(index) for index in view.indices(indices)]
        return self.nest.emit(memref.LoadOp.get(self.memories[view.memory], addresses))

    def _padded(self, tensor_: SSAValue, indices: Sequence[LinearIndex]) -> SSAValue:
        """The element of a padded tensor, found in what it pads, or the padding."""
        op, padding = tensor_.owner, self.padded[tensor_]
        assert isinstance(op, tensor.PadOp)
        within = [index.plus(-low) for index, low in zip(indices, op.static_low.get_values(), strict=True)]
        condition = self.nest.inside(within, generic.shape_of(op.source.type))
        if condition is None:
            return self.load(op.source, within)
        with self.nest.choice(condition, padding) as found:
            found.append(self.load(op.source, within))
        return found[0]

    def store(self, value: SSAValue, view: TensorView, indices: Sequence[LinearIndex]) -> None:
        """Write an element of a view."""
        addresses = [self.nest.index(index) for index in view.indices(indices)]
        self.nest.emit(memref.StoreOp.get(value, self.memories[view.memory], addresses))

    def lower(self, op: GenericOp) -> None:
        """Emit the nest of an operation, unless it is emitted with the reduction that it begins or ends."""
        if begins(op) is not None or ends(op) is not None:
            return
        last = next((user for user in _users(op) if ends(user) is op), None)
        extents, kinds = generic.extents_of(op), generic.is_reduction(op)
        parts = self._split(op, last, extents)
        loops = [linearize([LinearIndex.of(loop) for loop in part], [p.extent for p in part]) for part in parts]
        parallel = [loop for part, reduced in zip(parts, kinds, strict=True) if not reduced for loop in part]
        reduced = [loop for part, reduced in zip(parts, kinds, strict=True) if reduced for loop in part]
        with self.nest.nest(parallel):
            if reduced:
                first = [self._initial(op, k, loops) for k in range(len(op.outputs))]
                outputs = self.nest.reduce(reduced, first, lambda carried: self._point(op, loops, carried))
            else:
                outputs = self._point(op, loops, None)
            self._finish(op, last, loops, outputs)

    def _finish(self, op: GenericOp, last: GenericOp | None, loops: list[LinearIndex], outputs: list[SSAValue]) -> None:
        """Store the outputs, or what the operation that ends the nest makes of them."""
        if last is None:
            for position, (result, value) in enumerate(zip(op.results, outputs, strict=True)):
                at = [evaluate(e, loops) for e in generic.output_map(op, position).results]
                self.store(value, self.placement.view(result), at)
            return
        position = next(k for k, operand in enumerate(last.inputs) if operand is op.results[0])
        back = generic.inverse(generic.maps_of(last)[position])
        assert back is not None
        element = [evaluate(e, loops) for e in generic.output_map(op).results]
        of_last = [evaluate(e, element) for e in back]
        outer, self.nest.location = self.nest.location, last.location
        for k, value in enumerate(self._point(last, of_last, None, {generic.body_of(last).args[position]: outputs[0]})):
            at = [evaluate(e, of_last) for e in generic.output_map(last, k).results]
            self.store(value, self.placement.view(last.results[k]), at)
        self.nest.location = outer

    def _split(self, op: GenericOp, last: GenericOp | None, extents: Sequence[int]) -> list[list[LoopIndex]]:
        """The loops of each dimension: several where an operand joins several axes of its array into one."""
        factors: list[tuple[int, ...]] = [()] * len(extents)
        for operand, map_ in zip(op.operands, generic.maps_of(op), strict=True):
            if operand in self.splats or operand in self.padded or not map_.results:
                continue
            if isinstance(operand.owner, tensor.EmptyOp | GenericOp):
                continue
            view = self.placement.view(operand)
            for axis, expression in enumerate(map_.results):
                if isinstance(expression, AffineDimExpr) and not factors[expression.position]:
                    factors[expression.position] = view.factors(axis)
        return [[LoopIndex(e) for e in (part or (extent,))] for part, extent in zip(factors, extents, strict=True)]

    def _initial(self, op: GenericOp, position: int, loops: Sequence[LinearIndex]) -> SSAValue:
        """The value that a reduction starts with: loaded, or computed by the operation that begins the nest."""
        operand, map_ = op.outputs[position], generic.output_map(op, position)
        element = [evaluate(e, loops) for e in map_.results]
        first = operand.owner
        if not isinstance(first, GenericOp) or begins(first) is not op:
            return self.load(operand, element)
        back = generic.inverse(generic.output_map(first))
        assert back is not None
        return self._point(first, [evaluate(e, element) for e in back], None)[0]

    def _point(
        self,
        op: GenericOp,
        loops: Sequence[LinearIndex],
        carried: Sequence[SSAValue] | None,
        given: Mapping[SSAValue, SSAValue] | None = None,
    ) -> list[SSAValue]:
        """What the body yields at one point. `carried` are the outputs so far, loaded if there are none."""
        block = generic.body_of(op)
        values: dict[SSAValue, SSAValue] = dict(given or {})
        for position, (argument, operand, map_) in enumerate(
            zip(block.args, op.operands, generic.maps_of(op), strict=True)
        ):
            if argument in values or argument.first_use is None:
                continue
            if carried is not None and position >= len(op.inputs):
                values[argument] = carried[position - len(op.inputs)]
            elif operand in self.scalars:
                values[argument] = self.scalars[operand]
            else:
                values[argument] = self.load(operand, [evaluate(e, loops) for e in map_.results])
        lookup = self.body(list(block.ops)[:-1], {}, values, loops)
        return [lookup(value) for value in generic.yielded(op)]

    def body(
        self,
        operations: Sequence[Operation],
        indices: Mapping[SSAValue, LinearIndex],
        values: dict[SSAValue, SSAValue],
        loops: Sequence[LinearIndex] = (),
    ) -> Lookup:
        """Emit the operations of a body; gives a function that finds the new value of an old one."""
        positions = dict(indices)

        def lookup(value: SSAValue) -> SSAValue:
            if value in values:
                return values[value]
            if value in positions:
                return self.nest.index(positions[value])
            return self.scalars[value]

        for op in operations:
            match op:
                case IndexOp():
                    positions[op.result] = loops[op.dim.value.data]
                case arith.ConstantOp(value=IntegerAttr() | FloatAttr() as value):
                    values[op.result] = self.nest.constant_of(value)
                case tensor.ExtractOp():
                    at = [positions.get(i) or LinearIndex.of(lookup(i)) for i in op.indices]
                    values[op.result] = self.load(op.tensor, at)
                case math.AbsIOp():
                    of = lookup(op.operands[0])
                    negated = self.nest.emit(arith.SubiOp(self.nest.constant(0, of.type), of))
                    values[op.result] = self.nest.emit(arith.MaxSIOp(of, negated))
                case cf.AssertOp():
                    pass  # hardware has no way to stop with an error
                case _ if op.name.startswith(("arith.", "math.", "gw.")):
                    copy = op.clone({operand: lookup(operand) for operand in op.operands})
                    copy.location = op.location if op.location != UnknownLoc() else self.nest.location
                    self.nest.emit(copy)
                    values.update(zip(op.results, copy.results, strict=True))
                case _:
                    raise UnsupportedError(f"{operation_name(op)} has no hardware", where=source_location(op))
        return lookup


def _users(op: GenericOp) -> list[GenericOp]:
    return [use.operation for result in op.results for use in result.uses if isinstance(use.operation, GenericOp)]
