"""Who imports whom: every import of the package's files, also those in functions and those for types only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOMS = (
    "errors",
    "numbers",
    "devices",
    "plan",
    "options",
    "operators",
    "scheduling",
    "dialects",
    "ir",
    "machine",
    "hardware",
    "bridge",
    "interpreters",
    "analysis",
    "transforms.tensor",
    "transforms.loops",
    "transforms.schedule",
    "transforms.dataflow",
    "planning",
    "transforms.rtl",
    "simulate",
    "quantization",
    "reporting",
    "frontends",
    "compiler",
    "exploration",
    "tools",
)
"""The rooms of the compiler from the bottom up. An import goes down, or stays in its room."""


@dataclass(frozen=True)
class Import:
    """That one file imports another one."""

    source: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


def room(module: str) -> int | None:
    """The place of a module's room in the order; None for the package itself and for what holds rooms only."""
    found = [name for name in ROOMS if module == name or module.startswith(f"{name}.")]
    return ROOMS.index(max(found, key=len)) if found else None


def modules(package: Path) -> dict[str, Path]:
    """The files of a package by dotted name below it."""
    found = {}
    for file in package.rglob("*.py"):
        parts = file.relative_to(package).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports(package: Path) -> list[Import]:
    """All imports among the files of a package."""
    files = modules(package)
    return [found for name, file in sorted(files.items()) for found in _imports_of(name, file, files, package.name)]


def _imports_of(name: str, file: Path, files: dict[str, Path], package: str) -> Iterator[Import]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == package:
            base = node.module.removeprefix(package).lstrip(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".lstrip(".")
                yield Import(name, inner if inner in files else base, node.lineno)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == package:
                    yield Import(name, alias.name.removeprefix(package).lstrip("."), node.lineno)


def upward(found: list[Import]) -> list[Import]:
    """The imports that do not go down: those of a higher room, and those between two levels of transforms."""
    wrong = []
    for each in found:
        above, below = room(each.source), room(each.target)
        if above is None or below is None:
            if each.source and not each.target:  # the package itself is on top of all
                wrong.append(each)
            continue
        levels = ROOMS[above].startswith("transforms.") and ROOMS[below].startswith("transforms.")
        if below > above or (levels and below != above):
            wrong.append(each)
    return wrong


def circles(found: list[Import]) -> list[list[str]]:
    """The files that import each other in a circle: strongly connected components (Tarjan 1972), each sorted."""
    graph: dict[str, set[str]] = {}
    for each in found:
        graph.setdefault(each.source, set()).add(each.target)
        graph.setdefault(each.target, set())
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    components: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            component = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(component) > 1 or name in graph[name]:
                components.append(sorted(component))

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return sorted(components)
