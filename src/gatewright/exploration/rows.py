"""A row of a table: what is known of one design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from gatewright.exploration.space import plain


@dataclass(frozen=True)
class DesignRow:
    """One design: its options and its figures; a figure that is not known is None."""

    options: Mapping[str, Any]
    stage: str = "schedule"
    """`estimate` (not compiled, since another design does as well), `schedule` (compiled: exact, but for look-up
    tables) or `synthesis` (by yosys too)."""
    cycles: int | None = None
    """From the start to the earliest next start."""
    microseconds: float | None = None
    """The same at the clock asked for."""
    interval: int | None = None
    """Cycles between the starts of two runs."""
    multipliers: int | None = None
    dsp: int | None = None
    """Hardware multipliers, those inside other operators among them."""
    memory_bits: int | None = None
    ram_blocks: int | None = None
    luts: int | None = None
    """Look-up tables, as the report estimates them."""
    register_bits: int | None = None
    busy: float | None = None
    """Products / (multipliers x cycles)."""
    lower_bound: int | None = None
    """The fewest cycles of program and budget."""
    synthesized: Mapping[str, int] | None = field(default=None, hash=False)
    """What yosys makes of it: `luts`, `ffs`, `dsps`, `rams`."""
    error: str | None = None
    """Why there is no such design."""
    remark: str | None = None
    """Why no more is known of it."""

    @staticmethod
    def of_report(options: Mapping[str, Any], report: Mapping[str, Any]) -> DesignRow:
        """The row of a compiled design."""
        cycles, clock = report["cycles"], report["clock_mhz"]
        same = ("cycles", "multipliers", "dsp", "memory_bits", "ram_blocks", "luts", "register_bits", "busy")
        return DesignRow(
            options,
            microseconds=None if cycles is None else round(cycles / clock, 6),
            interval=report.get("interval", cycles),
            lower_bound=report["lower_bound"],
            **{name: report[name] for name in same},
        )

    @property
    def figures(self) -> dict[str, Any]:
        """All but the options, as JSON can write it."""
        return {name: value for name, value in asdict(replace(self, options={})).items() if name != "options"}

    def described(self) -> dict[str, Any]:
        """Options and figures side by side, as JSON can write it."""
        return {"options": {name: plain(value) for name, value in self.options.items()}, **self.figures}

    @staticmethod
    def read(options: Mapping[str, Any], written: Mapping[str, Any]) -> DesignRow:
        """The row that `figures` wrote. Raises TypeError if it is none."""
        known = {each.name for each in fields(DesignRow)} - {"options"}
        return DesignRow(options, **{name: value for name, value in written.items() if name in known})
