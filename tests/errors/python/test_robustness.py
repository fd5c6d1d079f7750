"""Whatever is wrong with a function, it is told as the user's error."""

from __future__ import annotations

import numpy as np
import pytest

V, M, N = np.zeros(8, np.int32), np.zeros((2, 4), np.int16), np.int32(1)

WRONG = (
    "a[i] += 'x'", "np.add(a)", "np.zeros_like(3)", "len(i)", "for k in range(): pass", "for k in range(1.5): pass",
    "abs('x')", "int('3')", "max()", "sum(i)", "for k in i: pass", "(1, 2) + i", "-(1, 2)", "not a", "a and m",
    "i < a < i", "a[1.5]", "a['x']", "np.array([])", "np.array([a, a])", "np.array(['x'])", "np.arange(1.5)",
    "np.zeros((2, i))", "np.zeros(0, np.int8)", "a.reshape()", "a.reshape('x')", "a.shape = 3", "a[0][1]", "print(i)",
    "(k := i)", "f'{i}'", "{1: 2}[i]", "del a", "with a: pass", "k = *a,", "(lambda *k: 1)(i)", "i(3)", "a.sum(3)",
    "a.sum(axis=i)", "np.sum()", "np.sum(a, 1, 2, 3, 4)", "m.transpose(0, 0)", "m.transpose(5, 1)", "np.dot(a, m)",
    "a @ i", "i @ a", "m @ m @ m", "np.where(a)", "np.where(a, 'x', 1)", "a[None] = m", "a[::0]", "a[1:2:i]",
    "a.T = 1", "i.x", "a.x", "np.x", "np.pi + i", "np.uint8", "np.uint8(a, 1)", "np.uint8('x')", "a.astype('x')",
    "a.astype(3)", "a.astype(float)", "np.float32(i)", "gw.f32(i)", "gw.fixed(i, 3)(i)", "gw.int_(0)(i)", "math.pi",
    "open('x')", "i ** -1", "i ** 99", "1 << -i ** 0", "a[i, i]", "zip()", "enumerate()", "for k in zip(i): pass",
    "for k, l in range(3): pass", "x = y = z", "x, y = 1", "x, y = 1, 2, 3", "a[0], i[1] = 1, 2", "assert a",
    "assert i", "nonlocal i", "return", "yield i", "await i", "import sys", "class x: pass",
    "def g(x=a): return x\n    g()", "def g(): return g()\n    g()", "try: pass\n    finally: pass",
    "for a[0] in range(3): pass", "for k in range(3):\n        a = m", "if i:\n        a = m\n    a[0] = 1",
    "np.concatenate(a)", "np.concatenate((a, m))", "np.full(3, a)", "np.full((2,), 'x')", "np.eye(i)", "np.iinfo(3)",
    "np.iinfo(float)", "np.outer(a, i)", "np.clip(a)", "np.min(a[:0])", "np.argmax(a[:0])", "a.fill(m)",
    "(a + 1).fill(3)", "a.item()", "np.sqrt(np.sqrt(i))", "np.sqrt(a > 0)", "a[0] = np.sqrt(i) < 3", "round(i)",
    "str(i)", "i is a", "i in a", "a == None", "a[...] = None", "None + i", "np.matmul(a)", "1j", "i // 0 + 5 // 0",
    "a.dtype + 1", "type(i)", "x: int", "while a: pass", "while 1: i += 1", "[0][i]", "(1, 2)[5]", "[k for k in a]",
    "global i", "a[i:i + i]", "i[0] = 1",
)  # fmt: skip


@pytest.mark.parametrize("statement", WRONG)
def test_a_wrong_statement_gets_an_error_with_its_place(statement, message_or_none):
    text = message_or_none(f"def f(a, m, i):\n    {statement}\n", V, M, N)
    assert text is None or text.startswith("kernel.py:")
