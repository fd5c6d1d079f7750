"""Logic on values: what hardware computes, computed with integers, of one number or of many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

import numpy as np

from gatewright.operators.logic import Logic


@dataclass(frozen=True)
class LogicWord:
    """A word: a Python integer, or a NumPy array of them (of type object)."""

    number: Any
    width: int


class LogicValues(Logic[LogicWord]):
    """Computes at once what the operations mean."""

    def constant(self, value: int, width: int) -> LogicWord:
        return LogicWord(value & ((1 << width) - 1), width)

    def add(self, a: LogicWord, b: LogicWord) -> LogicWord:
        return _word(a.number + b.number, a.width)

    def subtract(self, a: LogicWord, b: LogicWord) -> LogicWord:
        return _word(a.number - b.number, a.width)

    def multiply(self, a: LogicWord, b: LogicWord) -> LogicWord:
        return LogicWord(a.number * b.number, a.width + b.width)

    def all(self, *words: LogicWord) -> LogicWord:
        return LogicWord(reduce(and_, (word.number for word in words)), words[0].width)

    def any(self, *words: LogicWord) -> LogicWord:
        return LogicWord(reduce(or_, (word.number for word in words)), words[0].width)

    def differ(self, a: LogicWord, b: LogicWord) -> LogicWord:
        return LogicWord(a.number ^ b.number, a.width)

    def invert(self, a: LogicWord) -> LogicWord:
        return LogicWord(a.number ^ ((1 << a.width) - 1), a.width)

    def mux(self, condition: LogicWord, then: LogicWord, otherwise: LogicWord) -> LogicWord:
        if isinstance(condition.number, np.ndarray):
            return LogicWord(np.where(condition.number.astype(bool), then.number, otherwise.number), then.width)
        return then if condition.number else otherwise

    def is_zero(self, a: LogicWord) -> LogicWord:
        return LogicWord(_truth(a.number == 0), 1)

    def less(self, a: LogicWord, b: LogicWord) -> LogicWord:
        return LogicWord(_truth(a.number < b.number), 1)

    def bits(self, a: LogicWord, low: int, width: int) -> LogicWord:
        return _word(a.number >> low, width)

    def join(self, *words: LogicWord) -> LogicWord:
        number, width = 0, 0
        for word in words:
            number, width = (number << word.width) | word.number, width + word.width
        return LogicWord(number, width)

    def repeat(self, a: LogicWord, times: int) -> LogicWord:
        return LogicWord(a.number * sum(1 << (a.width * place) for place in range(times)), a.width * times)

    def extend(self, a: LogicWord, width: int, signed: bool = False) -> LogicWord:
        if not signed or width <= a.width:
            return _word(a.number, width)
        sign = 1 << (a.width - 1)
        return _word((a.number ^ sign) - sign, width)

    def table(self, index: LogicWord, contents: Sequence[int], width: int) -> LogicWord:
        last = len(contents) - 1
        if isinstance(index.number, np.ndarray):
            words = np.array([word & ((1 << width) - 1) for word in contents], dtype=object)
            return LogicWord(words[np.minimum(index.number, last).astype(np.int64)], width)
        return _word(contents[min(index.number, last)], width)


def _word(number: Any, width: int) -> LogicWord:
    return LogicWord(number & ((1 << width) - 1), width)


def _truth(condition: Any) -> Any:
    return condition.astype(object) * 1 if isinstance(condition, np.ndarray) else int(condition)
