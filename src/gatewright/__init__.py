"""Gatewright: numerical Python and PyTorch models to verified, synthesizable SystemVerilog."""

from gatewright.compiler.design import Design, Run, compile
from gatewright.errors import (
    GatewrightError,
    InterfaceError,
    InternalError,
    IrError,
    OptionError,
    OutputError,
    SimulationError,
    SourceError,
    ToolError,
    UnsupportedError,
)
from gatewright.exploration.rows import DesignRow
from gatewright.exploration.study import explore
from gatewright.exploration.table import Table
from gatewright.frontends.python.directives import bank, interleave, order, parallel, pipeline, unroll
from gatewright.frontends.python.kernel import kernel
from gatewright.numbers.functions import erf, gelu, rsqrt, sigmoid
from gatewright.numbers.types import (
    Array,
    bf16,
    bool_,
    f16,
    f32,
    f64,
    fixed,
    i8,
    i16,
    i32,
    i64,
    int_,
    u8,
    u16,
    u32,
    u64,
    uint,
)
from gatewright.options import Banks, Budget
from gatewright.plan import Decision, Plan

__version__ = "0.1.0"

__all__ = [
    "Array",
    "Banks",
    "Budget",
    "Decision",
    "Design",
    "GatewrightError",
    "InterfaceError",
    "InternalError",
    "IrError",
    "OptionError",
    "OutputError",
    "Plan",
    "DesignRow",
    "Run",
    "SimulationError",
    "SourceError",
    "Table",
    "ToolError",
    "UnsupportedError",
    "bank",
    "bf16",
    "bool_",
    "compile",
    "erf",
    "explore",
    "f16",
    "f32",
    "f64",
    "fixed",
    "gelu",
    "i16",
    "i32",
    "i64",
    "i8",
    "int_",
    "interleave",
    "kernel",
    "order",
    "parallel",
    "pipeline",
    "rsqrt",
    "sigmoid",
    "u16",
    "u32",
    "u64",
    "u8",
    "uint",
    "unroll",
]
