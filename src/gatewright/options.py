"""The options of a compilation, checked once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields

from gatewright import types
from gatewright.errors import GatewrightError, OptionError

TARGETS = ("generic", "ecp5", "xc7")


@dataclass(frozen=True)
class Options:
    """How to compile a program."""

    clock_mhz: float = 100.0
    """The clock to meet, in megahertz: operators get as many stages as it needs."""
    multipliers: int | None = None
    """The most multipliers to instantiate; None for as many as the schedule can use at once."""
    precision: str | None = None
    """The fixed-point format of a floating-point model, for example `fixed<16,8>`; `fixed<16>` to choose the fraction
    of each tensor from samples."""
    calibrate: object = field(default=None, compare=False, repr=False)
    """Samples of a model's inputs, from which `fixed<16>` chooses formats: an array of them, or a sequence."""
    labels: object = field(default=None, compare=False, repr=False)
    """The classes of the samples, for the accuracy in the report."""
    target: str = "generic"
    """The family whose operator figures to use."""
    dual_port: bool | str | tuple[str, ...] = False
    """The arrays in true dual port memories, whose two ports each read or write an element a cycle: names, or True for
    all. Other arrays have one port to read and one to write."""
    reassociate: bool = False
    """Whether floating-point sums may be taken in another order than the program's, which rounds otherwise."""
    name: str | None = None
    """The name of the top module; by default that of the source."""

    def __post_init__(self):
        if not 1 <= self.clock_mhz <= 1000:
            raise OptionError(f"clock_mhz={self.clock_mhz} is not between 1 and 1000")
        if self.multipliers is not None and self.multipliers < 1:
            raise OptionError(
                f"multipliers={self.multipliers} leaves none",
                why="one multiplier is enough for any program, none is not",
                remedy="multipliers=1",
            )
        if self.target not in TARGETS:
            raise OptionError(f"unknown target {self.target!r}", remedy=f"one of {', '.join(TARGETS)}")
        names = self.dual_port if isinstance(self.dual_port, tuple | list) else ()
        if not isinstance(self.dual_port, bool | str | tuple | list) or not all(
            isinstance(each, str) for each in names
        ):
            raise OptionError(
                f"dual_port={self.dual_port!r} names no arrays", remedy='dual_port=True, or names: dual_port=("a", "b")'
            )
        if (format_ := self.fixed_format()) is not None and self.is_open and self.calibrate is None:
            raise OptionError(
                f"precision={self.precision!r} leaves open where the point is",
                why="the fraction bits of each tensor are chosen from samples",
                remedy=f'calibrate=samples, or a fraction: precision="fixed<{format_.bits},{format_.bits // 2}>"',
            )
        if self.calibrate is not None and not self.is_open:
            raise OptionError("samples to calibrate with need an open format", remedy='precision="fixed<16>"')

    @property
    def dual_port_names(self) -> tuple[str, ...]:
        """The names of the arrays in true dual port memories; `*` for all."""
        if isinstance(self.dual_port, bool):
            return ("*",) if self.dual_port else ()
        return (self.dual_port,) if isinstance(self.dual_port, str) else tuple(self.dual_port)

    @property
    def is_open(self) -> bool:
        """Whether the format has a width only."""
        return self.precision is not None and re.fullmatch(r"fixed<\d+>", self.precision) is not None

    def fixed_format(self) -> types.Fixed | None:
        """The fixed-point format asked for, if any; of an open one, that without fraction bits."""
        if self.precision is None:
            return None
        try:
            format_ = types.parse_scalar(self.precision.replace(">", ",0>") if self.is_open else self.precision)
        except GatewrightError:
            format_ = None
        if not isinstance(format_, types.Fixed):
            raise OptionError(f"precision={self.precision!r} is not a format", remedy='precision="fixed<16,8>"')
        return format_

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
        return Options(**keywords)  # pyright: ignore[reportArgumentType]
