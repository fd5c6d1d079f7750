"""Elaboration makes a typed tree; the IR is made of it at the end, each node once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerAttr, i1, i8, i32, i64
from xdsl.ir import Operation

from gatewright.frontends.python import emission, load, loader
from gatewright.frontends.python.builder import Builder
from gatewright.frontends.python.tree import (
    Compute,
    CountedLoop,
    TreeBody,
    TreeChoice,
    TypedTerm,
    WhileLoop,
    integer_of,
    used,
)
from gatewright.options import Options

V = np.zeros(8, np.int32)


def nested(a, n):
    """Loops whose types settle on the second try, a conditional expression, an array expression, a while loop."""
    total, table = 0, np.array([1, 2, 3, 4, 5, 6, 7, 8], dtype=np.int32)
    for i in range(8):
        for j in range(n):
            total += a[i] * 3 if a[j] > 2 else a[i] + j
        table[i] += a[i]
    table += a * 2
    while total > 100:
        total -= table[0]
    return total, table


def made(monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]) -> list[type[Operation]]:
    """The kinds of the operations that are made while something runs."""
    kinds: list[type[Operation]] = []
    original = Operation.__init__

    def counting(self: Operation, *arguments: object, **named: object) -> None:
        kinds.append(type(self))
        original(self, *arguments, **named)  # pyright: ignore[reportArgumentType]

    with monkeypatch.context() as patched:
        patched.setattr(Operation, "__init__", counting)
        run()
    return kinds


def test_there_is_no_operation_before_the_tree_is_finished(monkeypatch: pytest.MonkeyPatch):
    trees: list[TreeBody] = []

    def stop(name: str, entry: TreeBody, tables: object):
        trees.append(entry)
        raise StopIteration

    def run() -> None:
        monkeypatch.setattr(loader, "emit", stop)
        with pytest.raises(StopIteration):
            load(nested, (V, np.uint8(1)), Options())

    assert made(monkeypatch, run) == []
    kinds = {type(node) for body in trees[0].walk() for node in body.nodes}
    assert {Compute, CountedLoop, WhileLoop} <= kinds


def test_each_node_becomes_one_operation(monkeypatch: pytest.MonkeyPatch):
    trees: list[TreeBody] = []
    original = emission.emit

    def keep(name: str, entry: TreeBody, tables: dict):
        trees.append(entry)
        return original(name, entry, tables)

    monkeypatch.setattr(loader, "emit", keep)
    kinds = made(monkeypatch, lambda: load(nested, (V, np.uint8(1)), Options()))
    bodies = list(trees[0].walk())
    nodes, ends, others = sum(len(body.nodes) for body in bodies), len(bodies), 3  # a module, a function, a table
    assert len(kinds) == nodes + ends + others


def test_a_term_has_the_type_of_what_gives_it():
    a, b, condition = TypedTerm(i32), TypedTerm(i32), TypedTerm(i1)
    for kind, arguments, type_ in (
        (arith.AddiOp, (a, b), i32),
        (arith.CmpiOp, (a, b, "slt"), i1),
        (arith.SelectOp, (condition, a, b), i32),
        (arith.ExtSIOp, (a, i64), i64),
        (arith.IndexCastOp, (a, IndexType()), IndexType()),
        (arith.ConstantOp, (IntegerAttr(7, i8),), i8),
    ):
        assert Compute.of(kind, *arguments).result.type == type_, kind
    assert integer_of(Compute.of(arith.ConstantOp, IntegerAttr(7, i8)).result) == 7
    assert integer_of(a) is None


def test_equal_pure_operations_in_reach_are_one():
    builder = Builder()
    a, b = builder.entry.parameter(i32), builder.entry.parameter(i32)
    total = builder.pure(arith.AddiOp, a, b)
    with builder.inside(TreeBody()) as inner:
        assert builder.pure(arith.AddiOp, a, b) is total
        product = builder.pure(arith.MuliOp, a, b)
    assert builder.pure(arith.MuliOp, a, b) is not product
    with builder.apart(TreeBody()):
        assert builder.pure(arith.AddiOp, a, b) is not total
    assert len(inner.nodes) == 1


def test_what_is_used_is_found_in_all_bodies():
    a, condition, unused = TypedTerm(i32), TypedTerm(i1), TypedTerm(i32)
    then, orelse = TreeBody(), TreeBody(leaves=[a])
    then.leaves = [a]
    assert used([TreeBody(nodes=[TreeChoice(condition, then, orelse)])]) == {a, condition}
    before, going = TreeBody.of([i32]), TypedTerm(i1)
    assert going in used([TreeBody(nodes=[WhileLoop([a], before, going, TreeBody())])])
    assert unused not in used([TreeBody([unused])])
