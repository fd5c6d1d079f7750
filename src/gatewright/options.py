"""The options of a compilation, checked once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from os import PathLike, fspath
from typing import Any, cast

from gatewright.devices.device import TARGETS, device_of
from gatewright.errors import GatewrightError, OptionError
from gatewright.numbers import types
from gatewright.plan import Plan


@dataclass(frozen=True)
class LayerFormat:
    """A fixed-point format, perhaps with the binary point left open."""

    format: types.Fixed
    is_open: bool


LONGEST_NAME = 200
"""Characters of a module's name: files are called so, with endings."""


@dataclass(frozen=True)
class Budget:
    """How much hardware there is: None for as much as the design can use."""

    multipliers: int | None = None
    """The most units that make products, of integers and of floats of all widths together; at least one of each type,
    since a multiplier of one makes no products of another."""
    dsp: int | None = None
    """The most hardware multipliers, those inside other operators among them."""
    luts: int | None = None
    """The most look-up tables, as the report estimates them."""
    memory_bits: int | None = None
    """The most bits of memory inside the design."""
    ram_blocks: int | None = None
    """The most blocks of RAM of the target that the memories take, if none is made of logic."""

    def __post_init__(self):
        for each in fields(self):
            given = getattr(self, each.name)
            if given is None:
                continue
            if isinstance(given, bool) or not isinstance(given, int):
                raise OptionError(f"{each.name}={given!r} of a budget is not a number of things")
            if given < 0:
                raise OptionError(f"{each.name}={given} of a budget is less than nothing")
        if self.multipliers == 0:
            raise OptionError(
                "multipliers=0 leaves none",
                why="one multiplier is enough for any program, none is not",
                remedy="multipliers=1",
            )


@dataclass(frozen=True)
class Banks:
    """An array is kept in `by` memories, its elements dealt out in turn along an axis."""

    axis: int = 0
    """The axis, counted from 0; a negative one from the last."""
    by: int = 1
    """How many memories."""

    def __post_init__(self):
        for name in ("axis", "by"):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, int):
                raise OptionError(f"{name}={given!r} of banks is no number", remedy="gw.Banks(axis=1, by=4)")
        if self.by < 1:
            raise OptionError(f"by={self.by} of banks leaves none", remedy="gw.Banks(axis=1, by=4)")


@dataclass(frozen=True)
class Options:
    """How to compile a program."""

    clock_mhz: float = 100.0
    """The clock to meet, in megahertz: operators get as many stages as it needs."""
    multipliers: int | None = None
    """The most multipliers to instantiate, as in a budget; None for as many as the schedule can use at once."""
    budget: Budget | None = None
    """How much hardware there is."""
    precision: str | Mapping[str, str] | None = None
    """The fixed-point format of a floating-point model, for example `fixed<16,8>`; `fixed<16>` to choose the fraction
    of each tensor from samples. Or one for each layer, by its name in the model, which holds for the layers inside it
    too; that of `""` for what is in no layer named."""
    calibrate: object = field(default=None, compare=False, repr=False)
    """Samples of a model's inputs, from which `fixed<16>` chooses formats, and on which the report measures errors: an
    array of them, or a sequence."""
    labels: object = field(default=None, compare=False, repr=False)
    """The classes of the samples, for the accuracy in the report."""
    target: str = "generic"
    """The device family whose figures to use: its name, or the path of a file like those in `devices/`."""
    device: str | None = None
    """A device of the family, whose capacities are the budget where that leaves something open."""
    dual_port: bool | str | tuple[str, ...] = False
    """The arrays in true dual port memories, whose two ports each read or write an element a cycle: names, or True for
    all. Other arrays have one port to read and one to write."""
    reassociate: bool = False
    """Whether floating-point sums may be taken in another order than the program's, which rounds otherwise."""
    plan: Plan = Plan()
    """What is decided already, a plan or its text, all or a part of it; the planner decides the rest."""
    banks: Mapping[str, Banks | Sequence[Banks]] = field(default_factory=dict)
    """The arrays that are kept in several memories, by name; of a parameter or a result, each has ports of its own."""
    dataflow: bool = False
    """Whether layers, or other parts of a program that follow each other, work on different samples of a stream at
    once, each on its share of the multipliers."""
    search: int = 32
    """How many other plans to try for each nest of loops whose iterations wait; 0 for what the rules decide."""
    name: str | None = None
    """The name of the top module; by default that of the source."""

    def __post_init__(self):
        if not isinstance(self.clock_mhz, int | float) or not 1 <= self.clock_mhz <= 1000:
            raise OptionError(f"clock_mhz={self.clock_mhz!r} is not between 1 and 1000")
        self._check_name()
        if self.budget is not None:
            self._take_budget(self.budget)
        if self.multipliers is not None and (
            isinstance(self.multipliers, bool) or not isinstance(self.multipliers, int)
        ):
            raise OptionError(
                f"multipliers={self.multipliers!r} is not a number of multipliers", remedy="multipliers=1"
            )
        if self.multipliers is not None and self.multipliers < 1:
            raise OptionError(
                f"multipliers={self.multipliers} leaves none",
                why="one multiplier is enough for any program, none is not",
                remedy="multipliers=1",
            )
        if isinstance(self.search, bool) or not isinstance(self.search, int) or self.search < 0:
            raise OptionError(f"search={self.search!r} is no number of plans to try")
        if not isinstance(self.dataflow, bool):
            raise OptionError(f"dataflow={self.dataflow!r} is neither True nor False")
        self._take_device()
        self._check_banks()
        names = self.dual_port if isinstance(self.dual_port, tuple | list) else ()
        if not isinstance(self.dual_port, bool | str | tuple | list) or not all(
            isinstance(each, str) for each in names
        ):
            raise OptionError(
                f"dual_port={self.dual_port!r} names no arrays", remedy='dual_port=True, or names: dual_port=("a", "b")'
            )
        object.__setattr__(self, "plan", Plan.of(self.plan))
        self._check_precision()

    def _check_banks(self) -> None:
        example = 'banks={"a": gw.Banks(axis=1, by=4)}'
        if not isinstance(self.banks, Mapping):
            raise OptionError(f"banks={self.banks!r} names no arrays", remedy=example)
        taken: dict[str, tuple[Banks, ...]] = {}
        for name, given in self.banks.items():
            every = (given,) if isinstance(given, Banks) else tuple(given) if isinstance(given, list | tuple) else ()
            if not isinstance(name, str) or not every or not all(isinstance(each, Banks) for each in every):
                raise OptionError(f"banks of {name!r} are {given!r}", remedy=example)
            taken[name] = every
        object.__setattr__(self, "banks", taken)

    def _check_name(self) -> None:
        if self.name is None:
            return
        if not isinstance(self.name, str):
            raise OptionError(f"name={self.name!r} names no module", remedy='name="filter"')
        if len(self.name) > LONGEST_NAME:
            raise OptionError(
                f"a name of {len(self.name)} characters is too long",
                why=f"files are called so, and have at most {LONGEST_NAME} characters",
                remedy='name="filter"',
            )

    def _take_budget(self, budget: object) -> None:
        if not isinstance(budget, Budget):
            raise OptionError(f"budget={budget!r} is no budget", remedy="budget=gw.Budget(multipliers=4, dsp=16)")
        if budget.multipliers is None:
            return
        if self.multipliers not in (None, budget.multipliers):
            raise OptionError(
                f"multipliers={self.multipliers} and a budget with multipliers={budget.multipliers}",
                remedy="say it once",
            )
        object.__setattr__(self, "multipliers", budget.multipliers)

    def _take_device(self) -> None:
        """Check the target; what a device has is what may be used."""
        if not isinstance(self.target, str | PathLike):
            raise OptionError(f"target={self.target!r} is no device family", remedy=f"one of {', '.join(TARGETS)}")
        object.__setattr__(self, "target", fspath(self.target))
        technology = device_of(self.target).technology
        least = technology.register + technology.setup
        if self.period_ns <= least:
            raise OptionError(
                f"clock_mhz={self.clock_mhz:g} is too fast for {self.target}",
                why=f"from register to register takes {least:g} ns with nothing between them",
                remedy=f"less than {1000 / least:.0f} MHz; half of that leaves time for logic",
            )
        if self.device is None:
            return
        part, given = device_of(self.target).part(self.device), self.budget or Budget()
        most = {"dsp": part.dsp, "luts": part.luts, "ram_blocks": part.ram_blocks}
        smaller = {
            name: there if (asked := getattr(given, name)) is None else min(asked, there)
            for name, there in most.items()
        }
        object.__setattr__(self, "budget", replace(given, **smaller))

    @property
    def dual_port_names(self) -> tuple[str, ...]:
        """The names of the arrays in true dual port memories; `*` for all."""
        if isinstance(self.dual_port, bool):
            return ("*",) if self.dual_port else ()
        return (self.dual_port,) if isinstance(self.dual_port, str) else tuple(self.dual_port)

    def _check_precision(self) -> None:
        formats = self.layer_formats()
        open_ = next((each for each in formats.values() if each.is_open), None)
        if open_ is not None and self.calibrate is None:
            bits = open_.format.bits
            raise OptionError(
                f"precision={self.precision!r} leaves open where the point is",
                why="the fraction bits of each tensor are chosen from samples",
                remedy=f'calibrate=samples, or a fraction: precision="fixed<{bits},{bits // 2}>"',
            )
        if self.calibrate is not None and not formats:
            raise OptionError("samples to calibrate with need a fixed-point format", remedy='precision="fixed<16>"')

    @property
    def is_open(self) -> bool:
        """Whether a format has a width only."""
        return any(each.is_open for each in self.layer_formats().values())

    @property
    def by_layer(self) -> bool:
        """Whether layers have formats of their own."""
        return isinstance(self.precision, Mapping)

    def fixed_format(self) -> types.Fixed | None:
        """The fixed-point format asked for, if any, where no layer has another; of an open one, that without fraction
        bits."""
        formats = self.layer_formats()
        return formats[""].format if formats else None

    def layer_formats(self) -> dict[str, LayerFormat]:
        """The formats by the name of the layer, that of the whole model under the empty name; none for floats."""
        if self.precision is None:
            return {}
        given = self.precision if isinstance(self.precision, Mapping) else {"": self.precision}
        if "" not in given:
            raise OptionError(
                "precision= gives no format to what is in no layer named", remedy='precision={"": "fixed<16,8>", ...}'
            )
        return {name: _parse(text) for name, text in given.items()}

    @property
    def period_ns(self) -> float:
        """The clock period in nanoseconds."""
        return 1000.0 / self.clock_mhz

    @staticmethod
    def of(**keywords: object) -> Options:
        """Options from keywords, with an error that lists the known ones."""
        known = {each.name for each in fields(Options)}
        if unknown := sorted(set(keywords) - known):
            raise OptionError(f"unknown option {unknown[0]}", remedy=f"one of {', '.join(sorted(known))}")
        return Options(**cast("dict[str, Any]", keywords))


def _parse(text: object) -> LayerFormat:
    """A format such as `fixed<16,8>`, or `fixed<16>` with the point left open."""
    is_open = isinstance(text, str) and re.fullmatch(r"fixed<\d+>", text) is not None
    try:
        format_ = types.parse_scalar(text.replace(">", ",0>") if is_open else text) if isinstance(text, str) else None
    except GatewrightError:
        format_ = None
    if not isinstance(format_, types.Fixed):
        raise OptionError(f"precision={text!r} is not a format", remedy='precision="fixed<16,8>"')
    return LayerFormat(format_, is_open)
