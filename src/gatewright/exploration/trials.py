"""A large space: Optuna proposes the points to compile, from what those before have shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatewright.errors import OptionError
from gatewright.exploration.rows import DesignRow
from gatewright.exploration.space import Space

BATCH = 8
"""Points proposed at a time; not the number of workers, so that these do not change what is proposed."""

MOST_ASKED = 50
"""Times as many proposals as points are wanted: near the end of a space most are known already."""


def search(
    space: Space,
    trials: int,
    seed: int,
    objectives: Sequence[str],
    compile_points: Callable[[list[int]], dict[int, DesignRow]],
) -> dict[int, DesignRow]:
    """The rows, by the index of the point, of at most so many different points.

    Tree-structured Parzen estimators for several objectives (Ozaki, Tanigaki, Watanabe, Onishi, GECCO 2020), asked in
    batches; the same seed proposes the same points.
    """
    try:
        import optuna
    except ImportError:
        raise OptionError("Optuna is not installed", remedy="pip install 'gatewright[explore]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    minimize = optuna.study.StudyDirection.MINIMIZE
    study = optuna.create_study(
        directions=[minimize] * len(objectives), sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=BATCH)
    )
    sizes = {name: len(values) for name, values in space.axes.items() if len(values) > 1}
    found: dict[int, DesignRow] = {}
    for _ in range(MOST_ASKED * trials):
        if len(found) >= trials:
            break
        batch = [study.ask() for _ in range(min(BATCH, trials - len(found)))]
        places = [
            _place(space, {name: trial.suggest_categorical(name, list(range(size))) for name, size in sizes.items()})
            for trial in batch
        ]
        found |= compile_points(sorted({place for place in places if place not in found}))
        for trial, place in zip(batch, places, strict=True):
            values = [getattr(found[place], name) for name in objectives]
            if found[place].error is not None or any(value is None for value in values):
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(trial, [float(value) for value in values])
    return found


def _place(space: Space, chosen: dict[str, int]) -> int:
    """The index of the point with these places on the axes; the last axis changes fastest."""
    index = 0
    for name, values in space.axes.items():
        index = index * len(values) + chosen.get(name, 0)
    return index
