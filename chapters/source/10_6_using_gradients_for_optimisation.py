# %% [markdown]
# # 10.6 Using gradients for optimisation
#
# To train a model is to make one number small: the *loss*, which says how
# wrong the model is. The gradient of the loss points uphill. So a training
# step is:
#
# 1. record the loss on a tape,
# 2. ask for the gradient,
# 3. move the variable a little way *against* it.
#
# Repeat this, and the loss goes down. The method is called *gradient descent*.

# %% [markdown]
# ## Goal
#
# After about 20 minutes you can
#
# - write a training loop and say what each line does,
# - read the path of a descent and its loss curve,
# - tell a learning rate that is too small from one that is too large.

# %%
import tapeviz as tf
from tapeviz import descent, draw, explore, play
from tapeviz.lessons import check

# %% [markdown]
# ## Predict
#
# The loss below is `(x - 5)**2`, and `x` starts at 2. The learning rate is 0.1.
#
# 1. Where is the loss smallest?
# 2. Where does `x` stand after the first update?
# 3. Will `x` have arrived after ten updates?

# %% [markdown]
# ## Run

# %% tags=["listing"]
x = tf.Variable(2.0)

learning_rate = 0.1
for i in range(10):
    with tf.GradientTape() as tape:
        loss = (x - 5)**2

    grad = tape.gradient(loss, x)
    x.assign_sub(learning_rate * grad)

    print(f"Step {i}, x: {x.numpy():.4f}, loss: {loss.numpy():.4f}")

# %% [markdown]
# `x.assign_sub(...)` changes `x` in place: it subtracts, and `x` stays the same
# variable. So in each printed line `x` is already the new value, and `loss` is
# still the old one. The loss was computed before the update.

# %% [markdown]
# ## See: one step
#
# Each round of the loop makes a new tape. The name `tape` now holds the last
# one. It shows `x` as it was when the tape recorded it, before the last update:

# %%
draw(tape)

# %%
play(tape, loss, x)

# %% [markdown]
# The error `x - 5` is small by now, and the gradient is twice the error. That is
# why the updates become smaller and smaller, although the learning rate stays
# the same.

# %% [markdown]
# ## See: all steps
#
# Put the loop into a block that begins with `with descent(x) as run:`. The loop
# itself stays as it is. It prints the same ten lines, and now the run is kept.

# %% tags=["descent"]
x = tf.Variable(2.0)

learning_rate = 0.1
with descent(x) as run:
    for i in range(10):
        with tf.GradientTape() as tape:
            loss = (x - 5)**2

        grad = tape.gradient(loss, x)
        x.assign_sub(learning_rate * grad)

        print(f"Step {i}, x: {x.numpy():.4f}, loss: {loss.numpy():.4f}")

# %%
run.plot()

# %% [markdown]
# On the left: the loss for each `x`, and the path on it. Each arrow is one
# update. On the right: the loss at each step. It falls fast at first and slowly
# later.

# %%
play(run)

# %% [markdown]
# Play it, or step with the arrow keys. Each update comes in three parts: the
# gradient at this place, the move, and the new loss. Check the first move with
# the numbers of the film: 0.1 times -6 is -0.6, and minus -0.6 is a move by 0.6
# to the right.

# %% [markdown]
# ## Change
#
# Here is the same loop as a function, with the learning rate and the number of
# updates to choose. A rate that is too large first:

# %%
def descend(learning_rate, steps=10):
    x = tf.Variable(2.0)
    with descent(x) as run:
        for i in range(steps):
            with tf.GradientTape() as tape:
                loss = (x - 5)**2
            grad = tape.gradient(loss, x)
            x.assign_sub(learning_rate * grad)
    return run


descend(1.1).plot()

# %% [markdown]
# Each update jumps over the lowest point and lands higher up on the other side.
# There the slope is steeper, so the next jump is longer. The loss grows without
# end: the run *diverges*. Compare the scales of this picture with the first.
#
# Every run can say how it behaves, and which numbers decide it:

# %%
for rate in [0.1, 0.7, 1.1]:
    print(rate, descend(rate).regime)

# %% [markdown]
# The lowest point is also called the *minimum*. A run that comes to rest there
# *converges*. A run that jumps over it on the way *overshoots*.
#
# The *curvature* says how fast the slope changes. Here it is 2 everywhere. What
# decides is the rate times the curvature: below 2 the run converges, and above 2
# it diverges.
#
# And a rate that is too small:

# %%
descend(0.01).plot()

# %% [markdown]
# The direction is right, but ten updates hardly move `x`.
#
# Now choose for yourself. The next cell shows a panel with sliders for the
# learning rate and the number of steps. `lambda:` stands before the loss, so
# that the panel can record it once; from then on your page computes it by
# itself. Find a rate where the path jumps from side to side and still comes to
# rest. Then drag the start along the curve: does the largest good rate change?

# %% tags=["live"]
x = tf.Variable(2.0)

explore(lambda: (x - 5)**2, x)

# %% [markdown]
# ## Exercise
#
# **a)** With one learning rate the very first update lands exactly on the lowest
# point. Which rate is it? Use the panel, `descend(...)`, or paper.
#
# <details><summary>Hint</summary>
#
# At `x = 2` the gradient is -6, and the way to the lowest point is 3.
#
# </details>
#
# <details><summary>Solution</summary>
#
# With 0.5: the first move is `0.5 * 6 = 3`, which is the whole way.
#
# </details>

# %% tags=["exercise"]
answer = ...

check("10.6a", answer)

# %% [markdown]
# **b)** With another rate the loss neither falls nor grows: `x` jumps between
# two places, again and again. Which rate is it?
#
# <details><summary>Hint</summary>
#
# It lies between a rate that comes to rest and 1.1, which diverges.
#
# </details>
#
# <details><summary>Solution</summary>
#
# With 1.0 the first move is 6, from 2 to 8. There the gradient is 6, and the
# next move leads back to 2.
#
# </details>

# %% tags=["exercise"]
answer = ...

check("10.6b", answer)

# %% [markdown]
# ## Summary
#
# - Record, ask for the gradient, step against it, repeat.
# - The learning rate says how far to go along the gradient.
# - Too small: the run hardly moves. Too large: it jumps over the lowest point,
#   and in the end it diverges.
# - Near the lowest point the gradient is small, so the steps are short.

# %% [markdown]
# ## The same in TensorFlow
#
# The same: the loop, with each printed digit. What differs:
#
# - In TensorFlow one rarely writes the update by hand. An *optimizer* does it:
#   `optimizer = tf.keras.optimizers.SGD(0.1)`, and in the loop
#   `optimizer.apply_gradients([(grad, x)])`. Both lines work here as well.
# - A real loss has many variables, so its curve cannot be drawn like this one.
#   Then only the loss at each step can be shown.
#
# Next: [10.7 Summary and exercises](10_7_summary_and_exercises.ipynb)
