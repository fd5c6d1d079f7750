"""Calls of scheduled functions: a step with a call lasts as long as the steps of the function that it calls.

(20) A step with a call has no condition, and holds nothing else. What it calls is a scheduled function of the module
     that does not come to call itself.

All other invariants are those of what is left when every call is replaced by the steps of its function
(`without_calls`). Local arrays of a function are the same for all its calls in another one, since no two of them run at
once.
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.traits import SymbolTable
from xdsl.utils.exceptions import VerifyException

from gatewright.dialects.loopschedule.ops import LoopOp, RegisterOp, StepOp

HEAD_OPERATIONS = (arith.ConstantOp, memref.AllocOp, memref.AllocaOp, memref.GetGlobalOp)
"""What takes no time and stands outside the steps of a function."""


def calls_of(function: func.FuncOp) -> Iterator[func.CallOp]:
    """The calls in a function, in the order of the text."""
    return (op for op in function.walk() if isinstance(op, func.CallOp))


def without_calls(function: func.FuncOp, module: ModuleOp) -> func.FuncOp:
    """A scheduled function of a module, or a copy of it without calls if it has some.

    Raises VerifyException if invariant 20 does not hold.
    """
    return _Expansion(module).expanded(function, ()) if any(calls_of(function)) else function


class _Expansion:
    """Replaces the calls in functions by the steps of the functions that they call."""

    def __init__(self, module: ModuleOp):
        self._module = module

    def expanded(self, function: func.FuncOp, callers: tuple[str, ...]) -> func.FuncOp:
        """A copy of a function without calls."""
        name = function.sym_name.data
        if name in callers:
            raise VerifyException(f"@{name} comes to call itself: {' calls '.join([*callers, name])}")
        copy = _clone(function)
        arrays: dict[str, dict[int, SSAValue]] = {}
        for call in list(calls_of(copy)):
            callee = self.expanded(self._callee(call), (*callers, name))
            _Inliner(copy, call, arrays.setdefault(callee.sym_name.data, {})).inline(callee)
        return copy

    def _callee(self, call: func.CallOp) -> func.FuncOp:
        found = SymbolTable.lookup_symbol(self._module, call.callee)
        name = call.callee.string_value()
        if not isinstance(found, func.FuncOp) or found.is_declaration:
            raise VerifyException(f"@{name} is called, and is no function of the module")
        return found


def _clone(function: func.FuncOp) -> func.FuncOp:
    """A copy of a function with the places of its operations."""
    copy = function.clone()
    for before, after in zip(function.walk(), copy.walk(), strict=True):
        after.location = before.location
    return copy


class _Inliner:
    """Replaces one call by the steps of a function without calls, which it uses up."""

    def __init__(self, caller: func.FuncOp, call: func.CallOp, arrays: dict[int, SSAValue]):
        self._head, self._call, self._arrays = caller.body.block, call, arrays
        self._first = self._head.first_op
        step = call.parent_op()
        if not isinstance(step, StepOp):
            raise VerifyException("func.call is in no step and so starts in no cycle")
        self._step = step

    def inline(self, callee: func.FuncOp) -> None:
        """Put the steps of the callee in place of the step of the call."""
        body, step = callee.body.block, self._step
        assert step.parent is not None
        for argument, value in zip(body.args, self._call.operands, strict=True):
            argument.replace_all_uses_with(value)
        end = body.last_op
        assert isinstance(end, func.ReturnOp)
        items = [op for op in body.ops if not isinstance(op, (*HEAD_OPERATIONS, func.ReturnOp))]
        for item in items:
            if not isinstance(item, StepOp | LoopOp):
                raise VerifyException(f"@{callee.sym_name.data} is called, where {item.name} is in no step")
        for number, op in enumerate([op for op in body.ops if isinstance(op, HEAD_OPERATIONS)]):
            self._move_to_head(number, op)
        for item in items:
            item.detach()
            step.parent.insert_op_before(item, step)
        if not items:
            step.parent.insert_op_before(StepOp(Region(Block([RegisterOp()]))), step)
        returned: dict[SSAValue, SSAValue] = dict(zip(self._call.results, end.operands, strict=True))
        for out, registered in zip(step.outs, step.register.values, strict=True):
            out.replace_all_uses_with(returned.get(registered, registered))
        end.drop_all_references()
        step.detach()
        step.drop_all_references()

    def _move_to_head(self, number: int, op: Operation) -> None:
        """Move a constant or an array to the head of the caller; the array of an earlier call stands for this one's."""
        op.detach()
        if number in self._arrays:
            op.results[0].replace_all_uses_with(self._arrays[number])
            return
        if not isinstance(op, arith.ConstantOp):
            self._arrays[number] = op.results[0]
        assert self._first is not None
        self._head.insert_op_before(op, self._first)
