"""The functions of tasks as programs of their own, and back."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import func, memref
from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolRefAttr
from xdsl.ir import BlockArgument, Operation, SSAValue

from gatewright.dialects.dataflow import tasks_in
from gatewright.ir.decisions import plan_of
from gatewright.ir.loop_labels import unique
from gatewright.ir.program import Program
from gatewright.ir.rewriting import copied
from gatewright.plan import Plan


def task_programs(program: Program) -> list[Program]:
    """The program of each task of a program, in order: its function, public, and the constants that it names."""
    functions = {op.sym_name.data: op for op in program.module.ops if isinstance(op, func.FuncOp)}
    constants = {op.sym_name.data: op for op in program.module.ops if isinstance(op, memref.GlobalOp)}
    found: list[Program] = []
    for task in tasks_in(program.function):
        function = copied(functions[task.function_name], {})
        function.properties.pop("sym_visibility", None)
        named = dict.fromkeys(op.name_.string_value() for op in function.walk() if isinstance(op, memref.GetGlobalOp))
        module = ModuleOp([*(copied(constants[name], {}) for name in named), function])
        found.append(Program(program.level, module, task.function_name, sources=program.sources))
    return found


def with_tasks(program: Program, level: str, tasks: Sequence[Program]) -> Program:
    """A program whose tasks are given anew, at a level: all functions and constants in one module."""
    taken: set[str] = set()
    ops: list[Operation] = []
    for each in tasks:
        module = copied(each.module, {})
        for op in list(module.ops):
            if isinstance(op, memref.GlobalOp):
                name = unique(op.sym_name.data, taken)
                taken.add(name)
                _rename(module, op, name)
            elif isinstance(op, func.FuncOp):
                op.properties["sym_visibility"] = StringAttr("private")
        for op in list(module.ops):
            op.detach()
            ops.append(op)
    return Program(
        level,
        ModuleOp([*ops, copied(program.function, {})]),
        program.name,
        dict(program.notes),
        program.sources,
        program.convention,
    )


def _rename(module: ModuleOp, constant: memref.GlobalOp, name: str) -> None:
    """Give a constant another name, wherever it is named."""
    before = constant.sym_name.data
    constant.properties["sym_name"] = StringAttr(name)
    for op in module.walk():
        if isinstance(op, memref.GetGlobalOp) and op.name_.string_value() == before:
            op.properties["name"] = SymbolRefAttr(name)


def joint_plan(program: Program) -> Plan:
    """What is decided about a program and about its tasks."""
    found = {each.topic: each for each in plan_of(program.function)}
    if tasks_in(program.function):
        for task in task_programs(program):
            found |= {each.topic: each for each in plan_of(task.function)}
    return Plan(tuple(found.values()))


def written_arguments(program: Program) -> set[SSAValue]:
    """The arrays among the arguments of a program that it, or a task of it, stores to."""
    block, found = program.function.body.block, set[SSAValue]()
    for argument in block.args:
        if any(isinstance(use.operation, memref.StoreOp) for use in argument.uses):
            found.add(argument)
    for task, each in zip(tasks_in(program.function), task_programs(program), strict=True):
        found |= {task.arguments[value.index] for value in written_arguments(each) if isinstance(value, BlockArgument)}
    return found & set(block.args)
