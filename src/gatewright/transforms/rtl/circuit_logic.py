"""The logic of operators as part of a circuit: what is described once, for words, is built of `comb` operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.ir import SSAValue

from gatewright.dialects import comb
from gatewright.operators.logic import Logic
from gatewright.transforms.rtl.circuit import Circuit, width


@dataclass(frozen=True)
class CircuitWord:
    """A word as a value of a circuit."""

    value: SSAValue

    @property
    def width(self) -> int:
        """Its bits."""
        return width(self.value)


class CircuitLogic(Logic[CircuitWord]):
    """Builds logic in a circuit, which folds and shares it."""

    def __init__(self, circuit: Circuit):
        self._circuit = circuit

    def constant(self, value: int, width: int) -> CircuitWord:
        return CircuitWord(self._circuit.constant(value, width))

    def add(self, a: CircuitWord, b: CircuitWord) -> CircuitWord:
        return CircuitWord(self._circuit.binary("add", a.value, b.value))

    def subtract(self, a: CircuitWord, b: CircuitWord) -> CircuitWord:
        return CircuitWord(self._circuit.binary("sub", a.value, b.value))

    def multiply(self, a: CircuitWord, b: CircuitWord) -> CircuitWord:
        both = a.width + b.width
        return CircuitWord(self._circuit.binary("mul", self.extend(a, both).value, self.extend(b, both).value))

    def all(self, *words: CircuitWord) -> CircuitWord:
        return CircuitWord(self._circuit.all_of(*(word.value for word in words)))

    def any(self, *words: CircuitWord) -> CircuitWord:
        return CircuitWord(self._circuit.any_of(*(word.value for word in words)))

    def differ(self, a: CircuitWord, b: CircuitWord) -> CircuitWord:
        return CircuitWord(self._circuit.xor(a.value, b.value))

    def invert(self, a: CircuitWord) -> CircuitWord:
        return CircuitWord(self._circuit.invert(a.value))

    def mux(self, condition: CircuitWord, then: CircuitWord, otherwise: CircuitWord) -> CircuitWord:
        return CircuitWord(self._circuit.mux(condition.value, then.value, otherwise.value))

    def is_zero(self, a: CircuitWord) -> CircuitWord:
        owner = a.value.owner
        if isinstance(owner, comb.XorOp) and len(owner.inputs) == 2:  # no bit differs
            return CircuitWord(self._circuit.icmp("eq", *owner.inputs))
        return CircuitWord(self._circuit.icmp("eq", a.value, self._circuit.constant(0, a.width)))

    def less(self, a: CircuitWord, b: CircuitWord) -> CircuitWord:
        return CircuitWord(self._circuit.icmp("ult", a.value, b.value))

    def bits(self, a: CircuitWord, low: int, width: int) -> CircuitWord:
        return CircuitWord(self._circuit.extract(a.value, low, width))

    def join(self, *words: CircuitWord) -> CircuitWord:
        return CircuitWord(self._circuit.concat(*(word.value for word in words)))

    def repeat(self, a: CircuitWord, times: int) -> CircuitWord:
        return CircuitWord(self._circuit.replicate(a.value, times))

    def extend(self, a: CircuitWord, width: int, signed: bool = False) -> CircuitWord:
        return CircuitWord(self._circuit.extend(a.value, width, sign=signed))

    def table(self, index: CircuitWord, contents: Sequence[int], width: int) -> CircuitWord:
        words = [self.constant(word, width) for word in contents]
        last = words[-1]
        for position in range(index.width):
            words += [last] * (len(words) % 2)
            chosen = self.bit(index, position)
            words = [self.mux(chosen, high, low) for low, high in zip(words[::2], words[1::2], strict=True)]
        return words[0]
