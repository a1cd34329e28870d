"""A learner's mistakes: the message says what happened, where, and what to do.

Every program here makes one mistake, in the line that ends in ``# here``. The class and
the key phrase are TensorFlow's; the line must be the learner's own, and there must be a
way out.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import tapeviz as tf
from tapeviz.engine.recording import tape_stack
from tapeviz.errors import InvalidArgumentError


@dataclass(frozen=True)
class Mistake:
    name: str
    code: str
    error: type[Exception]
    phrase: str
    advice: str = ""


USED_UP = (
    "A non-persistent GradientTape can only be used to compute one set of gradients "
    "(or jacobians)"
)
MISTAKES = [
    Mistake(
        "a used-up tape",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        tape.gradient(y, x)
        tape.gradient(y, x)  # here
        """,
        RuntimeError,
        USED_UP,
        "persistent=True",
    ),
    Mistake(
        "a used-up tape, a Jacobian",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        tape.gradient(y, x)
        tape.jacobian(y, x)  # here
        """,
        RuntimeError,
        USED_UP,
        "persistent=True",
    ),
    Mistake(
        "a tape never entered",
        """
        x = tf.Variable(3.0)
        tape = tf.GradientTape()
        tape.gradient(x * x, x)  # here
        """,
        RuntimeError,
        USED_UP,
    ),
    Mistake(
        "a string for a tensor",
        """
        x = tf.Variable(3.0)
        y = x * "2"  # here
        """,
        InvalidArgumentError,
        "is a string tensor",
        "float('2')",
    ),
    Mistake(
        "divided by a string",
        """
        x = tf.Variable(3.0)
        y = x / "2"  # here
        """,
        TypeError,
        "`x` and `y` must have the same dtype, got tf.float32 != tf.string.",
        "float('2')",
    ),
    Mistake(
        "a string first",
        """
        x = tf.Variable(3.0)
        y = "2" + x  # here
        """,
        InvalidArgumentError,
        "is a string tensor",
        "float('2')",
    ),
    Mistake(
        "a string for a float",
        'tf.constant("3.0", dtype=tf.float32)  # here',
        TypeError,
        "Cannot convert '3.0' to EagerTensor of dtype float",
        "float('3.0')",
    ),
    Mistake(
        "shapes that do not match",
        """
        a = tf.Variable([1.0, 2.0])
        b = tf.Variable([1.0, 2.0, 3.0])
        c = a + b  # here
        """,
        InvalidArgumentError,
        "Incompatible shapes: [2] vs. [3]",
        "tf.reshape",
    ),
    Mistake(
        "shapes that do not match, in a call",
        """
        a, b = tf.ones([2, 3]), tf.ones([4])
        tf.maximum(a, b)  # here
        """,
        InvalidArgumentError,
        "Incompatible shapes: [2,3] vs. [4]",
        "tf.reshape",
    ),
    Mistake(
        "matrices that do not fit",
        """
        a = tf.Variable([[1.0, 2.0]])
        a @ a  # here
        """,
        InvalidArgumentError,
        "Matrix size-incompatible: In[0]: [1,2], In[1]: [1,2]",
        "tf.transpose",
    ),
    Mistake(
        "vectors in matmul",
        """
        v = tf.Variable([1.0, 2.0])
        tf.matmul(v, v)  # here
        """,
        InvalidArgumentError,
        "ndims must be >= 2",
        "tf.newaxis",
    ),
    Mistake(
        "two dtypes",
        """
        a, b = tf.constant(1), tf.constant(2.0)
        a * b  # here
        """,
        InvalidArgumentError,
        "was expected to be a int32 tensor but is a float tensor",
        "tf.cast",
    ),
    Mistake(
        "two float dtypes",
        """
        a, b = tf.constant(1.0, tf.float64), tf.constant(2.0)
        tf.add(a, b)  # here
        """,
        InvalidArgumentError,
        "was expected to be a double tensor but is a float tensor",
        "tf.cast",
    ),
    Mistake(
        "a fraction beside an int",
        """
        n = tf.constant(2)
        n * 1.5  # here
        """,
        TypeError,
        "Cannot convert 1.5 to EagerTensor of dtype int32",
        "tf.cast",
    ),
    Mistake(
        "an int where floats go",
        "tf.sqrt(tf.constant(4))  # here",
        InvalidArgumentError,
        "Value for attr 'T' of int32 is not in the list",
        "3.0 instead of 3",
    ),
    Mistake(
        "None beside a tensor",
        """
        x = tf.Variable(3.0)
        g = None
        x - 0.1 * g if g else x - g  # here
        """,
        ValueError,
        "Attempt to convert a value (None) with an unsupported type",
        "why(tape, y, x)",
    ),
    Mistake(
        "None in a function",
        "tf.sin(None)  # here",
        ValueError,
        "Attempt to convert a value (None)",
        "give sin a number",
    ),
    Mistake(
        "None assigned",
        """
        x = tf.Variable(3.0)
        x.assign_sub(None)  # here
        """,
        ValueError,
        "Attempt to convert a value (None)",
        "why(tape, y, x)",
    ),
    Mistake(
        "None as target",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            pass
        tape.gradient(None, x)  # here
        """,
        TypeError,
        "Argument `target` should be a list or nested structure",
        "first argument",
    ),
    Mistake(
        "None as source",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        tape.gradient(y, None)  # here
        """,
        TypeError,
        "Cannot convert the argument `type_value`: None to a TensorFlow DType",
        "source",
    ),
    Mistake(
        "a float as target",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        tape.gradient(float(y), x)  # here
        """,
        AttributeError,
        "'float' object has no attribute 'dtype'",
        "target",
    ),
    Mistake(
        "a NumPy value as target",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        tape.gradient([y, 2.0], x)  # here
        """,
        AttributeError,
        "'float' object has no attribute 'dtype'",
        "target",
    ),
    Mistake(
        "a float as source",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        tape.gradient(y, 3.0)  # here
        """,
        AttributeError,
        "'float' object has no attribute 'dtype'",
        "source",
    ),
    Mistake(
        "a word it does not know",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        tape.gradient(y, x, unconnected_gradients="nothing")  # here
        """,
        ValueError,
        "Unknown value for unconnected_gradients: 'nothing'",
        "zero",
    ),
    Mistake(
        "watch of a float",
        """
        with tf.GradientTape() as tape:
            tape.watch(3.0)  # here
        """,
        ValueError,
        "Passed in object 3.0 of type 'float', not tf.Tensor or tf.Variable",
        "tf.constant",
    ),
    Mistake(
        "watch before the block",
        """
        tape = tf.GradientTape()
        tape.watch(tf.constant(3.0))  # here
        """,
        AttributeError,
        "'NoneType' object has no attribute '_tape'",
        "inside the block",
    ),
    Mistake(
        "a tape entered twice",
        """
        with tf.GradientTape() as tape:
            with tape:  # here
                pass
        """,
        ValueError,
        "Tape is still recording",
        "second tape",
    ),
    Mistake(
        "reset outside the block",
        """
        with tf.GradientTape() as tape:
            pass
        tape.reset()  # here
        """,
        ValueError,
        "Tape is not recording.",
    ),
    Mistake(
        "stop_recording before the block",
        """
        with tf.GradientTape().stop_recording():  # here
            pass
        """,
        RuntimeError,
        "Trying to stop recording a tape which is not recording.",
    ),
    Mistake(
        "a list of targets for a Jacobian",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        tape.jacobian([y], x)  # here
        """,
        AttributeError,
        "'list' object has no attribute 'shape'",
        "tf.stack",
    ),
    Mistake(
        "assign of another shape",
        """
        x = tf.Variable([1.0, 2.0])
        x.assign([1.0, 2.0, 3.0])  # here
        """,
        ValueError,
        "The variable shape (2,), and the assigned value shape (3,) are incompatible",
        "shape",
    ),
    Mistake(
        "a step of another shape",
        """
        x = tf.Variable([1.0, 2.0])
        x.assign_sub(0.1)  # here
        """,
        InvalidArgumentError,
        "Cannot update variable with shape [2] using a Tensor with shape []",
        "shape",
    ),
    Mistake(
        "assign of another dtype",
        """
        x = tf.Variable(1.0)
        x.assign(tf.constant(2))  # here
        """,
        ValueError,
        "Tensor conversion requested dtype float32 for Tensor with dtype int32",
        "tf.cast",
    ),
    Mistake(
        "-= on a variable",
        """
        x = tf.Variable(1.0)
        x -= 0.1  # here
        """,
        RuntimeError,
        "`variable -= value` with `tf.Variable`s is not supported. "
        "Use `variable.assign_sub(value)`",
    ),
    Mistake(
        "a variable without a value",
        "tf.Variable()  # here",
        ValueError,
        "initial_value",
        "tf.Variable(3.0)",
    ),
    Mistake(
        "an entry set",
        """
        t = tf.constant([1.0, 2.0])
        t[0] = 3.0  # here
        """,
        TypeError,
        "does not support item assignment",
        "tf.Variable",
    ),
    Mistake(
        "an index too large",
        """
        t = tf.constant([1.0, 2.0])
        t[5]  # here
        """,
        InvalidArgumentError,
        "slice index 5 of dimension 0 out of bounds",
        "2 entries",
    ),
    Mistake(
        "one index too many",
        """
        t = tf.constant([1.0, 2.0])
        t[0, 0]  # here
        """,
        InvalidArgumentError,
        "input has only 1 dims",
        "one index per axis",
    ),
    Mistake(
        "a vector as index",
        """
        t = tf.constant([1.0, 2.0])
        t[tf.constant([0, 1])]  # here
        """,
        TypeError,
        "are valid indices",
        "tf.gather",
    ),
    Mistake(
        "an axis that is not there",
        """
        t = tf.constant([1.0, 2.0])
        tf.reduce_sum(t, axis=1)  # here
        """,
        InvalidArgumentError,
        "Invalid reduction dimension",
        "axes run from",
    ),
    Mistake(
        "an axis to roll along that is not there",
        """
        t = tf.constant([1.0, 2.0])
        tf.roll(t, [1], [5])  # here
        """,
        InvalidArgumentError,
        "axis 5 is out of range [Op:Roll]",
        "axes run from 0 to 0",
    ),
    Mistake(
        "more shifts than axes",
        """
        t = tf.constant([1.0, 2.0])
        tf.roll(t, [1, 1], [0])  # here
        """,
        InvalidArgumentError,
        "shift and axis must have the same size [Op:Roll]",
        "there are 2 of one and 1 of the other",
    ),
    Mistake(
        "a scalar to roll",
        """
        t = tf.constant(1.0)
        tf.roll(t, 1, 0)  # here
        """,
        InvalidArgumentError,
        "input must be 1-D or higher [Op:Roll]",
        "no entries to move",
    ),
    Mistake(
        "an axis to reverse twice",
        """
        t = tf.constant([[1.0, 2.0]])
        tf.reverse(t, [0, -2])  # here
        """,
        InvalidArgumentError,
        "axis 0 specified more than once. [Op:ReverseV2]",
        "name each axis once",
    ),
    Mistake(
        "an axis to reverse that is not there",
        """
        t = tf.constant([[1.0, 2.0]])
        tf.reverse(t, [5])  # here
        """,
        InvalidArgumentError,
        "'axis'[0] = 5 is out of valid range [0, 1] [Op:ReverseV2]",
        "axes run from 0 to 1",
    ),
    Mistake(
        "a shape of another size",
        """
        t = tf.constant([1.0, 2.0])
        tf.reshape(t, [3])  # here
        """,
        InvalidArgumentError,
        "Input to reshape is a tensor with 2 values",
        "product",
    ),
    Mistake(
        "the truth of a vector",
        """
        t = tf.constant([1.0, 2.0])
        if t > 0: pass  # here
        """,
        ValueError,
        "The truth value of an array with more than one element is ambiguous",
    ),
    Mistake(
        "len of a scalar",
        "len(tf.constant(1.0))  # here",
        TypeError,
        "Scalar tensor has no `len()`",
    ),
    Mistake(
        "a loop over a scalar",
        "for t in tf.constant(1.0): pass  # here",
        TypeError,
        "Cannot iterate over a scalar tensor.",
    ),
    Mistake(
        "a ragged list",
        "tf.constant([[1.0], [1.0, 2.0]])  # here",
        ValueError,
        "non-rectangular Python sequence",
    ),
    Mistake(
        "an object for a number",
        "tf.constant(object())  # here",
        ValueError,
        "Attempt to convert a value",
    ),
]

PLAIN = {"the truth of a vector"}
"""Told by Python or NumPy, with their own message."""


def make(mistake: Mistake, tmp_path: Path) -> tuple[str, BaseException]:
    """Run the program from a file of its own; the line meant, and the error."""
    code = textwrap.dedent(mistake.code).strip() + "\n"
    path = tmp_path / "lesson.py"
    path.write_text(code, "utf-8")
    (line,) = (i for i, t in enumerate(code.splitlines(), 1) if t.endswith("# here"))
    with pytest.raises(Exception) as caught:  # noqa: PT011 - its class is looked at below
        exec(compile(code, str(path), "exec"), {"tf": tf})  # noqa: S102 - the program above
    return f"line {line}: {code.splitlines()[line - 1].strip()}", caught.value


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.name)
def test_what(mistake: Mistake, tmp_path: Path) -> None:
    _, error = make(mistake, tmp_path)
    assert type(error) is mistake.error
    assert mistake.phrase in str(error).replace(", ", ",") or mistake.phrase in str(
        error
    )


@pytest.mark.parametrize(
    "mistake", [m for m in MISTAKES if m.name not in PLAIN], ids=lambda m: m.name
)
def test_where(mistake: Mistake, tmp_path: Path) -> None:
    line, error = make(mistake, tmp_path)
    assert f"where: {line}" in str(error).splitlines()[1].strip()


@pytest.mark.parametrize(
    "mistake", [m for m in MISTAKES if m.advice], ids=lambda m: m.name
)
def test_what_to_do(mistake: Mistake, tmp_path: Path) -> None:
    _, error = make(mistake, tmp_path)
    last = str(error).splitlines()[-1].strip()
    assert last.startswith("what to do: ")
    assert mistake.advice in last


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.name)
def test_no_tape_is_left_behind(mistake: Mistake, tmp_path: Path) -> None:
    make(mistake, tmp_path)
    assert tape_stack.tapes == ()
    assert tape_stack.tapes == ()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.name)
def test_the_message_is_for_learners(mistake: Mistake, tmp_path: Path) -> None:
    _, error = make(mistake, tmp_path)
    text = str(error)
    assert str(tmp_path) not in text
    assert "tapeviz/" not in text
    assert " at 0x" not in text or "object" in mistake.name
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


@pytest.mark.parametrize(
    "name",
    [
        "InvalidArgumentError",
        "NotFoundError",
        "OutOfRangeError",
        "UnimplementedError",
        "ResourceExhaustedError",
    ],
)
def test_tensorflows_classes(name: str) -> None:
    kind = getattr(tf.errors, name)
    assert issubclass(kind, tf.errors.OpError)
    error: Any = kind("the message")
    assert error.message == "the message"


def test_a_mistake_in_a_notebook_cell_has_a_line_too() -> None:
    """Where no source is at hand, the number of the line stays."""
    with pytest.raises(InvalidArgumentError) as caught:
        exec(compile("\n\ntf.ones([2]) + tf.ones([3])", "<cell>", "exec"), {"tf": tf})  # noqa: S102
    assert "where: line 3" in str(caught.value)


@pytest.mark.parametrize(
    "key", [(0, ..., 0), (..., slice(None), slice(None)), (..., 5), (..., -4)]
)
def test_a_key_behind_an_ellipsis_is_checked_like_any_other(key: object) -> None:
    with pytest.raises(InvalidArgumentError):
        tf.constant([1.0, 2.0, 3.0])[key]


def test_an_axis_given_twice_is_refused() -> None:
    for axis in ([0, 0], [1, -1]):
        with pytest.raises(InvalidArgumentError, match="duplicate"):
            tf.reduce_sum(tf.ones([2, 3]), axis=axis)
