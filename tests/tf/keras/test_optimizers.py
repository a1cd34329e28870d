"""Each optimizer's first steps by hand, and what apply_gradients says and does."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.engine.recording import tape_stack

optimizers = tf.keras.optimizers


def steps(optimizer: Any, gradients: list[float], start: float = 3.0) -> list[float]:
    """Where a variable stands after each of these gradients."""
    x = tf.Variable(start, dtype="float64")
    path = []
    for g in gradients:
        optimizer.apply_gradients([(tf.constant(g, "float64"), x)])
        path.append(float(x.numpy()))
    return path


RATE = float(np.float32(0.1))
"""Keras keeps the learning rate in float32."""


# -- by hand: the gradients are 4 and then 2, the start is 3 --------------------------


def test_sgd() -> None:
    assert steps(optimizers.SGD(0.1), [4, 2]) == pytest.approx([2.6, 2.4])


def test_sgd_with_momentum() -> None:
    """Here m = -0.4, then 0.5 * -0.4 - 0.2 = -0.4."""
    path = steps(optimizers.SGD(0.1, momentum=0.5), [4, 2])
    assert path == pytest.approx([2.6, 2.2])


def test_sgd_with_nesterov() -> None:
    """With m as above; the moves are 0.5 * m - 0.1 * g: -0.6, then -0.4."""
    path = steps(optimizers.SGD(0.1, momentum=0.5, nesterov=True), [4, 2])
    assert path == pytest.approx([2.4, 2.0])


def test_adam() -> None:
    """The first step is lr whatever the gradient; then m = 0.56, v = 0.019984."""
    first = 3 - 0.1 * 0.4 / 0.1 / math.sqrt(0.016 / 0.001)
    alpha = 0.1 * math.sqrt(1 - 0.999**2) / (1 - 0.9**2)
    second = first - alpha * 0.56 / math.sqrt(0.019984)
    path = steps(optimizers.Adam(0.1), [4, 2])
    assert path == pytest.approx([first, second], abs=3e-6)
    assert first == pytest.approx(2.9)


def test_adam_epsilon_stands_outside_the_root() -> None:
    """It is alpha * m / (sqrt(v) + epsilon), alpha = lr * sqrt(0.001) / 0.1."""
    got = 3 - steps(optimizers.Adam(0.1, epsilon=1.0), [4])[0]
    assert got == pytest.approx(
        0.1 * math.sqrt(0.001) / 0.1 * 0.4 / (math.sqrt(0.016) + 1), rel=1e-5
    )


def test_amsgrad_never_forgets_a_large_gradient() -> None:
    """beta_2 = 0.5: v is 8, then 4.5; without forgetting it stays 8."""
    plain = steps(optimizers.Adam(0.1, beta_1=0.0, beta_2=0.5), [4, 1])
    unforgetting = steps(
        optimizers.Adam(0.1, beta_1=0.0, beta_2=0.5, amsgrad=True), [4, 1]
    )
    alpha = 0.1 * math.sqrt(0.75)
    assert plain[0] - plain[1] == pytest.approx(alpha / math.sqrt(4.5), rel=1e-6)
    assert unforgetting[0] - unforgetting[1] == pytest.approx(
        alpha / math.sqrt(8), rel=1e-6
    )


def test_adamw_decays_first() -> None:
    """Here x -= lr * 0.5 * x takes 0.15, Adam's first step 0.1."""
    path = steps(optimizers.AdamW(0.1, weight_decay=0.5), [4])
    assert path == pytest.approx([3 - 0.15 - 0.1], abs=1e-6)


def test_adamax() -> None:
    """First m = 0.4, u = 4; then m = 0.56, u = 0.999 * 4."""
    second = 2.9 - 0.1 * 0.56 / (0.19 * 3.996)
    path = steps(optimizers.Adamax(0.1), [4, 2])
    assert path == pytest.approx([2.9, second], abs=1e-6)


def test_nadam() -> None:
    """The shares are 0.9 * (1 - 0.96 / 2) and 0.9 * (1 - 0.9216 / 2)."""
    mean = 0.48528 * 0.4 / (1 - 0.468 * 0.48528) + (1 - 0.468) * 4 / (1 - 0.468)
    path = steps(optimizers.Nadam(0.1), [4])
    assert path == pytest.approx([3 - 0.1 * mean / 4], abs=1e-6)


def test_rmsprop() -> None:
    """First v = 1.6, then 0.9 * 1.6 + 0.4 = 1.84; epsilon stands inside the root."""
    second = 3 - 0.4 / math.sqrt(1.6) - 0.2 / math.sqrt(1.84)
    path = steps(optimizers.RMSprop(0.1), [4, 2])
    assert path == pytest.approx([3 - 0.4 / math.sqrt(1.6), second], abs=1e-6)
    inside = 3 - steps(optimizers.RMSprop(0.1, epsilon=1.0), [4])[0]
    assert inside == pytest.approx(0.4 / math.sqrt(1.6 + 1.0), rel=1e-6)


def test_rmsprop_centred_with_momentum() -> None:
    """The variance is 1.6 - 0.4² = 1.44: the step 0.4 / 1.2, then half of it again."""
    optimizer = optimizers.RMSprop(0.1, centered=True, momentum=0.5)
    path = steps(optimizer, [4, 0])
    assert path == pytest.approx([3 - 1 / 3, 3 - 1 / 3 - 1 / 6], abs=1e-6)


def test_adagrad_begins_at_a_tenth() -> None:
    first = 3 - 0.4 / math.sqrt(16.1)
    second = first - 0.2 / math.sqrt(20.1)
    assert steps(optimizers.Adagrad(0.1), [4, 2]) == pytest.approx([first, second])


def test_adadelta() -> None:
    """Here a = 0.8, d = sqrt(1e-7) * 4 / sqrt(0.8); the rate is 1."""
    path = steps(optimizers.Adadelta(1.0), [4])
    assert 3 - path[0] == pytest.approx(math.sqrt(1e-7 / 0.8) * 4, rel=1e-4)


# -- clipping, decay -----------------------------------------------------------------


def moved(options: dict[str, float], *gradients: Any) -> list[Any]:
    """How far variables at 0 go in one step of rate 1."""
    pairs = [
        (tf.constant(g), tf.Variable(np.zeros_like(g)))
        for g in map(np.float32, gradients)
    ]
    optimizers.SGD(1.0, **options).apply_gradients(pairs)
    return [-v.numpy() for _, v in pairs]


def test_clipnorm_limits_each_gradient() -> None:
    a, b = moved({"clipnorm": 1.0}, [3, 4], [0.3, 0.4])
    np.testing.assert_allclose(a, [0.6, 0.8], rtol=1e-6)
    np.testing.assert_allclose(b, [0.3, 0.4], rtol=1e-6)


def test_global_clipnorm_limits_them_together() -> None:
    a, b = moved({"global_clipnorm": 1.0}, [3, 0], 4)
    np.testing.assert_allclose(a, [0.6, 0], rtol=1e-6)
    np.testing.assert_allclose(b, 0.8, rtol=1e-6)


def test_global_clipnorm_of_an_infinite_gradient_is_nan() -> None:
    a, _ = moved({"global_clipnorm": 1.0}, np.inf, 4)
    assert np.isnan(a)


def test_clipvalue_limits_every_entry() -> None:
    (a,) = moved({"clipvalue": 0.5}, [3, -4, 0.25])
    np.testing.assert_array_equal(a, np.float32([0.5, -0.5, 0.25]))


def test_clipnorm_of_zeros_is_zero() -> None:
    (a,) = moved({"clipnorm": 1.0}, [0, 0])
    np.testing.assert_array_equal(a, [0, 0])


def test_weight_decay_can_leave_variables_out() -> None:
    kernel, bias = tf.Variable(2.0, name="kernel"), tf.Variable(2.0, name="bias")
    optimizer = optimizers.SGD(0.5, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply_gradients([(0.0, kernel), (0.0, bias)])
    assert (float(kernel.numpy()), float(bias.numpy())) == pytest.approx((1.9, 2.0))


# -- what apply_gradients says --------------------------------------------------------


def test_all_none() -> None:
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizers.SGD(0.1).apply_gradients([(None, tf.Variable(1.0))])


def test_some_none_warns_at_the_learners_line_and_skips() -> None:
    x, y = tf.Variable(1.0), tf.Variable(1.0, name="y")
    with pytest.warns(
        UserWarning, match=r"\['Variable:0'\] when minimizing the loss"
    ) as w:
        optimizers.SGD(0.1).apply_gradients([(None, x), (2.0, y)])
    assert w[0].filename == __file__
    assert (float(x.numpy()), float(y.numpy())) == pytest.approx((1.0, 0.8))


def test_a_variable_that_was_not_there() -> None:
    x = tf.Variable(1.0)
    optimizer = optimizers.SGD(0.1)
    optimizer.apply_gradients([(2.0, x)])
    with pytest.raises(ValueError, match=r"Unknown variable: <tf.Variable 'new:0'"):
        optimizer.apply_gradients([(2.0, tf.Variable(1.0, name="new"))])
    assert float(x.numpy()) == pytest.approx(0.8)


def test_lr_is_not_recognised() -> None:
    with pytest.raises(ValueError, match=r"not recognized: \{'lr': 0.1\}") as error:
        optimizers.SGD(lr=0.1)
    assert "learning_rate" in str(error.value)


def test_no_minimize() -> None:
    assert not hasattr(optimizers.SGD(0.1), "minimize")


def test_a_used_up_zip() -> None:
    x = tf.Variable(1.0)
    pairs = zip([2.0], [x], strict=True)
    optimizer = optimizers.SGD(0.1)
    optimizer.apply_gradients(pairs)
    with pytest.raises(ValueError, match="not enough values to unpack") as error:
        optimizer.apply_gradients(pairs)
    assert "used up" in str(error.value)


def test_gradient_of_another_shape() -> None:
    message = r"variable with shape \[\] using a Tensor with shape \[1\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        optimizers.SGD(0.1).apply_gradients([([1.0], tf.Variable(1.0))])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": 1}, "should be float"),
        ({"momentum": 2.0}, "must be a float between"),
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "Only one of"),
        ({"use_ema": True}, "(?s)use_ema.*keep an average in a tf.Variable"),
        ({"loss_scale_factor": 8.0}, "(?s)loss_scale_factor.*divide the gradients"),
        ({"gradient_accumulation_steps": 2}, "(?s)gradient_accumulation_steps.*mean"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        optimizers.SGD(**options)


def test_apply_takes_the_variables_it_was_built_with() -> None:
    x, y = tf.Variable(1.0), tf.Variable(1.0)
    optimizer = optimizers.SGD(0.1)
    with pytest.raises(ValueError, match="must already be built"):
        optimizer.apply([1.0])
    optimizer.build([x, y])
    optimizer.apply([1.0, 2.0])
    assert (float(x.numpy()), float(y.numpy())) == pytest.approx((0.9, 0.8))
    with pytest.raises(ValueError, match="list of 1 gradients, but the optimizer"):
        optimizer.apply([1.0])
    assert optimizer.apply([]) is None
    assert int(optimizer.iterations) == 1


# -- the learning rate and the count --------------------------------------------------


def test_learning_rate_and_iterations_are_variables() -> None:
    optimizer = optimizers.SGD(0.1)
    assert float(optimizer.learning_rate) == 0.10000000149011612
    assert optimizer.learning_rate.dtype == "float32"
    assert optimizer.iterations.dtype == "int64"
    count = optimizer.apply_gradients([(1.0, tf.Variable(1.0, dtype="float64"))])
    assert int(count) == int(optimizer.iterations) == 1
    optimizer.learning_rate = 0.5
    assert optimizer.learning_rate.numpy() == 0.5
    optimizer.learning_rate.assign(0.25)
    assert steps(optimizers.SGD(0.25), [4]) == [2.0]
    assert [v.path for v in optimizer.variables] == [
        f"{optimizer.name}/iteration",
        f"{optimizer.name}/learning_rate",
    ]


def test_rate_is_float32_even_for_float64_variables() -> None:
    assert steps(optimizers.SGD(0.1), [1.0], start=0.0) == [-RATE]


def test_schedule_and_callable_rates() -> None:
    halving = optimizers.schedules.ExponentialDecay(1.0, 1, 0.5)
    optimizer = optimizers.SGD(halving)
    assert steps(optimizer, [1, 1, 1], start=0.0) == [-1.0, -1.5, -1.75]
    assert float(optimizer.learning_rate) == 0.125
    with pytest.raises(TypeError, match="not settable"):
        optimizer.learning_rate = 0.5
    assert steps(optimizers.SGD(lambda: 0.25), [1], start=0.0) == [-0.25]


def test_the_alias() -> None:
    assert tf.optimizers.SGD is tf.keras.optimizers.SGD
    assert isinstance(optimizers.get("rmsprop"), optimizers.RMSprop)
    with pytest.raises(ValueError, match="optimizer identifier: foo"):
        optimizers.get("foo")


def test_config_makes_the_same_optimizer() -> None:
    config = optimizers.Adam(0.25, amsgrad=True, clipnorm=1.0).get_config()
    again = optimizers.Adam.from_config(config)
    assert again.get_config() == config
    assert (config["learning_rate"], config["amsgrad"]) == (0.25, True)


# -- who hears of it ------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["SGD", "Adam", "AdamW", "Nadam", "RMSprop", "Adadelta"]
)
def test_listeners_hear_one_update_for_each_variable(name: str) -> None:
    x, y = tf.Variable(3.0), tf.Variable([1.0, 2.0])
    optimizer = getattr(optimizers, name)(0.1, weight_decay=0.1)
    listeners: list[Any] = []

    def listener(what: str, variable: Any, old: Any, new: Any) -> None:
        total = sum(term.value for term in tape_stack.optimizer.terms(variable))
        np.testing.assert_allclose(total, new - old, atol=1e-6)
        listeners.append((what, variable, tape_stack.optimizer))

    tape_stack.listeners = (listener,)
    try:
        optimizer.apply_gradients([(4.0, x), ([1.0, 1.0], y)])
    finally:
        tape_stack.listeners = ()
    assert [(w, id(v), o) for w, v, o in listeners] == [
        ("assign", id(x), optimizer),
        ("assign", id(y), optimizer),
    ]
    assert tape_stack.optimizer is None


def test_descents_can_be_recorded() -> None:
    x = tf.Variable(3.0)
    optimizer = optimizers.SGD(0.1, momentum=0.9)
    with tf.descent(x) as run:
        for _ in range(5):
            with tf.GradientTape() as tape:
                loss = (x - 5) ** 2
            optimizer.apply_gradients([(tape.gradient(loss, x), x)])
    assert len(run) == 5
    assert run.data.updates[0].moves[0].data == pytest.approx((0.4,))
    assert run.data.updates[1].moves[0].data == pytest.approx((0.9 * 0.4 + 0.32,))


def test_gradients_of_rows() -> None:
    """What gather gives: rows 0 and 2, the first of them twice."""
    x = tf.Variable([1.0, 2.0, 3.0])
    optimizer = optimizers.SGD(0.1, momentum=0.5)
    for _ in range(2):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.gather(x, [0, 2, 0]))
        optimizer.apply_gradients([(tape.gradient(y, x), x)])
    np.testing.assert_allclose(
        x.numpy(), [1 - 0.2 - 0.3, 2.0, 3 - 0.1 - 0.15], rtol=1e-6
    )


def test_slots_are_no_business_of_a_tape() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
        optimizers.Adam(0.1).apply_gradients([(4.0, x)])
    assert [v.name for v in tape.watched_variables()] == ["Variable:0"]
    assert float(tape.gradient(y, x)) == 6.0


# -- a learner's own optimizer --------------------------------------------------------


class Halving(optimizers.Optimizer):  # type: ignore[misc, name-defined]
    """The example of Keras' guide: state made in build, used in update_step."""

    def build(self, variables: Any) -> None:
        super().build(variables)
        self.sums = [
            self.add_variable_from_reference(reference_variable=v, name="sum")
            for v in variables
        ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        total = self.sums[self._get_variable_index(variable)]
        self.assign(total, total / 2 + gradient)
        self.assign_sub(variable, learning_rate * total)


def test_an_optimizer_in_keras_style() -> None:
    x = tf.Variable(3.0)
    optimizer = Halving(learning_rate=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.apply_gradients([(4.0, x)])
        optimizer.apply_gradients([(2.0, x)])
    assert float(x.numpy()) == 3.0 - 0.5 * 4 - 0.5 * 4


class Signed(optimizers.Optimizer):  # type: ignore[misc, name-defined]
    """An optimizer by its formula alone."""

    update = "x -= lr * g / abs(g)"


def test_an_optimizer_by_its_text() -> None:
    x = tf.Variable([3.0, 3.0])
    optimizer = Signed(0.5)
    optimizer.apply_gradients([([4.0, -7.0], x)])
    np.testing.assert_array_equal(x.numpy(), [2.5, 3.5])
    assert optimizer.formula == "x -= lr * g / abs(g)"
