"""The rules that items of a drill are generated from, for each lesson.

A rule draws friendly numbers, writes a few lines of code with them, and says what comes
out, by the slopes along each path. The engine is not asked: a test compares.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product
from random import Random
from typing import TypeAlias

import numpy as np

from tapeviz.lessons.usual_mistakes import Paths, explained, value, variants
from tapeviz.trace.drill import Answer, DrillItem
from tapeviz.wording.values import join, number

SMALL = (2.0, 3.0, 4.0, 5.0)
STARTS = (*SMALL, 6.0, -2.0, -3.0)
FACTORS = (2, 3, 4, 5, -2, -3, -4)
RATES = (0.1, 0.2, 0.25, 0.5)
"""Numbers that can be computed with in one's head."""

CHOICES = 4
TRIES = 60
LARGEST = 200.0
"""An item with a larger number in its answer is left out."""

TYPED = 0.4
"""The part of those items that could be typed which are."""

APART = 0.03
"""How far from each other answers are at least, in relation to the larger one."""

IS_VALUE = "That is the value, not its gradient."
SWAPPED = "The two are the other way round."
NOT_WATCHED = "A constant is not watched, so the tape records nothing of it: None."
WATCHED = "The tape watches it, and it is used: there is a gradient."
NOT_USED = "It does not lead to y: its gradient is None, which is not zero."
ALSO_ZERO = "Nothing was recorded that leads back to it: that is None, not zero."


@dataclass(frozen=True)
class Draft:
    """What a rule makes: an item without its choices."""

    code: str
    asked: tuple[str, ...]
    answer: Answer
    mistakes: tuple[tuple[Answer, str], ...]
    hint: str
    because: str
    paths: tuple[Paths, ...] = ()


Rule: TypeAlias = Callable[[Random], Draft]


# -- writing code --------------------------------------------------------------------


def _term(factor: float, name: str = "") -> str:
    """A term that is added or subtracted: ``+ 2*x``, ``- 3``."""
    times = f"*{name}" if name else ""
    return f"{'-' if factor < 0 else '+'} {number(abs(factor))}{times}"


def _variables(**values: float) -> str:
    return "\n".join(f"{name} = tf.Variable({v})" for name, v in values.items())


def _program(before: str, body: str, after: str, tape: str = "") -> str:
    """The lines of a program: before the tape's block, in it, and after it."""
    inside = "\n".join(f"    {line}" for line in body.splitlines())
    block = f"with tf.GradientTape({tape}) as tape:\n{inside}"
    return f"{before}\n\n{block}\n\n{after}\n"


def _worked(paths: Paths) -> str:
    """How a derivative is put together, as in ``2 * 3 + 4 = 10``."""
    terms = [" * ".join(map(_factor, path)) for path in paths]
    sum, result = " + ".join(terms), number(value(paths))
    return result if sum in {result, f"({result})"} else f"{sum} = {result}"


def _factor(slope: float) -> str:
    text = number(slope)
    return f"({text})" if slope < 0 else text


def _slopes(
    code: str, asked: Mapping[str, Paths], *mistakes: tuple[Answer, str]
) -> Draft:
    """A draft that asks for derivatives, each with the slopes along its paths."""
    paths = tuple(asked.values())
    answer = tuple(map(value, paths))
    if len(answer) == 2:
        mistakes = (*mistakes, (answer[::-1], SWAPPED))
    said = [f"{name} is {_worked(found)}" for name, found in asked.items()]
    counts = [
        f"{name}: {len(found)} path{'' if len(found) == 1 else 's'}"
        for name, found in asked.items()
    ]
    return Draft(
        code, tuple(asked), answer, mistakes,
        f"Along a path multiply the slopes, then add the paths. {', '.join(counts)}.",
        f"{', '.join(said)}.", paths,
    )  # fmt: skip


# -- the rules -----------------------------------------------------------------------


def _parabola(r: Random) -> Draft:
    x, b = r.choice(STARTS), r.choice(FACTORS)
    body = f"y = x*x {_term(b, 'x')}"
    code = _program(_variables(x=x), body, "dy_dx = tape.gradient(y, x)")
    return _slopes(code, {"dy_dx": [[x], [x], [b]]}, ((x * x + b * x,), IS_VALUE))


def _square_of_a_line(r: Random) -> Draft:
    x, a, b = r.choice(STARTS), r.choice(FACTORS), r.choice(FACTORS)
    u = a * x + b
    code = _program(
        _variables(x=x), f"u = {a}*x {_term(b)}\ny = u*u", "dy_dx = tape.gradient(y, x)"
    )
    return _slopes(code, {"dy_dx": [[u, a], [u, a]]}, ((u * u,), IS_VALUE))


def _cube_by_hand(r: Random) -> Draft:
    x, c = r.choice(SMALL), r.choice(FACTORS)
    body = f"y = {c}*x + x*x*x"
    code = _program(_variables(x=x), body, "dy_dx = tape.gradient(y, x)")
    y = c * x + x**3
    return _slopes(code, {"dy_dx": [[c], *[[x, x]] * 3]}, ((y,), IS_VALUE))


def _polynomial(r: Random) -> Draft:
    x, b, c = r.choice(STARTS), r.choice(FACTORS), r.choice(FACTORS)
    body = f"y = x**2 {_term(b, 'x')} {_term(c)}"
    code = _program(_variables(x=x), body, "dy_dx = tape.gradient(y, x)")
    return _slopes(
        code, {"dy_dx": [[2, x], [b]]}, ((x * x + b * x + c,), IS_VALUE),
        ((2 * x + b + c,), "A number that is added has no path back to x."),
    )  # fmt: skip


def _cubic(r: Random) -> Draft:
    x, b = r.choice((2.0, 3.0, -2.0)), r.choice(FACTORS)
    body = f"y = x**3 {_term(b, 'x')}"
    code = _program(_variables(x=x), body, "dy_dx = tape.gradient(y, x)")
    return _slopes(
        code, {"dy_dx": [[3, x * x], [b]]}, ((x**3 + b * x,), IS_VALUE),
        ((3 * x + b,), "The slope of x**3 is 3 * x**2: the power falls by one only."),
    )  # fmt: skip


def _power_of_a_sum(r: Random) -> Draft:
    x, b = r.choice(STARTS), r.choice(FACTORS)
    u = x + b
    code = _program(
        _variables(x=x), f"y = (x {_term(b)})**2", "dy_dx = tape.gradient(y, x)"
    )
    return _slopes(
        code, {"dy_dx": [[2, u]]}, ((u * u,), IS_VALUE),
        ((2 * x,), "The whole bracket is squared: take the slope at its value."),
    )  # fmt: skip


def _watching(r: Random, before: str, body: str, *, seen: bool, said: str) -> Draft:
    """A draft of ``y = x*x + b*x``, which asks whether there is a gradient."""
    x, b = r.choice(SMALL), r.choice(FACTORS)
    line = f"y = x*x {_term(b, 'x')}"
    code = _program(
        before.format(x=x), body.format(y=line), "dy_dx = tape.gradient(y, x)"
    )
    paths: Paths = [[x], [x], [b]]
    right, hint = value(paths), "Does the tape watch x when y is computed?"
    is_value = ((x * x + b * x,), IS_VALUE)
    if seen:
        draft = _slopes(code, {"dy_dx": paths}, ((None,), WATCHED), is_value)
        return replace(draft, hint=hint, because=f"{said} {draft.because}")
    return Draft(
        code, ("dy_dx",), (None,),
        (((right,), said), ((0.0,), ALSO_ZERO), is_value),
        hint, said,
    )  # fmt: skip


def _variable(r: Random) -> Draft:
    said = "A variable is watched without being asked for."
    return _watching(r, "x = tf.Variable({x})", "{y}", seen=True, said=said)


def _constant(r: Random) -> Draft:
    return _watching(r, "x = tf.constant({x})", "{y}", seen=False, said=NOT_WATCHED)


def _watched_constant(r: Random) -> Draft:
    body, said = "tape.watch(x)\n{y}", "The tape was told to watch x before x was used."
    return _watching(r, "x = tf.constant({x})", body, seen=True, said=said)


def _watched_late(r: Random) -> Draft:
    said = "The tape watches x after y was computed, which is too late: None."
    return _watching(
        r, "x = tf.constant({x})", "{y}\ntape.watch(x)", seen=False, said=said
    )


def _unused(r: Random) -> Draft:
    v, w = r.sample(SMALL, 2)
    b = r.choice(FACTORS)
    code = _program(
        _variables(v=v, w=w), f"u = v*v\ny = {b}*w",
        "dy_dv, dy_dw = tape.gradient(y, [v, w])",
    )  # fmt: skip
    return Draft(
        code, ("dy_dv", "dy_dw"), (None, float(b)),
        (
            ((0.0, float(b)), NOT_USED),
            ((2 * v, float(b)), "u is recorded, but y is not computed from it."),
            ((None, b * w), IS_VALUE),
        ),
        "Which of the two does y depend on?",
        f"y is computed from w alone: dy_dv is None, and dy_dw is {b}.",
    )  # fmt: skip


def _weight_and_data(r: Random) -> Draft:
    w, x = r.sample(STARTS, 2)
    before = f"w = tf.Variable({w})\nx = tf.constant({x})"
    code = _program(before, "y = w * x", "dy_dw, dy_dx = tape.gradient(y, [w, x])")
    return Draft(
        code, ("dy_dw", "dy_dx"), (x, None),
        (
            ((x, w), NOT_WATCHED),
            ((None, w), "The variable is watched, and the constant is not."),
            ((x, 0.0), ALSO_ZERO),
        ),
        "A variable is watched by itself. And a constant?",
        f"At a product w gets the value of x, {number(x)}; nothing watches x.",
    )  # fmt: skip


_OF_TWO = "df_dx, df_dy = tape.gradient(f, [x, y])"


def _product(r: Random) -> Draft:
    x, y = r.sample(STARTS, 2)
    b = r.choice(FACTORS)
    code = _program(_variables(x=x, y=y), f"f = x * y {_term(b, 'x')}", _OF_TWO)
    return _slopes(code, {"df_dx": [[y], [b]], "df_dy": [[x]]})


def _square_times(r: Random) -> Draft:
    x, y = r.sample(SMALL, 2)
    code = _program(_variables(x=x, y=y), "f = x**2 * y", _OF_TWO)
    return _slopes(
        code, {"df_dx": [[2, x, y]], "df_dy": [[x, x]]},
        ((2 * x, x * x), "For df_dx, y stays as a factor."),
        ((2 * x * y, 1.0), "For df_dy, x**2 stays as a factor."),
    )  # fmt: skip


def _apart(r: Random) -> Draft:
    x, y = r.sample(STARTS, 2)
    b = r.choice(FACTORS)
    code = _program(_variables(x=x, y=y), f"f = x**2 {_term(b, 'y')}", _OF_TWO)
    both = 2 * x + b
    return _slopes(
        code, {"df_dx": [[2, x]], "df_dy": [[b]]},
        ((both, both), "Move one and hold the other: a term without it adds nothing."),
    )  # fmt: skip


def _square_of_two(r: Random) -> Draft:
    x, y = r.sample(STARTS, 2)
    b = r.choice(FACTORS)
    u = x + b * y
    code = _program(_variables(x=x, y=y), f"f = (x {_term(b, 'y')})**2", _OF_TWO)
    return _slopes(
        code, {"df_dx": [[2, u]], "df_dy": [[2, u, b]]},
        ((2 * u, 2 * u), f"y is multiplied by {b} inside of the bracket."),
    )  # fmt: skip


def _two_questions(r: Random) -> Draft:
    x, b = r.choice(SMALL), r.choice(FACTORS)
    code = _program(
        _variables(x=x), f"u = x*x\nv = {b}*u",
        "dv_du = tape.gradient(v, u)\ndv_dx = tape.gradient(v, x)", "persistent=True",
    )  # fmt: skip
    return _slopes(
        code, {"dv_du": [[b]], "dv_dx": [[b, x], [b, x]]},
        ((b, b), "That is dv_du again: on the way to x comes the slope of u, too."),
    )  # fmt: skip


def _cube_in_the_middle(r: Random) -> Draft:
    x, b = r.choice((1.0, 2.0, 3.0)), r.choice((2, 3, -2, -3))
    u = b * x
    code = _program(
        _variables(x=x), f"u = {b}*x\nv = u**2",
        "dv_du = tape.gradient(v, u)\ndv_dx = tape.gradient(v, x)", "persistent=True",
    )  # fmt: skip
    wrong = 2 * x
    return _slopes(
        code, {"dv_du": [[2, u]], "dv_dx": [[2, u, b]]},
        ((wrong, wrong * b), "For dv_du take the slope at u, not at x."),
        ((2 * u, 2 * u + b), "Along one path the slopes are multiplied, not added."),
    )  # fmt: skip


def _list_of_targets(r: Random) -> Draft:
    x, a, b = r.choice(SMALL), r.choice(FACTORS), r.choice(FACTORS)
    code = _program(
        _variables(x=x), f"u = {a}*x\nv = x**2 {_term(b, 'x')}",
        "total = tape.gradient([u, v], x)",
    )  # fmt: skip
    return _slopes(
        code, {"total": [[a], [2, x], [b]]},
        ((float(a),), "That is u alone: the gradients of all targets are added."),
        ((2 * x + b,), "That is v alone: the gradients of all targets are added."),
    )  # fmt: skip


UPHILL = "You went uphill: the update is subtracted."
WHOLE_GRADIENT = "You took the whole gradient. Multiply it by the learning rate."
MOVE = "That is how far it moves. Where does it land?"


def _landed(code: str, name: str, start: float, rate: float, paths: Paths) -> Draft:
    """A draft that asks where one update lands."""
    g = value(paths)
    end = round(start - rate * g, 9)
    sum = f"{number(start)} - {rate} * {_factor(g)} = {number(end)}"
    return Draft(
        code, (name,), (end,),
        (
            ((round(start + rate * g, 9),), UPHILL),
            ((start - g,), WHOLE_GRADIENT),
            ((round(rate * g, 9),), MOVE),
            ((g,), f"That is the gradient. Where does {name} land?"),
        ),
        _HINT, f"The gradient is {_worked(paths)}, and {sum}.",
    )  # fmt: skip


_HINT = "The update subtracts the learning rate times the gradient."


def _one_update(r: Random) -> Draft:
    x, b, rate = r.choice(STARTS), r.choice(FACTORS), r.choice(RATES)
    body = f"y = x*x {_term(b, 'x')}"
    code = _program(
        _variables(x=x), body, f"x.assign_sub({rate} * tape.gradient(y, x))"
    )
    return _landed(code, "x", x, rate, [[x], [x], [b]])


def _fit_of_a_weight(r: Random) -> Draft:
    w, x, t, rate = r.choice(STARTS), r.choice(SMALL), r.choice(STARTS), r.choice(RATES)
    error = w * x - t
    code = _program(
        _variables(w=w), f"loss = (w*{number(x)} {_term(-t)})**2",
        f"w.assign_sub({rate} * tape.gradient(loss, w))",
    )  # fmt: skip
    hint = f"Inside of the square, w is multiplied by {number(x)}. {_HINT}"
    return replace(_landed(code, "w", w, rate, [[2, error, x]]), hint=hint)


def _two_updates(r: Random) -> Draft:
    x, rate = r.choice((4.0, 8.0, 10.0, -8.0)), r.choice((0.1, 0.25, 0.75, 1.0))
    keep = 1 - 2 * rate
    end = round(x * keep**2, 9)
    loop = (
        f"{_variables(x=x)}\n\nfor step in range(2):\n"
        "    with tf.GradientTape() as tape:\n        y = x**2\n"
        f"    x.assign_sub({rate} * tape.gradient(y, x))\n"
    )
    once = round(x * keep, 9)
    return Draft(
        loop, ("x",), (end,),
        (
            ((once,), "That is after one update. The loop makes two."),
            ((round(x - 4 * rate * x, 9),), "The second update begins at the new x."),
            ((round(x * (1 + 2 * rate) ** 2, 9),), UPHILL),
        ),
        "Take the second gradient where the first update has landed.",
        f"First {number(x)} becomes {number(once)}, and that becomes {number(end)}.",
    )  # fmt: skip


def _relu(r: Random) -> Draft:
    x, a, b = r.choice(STARTS), r.choice(FACTORS), r.choice(FACTORS)
    code = _program(
        _variables(x=x), f"y = tf.nn.relu({a}*x) {_term(b, 'x')}",
        "dy_dx = tape.gradient(y, x)",
    )  # fmt: skip
    passes = a * x > 0
    through, closed = (float(a + b),), (float(b),)
    sign = "positive: relu lets" if passes else "not positive: relu stops"
    right = through if passes else closed
    return Draft(
        code, ("dy_dx",), right,
        (
            (closed if passes else through, "Is the operand of relu positive here?"),
            ((None,), "A gradient arrives, at least along one of the two paths."),
            ((max(0.0, a * x) + b * x,), IS_VALUE),
        ),
        "Is the operand of relu positive or not?",
        f"{a}*x is {number(a * x)}, {sign} the gradient. dy_dx is {number(right[0])}.",
    )  # fmt: skip


def _larger(r: Random) -> Draft:
    x, a = r.choice(STARTS), r.choice(FACTORS)
    c = float(r.choice([c for c in FACTORS if c != a * x]))  # of a tie nothing is asked
    code = _program(
        _variables(x=x), f"y = tf.maximum({a}*x, {c})", "dy_dx = tape.gradient(y, x)"
    )
    passes = a * x > c
    way = (float(a),) if passes else (0.0,)
    other = (0.0,) if passes else (float(a),)
    larger = f"{a}*x" if passes else number(c)
    return Draft(
        code, ("dy_dx",), way,
        (
            (other, "Which of the two is larger? The gradient goes there alone."),
            ((None,), "x is watched and used: at least 0 comes back."),
            ((max(a * x, c),), IS_VALUE),
        ),
        "Which of the two is larger?",
        f"{larger} is larger, and gets the gradient: dy_dx is {number(way[0])}.",
    )  # fmt: skip


def _stopped(r: Random) -> Draft:
    x, b = r.choice(STARTS), r.choice(FACTORS)
    code = _program(
        _variables(x=x), f"y = {b}*x * tf.stop_gradient(x)",
        "dy_dx = tape.gradient(y, x)",
    )  # fmt: skip
    return Draft(
        code, ("dy_dx",), (b * x,),
        (
            ((2 * b * x,), "Nothing goes back through stop_gradient: one path is cut."),
            ((None,), "One of the two paths is cut. The other one is open."),
            ((b * x * x,), IS_VALUE),
        ),
        "How many paths lead back, and which of them is cut?",
        f"stop_gradient cuts one path: {b} * {_factor(x)} = {number(b * x)} is left.",
    )  # fmt: skip


def _through_numpy(r: Random) -> Draft:
    x, b = r.choice(STARTS), r.choice(FACTORS)
    code = _program(
        _variables(x=x), f"u = {b} * x.numpy()\ny = x * u",
        "dy_dx = tape.gradient(y, x)",
    )  # fmt: skip
    return Draft(
        code, ("dy_dx",), (b * x,),
        (
            ((2 * b * x,), "x.numpy() is a plain number: no path leads through u."),
            ((None,), "One factor is a plain number, but the other one is x itself."),
            ((b * x * x,), IS_VALUE),
        ),
        "For the tape u is a plain number.",
        f"u is a plain number: dy_dx is u, and that is {number(b * x)}.",
    )  # fmt: skip


def _whole_number(r: Random) -> Draft:
    x, b = r.choice((2, 3, 4, 5)), r.choice(FACTORS)
    body = f"y = x*x {_term(b, 'x')}"
    code = _program(f"x = tf.Variable({x})", body, "dy_dx = tape.gradient(y, x)")
    return Draft(
        code, ("dy_dx",), (None,),
        (
            ((2.0 * x + b,), "x is an integer, and there are no slopes of integers."),
            ((0.0,), "The tape does not watch integers: that is None, not zero."),
            ((float(x * x + b * x),), IS_VALUE),
        ),
        f"Is {x} the same to a tape as {x}.0?",
        f"{x} makes an integer, which the tape does not watch. Write {x}.0.",
    )  # fmt: skip


RULES: dict[str, tuple[Rule, ...]] = {
    "10.1": (_parabola, _square_of_a_line, _cube_by_hand),
    "10.2": (_polynomial, _cubic, _power_of_a_sum),
    "10.3": (
        _variable, _constant, _watched_constant, _watched_late, _unused,
        _weight_and_data,
    ),
    "10.4": (_product, _square_times, _apart, _square_of_two),
    "10.5": (_two_questions, _cube_in_the_middle, _list_of_targets),
    "10.6": (_one_update, _fit_of_a_weight, _two_updates),
    "10.8": (_relu, _larger, _stopped, _through_numpy, _whole_number),
}  # fmt: skip
RULES["10.7"] = tuple(rule for rules in RULES.values() for rule in rules)
"""The rules of each lesson; 10.7, the summary, has those of all others."""


# -- from a draft to an item ---------------------------------------------------------


def items(section: str, random: Random, count: int) -> Iterator[DrillItem]:
    """So many items of a lesson, each of its rules as often as any other."""
    rules = list(RULES[section])
    seen: set[str] = set()
    for i in range(count):
        if i % len(rules) == 0:
            random.shuffle(rules)
        item = _new(rules[i % len(rules)], random, seen)
        seen.add(item.code)
        yield item


def _new(rule: Rule, random: Random, seen: Container[str]) -> DrillItem:
    """An item that asks clearly, and was not asked before if there is another one."""
    found = filter(None, (_item(rule(random), random) for _ in range(TRIES)))
    first = next(found)
    new = (one for one in chain((first,), found) if one.code not in seen)
    return next(new, first)


def _item(draft: Draft, random: Random) -> DrillItem | None:
    """The item of a draft; None where its numbers do not ask clearly.

    That is where a rule's own mistake gives the right answer, two of them the same one,
    a derivative along paths is 0, or a number is large.
    """
    own = [draft.answer, *(wrong for wrong, _ in draft.mistakes)]
    zero = draft.paths and 0.0 in draft.answer
    if zero or _alike(own) or any(abs(v or 0.0) > LARGEST for v in draft.answer):
        return None
    wrong = [*draft.mistakes]
    for guess, text in _usual(draft):
        if not _alike([draft.answer, *(v for v, _ in wrong), guess]):
            wrong.append((guess, text))
    if len(wrong) < 2:
        return None
    alone = len(draft.answer) == 1 and draft.answer[0] is not None
    typed = alone and (None,) not in own and random.random() < TYPED
    chosen = wrong if typed else wrong[: CHOICES - 1]
    choices = [] if typed else [draft.answer, *(v for v, _ in chosen)]
    random.shuffle(choices)
    paths = tuple(tuple(tuple(map(float, p)) for p in one) for one in draft.paths)
    return DrillItem(
        draft.code, draft.asked, tuple(map(_plain, draft.answer)),
        tuple((tuple(map(_plain, v)), text) for v, text in chosen),
        tuple(tuple(map(_plain, v)) for v in choices),
        draft.hint, draft.because, paths,
    )  # fmt: skip


def _plain(number: float | None) -> float | None:
    return None if number is None else float(number) + 0.0  # and not -0.0


def _usual(draft: Draft) -> Iterator[tuple[Answer, str]]:
    """The usual mistakes: along the paths of each number, then with any number."""
    for n, paths in enumerate(draft.paths):
        for found, text in variants(paths):
            yield _with(draft.answer, n, float(found)), text
    for n, right in enumerate(draft.answer):
        for guess in (-right, 2 * right, right / 2) if right else ():
            text = explained(np.asarray(right), np.asarray(guess), ())
            yield _with(draft.answer, n, guess), text


def _with(answer: Answer, n: int, guess: float) -> Answer:
    return (*answer[:n], guess, *answer[n + 1 :])


def _alike(answers: Sequence[Answer]) -> bool:
    """Whether two of the answers could be taken for each other."""
    pairs = product(enumerate(answers), repeat=2)
    return any(i < k and all(map(_close, a, b)) for (i, a), (k, b) in pairs)


def _close(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=APART, abs_tol=1e-6)


def sections() -> str:
    """The lessons that have drills, in words."""
    return join(sorted(RULES))
