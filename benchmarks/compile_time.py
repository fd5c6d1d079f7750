"""How long the digits network takes to compile, how much memory, and how fast it is simulated.

    python benchmarks/compile_time.py

Prints each figure beside its bound; exits with 1 if one is missed. The network has its initial weights, seeded, since
training changes neither the hardware nor its cycles.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples" / "digits"))

import torch  # noqa: E402
from network import DigitNetwork  # noqa: E402  # pyright: ignore[reportMissingImports]

import gatewright as gw  # noqa: E402

PRECISION = "fixed<16,8>"
IMAGES = 20
"""Images to simulate for the speed."""


@dataclass(frozen=True)
class Figure:
    """A measurement and the bound that it has to keep."""

    what: str
    value: float
    bound: float
    unit: str
    at_most: bool = True

    @property
    def kept(self) -> bool:
        """Whether the bound is kept."""
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def __str__(self) -> str:
        sign = "at most" if self.at_most else "at least"
        verdict = "" if self.kept else "   MISSED"
        return f"{self.what:28}{self.value:12,.1f} {self.unit:9} {sign:8} {self.bound:10,.0f}{verdict}"


def measure() -> list[Figure]:
    """Compile the network and simulate some images."""
    torch.manual_seed(0)
    network = DigitNetwork().eval()
    images = torch.rand((IMAGES, 1, 1, 8, 8))
    started = time.perf_counter()
    design = gw.compile(network, args=(images[0],), precision=PRECISION, name="digits")
    compiled = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    design.run(images[0].numpy())  # builds the simulator
    built = time.perf_counter()
    cycles = sum(design.run(image.numpy()).cycles or 0 for image in images)
    elapsed = time.perf_counter() - built
    print(f"the simulator took {built - compiled:.1f} s to build; an image takes {cycles // IMAGES:,} cycles")
    return [
        Figure("compile time", compiled - started, 20, "s"),
        Figure("peak memory of the process", memory, 2048, "MiB"),
        Figure("simulation speed at rtl", cycles / elapsed, 200_000, "cycles/s", at_most=False),
    ]


def main() -> int:
    """Print the figures; 1 if a bound is missed."""
    figures = measure()
    for figure in figures:
        print(figure)
    return int(not all(figure.kept for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
