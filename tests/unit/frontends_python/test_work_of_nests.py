"""What nests cost the compiler adds up from level to level: counted, not timed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import gatewright as gw
from gatewright.analysis import ranges
from gatewright.frontends.python import expressions, loops
from gatewright.tools.user_code import load_module

HEAD = "import gatewright as gw\n\n\ndef f(a: gw.i32[8], c: gw.i32[8], i: gw.u8) -> gw.i32:\n"


def conditionals(depth: int) -> str:
    text = "a[0]"
    for level in reversed(range(depth)):
        text = f"(a[i + {level}] if c[i] > {level} else {text})"  # a load that may be outside: one side runs
    return f"{HEAD}    return {text}\n"


def nest(depth: int, opening: Callable[[int, str], str]) -> str:
    levels = "".join(opening(level, "    " * (level + 1)) for level in range(depth))
    return f"{HEAD}    s = 0\n{levels}{'    ' * (depth + 1)}s += a[0] * 3\n    return s\n"


def counted(depth: int) -> str:
    return nest(depth, lambda level, indent: f"{indent}for i{level} in range(2):\n")


def whiles(depth: int) -> str:
    return nest(
        depth,
        lambda level, indent: f"{indent}i{level} = 0\n{indent}while i{level} < 2:\n{indent}    i{level} += 1\n",
    )


def compiled(text: str, folder: Path) -> gw.Design:
    file = folder / f"nest{len(text)}.py"
    file.write_text(text, encoding="utf-8")
    return gw.compile(load_module(file).f)


def calls(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, run: Callable[[], object]) -> int:
    """How often a function is called while something runs."""
    original, count = getattr(owner, name), [0]

    def counting(*arguments: object, **named: object) -> object:
        count[0] += 1
        return original(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, counting)
        run()
    return count[0]


def test_each_side_of_a_conditional_is_elaborated_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    counts = [
        calls(monkeypatch, expressions, "choose", lambda depth=depth: compiled(conditionals(depth), tmp_path))
        for depth in (6, 12)
    ]
    assert counts == [6, 12]


@pytest.mark.parametrize("text", [counted, whiles])
def test_a_level_of_loops_adds_to_the_work(text: Callable[[int], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def runs(owner: object, name: str, depth: int) -> int:
        return calls(monkeypatch, owner, name, lambda: compiled(text(depth), tmp_path))

    for owner, name in ((loops.LoopElaboration, "elaborate"), (ranges._Analysis, "_fixpoint")):  # pyright: ignore[reportPrivateUsage]
        few, many = runs(owner, name, 6), runs(owner, name, 12)
        assert many <= 4.5 * few, name  # twice as deep: at most as the square


def test_deep_nests_compute_the_same(tmp_path: Path):
    for text in (counted(9), whiles(7)):
        depth = text.count("range(2)") or text.count("while")
        design = compiled(text, tmp_path)
        assert design([5] * 8, [0] * 8, 0) == 3 * 5 * 2**depth
