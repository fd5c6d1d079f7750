"""What stops a run: an access outside an array, a loop that does not end."""

from __future__ import annotations

from typing import NoReturn

from xdsl.dialects import func, memref
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Operation, SSAValue

from gatewright.dialects.loopschedule.ops import PipelineOp
from gatewright.errors import SimulationError
from gatewright.ir.accesses import MemoryAccess
from gatewright.ir.location import source_location


def array_name(array: SSAValue, arguments: dict[SSAValue, str]) -> str:
    """What to call an array: the name of its port, of its constant or of its variable."""
    if array in arguments:
        return arguments[array]
    if isinstance(array.owner, memref.GetGlobalOp):
        return array.owner.name_.string_value()
    return array.name_hint or "a local array"


class Faults:
    """The operations that may stop a run, by the numbers that generated code knows them by."""

    def __init__(self, arguments: dict[SSAValue, str]):
        self._arguments = arguments
        """The port names of the function's arguments."""
        self._operations: list[Operation] = []

    def number(self, op: Operation) -> int:
        """A number for `op` in generated code."""
        self._operations.append(op)
        return len(self._operations) - 1

    def outside(self, number: int, indices: tuple[int, ...]) -> NoReturn:
        """Raise the SimulationError of a load or store at indices outside its array."""
        op = self._operations[number]
        assert isinstance(op, MemoryAccess)
        assert isinstance(array_type := op.memref.type, MemRefType)
        shape = tuple(array_type.get_shape())
        name = array_name(op.memref, self._arguments)
        subscript = ", ".join(str(int(index)) for index in indices)
        verb = "store to" if isinstance(op, memref.StoreOp) else "load from"
        raise SimulationError(
            f"{verb} {name}[{subscript}] is outside the array",
            where=source_location(op),
            why=f"{name} has the shape {shape}",
        )

    def runaway(self, number: int, limit: int, names: tuple[str, ...], values: tuple[int, ...]) -> NoReturn:
        """Raise the SimulationError of a loop that is still running after `limit` iterations of all loops."""
        self._endless(f"the program is still running after {limit} iterations", number, names, values)

    def hang(self, number: int, limit: int, names: tuple[str, ...], values: tuple[int, ...]) -> NoReturn:
        """Raise the SimulationError of a program that takes more than `limit` cycles, with the loop that it is in."""
        self._endless(f"the program is still running after {limit} cycles", number, names, values)

    def miscounted(self, number: int, trips: int) -> NoReturn:
        """Raise the SimulationError of a loop whose noted number of iterations is wrong: others rely on it."""
        loop = self._operations[number]
        assert isinstance(loop, PipelineOp)
        raise SimulationError(
            f"this loop has {trips} iterations",
            where=source_location(loop),
            why=f"the schedule says that it has {loop.trip_count}",
            remedy="mend its trip_count, or leave it out",
        )

    def _endless(self, what: str, number: int, names: tuple[str, ...], values: tuple[int, ...]) -> NoReturn:
        op = self._operations[number]
        state = ", ".join(f"{name} = {int(value)}" for name, value in zip(names, values, strict=True))
        within = "it is about to return" if isinstance(op, func.ReturnOp) else "it is in this loop"
        raise SimulationError(
            what,
            where=source_location(op),
            why=f"{within}{f' with {state}' if state else ''}",
            remedy="give it more, or mend the loop's condition",
        )
