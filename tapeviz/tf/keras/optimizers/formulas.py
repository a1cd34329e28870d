"""The optimizers: each is its formula, its terms, its slots and its settings.

``x`` is the variable, ``g`` its gradient, ``lr`` the learning rate and ``t`` the number
of the step; ``update_rule.py`` says how the texts are read. They are those of Keras 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

from tapeviz.errors import value_error
from tapeviz.tf.keras.naming import by_name
from tapeviz.tf.keras.optimizers.optimizer import Optimizer, Options, Pairs


class SGD(Optimizer):
    """Gradient descent, with momentum if asked.

    >>> from tapeviz.engine.tensor import Variable
    >>> x = Variable(3.0)
    >>> optimizer = SGD(learning_rate=0.1)
    >>> print(optimizer.formula)
    x -= lr * g
    >>> _ = optimizer.apply_gradients([(4.0, x)])
    >>> print(f"{x.numpy():.2f}")
    2.60
    """

    update = "x -= lr * g"
    formulas: Mapping[str, str] = {"gradient": "-lr * g"}
    slots: ClassVar[dict[str, str]] = {"m": "momentum"}
    settings = ("momentum", "nesterov")
    rounded = ("momentum", "weight_decay")

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False,
        **options: Unpack[Options],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        if not isinstance(momentum, float) or not 0 <= momentum <= 1:
            raise value_error(
                "`momentum` must be a float between [0, 1].", f"got {momentum!r}"
            )
        self.momentum = momentum
        self.nesterov = nesterov
        if momentum:
            move = "momentum * m - lr * g" if nesterov else "m"
            carried, now = "momentum * m_old", "-lr * g"
            if nesterov:
                carried, now = f"momentum * {carried}", "-momentum * lr * g - lr * g"
            self.update = f"m = momentum * m_old - lr * g\nx += {move}"
            self.formulas = {"momentum": carried, "gradient": now}


class _Moments(Optimizer):
    """What keeps running means of the gradient and of its size."""

    settings: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon")

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, **options: Unpack[Options],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon


class Adam(_Moments):
    """Momentum, divided by the root of the mean square of the gradients.

    ``m`` and ``v`` are the two moments; ``alpha`` makes up for their start at zero.
    With ``amsgrad`` the divisor never shrinks.
    """

    update = """\
alpha = lr * sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t)
m = m_old + (1 - beta_1) * (g - m_old)
v = v_old + (1 - beta_2) * (g ** 2 - v_old)
x -= alpha * m / (sqrt(v) + epsilon)"""
    formulas: Mapping[str, str] = {
        "momentum": "-alpha * beta_1 * m_old / (sqrt(v) + epsilon)",
        "gradient": "-alpha * (1 - beta_1) * g / (sqrt(v) + epsilon)",
    }
    slots: ClassVar[dict[str, str]] = {
        "m": "momentum",
        "v": "velocity",
        "w": "velocity_hat",
    }
    settings = ("beta_1", "beta_2", "epsilon", "amsgrad")

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, amsgrad: bool = False, **options: Unpack[Options],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **options)
        self.amsgrad = amsgrad
        if amsgrad:
            largest = "w = maximum(w_old, v)\nx -="
            self.update = self.update.replace("x -=", largest).replace("(v)", "(w)")
            texts = self.formulas.items()
            self.formulas = {name: text.replace("(v)", "(w)") for name, text in texts}


class AdamW(Adam):
    """Adam with weight decay: each step also draws the variable to zero."""

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004,
        beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        amsgrad: bool = False, **options: Any,
    ) -> None:  # fmt: skip
        options["weight_decay"] = weight_decay
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, **options)
        if weight_decay is None:
            raise value_error(
                "Argument `weight_decay` must be a float. Received: weight_decay=None"
            )


class Adamax(_Moments):
    """Momentum, divided by the largest recent gradient."""

    update = """\
m = m_old + (1 - beta_1) * (g - m_old)
u = maximum(beta_2 * u_old, abs(g))
x -= lr * m / ((1 - beta_1 ** t) * (u + epsilon))"""
    formulas: Mapping[str, str] = {
        "momentum": "-lr * beta_1 * m_old / ((1 - beta_1 ** t) * (u + epsilon))",
        "gradient": "-lr * (1 - beta_1) * g / ((1 - beta_1 ** t) * (u + epsilon))",
    }
    slots: ClassVar[dict[str, str]] = {"m": "momentum", "u": "norm"}


class Nadam(_Moments):
    """Adam with Nesterov's momentum: the coming step's momentum is counted already.

    ``u`` is this step's share of momentum, ``w`` the next one's, ``p`` the product of
    all so far.
    """

    update = """\
u = beta_1 * (1 - 0.5 * 0.96 ** t)
w = beta_1 * (1 - 0.5 * 0.96 ** (t + 1))
m = m_old + (1 - beta_1) * (g - m_old)
v = v_old + (1 - beta_2) * (g ** 2 - v_old)
n = w * m / (1 - p * w) + (1 - u) * g / (1 - p)
x -= lr * n / (sqrt(v / (1 - beta_2 ** t)) + epsilon)"""
    formulas: Mapping[str, str] = {
        "momentum": "-lr * w * beta_1 * m_old / (1 - p * w)"
        " / (sqrt(v / (1 - beta_2 ** t)) + epsilon)",
        "gradient": "-lr * (w * (1 - beta_1) * g / (1 - p * w) + (1 - u) * g / (1 - p))"
        " / (sqrt(v / (1 - beta_2 ** t)) + epsilon)",
    }
    slots: ClassVar[dict[str, str]] = {"m": "momentum", "v": "velocity"}
    rounded = ("beta_1", "beta_2", "weight_decay")
    _product: Any = None

    def _step(self, pairs: Pairs) -> None:
        kind = self._of[0]._v.dtype.type
        old = kind(1) if self._product is None else self._product
        share = 1 - kind(0.5) * kind(0.96) ** kind(int(self.iterations) + 1)
        self._product = old * self.beta_1 * share
        super()._step(pairs)

    def _values(self, kind: Any, rate: Any) -> dict[str, Any]:
        return super()._values(kind, rate) | {"p": kind(self._product)}


class RMSprop(Optimizer):
    """The gradient, divided by the root of its recent mean square.

    ``centered`` takes the variance instead; ``momentum`` sums steps.
    """

    slots: ClassVar[dict[str, str]] = {
        "v": "velocity",
        "b": "momentum",
        "a": "average_gradient",
    }
    settings = ("rho", "momentum", "epsilon", "centered")

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0,
        epsilon: float = 1e-7, centered: bool = False, **options: Unpack[Options],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered
        variance = "v - a ** 2" if centered else "v"
        gradient = f"lr * g / sqrt({variance} + epsilon)"
        mean = "a = rho * a_old + (1 - rho) * g\n" if centered else ""
        move = "b = momentum * b_old + step\nx -= b" if momentum > 0 else "x -= step"
        self.update = (
            f"v = rho * v_old + (1 - rho) * g ** 2\n{mean}step = {gradient}\n{move}"
        )
        self.formulas = {"momentum": "-momentum * b_old"} if momentum > 0 else {}
        self.formulas |= {"gradient": f"-{gradient}"}


class Adagrad(Optimizer):
    """The gradient, divided by the root of the sum of all its squares."""

    update = "a = a_old + g ** 2\nx -= lr * g / sqrt(a + epsilon)"
    formulas: Mapping[str, str] = {"gradient": "-lr * g / sqrt(a + epsilon)"}
    slots: ClassVar[dict[str, str]] = {"a": "accumulator"}
    settings = ("initial_accumulator_value", "epsilon")

    def __init__(
        self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7, **options: Unpack[Options],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def start(self, slot: str) -> float:
        """The accumulator begins at ``initial_accumulator_value``."""
        return self.initial_accumulator_value


class Adadelta(Optimizer):
    """The gradient, measured in past steps: their mean square over the gradient's."""

    update = """\
a = rho * a_old + (1 - rho) * g ** 2
d = sqrt(s_old + epsilon) * g / sqrt(a + epsilon)
s = rho * s_old + (1 - rho) * d ** 2
x -= lr * d"""
    formulas: Mapping[str, str] = {
        "gradient": "-lr * sqrt(s_old + epsilon) * g / sqrt(a + epsilon)"
    }
    slots: ClassVar[dict[str, str]] = {
        "a": "accumulated_grad",
        "s": "accumulated_delta_var",
    }
    settings = ("rho", "epsilon")

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.rho = rho
        self.epsilon = epsilon


_KNOWN = {
    kind.__name__.lower(): kind
    for kind in (SGD, Adam, AdamW, Adamax, Nadam, RMSprop, Adagrad, Adadelta)
}


def get(identifier: Any) -> Optimizer:
    """An optimizer by its name (``"adam"``), or itself; ValueError if there is none."""
    if isinstance(identifier, Optimizer):
        return identifier
    name = identifier.lower() if isinstance(identifier, str) else identifier
    made: Optimizer = by_name("optimizer", _KNOWN, name)
    return made
