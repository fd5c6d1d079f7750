"""The page: one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from gatewright.ir.program import Program
from gatewright.reporting.page.chart import chart
from gatewright.reporting.page.listing import ir_listing, source_listing


def page(report: Mapping[str, Any], schedule: Program) -> str:
    """The report of a design as HTML, with the schedule as a chart, linked with the source and the IR."""
    panels, number_of = chart(schedule.function)
    data = {
        "report": dict(report),
        "sources": source_listing(schedule.sources, schedule.module),
        "ir": ir_listing(schedule.module, number_of),
        "panels": panels,
    }
    # Nothing in the data may end the element that it stands in.
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    template = files("gatewright.reporting.page").joinpath("template.html").read_text(encoding="utf-8")
    before, _, after = template.partition("/*DATA*/")
    return before + text + after
