"""Accesses whose bank changes from iteration to iteration: the choices between them and the banks of an array."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TypeVar

from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.rewriter import Rewriter

from gatewright.analysis.linear_forms import LinearForm
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.rewriting import insert_before, located

Place = tuple[int, ...]
"""The number of a bank on each axis."""

Entry = TypeVar("Entry")

SubscriptForms = tuple[LinearForm, ...]
"""The subscripts of an access."""


@dataclass
class _LaneAccess:
    """One of several accesses whose subscripts are always the same numbers apart."""

    access: MemoryAccess
    forms: SubscriptForms

    @property
    def constants(self) -> tuple[int, ...]:
        """The constants of the subscripts."""
        return tuple(form.constant for form in self.forms)


@dataclass
class Crossbar:
    """Lets accesses of an array be of its banks by what their subscripts are.

    Accesses in one block whose subscripts differ by constants are in banks that differ by constants: of those with
    different remainders no two need the same bank at once, and each bank is accessed once for all of them. One access
    takes the place of all in a bank, and what it gives is chosen from all banks.
    """

    banks: dict[Place, SSAValue]
    factors: tuple[int, ...]
    _steps: list[tuple[int, int]] = field(default_factory=list)
    """For each axis the least remainder of the accesses at hand, and what it moves by."""

    def rewrite(self, accesses: Sequence[tuple[MemoryAccess, SubscriptForms]]) -> None:
        """Replace the accesses, which are in the order of the text."""
        for group in self._groups(accesses):
            self._replace(group)

    def _groups(self, accesses: Sequence[tuple[MemoryAccess, SubscriptForms]]) -> Iterable[list[_LaneAccess]]:
        """Accesses that are done together: no two of them are ever in one bank."""
        open_: dict[object, list[list[_LaneAccess]]] = {}
        found: list[list[_LaneAccess]] = []
        for access, forms in accesses:
            lane = _LaneAccess(access, forms)
            key = (access.parent_block(), type(access), *(form.moving for form in forms))
            if isinstance(access, memref.StoreOp):
                # Stores that may be to one element keep their order.
                again = any(other.constants == lane.constants for group in open_.get(key, []) for other in group)
                open_ = {each: groups for each, groups in open_.items() if each == key and not again}
            for group in open_.setdefault(key, []):
                if self._fits(lane, group):
                    group.append(lane)
                    break
            else:
                group = [lane]
                open_[key].append(group)
                found.append(group)
        return found

    def _fits(self, lane: _LaneAccess, group: list[_LaneAccess]) -> bool:
        """Whether an access can be done with those of a group: in another bank, with nothing that stores between."""
        if any(self._residues(lane) == self._residues(other) for other in group):
            return False
        return not _is_stored_between(group[0].access, lane.access)

    def _residues(self, lane: _LaneAccess) -> Place:
        return tuple(constant % factor for constant, factor in zip(lane.constants, self.factors, strict=True))

    def _replace(self, group: list[_LaneAccess]) -> None:
        """Replace the accesses of a group; those that store do so where the last of them stands."""
        loads = isinstance(group[0].access, memref.LoadOp)
        anchor = group[0].access if loads else group[-1].access
        first = group[0]
        base: list[SSAValue | int] = []
        self._steps = [form.step(factor) for form, factor in zip(first.forms, self.factors, strict=True)]
        quotient: list[SSAValue] = []
        for index, factor, form in zip(first.access.indices, self.factors, first.forms, strict=True):
            if form.is_multiple(factor):
                base.append(form.constant % factor)
                quotient.append(index if factor == 1 else computed(form.divided(factor), anchor))
            else:
                base.append(self._remainder(index, factor, anchor))
                quotient.append(self._quotient(index, factor, anchor))
        reach = [_apart(lane.constants, first.constants) for lane in group]
        if loads:
            self._loads(group, reach, base, quotient, anchor)
        else:
            self._stores(group, reach, base, quotient, anchor)

    def _loads(
        self,
        group: list[_LaneAccess],
        reach: list[Place],
        base: list[SSAValue | int],
        quotient: list[SSAValue],
        anchor: Operation,
    ) -> None:
        taken: dict[Place, SSAValue] = {}
        for place, array in self.banks.items():
            choices = self._reaching(place, reach, base)
            if not choices:
                continue
            address = self._address(choices, reach, base, quotient, anchor)
            taken[place] = insert_before(memref.LoadOp.get(array, address), anchor).res
        values: list[SSAValue] = []
        for offset in reach:
            table = {residues: taken[self._moved(residues, offset)] for residues in self._residues_of(base)}
            values.append(self._choose(table, base, anchor))
        for lane, value in zip(group, values, strict=True):
            assert isinstance(lane.access, memref.LoadOp)
            value.name_hint = lane.access.res.name_hint
            Rewriter.replace_op(lane.access, [], [value])

    def _stores(
        self,
        group: list[_LaneAccess],
        reach: list[Place],
        base: list[SSAValue | int],
        quotient: list[SSAValue],
        anchor: Operation,
    ) -> None:
        for place, array in self.banks.items():
            choices = self._reaching(place, reach, base)
            if not choices:
                continue
            address = self._address(choices, reach, base, quotient, anchor)
            table: dict[Place, SSAValue] = {}
            for residues, number in choices.items():
                access = group[number].access
                assert isinstance(access, memref.StoreOp)
                table[residues] = access.value
            hit = self._hit(choices, base, anchor)
            value = self._choose(_completed(table, self._residues_of(base)), base, anchor)
            store = located(memref.StoreOp.get(value, array, address), anchor)
            if hit is None:
                insert_before(store, anchor)
            else:
                insert_before(scf.IfOp(hit, [], Region(Block([store, scf.YieldOp()]))), anchor)
        for lane in group:
            Rewriter.erase_op(lane.access)

    def _residues_of(self, base: list[SSAValue | int]) -> list[Place]:
        """What the remainders of the first access may be."""
        axes = [
            [each] if isinstance(each, int) else range(start, factor, step)
            for each, factor, (start, step) in zip(base, self.factors, self._steps, strict=True)
        ]
        return list(product(*axes))

    def _moved(self, residues: Place, offset: Place) -> Place:
        """The bank of an access so far from one with these remainders."""
        return tuple((r + o) % f for r, o, f in zip(residues, offset, self.factors, strict=True))

    def _reaching(self, place: Place, reach: list[Place], base: list[SSAValue | int]) -> dict[Place, int]:
        """Which access is in a bank, by the remainders of the first one."""
        every = set(self._residues_of(base))
        found: dict[Place, int] = {}
        for number, offset in enumerate(reach):
            residues = tuple((p - o) % f for p, o, f in zip(place, offset, self.factors, strict=True))
            if residues in every:
                found[residues] = number
        return found

    def _address(
        self,
        choices: dict[Place, int],
        reach: list[Place],
        base: list[SSAValue | int],
        quotient: list[SSAValue],
        anchor: Operation,
    ) -> list[SSAValue]:
        """The subscripts in a bank: those of the access that is in it."""
        address: list[SSAValue] = []
        for axis, factor in enumerate(self.factors):
            table: dict[Place, int] = {
                residues: (residues[axis] + reach[number][axis]) // factor for residues, number in choices.items()
            }
            whole = _completed(table, self._residues_of(base))
            values = {residues: self._index(number, anchor) for residues, number in whole.items()}
            if set(whole.values()) == {0}:
                address.append(quotient[axis])
                continue
            ahead = self._choose(values, base, anchor)
            address.append(insert_before(arith.AddiOp(quotient[axis], ahead), anchor).result)
        return address

    def _hit(self, choices: dict[Place, int], base: list[SSAValue | int], anchor: Operation) -> SSAValue | None:
        """Whether any access is in a bank; None if always."""
        every = self._residues_of(base)
        if len(choices) == len(every):
            return None
        truths = {residues: self._truth(residues in choices, anchor) for residues in every}
        return self._choose(truths, base, anchor)

    def _choose(self, table: dict[Place, SSAValue], base: list[SSAValue | int], anchor: Operation) -> SSAValue:
        """The value of a table for the remainders of the first access: a tree of choices by comparisons."""
        values = list(dict.fromkeys(table.values()))
        if len(values) == 1:
            return values[0]
        axis = next(a for a in range(len(base)) if len({residues[a] for residues in table}) > 1)
        numbers = sorted({residues[axis] for residues in table})
        middle = numbers[len(numbers) // 2]
        index = base[axis]
        assert isinstance(index, SSAValue)
        below = {residues: value for residues, value in table.items() if residues[axis] < middle}
        above = {residues: value for residues, value in table.items() if residues[axis] >= middle}
        condition = self._is_below(index, middle, anchor)
        one, other = self._choose(below, base, anchor), self._choose(above, base, anchor)
        if one is other:
            return one
        return insert_before(arith.SelectOp(condition, one, other), anchor).result

    def _is_below(self, index: SSAValue, bound: int, anchor: Operation) -> SSAValue:
        return insert_before(arith.CmpiOp(index, self._index(bound, anchor), "ult"), anchor).result

    def _remainder(self, index: SSAValue, factor: int, anchor: Operation) -> SSAValue:
        index = _as_index(index, anchor)
        if factor & (factor - 1) == 0:
            return insert_before(arith.AndIOp(index, self._index(factor - 1, anchor)), anchor).result
        return insert_before(arith.RemUIOp(index, self._index(factor, anchor)), anchor).result

    def _quotient(self, index: SSAValue, factor: int, anchor: Operation) -> SSAValue:
        index = _as_index(index, anchor)
        if factor & (factor - 1) == 0:
            return insert_before(arith.ShRUIOp(index, self._index(factor.bit_length() - 1, anchor)), anchor).result
        return insert_before(arith.DivUIOp(index, self._index(factor, anchor)), anchor).result

    def _index(self, number: int, anchor: Operation) -> SSAValue:
        return insert_before(arith.ConstantOp(IntegerAttr(number, IndexType())), anchor).result

    def _truth(self, truth: bool, anchor: Operation) -> SSAValue:
        return insert_before(arith.ConstantOp.from_int_and_width(int(truth), 1), anchor).result


def _apart(constants: tuple[int, ...], first: tuple[int, ...]) -> Place:
    """How far the subscripts of an access are from those of another one."""
    return tuple(one - other for one, other in zip(constants, first, strict=True))


def _is_stored_between(one: MemoryAccess, other: MemoryAccess) -> bool:
    """Whether anything between two accesses of an array in a block may access it in the other way."""
    op = one.next_op
    while op is not None and op is not other:
        for inner in op.walk():
            if isinstance(inner, MemoryAccess) and inner.memref is one.memref and type(inner) is not type(one):
                return True
        op = op.next_op
    return op is None


def _completed(table: Mapping[Place, Entry], every: Sequence[Place]) -> dict[Place, Entry]:
    """A table for all remainders: where it does not matter, what is there anyway."""
    anything = next(iter(table.values()))
    return {residues: table.get(residues, anything) for residues in every}


def _as_index(value: SSAValue, anchor: Operation) -> SSAValue:
    return (
        value
        if isinstance(value.type, IndexType)
        else insert_before(arith.IndexCastOp(value, IndexType()), anchor).result
    )


def computed(form: LinearForm, anchor: Operation) -> SSAValue:
    """The value of a linear form, in front of an operation."""
    total: SSAValue | None = None
    for value, factor in form.factors:
        value = _as_index(value, anchor)
        if factor != 1:
            value = insert_before(arith.MuliOp(value, _constant(factor, anchor)), anchor).result
        total = value if total is None else insert_before(arith.AddiOp(total, value), anchor).result
    if total is None:
        return _constant(form.constant, anchor)
    if form.constant:
        total = insert_before(arith.AddiOp(total, _constant(form.constant, anchor)), anchor).result
    return total


def _constant(number: int, anchor: Operation) -> SSAValue:
    return insert_before(arith.ConstantOp(IntegerAttr(number, IndexType())), anchor).result
