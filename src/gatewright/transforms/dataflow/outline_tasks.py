"""Make a function of each task, and channels of the arrays between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, FunctionType, MemRefType, ModuleOp, StringAttr, UnitAttr
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from gatewright.dialects.dataflow import ChannelOp, TaskOp
from gatewright.dialects.notes import ARRAY, ASKED, CHANNEL, PLAN, PORT_BANK, PORT_NAME, PORT_TYPE, DecisionsNote
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.array_names import name_arrays, names_of_arrays
from gatewright.ir.decisions import asked, plan_of, to_attribute
from gatewright.ir.interface import argument_names
from gatewright.ir.loop_labels import names_in, unique
from gatewright.ir.rewriting import copied, functions_of, located
from gatewright.plan import Decision


@dataclass(frozen=True)
class OutlineTasksPass(ModulePass):
    """Make a function of each task of a function of which is decided that it has several.

    ```
    %c = memref.alloc                          %c = dataflow.channel
    for { ... store %c }                       dataflow.task @f_0(%x, %c)
    for { load %c ... }      task(...)   ->    dataflow.task @f_1(%c, %y)
    ```

    An array that only one task uses is its own. What makes values, and constants, is copied into each that uses them.
    """

    name = "outline-tasks"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions_of(op):
            tasks = [each for each in plan_of(function) if each.kind == "task"]
            groups = _groups(function, [each.subject for each in tasks])
            if len(groups) == len(tasks) > 1:
                name_arrays(function)
                _Outlined(op, function, groups, [int(each.value or 0) for each in tasks]).build()


def does_something(op: Operation) -> bool:
    """Whether an operation of a function's block belongs to a task: all but what only makes values and arrays."""
    return bool(op.regions) or isinstance(op, MemoryAccess | func.CallOp)


def _groups(function: func.FuncOp, nests: Sequence[Sequence[str]]) -> list[list[Operation]]:
    """The operations of each task, in order: it begins with what is left of its first nest."""
    groups: list[list[Operation]] = []
    later = list(nests[1:])
    for op in function.body.block.ops:
        if does_something(op):
            begins = bool(later) and bool(names_in(op) & set(later[0]))
            if not groups or begins:
                groups.append([])
            if begins:
                later.pop(0)
            groups[-1].append(op)
    return groups


@dataclass
class _Outlined:
    """A function whose tasks become functions."""

    module: ModuleOp
    function: func.FuncOp
    groups: Sequence[Sequence[Operation]]
    pools: Sequence[int]
    names: dict[SSAValue, str] = field(default_factory=dict)

    def build(self) -> None:
        """Put functions of tasks in front of the function, and tasks into it."""
        block = self.function.body.block
        taken = set(argument_names(self.function))
        self.names = dict(zip(block.args, argument_names(self.function), strict=True))
        for array, name in names_of_arrays(self.function).items():
            if array not in self.names:
                self.names[array] = unique(name, taken)
                taken.add(self.names[array])
        end, channels = block.last_op, self._channels()
        assert isinstance(end, func.ReturnOp)
        values: dict[SSAValue, SSAValue] = {}
        made: list[Operation] = []
        for array in channels:
            assert isinstance(array.type, MemRefType) and isinstance(array.owner, Operation)
            channel = located(ChannelOp(array.type), array.owner)
            channel.array.name_hint = array.name_hint
            ARRAY.set(channel, self.names[array])
            values[array] = channel.array
            made.append(channel)
        tasks = [_TaskBody(self, ops, channels, list(end.operands)) for ops in self.groups]
        for number, (task, pool) in enumerate(zip(tasks, self.pools, strict=True)):
            name = f"{self.function.sym_name.data}_{number}"
            self.module.body.block.insert_op_before(task.function(name), self.function)
            given = [values.get(each, each) for each in task.arguments]
            op = located(TaskOp(name, given, [each.type for each in task.returned], pool or None), task.ops[0])
            values.update(zip(task.returned, op.results, strict=True))
            made.append(op)
        returned = [values.get(each, each) for each in end.operands]
        for op in reversed(list(block.ops)):
            op.detach()
            op.erase(safe_erase=False)
        block.add_ops([*made, located(func.ReturnOp(*returned), end)])
        self._share_out_what_is_asked()

    def _channels(self) -> list[SSAValue]:
        """The arrays that several tasks use."""
        found: dict[SSAValue, set[int]] = {}
        for number, ops in enumerate(self.groups):
            for op in ops:
                for operand in (each for inner in op.walk() for each in inner.operands):
                    if isinstance(operand.owner, memref.AllocOp | memref.AllocaOp):
                        found.setdefault(operand, set()).add(number)
        return [array for array, users in found.items() if len(users) > 1 and not _is_inside(array, self.groups)]

    def _share_out_what_is_asked(self) -> None:
        """What the user has decided is asked of the tasks whose loops it is about, unless it is done."""
        done = plan_of(self.function)
        still = [each for each in asked(self.function) if done.find(*each.topic) != each]
        tasks = [op for op in functions_of(self.module) if op is not self.function]
        for function in tasks:
            mine = names_in(function) | set(names_of_arrays(function).values())
            _note(function, [each for each in still if mine & set(each.subject)], ASKED)
            _note(function, [each for each in done if mine & set(each.subject)], PLAN)
            still = [each for each in still if not mine & set(each.subject)]
        ASKED.drop(self.function)
        _note(self.function, still, ASKED)


def _note(function: func.FuncOp, decisions: Sequence[Decision], note: DecisionsNote) -> None:
    if decisions:
        note.set(function, map(to_attribute, decisions))


def _is_inside(array: SSAValue, groups: Iterable[Sequence[Operation]]) -> bool:
    """Whether an array is made inside of an operation of a task."""
    owner = array.owner
    return isinstance(owner, Operation) and any(op.is_ancestor(owner) for ops in groups for op in ops)


class _TaskBody:
    """A task on its way to a function."""

    def __init__(
        self, outlined: _Outlined, ops: Sequence[Operation], channels: Sequence[SSAValue], returned: Sequence[SSAValue]
    ):
        self.ops = ops
        self._outlined, self._channels = outlined, channels
        self._inside = set(ops)
        self.arguments: list[SSAValue] = []
        """What it is given: arguments of the program and channels, in the order of the program."""
        self.returned = [each for each in returned if each.owner in self._inside]
        self._before: dict[Operation, None] = {}
        for op in ops:
            for operand in (each for inner in op.walk() for each in inner.operands):
                self._need(operand)
        order = [*outlined.function.body.block.args, *channels]
        self.arguments.sort(key=order.index)

    def _need(self, value: SSAValue) -> None:
        """Find out where a value comes from."""
        owner = value.owner
        if isinstance(owner, Block):
            if owner is self._outlined.function.body.block and value not in self.arguments:
                self.arguments.append(value)
        elif value in self._channels:
            if value not in self.arguments:
                self.arguments.append(value)
        elif owner.parent is self._outlined.function.body.block and owner not in self._inside:
            for operand in owner.operands:
                self._need(operand)
            self._before[owner] = None

    def function(self, name: str) -> func.FuncOp:
        """The function of the task."""
        given = [each.type for each in self.arguments]
        block = Block(arg_types=given)
        values: dict[SSAValue, SSAValue] = dict(zip(self.arguments, block.args, strict=True))
        for argument, value in zip(block.args, self.arguments, strict=True):
            argument.name_hint = value.name_hint
        for op in self._outlined.function.body.block.ops:
            if op in self._before or op in self._inside:
                block.add_op(copied(op, values))
        block.add_op(located(func.ReturnOp(*(values[each] for each in self.returned)), self.ops[-1]))
        type_ = FunctionType.from_lists(given, [each.type for each in self.returned])
        made = located(func.FuncOp(name, type_, Region(block), visibility="private"), self.ops[0])
        made.properties["arg_attrs"] = ArrayAttr([self._attributes(each) for each in self.arguments])
        return made

    def _attributes(self, value: SSAValue) -> DictionaryAttr:
        """The name of an argument; of one of the program its type and bank, of others that they are channels."""
        name: dict[str, Attribute] = {PORT_NAME.name: StringAttr(self._outlined.names[value])}
        if not isinstance(value, BlockArgument):
            return DictionaryAttr({**name, CHANNEL.name: UnitAttr()})
        given = self._outlined.function.arg_attrs
        entries = {} if given is None else given.data[value.index].data
        kept = (PORT_TYPE.name, PORT_BANK.name)
        return DictionaryAttr({**name, **{key: entries[key] for key in kept if key in entries}})
