"""The store: rows come back, a line that was cut off does no harm, other files are refused."""

from __future__ import annotations

import json

import pytest

import gatewright as gw
from gatewright.exploration.rows import DesignRow
from gatewright.exploration.space import DesignPoint
from gatewright.exploration.store import ResultStore

POINT = DesignPoint(0, {"multipliers": 4})
ROW = DesignRow(POINT.options, cycles=12, multipliers=4, synthesized={"luts": 3})


def test_a_row_comes_back_from_the_file(tmp_path):
    path = tmp_path / "deep" / "study.jsonl"
    ResultStore(path).put("key", "f", "1", ROW)
    assert ResultStore(path).get("key", POINT) == ROW and ResultStore(path).get("other", POINT) is None
    line = json.loads(path.read_text())
    assert (line["source"], line["version"], line["options"]) == ("f", "1", {"multipliers": 4})


def test_a_line_that_was_cut_off_is_left_alone_and_ends_there(tmp_path):
    path = tmp_path / "study.jsonl"
    ResultStore(path).put("first", "f", "1", ROW)
    whole = path.read_text()
    path.write_text(whole + whole[:40])
    store = ResultStore(path)
    store.put("second", "f", "1", ROW)
    assert ResultStore(path).get("first", POINT) == ResultStore(path).get("second", POINT) == ROW


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("milk\neggs\n")
    with pytest.raises(gw.SourceError, match="line 1 of .* is no row of an exploration"):
        ResultStore(path)
    with pytest.raises(gw.OutputError):
        ResultStore(path / "below").put("key", "f", "1", ROW)
