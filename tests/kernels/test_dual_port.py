"""Arrays in true dual port memories: two elements a cycle, read or written, with the same values at every level."""

from __future__ import annotations

import numpy as np
import pytest

import gatewright as gw

TABLE = np.arange(20, dtype=np.int32)


def cross(a, b):
    for i in range(1, 7):
        for j in range(1, 7):
            b[i, j] = a[i - 1, j] + a[i, j - 1] + a[i, j] + a[i, j + 1] + a[i + 1, j]


def reverse(a):
    for i in range(8):
        a[i], a[15 - i] = a[15 - i], a[i]


def with_a_local_array(a, b):
    t = np.zeros(16, np.int32)
    for i in range(16):
        t[i] = a[i] * 3
    for i in range(8):
        b[i] = t[i] + t[15 - i]
    return t[3]


def with_a_table(a):
    for i in range(15):
        a[i] += TABLE[i] * TABLE[i + 1]


def sort(a):
    for i in range(16):
        for j in range(15 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = a[j + 1], a[j]


def one_store_after_the_other(a):
    a[0] = 1
    a[1] = 2
    a[2] = a[0] + a[1]
    for i in range(3, 16):
        a[i] = a[i - 1] + a[i - 3]


def histogram(a, b):
    for i in range(16):
        b[a[i] & 7] += 1


def wide_words(a):
    for i in range(8):
        a[i] = a[i] * a[15 - i]


KERNELS = {
    cross: ((8, 8), (8, 8)),
    reverse: (16,),
    with_a_local_array: (16, 16),
    with_a_table: (16,),
    sort: (16,),
    one_store_after_the_other: (16,),
    histogram: (16, 16),
    wide_words: (16,),
}


def arguments(kernel) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    dtype = np.int64 if kernel is wide_words else np.int32
    return [rng.integers(-99, 99, shape).astype(dtype) for shape in KERNELS[kernel]]


@pytest.mark.parametrize("dual_port", [True, "a"], ids=str)
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_values_are_those_of_python(kernel, dual_port):
    levels = ("schedule", "rtl", "verilog") if dual_port is True and kernel in (sort, with_a_local_array) else None
    design = gw.compile(kernel, args=tuple(arguments(kernel)), dual_port=dual_port)
    expected = arguments(kernel)
    result = kernel(*expected)
    cycles = set()
    for level in levels or ("schedule", "rtl"):
        for _ in range(2):  # the second run must not see what the first left at the ports
            given = arguments(kernel)
            run = design.run(*given, level=level)
            for got, want in zip(given, expected, strict=True):
                np.testing.assert_array_equal(got, want, err_msg=level)
            assert run.outputs == (() if result is None else (result,))
            cycles.add(run.cycles)
    assert len(cycles) == 1


@pytest.mark.parametrize(("kernel", "single", "dual"), [(cross, [3], [2]), (sort, [4], [3])])
def test_two_ports_halve_what_waits_for_them(kernel, single: list[int], dual: list[int]):
    for options, intervals in (({}, single), ({"dual_port": "a"}, dual)):
        design = gw.compile(kernel, args=tuple(arguments(kernel)), **options)
        assert [row["interval"] for row in design.report["loops"]] == intervals


def test_the_ports_of_an_array_are_two_of_a_kind():
    design = gw.compile(sort, args=tuple(arguments(sort)), dual_port="a")
    names = [port["name"] for port in design.report["ports"]][5:]
    kinds = ("address", "enable", "write_enable", "write_data", "read_data")
    assert names == [f"a_{port}_{kind}" for port in (0, 1) for kind in kinds]
    assert "a_1_write_enable" in design.verilog


def test_an_array_that_is_only_read_writes_at_neither_port():
    design = gw.compile(cross, args=tuple(arguments(cross)), dual_port="a")
    names = [port["name"] for port in design.report["ports"] if port["name"].startswith("a_")]
    assert names == [f"a_{port}_{kind}" for port in (0, 1) for kind in ("address", "enable", "read_data")]


def test_two_accesses_on_one_port_are_no_schedule():
    text = gw.compile(sort, args=tuple(arguments(sort)), dual_port="a").ir("schedule")
    assert "gw.port = 1" in text
    with pytest.raises(gw.GatewrightError, match="of %a start in cycle 0 of their step, which has one port 0"):
        gw.compile(text.replace("gw.port = 1", "gw.port = 0"))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (", gw.port = 1 : i64", "", "port 0 or port 1, or none of them does"),
        ("gw.port = 1", "gw.port = 2", "is 2 : i64, not 0 or 1"),
    ],
)
def test_ports_of_a_schedule_are_0_and_1_and_of_all_accesses_or_none(old: str, new: str, why: str):
    text = gw.compile(reverse, args=tuple(arguments(reverse)), dual_port="a").ir("schedule")
    changed = text.replace("{gw.port = 1 : i64}", "") if not new else text.replace(old, new)
    assert changed != text
    with pytest.raises(gw.GatewrightError, match=why):
        gw.compile(changed)


def test_a_name_that_no_array_has():
    with pytest.raises(gw.GatewrightError) as raised:
        gw.compile(sort, args=tuple(arguments(sort)), dual_port=("a", "c"))
    assert str(raised.value) == "there is no array 'c' to give two ports\n  help: one of a"


def test_something_that_is_no_name():
    with pytest.raises(gw.GatewrightError) as raised:
        gw.compile(sort, args=tuple(arguments(sort)), dual_port=2)
    assert str(raised.value) == 'dual_port=2 names no arrays\n  help: dual_port=True, or names: dual_port=("a", "b")'
