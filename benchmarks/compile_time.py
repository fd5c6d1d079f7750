"""How long programs take to compile, how much memory, and how fast the digits network is simulated.

    python benchmarks/compile_time.py

Prints each figure beside its bound; exits with 1 if one is missed. The network has its initial weights, seeded, since
training changes neither the hardware nor its cycles. Nests three times as deep are compared with the others of their
kind: a ratio of times for each ratio of the lengths of their texts, which a compiler that is linear has at 1.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples" / "digits"))

import torch  # noqa: E402
from network import DigitNetwork  # noqa: E402  # pyright: ignore[reportMissingImports]

import gatewright as gw  # noqa: E402
from gatewright.tools.user_code import load_module  # noqa: E402

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
        return f"{self.what:28}{self.value:12,.1f} {self.unit:9} {sign:8} {self.bound:10,.10g}{verdict}"


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


def wide_layer() -> list[Figure]:
    """Compile a layer of nine million weights."""
    layer = torch.nn.Linear(3000, 3000)
    started = time.perf_counter()
    gw.compile(layer, args=(torch.zeros(1, 3000),), precision=PRECISION)
    elapsed = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        Figure("Linear(3000, 3000)", elapsed, 60, "s"),
        Figure("peak memory of the process", memory, 3072, "MiB"),
    ]


HEAD = "import gatewright as gw\n\ndef f(a: gw.i32[16], c: gw.i32[16], i: gw.u8) -> gw.i32:\n"


def conditionals(depth: int) -> str:
    """A function with conditional expressions in conditional expressions."""
    text = "a[0]"
    for level in reversed(range(depth)):
        text = f"(a[i + {level}] if c[{level}] > {level} else {text})"
    return f"{HEAD}    return {text}\n"


def counted_loops(depth: int) -> str:
    """A function with loops in loops, whose sum is a Python integer at first."""
    levels = "".join(f"{'    ' * (level + 1)}for i{level} in range(2):\n" for level in range(depth))
    return f"{HEAD}    s = 0\n{levels}{'    ' * (depth + 1)}s += a[0] * 3\n    return s\n"


def while_loops(depth: int) -> str:
    """The same with loops that count by themselves."""
    levels = "".join(
        f"{indent}i{level} = 0\n{indent}while i{level} < 2:\n{indent}    i{level} += 1\n"
        for level in range(depth)
        for indent in ["    " * (level + 1)]
    )
    return f"{HEAD}    s = 0\n{levels}{'    ' * (depth + 1)}s += a[0] * 3\n    return s\n"


def nests() -> list[Figure]:
    """Compile nests of depth 4, 8 and 12, each several times."""
    figures = []
    for make in (conditionals, counted_loops, while_loops):
        seconds = {depth: min(compiling(make(depth)) for _ in range(3)) for depth in (4, 8, 12)}
        for deep in (8, 12):
            text = (len(make(deep)) - len(HEAD)) / (len(make(4)) - len(HEAD))
            growth = seconds[deep] / seconds[4] / text
            what = f"{make.__name__.replace('_', ' ')}, 4 to {deep}"
            figures.append(Figure(what, growth, 1.5, "x text"))
    return figures


def compiling(text: str) -> float:
    """Seconds to compile a function."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "nest.py"
        file.write_text(text, encoding="utf-8")
        function = load_module(file).f
        started = time.perf_counter()
        gw.compile(function)
        return time.perf_counter() - started


def main() -> int:
    """Print the figures; 1 if a bound is missed."""
    figures = [*measure(), *nests(), *wide_layer()]
    for figure in figures:
        print(figure)
    return int(not all(figure.kept for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
