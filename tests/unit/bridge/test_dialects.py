"""What xDSL prints of our `hw`, `comb` and `seq`, CIRCT reads, and the other way round."""

from __future__ import annotations

from io import StringIO

import pytest
from xdsl.context import Context
from xdsl.dialects.builtin import Builtin, IntegerType, ModuleOp
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from gatewright.bridge.circt import parse_and_verify, run_passes
from gatewright.dialects.comb import Comb
from gatewright.dialects.hw import Hw
from gatewright.dialects.seq import ConstClockOp, FirMemOp, FirMemReadOp, FirMemType, FirMemWriteOp, Seq, clock

TEXT = """
builtin.module {
  hw.module @m(in %clk: !seq.clock, in %rst: i1, in %en: i1, in %a: i4, in %d: i32, out q: i32, out s: i30) {
    %c0 = hw.constant 0 : i32
    %ram = seq.firmem 1, 1, old, undefined : <16 x 32>
    %q = seq.firmem.read_port %ram[%a], clock %clk enable %en : <16 x 32>
    seq.firmem.write_port %ram[%a] = %d, clock %clk enable %en : <16 x 32>
    %rom = seq.firmem 0, 1, undefined, port_order {init = #seq.firmem.init<"rom.mem", false, true>} : <10 x 32>
    %w = seq.firmem.read_port %rom[%a], clock %clk : <10 x 32>
    %r = seq.compreg.ce %w, %clk, %en reset %rst, %c0 : i32
    %e = seq.compreg.ce %q, %clk, %p : i32
    %p = comb.parity %r : i32
    %s = comb.extract %r from 2 : (i32) -> i30
    hw.output %e, %s : i32, i30
  }
}
"""


def parse(text: str) -> ModuleOp:
    context = Context()
    for dialect in (Builtin, Hw, Comb, Seq):
        context.load_dialect(dialect)
    return Parser(context, text).parse_module()


def test_text_goes_round_through_xdsl_and_circt():
    module = parse(TEXT)
    module.verify()
    printed = str(module)
    assert printed.strip() == TEXT.strip()
    parse_and_verify(printed)
    parse(run_passes(printed, "cse")).verify()


def test_the_address_and_the_word_of_a_port_fit_its_memory():
    memory = FirMemOp(FirMemType(16, 8))
    clk, address, word = (
        ConstClockOp.create(result_types=[type_]) for type_ in (clock, IntegerType(5), IntegerType(8))
    )
    with pytest.raises(VerifyException, match="a memory of 16 words has i4 addresses"):
        FirMemReadOp(memory.memory, address.result, clk.result).verify()
    fitting = ConstClockOp.create(result_types=[IntegerType(4)])
    with pytest.raises(VerifyException, match="a memory of 8-bit words holds i8, not i4"):
        FirMemWriteOp(memory.memory, fitting.result, fitting.result, clk.result).verify()
    FirMemWriteOp(memory.memory, fitting.result, word.result, clk.result).verify()


def test_the_generic_form_goes_round_through_xdsl():
    out = StringIO()
    Printer(out, print_generic_format=True).print_op(parse(TEXT))
    assert str(parse(out.getvalue())).strip() == TEXT.strip()


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ("from 2 : (i32) -> i30", "from 3 : (i32) -> i30", "bits 3 to 32 are not all in a value of type i32"),
        ("<10 x 32>\n    %w", "<10 x 0>\n    %w", "a memory of 10 words of 0 bits is empty"),
    ],
)
def test_what_circt_would_refuse_we_refuse(good: str, bad: str, message: str):
    assert good in TEXT
    with pytest.raises(VerifyException, match=message):
        parse(TEXT.replace(good, bad)).verify()
