"""Build IR at an insertion point: locations, and one operation for equal pure operations in reach."""

from __future__ import annotations

from collections.abc import Generator, Hashable
from contextlib import contextmanager

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, LocationAttr, UnknownLoc
from xdsl.ir import Attribute, Block, Operation, SSAValue

from gatewright.ir.floats import float_constant, format_of


class Builder:
    """Appends operations to the current block.

    Blocks are filled before the operation that holds them is created. A pure operation that was built before in the
    current block or in one around it is used again instead of being repeated.
    """

    def __init__(self):
        self.entry = Block()
        """The block of the function."""
        self.block = self.entry
        self.location: LocationAttr = UnknownLoc()
        """Where in the user's source the operations being built come from."""
        self.head: list[Operation] = []
        """Operations that will stand before all others in the entry block: memories."""
        self._available: list[dict[Hashable, SSAValue]] = [{}]

    def insert(self, operation: Operation) -> Operation:
        """Append an operation to the current block."""
        operation.location = self.location
        self.block.add_op(operation)
        return operation

    def insert_at_head(self, operation: Operation) -> Operation:
        """Put an operation without operands at the head of the function."""
        operation.location = self.location
        self.head.append(operation)
        return operation

    def pure(self, kind: type[Operation], *arguments: SSAValue | Attribute | str) -> SSAValue:
        """The result of a pure operation of `kind`, which takes `arguments` as its constructor does."""
        key = (kind, *arguments)
        for scope in reversed(self._available):
            if (found := scope.get(key)) is not None:
                return found
        result = self.insert(kind(*arguments)).results[0]
        self._available[-1][key] = result
        return result

    def constant(self, value: float, type_: Attribute) -> SSAValue:
        """A constant of an integer type, of `index` or of a float; an integer is reduced to the width."""
        if (form := format_of(type_)) is not None:
            return self.pure(arith.ConstantOp, float_constant(value, form))
        assert isinstance(type_, (IntegerType, IndexType)) and isinstance(value, int)
        return self.pure(arith.ConstantOp, IntegerAttr(_signed(value, type_), type_))

    @contextmanager
    def inside(self, block: Block) -> Generator[Block, None, None]:
        """Build in `block`, which is or will be nested in the current one. An error leaves nothing of it."""
        outer, self.block = self.block, block
        self._available.append({})
        try:
            yield block
        except BaseException:
            discard(block)
            raise
        finally:
            self._available.pop()
            self.block = outer

    @contextmanager
    def apart(self, block: Block) -> Generator[Block, None, None]:
        """Build in `block`, which will stand somewhere before the current place: nothing built so far is in reach."""
        available, self._available = self._available, []
        try:
            with self.inside(block):
                yield block
        finally:
            self._available = available


def _signed(value: int, type_: IntegerType | IndexType) -> int:
    """The value as the printer of constants wants it: signed, except for truth values."""
    bits = 64 if isinstance(type_, IndexType) else type_.width.data
    value &= (1 << bits) - 1
    return value - (1 << bits) if bits > 1 and value >> (bits - 1) else value


def discard(block: Block) -> None:
    """Forget a block that will not become part of the program, so that it counts as a use of nothing."""
    block.drop_all_references()


def hint(value: SSAValue, name: str) -> None:
    """Name an SSA value after a variable, unless it has a name."""
    if value.name_hint is None and SSAValue.is_valid_name(name):
        value.name_hint = name
