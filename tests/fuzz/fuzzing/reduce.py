"""Shorten a program while it keeps failing in the same way.

Greedy delta debugging on the syntax tree: statements are deleted or replaced by their bodies, expressions by one of
their operands or by a constant, parameters dropped together with their arguments. A candidate that Python itself does
not run is no candidate, so edits need not keep names defined.
"""

from __future__ import annotations

import ast
import copy
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fuzzing.check import Failure
from fuzzing.generator import python_accepts
from fuzzing.program import Program, text_of

Edit = ast.AST | list[ast.stmt]
"""What takes the place of a node: another node, or any number of statements."""


def reduce(
    program: Program, failure: Failure, check: Callable[[Program], Failure | None], seconds: float = 120.0
) -> tuple[Program, Failure]:
    """The shortest program found in the given time that still fails as `failure`, with its own failure."""
    deadline = time.monotonic() + seconds
    shrunk = True
    while shrunk and time.monotonic() < deadline:
        shrunk = False
        position = 0
        while time.monotonic() < deadline:
            found = _first_that_fails(program, failure, check, position, deadline)
            if found is None:
                break
            program, failure, position = found
            shrunk = True
    return program, failure


def _first_that_fails(
    program: Program, failure: Failure, check: Callable[[Program], Failure | None], start: int, deadline: float
) -> tuple[Program, Failure, int] | None:
    """The first edit from position `start` on that keeps the failure; the result says where to go on."""
    with tempfile.TemporaryDirectory() as folder:
        for position, text in enumerate(_edited(program.source)):
            if time.monotonic() > deadline:
                return None
            if position < start or text == program.source:
                continue
            candidate = Program(program.name, text)
            if python_accepts(candidate, Path(folder)) and failure.resembles(seen := check(candidate)):
                assert seen is not None
                return candidate, seen, position
    return None


def _edited(source: str) -> Iterator[str]:
    """The texts of all programs that one edit makes, the boldest edits first."""
    tree = ast.parse(source)
    for column in range(_parameter_count(tree)):
        yield text_of(_without_parameter(copy.deepcopy(tree), column))
    for number, node in enumerate(ast.walk(tree)):
        for variant in range(len(_variants(node))):
            yield text_of(_Replace(number, variant).applied(copy.deepcopy(tree)))


class _Replace(ast.NodeTransformer):
    """Replaces the node with one number, in the order of `ast.walk`, by one of its variants."""

    def __init__(self, number: int, variant: int):
        self.number, self.variant = number, variant
        self.target: ast.AST | None = None

    def applied(self, tree: ast.Module) -> ast.Module:
        self.target = next(node for number, node in enumerate(ast.walk(tree)) if number == self.number)
        edited = self.visit(tree)
        assert isinstance(edited, ast.Module)
        for node in ast.walk(edited):
            if isinstance(node, (ast.For, ast.While, ast.If, ast.FunctionDef)) and not node.body:
                node.body = [ast.Pass()]
        return edited

    def visit(self, node: ast.AST):
        return _variants(node)[self.variant] if node is self.target else self.generic_visit(node)


def _variants(node: ast.AST) -> list[Edit]:
    """What may stand in place of a node."""
    if isinstance(node, ast.stmt):
        return _statement_variants(node)
    if isinstance(node, ast.expr) and not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return []
    return _expression_variants(node)


def _statement_variants(node: ast.stmt) -> list[Edit]:
    match node:
        case ast.Assign(targets=[ast.Name(id="INPUTS")], value=ast.List(elts=elements)) if len(elements) > 1:
            return [ast.Assign(node.targets, ast.List([each], ast.Load())) for each in elements]
        case ast.Assign(targets=[ast.Name(id="INPUTS")]):
            return []
        case ast.FunctionDef(name="program"):
            return []
        case ast.If():
            return [[], node.body, node.orelse] if node.orelse else [[], node.body]
        case ast.For():
            first = ast.Assign([node.target], ast.Constant(0))
            return [[], node.body, [first, *node.body]]
        case ast.While():
            return [[], node.body]
        case ast.AugAssign(target=target, value=value):
            return [[], ast.Assign([target], value)]
        case ast.Return(value=ast.Tuple(elts=elements)):
            return [[], *(ast.Return(each) for each in elements)]
    return [[]]


def _expression_variants(node: ast.AST) -> list[Edit]:
    match node:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.Compare(left=left, comparators=[right]):
            return [ast.Constant(True), ast.Constant(False)]
        case ast.Compare(left=left, ops=[first, *_], comparators=[middle, *_]):
            return [ast.Compare(left, [first], [middle])]
        case ast.BoolOp(values=values):
            return list(values)
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Call(func=ast.Name(id="range")):
            return [ast.Call(node.func, [ast.Constant(n)], []) for n in (1, 2)]
        case ast.Call(func=ast.Attribute(attr="array"), args=[ast.List(), *_]):
            return []
        case ast.Call(args=arguments):
            return list(arguments)
        case ast.Slice():
            return [ast.Slice()]
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return [ast.Constant(n) for n in (0, 1, value // 2) if abs(n) < abs(value)]
    return []


def _parameter_count(tree: ast.Module) -> int:
    return len(_program(tree).args.args)


def _program(tree: ast.Module) -> ast.FunctionDef:
    return next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "program")


def _without_parameter(tree: ast.Module, column: int) -> ast.Module:
    """The program without one parameter, and the inputs without its arguments."""
    del _program(tree).args.args[column]
    inputs = tree.body[-1]
    assert isinstance(inputs, ast.Assign) and isinstance(inputs.value, ast.List)
    for row in inputs.value.elts:
        assert isinstance(row, ast.Tuple)
        del row.elts[column]
    return tree
