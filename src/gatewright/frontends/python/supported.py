"""What the Python front end understands, collected from the tables that it dispatches on."""

from __future__ import annotations

import ast

from gatewright.frontends.python import array_creation, builtin_functions, directives, numpy_functions, reductions
from gatewright.frontends.python.exits import ForUntil
from gatewright.frontends.python.expressions import EXPRESSIONS
from gatewright.frontends.python.statements import STATEMENTS
from gatewright.frontends.python.tables import FUNCTIONS, METHODS

TABLES = (builtin_functions, array_creation, numpy_functions, reductions, directives)
"""The modules whose import fills the tables."""

NAMES: dict[type[ast.AST], str] = {
    ast.Assign: "assignment",
    ast.AnnAssign: "annotated assignment",
    ast.AugAssign: "augmented assignment",
    ast.For: "for",
    ForUntil: "break",
    ast.While: "while",
    ast.If: "if",
    ast.Return: "return",
    ast.FunctionDef: "def",
    ast.Expr: "expression statement",
    ast.Pass: "pass",
    ast.Assert: "assert",
    ast.Constant: "constants",
    ast.Name: "names",
    ast.BinOp: "arithmetic",
    ast.UnaryOp: "signs and not",
    ast.Compare: "comparisons",
    ast.BoolOp: "and, or",
    ast.IfExp: "conditional expressions",
    ast.Subscript: "subscripts",
    ast.Slice: "slices",
    ast.Call: "calls",
    ast.Attribute: "attributes",
    ast.Tuple: "tuples",
    ast.List: "lists",
    ast.Lambda: "lambda",
}
"""How the documentation calls each kind of syntax."""


def _note(elaborate: object) -> str:
    return (elaborate.__doc__ or "").strip().split("\n")[0]


SUPPORTED: dict[str, str] = {
    **{NAMES[syntax]: _note(elaborate) for table in (STATEMENTS, EXPRESSIONS) for syntax, elaborate in table.items()},
    **{entry.name: entry.note for entry in FUNCTIONS.values()},
    **{entry.name: entry.note for entry in METHODS.values()},
}
"""Each construct, function and method with one line on what it does."""
