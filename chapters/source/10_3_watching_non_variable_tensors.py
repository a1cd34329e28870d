# %% [markdown]
# # 10.3 Watching tensors that are not variables
#
# Every value that a tape works with is called a *tensor*. It is a number, or a
# list or table of numbers. A variable holds a tensor that may change. A constant
# holds one that does not, and you make it with `tf.constant`.
#
# A tape watches variables by itself. To watch means: to take notes about
# everything that is computed from them. With constants it is different, and this
# lesson shows how.

# %% [markdown]
# ## Goal
#
# After about 15 minutes you can
#
# - say what it means when a tape gives no gradient,
# - mend it with `tape.watch`,
# - say when it is too late to watch.

# %%
import tapeviz as tf
from tapeviz import draw, play, why
from tapeviz.lessons import check

# %% [markdown]
# ## Predict
#
# The next cell computes `y = x**2` with a constant, `x = 3`. What does
# `tape.gradient(y, x)` give: 6, 0 or something else?

# %% [markdown]
# ## Run: not watched

# %%
x = tf.constant(3.0)

with tf.GradientTape() as tape:
    y = x**2

dy_dx = tape.gradient(y, x)
print("dy/dx:", dy_dx)

# %% [markdown]
# ## See: None
#
# `None` is Python's word for *nothing here*. It is not zero. Zero means: I
# looked, and nothing changes. `None` means: I have no notes that lead there.
#
# Look at the tape:

# %%
draw(tape)

# %% [markdown]
# Everything is dashed: it happened, and the tape did not write it down. Nothing
# that it watches took part. `y` was computed all the same, and is 9. But without
# notes there is no way back, and so the gradient is `None`.
#
# When you do not see the reason in a picture, ask for it with `why`:

# %%
why(tape, y, x)

# %% [markdown]
# It names the line, and the change that mends it. You will try that change in a
# moment.
#
# Now mix a variable and a constant. Which of the two gets a gradient?

# %%
w = tf.Variable(2.0)

with tf.GradientTape() as tape:
    y = w * x

dy_dw, dy_dx = tape.gradient(y, [w, x])
print("dy/dw:", dy_dw.numpy())
print("dy/dx:", dy_dx)

# %%
draw(tape)

# %% [markdown]
# This time there is a record, because the variable `w` took part. Compare the
# two on the left. The box of `w` has a full line around it, and it holds a
# gradient. The box of `x` has a dashed line, because for this tape `x` is only
# a number. Its arrow is dashed, too: its value goes in, and no gradient comes
# back.

# %% [markdown]
# ## Run: watched
#
# Here is the line that `why` proposed. What will the gradient be now?

# %% tags=["listing"]
x = tf.constant(3.0)

with tf.GradientTape() as tape:
    tape.watch(x)
    y = x**2

dy_dx = tape.gradient(y, x)
print("dy/dx:", dy_dx.numpy())  # 6.0

# %% [markdown]
# ## See: watched

# %%
draw(tape)

# %% [markdown]
# Now `x` has a box with a place for its gradient. Its colour and its label say
# that it is a watched tensor and not a variable.

# %%
play(tape, y, x)

# %% [markdown]
# The way back is short: one operation, the power, with the derivative `2 * x`.
# The number 2 in the exponent is a constant, and nothing flows to it.
#
# A watched tensor can be moved as a variable can: drag the `x` beside *What if*,
# and play again.

# %% [markdown]
# ## Change
#
# Now `tape.watch(x)` stands below the line that computes `y`. What will happen?

# %%
x = tf.constant(3.0)

with tf.GradientTape() as tape:
    y = x**2
    tape.watch(x)

print("dy/dx:", tape.gradient(y, x))
why(tape, y, x)

# %% [markdown]
# Too late. The tape takes notes from the moment it is told, and `y` was
# computed before that.
#
# There is a second way to `None`. Here the tape watches both variables, and
# uses both. But only one of them leads to `y`. Which one gets a gradient?

# %%
v = tf.Variable(5.0)
w = tf.Variable(2.0)

with tf.GradientTape() as tape:
    u = v * v
    y = 3 * w

dy_dv, dy_dw = tape.gradient(y, [v, w])
print("dy/dv:", dy_dv)
print("dy/dw:", dy_dw.numpy())
draw(tape)

# %% [markdown]
# There is no path from `y` back to `v`, so `v` has the mark for `None`. The mark
# is different from the one for zero, and from the one for *not computed yet*.

# %% [markdown]
# ## Exercise
#
# The next cell computes `x*x*x` and gets `None`. Add the line that is missing.
#
# <details><summary>Hint</summary>
#
# It is one line inside the block, above the line that computes `y`.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# with tf.GradientTape() as tape:
#     tape.watch(x)
#     y = x * x * x
# ```
#
# </details>

# %% tags=["exercise"]
x = tf.constant(4.0)

with tf.GradientTape() as tape:
    y = x * x * x

answer = tape.gradient(y, x)
check("10.3", answer)

# %% [markdown]
# ## Summary
#
# - Variables are watched by themselves, constants are not.
# - `None` means that the record has no path from the result to that value.
# - `tape.watch(x)` starts the notes about `x`. Call it inside the block, and
#   before `x` is used.

# %% [markdown]
# ## The same in TensorFlow
#
# TensorFlow gives `None` in the same cases, and it does not say a word about
# it. That is why `None` is the most frequent surprise with tapes. What is the
# same here, and good to know:
#
# - Only numbers with a decimal point can be watched. Write
#   `tf.constant(3.0)`, not `tf.constant(3)`. For whole numbers, both programs
#   log a warning and give `None`.
# - A variable made with `trainable=False` is one that a model does not learn. It
#   is not watched by itself either.
#
# Next: [10.4 Several variables](10_4_multivariate_gradients.ipynb)
