"""The typed tree of a function: what elaboration finds out about it. `emission` makes the IR of it, once.

A `TreeBody` is a list of nodes in the order in which they run. Terms are the numbers and memories that nodes take and
give; each has its type in the IR. The tree is cheap to build and to throw away: a loop is elaborated until the types of
what it carries settle, a conditional expression before it is known whether both sides may run. Nodes say what they
change and where they may fail, which decides that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from xdsl.dialects import arith
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, LocationAttr, MemRefType, StringAttr, UnknownLoc, i1
from xdsl.ir import Attribute, SSAValue, TypeAttribute
from xdsl.ir import Operation as IrOperation


@dataclass(eq=False, slots=True)
class TypedTerm:
    """A number or memory of the program: what a node gives, or a parameter of a body."""

    type: Attribute
    node: TreeNode | None = None
    """What gives it; None for a parameter."""
    name: str | None = None
    """The variable that holds it, if it has one."""

    def hint(self, name: str) -> None:
        """Name the term after a variable, unless it has a name."""
        if self.name is None and SSAValue.is_valid_name(name):
            self.name = name


@dataclass(eq=False, slots=True)
class TreeBody:
    """Nodes that run one after the other, with what they are given and what they leave."""

    parameters: list[TypedTerm] = field(default_factory=list)
    nodes: list[TreeNode] = field(default_factory=list)
    leaves: list[TypedTerm] = field(default_factory=list)
    """What the body gives to the node that holds it, or to its next iteration."""
    end: LocationAttr = field(default_factory=UnknownLoc)
    """Where in the source the body ends."""

    @staticmethod
    def of(types: Sequence[Attribute] = ()) -> TreeBody:
        """An empty body with parameters of some types."""
        return TreeBody([TypedTerm(type_) for type_ in types])

    def parameter(self, type_: Attribute) -> TypedTerm:
        """One more parameter."""
        self.parameters.append(TypedTerm(type_))
        return self.parameters[-1]

    def walk(self) -> Iterator[TreeBody]:
        """This body and all bodies in it."""
        yield self
        for node in self.nodes:
            for body in node.bodies():
                yield from body.walk()


@dataclass(eq=False, slots=True)
class TreeNode:
    """Something that happens."""

    location: LocationAttr = field(default_factory=UnknownLoc, kw_only=True)

    def gives(self) -> Sequence[TypedTerm]:
        """The terms of which it is the origin."""
        return ()

    def takes(self) -> Sequence[TypedTerm]:
        """The terms that it uses itself."""
        return ()

    def bodies(self) -> Sequence[TreeBody]:
        """The bodies that it runs."""
        return ()


@dataclass(eq=False, slots=True)
class Producer(TreeNode):
    """A node that gives one term."""

    result: TypedTerm

    def __post_init__(self):
        self.result.node = self

    def gives(self) -> Sequence[TypedTerm]:
        return (self.result,)


@dataclass(eq=False, slots=True)
class Compute(Producer):
    """A pure operation, which the IR has as `kind(*arguments)`."""

    kind: type[IrOperation]
    arguments: tuple[TypedTerm | Attribute | str, ...]

    @staticmethod
    def of(kind: type[IrOperation], *arguments: TypedTerm | Attribute | str) -> Compute:
        """The node, its result typed."""
        return Compute(TypedTerm(_type_of(kind, arguments)), kind, arguments)

    def takes(self) -> Sequence[TypedTerm]:
        return [argument for argument in self.arguments if isinstance(argument, TypedTerm)]


def _type_of(kind: type[IrOperation], arguments: Sequence[TypedTerm | Attribute | str]) -> Attribute:
    """The type of the result of a pure operation: a constant's own, a truth value, what a cast names, an operand's."""
    first, last = arguments[0], arguments[-1]
    if kind in (arith.CmpiOp, arith.CmpfOp):
        return i1
    if isinstance(first, IntegerAttr | FloatAttr):
        return first.type
    if isinstance(last, TypeAttribute):
        return last
    operand = arguments[1] if kind is arith.SelectOp else first
    assert isinstance(operand, TypedTerm), f"{kind.__name__} takes no {operand}"
    return operand.type


def integer_of(term: TypedTerm) -> int | None:
    """The value of an integer constant, else None."""
    match term.node:
        case Compute(kind=arith.ConstantOp, arguments=(IntegerAttr() as attribute,)):
            return attribute.value.data
    return None


@dataclass(eq=False, slots=True)
class LocalArray(Producer):
    """A local memory with unspecified contents."""


@dataclass(eq=False, slots=True)
class ConstantTable(Producer):
    """A memory of constants."""

    symbol: str = ""
    """The name of the constant in the module, once it is known that nobody stores to it."""


@dataclass(eq=False, slots=True)
class ElementLoad(Producer):
    """An element of a memory."""

    memory: TypedTerm
    indices: Sequence[TypedTerm]

    def takes(self) -> Sequence[TypedTerm]:
        return (self.memory, *self.indices)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the memory."""
        assert isinstance(self.memory.type, MemRefType)
        return self.memory.type.get_shape()


@dataclass(eq=False, slots=True)
class ElementStore(TreeNode):
    """A change of one element of a memory."""

    value: TypedTerm
    memory: TypedTerm
    indices: Sequence[TypedTerm]

    def takes(self) -> Sequence[TypedTerm]:
        return (self.value, self.memory, *self.indices)


@dataclass(eq=False, slots=True)
class Directive(TreeNode):
    """What the user decides about the loops that count `counters`, or about the array that these are."""

    kind: str
    counters: Sequence[TypedTerm]
    value: IntegerAttr | StringAttr | None

    def takes(self) -> Sequence[TypedTerm]:
        return self.counters


@dataclass(eq=False, slots=True)
class Compound(TreeNode):
    """A node that runs bodies and gives what they leave."""

    results: list[TypedTerm] = field(default_factory=list, init=False)

    def gives(self) -> Sequence[TypedTerm]:
        return self.results

    def giving(self, types: Sequence[Attribute]) -> None:
        """Give terms of some types."""
        self.results = [TypedTerm(type_, self) for type_ in types]


@dataclass(eq=False, slots=True)
class TreeChoice(Compound):
    """One of two bodies, by a condition; without `orelse` nothing happens where it does not hold."""

    condition: TypedTerm
    then: TreeBody
    orelse: TreeBody | None

    def __post_init__(self):
        self.giving([term.type for term in self.then.leaves])

    def takes(self) -> Sequence[TypedTerm]:
        return (self.condition,)

    def bodies(self) -> Sequence[TreeBody]:
        return (self.then,) if self.orelse is None else (self.then, self.orelse)


@dataclass(eq=False, slots=True)
class CountedLoop(Compound):
    """A loop whose first parameter counts from `start` to `stop`; the others begin as `initial`."""

    start: TypedTerm
    stop: TypedTerm
    step: TypedTerm
    initial: Sequence[TypedTerm]
    body: TreeBody

    def __post_init__(self):
        self.giving([term.type for term in self.initial])

    def takes(self) -> Sequence[TypedTerm]:
        return (self.start, self.stop, self.step, *self.initial)

    def bodies(self) -> Sequence[TreeBody]:
        return (self.body,)


@dataclass(eq=False, slots=True)
class WhileLoop(Compound):
    """A loop that runs `after` as long as `going`, which `before` gives, holds; both take what the loop carries."""

    initial: Sequence[TypedTerm]
    before: TreeBody
    going: TypedTerm
    after: TreeBody

    def __post_init__(self):
        self.giving([term.type for term in self.before.parameters])

    def takes(self) -> Sequence[TypedTerm]:
        return self.initial

    def bodies(self) -> Sequence[TreeBody]:
        return (self.before, self.after)


def used(bodies: Sequence[TreeBody]) -> set[TypedTerm]:
    """The terms that anything in some bodies takes."""
    found: set[TypedTerm] = set()
    for outer in bodies:
        for body in outer.walk():
            found.update(body.leaves)
            for node in body.nodes:
                found.update(node.takes())
                if isinstance(node, WhileLoop):
                    found.add(node.going)
    return found
