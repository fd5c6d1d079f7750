"""What a random program can refer to at one place: variables, arrays, constants, functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

DEFAULT_FEATURES = frozenset(
    {
        "abs",
        "array_expressions",
        "boolean_values",
        "builtin_min_max",
        "callees",
        "casts",
        "conditional_expressions",
        "conditionals",
        "dependences",
        "division",
        "exits",
        "guarded_indices",
        "isqrt",
        "iteration",
        "local_arrays",
        "matmul",
        "moving_slices",
        "negative_indices",
        "power",
        "python_integers",
        "path_dependent_types",
        "rearrangement",
        "reductions",
        "retyped_variables",
        "roms",
        "shifts",
        "swaps",
        "views",
        "weak_accumulators",
        "while",
    }
)
"""Parts of the language that the generator may use. Each can be turned off to look behind a known fault."""


@dataclass(frozen=True)
class Array:
    """An array in scope."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    writable: bool = True


@dataclass(frozen=True)
class Scalar:
    """A variable that holds a NumPy scalar."""

    name: str
    dtype: str
    assignable: bool = True


@dataclass(frozen=True)
class PythonInt:
    """A variable (or expression) that holds a Python integer between `low` and `high`."""

    name: str
    low: int
    high: int
    assignable: bool = False


@dataclass(frozen=True)
class Callee:
    """A function that programs call: it takes NumPy scalars and perhaps one array, which it may change."""

    name: str
    parameters: tuple[str, ...]
    """The types of the scalars."""
    results: tuple[str, ...]
    """The types of the results; without any, the function is called for what it does to its array."""
    array: Array | None = None
    """The array parameter, the first one."""


@dataclass
class Scope:
    """The names that a statement may use. A nested block works on a copy, so that its own names stay inside."""

    rng: Random
    features: frozenset[str] = DEFAULT_FEATURES
    arrays: list[Array] = field(default_factory=list)
    scalars: list[Scalar] = field(default_factory=list)
    python_ints: list[PythonInt] = field(default_factory=list)
    callees: list[Callee] = field(default_factory=list)
    own: set[str] = field(default_factory=set)
    """The variables that this block itself defines."""
    exits: tuple[str, ...] = ()
    """The statements that may leave the loop or iteration that this block belongs to."""

    def nested(self) -> Scope:
        """The scope of a block inside this one."""
        inner = Scope(
            self.rng, self.features, list(self.arrays), list(self.scalars), list(self.python_ints), list(self.callees)
        )
        inner.exits = self.exits
        return inner

    def inside_loop(self, *exits: str) -> Scope:
        """The scope of the body of a loop that some statements may leave."""
        inner = self.nested()
        inner.exits = exits if self.has("exits") else ()
        return inner

    def has(self, feature: str) -> bool:
        """Whether the generator may use a part of the language."""
        return feature in self.features

    def arrays_of(self, dtype: str) -> list[Array]:
        """The arrays with elements of a type."""
        return [array for array in self.arrays if array.dtype == dtype]

    def scalars_of(self, dtype: str) -> list[Scalar]:
        """The variables of a type."""
        return [scalar for scalar in self.scalars if scalar.dtype == dtype]
