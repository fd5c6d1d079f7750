"""The description of a function at the loops level, for the dependence analysis."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any, cast

import islpy as isl
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue

from gatewright.analysis.dependences.analysis import iteration
from gatewright.analysis.dependences.description import (
    RESERVED,
    Affine,
    ArrayAccess,
    Condition,
    Conditional,
    Description,
    LoopRange,
    Node,
    OpaqueValue,
    affine,
    condition,
    integer,
)
from gatewright.analysis.dependences.expressions import Expressions, constant_of, is_truth
from gatewright.analysis.ranges import value_ranges, whole
from gatewright.ir.accesses import MemoryAccess


@dataclass
class DescribedFunction:
    """A function as the dependence analysis sees it, and what stands for what."""

    description: Description
    access_of: dict[Operation, ArrayAccess] = field(default_factory=dict)
    """The accesses of loads and stores."""
    loop_of: dict[Operation, LoopRange] = field(default_factory=dict)
    """The loops of `scf.for` and `scf.while`."""


def describe(function: func.FuncOp) -> DescribedFunction:
    """Describe a function with one block."""
    return _Describer(function).run()


class _Describer:
    def __init__(self, function: func.FuncOp):
        self.function = function
        self.found = DescribedFunction(Description([]))
        self.known = Expressions(value_ranges(function))
        self.matters = _what_matters(function)
        self.names: set[str] = set()
        self.scope: list[str] = []
        """The loops and symbols that may be mentioned."""
        self.arrays: dict[SSAValue | str, str] = {}

    def run(self) -> DescribedFunction:
        parameters = condition("true")
        for argument in self.function.body.block.args:
            if argument in self.matters:
                symbol = self._symbol(argument)
                parameters &= symbol.known if symbol.known is not None else condition("true")
        body: list[Node] = []
        self._block(self.function.body.block, body, parameters)
        self.found.description = Description(body, parameters)
        return self.found

    def _fresh(self, hint: str | None) -> str:
        """A name that nothing else has."""
        stem = re.sub(r"\W", "_", hint or "") or "v"
        candidates = chain([stem], (f"{stem}_{number}" for number in count(1)))
        name = next(each for each in candidates if each not in self.names and each.lower() not in RESERVED)
        self.names.add(name)
        return name

    def _symbol(self, value: SSAValue) -> OpaqueValue:
        """A name for a value that is not understood."""
        name = self._fresh(value.name_hint)
        if is_truth(value.type):
            self.known.truths[value] = condition(f"{name} = 1")
            known = condition(f"0 <= {name} <= 1")
        else:
            self.known.numbers[value] = affine(name)
            range_ = self.known.ranges.get(value) or whole(value.type)
            known = None if range_ is None else condition(f"{range_[0]} <= {name} <= {range_[1]}")
        self.scope.append(name)
        return OpaqueValue(name, known)

    def _symbols(self, values: Iterable[SSAValue], nodes: list[Node], context: Condition) -> Condition:
        """Make symbols of those values that matter and are not understood yet; return what holds then."""
        for value in values:
            if value in self.matters and value not in self.known.numbers and value not in self.known.truths:
                symbol = self._symbol(value)
                nodes.append(symbol)
                context = context if symbol.known is None else context & symbol.known
        return context

    def _block(self, block: Block, nodes: list[Node], context: Condition) -> Condition:
        """Append the nodes of a block without its terminator; return what holds at its end."""
        for op in block.ops:
            match op:
                case scf.ForOp():
                    nodes.append(self._for(op, context))
                case scf.WhileOp():
                    nodes.append(self._while(op, context))
                case scf.IfOp():
                    nodes.append(self._if(op, context))
                case memref.LoadOp() | memref.StoreOp():
                    nodes.append(self._access(op))
                case _:
                    assert not op.regions, f"{op.name} is not of the loops level"
                    if any(result in self.matters for result in op.results):
                        self.known.understand(op, context)
            if not op.regions or not self._results_of_if(op):
                context = self._symbols(op.results, nodes, context)
        return context

    def _results_of_if(self, op: Operation) -> bool:
        """Understand the results of a conditional as selections; False if not all that matter can be."""
        if not isinstance(op, scf.IfOp) or op.cond not in self.known.truths:
            return False
        chooser, complete = self.known.truths[op.cond], True
        for position, result in enumerate(op.results):
            if result not in self.matters:
                continue
            one, other = (_terminator(region.block).operands[position] for region in op.regions)
            if is_truth(result.type) and one in self.known.truths and other in self.known.truths:
                mine, theirs = self.known.truths[one], self.known.truths[other]
                truth = (chooser & mine) | (chooser.complement() & theirs)
                if self._in_scope(truth):
                    self.known.truths[result] = truth
                    continue
            mine, theirs = self.known.number(one), self.known.number(other)
            if not is_truth(result.type) and mine is not None and theirs is not None:
                number = chooser.indicator_function().cond(mine, theirs)
                if self._in_scope(number):
                    self.known.numbers[result] = number
                    continue
            complete = False
        return complete

    def _in_scope(self, thing: Affine | Condition) -> bool:
        return set(thing.get_var_names(isl.dim_type.param)) <= set(self.scope)

    def _if(self, op: scf.IfOp, context: Condition) -> Conditional:
        node = Conditional(self.known.truths[op.cond])
        branches = ((node.then, node.condition), (node.otherwise, node.condition.complement()))
        for (nodes, holds), region in zip(branches, op.regions, strict=True):
            if region.blocks:
                depth = len(self.scope)
                self._block(region.block, nodes, context & holds)
                del self.scope[depth:]
        return node

    def _for(self, op: scf.ForOp, context: Condition) -> LoopRange:
        body = op.body.block
        name = self._fresh(body.args[0].name_hint or "i")
        lower, upper, step = self.known.numbers[op.lb], self.known.numbers[op.ub], self.known.constant(op.step)
        if step is None:
            # Without the step, counters say nothing of the number of iterations between them.
            loop = LoopRange(name, affine(0), None)
            inside = context & affine(name).ge_set(affine(0))
        else:
            loop = LoopRange(name, lower, upper, step)
            inside = context & affine(name).ge_set(lower) & affine(name).lt_set(upper)
            self.known.numbers[body.args[0]] = affine(name)
        self.found.loop_of[op] = loop
        depth = len(self.scope)
        self.scope.append(name)
        for start, argument, following in zip(op.iter_args, body.args[1:], _terminator(body).operands, strict=True):
            induction = self._induction(start, argument, added(argument, following), loop)
            if induction is not None and self._stays_within(induction, argument, inside):
                self.known.numbers[argument] = induction
        inside = self._symbols(body.args, loop.body, inside)
        self._block(body, loop.body, inside)
        del self.scope[depth:]
        return loop

    def _induction(self, start: SSAValue, argument: SSAValue, step: int | None, loop: LoopRange) -> Affine | None:
        """A carried value to which every iteration adds a constant, if it never wraps."""
        first = self.known.numbers.get(start)
        if first is None or step is None or argument not in self.matters or whole(argument.type) is None:
            return None
        return first + iteration(loop).scale_val(integer(step))

    def _stays_within(self, number: Affine, argument: SSAValue, inside: Condition) -> bool:
        """True if an expression always fits in the type of a value."""
        return (inside & _fits(number, argument).complement()).is_empty()

    def _while(self, op: scf.WhileOp, context: Condition) -> LoopRange:
        """Describe a loop, at first as if no carried value ever wrapped, then without those that may."""
        refused: set[SSAValue] = set()
        while True:
            saved = self._save()
            loop, wrapping = self._try_while(op, context, refused)
            if not wrapping:
                return loop
            self._restore(saved)
            refused |= wrapping

    def _save(self) -> list[Any]:
        known, found = self.known, self.found
        return [copy(each) for each in (known.numbers, known.truths, found.access_of, found.loop_of, self.names)]

    def _restore(self, saved: list[Any]) -> None:
        known, found = self.known, self.found
        known.numbers, known.truths, found.access_of, found.loop_of, self.names = saved

    def _try_while(
        self, op: scf.WhileOp, context: Condition, refused: set[SSAValue]
    ) -> tuple[LoopRange, set[SSAValue]]:
        """The loop, and the carried values that were taken for ones that never wrap and may do so."""
        before, after = op.before_region.block, op.after_region.block
        passed = _terminator(before)
        assert isinstance(passed, scf.ConditionOp)
        name = self._fresh("turn")
        loop = self.found.loop_of[op] = LoopRange(name, affine(0), None)
        depth = len(self.scope)
        self.scope.append(name)
        inside = context & affine(name).ge_set(affine(0))
        origin: dict[SSAValue, SSAValue] = dict(zip(after.args, passed.args, strict=True))
        steps: dict[SSAValue, int] = {}
        for start, argument, following in zip(op.arguments, before.args, _terminator(after).operands, strict=True):
            step = added(argument, following, origin)
            induction = self._induction(start, argument, step, loop)
            if induction is not None and step is not None and argument not in refused:
                self.known.numbers[argument], steps[argument] = induction, step
                inside &= _fits(induction, argument)
        inside = self._symbols(before.args, loop.body, inside)
        inside = self._block(before, loop.body, inside)
        for inner, outer in origin.items():
            if outer in self.known.numbers:
                self.known.numbers[inner] = self.known.numbers[outer]
            if outer in self.known.truths:
                self.known.truths[inner] = self.known.truths[outer]
        going = Conditional(self.known.truths[passed.condition])
        loop.body.append(going)
        inside &= going.condition
        wrapping = {
            argument
            for argument, step in steps.items()
            if not self._stays_within(self.known.numbers[argument] + affine(step), argument, inside)
        }
        self._block(after, going.then, inside)
        del self.scope[depth:]
        return loop, wrapping

    def _access(self, op: MemoryAccess) -> ArrayAccess:
        array, type_ = self._array(op.memref), op.memref.type
        assert isinstance(type_, MemRefType)
        subscripts = tuple(self.known.numbers.get(index) for index in op.indices)
        shown = ", ".join(_text(subscript) for subscript in subscripts)
        stores = isinstance(op, memref.StoreOp)
        label = f"{'store' if stores else 'load'} {array}[{shown}]"
        access = self.found.access_of[op] = ArrayAccess(label, array, stores, subscripts, type_.get_shape())
        return access

    def _array(self, value: SSAValue) -> str:
        """One name for each array; a global is one array wherever it is named."""
        owner = value.owner
        key = owner.name_.root_reference.data if isinstance(owner, memref.GetGlobalOp) else value
        if key not in self.arrays:
            self.arrays[key] = self._fresh(key if isinstance(key, str) else value.name_hint or "array")
        return self.arrays[key]


def _what_matters(function: func.FuncOp) -> set[SSAValue]:
    """The values that subscripts, bounds and conditions are computed from."""
    pending: list[SSAValue] = []
    for op in function.walk():
        match op:
            case memref.LoadOp() | memref.StoreOp():
                pending += op.indices
            case scf.ForOp():
                pending += [op.lb, op.ub, op.step]
            case scf.IfOp():
                pending.append(op.cond)
            case scf.ConditionOp():
                pending.append(op.condition)
    found: set[SSAValue] = set()
    while pending:
        value = pending.pop()
        if value not in found:
            found.add(value)
            pending += _sources(value)
    return found


def _sources(value: SSAValue) -> Sequence[SSAValue]:
    """What a value is computed from, in this or an earlier iteration."""
    if isinstance(value, BlockArgument):
        parent, index = value.block.parent_op(), value.index
        if isinstance(parent, scf.ForOp):
            return [parent.iter_args[index - 1], _terminator(value.block).operands[index - 1]] if index else []
        if isinstance(parent, scf.WhileOp):
            if value.block is parent.after_region.block:
                return [_terminator(parent.before_region.block).operands[1 + index]]
            return [parent.arguments[index], _terminator(parent.after_region.block).operands[index]]
        return []
    owner = value.owner
    assert isinstance(owner, Operation)
    if isinstance(owner, scf.IfOp):
        position = list(owner.results).index(cast(OpResult, value))
        return [owner.cond, *(_terminator(region.block).operands[position] for region in owner.regions)]
    # What comes out of a loop or a memory is a symbol, whatever it is computed from.
    return () if owner.regions or isinstance(owner, memref.LoadOp) else owner.operands


def added(argument: SSAValue, following: SSAValue, origin: dict[SSAValue, SSAValue] | None = None) -> int | None:
    """The constant that is added to a carried value for the next iteration, if it is one.

    `origin` says for values that are only passed on where they come from.
    """
    origin = origin or {}
    if origin.get(following, following) is argument:
        return 0
    owner = following.owner
    if not isinstance(owner, arith.AddiOp | arith.SubiOp):
        return None
    amount = constant_of(owner.rhs)
    if amount is None or origin.get(owner.lhs, owner.lhs) is not argument:
        return None
    return amount if isinstance(owner, arith.AddiOp) else -amount


def _fits(number: Affine, value: SSAValue) -> Condition:
    """When an expression fits in the type of a value."""
    bounds = whole(value.type)
    assert bounds is not None
    return number.ge_set(affine(bounds[0])) & number.le_set(affine(bounds[1]))


def _terminator(block: Block) -> Operation:
    assert block.last_op is not None
    return block.last_op


def _text(subscript: Affine | None) -> str:
    """An expression as it is shown to the user."""
    if subscript is None:
        return "?"
    match = re.fullmatch(r"(?:\[.*?\] -> )?\{ \[\((.*)\)\] \}", str(subscript))
    return match[1] if match else "..."
