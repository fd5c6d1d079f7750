"""Loop permutation: put the loops of a perfect nest in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func, scf
from xdsl.dialects.builtin import IndexType, ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from gatewright.analysis.dependences.analysis import MemoryDependence
from gatewright.analysis.function_dependences import FunctionDependences
from gatewright.analysis.trip_count import counted_trips
from gatewright.dialects.notes import LOOP
from gatewright.errors import OptionError, UnsupportedError
from gatewright.ir.accesses import accesses_of_stored
from gatewright.ir.location import source_location
from gatewright.ir.loop_labels import label_of, labelled
from gatewright.ir.purity import is_pure
from gatewright.ir.rewriting import functions_of


@dataclass(frozen=True)
class PermuteLoopsPass(ModulePass):
    """Put the loops of a perfect nest in another order.

    ```
    for c in 0..16 {                         for x in 0..4 {
      for x in 0..4 {                          for c in 0..16 {
        s = for k in 0..72 carries s ...         s = for k in 0..72 carries s ...
        store s, y[c, x]               ->        store s, y[c, x]
      }                                        }
    }                                        }
    ```

    `order=x,c` names the loops from the outermost to the innermost. Legal if no dependence then points backwards (R.
    Allen and K. Kennedy, Optimizing Compilers for Modern Architectures, 2001, section 5.2); refused, with the
    dependence, if one may.
    """

    name = "permute-loops"

    order: tuple[str, ...] = ()

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            if any(labelled(function, name) is not None for name in self.order):
                reorder(function, self.order)


def reorder(function: func.FuncOp, order: Sequence[str]) -> None:
    """Put the loops of those names in that order. Raises UnsupportedError for what is no perfect nest or illegal."""
    nest = _named_nest(function, order)
    names = [label_of(loop) for loop in nest]
    places = [names.index(name) for name in order]
    if places == list(range(len(nest))):
        return
    reason = violated(function, nest, places)
    if reason is not None:
        raise UnsupportedError(
            f"the loops {', '.join(names)} cannot run in the order {', '.join(order)}",
            where=source_location(nest[0]),
            why=reason,
        )
    permute(nest, places)


def _named_nest(function: func.FuncOp, order: Sequence[str]) -> list[scf.ForOp]:
    """The loops of those names as they are nested, the outermost first."""
    loops: dict[str, scf.ForOp] = {}
    for name in order:
        loop = labelled(function, name)
        if loop is None:
            raise OptionError(f"there is no counted loop {name} to order", remedy=f"one of {_names(function)}")
        loops[name] = loop
    innermost = max(loops.values(), key=_depth)
    nest = perfect_nest(innermost)
    found = [loop for loop in nest if any(loop is each for each in loops.values())]
    between = nest[nest.index(found[0]) :]
    if len(found) < len(loops) or len(between) > len(found):
        inside = {label_of(loop) for loop in nest}
        others = [name for name in order if name not in inside]
        missing = [label_of(loop) for loop in between if label_of(loop) not in loops]
        raise UnsupportedError(
            f"the loops {', '.join(order)} are no perfect nest",
            where=source_location(innermost),
            why=(
                f"between {', '.join(others)} and {label_of(innermost)} stands more than what only computes, or the "
                "bounds are not constants, or a loop carries a value"
                if others
                else f"between them is {', '.join(missing)}"
            ),
            remedy="name loops with constant bounds, directly in each other",
        )
    if innermost.iter_args:
        raise UnsupportedError(
            f"the loops {', '.join(order)} cannot be ordered: {label_of(innermost)} carries a value",
            where=source_location(innermost),
            why="its iterations follow each other with nothing between them",
            remedy=f"leave {label_of(innermost)} innermost, and out of the order",
        )
    return found


def _depth(loop: scf.ForOp) -> int:
    depth, outer = 0, loop.parent_op()
    while outer is not None:
        depth, outer = depth + 1, outer.parent_op()
    return depth


def _names(function: func.FuncOp) -> str:
    return ", ".join(label_of(op) for op in function.walk() if isinstance(op, scf.ForOp))


def perfect_nest(loop: scf.ForOp) -> list[scf.ForOp]:
    """The loops of the perfect nest that ends with a loop, but for operations without effects, from the outermost.

    Their bounds are constants.
    """
    nest = [loop]
    while isinstance(outer := nest[0].parent_op(), scf.ForOp):
        others = [op for op in list(outer.body.block.ops)[:-1] if op is not nest[0]]
        if outer.iter_args or counted_trips(outer) is None or not isinstance(outer.lb.type, IndexType):
            break
        if not all(map(is_pure, others)) or any(outer.is_ancestor(bound.owner) for bound in _bounds(nest[0])):
            break
        nest.insert(0, outer)
    return nest


def perfect_chain(loop: scf.ForOp) -> list[scf.ForOp]:
    """The loops of the perfect nest that begins with a loop, but for operations without effects, from the outermost."""
    chain = [loop]
    while not chain[-1].iter_args:
        inner = [op for op in chain[-1].body.block.ops if isinstance(op, scf.ForOp)]
        if len(inner) != 1 or inner[0].iter_args or loop not in perfect_nest(inner[0]):
            break
        chain.append(inner[0])
    return chain


def _bounds(loop: scf.ForOp) -> tuple[SSAValue, SSAValue, SSAValue]:
    return loop.lb, loop.ub, loop.step


def violated(function: func.FuncOp, nest: Sequence[scf.ForOp], places: Sequence[int]) -> str | None:
    """The dependence that forbids an order of the loops of a nest, in words; None if it is legal.

    `places` are the positions in the nest, from the new outermost to the new innermost one.
    """
    accesses, dependences = accesses_of_stored(nest[0]), FunctionDependences.of(function)
    known = dependences.known
    order = [] if known is None else [known[0].loop_of[nest[place]] for place in places]
    return dependences.forbidding(accesses, accesses, nest, lambda found: not _is_kept(found, order))


def _is_kept(dependence: MemoryDependence, order: Sequence[object]) -> bool:
    """True if a dependence still points forwards with its loops in another order."""
    for loop in order:
        least, greatest = dependence.distance[[id(each) for each in dependence.loops].index(id(loop))]
        if least is None or least < 0:
            return False
        if least > 0:
            return True
        if greatest == 0:
            continue
    return True


def permute(nest: Sequence[scf.ForOp], places: Sequence[int]) -> None:
    """Give the loops of a perfect nest the order in which `places` lists them, the new outermost one first."""
    innermost = nest[-1]
    first = innermost.body.block.first_op
    assert first is not None
    for loop in nest[:-1]:
        for op in list(loop.body.block.ops)[:-1]:
            if not isinstance(op, scf.ForOp):
                op.detach()
                innermost.body.block.insert_op_before(op, first)
    counters = [loop.body.block.args[0] for loop in nest]
    headers = [
        (_bounds(loop), counter.name_hint, LOOP.value(loop), loop.location)
        for loop, counter in zip(nest, counters, strict=True)
    ]
    moved: dict[SSAValue, SSAValue] = {counters[old]: counters[new] for new, old in enumerate(places)}
    for op in innermost.body.walk():
        for position, operand in enumerate(op.operands):
            if operand in moved:
                op.operands[position] = moved[operand]
    for loop, old in zip(nest, places, strict=True):
        bounds, name, label, location = headers[old]
        for position, bound in enumerate(bounds):
            loop.operands[position] = bound
        loop.location = location
        loop.body.block.args[0].name_hint = name
        if label:
            LOOP.set(loop, label)


def move_inside(nest: Sequence[scf.ForOp]) -> None:
    """Make the outermost loop of a perfect nest the innermost one."""
    permute(nest, [*range(1, len(nest)), 0])
