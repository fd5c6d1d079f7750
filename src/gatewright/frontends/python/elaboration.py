"""The state of one compilation: where we are in the source, the names in scope, what was stored to which memory."""

from __future__ import annotations

import ast
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from xdsl.dialects.builtin import UnknownLoc

from gatewright.errors import GatewrightError, InterfaceError, SourceLocation, UnsupportedError
from gatewright.frontends.python.bounds import Linear, between
from gatewright.frontends.python.builder import Builder
from gatewright.frontends.python.tree import TreeBody, TypedTerm, integer_of
from gatewright.frontends.python.values import PYTHON_INT, Buffer, FixedPoint, Frame, Number, Value
from gatewright.options import Options

RESULT = "<result>"
"""The name under which a frame keeps what its function returns."""


@dataclass(frozen=True)
class Mark:
    """A state to which an elaboration that is tried can be taken back."""

    names: tuple[dict[str, Value], ...]
    formats: tuple[dict[str, FixedPoint], ...]
    stores: int
    merged: int


class Elaboration:
    """What the parts of the front end share while one program is compiled."""

    def __init__(self, options: Options, elaborate_body: Callable[[Elaboration, list[ast.stmt]], None]):
        self.options = options
        self.elaborate_body = elaborate_body
        """Elaborates the statements of a function that is called."""
        self.builder = Builder()
        self.frames: list[Frame] = []
        self.sources: dict[str, str] = {}
        """The texts of the files of all functions compiled so far, by file name."""
        self.stores: list[tuple[Buffer, SourceLocation | None]] = []
        """Every store elaborated so far, in order."""
        self.merged: list[tuple[Buffer, str]] = []
        """Memories that may stand for the same array as another, by the name of that: neither may be changed."""
        self.constants: dict[object, Buffer] = {}
        """The memories of constant arrays of the surroundings, by their contents."""
        self.is_guess = False
        """Whether a loop around here is tried with its first guess, which may fail."""
        self.buffers: list[Buffer] = []
        """Every local memory, in order."""
        self._node: ast.AST | None = None
        self._bounds: dict[TypedTerm, Linear] = {}

    @property
    def frame(self) -> Frame:
        """The function being compiled."""
        return self.frames[-1]

    @property
    def here(self) -> SourceLocation | None:
        """The place in the source that is being compiled."""
        return self.frame.source.location(self._node) if self._node is not None and self.frames else None

    @contextmanager
    def at(self, node: ast.AST | None) -> Generator[None, None, None]:
        """Compile `node` of the current frame's source: operations and errors carry its place."""
        saved, location = self._node, self.builder.location
        self._node = node
        self.builder.location = UnknownLoc() if node is None else self.frame.source.ir_location(node)
        try:
            yield
        finally:
            self._node, self.builder.location = saved, location

    def enter(self, frame: Frame) -> None:
        """Go on with another function."""
        self.frames.append(frame)
        self.sources.setdefault(frame.source.name, "".join(frame.source.lines))

    @contextmanager
    def calling(self, frame: Frame) -> Generator[None, None, None]:
        """Compile the body of another function."""
        node = self._node
        self.enter(frame)
        try:
            yield
        finally:
            self.frames.pop()
            self._node = node

    @property
    def node(self) -> ast.AST | None:
        """The syntax being compiled."""
        return self._node

    def unsupported(self, what: str, *, why: str | None = None, remedy: str | None = None) -> GatewrightError:
        """An error about the current place: this has no hardware."""
        return UnsupportedError(what, where=self.here, why=why, remedy=remedy)

    def mistake(self, what: str, *, why: str | None = None, remedy: str | None = None) -> GatewrightError:
        """An error about the current place: the program is wrong in Python too, or does not fit its arguments."""
        return InterfaceError(what, where=self.here, why=why, remedy=remedy)

    def python_int(
        self, term: TypedTerm, linear: Linear | None = None, low: int | None = None, high: int | None = None
    ) -> Number:
        """The Python integer held by an `index` value; the same value always has the same linear expression."""
        if term not in self._bounds:
            self._bounds[term] = linear if linear is not None else between(low, high)
        return Number(PYTHON_INT, term, linear=self._bounds[term])

    def is_between(self, value: TypedTerm, low: int, high: int) -> bool:
        """Whether an `index` value is certainly from `low` to `high`."""
        if (known := integer_of(value)) is not None:
            return low <= known <= high
        if (linear := self._bounds.get(value)) is None:
            return False
        least, greatest = linear.least(), linear.greatest()
        return least is not None and greatest is not None and low <= least and greatest <= high

    def mark(self) -> Mark:
        """The present state, for `restore`."""
        return Mark(
            tuple(dict(frame.names) for frame in self.frames),
            tuple(dict(frame.formats) for frame in self.frames),
            len(self.stores),
            len(self.merged),
        )

    def restore(self, mark: Mark) -> None:
        """Forget what was elaborated since `mark`."""
        for frame, names, formats in zip(self.frames, mark.names, mark.formats, strict=True):
            frame.names, frame.formats = dict(names), dict(formats)
        del self.stores[mark.stores :]
        del self.merged[mark.merged :]

    @contextmanager
    def guessing(self, first: bool) -> Generator[None, None, None]:
        """Elaborate the body of a loop, perhaps with the `first` guess of what it carries."""
        saved, self.is_guess = self.is_guess, self.is_guess or first
        try:
            yield
        finally:
            self.is_guess = saved

    @contextmanager
    def trial(self) -> Generator[None, None, None]:
        """Elaborate something only to learn what it is; nothing of it remains."""
        mark = self.mark()
        try:
            with self.builder.inside(TreeBody()):
                yield
        finally:
            self.restore(mark)
