"""Fused loops give the answers of loops that follow each other, and are one loop wherever that is allowed."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from gatewright.compiler.driver import run_passes
from gatewright.interpreters import loops
from gatewright.ir.context import context
from gatewright.ir.program import Program
from gatewright.planning.plan_fusion import PlanFusionPass

TRIPS = (4, 3)
ARRAYS = ("a", "b", "c")
EXTENT = 20


def subscript(drawn: random.Random, depth: int) -> list[int]:
    """Factors of the counters, and a number."""
    return [drawn.choice([0, 1, 1, 2, -1]) for _ in range(depth)] + [drawn.randint(6, 8)]


def nest(name: str, depth: int, lines: list[tuple[str, list[int], str, list[int]]]) -> str:
    """A nest that takes elements of arrays, adds one, and stores them elsewhere."""
    body = []
    for number, (source, loaded, target, stored) in enumerate(lines):
        for role, factors in (("l", loaded), ("s", stored)):
            terms = [f"%{name}{number}{role}{k}" for k in range(depth)]
            for k, term in enumerate(terms):
                body.append(f"{term} = arith.muli %{name}i{k}, %k{factors[k] + 1} : index")
            total = f"%k{factors[-1] + 1}"
            for term in terms:
                body.append(f"{term}t = arith.addi {total}, {term} : index")
                total = f"{term}t"
            body.append(f"%{name}{number}{role} = arith.addi {total}, %k1 : index")
        kind = f"memref<{EXTENT}xi32>"
        body += [
            f"%{name}{number}v = memref.load %{source}[%{name}{number}l] : {kind}",
            f"%{name}{number}w = arith.addi %{name}{number}v, %one : i32",
            f"memref.store %{name}{number}w, %{target}[%{name}{number}s] : {kind}",
        ]
    text = "\n".join(body)
    for k in reversed(range(depth)):
        text = f"scf.for %{name}i{k} = %k1 to %k{TRIPS[k] + 1} step %k2 {{\n{text}\n}}"
    return text


def program(seed: int) -> tuple[str, int, list[list[tuple[str, list[int], str, list[int]]]]]:
    """Two or three nests over the same range."""
    drawn = random.Random(seed)
    depth = drawn.randint(1, 2)
    nests = [
        [
            (drawn.choice(ARRAYS), subscript(drawn, depth), drawn.choice(ARRAYS), subscript(drawn, depth))
            for _ in range(drawn.randint(1, 2))
        ]
        for _ in range(drawn.randint(2, 3))
    ]
    constants = "\n".join(f"%k{n + 1} = arith.constant {n} : index" for n in range(-1, 9))
    parameters = ", ".join(f"%{array}: memref<{EXTENT}xi32>" for array in ARRAYS)
    body = "\n".join(nest(f"n{n}", depth, lines) for n, lines in enumerate(nests))
    return (
        f"func.func @f({parameters}) {{\n{constants}\n%one = arith.constant 1 : i32\n{body}\nreturn\n}}",
        depth,
        nests,
    )


def answer(module: ModuleOp) -> list[list[int]]:
    arrays = [np.arange(EXTENT, dtype=np.int32) + 100 * k for k in range(len(ARRAYS))]
    loops.run(Program("loops", module, "f"), arrays, 10_000)
    return [array.tolist() for array in arrays]


def outermost(module: ModuleOp) -> int:
    """The number of loops that are in no other one."""
    return sum(isinstance(op, scf.ForOp) and not isinstance(op.parent_op(), scf.ForOp) for op in module.walk())


def may_be_fused(depth: int, earlier: list, later: list) -> bool:
    """Whether no iteration of the later nest meets one of the earlier that comes behind it, found by trying all."""

    def touched(lines: list, counters: tuple[int, ...]) -> list[tuple[str, int, bool]]:
        found = []
        for source, loaded, target, stored in lines:
            for array, factors, stores in ((source, loaded, False), (target, stored, True)):
                place = sum(f * c for f, c in zip(factors, counters, strict=False)) + factors[-1]
                found.append((array, place, stores))
        return found

    every = list(product(*(range(trips) for trips in TRIPS[:depth])))
    return not any(
        one == other and place == there and (stores or too)
        for first in every
        for second in every
        if second < first
        for one, place, stores in touched(earlier, first)
        for other, there, too in touched(later, second)
    )


def fused(text: str) -> tuple[ModuleOp, ModuleOp]:
    module = Parser(context(), text).parse_module()
    changed = module.clone()
    run_passes(context(), changed, (PlanFusionPass(),))
    return module, changed


@pytest.mark.parametrize("seed", range(60))
def test_fused_loops_give_the_same_answers(seed: int):
    module, changed = fused(program(seed)[0])
    assert answer(changed) == answer(module)


def test_two_nests_are_fused_exactly_where_that_keeps_the_order():
    seen = {True: 0, False: 0}
    for seed in range(200):
        text, depth, nests = program(seed)
        arrays = [{line[0] for line in lines} | {line[2] for line in lines} for lines in nests]
        if len(nests) != 2 or not arrays[0] & arrays[1]:
            continue
        legal = may_be_fused(depth, *nests)
        seen[legal] += 1
        assert outermost(fused(text)[1]) == (1 if legal else 2), text
    assert min(seen.values()) > 5, seen
