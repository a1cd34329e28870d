"""A recorded descent as a film: at each step the slope, the update and the new loss."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tapeviz.analysis.convergence import regime
from tapeviz.analysis.momentum import Momentum, momentum_of
from tapeviz.analysis.trajectory import (
    about,
    apart,
    called,
    coordinates,
    largest,
    noise,
    number,
    point_words,
    sample_steps,
    track,
)
from tapeviz.render.descent import chart, panels
from tapeviz.render.descent.panels import MOST, Seen
from tapeviz.render.descent.words import FEW, assignment, describe, entry
from tapeviz.render.svg.options import theme_of
from tapeviz.trace.film import Film, Frame, Table
from tapeviz.trace.markup import Element
from tapeviz.wording import values as text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tapeviz.trace.descent import Descent, Update
    from tapeviz.trace.value import Value

UPDATE_DETAILS = "nbcdfhk"
"""The id letters of what is shown only while an update is made.

``n`` the assignment on the number line, ``b c d`` the arrows of its parts and ``f h k``
their names.
"""

_ROUNDING = 1e-6
_NEAR = 1e-4
"""A float32 loss that changes by less than this share of itself stays as it is."""

_RULES = (
    "& .tv-late{opacity:0}& .tv-late:is(.tv-on,.tv-hot,.tv-done){opacity:1}"
    "& .tv-late.tv-dim{opacity:.25}& .tv-late.tv-off{opacity:0}"
    "& .tv-done{--d: ;}& .tv-a{--o:var(--d).5}& .tv-a>*{opacity:var(--o,1)}"
    "& .tv-a.tv-hot path{stroke-width:2.6}"
    "& :is(.tv-p,.tv-l).tv-hot>:last-child{stroke:@hot;stroke-width:4}"
)
"""How marks look. "done" sets the variable ``--d`` to nothing, in pictures of a single
step too, where an element has no class of its mark; ``--o`` is valid only with it."""


def descent_film(
    run: Descent,
    *,
    theme: str = "auto",
    directions: tuple[int, int] | None = None,
) -> Film:
    """The film of a descent: start, then gradient, update and new loss at each step.

    The picture is that of ``panels.panels``: its points ``p0``, ``p1``, ..., update
    arrows ``a0``, ..., slopes ``t0``, ... and dots of the loss ``l0``, ... appear as
    the film goes on. Of a run of more than ``MOST`` updates that many are shown. More
    than two numbers are seen along their two principal directions, or along the two
    that ``directions`` chooses. ValueError for an unknown theme.
    """
    theme_of(theme)
    label = describe(run.validate(), directions)
    picture = _picture(run, theme, directions, label)
    frames_of = _DescentFrames(run, picture.ids())
    frames = tuple(frames_of.all_frames())
    film = Film(_title(run), label, picture, frames, (), frames_of.table())
    return film.validate()


def descent_table(run: Descent) -> Table:
    """Point, loss, gradient and update of every step that the film shows."""
    return _DescentFrames(run, frozenset()).table()


def steps_shown(run: Descent) -> int:
    """How many of a run's updates its film shows."""
    t = track(run)
    return len(t.sound(sample_steps(t.updates, MOST)))


def _title(run: Descent) -> str:
    names = [*map(text.path_name, run.names)]
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    on = f" on {', '.join(names[:FEW])}{more}" if names else ""
    return f"Gradient descent{on}"


def _picture(
    run: Descent, theme: str, directions: tuple[int, int] | None, label: str
) -> Element:
    made = panels.panels([Seen.of(run, film=True)], [""], directions=directions)
    look = {"rules": _RULES, "theme": theme}
    return chart.panels_picture(made, panels.SIZES[2], label, **look)


@dataclass
class _DescentFrames:
    """Writes the frames in order; ``now`` has the marks that are set so far.

    ``ids`` are those of the picture: marks of other ids are left out.
    """

    run: Descent
    ids: frozenset[str]
    now: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.t = track(self.run)
        self.steps = self.t.sound(sample_steps(self.t.updates, MOST))
        self.loss = text.path_name(self.run.loss_name)
        self.updates = [*map(self._shown, self.run.updates)]

    def _shown(self, update: Update) -> Update:
        """An update as it is told: by the gradient alone only where that is all."""
        rate, found = update.rate, self.momentum
        carries = rate and found and abs(rate - found.rate) > _NEAR * found.rate
        return replace(update, rate=None) if carries else update

    @cached_property
    def momentum(self) -> Momentum | None:
        """The momentum of a loop written by hand, whose one move also is a multiple."""
        by_hand = not any(u.parts for u in self.run.updates)
        return momentum_of(self.run) if by_hand else None

    @cached_property
    def labels(self) -> list[str]:
        """What each number of the variables is called."""
        return coordinates(self.run)

    def frame(
        self, caption: str, marks: dict[str, str], formula: str = "", row: int = -1
    ) -> Frame:
        """A frame with those of the marks that are new and that the picture has."""
        new = {
            id: mark
            for id, mark in marks.items()
            if id in self.ids and self.now.get(id, "") != mark
        }
        self.now |= new
        return Frame(caption, new, formula, row, (), "descent")

    def all_frames(self) -> Iterator[Frame]:
        """All frames, from the start to the end of the run."""
        if not self.steps:
            said = "No update was recorded"
            yield self.frame(f"{said}: no variable changed inside the block.", {})
            return
        yield self.start()
        for row, i in enumerate(self.steps):
            passed = i - self.steps[row - 1] - 1 if row else 0
            yield self.slope(i, row, passed)
            yield self.move(i, row)
            yield self.arrive(i, row)

    def start(self) -> Frame:
        where = self.where(0)
        at = f"{where[0].upper()}{where[1:]}" if self.many else f"It starts at {where}"
        return self.frame(
            f"{at}, {self.loss_words(0)}.", {"p0": "hot", "l0": "hot"}, row=0
        )

    @property
    def many(self) -> bool:
        """Whether there are too many numbers to say them all."""
        return self.t.kind == "norms"

    def where(self, i: int) -> str:
        """A point in words."""
        if self.many:
            return "the variables are at their start" if i == 0 else "the new values"
        return point_words(self.labels, self.t.points[i], self.t.sizes)

    def loss_words(self, i: int) -> str:
        """The loss at a point in words."""
        return f"where {called(self.loss)} is {about(self.t.losses[i], self.most)}"

    @cached_property
    def most(self) -> float:
        """The largest loss of the run."""
        return largest(self.t.losses)

    def slope(self, i: int, row: int, passed: int) -> Frame:
        update = self.run.updates[i]
        marks = {f"t{i}": "hot", f"s{i}": "on"}
        marks |= {f"p{i}": "hot", f"l{i}": "hot"} if passed else {}
        many = f"{passed} updates later" if passed > 1 else "One update later"
        lead = f"{many}, step {i}" if passed else f"Step {i}"
        says = "; ".join(self.derivatives(update))
        return self.frame(f"{lead}: {self.sloping(i)}", marks, says, row)

    def sloping(self, i: int) -> str:
        """The gradient at a point in a sentence, and what it means."""
        update = self.run.updates[i]
        pairs = zip(self.t.names, update.gradients, strict=True)
        missing = [name for name, gradient in pairs if gradient is None]
        if missing:
            return f"there is no gradient for {', '.join(missing)}."
        if self.many:
            return f"the gradient has length {number(self.t.slopes[i])}."
        sizes = map(largest, self.t.gradients.T)
        values = ", ".join(map(about, self.t.gradients[i], sizes))
        values = f"({values})" if len(self.labels) > 1 else values
        sentence = f"at {self.where(i)} the gradient is {values}"
        return f"{sentence}{_meaning(self.t.gradients[i], self.labels, self.loss)}."

    def derivatives(self, update: Update) -> Iterator[str]:
        """The gradient of each variable as an equation."""
        if len(self.t.names) > FEW:
            return
        for name, gradient in zip(self.t.names, update.gradients, strict=True):
            steepest = largest(self.t.slopes)
            value = "None" if gradient is None else entry(gradient, steepest)
            yield f"d {self.loss} / d {name} = {value}"

    def move(self, i: int, row: int) -> Frame:
        marks = {f"p{i}": "done", f"l{i}": "done", f"a{i}": "hot", f"m{i}": "on"}
        marks |= {f"{letter}{i}": "on" for letter in UPDATE_DETAILS}
        formula = "; ".join(self.assignments(self.updates[i]))
        return self.frame(self.moving(i), marks, formula, row)

    def moving(self, i: int) -> str:
        """What an update does, in a sentence."""
        rate = self.updates[i].rate
        why = "" if rate is None else ", minus the learning rate times the gradient,"
        parts = self.run.updates[i].parts
        if len(parts) > 1:
            why = f", the sum of {text.join([f'its {p.name} part' for p in parts])},"
        if self.many:
            far = number(self.t.strides[i])
            return f"The update{why} moves the variables by a length of {far}."
        moves = (v for m in self.run.updates[i].moves for v in (m.data or ()))
        changes = [
            f"{label} by {about(float(v), size)}"
            for label, v, size in zip(self.labels, moves, self.t.sizes, strict=True)
            if isinstance(v, (int, float))
        ]
        return f"The update{why} changes {' and '.join(changes)}."

    def assignments(self, update: Update) -> Iterator[str]:
        """The update of each variable, ``x := 2 - 0.1 * (-6) = 2.6``."""
        if len(self.t.names) > FEW:
            return
        most = largest(self.t.numbers)
        for k, name in enumerate(self.t.names):
            yield assignment(name, update, k, most)

    def arrive(self, i: int, row: int) -> Frame:
        gone = "" if self.t.seen else "done"
        marks = {f"t{i}": gone, f"s{i}": "", f"m{i}": "", f"a{i}": "done"}
        marks |= {f"{letter}{i}": "" for letter in UPDATE_DETAILS}
        end = i == self.steps[-1]
        near = {f"p{i + 1}": "hot", f"l{i + 1}": "hot"}
        near |= {f"v{i + 1}": "on", f"e{i + 1}": "on"}
        caption = self.ending() if end else self.arriving(i)
        formula = self.verdict() if end else self.losses(i)
        return self.frame(caption, marks | near, formula, row)

    def verdict(self) -> str:
        """The run's regime and the inequality that decides it."""
        found = regime(self.run)
        return f"{found.name}: {found.inequality}" if found.inequality else found.name

    def arriving(self, i: int) -> str:
        """Where an update led to, in a sentence."""
        before, after = self.t.losses[i : i + 2]
        said = called(self.loss)
        lead = f"At {self.where(i + 1)} {said}"
        lead = f"{said[0].upper()}{said[1:]}" if self.many else lead
        if noise(before, self.most) and noise(after, self.most):
            return f"{lead} stays about 0."
        if (
            not np.isfinite(after)
            or np.isnan(before)
            or math.isclose(before, after, rel_tol=_ROUNDING)
        ):
            return f"{lead} is {about(after, self.most)}."
        verb = "falls" if after < before else "rises"
        return f"{lead} {verb} from {self.change(i, ' to ')}."

    def ending(self) -> str:
        """Where the run ends, in a sentence."""
        n = self.t.updates
        many = text.counted(n, "update")
        if self.many:
            return f"The run ends here, after {many}."
        return f"The run ends at {self.where(-1)}, after {many}."

    def losses(self, i: int) -> str:
        """The loss before and after an update, as far as it is known."""
        if i + 1 >= self.t.updates:
            return ""
        before, after = self.t.losses[i : i + 2]
        if math.isclose(before, after, rel_tol=_ROUNDING):
            return f"{self.loss}: {about(after, self.most)}, as before"
        return f"{self.loss}: {self.change(i, ' -> ')}"

    def change(self, i: int, between: str) -> str:
        """The loss before and after an update, told apart."""
        losses = self.t.losses[i : i + 2]
        pairs = zip(losses, apart(*losses), strict=True)
        return between.join(
            "about 0" if noise(loss, self.most) else said for loss, said in pairs
        )

    def table(self) -> Table:
        """The same steps as a table."""
        return Table(self.heads(), tuple(map(self.row, self.steps)))

    def heads(self) -> tuple[str, ...]:
        """The columns of the table."""
        names = self.t.names
        if len(names) > FEW:
            return "step", self.loss, "length of gradient", "length of update"
        new = (f"new {name}" for name in names)
        return "step", *names, self.loss, "gradient", "update", *new

    def row(self, i: int) -> tuple[str, ...]:
        """The table's row of one update."""
        u, loss = self.run.updates[i], number(self.t.losses[i])
        if len(self.t.names) > FEW:
            return str(i), loss, number(self.t.slopes[i]), number(self.t.strides[i])
        gradients = ", ".join(_cell(g) for g in u.gradients)
        moves = ", ".join(map(_cell, u.moves))
        return str(i), *map(_cell, u.at), loss, gradients, moves, *map(_cell, u.to)


def _meaning(gradient: Sequence[float], labels: list[str], loss: str) -> str:
    """What the gradient says, as the end of a sentence."""
    if not np.isfinite(gradient).all():
        return ", which is no direction to go in"
    if not np.any(gradient):
        return f": {called(loss)} is flat here"
    if len(labels) > 1:
        return ""
    way = "grows" if gradient[0] < 0 else "shrinks"
    return f", so {called(loss)} falls as {labels[0]} {way}"


def _cell(value: Value | None) -> str:
    return "None" if value is None else entry(value)
