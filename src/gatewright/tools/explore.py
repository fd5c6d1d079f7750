"""`gatewright explore`: many designs of a program from the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from gatewright.errors import OptionError
from gatewright.tools.keywords import example_arguments, samples, shared_keywords
from gatewright.tools.source import load_source

Listed = TypeVar("Listed")


def add_explore(parser: argparse.ArgumentParser) -> None:
    """The options of an exploration."""
    parser.add_argument("--multipliers", metavar="N,...", help="pools of multipliers to try, as 1,4,16")
    parser.add_argument("--clock-mhz", metavar="F,...", help="clocks to try (default: 100)")
    parser.add_argument("--precision", metavar="FORMAT,...", help="fixed-point formats to try")
    parser.add_argument("--target", metavar="FAMILY,...", help="device families to try")
    parser.add_argument("--store", metavar="FILE.jsonl", help="where results are kept, and taken from the next time")
    parser.add_argument("--workers", type=int, metavar="N", help="processes to use (default: one a core)")
    parser.add_argument(
        "--scheduler", metavar="URL", help="where to compile instead: tcp://host:8786 (Dask), slurm://partition"
    )
    parser.add_argument("--trials", type=int, metavar="N", help="compile so many of the points, chosen by Optuna")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of what Optuna chooses (default: 0)")
    parser.add_argument("--synthesize", action="store_true", help="synthesize the best by yosys")
    parser.add_argument("--objectives", metavar="NAME,...", help="the figures to make small")
    parser.add_argument(
        "--draw", metavar="FILE", action="append", default=[], help="a .png, .svg or .html to draw; again for others"
    )
    parser.add_argument("--csv", metavar="FILE", help="the table as comma-separated values")


def explore_command(options: argparse.Namespace) -> int:
    """Explore, print the table, write what is asked for; 1 if no point has a design."""
    from gatewright.exploration.study import explore
    from gatewright.reporting.folder import write_file

    source = load_source(options.source)
    axes: dict[str, Any] = {
        "multipliers": _values("--multipliers", options.multipliers, int),
        "clock_mhz": _values("--clock-mhz", options.clock_mhz, float),
        "precision": _values("--precision", options.precision, str),
        "target": _values("--target", options.target, str),
        **shared_keywords(options),
    }
    table = explore(
        source.program,
        **example_arguments(source, options),
        **samples(source, options),
        **{name: value for name, value in axes.items() if value is not None},
        **{name: getattr(options, name) for name in ("store", "workers", "scheduler", "trials", "seed", "synthesize")},
        objectives=None if options.objectives is None else options.objectives.split(","),
    )
    print(table)
    for path in options.draw:
        table.draw(path)
    if options.csv is not None:
        write_file(Path(options.csv), table.csv().encode())
    return 0 if len(table.failed) < len(table) else 1


def _values(flag: str, text: str | None, kind: Callable[[str], Listed]) -> Sequence[Listed] | None:
    """The values that a text lists; commas inside of `<>` are parts of them."""
    if text is None:
        return None
    try:
        return [kind(each.strip()) for each in re.split(r",(?![^<]*>)", text)]
    except ValueError:
        raise OptionError(f"{flag} {text} is no list of numbers", remedy=f"for example {flag} 1,4,16") from None
