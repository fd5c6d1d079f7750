"""Compile times beside those of another checkout, as ratios within one run.

    git worktree add OTHER COMMIT
    python benchmarks/compile_ratio.py OTHER

Compiles the PolyBench kernels, without a budget and on one multiplier, and the digits network, with the sources of both
in turn, each in processes of its own, and compares the processor time that the compiler took. Exits with 1 if all
together takes longer than with the other sources, by more than the noise of a run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 2
NOISE = 1.05
"""Ratios of the same sources to themselves are below this."""


def compiled() -> dict[str, float]:
    """The seconds that each program takes, with the sources that Python finds."""
    import importlib.util

    import numpy as np
    import torch

    import gatewright as gw

    folder = ROOT / "tests" / "kernels" / "polybench"
    spec = importlib.util.spec_from_file_location("polybench_kernels", folder / "kernels.py")
    assert spec is not None and spec.loader is not None
    kernels = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kernels)
    sys.path.insert(0, str(ROOT / "examples" / "digits"))
    from network import DigitNetwork  # pyright: ignore[reportMissingImports]

    network, image = DigitNetwork().eval(), torch.zeros(1, 1, 8, 8)
    gw.compile(torch.nn.Linear(2, 2), args=(torch.zeros(1, 2),), precision="fixed<16,8>")  # what is loaded once
    seconds = {"digits": taken(lambda: gw.compile(network, args=(image,), precision="fixed<16,8>"))}
    for name, kernel in kernels.KERNELS.items():
        record = json.loads((folder / "data" / f"{name}.json").read_text(encoding="utf-8"))
        arguments = tuple(np.array(value, np.uint32)[()] for value in record["inputs"].values())
        for options in ({}, {"multipliers": 1}):
            spent = taken(
                lambda kernel=kernel, given=arguments, options=options: gw.compile(kernel, args=given, **options)
            )
            seconds[f"{name}, one multiplier" if options else name] = spent
    return seconds


def taken(run: object) -> float:
    """The processor time that something takes, in seconds."""
    assert callable(run)
    begun = time.process_time()
    run()
    return time.process_time() - begun


def measured(source: Path) -> dict[str, float]:
    """`compiled` in a process that has the sources of a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(source / "src")}
    command = [sys.executable, __file__, "--compile"]
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def main(other: Path) -> int:
    """Print the ratios; 1 if all together is slower."""
    times: dict[Path, dict[str, float]] = {}
    for _ in range(ROUNDS):
        for source in (other, ROOT):
            found = measured(source)
            best = times.setdefault(source, found)
            times[source] = {name: min(seconds, best[name]) for name, seconds in found.items()}
    for name, before in times[other].items():
        print(f"{name:32}{before:8.2f} s -> {times[ROOT][name]:6.2f} s{times[ROOT][name] / before:8.2f}")
    ratio = sum(times[ROOT].values()) / sum(times[other].values())
    print(f"{'all together':32}{ratio:28.2f}")
    return int(ratio > NOISE)


if __name__ == "__main__":
    if sys.argv[1:] == ["--compile"]:
        print(json.dumps(compiled()))
    elif len(sys.argv) == 2:
        sys.exit(main(Path(sys.argv[1]).resolve()))
    else:
        print(__doc__)
