"""The digits example: a trained network keeps its accuracy as hardware."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest


@pytest.fixture
def example(root: Path, monkeypatch: pytest.MonkeyPatch):
    """The example's main module."""
    monkeypatch.syspath_prepend(str(root / "examples" / "digits"))
    for name in ("main", "network", "training"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import main  # pyright: ignore[reportMissingImports]

    yield main
    for name in ("main", "network", "training"):
        sys.modules.pop(name, None)


def test_the_hardware_is_as_accurate_as_pytorch(example, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    output = tmp_path / "digits"
    assert example.main(["--images", "120", "--output", str(output)]) == 0
    printed = capsys.readouterr().out
    facts = {line.rpartition("  ")[0].strip(): line.split()[-1] for line in printed.splitlines() if "  " in line}
    assert facts["cycles an image"] == facts["cycles predicted"]
    report = json.loads((output / "report.json").read_text())
    assert f"{report['cycles']:,}" == facts["cycles predicted"]
    assert report["estimate"] == report["cycles"]
    assert {file.name for file in output.glob("digits.*")} >= {
        "digits.sv", "digits.tensor.mlir", "digits.loops.mlir", "digits.schedule.mlir", "digits.rtl.mlir",
        "digits.plan",
    }  # fmt: skip


def test_training_gives_the_same_network_twice_and_learns(example):
    training, held_out = example.load_split()
    first, second = (example.train(training, epochs=1) for _ in range(2))
    for one, other in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert one.equal(other)
    assert len(training.images) + len(held_out.images) == 1797
    trained = example.train(training)
    assert (trained(held_out.images).argmax(1) == held_out.digits).float().mean() >= 0.97
