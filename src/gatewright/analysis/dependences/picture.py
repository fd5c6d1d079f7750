"""The iterations of two nested loops drawn as points, and the dependences between them as arrows (SVG)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import islpy as isl

from gatewright.analysis.dependences.analysis import SOURCE, TARGET, MemoryDependence
from gatewright.analysis.dependences.description import Condition, LoopRange

SPACING, MARGIN, RADIUS = 48, 44, 5
COLOURS = ("#1f6feb", "#d1495b", "#2e8b57", "#8a5cd1")

Point = tuple[int, int]


def draw(outer: LoopRange, inner: LoopRange, dependences: Sequence[MemoryDependence]) -> str:
    """A picture of dependences between accesses in two loops with known bounds, the outer counter downwards.

    A point is an iteration that has a part in a dependence; an arrow leads from an iteration to one that waits for it.
    """
    arrows = [(_arrows(each, (outer.name, inner.name)), each) for each in dependences]
    points = sorted({point for found, _ in arrows for arrow in found for point in arrow})
    least_row, least_column = (min((point[axis] for point in points), default=0) for axis in (0, 1))
    rows, columns = (max((point[axis] for point in points), default=0) + 1 for axis in (0, 1))

    def place(point: Point) -> tuple[int, int]:
        return MARGIN + (point[1] - least_column) * SPACING, MARGIN + (point[0] - least_row) * SPACING

    right, below = place((rows, columns))
    width = max(right, 64 + 8 * max((len(each.describe()) for each in dependences), default=0))
    height = below + 20 * len(arrows) + 12
    size = f'width="{width}" height="{height}"'
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}"']
    lines += ['     font-family="monospace" font-size="13">', f'<rect {size} fill="white"/>', *_heads(len(arrows))]
    for number, (found, _) in enumerate(arrows):
        lines += [_line(place(source), place(target), number) for source, target in found]
    lines += [f'<circle cx="{x}" cy="{y}" r="{RADIUS}" fill="#333"/>' for x, y in map(place, points)]
    for column in sorted({point[1] for point in points}):
        lines.append(_text(place((least_row, column))[0] - 4, 18, f"{column}"))
    for row in sorted({point[0] for point in points}):
        lines.append(_text(14, place((row, least_column))[1] + 4, f"{row}"))
    lines += [_text(right - SPACING + 20, 18, escape(inner.name)), _text(14, below - SPACING + 34, escape(outer.name))]
    for number, (_, dependence) in enumerate(arrows):
        y = below + 20 * number + 14
        lines.append(_line((14, y - 4), (38, y - 4), number, shorten=0))
        lines.append(_text(48, y, escape(dependence.describe())))
    return "\n".join([*lines, "</svg>"]) + "\n"


def _arrows(dependence: MemoryDependence, names: tuple[str, str]) -> list[tuple[Point, Point]]:
    """All pairs of iterations of a dependence, by the counters of two loops."""
    wanted = [f"{role}_{name}" for role in (SOURCE, TARGET) for name in names]
    pairs: Condition = dependence.pairs
    for position, name in enumerate(wanted):
        pairs = pairs.move_dims(isl.dim_type.set, position, isl.dim_type.param, _position(pairs, name), 1)
    pairs = pairs.project_out(isl.dim_type.param, 0, pairs.dim(isl.dim_type.param))
    found: list[tuple[Point, Point]] = []

    def note(point: isl.Point) -> None:
        a, b, c, d = (point.get_coordinate_val(isl.dim_type.set, axis).to_python() for axis in range(4))
        found.append(((a, b), (c, d)))

    pairs.foreach_point(note)
    return sorted(found)


def _position(pairs: Condition, name: str) -> int:
    position = pairs.find_dim_by_name(isl.dim_type.param, name)
    assert position >= 0, f"the dependence says nothing of {name}"
    return position


def _heads(count: int) -> list[str]:
    """The arrow heads, one of each colour."""
    return [
        f'<marker id="head{number}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{COLOURS[number % len(COLOURS)]}"/></marker>'
        for number in range(count)
    ]


def _line(start: tuple[int, int], end: tuple[int, int], number: int, shorten: int = RADIUS + 2) -> str:
    across, down = end[0] - start[0], end[1] - start[1]
    length = max(1.0, (across**2 + down**2) ** 0.5)
    x, y = end[0] - across / length * shorten, end[1] - down / length * shorten
    colour = COLOURS[number % len(COLOURS)]
    ends = f'x1="{start[0]}" y1="{start[1]}" x2="{x:.1f}" y2="{y:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="1.6" marker-end="url(#head{number})"/>'


def _text(x: int, y: int, text: str) -> str:
    return f'<text x="{x}" y="{y}" fill="#333">{text}</text>'
