"""Names from elsewhere: an error as in TensorFlow, and what to write instead."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.engine import foreign_names

x = tf.Variable([3.0, -1.0])
t = tf.constant([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    ("thing", "name", "instead"),
    [
        (t, "T", "tf.transpose(t)"),
        (t, "backward", "tape.gradient(y, x)"),
        (t, "assign_sub", "only a tf.Variable can be assigned to"),
        (x, "grad", "tape.gradient(y, x)"),
        (x, "sum", "tf.reduce_sum(t)"),
        (tf.GradientTape(), "gradients", "tape.gradient(y, x)"),
    ],
)
def test_the_error_says_what_to_write(thing: Any, name: str, instead: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(thing, name)
    first, where, do = str(caught.value).splitlines()
    assert first == f"'{type(thing).__name__}' object has no attribute '{name}'"
    assert "getattr(thing, name)" in where
    assert instead in do


WAYS = sorted(
    {
        way
        for table in (
            foreign_names.TENSOR,
            foreign_names.PLAIN_TENSOR,
            foreign_names.TAPE,
        )
        for text in table.values()
        for way in re.findall(r"(?:tf|tape|t|x)\.[\w.]+", text)
    }
)


@pytest.mark.parametrize("way", WAYS)
def test_what_to_write_exists(way: str) -> None:
    first, *rest = way.split(".")
    thing: Any = {"tf": tf, "tape": tf.GradientTape(), "t": t, "x": x}[first]
    for name in rest:
        thing = getattr(thing, name)
    assert callable(thing) or thing is tf.float32


@pytest.mark.parametrize("thing", [t, x, tf.GradientTape()], ids=lambda v: str(type(v)))
def test_they_are_not_offered(thing: Any) -> None:
    offered = dir(thing)
    assert "T" not in offered
    assert "gradients" not in offered
    there = {name for name in offered if hasattr(thing, name)}
    assert set(offered) - there <= {"_part", "assign", "path"}
    assert {"numpy", "dtype"} <= set(dir(t))
    assert "gradient" in dir(tf.GradientTape())


def test_numpy_works_on_tensors_as_before() -> None:
    np.testing.assert_allclose(np.sum(t), 10.0)
    np.testing.assert_allclose(np.mean(x), 1.0)
    np.testing.assert_allclose(np.clip(t, 2.0, 3.0), [[2, 2], [3, 3]])
    np.testing.assert_allclose(np.transpose(t), [[1, 3], [2, 4]])
