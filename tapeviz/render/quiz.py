"""What a learner is asked before a step is shown, and what wrong answers come from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from tapeviz.render.sentences import Sentences, say
from tapeviz.render.text import number, shape
from tapeviz.trace.backward import Contribution, Step
from tapeviz.trace.film import Ask, Slip
from tapeviz.trace.practice import Mistake, Practice
from tapeviz.trace.value import Value

TOLERANCE = 0.01
"""How far a typed number may be from the right one, in relation to it; as the player
judges."""

SLIPS = {
    "paths": "That is this path alone: add what the other paths brought.",
    "upstream": "That leaves out the upstream gradient.",
    "local": "That is the upstream gradient alone: the local derivative is missing.",
    "argument": "That is the derivative with respect to the other operand.",
    "swapped": "The operands are swapped.",
    "sign": "The sign is wrong.",
}
"""The usual mistakes, the more telling ones first."""

SHAPES = {
    "upstream": "That is the shape of the upstream gradient.",
    "turned": "The axes are in the wrong order.",
}
"""The usual mistakes about a shape."""

NOT_COMPARED = {
    "corner": "The slopes on both sides differ here, so finite differences say little.",
    "wild": "Finite differences cannot be taken: a number is nan or infinite.",
    "large": "Not compared with finite differences: there are too many entries.",
    "other": "Not compared with finite differences.",
}
"""Why a step has no finite differences beside it."""


class Quiz:
    """The questions about one backward pass."""

    def __init__(self, words: Sentences, practice: Practice) -> None:
        self.words = words
        self._mistakes: dict[str, list[Mistake]] = {}
        for mistake in practice.mistakes:
            self._mistakes.setdefault(mistake.edge, []).append(mistake)
        self._checks = {check.edge: check for check in practice.checks}

    def check(self, c: Contribution) -> str:
        """What finite differences say of a contribution."""
        check = self._checks.get(c.edge)
        if check is None:
            return ""
        if check.note or check.difference is None:
            return NOT_COMPARED.get(check.note, "")
        how = "they agree" if check.agrees else "they do not agree"
        return f"Finite differences give {say(check.difference)}: {how}."

    def ask(
        self, step: Step, c: Contribution, before: Value | None, at: int
    ) -> Ask | None:
        """The question before frame ``at``, or None where nothing can be typed.

        ``before`` is the sum at the receiving node without this contribution.
        """
        head, tail = self.words.names[step.node], self.words.operand(c.edge)
        if c.value.shape and (c.value.data is None or _reshaped(step, c)):
            return self._shape(step, c, f"from {head} to {tail}", at)
        spot = _spot(c.value)
        whole = before is not None and c.last
        right = _at(c.total if whole else c.value, spot)
        if right is None:
            return None
        name = self.words.names[c.node]
        what = f"the contribution from {head} to {tail}"
        if whole:
            what = f"the gradient of {name}, now that the last path has come"
        where = (
            f"entry {list(_index(spot, c.value.shape))} of " if c.value.shape else ""
        )
        base = (_at(before, spot) or 0.0) if whole else 0.0
        return Ask(
            at,
            f"What is {where}{what}?",
            (right,),
            self._hints(c, before if whole else None, number(right)),
            tuple(_distinct(right, base, self._guesses(step, c, spot, whole=whole))),
        )

    def _shape(self, step: Step, c: Contribution, where: str, at: int) -> Ask:
        axes = tuple(map(float, c.value.shape))
        upstream = tuple(map(float, step.upstream.shape))
        wrong = {axes[::-1]: SHAPES["turned"], upstream: SHAPES["upstream"]}
        name = self.words.names[c.node]
        return Ask(
            at,
            f"What is the shape of the contribution {where}?",
            axes,
            (
                f"A gradient has the shape of what it belongs to: {name}.",
                f"The rule is {self.words.rule_in_names(c)}.",
                f"The shape is {shape(c.value)}.",
            ),
            tuple(Slip(v, text) for v, text in wrong.items() if v and v != axes),
            shape=True,
        )

    def _hints(
        self, c: Contribution, before: Value | None, answer: str
    ) -> tuple[str, ...]:
        rule = f"The rule is {self.words.rule_in_names(c)}; g is the upstream gradient."
        if c.value.shape:
            return (rule, f"It is {answer}.")
        sum = "" if before is None else f"{say(before)} + "
        return (rule, f"With numbers: {sum}{c.filled}.", f"It is {answer}.")

    def _guesses(
        self, step: Step, c: Contribution, spot: int, *, whole: bool
    ) -> Iterator[tuple[str, float | None]]:
        known = {m.kind: m.value for m in self._mistakes.get(c.edge, ())}
        if c.local_value is not None:
            known |= {"upstream": c.local_value, "local": step.upstream}
        for kind in SLIPS:
            if kind in known:
                yield kind, _at(known[kind], spot)
        value = _at(c.value, spot)
        yield "sign", None if value is None else -value
        if whole:
            yield "paths", value


def _distinct(
    right: float, base: float, guesses: Iterable[tuple[str, float | None]]
) -> Iterator[Slip]:
    """The wrong answers that differ from the right one and from each other."""
    found = {k: v if k == "paths" else base + v for k, v in guesses if v is not None}
    seen = [right]
    for kind, text in SLIPS.items():
        value = found.get(kind)
        if value is None or any(_close(value, other) for other in seen):
            continue
        seen.append(value)
        yield Slip((float(f"{value:.7g}"),), text)


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= 2 * TOLERANCE * max(abs(a), abs(b)) + 1e-9


def _reshaped(step: Step, c: Contribution) -> bool:
    """Whether the rule changes the shape, so that the shape is the question."""
    return c.value.shape != step.upstream.shape and not c.local


def _spot(value: Value) -> int:
    """The entry to ask for: the first that is not zero."""
    entries = value.data or ()
    return next((i for i, entry in enumerate(entries) if entry != 0), 0)


def _at(value: Value | None, spot: int) -> float | None:
    """An entry as a plain number; None where there is none."""
    if value is None or value.data is None or not value.data:
        return None
    entry = value.data[spot if value.shape and spot < len(value.data) else 0]
    if isinstance(entry, (bool, str, complex)) or not math.isfinite(entry):
        return None
    return float(f"{entry:.7g}")


def _index(spot: int, dims: tuple[int, ...]) -> Iterator[int]:
    for n in range(len(dims)):
        step = math.prod(dims[n + 1 :])
        yield spot // step
        spot %= step
