"""``tf.custom_gradient``, ``tf.recompute_grad``: functions with their own gradient."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeviz.engine import nest, with_blocks
from tapeviz.engine.arguments import like
from tapeviz.engine.custom_gradient import CustomOp
from tapeviz.engine.dispatch import call
from tapeviz.engine.indexed_slices import dense
from tapeviz.engine.recording import Recording, tape_stack
from tapeviz.engine.scopes import grouped
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Variable, convert
from tapeviz.errors import type_error, value_error


class _Watcher:
    """Stands in for a tape: collects the trainable variables that are read."""

    def __init__(self) -> None:
        self._watched: dict[int, Variable] = {}
        self._block = sys._getframe(1), -1

    _is_recording = True

    def _is_abandoned(self) -> bool:
        return not with_blocks.running(self._block)

    def _abandon(self) -> None:
        self._is_recording = False

    def _notice(self, v: Variable, leaf: Any) -> Any:
        if v.trainable:
            self._watched.setdefault(id(v), v)
        return leaf


class _Paused:
    """No tape of this thread records in the block."""

    def __enter__(self) -> None:
        self._before = (tape_stack.tapes, tape_stack.recording)
        watchers = tuple(t for t in tape_stack.tapes if isinstance(t, _Watcher))
        tape_stack.set(watchers, Recording() if watchers else tape_stack.recording)

    def __exit__(self, *_error: object) -> None:
        tape_stack.set(*self._before)


def _watched(
    f: Callable[..., Any], args: Any, kwargs: Any
) -> tuple[Any, list[Variable]]:
    """What a function returns, and the variables it reads."""
    watcher, tapes, recording = _Watcher(), tape_stack.tapes, tape_stack.recording
    tape_stack.set((*tapes, watcher), recording)
    try:
        made = f(*args, **kwargs)
    finally:
        tape_stack.set(tapes, recording)
    return made, list(watcher._watched.values())


def custom_gradient(f: Callable[..., Any] | None = None) -> Any:
    """Decorate a function that returns its result and the rule for its gradient.

    The rule takes one upstream gradient per result and returns one gradient per
    argument. On the tape the whole function is one op. If it reads variables, the rule
    must take ``variables=`` and return ``(gradients, gradients of the variables)``.

    >>> import tapeviz as tf
    >>> @tf.custom_gradient
    ... def log1pexp(x):
    ...     e = tf.exp(x)
    ...     return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
    >>> x = tf.constant(100.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = log1pexp(x)
    >>> tape.gradient(y, x).numpy()
    np.float32(1.0)
    """
    if f is None:
        return custom_gradient
    function = f

    @functools.wraps(function)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        with grouped(getattr(function, "__name__", "custom")):
            return _run(function, args, kwargs)

    return decorated


def _run(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    (result, grad), read = _watched(f, args, kwargs)
    given = [a for a in nest.leaves(args) if a is not None]
    arguments = [*given, *nest.leaves(kwargs)]
    variables = [v for v in read if all(v is not a for a in arguments)]
    _takes_variables(grad, variables)
    inputs = [convert(a) for a in given]
    results = [convert(r) for r in nest.leaves(result)]
    if all(t._index() < 0 for t in (*inputs, *variables)):
        # No argument is watched: what the function closes over stays connected.
        plain = [call.identity(r) if isinstance(r, Variable) else r for r in results]
        return nest.like(result, plain) if _nested(result) else plain[0]
    pull = _pull(grad, len(given), variables)
    name = getattr(f, "__name__", "custom")
    made = CustomOp(name, tuple(r._v for r in results), not _nested(result), pull)
    whole = call.custom([*inputs, *variables], made)
    if made.single:
        return whole
    return nest.like(result, [call.part(whole, k) for k in range(len(results))])


def _nested(result: Any) -> bool:
    return isinstance(result, (list, tuple, dict))


def _takes_variables(grad: Callable[..., Any], variables: list[Variable]) -> None:
    if not variables:
        return
    spec = inspect.getfullargspec(grad)
    if "variables" in (*spec.args, *spec.kwonlyargs) or spec.varkw:
        return
    raise type_error(
        "@tf.custom_gradient grad_fn must accept keyword argument 'variables', "
        f"since function uses variables: {variables}",
        "pass the variable as an argument, or write def grad(upstream, variables)",
    )


def _pull(
    grad: Callable[..., Any], count: int, variables: list[Variable]
) -> Callable[..., list[Any]]:
    """The learner's rule, with its answer checked and made a flat list."""

    def pull(*upstream: Any) -> list[Any]:
        if not variables:
            return _tensors(_counted(grad(*upstream), count), upstream)
        got, more = grad(*upstream, variables=variables)
        if len(more) != len(variables):
            raise value_error(
                "Must return gradient for each variable from @custom_gradient grad_fn."
            )
        return _tensors([*_counted(got, count), *more], upstream)

    return pull


def _counted(got: Any, count: int) -> list[Any]:
    flattened = nest.leaves(got)
    if len(flattened) != count:
        raise value_error(
            f"custom_gradient function expected to return {count} gradients, but "
            f"returned {len(flattened)} instead.",
            "one gradient per argument, None for those without",
        )
    return flattened


def _tensors(grads: list[Any], upstream: Any) -> list[Any]:
    return [None if g is None else like(dense(g), upstream[0]) for g in grads]


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function whose intermediate values are recomputed, not saved.

    On the tape it is one op; its gradient runs the function a second time. That saves
    memory and costs time. Its gradient has a gradient too; with variables that is more
    than TensorFlow does, which raises NotImplementedError.

    >>> import tapeviz as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = tf.recompute_grad(lambda v: v * v)(x)
    >>> float(tape.gradient(y, x))
    6.0
    """

    @functools.wraps(f)
    def once(*args: Any, **kwargs: Any) -> Any:
        with _Paused():
            result = f(*args, **kwargs)

        def again(*upstream: Any, variables: Any = None) -> Any:
            return _recomputed(f, args, kwargs, upstream, variables or [])

        return result, again

    made: Callable[..., Any] = custom_gradient(once)
    return made


def _recomputed(f: Any, args: Any, kwargs: Any, upstream: Any, variables: Any) -> Any:
    inputs = [call.identity(a) for a in nest.leaves(args)]
    with GradientTape() as tape:
        tape.watch([inputs, list(variables)])
        result = f(*nest.like(args, inputs), **kwargs)
    got = tape.gradient(
        result, [*inputs, *variables], list(upstream), unconnected_gradients="zero"
    )
    first, rest = got[: len(inputs)], got[len(inputs) :]
    return (first, rest) if variables else first


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function so that its gradient is that of the identity.

    >>> import tapeviz as tf
    >>> x = tf.Variable(2.6)
    >>> with tf.GradientTape() as tape:
    ...     y = tf.grad_pass_through(tf.round)(x)
    >>> float(y), float(tape.gradient(y, x))
    (3.0, 1.0)
    """

    @functools.wraps(f)
    def through(*args: Any, **kwargs: Any) -> Any:
        def grad(*upstream: Any, variables: Any = None) -> Any:
            if variables is not None:
                return upstream, [None] * len(variables)
            return upstream

        return f(*args, **kwargs), grad

    made: Callable[..., Any] = custom_gradient(through)
    return made


def py_function(
    func: Any = None, inp: Any = None, Tout: Any = None,  # noqa: N803
    name: Any = None,
) -> Any:  # fmt: skip
    """Call a Python function with tensors; here every function is one."""
    return func(*[convert(x) for x in inp])


def numpy_function(
    func: Any = None, inp: Any = None, Tout: Any = None, stateful: bool = True,  # noqa: N803
    name: Any = None,
) -> Any:  # fmt: skip
    """Call a function of NumPy arrays; no gradient passes it.

    >>> import tapeviz as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = tf.numpy_function(lambda v: v * v, [x], tf.float32)
    >>> float(y), tape.gradient(y, x)
    (9.0, None)
    """
    got = func(*[convert(x).numpy() for x in inp])
    if isinstance(got, (list, tuple)):
        return [convert(np.asarray(g)) for g in got]
    return convert(np.asarray(got)[()])
