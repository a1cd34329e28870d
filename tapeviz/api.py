"""draw, play, why, explain: what turns a tape into something to look at.

Each function looks up the learner's own names, asks ``inspect`` for frozen data and
passes it to an object of ``views``. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from numbers import Number
from typing import Any

from tapeviz import inspect
from tapeviz.engine import nest
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, Variable
from tapeviz.errors import caller, names_around, type_error, value_error
from tapeviz.inspect.foreign_tape import ForeignTape
from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.descent import Descent
from tapeviz.trace.explanation import Explanation, ForwardPass
from tapeviz.trace.film import Film, Table
from tapeviz.views.descent import DescentPlayer, DescentRun, descent
from tapeviz.views.diagnosis import Diagnosis, ExplanationView
from tapeviz.views.drawing import (
    Drawing,
    RunStep,
    call_site_of,
    draw,
    grouping_of,
    meant,
    names_of,
    program_of,
    seen,
    tape_of,
)
from tapeviz.views.explorer import (
    Explorer,
    Settings,
    begin_at,
    own_loss,
    preset,
)
from tapeviz.views.loss_presets import PRESETS
from tapeviz.views.player import LongPlayer, Player

__all__ = ["descent", "draw", "explain", "explore", "operations", "play", "why"]


def play(  # noqa: PLR0913 - options, by keyword
    what: GradientTape | DescentRun | RunStep | BackwardPass | Descent | Film,
    target: Any = None,
    sources: Any = None,
    *,
    step: int = 0,
    predict: bool | str = False,
    speed: float = 1.0,
    seed: int = 0,
    mode: str = "backward",
    theme: str = "auto",
    direction: str = "LR",
    directions: tuple[int, int] | None = None,
) -> Player:
    """The film of a backward pass, ``play(tape, y, x)``, or a descent, ``play(run)``.

    It needs no kernel once shown, works after ``gradient`` used the tape up, and
    without ``target`` and ``sources`` plays the gradient the tape was last asked for.
    It opens at ``step``; with ``predict`` it asks for every contribution before it
    shows it, with ``predict="all"`` for the values on the way forward as well. A
    ``seed`` above 0 draws new numbers to practise with, the same for the same seed.
    ``mode="forward"`` plays forward mode: a source moves, and all results with it.
    A descent of more than two numbers is seen in its two principal directions, or in
    the two numbers that ``directions=(0, 3)`` chooses. Below that of one or two, "What
    if?" opens a panel that runs the loop with another rate or start. The last line of a
    cell shows itself; elsewhere write ``play(tape).show()``. In place of a tape there
    may be data that somebody else has filled: a ``BackwardPass``, a ``Descent`` or a
    ``Film``.

    >>> import tapeviz as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x * x
    >>> play(tape, y, x).run.results[0].entry
    6.0
    """
    look: dict[str, Any] = {"theme": theme, "direction": direction}
    look |= {"step": step, "predict": predict, "speed": speed}
    if isinstance(what, DescentRun):
        from tapeviz.tf.keras import optimizers
        from tapeviz.views.what_if import what_if

        below = what_if(what, optimizers, theme)
        return DescentPlayer(what, **look, directions=directions, below=below)
    if isinstance(what, (BackwardPass, Descent, Film)):
        return Player(what.validate(), **look, directions=directions)
    what, target, sources = seen(what, target, sources)
    long = grouping_of(what, target, sources) if mode == "backward" else None
    if long is not None:
        return LongPlayer(long, **look)
    tape = tape_of(what, "play")
    target, sources = _asked(tape, target, sources, "play")
    if mode == "forward":
        explained = inspect.explanation(tape, target, sources, names_of(what))
        return Player(explained.run, sweeps=_sweeps(explained), **look)
    if mode != "backward":
        raise value_error(
            f"there is no mode {mode!r}", 'mode is "backward" or "forward"'
        )
    run = inspect.backward(tape, target, sources, names_of(what), call_site_of(what))
    practice = inspect.practice(tape, target, sources, run)
    program = inspect.compiled(tape, run, run.graph)
    return Player(run, practice=practice, program=program, **look, seed=seed)


def _sweeps(explained: Explanation) -> tuple[ForwardPass, ...]:
    """The passes of forward mode that can be played; ValueError if there are none."""
    if not explained.forward:
        raise value_error(
            "forward mode has nothing to tell here",
            "give sources that the target depends on, real and not too large, "
            "with no gradient function of your own that clips on the way",
        )
    return explained.forward


def _in_order(tape: GradientTape, target: Any, sources: Any, verb: str) -> None:
    """ValueError for ``play(tape, x, y)``, where ``y`` was computed from ``x``."""
    records = tape.records()
    first = [records.index_of(t) for t in nest.leaves(target)]
    then = [records.index_of(t) for t in nest.leaves(sources)]
    if all(i >= 0 and records[i].is_leaf for i in first) and any(
        i > max(first) and not records[i].is_leaf for i in then
    ):
        raise value_error(
            f"{verb}(tape, target, sources) was given a source that was computed "
            "from the target",
            f"the result comes first, what it was computed from second: "
            f"{verb}(tape, y, x)",
        )


def why(
    tape: GradientTape | RunStep,
    target: Any = None,
    sources: Any = None,
    *,
    theme: str = "auto",
) -> Diagnosis:
    """Why a gradient is None, zero or nan, or where it comes from if it is fine.

    Each reason comes with the place in your code and the smallest change that mends it.
    It works after ``gradient`` used the tape up; without ``target`` and ``sources`` it
    is about the gradient the tape was last asked for. ``print`` it, or ``.show()`` it.

    >>> import tapeviz as tf
    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x * x
    >>> print(tape.gradient(y, x))
    None
    >>> why(tape, y, x).reasons[0].sentence
    'x is a constant, and the tape was not told to watch it.'
    """
    tape, target, sources = seen(tape, target, sources)
    names, tape = names_of(tape), tape_of(tape, "why")
    target, sources = _asked(tape, target, sources, "why")
    frame = caller()
    call_site = None if frame is None else (frame.f_code, frame.f_lasti)
    answers = (
        tape.answers if isinstance(tape, ForeignTape) else partial(inspect.why, tape)
    )
    return Diagnosis(answers(target, sources, names, call_site), theme=theme)


def explain(  # noqa: PLR0913 - options, by keyword
    tape: GradientTape | RunStep | BackwardPass,
    target: Any = None,
    sources: Any = None,
    *,
    check: bool = False,
    exact: bool = False,
    theme: str = "auto",
) -> ExplanationView:
    """The steps of a gradient as a table and as a derivation, to read and to copy.

    It says what the player and the picture show. ``check`` puts finite differences
    beside every row, ``exact`` writes numbers with all their digits. Without ``target``
    and ``sources`` it is about the gradient the tape was last asked for. In place of a
    tape there may be a ``BackwardPass`` that somebody else has filled.

    >>> import tapeviz as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x**2 + 2*x + 1
    >>> [path.value.entry for path in explain(tape, y, x).data.paths]
    [6.0, 2.0]
    """
    if isinstance(tape, BackwardPass):
        return ExplanationView(tape.validate(), theme=theme, exact=exact)
    tape, target, sources = seen(tape, target, sources)
    names, tape = names_of(tape), tape_of(tape, "explain")
    target, sources = _asked(tape, target, sources, "explain")
    explained = inspect.explanation(tape, target, sources, names, check=check)
    return ExplanationView(explained, theme=theme, exact=exact)


def explore(  # noqa: PLR0913 - what the controls begin with, by keyword
    loss: Callable[..., Any] | str = "parabola",
    x: Any = None,
    *,
    learning_rate: float | None = None,
    steps: int | None = None,
    start: Any = None,
    optimizer: str = "gradient descent",
    compare: Sequence[str] = (),
    window: Sequence[tuple[float, float]] | None = None,
    theme: str = "auto",
) -> Any:
    """A panel that runs the descent of ``loss`` again as you move its controls.

    The loss is recorded once, and the page runs it: also in a notebook that was only
    opened, and in a file, ``panel.save("descent.html")``. What a page can't run is run
    here, as long as Python is there.

    ``loss`` is a function that reads the variable ``x``, or takes it; ``x`` holds one
    or two numbers, in one variable or a list of two, and is left as it was. Or ``loss``
    is the name of a preset: "parabola", "bumpy", "ravine", "rosenbrock", "himmelblau",
    "saddle". ``optimizer`` and ``compare`` are among "gradient descent", "momentum",
    "Nesterov", "RMSprop", "Adagrad", "Adam". ``panel.run`` is the last run;
    ``panel.learning_rate = 0.5`` moves a control.

    TypeError when there is no function or no variable, ValueError for an unknown name.
    """
    from tapeviz.tf.keras import optimizers
    from tapeviz.views.widgets.explorer import Studio

    given = Settings(
        0.1 if learning_rate is None else learning_rate, 10 if steps is None else steps,
        (), optimizer, (), tuple(compare),
    )  # fmt: skip
    losses = {
        name: preset(name, given, learning_rate, steps, optimizers) for name in PRESETS
    }
    if isinstance(loss, str):
        first = loss
    else:
        first = "your loss"
        own = own_loss(loss, x, names_around(), window, optimizers)
        begin = own.position if start is None else begin_at(start, own.numbers)
        settings = replace(given, start=begin)
        losses = {first: lambda: (own, settings), **losses}
    panel = Studio(Explorer(losses, optimizers, theme=theme), first, optimizer)
    if isinstance(loss, str) and start is not None:
        panel.start = begin_at(start, len(PRESETS[first].start))
    return panel


def _asked(tape: GradientTape, target: Any, sources: Any, verb: str) -> tuple[Any, Any]:
    """The targets and sources given, or those the tape was last asked for.

    ``why`` takes plain numbers and arrays as well, and says that they are that.
    """
    target, sources = meant(tape, target, sources)
    if target is None and sources is None:
        target, sources = inspect.asked(tape)
    if target is None or sources is None:
        raise type_error(
            f"{verb}(tape, target, sources) was not told which gradient is meant",
            f"name both, {verb}(tape, y, x), or ask the tape for a gradient first",
        )
    for role, thing in (("target", target), ("source", sources)):
        for t in nest.leaves(thing):
            plain = isinstance(t, Number) or hasattr(t, "__array_interface__")
            if not isinstance(t, (Tensor, Variable)) and not (plain and verb == "why"):
                raise type_error(
                    f"the {role} {t!r} is not a tensor",
                    "give the tensor or variable itself, not its value",
                )
    if verb != "why":
        _in_order(tape, target, sources, verb)
    return target, sources


def operations() -> Table:
    """The registry as a table: every operation, its rules and their domain.

    >>> next(row for row in operations().rows if row[0] == "sin")[3]
    'g * cos(x)'
    """
    return inspect.operations()


def bundle(tape: GradientTape, **asked: Any) -> dict[str, Any]:
    """The MIME bundle of a bare tape at the end of a notebook cell: its graph."""
    names = vars(sys.modules["__main__"])
    own = tape.named(names) if isinstance(tape, ForeignTape) else names
    graph = inspect.graph(tape, own)
    return Drawing(graph, program=program_of(tape, graph))._repr_mimebundle_(**asked)
