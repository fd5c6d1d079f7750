"""The floating-point operators that have a module of their own: what each is called, and how it is built.

An operator is named after the `arith` or `math` mnemonic and the types it works on: `addf_f32_l7`, `sitofp_i32_f32_l5`,
`truncf_f64_f16_l4`, with its latency at the end. A type is a format of `float_format.FORMATS`, or `iN`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from gatewright.devices.device import Technology
from gatewright.numbers.float_format import FloatFormat, format_named
from gatewright.operators import arctangent, elementary, gaussian, trigonometric
from gatewright.operators import float as pipelined
from gatewright.operators import float_iterative as iterative
from gatewright.operators.netlist import NetlistModule
from gatewright.operators.power import power
from gatewright.operators.staged_netlist import Signal, StagedNetlist

FLOAT_ITERATIVE = ("divf", "sqrt")
"""The kinds that find some digits a cycle, for one set of operands at a time."""

_ARITHMETIC: dict[str, tuple[int, Callable[..., Signal]]] = {
    "addf": (2, pipelined.add),
    "mulf": (2, pipelined.multiply),
    "fma": (3, pipelined.multiply_add),
    "divfp": (2, pipelined.divide),
    "sqrtp": (1, pipelined.square_root),
}
"""The kinds that work on one format: how many operands they take, and how they are built. `divfp` and `sqrtp` are the
fully pipelined ones."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": elementary.exponential,
    "exp2": elementary.exponential_of_two,
    "log": elementary.logarithm,
    "log2": elementary.logarithm_of_two,
    "rsqrt": elementary.reciprocal_root,
    "tanh": elementary.hyperbolic_tangent,
    "erf": elementary.error_function,
    "logistic": elementary.logistic,
    "sin": trigonometric.sine,
    "cos": trigonometric.cosine,
    "tan": trigonometric.tangent,
    "asin": arctangent.arc_sine,
    "acos": arctangent.arc_cosine,
    "atan": arctangent.arc_tangent,
    "atan2": arctangent.arc_tangent_of_two,
    "gelu": gaussian.gelu,
    "powf": power,
}
"""The elementary functions, of formats whose mantissa has at most `LARGEST_MANTISSA` bits."""
LARGEST_MANTISSA = 23
OF_TWO = frozenset({"powf", "atan2"})
"""Those of two numbers; all others are of one."""

_ROUNDINGS = ("floor", "ceil", "trunc", "round", "roundeven")
_CONVERSIONS = ("extf", "truncf", "sitofp", "uitofp", "fptosi", "fptoui")
KINDS = frozenset({*_ARITHMETIC, *FLOAT_ITERATIVE, *FUNCTIONS, *_ROUNDINGS, *_CONVERSIONS})
"""All kinds."""


@dataclass(frozen=True)
class FloatModule:
    """What is known of an operator once it is built."""

    kind: str
    types: tuple[str, ...]
    latency: int
    interval: int
    needs_start: bool
    width: int
    """Bits of its result."""
    operand_widths: tuple[int, ...]
    delay: float
    """Nanoseconds from the inputs to the first register."""
    luts: int
    registers: int
    multipliers: int
    module: NetlistModule
    """Its module, whose name is `name`."""

    @property
    def text(self) -> str:
        """The text of its module."""
        return self.module.text

    @property
    def name(self) -> str:
        """The name of the operator and of its module."""
        return f"{self.kind}_{'_'.join(self.types)}_l{self.latency}"


def bits_of(type_: str) -> int:
    """Bits of a type by its name. Raises KeyError for a type that has no hardware."""
    if match := re.fullmatch(r"i(\d+)", type_):
        return int(match[1])
    return _format(type_).width


@cache
def build(kind: str, types: tuple[str, ...], technology: Technology, budget: float) -> FloatModule:
    """Build an operator. `budget` is what logic may take between two registers. Raises KeyError if there is none."""
    if kind in FLOAT_ITERATIVE:
        form = _format(types[0])
        make = iterative.divide if kind == "divf" else iterative.square_root
        made = make(form, technology, budget)
        return _finished(kind, types, made.net, made.result, (form.width,) * (2 if kind == "divf" else 1), True)
    widths, describe = _description(kind, types)
    net = StagedNetlist("", list(zip("abc", widths, strict=False)), technology, budget)
    result = describe(net, *(net.input(name) for name, _ in net.inputs))
    return _finished(kind, types, net, result, widths, False)


def _finished(
    kind: str,
    types: tuple[str, ...],
    net: StagedNetlist,
    result: Signal,
    widths: Sequence[int],
    starts: bool,
) -> FloatModule:
    assert result.stage is not None
    latency = result.stage + 1
    net.net.name = f"{kind}_{'_'.join(types)}_l{latency}"
    module = net.finished(result)
    return FloatModule(
        kind,
        types,
        latency,
        latency if starts else 1,
        starts,
        result.width,
        tuple(widths),
        max(0.0, net.first - net.reserved),
        net.luts,
        net.register_bits,
        net.multipliers,
        module,
    )


def _description(kind: str, types: tuple[str, ...]) -> tuple[tuple[int, ...], Callable[..., Signal]]:
    """The widths of the operands of a pipelined operator, and what describes it."""
    if kind in _ARITHMETIC:
        count, describe = _ARITHMETIC[kind]
        form = _format(types[0])
        return (form.width,) * count, lambda net, *operands: describe(net, form, *operands)
    if kind in FUNCTIONS:
        form = _format(types[0])
        if form.mantissa > LARGEST_MANTISSA:
            raise KeyError(kind)
        count = 2 if kind in OF_TWO else 1
        return (form.width,) * count, lambda net, *operands: FUNCTIONS[kind](net, form, *operands)
    if kind in _ROUNDINGS:
        form = _format(types[0])
        return (form.width,), lambda net, a: pipelined.round_to_integer(net, form, kind, a)
    if kind not in _CONVERSIONS:
        raise KeyError(kind)
    source, target = types
    widths = (bits_of(source),)
    if kind in ("extf", "truncf"):
        return widths, lambda net, a: pipelined.convert(net, _format(source), _format(target), a)
    if kind in ("sitofp", "uitofp"):
        return widths, lambda net, a: pipelined.from_integer(net, _format(target), a, kind == "sitofp")
    width, signed = bits_of(target), kind == "fptosi"
    return widths, lambda net, a: pipelined.to_integer(net, _format(source), a, width, signed)


def _format(name: str) -> FloatFormat:
    form = format_named(name)
    if form is None:
        raise KeyError(name)
    return form
