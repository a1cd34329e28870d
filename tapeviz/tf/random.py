"""``tf.random``: pseudorandom numbers, the same for the same seed.

``set_seed`` makes a program give the same numbers on every run. They are not the
numbers that TensorFlow draws with that seed: only the distributions agree.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from tapeviz.engine import dtypes
from tapeviz.engine.arguments import like, plain, rank, room, sizes, whole
from tapeviz.engine.dispatch import call
from tapeviz.engine.scopes import composite
from tapeviz.engine.tensor import Tensor, Variable, convert, wrap
from tapeviz.errors import type_error, value_error


class _GlobalGenerator(threading.local):
    """The seed of this thread, and how often it has been drawn from."""

    seed: int | None = None
    count: int = 0
    own: dict[int, int] | None = None


_source = _GlobalGenerator()


def set_seed(seed: int) -> None:
    """From here on the same numbers come as on every run with this seed.

    They are not TensorFlow's numbers, only as random.

    >>> import tapeviz as tf
    >>> tf.random.set_seed(1)
    >>> a = tf.random.normal([2])
    >>> tf.random.set_seed(1)
    >>> bool(tf.reduce_all(a == tf.random.normal([2])))
    True
    """
    _source.seed, _source.count, _source.own = whole(seed), 0, {}


def draw(seed: Any = None) -> np.random.Generator:
    """NumPy's generator for one draw: by the global seed, by ``seed``, by both."""
    if seed is None and _source.seed is None:
        return np.random.default_rng()
    if seed is None:
        _source.count += 1
        return np.random.default_rng([abs(_source.seed or 0), _source.count])
    own = _source.own = _source.own or {}
    key = whole(seed)
    own[key] = own.get(key, 0) + 1
    return np.random.default_rng([abs(_source.seed or 0), abs(key), own[key], 1])


def _kind(dtype: Any) -> Any:
    return dtypes.as_dtype(dtype).np


def _scaled(noise: Any, mean: Any, stddev: Any, dtype: Any) -> Tensor:
    kind = _kind(dtype)
    if kind.kind != "f":
        name = dtypes.as_dtype(dtype).name
        raise type_error(
            f"Cannot convert 0.0 to EagerTensor of dtype {name}",
            "normal numbers are floats; tf.random.uniform draws whole ones",
        )
    noise = np.asarray(noise).astype(kind)
    if not _known(mean, stddev):
        return _moved(noise, mean, stddev)
    return wrap((noise * np.asarray(stddev, kind) + np.asarray(mean, kind))[()])


def _known(*values: Any) -> bool:
    """Whether the values are plain numbers, so that no gradient is asked of them."""
    return not any(isinstance(v, (Tensor, Variable)) for v in values)


@composite("random_normal")
def _moved(noise: Any, mean: Any, stddev: Any) -> Tensor:
    t = wrap(noise)
    return call.add(call.multiply(t, like(stddev, t)), like(mean, t))


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32",
    seed: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Normally distributed numbers; ``mean`` and ``stddev`` may be watched tensors.

    >>> import tapeviz as tf
    >>> tf.random.normal((2, 3)).shape
    TensorShape([2, 3])
    """
    return Generator(draw(seed)).normal(shape, mean, stddev, dtype)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32",
    seed: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Normally distributed numbers, none further from the mean than two ``stddev``.

    >>> import tapeviz as tf
    >>> x = tf.random.truncated_normal((1000,))
    >>> bool(tf.reduce_all(tf.abs(x) <= 2.0))
    True
    """
    return Generator(draw(seed)).truncated_normal(shape, mean, stddev, dtype)


def within_two(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Standard normal numbers, those beyond two standard deviations drawn again."""
    noise = np.asarray(rng.standard_normal(shape))
    while np.any(far := np.abs(noise) > 2):
        noise[far] = rng.standard_normal(int(np.count_nonzero(far)))
    return noise


def uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32",
    seed: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Evenly distributed numbers from ``minval`` up to ``maxval``, which is left out.

    For a whole-number dtype ``maxval`` must be given.

    >>> import tapeviz as tf
    >>> x = tf.random.uniform((1000,), minval=2.0, maxval=3.0)
    >>> bool(tf.reduce_all((x >= 2.0) & (x < 3.0)))
    True
    """
    return Generator(draw(seed)).uniform(shape, minval, maxval, dtype)


@composite("random_uniform")
def _between(noise: Any, low: Any, high: Any) -> Tensor:
    t = wrap(noise)
    a = like(low, t)
    return call.add(call.multiply(t, call.subtract(like(high, t), a)), a)


def shuffle(value: Any, seed: Any = None, name: str | None = None) -> Tensor:
    """The rows in random order.

    >>> import tapeviz as tf
    >>> sorted(tf.random.shuffle([1, 2, 3]).numpy().tolist())
    [1, 2, 3]
    """
    t = convert(value)
    if not rank(t):
        return call.identity(t)
    return call.gather(t, draw(seed).permutation(t.shape[0]), -rank(t))


def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Class numbers drawn with the chances ``softmax(logits)``, so many per row.

    >>> import tapeviz as tf
    >>> tf.random.categorical([[0.0, -1000.0]], 3).numpy()
    array([[0, 0, 0]])
    """
    return _categorical(draw(seed), logits, num_samples, dtype)


def _categorical(
    rng: np.random.Generator, logits: Any, count: Any, dtype: Any
) -> Tensor:
    v = convert(logits)._v
    noise = rng.gumbel(size=(v.shape[0], whole(count), v.shape[1]))
    ids = np.argmax(v[:, None, :] + noise, axis=-1)
    return wrap(ids.astype(_kind("int64" if dtype is None else dtype)))


def gamma(
    shape: Any, alpha: Any, beta: Any = None, dtype: Any = "float32", seed: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Gamma-distributed numbers; no gradient reaches ``alpha`` and ``beta`` here."""
    a = np.asarray(plain(alpha), float)
    scale = 1 / np.asarray(1.0 if beta is None else plain(beta), float)
    full = (*room(shape), *np.broadcast_shapes(a.shape, scale.shape))
    return wrap(np.asarray(draw(seed).gamma(a, scale, full)).astype(_kind(dtype))[()])


def poisson(
    shape: Any, lam: Any, dtype: Any = "float32", seed: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Poisson-distributed counts with mean ``lam``."""
    rate = np.asarray(plain(lam), float)
    made = draw(seed).poisson(rate, (*room(shape), *rate.shape))
    return wrap(np.asarray(made).astype(_kind(dtype))[()])


# -- without a state: the seed says all ------------------------------------------------


def _stateless(seed: Any) -> Generator:
    return Generator([*(abs(n) for n in sizes(seed)), 2])


def stateless_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32",
    name: str | None = None, alg: str = "auto_select",
) -> Tensor:  # fmt: skip
    """Normally distributed numbers that depend on the two numbers of ``seed`` alone.

    >>> import tapeviz as tf
    >>> a, b = (tf.random.stateless_normal((2,), seed=(1, 2)) for _ in "ab")
    >>> bool(tf.reduce_all(a == b))
    True
    """
    return _stateless(seed).normal(shape, mean, stddev, dtype)


def stateless_truncated_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32",
    name: str | None = None, alg: str = "auto_select",
) -> Tensor:  # fmt: skip
    """The same, none further from the mean than two ``stddev``."""
    return _stateless(seed).truncated_normal(shape, mean, stddev, dtype)


def stateless_uniform(
    shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32",
    name: str | None = None, alg: str = "auto_select",
) -> Tensor:  # fmt: skip
    """Evenly distributed numbers that depend on the two numbers of ``seed`` alone.

    >>> import tapeviz as tf
    >>> a, b = (tf.random.stateless_uniform((2,), seed=(1, 2)) for _ in "ab")
    >>> bool(tf.reduce_all(a == b))
    True
    """
    return _stateless(seed).uniform(shape, minval, maxval, dtype)


def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = "int64",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Class numbers that depend on the two numbers of ``seed`` alone."""
    return _categorical(_stateless(seed)._rng, logits, num_samples, dtype)


class Generator:
    """A source of random numbers with a state of its own.

    >>> import tapeviz as tf
    >>> g = tf.random.Generator.from_seed(7)
    >>> g.normal([2, 3]).shape
    TensorShape([2, 3])
    """

    def __init__(self, seed: Any = None) -> None:
        self._rng = np.random.default_rng(seed)

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:  # noqa: ARG003 - one algorithm
        """A generator that gives the same numbers for the same seed."""
        return cls([abs(n) for n in sizes(seed)])

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:  # noqa: ARG003 - one algorithm
        """A generator that gives other numbers on every run."""
        return cls()

    def normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32",
        name: str | None = None,
    ) -> Tensor:  # fmt: skip
        """Normally distributed numbers."""
        return _scaled(self._rng.standard_normal(room(shape)), mean, stddev, dtype)

    def truncated_normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32",
        name: str | None = None,
    ) -> Tensor:  # fmt: skip
        """Normally distributed numbers within two ``stddev``."""
        return _scaled(within_two(self._rng, room(shape)), mean, stddev, dtype)

    def uniform(
        self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32",
        name: str | None = None,
    ) -> Tensor:  # fmt: skip
        """Evenly distributed numbers."""
        kind, size, high = _kind(dtype), room(shape), maxval
        if kind.kind in "iu":
            if high is None:
                raise value_error(
                    f"Must specify maxval for integer dtype {dtypes.as_dtype(dtype)!r}"
                )
            ends = np.asarray(plain(minval)), np.asarray(plain(high))
            return wrap(np.asarray(self._rng.integers(*ends, size or None, kind))[()])
        drawn = np.float32 if kind == np.float32 else np.float64
        noise = np.asarray(self._rng.random(size, drawn)).astype(kind)
        high = 1 if high is None else high
        if not _known(minval, high):
            return _between(noise, minval, high)
        low, high = np.asarray(minval, kind), np.asarray(high, kind)
        return wrap((noise * (high - low) + low)[()])

    def split(self, count: int = 1) -> list[Generator]:
        """So many independent generators."""
        return [Generator(rng) for rng in self._rng.spawn(count)]


_global = Generator()


def get_global_generator() -> Generator:
    """The generator that all share."""
    return _global


def set_global_generator(generator: Generator) -> None:
    """Share another generator."""
    globals()["_global"] = generator
