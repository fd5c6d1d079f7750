"""Garbage is looked for less often while a program is compiled, and as often as before afterwards."""

from __future__ import annotations

import gc

import pytest

import gatewright as gw
from gatewright.compiler import design
from gatewright.compiler.collection import YOUNG, collecting_rarely


def double(a: gw.i32) -> gw.i32:
    return a + a


@pytest.mark.parametrize("given", [(700, 10, 10), (2 * YOUNG, 5, 5), (0, 10, 10)])
def test_the_user_s_thresholds_come_back(given: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch):
    before, seen = gc.get_threshold(), []
    load = design.load

    def noting(*arguments: object) -> object:
        seen.append(gc.get_threshold()[0])
        return load(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(design, "load", noting)
    gc.set_threshold(*given)
    try:
        gw.compile(double)
        assert gc.get_threshold() == given
        assert seen == [YOUNG if given[0] == 700 else given[0]]
        with pytest.raises(ZeroDivisionError), collecting_rarely():
            raise ZeroDivisionError
        assert gc.get_threshold() == given
    finally:
        gc.set_threshold(*before)
