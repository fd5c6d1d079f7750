"""The figures of `precision.py` as a picture: a bar for the cycles and one for the memory of each kind of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

ROW, TOP, LABELS, BAR, GAP = 26, 52, 170, 250, 90
"""Heights of a row and of what is above the rows, and widths of the labels, of the longest bar, and of its number."""


@dataclass(frozen=True)
class Row:
    """One kind of numbers."""

    name: str
    accuracy: float
    cycles: int
    memory_bits: int


def chart(rows: Sequence[Row], title: str) -> str:
    """The picture as SVG."""
    width, height = LABELS + 2 * (BAR + GAP), TOP + ROW * len(rows) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"',
        '     font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="8" y="18" font-weight="bold">{escape(title)}</text>',
        f'<text x="{LABELS}" y="42">cycles an image</text>',
        f'<text x="{LABELS + BAR + GAP}" y="42">memory bits</text>',
    ]
    for position, row in enumerate(rows):
        y = TOP + ROW * position
        parts.append(f'<text x="8" y="{y + 16}">{escape(row.name)}</text>')
        parts.append(f'<text x="{LABELS - 10}" y="{y + 16}" text-anchor="end">{100 * row.accuracy:.2f} %</text>')
        parts += _bar(LABELS, y, row.cycles, max(each.cycles for each in rows), "#1f6feb")
        parts += _bar(LABELS + BAR + GAP, y, row.memory_bits, max(each.memory_bits for each in rows), "#2a9d8f")
    return "\n".join([*parts, "</svg>", ""])


def _bar(x: int, y: int, value: int, largest: int, colour: str) -> list[str]:
    length = round(BAR * value / largest)
    return [
        f'<rect x="{x}" y="{y + 4}" width="{length}" height="16" fill="{colour}"/>',
        f'<text x="{x + length + 6}" y="{y + 16}">{value:,}</text>',
    ]
