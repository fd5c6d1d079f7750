"""Drawings of a table: a point a design, the front of each group joined by a line, by Vega-Lite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gatewright.errors import OptionError
from gatewright.exploration.pareto import front
from gatewright.exploration.rows import DesignRow

WIDTH, HEIGHT = 560, 360
"""Of the plot, in pixels."""

SCALE = 2
"""Pixels of a PNG for each of the plot."""

VEGA_LITE = "5.20"


def drawn(
    rows: Sequence[DesignRow],
    groups: Sequence[str],
    records: Sequence[dict[str, Any]],
    axes: tuple[str, str],
    suffix: str,
) -> bytes:
    """The drawing of rows as the bytes of a file: `.png`, `.svg`, or `.html`, which is complete in itself.

    `groups` are what is compared, `records` what a tooltip shows of each row, `axes` the figures of x and y. Raises
    OptionError for another ending, or if what draws is not installed.
    """
    if suffix not in (".png", ".svg", ".html"):
        raise OptionError(f"no drawing ends in {suffix!r}", remedy="name a .png, .svg or .html file")
    try:
        import vl_convert
    except ImportError:
        raise OptionError("vl-convert is not installed", remedy="pip install 'gatewright[explore]'") from None
    specification = _specification(rows, groups, records, axes)
    if suffix == ".png":
        return vl_convert.vegalite_to_png(specification, vl_version=VEGA_LITE, scale=SCALE)
    if suffix == ".svg":
        return vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE).encode()
    return vl_convert.vegalite_to_html(specification, vl_version=VEGA_LITE, bundle=True).encode()


def _specification(
    rows: Sequence[DesignRow], groups: Sequence[str], records: Sequence[dict[str, Any]], axes: tuple[str, str]
) -> dict[str, Any]:
    x, y = axes
    joined = set(front(rows, groups, axes))
    names = [name for name in records[0] if name not in ("error", "remark")] if records else []
    values = [
        {**record, "x": getattr(row, x), "y": getattr(row, y), "group": _name(group), "front": at in joined}
        for at, (row, group, record) in enumerate(zip(rows, groups, records, strict=True))
        if row.error is None and getattr(row, x) is not None and getattr(row, y) is not None
    ]
    place = {"x": _axis("x", x, values), "y": _axis("y", y, values)}
    colour = {"field": "group", "type": "nominal", "title": None}
    if len(set(groups)) == 1:
        colour = {"value": "#2f6db3"}
    points = {
        "mark": {"type": "point", "filled": True, "size": 70},
        "encoding": {
            **place,
            "color": colour,
            "opacity": {"condition": {"test": "datum.best", "value": 1}, "value": 0.35},
            "tooltip": [{"field": name, "title": name.replace("_", " ")} for name in names],
        },
    }
    line = {
        "transform": [{"filter": "datum.front"}],
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 1.5},
        "encoding": {**place, "color": colour},
    }
    return {
        "$schema": f"https://vega.github.io/schema/vega-lite/v{VEGA_LITE.partition('.')[0]}.json",
        "width": WIDTH,
        "height": HEIGHT,
        "background": "white",
        "data": {"values": values},
        "layer": [line, points],
    }


def _axis(channel: str, name: str, values: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """An axis, in powers where all figures allow it."""
    logarithmic = bool(values) and all(each[channel] > 0 for each in values)
    scale = {"type": "log", "nice": False, "padding": 20} if logarithmic else {"zero": False, "padding": 20}
    return {"field": channel, "type": "quantitative", "title": name.replace("_", " "), "scale": scale}


def _name(group: str) -> str:
    """A group as a legend says it."""
    return group.strip("{}").replace('"', "") or "all"
