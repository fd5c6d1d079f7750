"""Measure the digits network at several fixed-point formats: the figures of docs/decisions/fixed-point.md."""

from __future__ import annotations

import numpy as np
import torch
from main import run
from training import load_split, train

import gatewright as gw

FORMATS = ("fixed<6,3>", "fixed<8,4>", "fixed<8,5>", "fixed<10,6>", "fixed<12,6>", "fixed<12,8>", "fixed<16,8>",
           "fixed<16,10>", "fixed<16,12>", "fixed<24,14>")  # fmt: skip


def main() -> None:
    """Print one row of a Markdown table a format."""
    training, held_out = load_split()
    network = train(training)
    with torch.no_grad():
        scores = network(held_out.images).numpy()
    reference, digits = scores.argmax(1), held_out.digits.numpy()
    print(f"PyTorch: {100 * np.mean(reference == digits):.2f} %, scores {scores.min():.2f} to {scores.max():.2f}")
    print("| format | accuracy | predictions that differ | largest error of a score | memory bits | multiplier |")
    print("| --- | --- | --- | --- | --- | --- |")
    for precision in FORMATS:
        design = gw.compile(network, args=(held_out.images[:1],), precision=precision)
        predictions, _ = run(design, held_out.images, "tensor")
        outputs = [design.run(image.unsqueeze(0).numpy(), level="tensor").outputs[0][0] for image in held_out.images]
        error = np.abs(np.array(outputs) - scores).max()
        widths = ", ".join(sorted({row["name"] for row in design.report["operators"]}))
        print(
            f"| `{precision}` | {100 * np.mean(predictions == digits):.2f} % | {int(np.sum(predictions != reference))} "
            f"| {error:.4f} | {design.report['memory_bits']:,} | {widths} |"
        )


if __name__ == "__main__":
    main()
