"""The `dataflow` dialect: a program as tasks that work on different samples at once, and channels between them.

```
func.func @net(%x: memref<64xi16>, %y: memref<10xi16>) attributes {gw.interval = 400} {
  %c = dataflow.channel {words = 32, copies = 1} : memref<64xi16>
  dataflow.task @net_conv(%x, %c) {multipliers = 3, start = 0, cycles = 400} : (memref<64xi16>, memref<64xi16>) -> ()
  dataflow.task @net_dense(%c, %y) {multipliers = 1, start = 120, cycles = 390} : (...) -> ()
  func.return
}
```

Tasks of one sample take effect in the order of the text. What a schedule adds: a sample may begin every `gw.interval`
cycles; a task begins `start` cycles after its sample and takes `cycles`; a channel is `copies` memories of `words`
words, in which element `i` of sample `s` is in word `i mod words` of memory `s mod copies`. `check-tasks` proves that
no element is read before it is written, or overwritten before it is read for the last time.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import IntegerAttr, MemRefType, SymbolRefAttr, i64
from xdsl.ir import Attribute, Dialect, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    result_def,
    var_operand_def,
    var_result_def,
)
from xdsl.utils.exceptions import VerifyException


def _number(attribute: Attribute | None) -> int | None:
    return attribute.value.data if isinstance(attribute, IntegerAttr) else None


@irdl_op_definition
class ChannelOp(IRDLOperation):
    """An array that one task writes for later ones."""

    name = "dataflow.channel"

    words = opt_prop_def(IntegerAttr)
    copies = opt_prop_def(IntegerAttr)
    array = result_def(MemRefType)

    assembly_format = "attr-dict `:` type($array)"
    irdl_options = (ParsePropInAttrDict(),)

    def __init__(self, type_: MemRefType):
        super().__init__(result_types=[type_])

    @property
    def size(self) -> int:
        """The elements of a sample."""
        assert isinstance(self.array.type, MemRefType)
        return prod(self.array.type.get_shape())

    @property
    def depth(self) -> tuple[int, int] | None:
        """How many words each of its memories has, and how many memories it is; None before that is decided."""
        words, copies = _number(self.words), _number(self.copies)
        return None if words is None or copies is None else (words, copies)

    @depth.setter
    def depth(self, value: tuple[int, int]) -> None:
        self.words, self.copies = (IntegerAttr(each, i64) for each in value)

    def verify_(self) -> None:
        if (self.words is None) is not (self.copies is None):
            raise VerifyException("a channel has words and copies, or neither")
        if self.depth is None:
            return
        words, copies = self.depth
        if not 1 <= words <= self.size or copies < 1 or (words != self.size and (copies > 1 or words & (words - 1))):
            raise VerifyException(
                f"a channel of {self.size} elements has {copies} memories of {words} words: it is one with a power of "
                "two of words, or whole ones"
            )


@irdl_op_definition
class TaskOp(IRDLOperation):
    """A function that runs once for each sample, on multipliers of its own."""

    name = "dataflow.task"

    callee = prop_def(SymbolRefAttr)
    multipliers = opt_prop_def(IntegerAttr)
    start = opt_prop_def(IntegerAttr)
    cycles = opt_prop_def(IntegerAttr)
    arguments = var_operand_def()
    results_of_sample = var_result_def()

    assembly_format = "$callee `(` $arguments `)` attr-dict `:` functional-type($arguments, $results_of_sample)"
    irdl_options = (ParsePropInAttrDict(),)

    def __init__(
        self, callee: str, arguments: Sequence[SSAValue], results: Sequence[Attribute], multipliers: int | None
    ):
        properties: dict[str, Attribute] = {"callee": SymbolRefAttr(callee)}
        if multipliers is not None:
            properties["multipliers"] = IntegerAttr(multipliers, i64)
        super().__init__(operands=[arguments], result_types=[results], properties=properties)

    @property
    def function_name(self) -> str:
        """The name of the function."""
        return self.callee.string_value()

    @property
    def pool(self) -> int | None:
        """The multipliers of its own; None for as many as it can use."""
        return _number(self.multipliers)

    @property
    def times(self) -> tuple[int, int] | None:
        """The cycle of its sample in which it begins, and how many it takes; None before that is decided."""
        start, cycles = _number(self.start), _number(self.cycles)
        return None if start is None or cycles is None else (start, cycles)

    @times.setter
    def times(self, value: tuple[int, int]) -> None:
        self.start, self.cycles = (IntegerAttr(each, i64) for each in value)

    def verify_(self) -> None:
        if (self.start is None) is not (self.cycles is None):
            raise VerifyException("a task has a start and cycles, or neither")
        if self.times is not None and (self.times[0] < 0 or self.times[1] < 1):
            raise VerifyException(f"task {self.callee} begins in cycle {self.times[0]} and takes {self.times[1]}")


def tasks_in(function: Operation) -> list[TaskOp]:
    """The tasks of a function, in order."""
    return [op for op in function.walk() if isinstance(op, TaskOp)]


def channels_in(function: Operation) -> list[ChannelOp]:
    """The channels of a function, in order."""
    return [op for op in function.walk() if isinstance(op, ChannelOp)]


Dataflow = Dialect("dataflow", [ChannelOp, TaskOp])
