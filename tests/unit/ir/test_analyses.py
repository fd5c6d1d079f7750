"""An analysis is made once for each form of what it is about, within a run of passes."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.dialects import arith, func
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i32
from xdsl.ir import Operation
from xdsl.parser import Parser

from gatewright.analysis.function_dependences import FunctionDependences
from gatewright.analysis.ranges import value_ranges
from gatewright.compiler.driver import Phase, run_phases
from gatewright.ir.analyses import analysed, kept_analyses
from gatewright.ir.context import context
from gatewright.transforms.loops.simplify_loops import SimplifyLoopsPass

TEXT = """
func.func @f(%a: memref<8xi32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %seven = arith.constant 7 : index
  scf.for %i = %zero to %seven step %one {
    %x = memref.load %a[%i] : memref<8xi32>
    %j = arith.addi %i, %one : index
    memref.store %x, %a[%j] : memref<8xi32>
  }
  func.return
}
"""


def module() -> tuple[ModuleOp, func.FuncOp]:
    found = Parser(context(), TEXT).parse_module()
    function = next(iter(found.ops))
    assert isinstance(function, func.FuncOp)
    return found, function


def test_a_result_is_kept_until_anything_changes():
    _, function = module()
    seen: list[Operation] = []

    def size(op: Operation) -> int:
        seen.append(op)
        return len(list(op.walk()))

    with kept_analyses():
        first = analysed(size, function)
        assert analysed(size, function) == first and len(seen) == 1
        constant = next(op for op in function.walk() if isinstance(op, arith.ConstantOp))
        constant.properties["value"] = IntegerAttr.from_index_int_value(2)
        analysed(size, function)
        assert len(seen) == 2
        constant.attributes["gw.any"] = IntegerAttr(1, i32)
        analysed(size, function)
        assert len(seen) == 3
        function.body.block.insert_op_before(arith.ConstantOp.from_int_and_width(3, 32), constant)
        assert analysed(size, function) == first + 1
    analysed(size, function)
    assert len(seen) == 5  # nothing is kept behind the run


def test_ranges_and_dependences_follow_the_function():
    _, function = module()
    loop = next(op for op in function.walk() if op.name == "scf.for")
    with kept_analyses():
        before = value_ranges(function)
        assert value_ranges(function) is before
        dependences = FunctionDependences.of(function)
        assert FunctionDependences.of(function) is dependences
        accesses = [op for op in loop.walk() if op.name.startswith("memref.")]
        assert dependences.forbidding(accesses, accesses, [loop]) is not None
        last = next(op for op in function.walk() if op.name == "memref.store")
        counter = loop.regions[0].block.args[0]
        last.operands[2] = counter
        changed = FunctionDependences.of(function)
        assert changed is not dependences
        assert changed.forbidding(accesses, accesses, [loop]) is None


def test_the_driver_keeps_analyses_for_the_passes_of_a_run():
    found, function = module()
    results: list[object] = []

    class Asking(SimplifyLoopsPass):
        name = "asking"

        def apply(self, ctx: Context, op: ModuleOp) -> None:
            results.append(value_ranges(function))

    run_phases(context(), found, [Phase("asked", (Asking(), Asking()))])
    assert results[0] is results[1]
    assert value_ranges(function) is not results[0]
