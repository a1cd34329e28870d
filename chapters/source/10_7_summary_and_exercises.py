# %% [markdown]
# # 10.7 Summary and exercises
#
# You have met the whole path. A tape **records** what your code computes. Read
# backwards, the record gives **gradients**, by the chain rule. Steps against
# the gradient **optimise** a value.
#
# The value of a loss alone teaches a program nothing. Its gradient does: it says
# how to change each number so that the loss becomes smaller. Every optimizer
# works with such gradients.
#
# This lesson puts the parts together once more. Then it asks you a little about
# each.

# %% [markdown]
# ## Goal
#
# After about 20 minutes you can
#
# - tell what each line of a small training loop is for,
# - find the mistake when a gradient is `None`,
# - write the update step without help.

# %%
import tapeviz as tf
from tapeviz import descent, draw, play
from tapeviz.lessons import check, drill, ordering

# %% [markdown]
# ## Predict
#
# The next cell has two variables and the loss `(x - 1)**2 + (x + y - 3)**2`. No
# square is ever below zero. So where is the loss smallest, and how small is it
# there?

# %% [markdown]
# ## Run

# %%
x = tf.Variable(4.0)
y = tf.Variable(3.0)

with descent(x, y) as run:
    for i in range(25):
        with tf.GradientTape() as tape:
            loss = (x - 1)**2 + (x + y - 3)**2
        grads = tape.gradient(loss, [x, y])
        x.assign_sub(0.15 * grads[0])
        y.assign_sub(0.15 * grads[1])

print(f"x: {x.numpy():.3f}, y: {y.numpy():.3f}")

# %% [markdown]
# ## See: the descent

# %%
play(run)

# %% [markdown]
# With two variables the loss is a landscape, seen from above. Each line joins
# places of equal loss, as on a map. The path crosses the lines downhill. Watch
# where it bends: the steepest way down is not always the straight way to the
# lowest point. On the right, each mark of the scale is ten times the one below
# it, so that small losses can be seen, too.

# %% [markdown]
# ## See: one tape of the run
#
# After 25 updates all gradients are nearly zero. Record the loss once more at
# the start, where there is more to see:

# %%
x.assign(4.0)
y.assign(3.0)

with tf.GradientTape() as tape:
    loss = (x - 1)**2 + (x + y - 3)**2

grads = tape.gradient(loss, [x, y])
draw(tape)

# %%
play(tape, loss, [x, y])

# %% [markdown]
# `x` takes part in both squares, so two numbers come back to it. `y` takes part
# in one. That is why the first update moves `x` further than `y`.

# %% [markdown]
# ## Change
#
# Which learning rates work here? Open *What if?* below the film, or put other
# numbers in place of 0.15 in the cell under *Run* and play the run again. Try
# 0.05 and 0.4. Each time, decide before you look: will it arrive, will it be too
# slow to arrive, or will it diverge? The last sentence says how the run behaved.

# %% [markdown]
# ## Exercises
#
# An empty answer stops nothing. Do them in any order.
#
# **a) A gradient.** What is the gradient of `y = x**2 - 6*x` at `x = 1`?
#
# <details><summary>Hint</summary>
#
# Each of the two terms has a slope of its own.
#
# </details>
#
# <details><summary>Solution</summary>
#
# `2x - 6` is -4 at `x = 1`.
#
# </details>

# %% tags=["exercise"]
answer = ...

check("10.7a", answer)

# %% [markdown]
# **b) Two variables.** For `f = a*b + 2*a` at `a = 2` and `b = 4`, give `df/da`
# and `df/db`.
#
# <details><summary>Hint</summary>
#
# `a` is used twice, so two paths lead back to it.
#
# </details>
#
# <details><summary>Solution</summary>
#
# `df/da` is `b + 2 = 6`, and `df/db` is `a = 2`.
#
# </details>

# %% tags=["exercise"]
answer = [..., ...]

check("10.7b", answer)

# %% [markdown]
# **c) A puzzle.** This gradient is `None`. Nothing needs to be added: move
# something.
#
# <details><summary>Hint</summary>
#
# Use `draw(tape)` to see what was recorded. What is missing?
#
# </details>
#
# <details><summary>Solution</summary>
#
# The line `y = u * x` belongs into the block. Move it to the right by four
# places.
#
# </details>

# %% tags=["exercise"]
x = tf.Variable(2.0)

with tf.GradientTape() as tape:
    u = x * x
y = u * x

answer = tape.gradient(y, x)
check("10.7c", answer)

# %% [markdown]
# **d) A model.** A model predicts `3*w + b`, and 10 would be right. The loss is
# `(3*w + b - 10)**2`. Give the gradients with respect to `w` and `b`, at
# `w = 2` and `b = 1`. Use a tape.
#
# <details><summary>Hint</summary>
#
# Two variables, one block, and `tape.gradient(loss, [w, b])`.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# w, b = tf.Variable(2.0), tf.Variable(1.0)
#
# with tf.GradientTape() as tape:
#     loss = (3*w + b - 10)**2
#
# answer = tape.gradient(loss, [w, b])
# ```
#
# </details>

# %% tags=["exercise"]
# Your tape goes here.

answer = [..., ...]

check("10.7d", answer)

# %% [markdown]
# **e) A training loop.** One line is missing. Add it, with a learning rate of
# 0.1.
#
# <details><summary>Hint</summary>
#
# Ask the tape for the gradient, then use `w.assign_sub(...)`.
#
# </details>
#
# <details><summary>Solution</summary>
#
# The last line of the loop: `w.assign_sub(0.1 * tape.gradient(loss, w))`.
#
# </details>

# %% tags=["exercise"]
w = tf.Variable(0.0)

for i in range(100):
    with tf.GradientTape() as tape:
        loss = (w - 4)**2
    # Your update goes here.

check("10.7e", w)

# %% [markdown]
# ## Exercises: as many as you like
#
# Another seed gives other questions, of all sections of the chapter. They are
# judged here in the page.

# %%
drill("10.7", seed="your name")

# %% [markdown]
# And can you do what the tape does? Put the steps of a backward pass in order.
# Several orders can be right.

# %%
x = tf.Variable(3.0)

with tf.GradientTape() as tape:
    y = x**2 + 2*x + 1

ordering(tape, y, x)

# %% [markdown]
# ## Summary
#
# | You want | You write | Lesson |
# |:--|:--|:--|
# | to record | `with tf.GradientTape() as tape:` | [10.2](10_2_recording_with_gradient_tape.ipynb) |
# | a gradient | `tape.gradient(y, x)` | [10.2](10_2_recording_with_gradient_tape.ipynb) |
# | a constant to be watched | `tape.watch(x)` | [10.3](10_3_watching_non_variable_tensors.ipynb) |
# | several gradients | `tape.gradient(f, [x, y])` | [10.4](10_4_multivariate_gradients.ipynb) |
# | to ask again | `tf.GradientTape(persistent=True)` | [10.5](10_5_persistent_tapes.ipynb) |
# | to go downhill | `x.assign_sub(rate * grad)` | [10.6](10_6_using_gradients_for_optimisation.ipynb) |

# %% [markdown]
# ## The same in TensorFlow
#
# Everything with `tf.` in these lessons works in TensorFlow as it stands. Take
# the import line of TensorFlow, leave out `draw`, `play`, `descent` and
# `explore`, and your code is ready to move. What you will find there and not
# here: layers and data sets made for large models, graphics cards, and
# `tf.function`, which compiles your code to make it faster.
#
# The chapter ends here. Four lessons go on from it.
#
# Next: [10.8 Where gradients vanish](10_8_where_gradients_vanish.ipynb)
