"""The digits network in several kinds of numbers: what accuracy costs.

    python benchmarks/precision.py [--images N] [--chart FILE.svg]

For each precision the accuracy of the hardware on the held-out images (simulated at the rtl level), how many of its
predictions differ from PyTorch's in single precision, the largest difference of a score, cycles an image, predicted and
simulated, and what it is made of. Formats that samples choose are chosen from the training images; so are those of the
network that PyTorch's PT2E flow quantises to int8. Exits with 1 if cycles differ from the prediction, if single
precision does not predict what PyTorch does, or if the int8 network does not give the scores that PyTorch makes of it,
to the bit.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples" / "digits"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from network import DigitNetwork  # noqa: E402  # pyright: ignore[reportMissingImports]
from precision_chart import Row, chart  # noqa: E402  # pyright: ignore[reportMissingImports]
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e  # noqa: E402
from torchao.testing.pt2e._xnnpack_quantizer import (  # noqa: E402
    XNNPACKQuantizer,
    get_symmetric_quantization_config,
)
from training import Split, load_split, train  # noqa: E402  # pyright: ignore[reportMissingImports]

import gatewright as gw  # noqa: E402

MULTIPLIERS = 1
"""Lanes of every design: cycles are comparable then."""

SAMPLES = 400
"""Training images to calibrate with."""

COLUMNS = ("accuracy", "predictions that differ", "largest error", "cycles", "operators", "memory bits")


@dataclass(frozen=True)
class Figures:
    """What a design does on the images, and what it is made of."""

    accuracy: float
    differ: int
    largest_error: float
    cycles: int
    predicted: int
    operators: str
    memory_bits: int

    def cells(self) -> list[str]:
        """A row of the table."""
        return [f"{100 * self.accuracy:.2f} %", str(self.differ), f"{self.largest_error:.2g}", f"{self.cycles:,}",
                self.operators, f"{self.memory_bits:,}"]  # fmt: skip


def int8(network: DigitNetwork, samples: torch.Tensor) -> torch.nn.Module:
    """The network quantised by PyTorch: 8 bits, weights by channel, ranges from samples."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exported = torch.export.export(network, (samples[:1],)).module()
        prepared = prepare_pt2e(
            exported, XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True))
        )
        for sample in samples:
            prepared(sample.unsqueeze(0))
        return convert_pt2e(prepared)


def designs(network: DigitNetwork, quantized: torch.nn.Module, training: Split) -> dict[str, Callable[[], gw.Design]]:
    """How to compile the network in each kind of numbers."""
    image, samples = training.images[:1], training.images[:SAMPLES]

    def compiled(type_: torch.dtype = torch.float32, **options: object) -> gw.Design:
        model = DigitNetwork().to(type_).eval()
        model.load_state_dict(network.state_dict())
        return gw.compile(model, args=(image.to(type_),), multipliers=MULTIPLIERS, **options)

    return {
        "f32": compiled,
        "f16": lambda: compiled(torch.float16),
        "bf16": lambda: compiled(torch.bfloat16),
        "fixed<16,8>": lambda: compiled(precision="fixed<16,8>"),
        "fixed<8,4>": lambda: compiled(precision="fixed<8,4>"),
        "fixed<16> calibrated": lambda: compiled(precision="fixed<16>", calibrate=samples),
        "fixed<8> calibrated": lambda: compiled(precision="fixed<8>", calibrate=samples),
        "int8 PT2E": lambda: gw.compile(quantized, args=(image,), multipliers=MULTIPLIERS),
        "fixed<6> calibrated": lambda: compiled(precision="fixed<6>", calibrate=samples),
    }


def run(design: gw.Design, images: torch.Tensor) -> tuple[np.ndarray, int]:
    """The scores that the hardware gives for all images, and its cycles for each."""
    runs = [design.run(image.unsqueeze(0), level="rtl") for image in images]
    (cycles,) = {run.cycles for run in runs}
    return np.array([np.asarray(run.outputs[0], np.float64).ravel() for run in runs]), cycles


def measure(design: gw.Design, mine: np.ndarray, cycles: int, digits: np.ndarray, scores: np.ndarray) -> Figures:
    """What the hardware's scores are worth."""
    report, predictions = design.report, mine.argmax(1)
    operators = [f"{row['units']} {row['name']}" for row in report["operators"]]
    return Figures(
        float(np.mean(predictions == digits)), int(np.sum(predictions != scores.argmax(1))),
        float(np.abs(mine - scores).max()), cycles, report["cycles"], ", ".join(operators), report["memory_bits"],
    )  # fmt: skip


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=360, help="of the held-out ones (default: all)")
    parser.add_argument("--chart", type=Path, help="draw cycles and memory as an SVG")
    options = parser.parse_args()
    training, held_out = load_split()
    network = train(training)
    images, digits = held_out.images[: options.images], held_out.digits[: options.images].numpy()
    quantized = int8(network, training.images[:SAMPLES])
    with torch.no_grad():
        scores = network(images).double().numpy()
        of_integers = np.array([quantized(image.unsqueeze(0)).double().numpy().ravel() for image in images])
    table = Table("precision", *COLUMNS, title=f"{len(images)} held-out images", title_justify="left", box=None)
    good, rows = True, []
    for name, compiled in designs(network, quantized, training).items():
        design = compiled()
        mine, cycles = run(design, images)
        figures = measure(design, mine, cycles, digits, scores)
        table.add_row(name, *figures.cells())
        rows.append(Row(name, figures.accuracy, figures.cycles, figures.memory_bits))
        good &= figures.cycles == figures.predicted and (name != "f32" or figures.differ == 0)
        good &= name != "int8 PT2E" or np.array_equal(mine, of_integers)
    Console(width=150).print(table, markup=False)
    if options.chart is not None:
        options.chart.write_text(chart(rows, f"The digits network on {len(images)} held-out images"), encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
