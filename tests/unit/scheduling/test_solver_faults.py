"""A fault inside the solver is no fault of the program: the heuristics' schedule stays."""

from __future__ import annotations

import numpy as np

import gatewright as gw


def two_products(x: gw.f32[5, 7], y: gw.f32[5, 7]):
    t0, t1, t2 = np.zeros((5, 7), np.float32), np.zeros((5, 7), np.float32), np.zeros((5, 7), np.float32)
    for i in range(5):
        for j in range(7):
            t0[i, j] = x[i, j] * np.float32(5)
    for i in range(5):
        for j in range(7):
            s = np.float32(0)
            for k in range(7):
                s += t0[i, k] * t0[i, k]
            t1[i, j] = s
    for j in range(7):
        for i in range(5):
            t2[i, j] = t1[i, 6 - j] * np.float32(4) + t1[i, 6 - j] * np.float32(9)
    for i in range(5):
        for j in range(7):
            s = np.float32(0)
            for k in range(7):
                s += t2[i, k] * t2[4 - i, j]
            y[i, j] = s


def test_what_the_solver_cannot_solve_has_a_schedule(monkeypatch):
    from ortools.sat.python import cp_model

    def fails(*_):
        raise IndexError("absl::btree_map::at")

    monkeypatch.setattr(cp_model.CpSolver, "solve", fails)
    x = np.random.default_rng(0).integers(-9, 9, (5, 7)).astype(np.float32)
    y, expected = np.zeros_like(x), np.zeros_like(x)
    gw.compile(two_products, multipliers=2, search=0)(x, y)
    two_products(x, expected)
    assert np.array_equal(y, expected)
