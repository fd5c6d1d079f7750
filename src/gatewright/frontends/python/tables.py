"""The tables of functions and methods that programs may call: what elaborates each of them.

A function is found by the object that its name means, so that `from numpy import zeros` works as `np.zeros` does. The
first line of the docstring of what elaborates it is its entry in the documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gatewright.frontends.python.elaboration import Elaboration
from gatewright.frontends.python.values import Number, Value


@dataclass
class Arguments:
    """The arguments of a call."""

    name: str
    """What is called, as messages name it."""
    positional: list[Value]
    keywords: dict[str, Value] = field(default_factory=dict)

    def bind(self, state: Elaboration, *parameters: str, least: int | None = None) -> list[Value | None]:
        """The values of the parameters, None for those not given; the first `least` (default: one) must be."""
        if len(self.positional) > len(parameters):
            raise state.mistake(f"{self.name} takes at most {len(parameters)} arguments, not {len(self.positional)}")
        given: dict[str, Value] = dict(zip(parameters, self.positional, strict=False))
        for keyword, value in self.keywords.items():
            if keyword not in parameters or keyword in given:
                raise state.unsupported(
                    f"{self.name} cannot take {keyword}= here",
                    remedy=f"its arguments are {', '.join(parameters)}" if parameters else None,
                )
            given[keyword] = value
        required = parameters[: min(1, len(parameters)) if least is None else least]
        if missing := [name for name in required if name not in given]:
            raise state.mistake(f"{self.name} needs the argument {missing[0]}")
        return [given.get(name) for name in parameters]


@dataclass(frozen=True)
class SupportedFunction:
    """A function or method: its name in the documentation and what emits a call."""

    name: str
    elaborate: Callable[..., Value]

    @property
    def note(self) -> str:
        """One line on what it does."""
        return (self.elaborate.__doc__ or "").strip().split("\n")[0]


FUNCTIONS: dict[object, SupportedFunction] = {}
"""What elaborates a call of a function, by the function."""
METHODS: dict[str, SupportedFunction] = {}
"""What elaborates a call of a method of an array or number, by its name."""


def function(thing: object, name: str):
    """Enter the decorated function as what elaborates calls of `thing`."""

    def enter(elaborate: Callable[[Elaboration, Arguments], Value]):
        FUNCTIONS[thing] = SupportedFunction(name, elaborate)
        return elaborate

    return enter


def method(name: str):
    """Enter the decorated function as what elaborates calls of a method."""

    def enter(elaborate: Callable[[Elaboration, Value, Arguments], Value]):
        METHODS[name] = SupportedFunction(f".{name}()", elaborate)
        return elaborate

    return enter


def known_int(state: Elaboration, value: Value | None, what: str) -> int:
    """An integer argument that must be known while compiling."""
    if isinstance(value, Number) and isinstance(value.constant, int):
        return value.constant
    raise state.unsupported(f"{what} must be known while compiling", why="every array has a fixed shape in hardware")
