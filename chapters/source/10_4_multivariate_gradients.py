# %% [markdown]
# # 10.4 Gradients of several variables
#
# Most functions have more than one input, and a model has thousands. Then each
# input has its own slope: how does the result change if *only this one* moves
# and all others stay? These slopes are called partial derivatives. All of them
# together are the gradient.
#
# You get them with one call: give `tape.gradient` a list of variables and it
# gives back a list of gradients, in the same order. One walk backwards is
# enough for all of them.

# %% [markdown]
# ## Goal
#
# After about 10 minutes you can
#
# - ask for several gradients at once,
# - say which number belongs to which variable,
# - explain what happens when a variable is used in two places.

# %%
import tapeviz as tf
from tapeviz import draw, play
from tapeviz.lessons import check

# %% [markdown]
# ## Predict
#
# In the next cell, `f = x**2 + y**3` with `x = 1` and `y = 2`. Answer before you
# read it, because its last lines tell the result.
#
# 1. What are the two gradients?
# 2. If you could move only one of the two by a little, which one changes `f`
#    more?

# %% [markdown]
# ## Run

# %% tags=["listing"]
x = tf.Variable(1.0)
y = tf.Variable(2.0)

with tf.GradientTape() as tape:
    f = x**2 + y**3

grads = tape.gradient(f, [x, y])
print("df/dx:", grads[0].numpy())  # 2x → 2
print("df/dy:", grads[1].numpy())  # 3y^2 → 12

# %% [markdown]
# ## See

# %%
draw(tape)

# %% [markdown]
# Two variables stand on the left, and two separate paths lead to one sum. Look
# at the gradients in the boxes of `x` and `y`. They are 2 and 12: if you move
# `y` a little, `f` changes six times as much as if you move `x` by the same
# amount.

# %%
play(tape, f, [x, y])

# %% [markdown]
# The way back begins at `f` with the gradient 1. The sum hands this 1 on to both
# sides. After that the two paths do not meet again, so each variable gets a
# single number.
#
# The picture with the lines is a map. Along a line `f` stays the same, as the
# height does on a map of hills. The arrow is made of both gradients. It points
# uphill, straight across the lines. Drag `x` and `y` beside *What if*, and
# follow it: where does it point straight to the right?

# %% [markdown]
# ## Change
#
# Now let the variables work together: multiply them, and use `x` once more.
# What are `df/dx` and `df/dy`?

# %%
x = tf.Variable(3.0)
y = tf.Variable(4.0)

with tf.GradientTape() as tape:
    f = x * y + x

play(tape, f, [x, y], predict=True)

# %% [markdown]
# This time the player asks you. Click on the picture and step on with the right
# arrow key. Where a number is hidden, type your guess and press Enter. A
# *contribution* is what one path brings. *Hint* shows the rule first, and then
# the rule with its numbers.
#
# Did you find both?

# %%
grads = tape.gradient(f, [x, y])
print("df/dx:", grads[0].numpy())
print("df/dy:", grads[1].numpy())

# %% [markdown]
# Two things to see in the film. At the product, each side receives the value of
# the *other* side. And `x` receives two numbers, 1 and 4, one for each path.
# Together they are 5.
#
# Instead of a list you may give a dictionary. The gradients come back under the
# same names:

# %%
with tf.GradientTape() as tape:
    f = x * y + x

grads = tape.gradient(f, {"x": x, "y": y})
print("df/dy:", grads["y"].numpy())

# %% [markdown]
# ## Exercise
#
# For `f = x**2 * y` at `x = 2` and `y = 3`: what are `df/dx` and `df/dy`? Try
# it on paper first. Then put the two numbers in the list, or let a tape
# compute them.
#
# <details><summary>Hint</summary>
#
# For `df/dx`, treat `y` as a fixed number. For `df/dy`, treat `x` as one.
#
# </details>
#
# <details><summary>Solution</summary>
#
# `df/dx` is `2 * x * y = 12`, and `df/dy` is `x**2 = 4`.
#
# </details>

# %% tags=["exercise"]
answer = [..., ...]

check("10.4", answer)

# %% [markdown]
# ## Summary
#
# - `tape.gradient(f, [x, y])` gives one gradient for each variable, in the same
#   order.
# - One walk backwards computes all of them.
# - A variable that is used in several places gets the sum over all its paths.

# %% [markdown]
# ## The same in TensorFlow
#
# The same: lists, tuples and dictionaries of variables work in the same way.
# What differs:
#
# - In a TensorFlow model you would write `model.trainable_variables` for the
#   list, which can hold thousands of entries.
# - The picture here shows each number. For a large model you would look at a
#   small part of it only.
#
# Next: [10.5 Persistent tapes](10_5_persistent_tapes.ipynb)
