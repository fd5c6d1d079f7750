"""A hardware module as native code in this process, driven one clock cycle after another."""

from __future__ import annotations

import numpy as np

from gatewright.bridge.circt import ArcModel, StorageSlot, arc_model
from gatewright.bridge.jit import compile_llvm
from gatewright.hardware.top import ArrayPort, ScalarPort
from gatewright.hardware.words import from_words, poison

CHUNK = 1 << 22
"""Cycles between two chances to interrupt a simulation from the keyboard."""
LARGE = 15_000
"""Lines of LLVM from which on optimisation takes seconds and makes the code no faster: it is one long basic block."""
LITTLE = 20_000_000
"""Lines times cycles up to which a run takes less time than optimising the code for it would."""


class Model:
    """A module of `hw`/`comb`/`seq` text, lowered by CIRCT's arc flow and compiled.

    The module's clock is its port `clk`. Inputs take effect, and outputs are up to date, when `advance` or `settle`
    returns.
    """

    def __init__(self, text: str, top: str, *, around: str = "", stop: str | None = None, cycles: int | None = None):
        """Compile the module `top`; `around` holds more modules, which declare those of `text` as external.

        `stop` names an output of one bit that ends `advance` early. `cycles` is how many a run takes, if that is known:
        code that runs for a few is not optimised.
        """
        self.layout: ArcModel = arc_model(text, top, around)
        code = _with_loop(self.layout, stop)
        lines = code.count("\n")
        quickly = lines >= LARGE or (cycles is not None and cycles * lines <= LITTLE)
        self._code = compile_llvm(code, optimisation=0 if quickly else 2)
        self._advance = self._code.function("gw_advance", 2, returns=True)
        self._evaluate = self._code.function(f"{top}_eval", 1)
        spare = np.zeros(self.layout.storage_bytes + 64, np.uint8)
        self._storage = spare[-spare.ctypes.data % 64 :][: self.layout.storage_bytes]
        self._address = self._storage.ctypes.data
        self._memories = {name: self._view(place) for name, place in self.layout.memories.items()}
        self._storage[self.layout.inputs["clk"].offset] = 1

    def set(self, name: str, value: int) -> None:
        """Put a value on an input."""
        self._write(self.layout.inputs[name], value)

    def get(self, name: str) -> int:
        """The unsigned value of an output."""
        return self._read(self.layout.outputs[name])

    def registers(self) -> dict[str, int]:
        """The unsigned values of the registers that have names."""
        return {name: self._read(place) for name, place in self.layout.registers.items()}

    def memory(self, name: str) -> np.ndarray:
        """The words of a memory, to read and to write; those of more than 64 bits as rows of bytes, lowest first."""
        return self._memories[name]

    def advance(self, cycles: int) -> int:
        """Let up to `cycles` cycles pass, fewer if the stop output rises; the number that did."""
        passed = 0
        while passed < cycles:
            step = min(CHUNK, cycles - passed)
            done = self._advance(self._address, step)
            passed += done
            if done < step:
                break
        return passed

    def settle(self) -> None:
        """Bring the outputs up to date with the inputs within a cycle."""
        self._storage[self.layout.edge.offset] = 1
        self._evaluate(self._address)

    def power_on(self) -> None:
        """Fill registers and memories with noise, always the same: a design must not rely on what they hold."""
        noise = poison(len(self.layout.registers), 64).tolist()
        for place, value in zip(self.layout.registers.values(), noise, strict=True):
            self._write(place, value)
        for name, place in self.layout.memories.items():
            if place.width <= 64:
                self._memories[name][:] = poison(place.count, place.width)
            else:
                self._memories[name][:, : place.width // 8] = 0x5A

    def state(self) -> np.ndarray:
        """A copy of everything that the model holds, for `restore`."""
        return self._storage.copy()

    def restore(self, state: np.ndarray) -> None:
        """Return to a state."""
        self._storage[:] = state

    def _view(self, place: StorageSlot) -> np.ndarray:
        span = self._storage[place.offset : place.offset + place.count * place.stride]
        return span.view(f"uint{8 * place.stride}") if place.stride <= 8 else span.reshape(place.count, place.stride)

    def _write(self, place: StorageSlot, value: int) -> None:
        size = (place.width + 7) // 8
        masked = (value & ((1 << place.width) - 1)).to_bytes(size, "little")
        self._storage[place.offset : place.offset + size] = np.frombuffer(masked, np.uint8)

    def _read(self, place: StorageSlot) -> int:
        size = (place.width + 7) // 8
        return int.from_bytes(self._storage[place.offset : place.offset + size].tobytes(), "little") & (
            (1 << place.width) - 1
        )


def _with_loop(layout: ArcModel, stop: str | None) -> str:
    """The code of a model with `gw_advance(storage, limit)`: at most `limit` cycles; how many it were.

    The clock input stays high; each cycle begins by forgetting that it was. That way one evaluation does a cycle.
    """
    watched = "" if stop is None else f"%stop = llvm.getelementptr %storage[{layout.outputs[stop].offset}] : {_GEP}"
    test = "llvm.br ^loop(%next : i64)"
    if stop is not None:
        test = """%stopped = llvm.load %stop : !llvm.ptr -> i1
        llvm.cond_br %stopped, ^end(%next : i64), ^loop(%next : i64)"""
    loop = f"""
      llvm.func @gw_advance(%storage: !llvm.ptr, %limit: i64) -> i64 {{
        %zero = llvm.mlir.constant(0 : i64) : i64
        %one = llvm.mlir.constant(1 : i64) : i64
        %low = llvm.mlir.constant(false) : i1
        %edge = llvm.getelementptr %storage[{layout.edge.offset}] : {_GEP}
        {watched}
        llvm.br ^loop(%zero : i64)
      ^loop(%passed: i64):
        %more = llvm.icmp "ult" %passed, %limit : i64
        llvm.cond_br %more, ^cycle, ^end(%passed : i64)
      ^cycle:
        llvm.store %low, %edge : i1, !llvm.ptr
        llvm.call @{layout.name}_eval(%storage) : (!llvm.ptr) -> ()
        %next = llvm.add %passed, %one : i64
        {test}
      ^end(%count: i64):
        llvm.return %count : i64
      }}
    }}"""
    return layout.llvm.rstrip().removesuffix("}") + loop


_GEP = "(!llvm.ptr) -> !llvm.ptr, i8"


def array_of(model: Model, entry: ArrayPort) -> np.ndarray:
    """What the memory at an array port holds."""
    return from_words(model.memory(entry.name), entry.type.element)


def result_of(model: Model, entry: ArrayPort | ScalarPort) -> np.ndarray:
    """A result, from its memory or its port."""
    if isinstance(entry, ArrayPort):
        return array_of(model, entry).reshape(entry.type.shape)
    return from_words(np.array([model.get(entry.name)], np.uint64), entry.type).reshape(())
