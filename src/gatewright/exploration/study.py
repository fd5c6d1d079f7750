"""`explore`: the designs of a program under many options, and the best among them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any

from gatewright.errors import GatewrightError, InterfaceError, OptionError
from gatewright.exploration.evaluation import Facts, Subject, evaluate
from gatewright.exploration.pareto import front
from gatewright.exploration.rows import DesignRow
from gatewright.exploration.space import DesignPoint, Space
from gatewright.exploration.store import ResultStore
from gatewright.exploration.synthesis import check_family
from gatewright.exploration.table import OBJECTIVES, Table
from gatewright.exploration.trials import search
from gatewright.exploration.workers import Engine


@dataclass
class _Study:
    """A running exploration."""

    points: Sequence[DesignPoint]
    subject: Subject
    facts: Facts
    store: ResultStore
    engine: Engine
    name: str
    progress: Any
    release: str

    def key(self, point: DesignPoint, synthesize: bool) -> str:
        """The name of a point in the store."""
        key = point.key(self.facts.fingerprint(point), self.release)
        return f"{key}-synthesis" if synthesize else key

    def compiled(self, places: Sequence[int], synthesize: bool = False) -> dict[int, DesignRow]:
        """The rows of some points by their places: from the store, else compiled."""
        found: dict[int, DesignRow] = {}
        tasks: dict[int, bytes] = {}
        keys: dict[int, str] = {}
        for place in places:
            point = self.points[place]
            keys[place] = self.key(point, synthesize)
            if (row := self.store.get(keys[place], point)) is not None:
                found[place] = row
                self.progress.advance()
            else:
                tasks[place] = self.subject.task(point.options, synthesize)
        for place, result in self.engine.run(evaluate, tasks):
            options = self.points[place].options
            row = (
                DesignRow(options, error=_reason(result))
                if isinstance(result, Exception)
                else DesignRow.read(options, result)
            )
            self.store.put(keys[place], self.name, self.release, row)
            found[place] = row
            self.progress.advance()
        return found

    def promoted(self) -> dict[int, DesignRow]:
        """All points: compiled are those that may be better than others.

        A point whose budget alone differs from that of a smaller one cannot be better if the smaller design, which fits
        the larger budget too, takes no more cycles than the bound of the larger: then that is its design.
        """
        estimates = {point.index: self.facts.estimate(point) for point in self.points}
        first = [place for place in estimates if not self._beaten(place, estimates, estimates)]
        rows = self.compiled(first)
        rest = [place for place in estimates if place not in rows]
        hopeless = {place: by for place in rest if (by := self._beaten(place, estimates, rows)) is not None}
        for place, by in hopeless.items():
            why = f"as with multipliers={self.points[by].options['multipliers']}, which is as fast as this can be"
            options = self.points[place].options
            rows[place] = replace(rows[by], options=options, stage="estimate", remark=why)
            self.progress.advance()
        return rows | self.compiled([place for place in rest if place not in hopeless])

    def _beaten(self, place: int, estimates: Mapping[int, DesignRow], rows: Mapping[int, DesignRow]) -> int | None:
        """A point with a smaller pool whose row takes no more cycles than this one's bound."""
        bound, point = estimates[place].cycles, self.points[place]
        pool = point.options.get("multipliers")
        if bound is None or not isinstance(pool, int):
            return None
        others = tuple(name for name in point.options if name != "multipliers")
        for other, row in rows.items():
            smaller = self.points[other].options.get("multipliers")
            if other == place or not isinstance(smaller, int) or smaller >= pool or row.cycles is None:
                continue
            if row.cycles <= bound and self.points[other].part(others) == point.part(others):
                return other
        return None


def explore(
    source: object,
    *,
    args: Sequence[object] | None = None,
    kwargs: Mapping[str, object] | None = None,
    executor: Executor | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    store: str | Path | None = None,
    synthesize: bool = False,
    trials: int | None = None,
    seed: int = 0,
    objectives: Sequence[str] | None = None,
    progress: bool | None = None,
    **options: object,
) -> Table:
    """Compile a program under every combination of the values of its options, and find the best designs.

    `source`, `args` and `kwargs` are those of `compile`, and so are the options; a list is the values to try:
    `explore(f, multipliers=[1, 4, 16], clock_mhz=[100, 150])`. A point that fails is a row that says why. A point is
    compiled if its bound leaves it a chance against those with fewer multipliers.

    Points are compiled by `workers` processes of this machine, as many as it has cores; or by any `executor`; or by
    what runs at an address: `scheduler="tcp://host:8786"` (Dask), `"slurm://partition?timeout_min=30"` (submitit).
    `store` is a file with one JSON line a point: what stands in it already, for the same program, options and version,
    is not compiled again. With `synthesize` the best are synthesized by yosys for their target. `trials` is how many
    points to compile of a space too large for all: Optuna chooses them, from `seed`. `objectives` are the figures of
    which less is better. `progress` shows a bar; by default on a terminal.

    Raises a GatewrightError for arguments that make no space, or a store that cannot be used.
    """
    if args is not None and not isinstance(args, tuple | list):
        raise InterfaceError("args is one value", remedy="give a tuple, for example args=(x,)")
    space = Space(options)
    wanted = _objectives(objectives, space)
    count = prod(len(values) for values in space.axes.values())
    if trials is not None and (isinstance(trials, bool) or not isinstance(trials, int) or trials < 1):
        raise OptionError(f"trials={trials!r} is no number of points to compile")
    subject = Subject(source, None if args is None else tuple(args), kwargs)
    for family in space.axes.get("target", ["generic"]) if synthesize else ():
        check_family(str(family))
    points, engine, rows_of = list(space), Engine(executor, scheduler, workers), ResultStore(store)
    with _Bar(min(count, trials or count), _is_shown(progress)) as bar:
        name = getattr(source, "__qualname__", None) or (source if _is_path(source) else type(source).__name__)
        facts = Facts(subject)
        study = _Study(points, subject, facts, rows_of, engine, str(name), bar, version("gatewright"))
        if trials is not None and trials < count:
            rows = search(space, trials, seed, wanted, study.compiled)
        else:
            rows = study.promoted()
        if synthesize:
            places = sorted(rows)
            best = front([rows[place] for place in places], [points[place].group for place in places], wanted)
            bar.more(len(best))
            rows |= study.compiled([places[at] for at in best], synthesize=True)
    places = sorted(rows)
    return Table([rows[place] for place in places], [points[place].group for place in places], wanted, space.varied)


def _is_path(source: object) -> bool:
    return isinstance(source, str | Path) and "\n" not in str(source)


def _objectives(given: Sequence[str] | None, space: Space) -> tuple[str, ...]:
    """The figures to make small; where clocks differ time counts in place of cycles."""
    if given is None:
        clocks = len(space.axes.get("clock_mhz", ())) > 1
        return tuple(
            name for name in OBJECTIVES if name not in (("cycles", "interval") if clocks else ("microseconds",))
        )
    unknown = [given] if isinstance(given, str) or not given else [each for each in given if each not in OBJECTIVES]
    if unknown:
        what = unknown[0]
        raise OptionError(f"objectives={what!r} is no figure to make small", remedy=f"some of {', '.join(OBJECTIVES)}")
    return tuple(given)


def _reason(error: Exception) -> str:
    """Why a point has no design, where not the compiler says so."""
    if isinstance(error, GatewrightError):
        return str(error)
    text = (str(error).strip().splitlines() or [""])[0]
    return f"its worker failed with {type(error).__name__}{': ' if text else ''}{text}"


def _is_shown(progress: bool | None) -> bool:
    return sys.stderr.isatty() if progress is None else bool(progress)


class _Bar:
    """A progress bar on the standard error output, or none."""

    def __init__(self, total: int, shown: bool):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = TextColumn("exploring"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        self._progress = Progress(*columns, console=Console(stderr=True), disable=not shown)
        self._task = self._progress.add_task("exploring", total=total)
        self._total = total

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def advance(self) -> None:
        """One point is known."""
        self._progress.advance(self._task)

    def more(self, count: int) -> None:
        """There is more to do than was known."""
        self._total += count
        self._progress.update(self._task, total=self._total)
