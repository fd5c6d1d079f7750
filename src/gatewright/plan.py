"""The plan of a design: what is decided about its loops, as data that prints, reads back, and can be given.

A plan is a sequence of decisions, one a line, each a call on loops by their names, with its reason behind it::

    distribute(i, after=1)                # a division between inner loops would be part of every iteration
    interleave(x, 8)                      # 8 cycles for 8 iterations instead of 56
    pipeline(k, interval=2)               # asked for

Loops are named after their counters; a second loop over `i` is `i_2`, and so on in the order of the text.
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gatewright.errors import OptionError

DecisionValue = int | str | bool | None


MOST_BANKS = 1024
"""The most banks of an array along an axis."""

MOST = 1 << 16
"""The largest number in a decision: more iterations than can take turns, and longer than any iteration."""


def is_name(text: str) -> bool:
    """Whether a text can be the name of a loop: one that a plan reads back."""
    return text.isascii() and text.isidentifier() and not keyword.iskeyword(text)


@dataclass(frozen=True)
class DecisionKind:
    """A kind of decision: what it says, and of what form its subject and its value are."""

    name: str
    meaning: str
    several: bool = False
    """Whether it is about several loops, and not one."""
    value: str | None = None
    """The name of the value, None if there is none."""
    form: type = bool
    least: int = 0
    """The least number, of a value that is one."""
    most: int = MOST
    """The largest."""
    by_name: bool = False
    """Whether the value is written with its name."""
    words: tuple[str, ...] = ()
    """What a text may be."""
    pattern: str = ""
    """The form of a text that may be anything of that form, with an example of it behind a space."""
    of_array: bool = False
    """Whether it is about an array, and not about loops."""

    def check(self, subject: tuple[str, ...], value: DecisionValue) -> str | None:
        """What is wrong with a decision of this kind, None if nothing is."""
        if odd := [each for each in subject if not isinstance(each, str) or not is_name(each)]:
            return f"is about loops by their names, and {odd[0]!r} is none"
        if not subject or (len(subject) > 1 and not self.several):
            return f"is about {'loops' if self.several else 'one loop'}"
        if len(set(subject)) < len(subject):
            return "names a loop twice"
        if self.value is None:
            return None if value is None else "has no value"
        if type(value) is not self.form:
            return f"needs {self.value}, {_FORMS[self.form]}"
        if isinstance(value, int) and not isinstance(value, bool) and not self.least <= value <= self.most:
            return f"needs {self.value}, from {self.least} to {self.most}"
        if isinstance(value, str) and self.pattern:
            form, example = self.pattern.split(" ")
            return None if re.fullmatch(form, value) else f"needs {self.value}, such as {example!r}"
        if isinstance(value, str) and value not in self.words:
            return f"needs {self.value}, one of {', '.join(self.words)}"
        return None


_FORMS = {int: "a number", bool: "True or False", str: "a word"}

KINDS: Mapping[str, DecisionKind] = {
    kind.name: kind
    for kind in (
        DecisionKind(
            "partial_sums",
            "An innermost loop takes its sum of floating-point numbers in so many parts in turn; with `reassociate`.",
            False, "count", int, 1,
        ),
        DecisionKind(
            "fuse", "Loops over the same range that follow each other are one loop.", True, "is_done", bool
        ),
        DecisionKind("order", "The loops of a perfect nest, from the outermost to the innermost.", True),
        DecisionKind(
            "distribute",
            "A loop, and those named in front of it, are two: what is up to that inner loop, counted from one, and "
            "what is behind it; 0 cuts in front of all inner loops; -1 leaves it whole.",
            True, "after", int, -1, by_name=True,
        ),
        DecisionKind(
            "copy", "An array outside the design is copied into it while it is worked on.", of_array=True
        ),
        DecisionKind(
            "task",
            "A task begins with the nest of those loops, on so many multipliers of its own; 0: as many as it can use. "
            "With `dataflow`.",
            True, "multipliers", int, 0, by_name=True,
        ),
        DecisionKind("unroll", "So many iterations of a loop are done at once.", False, "factor", int, 1, 1 << 12),
        DecisionKind(
            "bank",
            "An array is kept in so many memories along each axis, its elements dealt out in turn.",
            False, "factors", str, pattern="[1-9][0-9]{0,4}(x[1-9][0-9]{0,4})* 2x4", of_array=True,
        ),
        DecisionKind(
            "squares", "Two loops over a square visit it by squares that grow by a column and a row each time.", True
        ),
        DecisionKind(
            "rotate",
            "How what a loop stores or loads gets to later iterations: through memory; in registers that loads in "
            "front of the loop fill (prologue), or that early iterations of the loop fill (skewed).",
            False, "through", str, words=("memory", "prologue", "skewed"),
        ),
        DecisionKind(
            "interleave",
            "So many iterations of a loop around a reduction take turns; 1: one after the other.",
            False, "count", int, 1,
        ),
        DecisionKind("flatten", "A nest of loops runs as one loop.", False, "is_done", bool),
        DecisionKind(
            "overlap",
            "Two loops that follow each other run together, the second after so many iterations of the first.",
            True, "after", int, 0, by_name=True,
        ),
        DecisionKind(
            "merge",
            "Which accesses of an array in an innermost loop are one where they take turns: loads, stores, both "
            "(accesses) or nothing.",
            False, "what", str, words=("nothing", "loads", "stores", "accesses"),
        ),
        DecisionKind(
            "bypass",
            "In an innermost loop, loads find so many of the last stores of their array in registers.",
            False, "stores", int, 0, 64,
        ),
        DecisionKind(
            "pipeline", "The cycles from one iteration of an innermost loop to the next.",
            False, "interval", int, 1, by_name=True,
        ),
    )
}  # fmt: skip
"""The kinds of decisions, in the order in which they are made."""

ASKED = "asked for"
"""The reason of what a user decided."""


@dataclass(frozen=True)
class Decision:
    """One decision. Its reason is no part of what it is."""

    kind: str
    subject: tuple[str, ...]
    """The names of the loops."""
    value: DecisionValue = None
    reason: str = field(default="", compare=False)

    def __post_init__(self):
        kind = KINDS.get(self.kind) if isinstance(self.kind, str) else None
        if kind is None:
            raise OptionError(f"{self.kind} is no decision of a plan", remedy=f"one of {', '.join(KINDS)}")
        subject = (self.subject,) if isinstance(self.subject, str) else tuple(self.subject)
        object.__setattr__(self, "subject", subject)
        object.__setattr__(self, "reason", " ".join(str(self.reason).split()))
        if wrong := kind.check(self.subject, self.value):
            raise OptionError(f"{self.kind} {wrong}", why=f"{self} says: {kind.meaning}")

    @property
    def topic(self) -> tuple[str, str]:
        """What is decided: a kind, and the loop that it is decided for."""
        if self.kind == "fuse" and self.value is False:
            return self.kind, " ".join(self.subject)
        return self.kind, self.subject[-1] if self.kind == "distribute" else self.subject[0]

    def __str__(self) -> str:
        kind = KINDS.get(self.kind)
        shown = list(map(str, self.subject))
        if self.value is not None:
            shown.append(f"{kind.value}={self.value!r}" if kind is not None and kind.by_name else repr(self.value))
        return f"{self.kind}({', '.join(shown)})"


@dataclass(frozen=True)
class Plan:
    """What is decided about a design, in the order in which it was decided.

    Prints as text that `Plan.of` reads. A plan that leaves something open is a partial one: the rest is decided by the
    planner.
    """

    decisions: tuple[Decision, ...] = ()

    def __post_init__(self):
        seen: set[tuple[str, str]] = set()
        for each in self.decisions:
            if each.topic in seen:
                raise OptionError(f"a plan decides {each.kind} of {each.topic[1]} twice", remedy="say it once")
            seen.add(each.topic)
        for each in self.decisions:
            if each.kind != "fuse" or each.value is not False:
                continue
            for other in self.decisions:
                if other.kind == "fuse" and other.value and set(each.subject) <= set(other.subject):
                    raise OptionError(f"{other} and {each} cannot both be done", remedy="say one of them")

    def __iter__(self) -> Iterator[Decision]:
        return iter(self.decisions)

    def __len__(self) -> int:
        return len(self.decisions)

    def __str__(self) -> str:
        width = max((len(str(each)) for each in self.decisions), default=0)
        return "".join(
            f"{each!s:<{width}}  # {each.reason}\n" if each.reason else f"{each!s}\n" for each in self.decisions
        )

    def find(self, kind: str, loop: str) -> Decision | None:
        """The decision of a kind about a loop, None if it is open."""
        return next((each for each in self.decisions if each.topic == (kind, loop)), None)

    def to_json(self) -> list[dict[str, object]]:
        """The decisions as json can write them."""
        return [
            {"kind": each.kind, "loops": list(each.subject), "value": each.value, "reason": each.reason}
            for each in self.decisions
        ]

    @staticmethod
    def of(given: object) -> Plan:
        """A plan from one, from its text, from decisions, or from what `to_json` gave. Raises OptionError."""
        match given:
            case Plan():
                return given
            case str():
                return Plan(tuple(_parse(given)))
            case Iterable():
                return Plan(tuple(_decision(each) for each in given))
        raise OptionError(f"plan={given!r} is no plan", remedy='plan=design.plan, or its text: plan="interleave(i, 8)"')


def _decision(given: object) -> Decision:
    match given:
        case Decision():
            return given
        case {"kind": str(kind), "loops": [*loops], "value": int() | str() | bool() | None as value, **rest}:
            return Decision(kind, tuple(loops), value, str(rest.get("reason", "")))
    raise OptionError(f"{given!r} is no decision of a plan", remedy='its text, such as "interleave(i, 8)"')


_UNREADABLE = (SyntaxError, tokenize.TokenError, ValueError, TypeError, RecursionError, MemoryError)


def _parse(text: str) -> Iterator[Decision]:
    """The decisions of a text; what stands behind # is a reason."""
    try:
        statements = ast.parse(text).body
        reasons = {
            token.start[0]: token.string.lstrip("# ").rstrip()
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT
        }
    except _UNREADABLE as error:
        raise OptionError(
            "a plan does not parse", why=f"it is not Python: {error or type(error).__name__}", remedy=_EXAMPLE
        ) from error
    for statement in statements:
        match statement:
            case ast.Expr(ast.Call(ast.Name(kind), arguments, keywords)):
                yield _of_call(statement.lineno, kind, arguments, keywords, reasons.get(statement.lineno, ""))
            case _:
                raise OptionError(f"line {statement.lineno} of a plan is no decision", remedy=_EXAMPLE)


def _of_call(line: int, kind: str, arguments: list[ast.expr], keywords: list[ast.keyword], reason: str) -> Decision:
    subject = [each.id for each in arguments if isinstance(each, ast.Name)]
    rest = [each for each in arguments if not isinstance(each, ast.Name)]
    known = KINDS.get(kind)
    named = {each.arg: each.value for each in keywords}
    if known is not None and set(named) - {known.value}:
        raise OptionError(f"line {line} of a plan: {kind} has no {next(iter(set(named) - {known.value}))}")
    try:
        values = [ast.literal_eval(each) for each in [*rest, *named.values()]]
    except _UNREADABLE as error:
        raise OptionError(f"line {line} of a plan: {kind} is about names of loops and a value") from error
    if len(values) > 1 or len(named) < len(keywords):
        raise OptionError(f"line {line} of a plan: {kind} has one value")
    return Decision(kind, tuple(subject), values[0] if values else default_value(kind), reason)


def bank_factors(value: DecisionValue) -> tuple[int, ...]:
    """How many banks a decision to keep an array in banks asks for along each axis."""
    return tuple(map(int, str(value).split("x")))


def bank_value(factors: Iterable[int]) -> str:
    """The value of a decision that asks for so many banks along each axis."""
    return "x".join(map(str, factors))


def default_value(kind: str) -> DecisionValue:
    """The value of a decision that gives none: it is done."""
    known = KINDS.get(kind)
    return True if known is not None and known.value is not None and known.form is bool else None


_EXAMPLE = 'a decision a line, for example "interleave(i, 8)"'
