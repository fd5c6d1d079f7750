"""Which loops that follow one another may run at once: those that share neither values nor arrays."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from xdsl.dialects import memref, scf
from xdsl.ir import Operation

from gatewright.dialects.loopschedule.ops import LoopOp
from gatewright.dialects.notes import UNIT, OperatorAttr
from gatewright.machine.occupancy import array_of, unit_of


def _touched(op: Operation) -> tuple[set[Hashable], set[Hashable]]:
    """The arrays that an operation loads from and stores to, with everything inside it."""
    loaded = {array_of(inner) for inner in op.walk() if isinstance(inner, memref.LoadOp)}
    stored = {array_of(inner) for inner in op.walk() if isinstance(inner, memref.StoreOp)}
    return loaded, stored


@dataclass
class LoopGroup:
    """Loops that run at once, what has to be done before them, and what comes behind the last of them so far."""

    before: list[Operation]
    loops: list[scf.WhileOp] = field(default_factory=list)
    behind: list[Operation] = field(default_factory=list)

    def may_join(self, loop: scf.WhileOp) -> bool:
        """True if another loop, and what stands between, depends on no loop of the group and shares no array with it.

        What stands between then comes before all of them.
        """
        if not self.loops:
            return True
        results = {result for other in self.loops for result in other.results}
        if any(operand in results for op in [*self.behind, loop] for inner in op.walk() for operand in inner.operands):
            return False
        loaded, stored = self._arrays()
        mine, changed = _touched(loop)
        if (mine | changed) & (loaded | stored):
            return False
        for op in self.behind:
            reads, writes = _touched(op)
            if reads & stored or writes & (loaded | stored):
                return False
        return True

    def join(self, loop: scf.WhileOp) -> None:
        """Let a loop run with those of the group."""
        self.before += self.behind
        self.behind = []
        self.loops.append(loop)

    def _arrays(self) -> tuple[set[Hashable], set[Hashable]]:
        loaded: set[Hashable] = set()
        stored: set[Hashable] = set()
        for loop in self.loops:
            reads, writes = _touched(loop)
            loaded |= reads
            stored |= writes
        return loaded, stored


def move_units(loop: LoopOp, others: Sequence[LoopOp], limits: dict[OperatorAttr, int]) -> bool:
    """Give the operations of a loop units that the loops that run at the same time do not use.

    `limits` are the numbers of units that there may be, by operator. False, and nothing has changed, if there are not
    enough.
    """
    taken: Counter[OperatorAttr] = Counter()
    for other in others:
        taken |= _units(other.walk())
    used = _units(loop.walk())
    for operator, count in used.items():
        if taken[operator] and taken[operator] + count > limits[operator]:
            return False
    for op in loop.walk():
        if (unit := unit_of(op)) is not None and taken[unit.operator]:
            UNIT.set(op, unit.number + taken[unit.operator])
    return True


def _units(ops: Iterable[Operation]) -> Counter[OperatorAttr]:
    """The number of units that operations use, by operator."""
    units: dict[OperatorAttr, int] = defaultdict(int)
    for op in ops:
        if (unit := unit_of(op)) is not None:
            units[unit.operator] = max(units[unit.operator], unit.number + 1)
    return Counter(units)
