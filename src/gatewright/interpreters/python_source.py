"""The generator of Python source that both interpreters share: values, arithmetic, arrays, one function a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod

import numpy as np
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IndexType, MemRefType, ModuleOp
from xdsl.ir import Attribute, Block, Operation, SSAValue

from gatewright.errors import IrError, UnsupportedError
from gatewright.interpreters.arithmetic import RULES
from gatewright.interpreters.faults import Faults
from gatewright.interpreters.terms import Term, literal, named, wrapped
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.contents import words_of
from gatewright.ir.floats import scalar_bits
from gatewright.ir.interface import argument_names
from gatewright.ir.location import source_location

_LONGEST_EXPRESSION = 240
"""Characters after which an expression gets a name of its own, which bounds the nesting that Python has to parse."""


@dataclass(frozen=True)
class ElementAddress:
    """The address of a load or store."""

    address: Term
    """The row-major position."""
    indices: tuple[Term, ...]
    inside: str
    """A condition that is true if the indices are inside the array; empty if they always are."""


class PythonSource:
    """Source text under construction, with the terms that stand for the values of the IR."""

    def __init__(self, module: ModuleOp, function: func.FuncOp):
        self.module = module
        self.function = function
        names = argument_names(function)
        self.faults = Faults(dict(zip(function.body.block.args, names, strict=True)))
        self.stored: set[SSAValue] = set()
        """The arrays that are stored to."""
        self.constants: dict[str, object] = {}
        """Names that the source needs besides those of `arithmetic.RUNTIME`, with their values."""
        self.loads_are_speculative = False
        """Whether a load outside its array gives an unspecified value."""
        self._lines: list[str] = []
        self._indent = 0
        self._terms: dict[SSAValue, Term] = {}
        self._counter: Counter[str] = Counter()
        self._strides = _strides_wanted(function)
        self._scaled: dict[tuple[SSAValue, int], str] = {}

    @property
    def text(self) -> str:
        """The source so far."""
        return "\n".join(self._lines) + "\n"

    def line(self, text: str) -> None:
        """Add a line at the present indentation."""
        self._lines.append(" " * self._indent + text)

    @contextmanager
    def indented(self, header: str) -> Generator[None, None, None]:
        """Add a compound statement whose body is what is added inside; an empty body becomes `pass`."""
        self.line(header)
        self._indent += 1
        before = len(self._lines)
        yield
        if len(self._lines) == before:
            self.line("pass")
        self._indent -= 1

    def fresh(self, value: SSAValue | str) -> str:
        """A new variable, named like `value`."""
        hint = value if isinstance(value, str) else value.name_hint or "v"
        hint = "".join(c if c.isascii() and c.isalnum() else "_" for c in hint)
        self._counter[hint] += 1
        return f"{hint}__{self._counter[hint]}"

    def term(self, value: SSAValue) -> Term:
        """The expression for a value."""
        return self._terms[value]

    def text_of(self, value: SSAValue) -> str:
        """The source text of a value."""
        return self._terms[value].text

    def atom(self, value: SSAValue) -> Term:
        """The expression for a value as a name or literal."""
        if not self._terms[value].is_atom:
            self._assign(value, self._terms[value])
        return self._terms[value]

    def declare(self, value: SSAValue, low: int | None = None, high: int | None = None) -> str:
        """A variable for a value that later source assigns; its range is that of its type unless given."""
        name = self.fresh(value)
        whole = named(name, value.type)
        self._terms[value] = Term(name, whole.low if low is None else low, whole.high if high is None else high)
        return name

    def alias(self, value: SSAValue, term: Term) -> None:
        """Let an atom stand for a value."""
        assert term.is_atom
        self._terms[value] = term

    def ready(self, value: SSAValue) -> None:
        """Compute what accesses need of an index that has just got its value."""
        for stride in self._strides.get(value, ()):
            index = self.atom(value)
            if index.constant is None and (value, stride) not in self._scaled:
                name = self.fresh(f"{index.text}_x{stride}")
                self.line(f"{name} = {index.text} * {stride}")
                self._scaled[value, stride] = name

    def define(self, value: SSAValue, term: Term) -> None:
        """Give a value its expression, kept for its only use if that is soon."""
        self._terms[value] = term
        if term.is_atom or (len(term.text) <= _LONGEST_EXPRESSION and _used_once_beside(value)):
            self.ready(value)
            return
        self._assign(value, term)
        self.ready(value)

    def _assign(self, value: SSAValue, term: Term) -> None:
        name = self.fresh(value)
        self.line(f"{name} = {term.text}")
        self._terms[value] = Term(name, term.low, term.high)

    def assign_all(self, names: Sequence[str], values: Iterable[str]) -> None:
        """Assign several variables at once."""
        pairs = [(name, value) for name, value in zip(names, values, strict=True) if name != value]
        if pairs:
            self.line(f"{', '.join(name for name, _ in pairs)} = {', '.join(value for _, value in pairs)}")

    def arithmetic(self, op: Operation) -> bool:
        """Emit an arithmetic operation; False if `op` is none."""
        if (rule := RULES.get(type(op))) is None:
            return False
        read = self.atom if rule.repeats else self.term
        self.define(op.results[0], rule.build([read(operand) for operand in op.operands], op))
        return True

    def array(self, op: Operation) -> bool:
        """Emit an allocation or a constant array; False if `op` is neither."""
        if isinstance(op, memref.AllocOp | memref.AllocaOp):
            name = self.fresh(op.memref)
            self.line(f"{name} = [0] * {_size(op.memref.type)}")
            self._terms[op.memref] = Term(name, 0, 0)
        elif isinstance(op, memref.GetGlobalOp):
            name = self.fresh(op.name_.string_value())
            self.constants[name] = self._global_elements(op)
            self._terms[op.memref] = Term(name, 0, 0)
        else:
            return False
        return True

    def _global_elements(self, op: memref.GetGlobalOp) -> list[int]:
        symbol = op.name_.string_value()
        found = [g for g in self.module.ops if isinstance(g, memref.GlobalOp) and g.sym_name.data == symbol]
        if len(found) != 1 or not isinstance(found[0].initial_value, DenseIntOrFPElementsAttr):
            raise IrError(f"the constant array @{symbol} has no contents", where=source_location(op))
        array_type = op.memref.type
        assert isinstance(array_type, MemRefType)
        element = array_type.get_element_type()
        words = words_of(found[0].initial_value)
        return (words.view(np.int64) if isinstance(element, IndexType) else words).tolist()

    def access(self, op: MemoryAccess) -> ElementAddress:
        """The address of a load or store, with the check that it needs."""
        array_type = op.memref.type
        assert isinstance(array_type, MemRefType)
        shape = array_type.get_shape()
        indices = tuple(self.atom(index) for index in op.indices)
        checks = [
            f"0 <= {index.text} < {extent}"
            for index, extent in zip(indices, shape, strict=True)
            if index.low < 0 or index.high >= extent
        ]
        parts: list[str] = []
        constant = low = high = 0
        for position, (value, index) in enumerate(zip(op.indices, indices, strict=True)):
            stride = prod(shape[position + 1 :])
            low, high = low + index.low * stride, high + index.high * stride
            if index.constant is not None:
                constant += index.constant * stride
            elif (name := self._scaled.get((value, stride))) is not None:
                parts.append(name)
            else:
                parts.append(index.text if stride == 1 else f"{index.text} * {stride}")
        if constant or not parts:
            parts.append(literal(constant).text)
        text = parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"
        return ElementAddress(Term(text, low, high), indices, " and ".join(checks))

    def element(self, op: MemoryAccess, access: ElementAddress) -> str:
        """The Python subscription that a load or store becomes."""
        if isinstance(op, memref.StoreOp):
            if isinstance(op.memref.owner, memref.GetGlobalOp):
                raise IrError("a constant array is stored to", where=source_location(op))
            self.stored.add(op.memref)
        return f"{self._terms[op.memref].text}[{access.address.text}]"

    def fault(self, op: Operation, access: ElementAddress) -> str:
        """The call that reports an access outside its array."""
        return f"outside({self.faults.number(op)}, ({''.join(f'{index.text}, ' for index in access.indices)}))"

    def speculative_load(self, op: memref.LoadOp, late: str = "", cycle: str = "") -> None:
        """Emit a load that is harmless outside its array, where its value is unspecified: 0.

        Of what the queue `late` holds it sees what is stored before a cycle.
        """
        access = self.access(op)
        element = self.element(op, access)
        if late:
            element = f"latest({late}, {self.text_of(op.memref)}, {access.address.text}, {cycle})"
        name = self.declare(op.res)
        self.line(f"{name} = {element}{f' if {access.inside} else 0' if access.inside else ''}")
        self.ready(op.res)

    def apply_stores(self, queue: str, cycle: str) -> None:
        """Emit the stores that a queue of (cycle, array, address, value) holds from before a cycle."""
        with self.indented(f"while {queue} and {queue}[0][0] < {cycle}:"):
            self.line(f"_, array, address, value = {queue}.popleft()")
            self.line("array[address] = value")

    def parameters(self) -> list[str]:
        """Declare the function's arguments and return their names."""
        names: list[str] = []
        for argument in self.function.body.block.args:
            if isinstance(argument.type, MemRefType):
                names.append(self.fresh(argument))
                self._terms[argument] = Term(names[-1], 0, 0)
            else:
                names.append(self.declare(argument))
        return names

    def unsupported(self, op: Operation) -> UnsupportedError:
        """The error for an operation that does not belong to the level."""
        return UnsupportedError(f"the operation {op.name} cannot be run here", where=source_location(op))


def zero(type_: Attribute) -> Term:
    """The term of an unspecified value."""
    return wrapped("0", 0, 0, type_)


def is_scalar(type_: Attribute) -> bool:
    """Whether a type is that of one number."""
    return scalar_bits(type_) is not None


def _size(array_type: Attribute) -> int:
    assert isinstance(array_type, MemRefType)
    return prod(array_type.get_shape())


def _used_once_beside(value: SSAValue) -> bool:
    """Whether a value has one use, in the block that defines it, so that its expression may stand there instead."""
    uses = list(value.uses)
    return len(uses) == 1 and uses[0].operation.parent is _block_of(value)


def _block_of(value: SSAValue) -> Block | None:
    return value.owner if isinstance(value.owner, Block) else value.owner.parent_block()


def _strides_wanted(function: func.FuncOp) -> dict[SSAValue, list[int]]:
    """For each index that accesses in other blocks multiply by a row's length, those lengths, to multiply once."""
    wanted: dict[SSAValue, list[int]] = {}
    for op in function.walk():
        if not isinstance(op, MemoryAccess):
            continue
        assert isinstance(op.memref.type, MemRefType)
        shape = op.memref.type.get_shape()
        for position, index in enumerate(op.indices):
            stride = prod(shape[position + 1 :])
            if stride == 1 or _block_of(index) is op.parent:
                continue
            strides = wanted.setdefault(index, [])
            if stride not in strides:
                strides.append(stride)
    return wanted
