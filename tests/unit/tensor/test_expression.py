"""Expressions in normal form: constants are gathered, and mean what was written."""

from __future__ import annotations

import numpy as np
import pytest

from gatewright.transforms.tensor.expression import (
    Choice,
    Comparison,
    Constant,
    Expression,
    Extreme,
    Input,
    Product,
    Quotient,
    ScaledValue,
    Sum,
    add,
    choose,
    divide,
    extreme,
    multiply,
    negate,
    scalar,
)


def data() -> Input:
    """Some input; its block argument does not matter here."""
    return Input(None)  # pyright: ignore[reportArgumentType]


def evaluate(of: Expression, inputs: dict[Expression, float]) -> np.ndarray:
    """The value of an expression."""
    match of:
        case Constant():
            return of.array
        case ScaledValue():
            return evaluate(of.of, inputs) * of.scale + of.offset
        case Quotient():
            return evaluate(of.of, inputs) / of.divisor
        case Sum():
            return evaluate(of.left, inputs) + evaluate(of.right, inputs)
        case Product():
            return evaluate(of.left, inputs) * evaluate(of.right, inputs)
        case Extreme():
            pick = np.maximum if of.largest else np.minimum
            return pick(evaluate(of.left, inputs), evaluate(of.right, inputs))
    return np.asarray(inputs[of])


def test_a_batch_normalisation_is_one_product_and_one_sum():
    x = data()
    mean, inverse, scale, shift = (
        Constant(np.array(values)) for values in ([1.0, 2.0], [0.5, 4.0], [3.0, -1.0], [7.0, 8.0])
    )
    result = add(multiply(multiply(add(x, negate(mean)), inverse), scale), shift)
    assert isinstance(result, ScaledValue) and result.of is x
    np.testing.assert_allclose(
        evaluate(result, {x: 5.0}), (5.0 - mean.array) * inverse.array * scale.array + shift.array
    )


def test_a_constant_factor_leaves_a_product_of_data():
    x, y = data(), data()
    result = multiply(multiply(x, scalar(3)), multiply(scalar(0.5), y))
    assert isinstance(result, ScaledValue) and isinstance(result.of, Product)
    assert evaluate(result, {x: 2.0, y: 7.0}) == 21.0


def test_a_division_by_an_integer_stays_a_division():
    x = data()
    result = divide(divide(multiply(x, scalar(5)), np.array(-3.0)), np.array(3.0))
    assert isinstance(result, Quotient)
    assert evaluate(result, {x: 9.0}) == pytest.approx(-5.0)


@pytest.mark.parametrize("divisor", [4.0, 0.3, -2.0, 1e6])
def test_other_divisions_are_products(divisor: float):
    x = data()
    result = divide(x, np.array(divisor))
    assert isinstance(result, ScaledValue)
    assert evaluate(result, {x: 6.0}) == pytest.approx(6.0 / divisor)


def test_an_infinity_that_never_wins_disappears():
    x = data()
    assert extreme(True, x, scalar(-np.inf)) is x
    assert extreme(False, scalar(np.inf), x) is x
    assert isinstance(extreme(True, x, scalar(0.0)), Extreme)


@pytest.mark.parametrize("predicate", ["lt", "le", "gt", "ge"])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_choice_of_what_was_compared_is_an_extreme(predicate: str, swapped: bool):
    x, zero = data(), scalar(0.0)
    arms = (zero, x) if swapped else (x, zero)
    result = choose(Comparison(predicate, x, zero), *arms)
    assert isinstance(result, Extreme)
    for value in (-1.0, 0.0, 2.0):
        holds = value < 0 if predicate in ("lt", "le") else value > 0
        expected = (value, 0.0)[holds == swapped] if value else 0.0
        assert evaluate(result, {x: value}) == expected


def test_a_choice_by_a_constant_mask_is_arithmetic():
    x, y = data(), data()
    result = choose(Constant(np.array([True, False])), x, y)
    assert result is not None
    np.testing.assert_array_equal(evaluate(result, {x: 3.0, y: 4.0}), [3.0, 4.0])


def test_another_choice_stays_one():
    x, y = data(), data()
    assert isinstance(choose(Comparison("lt", x, y), scalar(1.0), scalar(0.0)), Choice)
    assert choose(x, y, y) is None
