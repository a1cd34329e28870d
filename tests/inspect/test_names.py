"""Each value has the name that stands for it in the learner's line."""

from __future__ import annotations

import linecache
import re
from textwrap import dedent
from typing import Any

import pytest

import tapeviz as tf


def ran(source: str) -> dict[str, Any]:
    """The names after a program whose lines can be looked up."""
    text, file = dedent(source), "<names>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope: dict[str, Any] = {"tf": tf}
    exec(compile(text, file, "exec"), scope)  # noqa: S102 - the program under test
    return scope


def leaves(source: str) -> list[str]:
    """The names of the leaves in the picture of ``tape``."""
    scope = ran(source + "\npicture = tf.draw(tape)\n")
    return [n.name for n in scope["picture"].graph.nodes if n.kind != "op"]


HEAD = "x = tf.Variable(3.0)\n"
TAPE = "with tf.GradientTape() as tape:\n    "


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (
            "params = [tf.Variable(2.0), tf.Variable(1.0)]\n"
            + TAPE
            + "y = params[0] * params[1]",
            ["params[0]", "params[1]"],
        ),
        (
            "W1 = tf.Variable(2.0)\nparams = [W1]\n" + TAPE + "y = params[0] ** 3",
            ["W1", ""],
        ),
        ("k = 4\n" + HEAD + TAPE + "y = x - k\ntape.gradient(y, x)", ["x", "k"]),
        (
            "class Lin(tf.Module):\n"
            "    def __init__(self): self.slope = tf.Variable(2.0)\n"
            "    def __call__(self, x): return self.slope * x\n"
            "lin = Lin()\n" + HEAD + TAPE + "y = lin(x)",
            ["self.slope", "x"],
        ),
        (
            "class Lin(tf.Module):\n"
            "    def __init__(self): self.slope = tf.Variable(2.0)\n"
            "    def __call__(self, x): return self.slope * x\n"
            "a = Lin()\nb = Lin()\n" + HEAD + TAPE + "y = a(b(x))",
            ["b.slope", "x", "a.slope"],
        ),
        (
            "x = tf.constant(2.0)\n" + TAPE + "tape.watch(x); y = x ** 2\n"
            "x = x - 0.1 * tape.gradient(y, x)",
            ["x", ""],
        ),
        (
            HEAD + "def f(v, k): return v * k\n" + TAPE + "y = f(f(x, 2.0), 5.0)",
            ["x", "", ""],
        ),
        (
            HEAD + "other = x\nparams = [x]\n" + TAPE + "y = other ** 3 + params[0]",
            ["other", ""],
        ),
        (
            "ws = [tf.Variable(2.0), tf.Variable(1.0)]\ny = 1.0\n"
            + TAPE
            + "for w in ws: y = y * w",
            ["ws[0]", "", "ws[1]"],
        ),
    ],
    ids=[
        "subscript", "own-name-first", "python-number", "attribute", "two-objects",
        "rebound", "one-word-for-two-values", "of-two-names-the-one-in-the-line",
        "loop-variable",
    ],
)  # fmt: skip
def test_a_leaf_has_the_name_in_its_line(source: str, names: list[str]) -> None:
    assert leaves(source) == names


def test_a_constant_of_two_names_has_the_one_in_the_line() -> None:
    scope = ran("""
        data = tf.constant([1.0])
        d = data
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = d * x
        text = str(tf.draw(tape)) + tf.explain(tape, y, x).text
    """)
    assert "d * x" in scope["text"]
    assert "data * x" not in scope["text"]
    assert "data = d" not in scope["text"]


def test_a_named_python_number_has_its_name_in_film_and_explanation() -> None:
    scope = ran("""
        x = tf.Variable(1.0)
        x_f = 4
        with tf.GradientTape() as tape:
            loss = (x - x_f) ** 2
        text = tf.explain(tape, loss, x).text
        film = tf.play(tape, loss, x)
    """)
    assert "x - x_f   1 - 4" in scope["text"]
    assert "x - x_f" in scope["film"]._repr_mimebundle_()["text/html"]


def test_a_persistent_tape_asked_in_its_block_is_one_tape() -> None:
    scope = ran("""
        x = tf.Variable(2.0)
        with tf.GradientTape(persistent=True) as tape:
            y = x ** 3
            dy = tape.gradient(y, x)
        film = tf.play(tape, y, x).film
        second = tf.play(tape, dy, x).film
    """)
    first = scope["film"].frames[0].caption
    assert first.startswith("The tape recorded 1 operation on the way to y.")
    assert {f.phase for f in scope["film"].frames} <= {"", "forward", "backward"}
    assert "outer tape" not in "".join(f.caption for f in scope["second"].frames)
    assert "12" in scope["film"].frames[-1].caption, "3 * 2 ** 2"
    assert "12" in scope["second"].frames[-1].caption, "6 * 2"


def test_a_1_by_1_array_is_a_number_in_a_rule_and_no_line_comes_twice() -> None:
    scope = ran("""
        x = tf.Variable([[1.0]])
        with tf.GradientTape() as tape:
            loss = (x - 4) ** 2
        text = tf.explain(tape, loss, x).text
        v = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = v * v
        twice = tf.explain(tape, y, v).text
    """)
    assert "1 * 2 * (-3)" in scope["text"]
    assert "1×1" not in scope["text"]
    assert scope["twice"].count("= 3 + 3") == 1


@pytest.mark.parametrize("before", [0, 40, 140])
def test_names_of_keras_are_cut_at_their_start_and_are_no_fraction(before: int) -> None:
    """However often the cell ran before: Keras counts on."""
    tf.keras.backend.clear_session()
    scope = ran(f"""
        layers = tf.keras.layers
        for _ in range({before}):
            tf.keras.Sequential([layers.Dense(1)])
        m = tf.keras.Sequential([layers.Dense(2), layers.Dense(1)])
        x = tf.constant([[1.0, 2.0]])
        m(x)
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(m(x))
        svg = tf.draw(tape).svg
        page = tf.explain(tape, y, m.trainable_variables)._repr_mimebundle_()
    """)
    for last in ("kernel", "bias"):
        shown = re.findall(rf">\u2026/?(\w+)/{last}<", scope["svg"])
        assert len(shown) == len(set(shown)) == 2, "each layer has a name of its own"
    assert "<mfrac><mrow><mi>sequential" not in scope["page"]["text/html"]
    assert re.search(r"<mi>\S*/dense\w*/kernel</mi>", scope["page"]["text/html"])


def test_no_word_of_the_kernels_is_in_a_formula() -> None:
    scope = ran("""
        x = tf.Variable([1.0, 2.0])
        A = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        with tf.GradientTape() as tape:
            y = tf.einsum("ij,j->i", A, x) * tf.constant([1.0, 2.0])
            y = y + tf.round(x) + tf.stop_gradient(x * x)
        svg = tf.draw(tape).svg
    """)
    for word in ("same(", "rint(", "(xs", "constant(2,)"):
        assert word not in re.sub(r"<title>.*?</title>", "", scope["svg"])


def said(source: str, target: str, sources: str) -> dict[str, str]:
    """What draw, play and explain say of a program with ``tape``."""
    scope = ran(f"""{dedent(source)}
picture = tf.draw(tape)
film = tf.play(tape, {target}, {sources}).film
text = tf.explain(tape, {target}, {sources}).text
""")
    film = scope["film"]
    shown_text = [f"{f.caption} {f.formula}" for f in film.frames]
    return {
        "draw": f"{scope['picture']} {scope['picture'].svg}".replace("&quot;", '"'),
        "play": "\n".join([film.title, film.alt, *shown_text]),
        "explain": scope["text"],
    }


@pytest.mark.parametrize(
    ("source", "target", "sources", "names", "never"),
    [
        (
            'params = {"W": tf.Variable(2.0), "b": tf.Variable(1.0)}\n'
            "x = tf.constant(3.0)\n" + TAPE + 'y = x * params["W"] + params["b"]',
            "y", "[*params.values()]", ['params["W"]', 'params["b"]'], ["params['"],
        ),
        (
            "class Net:\n"
            "    def __init__(self):\n"
            "        self.layers = [tf.Variable(2.0), tf.Variable(5.0)]\n"
            "    def __call__(self, x): return self.layers[0] * x + self.layers[1]\n"
            "net = Net()\n" + HEAD + TAPE + "y = net(x)",
            "y", "net.layers", ["self.layers[0]", "self.layers[1]"], ["c1", "net.l"],
        ),
        (
            "class C:\n    rate = tf.Variable(0.5)\n    k = 3\n"
            + HEAD + TAPE + "y = C.rate * x + C.k",
            "y", "[x, C.rate]", ["C.rate", "C.k"], ["0.5 * x"],
        ),
        (
            "def make():\n    w = tf.Variable(2.0)\n    return lambda x: w * x\n"
            "f = make()\n" + HEAD + TAPE + "y = f(x)",
            "y", "x", ["w * x"], ["2 * x"],
        ),
        (
            HEAD + "def f(v, k=tf.constant(2.0), s=0.5): return v * k + s\n"
            + TAPE + "y = f(x)",
            "y", "x", ["x * k", "+ s"], [],
        ),
        (
            "pair = (tf.Variable(1.0), tf.Variable(2.0))\n"
            + TAPE + "y = pair[0]**2 + pair[-1]**2",
            "y", "pair", ["pair[0]", "pair[-1]", "pair[0]**2"], ["pair[1]", " ** "],
        ),
        (
            HEAD + TAPE + "y = (z := x * x) + z",
            "y", "x", ["z + z", "x * x"], ["= z"],
        ),
        (
            HEAD + "def show(tape, v, xs): return tf.draw(tape)\n"
            + "v = x\n" + TAPE + "y = x * 2",
            "y", "x", ["x * 2"], ["x = v", "v * 2"],
        ),
    ],
    ids=["dict", "list-in-object", "class", "closure", "default", "tuple", "walrus",
         "alias"],
)  # fmt: skip
def test_all_views_use_the_name_in_the_line(
    source: str, target: str, sources: str, names: list[str], never: list[str]
) -> None:
    for view, text in said(source, target, sources).items():
        for name in names:
            assert name in text, f"{name} in {view}"
        shown = re.sub(r"names:\d+ .*|<title>.*?</title>", "", text, flags=re.DOTALL)
        for name in never:
            assert name not in shown if view != "draw" else True, f"{name} in {view}"


def test_operands_of_einsum_concat_and_custom_functions_stand_in_the_numbers() -> None:
    parts = said("""
        @tf.custom_gradient
        def twice(v):
            return v * 2.0, lambda up: up * 2.0
        A = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            a = tf.einsum("ij,j->i", A, x)
            b = tf.concat([a, x], axis=0)
            c = twice(x)
            y = tf.reduce_sum(b) + tf.reduce_max(c, 0)
    """, "y", "x")  # fmt: skip
    play = parts["play"]
    assert (
        'einsum("ij,j->i", A, x) = einsum("ij,j->i", [[1, 2], [3, 4]], [1, 2])' in play
    )
    assert "concat([a, x], axis=0) = concat([[5, 11], [1, 2]], axis=0)" in play
    assert "twice(x) = twice([1, 2]) = [2, 4]" in play
    assert "max(c, axis=0)" in play
    for text in parts.values():
        for word in ("xs", "value(", "pulled", "narrow", "others(", "(-1,)", "unbroad"):
            assert word not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


def test_settings_are_shown_as_they_were_written() -> None:
    play = said("""
        M = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
        with tf.GradientTape() as tape:
            a = tf.reduce_mean(M, axis=1, keepdims=True)
            b = tf.reduce_sum(M, axis=-1)
            c = tf.reduce_max(M, 0)
            y = tf.reduce_sum(a) + tf.reduce_sum(b) + tf.reduce_sum(c)
    """, "y", "M")["play"]  # fmt: skip
    assert "mean(M, axis=1, keepdims=True)" in play
    assert "sum(M, axis=-1)" in play
    assert "max(M, axis=0)" in play
    assert "broadcast_to(g, shape(M)) / 2" in play, "the mean of two entries"


@pytest.mark.parametrize("spelled", ["x**2", "x ** 2"])
def test_powers_are_spelled_as_the_learner_spells_them(spelled: str) -> None:
    other = {"x**2": "x ** 2", "x ** 2": "x**2"}[spelled]
    source = HEAD + TAPE + f"y = {spelled} + 2 * x + 1"
    for text in said(source, "y", "x").values():
        assert spelled in text
        assert other not in text


def test_a_call_of_several_operations_names_the_last_alone() -> None:
    scope = ran("""
        m = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        x = tf.constant([[1.0, 2.0]])
        m(x)
        with tf.GradientTape() as tape:
            y = m(x)
        film = tf.play(tape, y, m.trainable_variables).film
    """)
    gives = [f.caption for f in scope["film"].frames if " gives " in f.caption]
    assert sum(caption.startswith("m(x) gives") for caption in gives) == 1
    assert gives[0].startswith("x @ ")


def test_g_is_said_once_in_every_film_that_uses_it() -> None:
    scope = ran("""
        x = tf.Variable([[1.0, 2.0]])
        w = tf.Variable([[1.0], [2.0]])
        with tf.GradientTape() as tape:
            y = x @ w
        back = tf.play(tape, y, w).film
        ahead = tf.play(tape, y, w, mode="forward").film
    """)
    for name in ("back", "ahead"):
        shown_text = " ".join(frame.caption for frame in scope[name].frames)
        assert shown_text.count("g is the gradient that arrives") == 1
    cells = [cell for row in scope["ahead"].table.rows for cell in row]
    assert "T(x) @ g" in cells
    assert "T(a) @ g" not in cells


@pytest.mark.parametrize(
    ("code", "formula", "rule"),
    [
        ("tf.pad(v, [[1, 2]])", "pad(x, [[1, 2]])", "g[1:4]"),
        ("tf.roll(v, 1, axis=0)", "roll(x, 1, axis=0)", "roll(g, -1, axis=0)"),
        ("tf.split(v, 3)[1]", "x[1:2]", "g at [1:2], 0 elsewhere"),
        ("tf.unstack(v)[0]", "x[0]", "g at [0], 0 elsewhere"),
        ("tf.sort(v)", "sort(x)", "unsorted(g)"),
        ("tf.cumsum(v)", "cumsum(x, axis=0)", "cumsum(g, axis=0, reverse=True)"),
        ("tf.reshape(v, [3, 1])", "reshape(x, (3, 1))", "reshape(g, shape(x))"),
        ("tf.nn.relu(v)", "relu(x)", "where(y > 0, g, 0)"),
        ("tf.sqrt(v)", "sqrt(x)", "g / (2 * y)"),
        ("tf.reduce_prod(v)", "prod(x)", "broadcast_to(g, shape(x)) * product_of_o"),
        ("tf.transpose(m)", "transpose(x", "transpose(g"),
        ("tf.nn.softmax(m)", "softmax(x, axis=1)", "(g - sum(g * y, axis=1, keepdi"),
    ],
)
def test_rules_have_no_word_of_the_kernels(code: str, formula: str, rule: str) -> None:
    scope = ran(f"""
        v = tf.Variable([3.0, 1.0, 2.0])
        m = tf.Variable([[3.0, 1.0], [2.0, 4.0]])
        with tf.GradientTape() as tape:
            y = {code}
        run = tf.play(tape, y, [v, m]).run
    """)
    (step,) = scope["run"].steps
    assert scope["run"].graph.by_id[step.node].formula.startswith(formula)
    assert step.contributions[0].rule.startswith(rule)


def test_only_a_factor_of_g_is_a_local_derivative() -> None:
    from tapeviz.inspect.backward_pass import local_text

    for rule in ("cumsum(g, axis=0)", "g[1:2]", "g at [0], 0 elsewhere", "g @ T(b)"):
        assert local_text(rule) == ""
    assert local_text("where(y > 0, g, 0)") == "where(y > 0, 1, 0)"
    assert local_text("g * (softmax(b) - a)") == "softmax(b) - a"
    assert local_text("-g * (2.0 * x)") == "-(2.0 * x)"
    assert local_text("b * (g / (a * a))") == "b * (1 / (a * a))"
    assert local_text("where(x > 0, g * (y + 1), g)") == "where(x > 0, y + 1, 1)"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("x + 1", "the rule is g"),
        ("-x", "the rule is -g"),
        ("x * 2", "the rule is g times the other operand"),
        ("tf.exp(x)", "the rule is g times its own result"),
        ("tf.maximum(x, 1)", "the rule is g for what won, 0 for the rest"),
        ("tf.nn.relu(x)", "the rule is g for what won, 0 for the rest"),
        ("tf.reduce_sum(x)", "the rule gives g to every entry that went in"),
        ("tf.reduce_mean(x)", "the rule gives every entry its share of g"),
        ("tf.nn.leaky_relu(x)", ""),  # what is below zero gets alpha times g
        ("tf.reduce_max(x)", ""),  # only the greatest get it
        ("tf.math.reduce_variance(x)", ""),
    ],
)
def test_a_step_says_what_form_its_rules_have(code: str, why: str) -> None:
    scope = ran(f"""
        x = tf.Variable([3.0, 1.0, 2.0])
        with tf.GradientTape() as tape:
            y = {code}
        run = tf.play(tape, y, x).run
    """)
    (step,) = scope["run"].steps
    assert step.why == why
