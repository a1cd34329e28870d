"""``tape.records()``: what a tape recorded, as frozen records with names."""

from __future__ import annotations

import dataclasses
import inspect as python_inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapeviz as tf
from tapeviz.engine.records import Record


def _line(function: Callable[..., Any]) -> range:
    """The lines of a function's source."""
    text, start = python_inspect.getsourcelines(function)
    return range(start, start + len(text))


def test_operations_have_names_operands_and_the_values_that_rules_keep() -> None:
    w, b = tf.Variable(3.0, name="w"), tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(w * b, axis=0)
    records = tape.records()
    assert [r.op.name for r in records] == ["variable", "variable", "multiply", "sum"]
    assert [r.kind for r in records] == ["variable", "variable", "op", "op"]
    assert [r.operands for r in records] == [(), (), (0, 1), (2,)]
    assert [r.label for r in records] == ["w", "", "", ""]
    assert records[2].values[0] == 3.0
    assert records[2].values[1].tolist() == [1.0, 2.0]
    assert records[2].was_broadcast
    assert records[3].settings == ((-1,), False)
    assert records[3].values == (None,)
    assert [records.index_of(one) for one in (w, b, y)] == [0, 1, 3]
    assert records.index_of(tf.constant(1.0)) == -1


def test_records_cannot_be_changed_and_have_no_numbered_fields() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        x * x
    record: Any = tape.records()[-1]
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.operands = ()
    with pytest.raises(TypeError):
        record[0]


def test_a_record_knows_the_line_that_made_it() -> None:
    x = tf.Variable(3.0)

    def block() -> tf.GradientTape:
        with tf.GradientTape() as tape:
            tf.nn.softplus(x) * 2.0
        return tape

    for record in block().records():
        if record.kind == "op":
            assert record.call_site is not None
            assert record.call_site.code is block.__code__
            position = list(record.call_site.code.co_positions())
            line = position[record.call_site.instruction // 2][0]
            assert line in _line(block)
        else:
            assert record.call_site is None


def test_a_record_computes_again_forwards_and_backwards() -> None:
    x = tf.Variable([1.0, 2.0], dtype="float64")
    with tf.GradientTape() as tape:
        tf.exp(x) / x
    divide = tape.records()[-1]
    a, b = np.array([3.0, 5.0]), np.array([2.0, 4.0])
    assert divide.forward((a, b)).tolist() == [1.5, 1.25]
    again = dataclasses.replace(divide, values=(a, b), result=a / b)
    assert again.vjp(0, np.array([1.0, 1.0])).tolist() == [0.5, 0.25]
    assert again.vjp(1, np.array([1.0, 1.0])).tolist() == [-0.75, -0.3125]


def test_what_passes_no_gradient_has_no_rule() -> None:
    x = tf.Variable(2.5)
    with tf.GradientTape() as tape:
        tf.floor(x)
    floor = tape.records()[-1]
    assert floor.rule(0) is None
    assert floor.vjp(0, np.float32(1)) is None


def test_complex_numbers_get_the_conjugate() -> None:
    z = tf.Variable(1 + 2j)
    with tf.GradientTape() as tape:
        y = z * z
    multiply = tape.records()[-1]
    both = multiply.vjp(0, np.complex128(1)) + multiply.vjp(1, np.complex128(1))
    assert both == 2 - 4j
    found = tape.gradient(y, z)
    assert found is not None
    assert found.numpy() == 2 - 4j
    assert multiply.local(0, np.complex128(1)) == 1 + 2j


def test_events_scopes_and_what_is_watched_stand_beside_the_records() -> None:
    x, state = tf.Variable(3.0), tf.Variable(0.0)
    c = tf.constant(1.0)
    with tf.GradientTape() as tape:
        y = x * x
        tape.watch(c)
        float(y)
        state.assign(y)
        tf.keras.losses.MeanSquaredError()([c], [y])
    records = tape.records()
    left, assigned = records.events
    assert (left.what, left.index, left.variable) == ("left", records.index_of(y), None)
    assert assigned.what == "assigned"
    assert assigned.variable is state
    assert [scope.start for scope in records.scopes][-1] >= records.index_of(y)
    assert records.watched[0].thing is x
    late = next(one for one in records.watched if one.thing is c)
    assert late.index == records.index_of(c)


def test_the_records_are_a_snapshot() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
        before = tape.records()
        y = y * x
        assert len(before) == 2
        assert [record.op.name for record in before] == ["variable", "multiply"]
    assert len(tape.records()) == 3
    assert tape.gradient(y, x) is not None


def test_reading_uses_nothing_up() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    records = tape.records()
    assert records.asked is None
    assert not records.is_used_up
    assert records.gradient([y], [np.float32(1)], x) == 6.0
    assert list(records.backward_steps([y], [np.float32(1)]))
    found = tape.gradient(y, x)
    assert found is not None
    assert found.numpy() == 6.0
    asked = tape.records().asked
    assert asked is not None
    assert asked.targets[0] is y
    assert asked.sources[0] is x
    assert tape.records().is_used_up


def test_a_tape_that_never_ran_has_no_records() -> None:
    records = tf.GradientTape().records()
    assert records.is_empty
    assert len(records) == 0
    assert (records.events, records.scopes, records.windows) == ((), (), ())


def test_tapes_that_share_a_recording_have_their_own_spans() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as outer:
        y = x * x
        with tf.GradientTape() as inner:
            z = y * x
    of_outer, of_inner = outer.records(), inner.records()
    assert of_outer.shares(of_inner)
    assert not of_outer.is_foreign(z)
    at = of_inner.index_of(z)
    assert [at in window for window in of_inner.windows] == [True]
    assert of_inner.index_of(y) not in of_inner.windows[0]
    assert isinstance(of_inner[at], Record)
