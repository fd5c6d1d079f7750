"""The modules of operators as IR are those of their text."""

from __future__ import annotations

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin
from xdsl.parser import Parser

from gatewright.dialects.comb import Comb
from gatewright.dialects.hw import Hw
from gatewright.dialects.seq import Seq
from gatewright.operators.integer import module_of
from gatewright.operators.library import Operator, OperatorLibrary
from gatewright.transforms.rtl.operator_modules import build, module_ir

LIBRARY = OperatorLibrary("ecp5", 100.0)
FLOATS = [("addf", "f32"), ("mulf", "f64"), ("divf", "f16"), ("sqrt", "f32"), ("exp", "bf16"), ("erf", "f16")]
INTEGERS = [("muli", 32), ("muli", 53), ("divui", 16), ("floordivsi", 12), ("remsi", 9), ("isqrt", 20)]
OPERATORS = [LIBRARY.float_operator(*each) for each in FLOATS] + [LIBRARY.operator(*each) for each in INTEGERS]


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_a_module_is_that_of_its_text(operator: Operator):
    netlist = module_of(operator, LIBRARY)
    context = Context()
    for dialect in (Builtin, Hw, Comb, Seq):
        context.load_dialect(dialect)
    parsed = Parser(context, netlist.text).parse_op()
    made = module_ir(netlist)
    made.verify()
    assert str(made) == str(parsed)


def test_each_user_gets_a_module_of_its_own():
    one, other = build(OPERATORS[0], LIBRARY), build(OPERATORS[0], LIBRARY)
    assert one is not other and str(one) == str(other)
