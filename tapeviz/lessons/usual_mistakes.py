"""What a wrong answer most likely comes from: a sign, an order, a factor, a path."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np

from tapeviz.lessons.answers import near

Paths: TypeAlias = Sequence[Sequence[float]]
"""A derivative as the sum over its paths of the product of the slopes along each."""

MANY = 6
"""Of more paths than these no subsets are tried."""

A_PATH = "A path is missing: what comes along each path is added."
A_SIGN = "Check the signs: one of them is turned round."
A_FACTOR = "A factor is missing: along a path all slopes are multiplied."
A_SUM = "Along a path the slopes are multiplied, not added."
A_PRODUCT = "What comes along several paths is added, not multiplied."
"""What is said of a derivative that was put together in the wrong way."""


def explained(wanted: Any, got: Any, paths: Sequence[Paths]) -> str:
    """A sentence about a wrong answer of the right shape; "" where none fits.

    ``paths`` are those of each number that is wanted, in their order.
    """
    whole = (text for found, text in _SAME_NUMBERS if found(wanted, got))
    factor = (text for found, text in _FACTORS if found(wanted, got))
    return next(whole, "") or _along(wanted, got, paths) or next(factor, "")


def value(paths: Paths) -> float:
    """The derivative that the paths make."""
    return math.fsum(map(math.prod, paths))


def _along(wanted: Any, got: Any, paths: Sequence[Paths]) -> str:
    """What went wrong along the paths, if that explains every number that is wrong."""
    ok, entries = near(wanted, got).reshape(-1), got.reshape(-1)
    wrong = [n for n in range(len(paths)) if not ok[n]]
    said = [next((t for v, t in variants(paths[n]) if near(v, entries[n])), "")
            for n in wrong]  # fmt: skip
    return said[0] if said and all(said) else ""


def variants(paths: Paths) -> Iterator[tuple[Any, str]]:
    """The wrong values that come from the usual mistakes, with what is said of each."""
    right, terms = value(paths), [math.prod(path) for path in paths]
    every = (
        *((sum, A_PATH) for sum in _partial(terms)),
        *((right - 2 * term, A_SIGN) for term in terms if len(terms) > 1),
        *((v, A_FACTOR) for v in _without_a_factor(paths)),
        *((right - math.prod(path) + sum(path), A_SUM) for path in paths),
        (math.prod(terms), A_PRODUCT),
    )
    for found, text in every:
        if not near(np.asarray(right), found):
            yield np.asarray(found), text


def _partial(terms: Sequence[float]) -> Iterator[float]:
    """The sums of some of the terms."""
    for count in range(1, len(terms) if len(terms) <= MANY else 2):
        yield from map(math.fsum, combinations(terms, count))


def _without_a_factor(paths: Paths) -> Iterator[float]:
    """The value without one factor: of one path, and then of all of them."""
    for n, path in enumerate(paths):
        for k in range(len(path) if len(path) > 1 else 0):
            yield value([*paths[:n], _but(path, k), *paths[n + 1 :]])
    for k in range(max(map(len, paths), default=0)):
        yield value([_but(path, k) if len(path) > 1 else path for path in paths])


def _but(path: Sequence[float], k: int) -> list[float]:
    return [*path[:k], *path[k + 1 :]]


# -- without the paths ---------------------------------------------------------------


def _ordered(wanted: Any, got: Any) -> bool:
    one, other = np.sort(wanted, axis=None), np.sort(got, axis=None)
    return wanted.size > 1 and _all_near(one, other)


def _all_near(wanted: Any, got: Any) -> bool:
    return bool(np.all(near(wanted, got)))


def _ratio(wanted: Any, got: Any) -> float:
    """What all numbers must be multiplied by; nan where there is no such factor."""
    there = got != 0
    if not there.any():
        return math.nan
    ratio = float(np.median(wanted[there] / got[there]))
    fits = ratio and np.all(near(wanted, ratio * got))
    far = not 0.8 < abs(ratio) < 1.25  # nearer, it is a matter of rounding
    several = far and np.count_nonzero(wanted) > 1
    return ratio if fits and (several or ratio in _PLAIN) else math.nan


_PLAIN = (2.0, 3.0, 4.0, 1 / 2, 1 / 3, 1 / 4)
"""The factors that one number alone is compared with."""


Explanations: TypeAlias = "tuple[tuple[Callable[[Any, Any], bool], str], ...]"

_SAME_NUMBERS: Explanations = (
    (lambda a, b: _all_near(abs(a), abs(b)), "The size is right. Check the sign."),
    (_ordered, "The numbers are right. Check their order."),
    (
        lambda a, b: _ordered(abs(a), abs(b)),
        "The sizes are right. Check the signs, and the order.",
    ),
)
"""What fits an answer as a whole, and what is said then; the best fit comes first."""

_FACTORS: Explanations = (
    (
        lambda a, b: abs(_ratio(a, b)) > 1,
        "Is a factor missing, or one of several equal paths?",
    ),
    (
        lambda a, b: abs(_ratio(a, b)) < 1,
        "Is a factor there that does not belong, or a path counted twice?",
    ),
)
"""What may be said where nothing else fits."""
