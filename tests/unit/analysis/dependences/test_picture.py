"""The picture of dependences in the documentation."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from gatewright.analysis.dependences.analysis import DependenceAnalysis
from gatewright.analysis.dependences.description import Description, load, loop, store
from gatewright.analysis.dependences.picture import draw

SVG = "{http://www.w3.org/2000/svg}"


def picture() -> str:
    """The loop of the documentation."""
    inner = loop("j", 1, "i + 1", load("A", "i-1", "j"), load("A", "i", "j-1"), store("A", "i", "j"))
    outer = loop("i", 1, 6, inner)
    return draw(outer, inner, DependenceAnalysis(Description([outer])).dependences())


def test_the_picture_in_the_documentation_is_what_is_drawn(root: Path, update: bool):
    file = root / "docs" / "dependences.svg"
    if update:
        file.write_text(picture(), encoding="utf-8")
    assert file.read_text(encoding="utf-8") == picture()


def test_every_iteration_is_a_point_and_every_pair_an_arrow():
    tree = ElementTree.fromstring(picture())
    assert len(tree.findall(f"{SVG}circle")) == 15
    arrows_and_legend = len(tree.findall(f"{SVG}line"))
    assert arrows_and_legend == 10 + 10 + 2


def test_counters_that_begin_below_zero_stay_inside():
    inner = loop("j", -3, 0, load("A", "i", "j-1"), store("A", "i", "j"))
    outer = loop("i", -2, 0, inner)
    text = draw(outer, inner, DependenceAnalysis(Description([outer])).dependences())
    tree = ElementTree.fromstring(text)
    assert all(int(point.get("cx", "-1")) > 0 and int(point.get("cy", "-1")) > 0 for point in tree.iter(f"{SVG}circle"))
