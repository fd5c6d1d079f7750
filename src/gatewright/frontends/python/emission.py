"""Emission: the typed tree of a function as a module of the loops level, with nothing in it that nobody uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FunctionType,
    IntegerType,
    MemRefType,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    TensorType,
    UnitAttr,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import Rewriter
from xdsl.transforms.dead_code_elimination import dce

from gatewright.dialects.gw import DirectiveOp
from gatewright.frontends.python.tree import (
    Compute,
    ConstantTable,
    CountedLoop,
    Directive,
    ElementLoad,
    ElementStore,
    LocalArray,
    TreeBody,
    TreeChoice,
    TreeNode,
    TypedTerm,
    WhileLoop,
)
from gatewright.frontends.python.values import Buffer
from gatewright.ir.floats import dense_of_bits
from gatewright.numbers.types import Float


def emit(name: str, entry: TreeBody, tables: dict[str, Buffer]) -> tuple[ModuleOp, func.FuncOp]:
    """A module with the function `name` and its constant `tables`, by their symbols; and the function in it."""
    block = _Emission().body(entry, func.ReturnOp)
    type_ = FunctionType.from_lists(block.arg_types, [term.type for term in entry.leaves])
    function = func.FuncOp(name, type_, Region(block))
    function.location = entry.end
    constants = [_constant(symbol, buffer) for symbol, buffer in reversed(tables.items())]
    module = ModuleOp([*constants, function])
    _sweep(module)
    return module, function


def _constant(symbol: str, table: Buffer) -> memref.GlobalOp:
    """The `memref.global` that holds a table."""
    type_ = table.term.type
    assert isinstance(type_, MemRefType) and table.contents is not None
    values = [int(value) for value in table.contents.ravel()]
    if isinstance(table.element, Float):
        dense = dense_of_bits(table.element.format, values, table.shape)
    else:
        assert isinstance(type_.element_type, IntegerType)
        dense = DenseIntOrFPElementsAttr.from_list(TensorType(type_.element_type, table.shape), values)
    return memref.GlobalOp.get(StringAttr(symbol), type_, dense, constant=UnitAttr())


class _Emission:
    """The values of the terms emitted so far."""

    def __init__(self):
        self.values: dict[TypedTerm, SSAValue] = {}

    def body(self, body: TreeBody, terminator: type[Operation], *first: TypedTerm) -> Block:
        """A block for a body, ended by an operation that takes `first` and what the body leaves."""
        block = Block(arg_types=[term.type for term in body.parameters])
        for term, argument in zip(body.parameters, block.args, strict=True):
            self.define(term, argument)
        for node in body.nodes:
            operation = self.node(node)
            operation.location = node.location
            block.add_op(operation)
            for term, result in zip(node.gives(), operation.results, strict=True):
                self.define(term, result)
        end = terminator(*self.of([*first, *body.leaves]))
        end.location = body.end
        block.add_op(end)
        return block

    def define(self, term: TypedTerm, value: SSAValue) -> None:
        """Say which value a term is, under its name."""
        assert value.type == term.type, f"a term of type {term.type} became a value of {value.type}"
        value.name_hint = term.name
        self.values[term] = value

    def of(self, terms: Sequence[TypedTerm]) -> list[SSAValue]:
        """The values of some terms."""
        return [self.values[term] for term in terms]

    def node(self, node: TreeNode) -> Operation:
        """The operation for a node."""
        match node:
            case Compute():
                return node.kind(*map(self.argument, node.arguments))
            case ElementLoad():
                return memref.LoadOp.get(self.values[node.memory], self.of(node.indices))
            case ElementStore():
                return memref.StoreOp.get(self.values[node.value], self.values[node.memory], self.of(node.indices))
            case LocalArray():
                return memref.AllocOp((), (), node.result.type)
            case ConstantTable():
                return memref.GetGlobalOp(SymbolRefAttr(node.symbol), cast(MemRefType, node.result.type))
            case Directive():
                return DirectiveOp(node.kind, self.of(node.counters), node.value)
            case TreeChoice():
                return self.choice(node)
            case CountedLoop():
                start, stop, step = self.of([node.start, node.stop, node.step])
                return scf.ForOp(start, stop, step, self.of(node.initial), self.body(node.body, scf.YieldOp))
            case WhileLoop():
                initial, types = self.of(node.initial), [term.type for term in node.before.parameters]
                before = self.body(node.before, scf.ConditionOp, node.going)
                return scf.WhileOp(initial, types, [before], [self.body(node.after, scf.YieldOp)])
        raise AssertionError(f"nothing emits {type(node).__name__}")

    def argument(self, argument: TypedTerm | Attribute | str) -> SSAValue | Attribute | str:
        """What a pure operation takes for an argument of its node."""
        return self.values[argument] if isinstance(argument, TypedTerm) else argument

    def choice(self, node: TreeChoice) -> scf.IfOp:
        """The operation for a choice; a body that leaves nothing is there only if it does something."""
        condition, types = self.values[node.condition], [term.type for term in node.results]
        then = self.body(node.then, scf.YieldOp)
        return scf.IfOp(
            condition, types, [then], None if node.orelse is None else [self.body(node.orelse, scf.YieldOp)]
        )


def _sweep(module: ModuleOp) -> None:
    """Remove operations whose results nobody uses, and memories that nobody reads."""
    dce(module)
    for operation in list(module.walk()):
        if isinstance(operation, memref.AllocOp) and all(_only_fills(use.operation) for use in operation.memref.uses):
            for use in list(operation.memref.uses):
                Rewriter.erase_op(use.operation)
            Rewriter.erase_op(operation)
    dce(module)


def _only_fills(user: Operation) -> bool:
    return isinstance(user, memref.StoreOp)
