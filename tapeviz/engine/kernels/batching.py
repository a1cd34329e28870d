"""The words on a batch of gradients, which are the rows of a Jacobian.

The batch is one more axis in front.

Most words need no change: they act on each entry, or count axes from the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeviz.engine.kernels.core import Axis, Shape


def _lead(plain: Callable[..., Any]) -> Callable[..., Any]:
    def batched(g: Any, shape: Shape, *rest: Any) -> Any:
        return plain(g, (*g.shape[:1], *shape), *rest)

    return batched


def batched(words: dict[str, Any]) -> dict[str, Any]:
    """The words as they act on gradients with one more axis in front."""
    w = words
    return {
        **w,
        "reshape": _lead(w["reshape"]),
        "unbroadcast": lambda g, s, at=0: w["unbroadcast"](
            g, (*g.shape[:1], *s), at + 1
        ),
        "broadcast_to": lambda g, s, at=0: w["broadcast_to"](
            g, (*g.shape[:1], *s), at + 1
        ),
        "expand_reduced": lambda g, s, axis, keep: w["expand_reduced"](
            g, (*g.shape[:1], *s), tuple(range(-len(s), 0)) if axis is None else axis,
            keep,
        ),
        "transpose": lambda g, p: w["transpose"](g, (0, *(i + 1 for i in p))),
        "put": lambda g, s, key: w["put"](g, (*g.shape[:1], *s), _behind(key)),
        "pick": lambda g, key: w["pick"](g, _behind(key)),
        "sum": lambda g, axis, keep: w["sum"](g, _inner(g, axis), keep),
        "gather_nd": lambda g, ids, lead: w["gather_nd"](g, ids, lead + 1),
        "scatter_nd": lambda g, s, ids, lead: w["scatter_nd"](
            g, (*g.shape[:1], *s), ids, lead + 1
        ),
        "matmul": lambda a, b: _product(a, b, w["matmul"]),
        "rows": w["scatter"],
        "pulled": lambda g, k, made: made.rows(g, k),
    }  # fmt: skip


def _product(a: Any, b: Any, matmul: Callable[..., Any]) -> Any:
    """``a @ b``; many matrices times one are one tall matrix times that one."""
    if a.ndim < 3 or b.ndim > 2:
        return matmul(a, b)
    tall = matmul(a.reshape(-1, a.shape[-1]), b)
    return tall.reshape(*a.shape[:-1], b.shape[-1])


def _inner(g: Any, axis: Axis) -> Axis:
    return tuple(range(1 - len(g.shape), 0)) if axis is None else axis


def _behind(key: Any) -> Any:
    return (slice(None), *(key if type(key) is tuple else (key,)))
