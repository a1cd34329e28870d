"""Section 2 of the semantics: gradient()."""

from __future__ import annotations

import pytest

import tapeviz
from tests.engine.semantics import Row, judged, row

ONCE = (
    "RuntimeError: A non-persistent GradientTape can only be used to compute one set "
    "of gradients (or jacobians)"
)
PAIR = """
x, w = V(3.0), V(2.0)
with tf.GradientTape() as t:
    y = x * x * w
"""
SQUARE = """
x = V(3.0)
with tf.GradientTape(persistent=True) as t:
    y = x * x
"""
VECTOR = """
x = V([1.0, 2.0, 3.0])
with tf.GradientTape(persistent=True) as t:
    y = x * x
"""


def pair(name: str, code: str, gives: str) -> Row:
    return row(name, PAIR + code, gives)


def square(name: str, code: str, gives: str) -> Row:
    return row(name, SQUARE + code, gives)


def vector(name: str, code: str, gives: str) -> Row:
    return row(name, VECTOR + code, gives)


def cut(name: str, expression: str, gives: str, start: str = "3.7") -> Row:
    """One expression of a variable x, and its gradient."""
    code = f"""
x = V({start})
with tf.GradientTape() as t:
    y = {expression}
t.gradient(y, x)
"""
    return row(name, code, gives)


ROWS = [
    *(row(f"{f} over a variable", f"""
        w = V([1.0, 2.0, 3.0])
        with tf.GradientTape() as t:
            y = {f}
        y, t.gradient(y, w)
        """, gives) for f, gives in (
        ("tf.map_fn(lambda x: x * x, w)", "([1, 4, 9] float32, [2, 4, 6] float32)"),
        ("tf.vectorized_map(lambda x: x * x, w)",
         "([1, 4, 9] float32, [2, 4, 6] float32)"),
        ("tf.scan(lambda a, b: a * b, w)", "([1, 2, 6] float32, [9, 4, 2] float32)"),
        ("tf.foldl(lambda a, b: a + b * b, w, 0.0)", "(14 float32, [2, 4, 6] float32)"),
    )),
    row("the coefficients of a polynomial are variables", """
        a, b, x = V(2.0), V(3.0), c([1.0, 2.0])
        with tf.GradientTape() as t:
            y = tf.math.polyval([a, b], x)
        y, t.gradient(y, [a, b])
        """, "([5, 7] float32, [3 float32, 2 float32])"),
    pair("second call", "t.gradient(y, x)\nt.gradient(y, w)", ONCE),
    pair("second call after jacobian", "t.jacobian(y, x)\nt.gradient(y, w)", ONCE),
    pair("jacobian after gradient", "t.gradient(y, x)\nt.jacobian(y, w)", ONCE),
    row("batch_jacobian after gradient", """
        x = V([[3.0, 1.0]])
        with tf.GradientTape() as t:
            y = x * x
        t.gradient(y, x)
        t.batch_jacobian(y, x)
        """, "RuntimeError: A non-persistent GradientTape can only be used to"),
    row("never entered", "x = V(3.0)\ntf.GradientTape().gradient(x, x)", ONCE),
    row("inside the block ends the recording", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
            g = t.gradient(y, x)
            z = x * x
            r = error(lambda: t.reset())
        e = error(lambda: t.gradient(z, x))[:14]
        g, r.startswith("ValueError: Tape is not recording."), e
        """, "(6 float32, True, 'RuntimeError: ')"),
    row("inside, persistent: works, warns once, higher orders", """
        x = V(3.0)
        with tf.GradientTape(persistent=True) as t:
            y = x * x * x
            for _ in range(2):
                y = t.gradient(y, x)
        y, t.gradient(y, x), len(logs), logs[0][:54]
        """, "(18 float32, 6 float32, 1, "
             "'WARNING Calling GradientTape.gradient on a persistent ')"),
    row("used up, then entered again: afresh", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
        g = t.gradient(y, x)
        with t:
            z = x * x * x
        g, t.gradient(z, x)
        """, "(6 float32, 27 float32)"),
    pair("unconnected", "t.gradient(y, [V(1.0), x])", "[None, 12 float32]"),
    pair("unconnected zero", """
z = V([[1.0, 2.0]], dtype=tf.float64)
t.gradient(y, [x, z], unconnected_gradients=tf.UnconnectedGradients.ZERO)
""", "[12 float32, [[0, 0]] float64]"),
    pair("unconnected zero as a word, for an int too", """
t.gradient(y, [V([1, 2]), c(5)], unconnected_gradients="zero")
""", "[[0, 0] int32, 0 int32]"),
    pair("unconnected unknown", 't.gradient(y, x, unconnected_gradients="nonsense")',
         "ValueError: Unknown value for unconnected_gradients: 'nonsense'"),
    pair("sources: list", "t.gradient(y, [x, w])", "[12 float32, 9 float32]"),
    pair("sources: tuple", "t.gradient(y, (x, w))", "(12 float32, 9 float32)"),
    pair("sources: nest", 't.gradient(y, {"a": [x], "b": (w, {"k": x})})',
         "{a: [12 float32], b: (9 float32, {k: 12 float32})}"),
    pair("sources: namedtuple", """
P = collections.namedtuple("P", "w x")
t.gradient(y, P(w, x))
""", "P(9 float32, 12 float32)"),
    pair("sources: OrderedDict", """
t.gradient(y, collections.OrderedDict([("x", x), ("a", w)]))
""", "OrderedDict{x: 12 float32, a: 9 float32}"),
    pair("sources: empty list", "t.gradient(y, [])", "[]"),
    pair("sources: duplicates", "t.gradient(y, [x, x])", "[12 float32, 12 float32]"),
    square("targets are summed",
           "t.gradient([y, x], x), t.gradient({'a': y, 'b': [y]}, x)",
           "(7 float32, 12 float32)"),
    square("a repeated target counts twice", "t.gradient([y, y], x)", "12 float32"),
    vector("a non-scalar target is summed", "t.gradient(y, x)", "[2, 4, 6] float32"),
    square("targets: empty list", "t.gradient([], x)", "None"),
    square("target is also a source", "t.gradient([y, x], [x, y])",
           "[7 float32, 1 float32]"),
    vector("output_gradients are weights",
           "t.gradient(y, x, output_gradients=c([1.0, 10.0, 100.0]))",
           "[2, 40, 600] float32"),
    vector("output_gradients, one per target",
           "t.gradient([y, y], x, output_gradients=[c([1.0, 0.0, 0.0]), c([0.0, 1.0, "
           "0.0])])",
           "[2, 4, 0] float32"),
    vector("output_gradients: a scalar broadcasts",
           "t.gradient(y, x, output_gradients=c(10.0))", "[20, 40, 60] float32"),
    vector("output_gradients: fewer than targets means ones",
           "t.gradient([y, y], x, output_gradients=[c([0.0, 0.0, 0.0])])",
           "[2, 4, 6] float32"),
    vector("output_gradients: more than targets are ignored",
           "t.gradient([y], x, output_gradients=[c([1.0, 1.0, 1.0]), c([9.0, 9.0, "
           "9.0])])",
           "[2, 4, 6] float32"),
    vector("output_gradients: a Python float", "t.gradient(y, x, output_gradients=2.0)",
           "[4, 8, 12] float32"),
    vector("output_gradients: a Python int", "t.gradient(y, x, output_gradients=2)",
           "InvalidArgumentError: cannot compute Mul as input #1(zero-based) was "
           "expected to be a"),
    vector("output_gradients: wrong shape",
           "t.gradient(y, x, output_gradients=c([1.0, 2.0]))",
           "InvalidArgumentError: Incompatible shapes:"),
    vector("output_gradients: None in the list means ones, as an argument ones",
           "t.gradient(y, x, output_gradients=None)", "[2, 4, 6] float32"),
    vector("output_gradients: None in the list",
           "t.gradient([y], x, output_gradients=[None])",
           "ValueError: Attempt to convert a value (None) with an unsupported type "
           "(<class 'NoneType'>) to a Tensor."),
    square("target None", "t.gradient(None, x)",
           "TypeError: Argument `target` should be a list or nested structure of "
           "Tensors, Variables or CompositeTensors to be differentiated, but received "
           "None."),
    square("source None", "t.gradient(y, None)",
           "TypeError: Cannot convert the argument `type_value`: None to a TensorFlow "
           "DType."),
    square("source None in a list", "t.gradient(y, [x, None])",
           "TypeError: Cannot convert the argument `type_value`: None to a TensorFlow "
           "DType."),
    square("target a float", "t.gradient(3.0, x)",
           "AttributeError: 'float' object has no attribute 'dtype'"),
    square("source a float", "t.gradient(y, 3.0)",
           "AttributeError: 'float' object has no attribute 'dtype'"),
    square("variable as target", "t.gradient(x, [x, V(1.0)])", "[1 float32, None]"),
    row("the result has the source's dtype and shape", """
        x = V([[1.0, 2.0]], dtype=tf.float64)
        with tf.GradientTape() as t:
            y = tf.cast(x * x, tf.float32)
        g = t.gradient(y, x)
        g, g.shape == (1, 2), isinstance(g, tf.Tensor)
        """, "([[2, 4]] float64, True, True)"),
    cut("an int on the way", "tf.cast(tf.cast(x, tf.int32), tf.float32) * 2.0", "None"),
    cut("an int target", "tf.cast(x, tf.int32)", "None"),
    cut("a comparison on the way", "tf.cast(x > 1.0, tf.float32)", "None"),
    cut("floor", "tf.floor(x)", "None"),
    cut("round", "tf.round(x)", "None"),
    cut("ceil", "tf.math.ceil(x)", "None"),
    cut("floor division", "x // 2.0", "None"),
    cut("argmax", "tf.argmax(x)", "None", "[1.0, 2.0]"),
    cut("sign is 0", "tf.sign(x)", "0 float32"),
    cut("remainder", "x % 2.0 * 3.0", "3 float32"),
    cut("numpy on the way", "c(np.sin(x)) * 2.0", "None"),
    cut("numpy() on the way", "c(x.numpy()) * 2.0", "None"),
    cut("constant of a variable is cut", "c(x) * 2.0", "None"),
    cut("convert_to_tensor stays", "tf.convert_to_tensor(x) * 2.0", "2 float32"),
    cut("value() stays", "x.value() * 2.0", "2 float32"),
    cut("read_value() stays", "x.read_value() * 2.0", "2 float32"),
    cut("identity stays", "tf.identity(x) * 2.0", "2 float32"),
    cut("stack of a list stays", "tf.stack([x, x * x])", "8.4 float32"),
    cut("reduce_sum of a list stays", "tf.reduce_sum([x, x * x])", "8.4 float32"),
    cut("a tensor times a list stays", "c([2.0, 1.0]) * [x, x * x]", "9.4 float32"),
    cut("a nested list stays", "tf.reduce_sum([[x, 1.0], [x * x, 2.0]])",
        "8.4 float32"),
    row("assign cuts history", """
        x0, x1 = V(3.0), V(0.0)
        with tf.GradientTape() as t:
            x1.assign_add(x0)
            y = x1**2
        t.gradient(y, [x0, x1])
        """, "[None, 6 float32]"),
    row("assign of a tensor computed in the tape cuts too", """
        x0, x1 = V(3.0), V(0.0)
        with tf.GradientTape() as t:
            x1.assign(x0 * x0)
            y = x1 * x0
        t.gradient(y, [x0, x1])
        """, "[9 float32, 3 float32]"),
    row("each use keeps the value it read", """
        x = V(3.0)
        with tf.GradientTape() as t:
            a = x * x
            x.assign(10.0)
            b = x * x
        t.gradient([a, b], x)
        """, "26 float32"),
    row("assign before gradient()", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
        x.assign(10.0)
        t.gradient(y, x), x
        """, "(6 float32, var 10 float32)"),
    row("assign of a vector before gradient()", """
        x = V([3.0, 4.0])
        with tf.GradientTape() as t:
            y = x * x
        x.assign_sub([1.0, 1.0])
        x[0].assign(9.0)
        t.gradient(y, x), x
        """, "([6, 8] float32, var [9, 3] float32)"),
    row("the result of assign differentiates", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x.assign(5.0) * 2.0
            z = x.assign_add(1.0) * x
        t.gradient([y, z], x)
        """, "14 float32"),
    row("x = x - lr*g makes a tensor", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
        x = x - 0.1 * t.gradient(y, x)
        with tf.GradientTape() as t:
            y = x * x
        t.gradient(y, x), hasattr(x, "assign_sub"), hasattr(x, "assign")
        """, "(None, False, False)"),
    row("... which has no assign_sub", """
        x = V(3.0) - 1.0
        x.assign_sub(1.0)
        """, "AttributeError: object has no attribute 'assign_sub'"),
    cut("op without gradient", "tf.math.is_nan(x)",
        "LookupError: gradient registry has no entry for: IsNan"),
]  # fmt: skip


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_row(case: Row) -> None:
    assert not judged(tapeviz, case)
