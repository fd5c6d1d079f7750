"""Large constants stand beside the text of a level, by names that follow from their contents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from xdsl.parser import Parser

import gatewright as gw
from gatewright.ir.contents import MOST_INLINE
from gatewright.ir.context import context
from gatewright.tools import opt

SIZE = 48


@pytest.fixture(scope="module")
def design() -> gw.Design:
    torch.manual_seed(1)
    model = torch.nn.Linear(SIZE, SIZE)
    return gw.compile(model, args=(torch.randn(1, SIZE),), precision="fixed<12,6>", multipliers=1, name="large")


@pytest.fixture(scope="module")
def folder(design: gw.Design, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return design.save(tmp_path_factory.mktemp("saved") / "design")


def test_texts_that_are_saved_stay_small_and_all_levels_share_the_contents(folder: Path):
    assert SIZE * SIZE > MOST_INLINE
    names = set()
    for level in ("tensor", "loops", "schedule"):
        text = (folder / f"large.{level}.mlir").read_text()
        assert len(text) < 20_000
        names |= {word for word in text.replace("<", " ").replace(">", " ").split() if word.startswith("contents_")}
    with np.load(folder / "large.contents.npz") as arrays:
        assert set(arrays.files) == names and len(names) == 1


@pytest.mark.parametrize("level", ["tensor", "loops", "schedule"])
def test_a_saved_level_compiles_to_the_same_numbers(design: gw.Design, folder: Path, level: str):
    again = gw.compile(str(folder / f"large.{level}.mlir"))
    x = np.random.default_rng(3).normal(size=(1, SIZE)).astype(np.float32)
    assert np.array_equal(again(x), design(x))


def test_a_saved_level_goes_through_passes(design: gw.Design, folder: Path, capsys: pytest.CaptureFixture[str]):
    assert opt.main([str(folder / "large.loops.mlir"), "-p", "simplify-loops"]) == 0
    assert "dense_resource" not in capsys.readouterr().out


def test_what_is_printed_says_it_all(design: gw.Design):
    for level in ("tensor", "loops", "schedule"):
        text = design.ir(level)
        assert "dense_resource" not in text
        assert f"{Parser(context(), text).parse_module()!s}\n" == text


def test_a_design_is_saved_the_same_twice(design: gw.Design, folder: Path, tmp_path: Path):
    again = design.save(tmp_path / "design")
    for file in folder.iterdir():
        assert (again / file.name).read_bytes() == file.read_bytes(), file.name


def test_contents_that_are_not_there_are_missed_with_their_name(folder: Path, tmp_path: Path):
    copy = tmp_path / "large.loops.mlir"
    copy.write_text((folder / "large.loops.mlir").read_text())
    with pytest.raises(gw.GatewrightError, match="contents_"):
        gw.compile(str(copy))
