"""A program between two passes: a module at one of the compiler's levels, with its interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp

from gatewright.errors import IrError
from gatewright.ir.interface import Signature, signature_of


@dataclass(frozen=True)
class Convention:
    """How a source is called, beyond what its interface tells."""

    defaults: Mapping[str, object] = field(default_factory=dict)
    """The values that parameters have when they are not given."""
    constants: Mapping[int, object] = field(default_factory=dict)
    """Results that are known at compile time, by position among all results: no hardware computes them."""
    returned: Callable[[Sequence[object]], object] | None = None
    """What a call returns, made of all results in order; None for the result, or a tuple of several."""


@dataclass
class Program:
    """What a front end delivers: `module` holds one public function called `name`, at `level`."""

    level: str
    module: ModuleOp
    name: str
    notes: dict[str, object] = field(default_factory=dict)
    """Facts for the report that the IR does not hold, by topic (for example the formats chosen for each tensor)."""
    sources: dict[str, str] = field(default_factory=dict)
    """The texts of the user's files that the locations in the IR name, by file name."""
    convention: Convention = field(default_factory=lambda: Convention())
    """How the source is called."""

    @property
    def function(self) -> func.FuncOp:
        """The public function."""
        return public_function(self.module)

    @property
    def signature(self) -> Signature:
        """The interface, as the function's attributes encode it."""
        return signature_of(self.function)


def public_function(module: ModuleOp) -> func.FuncOp:
    """The one public function with a body of a module; IrError if there is none or several."""
    found = [op for op in module.ops if isinstance(op, func.FuncOp) and not op.is_declaration]
    public = [op for op in found if op.sym_visibility is None or op.sym_visibility.data == "public"]
    if len(public) != 1:
        names = ", ".join(f"@{op.sym_name.data}" for op in public) or "none"
        raise IrError(
            f"a program has one public function, this module has {len(public)} ({names})",
            remedy="mark the others private",
        )
    return public[0]
