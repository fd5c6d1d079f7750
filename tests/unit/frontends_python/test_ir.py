"""The IR that comes out: clean, located, named, with the documented interface."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import FileLineColLoc

from gatewright.frontends.python import SUPPORTED

V = np.zeros(8, np.int32)


def test_every_operation_says_where_it_comes_from(compiled):
    def f(a, n):
        total = a[0] * n
        for i in range(1, n):
            total += a[i - 1] // 3
        return total

    function = compiled(f, V, np.uint8(1)).function
    located = [op.location for op in function.body.walk()]
    lines = {location.line.data for location in located if isinstance(location, FileLineColLoc)}
    first = f.__code__.co_firstlineno
    assert len(located) > 10
    assert all(isinstance(location, FileLineColLoc) for location in located)
    assert {location.filename.data for location in located} == {Path(__file__).name}
    assert lines == {first, first + 1, first + 2, first + 3}


def test_columns_count_from_one(compiled):
    def f(a, n):
        return a + n * 2

    operations = compiled(f, np.int8(1), np.int8(1)).function.body.walk()
    location = next(op.location for op in operations if isinstance(op, arith.MuliOp))
    assert isinstance(location, FileLineColLoc)
    line = Path(__file__).read_text().splitlines()[location.line.data - 1]
    assert line[location.column.data - 1 :].startswith("n * 2")


def test_no_operation_is_useless_or_repeated(compiled):
    def f(a, i):
        unused = a[i] * 3  # noqa: F841
        row = a[i + 1] + a[i + 1]
        a[i + 1] = row

    operations = [op.name for op in compiled(f, V, np.uint8(1)).function.body.walk()]
    assert operations.count("arith.addi") == 2 and "arith.muli" not in operations
    assert operations.count("arith.extui") == 1


def test_an_index_that_cannot_be_negative_is_not_corrected(compiled, text):
    def f(y, n, m):
        for k in range(8):
            for i in range(k):
                y[k - i - 1] = y[i]
            for i in range(7, k, -1):
                y[i - k] += y[i - 1]
            for i in range(0, 8, 2):
                y[i // 2] += y[i % 4] + y[(i + k) & 7]
        for i in range(n):
            y[n - i - 1] = i
        y[n >> 1] = 5

    assert "select" not in text(compiled(f, V, np.uint8(1), 1))


def test_an_index_that_may_be_negative_is_corrected(compiled, text):
    def f(y, n):
        y[n] = 1

    assert text(compiled(f, V, 1)).count("select") == 1
    assert text(compiled(f, V, np.int8(1))).count("select") == 1


def test_scalars_never_live_in_memory(compiled):
    def f(a):
        s, m = a[0], a[0]
        for x in a:
            s += x
            if x > m:
                m = x
        while s > m:
            s -= m | 1
        return s

    operations = list(compiled(f, V).function.body.walk())
    assert not [op for op in operations if isinstance(op, (memref.AllocOp, memref.StoreOp))]


def test_a_result_array_is_made_in_the_memory_of_the_caller(compiled, text):
    def f(a):
        b = np.zeros(8, np.int32)
        for i in range(8):
            b[i] = a[7 - i]
        return b

    module = text(compiled(f, V))
    assert "alloc" not in module
    assert '%result: memref<8xi32> {gw.name = "result", gw.type = "i32", gw.result = 0 : i64}' in module


def test_values_carry_the_names_of_the_variables(compiled, text):
    def f(a, gain):
        total = a[0] + gain
        for _ in range(4):
            total = total * gain
        return total

    module = text(compiled(f, V, np.int32(1)))
    assert "%gain" in module and "iter_args(%total" in module


def test_an_array_that_nobody_reads_is_not_built(compiled):
    def f(a):
        log = np.zeros(8, np.int32)
        for i in range(8):
            log[i] = a[i]
            a[i] = 0

    assert [op.name for op in compiled(f, V).function.body.walk()].count("memref.store") == 1


def test_a_choice_between_values_is_a_select_and_between_effects_a_branch(compiled, text):
    def f(a, n):
        x = n + 1 if n > 3 else n * 2
        if n > 5:
            a[0] = x

    module = text(compiled(f, V, np.int32(1)))
    assert module.count("arith.select") == 1 and module.count("scf.if") == 1 and "else" not in module


def test_two_compilations_give_the_same_text(compiled, text):
    def f(a, n):
        for i in range(n):
            a[i & 7] = a[i & 3] * 3 if n > i else 0
        return a + np.array([1, 2, 3, 4, 5, 6, 7, 8])

    assert text(compiled(f, V, np.uint8(1))) == text(compiled(f, V, np.uint8(1)))


def test_everything_supported_has_a_note():
    assert len(SUPPORTED) > 100
    assert {"for", "while", "slices", "np.zeros", "np.where", "range", ".reshape()", "gw.fixed"} <= set(SUPPORTED)
    assert [name for name, note in SUPPORTED.items() if not note.endswith((".", "`"))] == []
