"""What both commands show of the passes: IR before and after them, and what they take."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatewright.compiler.driver import Instruments


def add_instruments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `instruments` and `print_times` read."""
    for when in ("before", "after"):
        parser.add_argument(
            f"--print-ir-{when}", metavar="PASS", action="append", default=[],
            help=f"print the IR {when} a pass to the standard error output; again for others, '*' for all",
        )  # fmt: skip
    if "--time-passes" not in parser._option_string_actions:
        parser.add_argument("--time-passes", action="store_true", help="print what each pass takes")


def instruments(arguments: argparse.Namespace) -> Instruments:
    """What the arguments ask for."""
    from gatewright.compiler.driver import Instruments

    return Instruments(frozenset(arguments.print_ir_before), frozenset(arguments.print_ir_after))


def print_times(seen: Instruments) -> None:
    """Print a table of what the passes took to the standard error output, the longest first."""
    from rich.console import Console
    from rich.table import Table

    total = sum(map(sum, seen.seconds.values())) or 1.0
    table = Table("pass", "runs", "seconds", "share", title=f"passes: {total:.3f} s")
    for name, runs in sorted(seen.seconds.items(), key=lambda item: (-sum(item[1]), item[0])):
        table.add_row(name, str(len(runs)), f"{sum(runs):.3f}", f"{sum(runs) / total:.0%}")
    Console(stderr=True, file=sys.stderr).print(table)
