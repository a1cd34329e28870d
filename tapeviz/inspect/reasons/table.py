"""The table of reasons: what a gradient may be like, and what may be told of it.

An entry names the evidence that is looked for: a function that yields reasons, each
with a key that sorts it by the order of the code. The first entry that finds anything
is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tapeviz.engine.tensor import array_of
from tapeviz.inspect.gradient_question import Question
from tapeviz.inspect.reasons import broken_path, not_on_tape
from tapeviz.inspect.reasons.derivatives import derivative, is_derivative
from tapeviz.inspect.reasons.nonfinite import fine, nonfinite
from tapeviz.inspect.reasons.zero_gradient import zeros
from tapeviz.trace.diagnosis import Reason

Findings = Iterable[tuple[Any, Reason]]
Evidence = Callable[[Question], Findings]


@dataclass(frozen=True)
class Entry:
    """Evidence that is told together.

    ``rest``: only where nothing is known against the source itself. ``sort``: in the
    order of the code, else in the order in which it took effect.
    """

    evidence: tuple[Evidence, ...]
    rest: bool = False
    sort: bool = True


def _of_a_derivative(question: Question) -> Findings:
    if not is_derivative(question):
        return []
    return list(broken_path.leaving(question)) or derivative(question)


def _bad_target(question: Question) -> Findings:
    odd = any(not fine(array_of(t)) for t in question.targets)
    return nonfinite(question, question.steps) if odd else []


def _nonfinite(question: Question) -> Findings:
    return nonfinite(question, question.steps)


def _zeros(question: Question) -> Findings:
    return zeros(question, question.steps)


def _unknown(question: Question) -> Findings:
    reason = Reason(
        "unknown",
        f"The tape shows no way from {question.x_name} to {question.y_name}, and "
        "neither does the code.",
        f"look at the picture of the tape: draw({question.tape_name})",
        sure=False,
    )
    yield (0,), reason


def _no_change(question: Question) -> Findings:
    reason = Reason(
        "cancel",
        f"At these values {question.y_name} does not change with {question.x_name}.",
        f"choose another value of {question.x_name}",
    )
    yield (0,), reason


_LEFT_OUT: tuple[Evidence, ...] = (
    broken_path.leaving,
    broken_path.assigned,
    broken_path.left_out,
    not_on_tape.left_before,
)
_UNKNOWN = Entry((_unknown,), rest=True)

TABLE: dict[str, tuple[Entry, ...]] = {
    "no float": (Entry((not_on_tape.not_a_float,)),),
    "target not recorded": (
        Entry((broken_path.late,)),
        Entry((_of_a_derivative,)),
        Entry((not_on_tape.target, broken_path.leaving)),
        Entry((broken_path.decided,), rest=True),
        Entry((broken_path.unused,), rest=True),
        Entry((not_on_tape.somewhere,), rest=True),
    ),
    "source not recorded": (
        Entry((not_on_tape.lost,), rest=True),
        Entry((broken_path.unconnected,), rest=True),
        _UNKNOWN,
    ),
    "both recorded": (
        Entry((broken_path.cuts, broken_path.leaving, broken_path.late)),
        Entry((broken_path.silent,)),
        Entry((not_on_tape.lost,), rest=True),
        Entry((derivative,), rest=True),
        Entry((broken_path.unconnected,), rest=True),
        _UNKNOWN,
    ),
    "zero": (Entry((_zeros, *_LEFT_OUT)), Entry((_no_change,))),
    "nan": (Entry((_nonfinite,), sort=False), _UNKNOWN),
    "inf": (Entry((_nonfinite,), sort=False), _UNKNOWN),
    "value": (Entry(_LEFT_OUT), Entry((_bad_target,), sort=False)),
}


def reasons(question: Question, result: str, steps: list[Any]) -> list[Reason]:
    """The reasons for a gradient that is ``result``.

    ``steps`` are those of ``tape.backward_steps``.
    """
    question.steps = steps
    found = list(_against_source(question)) if result == "none" else []
    for entry in TABLE[_situation(question, result)]:
        if found and entry.rest:
            break
        seen = [pair for look in entry.evidence for pair in look(question)]
        if seen:
            every = [*found, *seen]
            return in_code_order(every) if entry.sort else [r for _, r in every]
    return in_code_order(found)


def _situation(question: Question, result: str) -> str:
    if result != "none":
        return result
    if _is_no_float(question):
        return "no float"
    if all(y < 0 for y in question.ys):
        return "target not recorded"
    return "both recorded" if question.x >= 0 else "source not recorded"


def _is_no_float(question: Question) -> bool:
    return array_of(question.source).dtype.kind not in "fc" and not question.x_plain


def _against_source(question: Question) -> Iterator[tuple[Any, Reason]]:
    """Why the tape does not watch the source, if it does not."""
    known = question.x >= 0 and question.records.depends(question.x)
    if not known and not _is_no_float(question):
        yield from (((-1,), reason) for reason in not_on_tape.source(question))


def in_code_order(found: Findings) -> list[Reason]:
    """The reasons in the order of the code, one for each kind and span."""
    distinct: list[Reason] = []
    for _, reason in sorted(found, key=lambda pair: pair[0]):
        known = {(one.kind, one.span) for one in distinct if one.span is not None}
        if (reason.kind, reason.span) not in known:
            distinct.append(reason)
    return distinct
