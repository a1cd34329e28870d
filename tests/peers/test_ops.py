"""Every op beside TensorFlow's, over drawn shapes, dtypes, settings and numbers.

Value, gradient and second gradient, where None is, dtypes, shapes, and the class of an
error. ``TAPEVIZ_LINES=2000 pytest tests/peers/test_ops.py`` is a long run.
"""

from __future__ import annotations

import os
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import tapeviz
from tapeviz.engine.ops import NAMED
from tests.peers.conftest import REQUIRED
from tests.peers.lines import (
    SEVERAL,
    TRIED,
    WORDS,
    Expression,
    lines,
    spelt,
    strategy_for,
)

MANY = int(os.environ.get("TAPEVIZ_LINES", "40" if REQUIRED else "8"))


def few(count: int) -> settings:
    return settings(
        max_examples=max(1, count), deadline=None, print_blob=True, database=None,
        derandomize="TAPEVIZ_LINES" not in os.environ,
        suppress_health_check=[*HealthCheck],
    )  # fmt: skip


@pytest.mark.parametrize("name", [op.name for op in TRIED])
def test_every_op_can_be_written(name: str) -> None:
    assert spelt(NAMED[name]).startswith("tf.")
    assert strategy_for(NAMED[name])


def test_what_is_left_out_is_in_the_registry() -> None:
    assert set(NAMED) >= WORDS


KNOWN = {
    "softsign": "TensorFlow has no second derivative of it",
    "softmax_cross_entropy": "TensorFlow leaves out how labels move the gradient",
}
"""Ops whose second gradients differ, and why."""

ERRORS = {"NotFoundError": "InvalidArgumentError"}
"""TensorFlow takes 1/x of whole numbers, then finds that nobody computes it."""

ROUGH = {"gelu": 1e-7, "adjust_contrast": 1e-6}
"""Where TensorFlow rounds to float32 on the way."""


def flattened(got: Any) -> list[Any]:
    """The tensors of a result."""
    if isinstance(got, (list, tuple)):
        return [t for g in got for t in flattened(g)]
    return [got]


def dense(tf: Any, g: Any) -> Any:
    return g if g is None or hasattr(g, "numpy") else tf.convert_to_tensor(g)


def weights(tf: Any, t: Any, turn: float) -> Any:
    """Upstream gradients that differ from entry to entry."""
    n = int(np.prod(t.shape))
    return tf.constant(np.cos(np.arange(n) + turn).reshape(tuple(t.shape)), t.dtype)


def once(tf: Any, tape: Any, targets: list[Any], sources: list[Any]) -> Any:
    """The gradients of weighted targets, or the class of the error."""
    if not targets:
        return [None] * len(sources)
    ups = [weights(tf, t, 0.5 + k) for k, t in enumerate(targets)]
    try:
        got = tape.gradient(targets, sources, ups)
    except (LookupError, tf.errors.InvalidArgumentError) as error:
        return [type(error).__name__] * len(sources)
    return [dense(tf, g) for g in got]


def found(tf: Any, line: Expression) -> tuple[Any, ...]:
    """Values, gradients and second gradients; or the class of the error."""
    given = line.given(tf)
    sources = [
        t
        for t, form in zip(given.values(), line.forms, strict=True)
        if form in ("watched", "variable") and t.dtype.is_floating
    ]
    with tf.GradientTape() as second:
        second.watch(sources)
        with tf.GradientTape() as first:
            first.watch(sources)
            try:
                made = eval(line.text, {"tf": tf, "np": np, **given})  # noqa: S307
            except (tf.errors.OpError, ValueError, TypeError) as error:
                return (ERRORS.get(type(error).__name__, type(error).__name__),)
        values = flattened(made)
        smooth = [t for t in values if t.dtype.is_floating]
        ones = once(tf, first, smooth, sources)
    linked = [g for g in ones if g is not None and not isinstance(g, str)]
    return values, ones, once(tf, second, linked, sources)


def plain(t: Any) -> Any:
    return t if t is None or isinstance(t, str) else np.asarray(t.numpy())


NEAR = {"float64": 1e-9, "float32": 2e-4, "float16": 1e-2}


def same(a: Any, b: Any, rough: float = 0) -> bool:
    """Equal in dtype and shape, and in value up to rounding."""
    if a is None or b is None or isinstance(a, str) or isinstance(b, str):
        return a is b or (isinstance(a, str) and a == b)
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        return False
    near = max(NEAR.get(a.dtype.name, 0), rough)
    size = np.max(np.abs(b), initial=0, where=np.isfinite(b)) if near else 0
    return bool(np.allclose(a, b, near, near * (1 + size), equal_nan=True))


def compare(tf: ModuleType, name: str, line: Expression) -> str:
    """Which part differs, and how; or nothing."""
    parts = ("value", "gradient", "second gradient")[: 2 if name in KNOWN else 3]
    alike = partial(same, rough=ROUGH.get(name, 0))
    with np.errstate(all="ignore"):
        ours, theirs = found(tapeviz, line), found(tf, line)
    if len(ours) == 1 or len(theirs) == 1:
        return "" if ours == theirs else f"{ours} is not {theirs}"
    for what, a, b in zip(parts, ours, theirs, strict=False):
        one, two = [plain(t) for t in a], [plain(t) for t in b]
        if len(one) != len(two) or not all(map(alike, one, two)):
            return f"{what}: {one} is not {two}"
    return ""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [*(op.name for op in TRIED), *SEVERAL])
def test_an_op_is_tensorflows(tensorflow: ModuleType, name: str) -> None:
    @few(MANY)
    @given(lines(name))
    def agree(line: Expression) -> None:
        differs = compare(tensorflow, name, line)
        assert not differs, f"{differs}\n{line}"

    agree()


# -- forward mode ----------------------------------------------------------------------

ANOTHER = {
    "sign": "TensorFlow gives None for 0",
    "logsumexp": "TensorFlow gives nan for no entries",
    "adjust_contrast": "TensorFlow has no derivative",
    "tile": "TensorFlow cannot tile more than two axes",
    "softsign": "TensorFlow needs the second derivative, which it does not have",
    **dict.fromkeys(
        ("gather_rows", "gather_nd", "gather batch"),
        "TensorFlow cannot go on from gradients by rows",
    ),
    **dict.fromkeys(
        ("xlogy", "xlog1py", "xdivy"), "at an infinite slope TensorFlow gives nan"
    ),
    **dict.fromkeys(
        ("logical_and", "logical_or", "logical_xor", "logical_not", "any", "all"),
        "they take no floats",
    ),
}
"""Ops whose derivatives forwards differ, and why."""


def moved(tf: Any, line: Expression) -> list[Any]:
    """How the results move when every source does."""
    given = line.given(tf)
    sources = [
        t
        for t, form in zip(given.values(), line.forms, strict=True)
        if form in ("watched", "variable") and t.dtype.is_floating
    ]
    steps = [weights(tf, t, 1.3 + k) for k, t in enumerate(sources)]
    with tf.autodiff.ForwardAccumulator(sources, steps) as ahead:
        try:
            made = flattened(eval(line.text, {"tf": tf, "np": np, **given}))  # noqa: S307
        except (tf.errors.OpError, ValueError, TypeError):
            return []
    return [plain(dense(tf, ahead.jvp(t))) for t in made]


def nan_filled(a: Any, b: Any) -> Any:
    """Ours where theirs is nan: they multiply by 0 on the way, also where it is inf."""
    if b is None or isinstance(b, str) or np.shape(a) != b.shape:
        return b
    return np.where(np.isnan(b), a, b).astype(b.dtype) if b.dtype.kind == "f" else b


def tame(line: Expression) -> bool:
    """Real and finite numbers: TensorFlow multiplies by 0 on the way, which is nan."""
    values = list(line.operands.values())
    return any(v.dtype.kind == "f" for v in values) and all(
        np.all(np.isfinite(v)) for v in values
    )


FORWARDS = [n for n in (*(op.name for op in TRIED), *SEVERAL) if n not in ANOTHER]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FORWARDS)
def test_forward_mode_is_tensorflows(tensorflow: ModuleType, name: str) -> None:
    alike = partial(same, rough=ROUGH.get(name, 0))

    @few(MANY // 6)
    @given(lines(name).filter(tame))
    def agree(line: Expression) -> None:
        with np.errstate(all="ignore"):
            ours, theirs = moved(tapeviz, line), moved(tensorflow, line)
            theirs = list(map(nan_filled, ours, theirs))
        assert len(ours) == len(theirs)
        assert all(map(alike, ours, theirs)), f"{ours} is not {theirs}\n{line}"

    agree()
