"""Logic on words of any width, written once: as hardware, as arithmetic of integers, or as operations of an IR.

A subclass says what the primitive operations are; what can be said with them is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar


class Word(Protocol):
    """A value of some bits."""

    @property
    def width(self) -> int:
        """Its bits."""
        ...


W = TypeVar("W", bound=Word)


class Logic(Generic[W]):
    """Operations on words, which are numbers without sign unless said otherwise."""

    def constant(self, value: int, width: int) -> W:
        """The low `width` bits of a number."""
        raise NotImplementedError

    def add(self, a: W, b: W) -> W:
        """The sum, of the width of the operands."""
        raise NotImplementedError

    def subtract(self, a: W, b: W) -> W:
        """The difference, of the width of the operands."""
        raise NotImplementedError

    def multiply(self, a: W, b: W) -> W:
        """The product, of the bits of both together."""
        raise NotImplementedError

    def all(self, *words: W) -> W:
        """The bitwise and."""
        raise NotImplementedError

    def any(self, *words: W) -> W:
        """The bitwise or."""
        raise NotImplementedError

    def differ(self, a: W, b: W) -> W:
        """The bitwise exclusive or."""
        raise NotImplementedError

    def invert(self, a: W) -> W:
        """Every bit inverted."""
        raise NotImplementedError

    def mux(self, condition: W, then: W, otherwise: W) -> W:
        """`then` if the condition is true."""
        raise NotImplementedError

    def is_zero(self, a: W) -> W:
        """Whether no bit is set."""
        raise NotImplementedError

    def bits(self, a: W, low: int, width: int) -> W:
        """`width` bits from bit `low` on."""
        raise NotImplementedError

    def join(self, *words: W) -> W:
        """The words side by side, the topmost first."""
        raise NotImplementedError

    def repeat(self, a: W, times: int) -> W:
        """A word `times` times side by side."""
        raise NotImplementedError

    def extend(self, a: W, width: int, signed: bool = False) -> W:
        """A number in `width` bits, or its low bits if it has more."""
        raise NotImplementedError

    def table(self, index: W, contents: Sequence[int], width: int) -> W:
        """The word of `width` bits in the place `index`; there may be fewer than the index can tell apart."""
        raise NotImplementedError

    def add_or_subtract(self, a: W, b: W, minus: W) -> W:
        """The difference where `minus`, else the sum: by one adder, whose lowest digit is the carry into the others."""
        other = self.differ(b, self.repeat(minus, b.width))
        total = self.add(self.join(a, self.constant(1, 1)), self.join(other, minus))
        return self.bits(total, 1, a.width)

    def less(self, a: W, b: W) -> W:
        """Whether a number without sign is less than another."""
        return self.top(self.subtract(self.extend(a, a.width + 1), self.extend(b, b.width + 1)))

    def is_full(self, a: W) -> W:
        """Whether every bit is set."""
        return self.is_zero(self.invert(a))

    def is_any(self, a: W) -> W:
        """Whether a bit is set."""
        return a if a.width == 1 else self.invert(self.is_zero(a))

    def bit(self, a: W, position: int) -> W:
        """One bit."""
        return self.bits(a, position, 1)

    def top(self, a: W) -> W:
        """The topmost bit."""
        return self.bit(a, a.width - 1)

    def shift_left(self, a: W, amount: W) -> W:
        """`a` shifted by any amount; zeros come in from below."""
        for position in range(amount.width):
            step = min(1 << position, a.width)
            zeros = self.constant(0, step)
            moved = self.join(self.bits(a, 0, a.width - step), zeros) if step < a.width else zeros
            a = self.mux(self.bit(amount, position), moved, a)
        return a

    def shift_right(self, a: W, amount: W) -> W:
        """`a` shifted right by any amount; zeros come in from above, and what falls out is lost."""
        for position in range(amount.width):
            step = min(1 << position, a.width)
            zeros = self.constant(0, step)
            moved = self.join(zeros, self.bits(a, step, a.width - step)) if step < a.width else zeros
            a = self.mux(self.bit(amount, position), moved, a)
        return a

    def shift_right_sticky(self, a: W, amount: W) -> W:
        """`a` shifted right by any amount; the lowest bit is set too if a bit that fell out was."""
        for position in range(amount.width):
            step = min(1 << position, a.width)
            lost = self.is_any(self.bits(a, 0, min(step + 1, a.width)))
            zeros = self.constant(0, step)
            if step < a.width - 1:
                moved = self.join(zeros, self.bits(a, step + 1, a.width - step - 1), lost)
            else:
                moved = self.join(self.constant(0, a.width - 1), lost)
            a = self.mux(self.bit(amount, position), moved, a)
        return a

    def leading_zeros(self, a: W) -> W:
        """How many zeros stand before the topmost one; the width, or more, if there is none.

        By halves: those of the upper half, or, if it is empty, its bits and those of the lower (V. Oklobdzija, An
        algorithmic and novel design of a leading zero detector circuit, 1994).
        """
        size = 1 << (a.width - 1).bit_length()
        if size > a.width:
            a = self.join(a, self.constant(-1, size - a.width))
        return self._leading_zeros(a)

    def _leading_zeros(self, a: W) -> W:
        if a.width == 1:
            return self.invert(a)
        half = a.width // 2
        upper, lower = self._leading_zeros(self.bits(a, half, half)), self._leading_zeros(self.bits(a, 0, half))
        if half == 1:
            # Both are one bit: 0 if the upper is set, 1 if only the lower is, 2 if none is.
            none = self.all(upper, lower)
            return self.join(none, self.all(upper, self.invert(lower)))
        empty = self.top(upper)
        none = self.all(empty, self.top(lower))
        rest = self.mux(empty, self.bits(lower, 0, lower.width - 1), self.bits(upper, 0, upper.width - 1))
        return self.join(none, self.all(empty, self.invert(none)), rest)
