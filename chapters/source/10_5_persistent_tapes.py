# %% [markdown]
# # 10.5 Persistent tapes
#
# A tape keeps numbers in memory while it waits for you: the values it needs to
# work out the derivatives. An ordinary tape is therefore good for one question
# only. After `gradient` it is used up.
#
# If you have several questions about the same record, make the tape
# *persistent*. It then answers as often as you like, and keeps its numbers until
# you delete it.

# %% [markdown]
# ## Goal
#
# After about 15 minutes you can
#
# - ask one tape for several gradients,
# - say what happens when an ordinary tape is asked twice,
# - say why you delete a persistent tape when you are done.

# %%
import tapeviz as tf
from tapeviz import draw, play
from tapeviz.lessons import check

# %% [markdown]
# ## Predict
#
# The next cell computes `x**2` and `x**3` on one tape, at `x = 1`. It asks for
# both gradients. Answer before you read it, because its comments tell the
# result.
#
# 1. Which two numbers will it print?
# 2. What would the second question give without `persistent=True`?

# %% [markdown]
# ## Run

# %% tags=["listing"]
x = tf.Variable(1.0)

with tf.GradientTape(persistent=True) as tape:
    y = x**2
    z = x**3

dy_dx = tape.gradient(y, x)  # 2x
dz_dx = tape.gradient(z, x)  # 3x^2
print(dy_dx.numpy(), dz_dx.numpy())  # 2.0, 3.0

del tape  # Cleanup

# %% [markdown]
# ## See
#
# The last line has deleted the tape, so there is nothing left to draw. Record
# the same block again and keep the tape this time.

# %%
with tf.GradientTape(persistent=True) as tape:
    y = x**2
    z = x**3

draw(tape)

# %% [markdown]
# One record, two results. Both begin at the same `x`. Now play the way back
# from each of them. First from `y`:

# %%
play(tape, y, x)

# %% [markdown]
# Then from `z`. The same tape answers again:

# %%
play(tape, z, x)

# %% [markdown]
# Compare the two films. Each walks back along its own branch only. Drag `x` in
# both: at which `x` do the two slopes agree?

# %% [markdown]
# ## Change
#
# Take `persistent=True` away and ask twice. The second question is refused:

# %%
with tf.GradientTape() as once:
    y = x**2
    z = x**3

print("first:", once.gradient(y, x).numpy())
try:
    once.gradient(z, x)
except RuntimeError as error:
    print("second:", str(error).splitlines()[0])

# %% [markdown]
# You can ask an ordinary tape for both at once, with a list of results. But
# look at the answer. Is it what you expected?

# %%
with tf.GradientTape() as once:
    y = x**2
    z = x**3

print(once.gradient([y, z], x).numpy())

# %% [markdown]
# It is 5, one number: the gradient of `y + z`. A list of *results* is added up.
# A list of *variables* gives a list. So for two separate slopes you need a
# persistent tape, or two tapes.
#
# What does a tape hold? With single numbers it is too little to notice. Here is
# a table of 100 rows and 100 columns. `x @ x` multiplies it by itself as a
# matrix, `tanh` is computed of each entry, and `reduce_sum` adds all entries.
# With `memory=True` the picture also shows what is kept:

# %%
x = tf.Variable(tf.ones([100, 100]))

with tf.GradientTape(persistent=True) as tape:
    y = tf.reduce_sum(tf.tanh(x @ x))

draw(tape, memory=True)

# %% [markdown]
# Look at the labels at the bottom of the boxes. The table of `x` is kept, but
# it lives on anyway, because the variable itself holds it. The result of `tanh`
# has no name of its own. Only the tape keeps it alive, since the rule of `tanh`
# needs it on the way back. The product has no label: no rule needs its value.
#
# A persistent tape keeps all this also after `gradient`, for the next question.
# When you are done, delete it. Its name is then gone, and so is what only the
# tape kept. The line below the graph says how much that is: 40 kB.

# %%
del tape
print("tape" in globals())

# %% [markdown]
# ## Exercise
#
# Check the chain rule with one persistent tape. Start with `x = 2`, compute
# `u = x**2`, and then `v = u**3`. Ask the tape for three gradients: `du/dx`,
# `dv/du` and `dv/dx`. Is the third the product of the first two?
#
# <details><summary>Hint</summary>
#
# `u` and `v` are computed inside the block. You may ask for a gradient with
# respect to `u`, too: `tape.gradient(v, u)`.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# x = tf.Variable(2.0)
#
# with tf.GradientTape(persistent=True) as tape:
#     u = x**2
#     v = u**3
#
# du_dx = tape.gradient(u, x)
# dv_du = tape.gradient(v, u)
# dv_dx = tape.gradient(v, x)
# del tape
# ```
#
# </details>

# %% tags=["exercise"]
# Your tape goes here.

du_dx = ...
dv_du = ...
dv_dx = ...

check("10.5", [du_dx, dv_du, dv_dx])

# %% [markdown]
# ## Summary
#
# - An ordinary tape answers once. A second question is an error.
# - `tf.GradientTape(persistent=True)` answers as often as you like.
# - It holds its numbers in memory as long as you hold the tape: use `del tape`.
# - A list of results gives the gradient of their sum.

# %% [markdown]
# ## The same in TensorFlow
#
# The same: an ordinary tape refuses the second question with a `RuntimeError`
# that begins with the same words. What differs:
#
# - In TensorFlow an ordinary tape forgets its record at once after `gradient`.
#   Here you can still draw and play it, so it holds the record until the tape
#   itself is gone.
# - In a large model the numbers on a tape can fill the memory of a graphics
#   card. Then `del tape` matters much more than in these examples.
#
# Next: [10.6 Gradient descent](10_6_using_gradients_for_optimisation.ipynb)
