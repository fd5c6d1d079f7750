"""The space of an exploration: every combination of the values that options are to have."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from hashlib import sha256
from itertools import product
from os import PathLike, fspath
from typing import Any

import numpy as np

from gatewright.errors import GatewrightError, OptionError
from gatewright.options import Options
from gatewright.plan import Plan

WHOLE = frozenset({"calibrate", "labels"})
"""Options whose value is many things: a list of them is one value."""

COMPUTES = ("precision", "reassociate")
"""Options that change what is computed: designs that differ in them cannot stand in for one another."""

GIVEN = (*COMPUTES, "target", "device")
"""Options within which designs are compared: look-up tables of one device are not those of another."""

_OF_SOURCE = ("precision", "calibrate", "labels", "name", "reassociate")
"""Options that front ends look at, or that change the numbers of a model."""


@dataclass(frozen=True)
class DesignPoint:
    """One combination of options."""

    index: int
    """Its place in the space."""
    options: Mapping[str, Any]
    """The options, by name, as they are given to `compile`."""

    def part(self, names: tuple[str, ...]) -> str:
        """Some of the options, as text that is the same for equal values."""
        return json.dumps({name: plain(self.options[name]) for name in names if name in self.options}, sort_keys=True)

    @property
    def of_source(self) -> str:
        """What the front end looks at."""
        return self.part(_OF_SOURCE)

    @property
    def group(self) -> str:
        """Equal for the points that are compared."""
        return self.part(GIVEN)

    def key(self, fingerprint: str, version: str) -> str:
        """The name of the point in a store: the same for the same program, options and version, in any order."""
        try:
            checked: Mapping[str, Any] = vars(Options.of(**self.options))
        except GatewrightError:  # its row says so
            checked = self.options
        known = {name: plain(value) for name, value in checked.items()}
        return sha256(json.dumps([version, fingerprint, known], sort_keys=True).encode()).hexdigest()[:32]


class Space:
    """All combinations of the values of options, the last option changing fastest."""

    def __init__(self, options: Mapping[str, Any]):
        """A list is the values to try; anything else is one value. Raises OptionError for a list without any."""
        self.axes: dict[str, list[Any]] = {}
        known = {each.name for each in fields(Options)}
        if unknown := sorted(set(options) - known):
            raise OptionError(f"unknown option {unknown[0]}", remedy=f"one of {', '.join(sorted(known))}")
        for name, given in options.items():
            values = given if isinstance(given, list) and name not in WHOLE else [given]
            if not values:
                raise OptionError(f"{name}=[] leaves nothing to try", remedy="give the values to try, or leave it out")
            texts = [json.dumps(plain(each), sort_keys=True) for each in values]
            self.axes[name] = [each for at, each in enumerate(values) if texts[at] not in texts[:at]]

    def __iter__(self) -> Iterator[DesignPoint]:
        for index, values in enumerate(product(*self.axes.values())):
            yield DesignPoint(index, dict(zip(self.axes, values, strict=True)))

    @property
    def varied(self) -> tuple[str, ...]:
        """The options that have several values."""
        return tuple(name for name, values in self.axes.items() if len(values) > 1)


def plain(value: Any) -> Any:
    """A value of an option as JSON can write it; of arrays what identifies them."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Plan):
        return str(value)
    if isinstance(value, PathLike):
        return fspath(value)
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list | frozenset | set):
        each = [plain(one) for one in value]
        return sorted(each, key=str) if isinstance(value, frozenset | set) else each
    array = np.asarray(value)
    if array.dtype == object:
        return f"{type(value).__module__}.{type(value).__qualname__}"
    return f"{array.dtype}{list(array.shape)} {sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:24]}"
