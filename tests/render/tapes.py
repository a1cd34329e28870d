"""Twenty programs whose pictures say, together, what a picture must show.

Each is run as a learner would write it. Their numbers are exact in float32, so that a
picture of them is the same on every machine.
"""

from __future__ import annotations

import linecache
from functools import cache

from tapeviz.views.drawing import Drawing

PROGRAMS = {
    "scalar": """
x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x**2 + 2*x + 1
dy_dx = tape.gradient(y, x)
picture = draw(tape)
""",
    "not_asked_yet": """
x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x * x
picture = draw(tape)
""",
    "arrays": """
W = tf.Variable([[1.0, -1.0, 0.5], [0.0, 1.0, 2.0]])
x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(x @ W)
tape.gradient(loss, W)
picture = draw(tape)
""",
    "broadcast": """
b = tf.Variable([1.0, 2.0, 3.0])
k = tf.Variable(2.0)
m = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
with tf.GradientTape() as tape:
    z = k * (m + b)
tape.gradient(z, [b, k])
picture = draw(tape)
""",
    "fan_out": """
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    a = x * x
    b = a + x
    y = a * b * x
tape.gradient(y, x)
picture = draw(tape)
""",
    "nested": """
x = tf.Variable(2.0)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        y = x**3
    dy_dx = inner.gradient(y, x)
d2y_dx2 = outer.gradient(dy_dx, x)
picture = draw(outer)
""",
    "control_flow": """
x = tf.Variable(5.0)
with tf.GradientTape() as tape:
    y = x
    while y > 1:
        y = y / 2
    if y < 0.75:
        y = 3 * y
tape.gradient(y, x)
picture = draw(tape)
""",
    "mlp": """
x = tf.ones((8, 16))
W1 = tf.Variable(tf.ones((16, 32)) / 16, name="W1")
b1 = tf.Variable(tf.zeros(32), name="b1")
W2 = tf.Variable(tf.ones((32, 1)) / 32, name="W2")
with tf.GradientTape() as tape:
    hidden = tf.nn.relu(x @ W1 + b1)
    loss = tf.reduce_mean((hidden @ W2 - 0.5) ** 2)
tape.gradient(loss, [W1, b1, W2])
picture = draw(tape)
""",
    "failing": """
x = tf.Variable([1.0, 2.0, 3.0])
W = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
try:
    with tf.GradientTape() as tape:
        h = 2 * x
        y = W @ h
except Exception:
    pass
picture = draw(tape)
""",
    "empty": """
with tf.GradientTape() as tape:
    pass
picture = draw(tape)
""",
    "markup": """
x = tf.Variable(1.0, name="<script>alert('x')</script>")
y = tf.Variable(2.0, name="]]>--><![CDATA[&amp;")
with tf.GradientTape() as tape:
    z = x + y
picture = draw(tape)
""",
    "quotes_and_lines": """
x = tf.Variable(1.0, name='a "quoted" name that is long')
y = tf.Variable(2.0, name="two\\nlines\\tand\\\\slashes")
with tf.GradientTape() as tape:
    z = x * y
picture = draw(tape)
""",
    "right_to_left": """
x = tf.Variable(1.0, name="\u05e9\u05dc\u05d5\u05dd")
\u0645\u062a\u063a\u064a\u0631 = tf.Variable(2.0)
with tf.GradientTape() as tape:
    z = x - \u0645\u062a\u063a\u064a\u0631
tape.gradient(z, x)
picture = draw(tape)
""",
    "very_long": """
a_very_long_name_that_nobody_would_want_to_read_in_any_picture_at_all = x = \\
    tf.Variable(1.0)
with tf.GradientTape() as tape:
    total_of_everything = (x + 1) * (x + 2) * (x + 3) - (x + 4) * (x + 5) * (x + 6)
tape.gradient(total_of_everything, x)
picture = draw(tape)
""",
    "three_marks": """
x = tf.Variable(-1.0)
c = tf.Variable(5.0)
with tf.GradientTape() as tape:
    flat = tf.nn.relu(x)
    other = c * 2
    y = flat + 1
tape.gradient(y, [x, c])
picture = draw(tape)
""",
    "not_recorded": """
w = tf.Variable(2.0)
c = tf.constant(3.0)
with tf.GradientTape() as tape:
    a = w * c
    with tape.stop_recording():
        b = a + 1
    left = a.numpy() * 2
    y = w * b * left
tape.gradient(y, w)
picture = draw(tape)
""",
    "odd_numbers": """
x = tf.Variable(0.0)
with tf.GradientTape() as tape:
    whole = tf.cast(x + 7, tf.int32)
    huge = 1.0 / x
    y = huge * 0.0
tape.gradient(y, x)
picture = draw(tape)
""",
    "top_to_bottom": """
ws = [tf.Variable(float(i)) for i in range(3)]
with tf.GradientTape() as tape:
    y = tf.add_n([w * w for w in ws])
tape.gradient(y, ws)
picture = draw(tape, direction="TB")
""",
    "what_changed": """
x = tf.Variable(3.0)
with tf.GradientTape() as before:
    y = x**2 + 2*x + 1
before.gradient(y, x)
with tf.GradientTape() as after:
    h = x * 0.5
    y = x**2 + 3*x + h
after.gradient(y, x)
picture = draw(before, after)
""",
    "memory": """
W = tf.Variable(tf.ones((30, 20)))
x = tf.ones((50, 30))
with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_mean(tf.nn.relu(x @ W) ** 2)
tape.gradient(loss, W)
picture = draw(tape, memory=True)
""",
}


@cache
def picture(name: str) -> Drawing:
    """The picture that a program ends with."""
    text = PROGRAMS[name].lstrip()
    file = f"{name}.py"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    head = "import tapeviz as tf\nfrom tapeviz import draw\n"
    space: dict[str, object] = {"__name__": "__main__"}
    exec(head, space)  # noqa: S102 - our own programs
    exec(compile(text, file, "exec"), space)  # noqa: S102
    found = space["picture"]
    if not isinstance(found, Drawing):
        raise TypeError(f"{name} ends without a picture")
    return found
