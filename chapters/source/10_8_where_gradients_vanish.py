# %% [markdown]
# # 10.8 Where gradients vanish
#
# This lesson goes on from the chapter. It has puzzles and nothing else. In each
# of them a gradient is missing, or zero, or not a number. All of these mistakes
# are made in real programs.
#
# There are three kinds of nothing. `None` means: there is no way back. Zero
# means: there is a way, and nothing changes. `nan` is short for *not a number*.
# It means: there is a way, and on it a computation has no answer.

# %% [markdown]
# ## Goal
#
# After about 20 minutes you can
#
# - tell the three kinds of nothing apart,
# - name the usual reasons for each of them,
# - ask `why`, and mend the code with its answer.

# %%
import numpy as np
import tapeviz as tf
from tapeviz import draw, play, why
from tapeviz.lessons import check

# %% [markdown]
# ## Predict
#
# Each puzzle is one cell. Read it, and write down your guess before you run
# anything: is the gradient `None`, zero or `nan`, and which line is the cause?
# Then run the cell. `why` gives its answer below, with the line, and with the
# smallest change that mends it.
#
# There are seven groups. The first puzzle of each group is the one you will
# meet most often. These seven and the exercises take about 20 minutes. Keep the
# others for another day, or for the day when your own gradient is missing.

# %% [markdown]
# ## Run: not watched
#
# A tape watches variables by itself. But in each of these four cells `x` is not
# watched when it is used, and each has its own reason.

# %%
x = tf.constant(3.0)

with tf.GradientTape() as tape:
    y = x * x

why(tape, y, x)

# %%
x = tf.constant(3.0)

with tf.GradientTape() as tape:
    y = x * x
    tape.watch(x)

why(tape, y, x)

# %%
x = tf.Variable(3.0, trainable=False)

with tf.GradientTape() as tape:
    y = x * x

why(tape, y, x)

# %%
x = tf.Variable(3.0)

with tf.GradientTape(watch_accessed_variables=False) as tape:
    y = x * x

why(tape, y, x)

# %% [markdown]
# ## Run: another thing of the same name
#
# In these three, the thing you ask about is not the one that was used, although
# it is written in the same way.

# %%
x = tf.Variable(2.0)

for step in range(2):
    with tf.GradientTape() as tape:
        y = x**2
    grad = tape.gradient(y, x)
    if grad is not None:
        x = x - 0.1 * grad

why(tape, y, x)

# %%
x = tf.Variable(2.0)

with tf.GradientTape() as tape:
    y = x**2

x = tf.Variable(3.0)
why(tape, y, x)

# %%
x = tf.Variable([1.0, 2.0])

with tf.GradientTape() as tape:
    y = x[0] ** 2

why(tape, y, x[0])

# %% [markdown]
# ## Run: the way back is cut
#
# The variable is there, and it is used. Still there is no way back to it. Find
# the place where the way back ends.
#
# Three names may be new to you. `tf.argmax` gives the place of the largest
# entry. `assign_add` adds to a variable, in place. With `tf.custom_gradient`
# you write a function and its own way back: `upstream` is the gradient that
# arrives, and `grad` says what is handed on.

# %%
x = tf.Variable([1.0, 2.0])

with tf.GradientTape() as tape:
    y = tf.reduce_sum(tf.constant(np.square(x)))

why(tape, y, x)

# %%
x = tf.Variable(10)

with tf.GradientTape() as tape:
    y = x * x

why(tape, y, x)

# %%
scores = tf.Variable([0.1, 0.7, 0.2])

with tf.GradientTape() as tape:
    best = tf.argmax(scores)
    y = tf.cast(best, tf.float32) * 2.0

why(tape, y, scores)

# %%
x = tf.Variable(3.0)

with tf.GradientTape() as tape:
    y = 2.0 * tf.stop_gradient(x * x)

why(tape, y, x)

# %%
total = tf.Variable(0.0)
x = tf.Variable(3.0)

with tf.GradientTape() as tape:
    total.assign_add(x * x)
    y = total * 1.0

why(tape, y, x)

# %%
@tf.custom_gradient
def square(x):
    def grad(upstream):
        return None
    return x * x, grad


x = tf.Variable(3.0)

with tf.GradientTape() as tape:
    y = square(x)

why(tape, y, x)

# %% [markdown]
# ## Run: not on this tape
#
# The computation is right, and it happened. But this tape has no record of it
# that leads from `y` to `x`.

# %%
x = tf.Variable(3.0)

with tf.GradientTape() as tape:
    u = x * x

y = u + 1.0
why(tape, y, x)

# %%
x = tf.Variable(3.0)

with tf.GradientTape() as tape:
    with tape.stop_recording():
        u = x * x
    y = u + 1.0

why(tape, y, x)

# %%
x = tf.Variable(3.0)

with tf.GradientTape() as first:
    y = x * x

with tf.GradientTape() as tape:
    z = x + 1.0

why(tape, y, x)

# %%
x = tf.Variable(3.0)

with tf.GradientTape() as tape:
    y = x * x
    tape.reset()

why(tape, y, x)

# %%
x = tf.Variable(3.0)
v = tf.Variable(2.0)

with tf.GradientTape() as tape:
    u = x * x
    y = v * v

why(tape, y, x)

# %% [markdown]
# ## Run: the slope of a slope
#
# The inner tape gives the slope of `y`, which is 2. The outer tape has recorded
# how this slope was computed. So you can ask it how the slope changes with `x`:
# that is a second derivative.

# %%
x = tf.Variable(3.0)

with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        y = 2.0 * x
    slope = inner.gradient(y, x)

why(outer, slope, x)

# %% [markdown]
# ## Run: zero
#
# Now there is a way back, and the number at its end is zero. Zero is an answer.
# But is it the answer that was wanted? (`tf.nn.relu` gives its operand where
# that is positive, and 0 elsewhere.)

# %%
x = tf.Variable(-2.0)

with tf.GradientTape() as tape:
    y = tf.nn.relu(x)

why(tape, y, x)

# %%
x = tf.Variable(2.0)
switch = tf.constant(0.0)

with tf.GradientTape() as tape:
    y = switch * x**2

why(tape, y, x)

# %%
x = tf.Variable(2.0)

with tf.GradientTape() as tape:
    y = tf.maximum(x, 3.0)

why(tape, y, x)

# %%
x = tf.Variable(2.0)

with tf.GradientTape() as tape:
    y = x * x - 4.0 * x

why(tape, y, x)

# %% [markdown]
# ## Run: not a number
#
# And here a computation on the way has no answer. One of the four is different:
# `y` is `nan`, and its gradient is a number all the same. Which one? (`tf.where`
# takes its second operand where the condition is true, and its third elsewhere.)

# %%
x = tf.Variable(0.0)

with tf.GradientTape() as tape:
    y = tf.sqrt(x * x)

why(tape, y, x)

# %%
x = tf.Variable(0.0)

with tf.GradientTape() as tape:
    y = tf.where(x > 0.0, x * tf.math.log(x), 0.0)

why(tape, y, x)

# %%
x = tf.Variable(-1.0)

with tf.GradientTape() as tape:
    y = tf.math.log(x)

why(tape, y, x)

# %%
x = tf.Variable(100.0)

with tf.GradientTape() as tape:
    y = tf.math.log(1.0 + tf.exp(x))

why(tape, y, x)

# %% [markdown]
# ## See
#
# The picture of a tape shows the same, once you know where to look. In the next
# cell, two things stop a gradient. Which two? (`tf.floor` rounds down.)

# %%
x = tf.Variable(1.5)
w = tf.constant(2.0)

with tf.GradientTape() as tape:
    y = w * tf.floor(x) + x

draw(tape)

# %%
play(tape, y, x)

# %% [markdown]
# The constant `w` is not watched, and no gradient passes through `floor`. All
# the same, `x` has a gradient, because there is a second path. It is 1. Without
# `floor` it would be 3. A gradient of which a part is missing is harder to
# notice than `None`.

# %% [markdown]
# ## Change
#
# Go back to any puzzle, make the change that `why` proposes, and run the cell
# again. When nothing is wrong any more, `why` tells how the gradient came about.
#
# To the puzzles with a zero, add `draw(tape)` below `why`, in a cell of its own.
# Drag `x` beside *What if*: from which number on does the gradient come back?

# %% [markdown]
# ## Exercise
#
# **a)** This gradient should be 12. Mend the block, and leave the line with
# `answer` as it is.
#
# <details><summary>Hint</summary>
#
# Write `why(tape, y, x)` below the block. Or ask yourself where a number leaves
# the tape.
#
# </details>
#
# <details><summary>Solution</summary>
#
# Leave `.numpy()` out: `y = x.numpy() * x * x` becomes `y = x * x * x`.
#
# </details>

# %% tags=["exercise"]
x = tf.Variable(2.0)

with tf.GradientTape() as tape:
    y = x.numpy() * x * x

answer = tape.gradient(y, x)
check("10.8a", answer)

# %% [markdown]
# **b)** The logarithm is used only where `x` is positive, and still one gradient
# is `nan`: the branch that is not used is computed all the same. Mend the block,
# so that the logarithm never meets a number that is not positive.
#
# <details><summary>Hint</summary>
#
# Make a new tensor `safe` first. Let it be `x` where `x` is positive, and 1
# elsewhere. Then take the logarithm of `safe`. The `where` that is there stays.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# with tf.GradientTape() as tape:
#     safe = tf.where(x > 0.0, x, 1.0)
#     logs = tf.where(x > 0.0, tf.math.log(safe), 0.0)
#     y = tf.reduce_sum(logs)
# ```
#
# </details>

# %% tags=["exercise"]
x = tf.Variable([0.0, 4.0])

with tf.GradientTape() as tape:
    logs = tf.where(x > 0.0, tf.math.log(x), 0.0)
    y = tf.reduce_sum(logs)

answer = tape.gradient(y, x)
check("10.8b", answer)

# %% [markdown]
# ## Summary
#
# - `None`: there is no way back. Look for what was not watched, for what left
#   the tape, and for names that mean something else by now.
# - Zero: there is a way back. Look for flat places and for branches not taken.
# - `nan`: look for the edge of a function, and for 0 times infinity. A branch
#   that was not taken can do it, too.
# - When you do not see it: `why(tape, y, x)`.

# %% [markdown]
# ## The same in TensorFlow
#
# Each gradient here is the same in TensorFlow: `None`, zero and `nan` in the
# same places. What differs:
#
# - TensorFlow does not say why. None of these cells makes it print a warning.
# - To find a `nan` there, switch on `tf.debugging.enable_check_numerics()`.
#
# Next: [10.9 Build your own tape](10_9_build_your_own_tape.ipynb)
