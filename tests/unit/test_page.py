"""The report as a page: it holds the source, the schedule and the IR, linked, and needs nothing else."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import gatewright as gw


def newton(x: gw.i32[8], d: gw.i32):
    for i in range(8):
        y = x[i]
        while y * y > d:
            y = (y + d // y) // 2
        x[i] = y


def moving_sum(a: gw.i32[16], b: gw.i32[16]) -> gw.i32:
    total = np.int32(0)
    for i in range(14):
        b[i] = a[i] + a[i + 1] * a[i + 2]
        total += b[i]
    return total


def data_of(page: str) -> dict:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


@pytest.fixture(scope="module", params=[newton, moving_sum], ids=lambda kernel: kernel.__name__)
def design(request) -> gw.Design:
    return gw.compile(request.param)


def test_the_page_needs_nothing_from_elsewhere(design: gw.Design):
    assert not re.search(r"\b(src|href)=|@import|url\(|https?://(?!www\.w3\.org/2000/svg)", design.page)


def test_the_page_holds_the_report_and_the_ir(design: gw.Design):
    data = data_of(design.page)
    assert data["report"] == json.loads(json.dumps(design.report))
    assert "\n".join(row["text"] for row in data["ir"]) + "\n" == design.ir("schedule")


def test_every_bar_is_linked_with_a_line_of_the_source_and_one_of_the_ir(design: gw.Design):
    data = data_of(design.page)
    (file,) = data["sources"]
    assert file["name"] == "test_page.py"
    lines = {row["place"] for row in file["lines"]}
    numbered = {row["op"]: row for row in data["ir"] if "op" in row}
    bars = [bar for panel in data["panels"] for bar in panel["bars"]]
    assert bars
    for bar in bars:
        assert bar["place"] in lines
        assert numbered[bar["op"]].get("place") == bar["place"]
        verb = {"load": "memref.load", "store": "memref.store"}.get(bar["kind"])
        assert verb is None or verb in numbered[bar["op"]]["text"]


def test_each_loop_has_a_panel_with_its_interval(design: gw.Design):
    data = data_of(design.page)
    assert len(data["panels"]) == 1 + len(design.report["loops"])
    for panel, row in zip(data["panels"][1:], design.report["loops"], strict=True):
        assert panel["place"] == row["line"]
        if row["kind"] == "pipeline":
            assert (panel["interval"], panel["depth"]) == (row["interval"], row["depth"])
            assert all(bar["start"] in panel["starts"] for bar in panel["bars"])


def test_nothing_in_a_program_can_end_the_data():
    source = 'func.func @f(%a: memref<2xi32>) { // </script><script>"boo"\n  func.return\n}\n'
    design = gw.compile(source)
    assert "</script><script>" not in design.page
    assert "boo" in json.dumps(data_of(design.page)["sources"])
    assert data_of(design.page)["report"]["name"] == "f"


def test_a_saved_design_has_its_page(tmp_path):
    design = gw.compile(moving_sum)
    design.save(tmp_path / "out")
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8") == design.page
