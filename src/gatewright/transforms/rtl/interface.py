"""The top module of a schedule that is bound to hardware."""

from __future__ import annotations

from xdsl.dialects import func, memref
from xdsl.dialects.builtin import DictionaryAttr, IntegerAttr, MemRefType, ModuleOp
from xdsl.ir import SSAValue
from xdsl.traits import SymbolTable

from gatewright.dialects.notes import MEMORY, PORT_RESULT, MemoryAttr
from gatewright.errors import IrError, UnsupportedError
from gatewright.hardware.top import TopModule, legal_name, port_names
from gatewright.ir.interface import signature_of
from gatewright.ir.location import source_location
from gatewright.ir.operator_notes import operator_of
from gatewright.operators.library import OperatorLibrary


def top_name(function: func.FuncOp, library: OperatorLibrary) -> str:
    """The name of the top module: that of the function, unless a module of an operator has it."""
    found = [operator_of(op, library) for op in function.walk()]
    return legal_name(function.sym_name.data, {operator.name for operator in found if operator is not None})


def top_module(function: func.FuncOp, library: OperatorLibrary) -> TopModule:
    """The top module of a function whose arrays are bound to memories."""
    memories = [memory_of(function, argument.index) for argument in function.body.block.args]
    reads, writes, dual = (
        frozenset(memory.called.data for memory in memories if memory is not None and memory.has(word))
        for word in ("read", "write", "dual")
    )
    return TopModule(top_name(function, library), signature_of(function), reads, writes, dual)


def memory_of(function: func.FuncOp, number: int) -> MemoryAttr | None:
    """The memory that an argument of a function is; None if it is no array. IrError if it is not bound."""
    argument = function.body.block.args[number]
    if not isinstance(argument.type, MemRefType):
        return None
    entry = function.arg_attrs.data[number].data if function.arg_attrs is not None else {}
    return bound_memory(entry.get(MEMORY.name), argument)


def bound_memory(found: object, array: SSAValue) -> MemoryAttr:
    """What is noted as the memory of an array; IrError if nothing is."""
    if not isinstance(found, MemoryAttr):
        raise IrError(f"%{array.name_hint or 'an array'} has no {MEMORY.name}", remedy="bind, before control")
    return found


def constant_array(op: memref.GetGlobalOp, module: ModuleOp) -> memref.GlobalOp:
    """The constant array that an operation names; UnsupportedError if it is not constant."""
    found = SymbolTable.lookup_symbol(module, op.name_)
    if not isinstance(found, memref.GlobalOp) or found.constant is None:
        raise UnsupportedError(
            f"@{op.name_.string_value()} is not a constant array",
            where=source_location(op),
            why="what lasts from one run to the next has no hardware",
        )
    return found


def ports_of_values(function: func.FuncOp) -> tuple[list[str], list[str]]:
    """The ports, or prefixes of ports, of the arguments of a function and of the values that it returns, in order."""
    parameters, results = port_names(signature_of(function))
    plain = iter(parameters)
    attributes = function.arg_attrs.data if function.arg_attrs is not None else ()
    count = len(function.function_type.inputs)
    arguments = [_result_of(entry) for entry in attributes] or [None] * count
    returned = [_result_of(entry) for entry in (function.res_attrs.data if function.res_attrs is not None else ())]
    returned = returned or [None] * len(function.function_type.outputs)
    return (
        [results[result] if result is not None else next(plain) for result in arguments],
        [results[result if result is not None else position] for position, result in enumerate(returned)],
    )


def _result_of(attributes: DictionaryAttr) -> int | None:
    """Which result of the program an argument or a returned value is."""
    number = attributes.data.get(PORT_RESULT.name)
    return number.value.data if isinstance(number, IntegerAttr) else None
