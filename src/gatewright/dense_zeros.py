"""Constant tensors that hold zeros of both signs keep them.

xDSL takes a dense attribute for a splat, and prints one element, if all its values compare equal. Zeros of both signs
do; they are different numbers. Importing this module makes xDSL compare the elements as they are stored.
"""

from __future__ import annotations

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr


def _is_splat(self: DenseIntOrFPElementsAttr) -> bool:
    """Whether all elements are stored as the same bytes."""
    contents, count = self.data.data, len(self)
    return count > 0 and contents == contents[: len(contents) // count] * count


DenseIntOrFPElementsAttr.is_splat = _is_splat
