"""How an update is written: ``x := 2 - 0.1 * (-6) = 2.6``."""

from __future__ import annotations

from tapeviz.analysis.trajectory import about, apart, entries, noise, number
from tapeviz.trace.descent import Update
from tapeviz.trace.value import Value
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


def joined(words: list[str]) -> str:
    """Words in a row, with "and" before the last."""
    return f"{', '.join(words[:-1])} and {words[-1]}"


def bracketed(value: Value) -> str:
    """A factor: in brackets where it has a sign."""
    said = entry(value)
    return f"({said})" if said.startswith("-") else said


def entry(value: Value, most: float = 0.0) -> str:
    """A number, or a small array; about 0 what is next to nothing beside ``most``."""
    if value.size == 1 and value.data is not None:
        entry = value.data[0]
        return about(entry, most) if isinstance(entry, (int, float)) else str(entry)
    if value.data is not None and len(value.shape) == 1 and value.size <= FEW:
        return f"[{', '.join(about(v, most) for v in entries(value))}]"
    return text.brief(value)
