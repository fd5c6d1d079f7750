"""A bound on the work of isl, whose questions can take for ever; counted in its operations, so that answers repeat."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import islpy as isl


class EffortError(Exception):
    """A question to isl was given up."""


@contextmanager
def limited(operations: int) -> Generator[None, None, None]:
    """Give up what is asked of isl in the block after a number of its operations; raises EffortError then."""
    context = isl.DEFAULT_CONTEXT
    context.reset_operations()
    context.set_max_operations(operations)
    try:
        yield
    except Exception as error:
        if _is_used_up():
            raise EffortError("this question to isl takes too long") from error
        raise
    finally:
        context.set_max_operations(0)
        context.reset_operations()


def _is_used_up() -> bool:
    """True if isl does nothing any more, which its errors and the empty objects that it hands out then do not tell."""
    try:
        isl.Set("{ : }")
    except isl.Error:
        return True
    return False
