"""The store of an exploration: one JSON line a point, only ever appended to, so that it can be stopped and resumed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gatewright.errors import OutputError, SourceError
from gatewright.exploration.rows import DesignRow
from gatewright.exploration.space import DesignPoint

_BEGIN = b'{"key": '
"""Of every line, also one that was cut off when a process was stopped."""


class ResultStore:
    """Rows by key: those of a file, if there is one, and those that are put in."""

    def __init__(self, path: str | Path | None):
        """Raises SourceError for a file that is none of rows; lines that were cut off are left alone."""
        self._path = None if path is None else Path(path)
        self._rows: dict[str, Mapping[str, Any]] = {}
        if self._path is None:
            return
        try:
            lines = self._path.read_bytes().split(b"\n") if self._path.exists() else []
        except OSError as error:
            raise SourceError(f"cannot read the store {path}", why=error.strerror) from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                self._take(line, number)

    def _take(self, line: bytes, number: int) -> None:
        try:
            row = json.loads(line)
            self._rows[row["key"]] = {**row["row"]}
        except (ValueError, KeyError, TypeError) as error:
            cut_off = isinstance(error, ValueError) and (line.startswith(_BEGIN) or _BEGIN.startswith(line))
            if not cut_off:
                raise SourceError(
                    f"line {number} of {self._path} is no row of an exploration", remedy="name another file"
                ) from error

    def get(self, key: str, point: DesignPoint) -> DesignRow | None:
        """The row of a point, if it is there."""
        found = self._rows.get(key)
        return None if found is None else DesignRow.read(point.options, found)

    def put(self, key: str, source: str, version: str, row: DesignRow) -> None:
        """Add a row, in the file too. Raises OutputError if that cannot be written."""
        self._rows[key] = row.figures
        if self._path is None:
            return
        described = row.described()
        line = {"key": key, "source": source, "version": version, "options": described.pop("options"), "row": described}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab+") as file:
                size = file.seek(0, 2)
                if size:  # a line that was cut off ends here
                    file.seek(size - 1)
                    torn = file.read(1) != b"\n"
                else:
                    torn = False
                file.write((b"\n" if torn else b"") + json.dumps(line).encode() + b"\n")
        except OSError as error:
            raise OutputError(f"cannot write the store {self._path}", why=error.strerror) from error
