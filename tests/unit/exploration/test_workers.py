"""Where tasks run: the same results from every executor, and a worker that dies takes only its own task along."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

import gatewright as gw
from gatewright.exploration.workers import Engine, packed, unpacked


def double(task: bytes) -> int:
    number = unpacked(task)
    if number == 3:
        raise ValueError("three")
    if number == 5:
        os._exit(1)
    return 2 * number


def tasks(*numbers):
    return {at: packed(number, double) for at, number in enumerate(numbers)}


@pytest.mark.parametrize("make", [lambda: Engine(workers=2), lambda: Engine(ThreadPoolExecutor(2))])
def test_tasks_run_and_what_they_raise_is_handed_out(make):
    found = dict(make().run(double, tasks(1, 2, 3, 4)))
    assert [found[0], found[1], found[3]] == [2, 4, 8] and "three" in str(found[2])


def test_a_worker_that_dies_takes_only_its_own_task_along():
    found = dict(Engine(workers=2).run(double, tasks(1, 5, 2, 4)))
    assert isinstance(found.pop(1), Exception) and found == {0: 2, 2: 4, 3: 8}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"workers": 0}, "no number of processes"),
        ({"executor": 3}, "has no submit"),
        ({"executor": ThreadPoolExecutor(1), "scheduler": "tcp://h:1"}, "both say where"),
    ],
)
def test_what_is_no_engine_is_refused(arguments, message):
    with pytest.raises(gw.OptionError, match=message):
        Engine(**arguments)


@pytest.mark.parametrize(("address", "message"), [("ftp://host", "is no engine"), ("tcp://127.0.0.1:9", "no Dask")])
def test_an_address_where_nothing_runs_is_refused(address, message, monkeypatch):
    with pytest.raises(gw.OptionError, match=message):
        list(Engine(scheduler=address).run(double, tasks(1, 2)))


def test_dask_compiles(kernel):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        table = gw.explore(kernel, multipliers=[1, 2], scheduler=cluster.scheduler_address)
    assert [row.cycles for row in table] == [gw.compile(kernel, multipliers=each).report["cycles"] for each in (1, 2)]


def test_submitit_compiles(kernel, tmp_path):
    table = gw.explore(kernel, clock_mhz=[50, 100], scheduler=f"slurm://?cluster=local&timeout_min=5&folder={tmp_path}")
    assert [row.error for row in table] == [None, None] and len(list(tmp_path.iterdir())) > 0
