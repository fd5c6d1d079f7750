"""`gatewright compile|run|report|explore`: the compiler from the command line."""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from gatewright.errors import GatewrightError, InternalError, OptionError, OutputError, SourceError
from gatewright.reporting.folder import reason_of
from gatewright.tools.explore import add_explore, explore_command
from gatewright.tools.failure import INTERNAL_ERROR, INTERRUPTED, USER_ERROR, report_internal_error
from gatewright.tools.instruments import add_instruments, instruments, print_times
from gatewright.tools.keywords import add_hardware, add_source, keywords

if TYPE_CHECKING:
    from gatewright.compiler.design import Design
    from gatewright.tools.source import ProgramSource

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WIDTH_OF_A_FILE = 120
"""Columns of a report that does not go to a terminal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `gatewright` and return its exit code: 1 for an error of the user's, 2 for bad usage, 70 for one of ours."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    given, passed_on = _split_at_dashes(given)
    try:
        options = _parser().parse_args(given)
        options.passed_on = passed_on
        code = options.command(options)
        sys.stdout.flush()
        return code
    except InternalError as error:
        print(error, file=sys.stderr)
        return INTERNAL_ERROR
    except GatewrightError as error:
        print(error, file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _abandon_output()
        return 0
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            _abandon_output()
            what = f"cannot write {error.filename or 'the standard output'}"
            print(OutputError(what, why=reason_of(error)), file=sys.stderr)
            return USER_ERROR
        return report_internal_error(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gatewright", description="Compile numerical Python and PyTorch models to SystemVerilog."
    )
    parser.add_argument("--version", action="version", version=f"gatewright {version('gatewright')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    source = argparse.ArgumentParser(add_help=False)
    add_source(source)
    add_hardware(source)
    add_instruments(source)

    compile_ = commands.add_parser("compile", parents=[source], help="write SystemVerilog and all else to a folder")
    compile_.add_argument("-o", "--output", metavar="DIR", required=True, help="the folder to write")
    compile_.set_defaults(command=_compile_command)

    run = commands.add_parser(
        "run", parents=[source], help="run the hardware on inputs, or a folder's main.py",
        epilog="What follows -- is handed to the main.py of a folder.",
    )  # fmt: skip
    run.add_argument("--inputs", metavar="FILE.npz", help="the inputs; without it they are random")
    run.add_argument("--seed", type=int, default=0, metavar="N", help="of the random inputs (default: 0)")
    run.add_argument("--level", default="rtl", help="tensor, loops, schedule, rtl (default) or verilog")
    run.set_defaults(command=_run_command)

    report = commands.add_parser("report", parents=[source], help="print the report of a program or of a folder")
    report.add_argument("--json", action="store_true", help="print it as JSON")
    report.set_defaults(command=_report_command)

    explore = commands.add_parser("explore", help="compile a program in many ways, and find the best")
    add_source(explore)
    add_explore(explore)
    explore.set_defaults(command=explore_command)
    return parser


def _compile_command(options: argparse.Namespace) -> int:
    from gatewright.tools.source import load_source

    design = _design(load_source(options.source), options)
    with _status("writing"):
        design.save(options.output)
    files = [
        *design.files,
        *(f"{design.name}.{level}.mlir" for level in design.levels[:-1]),
        f"{design.name}.plan",
        "report.json",
        "report.html",
    ]
    _print_report(design.report)
    print(f"\nwritten to {options.output}: {', '.join(files)}")
    return 0


def _report_command(options: argparse.Namespace) -> int:
    folder = Path(options.source)
    if folder.is_dir():
        report = _saved_report(folder)
    else:
        from gatewright.tools.source import load_source

        report = _design(load_source(options.source), options).report
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        _print_report(report)
    return 0


def _run_command(options: argparse.Namespace) -> int:
    folder = Path(options.source)
    if folder.is_dir():
        return _run_folder(folder, options.passed_on)
    if options.passed_on:
        raise OptionError(f"{options.passed_on[0]!r} has no use", why="only a folder's main.py takes arguments")
    from gatewright.tools.execute import execute
    from gatewright.tools.source import load_source

    source = load_source(options.source)
    return execute(_design(source, options), source, options.inputs, options.seed, options.level)


def _run_folder(folder: Path, arguments: list[str]) -> int:
    from gatewright.tools.user_code import load_module, user_code

    file = folder.absolute() / "main.py"
    if not file.is_file():
        raise SourceError(f"cannot run {folder}", why="it has no main.py")
    module = load_module(file)
    if not callable(getattr(module, "main", None)):
        raise SourceError(f"cannot run {folder}", why="its main.py defines no main(argv)")
    with user_code(file):
        return module.main(arguments) or 0


def _design(source: ProgramSource, options: argparse.Namespace) -> Design:
    from gatewright.compiler.design import compile as compile_design
    from gatewright.compiler.driver import observed

    chosen = keywords(source, options)
    what = f"compiling {source.file.name}"
    with _status(what) as status, observed(instruments(options)) as seen:
        seen.progress = lambda name: status.update(f"{what}: {name}")
        design = compile_design(source.program, **chosen)
    if options.time_passes:
        print_times(seen)
    return design


def _saved_report(folder: Path) -> dict[str, object]:
    file = folder / "report.json"
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        remedy = f"gatewright compile SOURCE -o {folder}"
        raise SourceError(f"cannot read {file}", why="there is no such file", remedy=remedy) from None
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read {file}", why="it is not a whole JSON file") from error
    if not isinstance(report, dict):
        raise SourceError(f"cannot read {file}", why="it is not the report of a design")
    return report


def _print_report(report: dict[str, object]) -> None:
    from rich.console import Console

    from gatewright.reporting.text import print_report

    narrow = sys.stdout.isatty() or "COLUMNS" in os.environ
    console = Console(width=None if narrow else _WIDTH_OF_A_FILE)
    with console.capture() as text:
        print_report(report, console)
    print("\n".join(line.rstrip() for line in text.get().splitlines()))


def _status(text: str):
    """A sign of life on the terminal, if it is one."""
    from rich.console import Console

    return Console(stderr=True).status(text)


def _split_at_dashes(arguments: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return arguments, []
    position = arguments.index("--")
    return arguments[:position], arguments[position + 1 :]


def _abandon_output() -> None:
    """Let the interpreter's last flush go nowhere, since it would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
