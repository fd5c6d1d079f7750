"""The boundary to CIRCT: text in, SystemVerilog or an error that is ours out."""

from __future__ import annotations

import pytest

from gatewright.bridge.circt import CirctError, arc_model, parse_and_verify, run_passes, split_verilog, verilog

COUNTER = """
hw.module private @increment(in %a : i8, out b : i8) {
  %one = hw.constant 1 : i8
  %b = comb.add %a, %one : i8
  hw.output %b : i8
}
hw.module @counter(in %clk : !seq.clock, in %rst : i1, in %go : i1, out count : i8) {
  %zero = hw.constant 0 : i8
  %next = hw.instance "step" @increment(a: %value: i8) -> (b: i8)
  %value = seq.compreg.ce %next, %clk, %go reset %rst, %zero : i8
  hw.output %value : i8
}
"""


def test_a_header_stands_above_the_top_module_alone():
    files = split_verilog(COUNTER, header="counts\n\nto 255")
    assert list(files) == ["increment.sv", "counter.sv"]
    assert files["counter.sv"].startswith("// counts\n//\n// to 255\n\nmodule counter(")
    assert files["increment.sv"].startswith("module increment(")
    assert verilog(COUNTER, "counts").startswith("// counts\n\nmodule increment(")


def test_verilog_keeps_the_names_of_the_text():
    text = verilog(COUNTER)
    for line in ("  reg  [7:0] value;", "  increment step (", "      value <= 8'h0;"):
        assert line in text.splitlines()


def test_verilog_is_the_same_every_time():
    assert verilog(COUNTER) == verilog(COUNTER)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hw.module @x(in %a : i1) { hw.output %a : i1 }", "has 0 outputs|number of operands|must have same number"),
        ("hw.module @x(", "CIRCT \\(parse\\)"),
        ('hw.module @x(in %a : i1) { hw.instance "i" @y(a: %a: i1) -> () }', "Cannot find module definition 'y'"),
    ],
)
def test_what_circt_refuses_is_an_error_of_ours_with_its_message(text: str, message: str):
    with pytest.raises(CirctError, match=message):
        parse_and_verify(text)
    assert issubclass(CirctError, AssertionError)


def test_passes_run_by_name():
    assert "comb.add" not in run_passes(COUNTER.replace("1 : i8", "0 : i8"), "canonicalize")
    with pytest.raises(CirctError, match="no-such-pass"):
        run_passes(COUNTER, "no-such-pass")


def test_a_model_knows_where_its_values_lie():
    model = arc_model(COUNTER, "counter")
    assert sorted(model.inputs) == ["clk", "go", "rst"]
    assert model.outputs["count"].width == 8
    assert model.registers["value"].width == 8
    assert "llvm.func @counter_eval" in model.llvm
    places = [*model.inputs.values(), *model.outputs.values(), *model.registers.values(), model.edge]
    assert len({place.offset for place in places}) == len(places)
    assert all(place.offset < model.storage_bytes for place in places)


def test_logic_that_occurs_twice_becomes_a_model():
    copies = "".join(
        f"""
  %s{k} = comb.mux %c{k}, %r{k}, %a : i32
  %t{k} = comb.add %s{k}, %b : i32
  %u{k} = comb.mux %d{k}, %t{k}, %s{k} : i32
  %r{k} = seq.compreg %u{k}, %clk : i32
  %c{k} = comb.extract %r{k} from {k} : (i32) -> i1
  %d{k} = comb.extract %a from {k} : (i32) -> i1"""
        for k in range(4)
    )
    text = f"""hw.module @twice(in %clk : !seq.clock, in %a : i32, in %b : i32, out x : i32) {{{copies}
  %x = comb.xor %r0, %r1, %r2, %r3 : i32
  hw.output %x : i32
}}"""
    assert len(arc_model(text, "twice").registers) == 4
