# %% [markdown]
# # 10.10 From tape to training
#
# This lesson goes on from the chapter. You train two models with the loop you
# know. The first is a straight line, whose best answer can be computed exactly.
# The second is a small network, for which there is no such formula. At the end
# you let optimizers race.

# %% [markdown]
# ## Goal
#
# After about 20 minutes you can
#
# - train a model with a tape and a loop,
# - check a training against an answer that is known,
# - say what an optimizer adds to plain gradient descent.

# %%
import tapeviz as tf
from tapeviz import descent, draw, explore, play
from tapeviz.lessons import check
from tapeviz.lessons.training import (
    Network, best_line, decision, live, noisy_line, two_moons,
)

# %% [markdown]
# ## Predict
#
# The first data are 30 points near the line `y = 2x - 1`. Each point was moved
# up or down a little, at random. Such a random part is called *noise*. The
# model is `slope * x + height`, and it begins with 0 and 0.
#
# 1. Which two numbers should the training find?
# 2. Will it find exactly these?

# %% [markdown]
# ## Run: a line
#
# Here `x` and `y` hold all 30 points at once. `tf.reduce_mean` takes the mean of
# the 30 squared errors: that is the loss.

# %%
x, y = noisy_line()

slope = tf.Variable(0.0)
height = tf.Variable(0.0)

with descent(slope, height) as run:
    for i in range(60):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((slope * x + height - y)**2)
        grads = tape.gradient(loss, [slope, height])
        slope.assign_sub(0.2 * grads[0])
        height.assign_sub(0.2 * grads[1])

print("by descent:", round(float(slope), 3), round(float(height), 3))

# %% [markdown]
# For a line there is an exact answer, by linear algebra and without any steps:

# %%
exact = best_line(x, y)
print("exactly:   ", round(exact[0], 3), round(exact[1], 3))

# %% [markdown]
# The two agree, and both differ a little from 2 and -1. The training found the
# best line for these points. Because of the noise, it is not quite the line that
# the points were made from.

# %% [markdown]
# ## See: the way to the line

# %% tags=["varies"]
play(run)

# %% [markdown]
# The landscape is a long valley. The first step goes down its steep side, and a
# little too far. After that the path goes slowly along the valley. In the next
# picture, the star is the exact answer.

# %% tags=["varies"]
figure = run.plot()
figure.axes[0].plot(*exact, "k*", mfc="gold", markersize=18, zorder=9)
figure

# %% [markdown]
# ## Run: two moons
#
# The next data are points in two groups, each in the form of a half moon. No
# straight line divides them. So the model is a network. It takes the two
# numbers of a point. In the middle it has 16 *units*: each adds its inputs,
# times weights, and a number of its own, the *bias*, and takes `tanh` of the
# sum. One more sum joins the units to one number. Above zero it stands for one
# group, below zero for the other. In all, 65 numbers are to be learned.

# %%
points, labels = two_moons(120)
net = Network(hidden=16, seed=1)

with tf.GradientTape() as tape:
    loss = net.loss(points, labels)

grads = tape.gradient(loss, net.variables)
print([tuple(grad.shape) for grad in grads])

# %% [markdown]
# ## See: one step of the network
#
# The tape of one step is as short as the formula. Most boxes now hold a whole
# table of numbers.

# %% tags=["varies"]
draw(tape)

# %% tags=["varies"]
play(tape, loss, net.variables)

# %% [markdown]
# ## Run: the training
#
# `live` counts like `range`, and shows the run while it goes on: the loss, and
# the points of the two groups. Where the ground is coloured, the network decides
# for the round points. The line is the border.
#
# *Adam* is an optimizer: it does the update in place of `assign_sub`. More about
# it follows below.

# %% tags=["varies"]
adam = tf.keras.optimizers.Adam(0.05)

with descent(*net.variables) as training:
    for i in live(120, training, lambda: decision(net, points, labels)):
        with tf.GradientTape() as tape:
            loss = net.loss(points, labels)
        grads = tape.gradient(loss, net.variables)
        adam.apply_gradients(zip(grads, net.variables, strict=True))

# %% [markdown]
# Watch the border. First it is nearly straight, because a straight border
# already gets most points right. Then it bends into the gap.
#
# The training is now a film. Press play, or drag the cursor: border, loss and
# all 65 numbers stand at the same step. With a model of your own, write
# `decision(model, points, labels)`. `play(training)` shows the film again.
#
# A path of 65 numbers cannot be drawn. The next picture shows the two directions
# in which the path went furthest.

# %% tags=["varies"]
training.plot()

# %% [markdown]
# ## Change
#
# In the cell of the training, put `tf.keras.optimizers.SGD(0.05)` in place of
# Adam. It is the plain update that you know. Above the loop, write
# `net = Network(hidden=16, seed=1)`, so that the network starts again. How far
# does it get in 120 steps? Then try a rate of 1.
#
# Now let optimizers race on landscapes of your choice. Press play in the panel:
# all of them run at once, step by step. Then choose another landscape, and drag
# the start to another place.

# %% tags=["live"]
explore("ravine", compare=["momentum", "Adam"])

# %% [markdown]
# Plain descent takes the gradient as it comes. *Momentum* keeps a part of its
# last move, so it gathers speed along a valley. *Adam* gives each number a step
# of its own size, so a flat direction is not left behind. None of them is the
# best on every landscape.

# %% [markdown]
# ## Exercise
#
# **a)** How many numbers does a network with two inputs, 8 units in the middle
# and one output learn?
#
# <details><summary>Hint</summary>
#
# Look at the four shapes that were printed above, for 16 units. How do they look
# for 8? Count the numbers in each.
#
# </details>
#
# <details><summary>Solution</summary>
#
# `2 * 8 + 8 + 8 + 1 = 33`
#
# </details>

# %% tags=["exercise"]
answer = ...

check("10.10a", answer)

# %% [markdown]
# **b)** Momentum, by hand. The loss is `w**2`, and `w` begins at 10. The speed
# begins at 0. In each step the speed becomes `0.5 * speed - 0.1 * gradient`, and
# is then added to `w`. Where is `w` after two steps?
#
# <details><summary>Hint</summary>
#
# The gradient of `w**2` is `2 * w`. Write down the gradient, the speed and `w`
# for each step, one below the other.
#
# </details>
#
# <details><summary>Solution</summary>
#
# The first gradient is 20, so the speed is -2, and `w` becomes 8. The second
# gradient is 16, so the speed is `0.5 * (-2) - 0.1 * 16 = -2.6`, and `w` becomes
# 5.4.
#
# </details>

# %% tags=["exercise"]
answer = ...

check("10.10b", answer)

# %% [markdown]
# ## Summary
#
# - Training is the loop of lesson 10.6, with a model inside.
# - Where an exact answer exists, use it to check the training.
# - An optimizer changes the step, and never the gradient.
# - With many variables look at the loss, and at what the model decides.

# %% [markdown]
# ## The same in TensorFlow
#
# What differs:
#
# - The network would be two layers, `tf.keras.layers.Dense(16, "tanh")` and
#   `tf.keras.layers.Dense(1)`. Both exist here as well.
# - For large data the loop takes a part of the points in each step, a *batch*.
# - `tapeviz.lessons.training` is ours. In TensorFlow the loop has a short form,
#   `model.fit`, which hides the tape.
#
# Next: [10.11 The same in PyTorch](10_11_the_same_in_pytorch.ipynb)
