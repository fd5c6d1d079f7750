"""What the operations of a loop's body demand of each other, in one iteration and from one to the next."""

from __future__ import annotations

from xdsl.dialects import func, scf
from xdsl.parser import Parser

from gatewright.analysis.traced_dependences import accesses_of, trace
from gatewright.ir.context import context
from gatewright.operators.library import OperatorLibrary
from gatewright.transforms.schedule.iterations import IterationProblem, LoopBody, build, entries_of_body, is_straight
from gatewright.transforms.schedule.loops_to_schedule import HEAD_OPERATIONS
from gatewright.transforms.schedule.operators import OperatorChooser

LOOP = """
func.func @f(%a : memref<16xi32>, %x : i32) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  %r:3 = scf.while (%k = %c0, %p = %x, %q = %x) : (index, i32, i32) -> (index, i32, i32) {{
    %go = arith.cmpi slt, %k, %c8 : index
    scf.condition(%go) %k, %p, %q : index, i32, i32
  }} do {{
  ^bb0(%i : index, %s : i32, %t : i32):
    %n = arith.addi %i, %c1 : index
    {body}
  }}
  func.return
}}
"""

AHEAD = """
    %v = memref.load %a[%i] : memref<16xi32>
    %j = arith.addi %i, %c2 : index
    memref.store %v, %a[%j] : memref<16xi32>
    scf.yield %n, %t, %v : index, i32, i32
"""
"""Operations 0 to 3: the increment, the load, the address two ahead, the store."""


def iteration(body: str, traced: bool) -> IterationProblem:
    function = next(iter(Parser(context(), LOOP.format(body=body)).parse_module().ops))
    assert isinstance(function, func.FuncOp)
    loop = next(op for op in function.walk() if isinstance(op, scf.WhileOp))
    block = loop.after_region.block
    assert block.last_op is not None
    accesses = accesses_of(block)
    assert accesses is not None
    described = LoopBody(list(block.args), list(block.last_op.operands), entries_of_body(block, HEAD_OPERATIONS), [0])
    library = OperatorLibrary("generic", 100.0)
    found = trace(loop, accesses) if traced else None
    return build(described, OperatorChooser(library, function), library.budget_ns, found)


def demands(of: IterationProblem, reason: str) -> set[tuple[int, int, int | None, int]]:
    return {(d.source, d.target, d.cycles, d.distance) for d in of.problem.dependences if d.reason == reason}


def test_values_are_demanded_in_the_same_iteration():
    assert demands(iteration(AHEAD, traced=True), "value") == {(1, 3, None, 0), (2, 3, None, 0)}


def test_a_traced_store_is_waited_for_where_its_element_is_loaded():
    assert demands(iteration(AHEAD, traced=True), "memory") == {(3, 1, 1, 2)}


def test_without_a_trace_any_two_accesses_may_touch_the_same_element():
    assert demands(iteration(AHEAD, traced=False), "memory") == {(1, 3, 0, 0), (1, 3, 0, 1), (3, 1, 1, 1), (3, 3, 1, 1)}


def test_what_becomes_another_value_as_it_is_comes_from_the_iteration_that_made_it():
    built = iteration(AHEAD, traced=True)
    assert built.producers == [0, 1, 1]
    assert built.distances == [1, 2, 1]
    assert built.aliases == {1: 2} and not built.copies


def test_what_is_only_handed_around_is_copied():
    around = "scf.yield %n, %t, %s : index, i32, i32"
    built = iteration(around, traced=True)
    assert built.producers == [0, 1, 2]
    assert [value.name_hint for value in built.copies] == ["t", "s"]


def test_carried_values_are_there_a_cycle_after_what_makes_them_or_with_their_latency():
    body = "%u = arith.addi %s, %t : i32" + AHEAD
    carried = demands(iteration(body, traced=True), "carried value")
    assert carried == {(0, 0, 1, 1), (0, 2, 1, 1), (0, 3, 1, 1), (2, 1, None, 1), (2, 1, None, 2)}


def test_a_store_waits_for_the_condition_of_its_iteration():
    assert demands(iteration(AHEAD, traced=True), "condition") == {(0, 3, 1, 1)}


def test_only_stores_stand_in_conditionals_of_a_straight_body():
    text = """
    %c = arith.cmpi slt, %s, %t : i32
    scf.if %c {{ memref.store %s, %a[%i] : memref<16xi32> }}
    {more}
    scf.yield %n, %s, %t : index, i32, i32
    """
    for more, straight in (("", True), ("scf.if %c { %y = memref.load %a[%i] : memref<16xi32> }", False)):
        module = Parser(context(), LOOP.format(body=text.format(more=more))).parse_module()
        loop = next(op for op in module.walk() if isinstance(op, scf.WhileOp))
        assert is_straight(list(loop.after_region.block.ops)[:-1], HEAD_OPERATIONS) is straight
