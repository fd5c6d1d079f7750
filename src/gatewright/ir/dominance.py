"""Whether every value is defined before it is used."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.hw import HWModuleOp
from xdsl.ir import Block, Operation, SSAValue


def use_before_definition(module: ModuleOp) -> Operation | None:
    """The first operation that uses a value not yet defined where it stands, or None.

    For modules whose regions have one block each; xDSL's own verifier does not look at the order. In hardware modules
    there is none: what happens does not depend on where it stands.
    """
    return _in_block(module.body.block, set())


def _in(op: Operation, defined: set[SSAValue]) -> Operation | None:
    if any(operand not in defined for operand in op.operands):
        return op
    for region in op.regions if not isinstance(op, HWModuleOp) else ():
        for block in region.blocks:
            found = _in_block(block, defined)
            if found is not None:
                return found
    return None


def _in_block(block: Block, outer: set[SSAValue]) -> Operation | None:
    defined = outer | set(block.args)
    for op in block.ops:
        found = _in(op, defined)
        if found is not None:
            return found
        defined.update(op.results)
    return None
