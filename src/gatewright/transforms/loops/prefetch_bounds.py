"""Prefetch of loop bounds: those of inner loops are loaded one iteration of the outer loop before they are needed."""

from __future__ import annotations

from xdsl.dialects import arith, memref, scf
from xdsl.ir import Operation, SSAValue

from gatewright.ir.backward_slice import backward_slice
from gatewright.ir.purity import is_pure
from gatewright.ir.rewriting import copied, located
from gatewright.transforms.loops.flat_loop import FlatLoopBuilder
from gatewright.transforms.loops.nest import Nest


def loads_of_bounds(nest: Nest) -> list[memref.LoadOp]:
    """The loads at the head of a nest's outermost loop that can be made an iteration ahead, and are worth it.

    They are those (1) that bounds of inner loops are computed from, (2) whose subscripts depend on the counter and on
    nothing else that changes in the nest, (3) from arrays that the nest does not change.
    """
    loop = nest.loop
    stored = {op.memref for op in loop.walk() if isinstance(op, memref.StoreOp)}
    bounds = [value for child in nest.children for value in (child.loop.lb, child.loop.ub)]
    wanted = set(backward_slice(loop.body.block, bounds))
    return [
        op
        for op in nest.pieces[0]
        if isinstance(op, memref.LoadOp) and op in wanted and op.memref not in stored and _depends_on_counter(op, loop)
    ]


def _depends_on_counter(load: memref.LoadOp, loop: scf.ForOp) -> bool:
    """True if the subscripts of a load are computed from a loop's counter and from values of outside."""
    body = loop.body.block
    needed = backward_slice(body, load.indices)
    read = [*load.indices, *(value for op in needed for value in op.operands)]
    return all(map(is_pure, needed)) and not any(value in body.args[1:] for value in read)


class BoundsPrefetch:
    """A load of a flat loop that runs an iteration of the outermost loop ahead of its use.

    The flat loop carries what was loaded for the present iteration of the outermost loop and for the next one. In the
    iteration that ends one of the outermost loop the latter becomes the former, and the load for the one after the next
    starts; in all others it is repeated.
    """

    def __init__(self, load: memref.LoadOp, nest: Nest, slot: FlatLoopBuilder):
        self.load, self.loop, self.slot = load, nest.loop, slot
        self.current: SSAValue = load.res
        self.following: SSAValue = load.res

    def begin(self) -> None:
        """Load for the first two iterations in front of the flat loop, and carry what was loaded."""
        slot, loop, hint = self.slot, self.loop, self.load.res.name_hint
        second = self._place(slot.outside, arith.AddiOp(loop.lb, loop.step))
        self.current = slot.carry(self._load(slot.outside, self._subscripts(slot.outside, loop.lb)), hint)
        self.following = slot.carry(self._load(slot.outside, self._subscripts(slot.outside, second)), hint)

    def proceed(self, ends: SSAValue | None, counter: SSAValue) -> None:
        """Say what is carried to the next iteration of the flat loop.

        `ends` tells whether this iteration ends one of the outermost loop (None: always), `counter` what the counter
        is in it. The subscripts of either case are computed before it is known which one it is.
        """
        slot = self.slot
        slot.update(self.current, slot.select(ends, self.following, self.current))
        emitted: list[Operation] = []
        step = slot.value(self.loop.step)
        next_one = self._place(emitted, arith.AddiOp(counter, step))
        one_after = self._place(emitted, arith.AddiOp(next_one, step))
        same, other = self._subscripts(emitted, next_one), self._subscripts(emitted, one_after)
        for op in emitted:
            slot.block.add_op(op)
        chosen = [slot.select(ends, then, otherwise) for then, otherwise in zip(other, same, strict=True)]
        emitted = []
        slot.update(self.following, self._load(emitted, chosen))
        for op in emitted:
            slot.block.add_op(op)

    def _subscripts(self, target: list[Operation], counter: SSAValue) -> list[SSAValue]:
        """Append what computes the subscripts for a value of the counter."""
        body = self.loop.body.block
        mapping: dict[SSAValue, SSAValue] = {body.args[0]: counter}
        for op in backward_slice(body, self.load.indices):
            target.append(copied(op, mapping))
        return [mapping.get(index, index) for index in self.load.indices]

    def _load(self, target: list[Operation], subscripts: list[SSAValue]) -> SSAValue:
        return self._place(target, memref.LoadOp.get(self.load.memref, subscripts))

    def _place(self, target: list[Operation], op: Operation) -> SSAValue:
        target.append(located(op, self.load))
        return op.results[0]
