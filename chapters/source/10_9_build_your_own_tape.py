# %% [markdown]
# # 10.9 Build your own tape
#
# This lesson goes on from the chapter. A tape is a simple thing. In less than
# forty lines of Python you build one yourself, piece by piece. At the end you
# play it with the player you know, and you compare its answers with those of
# the real tape.
#
# You need to have seen a Python class with methods.

# %% [markdown]
# ## Goal
#
# After about 20 minutes you can
#
# - say what must be kept for the way back, and why,
# - write the loop that goes backwards and adds,
# - give your tape an operation that it did not know.

# %%
import math

import tapeviz as tf
from tapeviz import draw, play
from tapeviz.lessons import check, replay

# %% [markdown]
# ## Predict
#
# Think of `y = x * x` at `x = 3`. When somebody asks for the gradient, the
# multiplication is long over.
#
# 1. Which numbers have to be kept, so that its slopes can still be computed?
# 2. `x` is used twice. Which operator joins the two numbers that come back: `=`
#    or `+=`?

# %% [markdown]
# ## Run: a list and a number
#
# The tape is a list. A number is an object that holds a value. Python calls
# `__add__` when it meets `a + b`, and `__mul__` when it meets `a * b`. The
# function `record` comes in the next cell.

# %%
tape = []


class Number:
    def __init__(self, value):
        self.value = value

    def __add__(self, other):
        return record("+", self.value + other.value, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        product = self.value * other.value
        return record("×", product, (self, other.value), (other, self.value))


# %% [markdown]
# `record` writes down one entry: the sign, the result, and each operand together
# with its slope. An operand is a number that goes into an operation. For a sum
# the slope is 1. For a product it is the value of the *other* factor.

# %%
def record(sign, value, *parts):
    result = Number(value)
    tape.append((sign, result, parts))
    return result


# %% [markdown]
# Try it. The formula runs as always, and the tape fills.

# %%
x = Number(3.0)
w = Number(2.0)

y = x * x + w * x

print("y:", y.value)
for sign, result, parts in tape:
    print(sign, result.value, [slope for operand, slope in parts])

# %% [markdown]
# Three operations, in the order in which they ran. So every result stands
# further up than the operations that use it. That makes the way back easy: read
# the list from its end.

# %% [markdown]
# ## Run: backwards
#
# The gradient of `y` with respect to itself is 1. Every entry then hands its
# gradient on to its operands, times the slope. Where several arrive, they are
# added.

# %%
def gradient(target, source):
    arrived = {target: 1.0}
    for _sign, result, parts in reversed(tape):
        if result in arrived:
            upstream = arrived[result]
            for operand, slope in parts:
                share = upstream * slope
                arrived[operand] = arrived.get(operand, 0.0) + share
    return arrived.get(source)


print("dy/dx:", gradient(y, x))
print("dy/dw:", gradient(y, w))

# %% [markdown]
# That is all. This way of working, from the result back to the start, is called
# *reverse mode*. Look at the last line of the function: for a number that
# nothing reached, it returns `None`, like the real tape.

# %% [markdown]
# ## See: your tape, played
#
# `replay` reads your list and gives it to the player.

# %%
replay(tape, y, x=x, w=w, y=y)

# %% [markdown]
# Click on the picture and press the `End` key. The film has done what your loop
# does, one share at a time. `x` was reached three times. (`float64` is the form
# in which Python keeps a number with a decimal point. TensorFlow takes the
# shorter `float32`.)
#
# Now the real tape, with the same formula. From here on the names `tape`, `x`,
# `w` and `y` belong to it:

# %%
x = tf.Variable(3.0)
w = tf.Variable(2.0)

with tf.GradientTape() as real:
    y = x * x + w * x

print("dy/dx:", real.gradient(y, x).numpy())
tape = real
draw(tape)

# %%
play(tape, y, x)

# %% [markdown]
# The same numbers. The real tape knows more operations, and arrays, and it keeps
# your lines of code. The idea is the one you wrote.

# %% [markdown]
# ## Change
#
# Go back to `gradient` and put `arrived[operand] = share` in place of the line
# with the sum. Then run the whole lesson again: in the menu *Run*, choose *Run
# All Cells*. Which of the two gradients is wrong now, and why not the other one?
#
# <details><summary>Answer</summary>
#
# `dy/dx` is 3 now. Each share has taken the place of the one before, and only
# the last one is left. `dy/dw` is right, because `w` is used once. Put the sum
# back before you go on, and run all cells once more.
#
# </details>
#
# Another operation is one more function. Here is the sine. Its slope is the
# cosine, and it needs no more than the value of its operand. As in lesson 10.1,
# a small step checks the answer:

# %%
def sin(a):
    return record("sin", math.sin(a.value), (a, math.cos(a.value)))


tape = []
u = Number(0.5)
v = sin(u * u)
print("dv/du:", round(gradient(v, u), 6))

step = 1e-6
change = math.sin((0.5 + step)**2) - math.sin(0.5**2)
print("check:", round(change / step, 4))

# %% [markdown]
# ## Exercise
#
# **a)** Write `exp` in the same way. What is the slope of `exp`? Then record
# `z = exp(t * t)` at `t = 1` and let `answer` be `dz/dt`.
#
# <details><summary>Hint</summary>
#
# `exp` is its own derivative. You have its value already when you write the
# entry.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def exp(a):
#     value = math.exp(a.value)
#     return record("exp", value, (a, value))
#
# tape = []
# t = Number(1.0)
# z = exp(t * t)
# answer = gradient(z, t)
# ```
#
# </details>

# %% tags=["exercise"]
# Your exp goes here.

answer = ...

check("10.9a", answer)

# %% [markdown]
# **b)** Think of a chain of 30 sums, each adding a number to itself:
# `u = u + u`, thirty times. How many entries does the tape get? Give that
# number. If you like, work out how many *paths* lead back to the start.
#
# <details><summary>Hint</summary>
#
# One operation makes one entry, however many paths lead through it.
#
# </details>
#
# <details><summary>Solution</summary>
#
# 30 entries. The paths are 2 to the power of 30, more than a thousand million.
# The loop never walks along them one by one, and that is why it is fast.
#
# </details>

# %% tags=["exercise"]
answer = ...

check("10.9b", answer)

# %% [markdown]
# ## The loop that tapeviz runs
#
# You have written a reverse sweep. This is the one of the package that you have
# installed, read from its own file:

# %%
import inspect

from tapeviz.engine.sweep import sweep

print(inspect.getsource(sweep))

# %% [markdown]
# Put it beside your `gradient`:
#
# | yours | there |
# |---|---|
# | `for ... in reversed(tape)` | `for i in range(stop - 1, start - 1, -1)` |
# | `arrived[result]` | `grads[i]`: by number |
# | `for operand, slope in parts` | `for at, vjp, _ in vjps`, with `j` for the operand |
# | `upstream * slope` | `vjp(g, record)`; `g * record[a]` for a product of two numbers |
# | `arrived[operand] = ... + share` | `grads[j] = ... s + d` |
#
# The rest saves time: sums and products of numbers are written out, and
# `_hand_on` writes over arrays that nobody else needs.

# %% [markdown]
# ## Summary
#
# - Forwards: each operation writes one entry, with its slopes.
# - Backwards: read the list from its end, multiply by the slope, add at the
#   operand.
# - The entries are in the right order already, so nothing has to be sorted.
# - The work grows with the length of the list, not with the number of paths.

# %% [markdown]
# ## The same in TensorFlow
#
# What differs:
#
# - TensorFlow's tape keeps for each operation a function that computes the
#   share, instead of the slope itself. For arrays the slope would be a large
#   table.
# - It stores the entries under numbers, not under objects.
# - Each gradient there is made of operations, too. That is why a tape can record
#   another tape, and gives second derivatives. Yours gives plain numbers.
#
# Next: [10.10 From tape to training](10_10_from_tape_to_training.ipynb)
