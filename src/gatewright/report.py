"""A design's report as text: what it takes and returns, how long it runs, and what hardware it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

Row = Mapping[str, object]

TABLES = {
    "loops": "loops",
    "operators": "operators",
    "memories": "memories",
    "ports": "ports",
}
"""The entries of a report that are lists of rows, and the titles of their tables, in the order in which they print."""

_NUMBERS_FIRST_SHOWN = ("cycles", "interval", "lower_bound", "memory_bits", "registers")
_SHOWN_ELSEWHERE = {"name", "source", "interface", "clock_mhz", "target"}


def print_report(report: Row, console: Console) -> None:
    """Print the report of a design, `design.report` or the contents of its report.json."""
    from rich.table import Table

    console.print(f"{report.get('name', 'design')}{_interface(report)}", markup=False, highlight=False)
    for label, value in _facts(report):
        console.print(f"  {label:<16} {value}", markup=False, highlight=False)
    for key, title in TABLES.items():
        rows = report.get(key)
        if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
            continue
        columns = _columns(rows)
        table = Table(title=title, title_justify="left", title_style="bold", header_style="", box=None, pad_edge=False)
        for column in columns:
            numeric = all(isinstance(row.get(column, 0), (int, float, type(None))) for row in rows)
            table.add_column(column.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            table.add_row(*(_cell(row.get(column)) for column in columns))
        console.print()
        console.print(table, markup=False, highlight=False)


def _facts(report: Row) -> list[tuple[str, str]]:
    facts = []
    if report.get("source"):
        facts.append(("source", str(report["source"])))
    clock = report.get("clock_mhz")
    if isinstance(clock, (int, float)):
        target = f", target {report['target']}" if report.get("target") else ""
        facts.append(("clock", f"{clock:g} MHz{target}"))
    if "cycles" in report:
        facts.append(("cycles", _cycles(report["cycles"], clock)))
    listed = _SHOWN_ELSEWHERE | set(TABLES) | {"cycles"}
    rest = [key for key in report if key not in listed and isinstance(report[key], (int, float, str))]
    rest.sort(key=lambda key: _NUMBERS_FIRST_SHOWN.index(key) if key in _NUMBERS_FIRST_SHOWN else len(rest) + 9)
    return facts + [(key.replace("_", " "), _cell(report[key])) for key in rest]


def _cycles(cycles: object, clock_mhz: object) -> str:
    if not isinstance(cycles, int):
        return "depend on the data"
    if not isinstance(clock_mhz, (int, float)):
        return f"{cycles:,}"
    microseconds = cycles / clock_mhz
    scale, unit = next(((s, u) for s, u in ((1e6, "s"), (1e3, "ms"), (1, "us")) if microseconds >= s), (1e-3, "ns"))
    return f"{cycles:,} ({microseconds / scale:.4g} {unit})"


def _interface(report: Row) -> str:
    interface = report.get("interface")
    return str(interface) if isinstance(interface, str) else ""


def _columns(rows: Sequence[Row]) -> list[str]:
    columns: list[str] = []
    for row in rows:
        columns += [key for key in row if key not in columns]
    return columns


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_cell(item) for item in value)
    return str(value)
