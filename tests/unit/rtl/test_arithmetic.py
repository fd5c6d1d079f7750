"""Logic computes what the interpreter computes, for every operation and all small numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from xdsl.dialects.builtin import IntegerType

from gatewright.dialects import hw, seq
from gatewright.transforms.rtl.arithmetic import canonical_signed_digits, known_operations
from gatewright.transforms.rtl.circuit import Circuit, signed

BINARY = (
    *("addi", "subi", "muli", "divui", "divsi", "floordivsi", "remui", "remsi", "andi", "ori", "xori"),
    *("shli", "shrui", "shrsi", "maxsi", "maxui", "minsi", "minui"),
)
PREDICATES = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")


def of_two(width: int, second: str) -> str:
    """A function that computes everything of two numbers; `second` is the name of the second one."""
    type_ = f"i{width}"
    lines = [f"%{op} = arith.{op} %a, {second} : {type_}" for op in BINARY]
    lines += [f"%{p} = arith.cmpi {p}, %a, {second} : {type_}" for p in PREDICATES]
    lines += [f"%select = arith.select %ult, %a, {second} : {type_}", f"%root = gw.isqrt %a : {type_}"]
    names = [*(f"%{op}" for op in BINARY), *(f"%{p}" for p in PREDICATES), "%select", "%root"]
    types = [*[type_] * len(BINARY), *["i1"] * len(PREDICATES), type_, type_]
    results = [f"%r{k}" for k in range(len(names))]
    constant = f"  %c = arith.constant {second} : {type_}\n" if not second.startswith("%") else ""
    body = "\n    ".join(line.replace(f", {second} :", ", %c :") if constant else line for line in lines)
    return (
        f"func.func @all(%a: {type_}, %b: {type_}) -> ({', '.join(types)}) {{\n{constant}"
        f"  {', '.join(results)} = loopschedule.step {{\n    {body}\n"
        f"    loopschedule.register {', '.join(names)} : {', '.join(types)}\n  }} : {', '.join(types)}\n"
        f"  return {', '.join(results)} : {', '.join(types)}\n}}"
    ).replace("arith.constant true", "arith.constant 1")


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_every_operation_of_all_small_numbers(both, width):
    program = both(of_two(width, "%b"))
    numbers = range(-(1 << (width - 1)), 1 << (width - 1)) if width > 1 else range(2)
    kind = np.bool_ if width == 1 else np.int8
    for a, b in itertools.product(numbers, numbers):
        program.agree(np.array(a, kind), np.array(b, kind), reset=False)


@pytest.mark.parametrize("width", [8, 31, 32, 64])
def test_every_operation_of_numbers_at_the_edges(both, width):
    program = both(of_two(width, "%b"))
    top = 1 << (width - 1)
    edges = [0, 1, 2, 3, 5, width - 1, -1, -2, -7, -top, top - 1, 1 - top, top // 3]
    kind = f"int{max(8, 1 << (width - 1).bit_length())}"
    for a, b in itertools.product(edges, edges):
        program.agree(np.array(a, kind), np.array(b, kind), reset=False)


@pytest.mark.parametrize("constant", [0, 1, 2, 8, 3, 7, 10, -1, -6, -128, 127, 85])
def test_every_operation_with_a_constant(both, constant):
    program = both(of_two(8, str(constant)))
    for a in (0, 1, 2, 9, 100, 127, -1, -2, -77, -128):
        program.agree(np.int8(a), np.int8(0), reset=False)


@pytest.mark.parametrize("extensions", [*itertools.product(["extsi", "extui"], repeat=2)])
def test_every_operation_of_extended_numbers(both, extensions):
    """Logic on extended operands is as narrow as its result; so is the register that keeps one."""
    text = of_two(8, "%y").replace("%a: i8, %b: i8", "%small: i3, %other: i3")
    first = "= loopschedule.step {\n"
    extended = f"    %a = arith.{extensions[0]} %small : i3 to i8\n    %y = arith.{extensions[1]} %other : i3 to i8\n"
    last = "  return "
    text = text.replace(first, first + extended).replace(
        last, "  loopschedule.step {\n    loopschedule.register\n  }\n" + last
    )
    program = both(text)
    for a, b in itertools.product(range(-4, 4), repeat=2):
        program.agree(np.int8(a), np.int8(b), reset=False)


def test_changes_of_width(both):
    program = both(
        """
func.func @widths(%a: i8, %i: i64) -> (i32, i32, i3, i64, i8, i64) {
  %r:6 = loopschedule.step {
    %s = arith.extsi %a : i8 to i32
    %u = arith.extui %a : i8 to i32
    %t = arith.trunci %a : i8 to i3
    %x = arith.index_cast %a : i8 to index
    %y = arith.index_cast %x : index to i64
    %z = arith.index_cast %i : i64 to index
    %n = arith.index_cast %z : index to i8
    %more = arith.addi %x, %z : index
    %m = arith.index_cast %more : index to i64
    loopschedule.register %s, %u, %t, %y, %n, %m : i32, i32, i3, i64, i8, i64
  } : i32, i32, i3, i64, i8, i64
  return %r#0, %r#1, %r#2, %r#3, %r#4, %r#5 : i32, i32, i3, i64, i8, i64
}"""
    )
    for a in (-128, -5, 0, 77):
        program.agree(np.int8(a), np.int64(-(1 << 40) + 3))


def test_numbers_of_512_bits(both):
    wide = "i512"
    program = both(
        f"""
func.func @wide(%a: i64) -> (i64, i1) {{
  %k = arith.constant 300 : {wide}
  %r:2 = loopschedule.step {{
    %w = arith.extsi %a : i64 to {wide}
    %high = arith.shli %w, %k : {wide}
    %square = arith.muli %w, %w : {wide}
    %sum = arith.addi %high, %square : {wide}
    %back = arith.shrsi %sum, %k : {wide}
    %low = arith.trunci %back : {wide} to i64
    %p = arith.cmpi slt, %sum, %w : {wide}
    loopschedule.register %low, %p : i64, i1
  }} : i64, i1
  return %r#0, %r#1 : i64, i1
}}"""
    )
    for a in (0, 1, -1, 12345678901234, -(1 << 63)):
        program.agree(np.int64(a))


@pytest.mark.parametrize("number", [*range(-70, 70), 0x5555, 2**31 - 1])
def test_signed_digits_add_up_and_never_stand_side_by_side(number):
    digits = canonical_signed_digits(number)
    assert sum(sign << position for position, sign in digits) == number
    positions = [position for position, _ in digits]
    assert all(after - before > 1 for before, after in itertools.pairwise(positions))


def test_the_circuit_folds_constants_and_shares_expressions():
    ports = [hw.Port("clk", seq.clock), hw.Port("rst", IntegerType(1)), hw.Port("a", IntegerType(8))]
    circuit = Circuit(hw.module("folding", ports))
    a, four = circuit.inputs["a"], circuit.constant(4, 8)
    assert circuit.binary("add", a, four) is circuit.binary("add", a, four)
    assert circuit.constant_of(circuit.binary("mul", four, four)) == 16
    assert circuit.all_of(a, circuit.constant(-1, 8)) is a
    assert circuit.constant_of(circuit.all_of(a, circuit.invert(a))) == 0
    assert circuit.invert(circuit.invert(a)) is a
    assert circuit.mux(circuit.true, a, four) is a
    assert circuit.extract(circuit.extend(a, 32, sign=True), 0, 8) is a
    assert circuit.signed_bits(circuit.extend(circuit.extend(a, 16, sign=True), 32, sign=True)) == 8
    assert circuit.signed_bits(circuit.extend(a, 32, sign=False)) == 9
    assert circuit.signed_bits(circuit.constant(-3, 32)) == 3
    assert signed(0xFF, 8) == -1


def test_the_operations_with_logic_are_listed():
    assert {"arith.addi", "arith.cmpi", "arith.extsi", "gw.isqrt"} <= set(known_operations())
