"""The ports of a top module as those of an `hw.module`."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType

from gatewright.dialects import hw, seq
from gatewright.hardware.top import TopModule


def ports_of_module(top: TopModule) -> list[hw.Port]:
    """All ports, in the order of the top module."""
    return [
        hw.Port(port.name, seq.clock if port.name == "clk" else IntegerType(port.width), port.output)
        for port in top.ports()
    ]
