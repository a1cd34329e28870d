# %% [markdown]
# # 10.1 What is automatic differentiation?
#
# You know derivatives from school: a derivative says how fast a value changes.
# A program can find them for you. While your code runs, it writes down every
# small operation. Later it reads these notes backwards and applies the chain
# rule at each one. The result is the derivative of your whole code. This is
# called *automatic differentiation*, and the notes are called a *tape*.
#
# It is exact, up to rounding. You work out no formula, and you do not guess
# with small differences. Almost every machine learning program learns with it.
# There, the reading backwards is called *backpropagation*.
#
# In this lesson you see the three parts once each: **record**, **gradient**,
# **optimise**.

# %% [markdown]
# ## Goal
#
# After about 15 minutes you can say
#
# - what a tape records,
# - what a gradient tells you,
# - how a gradient is used to make a value smaller.

# %% [markdown]
# ## A slope under your hand
#
# Click on a cell and press Shift+Enter to run it. Begin with this one: it loads
# tapeviz, which has the same names as TensorFlow.

# %%
import tapeviz as tf
from tapeviz import descent, draw, play
from tapeviz.lessons import check

# %% [markdown]
# The next cell computes `y = x*x` at `x = 1`. You need not understand its lines
# yet.

# %%
x = tf.Variable(1.0)

with tf.GradientTape() as tape:
    y = x*x

tape.gradient(y, x)
draw(tape)

# %% [markdown]
# Take the `x` beside *What if* and drag it to the left and to the right, or type
# another number. The whole picture follows.
#
# The curve shows `y` for every `x`. One straight line touches it at the `x` that
# you chose. How steep this line is, is the *gradient*: it says how many times
# as fast as `x` the value `y` grows. Where is it steep? Where does the gradient
# have a minus sign? And where is it zero?
#
# The other straight line goes through two points, a step `h` apart. Make `h`
# smaller: the two lines become one.

# %% [markdown]
# ## Predict
#
# The function of this lesson is `y = x*x - 4*x`, and we start at `x = 5`.
#
# Before you run anything, write down three answers:
#
# 1. What is `y`?
# 2. If `x` grows a little, does `y` grow or shrink?
# 3. How steep is the curve there?

# %% [markdown]
# ## Run: record
#
# A `tf.Variable` is a number that may change later. The tape takes notes while
# the block below `with` runs.

# %%
x = tf.Variable(5.0)

with tf.GradientTape() as tape:
    y = x*x - 4*x

print("y:", y.numpy())

# %% [markdown]
# So `y` is 5, which answers the first question. `y.numpy()` is the plain number
# in `y`.

# %% [markdown]
# ## See: what the tape wrote down

# %%
draw(tape)

# %% [markdown]
# This picture is called a *graph*. Read it from left to right. Each box with a
# formula is one operation. The arrows show which values went into it. There is a
# place for a gradient in every box. None has been computed so far, so it says
# *not yet*.

# %% [markdown]
# ## Run: gradient
#
# Now ask the tape: how does `y` change when `x` changes?

# %%
dy_dx = tape.gradient(y, x)
print("dy/dx:", dy_dx.numpy())

# %% [markdown]
# It is 6, and it is positive. So `y` grows when `x` grows, and near `x = 5` it
# grows six times as fast as `x`. With the rule from school: `2x - 4` is 6 at
# `x = 5`.

# %% [markdown]
# ## See: the notes, read backwards

# %%
play(tape, y, x)

# %% [markdown]
# Run the cell, and a play button appears below the picture: press it. Or click
# on the picture and use the right and left arrow keys.
#
# First the values go forwards. Then the gradients come back, one operation at a
# time. Watch `x`: it is used three times, so three numbers come back to it. They
# are -4, 5 and 5, and together they give 6.
#
# The film uses two names. What comes back to an operation is its *upstream
# gradient*. The slope of this one operation is the *local derivative*. It
# multiplies the two and hands the product on.

# %% [markdown]
# ## Run: optimise
#
# To *optimise* means here: to make `y` as small as we can. The gradient points
# uphill, so we go a little way against it. You choose a number, the *learning
# rate*, and the step is this number times the gradient. Then we repeat.
#
# In the loop, `x.assign_sub(...)` does the step: it subtracts something from
# `x`. The line with `descent(x)` keeps every step, so that you can look at it
# afterwards.

# %%
x = tf.Variable(5.0)
learning_rate = 0.2

with descent(x) as run:
    for i in range(8):
        with tf.GradientTape() as tape:
            y = x*x - 4*x
        dy_dx = tape.gradient(y, x)
        x.assign_sub(learning_rate * dy_dx)

print("x:", round(float(x), 3))

# %% [markdown]
# ## See: downhill, step by step

# %%
play(run)

# %% [markdown]
# Press play. Each arrow is one step, also called an *update*. On the left is
# the curve, on the right is `y` at each step. Look at the length of the arrows:
# where the curve is steep the step is long, and where it is flat the step is
# short.
#
# A value that is to be made small has a name of its own: the *loss*. Here `y` is
# the loss. The numbers below the film open the graph of each step.

# %% [markdown]
# ## Change
#
# A derivative can also be estimated: move `x` a little and see what `y` does.
# Compare the estimate with the 6 of the tape. Then try a smaller `step`.

# %%
step = 0.01
before, after = 5.0, 5.0 + step
change = (after**2 - 4*after) - (before**2 - 4*before)
print(round(change / step, 6))

# %% [markdown]
# The estimate is near 6 but not 6. The tape follows the rules of calculus
# instead, so it has no such error.
#
# Now start the tape somewhere else. Which sign does the gradient have, and to
# which side does the next update go? You can drag `x` to 0 in the film above,
# or write it:

# %%
x = tf.Variable(0.0)

with tf.GradientTape() as tape:
    y = x*x - 4*x

print("dy/dx:", tape.gradient(y, x).numpy())

# %% [markdown]
# The gradient is negative: to the right it goes down. An update subtracts it,
# so `x` moves to the right, again downhill.

# %% [markdown]
# ## Exercise
#
# **a)** At which `x` is the gradient of `y = x*x - 4*x` zero? Put your number
# where the dots are and run the cell.
#
# <details><summary>Hint</summary>
#
# The gradient is `2x - 4`. Or look at the film: where do the steps come to rest?
#
# </details>
#
# <details><summary>Solution</summary>
#
# `2x - 4` is zero at `x = 2`, the lowest point of the curve.
#
# </details>

# %% tags=["exercise"]
answer = ...

check("10.1a", answer)

# %% [markdown]
# **b)** Start at `x = 5`, where the gradient is 6. Make one single update with
# the learning rate 0.5. Where is `x` then?
#
# <details><summary>Hint</summary>
#
# The new `x` is the old `x` minus the learning rate times the gradient.
#
# </details>
#
# <details><summary>Solution</summary>
#
# The gradient is 6, so `x` becomes `5 - 0.5 * 6 = 2`.
#
# </details>

# %% tags=["exercise"]
answer = ...

check("10.1b", answer)

# %% [markdown]
# ## Summary
#
# - **Record:** the tape writes down each operation while your code runs.
# - **Gradient:** read backwards, the notes give the derivative of the result.
# - **Optimise:** step against the gradient, again and again, to make a value
#   smaller.

# %% [markdown]
# ## The same in TensorFlow
#
# Write `import tensorflow as tf` and everything with `tf.` in this lesson gives
# the same numbers. What differs:
#
# - `draw`, `play` and `descent` belong to tapeviz. TensorFlow does not draw a
#   tape.
# - TensorFlow is made for large models and uses graphics cards. tapeviz uses
#   NumPy, is made for small examples, and knows fewer operations.
#
# Next: [10.2 Recording with a tape](10_2_recording_with_gradient_tape.ipynb)
