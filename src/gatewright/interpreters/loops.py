"""Run a program of the loops level on NumPy arrays.

The program becomes one Python function: loops are Python loops, values are Python integers, arrays are flat lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue

from gatewright.interpreters.compiled import ENTRY, Cache
from gatewright.interpreters.outcome import Outcome
from gatewright.interpreters.python_source import PythonSource
from gatewright.interpreters.terms import range_of, signed
from gatewright.ir.program import Program

_UNLIMITED = 1 << 62
"""More iterations than can be waited for."""


def run(program: Program, arguments: Sequence[np.ndarray], max_iterations: int | None = None) -> Outcome:
    """Run `program` on the raw arrays of its parameters (see `interface.to_raw`), updating them in place.

    Raises SimulationError for a load or store outside an array, and when all loops together have begun more than
    `max_iterations` iterations. In tasks a load outside does no harm: conditions have become selections. The module
    must not change between runs.
    """
    cache = _SPECULATIVE if program.level == "dataflow" else _CACHE
    compiled = cache.get(program.module, program.function)
    results, _ = compiled.run(arguments, _UNLIMITED if max_iterations is None else max_iterations)
    return Outcome(results)


def python_source(program: Program) -> str:
    """The Python function that `program` is run as."""
    return _build(program.module, program.function).text


def _build(module: ModuleOp, function: func.FuncOp, speculative: bool = False) -> PythonSource:
    source = PythonSource(module, function)
    source.loads_are_speculative = speculative
    source.constants["outside"] = source.faults.outside
    source.constants["runaway"] = source.faults.runaway
    parameters = source.parameters()
    with source.indented(f"def {ENTRY}({', '.join([*parameters, 'limit'])}):"):
        source.line("budget = limit")
        for argument in function.body.block.args:
            source.ready(argument)
        _block(source, function.body.block)
    return source


_CACHE = Cache(_build)
_SPECULATIVE = Cache(partial(_build, speculative=True))


def _block(source: PythonSource, block: Block) -> None:
    """Emit the operations of a block up to its terminator, which the caller emits unless it is a return."""
    for op in block.ops:
        if source.arithmetic(op) or source.array(op):
            continue
        match op:
            case memref.LoadOp():
                _load(source, op)
            case memref.StoreOp():
                _store(source, op)
            case scf.ForOp():
                _for(source, op)
            case scf.WhileOp():
                _while(source, op)
            case scf.IfOp():
                _if(source, op)
            case func.ReturnOp():
                source.line(f"return ({''.join(f'{source.text_of(value)}, ' for value in op.arguments)})")
            case scf.YieldOp() | scf.ConditionOp():
                pass
            case _:
                raise source.unsupported(op)


def _load(source: PythonSource, op: memref.LoadOp) -> None:
    if source.loads_are_speculative:
        source.speculative_load(op)
        return
    access = source.access(op)
    if access.inside:
        source.line(f"if not ({access.inside}): {source.fault(op, access)}")
    element = source.element(op, access)
    name = source.declare(op.res)
    source.line(f"{name} = {element}")
    source.ready(op.res)


def _store(source: PythonSource, op: memref.StoreOp) -> None:
    access = source.access(op)
    if access.inside:
        source.line(f"if not ({access.inside}): {source.fault(op, access)}")
    source.line(f"{source.element(op, access)} = {source.text_of(op.value)}")


def _count(source: PythonSource, op: Operation, iterations: str, carried: Sequence[SSAValue]) -> None:
    """Take iterations off the budget."""
    source.line(f"budget -= {iterations}")
    names = [value.name_hint or f"value {k}" for k, value in enumerate(carried)]
    values = "".join(f"{source.text_of(value)}, " for value in carried)
    labels = "".join(f"{name!r}, " for name in names)
    source.line(f"if budget < 0: runaway({source.faults.number(op)}, limit, ({labels}), ({values}))")


def _for(source: PythonSource, op: scf.ForOp) -> None:
    lower, upper, step = (signed(source.atom(value), value.type) for value in (op.lb, op.ub, op.step))
    block = op.body.block
    index, *carried = block.args
    for argument in carried:
        source.declare(argument)
    names = [source.text_of(argument) for argument in carried]
    source.assign_all(names, [source.text_of(value) for value in op.iter_args])
    if None in (lower.constant, upper.constant, step.constant):
        stretch = f"{upper.text} - {lower.text} + {step.text} - 1"
        _count(source, op, f"({stretch}) // {step.text} if {lower.text} < {upper.text} else 0", ())
    else:
        assert lower.constant is not None and upper.constant is not None and step.constant is not None
        _count(source, op, str(max(0, -((lower.constant - upper.constant) // step.constant))), ())
    least, greatest = range_of(index.type)
    negative = lower.low < least
    counted = (least, greatest) if negative else (lower.low, min(max(upper.high - 1, lower.low), greatest))
    variable = source.declare(index, *counted)
    with source.indented(f"for {variable} in range({lower.text}, {upper.text}, {step.text}):"):
        if negative:
            source.line(f"{variable} &= {greatest}")
        for argument in block.args:
            source.ready(argument)
        _block(source, block)
        _yield(source, block, names)
    for result, argument in zip(op.res, carried, strict=True):
        source.alias(result, source.term(argument))
        source.ready(result)


def _while(source: PythonSource, op: scf.WhileOp) -> None:
    before, after = op.before_region.block, op.after_region.block
    for argument in (*before.args, *op.res):
        source.declare(argument)
    names = [source.text_of(argument) for argument in before.args]
    passed = [source.text_of(result) for result in op.res]
    source.assign_all(names, [source.text_of(value) for value in op.arguments])
    with source.indented("while True:"):
        for argument in before.args:
            source.ready(argument)
        _block(source, before)
        condition = before.last_op
        assert isinstance(condition, scf.ConditionOp)
        going = source.atom(condition.condition).text
        source.assign_all(passed, [source.text_of(value) for value in condition.args])
        source.line(f"if not {going}: break")
        for argument, result in zip(after.args, op.res, strict=True):
            source.alias(argument, source.term(result))
            source.ready(argument)
        _count(source, op, "1", before.args)
        _block(source, after)
        _yield(source, after, names)
    for result in op.res:
        source.ready(result)


def _if(source: PythonSource, op: scf.IfOp) -> None:
    names = [source.declare(result) for result in op.output]
    with source.indented(f"if {source.text_of(op.cond)}:"):
        _block(source, op.true_region.block)
        _yield(source, op.true_region.block, names)
    if op.false_region.blocks and (names or len(op.false_region.block.ops) > 1):
        with source.indented("else:"):
            _block(source, op.false_region.block)
            _yield(source, op.false_region.block, names)
    for result in op.output:
        source.ready(result)


def _yield(source: PythonSource, block: Block, names: list[str]) -> None:
    last = block.last_op
    if isinstance(last, scf.YieldOp):
        source.assign_all(names, [source.text_of(value) for value in last.arguments])
