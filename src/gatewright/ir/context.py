"""The dialects that the textual IR of any level may use."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.context import Context
from xdsl.dialects import affine, arith, bufferization, builtin, func, linalg, math, memref, scf, tensor
from xdsl.ir import Operation

import gatewright.ir.xdsl_patches  # noqa: F401  # pyright: ignore[reportUnusedImport]  constants are printed as they are
from gatewright.dialects.comb import Comb
from gatewright.dialects.dataflow import Dataflow
from gatewright.dialects.gw import Gw
from gatewright.dialects.hw import Hw
from gatewright.dialects.loopschedule.ops import LoopSchedule
from gatewright.dialects.seq import Seq

_DIALECTS = (
    builtin.Builtin,
    func.Func,
    scf.Scf,
    memref.MemRef,
    arith.Arith,
    affine.Affine,
    math.Math,
    linalg.Linalg,
    tensor.Tensor,
    bufferization.Bufferization,
    Gw,
    Dataflow,
    LoopSchedule,
    Hw,
    Comb,
    Seq,
)

_PREFIXES = {"ls.": "loopschedule."}
"""Prefixes that are read as another: the RFC of `loopschedule` writes `ls.step`."""


class GatewrightContext(Context):
    """An xDSL context that also knows operations by the short prefix of the RFC."""

    def get_optional_op(self, name: str, *, dialect_stack: Sequence[str] = ()) -> type[Operation] | None:
        for short, full in _PREFIXES.items():
            if name.startswith(short):
                name = full + name.removeprefix(short)
        return super().get_optional_op(name, dialect_stack=dialect_stack)

    def clone(self) -> GatewrightContext:
        return GatewrightContext(
            self.allow_unregistered,
            self._loaded_dialects.copy(),
            self._loaded_ops.copy(),
            self._loaded_attrs.copy(),
            self._loaded_types.copy(),
            self._registered_dialects.copy(),
        )


def context() -> GatewrightContext:
    """A fresh context with every dialect of every level."""
    fresh = GatewrightContext()
    for dialect in _DIALECTS:
        fresh.load_dialect(dialect)
    return fresh
