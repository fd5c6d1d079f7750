"""Build the typed tree at an insertion point: locations, and one node for equal pure operations in reach."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Sequence
from contextlib import contextmanager

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, LocationAttr, UnknownLoc
from xdsl.ir import Attribute, Operation

from gatewright.frontends.python.tree import Compute, ConstantTable, LocalArray, TreeBody, TreeNode, TypedTerm
from gatewright.ir.floats import float_constant, format_of


class Builder:
    """Appends nodes to the current body.

    Bodies are filled before the node that holds them is created. A pure operation that was built before in the current
    body or in one around it is used again instead of being repeated.
    """

    def __init__(self):
        self.entry = TreeBody()
        """The body of the function."""
        self.body = self.entry
        self.location: LocationAttr = UnknownLoc()
        """Where in the user's source the nodes being built come from."""
        self.head: list[LocalArray | ConstantTable] = []
        """Memories, which will stand before everything else in the entry."""
        self._available: list[dict[Hashable, TypedTerm]] = [{}]

    def add(self, node: TreeNode) -> Sequence[TypedTerm]:
        """Append a node to the current body: what it gives."""
        node.location = self.location
        self.body.nodes.append(node)
        return node.gives()

    def add_at_head(self, node: LocalArray | ConstantTable) -> None:
        """Put a memory at the head of the function."""
        node.location = self.location
        self.head.append(node)

    def pure(self, kind: type[Operation], *arguments: TypedTerm | Attribute | str) -> TypedTerm:
        """The result of a pure operation of `kind`, which takes `arguments` as its constructor does."""
        key = (kind, *arguments)
        for scope in reversed(self._available):
            if (found := scope.get(key)) is not None:
                return found
        node = Compute.of(kind, *arguments)
        self.add(node)
        self._available[-1][key] = node.result
        return node.result

    def constant(self, value: float, type_: Attribute) -> TypedTerm:
        """A constant of an integer type, of `index` or of a float; an integer is reduced to the width."""
        if (form := format_of(type_)) is not None:
            return self.pure(arith.ConstantOp, float_constant(value, form))
        assert isinstance(type_, (IntegerType, IndexType)) and isinstance(value, int)
        return self.pure(arith.ConstantOp, IntegerAttr(_signed(value, type_), type_))

    @contextmanager
    def inside(self, body: TreeBody) -> Generator[TreeBody, None, None]:
        """Build in `body`, which is or will be nested in the current one."""
        outer, self.body = self.body, body
        self._available.append({})
        try:
            yield body
        finally:
            self._available.pop()
            self.body = outer

    @contextmanager
    def apart(self, body: TreeBody) -> Generator[TreeBody, None, None]:
        """Build in `body`, which will stand somewhere before the current place: nothing built so far is in reach."""
        available, self._available = self._available, []
        try:
            with self.inside(body):
                yield body
        finally:
            self._available = available

    def leave(self, body: TreeBody, leaves: Sequence[TypedTerm]) -> None:
        """End `body`, which leaves some terms."""
        body.leaves, body.end = list(leaves), self.location


def _signed(value: int, type_: IntegerType | IndexType) -> int:
    """The value as the printer of constants wants it: signed, except for truth values."""
    bits = 64 if isinstance(type_, IndexType) else type_.width.data
    value &= (1 << bits) - 1
    return value - (1 << bits) if bits > 1 and value >> (bits - 1) else value
