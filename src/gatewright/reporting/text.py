"""A design's report as text: what it takes and returns, how long it runs, and what hardware it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from rich.console import Console

Row = Mapping[str, object]

TABLES = ("loops", "plan", "operators", "memories", "ports")
"""The entries that are tables of rows, in the order in which they print; other tables come behind them."""

REASON = "limited_by"
"""The column whose text is too long for a table: it prints below."""

_FIRST = ("interval", "registers", "register_bits", "memory_bits")
_SHOWN_ELSEWHERE = {
    "name",
    "source",
    "interface",
    "clock_mhz",
    "target",
    "cycles",
    "estimate",
    "lower_bound",
    "lower_bound_set_by",
}


def print_report(report: Row, console: Console) -> None:
    """Print the report of a design, `design.report` or the contents of its report.json."""
    from rich.table import Table

    console.print(f"{report.get('name', 'design')}{_interface(report)}", markup=False, highlight=False)
    for label, value in _facts(report):
        console.print(f"  {label:<16} {value}", markup=False, highlight=False)
    for key in [*TABLES, *(key for key in report if key not in TABLES)]:
        rows = report.get(key)
        if not _are_rows(rows):
            continue
        columns = [column for column in _columns(rows) if column != REASON]
        table = Table(
            title=key.replace("_", " "),
            title_justify="left",
            title_style="bold",
            header_style="",
            box=None,
            pad_edge=False,
        )
        for column in columns:
            numeric = all(isinstance(row.get(column, 0), (int, float, type(None))) for row in rows)
            table.add_column(column.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            table.add_row(*(_cell(row.get(column)) for column in columns))
        console.print()
        console.print(table, markup=False, highlight=False)
        for text in _reasons(rows):
            console.print(text, markup=False, highlight=False)


def _reasons(rows: Sequence[Row]) -> list[str]:
    """What limits each loop, a paragraph each."""
    return [f"{row.get('line') or row.get('kind')}: {row[REASON]}" for row in rows if row.get(REASON)]


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
    if isinstance(report.get("estimate"), int):
        facts.append(("estimate", _estimate(report)))
    if isinstance(report.get("lower_bound"), int):
        facts.append(("lower bound", _lower_bound(report)))
    rest = [key for key in report if key not in _SHOWN_ELSEWHERE and isinstance(report[key], (int, float, str))]
    if report.get("interval") == report.get("cycles"):  # one run follows the other
        rest = [key for key in rest if key != "interval"]
    rest.sort(key=lambda key: _FIRST.index(key) if key in _FIRST else len(_FIRST))
    return facts + [(key.replace("_", " "), _cell(report[key])) for key in rest]


def _cycles(cycles: object, clock_mhz: object) -> str:
    if not isinstance(cycles, int):
        return "depend on the data"
    if not isinstance(clock_mhz, (int, float)):
        return f"{cycles:,}"
    microseconds = cycles / clock_mhz
    scale, unit = next(((s, u) for s, u in ((1e6, "s"), (1e3, "ms"), (1, "us")) if microseconds >= s), (1e-3, "ns"))
    return f"{cycles:,} ({microseconds / scale:.4g} {unit})"


def _estimate(report: Row) -> str:
    """The cycles that the planner counts on, and what it is off by."""
    estimate, cycles = report["estimate"], report.get("cycles")
    assert isinstance(estimate, int)
    off = estimate - cycles if isinstance(cycles, int) else 0
    return f"{estimate:,}; {abs(off):,} too {'many' if off > 0 else 'few'}" if off else f"{estimate:,}"


def _lower_bound(report: Row) -> str:
    """The fewest cycles that the multipliers and memory ports allow, and how far the design is from them."""
    bound, cycles = report["lower_bound"], report.get("cycles")
    assert isinstance(bound, int)
    cause = f" by {report['lower_bound_set_by']}" if report.get("lower_bound_set_by") else ""
    distance = f"; cycles / lower bound = {cycles / bound:.2f}" if isinstance(cycles, int) and bound else ""
    return f"{bound:,}{cause}{distance}"


def _interface(report: Row) -> str:
    interface = report.get("interface")
    return str(interface) if isinstance(interface, str) else ""


def _are_rows(value: object) -> TypeGuard[Sequence[Row]]:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _columns(rows: Sequence[Row]) -> list[str]:
    """The keys for which any row has a value."""
    columns: list[str] = []
    for row in rows:
        columns += [key for key, value in row.items() if key not in columns and value is not None]
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
