"""``tf.cond``, ``tf.while_loop``, ``tf.map_fn`` and their like, which run eagerly."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from tapeviz.engine import nest
from tapeviz.engine.arguments import whole
from tapeviz.engine.dispatch import call
from tapeviz.engine.scopes import grouped
from tapeviz.engine.tensor import convert, wrap
from tapeviz.errors import invalid_argument, out_of_range, type_error, value_error
from tapeviz.tf.arrays.tensor_array import TensorArray


def cond(
    pred: Any, true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """What ``true_fn`` returns if ``pred`` holds, else what ``false_fn`` returns.

    Only one of them runs, and only that one is on the tape.

    >>> import tapeviz as tf
    >>> x = tf.constant(3.0)
    >>> tf.cond(x > 0, lambda: x * x, lambda: -x).numpy()
    np.float32(9.0)
    """
    for f, role in ((true_fn, "true_fn"), (false_fn, "false_fn")):
        if not callable(f):
            raise type_error(f"{role} must be callable.", "wrap it: lambda: value")
    chosen: Any = true_fn if bool(pred) else false_fn
    return chosen()


def case(
    pred_fn_pairs: Any, default: Callable[[], Any] | None = None,
    exclusive: bool = False, strict: bool = False, name: str = "case",
) -> Any:  # fmt: skip
    """The first function of ``(condition, function)`` pairs whose condition holds.

    >>> import tapeviz as tf
    >>> x = tf.constant(2.0)
    >>> float(tf.case([(x < 1.0, lambda: x), (x < 3.0, lambda: 10.0 * x)]))
    20.0
    """
    pairs = [(bool(p), f) for p, f in pred_fn_pairs]
    if exclusive and sum(p for p, _ in pairs) > 1:
        raise invalid_argument(
            "Input error: exclusive=True: more than 1 conditions are True"
        )
    chosen = next((f for p, f in pairs if p), default)
    if chosen is None:
        raise invalid_argument(
            "None of the conditions evaluated as True.", "give a default"
        )
    return chosen()


def switch_case(
    branch_index: Any, branch_fns: Any, default: Callable[[], Any] | None = None,
    name: str = "switch_case",
) -> Any:  # fmt: skip
    """The function with this number; ``default`` (or the last) for any other number.

    >>> import tapeviz as tf
    >>> low, high = (lambda: tf.constant(10.0)), (lambda: tf.constant(20.0))
    >>> float(tf.switch_case(tf.constant(1), [low, high]))
    20.0
    """
    given = branch_fns.items() if isinstance(branch_fns, dict) else branch_fns
    pairs: dict[int, Any] = dict(
        p if isinstance(p, tuple) else (i, p) for i, p in enumerate(given)
    )
    last = pairs[max(pairs)]
    return pairs.get(whole(branch_index), default or last)()


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any,
    shape_invariants: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, maximum_iterations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Run ``body`` on the loop variables as long as ``cond`` of them holds.

    >>> import tapeviz as tf
    >>> start = tf.constant(0), tf.constant(0.0)
    >>> step = lambda i, s: (i + 1, s + 2.0)
    >>> i, total = tf.while_loop(lambda i, s: i < 3, step, start)
    >>> total.numpy()
    np.float32(6.0)
    """
    single = isinstance(loop_vars, (list, tuple)) and len(loop_vars) == 1
    many = isinstance(loop_vars, (list, tuple, dict))
    values = _tensors(loop_vars)
    left = None if maximum_iterations is None else whole(maximum_iterations)
    while bool(_call_with(cond, values, many)) and left != 0:
        values = _call_with(body, values, many)
        if single and not isinstance(values, (list, tuple)):
            values = [values]
        left = None if left is None else left - 1
    return values


def _call_with(f: Callable[..., Any], values: Any, many: bool) -> Any:
    if isinstance(values, dict):
        return f(values)
    return f(*values) if many else f(values)


def _rows(elems: Any, backwards: bool = False) -> list[Any]:
    """The entries along the first axis of every tensor of a nest."""
    flattened = [convert(e) for e in nest.leaves(elems)]
    if any(not t.shape.rank for t in flattened):
        raise value_error(
            "Elements in elems must be 1+ dimensional Tensors, not scalars"
        )
    count = len(flattened[0]._v)
    return [
        nest.like(elems, [call.pick(t, (k,)) for t in flattened])
        for k in (range(count - 1, -1, -1) if backwards else range(count))
    ]


def _stacked(made: list[Any], elems: Any) -> Any:
    """The results as one; of no entries, nothing of the dtypes of ``elems``."""
    if not made:
        none = [wrap(np.zeros(0, convert(e).dtype.np)) for e in nest.leaves(elems)]
        return nest.like(elems, none)
    joined = []
    for column in zip(*map(nest.leaves, made), strict=True):
        tensors = [convert(v) for v in column]
        joined.append(call.stack(tensors, -1 - tensors[0].shape.rank))
    return nest.like(made[0], joined)


def map_fn(
    fn: Callable[[Any], Any], elems: Any, dtype: Any = None,
    parallel_iterations: Any = None, back_prop: bool = True, swap_memory: bool = False,
    infer_shape: bool = True, name: str | None = None, fn_output_signature: Any = None,
) -> Any:  # fmt: skip
    """A function applied to each entry along the first axis, the results stacked.

    >>> import tapeviz as tf
    >>> tf.map_fn(lambda t: t * t, tf.constant([1.0, 2.0, 3.0])).numpy()
    array([1., 4., 9.], dtype=float32)
    """
    with grouped("map_fn"):
        return _stacked([fn(row) for row in _rows(elems)], elems)


def vectorized_map(
    fn: Callable[[Any], Any], elems: Any, fallback_to_while_loop: bool = True,
    warn: bool = True,
) -> Any:  # fmt: skip
    """The same as ``tf.map_fn``; here it is no faster.

    >>> import tapeviz as tf
    >>> tf.vectorized_map(lambda t: t * t, tf.constant([1.0, 2.0])).numpy()
    array([1., 4.], dtype=float32)
    """
    with grouped("vectorized_map"):
        return _stacked([fn(row) for row in _rows(elems)], elems)


def _tensors(given: Any) -> Any:
    """What goes around in a loop: tensors, and arrays that are written to."""
    every = nest.leaves(given)
    return nest.like(
        given, [v if isinstance(v, TensorArray) else convert(v) for v in every]
    )


def _folded(fn: Any, elems: Any, initializer: Any, backwards: bool) -> Any:
    rows = _rows(elems, backwards)
    if initializer is None and not rows:
        raise out_of_range(
            "Reading from negative indices (index -1) is not allowed.",
            "elems has no entry to begin with: give an initializer",
        )
    total = _tensors(initializer) if initializer is not None else rows.pop(0)
    every = [total] if initializer is None else []
    for row in rows:
        total = fn(total, row)
        every.append(total)
    return total, every


def foldl(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Entries put together from the first on: ``fn(fn(a, b), c)``.

    >>> import tapeviz as tf
    >>> int(tf.foldl(lambda a, b: 10 * a + b, tf.constant([1, 2, 3])))
    123
    """
    with grouped("foldl"):
        return _folded(fn, elems, initializer, backwards=False)[0]


def foldr(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Entries put together from the last on.

    >>> import tapeviz as tf
    >>> int(tf.foldr(lambda a, b: 10 * a + b, tf.constant([1, 2, 3])))
    321
    """
    with grouped("foldr"):
        return _folded(fn, elems, initializer, backwards=True)[0]


def scan(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
    infer_shape: bool = True, reverse: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Like ``foldl``, with all the steps on the way stacked.

    >>> import tapeviz as tf
    >>> tf.scan(lambda a, b: a + b, tf.constant([1, 2, 3])).numpy()
    array([1, 3, 6], dtype=int32)
    """
    with grouped("scan"):
        every = _folded(fn, elems, initializer, backwards=reverse)[1]
        return _stacked(every[::-1] if reverse else every, elems)


def no_op(name: str | None = None) -> None:
    """Nothing."""


def group(*inputs: Any, **options: Any) -> None:
    """Nothing: what it names has been done already."""


def executing_eagerly() -> bool:
    """True: tensors have their values at once.

    >>> import tapeviz as tf
    >>> tf.executing_eagerly()
    True
    """
    return True


def device(device_name: Any = None) -> AbstractContextManager[None]:
    """A block on a device; there is one, the CPU."""
    return nullcontext()


def control_dependencies(control_inputs: Any = None) -> AbstractContextManager[None]:
    """A block that runs after other things: as Python does anyway."""
    return nullcontext()


def init_scope() -> AbstractContextManager[None]:
    """A block outside of functions that are being traced; here there are none."""
    return nullcontext()
