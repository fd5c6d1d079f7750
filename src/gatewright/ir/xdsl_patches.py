"""Faults of xDSL 0.74 that are mended here: importing this module does it.

Constant tensors that hold zeros of both signs: xDSL takes a dense attribute for a splat, and prints one element, if all
its values compare equal. Zeros of both signs do; they are different numbers. Elements are compared as they are stored.

Names of values: of two values with the hint `table`, xDSL prints the second as `table_1`, which another value may have
for a hint. A name is printed for one value only.
"""

from __future__ import annotations

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr
from xdsl.ir import SSAValue
from xdsl.printer import Printer


def _is_splat(self: DenseIntOrFPElementsAttr) -> bool:
    """Whether all elements are stored as the same bytes."""
    contents, count = self.data.data, len(self)
    return count > 0 and contents == contents[: len(contents) // count] * count


_print_unnamed = Printer.print_ssa_value


def _print_ssa_value(self: Printer, value: SSAValue) -> str:
    """Print a value by its hint, with the first number behind it that makes a name of its own."""
    hint = value.name_hint
    if value in self._ssa_values or not hint:  # pyright: ignore[reportPrivateUsage]
        return _print_unnamed(self, value)
    number = self.ssa_names.get(hint, 0)
    name = f"{hint}_{number}" if number else hint
    while name != hint and name in self.ssa_names:
        number += 1
        name = f"{hint}_{number}"
    self.ssa_names[hint] = number + 1
    self.ssa_names.setdefault(name, 1)
    self._ssa_values[value] = name  # pyright: ignore[reportPrivateUsage]
    self.print_string(f"%{name}")
    return name


DenseIntOrFPElementsAttr.is_splat = _is_splat
Printer.print_ssa_value = _print_ssa_value
