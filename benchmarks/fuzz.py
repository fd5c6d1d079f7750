"""Run random programs at every level and compare them with Python.

    python benchmarks/fuzz.py --count 2000 --seed 0 [--floats]

Prints progress and a summary; exits with 1 if any program differs. A program that differs is reduced, and written with
both answers into the output folder: the file is itself the test case, and `--replay FILE` runs it again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "fuzz"))

from fuzzing.check import LEVELS, Failure, accepted, check_isolated  # noqa: E402  # pyright: ignore[reportMissingImports]
from fuzzing.floats import generate_floats  # noqa: E402  # pyright: ignore[reportMissingImports]
from fuzzing.generator import generate  # noqa: E402  # pyright: ignore[reportMissingImports]
from fuzzing.program import Program  # noqa: E402  # pyright: ignore[reportMissingImports]
from fuzzing.reduce import reduce  # noqa: E402  # pyright: ignore[reportMissingImports]
from fuzzing.scope import DEFAULT_FEATURES  # noqa: E402  # pyright: ignore[reportMissingImports]


def main() -> int:
    """Parse the command line and run; returns the exit code."""
    options = _parser().parse_args()
    levels = tuple(options.levels.split(","))
    if options.replay:
        program = Program(options.replay.stem, options.replay.read_text())
        failure = check_isolated(program, levels)
        print("no difference" if failure is None else f"{failure.kind} at {failure.level}: {failure.message}")
        return int(failure is not None)
    return _run(options, levels)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="compare random programs with Python at every level")
    parser.add_argument("--count", type=int, default=200, help="programs to run")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sequence of programs")
    parser.add_argument("--first", type=int, default=0, help="number of the first program")
    parser.add_argument("--levels", default=",".join(LEVELS), help="levels to compare, separated by commas")
    parser.add_argument("--floats", action="store_true", help="programs on floating-point and fixed-point numbers")
    parser.add_argument("--without", default="", help="parts of the language to leave out, separated by commas")
    parser.add_argument("--most", type=int, default=20, help="stop after this many differences")
    parser.add_argument(
        "--reduce-seconds", type=float, default=60.0, help="time to shorten one program; 0 for not at all"
    )
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"), help="folder for programs that differ")
    parser.add_argument("--replay", type=Path, help="run one program from a file")
    return parser


def _run(options: argparse.Namespace, levels: tuple[str, ...]) -> int:
    """Check the programs and report; returns the exit code."""
    began = time.monotonic()
    tally: Counter[str] = Counter()
    for done, number in enumerate(range(options.first, options.first + options.count), start=1):
        if options.floats:
            program = generate_floats(options.seed, number)
        else:
            program = generate(options.seed, number, DEFAULT_FEATURES - set(options.without.split(",")))
        _tell(options, levels, number, program, check_isolated(program, levels), tally)
        rate = done / (time.monotonic() - began)
        print(f"\r{done}/{options.count} programs, {tally['failed']} differ, {rate:.1f}/s", end="", flush=True)
        if tally["failed"] >= options.most:
            break
    print()
    for what, times in sorted(tally.items()):
        print(f"{times:6} {what}")
    return int(tally["failed"] > 0)


def _tell(
    options: argparse.Namespace,
    levels: tuple[str, ...],
    number: int,
    program: Program,
    failure: Failure | None,
    tally: Counter[str],
) -> None:
    """Count an outcome; reduce and write the program if it differs."""
    if failure is None:
        tally["agree"] += 1
        return
    if accepted(failure):
        tally["refused as documented"] += 1
        return
    tally["failed"] += 1
    tally[f"failed: {failure.kind} at {failure.level}"] += 1
    if options.reduce_seconds > 0:
        program, failure = _reduced(program, failure, levels, options.reduce_seconds)
    assert failure is not None, "a reduced program still fails"
    path = write_failure(options.out, program, failure)
    print(f"\nprogram {number} {failure.kind} at {failure.level}: {failure.message.splitlines()[0]}\n  {path}")


def _reduced(program: Program, failure: Failure, levels: tuple[str, ...], seconds: float) -> tuple[Program, Failure]:
    return reduce(program, failure, lambda each: check_isolated(each, levels), seconds)


def write_failure(folder: Path, program: Program, failure: Failure) -> Path:
    """Write a program that differs, with what happened as a comment on top."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{program.name}.py"
    comment = "".join(f"# {line}\n" for line in f"{failure.kind} at {failure.level}: {failure.message}".splitlines())
    path.write_text(comment + program.source)
    return path


if __name__ == "__main__":
    sys.exit(main())
