"""Logic as operations of `arith`: what hardware computes, for a compiler that knows no hardware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType
from xdsl.ir import Block, Operation, SSAValue

from gatewright.operators.logic import Logic


@dataclass(frozen=True)
class ArithWord:
    """A word as an SSA value."""

    value: SSAValue
    width: int


class ArithLogic(Logic[ArithWord]):
    """Appends operations on integers of any width to a block."""

    def __init__(self, block: Block):
        self.block = block
        self._constants: dict[tuple[int, int], ArithWord] = {}

    def word(self, value: SSAValue) -> ArithWord:
        """An integer as a word."""
        assert isinstance(value.type, IntegerType)
        return ArithWord(value, value.type.width.data)

    def constant(self, value: int, width: int) -> ArithWord:
        value &= (1 << width) - 1
        if (value, width) not in self._constants:
            signed = value - (1 << width) if value >> (width - 1) and width > 1 else value
            self._constants[value, width] = self._emit(arith.ConstantOp(IntegerAttr(signed, IntegerType(width))))
        return self._constants[value, width]

    def add(self, a: ArithWord, b: ArithWord) -> ArithWord:
        return self._emit(arith.AddiOp(a.value, b.value))

    def subtract(self, a: ArithWord, b: ArithWord) -> ArithWord:
        return self._emit(arith.SubiOp(a.value, b.value))

    def multiply(self, a: ArithWord, b: ArithWord) -> ArithWord:
        width = a.width + b.width
        return self._emit(arith.MuliOp(self.extend(a, width).value, self.extend(b, width).value))

    def all(self, *words: ArithWord) -> ArithWord:
        return self._folded(arith.AndIOp, words)

    def any(self, *words: ArithWord) -> ArithWord:
        return self._folded(arith.OrIOp, words)

    def differ(self, a: ArithWord, b: ArithWord) -> ArithWord:
        return self._emit(arith.XOrIOp(a.value, b.value))

    def invert(self, a: ArithWord) -> ArithWord:
        return self.differ(a, self.constant(-1, a.width))

    def mux(self, condition: ArithWord, then: ArithWord, otherwise: ArithWord) -> ArithWord:
        return self._emit(arith.SelectOp(condition.value, then.value, otherwise.value))

    def is_zero(self, a: ArithWord) -> ArithWord:
        return self._emit(arith.CmpiOp(a.value, self.constant(0, a.width).value, "eq"))

    def less(self, a: ArithWord, b: ArithWord) -> ArithWord:
        return self._emit(arith.CmpiOp(a.value, b.value, "ult"))

    def bits(self, a: ArithWord, low: int, width: int) -> ArithWord:
        if low:
            a = self._emit(arith.ShRUIOp(a.value, self.constant(low, a.width).value))
        return a if width == a.width else self._emit(arith.TruncIOp(a.value, IntegerType(width)))

    def join(self, *words: ArithWord) -> ArithWord:
        total = sum(word.width for word in words)
        found, place = self.constant(0, total), total
        for word in words:
            place -= word.width
            wide = self.extend(word, total)
            if place:
                wide = self._emit(arith.ShLIOp(wide.value, self.constant(place, total).value))
            found = self._emit(arith.OrIOp(found.value, wide.value))
        return found

    def repeat(self, a: ArithWord, times: int) -> ArithWord:
        if times == 1:
            return a
        if a.width == 1:
            return self._emit(arith.ExtSIOp(a.value, IntegerType(times)))
        return self.join(*[a] * times)

    def extend(self, a: ArithWord, width: int, signed: bool = False) -> ArithWord:
        if width <= a.width:
            return self.bits(a, 0, width)
        kind = arith.ExtSIOp if signed else arith.ExtUIOp
        return self._emit(kind(a.value, IntegerType(width)))

    def table(self, index: ArithWord, contents: Sequence[int], width: int) -> ArithWord:
        words = [self.constant(word, width) for word in contents]
        for position in range(index.width):
            bit = self.bits(index, position, 1)
            words += words[-1:] if len(words) % 2 else []
            pairs = zip(words[::2], words[1::2], strict=True)
            words = [even if even is odd else self.mux(bit, odd, even) for even, odd in pairs]
        return words[0]

    def _folded(self, kind: type[arith.AndIOp] | type[arith.OrIOp], words: Sequence[ArithWord]) -> ArithWord:
        found = words[0]
        for word in words[1:]:
            found = self._emit(kind(found.value, word.value))
        return found

    def _emit(self, op: Operation) -> ArithWord:
        self.block.add_op(op)
        return self.word(op.results[0])
