"""A nest of counted loops with straight-line code between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.dialects import scf
from xdsl.ir import Operation

from gatewright.analysis.trip_count import counted_trips
from gatewright.dialects.notes import DISTRIBUTED
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.purity import is_pure
from gatewright.transforms.loops.if_convert import LONG_OPERATIONS, is_predicated_store


@dataclass
class Nest:
    """A counted loop: pieces of straight-line code with inner loops between them."""

    loop: scf.ForOp
    pieces: list[list[Operation]] = field(default_factory=lambda: [[]])
    children: list[Nest] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The number of operations in it."""
        return sum(map(len, self.pieces)) + sum(child.size for child in self.children)

    @property
    def terminator(self) -> scf.YieldOp:
        """What ends an iteration."""
        last = self.loop.body.block.last_op
        assert isinstance(last, scf.YieldOp)
        return last

    @property
    def passed_through(self) -> dict[int, int]:
        """The carried values that the only inner loop takes over as its own: its position for each of the loop's.

        They enter the inner loop as they are, and what it makes of them is all that is handed on.
        """
        if len(self.children) != 1:
            return {}
        inner, arguments = self.children[0].loop, self.loop.body.block.args[1:]
        found: dict[int, int] = {}
        for position, (argument, yielded) in enumerate(zip(arguments, self.terminator.operands, strict=True)):
            uses = list(argument.uses)
            if len(uses) != 1 or uses[0].operation is not inner or argument not in inner.iter_args:
                continue
            at = list(inner.iter_args).index(argument)
            if yielded is inner.results[at]:
                found[position] = at
        return found

    @property
    def iterations(self) -> int | None:
        """The number of innermost iterations, an inner loop without any counting as one; None if it is not known."""
        trips = counted_trips(self.loop)
        inner = [child.iterations for child in self.children]
        known = [max(1, each) for each in inner if each is not None]
        if trips is None or len(known) < len(inner):
            return None
        return trips * (sum(known) if known else 1)


def nest_of(loop: scf.ForOp) -> Nest | None:
    """The nest below a loop, or None if it holds anything but counted loops and what one cycle after another can do."""
    nest = Nest(loop)
    for op in list(loop.body.block.ops)[:-1]:
        if isinstance(op, scf.ForOp):
            child = nest_of(op)
            if child is None:
                return None
            nest.children.append(child)
            nest.pieces.append([])
        elif _is_straight(op):
            nest.pieces[-1].append(op)
        else:
            return None
    if len(nest.children) > 1 and any(DISTRIBUTED.value(child.loop) for child in nest.children):
        return None
    if nest.children and any(isinstance(op, LONG_OPERATIONS) for piece in nest.pieces for op in piece):
        return None
    return nest


def _is_straight(op: Operation) -> bool:
    if isinstance(op, MemoryAccess) or is_predicated_store(op):
        return True
    return is_pure(op)
