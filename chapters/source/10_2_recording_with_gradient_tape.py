# %% [markdown]
# # 10.2 Recording with `tf.GradientTape`
#
# A tape is a block of code: everything below `with tf.GradientTape() as tape:`
# is recorded, and nothing else. Inside you write ordinary Python. The tape
# watches each `tf.Variable` that you use, without being asked.
#
# After the block, `tape.gradient(y, x)` answers one question: when `x` changes
# a little, how much does `y` change? Here `y` is called the *target*, and `x`
# the *source*.

# %% [markdown]
# ## Goal
#
# After about 10 minutes you can
#
# - record a formula on a tape and ask for its gradient,
# - read the picture of a tape,
# - follow the chain rule backwards through your own line of code.

# %%
import tapeviz as tf
from tapeviz import draw, play
from tapeviz.lessons import check

# %% [markdown]
# ## Predict
#
# The next cell records `y = x**2 + 2*x + 1` at `x = 3`. Answer before you read
# it, because its last line tells the result.
#
# 1. How many operations does the tape write down? Count them.
# 2. What is `dy/dx`?

# %% [markdown]
# ## Run

# %% tags=["listing"]
import tapeviz as tf

x = tf.Variable(3.0)

with tf.GradientTape() as tape:
    y = x**2 + 2*x + 1  # y = (x + 1)^2

dy_dx = tape.gradient(y, x)
print("dy/dx:", dy_dx.numpy())  # Should be 2x + 2 → 8.0

# %% [markdown]
# ## See
#
# First the graph, which is what the tape recorded:

# %%
draw(tape)

# %% [markdown]
# Count the boxes with a formula: there are four operations, one power, one
# product and two sums. The variable `x` stands on the left with two arrows
# leaving it, because the line uses `x` twice. The small shapes that hold only a
# number are constants. Their arrows are dashed: a value goes in, and no gradient
# comes back. Where the order matters, `a` and `b` mark the first and the second
# input. Below the graph it says that the tape is used up: it has answered its
# one question. Lesson 10.5 tells more about that.
#
# Now the way back:

# %%
play(tape, y, x)

# %% [markdown]
# Press play, or click on the picture and use the arrow keys. The code on top
# shows which part of your line is being worked on.
#
# On the way back, each operation knows one small rule: its own slope, the local
# derivative. For `2*x` it is 2. For `x**2` it is `2 * x`, which is 6 here. The
# tape multiplies what comes back by this slope. That is the chain rule. At the
# end one path brings 2 to `x`, the other brings 6, and the tape adds them: 8.

# %% [markdown]
# ## Change
#
# Try another start. At `x = -1` the curve has its lowest point. What will the
# gradient be? Set `x` to -1 beside *What if*, below the film, and step through
# it again: every number is computed anew, and the graph stays. *Recorded
# numbers* goes back to 3. Then do it in code:

# %%
x = tf.Variable(-1.0)

with tf.GradientTape() as tape:
    y = x**2 + 2*x + 1

print("dy/dx:", tape.gradient(y, x).numpy())
draw(tape)

# %% [markdown]
# The gradient of `x` is zero, and it has its own mark. Zero is an answer: at
# this point `y` does not change. It is not the same as *not computed yet*.
#
# Now write the same function in another way:

# %%
x = tf.Variable(3.0)

with tf.GradientTape() as tape:
    y = (x + 1)**2

print("dy/dx:", tape.gradient(y, x).numpy())
draw(tape)

# %% [markdown]
# The graph is smaller, because the tape records the operations that you wrote.
# The gradient is 8 again.

# %% [markdown]
# ## Exercise
#
# Record `y = x**3 - 5*x` at `x = 2` on a tape and ask for the gradient. Then
# let `answer` be that gradient.
#
# <details><summary>Hint</summary>
#
# Copy the listing, change the number in `tf.Variable(...)` and the line inside
# the block.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# x = tf.Variable(2.0)
#
# with tf.GradientTape() as tape:
#     y = x**3 - 5*x
#
# answer = tape.gradient(y, x)
# ```
#
# </details>

# %% tags=["exercise"]
# Your tape goes here.

answer = ...

check("10.2", answer)

# %% [markdown]
# ## Summary
#
# - The tape records what happens inside its block.
# - It watches every `tf.Variable` that you read there.
# - `tape.gradient(y, x)` goes backwards through the record. At each operation
#   it multiplies by the local derivative. Where several paths meet, it adds.

# %% [markdown]
# ## The same in TensorFlow
#
# The listing is TensorFlow's. Only the import line is different, and both
# print 8.0. What differs:
#
# - In TensorFlow the record is hidden. Here you can draw and play it, also
#   after `gradient` was called.
# - Printed values can differ in the last digit for long computations, because
#   the two programs round in a different order.
#
# Next: [10.3 Watching tensors](10_3_watching_non_variable_tensors.ipynb)
