"""Garbage collection while a program is compiled.

Operations, blocks and values refer to each other in circles, and Python looks for dead ones whenever a few hundred
objects were made. A compiler makes millions, most of which live on to the next phase: it spends a tenth of its time in
search of what is not there.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

YOUNG = 50_000
"""New objects after which the youngest are looked at."""


@contextmanager
def collecting_rarely() -> Generator[None, None, None]:
    """Look for garbage less often inside; not at all if that is how it is set."""
    before = gc.get_threshold()
    if 0 < before[0] < YOUNG:
        gc.set_threshold(YOUNG, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
