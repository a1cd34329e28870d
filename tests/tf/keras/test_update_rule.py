"""The texts of the optimizers and their terms: they add up to the move."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapeviz as tf

optimizers = tf.keras.optimizers

TERMS: list[tuple[Any, dict[str, str]]] = [
    (optimizers.SGD(0.1), {"gradient": "-lr * g"}),
    (
        optimizers.SGD(0.1, momentum=0.9),
        {"momentum": "momentum * m_old", "gradient": "-lr * g"},
    ),
    (
        optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
        {
            "weight decay": "-x * weight_decay * lr",
            "momentum": "momentum * momentum * m_old",
            "gradient": "-momentum * lr * g - lr * g",
        },
    ),
    (
        optimizers.Adam(0.1),
        {
            "momentum": "-alpha * beta_1 * m_old / (sqrt(v) + epsilon)",
            "gradient": "-alpha * (1 - beta_1) * g / (sqrt(v) + epsilon)",
        },
    ),
    (
        optimizers.Adam(0.1, amsgrad=True),
        {
            "momentum": "-alpha * beta_1 * m_old / (sqrt(w) + epsilon)",
            "gradient": "-alpha * (1 - beta_1) * g / (sqrt(w) + epsilon)",
        },
    ),
    (
        optimizers.Adamax(0.1),
        {
            "momentum": "-lr * beta_1 * m_old / ((1 - beta_1 ** t) * (u + epsilon))",
            "gradient": "-lr * (1 - beta_1) * g / ((1 - beta_1 ** t) * (u + epsilon))",
        },
    ),
    (optimizers.RMSprop(0.1), {"gradient": "-lr * g / sqrt(v + epsilon)"}),
    (
        optimizers.RMSprop(0.1, momentum=0.5, centered=True),
        {
            "momentum": "-momentum * b_old",
            "gradient": "-lr * g / sqrt(v - a ** 2 + epsilon)",
        },
    ),
    (optimizers.Adagrad(0.1), {"gradient": "-lr * g / sqrt(a + epsilon)"}),
    (
        optimizers.Adadelta(0.1),
        {"gradient": "-lr * sqrt(s_old + epsilon) * g / sqrt(a + epsilon)"},
    ),
]

EVERY = [*(o for o, _ in TERMS), optimizers.Nadam(0.1), optimizers.AdamW(0.1)]


@pytest.mark.parametrize(
    ("optimizer", "formulas"), TERMS, ids=lambda v: getattr(v, "name", "")
)
def test_formulas_of_the_terms(optimizer: Any, formulas: dict[str, str]) -> None:
    x = tf.Variable(3.0)
    again = optimizer.from_config(optimizer.get_config())
    again.apply_gradients([(4.0, x)])
    assert {t.name: t.formula for t in again.terms(x)} == formulas


@pytest.mark.parametrize("optimizer", EVERY, ids=lambda o: o.name)
def test_terms_add_up_to_the_move(optimizer: Any) -> None:
    numbers = np.random.default_rng(1)
    x = tf.Variable(numbers.normal(size=(2, 3)))
    fresh = optimizer.from_config(optimizer.get_config())
    for _ in range(4):
        before = x.numpy()
        fresh.apply_gradients([(numbers.normal(size=(2, 3)), x)])
        total = sum(term.value for term in fresh.terms(x))
        np.testing.assert_allclose(total, x.numpy() - before, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("optimizer", EVERY, ids=lambda o: o.name)
def test_the_formula_shown_is_the_one_that_ran(optimizer: Any) -> None:
    """The printed lines, run by Python as they stand, give the same number."""
    x = tf.Variable(3.0, dtype="float64")
    fresh = optimizer.from_config(optimizer.get_config())
    for g in (4.0, -1.5):
        fresh.apply_gradients([(g, x)])
    values = fresh.values(x)
    known = {n: v for n, v in values.items() if n.endswith("_old") or n in GIVEN}
    space = {"sqrt": np.sqrt, "maximum": np.maximum, "abs": abs} | known
    exec(fresh.formula, space)  # noqa: S102 - that is the claim
    assert space["x"] == pytest.approx(values["x_new"], rel=1e-4)
    assert values["x_new"] == x.numpy()


GIVEN = {
    "x", "g", "lr", "t", "p", "momentum", "beta_1", "beta_2", "epsilon", "rho",
    "weight_decay",
}  # fmt: skip


def test_values_name_the_moments() -> None:
    x = tf.Variable(3.0)
    adam = optimizers.Adam(0.1)
    adam.apply_gradients([(4.0, x)])
    values = adam.values(x)
    assert values["m"] == pytest.approx(0.4)
    assert values["v"] == pytest.approx(0.016)
    assert (values["x"], values["g"], values["t"]) == (3.0, 4.0, 1.0)


def test_terms_of_a_variable_it_never_saw() -> None:
    with pytest.raises(ValueError, match="has not updated y:0"):
        optimizers.SGD(0.1).terms(tf.Variable(1.0, name="y"))


def test_only_what_the_settings_choose_is_left() -> None:
    assert optimizers.SGD(0.1).formula == "x -= lr * g"
    text = optimizers.RMSprop(0.1, momentum=0.5).formula
    assert text.splitlines()[-2:] == ["b = momentum * b_old + step", "x -= b"]
    assert "centered" not in text
    assert repr(optimizers.SGD(0.1, name="s")) == "<SGD name=s: x -= lr * g>"
