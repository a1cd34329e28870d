"""Tensors and variables beside NumPy arrays: values, copies, indexing, operators."""

from __future__ import annotations

import copy
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tapeviz as tf

FEW = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
)
finite = st.floats(-100, 100, width=32)
arrays = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=4, min_side=0),
    elements=finite,
)
full = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), elements=finite
)

BINARY = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.pow,
    operator.mod,
    operator.floordiv,
    operator.gt,
    operator.ge,
    operator.lt,
    operator.le,
    operator.eq,
    operator.ne,
]
SMOOTH = BINARY[:6]
KINDS: list[Callable[[Any], Any]] = [tf.constant, tf.Variable]


# -- operators -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=["constant", "variable"])
@pytest.mark.parametrize(
    "other",
    [
        2.5,
        2,
        np.float32(2.5),
        np.float64(2.5),
        np.array([2.5, 1.5, 0.5]),
        np.array([2.5, 1.5, 0.5], np.float32),
        [2.5, 1.5, 0.5],
        [[2.5], [1.5]],
    ],
    ids=repr,
)
@pytest.mark.parametrize("op", BINARY, ids=lambda f: f.__name__)
def test_operators_with_values_on_either_side(op: Any, other: Any, kind: Any) -> None:
    v = np.array([1.25, 0.75, 2.25])
    for left in (True, False):
        t = kind(v)
        with tf.GradientTape() as tape:
            tape.watch(t)
            y = op(t, other) if left else op(other, t)
        plain = np.asarray(other, np.float64)
        want = op(v, plain) if left else op(plain, v)
        assert type(y) is tf.Tensor
        assert y.dtype == (tf.bool if want.dtype == bool else tf.float64)
        np.testing.assert_allclose(y.numpy(), want, 1e-12)
        g = tape.gradient(y, t)
        assert (g is not None) == (op in SMOOTH)


@pytest.mark.parametrize("op", SMOOTH, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_operator_is_its_function(op: Any, dtype: str) -> None:
    names = {
        "add": "add",
        "sub": "subtract",
        "mul": "multiply",
        "truediv": "divide",
        "pow": "pow",
        "mod": "math.mod",
    }
    function = operator.attrgetter(names[op.__name__])(tf)
    values = [1.5, [0.5, 2.0], [[1.0, 2.0], [3.0, 4.0]]]
    for a in values:
        for b in values:
            made = []
            for f in (op, function):
                x, z = tf.Variable(a, dtype=dtype), tf.constant(b, dtype)
                with tf.GradientTape() as tape:
                    tape.watch(z)
                    y = f(x, z)
                made.append([y, *tape.gradient(y, [x, z])])
            for p, q in zip(*made, strict=True):
                assert p.dtype == q.dtype == dtype
                np.testing.assert_array_equal(p.numpy(), q.numpy())


@pytest.mark.parametrize("op", [operator.neg, abs], ids=["neg", "abs"])
def test_unary_operators(op: Any) -> None:
    x = tf.Variable([-1.5, 2.0])
    with tf.GradientTape() as tape:
        y = op(x)
    np.testing.assert_array_equal(y.numpy(), op(np.array([-1.5, 2.0], np.float32)))
    assert tape.gradient(y, x).numpy().tolist() == (
        [-1.0, -1.0] if op is operator.neg else [-1.0, 1.0]
    )


# -- indexing --------------------------------------------------------------------------


def keys(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    return hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)


@FEW
@given(full, st.data())
def test_indexing_is_numpys_and_its_gradient_goes_back(
    v: np.ndarray, data: st.DataObject
) -> None:
    key = data.draw(keys(v.shape))
    for made in (tf.constant(v), tf.Variable(v)):
        with tf.GradientTape() as tape:
            tape.watch(made)
            part = made[key]
            y = part * part
        np.testing.assert_array_equal(part.numpy(), v[key])
        want = np.zeros_like(v)
        want[key] = 2 * v[key]
        np.testing.assert_array_equal(tape.gradient(y, made).numpy(), want)


@FEW
@given(full, st.data())
def test_a_mask_is_numpys(v: np.ndarray, data: st.DataObject) -> None:
    mask = data.draw(hnp.arrays(bool, v.shape))
    t = tf.Variable(v)
    with tf.GradientTape() as tape:
        y = t[tf.constant(mask)] * 3.0
    np.testing.assert_array_equal(y.numpy(), v[mask] * 3.0)
    np.testing.assert_array_equal(tape.gradient(y, t).numpy(), np.where(mask, 3.0, 0.0))


def test_scalar_tensors_index() -> None:
    t, i = tf.constant([1.0, 2.0, 3.0]), tf.constant(1)
    assert float(t[i]) == 2.0
    assert t[i:].numpy().tolist() == [2.0, 3.0]
    assert [1, 2, 3][i] == 2


@given(st.integers(-6, 6), st.integers(1, 4))
def test_in_bounds_or_an_error(k: int, n: int) -> None:
    t = tf.zeros([n])
    if -n <= k < n:
        assert float(t[k]) == 0.0
    else:
        with pytest.raises(tf.errors.InvalidArgumentError):
            t[k]


# -- reductions through the public functions -------------------------------------------


@FEW
@given(full, st.data())
def test_axes_as_in_numpy(v: np.ndarray, data: st.DataObject) -> None:
    n = v.ndim
    axis = data.draw(
        st.none()
        | st.integers(-n, n - 1)
        | st.lists(st.integers(0, n - 1), unique=True, min_size=1).map(tuple)
    )
    keep = data.draw(st.booleans())
    for ours, theirs in ((tf.reduce_sum, np.sum), (tf.reduce_mean, np.mean)):
        y = ours(tf.constant(v), axis=axis, keepdims=keep)
        want = theirs(v, axis=axis, keepdims=keep)
        assert tuple(y.shape) == want.shape
        np.testing.assert_allclose(y.numpy(), want, 1e-9, 1e-9)


# -- values, copies --------------------------------------------------------------------


@FEW
@given(arrays)
def test_numpy_gives_back_what_went_in(v: np.ndarray) -> None:
    for kind in KINDS:
        t = kind(v)
        np.testing.assert_array_equal(t.numpy(), v)
        assert t.numpy().dtype == v.dtype
        assert tuple(t.shape) == v.shape


@pytest.mark.parametrize("kind", KINDS, ids=["constant", "variable"])
def test_nothing_is_shared(kind: Any) -> None:
    source = np.array([1.0, 2.0])
    t = kind(source)
    source[0] = 9.0
    assert t.numpy().tolist() == [1.0, 2.0]
    out = t.numpy()
    out[0] = 7.0
    np.asarray(t)[1] = 5.0
    assert t.numpy().tolist() == [1.0, 2.0]


def test_assign_does_not_share_either() -> None:
    step = np.array([3.0, 4.0])
    x = tf.Variable([1.0, 2.0], dtype="float64")
    x.assign(step)
    step[0] = 9.0
    assert x.numpy().tolist() == [3.0, 4.0]
    y = tf.Variable(x)
    x.assign_add([1.0, 1.0])
    assert y.numpy().tolist() == [3.0, 4.0]


def test_read_only_arrays_are_welcome() -> None:
    v = np.arange(3.0)
    v.flags.writeable = False
    x = tf.Variable(v)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(x * v + v / (x + 1.0))
    tape.gradient(y, x)
    x.assign_sub(v * 0.5)
    assert x.numpy().tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1, "int32"),
        (1.0, "float32"),
        ([1, 2.0], "float32"),
        (True, "bool"),
        (2**40, "int64"),
        (np.float64(1), "float64"),
        (np.arange(2), "int64"),
        (np.ones(2, np.float16), "float16"),
        ([np.float64(1.0)], "float64"),
        ([[1], [2]], "int32"),
        (1 + 2j, "complex128"),
        ("a", "string"),
        ([], "float32"),
        ([[]], "float32"),
        ((1.0, 2), "float32"),
        (range(3), "int32"),
    ],
)
def test_default_dtypes(value: Any, dtype: str) -> None:
    assert tf.constant(value).dtype == dtype


@pytest.mark.parametrize(
    "thing", [tf.constant([1.0, 2.0]), tf.Variable(3.0, name="w")], ids=repr
)
def test_copies_and_pickles_keep_the_value(thing: Any) -> None:
    for made in (
        copy.copy(thing),
        copy.deepcopy(thing),
        pickle.loads(pickle.dumps(thing)),  # noqa: S301 - just made
    ):
        np.testing.assert_array_equal(made.numpy(), thing.numpy())
        assert type(made) is type(thing)


@pytest.mark.parametrize("kind", KINDS, ids=["constant", "variable"])
def test_a_tensor_goes_where_numbers_go(kind: Any) -> None:
    t = kind(2.0)
    assert (float(t), int(t), complex(t), bool(t)) == (2.0, 2, 2 + 0j, True)
    assert f"{kind([1.0]).numpy()[0]:.1f}" == "1.0"
    assert np.sqrt(kind([4.0])).tolist() == [2.0]
    assert round(float(t) * 1.5, 1) == 3.0
