"""The table of operations, and the tables that have a row for each of them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from xdsl.dialects import arith, memref, scf
from xdsl.ir import Operation

from gatewright.analysis import ranges
from gatewright.frontends import mlir
from gatewright.interpreters import arithmetic
from gatewright.ir.float_operations import FLOAT_OPERATIONS
from gatewright.ir.operations import OF_FLOATS, OF_INTEGERS, OPERATIONS, Hardware
from gatewright.operators.library import OperatorLibrary
from gatewright.transforms.rtl import arithmetic as logic

OF_NO_RANGE = {"arith.maxui", "arith.minui", "gw.isqrt"}
"""Operations of integers whose result may be any number of its type, as far as anything is known."""


def names(kinds: Iterable[type[Operation]]) -> set[str]:
    return {kind.name for kind in kinds}


def test_everything_that_computes_has_a_meaning():
    assert names(arithmetic.RULES) == names(OPERATIONS)


def test_integers_have_ranges():
    assert names(ranges.RULES) == names(OF_INTEGERS) - OF_NO_RANGE


def test_what_takes_less_than_a_cycle_has_logic():
    small = {kind for kind, facts in OPERATIONS.items() if facts.hardware is not Hardware.OPERATOR}
    assert names(small) - {arith.ConstantOp.name} <= set(logic.known_operations())


@pytest.mark.parametrize("kind", [kind for kind, facts in OF_FLOATS.items() if facts.operator], ids=lambda k: k.name)
def test_operators_of_one_format_are_in_the_library(kind: type[Operation]):
    assert OperatorLibrary().float_operator(OF_FLOATS[kind].operator, "f32").area.luts > 0


def test_the_levels_allow_what_is_in_the_table_and_nothing_else_that_computes():
    allowed = {name for name in names(mlir.LOOP_OPERATIONS) if name.startswith(("arith.", "math.", "gw."))}
    assert allowed - {"gw.directive"} == names(OPERATIONS)


def test_each_operation_is_of_integers_or_of_floats():
    assert not set(OF_INTEGERS) & set(OF_FLOATS)
    assert set(FLOAT_OPERATIONS) == set(OF_FLOATS)


def test_control_and_memory_are_not_in_it():
    assert not {scf.ForOp, scf.IfOp, memref.LoadOp, memref.StoreOp} & set(OPERATIONS)
