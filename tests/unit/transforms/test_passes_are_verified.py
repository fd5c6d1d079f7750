"""A pass that leaves invalid IR behind is named, though users' programs are verified only where a level ends."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import FunctionType, ModuleOp, i8
from xdsl.passes import ModulePass

import gatewright as gw
from gatewright.compiler import pipelines as pipeline


@dataclass(frozen=True)
class BreakPass(ModulePass):
    """Gives the function a result that it does not return."""

    name = "break"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        function = next(inner for inner in op.ops if isinstance(inner, func.FuncOp))
        function.properties["function_type"] = FunctionType.from_lists(function.function_type.inputs.data, [i8])


def copy(a: gw.i32[8], b: gw.i32[8]):
    for i in range(8):
        b[i] = a[i]


def test_the_pass_at_fault_is_named(monkeypatch: pytest.MonkeyPatch):
    passes = pipeline.loops_to_schedule
    broken = lambda options: (*passes(options)[:3], BreakPass(), *passes(options)[3:])  # noqa: E731
    monkeypatch.setattr(pipeline, "loops_to_schedule", broken)
    with pytest.raises(AssertionError, match="break produced invalid IR"):
        gw.compile(copy)
