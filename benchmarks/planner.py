"""The planner beside exhaustive search over the same space of plans.

    python benchmarks/planner.py [NESTS] [FIRST]

Random nests (`tests/fuzz/fuzzing/nests.py`); for each the cycles by rules, those of the planner, and the fewest of all
plans that decisions lead to, one after the other, in whatever order (at most 400 plans a nest). Prints each nest where
the planner has more than the fewest, and at the end how many those are.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "fuzz"))

from fuzzing.nests import NestProgram, nest_programs  # noqa: E402
from test_plans import function_of  # noqa: E402

from gatewright.compiler import planner  # noqa: E402
from gatewright.compiler.compilation import Compilation  # noqa: E402
from gatewright.compiler.sources import load  # noqa: E402
from gatewright.options import Options  # noqa: E402
from gatewright.planning.search import Alternatives, Attempt, Trial, moved, search  # noqa: E402

MOST = 400
"""Plans of a nest that are tried."""


def exhaustive(first: Trial, alternatives: Alternatives, attempt: Attempt) -> Trial:
    """The best of all plans that one decision after the other leads to."""
    best, tried, pending = first, {frozenset(first.decisions)}, [first]
    while pending:
        base = pending.pop(0)
        for move in alternatives(base.made):
            decisions = moved(base.decisions, move)
            wanted = frozenset(decisions)
            if wanted in tried or len(tried) > MOST:
                continue
            tried.add(wanted)
            trial = attempt(decisions)
            if trial is not None:
                pending.append(trial)
                best = trial if trial.cycles < best.cycles else best
    return best


def compare(program: NestProgram, options: Options, folder: Path) -> list[tuple[int, int, int]]:
    """For each part of a program that is planned by search: the cycles by rules, of the planner, and the fewest."""
    found: list[tuple[int, int, int]] = []

    def both(first: Trial, alternatives: Alternatives, attempt: Attempt, most: int, enough: int) -> Trial:
        planned = search(first, alternatives, attempt, most, enough)
        found.append((first.cycles, planned.cycles, exhaustive(first, alternatives, attempt).cycles))
        return planned

    before, planner.search = planner.search, both
    try:
        compilation = Compilation(load(function_of(program, folder), None, options), options)
        _ = compilation.schedule
    finally:
        planner.search = before
    return found


def main() -> int:
    """Compare on so many parts of programs."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rows: list[tuple[int, int, int]] = []
    seen: set[str] = set()
    with tempfile.TemporaryDirectory() as name:

        @seed(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
        @settings(max_examples=20 * count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(nest_programs(), st.sampled_from([None, 1]))
        def run(program: NestProgram, multipliers: int | None) -> None:
            if program.text in seen or len(rows) >= count:
                return
            seen.add(program.text)
            for rules, planned, least in compare(program, Options(multipliers=multipliers), Path(name)):
                rows.append((rules, planned, least))
                if planned > least:
                    print(f"{rules} by rules, {planned} planned, {least} at least; multipliers={multipliers}")
                    print(program.text, flush=True)

        run()
    more = sum(planned > least for _, planned, least in rows)
    better = sum(planned < rules for rules, planned, _ in rows)
    print(f"{len(rows)} nests whose iterations wait: {better} better than by rules, {more} not the best")
    print(f"cycles in sum: {', '.join(str(sum(column)) for column in zip(*rows, strict=True))} (rules, planned, least)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
