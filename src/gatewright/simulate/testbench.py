"""The C++ around a design that Verilator has translated: its clock, a memory at every array port, many runs.

The program reads requests from its input and writes replies to its output, both little-endian and without gaps:

```
request:  reset u8, hold_start u8, limit u64, interrupt u64; scalar parameters u64 each; array parameters
reply:    status u8, cycles u64, array u64, address u64; if ENDED: scalar results u64 each, written and result arrays
```

An array is its words in order, each of 1, 2, 4 or 8 bytes. `limit` bounds the cycles of the run; with `interrupt` other
than 0 the design is reset after so many cycles instead. `array` and `address` tell of a stray write.
"""

from __future__ import annotations

from gatewright.hardware.top import ArrayPort, ScalarPort, TopModule
from gatewright.hardware.words import word_dtype

ENDED, HANGS, STRAY, INTERRUPTED, NOT_READY = range(5)
"""The status of a reply."""


WRAPPER = "gatewright__simulated"
"""The module around a design: names of users have no doubled underscores."""


def port_name(name: str) -> str:
    """What a port of the design is called outside the wrapper: no macro of C, and not like a module."""
    return f"port_{name}"


def wrapper(top: TopModule) -> str:
    """The SystemVerilog of a module around a design whose ports can have no other meaning in C++."""
    ports = list(top.ports())
    outside = ",\n".join(
        f"  {'output' if port.output else 'input'} logic [{port.width - 1}:0] {port_name(port.name)}" for port in ports
    )
    inside = ", ".join(f".{port.name}({port_name(port.name)})" for port in ports)
    return f"module {WRAPPER}(\n{outside}\n);\n  {top.name} simulated({inside});\nendmodule\n"


def testbench(top: TopModule, prefix: str) -> str:
    """The C++ source for a design in its wrapper, which Verilator calls `prefix`."""
    arrays = list(enumerate(top.arrays))
    parameters = {array.name for array in top.parameters if isinstance(array, ArrayPort)}
    returned = [array for array in top.arrays if array.written or array.name not in parameters]
    inputs = [port.name for port in top.inputs]
    sections = {
        "PREFIX": prefix,
        "MEMORIES": "".join(_memory(array) for _, array in arrays),
        "BEFORE_EDGE": "".join(_before_edge(position, array) for position, array in arrays),
        "AFTER_EDGE": "".join(
            f"  top->{port_name(name)} = data_at_{name};\n" for _, a in arrays for name in _read_data(a)
        ),
        "SCALARS": "".join(f"  uint64_t value_of_{name} = 0;\n" for name in inputs),
        "READ_SCALARS": "".join(f"    take(&value_of_{name}, 8);\n" for name in inputs),
        "READ_ARRAYS": "".join(
            f"    take({_words(a)}, sizeof {_words(a)});\n" if a.name in parameters else f"    noise({_words(a)});\n"
            for _, a in arrays
        ),
        "GIVE": "".join(f"    top->{port_name(p.name)} = value_of_{p.name}{_mask(p)};\n" for p in top.inputs),
        "SPOIL": "".join(f"    top->{port_name(p.name)} = ~value_of_{p.name}{_mask(p)};\n" for p in top.inputs),
        "RESULTS": "".join(f"      give_number(top->{port_name(p.name)});\n" for p in top.outputs),
        "RETURNED": "".join(f"      give({_words(a)}, sizeof {_words(a)});\n" for a in returned),
        "ENDED": str(ENDED),
        "HANGS": str(HANGS),
        "STRAY": str(STRAY),
        "INTERRUPTED": str(INTERRUPTED),
        "NOT_READY": str(NOT_READY),
    }
    text = _TEXT
    for name, section in sections.items():
        text = text.replace(f"@{name}@", section)
    return text


def _mask(port: ScalarPort) -> str:
    return f" & {(1 << port.type.width) - 1}ull"


def _words(array: ArrayPort) -> str:
    """The memory at an array port; not called like the port alone, since C has functions called `index` and `y0`."""
    return f"words_of_{array.name}"


def _memory(array: ArrayPort) -> str:
    word = f"{word_dtype(array.width)}_t"
    data = "".join(f"static {word} data_at_{name};\n" for name in _read_data(array))
    return f"static {word} {_words(array)}[{array.type.size}];\n{data}"


def _read_data(array: ArrayPort) -> list[str]:
    """The signals on which the words that are read appear."""
    found = [array.signals_of(port) for port in array.port_names()]
    return [signals["read_data"] for signals in found if "read_data" in signals]


def _before_edge(position: int, array: ArrayPort) -> str:
    """Read, then write, what the ports ask for in this cycle; the word that is read appears after the edge."""
    size, words, reads, writes = array.type.size, _words(array), "", ""
    for port in array.port_names():
        signals = {kind: f"top->{port_name(name)}" for kind, name in array.signals_of(port).items()}
        address, write = signals["address"], signals.get("write_enable", signals["enable"])
        if "read_data" in signals:
            only = f" && !{write}" if "write_enable" in signals else ""
            data = f"data_at_{array.signals_of(port)['read_data']}"
            reads += f"""  if ({signals["enable"]}{only})
    {data} = {address} < {size} ? {words}[{address}] : 0;
"""
        if "write_data" in signals:
            writes += f"""  if ({write}) {{
    if ({address} < {size}) {words}[{address}] = {signals["write_data"]};
    else if (!stray) {{ stray = true; stray_array = {position}; stray_address = {address}; }}
  }}
"""
    return reads + writes


_TEXT = r"""#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include "verilated.h"
#include "@PREFIX@.h"

static @PREFIX@ *top;
static bool stray;
static uint64_t stray_array, stray_address;
@MEMORIES@
template <typename T> static void noise(T &memory) {
  for (auto &word : memory) word = static_cast<decltype(word + 0)>(0x5aa5c33c96695aa5ull);
}

static void take(void *place, size_t bytes) {
  if (bytes && fread(place, bytes, 1, stdin) != 1) exit(0);
}

static void give(const void *place, size_t bytes) {
  if (bytes) fwrite(place, bytes, 1, stdout);
}

static void give_number(uint64_t number) { give(&number, 8); }

static void cycle() {
@BEFORE_EDGE@  top->port_clk = 1;
  top->eval();
@AFTER_EDGE@  top->port_clk = 0;
  top->eval();
}

static void reset() {
  top->port_start = 0;
  top->port_rst = 1;
  top->eval();
  cycle();
  top->port_rst = 0;
  top->eval();
  stray = false;
}

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  Verilated::randReset(2);
  Verilated::randSeed(1);
  top = new @PREFIX@;
  top->port_clk = 0;
  reset();
  for (;;) {
    uint8_t reset_first = 0, hold_start = 0;
    uint64_t limit = 0, interrupt = 0;
    take(&reset_first, 1);
    take(&hold_start, 1);
    take(&limit, 8);
    take(&interrupt, 8);
@SCALARS@@READ_SCALARS@@READ_ARRAYS@    if (reset_first) reset();
    uint8_t status = @HANGS@;
    uint64_t cycles = 0;
    if (!top->port_ready) status = @NOT_READY@;
    else {
      if (interrupt) limit = interrupt;
@GIVE@      top->port_start = 1;
      top->eval();
      while (cycles < limit) {
        cycle();
        if (cycles++ == 0) {
@SPOIL@          top->port_start = hold_start;
          top->eval();
        }
        if (interrupt) continue;
        if (stray) { status = @STRAY@; break; }
        if (top->port_done) { status = top->port_ready ? @ENDED@ : @NOT_READY@; break; }
      }
      if (interrupt) { reset(); status = @INTERRUPTED@; }
    }
    give(&status, 1);
    give_number(cycles);
    give_number(stray_array);
    give_number(stray_address);
    if (status == @ENDED@) {
@RESULTS@@RETURNED@    }
    fflush(stdout);
  }
}
"""
