"""A stream of samples through a design whose tasks work on several at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from gatewright.hardware.top import ArrayPort, TopModule
from gatewright.hardware.words import poison, to_words
from gatewright.simulate.model import Model, array_of, result_of
from gatewright.simulate.run import SimulationRun


@dataclass(frozen=True)
class StreamTiming:
    """When samples begin, and when the design accesses what belongs to them."""

    interval: int
    """Cycles between the starts of two samples."""
    latency: int
    """Cycles from the start of a sample to its end."""
    windows: Mapping[str, tuple[int, int]]
    """For each array outside, and each scalar result, by its port: from which cycle of its sample on, and up to which,
    it belongs to that sample."""


class _EventKind(IntEnum):
    """What happens in a cycle, in this order."""

    COLLECT = 0
    DELIVER = 1
    START = 2
    END = 3


@dataclass
class SampleStream:
    """Samples on their way through a model, reset, of a design."""

    model: Model
    top: TopModule
    samples: Sequence[Sequence[np.ndarray]]
    timing: StreamTiming
    cycle: int = 0
    results: list[dict[str, np.ndarray]] = field(default_factory=lambda: [])

    def run(self) -> list[SimulationRun]:
        """Let all of them pass."""
        self.results = [{} for _ in self.samples]
        for cycle, kind, number, name in sorted(self._events()):
            while self.cycle < cycle:
                self.cycle += self.model.advance(cycle - self.cycle)
            if kind is _EventKind.START:
                self._start(number)
            elif kind is _EventKind.DELIVER:
                self._deliver(number, name)
            elif kind is _EventKind.COLLECT:
                self._collect(number, name)
        names = [entry.name for entry in self.top.results]
        return [SimulationRun([found[name] for name in names], self.timing.latency) for found in self.results]

    def _events(self) -> Iterator[tuple[int, _EventKind, int, str]]:
        """What happens when: what belongs to a sample is taken away before that of the next one is put there."""
        for number in range(len(self.samples)):
            begin = number * self.timing.interval
            yield begin, _EventKind.START, number, ""
            yield begin + self.timing.latency, _EventKind.END, number, ""
            for name, (first, last) in self.timing.windows.items():
                yield begin + first, _EventKind.DELIVER, number, name
                yield begin + last, _EventKind.COLLECT, number, name

    def _start(self, number: int) -> None:
        """Let the cycle pass in which a sample begins, the only one in which its scalars are there."""
        model = self.model
        assert model.get("ready"), f"{self.top.name} is not ready for sample {number}"
        scalars = [
            (entry.name, int(raw))
            for entry, raw in zip(self.top.parameters, self.samples[number], strict=True)
            if not isinstance(entry, ArrayPort)
        ]
        for name, value in (*scalars, ("start", 1)):
            model.set(name, value)
        model.advance(1)
        self.cycle += 1
        for name, value in (*((name, ~value) for name, value in scalars), ("start", 0)):
            model.set(name, value)
        model.settle()

    def _deliver(self, number: int, name: str) -> None:
        for entry, raw in zip(self.top.parameters, self.samples[number], strict=True):
            if entry.name == name and isinstance(entry, ArrayPort):
                self.model.memory(name)[:] = to_words(raw, entry.width)
        for entry in self.top.results:
            if entry.name == name and isinstance(entry, ArrayPort):
                self.model.memory(name)[:] = poison(entry.type.size, entry.width)

    def _collect(self, number: int, name: str) -> None:
        for entry, raw in zip(self.top.parameters, self.samples[number], strict=True):
            if entry.name == name and isinstance(entry, ArrayPort) and entry.written:
                raw[...] = array_of(self.model, entry).reshape(raw.shape)
        for entry in self.top.results:
            if entry.name == name:
                self.results[number][name] = result_of(self.model, entry).copy()
