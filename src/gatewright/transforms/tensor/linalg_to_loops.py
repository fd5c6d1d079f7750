"""Lower linalg on tensors of numbers to loops over arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects import arith, func, memref, tensor
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    IntegerType,
    MemRefType,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    TensorType,
    UnitAttr,
)
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from gatewright.errors import UnsupportedError
from gatewright.ir.floats import scalar_bits
from gatewright.ir.interface import Signature, set_signature, signature_of
from gatewright.ir.location import operation_name, source_location
from gatewright.numbers.float_format import FORMATS
from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.elements import splat
from gatewright.transforms.tensor.generic_loops import GenericLoops
from gatewright.transforms.tensor.loop_nest import NestBuilder
from gatewright.transforms.tensor.moves import copy, move
from gatewright.transforms.tensor.placement import Placement
from gatewright.transforms.tensor.storage import VIEWS, TensorMemory, TensorView, view_of


@dataclass(frozen=True)
class LinalgToLoopsPass(ModulePass):
    """Lower linalg on tensors of numbers to loops over arrays.

    ::

        %s = generic(%x, %w) init %b {acc + x * w}        for i:
        %r = generic(%s) {max(s, 0)}               ->       acc = for k carries acc from b[i]: acc + x[k] * w[i, k]
        return %r                                           result[i] = max(acc, 0)

    Every operation becomes one nest. A reduction keeps its result so far in registers, starts it with the elementwise
    operation that alone makes its initial value, and ends in the elementwise operation that alone uses it. Tensors
    become arrays that are written once, in their last place: results of the function in its result arrays, padded and
    joined tensors where they are padded and joined. Reshaping and slicing change addresses only; a padded tensor that
    only loops read is read through what it pads.
    """

    name = "linalg-to-loops"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in [op for op in op.ops if isinstance(op, func.FuncOp) and not op.is_declaration]:
            if any(isinstance(value.type, TensorType) for inner in function.walk() for value in inner.operands):
                signature = signature_of(function)
                _Lowering(op, function, signature).run()


class _Lowering:
    """The lowering of one function."""

    def __init__(self, module: ModuleOp, function: func.FuncOp, signature: Signature):
        self.module, self.function, self.signature = module, function, signature
        self.memories: dict[TensorMemory, SSAValue] = {}
        self.scalars: dict[SSAValue, SSAValue] = {}
        self.block = Block()
        self.nest = NestBuilder(self.block)
        self.placement: Placement | None = None
        self._globals = 0

    def run(self) -> None:
        """Put the lowered function in place of the function."""
        old = self.function.body.block
        last = old.last_op
        assert isinstance(last, func.ReturnOp)
        arguments = [self._argument(argument.type, argument.name_hint) for argument in old.args]
        results: dict[int, TensorMemory] = {}
        for position, operand in enumerate(last.operands):
            if isinstance(operand.type, TensorType):
                view = self._argument(operand.type, f"result_{position}")
                assert isinstance(view, TensorView)
                results[position] = view.memory
        self.placement = Placement(old, results, self._new_memory)
        for argument, given in zip(old.args, arguments, strict=True):
            if isinstance(given, TensorView):
                self.placement.views[argument] = given
            else:
                self.scalars[argument] = given
        loops = GenericLoops(self.nest, self.placement, self.memories, self.scalars)
        # Constants first: an operation may be lowered with one before it, and read constants that stand between them.
        for op in sorted(old.ops, key=lambda op: not isinstance(op, arith.ConstantOp)):
            self.nest.location = op.location
            self._lower(op, loops)
        self._replace(last)

    def _replace(self, last: func.ReturnOp) -> None:
        scalars = [self.scalars[operand] for operand in last.operands if not isinstance(operand.type, TensorType)]
        self.nest.location = last.location
        self.nest.emit(func.ReturnOp(*scalars))
        types = (list(self.block.arg_types), [value.type for value in scalars])
        lowered = func.FuncOp(self.function.sym_name.data, types, Region(self.block), self.function.sym_visibility)
        lowered.location = self.function.location
        self.module.body.block.insert_op_before(lowered, self.function)
        self.function.detach()
        self.function.erase(safe_erase=False)
        set_signature(lowered, self.signature)

    def _argument(self, type_: Attribute, hint: str | None) -> TensorView | SSAValue:
        if not isinstance(type_, TensorType):
            value = self.block.insert_arg(type_, len(self.block.args))
            value.name_hint = hint
            return value
        memory = TensorMemory(self._shape(type_) or (1,))
        value = self.block.insert_arg(MemRefType(self._element(type_), memory.shape), len(self.block.args))
        value.name_hint = hint
        self.memories[memory] = value
        return view_of(memory, self._shape(type_))

    def _shape(self, type_: TensorType) -> tuple[int, ...]:
        shape = tuple(type_.get_shape())
        if generic.DYNAMIC in shape:
            raise generic.dynamic_shape(self.function)
        return shape

    def _element(self, type_: TensorType) -> Attribute:
        element = type_.get_element_type()
        if scalar_bits(element) is None:
            raise UnsupportedError(
                f"{element} has no hardware",
                where=source_location(self.function),
                why=f"elements are integers or {', '.join(FORMATS)}",
            )
        return element

    def _new_memory(self, type_: TensorType) -> TensorMemory:
        memory = TensorMemory(self._shape(type_) or (1,))
        self.memories[memory] = self.nest.at_head(memref.AllocOp.get(self._element(type_), None, memory.shape))
        return memory

    def _lower(self, op: Operation, loops: GenericLoops) -> None:
        assert self.placement is not None
        match op:
            case func.ReturnOp():
                for position, memory in self.placement.results.items():
                    if not self.placement.is_claimed(op, position):
                        operand = op.operands[position]
                        copy(operand, view_of(memory, generic.shape_of(operand.type)), loops)
            case arith.ConstantOp(value=DenseIntOrFPElementsAttr() as contents):
                self._constant(op, contents, loops)
            case GenericOp():
                loops.lower(op)
            case tensor.PadOp() | tensor.ConcatOp() | tensor.InsertSliceOp():
                move(op, loops)
            case _ if isinstance(op, VIEWS):
                pass
            case _ if not any(isinstance(result.type, TensorType) for result in op.results):
                self._scalar(op, loops)
            case _:
                raise UnsupportedError(
                    f"{operation_name(op)} cannot be lowered to loops",
                    where=source_location(op),
                    why="operations on whole tensors are linalg.generic, padding, slicing, joining and reshaping",
                )

    def _scalar(self, op: Operation, loops: GenericLoops) -> None:
        """An operation on scalars outside any tensor operation."""
        lookup = loops.body([op], {}, self.scalars)
        self.scalars.update((result, lookup(result)) for result in op.results)

    def _constant(self, op: arith.ConstantOp, contents: DenseIntOrFPElementsAttr, loops: GenericLoops) -> None:
        """A constant tensor becomes a global array, or nothing at all if its elements are all the same."""
        assert self.placement is not None and isinstance(op.result.type, TensorType)
        type_ = MemRefType(self._element(op.result.type), self._shape(op.result.type) or (1,))
        if contents.is_splat():
            loops.splats[op.result] = self.nest.constant_of(splat(contents))
            return
        name = f"constant_{self._globals}"
        self._globals += 1
        shaped = TensorType(cast(IntegerType, type_.get_element_type()), type_.get_shape())
        flat = DenseIntOrFPElementsAttr(shaped, contents.data)
        symbol = memref.GlobalOp.get(
            StringAttr(name), type_, flat, sym_visibility=StringAttr("private"), constant=UnitAttr()
        )
        symbol.location = op.location
        self.module.body.block.insert_op_before(symbol, self.function)
        memory = TensorMemory(type_.get_shape())
        self.memories[memory] = self.nest.at_head(memref.GetGlobalOp(SymbolRefAttr(name), type_))
        self.placement.views[op.result] = view_of(memory, self._shape(op.result.type))
