"""The player as a widget: its step and whether it plays are shared with Python."""

from __future__ import annotations

import json
from typing import Any

import anywidget
import traitlets

from tapeviz.render.film import player
from tapeviz.render.svg import theme as themes
from tapeviz.trace.film import Film


class PlayerWidget(anywidget.AnyWidget):
    """A film in a notebook with a kernel; all its views show one step.

    ``step``, ``playing``, ``speed``, ``predict`` and ``answers`` can be read, set,
    observed and linked; ``predict`` is "all" where forward values are asked for too.
    ``answers`` has for each step that was asked for what was typed
    and whether it was right, as in ``{"15": {"typed": "2", "right": True, "tries": 1,
    "hints": 0, "done": True}}``. A step outside the film raises a TraitError.
    ``close()`` takes the views away and frees the film.
    """

    _esm = player.module()
    _css = themes.css() + player.css(large=True) + player.live_css()

    film = traitlets.Unicode().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    playing = traitlets.Bool(default_value=False).tag(sync=True)
    speed = traitlets.Float(1.0).tag(sync=True)
    predict = traitlets.Union(
        [traitlets.Bool(default_value=False), traitlets.Enum(["all"])]
    ).tag(sync=True)
    answers = traitlets.Dict().tag(sync=True)

    def __init__(
        self, film_json: str, step: int = 0, seed: int = 0, **options: Any
    ) -> None:
        film = Film.from_json(film_json)
        self._last = len(film.frames) - 1
        super().__init__(film=_payload(film, step, seed), step=step, **options)

    def show(self, film: Film, step: int = 0) -> None:
        """Put another film in the place of this one, in all views at once.

        ValueError when the film has no such step.
        """
        payload = _payload(film, step)
        self._last = max(self._last, len(film.frames) - 1)
        with self.hold_sync():
            self.film, self.step, self.answers = payload, step, {}
        self._last = len(film.frames) - 1

    @traitlets.validate("step")
    def _check(self, proposal: dict[str, Any]) -> int:
        step = int(proposal["value"])
        if not 0 <= step <= self._last:
            raise traitlets.TraitError(
                f"step {step} is not in this film: its steps are 0 to {self._last}"
            )
        return step

    def close(self) -> None:
        """Close the widget and its layout, and let go of the film."""
        layout = self.layout
        super().close()
        if layout is not None:
            layout.close()
        self.set_trait("film", "")


def _payload(film: Film, step: int, seed: int = 0) -> str:
    """The film as JSON for the player's script, with its picture."""
    return json.dumps({**player.payload(film, step=step, seed=seed), "svg": film.svg})
