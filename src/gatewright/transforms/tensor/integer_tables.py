"""Elementwise operations on one quantised tensor as a table: what floating-point arithmetic gives for every integer."""

from __future__ import annotations

import numpy as np
from xdsl.dialects import arith
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, Float32Type, FloatAttr, IndexType, IntegerAttr, IntegerType
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import SSAValue

from gatewright.interpreters.arithmetic import evaluate
from gatewright.transforms.tensor import generic
from gatewright.transforms.tensor.elements import splat
from gatewright.transforms.tensor.quantized_tensors import Read

MOST_ENTRIES = 1 << 10
"""The largest table."""


def table_of(op: GenericOp, reads: dict[SSAValue, Read], bases: dict[SSAValue, int]) -> np.ndarray | None:
    """The integers that an operation yields, by its only input from the smallest on; None if it is no such function.

    `bases` tells what to add to the integers of an input to get those that the operation itself reads.
    """
    block = generic.body_of(op)
    used = [argument for argument in block.args if argument.first_use is not None]
    varying = [argument for argument in used if argument in reads and reads[argument].raw.value is not None]
    if len(varying) != 1:
        return None
    argument, read = varying[0], reads[varying[0]]
    if read.raw.high - read.raw.low >= MOST_ENTRIES:
        return None
    values: dict[SSAValue, int] = {}
    for other, operand in zip(block.args, op.operands, strict=True):
        if other in used and other is not argument:
            number = _number(operand, {})
            if number is None:
                return None
            values[other] = number
    entries = [_input(argument, read, raw, bases) for raw in range(read.raw.low, read.raw.high + 1)]
    found = [_evaluated(op, values | {argument: entry}) for entry in entries if entry is not None]
    known = [number for number in found if number is not None]
    sign = 1 << (generic.bits_of_element(op.results[0].type) - 1)
    return (np.array(known, np.int64) ^ sign) - sign if len(known) == len(entries) else None


def _input(argument: SSAValue, read: Read, raw: int, bases: dict[SSAValue, int]) -> int | None:
    """The bits of an input: an integer, or a real number that is one times a scale."""
    if isinstance(argument.type, IntegerType):
        return (raw + bases.get(argument, 0)) % (1 << argument.type.width.data)
    if read.scale is None or not isinstance(argument.type, Float32Type) or read.centre.size > 1:
        return None
    return int(np.float32(float(read.scale * (raw - read.centre.item()))).view(np.uint32))


def _evaluated(op: GenericOp, values: dict[SSAValue, int]) -> int | None:
    """The integer that a body yields."""
    for inner in [inner for inner in list(generic.body_of(op).ops)[:-1] if inner.name != "cf.assert"]:
        operands = [_number(operand, values) for operand in inner.operands]
        numbers = [number for number in operands if number is not None]
        if len(inner.results) != 1 or isinstance(inner.results[0].type, IndexType) or len(numbers) < len(operands):
            return None
        found = evaluate(inner, numbers)
        if found is None:
            return None
        values[inner.results[0]] = found
    return _number(generic.yielded(op)[0], values)


def _number(value: SSAValue, values: dict[SSAValue, int]) -> int | None:
    if value in values:
        return values[value]
    owner = value.owner
    if not isinstance(owner, arith.ConstantOp):
        return None
    if isinstance(owner.value, DenseIntOrFPElementsAttr):
        return evaluate(arith.ConstantOp(splat(owner.value)), []) if owner.value.is_splat() else None
    return evaluate(owner, []) if isinstance(owner.value, FloatAttr | IntegerAttr) else None
