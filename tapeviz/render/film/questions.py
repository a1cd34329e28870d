"""What a learner is asked before a step is shown, and what wrong answers come from."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tapeviz.render.film.captions import NUMBER, Sentences, say
from tapeviz.trace.backward_pass import Contribution, Step
from tapeviz.trace.film import CommonMistake, PredictQuestion
from tapeviz.trace.graph import Node
from tapeviz.trace.questions import Mistake, Practice
from tapeviz.trace.symbolic import Slot, Symbolic, symbol_of, token
from tapeviz.trace.value import Value
from tapeviz.wording.formulas import simplified
from tapeviz.wording.values import number, shape

TOLERANCE = 0.01
"""How far a typed number may be from the right one, in relation to it; as the player
judges."""

COMMON_MISTAKES = {
    "paths": "This path alone: add the others.",
    "others": "This path is missing: add it.",
    "total sign": "The sign is wrong.",
    "some": "Another path is missing: add them all.",
    "multiplied": "Paths are added, not multiplied.",
    "so far": "That is the sum so far: only this contribution is asked for.",
    "value": "That is the value, not its derivative.",
    "upstream": "The upstream gradient is missing.",
    "local": "The local derivative is missing.",
    "factor": "A factor of the rule is missing.",
    "argument": "That is the derivative with respect to the other operand.",
    "swapped": "The operands are swapped.",
    "product": "That is the product, not the power.",
    "operation": "That is another operation.",
    "alone": "That is one operand alone.",
    "sign": "The sign is wrong.",
}
"""What is said of a wrong answer, by the kind of mistake; specific kinds come first."""

WHOLE = ("paths", "others", "total sign", "some", "multiplied", "so far", "value")
"""The mistakes whose value is the answer itself, not a term of a sum."""

SHAPE_MISTAKES = {
    "upstream": "That is the shape of the upstream gradient.",
    "turned": "The axes are in the wrong order.",
}
"""What is said of a wrong shape."""

NOT_COMPARED = {
    "corner": "The slopes on both sides differ here, so finite differences say little.",
    "wild": "Finite differences cannot be taken: a number is nan or infinite.",
    "large": "Not compared with finite differences: there are too many entries.",
    "other": "Not compared with finite differences.",
}
"""Why a step is not compared with finite differences, by ``Check.note``."""


@dataclass(frozen=True)
class Arrived:
    """What came to a node before a contribution, and the ids of what will show it.

    ``before`` is the sum of the ``terms``; the contribution is shown as ``note`` on its
    arrow, and the sum with it in ``slot``.
    """

    before: Value | None
    terms: tuple[Value, ...]
    note: str
    slot: str


class Quiz:
    """The questions about one backward pass."""

    def __init__(self, words: Sentences, practice: Practice) -> None:
        self.words = words
        self._mistakes: dict[str, list[Mistake]] = {}
        for mistake in practice.mistakes:
            self._mistakes.setdefault(mistake.of, []).append(mistake)
        self._checks = {check.edge: check for check in practice.checks}

    def check(self, c: Contribution) -> str:
        """What finite differences say of a contribution."""
        check = self._checks.get(c.edge)
        if check is None:
            return ""
        found = check.difference
        if found is not None and found.symbolic:
            agree = f"Finite differences give {say(found)}, too."
            parts = (agree, NOT_COMPARED["corner"], NOT_COMPARED["wild"])
            return token(Slot("~", c.edge, parts=parts))
        if check.note or found is None:
            return NOT_COMPARED.get(check.note, "")
        how = ", too" if check.agrees else ": they do not agree"
        return f"Finite differences give {say(found)}{how}."

    def ask_value(self, node: Node, at: int) -> PredictQuestion | None:
        """The question before frame ``at``, which shows an op's value, or None."""
        value, name = node.value, self.words.code_or_name(node)
        if node.kind != "op" or not value.known:
            return None
        alike = any(v.shape == value.shape for v in self.words.operand_values(node))
        shaped = bool(value.shape) and (value.data is None or not alike)
        entry = _first_nonzero(value)
        right = _at(value, entry)
        if right is None and not shaped:
            return None
        where = f"entry {list(_index(entry, value.shape))} of " if value.shape else ""
        what = "the shape of " if shaped else where
        answer = (0.0 if right is None else right,)
        return PredictQuestion(
            at,
            f"What is {what}{name}?",
            tuple(map(float, value.shape)) if shaped else answer,
            (
                *self._forward_hints(node),
                self._answer_hint(node, answer[0], shaped=shaped),
            ),
            tuple(self._value_mistakes(node, entry, answer[0], shaped=shaped)),
            shape=shaped,
            early=True,
            where=f"{node.id}-value",
        )

    def _forward_hints(self, node: Node) -> Iterator[str]:
        name, named = self.words.code_or_name(node), self.words.with_names(node)
        if "".join(named.split()) != "".join(name.split()):
            yield f"The rule is {named}."
        if not node.value.shape:
            yield f"With numbers: {self.words.with_numbers(node)}."
        elif all(v.shape for v in self.words.operand_values(node)):
            shapes = [shape(v) for v in self.words.operand_values(node)]
            yield f"Shapes of the operands: {', '.join(shapes)}."

    def _answer_hint(self, node: Node, answer: float, *, shaped: bool) -> str:
        if shaped:
            return f"The shape is {shape(node.value)}."
        return f"It is {number(answer)}."

    def _value_mistakes(
        self, node: Node, entry: int, right: float, *, shaped: bool
    ) -> Iterator[CommonMistake]:
        """The usual mistakes about an op's value."""
        if shaped:
            axes = tuple(map(float, node.value.shape))
            if axes[::-1] != axes:
                yield CommonMistake(axes[::-1], SHAPE_MISTAKES["turned"])
            return
        mistakes = self._mistakes.get(node.id, ())
        found = [(m.kind, _at(m.value, entry)) for m in mistakes]
        given = self.words.operand_values(node)
        if len(given) > 1 and not any(v.shape for v in given):
            found += [("alone", _at(value, 0)) for value in given]
            found += [("operation", _other_operation(node.op, given))]
        yield from _distinct(right, 0.0, [*found, ("sign", -right)])

    def ask_contribution(
        self, step: Step, c: Contribution, arrived: Arrived, at: int
    ) -> PredictQuestion | None:
        """The question before frame ``at``, or None where nothing can be typed."""
        head, tail = self.words.names[step.node], self.words.operand(c.edge)
        if c.value.shape and (c.value.data is None or _reshaped(step, c)):
            what = f"from {head} to {tail}"
            return replace(self._ask_shape(step, c, what, at), where=arrived.note)
        before, entry = arrived.before, _first_nonzero(c.value)
        whole = before is not None and c.last
        right = _at(c.total if whole else c.value, entry)
        if right is None:
            return None
        name = self.words.names[c.node]
        what = f"the contribution from {head} to {tail}"
        if whole:
            what = f"the gradient of {name}, now that the last path has come"
        where = (
            f"entry {list(_index(entry, c.value.shape))} of " if c.value.shape else ""
        )
        known = _at(before, entry) if whole else None
        base = 0.0 if known is None else known
        return PredictQuestion(
            at,
            f"What is {where}{what}?",
            (right,),
            self._hints(c, before if whole else None, number(right)),
            tuple(
                _distinct(
                    right,
                    base,
                    (
                        *self._contribution_mistakes(step, c, entry),
                        *_mistakes_of_sums(c, arrived, entry, whole=whole),
                    ),
                )
            ),
            where=arrived.slot if whole else arrived.note,
        )

    def _ask_shape(
        self, step: Step, c: Contribution, where: str, at: int
    ) -> PredictQuestion:
        axes = tuple(map(float, c.value.shape))
        upstream = tuple(map(float, step.upstream.shape))
        wrong = {
            axes[::-1]: SHAPE_MISTAKES["turned"],
            upstream: SHAPE_MISTAKES["upstream"],
        }
        name = self.words.names[c.node]
        return PredictQuestion(
            at,
            f"What is the shape of the contribution {where}?",
            axes,
            (
                f"A gradient has the shape of what it belongs to: {name}.",
                f"The rule is {self.words.rule_in_names(c)}.",
                f"The shape is {shape(c.value)}.",
            ),
            tuple(
                CommonMistake(v, text) for v, text in wrong.items() if v and v != axes
            ),
            shape=True,
        )

    def _hints(
        self, c: Contribution, before: Value | None, answer: str
    ) -> tuple[str, ...]:
        rule = f"The rule is {self.words.rule_in_names(c)}."
        if c.value.shape:
            return (rule, f"It is {answer}.")
        sum = "" if before is None else f"{say(before)} + "
        filled = simplified(c.filled, exponents=True)
        plain = NUMBER.fullmatch((sum + filled).strip("()"))
        hints = [] if plain else [f"With numbers: {sum}{filled}."]
        return (rule, *hints, f"It is {answer}.")

    def _contribution_mistakes(
        self, step: Step, c: Contribution, entry: int
    ) -> Iterator[tuple[str, float | None]]:
        known = {m.kind: m.value for m in self._mistakes.get(c.edge, ())}
        if c.local_value is not None:
            known |= {"upstream": c.local_value, "local": step.upstream}
        for kind in COMMON_MISTAKES:
            if kind in known:
                yield kind, _at(known[kind], entry)
        value = _at(c.value, entry)
        yield "sign", None if value is None else -value
        run = self.words.run
        for id in (step.node, *(run.targets if c.node in run.sources else ())):
            node = run.graph.by_id[id]
            yield "value", None if node.value.shape else _at(node.value, entry)
        if value is not None and not c.value.shape:
            for factor in _factors(simplified(c.filled, exponents=True)):
                yield "factor", value / factor


def _mistakes_of_sums(
    c: Contribution, arrived: Arrived, entry: int, *, whole: bool
) -> Iterator[tuple[str, float]]:
    """The usual mistakes where several paths meet at a node."""
    value, total = _at(c.value, entry), _at(c.total, entry)
    if value is None or total is None or arrived.before is None:
        return
    if not whole:
        yield "so far", total
        return
    terms = [v for t in arrived.terms if (v := _at(t, entry)) is not None]
    yield from (("paths", value), ("others", total - value), ("total sign", -total))
    yield from (("some", total - term) for term in terms)
    yield "multiplied", math.prod((*terms, value))


def _factors(filled: str) -> Iterator[float]:
    """The numbers that a product is made of, those left out that change nothing."""
    for part in filled.split(" * "):
        base, _, exponent = part.strip("()").partition("**")
        try:
            number = symbol_of(base.strip("() ")) or float(base)
            factor = number ** float(exponent) if exponent else number
        except (ValueError, ArithmeticError):
            continue
        if abs(factor) not in (0.0, 1.0):
            yield factor


_TAKEN_FOR: Mapping[str, Callable[[float, float], float]] = {
    "add": operator.mul, "subtract": operator.add, "multiply": operator.add,
    "divide": operator.mul,
}  # fmt: skip
"""What an operation is most easily taken for."""


def _other_operation(op: str, given: Sequence[Value]) -> float | None:
    """What the operation gives that another one is taken for; None for the rest."""
    one, other = (_at(value, 0) for value in given[:2])
    if op not in _TAKEN_FOR or one is None or other is None:
        return None
    return _TAKEN_FOR[op](one, other)


def _distinct(
    right: float, base: float, guesses: Iterable[tuple[str, float | None]]
) -> Iterator[CommonMistake]:
    """The wrong answers that differ from the right one and from each other."""
    found = [(k, v if k in WHOLE else base + v) for k, v in guesses if v is not None]
    seen: list[float] = []
    for kind, value in sorted(
        found, key=lambda pair: [*COMMON_MISTAKES].index(pair[0])
    ):
        if _close(value, right, TOLERANCE) or any(_close(value, v) for v in seen):
            continue
        seen.append(value)
        yield CommonMistake((_rounded(value),), COMMON_MISTAKES[kind])


def _rounded(value: float) -> float:
    return value if isinstance(value, Symbolic) else float(f"{value:.7g}")


def _close(a: float, b: float, tolerance: float = TOLERANCE / 10) -> bool:
    """Whether two numbers count as one; of symbolic ones only the page can say."""
    if isinstance(a, Symbolic) or isinstance(b, Symbolic):
        return False
    return abs(a - b) <= tolerance * max(abs(a), abs(b)) + 1e-9


def _reshaped(step: Step, c: Contribution) -> bool:
    """Whether the rule changes the shape, so that the shape is the question."""
    return c.value.shape != step.upstream.shape and not c.local


def _first_nonzero(value: Value) -> int:
    """The entry to ask for: the first that is not zero."""
    entries = value.data or ()
    return next((i for i, entry in enumerate(entries) if entry != 0), 0)


def _at(value: Value | None, entry: int) -> float | None:
    """An entry as a plain number; None where there is none."""
    if value is None or value.data is None or not value.data:
        return None
    found = value.data[entry if value.shape and entry < len(value.data) else 0]
    if isinstance(found, Symbolic):
        return found
    if isinstance(found, (bool, str, complex)) or not math.isfinite(found):
        return None
    return _rounded(found)


def _index(entry: int, dims: tuple[int, ...]) -> Iterator[int]:
    for n in range(len(dims)):
        step = math.prod(dims[n + 1 :]) or 1  # an empty value has no entries
        yield entry // step
        entry %= step
