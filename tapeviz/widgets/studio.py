"""A panel that runs a descent again whenever one of its controls moves."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

import ipywidgets as widgets

from tapeviz.errors import tell

if TYPE_CHECKING:
    from tapeviz.trace.descent import Descent
    from tapeviz.trace.film import Film

Rerun: TypeAlias = "Callable[[float, int, float], tuple[Descent, Film]]"
"""From learning rate, number of steps and start to a run and its film."""

PAUSE = 0.02
"""Seconds in which further moves of a control are waited for."""

_LOWEST, _HIGHEST = -4, 1
_STEPS = 100
_WIDE = {"description_width": "110px"}


class Studio(widgets.VBox):  # type: ignore[misc]
    """Controls for learning rate, steps and start over the film of their descent.

    ``rerun(learning_rate, steps, start)`` does the work and returns the run and its
    film; what it raises is shown as a sentence, and the last film stays. Of several
    moves that come faster than it answers only the newest counts.

    ``run`` is the last descent, None as long as there was none; ``rate``, ``count``
    and ``origin`` are the controls. ValueError when the learning rate is not a number
    above zero or there are no steps.
    """

    _waiting: asyncio.TimerHandle | None = None
    _player: Any = None
    _inner: tuple[Any, ...] = ()
    _message = ""

    def __init__(
        self,
        rerun: Rerun,
        *,
        learning_rate: float = 0.1,
        steps: int = 10,
        start: float = 0.0,
    ) -> None:
        _check(learning_rate, steps)
        self.run: Descent | None = None
        self._rerun = rerun
        self.rate, self.count, self.origin = _controls(learning_rate, steps, start)
        self._note = widgets.HTML()
        self._controls = widgets.VBox([self.rate, self.count, self.origin])
        super().__init__([self._controls, self._note])
        self._inner = (
            *self._controls.children,
            self._controls,
            self._note,
            self.layout,
        )
        for control in self._controls.children:
            control.observe(self._moved, "value")
        self._refresh()

    @property
    def message(self) -> str:
        """The sentence that says why there is no new film; "" when there is one."""
        return self._message

    def _moved(self, _: Any) -> None:
        """Run again soon, so that moves on their way are taken together."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._refresh()
            return
        if self._waiting is None:
            self._waiting = loop.call_later(PAUSE, self._refresh)

    def _refresh(self) -> None:
        self._waiting = None
        try:
            values = (control.value for control in self._controls.children)
            self.run, film = self._rerun(*values)
            self._show(film)
        except Exception as error:  # noqa: BLE001 - whatever the learner's loss raises
            self._say(" ".join(str(error).split()) or type(error).__name__)
        else:
            self._say("")

    def _show(self, film: Film) -> None:
        """Put the film into the one player, at its last frame: the whole path."""
        last = len(film.frames) - 1
        if self._player is None:
            self._player = _player(film, last)
            self.children = (self._controls, self._note, self._player)
            self._inner = (*self._inner, self._player)
            return
        self._player.show(film, last)

    def _say(self, sentence: str) -> None:
        self._message = sentence
        self._note.value = (
            f'<p role="alert" style="margin:4px 0">{escape(sentence)}</p>'
            if sentence
            else ""
        )

    def close(self) -> None:
        """Take the panel and everything in it away."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        super().close()
        inner, self._inner = self._inner, ()
        for widget in inner:
            widget.close()
            for part in {"layout", "style"} & {*widget.keys}:
                getattr(widget, part).close()


def _check(learning_rate: float, steps: int) -> None:
    if not (learning_rate > 0 and math.isfinite(learning_rate)):
        raise ValueError(
            tell(
                f"the learning rate {learning_rate!r} is not a number above zero",
                "try learning_rate=0.1",
            )
        )
    if steps < 1:
        raise ValueError(
            tell(f"{steps!r} steps are no descent", "ask for at least one: steps=10")
        )


def _controls(learning_rate: float, steps: int, start: float) -> tuple[Any, Any, Any]:
    power = math.log10(learning_rate)
    rate = widgets.FloatLogSlider(
        value=learning_rate,
        min=min(_LOWEST, math.floor(power)),
        max=max(_HIGHEST, math.ceil(power)),
        step=0.01,
        readout_format=".3g",
        description="learning rate",
        tooltip="How far along the gradient each update goes, on a logarithmic scale",
        style=_WIDE,
        layout={"width": "min(100%, 560px)"},
    )
    count = widgets.IntSlider(
        value=steps,
        min=1,
        max=max(_STEPS, steps),
        description="steps",
        tooltip="How many updates are made",
        style=_WIDE,
        layout={"width": "min(100%, 560px)"},
    )
    origin = widgets.FloatText(
        value=start,
        step=0.1,
        description="start",
        tooltip="Where the descent starts",
        style=_WIDE,
        layout={"width": "220px"},
    )
    return rate, count, origin


def _player(film: Film, step: int) -> Any:
    from tapeviz.widgets.player import PlayerWidget

    return PlayerWidget(film.to_json(), step=step)
