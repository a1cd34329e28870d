"""What is said of descents: an update as ``x := 2 - 0.1 * (-6) = 2.6``, and a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeviz.analysis.convergence import labels as run_labels
from tapeviz.analysis.convergence import regime
from tapeviz.analysis.projection import plane
from tapeviz.analysis.trajectory import (
    Track,
    about,
    apart,
    coordinates,
    entries,
    falls,
    largest,
    noise,
    number,
    point_words,
    track,
)
from tapeviz.trace.descent import Descent, Update
from tapeviz.trace.value import Value, factor
from tapeviz.wording import values as text

FEW = 4


def assignment(name: str, update: Update, k: int, most: float = 0.0) -> str:
    """What an update does to its ``k``-th variable, with the numbers plugged in.

    It is the learning rate times the gradient that is taken away where the update has
    a rate; else the move is added. Arrays of more than four entries keep their names.
    What is next to nothing beside ``most``, the run's largest number, is about 0.

    >>> from tapeviz.trace.descent import Update
    >>> from tapeviz.trace.value import Value
    >>> x, g, m, y = (Value("float32", (), (v,)) for v in (2.0, -6.0, 0.6, 2.6))
    >>> assignment("x", Update(0, (x,), None, (g,), (m,), (y,), rate=0.1), 0)
    'x := 2 - 0.1 * (-6) = 2.6'
    >>> assignment("x", Update(0, (x,), None, (g,), (m,), (y,)), 0)
    'x := 2 + 0.6 = 2.6'
    """
    at, to, rate = update.at[k], update.to[k], update.rate
    gradient = None if rate is None else update.gradients[k]
    if at.size > FEW or at.data is None:
        tail = "+ update" if gradient is None else f"- {number(rate or 0)} * gradient"
        return f"{name} := {name} {tail}"
    if at.size == to.size == 1 and all(noise(entries(v)[0], most) for v in (at, to)):
        return f"{name} stays about 0"
    terms = [(p.name, p.values[k]) for p in update.parts if p.values[k] is not None]
    if len(terms) > 1:
        shown = [f"{signed(v)} ({name})" for name, v in terms if v is not None]
        term = " ".join(shown)
    elif gradient is not None:
        term = f"- {number(rate or 0)} * {bracketed(gradient)}"
    else:
        term = signed(update.moves[k])
    before, after = entry(at), entry(to, most)
    if before == after and at.size == to.size == 1:
        before, after = apart(*entries(at), *entries(to))
    return f"{name} := {before} {term} = {after}"


def signed(value: Value) -> str:
    """What is added, with its sign apart: ``- 0.5``."""
    said = entry(value)
    return f"- {said[1:]}" if said.startswith("-") else f"+ {said}"


def bracketed(value: Value) -> str:
    """A factor: in brackets where it has a sign."""
    return factor(entry(value))


def entry(value: Value, most: float = 0.0) -> str:
    """A number, or a small array; about 0 what is next to nothing beside ``most``."""
    if value.size == 1 and value.data is not None:
        entry = value.data[0]
        return about(entry, most) if isinstance(entry, (int, float)) else str(entry)
    if value.data is not None and len(value.shape) == 1 and value.size <= FEW:
        return f"[{', '.join(about(v, most) for v in entries(value))}]"
    return text.brief(value)


# -- a whole run --------------------------------------------------------------------


def describe_all(
    runs: Sequence[Descent],
    labels: Sequence[str] | None = None,
    directions: tuple[int, int] | None = None,
) -> str:
    """What a picture of several runs shows, a sentence or two for each."""
    if len(runs) == 1:
        return describe(runs[0], directions)
    names = run_labels(runs, labels)
    said = (f"{n}: {describe(r)}" for n, r in zip(names, runs, strict=True))
    return f"{len(runs)} runs. {' '.join(said)}"


def describe(run: Descent, directions: tuple[int, int] | None = None) -> str:
    """One paragraph for somebody who does not see the picture.

    >>> from tapeviz.trace.descent import Descent
    >>> describe(Descent(("x",), ()))
    'Gradient descent on x: no update was recorded.'
    """
    t = track(run)
    what = f"Gradient descent on {_list(t.names)}"
    if not t.updates:
        return f"{what}: no update was recorded."
    many = text.counted(t.updates, "update")
    how = regime(run)
    named = f"{how.name[0].upper()}{how.name[1:]}."
    return f"{what} in {many}. {_where(run, t, directions)} {_how(t)} {named}"


def _list(names: tuple[str, ...]) -> str:
    if len(names) <= FEW:
        return ", ".join(names) or "no variable"
    return f"{', '.join(names[:3])} and {len(names) - 3} more variables"


def _where(run: Descent, t: Track, directions: tuple[int, int] | None) -> str:
    if t.kind == "norms":
        first, last = apart(t.slopes[0], t.slopes[-1])
        said = f"The gradient's length goes from {first} to {last}."
        return f"{_seen(run, t, directions)}{said}"
    labels = coordinates(run)
    start, end = (point_words(labels, t.points[i], t.sizes) for i in (0, -1))
    return f"It goes from {start} to {end}."


def _seen(run: Descent, t: Track, directions: tuple[int, int] | None) -> str:
    """In which plane the path of many numbers is drawn."""
    found = plane(run, t, directions)
    if found is None:
        return ""
    chosen = f", {' and '.join(found.labels)}" if directions else ""
    return f"The path is seen in a plane{chosen}: its {found.words}. "


def _how(t: Track) -> str:
    known = t.losses[np.isfinite(t.losses)]
    if not known.size:
        return "The loss was not recorded."
    way = _way(known)
    odd = t.odd_loss()
    return f"{way} {odd[0].upper()}{odd[1:]}." if odd else way


def _way(known: Any) -> str:
    first, last = apart(known[0], known[-1])
    last = "about 0" if noise(known[-1], largest(known)) else last
    if known.size == 1:
        return f"The loss at the start is {first}."
    if falls(known):
        return f"The loss falls at every step, from {first} to {last}."
    if known[-1] < known[0]:
        return f"The loss falls from {first} to {last}, but not at every step."
    if known[-1] > known[0]:
        return f"The loss rises from {first} to {last}."
    return f"The loss ends where it began, at {first}."
