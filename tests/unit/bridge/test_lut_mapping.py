"""CIRCT's mapping to look-up tables: what it counts is known for small modules."""

from __future__ import annotations

import pytest

from gatewright.bridge.lut_mapping import Mapped, map_to_luts


def conjunction(bits: int) -> str:
    """All bits of a word, by `comb.and`."""
    taken = "".join(f"  %{bit} = comb.extract %a from {bit} : (i{bits}) -> i1\n" for bit in range(bits))
    names, types = ", ".join(f"%{bit}" for bit in range(bits)), "i1"
    body = f"{taken}  %all = comb.and {names} : {types}\n  hw.output %all : i1\n"
    return f"hw.module private @m(in %clk : !seq.clock, in %a : i{bits}, out result : i1) {{\n{body}}}\n"


@pytest.mark.parametrize(
    ("bits", "inputs", "expected"),
    [(2, 6, Mapped(1, 1)), (6, 6, Mapped(1, 1)), (4, 4, Mapped(1, 1)), (16, 4, Mapped(5, 2))],
)
def test_a_conjunction_takes_a_tree_of_tables(bits: int, inputs: int, expected: Mapped):
    assert map_to_luts(conjunction(bits), inputs) == expected


def test_registers_and_products_end_a_path():
    text = """\
hw.module private @m(in %clk : !seq.clock, in %a : i8, in %b : i8, out result : i8) {
  %0 = comb.xor %a, %b : i8
  %1 = seq.compreg %0, %clk : i8
  %2 = comb.mul %1, %b : i8
  %3 = comb.and %2, %a : i8
  hw.output %3 : i8
}
"""
    assert map_to_luts(text, 6) == Mapped(16, 1)


def test_the_area_is_that_of_additions_that_ripple_and_the_depth_of_those_that_do_not():
    text = """\
hw.module private @m(in %clk : !seq.clock, in %a : i64, in %b : i64, out result : i64) {
  %0 = comb.add %a, %b : i64
  hw.output %0 : i64
}
"""
    found = map_to_luts(text, 6)
    assert 64 <= found.luts <= 3 * 64
    assert found.depth <= 6
