"""A function with its own gradient (``tf.custom_gradient``) as one op.

Its record holds a ``CustomOp``: the values it gave and its pullback. Several results
are one record, whose value is a tuple, and a record of the op ``part`` for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapeviz.engine.tensor import Tensor, call, wrap


class Results(tuple[Any, ...]):
    """Several results of one op; as an array, all their entries in one row."""

    __slots__ = ()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return _in_a_row(list(self), dtype)


def _in_a_row(values: list[Any], dtype: Any) -> Any:
    flattened = [np.ravel(v._v if isinstance(v, Tensor) else v) for v in values]
    return np.concatenate(flattened).astype(dtype or flattened[0].dtype)


class Bundle:
    """The upstream gradients of an op's results, by number; they add part by part."""

    __slots__ = ("parts",)

    @property
    def dtype(self) -> Any:
        """The element type of the gradients."""
        return next(iter(self.parts.values())).dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return _in_a_row([self.parts[k] for k in sorted(self.parts)], dtype)

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: Bundle) -> Bundle:
        both = dict(self.parts)
        for k, g in other.parts.items():
            both[k] = both[k] + g if k in both else g
        return Bundle(both)


@dataclass(eq=False, repr=False)
class CustomOp:
    """One call of a function with its own gradient: name, values and pullback.

    ``pull`` takes one upstream gradient (a tensor) per result and returns one gradient
    per operand, None where none flows.
    """

    name: str
    values: tuple[Any, ...]
    single: bool
    pull: Callable[..., list[Any]]
    _ready: tuple[Any, dict[int, Any]] = (None, {})

    def __repr__(self) -> str:
        return self.name

    @property
    def value(self) -> Any:
        """The value of the record: the only result, or a tuple of them."""
        return self.values[0] if self.single else Results(self.values)

    def pulled(self, g: Any, k: int) -> Any:
        """The gradient of operand ``k``; the learner's function runs once for all."""
        seen, ready = self._ready
        if seen is not g or k not in ready:
            ready = dict(enumerate(self.pull(*self._upstream(g))))
            self._ready = (g, ready)
        made = ready.pop(k)
        return made._v if made is not None and _is_raw(g) else made

    def _upstream(self, g: Any) -> list[Any]:
        parts = g.parts if isinstance(g, Bundle) else {0: g}
        zeros = {k: np.zeros_like(v)[()] for k, v in enumerate(self.values)}
        every = [parts.get(k, zeros[k]) for k in range(len(self.values))]
        return [t if isinstance(t, Tensor) else wrap(t) for t in every]

    def rows(self, g: Any, k: int) -> Any:
        """The same for a batch of upstream gradients, one after the other."""
        size = len(next(iter(g.parts.values())) if isinstance(g, Bundle) else g)
        if not size:
            return self._no_rows(g, k)
        made = [self.pulled(_row(g, i), k) for i in range(size)]
        if any(m is None for m in made):
            return None
        return np.stack(made) if _is_raw(g) else call.stack(made, -1 - made[0].ndim)

    def _no_rows(self, g: Any, k: int) -> Any:
        """The same for a batch of none: it has the operand's shape all the same."""
        parts = g.parts if isinstance(g, Bundle) else {0: g}
        none = Bundle({i: np.asarray(v).sum(0) for i, v in parts.items()})
        made = self.pulled(none, k)
        empty = None if made is None else np.stack([made])[:0]
        return empty if empty is None or _is_raw(g) else wrap(empty)


def _is_raw(g: Any) -> bool:
    one = next(iter(g.parts.values())) if isinstance(g, Bundle) else g
    return not isinstance(one, Tensor)


def _row(g: Any, i: int) -> Any:
    bundled = isinstance(g, Bundle)
    return Bundle({k: v[i] for k, v in g.parts.items()}) if bundled else g[i]


def value(_xs: Any, made: CustomOp) -> Any:
    """What the function gave."""
    return made.value


def pulled(g: Any, k: int, made: CustomOp) -> Any:
    """What the learner's gradient function says for operand ``k``."""
    return made.pulled(g, k)


def nth(x: Any, k: int) -> Any:
    """Result ``k`` of several."""
    return x[k]


def bundle(g: Any, k: int) -> Bundle:
    """The upstream gradient of result ``k``, to be added to those of the others."""
    return Bundle({k: g})


WORDS = {"value": value, "pulled": pulled, "nth": nth, "bundle": bundle}
"""The words of the two ops ``custom`` and ``part``."""
