"""A part of a function as a function of its own, to try plans on."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr
from xdsl.ir import Block, Operation, Region, SSAValue

from gatewright.dialects.notes import PORT_NAME
from gatewright.ir.interface import argument_names

NAME = "part"
"""What the function is called."""

_CONSTANT = (arith.ConstantOp, memref.GetGlobalOp)
"""What the part has of its own instead of taking it as an argument."""
_LOCAL = (memref.AllocOp, memref.AllocaOp)


def isolated(function: func.FuncOp, ops: Sequence[Operation]) -> ModuleOp:
    """Operations of the body of a function, in order, as the body of a function.

    What they use is an argument, but for constants, and for arrays that nothing else uses; what is used of them is a
    result. The names of loops, ports, arrays and values stay.
    """
    inside = {each for op in ops for each in op.walk()}
    used = list(dict.fromkeys(value for op in ops for each in op.walk() for value in each.operands))
    free = [value for value in used if not _is_defined(value, inside)]
    own = [value.owner for value in free if _is_own(value, inside)]
    taken = [value for value in free if value.owner not in own]
    body = Block(arg_types=[value.type for value in taken])
    values: dict[SSAValue, SSAValue] = dict(zip(taken, body.args, strict=True))
    for value, argument in values.items():
        argument.name_hint = value.name_hint
    for op in [*own, *ops]:
        assert isinstance(op, Operation)
        copy = op.clone(values)
        for before, after in zip(op.walk(), copy.walk(), strict=True):
            after.location = before.location
        body.add_op(copy)
        values.update(zip(op.results, copy.results, strict=True))
    given = [result for op in ops for result in op.results if any(use.operation not in inside for use in result.uses)]
    body.add_op(func.ReturnOp(*(values[result] for result in given)))
    part = func.FuncOp(NAME, ([value.type for value in taken], [value.type for value in given]), Region(body))
    ports: dict[SSAValue, str] = dict(zip(function.body.block.args, argument_names(function), strict=True))
    part.properties["arg_attrs"] = ArrayAttr([_named(ports.get(value) or value.name_hint) for value in taken])
    module = function.parent_op()
    assert isinstance(module, ModuleOp)
    rom = [op.clone() for op in module.ops if isinstance(op, memref.GlobalOp)]
    return ModuleOp([*rom, part])


def _named(name: str | None) -> DictionaryAttr:
    """The attributes of an argument with a name, by which options and messages call it."""
    return DictionaryAttr({PORT_NAME.name: StringAttr(name)} if name else {})


def _is_defined(value: SSAValue, inside: set[Operation]) -> bool:
    owner = value.owner
    return (owner if isinstance(owner, Operation) else owner.parent_op()) in inside


def _is_own(value: SSAValue, inside: set[Operation]) -> bool:
    """Whether the part makes the value itself."""
    if isinstance(value.owner, _LOCAL):
        return all(use.operation in inside for use in value.uses)
    return isinstance(value.owner, _CONSTANT)
