"""The default simulator: the design's rtl, compiled by CIRCT and LLVM, in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gatewright.hardware.top import ArrayPort, TopModule
from gatewright.hardware.words import poison, to_words
from gatewright.simulate.harness import STOP, can_miss, harness
from gatewright.simulate.model import Model, array_of, result_of
from gatewright.simulate.run import SimulationRun, hang, stray_write
from gatewright.simulate.stream import SampleStream, StreamTiming


class ArcSimulator:
    """Simulates a design with a memory at every array port. Compiles once, when made.

    To find what a design wrongly relies on, registers and memories hold noise before a reset, result arrays hold noise
    before a run, and scalar inputs are valid only in the cycle of the start.
    """

    def __init__(self, top: TopModule, rtl_text: str, images: Mapping[str, np.ndarray], cycles: int | None = None):
        """Compile the module `top` of an rtl text whose memories start with `images`, by file name.

        `cycles` is how many a run takes, if that is known.
        """
        self._top = top
        around = harness(top)
        self._model = Model(rtl_text, around.name, around=around.text, stop=STOP, cycles=cycles)
        self._model.power_on()
        for name, file in self._model.layout.images.items():
            self._model.memory(name)[:] = to_words(images[file], self._model.layout.memories[name].width)
        self._new = self._model.state()
        self._reset()

    def run(
        self, arguments: Sequence[np.ndarray], max_cycles: int, *, reset: bool = True, hold_start: bool = False
    ) -> SimulationRun:
        """Run the design on raw arguments; the arrays that it writes are updated in place.

        With `reset` the design is powered on and reset first. Without, the run starts in the cycle in which the one
        before ended. `hold_start` leaves `start` high. Raises SimulationError if the run does not end within
        `max_cycles` cycles or writes outside an array; the next run must then reset.
        """
        if reset:
            self._model.restore(self._new)
            self._reset()
        cycles = self._start(arguments, hold_start)
        if not self._model.get(STOP):
            cycles += self._model.advance(max_cycles - cycles)
        self._check(cycles)
        return SimulationRun(self._collect(arguments), cycles)

    def stream(self, samples: Sequence[Sequence[np.ndarray]], timing: StreamTiming) -> list[SimulationRun]:
        """Run the design on samples each of which begins as soon as it may; arrays that it writes are updated.

        The cycles of a run are those from its start to its end. Raises SimulationError for a write outside an array.
        """
        self._model.restore(self._new)
        self._reset()
        runs = SampleStream(self._model, self._top, samples, timing).run()
        self._check(timing.latency)
        return runs

    def interrupt(self, arguments: Sequence[np.ndarray], cycles: int) -> None:
        """Start a run as without reset, and reset the design after `cycles` cycles of it; it is then ready again."""
        passed = self._start(arguments, hold_start=False)
        while passed < cycles:
            passed += self._model.advance(1)
        self._reset()

    def _reset(self) -> None:
        self._model.set("start", 0)
        self._model.set("rst", 1)
        self._model.advance(1)
        self._model.set("rst", 0)
        self._model.settle()

    def _start(self, arguments: Sequence[np.ndarray], hold_start: bool) -> int:
        """Load the arrays and let the cycle of the start pass."""
        model = self._model
        assert model.get("ready"), f"{self._top.name} is not ready for a start"
        entries = zip(self._top.parameters, arguments, strict=True)
        scalars: list[tuple[str, int]] = []
        for entry, raw in entries:
            if isinstance(entry, ArrayPort):
                model.memory(entry.name)[:] = to_words(raw, entry.width)
            else:
                scalars.append((entry.name, int(raw)))
        for result in self._top.results:
            if isinstance(result, ArrayPort):
                model.memory(result.name)[:] = poison(result.type.size, result.width)
        for name, value in (*scalars, ("start", 1)):
            model.set(name, value)
        model.advance(1)
        for name, value in (*((name, ~value) for name, value in scalars), ("start", int(hold_start))):
            model.set(name, value)
        model.settle()
        return 1

    def _check(self, cycles: int) -> None:
        """Raise a SimulationError unless the run has ended well."""
        model = self._model
        for array in self._top.arrays:
            if can_miss(array) and model.get(f"{array.name}.stray"):
                raise stray_write(array.name, model.get(f"{array.name}.stray_address"), array.type.size)
        if not model.get("done"):
            inside = {
                name.removeprefix("dut/").replace("/", "."): value
                for name, value in model.registers().items()
                if name.startswith("dut/")
            }
            raise hang(self._top.name, cycles, inside)
        assert model.get("ready"), f"{self._top.name} is done but not ready"

    def _collect(self, arguments: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Update the arrays among the arguments and gather the results."""
        for entry, raw in zip(self._top.parameters, arguments, strict=True):
            if isinstance(entry, ArrayPort) and entry.written:
                raw[...] = array_of(self._model, entry).reshape(raw.shape)
        return [result_of(self._model, entry) for entry in self._top.results]
