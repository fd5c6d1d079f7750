"""Random functions for a random program to call."""

from __future__ import annotations

from fuzzing.scalars import scalar
from fuzzing.scope import Array, Callee, Scalar, Scope
from fuzzing.statements import Lines, StatementWriter, indented
from fuzzing.values import INTEGERS


def callees(scope: Scope) -> Lines:
    """The text of up to two functions, which join the scope; the second may call the first."""
    lines: Lines = []
    for number in range(scope.rng.choice((0, 0, 1, 2)) if scope.has("callees") else 0):
        lines += _callee(scope, number)
    return lines


def _callee(scope: Scope, number: int) -> Lines:
    rng = scope.rng
    types = tuple(rng.choice(INTEGERS) for _ in range(rng.randint(1, 2)))
    results = tuple(rng.choice(INTEGERS) for _ in range(rng.choice((0, 1, 1, 1, 2))))
    inner = Scope(rng, scope.features, callees=list(scope.callees))
    inner.arrays = [array for array in scope.arrays if not array.writable]
    inner.python_ints = [constant for constant in scope.python_ints if constant.name.isupper()]
    inner.scalars = [Scalar(f"p{k}", dtype) for k, dtype in enumerate(types)]
    parameters = [variable.name for variable in inner.scalars]
    array = None
    models = [each for each in scope.arrays if each.writable]
    if models and (not results or rng.random() < 0.2):
        model = rng.choice(models)
        array = Array("q", model.dtype, model.shape[rng.randrange(len(model.shape)) :])
        inner.arrays.append(array)
        parameters.insert(0, "q")
    elif not results:
        results = (rng.choice(INTEGERS),)
    inner.callees = [callee for callee in inner.callees if callee.array is None]
    body: Lines = []
    if array is not None or rng.random() < 0.4:
        body = StatementWriter("h").block(inner, rng.randint(1, 2), 4, 1)
    if results:
        body += [f"return {', '.join(scalar(inner, each, 2) for each in results)}"]
    callee = Callee(f"function{number}", types, results, array)
    scope.callees.append(callee)
    return [f"def {callee.name}({', '.join(parameters)}):"] + indented(body)
