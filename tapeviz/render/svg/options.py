"""The options that a learner gives by hand, and what to say of one that cannot be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tapeviz.errors import value_error
from tapeviz.render.svg import theme as themes


def one_of(what: str, given: Any, known: Iterable[str]) -> str:
    """The name given; ValueError with the known ones when it is none of them."""
    names = tuple(known)
    if given not in names:
        choose = f"choose one of {', '.join(names)}"
        raise value_error(f"there is no {what} {given!r}: {choose}")
    return str(given)


def theme_of(given: Any) -> str:
    """The theme given; ValueError with the known ones when it is none of them."""
    try:
        return themes.check(given)
    except ValueError as error:
        raise value_error(str(error)) from None


def step_of(given: Any, count: int) -> int:
    """The step given; ValueError unless a film of ``count`` frames has it."""
    if not isinstance(given, int) or not 0 <= given < count:
        has = f"its steps are 0 to {count - 1}"
        raise value_error(f"step {given} is not in this film: {has}")
    return given


def speed_of(given: Any) -> Any:
    """The speed given; ValueError unless it is a number above 0."""
    if not isinstance(given, (int, float)) or not given > 0:
        raise value_error(
            f"a film cannot play at a speed of {given!r}",
            "give a number above 0: 1 is a step every second or two",
        )
    return given
