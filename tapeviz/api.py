"""draw, play, why, explain: what turns a tape into something to look at.

Each function looks up the learner's own names, asks ``trace.observe`` for frozen data
and hands it to an object of ``shown``. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import sys
from numbers import Number
from typing import Any

from tapeviz import inspect
from tapeviz.engine import nest
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, Variable
from tapeviz.errors import caller, error_message
from tapeviz.trace.explanation import Explanation, ForwardPass
from tapeviz.trace.film import Table
from tapeviz.views.descent import Descent, descent
from tapeviz.views.descent_player import Walked
from tapeviz.views.diagnosis import Explained, Why
from tapeviz.views.drawing import Drawing, Step, call_site_of, draw, names_of, tape_of
from tapeviz.views.explorer import explore
from tapeviz.views.player import Player

__all__ = ["descent", "draw", "explain", "explore", "operations", "play", "why"]


def play(  # noqa: PLR0913 - options, by keyword
    what: GradientTape | Descent | Step,
    target: Any = None,
    sources: Any = None,
    *,
    step: int = 0,
    predict: bool | str = False,
    speed: float = 1.0,
    mode: str = "backward",
    theme: str = "auto",
    direction: str = "LR",
    directions: tuple[int, int] | None = None,
) -> Player:
    """The film of a backward pass, ``play(tape, y, x)``, or a descent, ``play(run)``.

    It needs no kernel once shown, works after ``gradient`` used the tape up, and
    without ``target`` and ``sources`` plays the gradient the tape was last asked for.
    It opens at ``step``; with ``predict`` it asks for every contribution before it
    shows it, with ``predict="all"`` for the values on the way forward as well.
    ``mode="forward"`` plays forward mode: a source moves, and all results with it.
    A descent of more than two numbers is seen in its two principal directions, or in
    the two numbers that ``directions=(0, 3)`` chooses.

    >>> import tapeviz as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x * x
    >>> play(tape, y, x).run.results[0].entry
    6.0
    """
    look: dict[str, Any] = {"theme": theme, "direction": direction}
    look |= {"step": step, "predict": predict, "speed": speed}
    if isinstance(what, Descent):
        return Walked(what, **look, directions=directions)
    tape = tape_of(what, "play")
    target, sources = _asked(tape, target, sources, "play")
    _tensors(target, "target")
    _tensors(sources, "source")
    if mode == "forward":
        told = inspect.explanation(tape, target, sources, names_of(what))
        return Player(told.run, sweeps=_sweeps(told), **look)
    if mode != "backward":
        raise ValueError(
            error_message(
                f"there is no mode {mode!r}", 'mode is "backward" or "forward"'
            )
        )
    run = inspect.backward(tape, target, sources, names_of(what), call_site_of(what))
    practice = inspect.practice(tape, target, sources, run)
    return Player(run, practice=practice, **look)


def _sweeps(told: Explanation) -> tuple[ForwardPass, ...]:
    """The sweeps of forward mode that can be told; ValueError if there are none."""
    if not told.forward:
        raise ValueError(
            error_message(
                "forward mode has nothing to tell here",
                "give sources that the target depends on, real and not too large",
            )
        )
    return told.forward


def _tensors(thing: Any, role: str) -> None:
    for t in nest.leaves(thing):
        if not isinstance(t, (Tensor, Variable)):
            raise TypeError(
                error_message(
                    f"the {role} {t!r} is not a tensor",
                    "give the tensor or variable itself, not its value",
                )
            )


def why(
    tape: GradientTape | Step,
    target: Any = None,
    sources: Any = None,
    *,
    theme: str = "auto",
) -> Why:
    """Why a gradient is None, zero or nan, or where it comes from if it is fine.

    Each reason comes with the place in your code and the smallest change that mends it.
    It works after ``gradient`` used the tape up; without ``target`` and ``sources`` it
    is about the gradient the tape was last asked for.

    >>> import tapeviz as tf
    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x * x
    >>> print(tape.gradient(y, x))
    None
    >>> why(tape, y, x).reasons[0].sentence
    'x is a constant, and the tape was not told to watch it.'
    """
    names, tape = names_of(tape), tape_of(tape, "why")
    target, sources = _asked(tape, target, sources, "why")
    _numbers(target, "target")
    _numbers(sources, "source")
    frame = caller()
    spot = None if frame is None else (frame.f_code, frame.f_lasti)
    return Why(inspect.why(tape, target, sources, names, spot), theme=theme)


def explain(  # noqa: PLR0913 - options, by keyword
    tape: GradientTape | Step,
    target: Any = None,
    sources: Any = None,
    *,
    check: bool = False,
    exact: bool = False,
    theme: str = "auto",
) -> Explained:
    """The steps of a gradient as a table and as a derivation, to read and to copy.

    It says what the player and the picture show. ``check`` puts finite differences
    beside every row, ``exact`` writes numbers with all their digits. Without ``target``
    and ``sources`` it is about the gradient the tape was last asked for.

    >>> import tapeviz as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x**2 + 2*x + 1
    >>> [path.value.entry for path in explain(tape, y, x).data.paths]
    [6.0, 2.0]
    """
    names, tape = names_of(tape), tape_of(tape, "explain")
    target, sources = _asked(tape, target, sources, "explain")
    _tensors(target, "target")
    _tensors(sources, "source")
    told = inspect.explanation(tape, target, sources, names, check=check)
    return Explained(told, theme=theme, exact=exact)


def _asked(tape: GradientTape, target: Any, sources: Any, verb: str) -> tuple[Any, Any]:
    """What is asked about, or what the tape was last asked for."""
    if target is None and sources is None:
        target, sources = inspect.asked(tape)
    if target is None or sources is None:
        raise TypeError(
            error_message(
                f"{verb}(tape, target, sources) was not told which gradient is meant",
                f"name both, {verb}(tape, y, x), or ask the tape for a gradient first",
            )
        )
    return target, sources


def _numbers(thing: Any, role: str) -> None:
    """TypeError for what is neither a tensor nor a plain number nor an array."""
    for t in nest.leaves(thing):
        plain = isinstance(t, Number) or hasattr(t, "__array_interface__")
        if not plain and not isinstance(t, (Tensor, Variable)):
            raise TypeError(
                error_message(
                    f"the {role} {t!r} is not a tensor",
                    "give the tensor or variable itself",
                )
            )


def operations() -> Table:
    """The registry as a table: every operation, its rules and their domain.

    >>> next(row for row in operations().rows if row[0] == "sin")[3]
    'g * cos(x)'
    """
    return inspect.operations()


def bundle(tape: GradientTape, **_: Any) -> dict[str, Any]:
    """What a bare tape at the end of a cell shows: its picture."""
    names = vars(sys.modules["__main__"])
    return Drawing(inspect.graph(tape, names))._repr_mimebundle_()
