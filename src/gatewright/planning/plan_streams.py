"""In which order loops go through arrays that tasks hand on, so that little of them has to be kept."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.axis_order import LAST, axes_in_order
from gatewright.analysis.first_accesses import counters_of
from gatewright.errors import GatewrightError
from gatewright.ir.decisions import asked, record
from gatewright.ir.loop_labels import label_of, name_loops, names_in
from gatewright.ir.rewriting import functions_of
from gatewright.plan import Decision
from gatewright.transforms.loops.permute_loops import perfect_chain, reorder


@dataclass(frozen=True)
class PlanStreamsPass(ModulePass):
    """Put loops that go through what a nest reads, and through what it stores, outside of all others.

    ```
    for o { for y { for x {                          for y { for x { for o {
      for c, i, j { ... x[c, y + i, x + j] ... }       for c, i, j { ... x[c, y + i, x + j] ... }
      store d[o, y, x]                        ->       store d[o, y, x]
    ```

    A convolution then reads its image once, row by row, and stores as it goes; what follows reads in the order in which
    that is stored. Loops that depend on each other stay as they are, and so do those about which something is asked.
    """

    name = "plan-streams"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            name_loops(function)
            decided = {name for each in asked(function) for name in each.subject}
            orders: dict[SSAValue, list[int]] = {}
            for nest in [each for each in function.body.block.ops if isinstance(each, scf.ForOp)]:
                first = label_of(nest)
                if not names_in(nest) & decided:
                    _reorder(function, nest, orders)
                for loop in [each for each in function.body.block.ops if isinstance(each, scf.ForOp)]:
                    if first in names_in(loop):
                        _note_stores(loop, orders)


def _reorder(function: func.FuncOp, nest: scf.ForOp, orders: dict[SSAValue, list[int]]) -> None:
    """Let a nest go through what it reads in the order in which that was stored."""
    chain = perfect_chain(nest)
    counters = [loop.body.block.args[0] for loop in chain]
    stored = {op.memref for op in nest.walk() if isinstance(op, memref.StoreOp)}
    loads = [op for op in nest.walk() if isinstance(op, memref.LoadOp) and op.memref not in stored]
    loads = [op for op in loads if not isinstance(op.memref.owner, memref.GetGlobalOp)]
    if len(chain) < 2 or not loads:
        return
    load = max(loads, key=_size)
    axes = orders.get(load.memref, list(range(len(load.indices))))
    through = [counters_of(index) for index in load.indices]
    places = [min([axes.index(n) for n, some in enumerate(through) if each in some], default=LAST) for each in counters]
    wanted = sorted(range(len(chain)), key=lambda number: (places[number], number))
    if wanted == list(range(len(chain))):
        return
    names = tuple(label_of(chain[number]) for number in wanted)
    try:
        reorder(function, names)
    except GatewrightError:  # some iteration depends on another one
        return
    record(function, Decision("order", names, reason="as what it reads is stored"))


def _note_stores(nest: scf.ForOp, orders: dict[SSAValue, list[int]]) -> None:
    """The order of the axes in which a nest stores arrays: that of the outermost loop comes first."""
    for op in nest.walk():
        if isinstance(op, memref.StoreOp):
            orders[op.memref] = axes_in_order(op, nest)


def _size(load: memref.LoadOp) -> int:
    assert isinstance(load.memref.type, MemRefType)
    return load.memref.type.element_count()
