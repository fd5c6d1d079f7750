"""Quotients, remainders and products that are counted along are those that were computed."""

from __future__ import annotations

import random

import numpy as np
import pytest
from xdsl.dialects import arith
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from gatewright.compiler.driver import run_passes
from gatewright.interpreters import loops
from gatewright.ir.context import context
from gatewright.ir.program import Program
from gatewright.transforms.loops.reduce_strength import ReduceStrengthPass

DIVISIONS = ("divui", "divsi", "floordivsi", "remui", "remsi")
REDUCED = (arith.DivUIOp, arith.DivSIOp, arith.FloorDivSIOp, arith.RemUIOp, arith.RemSIOp, arith.MuliOp)


def program(seed: int) -> str:
    """A nest that stores what it computes of its counters, in some types."""
    drawn = random.Random(seed)
    inner = drawn.choice(["%n", "%i"])
    bounds = [(drawn.randint(0, 5), drawn.randint(6, 30), drawn.choice([1, 1, 2, 3, 7])), (0, 0, 1)]
    lines, stored = [], 0
    for number in range(drawn.randint(1, 6)):
        counter, type_ = drawn.choice(["%i", "%i", "%j"]), drawn.choice(["index", "i32", "i16", "i6"])
        value = f"%v{number}"
        lines.append(f"{value}a = arith.addi {counter}, %o{drawn.choice([0, 0, 3, 9])} : index")
        cast = f"arith.index_cast {value}a : index to {type_}"
        lines.append(f"{value}b = {'arith.addi ' + value + 'a, %o0 : index' if type_ == 'index' else cast}")
        if drawn.random() < 0.6:
            divisor = drawn.choice([2, 3, 5, 7, 13, 16, 29])
            lines.append(f"{value}d = arith.constant {divisor} : {type_}")
            lines.append(f"{value} = arith.{drawn.choice(DIVISIONS)} {value}b, {value}d : {type_}")
        else:
            constant = f"arith.constant {drawn.choice([11, 23, 29])} : {type_}"
            given = f"arith.index_cast %n : index to {type_}" if type_ != "index" else "arith.addi %n, %o0 : index"
            lines.append(f"{value}d = {drawn.choice([constant, given])}")
            lines.append(f"{value} = arith.muli {value}b, {value}d : {type_}")
        wide = f"arith.index_cast {value} : {type_} to index"
        lines.append(f"{value}w = {wide if type_ != 'index' else 'arith.addi ' + value + ', %o0 : index'}")
        lines += [f"%s{number} = memref.load %at[%o0] : memref<1xindex>"]
        lines += [f"memref.store {value}w, %out[%s{number}] : memref<4096xindex>"]
        lines += [f"%t{number} = arith.addi %s{number}, %o1 : index"]
        lines += [f"memref.store %t{number}, %at[%o0] : memref<1xindex>"]
        stored += 1
    low, high, step = bounds[0]
    constants = "\n".join(f"%o{k} = arith.constant {k} : index" for k in (0, 1, 3, 9))
    text = "\n".join(lines)
    return f"""func.func @f(%out: memref<4096xindex>, %at: memref<1xindex>, %n: index) {{
{constants}
%low = arith.constant {low} : index
%high = arith.constant {high} : index
%step = arith.constant {step} : index
scf.for %i = %low to %high step %step {{
  scf.for %j = %o0 to {inner} step %o1 {{
{text}
  }}
}}
return
}}"""


def answer(module: ModuleOp) -> list[int]:
    out, at = np.zeros(4096, np.int64), np.zeros(1, np.int64)
    loops.run(Program("loops", module, "f"), [out, at, np.array(5)], 10_000)
    assert at[0] < 4096
    return out[: at[0]].tolist()


def reduced(text: str) -> tuple[ModuleOp, ModuleOp]:
    module = Parser(context(), text).parse_module()
    changed = module.clone()
    run_passes(context(), changed, (ReduceStrengthPass(),))
    return module, changed


@pytest.mark.parametrize("seed", range(150))
def test_what_is_counted_along_is_what_was_computed(seed: int):
    module, changed = reduced(program(seed))
    assert answer(changed) == answer(module)


def test_most_of_it_is_counted_along():
    before = after = 0
    for seed in range(100):
        pair = reduced(program(seed))
        counts = [sum(isinstance(op, REDUCED) for op in module.walk()) for module in pair]
        before, after = before + counts[0], after + counts[1]
    assert after < before * 0.7
