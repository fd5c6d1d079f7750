"""A design is called as its source is: by position, by name, with defaults, and it returns what the source returns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import gatewright as gw

A = np.array([5, 1, 1, 1], np.int32)
X = torch.tensor([1.0, 2.0])


@gw.kernel
def scaled(a: gw.i32[4], k: gw.i32 = 3) -> gw.i32:  # type: ignore[assignment]
    """An element times a factor."""
    return a[0] * k


class Nested(torch.nn.Module):
    """Results in a dictionary, a list and a tuple, and numbers that are known."""

    def forward(self, x: torch.Tensor, scale: torch.Tensor) -> dict[str, object]:
        """A bit of everything."""
        return {"product": x * scale, "more": [x + 1, (x, 3)], "count": x.shape[0]}


class Constant(torch.nn.Module):
    """A model without inputs."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.arange(4.0))

    def forward(self) -> torch.Tensor:
        """Twice the weights."""
        return self.weight * 2


@pytest.fixture(scope="module")
def design() -> gw.Design:
    return gw.compile(scaled)


@pytest.fixture(scope="module")
def nested() -> gw.Design:
    return gw.compile(Nested(), args=(X,), kwargs={"scale": torch.tensor(2.0)})


def test_arguments_have_names_and_defaults(design: gw.Design):
    assert design(A) == scaled(A) == 15
    assert design(A, 4) == design(A, k=4) == design(k=4, a=A) == 20
    assert design.run(a=A, level="loops").outputs == (15,)


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        ((), {}, "argument a is missing"),
        ((A,), {"a": A}, "argument a is given twice, by position and by name"),
        ((A,), {"z": 1}, "there is no parameter z"),
        ((A, 1, 2), {}, "3 arguments given, 2 expected"),
    ],
)
def test_a_call_that_does_not_fit_is_refused(
    design: gw.Design, arguments: tuple[object, ...], named: dict[str, object], message: str
):
    with pytest.raises(gw.InterfaceError, match=message):
        design(*arguments, **named)


def test_a_model_returns_what_it_returns(nested: gw.Design):
    returned = nested(X, scale=3.0)
    assert set(returned) == {"product", "more", "count"} and returned["count"] == 2 and returned["more"][1][1] == 3
    np.testing.assert_array_equal(returned["product"], [3, 6])
    np.testing.assert_array_equal(returned["more"][0], [2, 3])
    np.testing.assert_array_equal(returned["more"][1][0], [1, 2])


def test_all_results_of_a_run_are_in_order(nested: gw.Design):
    product, more, same, three, count = nested.run(X, 3.0).outputs
    assert (three, count) == (3, 2)
    np.testing.assert_array_equal(np.stack([product, more, same]), [[3, 6], [2, 3], [1, 2]])


def test_a_model_may_have_no_inputs():
    design = gw.compile(Constant(), args=())
    np.testing.assert_array_equal(design(), [0, 2, 4, 6])
    assert design.run().cycles == design.report["cycles"]


def test_tensors_without_axes_have_none_at_ports():
    model = torch.nn.Module()
    model.forward = lambda x, y: (x.sum() * y, y + 1)
    design = gw.compile(model, args=(torch.arange(4.0), torch.tensor(2.0)))
    assert str(design.signature) == "(x: f32[4], y: f32[]) -> (f32[], f32[])"
    for level in design.levels:
        for scalar in (3.0, np.float32(3), torch.tensor(3.0)):
            outputs = design.run(np.arange(4, dtype=np.float32), scalar, level=level).outputs
            assert [np.shape(each) for each in outputs] == [(), ()] and outputs == (18, 4)
    with pytest.raises(gw.InterfaceError, match=r"argument y has the shape \(1,\), not \(\)"):
        design(np.zeros(4, np.float32), np.zeros(1, np.float32))


@pytest.mark.parametrize(
    "forward",
    [lambda x: (torch.ops.prims.view_of(x.sum()), x + 1), lambda x: (torch.ops.prims.squeeze(x[:1], [0]), x)],
    ids=["view_of", "squeeze"],
)
def test_views_among_the_primitive_operations(forward: object):
    model = torch.nn.Module()
    model.forward = forward  # type: ignore[assignment]
    for mine, real in zip(gw.compile(model, args=(X,))(X), model(X), strict=True):
        np.testing.assert_array_equal(mine, real.numpy())


def test_a_folder_holds_the_files_of_the_last_design_only(design: gw.Design, nested: gw.Design, tmp_path: Path):
    nested.save(tmp_path)
    (tmp_path / "mine.txt").write_text("kept")
    design.save(tmp_path)
    names = {file.name for file in tmp_path.iterdir()}
    assert {name for name in names if name.endswith(".sv")} == set(design.files)
    assert "mine.txt" in names and "nested.tensor.mlir" not in names
