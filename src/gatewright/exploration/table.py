"""The table of an exploration: its rows, the front among them, as text, CSV, PNG and HTML."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from gatewright.errors import OptionError
from gatewright.exploration.drawing import drawn
from gatewright.exploration.pareto import front
from gatewright.exploration.rows import DesignRow
from gatewright.exploration.space import plain
from gatewright.reporting.folder import write_file

OBJECTIVES = (
    "cycles",
    "microseconds",
    "multipliers",
    "dsp",
    "memory_bits",
    "ram_blocks",
    "luts",
    "register_bits",
    "interval",
)
"""The figures that a front can be of."""


_HEADS = {"microseconds": "us", "memory_bits": "bits", "multipliers": "mult."}
"""What the figures are called where there is little room."""


class Table(Sequence[DesignRow]):
    """The rows of an exploration in the order of its space."""

    def __init__(
        self, rows: Sequence[DesignRow], groups: Sequence[str], objectives: Sequence[str], varied: Sequence[str]
    ):
        self._rows, self._groups = list(rows), list(groups)
        self.objectives = tuple(objectives)
        """The figures of the front, each the less the better."""
        self.varied = tuple(varied)
        """The options of which several values were tried."""

    @overload
    def __getitem__(self, index: int) -> DesignRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[DesignRow]: ...
    def __getitem__(self, index: int | slice) -> DesignRow | list[DesignRow]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[DesignRow]:
        return iter(self._rows)

    @property
    def pareto(self) -> list[DesignRow]:
        """The designs that no other one beats in all objectives, among those that compute the same on one device."""
        return self.front(*self.objectives)

    @property
    def failed(self) -> list[DesignRow]:
        """The points without a design."""
        return [row for row in self._rows if row.error is not None]

    def front(self, *objectives: str) -> list[DesignRow]:
        """The front of other figures. Raises OptionError for what is no figure."""
        if unknown := [each for each in objectives or ("",) if each not in OBJECTIVES]:
            raise OptionError(f"{unknown[0]!r} is no figure to make small", remedy=f"some of {', '.join(OBJECTIVES)}")
        return [self._rows[at] for at in front(self._rows, self._groups, objectives)]

    def records(self) -> list[dict[str, Any]]:
        """One flat dictionary a row: the varied options, the figures, whether it is on the front."""
        best = {id(row) for row in self.pareto}
        return [self._record(row, id(row) in best) for row in self._rows]

    def _record(self, row: DesignRow, is_best: bool) -> dict[str, Any]:
        varied = {name: plain(row.options[name]) for name in self.varied}
        figures = {name: value for name, value in row.figures.items() if name not in ("synthesized", "error", "remark")}
        figures = {("multipliers used" if name in varied else name): value for name, value in figures.items()}
        built = {f"synthesized {name}": value for name, value in (row.synthesized or {}).items()}
        return {**varied, **figures, **built, "best": is_best, "error": row.error, "remark": row.remark}

    def csv(self) -> str:
        """The rows as comma-separated values, with a line of names."""
        records = self.records()
        names = list(dict.fromkeys(name for record in records for name in record))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
        return text.getvalue()

    def draw(self, path: str | Path, x: str = "multipliers", y: str | None = None) -> Path:
        """Draw one figure over another, the front joined by a line: a .png, .svg or .html (with tooltips) by its name.

        `y` is by default the first objective. Raises OptionError for other endings or figures.
        """
        for name in (x, y or x):
            if name not in OBJECTIVES:
                raise OptionError(f"{name!r} is no figure to draw", remedy=f"one of {', '.join(OBJECTIVES)}")
        data = drawn(self._rows, self._groups, self.records(), (x, y or self.objectives[0]), Path(path).suffix)
        write_file(path, data)
        return Path(path)

    def __str__(self) -> str:
        from rich.console import Console

        console = Console(width=120, no_color=True, force_terminal=False)
        with console.capture() as text:
            console.print(self.__rich__())
        return "\n".join(line.rstrip() for line in text.get().splitlines())

    def __rich__(self) -> Any:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table as RichTable

        shown = ("cycles", "microseconds", "multipliers", "dsp", "memory_bits", "luts", "interval", "busy")
        table = RichTable(box=SIMPLE_HEAD)
        table.add_column("")
        for name in self.varied:
            table.add_column(f"{name}=", no_wrap=True)
        for name in shown:
            table.add_column(_HEADS.get(name, name), justify="right")
        table.add_column("")
        reasons: dict[str, int] = {}
        best = {id(row) for row in self.pareto}
        for row in self._rows:
            figures = [_number(getattr(row, name)) for name in shown]
            options = [str(plain(row.options[name])) for name in self.varied]
            why = row.error or row.remark
            mark = f"({reasons.setdefault(why, len(reasons) + 1)})" if why else ""
            table.add_row("*" if id(row) in best else "", *options, *figures, mark)
        table.caption = "\n".join(f"({number}) {why}" for why, number in reasons.items())
        table.caption_justify = "left"
        return table


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
