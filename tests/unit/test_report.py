"""The report of a design as text."""

from __future__ import annotations

import io
from collections.abc import Mapping

from rich.console import Console

from gatewright.reporting.text import print_report

REPORT = {
    "name": "vadd",
    "source": "vadd.py:4",
    "clock_mhz": 100.0,
    "target": "generic",
    "interface": "(a: i32[8], b: i32[8]) -> ()",
    "cycles": 1_234_567,
    "operators": [
        {"name": "mul", "kind": "muli", "width": 32, "latency": 3, "units": 1, "operations": 2},
        {"name": "[add]", "kind": "addi", "width": 32, "latency": 0, "units": 4, "operations": 4},
    ],
    "loops": [],
    "memories": [{"name": "weights", "words": 16384, "bits": 16, "kind": "rom"}],
    "memory_bits": 262144,
    "registers": 96,
    "lower_bound": 1_000_000,
    "lower_bound_set_by": "memory x",
}


def text_of(report: Mapping[str, object]) -> str:
    stream = io.StringIO()
    print_report(report, Console(file=stream, width=80))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def test_a_report_prints_its_facts_and_its_tables():
    assert text_of(REPORT) == (
        "vadd(a: i32[8], b: i32[8]) -> ()\n"
        "  source           vadd.py:4\n"
        "  clock            100 MHz, target generic\n"
        "  cycles           1,234,567 (12.35 ms)\n"
        "  lower bound      1,000,000 by memory x; cycles / lower bound = 1.23\n"
        "  registers        96\n"
        "  memory bits      262,144\n"
        "\n"
        "operators\n"
        "name   kind  width  latency  units  operations\n"
        "mul    muli     32        3      1           2\n"
        "[add]  addi     32        0      4           4\n"
        "\n"
        "memories\n"
        "name      words  bits  kind\n"
        "weights  16,384    16  rom"
    )


def test_cycles_that_depend_on_the_data_are_said_to():
    assert "  cycles           depend on the data" in text_of(REPORT | {"cycles": None})


def test_a_report_without_anything_still_prints():
    assert text_of({}) == "design"


def test_a_row_may_lack_a_column():
    rows = [{"name": "i", "cycles": 3}, {"name": "j", "line": None}]
    assert "name  cycles\ni          3\nj          -" in text_of({"loops": rows})


def test_a_table_that_is_not_known_comes_last():
    assert text_of({"formats": [{"tensor": "weights"}], "loops": [{"line": "a.py:1"}]}).endswith(
        "formats\ntensor\nweights"
    )
