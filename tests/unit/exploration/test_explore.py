"""`gw.explore`: rows are those of `gw.compile`, nothing is compiled twice, what fails is a row."""

from __future__ import annotations

import json

import pytest

import gatewright as gw
from gatewright.exploration import study
from gatewright.tools.compile import main

FIGURES = ("cycles", "multipliers", "dsp", "memory_bits", "luts", "register_bits", "busy")


@pytest.fixture
def compiled(monkeypatch):
    """How many points are compiled."""
    count = []

    def counted(task):
        count.append(task)
        return evaluate(task)

    evaluate = study.evaluate
    monkeypatch.setattr(study, "evaluate", counted)
    return count


def test_rows_are_what_compile_reports(kernel):
    table = gw.explore(kernel, multipliers=[1, 2], clock_mhz=[100, 200], workers=2)
    assert [row.options for row in table] == [
        {"multipliers": n, "clock_mhz": mhz} for n in (1, 2) for mhz in (100, 200)
    ]  # fmt: skip
    for row in table:
        report = gw.compile(kernel, **row.options).report
        assert {name: getattr(row, name) for name in FIGURES} == {name: report[name] for name in FIGURES}
        assert row.interval == row.cycles and row.microseconds == pytest.approx(row.cycles / row.options["clock_mhz"])
        assert row.error is None
    assert table.objectives[0] == "microseconds" and table.pareto and not table.failed


def test_a_larger_pool_is_not_compiled_where_a_smaller_one_reaches_its_bound(kernel, compiled):
    table = gw.explore(kernel, multipliers=[1, 2, 3, 4, 8], workers=1)
    hopeless = [row for row in table if row.stage == "estimate"]
    assert len(compiled) + len(hopeless) == 5
    for row in hopeless:
        assert row.cycles == gw.compile(kernel, **row.options).report["cycles"] and "as fast as" in row.remark
    assert not set(map(id, hopeless)) & set(map(id, table.pareto))


def test_what_is_in_the_store_is_not_compiled_again(kernel, compiled, tmp_path):
    path = tmp_path / "study.jsonl"
    first = gw.explore(kernel, clock_mhz=[50, 100], store=path, workers=1)
    assert len(compiled) == 2 and len(path.read_text().splitlines()) == 2
    again = gw.explore(kernel, clock_mhz=[100, 50, 60], store=path, workers=1)
    assert len(compiled) == 3 and [again[1].figures, again[0].figures] == [row.figures for row in first]
    gw.explore(lambda_of(3), clock_mhz=50, store=path, workers=1)
    gw.explore(lambda_of(4), clock_mhz=50, store=path, workers=1)
    assert len(compiled) == 5  # another program, though it has the same name


def lambda_of(factor):
    def scaled(a: gw.i16[4], b: gw.i16[4]):
        for i in range(4):
            b[i] = a[i] * factor

    return scaled


def test_a_point_that_fails_is_a_row_that_says_why(kernel, tmp_path):
    path = tmp_path / "study.jsonl"
    table = gw.explore(kernel, clock_mhz=[100, 5000], store=path, workers=1)
    assert table[0].error is None and "not between 1 and 1000" in table[1].error and table.failed == [table[1]]
    assert "not between" in json.loads(path.read_text().splitlines()[1])["row"]["error"]
    assert "(1) clock_mhz=5000" in str(table)

    def refused(a: gw.i16[4]):
        a[0] = open("x")

    assert "open" in gw.explore(refused, multipliers=[1, 2], workers=1)[1].error


def test_synthesis_is_for_the_best_only(kernel):
    table = gw.explore(kernel, multipliers=[1, 2, 8, 9], target="ecp5", synthesize=True, workers=1)
    built = [row for row in table if row.stage == "synthesis"]
    assert [id(row) for row in built] == [id(row) for row in table.pareto] and 0 < len(built) < 4
    assert all(row.synthesized["dsps"] == row.dsp and row.synthesized["ffs"] > 0 for row in built)
    with pytest.raises(gw.OptionError, match="cannot be synthesized"):
        gw.explore(kernel, synthesize=True)


def test_optuna_chooses_points_by_its_seed(kernel, compiled):
    space = {"multipliers": [1, 2, 4], "clock_mhz": [50, 60, 70, 80, 90, 100], "dual_port": [False, True]}
    first = gw.explore(kernel, trials=4, seed=7, workers=1, **space)
    assert len(first) == len(compiled) == 4
    again = gw.explore(kernel, trials=4, seed=7, workers=1, **space)
    assert [row.options for row in again] == [row.options for row in first]


def test_a_torch_model_is_explored_over_precisions_that_do_not_beat_each_other():
    import torch

    torch.manual_seed(0)
    model, x = torch.nn.Linear(4, 3), torch.zeros(1, 4)
    table = gw.explore(model, args=(x,), precision=["fixed<8,4>", "fixed<16,8>"], multipliers=1, workers=2)
    assert [row.error for row in table] == [None, None] and len(table.pareto) == 2


def test_a_table_is_text_csv_and_drawings(kernel, tmp_path):
    table = gw.explore(kernel, multipliers=[1, 2], workers=1)
    assert "multipliers=" in str(table) and len(table.csv().splitlines()) == 3
    assert table.draw(tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in table.draw(tmp_path / "front.svg").read_text()
    page = table.draw(tmp_path / "front.html", x="luts", y="cycles").read_text()
    assert "tooltip" in page and str(table[0].cycles) in page
    for bad in ({"path": "front.bmp"}, {"path": "front.png", "x": "beauty"}):
        with pytest.raises(gw.OptionError):
            table.draw(tmp_path / bad.pop("path"), **bad)


@pytest.mark.parametrize(
    "arguments",
    [
        {"objectives": "cycles"},
        {"objectives": []},
        {"objectives": ["beauty"]},
        {"trials": 0},
        {"clock": [1]},
        {"args": 3},
    ],
)
def test_wrong_arguments_are_refused(kernel, arguments):
    with pytest.raises(gw.GatewrightError):
        gw.explore(kernel, **arguments)


def test_the_command_line_explores(tmp_path, capsys):
    file = tmp_path / "scale.py"
    file.write_text(
        "import gatewright as gw\n\ndef scale(a: gw.i16[6], b: gw.i32[6]):\n    for i in range(6):\n"
        "        b[i] = gw.i32(a[i]) * a[i]\n"
    )
    given = ["explore", str(file), "--clock-mhz", "50,100", "--multipliers", "1", "--csv", str(tmp_path / "t.csv")]
    assert main([*given, "--store", str(tmp_path / "s.jsonl"), "--draw", str(tmp_path / "t.svg")]) == 0
    assert "clock_mhz=" in capsys.readouterr().out
    assert (tmp_path / "t.svg").exists() and len((tmp_path / "t.csv").read_text().splitlines()) == 3
    assert main(["explore", str(file), "--clock-mhz", "fast"]) == 1
    assert "no list of numbers" in capsys.readouterr().err
    assert main(["explore", str(file), "--clock-mhz", "5000"]) == 1
