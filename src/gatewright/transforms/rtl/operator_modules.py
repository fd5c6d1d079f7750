"""The modules of operators as IR."""

from __future__ import annotations

from functools import lru_cache

from xdsl.context import Context
from xdsl.dialects.builtin import Builtin
from xdsl.parser import Parser

from gatewright.dialects.comb import Comb
from gatewright.dialects.hw import Hw, HWModuleOp
from gatewright.dialects.seq import Seq
from gatewright.operators.integer import module_text
from gatewright.operators.library import Operator, OperatorLibrary

MODULES = 64
"""How many modules are kept: programs use the same few operators again and again."""


def build(operator: Operator, library: OperatorLibrary) -> HWModuleOp:
    """The `hw.module` of an operator with latency, a new one each time."""
    return _parsed(module_text(operator, library)).clone()


@lru_cache(maxsize=MODULES)
def _parsed(text: str) -> HWModuleOp:
    context = Context()
    for dialect in (Builtin, Hw, Comb, Seq):
        context.load_dialect(dialect)
    module = Parser(context, text).parse_op()
    assert isinstance(module, HWModuleOp)
    module.verify()
    return module
