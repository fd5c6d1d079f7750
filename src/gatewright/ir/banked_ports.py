"""Arrays of a program that its hardware has in banks, each with ports of its own: how elements are dealt out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, StringAttr, i64
from xdsl.ir import Attribute

from gatewright.dialects.notes import PORT_BANK, PORT_NAME, PORT_RESULT


@dataclass(frozen=True)
class Bank:
    """Which elements of an array a bank holds: every `factors`-th along each axis, from `place` on."""

    array: str
    shape: tuple[int, ...]
    factors: tuple[int, ...]
    place: tuple[int, ...]

    def __str__(self) -> str:
        return " ".join([self.array, *("x".join(map(str, each)) for each in (self.shape, self.factors, self.place))])

    @staticmethod
    def parse(text: str) -> Bank:
        """The bank that a note tells of."""
        array, *numbers = text.split(" ")
        shape, factors, place = (tuple(map(int, each.split("x"))) for each in numbers)
        return Bank(array, shape, factors, place)

    @property
    def extents(self) -> tuple[int, ...]:
        """The shape of the bank; elements beyond the array are never used."""
        return tuple(-(-extent // factor) for extent, factor in zip(self.shape, self.factors, strict=True))

    @property
    def elements(self) -> tuple[slice, ...]:
        """Its elements in the array."""
        return tuple(slice(first, None, factor) for first, factor in zip(self.place, self.factors, strict=True))

    def describe(self) -> str:
        """Its elements, as Python would call them."""
        axes = (
            f"{first}::{factor}" if factor > 1 else ":" for first, factor in zip(self.place, self.factors, strict=True)
        )
        return f"{self.array}[{', '.join(axes)}]"

    def deal(self, whole: np.ndarray) -> np.ndarray:
        """The elements of an array that are in the bank."""
        dealt = np.zeros(self.extents, whole.dtype)
        part = whole.reshape(self.shape)[self.elements]
        dealt[tuple(map(slice, part.shape))] = part
        return dealt

    def collect(self, dealt: np.ndarray, whole: np.ndarray) -> None:
        """Put the elements of the bank into an array."""
        target = whole.reshape(self.shape)[self.elements]
        target[...] = dealt.reshape(self.extents)[tuple(map(slice, target.shape))]


def bank_of(attributes: DictionaryAttr) -> Bank | None:
    """The bank that an argument of a function is, by its attributes."""
    found = attributes.data.get(PORT_BANK.name)
    return Bank.parse(found.data) if isinstance(found, StringAttr) else None


def banks_of_arguments(function: func.FuncOp) -> list[Bank | None]:
    """For each argument of a function the bank that it is, None for one that is whole."""
    if function.arg_attrs is None:
        return [None] * len(function.function_type.inputs)
    return [bank_of(each) for each in function.arg_attrs]


def bank_attributes(attributes: DictionaryAttr, name: str, bank: Bank, result: int | None) -> DictionaryAttr:
    """The attributes of an argument that is a bank of one with other attributes."""
    entries: dict[str, Attribute] = {**attributes.data, PORT_NAME.name: StringAttr(name)}
    entries[PORT_BANK.name] = StringAttr(str(bank))
    if result is not None:
        entries[PORT_RESULT.name] = IntegerAttr(result, i64)
    return DictionaryAttr(entries)


def renumbered(attributes: ArrayAttr[DictionaryAttr], behind: int, more: int) -> list[DictionaryAttr]:
    """Attributes of arguments or results of a function that has so many more results behind one."""
    found: list[DictionaryAttr] = []
    for each in attributes:
        number = each.data.get(PORT_RESULT.name)
        if isinstance(number, IntegerAttr) and number.value.data > behind:
            each = DictionaryAttr({**each.data, PORT_RESULT.name: IntegerAttr(number.value.data + more, i64)})
        found.append(each)
    return found


@dataclass(frozen=True)
class BankedPorts:
    """What the ports of a function are to its program: for each parameter and each result the banks that it is."""

    parameters: Sequence[Sequence[Bank | None]]
    results: Sequence[Sequence[Bank | None]]

    @staticmethod
    def of(function: func.FuncOp) -> BankedPorts:
        """Those of a function: banks of one array stand side by side."""
        parameters: list[list[Bank | None]] = []
        results: dict[int, Bank | None] = {}
        attributes = list(function.arg_attrs) if function.arg_attrs is not None else []
        for each in attributes or [DictionaryAttr({})] * len(function.function_type.inputs):
            bank, number = bank_of(each), each.data.get(PORT_RESULT.name)
            if isinstance(number, IntegerAttr):
                results[number.value.data] = bank
            elif bank is not None and any(bank.place):
                parameters[-1].append(bank)
            else:
                parameters.append([bank])
        joined: list[list[Bank | None]] = []
        for position in range(max([*results, len(results) - 1, -1]) + 1 + len(function.function_type.outputs)):
            bank = results.get(position)
            if bank is not None and any(bank.place):
                joined[-1].append(bank)
            else:
                joined.append([bank])
        return BankedPorts(parameters, joined)

    @property
    def is_plain(self) -> bool:
        """Whether all arrays are whole."""
        return all(each == [None] for each in (*self.parameters, *self.results))

    def deal(self, arguments: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The arguments of the function for those of the program."""
        return [
            argument if bank is None else bank.deal(argument)
            for argument, banks in zip(arguments, self.parameters, strict=True)
            for bank in banks
        ]

    def collect(self, dealt: Sequence[np.ndarray], arguments: Sequence[np.ndarray]) -> None:
        """Put what the function has made of its arguments into those of the program."""
        parts = iter(dealt)
        for argument, banks in zip(arguments, self.parameters, strict=True):
            for bank in banks:
                part = next(parts)
                if bank is not None:
                    bank.collect(part, argument)

    def join(self, results: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results of the program for those of the function."""
        parts, found = iter(results), []
        for banks in self.results:
            first = next(parts, None)
            if first is None:
                break
            bank = banks[0]
            if bank is None:
                found.append(first)
                continue
            whole = np.zeros(prod(bank.shape), first.dtype)
            bank.collect(first, whole)
            for other in banks[1:]:
                assert other is not None
                other.collect(next(parts), whole)
            found.append(whole)
        return found
