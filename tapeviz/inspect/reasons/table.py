"""The table of reasons: what a gradient may be like, and what may be told of it.

The entries stand beside their evidence; here is which are looked for, and in which
order. The first stage of a situation that finds anything is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tapeviz.engine.tensor import array_of
from tapeviz.inspect.gradient_question import Question
from tapeviz.inspect.reasons import broken_path, not_on_tape, zero_gradient
from tapeviz.inspect.reasons.derivatives import DERIVATIVE, is_derivative
from tapeviz.inspect.reasons.entry import Entry, Search, always, once
from tapeviz.inspect.reasons.nonfinite import NONFINITE, fine
from tapeviz.trace.diagnosis import Reason

Findings = Iterable[tuple[Any, Reason]]


@dataclass(frozen=True)
class Stage:
    """Evidence that is told together.

    ``rest``: only where nothing is known against the source itself. ``sort``: in the
    order of the code, else in the order in which it took effect.
    """

    searches: tuple[Search, ...]
    rest: bool = False
    sort: bool = True


def _rest(*searches: Search) -> Stage:
    return Stage(searches, rest=True)


def _has_a_bad_target(question: Question) -> bool:
    return any(not fine(array_of(t)) for t in question.targets)


_UNKNOWN = _rest(
    Search(once, (
        Entry(
            "unknown", always,
            "The tape shows no way from {x} to {y}, and neither does the code.",
            "look at the picture of the tape: draw({tape})", sure=False,
        ),
    ))
)  # fmt: skip
_LEFT_OUT = (
    broken_path.LEAVING, broken_path.ASSIGNED, broken_path.LEFT_OUT,
    not_on_tape.LEFT_BEFORE,
)  # fmt: skip
_NONFINITE = (Stage(NONFINITE, sort=False), _UNKNOWN)

TABLE: dict[str, tuple[Stage, ...]] = {
    "no float": (Stage((not_on_tape.NOT_A_FLOAT,)),),
    "target not recorded": (
        Stage((broken_path.LATE,)),
        Stage((broken_path.LEAVING.where(is_derivative),)),
        Stage((DERIVATIVE.where(is_derivative),)),
        Stage((*not_on_tape.TARGET, broken_path.LEAVING)),
        _rest(broken_path.DECIDED),
        _rest(broken_path.UNUSED),
        _rest(not_on_tape.SOMEWHERE),
    ),
    "source not recorded": (
        _rest(*not_on_tape.LOST),
        _rest(broken_path.UNCONNECTED),
        _UNKNOWN,
    ),
    "both recorded": (
        Stage((
            broken_path.CUTS, broken_path.ASSIGNED, broken_path.LEAVING,
            broken_path.LATE,
        )),
        Stage((broken_path.OWN,)),
        _rest(*not_on_tape.LOST),
        _rest(DERIVATIVE),
        _rest(broken_path.UNCONNECTED),
        _UNKNOWN,
    ),
    "zero": (
        Stage((zero_gradient.ZEROS, zero_gradient.CANCELLED, *_LEFT_OUT)),
        Stage((zero_gradient.NO_CHANGE,)),
    ),
    "nan": _NONFINITE,
    "inf": _NONFINITE,
    "value": (
        Stage(_LEFT_OUT),
        Stage(tuple(s.where(_has_a_bad_target) for s in NONFINITE), sort=False),
    ),
}  # fmt: skip


def reasons(question: Question, result: str, steps: list[Any]) -> list[Reason]:
    """The reasons for a gradient that is ``result``.

    ``steps`` are those of ``tape.backward_steps``.
    """
    question.steps = steps
    found = list(not_on_tape.against_source(question)) if result == "none" else []
    for stage in TABLE[_situation(question, result)]:
        if found and stage.rest:
            break
        seen = [pair for search in stage.searches for pair in search.found(question)]
        if seen:
            every = [*found, *seen]
            return in_code_order(every) if stage.sort else [r for _, r in every]
    return in_code_order(found)


def _situation(question: Question, result: str) -> str:
    if result != "none":
        return result
    if not_on_tape.is_no_float(question):
        return "no float"
    if all(y < 0 for y in question.ys):
        return "target not recorded"
    return "both recorded" if question.x >= 0 else "source not recorded"


def in_code_order(found: Findings) -> list[Reason]:
    """The reasons in the order of the code, one for each kind and span."""
    distinct: list[Reason] = []
    for _, reason in sorted(found, key=lambda pair: pair[0]):
        known = {(one.kind, one.span) for one in distinct if one.span is not None}
        if (reason.kind, reason.span) not in known:
            distinct.append(reason)
    return distinct
