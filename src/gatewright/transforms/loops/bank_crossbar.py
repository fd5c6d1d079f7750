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

    def rewrite(self, accesses: Sequence[tuple[MemoryAccess, SubscriptForms]]) -> None:
        """Replace the accesses, which are in the order of the text."""
        for lanes in self._groups(accesses):
            _Group.of(self.banks, self.factors, lanes).replace()

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


@dataclass
class _Group:
    """Accesses of one block that are done together, and the code that takes their place in front of `anchor`."""

    banks: dict[Place, SSAValue]
    factors: tuple[int, ...]
    lanes: list[_LaneAccess]
    anchor: Operation
    base: list[SSAValue | int] = field(default_factory=list)
    """For each axis the remainder of the first access, a number where it is always the same."""
    quotient: list[SSAValue] = field(default_factory=list)
    """For each axis its place in its bank."""
    reach: list[Place] = field(default_factory=list)
    """How far each access is from the first one."""
    every: list[Place] = field(default_factory=list)
    """What the remainders of the first access may be."""

    @staticmethod
    def of(banks: dict[Place, SSAValue], factors: tuple[int, ...], lanes: list[_LaneAccess]) -> _Group:
        """A group: loads stand where the first of them did, stores where the last one did."""
        first = lanes[0]
        loads = isinstance(first.access, memref.LoadOp)
        group = _Group(banks, factors, lanes, first.access if loads else lanes[-1].access)
        axes: list[Iterable[int]] = []
        for index, factor, form in zip(first.access.indices, factors, first.forms, strict=True):
            if form.is_multiple(factor):
                group.base.append(form.constant % factor)
                group.quotient.append(index if factor == 1 else computed(form.divided(factor), group.anchor))
                axes.append([form.constant % factor])
            else:
                quotient = group.quotient_of(index, factor)
                group.base.append(group.remainder_of(index, quotient, factor))
                group.quotient.append(quotient)
                start, step = form.step(factor)
                axes.append(range(start, factor, step))
        group.reach = [_apart(lane.constants, first.constants) for lane in lanes]
        group.every = list(product(*axes))
        return group

    def replace(self) -> None:
        """Put the accesses of the banks, and the choices, in the place of the accesses."""
        if isinstance(self.lanes[0].access, memref.LoadOp):
            self._loads()
        else:
            self._stores()

    def _loads(self) -> None:
        taken: dict[Place, SSAValue] = {}
        for place, array in self.banks.items():
            if choices := self._reaching(place):
                taken[place] = self._emit(memref.LoadOp.get(array, self._address(choices)))
        values = [
            self._choose({residues: taken[self._moved(residues, offset)] for residues in self.every})
            for offset in self.reach
        ]
        for lane, value in zip(self.lanes, values, strict=True):
            assert isinstance(lane.access, memref.LoadOp)
            value.name_hint = lane.access.res.name_hint
            Rewriter.replace_op(lane.access, [], [value])

    def _stores(self) -> None:
        for place, array in self.banks.items():
            choices = self._reaching(place)
            if not choices:
                continue
            table: dict[Place, SSAValue] = {}
            for residues, number in choices.items():
                access = self.lanes[number].access
                assert isinstance(access, memref.StoreOp)
                table[residues] = access.value
            address, hit = self._address(choices), self._hit(choices)
            value = self._choose(self._completed(table))
            store = located(memref.StoreOp.get(value, array, address), self.anchor)
            if hit is None:
                insert_before(store, self.anchor)
            else:
                insert_before(scf.IfOp(hit, [], Region(Block([store, scf.YieldOp()]))), self.anchor)
        for lane in self.lanes:
            Rewriter.erase_op(lane.access)

    def _moved(self, residues: Place, offset: Place) -> Place:
        """The bank of an access so far from one with these remainders."""
        return tuple((r + o) % f for r, o, f in zip(residues, offset, self.factors, strict=True))

    def _reaching(self, place: Place) -> dict[Place, int]:
        """Which access is in a bank, by the remainders of the first one."""
        every = set(self.every)
        found: dict[Place, int] = {}
        for number, offset in enumerate(self.reach):
            residues = tuple((p - o) % f for p, o, f in zip(place, offset, self.factors, strict=True))
            if residues in every:
                found[residues] = number
        return found

    def _address(self, choices: dict[Place, int]) -> list[SSAValue]:
        """The subscripts in a bank: those of the access that is in it."""
        address: list[SSAValue] = []
        for axis, factor in enumerate(self.factors):
            table = {
                residues: (residues[axis] + self.reach[number][axis]) // factor for residues, number in choices.items()
            }
            whole = self._completed(table)
            if set(whole.values()) == {0}:
                address.append(self.quotient[axis])
                continue
            ahead = self._choose({residues: self._index(number) for residues, number in whole.items()})
            address.append(self._emit(arith.AddiOp(self.quotient[axis], ahead)))
        return address

    def _hit(self, choices: dict[Place, int]) -> SSAValue | None:
        """Whether any access is in a bank; None if always."""
        if len(choices) == len(self.every):
            return None
        return self._choose({residues: self._truth(residues in choices) for residues in self.every})

    def _completed(self, table: Mapping[Place, Entry]) -> dict[Place, Entry]:
        """A table for all remainders: where it does not matter, what is there anyway."""
        anything = next(iter(table.values()))
        return {residues: table.get(residues, anything) for residues in self.every}

    def _choose(self, table: dict[Place, SSAValue]) -> SSAValue:
        """The value of a table for the remainders of the first access: a tree of choices by comparisons."""
        values = list(dict.fromkeys(table.values()))
        if len(values) == 1:
            return values[0]
        axis = next(a for a in range(len(self.base)) if len({residues[a] for residues in table}) > 1)
        numbers = sorted({residues[axis] for residues in table})
        middle = numbers[len(numbers) // 2]
        index = self.base[axis]
        assert isinstance(index, SSAValue)
        below = {residues: value for residues, value in table.items() if residues[axis] < middle}
        above = {residues: value for residues, value in table.items() if residues[axis] >= middle}
        condition = self._emit(arith.CmpiOp(index, self._index(middle), "ult"))
        one, other = self._choose(below), self._choose(above)
        return one if one is other else self._emit(arith.SelectOp(condition, one, other))

    def quotient_of(self, index: SSAValue, factor: int) -> SSAValue:
        """A subscript divided by a number of banks, rounded down: it may be negative where nobody reads."""
        index = _as_index(index, self.anchor)
        if factor & (factor - 1) == 0:
            return self._emit(arith.ShRSIOp(index, self._index(factor.bit_length() - 1)))
        return self._emit(arith.FloorDivSIOp(index, self._index(factor)))

    def remainder_of(self, index: SSAValue, quotient: SSAValue, factor: int) -> SSAValue:
        """The bank of a subscript."""
        index = _as_index(index, self.anchor)
        if factor & (factor - 1) == 0:
            return self._emit(arith.AndIOp(index, self._index(factor - 1)))
        return self._emit(arith.SubiOp(index, self._emit(arith.MuliOp(quotient, self._index(factor)))))

    def _index(self, number: int) -> SSAValue:
        return _constant(number, self.anchor)

    def _truth(self, truth: bool) -> SSAValue:
        return self._emit(arith.ConstantOp.from_int_and_width(int(truth), 1))

    def _emit(self, op: Operation) -> SSAValue:
        return insert_before(op, self.anchor).results[0]


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
