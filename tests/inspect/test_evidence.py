"""why: reasons come from the record, the recorded line and the tape that was asked."""

from __future__ import annotations

import logging
import time

import pytest

import tapeviz as tf
from tests.inspect.cells import answer, mended

ASK = "a = why(tape, y, w)"
THROUGH = "(w - x) / (w + x) + tf.stop_gradient((w - x) // (w + x) - (w - x) / (w + x))"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("tensorflow"), "disabled", True)


# -- other cells -----------------------------------------------------------------------


def test_a_value_of_the_same_name_in_an_older_cell_is_not_meant() -> None:
    """Of z = 3 w1^2 + 2 w1 w2: the derivative by w2 is 2 w1, which has no w2 in it."""
    found = answer(
        "def f(a, b):\n    return 3*a**2 + 2*a*b\n"
        "w1, w2 = tf.Variable(5.), tf.Variable(3.)",
        "with tf.GradientTape() as tape:\n    z = f(w1, w2)",
        "with tf.GradientTape() as outer:\n"
        "    with tf.GradientTape() as inner:\n"
        "        z = f(w1, w2)\n"
        "    d1, d2 = inner.gradient(z, [w1, w2])",
        "a = why(outer, d2, w2)",
    )
    assert [r.kind for r in found.reasons] == ["linear"]
    assert "itself a derivative, and it does not depend on w2" in (
        found.reasons[0].sentence
    )


def test_a_function_of_numpy_is_not_the_learners_of_that_name() -> None:
    found = answer(
        "def square(x):\n    return x*x\nu = square(tf.constant(2.0))",
        "w = tf.Variable(3.0)\n"
        "with tf.GradientTape() as tape:\n"
        "    y = tf.constant(np.square(w)) * 2.0",
        ASK,
    )
    assert [r.kind for r in found.reasons] == ["left"]
    assert found.reasons[0].span is not None
    assert found.reasons[0].span.text == "tf.constant(np.square(w))"


def test_a_method_of_numpys_name_is_not_meant_either() -> None:
    found = answer(
        "class Stats:\n    def mean(self, v):\n        return v.numpy() * 1.0\n"
        "s = Stats()\nm = s.mean(tf.constant(2.0))",
        "w = tf.Variable([1.0, 3.0])\n"
        "with tf.GradientTape() as tape:\n"
        "    y = tf.constant(np.mean(w)) * 2.0",
        ASK,
    )
    assert [r.kind for r in found.reasons] == ["left"]
    assert found.reasons[0].span is not None
    assert found.reasons[0].span.file == "In [3]"


def test_an_older_model_of_the_same_name_is_not_meant() -> None:
    found = answer(
        "class Old(tf.Module):\n"
        "    def __init__(self):\n        self.w = tf.Variable(1.0)\n"
        "    def __call__(self, x):\n        return self.w.numpy() * x\n"
        "model = Old()\nx = tf.constant(2.0)\npred = model(x)",
        "model = tf.keras.Sequential([tf.keras.layers.Dense(1)])\n"
        "x = tf.constant([[1.0], [2.0]])\n"
        "with tf.GradientTape() as tape:\n"
        "    pred = model(x)\n"
        "    y = tf.reduce_mean(tf.stop_gradient(pred))\n"
        "w = model.trainable_variables[0]",
        ASK,
    )
    assert [r.kind for r in found.reasons] == ["stopped"]


def test_the_older_of_two_functions_of_one_name_is_not_meant() -> None:
    found = answer(
        "def loss(v):\n    return tf.constant(v.numpy() ** 2)\nw = tf.Variable(3.0)\n"
        "old = loss(w)",
        "def loss(v):\n    return tf.floor(v) * 2.0",
        "with tf.GradientTape() as tape:\n    y = loss(w)",
        ASK,
    )
    assert [r.kind for r in found.reasons] == ["step"]


def test_a_cell_that_ran_twice_is_read_once() -> None:
    block = "with tf.GradientTape() as tape:\n    h = w * w\ny = h + 1.0"
    found = answer("w = tf.Variable(3.0)", block, block, ASK)
    assert [r.kind for r in found.reasons] == ["outside"]
    assert found.reasons[0].span is not None
    assert found.reasons[0].span.file == "In [4]"


def test_what_an_older_cell_did_with_the_name_of_the_source_is_not_meant() -> None:
    """Here k was computed from another w, which the name does not mean any more."""
    found = answer(
        "w = tf.Variable(1.0)\nk = w * w",
        "w = tf.Variable(3.0)\nwith tf.GradientTape() as tape:\n    y = w * 3.0 + k",
        ASK,
    )
    assert found.reasons == ()


def test_a_helper_is_called_from_the_block_and_from_elsewhere() -> None:
    found = answer(
        "def double(v):\n    return 2.0 * v",
        "w = tf.Variable(3.0)\nshown = double(w)\n"
        "with tf.GradientTape() as tape:\n    y = double(tf.stop_gradient(w))",
        ASK,
    )
    assert [r.kind for r in found.reasons] == ["stopped"]


def test_the_mend_goes_to_the_block_of_the_tape_that_was_asked() -> None:
    code = (
        "def slope(v):\n"
        "    with tf.GradientTape() as tape:\n"
        "        tape.watch(v)\n"
        "        u = v ** 3\n"
        "    return tape.gradient(u, v)\n"
        "w = tf.constant(2.0)\n"
        "with tf.GradientTape() as tape:\n"
        "    y = slope(w)"
    )
    (reason,) = answer(code, ASK).reasons
    after = answer(*mended([code, ASK], reason))
    assert after.result == "value"
    assert after.gradient is not None
    assert after.gradient.entry == 12.0  # (3 w^2)' = 6 w


def test_a_block_whose_tape_has_another_name_where_it_is_asked() -> None:
    code = (
        "w = tf.constant(2.0)\n"
        "with tf.GradientTape() as inside:\n    y = w ** 3\ntape = inside"
    )
    (reason,) = answer(code, ASK).reasons
    assert [e.new for e in reason.edits] == ["inside.watch(w)\n    "]


# -- derivatives of derivatives --------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("u = 3.0 * w + 1.0", "linear", "u changes with w at the same rate everywhere"),
        ("u = tf.reduce_sum(w * k)", "linear", "at the same rate everywhere"),
        (
            "u = w + tf.stop_gradient(tf.round(w) - w)",
            "stopped",
            "counts as a constant",
        ),
        ("u = hard(w)", "custom", "the gradient function of hard does not use w"),
        (
            "u = 2.0 * hard(w + 1.0)",
            "custom",
            "gradient function of hard does not use w",
        ),
        ("u = w * float(w)", "left", "float(w) makes a plain Python number"),
        ("u = w * tf.stop_gradient(w)", "stopped", "holds every gradient back"),
        ("u = tf.maximum(w, 1.0)", "step", "the slope of something with a corner"),
        ("u = w % 2.0", "linear", "there is no w left in it"),
    ],
)
def test_why_a_second_derivative_is_none(line: str, kind: str, said: str) -> None:
    (reason,) = answer(
        "@tf.custom_gradient\n"
        "def hard(v):\n    return tf.round(v), lambda g: g\n"
        "w, k = tf.Variable(1.4), tf.constant([2.0, 5.0])",
        "with tf.GradientTape() as tape:\n"
        "    with tf.GradientTape() as inner:\n"
        f"        {line}\n"
        "    y = inner.gradient(u, w)",
        ASK,
    ).reasons
    assert reason.kind == kind
    assert said in reason.sentence
    linear = "same rate everywhere" in reason.sentence
    assert linear == (line in ("u = 3.0 * w + 1.0", "u = tf.reduce_sum(w * k)"))


def test_a_mixed_derivative_says_nothing_false_of_the_function() -> None:
    """Here z = w1^2 + w2^2 does not change with w2 at the same rate everywhere."""
    (reason,) = answer(
        "w1, w2 = tf.Variable(5.), tf.Variable(3.)\n"
        "with tf.GradientTape() as outer:\n"
        "    with tf.GradientTape() as inner:\n"
        "        z = w1**2 + w2**2\n"
        "    d = inner.gradient(z, w1)",
        "a = why(outer, d, w2)",
    ).reasons
    assert "same rate" not in reason.sentence
    assert "it does not depend on w2" in reason.sentence


# -- paths that are left out -----------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "kinds", "at"),
    [
        ("tf.stop_gradient(w * w)", ["stopped"], "tf.stop_gradient(w * w)"),
        ("tf.round(w)", ["step"], "tf.round(w)"),
        ("k", ["outside"], "k = w * w"),
        ("tf.sin(k) * 2.0", ["outside"], "k = w * w"),
        ("np.square(w.numpy())", ["left"], "np.square(w.numpy())"),
        ("tf.cast(w > 1.0, tf.float32)", ["step"], "w > 1.0"),
        ("tf.cast(tf.cast(w, tf.int32), tf.float32)", ["integer"],
         "tf.cast(w, tf.int32)"),
        ("tf.stop_gradient(tf.floor(w)) * w", ["stopped"],
         "tf.stop_gradient(tf.floor(w))"),
        ("tf.floor(w) + tf.stop_gradient(w)", ["step", "stopped"], "tf.floor(w)"),
        ("own(w, w)", ["custom"], "own(w, w)"),
        ("tf.where(w > 1.0, w, 0.0)", [], ""),
        ("tf.nn.relu(w) + tf.abs(w)", [], ""),
        ("tf.maximum(w, 2.0)", [], ""),
        ("tf.constant(5.0)", [], ""),
        ("c", [], ""),
        ("n", [], ""),
        ("tf.norm([w, w]) + tf.math.reduce_std([w, 1.0])", [], ""),
    ],
)  # fmt: skip
def test_a_path_beside_a_live_one_is_told(part: str, kinds: list[str], at: str) -> None:
    found = answer(
        "@tf.custom_gradient\n"
        "def own(a, b):\n    return a * b, lambda g: (g * b, None)\n"
        "w = tf.Variable(3.0)\nk = w * w\nc = tf.constant(4.0)\n"
        "n = tf.constant(1.0 + len(w.shape))",
        f"with tf.GradientTape() as tape:\n    y = w * 3.0 + {part}",
        ASK,
    )
    assert found.result == "value"
    assert [r.kind for r in found.reasons] == kinds
    if kinds:
        assert found.reasons[0].span is not None
        assert found.reasons[0].span.text == at


def test_the_straight_through_idiom_is_told_as_what_it_is() -> None:
    (reason,) = answer(
        "w = tf.Variable(3.2)\n"
        "with tf.GradientTape() as tape:\n"
        "    y = (w + tf.stop_gradient(tf.round(w) - w)) ** 2",
        ASK,
    ).reasons
    assert reason.kind == "stopped"
    assert "the value is that of tf.round(w), the gradient that of w" in reason.sentence
    assert reason.edits == ()


def test_momentum_is_no_path_that_was_left_out() -> None:
    found = answer(
        "w, v = tf.Variable(3.0), tf.constant(0.0)\n"
        "for _ in range(2):\n"
        "    with tf.GradientTape() as tape:\n"
        "        y = (w - 0.9 * v) ** 2\n"
        "    g = tape.gradient(y, w)\n"
        "    v = 0.9 * v + 0.1 * g\n"
        "    w.assign_sub(v)\n"
        "    a = why(tape, y, w)"
    )
    assert found.reasons == ()


def test_a_value_from_before_an_assignment_is_another_one() -> None:
    found = answer(
        "w = tf.Variable(3.0)\nk = w * w\nw.assign(5.0)",
        "with tf.GradientTape() as tape:\n    y = w * 3.0 + k",
        ASK,
    )
    assert found.reasons == ()


# -- edits -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ("y = tf.constant(2.0) * (w * x).numpy().sum()", "tf.reduce_sum(w * x)"),
        ("y = tf.reduce_sum((w + x).numpy() * x)", "(w + x)"),
        ("y = tf.reduce_sum(x * tf.stop_gradient(w + x))", "(w + x)"),
        ("y = -tf.stop_gradient(w + x)[0]", "(w + x)"),
        ("y = tf.reduce_sum(tf.constant((w * x).numpy().T))", "tf.transpose(w * x)"),
        ("y = tf.constant((w + x).numpy().mean(axis=0)) * 2.0",
         "tf.reduce_mean(w + x, axis=0)"),
        ("y = x[0] * (w.numpy() + 1.0).max()", "tf.reduce_max(w + 1.0)"),
        ("y = tf.constant(np.concatenate([w, x]).sum())",
         "tf.reduce_sum(tf.concat([w, x], 0))"),
        ("y = tf.reduce_sum(tf.round(w - x))",
         "w - x + tf.stop_gradient(tf.round(w - x) - (w - x))"),
        ("y = tf.reduce_sum((w - x) // (w + x))",
         THROUGH),
        ("y = tf.reduce_sum(tf.math.floordiv(w - x, x))",
         "(w - x) / x + tf.stop_gradient(tf.math.floordiv(w - x, x) - (w - x) / x)"),
        ("y = tf.reduce_sum((w * x - x) * (tf.stop_gradient(w + x)))", "w + x"),
        ("y = tf.reduce_sum(tf.where(w > x, x - 1.0, x + 1.0) * x)",
         "(tf.sigmoid(w - x) * (x - 1.0) + (1 - tf.sigmoid(w - x)) * (x + 1.0))"),
        ("y = tf.reduce_sum(x * w.numpy().astype(np.float32))", None),
        ("y = tf.reduce_sum(tf.constant(w.numpy().reshape(2, 1) @ np.ones((1, 2))))",
         None),
        ("s = w.numpy(); y = tf.reduce_sum(x * s.T)", None),
        ("y = x[0] * np.sum(w, dtype=np.float32)", None),
        ("y = x[0] * w.numpy().argmax()", None),
    ],
)  # fmt: skip
def test_an_edit_keeps_what_the_code_means(line: str, new: str | None) -> None:
    code = (
        "w, x = tf.Variable([1.0, 2.0]), tf.constant([2.0, 3.0])\n"
        f"with tf.GradientTape() as tape:\n    {line}"
    )
    cells = [code, ASK]
    reason = answer(*cells).reasons[0]
    assert [e.new for e in reason.edits] == ([] if new is None else [new])
    if new is not None:
        assert answer(*mended(cells, reason)).result == "value"


# -- numbers that are none -------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "at", "said"),
    [
        ("y = tf.reduce_sum(w * tf.sqrt(data))", "tf.sqrt(data)",
         "tf.sqrt(data) is nan in 1 of its 2 entries, where data is as low as -1"),
        ("y = tf.reduce_sum(tf.math.log(data) - w)", "tf.math.log(data)",
         "tf.math.log(data) is nan in 1 of its 2 entries, where data is as low as -1"),
        ("y = w * tf.pow(k, 0.5)", "tf.pow(k, 0.5)", "tf.pow(k, 0.5) is nan, where k"),
        ("y = w * tf.reduce_sum(tf.sqrt(data) * 2.0)", "tf.sqrt(data)",
         "where data is as low as -1"),
        ("y = tf.reduce_sum(hole * w)", "hole", "hole is nan in 1 of its 2 entries"),
        ("y = w * early", "tf.sqrt(k)", "early is nan, where k is -1"),
        ("y = w * (2.0 / zero)", "2.0 / zero", "2.0 / zero is infinite, where zero"),
        ("y = tf.exp(w) / zero", "tf.exp(w) / zero", "where zero is 0"),
        ("y = tf.pow(k, w / 2.0)", "tf.pow(k, w / 2.0)", "because k is -1"),
        ("y = tf.math.xlogy(w, k)", "tf.math.xlogy(w, k)", "because k is -1"),
        ("y = tf.reduce_sum(tf.math.log(w - 4.0) * data)", "tf.math.log(w - 4.0)",
         "because w - 4.0 is -1"),
        ("y = w * 3e38 + w * 3e38", "w * 3e38", "is too large for float32"),
    ],
)  # fmt: skip
def test_the_operand_that_is_blamed_is_the_one_that_did_it(
    line: str, at: str, said: str
) -> None:
    """The source is 3 and fine everywhere: it is never said to be the cause."""
    found = answer(
        "w, data = tf.Variable(3.0), tf.constant([4.0, -1.0])\n"
        "zero, k = tf.constant(0.0), tf.constant(-1.0)\n"
        "hole = tf.constant([1.0, np.nan])\nearly = tf.sqrt(k)\n"
        f"with tf.GradientTape() as tape:\n    {line}",
        ASK,
    )
    assert found.result in ("nan", "inf", "value")
    first = found.reasons[0]
    assert said in first.sentence
    assert "w is 3" not in first.sentence
    assert first.span is not None
    assert first.span.text == at


def test_a_watched_tensor_keeps_the_name_that_the_block_calls_it_by() -> None:
    found = answer(
        "x = tf.constant([-2., 2.])\n"
        "for _ in range(2):\n"
        "    with tf.GradientTape() as tape:\n"
        "        tape.watch(x); y = x[0] ** 2 + x[1]\n"
        "    g = tape.gradient(y, x); x = x - 0.1 * g",
        "a = why(tape)",
    )
    assert found.sentence == (
        "The gradient of y with respect to x is [-3.2, 1]: [-3.2, 0] through x[0] and "
        "[0, 1] through x[1]."
    )


@pytest.mark.alone
def test_the_time_does_not_grow_with_the_square_of_what_an_outer_tape_recorded() -> (
    None
):
    """Four times as many steps take about four times as long; 16 were the square."""
    took = {
        steps: min(_seconds_of_why(steps) for _ in range(4)) for steps in (150, 600)
    }
    assert took[600] < 9 * took[150]


def _seconds_of_why(steps: int) -> float:
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True):
        for _ in range(steps):
            with tf.GradientTape() as tape:
                y = x**2 + 2 * x + 1
            x.assign_sub(1e-9 * tape.gradient(y, x))
        start = time.perf_counter()
        tf.why(tape, y, x)
        return time.perf_counter() - start


def test_a_layer_that_keeps_statistics_is_asked_in_peace() -> None:
    """Its variables are vectors, and are assigned to in the block."""
    found = answer(
        "model = tf.keras.Sequential([tf.keras.layers.Dense(4),\n"
        "    tf.keras.layers.BatchNormalization()])\n"
        "x = tf.reshape(tf.range(6.0), (2, 3))\nmodel(x)\n"
        "w = model.trainable_variables[0]",
        "with tf.GradientTape() as tape:\n"
        "    y = tf.reduce_sum(model(x, training=True) ** 3)",
        ASK,
    )
    assert found.reasons == ()


HEALTHY = {
    "a model, a loss and a loop in functions": (
        "class Line(tf.Module):\n"
        "    def __init__(self):\n"
        "        self.w, self.b = tf.Variable(2.0), tf.Variable(0.0)\n"
        "    def __call__(self, x):\n        return self.w * x + self.b\n"
        "def loss(true, guess):\n    return tf.reduce_mean((true - guess) ** 2)\n"
        "def train(m, x, y):\n"
        "    with tf.GradientTape() as t:\n        l = loss(y, m(x))\n"
        "    return t, l\n"
        "model = Line()\nxs = tf.constant([1.0, 2.0]); ys = xs * 3.0\n"
        "tape, y = train(model, xs, ys)\nw = model.w"
    ),
    "a target network and an index": (
        "w, old = tf.Variable([[0.1, 0.2]]), tf.Variable([[0.1, 0.3]])\n"
        "s = tf.constant([[1.0]])\n"
        "with tf.GradientTape() as tape:\n"
        "    q = s @ w\n    best = tf.argmax(q, axis=1)\n"
        "    goal = 1.0 + 0.9 * tf.reduce_max(s @ old, axis=1)\n"
        "    taken = tf.gather(q, best, axis=1, batch_dims=1)\n"
        "    y = tf.reduce_mean((taken - tf.stop_gradient(goal)) ** 2)"
    ),
    "a training loop before": (
        "w = tf.Variable(1.0)\n"
        "for k in [1.0, 2.0]:\n"
        "    with tf.GradientTape() as tape:\n        y = (w * k - 1.0) ** 2\n"
        "    w.assign_sub(0.1 * tape.gradient(y, w))\n"
        "with tf.GradientTape() as tape:\n    y = (w * 2.0 - 1.0) ** 2"
    ),
    "second derivatives": (
        "x, w = tf.constant([[0.1], [0.2]]), tf.Variable([[0.5, 0.2]])\n"
        "with tf.GradientTape() as tape:\n"
        "    with tf.GradientTape(persistent=True) as inner:\n"
        "        inner.watch(x)\n"
        "        u = tf.reduce_sum(tf.tanh(x @ w), axis=1)\n"
        "        ux = inner.gradient(u, x)\n"
        "    uxx = inner.gradient(ux, x)\n"
        "    y = tf.reduce_mean(uxx ** 2)"
    ),
    "a loss that is printed and kept": (
        "kept, w = [], tf.Variable(3.0)\n"
        "with tf.GradientTape() as tape:\n"
        "    y = w * w\n    kept.append(float(y)); print(y.numpy())"
    ),
    "a variable made of another": (
        "first = tf.constant(3.0)\nw = tf.Variable(first * 2.0)\n"
        "with tf.GradientTape() as tape:\n    y = w * w"
    ),
    "a sampled action": (
        "w, s = tf.Variable([[0.1, 0.2]]), tf.constant([[1.0]])\n"
        "with tf.GradientTape() as tape:\n"
        "    logits = s @ w\n    act = tf.random.categorical(logits, 1)\n"
        "    logp = tf.nn.log_softmax(logits)\n"
        "    y = -tf.reduce_sum(tf.one_hot(act[:, 0], 2) * logp)"
    ),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_gradient_leaves_nothing_out(name: str) -> None:
    found = answer(HEALTHY[name], ASK)
    assert found.result == "value"
    assert found.reasons == ()


def test_a_gradient_of_zero_tells_what_it_leaves_out_too() -> None:
    found = answer(
        "w = tf.Variable(0.0)\n"
        "with tf.GradientTape() as tape:\n    y = w ** 2 + tf.round(w)",
        ASK,
    )
    assert found.result == "zero"
    assert sorted(r.kind for r in found.reasons) == ["flat", "step"]


def test_going_through_a_list_is_no_decision() -> None:
    """Only the first of two is used; the second decides nothing."""
    found = answer(
        "ws = [tf.Variable(1.0), tf.Variable(2.0)]\n"
        "with tf.GradientTape() as tape:\n"
        "    y = 0.0\n    for v in ws[:1]:\n        y = y + v * v",
        "a = why(tape, y, ws[1])",
    )
    assert [r.kind for r in found.reasons] == ["unconnected"]


@pytest.mark.parametrize(
    ("before", "block", "after", "news"),
    [
        ("k = w * w", "    y = v * k", "", ["k = w * w\n    ", ""]),
        ("k = w * w; print(k)", "    y = v * k", "", []),
        ("k = w * w\nshown = k + 1.0", "    y = v * k", "", ["k = w * w\n    "]),
        ("", "    h = w * w", "y = h * 2.0", ["\n    y = h * 2.0", ""]),
        ("", "    h = w * w", "c = tf.constant(2.0)\ny = h * c", []),
        ("", "    h = w * w", "u = h * 2.0\ny = u * 3.0",
         ["\n    u = h * 2.0\n    y = u * 3.0", "", ""]),
    ],
)  # fmt: skip
def test_a_line_is_moved_only_where_nothing_else_needs_it(
    before: str, block: str, after: str, news: list[str]
) -> None:
    code = (
        f"w, v = tf.Variable(3.0), tf.Variable(2.0)\n{before}\n"
        f"with tf.GradientTape() as tape:\n{block}\n{after}"
    )
    found = answer(code, ASK)
    assert {r.kind for r in found.reasons} == {"outside"}
    assert [e.new for e in found.reasons[0].edits] == news


def test_a_line_of_another_cell_stays_there() -> None:
    cells = [
        "w, v = tf.Variable(3.0), tf.Variable(2.0)\nk = w * w",
        "with tf.GradientTape() as tape:\n    y = v * k",
        ASK,
    ]
    (reason,) = answer(*cells).reasons
    assert reason.fix == "compute it in the block too"
    assert {e.span.file for e in reason.edits} == {"In [3]"}
    after = answer(*mended(cells, reason))
    assert after.gradient is not None
    assert after.gradient.entry == 12.0  # v * (w^2)' = 2 * 2 * 3
