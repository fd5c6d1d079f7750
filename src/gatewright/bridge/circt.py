"""CIRCT, from the pycde wheel: `hw`/`comb`/`seq` text to SystemVerilog, and to LLVM for simulation in process.

A pass that CIRCT refuses is a fault of ours, not of the user: everything here raises `CirctError`, an AssertionError
with CIRCT's message. Only passes that are known not to abort the process are run.
"""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

LOWERING_OPTIONS = (
    "locationInfoStyle=none,omitVersionComment,disallowLocalVariables,disallowPackedArrays,"
    "caseInsensitiveKeywords,emittedLineLength=110"
)
"""How ExportVerilog writes: what Verilator, yosys and Vivado read alike, without places in our intermediate text."""

_TO_VERILOG = """lower-seq-to-sv{disable-mem-randomization disable-reg-randomization}, canonicalize, cse,
    hw.module(hw-cleanup, prettify-verilog)"""

# Flattening asks every loaded dialect for its inliner, and aborts at LLVM's, which lacks one here: it must run
# before any pass that loads the LLVM dialect.
_FLATTEN = "hw-flatten-modules"
# Arcs are not deduplicated: the inliner leaves one with two uses as it is, and the lowering to LLVM aborts on it.
_TO_ARC = """hw.module(lower-seq-compreg-ce), cse, arc-canonicalizer, convert-to-arcs, cse,
    arc-canonicalizer, arc-split-loops, arc-lower-state, arc-inline, arc-merge-ifs, cse, arc-canonicalizer,
    arc.model(arc-allocate-state)"""
# Arcs that were not inlined must become functions, or the last pass aborts.
_TO_LLVM = "arc-lower-arcs-to-funcs, arc-lower-clocks-to-funcs, arc-split-funcs, lower-arc-to-llvm, cse, canonicalize"


# `register_dialects` leaves out some dialects; a pass loads those that it makes, even when it then finds nothing to do.
_LOADING_PASSES = ("lower-loopschedule-to-calyx", "func.func(convert-affine-to-loopschedule)")


class CirctError(AssertionError):
    """CIRCT refuses text that this compiler made."""


def parse_and_verify(text: str) -> None:
    """Have CIRCT parse and verify a module of any of its dialects, `loopschedule` and `calyx` among them."""
    with parsed(text, _LOADING_PASSES) as module:
        _checked("verify", module.operation.verify)


def run_passes(text: str, passes: str) -> str:
    """The module after a pass pipeline such as `canonicalize, hw.module(hw-cleanup)`."""
    with parsed(text) as module:
        run(module, passes)
        return str(module)


def verilog(text: str, header: str = "") -> str:
    """The SystemVerilog of a `hw`/`comb`/`seq` module, under `header` as a comment.

    Initial contents of memories are read from the files that `seq.firmem` names; `memory_image` makes them.
    """
    return _comment(header) + _export(text)


def split_verilog(text: str, images: Mapping[str, np.ndarray] | None = None, header: str = "") -> dict[str, str]:
    """The SystemVerilog as files by name: one for each module, the header in that of the top, and the memory images.

    `images` maps the file names in the text's `#seq.firmem.init` to their words.
    """
    exported = _export(text)
    bodies = re.findall(r"^(?:\(\*.*\*\)\n)?module\s.*?^endmodule$", exported, re.DOTALL | re.MULTILINE)
    assert "\n".join(bodies).split() == exported.split(), "text outside the modules"
    files = {}
    for body in bodies:
        name = re.search(r"^module\s+(\w+)", body, re.MULTILINE)
        assert name is not None
        is_top = not re.search(rf"^  {name[1]} \w+ \(", exported, re.MULTILINE)
        files[f"{name[1]}.sv"] = (_comment(header) if is_top else "") + body + "\n"
    widths = {file: int(width) for file, width in _INIT.findall(text)}
    for file, words in (images or {}).items():
        files[file] = memory_image(words, widths[file])
    return files


_INIT = re.compile(r'#seq\.firmem\.init<"([^"]+)", false, false>[^\n]*<\d+ x (\d+)>')


def memory_image(words: np.ndarray, width: int) -> str:
    """The words of `width` bits as `$readmemh` reads them, one a line."""
    digits, mask = -(-width // 4), (1 << width) - 1
    return "".join(f"{word & mask:0{digits}x}\n" for word in words.reshape(-1).tolist())


@dataclass(frozen=True)
class StorageSlot:
    """Where a value lies in the storage of a model: `count` elements of `width` bits, `stride` bytes apart."""

    offset: int
    width: int
    count: int = 1
    stride: int = 0


@dataclass(frozen=True)
class ArcModel:
    """A module lowered for simulation: `@<name>_eval(ptr)` in LLVM text, and the layout of the storage it works on."""

    name: str
    llvm: str
    storage_bytes: int
    inputs: dict[str, StorageSlot]
    outputs: dict[str, StorageSlot]
    registers: dict[str, StorageSlot]
    """Registers by hierarchical name (`dut/state`); those without a name are left out."""
    memories: dict[str, StorageSlot]
    """Memories by hierarchical name."""
    images: dict[str, str]
    """The files of initial contents, by memory; to load them is the simulator's task."""
    edge: StorageSlot
    """The level of the clock that the last evaluation saw; a cycle begins when it is 0 and the clock is 1."""


def arc_model(text: str, top: str, around: str = "") -> ArcModel:
    """Lower the module `top`, whose only clock is the port `clk`, and everything in it to LLVM dialect.

    `around` holds more modules, which may declare those of `text` as external. An evaluation with the clock newly high
    does what the clock edge does, and then settles the outputs.
    """
    from gatewright.bridge.memories import insert, lower_to_arc

    with parsed(text) as module:
        if around:
            insert(module, around, before=module.body.operations[0].operation)
        others = [op.operation for op in module.body.operations if _symbol(op.operation) != top]
        for other in others:
            other.attributes["sym_visibility"] = _ir().StringAttr.get("private")
        lower_to_arc(module)
        run(module, _FLATTEN)
        for unused in [op.operation for op in module.body.operations if op.operation.name == "hw.module"]:
            if _symbol(unused) != top:
                unused.erase()
        run(module, _TO_ARC)
        layout = _layout(module, top)
        run(module, _TO_LLVM)
        return ArcModel(name=top, llvm=str(module), **layout)


_KINDS = {"arc.root_input": "inputs", "arc.root_output": "outputs", "arc.alloc_state": "registers"}


def _layout(module: Any, top: str) -> dict[str, Any]:
    """The fields of `ArcModel` that the allocated `arc.model` shows."""
    model = next(op.operation for op in module.body.operations if _symbol(op.operation) == top)
    found: dict[str, dict[str, StorageSlot]] = {"inputs": {}, "outputs": {}, "registers": {}, "memories": {}}
    edges, images = [], {}
    for op in model.regions[0].blocks[0].operations:
        operation = op.operation
        if operation.name == "arc.alloc_memory":
            count, width = re.findall(r"\d+", str(operation.results[0].type))[:2]
            place = StorageSlot(_integer(operation, "offset"), int(width), int(count), _integer(operation, "stride"))
            name, _, file = _text(operation, "name").partition("=")
            assert name not in found["memories"], f"two memories are called {name}"
            found["memories"][name] = place
            if file:
                images[name] = file
        elif operation.name in _KINDS and "name" in operation.attributes:
            type_ = str(operation.results[0].type)
            width = 1 if "clock" in type_ else int(re.findall(r"\d+", type_)[0])
            found[_KINDS[operation.name]][_text(operation, "name")] = StorageSlot(_integer(operation, "offset"), width)
        elif operation.name == "arc.state_write" and _follows_clock(operation):
            edges.append(StorageSlot(_integer(operation.operands[0].owner, "offset"), 1))
    assert len(edges) == 1, f"{len(edges)} states follow the clock"
    return {**found, "images": images, "edge": edges[0], "storage_bytes": _integer(model, "storageBytes")}


def _follows_clock(write: Any) -> bool:
    """True of the state that keeps the level of the clock for the next evaluation."""
    value = write.operands[1]
    return not isinstance(value.owner, _ir().Block) and value.owner.name == "seq.from_clock"


def _integer(operation: Any, attribute: str) -> int:
    return int(operation.attributes[attribute].value)


def _text(operation: Any, attribute: str) -> str:
    return str(operation.attributes[attribute].value)


def _symbol(operation: Any) -> str | None:
    return _text(operation, "sym_name") if "sym_name" in operation.attributes else None


def _ir() -> Any:
    return bindings().ir


def bindings() -> Any:
    """The bindings, whose type stubs know nothing of what is in them."""
    import pycde.circt
    import pycde.circt.ir
    import pycde.circt.passmanager

    return pycde.circt


@contextmanager
def parsed(text: str, loading: Sequence[str] = ()) -> Generator[Any, None, None]:
    """The module of a text, in a context of its own that lives as long as the block.

    The passes of `loading` run on an empty module before, for the dialects that they load; they may fail.
    """
    ir = _ir()
    with ir.Context() as context, ir.Location.unknown():
        bindings().register_dialects(context)
        for passes in loading:
            with suppress(CirctError):
                run(ir.Module.create(), passes)
        yield _checked("parse", lambda: ir.Module.parse(text))


def run(module: Any, passes: str) -> None:
    """Run a pass pipeline on a module, in place."""
    manager = bindings().passmanager.PassManager
    _checked(passes, lambda: manager.parse(f"builtin.module({passes})").run(module.operation))


def _checked(doing: str, action: Any) -> Any:
    """What `action` returns, or a CirctError that says what was being done and why CIRCT refuses."""
    try:
        return action()
    except (_ir().MLIRError, ValueError, RuntimeError) as error:
        raise CirctError(f"CIRCT ({' '.join(doing.split())}): {error}") from None


def _export(text: str) -> str:
    """SystemVerilog without a header."""
    from gatewright.bridge.memories import lower_to_sv

    with parsed(text) as module:
        module.operation.attributes["circt.loweringOptions"] = _ir().StringAttr.get(LOWERING_OPTIONS)
        lower_to_sv(module)
        run(module, _TO_VERILOG)
        written = io.StringIO()
        _checked("export", lambda: bindings().export_verilog(module, written))
        return re.sub(r"\n{3,}", "\n\n", written.getvalue()).strip() + "\n"


def _comment(header: str) -> str:
    return "".join(f"// {line}".rstrip() + "\n" for line in header.splitlines()) + ("\n" if header else "")
