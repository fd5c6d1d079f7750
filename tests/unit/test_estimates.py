"""What the planner counts on, where the schedule has something else: noted at the pipeline, reported, printed."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.utils.exceptions import VerifyException

import gatewright as gw
from gatewright.dialects.loopschedule.ops import PipelineOp
from gatewright.dialects.notes import ESTIMATE
from gatewright.machine.duration import estimated, scheduled
from gatewright.reporting.facts import estimated_cycles
from gatewright.reporting.text import print_report


def tripled(a: gw.i32[10], b: gw.i32[10]):
    for i in range(10):
        b[i] = a[i] * 3


def pipeline_of(design: gw.Design) -> PipelineOp:
    (found,) = [op for op in design._compilation.schedule.module.walk() if isinstance(op, PipelineOp)]  # noqa: SLF001
    return found


def test_without_a_note_it_is_the_schedule():
    design = gw.compile(tripled)
    assert estimated(pipeline_of(design)) == scheduled(pipeline_of(design))
    assert design.report["estimate"] == design.report["cycles"]


def test_a_note_counts():
    design = gw.compile(tripled)
    pipeline = pipeline_of(design)
    ESTIMATE.set(pipeline, (pipeline.interval + 2, pipeline.depth + 1))
    cycles = design.report["cycles"]
    assert estimated_cycles(design._compilation.schedule, cycles) == cycles + 9 * 2 + 1  # noqa: SLF001


@pytest.mark.parametrize("numbers", [[1], [0, 3], [1, 2, 3]])
def test_a_malformed_note_is_an_error(numbers: list[int]):
    pipeline = pipeline_of(gw.compile(tripled))
    pipeline.attributes[ESTIMATE.name] = DenseArrayBase.from_list(i64, numbers)
    with pytest.raises(VerifyException, match="not two numbers of type i64 from 1 on"):
        estimated(pipeline)


@pytest.mark.parametrize(
    ("estimate", "words"), [(1210, "1,210; 10 too many"), (1195, "1,195; 5 too few"), (1200, "1,200")]
)
def test_it_is_printed_with_what_it_is_off_by(estimate: int, words: str):
    stream = io.StringIO()
    print_report({"name": "f", "cycles": 1200, "estimate": estimate}, Console(file=stream, width=100))
    (line,) = [line for line in stream.getvalue().splitlines() if "estimate" in line]
    assert line.split(maxsplit=1)[1] == words
