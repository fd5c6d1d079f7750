"""What hardware can do: the operators of a target with their latency, interval, delay and area.

Nothing else in the compiler knows that a multiplier takes three cycles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.devices.device import Technology, device_of
from gatewright.operators import float_operators
from gatewright.operators.float_operators import FloatModule
from gatewright.operators.iterative_plan import IterativePlan, plan_division, plan_square_root
from gatewright.operators.multiplier_plan import MultiplierPlan, plan_multiplier

INTEGER_ITERATIVE = ("divui", "divsi", "floordivsi", "remui", "remsi", "isqrt")
"""The kinds that work over several cycles on one set of operands at a time."""

MULTIPLIERS = ("muli", "mulf", "fma")
"""The kinds that a budget of multipliers is for."""

PIPELINED = {kind: f"{kind}p" for kind in float_operators.FLOAT_ITERATIVE}
"""The fully pipelined forms of iterative kinds."""
FLOATING = float_operators.KINDS
"""The kinds of floating-point operators that have a module."""

_WIRES = frozenset(
    {"constant", "extsi", "extui", "trunci", "index_cast", "index_castui", "bitcast", "negf", "absf", "copysign"}
)
_BITWISE = frozenset({"andi", "ori", "xori", "select"})
_CHAINS = frozenset({"addi", "subi", "cmpi"})
_CHOICES = frozenset({"maxsi", "maxui", "minsi", "minui"})
_SHIFTS = frozenset({"shli", "shrui", "shrsi"})


@dataclass(frozen=True)
class Area:
    """An estimate of the parts that an operator takes."""

    luts: int = 0
    registers: int = 0
    multipliers: int = 0
    """Hardware multipliers (DSP blocks) of 18 by 18 bits."""


@dataclass(frozen=True)
class Operator:
    """A kind of hardware that executes operations."""

    name: str
    """Unique within a library, and the name of its Verilog module if `latency > 0`; for example `mul_32x32_32_l2`."""
    kind: str
    """What it computes: the `arith` mnemonic (`muli`, `divui`, ...), `isqrt`, `load`, `store`, or `logic` for the
    rest."""
    width: int
    """Bits of its result, and of its operands unless `operand_widths` says otherwise."""
    latency: int
    """Cycles from the start to the result; 0 for combinational."""
    interval: int
    """Least number of cycles between two starts on one instance."""
    delay: float
    """Nanoseconds from its inputs to its outputs if combinational, else from its inputs to its first register."""
    output_delay: float
    """Nanoseconds from its last register to its outputs; 0 if combinational."""
    needs_start: bool
    """True if the module has a `start` input (iterative operators)."""
    operand_widths: tuple[int, ...] = ()
    """Bits of its operand ports. An operand narrower than the result is a signed number."""
    area: Area = Area()
    """What an instance takes."""
    function: str = ""
    """What it computes: the mnemonic, also of logic."""
    types: tuple[str, ...] = ()
    """With `function`, what `OperatorLibrary.find` finds it by: `iN` or a format for each type that it is made for."""


@dataclass(frozen=True)
class OperatorLibrary:
    """The operators of a target at a clock.

    `operator` answers for every integer operation. What is combinational has latency 0 and no module; multipliers are
    pipelined (interval 1); division and square root find some bits of the result a cycle, as many as fit the clock
    (interval = latency).
    """

    target: str = "generic"
    clock_mhz: float = 100.0

    @property
    def technology(self) -> Technology:
        """The delays of the target."""
        return device_of(self.target).technology

    @property
    def period_ns(self) -> float:
        """The clock period in nanoseconds."""
        return 1000.0 / self.clock_mhz

    @property
    def budget_ns(self) -> float:
        """What of the period is left for logic between two registers: their output delay and set-up are taken off."""
        technology = self.technology
        return self.period_ns - technology.register - technology.setup

    @property
    def register_delay(self) -> float:
        """Nanoseconds from the clock edge to the output of a register."""
        return self.technology.register

    def operator(
        self, kind: str, width: int, operand_widths: Sequence[int] = (), *, constant: bool = False
    ) -> Operator:
        """The operator for an `arith` mnemonic, `isqrt`, `load` or `store` of `width` bits.

        `operand_widths` are those of a multiplier whose operands are known to be signed numbers of fewer bits than the
        result. `constant` says that an operand is a constant (of a shift: the amount). Raises KeyError for a kind
        without hardware.
        """
        if kind == "muli":
            left, right = operand_widths or (width, width)
            return self._multiplier(width, min(left, width), min(right, width))
        if kind in INTEGER_ITERATIVE:
            return self._iterative(kind, width)
        if kind == "load":
            return self.memory_read(width)
        if kind == "store":
            return self.memory_write(width)
        delay, luts = self._logic(kind, width, constant)
        area = Area(luts=luts)
        name, types = f"{kind}_{width}", (f"i{width}",)
        return Operator(name, "logic", width, 0, 1, delay, 0.0, False, (), area, kind, types)

    def float_operator(self, kind: str, *types: str) -> Operator:
        """The operator with a module for a floating-point mnemonic, such as `addf` of `f32` or `sitofp` of `i8`, `f32`.

        `divfp` and `sqrtp` are division and square root fully pipelined. Raises KeyError for one without hardware.
        """
        module = self.float_module(kind, *types)
        return Operator(
            module.name,
            kind,
            module.width,
            module.latency,
            module.interval,
            module.delay,
            self.register_delay,
            module.needs_start,
            module.operand_widths,
            Area(module.luts, module.registers, module.multipliers),
            kind,
            types,
        )

    def float_module(self, kind: str, *types: str) -> FloatModule:
        """The module of `float_operator`."""
        return float_operators.build(kind, types, self.technology, self.budget_ns)

    def float_logic(self, kind: str, width: int) -> Operator:
        """What compares floating-point numbers of `width` bits (`cmpf`), or chooses one of two (`maximumf`, ...)."""
        technology = self.technology
        chains = technology.chain(width) + 2 * technology.lut
        choice = 0 if kind == "cmpf" else 1
        area = Area(luts=(3 + choice) * width)
        name, delay, types = f"{kind}_{width}", chains + choice * technology.lut, (f"i{width}",)
        return Operator(name, "logic", width, 0, 1, delay, 0.0, False, (), area, kind, types)

    def find(self, function: str, types: Sequence[str]) -> Operator | None:
        """The operator that this library has for a function of some types, as `Operator` names them, or None."""
        try:
            if function in FLOATING:
                return self.float_operator(function, *types)
            widths = [int(type_.removeprefix("i")) for type_ in types]
            if function == "muli":
                left, right, width = widths
                return self._multiplier(width, left, right)
            (width,) = widths
            return self.operator(function, width)
        except (KeyError, ValueError):
            return None

    def memory_read(self, width: int) -> Operator:
        """The read port of a memory: the address in one cycle, the word in the next."""
        technology = self.technology
        setup, output = technology.memory_setup, technology.memory_output
        types = (f"i{width}",)
        return Operator(f"load_{width}", "load", width, 1, 1, setup, output, False, function="load", types=types)

    def memory_write(self, width: int) -> Operator:
        """The write port of a memory: it stores at the end of the cycle."""
        setup, types = self.technology.memory_setup, (f"i{width}",)
        return Operator(f"store_{width}", "store", width, 0, 1, setup, 0.0, False, function="store", types=types)

    def _logic(self, kind: str, width: int, constant: bool) -> tuple[float, int]:
        """Delay and look-up tables of a combinational operation."""
        technology = self.technology
        if kind in _WIRES or (kind in _SHIFTS and constant):
            return 0.0, 0
        if kind in _BITWISE:
            return technology.lut, width
        if kind in _CHAINS:
            return technology.chain(width), width
        if kind in _CHOICES:
            return technology.chain(width) + technology.lut, 2 * width
        if kind in _SHIFTS:
            levels = max(1, (width - 1).bit_length())
            return technology.lut * levels, width * levels
        raise KeyError(kind)

    def multiplier_plan(self, operator: Operator) -> MultiplierPlan:
        """The structure of a multiplier of this library."""
        return self._plan(operator.width, *operator.operand_widths)

    def _plan(self, width: int, left: int, right: int) -> MultiplierPlan:
        return plan_multiplier(self.technology, self.budget_ns, width, left, right)

    def _multiplier(self, width: int, left: int, right: int) -> Operator:
        plan = self._plan(width, left, right)
        luts = width * (len(plan.products) - 1)
        return Operator(
            f"mul_{left}x{right}_{width}_l{plan.latency}",
            "muli",
            width,
            plan.latency,
            1,
            plan.delay,
            self.register_delay,
            False,
            (left, right),
            Area(luts, plan.register_bits(width, left + right), len(plan.products)),
            "muli",
            (f"i{left}", f"i{right}", f"i{width}"),
        )

    def iterative_plan(self, operator: Operator) -> IterativePlan:
        """The structure of a division or a square root of this library."""
        return self._plan_iterative(operator.kind, operator.width)

    def _plan_iterative(self, kind: str, width: int) -> IterativePlan:
        technology = self.technology
        if kind == "isqrt":
            return plan_square_root(technology, self.budget_ns, width)
        return plan_division(technology, self.budget_ns, kind, width)

    def _iterative(self, kind: str, width: int) -> Operator:
        plan = self._plan_iterative(kind, width)
        return Operator(
            f"{kind}_{width}_l{plan.latency}",
            kind,
            width,
            plan.latency,
            plan.latency,
            plan.delay,
            plan.output_delay,
            True,
            (width,) if kind == "isqrt" else (width, width),
            Area(plan.luts, plan.registers),
            kind,
            (f"i{width}",),
        )
