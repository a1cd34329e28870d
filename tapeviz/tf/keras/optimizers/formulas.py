"""The optimizers: each is its formula, its slots and its settings.

``x`` is the variable, ``g`` its gradient, ``lr`` the learning rate and ``t`` the number
of the step; ``update_rule.py`` says how the texts are read. They are those of Keras 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Unpack

from tapeviz.errors import error_message
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

    update = """
if not momentum:
    x -= lr * g
else:
    m = momentum * m - lr * g
    if nesterov:
        x += momentum * m - lr * g
    else:
        x += m
"""
    slots: ClassVar[dict[str, str]] = {"m": "momentum"}
    settings = ("momentum", "nesterov")
    rounded = ("momentum", "weight_decay")

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        if not isinstance(momentum, float) or not 0 <= momentum <= 1:
            raise ValueError(
                error_message(
                    "`momentum` must be a float between [0, 1].", f"got {momentum!r}"
                )
            )
        self.momentum = momentum
        self.nesterov = nesterov


class _Moments(Optimizer):
    """What keeps running means of the gradient and of its size."""

    settings: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon


class Adam(_Moments):
    """Momentum, divided by the root of the mean square of the gradients.

    ``m`` and ``v`` are the two moments; ``alpha`` makes up for their start at zero.
    With ``amsgrad`` the divisor never shrinks.
    """

    update = """
alpha = lr * sqrt(1 - beta_2**t) / (1 - beta_1**t)
m += (1 - beta_1) * (g - m)
v += (1 - beta_2) * (g**2 - v)
if amsgrad:
    w = maximum(w, v)
    x -= alpha * m / (sqrt(w) + epsilon)
else:
    x -= alpha * m / (sqrt(v) + epsilon)
"""
    slots: ClassVar[dict[str, str]] = {
        "m": "momentum",
        "v": "velocity",
        "w": "velocity_hat",
    }
    settings = ("beta_1", "beta_2", "epsilon", "amsgrad")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **options)
        self.amsgrad = amsgrad


class AdamW(Adam):
    """Adam with weight decay: each step also draws the variable to zero."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        options["weight_decay"] = weight_decay
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, **options)
        if weight_decay is None:
            raise ValueError(
                error_message(
                    "Argument `weight_decay` must be a float. Received: "
                    "weight_decay=None"
                )
            )


class Adamax(_Moments):
    """Momentum, divided by the largest recent gradient."""

    update = """
m += (1 - beta_1) * (g - m)
u = maximum(beta_2 * u, abs(g))
x -= lr * m / ((1 - beta_1**t) * (u + epsilon))
"""
    slots: ClassVar[dict[str, str]] = {"m": "momentum", "u": "norm"}


class Nadam(_Moments):
    """Adam with Nesterov's momentum: the coming step's momentum is counted already.

    ``u`` is this step's share of momentum, ``w`` the next one's, ``p`` the product of
    all so far.
    """

    update = """
u = beta_1 * (1 - 0.5 * 0.96**t)
w = beta_1 * (1 - 0.5 * 0.96 ** (t + 1))
m += (1 - beta_1) * (g - m)
v += (1 - beta_2) * (g**2 - v)
n = w * m / (1 - p * w) + (1 - u) * g / (1 - p)
x -= lr * n / (sqrt(v / (1 - beta_2**t)) + epsilon)
"""
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

    update = """
v = rho * v + (1 - rho) * g**2
if centered:
    a = rho * a + (1 - rho) * g
    step = lr * g / sqrt(v - a**2 + epsilon)
else:
    step = lr * g / sqrt(v + epsilon)
if momentum > 0:
    b = momentum * b + step
    x -= b
else:
    x -= step
"""
    slots: ClassVar[dict[str, str]] = {
        "v": "velocity",
        "b": "momentum",
        "a": "average_gradient",
    }
    settings = ("rho", "momentum", "epsilon", "centered")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered


class Adagrad(Optimizer):
    """The gradient, divided by the root of the sum of all its squares."""

    update = """
a += g**2
x -= lr * g / sqrt(a + epsilon)
"""
    slots: ClassVar[dict[str, str]] = {"a": "accumulator"}
    settings = ("initial_accumulator_value", "epsilon")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def start(self, slot: str) -> float:
        """The accumulator begins at ``initial_accumulator_value``."""
        return self.initial_accumulator_value


class Adadelta(Optimizer):
    """The gradient, measured in past steps: their mean square over the gradient's."""

    update = """
a = rho * a + (1 - rho) * g**2
d = sqrt(s + epsilon) * g / sqrt(a + epsilon)
s = rho * s + (1 - rho) * d**2
x -= lr * d
"""
    slots: ClassVar[dict[str, str]] = {
        "a": "accumulated_grad",
        "s": "accumulated_delta_var",
    }
    settings = ("rho", "epsilon")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = rho
        self.epsilon = epsilon


ALL: dict[str, type[Optimizer]] = {
    kind.__name__: kind
    for kind in (SGD, Adam, AdamW, Adamax, Nadam, RMSprop, Adagrad, Adadelta)
}


def get(identifier: Any) -> Optimizer:
    """An optimizer by its name (``"adam"``), or itself; ValueError if there is none."""
    if isinstance(identifier, Optimizer):
        return identifier
    for name, kind in ALL.items():
        if isinstance(identifier, str) and name.lower() == identifier.lower():
            make: Callable[..., Optimizer] = kind  # each has a rate of its own
            return make()
    raise ValueError(
        error_message(
            f"Could not interpret optimizer identifier: {identifier}",
            f"known are {', '.join(ALL)}",
        )
    )
