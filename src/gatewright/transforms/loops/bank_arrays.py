"""Array partitioning: keep an array in several memories, so that several of its elements are there at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
from xdsl.context import Context
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import (
    ArrayAttr,
    BytesAttr,
    DenseIntOrFPElementsAttr,
    DictionaryAttr,
    MemRefType,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    TensorType,
    UnitAttr,
)
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from gatewright.analysis.linear_forms import LinearForm, LinearForms
from gatewright.analysis.ranges import value_ranges
from gatewright.dialects.notes import PORT_BANK
from gatewright.errors import UnsupportedError
from gatewright.ir.accesses import MemoryAccess, accesses, is_accessed_by_element
from gatewright.ir.array_names import array_called
from gatewright.ir.banked_ports import Bank, bank_attributes, renumbered
from gatewright.ir.contents import dense_of_bytes
from gatewright.ir.interface import argument_names, result_positions
from gatewright.ir.location import source_location
from gatewright.ir.rewriting import functions_of, insert_before
from gatewright.plan import bank_value
from gatewright.transforms.loops.bank_crossbar import Crossbar, Place, computed


@dataclass(frozen=True)
class BankArraysPass(ModulePass):
    """Keep an array in banks, its elements dealt out in turn along each axis (cyclic partitioning).

    ```
    %a : memref<16x16xi32>            %a_0, %a_1 : memref<16x8xi32>
    load %a[%i, 2 * %j]          ->   load %a_0[%i, %j]
    load %a[%i, 2 * %j + 1]           load %a_1[%i, %j]
    ```

    `array` is its name, `factors` how many banks there are along each axis. An access whose bank is the same in every
    iteration is one of that bank; others choose. What accesses the same bank takes turns, so that the number of banks
    changes when things happen and not what.
    """

    name = "bank-arrays"

    array: str = ""
    factors: tuple[int, ...] = ()

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            if (array := array_called(function, self.array)) is not None:
                bank(function, array, self.factors)


def bank(function: func.FuncOp, array: SSAValue, factors: Sequence[int], forms: LinearForms | None = None) -> None:
    """Keep an array of a function in so many banks along each axis. Raises UnsupportedError where that cannot be.

    `forms` are those of the subscripts of the function, where they are known.
    """
    found = check_banks(function, array, factors)
    if all(factor == 1 for factor in factors):
        return
    type_ = array.type
    assert isinstance(type_, MemRefType)
    shape, forms = type_.get_shape(), forms or LinearForms(value_ranges(function))
    if isinstance(array.owner, Operation):
        Banking(_inside(array.owner, shape, factors), tuple(factors), forms).divide(found)
        Rewriter.erase_op(array.owner)
    else:
        assert isinstance(array, BlockArgument)
        Banking(_of_argument(function, array, shape, factors), tuple(factors), forms).divide(found)
        function.body.block.erase_arg(array)
        function.update_function_type()


def check_banks(function: func.FuncOp, array: SSAValue, factors: Sequence[int]) -> Sequence[MemoryAccess]:
    """The accesses of an array that can be kept in so many banks. Raises UnsupportedError where it cannot."""
    type_, found = array.type, _accesses(function, array)
    assert isinstance(type_, MemRefType)
    shape, why = type_.get_shape(), None
    if found is None:
        why = "it is passed on as a whole"
    elif len(factors) != len(shape):
        why = f"it has {len(shape)} axes, and {bank_value(factors)} are banks along {len(factors)}"
    elif any(factor > extent for factor, extent in zip(factors, shape, strict=True)):
        why = f"it has {bank_value(shape)} elements"
    if found is None or why is not None:
        where = array.owner if isinstance(array.owner, Operation) else function
        raise UnsupportedError(
            f"array {array.name_hint or ''} cannot be kept in {bank_value(factors)} banks",
            where=source_location(where),
            why=why,
        )
    return found


def _accesses(function: func.FuncOp, array: SSAValue) -> list[MemoryAccess] | None:
    """The accesses of an array in the order of the text; None if it is used otherwise."""
    if not is_accessed_by_element(array):
        return None
    return [op for op in accesses(function) if op.memref is array]


def _places(factors: Sequence[int]) -> Iterator[Place]:
    return product(*map(range, factors))


def _called(name: str, place: Place, factors: Sequence[int]) -> str:
    """The name of a bank."""
    return "_".join([name, *(str(number) for number, factor in zip(place, factors, strict=True) if factor > 1)])


def _type_of(array: SSAValue, shape: Sequence[int], factors: Sequence[int]) -> MemRefType:
    """The type of the banks of an array."""
    assert isinstance(array.type, MemRefType)
    extents = [-(-extent // factor) for extent, factor in zip(shape, factors, strict=True)]
    return MemRefType(array.type.element_type, extents)


def _inside(source: Operation, shape: Sequence[int], factors: Sequence[int]) -> dict[Place, SSAValue]:
    """The banks of an array that an operation makes, made in front of it."""
    old = source.results[0]
    type_, banks = _type_of(old, shape, factors), {}
    for place in _places(factors):
        name = _called(old.name_hint or "array", place, factors)
        if isinstance(source, memref.GetGlobalOp):
            symbol = _part(source, place, factors, type_, name)
            made: Operation = memref.GetGlobalOp(SymbolRefAttr(symbol), type_)
        else:
            made = memref.AllocOp((), (), type_)
        insert_before(made, source)
        made.results[0].name_hint = name
        PORT_BANK.set(made, str(Bank(old.name_hint or "array", tuple(shape), tuple(factors), place)))
        banks[place] = made.results[0]
    return banks


def _of_argument(
    function: func.FuncOp, array: SSAValue, shape: Sequence[int], factors: Sequence[int]
) -> dict[Place, SSAValue]:
    """The banks of an array that is an argument of a function, as arguments behind it."""
    assert isinstance(array, BlockArgument)
    names, number, type_ = argument_names(function), array.index, _type_of(array, shape, factors)
    banks: dict[Place, SSAValue] = {}
    result = result_positions(function)[number]
    given = function.arg_attrs or ArrayAttr([DictionaryAttr({}) for _ in names])
    attributes = list(given)
    if result is not None:
        attributes = renumbered(given, result, prod(factors) - 1)
        if function.res_attrs is not None:
            function.properties["res_attrs"] = ArrayAttr(renumbered(function.res_attrs, result, prod(factors) - 1))
    made: list[DictionaryAttr] = []
    for position, place in enumerate(_places(factors)):
        name = _called(names[number], place, factors)
        argument = function.body.block.insert_arg(type_, number + 1 + position)
        argument.name_hint = name
        banks[place] = argument
        bank = Bank(names[number], tuple(shape), tuple(factors), place)
        made.append(bank_attributes(attributes[number], name, bank, None if result is None else result + position))
    function.properties["arg_attrs"] = ArrayAttr([*attributes[:number], *made, *attributes[number + 1 :]])
    return banks


@dataclass
class Banking:
    """The banks that take the place of an array, and which access is one of which bank."""

    banks: dict[Place, SSAValue]
    factors: tuple[int, ...]
    forms: LinearForms

    def divide(self, found: Sequence[MemoryAccess]) -> None:
        """Let accesses of the array be of its banks."""
        moving: list[tuple[MemoryAccess, tuple[LinearForm, ...]]] = []
        for access in found:
            forms = self.forms.of_all(access.indices)
            if all(form.is_multiple(factor) for form, factor in zip(forms, self.factors, strict=True)):
                self._replace(access, forms)
            else:
                moving.append((access, forms))
        if moving:
            Crossbar(self.banks, self.factors).rewrite(moving)

    def _replace(self, access: MemoryAccess, forms: Sequence[LinearForm]) -> None:
        """Let an access be one of the bank that its element always is in."""
        place = tuple(form.constant % factor for form, factor in zip(forms, self.factors, strict=True))
        indices = [
            index if factor == 1 else computed(form.divided(factor), access)
            for index, form, factor in zip(access.indices, forms, self.factors, strict=True)
        ]
        access.operands[access.operands.index(access.memref)] = self.banks[place]
        for position, index in enumerate(indices):
            access.operands[len(access.operands) - len(indices) + position] = index


def _part(source: memref.GetGlobalOp, place: Place, factors: Sequence[int], type_: MemRefType, name: str) -> str:
    """Add the part of a constant that is in a bank to the module; return its name."""
    module = source.get_toplevel_object()
    assert isinstance(module, ModuleOp)
    globals_ = [op for op in module.ops if isinstance(op, memref.GlobalOp)]
    whole = next(op for op in globals_ if op.sym_name.data == source.name_.string_value())
    contents = whole.initial_value
    assert isinstance(contents, DenseIntOrFPElementsAttr)
    symbol = f"{whole.sym_name.data}_{name}"
    if all(op.sym_name.data != symbol for op in globals_):
        data = BytesAttr(_dealt(contents, place, factors, type_.get_shape()))
        dense = dense_of_bytes(TensorType(type_.element_type, type_.shape), data)
        part = memref.GlobalOp.get(StringAttr(symbol), type_, dense, constant=UnitAttr())
        insert_before(part, whole)
    return symbol


def _dealt(contents: DenseIntOrFPElementsAttr, place: Place, factors: Sequence[int], extents: Sequence[int]) -> bytes:
    """The bytes of the elements that are in a bank, and zeros behind them where there are fewer than in others."""
    shape, data = contents.get_shape(), contents.data.data
    if contents.is_splat():
        size = len(data) if len(data) <= 8 else len(data) // prod(shape)
        return data[:size] * prod(extents)
    words = np.frombuffer(data, f"V{len(data) // prod(shape)}").reshape(shape)
    padded = np.zeros([extent * factor for extent, factor in zip(extents, factors, strict=True)], words.dtype)
    padded[tuple(slice(0, extent) for extent in shape)] = words
    return padded[tuple(slice(number, None, factor) for number, factor in zip(place, factors, strict=True))].tobytes()
