# %% [markdown]
# # 10.11 The same in PyTorch
#
# Other frameworks do what TensorFlow does, in other words. Here you meet the
# five listings of the chapter once more, as somebody writes them who works with
# PyTorch. The pictures and the films are the ones you know.
#
# This lesson needs PyTorch. If the first cell of code says
# `No module named 'torch'`, put this line into a cell of its own and run it
# once:
#
# ```
# %pip install torch
# ```
#
# Then restart the kernel. Where PyTorch cannot be installed, as on a page that
# runs Python itself, you can still read on: all films below play as they were
# saved.

# %% [markdown]
# ## Goal
#
# After about 20 minutes you can
#
# - read a gradient in PyTorch and say which line of a tape it stands for,
# - say what `requires_grad`, `backward` and `no_grad` are for,
# - find the mistake that everybody makes once: `.grad` adds up.

# %%
import torch

import tapeviz
import tapeviz as tf
from tapeviz import descent, draw, play, why
from tapeviz.lessons import check

# %% [markdown]
# ## Predict
#
# Here is the listing of lesson 10.2, line by line. On the right the same in
# PyTorch.
#
# | TensorFlow | PyTorch |
# |:--|:--|
# | `x = tf.Variable(3.0)` | `x = torch.tensor(3.0, requires_grad=True)` |
# | `with tf.GradientTape() as tape:` | |
# | `    y = x**2 + 2*x + 1` | `y = x**2 + 2*x + 1` |
# | `dy_dx = tape.gradient(y, x)` | `y.backward()` |
# | `print("dy/dx:", dy_dx.numpy())` | `print("dy/dx:", x.grad.item())` |
#
# 1. On the right nobody says `with`. What, then, says that something has to be
#    recorded?
# 2. `y.backward()` returns nothing. Where is the gradient?
# 3. And when a second result, `z`, calls `z.backward()`: where will that
#    gradient be?

# %% [markdown]
# ## Run
#
# First the tape that you know, and its film, which we keep for later:

# %%
x = tf.Variable(3.0)

with tf.GradientTape() as tape:
    y = x**2 + 2*x + 1

dy_dx = tape.gradient(y, x)
print("dy/dx:", dy_dx.numpy())
known = play(tape, y, x)

# %% [markdown]
# Now PyTorch. `requires_grad=True` is what makes a tensor one that is watched.
# Whatever is computed from it is recorded, everywhere, without a block.

# %%
x = torch.tensor(3.0, requires_grad=True)

y = x**2 + 2*x + 1

y.backward()
print("dy/dx:", x.grad.item())
print("y remembers:", type(y.grad_fn).__name__)

# %% [markdown]
# There is no tape. The record hangs on the result: `y.grad_fn` is the last
# operation, a sum, and it knows the ones before it. `backward` walks back from
# there, and leaves the gradient in `x.grad`.

# %% [markdown]
# ## See
#
# To see it, put a block around the lines. They stay as they are.

# %%
x = torch.tensor(3.0, requires_grad=True)

with tapeviz.torch.record() as tape:
    y = x**2 + 2*x + 1

y.backward()
print("dy/dx:", x.grad.item())
draw(tape)

# %% [markdown]
# The block changes nothing. It looks on while PyTorch computes. Every number in
# the picture is PyTorch's, and so is every gradient of the film:

# %%
play(tape, y, x)

# %% [markdown]
# Have you seen this film before? Compare it with the one of the tape, step by
# step:

# %%
steps = play(tape, y, x).film.frames
before = known.film.frames
same = [a.caption for a in steps] == [b.caption for b in before]
print(len(steps), "steps, word for word the same:", same)

# %% [markdown]
# ## Run: what is watched
#
# The listing of 10.3 watches a constant.
#
# | TensorFlow | PyTorch |
# |:--|:--|
# | `x = tf.constant(3.0)` | `x = torch.tensor(3.0)` |
# | `with tf.GradientTape() as tape:` | |
# | `    tape.watch(x)` | `x.requires_grad_()` |
# | `    y = x**2` | `y = x**2` |
# | `dy_dx = tape.gradient(y, x)` | `y.backward()` |
# | `print("dy/dx:", dy_dx.numpy())` | `print("dy/dx:", x.grad.item())` |
#
# What happens without the line that watches? TensorFlow gives `None`, and says
# nothing. PyTorch complains:

# %%
x = torch.tensor(3.0)

with tapeviz.torch.record() as tape:
    y = x**2

try:
    y.backward()
except RuntimeError as error:
    print(error)

# %%
why(tape, y, x)

# %% [markdown]
# The message of PyTorch is about `y`, which has no `grad_fn`. `why` leads to
# the place where it began. With that line:

# %%
x = torch.tensor(3.0)

with tapeviz.torch.record() as tape:
    x.requires_grad_()
    y = x**2

y.backward()
print("dy/dx:", x.grad.item())
play(tape, y, x)

# %% [markdown]
# ## Run: several variables
#
# | TensorFlow | PyTorch |
# |:--|:--|
# | `x = tf.Variable(1.0)` | `x = torch.tensor(1.0, requires_grad=True)` |
# | `y = tf.Variable(2.0)` | `y = torch.tensor(2.0, requires_grad=True)` |
# | `with tf.GradientTape() as tape:` | |
# | `    f = x**2 + y**3` | `f = x**2 + y**3` |
# | `grads = tape.gradient(f, [x, y])` | `f.backward()` |
# | `print("df/dx:", grads[0].numpy())` | `print("df/dx:", x.grad.item())` |
# | `print("df/dy:", grads[1].numpy())` | `print("df/dy:", y.grad.item())` |
#
# A tape is asked for certain gradients. `backward` takes no list: it fills
# `.grad` of every tensor that it reaches and that was made with
# `requires_grad=True`.

# %%
x = torch.tensor(1.0, requires_grad=True)
y = torch.tensor(2.0, requires_grad=True)

with tapeviz.torch.record() as tape:
    f = x**2 + y**3

f.backward()
print("df/dx:", x.grad.item())
print("df/dy:", y.grad.item())
play(tape, f, [x, y])

# %% [markdown]
# ## Run: two questions
#
# Listing 10.5 asks one tape twice, and has to say `persistent=True` for it.
#
# | TensorFlow | PyTorch |
# |:--|:--|
# | `x = tf.Variable(1.0)` | `x = torch.tensor(1.0, requires_grad=True)` |
# | `with tf.GradientTape(persistent=True) as tape:` | |
# | `    y = x**2` | `y = x**2` |
# | `    z = x**3` | `z = x**3` |
# | `dy_dx = tape.gradient(y, x)` | `y.backward()` |
# | `dz_dx = tape.gradient(z, x)` | `z.backward()` |
# | `print(dy_dx.numpy(), dz_dx.numpy())` | `print(x.grad.item())` |
# | `del tape` | |
#
# In PyTorch each result brings its own record, so two results can be asked. The
# gradients are 2 and 3. What will the last line print?

# %%
x = torch.tensor(1.0, requires_grad=True)

with tapeviz.torch.record() as tape:
    y = x**2
    z = x**3

y.backward()
print(x.grad.item())
z.backward()
print(x.grad.item())

# %% [markdown]
# Not 3, but 2 + 3. `backward` never writes over `.grad`, it adds. Ask why:

# %%
why(tape, z, x)

# %% [markdown]
# So empty `.grad` before the next question. Or use the function that is closest
# to `tape.gradient`. It returns the gradients, one for each source, and leaves
# `.grad` alone:

# %%
x = torch.tensor(1.0, requires_grad=True)

with tapeviz.torch.record() as tape:
    y = x**2
    z = x**3

(dy_dx,) = torch.autograd.grad(y, x)
(dz_dx,) = torch.autograd.grad(z, x)
print(dy_dx.item(), dz_dx.item())
play(tape, z, x)

# %% [markdown]
# And the same result twice? As an ordinary tape, a record is used up by the walk
# through it. `retain_graph=True` is what `persistent=True` is for a tape.

# %%
try:
    torch.autograd.grad(y, x)
except RuntimeError as error:
    print(str(error).partition(" (")[0])

# %% [markdown]
# ## Run: a loop
#
# | TensorFlow | PyTorch |
# |:--|:--|
# | `x = tf.Variable(2.0)` | `x = torch.tensor(2.0, requires_grad=True)` |
# | `for i in range(10):` | `for i in range(10):` |
# | `    with tf.GradientTape() as tape:` | |
# | `        loss = (x - 5)**2` | `    loss = (x - 5)**2` |
# | `    grad = tape.gradient(loss, x)` | `    loss.backward()` |
# | | `    with torch.no_grad():` |
# | `    x.assign_sub(learning_rate * grad)` | `        x -= learning_rate * x.grad` |
# | | `    x.grad = None` |
#
# Two lines have no twin on the left. `no_grad` says: the update is not part of
# the function, do not record it. And `x.grad = None` empties the place where the
# next gradient would be added.

# %%
x = torch.tensor(2.0, requires_grad=True)

learning_rate = 0.1
with descent(x) as run:
    for i in range(10):
        loss = (x - 5)**2
        loss.backward()
        with torch.no_grad():
            x -= learning_rate * x.grad
        x.grad = None

        print(f"Step {i}, x: {x.item():.4f}, loss: {loss.item():.4f}")

# %% [markdown]
# The ten lines are those of lesson 10.6, to the last digit, and so is the film:

# %%
play(run)

# %% [markdown]
# Mostly an optimizer writes these lines for you. `zero_grad` empties `.grad` of
# all that it was given, and `step` is the update, not recorded:

# %%
x = torch.tensor(2.0, requires_grad=True)

optimizer = torch.optim.SGD([x], lr=0.1)
for i in range(10):
    optimizer.zero_grad()
    loss = (x - 5)**2
    loss.backward()
    optimizer.step()

print(f"x: {x.item():.4f}, loss: {loss.item():.4f}")

# %% [markdown]
# ## Change
#
# Now leave the emptying out. What will the path look like? Say it before you
# run the cell.

# %%
x = torch.tensor(2.0, requires_grad=True)

with descent(x) as run:
    for i in range(20):
        loss = (x - 5)**2
        loss.backward()
        with torch.no_grad():
            x -= 0.1 * x.grad

run.plot()

# %% [markdown]
# It swings to and fro and does not come to rest. Each update takes all gradients
# so far, also those from places that `x` left long ago. No error, no warning:
# the loss only does not stay down.

# %% [markdown]
# ## Exercise
#
# **a)** Nobody empties `.grad` here:
#
# ```python
# w = torch.tensor(2.0, requires_grad=True)
# for i in range(3):
#     y = w**2
#     y.backward()
# ```
#
# What is `w.grad` after the loop? Let `answer` be that number.
#
# <details><summary>Hint</summary>
#
# `w` stays where it is. So each round brings the same gradient.
#
# </details>
#
# <details><summary>Solution</summary>
#
# Each round brings `2 * w`, which is 4, and three of them are added: 12.
#
# </details>

# %% tags=["exercise"]
answer = ...

check("10.11a", answer)

# %% [markdown]
# **b)** This loop looks for the lowest point of `(w - 4)**2`, and misses it. One
# line is missing. Add it.
#
# <details><summary>Hint</summary>
#
# Print `w.grad` in each round. What should be in it when a round begins?
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# w = torch.tensor(0.0, requires_grad=True)
#
# for i in range(20):
#     loss = (w - 4)**2
#     loss.backward()
#     with torch.no_grad():
#         w -= 0.5 * w.grad
#     w.grad = None
#
# answer = w
# ```
#
# </details>

# %% tags=["exercise"]
w = torch.tensor(0.0, requires_grad=True)

for i in range(20):
    loss = (w - 4)**2
    loss.backward()
    with torch.no_grad():
        w -= 0.5 * w.grad

answer = w
check("10.11b", answer)

# %% [markdown]
# ## Summary
#
# - `requires_grad=True` watches, and the record hangs on the result: a fresh one
#   each time that you compute.
# - `backward` walks through it, uses it up, and *adds* to `.grad`.
# - Empty `.grad` before each walk: `x.grad = None`, or `optimizer.zero_grad()`.
# - `no_grad` keeps the update out of the record.

# %% [markdown]
# ## The same in TensorFlow
#
# Once more, and side by side. What differs:
#
# | | TensorFlow | PyTorch |
# |:--|:--|:--|
# | watched | `tf.Variable`, or `tape.watch` | `requires_grad=True` |
# | recorded | what runs in the block of a tape | all that is computed from it |
# | not recorded | what is outside, `tape.stop_recording()` | `torch.no_grad()` |
# | no way through | `tf.stop_gradient(x)` | `x.detach()` |
# | a gradient is | returned | added to `.grad` |
# | for these sources | `tape.gradient(y, [x, w])` | `torch.autograd.grad(y, [x, w])` |
# | asked twice | `persistent=True` | `retain_graph=True` |
# | no path | `None` | `.grad` stays `None`, or an error |
# | an update | `x.assign_sub(...)` | `x -= ...` under `no_grad` |
#
# The slopes, the chain rule and the sums are the same in both. That is why one
# film can show them.
