"""Section 1 of the semantics: watching and recording."""

from __future__ import annotations

import pytest

import tapeviz
from tests.engine.semantics import Row, judged, row

PASSED = "ValueError: Passed in object"

ROWS = [
    row("a copy of a tensor is the tensor", """
        import copy
        x = V([1.0, 2.0])
        with tf.GradientTape() as t:
            y = x * x
            z = copy.deepcopy(y) * copy.copy(y)
        copy.deepcopy(y) is y, t.gradient(z, x)
        """, "(True, [4, 32] float32)"),
    row("a deep copy of a variable is another variable", """
        import copy
        x = V([1.0, 2.0], name="x")
        with tf.GradientTape() as t:
            w = copy.deepcopy(x)
            y = w * x
        grads = t.gradient(y, [x, w])
        _ = w.assign([5.0, 6.0])
        grads, x, w.name, w.trainable
        """, "([[1, 2] float32, [1, 2] float32], var [1, 2] float32, 'x:0', True)"),
    row("variable read inside is watched", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
        t.gradient(y, x)
        """, "6 float32"),
    row("variable is watched at its first access, here numpy()", """
        x = V(3.0)
        with tf.GradientTape() as t:
            x.numpy()
        len(t.watched_variables())
        """, "1"),
    row("variable is watched at its first access, here str()", """
        x = V(3.0)
        with tf.GradientTape() as t:
            str(x)
        len(t.watched_variables())
        """, "1"),
    row("variable is watched at its first access, here assign()", """
        x = V(3.0)
        with tf.GradientTape() as t:
            x.assign(4.0)
        len(t.watched_variables())
        """, "1"),
    row("trainable=False is not watched", """
        x = V(3.0, trainable=False)
        with tf.GradientTape() as t:
            y = x * x
        t.gradient(y, x), x.trainable
        """, "(None, False)"),
    row("trainable=False can be watched", """
        x = V(3.0, trainable=False)
        with tf.GradientTape() as t:
            t.watch(x)
            y = x * x
        t.gradient(y, x), len(t.watched_variables())
        """, "(6 float32, 1)"),
    row("constant is not watched", """
        x = c(3.0)
        with tf.GradientTape() as t:
            y = x * x
        t.gradient(y, x)
        """, "None"),
    row("constant after watch", """
        x = c(3.0)
        with tf.GradientTape() as t:
            t.watch(x)
            y = x * x
        t.gradient(y, x)
        """, "6 float32"),
    row("watch after use is too late", """
        x = c(3.0)
        with tf.GradientTape() as t:
            y = x * x
            t.watch(x)
        t.gradient(y, x)
        """, "None"),
    row("unwatched tensor by itself", """
        x = c(3.0)
        with tf.GradientTape() as t:
            pass
        t.gradient(x, x)
        """, "1 float32"),
    row("untouched variable by itself", """
        x = V([3.0, 4.0])
        with tf.GradientTape() as t:
            pass
        t.gradient(x, x)
        """, "[1, 1] float32"),
    row("watch takes any nest", """
        a, b, d, e = c(1.0), c(2.0), V(3.0, trainable=False), c(4.0)
        with tf.GradientTape() as t:
            t.watch([a, {"k": (b, d)}])
            t.watch((e,))
            y = a * b * d * e
        t.gradient(y, [a, b, d, e])
        """, "[24 float32, 12 float32, 8 float32, 6 float32]"),
    row("watch of a float", """
        with tf.GradientTape() as t:
            t.watch(3.0)
        0
        """,
        PASSED + " 3.0 of type 'float', not tf.Tensor or tf.Variable or "
                 "ExtensionType."),
    row("watch of an ndarray", """
        with tf.GradientTape() as t:
            t.watch(np.ones(2))
        0
        """, PASSED + " [1. 1.] of type 'ndarray', not tf.Tensor"),
    row("watch of None", """
        with tf.GradientTape() as t:
            t.watch(None)
        0
        """, PASSED + " None of type 'NoneType', not tf.Tensor"),
    row("watch of a string", """
        with tf.GradientTape() as t:
            t.watch("x")
        0
        """, PASSED + " x of type 'str', not tf.Tensor"),
    row("watch of a list with a float", """
        with tf.GradientTape() as t:
            t.watch([c(1.0), 3.0])
        0
        """, PASSED + " 3.0 of type 'float'"),
    row("watch of an int tensor warns and gives None", """
        x = c(3)
        with tf.GradientTape() as t:
            t.watch(x)
            y = x * x
        t.gradient(y, x), logs[0]
        """, "(None, 'WARNING The dtype of the watched tensor must be floating "
             "(e.g. tf.float32), got tf.int32')"),
    row("watch of a bool tensor warns", """
        with tf.GradientTape() as t:
            t.watch(c(True))
        logs
        """, "['WARNING The dtype of the watched tensor must be floating "
             "(e.g. tf.float32), got tf.bool']"),
    row("watch of a string tensor warns", """
        with tf.GradientTape() as t:
            t.watch(c("a"))
        logs
        """, "['WARNING The dtype of the watched tensor must be floating "
             "(e.g. tf.float32), got tf.string']"),
    row("at most five warnings", """
        with tf.GradientTape() as t:
            for _ in range(9):
                t.watch(c(1))
        len(logs)
        """, "5"),
    row("int variable: no warning, but seen", """
        n = V(3)
        with tf.GradientTape() as t:
            y = n * n
        seen = len(t.watched_variables())
        seen, [text for text in logs if "watched" in text], t.gradient(y, n)
        """, "(1, [], None)"),
    row("watch before the tape was entered", """
        tf.GradientTape().watch(c(1.0))
        """, "AttributeError: 'NoneType' object has no attribute '_tape'"),
    row("watch after exit records nothing", """
        x = c(3.0)
        with tf.GradientTape() as t:
            pass
        t.watch(x)
        y = x * x
        t.gradient(y, x)
        """, "None"),
    row("watch_accessed_variables=False", """
        a, b = V(2.0), V(3.0)
        with tf.GradientTape(watch_accessed_variables=False) as t:
            t.watch(b)
            y = a * b
        [v.numpy() for v in t.watched_variables()], t.gradient(y, [a, b])
        """, "([np 3 float32], [None, 2 float32])"),
    row("watched_variables in the order of creation", """
        a, b, d = V(1.0, name="a"), V(2.0, name="b"), V(3.0, name="d")
        with tf.GradientTape() as t:
            y = d + b + a
        seen = t.watched_variables()
        type(seen).__name__, [v.name for v in seen]
        """, "('tuple', ['a:0', 'b:0', 'd:0'])"),
    row("watched_variables before entering", """
        tf.GradientTape().watched_variables()
        """, "()"),
    row("watched_variables survive gradient and not reset", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
        g = t.gradient(y, x)
        after = len(t.watched_variables())
        with tf.GradientTape() as u:
            y = x * x
            u.reset()
            n = len(u.watched_variables())
        after, n
        """, "(1, 0)"),
    row("gradient by an intermediate", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
            z = y * y
        t.gradient(z, [y, x])
        """, "[18 float32, 108 float32]"),
    row("only an intermediate is watched", """
        x = c(3.0)
        with tf.GradientTape() as t:
            y = x * x
            t.watch(y)
            z = y * y
        t.gradient(z, [y, x])
        """, "[18 float32, None]"),
    row("stop_gradient's result as source", """
        x = V(3.0)
        with tf.GradientTape() as t:
            s = tf.stop_gradient(x * x)
            y = s * s
        t.gradient(y, s)
        """, "None"),
    row("stop_gradient's result, watched", """
        x = V(3.0)
        with tf.GradientTape() as t:
            s = tf.stop_gradient(x * x)
            t.watch(s)
            y = s * s
        t.gradient(y, [s, x])
        """, "[18 float32, None]"),
    row("x[0] written again is another tensor", """
        x = V([3.0, 4.0])
        with tf.GradientTape(persistent=True) as t:
            first = x[0]
            y = first * first
        t.gradient(y, x[0]), t.gradient(y, first)
        """, "(None, 6 float32)"),
    row("x.value() written again is another tensor", """
        x = V(3.0)
        with tf.GradientTape(persistent=True) as t:
            v = x.value()
            y = v * v
        t.gradient(y, x.value()), t.gradient(y, v), t.gradient(y, x)
        """, "(None, 6 float32, 6 float32)"),
    row("stop_recording: a constant", """
        x, w = V(3.0), V(5.0)
        with tf.GradientTape() as t:
            y = x * x
            with t.stop_recording():
                k = x * w
            z = y * k
        len(t.watched_variables()), t.gradient(z, [x, w, k])
        """, "(1, [90 float32, None, None])"),
    row("stop_recording: what was computed before", """
        x = V(3.0)
        with tf.GradientTape(persistent=True) as t:
            y = x * x
            with t.stop_recording():
                g = t.gradient(y, x)
            z = y * x
        g, t.gradient(z, x)
        """, "(6 float32, 27 float32)"),
    row("stop_recording before entering", """
        with tf.GradientTape().stop_recording():
            pass
        0
        """, "RuntimeError: Trying to stop recording a tape which is not recording."),
    row("stop_recording after exit", """
        with tf.GradientTape() as t:
            pass
        with t.stop_recording():
            pass
        0
        """, "ValueError: Tape is not recording."),
    row("reset forgets", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
            t.reset()
            z = x + x
        t.gradient(z, x)
        """, "2 float32"),
    row("reset: what came before is a constant", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
            t.reset()
            z = y * x
        t.gradient(z, [x, y])
        """, "[9 float32, None]"),
    row("reset: a constant must be watched again", """
        x = c(3.0)
        with tf.GradientTape() as t:
            t.watch(x)
            t.reset()
            z = x * x
        t.gradient(z, x)
        """, "None"),
    row("reset of a tape that does not record", """
        with tf.GradientTape() as t:
            pass
        t.reset()
        """, "ValueError: Tape is not recording."),
    row("reset of a tape never entered", """
        tf.GradientTape().reset()
        """, "ValueError: Tape is not recording."),
    row("entering an active tape", """
        with tf.GradientTape() as t:
            with t:
                pass
        0
        """, "ValueError: Tape is still recording, This can happen if you try to "
             "re-enter an already-active tape."),
    row("re-entering a finished tape continues", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
        with t:
            z = y * x
        t.gradient(z, [x, y])
        """, "[27 float32, 3 float32]"),
    row("re-entering: what was computed between is a constant", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
        k = y * 2.0
        with t:
            z = y * k
        t.gradient(z, x)
        """, "108 float32"),
    row("re-entering inside another tape's block continues", """
        x, w = V(3.0), V(2.0)
        with tf.GradientTape() as t:
            y = x * x
        with tf.GradientTape() as u:
            v = w * x
            with t:
                z = y * x * v
        t.gradient(z, [x, y, w, v]), u.gradient(z, [w, v, y, x])
        """, "([162 float32, 18 float32, None, None], "
             "[81 float32, 27 float32, None, 108 float32])"),
    row("re-entering inside another tape's block, a watched constant", """
        x, w = c(3.0), V(2.0)
        with tf.GradientTape(persistent=True) as t:
            t.watch(x)
            y = tf.reduce_sum(tf.stack([x * x, x]))
        with tf.GradientTape() as u:
            with t:
                z = y * x * w
            q = z * y
        t.gradient(z, x), t.gradient(y, x), t.gradient(q, x), u.gradient(q, [w, x])
        """, "(66 float32, 7 float32, None, [432 float32, None])"),
    row("ops after the block are not recorded", """
        x = V(3.0)
        with tf.GradientTape() as t:
            y = x * x
        z = y * 2.0
        t.gradient(z, x)
        """, "None"),
    row("an error in the block comes out, what was recorded stays", """
        x = V(3.0)
        try:
            with tf.GradientTape() as t:
                y = x * x
                raise KeyError("stop")
        except KeyError as e:
            text = str(e)
        with tf.GradientTape() as u:
            z = x * x * x
        text, t.gradient(y, x), u.gradient(z, x)
        """, "(\"'stop'\", 6 float32, 27 float32)"),
    row("two tapes at once watch each for itself", """
        a, b = c(2.0), c(3.0)
        with tf.GradientTape() as t, tf.GradientTape() as u:
            t.watch(a)
            u.watch(b)
            y = a * b
        t.gradient(y, [a, b]), u.gradient(y, [a, b])
        """, "([3 float32, None], [None, 2 float32])"),
    row("inner tape ends before the outer", """
        x = V(3.0)
        with tf.GradientTape() as t:
            with tf.GradientTape() as u:
                y = x * x
            z = y * x
        u.gradient(z, x), u.gradient(y, x) if False else None, t.gradient(z, x)
        """, "(None, None, 27 float32)"),
    row("a tensor watched by a second tape stays known to the first", """
        x = V(3.0)
        with tf.GradientTape(persistent=True) as t:
            y = x * x
            z = y * x
        with tf.GradientTape() as u:
            u.watch(y)
            w = y * y
        u.gradient(w, y), t.gradient(z, y), t.gradient(y, x)
        """, "(18 float32, 3 float32, 6 float32)"),
]  # fmt: skip


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_row(case: Row) -> None:
    assert not judged(tapeviz, case)
