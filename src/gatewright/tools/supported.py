"""Print what is supported, from the tables that the front ends dispatch on: `python -m gatewright.tools.supported`."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Sequence

HEADINGS: dict[str, Callable[[str], bool]] = {
    "NumPy": lambda name: name.startswith("np."),
    "Methods of arrays": lambda name: name.startswith("."),
    "Functions": lambda name: hasattr(builtins, name) or name.startswith(("math.", "gw.")),
    "Python": lambda _: True,
}
"""The groups of what the Python front end supports; a name belongs to the first that takes it."""


def groups() -> dict[str, dict[str, str]]:
    """What is supported, by heading, each name with a line on what it does."""
    from gatewright.frontends.python import SUPPORTED

    found: dict[str, dict[str, str]] = {heading: {} for heading in reversed(HEADINGS)}
    for name, note in SUPPORTED.items():
        found[next(heading for heading, takes in HEADINGS.items() if takes(name))][name] = note
    return found


def overview() -> str:
    """One row a group, with the names in it."""
    rows = [f"| {heading} | {', '.join(map(_name, notes))} |" for heading, notes in groups().items()]
    return "\n".join(["| | supported |", "| --- | --- |", *rows]) + "\n"


def details() -> str:
    """One table a group, with a line on each name."""
    tables = []
    for heading, notes in groups().items():
        rows = ["| {} | {} |".format(_name(name), note.replace("|", "\\|")) for name, note in notes.items()]
        tables.append("\n".join([f"## {heading}\n", "| | |", "| --- | --- |", *rows]) + "\n")
    return "\n".join(tables)


def _name(name: str) -> str:
    code = name.startswith(("np.", ".", "math.", "gw.")) or hasattr(builtins, name)
    return f"`{name}`" if code else name


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the overview, or with `--details` a line on everything."""
    given = sys.argv[1:] if arguments is None else arguments
    print(details() if "--details" in given else overview(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
