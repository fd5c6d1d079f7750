"""What every program of the tests costs: cycles, multipliers and register bits, recorded and compared.

    python benchmarks/corpus.py record FILE      compile every design of tests/kernels
    python benchmarks/corpus.py compare FILE OTHER
    python benchmarks/corpus.py estimates FILE

A record has a line of JSON for each design, in the order of their names: the test that compiles it and its number
there, cycles (null where they depend on data), units of multipliers, register bits, memory bits, and the SHA-256 of the
rtl level, by which two records tell whether a change of the compiler changed any design. `compare` prints what differs
and the sums; its exit code is 1 if a design became worse. `estimates` prints where the planner counts on other cycles
than the schedule has; its exit code is 1 if that is more than 3 % off.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
JOURNAL = "GATEWRIGHT_CORPUS"
"""The environment variable that names the file to which designs are added."""


class Recorder:
    """A pytest plugin that notes every design that a test compiles."""

    def __init__(self, journal: Path):
        self.journal, self.test = journal, ""
        self.numbers: Counter[str] = Counter()

    def pytest_configure(self, config: pytest.Config) -> None:
        """Have `gw.compile` note what it makes."""
        import gatewright as gw

        compile_ = gw.compile

        def noting(*arguments: Any, **options: Any) -> gw.Design:
            design = compile_(*arguments, **options)
            self.note(design)
            return design

        gw.compile = noting

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Designs are named by the test that is running."""
        self.test = item.nodeid

    def note(self, design: Any) -> None:
        """Add a line for a design."""
        import gatewright as gw

        number = self.numbers[self.test]
        self.numbers[self.test] += 1
        try:
            row = {"name": f"{self.test} {number}", **facts(design)}
        except gw.GatewrightError:
            return  # what the test is about
        with self.journal.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(row)}\n")


def facts(design: Any) -> dict[str, Any]:
    """The costs of a design."""
    report = design.report
    multipliers = sum(row["units"] for row in report["operators"] if "mul" in row["kind"])
    return {
        "cycles": report["cycles"],
        "multipliers": multipliers,
        "register_bits": report["register_bits"],
        "memory_bits": report["memory_bits"],
        "lower_bound": report["lower_bound"],
        "estimate": report["estimate"],
        "rtl": hashlib.sha256(design.ir("rtl").encode()).hexdigest(),
    }


def pytest_configure(config: pytest.Config) -> None:
    """Enter the recorder, in each process of a run that several share."""
    recorder = Recorder(Path(os.environ[JOURNAL]))
    config.pluginmanager.register(recorder)


def record(file: Path) -> int:
    """Compile all designs and write their record; the exit code of the tests."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal.jsonl"
        environment = {**os.environ, JOURNAL: str(journal), "PYTHONPATH": os.pathsep.join(_paths())}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "corpus",
            "-n",
            "2",
            "--dist",
            "loadfile",
            "tests/kernels",
        ]
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        lines = sorted(journal.read_text(encoding="utf-8").splitlines(), key=lambda line: json.loads(line)["name"])
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return code


def _paths() -> list[str]:
    return [str(ROOT / "benchmarks"), str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]


def read(file: Path) -> dict[str, dict[str, Any]]:
    """The designs of a record by name."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return {row.pop("name"): row for row in rows}


def compare(first: Path, second: Path) -> int:
    """Print what differs between two records; 1 if a design takes more cycles or multipliers, or all more bits."""
    before, after = read(first), read(second)
    shared = sorted(before.keys() & after.keys())
    worse = 0
    for name in shared:
        one, other = before[name], after[name]
        changed = [key for key in one if key not in ("rtl", "lower_bound") and one[key] != other[key]]
        if changed:
            print(name, *(f"{key} {one[key]} -> {other[key]}" for key in changed), sep="  ")
        worse += any(one[key] is not None and (other[key] or 0) > one[key] for key in ("cycles", "multipliers"))
    bits = [sum(rows[name]["register_bits"] for name in shared) for rows in (before, after)]
    same = sum(before[name]["rtl"] == after[name]["rtl"] for name in shared)
    print(f"{len(shared)} designs, {same} the same to the letter, {worse} with more cycles or multipliers")
    print(f"only in the first: {len(before) - len(shared)}, only in the second: {len(after) - len(shared)}")
    print(f"register bits {bits[0]} -> {bits[1]}")
    return int(worse > 0 or bits[1] > bits[0])


def estimates(file: Path) -> int:
    """Print the designs whose estimate is not the cycles; 1 if one is more than 3 % off."""
    known = {name: row for name, row in read(file).items() if None not in (row["estimate"], row["cycles"])}
    off = {name: abs(row["estimate"] - row["cycles"]) / row["cycles"] for name, row in known.items()}
    for name in sorted(name for name in known if off[name]):
        row = known[name]
        print(f"{name}  estimate {row['estimate']}, cycles {row['cycles']}, {off[name]:.1%} off")
    far = sum(each > 0.03 for each in off.values())
    print(f"{len(known)} designs, {sum(not each for each in off.values())} as estimated, {far} more than 3 % off")
    return int(far > 0)


def main(arguments: list[str]) -> int:
    """Record, compare, or look at estimates."""
    match arguments:
        case ["record", file]:
            return record(Path(file))
        case ["compare", first, second]:
            return compare(Path(first), Path(second))
        case ["estimates", file]:
            return estimates(Path(file))
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
