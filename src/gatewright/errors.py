"""The errors a user of Gatewright can meet: what is wrong, where, why, and what to do."""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SourceLocation:
    """A place in the user's program: a file, a line from 1, a column from 0 and the width to underline."""

    file: str
    line: int
    column: int = 0
    width: int = 1

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line}"

    def excerpt(self) -> list[str]:
        """The source line with carets under the place, or nothing when the file cannot be read."""
        text = linecache.getline(self.file, self.line).rstrip("\n")
        if not text.strip():
            return []
        width = max(1, min(self.width, len(text) - self.column))
        return [f"{self.line:5} | {text}", f"      | {' ' * self.column}{'^' * width}"]


class GatewrightError(Exception):
    """Something the user can mend. `str(error)` is one short paragraph, ready to print.

    `what` states the fault, `where` points at the user's source, `why` gives the reason and `remedy` the way out. The
    three texts are lower case without a full stop.
    """

    def __init__(
        self,
        what: str,
        *,
        where: SourceLocation | None = None,
        why: str | None = None,
        remedy: str | None = None,
    ):
        self.what, self.where, self.why, self.remedy = what, where, why, remedy
        super().__init__(what)

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.where:
            lines += self.where.excerpt()
        if self.why:
            lines.append(f"  {self.why}")
        if self.remedy:
            lines.append(f"  help: {self.remedy}")
        return "\n".join(lines)


class UnsupportedError(GatewrightError):
    """The program uses something that has no hardware here, or none yet."""


class SourceError(GatewrightError):
    """A source cannot be read or parsed: a missing file, malformed Python, MLIR or ONNX."""


class InterfaceError(GatewrightError):
    """Arguments do not fit the program: wrong number, type, shape or value."""


class OptionError(GatewrightError):
    """An option has no meaning or an impossible value."""


class ToolError(GatewrightError):
    """An outside tool is missing or failed."""


class InternalError(GatewrightError):
    """A pass of the compiler failed, or left something invalid: a fault of Gatewright, which the user can report."""


class SimulationError(GatewrightError):
    """The program did something wrong while running: a hang, an access outside an array."""


class OutputError(GatewrightError):
    """Results cannot be written: an unwritable folder, a full disk."""


class IrError(GatewrightError):
    """Intermediate text given by the user parses, but is not a valid program of its level."""
