"""Values in time: where a value of the schedule can be read in a given cycle, and the registers that keep it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from xdsl.dialects import memref
from xdsl.ir import SSAValue

from gatewright.machine.time_points import IterationCycles, TimePoint, distance
from gatewright.transforms.rtl.circuit import Circuit, Register, width


class ValueSource(Protocol):
    """Something of which the users of a value read it."""

    def read(self, use: TimePoint) -> SSAValue:
        """The wire that has the value in the cycle of `use`."""
        ...


@dataclass
class Always:
    """A value that is there in every cycle: a constant, or a parameter of the program."""

    wire: SSAValue

    def read(self, use: TimePoint) -> SSAValue:
        """The wire itself."""
        return self.wire


@dataclass
class Derived:
    """Wiring of another value (a part of its bits, an extension), which therefore needs no register of its own."""

    source: ValueSource
    derive: Callable[[SSAValue], SSAValue]

    def read(self, use: TimePoint) -> SSAValue:
        """The wiring of what the other value is in that cycle."""
        return self.derive(self.source.read(use))


@dataclass
class Timed:
    """The result of an operation: on the wire `live` exactly `latency` cycles after `token`, then in a register.

    The register takes the value in the cycle in which it is live and holds it until the operation has its next result.
    It is built only if a use asks for it. A use reads the wire alone if it always comes in that one cycle, the register
    alone if it always comes later, and else whichever of the two has the value.
    """

    circuit: Circuit
    name: str
    place: TimePoint
    latency: int
    token: SSAValue
    live: SSAValue
    kept: bool = False
    """Whether the schedule has a register for the value."""
    stays: Callable[[TimePoint], bool] | None = None
    """Whether the wire certainly still has the value at a later use, because nothing has replaced it."""
    again: Callable[[TimePoint], SSAValue] | None = None
    """Computes the value at a later use instead of keeping it."""
    _register: SSAValue | None = None

    def read(self, use: TimePoint) -> SSAValue:
        """The wire or the register, by the distance of the use."""
        span = distance(self.place, use)
        assert span.most is None or span.most >= self.latency, f"{self.name} is used before it is there"
        if span.exact == self.latency:
            return self.live
        if span.least >= self.latency and self.stays is not None and self.stays(use):
            return self.live
        if self.again is not None:
            return self.again(use)
        if span.least > self.latency:
            return self.register
        now = self.circuit.mux(self.valid, self.live, self.register)
        return self.circuit.name(now, f"{self.name}_now")

    @property
    def valid(self) -> SSAValue:
        """High in the cycle in which the result is on the wire."""
        return self.circuit.delay(self.token, self.latency, f"{self.name}_valid")

    @property
    def register(self) -> SSAValue:
        """What keeps the value after its first cycle."""
        if self._register is None:
            assert self.kept, f"{self.name} is bound to no register"
            self._register = self.circuit.kept(f"{self.name}_held", self.live, self.valid)
        return self._register


@dataclass
class CarriedRegister:
    """An iteration argument or a result of a loop: first its initial value, then what the last iteration left."""

    circuit: Circuit
    name: str
    place: TimePoint
    start: SSAValue
    initial: SSAValue
    register: Register = field(init=False)

    def __post_init__(self):
        self.register = self.circuit.register(self.name, width(self.initial), enabled=True)

    def read(self, use: TimePoint) -> SSAValue:
        """The initial value in the cycle in which the loop starts, the register later."""
        if distance(self.place, use).least > 0:
            return self.register.value
        now = self.circuit.mux(self.start, self.initial, self.register.value)
        return self.circuit.name(now, f"{self.name}_now")

    def close(self, ended: SSAValue, following: SSAValue) -> None:
        """Take the following value in the cycle in which an iteration has `ended`, the initial value at the start.

        An iteration of one cycle ends in the cycle in which the loop starts: the end wins.
        """
        next_ = self.circuit.mux(ended, following, self.initial)
        self.register.connect(next_, self.circuit.any_of(self.start, ended))


class IterationValues(Protocol):
    """Keeps the values of the iterations of a pipeline, of which several are on their way at once."""

    def computed(self, name: str, place: TimePoint, latency: int, live: SSAValue, registers: int) -> ValueSource:
        """The result of an operation that starts at a place of an iteration, and is bound to so many registers."""
        ...

    def loaded(self, name: str, place: TimePoint, load: memref.LoadOp, live: SSAValue, registers: int) -> ValueSource:
        """The result of a load that starts at a place of an iteration, and is bound to so many registers."""
        ...


@dataclass(eq=False)
class Stages(IterationCycles):
    """The cycles of an iteration of a pipeline, and what keeps the values of its iterations."""

    values: IterationValues = field(kw_only=True)
