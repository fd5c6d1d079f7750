"""Building nests of `scf.for`: loops, the indices they need, and constants, each where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from xdsl.builder import Builder
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import FloatAttr, IndexType, IntegerAttr, IntegerType, LocationAttr, UnknownLoc
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from gatewright.transforms.tensor.linear_index import Division, LinearIndex, LoopIndex


@dataclass
class Scope:
    """The block of a loop, the values of its index, and the indices computed in it so far."""

    block: Block
    inner: Operation | None = None
    """The nested loop under construction: what this scope still needs goes before it."""
    indices: dict[object, SSAValue] = field(default_factory=dict)

    def insert(self, op: Operation) -> None:
        """Add an operation after all others, but before the nested loop under construction."""
        point = InsertPoint.at_end(self.block) if self.inner is None else InsertPoint.before(self.inner)
        Builder(point).insert(op)


class NestBuilder:
    """Appends loops and operations to a function."""

    def __init__(self, block: Block):
        self.scopes = [Scope(block)]
        self.loops: dict[LoopIndex, tuple[int, SSAValue]] = {}
        self.location: LocationAttr = UnknownLoc()
        self.head: list[Operation] = []
        self._constants: dict[Attribute, SSAValue] = {}

    def emit(self, op: Operation, scope: int = -1) -> SSAValue:
        """Append an operation to the innermost loop, or to another; its first result, or itself if it has none."""
        if op.location == UnknownLoc():
            op.location = self.location
        self.scopes[scope].insert(op)
        return op.results[0] if op.results else None  # pyright: ignore[reportReturnType]

    def at_head(self, op: Operation) -> SSAValue:
        """Put an operation at the head of the function."""
        op.location = self.location
        last = self.head[-1] if self.head else None
        point = InsertPoint.after(last) if last is not None else InsertPoint.at_start(self.scopes[0].block)
        Builder(point).insert(op)
        self.head.append(op)
        return op.results[0]

    def constant(self, value: int, type_: Attribute | None = None) -> SSAValue:
        """A constant, an index by default."""
        return self.constant_of(IntegerAttr(value, IndexType() if type_ is None else cast(IntegerType, type_)))

    def constant_of(self, attribute: IntegerAttr | FloatAttr) -> SSAValue:
        """The constant that an attribute holds."""
        if attribute not in self._constants:
            self._constants[attribute] = self.at_head(arith.ConstantOp(attribute))
        return self._constants[attribute]

    @contextmanager
    def loop(
        self, loop: LoopIndex, carried: Sequence[SSAValue] = ()
    ) -> Generator[tuple[list[SSAValue], list[SSAValue]], None, None]:
        """A loop around what is emitted inside. Yields the carried values inside, and a list in which the caller puts
        the values to carry on, and finds the loop's results afterwards. A loop that runs once is none."""
        results: list[SSAValue] = []
        if loop.extent == 1:
            yield list(carried), results
            return
        body = Block(arg_types=[IndexType(), *(value.type for value in carried)])
        op = scf.ForOp(self.constant(0), self.constant(loop.extent), self.constant(1), carried, Region(body))
        self.emit(op)
        self.scopes[-1].inner = op
        self.scopes.append(Scope(body))
        self.loops[loop] = (len(self.scopes) - 1, body.args[0])
        yield list(body.args[1:]), results
        last = scf.YieldOp(*results)
        self.emit(last)
        self.scopes.pop()
        del self.loops[loop]
        self.scopes[-1].inner = None
        results[:] = op.results

    @contextmanager
    def choice(self, condition: SSAValue, otherwise: SSAValue) -> Generator[list[SSAValue], None, None]:
        """What is emitted inside happens only if the condition holds. Yields a list in which the caller puts a value,
        and finds the one of the choice afterwards: that, or the one given for otherwise."""
        results: list[SSAValue] = []
        then, other = Block(), Block([scf.YieldOp(otherwise)])
        op = scf.IfOp(condition, [otherwise.type], Region(then), Region(other))
        self.emit(op)
        self.scopes[-1].inner = op
        self.scopes.append(Scope(then))
        yield results
        self.emit(scf.YieldOp(*results))
        self.scopes.pop()
        self.scopes[-1].inner = None
        results[:] = op.results

    def inside(self, indices: Sequence[LinearIndex], shape: Sequence[int]) -> SSAValue | None:
        """Whether indices are those of an element of an array of `shape`; None if they certainly are."""
        both: SSAValue | None = None
        for index, extent in zip(indices, shape, strict=True):
            low, high = index.bounds() or (-1, extent)
            depth = max((self._depth(atom) for atom, _ in index.terms), default=0)
            for limit, predicate in ([(0, "sge")] if low < 0 else []) + ([(extent, "slt")] if high >= extent else []):
                key = (frozenset(index.terms), index.constant, limit, predicate)
                known = self.scopes[depth].indices
                if key not in known:
                    known[key] = self.emit(arith.CmpiOp(self.index(index), self.constant(limit), predicate), depth)
                both = known[key] if both is None else self.emit(arith.AndIOp(both, known[key]))
        return both

    @contextmanager
    def nest(self, loops: Sequence[LoopIndex]) -> Generator[None, None, None]:
        """Loops inside each other that carry nothing."""
        if not loops:
            yield
            return
        with self.loop(loops[0]), self.nest(loops[1:]):
            yield

    def reduce(
        self, loops: Sequence[LoopIndex], carried: Sequence[SSAValue], step: Callable[[list[SSAValue]], list[SSAValue]]
    ) -> list[SSAValue]:
        """Loops inside each other that carry values from iteration to iteration; the values after the last."""
        if not loops:
            return step(list(carried))
        with self.loop(loops[0], carried) as (inside, results):
            results[:] = self.reduce(loops[1:], inside, step)
        return results

    def index(self, index: LinearIndex) -> SSAValue:
        """The value of an index, computed in the outermost loop that knows its parts."""
        if not index.terms:
            return self.constant(index.constant)
        depth = max(self._depth(atom) for atom, _ in index.terms)
        known = self.scopes[depth].indices
        key = (frozenset(index.terms), index.constant)
        if key not in known:
            known[key] = self._sum(index, depth)
        return known[key]

    def _sum(self, index: LinearIndex, depth: int) -> SSAValue:
        """Terms of outer loops first, so that their sum is computed outside."""
        terms = sorted(index.terms, key=lambda term: self._depth(term[0]))
        outer = [term for term in terms if self._depth(term[0]) < depth]
        total: SSAValue | None = None
        if outer:
            total = self.index(LinearIndex(tuple(outer), index.constant))
        for atom, factor in terms[len(outer) :]:
            value = self._scaled(atom, factor, depth)
            total = value if total is None else self.emit(arith.AddiOp(total, value), depth)
        assert total is not None
        if index.constant and not outer:
            total = self.emit(arith.AddiOp(total, self.constant(index.constant)), depth)
        return total

    def _scaled(self, atom: LoopIndex | Division | SSAValue, factor: int, depth: int) -> SSAValue:
        value = self._atom(atom)
        if factor == 1:
            return value
        if factor > 0 and factor & (factor - 1) == 0:
            return self.emit(arith.ShLIOp(value, self.constant(factor.bit_length() - 1)), depth)
        return self.emit(arith.MuliOp(value, self.constant(factor)), depth)

    def _atom(self, atom: LoopIndex | Division | SSAValue) -> SSAValue:
        if isinstance(atom, SSAValue):
            return atom
        if isinstance(atom, LoopIndex):
            return self.loops[atom][1]
        depth = self._depth(atom)
        known, key = self.scopes[depth].indices, (frozenset(atom.of.terms), atom.of.constant, atom.by, atom.remainder)
        if key not in known:
            kind = arith.RemUIOp if atom.remainder else arith.DivUIOp
            known[key] = self.emit(kind(self.index(atom.of), self.constant(atom.by)), depth)
        return known[key]

    def _depth(self, atom: LoopIndex | Division | SSAValue) -> int:
        if isinstance(atom, LoopIndex):
            return self.loops[atom][0]
        if isinstance(atom, Division):
            return max((self._depth(inner) for inner, _ in atom.of.terms), default=0)
        return len(self.scopes) - 1
