"""The top module of a design as seen from outside: its ports, as `docs/levels.md` lays them down."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from gatewright.ir.interface import Signature
from gatewright.numbers.types import Array, Scalar, Type

CONTROL_PORTS = ("clk", "rst", "start", "ready", "done")
"""The ports that every top module has: clock and reset, then the handshake of a run."""

_RESERVED = frozenset(
    """
    accept_on alias always always_comb always_ff always_latch and assert assign assume automatic before begin bind bins
    binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking cmos config const
    constraint context continue cover covergroup coverpoint cross deassign default defparam design disable dist do edge
    else end endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface endmodule
    endpackage endprimitive endprogram endproperty endsequence endspecify endtable endtask enum event eventually expect
    export extends extern final first_match for force foreach forever fork forkjoin function generate genvar global
    highz0 highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir include initial inout input
    inside instance int integer interconnect interface intersect join join_any join_none large let liblist library local
    localparam logic longint macromodule matches medium modport module nand negedge nettype new nexttime nmos nor
    noshowcancelled not notif0 notif1 null or output package packed parameter pmos posedge primitive priority program
    property protected pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase
    randsequence rcmos real realtime ref reg reject_on release repeat restrict return rnmos rpmos rtran rtranif0
    rtranif1 s_always s_eventually s_nexttime s_until s_until_with scalared sequence shortint shortreal showcancelled
    signed small soft solve specify specparam static string strong strong0 strong1 struct super supply0 supply1
    sync_accept_on sync_reject_on table tagged task this throughout time timeprecision timeunit tran tranif0 tranif1 tri
    tri0 tri1 triand trior trireg type typedef union unique unique0 unsigned until until_with untyped use uwire var
    vectored virtual void wait wait_order wand weak weak0 weak1 while wildcard wire with within wor xnor xor
    alignas alignof asm auto bool catch char compl concept constexpr decltype delete double dynamic_cast explicit false
    float friend goto inline long main mutable namespace noexcept nullptr operator private public register requires
    short sizeof static_assert switch template thread_local throw true try typeid typename using volatile wchar_t
    abs ceil clock endian eval floor log name open reset rand sqrt step system
    std int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t size_t ssize_t ptrdiff_t intptr_t uintptr_t
    atclone contextp eval_end_step eval_step eventspending hiername modelname nexttimeslot prepareclone rootp threads
    trace tracebaseclass tracecapable traceconfig vlsymsp
    """.split()
)
"""Words that cannot name a port, in any case: those of SystemVerilog, of C++, in which Verilator names the ports again,
and the members of its models."""


def legal_name(name: str, taken: Collection[str] = ()) -> str:
    """`name` as a Verilog identifier that is no keyword and not `taken`.

    Foreign characters become `_`; underscores at the end go and doubled ones become one, because names are joined by
    them. A name that cannot be used gets a number behind it.
    """
    legal = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name)
    legal = re.sub("_+", "_", legal).removesuffix("_") or "x"
    if legal[0].isdigit():
        legal = "_" + legal
    return next(
        candidate
        for candidate in _numbered(legal)
        if candidate.lower() not in _RESERVED and candidate not in taken  # CIRCT renames keywords in any case
    )


def _numbered(name: str) -> Iterator[str]:
    """`name`, `name_1`, `name_2` and so on."""
    yield name
    for number in count(1):
        yield f"{name}_{number}"


@dataclass(frozen=True)
class TopPort:
    """A port of the top module; `clk` is a clock, every other one a bit vector."""

    name: str
    width: int
    output: bool


@dataclass(frozen=True)
class ScalarPort:
    """A scalar parameter or result at the top module."""

    name: str
    """The name of the port."""
    type: Scalar


class MemoryPorts:
    """The ports of a memory and the names of their signals."""

    name: str
    """The prefix of the signals."""
    read: bool
    written: bool
    dual: bool
    """True for a true dual port memory: two ports that each read or write."""

    def port_names(self) -> list[str]:
        """The ports of the memory, as `loopschedule.port_of` names them."""
        if self.dual:
            return ["port 0", "port 1"]
        return [*(["read port"] if self.read else []), *(["write port"] if self.written else [])]

    def signals_of(self, port: str) -> dict[str, str]:
        """The names of the signals of a port, by what they are."""
        prefix = f"{self.name}_{port.removeprefix('port ').removesuffix(' port')}"
        if port == "read port":
            return {kind: f"{prefix}_{kind.removeprefix('read_')}" for kind in ("address", "enable", "read_data")}
        if port == "write port":
            return {kind: f"{prefix}_{kind.removeprefix('write_')}" for kind in ("address", "enable", "write_data")}
        kinds = ["address", "enable"]
        kinds += ["write_enable", "write_data"] if self.written else []
        kinds += ["read_data"] if self.read else []
        return {kind: f"{prefix}_{kind}" for kind in kinds}


@dataclass(frozen=True)
class ArrayPort(MemoryPorts):
    """An array parameter or result at the top module: the memory that its ports belong to is outside."""

    name: str
    """The prefix of the ports."""
    type: Array
    read: bool
    written: bool
    dual: bool = False

    @property
    def address_width(self) -> int:
        """Bits of an address."""
        return max(1, (self.type.size - 1).bit_length())

    @property
    def width(self) -> int:
        """Bits of a word."""
        return self.type.element.width

    def ports(self) -> list[TopPort]:
        """The signals of all ports, in order."""
        widths = {"address": self.address_width, "enable": 1, "write_enable": 1}
        return [
            TopPort(name, widths.get(kind, self.width), kind != "read_data")
            for port in self.port_names()
            for kind, name in self.signals_of(port).items()
        ]


def port_names(signature: Signature) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ports, or prefixes of ports, of the parameters and of the results, in order.

    Each is named as in the program, with a number behind it where the name is a keyword or taken.
    """
    names: list[str] = []
    taken: set[str] = set(CONTROL_PORTS)
    for entry in (*signature.parameters, *signature.results):
        unusable: set[str] = set()
        name = legal_name(entry.name)
        while not taken.isdisjoint(_ports_of(name, entry.type)):
            unusable.add(name)
            name = legal_name(entry.name, unusable)
        taken.update(_ports_of(name, entry.type))
        names.append(name)
    split = len(signature.parameters)
    return tuple(names[:split]), tuple(names[split:])


@dataclass(frozen=True)
class TopModule:
    """The top module of a design: its name, its program's signature, and which of its arrays it reads and writes."""

    name: str
    signature: Signature
    reads: frozenset[str]
    """The prefixes (see `port_names`) of the arrays that have a read port."""
    writes: frozenset[str]
    """The prefixes (see `port_names`) of the arrays that have a write port."""
    dual: frozenset[str] = frozenset()
    """The prefixes (see `port_names`) of the arrays with two ports that read and write."""

    @cached_property
    def parameters(self) -> tuple[ScalarPort | ArrayPort, ...]:
        """How each parameter of the signature appears."""
        return self._entries(port_names(self.signature)[0], [p.type for p in self.signature.parameters])

    @cached_property
    def results(self) -> tuple[ScalarPort | ArrayPort, ...]:
        """How each result of the signature appears."""
        return self._entries(port_names(self.signature)[1], [r.type for r in self.signature.results])

    def _entries(self, names: Sequence[str], types: Sequence[Type]) -> tuple[ScalarPort | ArrayPort, ...]:
        return tuple(
            ArrayPort(name, type_, name in self.reads, name in self.writes, name in self.dual)
            if isinstance(type_, Array)
            else ScalarPort(name, type_)
            for name, type_ in zip(names, types, strict=True)
        )

    @property
    def inputs(self) -> tuple[ScalarPort, ...]:
        """The scalar parameters."""
        return tuple(entry for entry in self.parameters if isinstance(entry, ScalarPort))

    @property
    def outputs(self) -> tuple[ScalarPort, ...]:
        """The scalar results."""
        return tuple(entry for entry in self.results if isinstance(entry, ScalarPort))

    @property
    def arrays(self) -> tuple[ArrayPort, ...]:
        """The array parameters, then the array results; also those without ports."""
        return tuple(entry for entry in (*self.parameters, *self.results) if isinstance(entry, ArrayPort))

    def ports(self) -> list[TopPort]:
        """All ports in order: control, scalar parameters, scalar results, arrays."""
        control = [TopPort(name, 1, name in ("ready", "done")) for name in CONTROL_PORTS]
        scalars = [TopPort(p.name, p.type.width, False) for p in self.inputs]
        scalars += [TopPort(p.name, p.type.width, True) for p in self.outputs]
        return control + scalars + [port for array in self.arrays for port in array.ports()]


def _ports_of(name: str, type_: Type) -> list[str]:
    """All names that a parameter or result may claim."""
    if not isinstance(type_, Array):
        return [name]
    both = (port for dual in (False, True) for port in ArrayPort(name, type_, True, True, dual).ports())
    return [name, *(port.name for port in both)]
