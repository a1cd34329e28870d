"""The player that the learner gets in hand: a film that shows and saves itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from tapeviz.render import html, text
from tapeviz.render.animate import animate
from tapeviz.render.film import backward_film, backward_table
from tapeviz.render.forward_film import forward_film
from tapeviz.shown import Shown
from tapeviz.trace.backward import BackwardPass
from tapeviz.trace.descent import Descent
from tapeviz.trace.explanation import ForwardPass
from tapeviz.trace.film import Film
from tapeviz.trace.practice import Practice


class Player(Shown):
    """A film of a backward pass or of a descent; ``run`` is the data it tells.

    ``start`` says how it opens: ``step``, ``predict`` and ``speed``. With ``sweeps`` it
    tells those of forward mode instead.
    """

    def __init__(
        self,
        run: BackwardPass | Descent,
        *,
        theme: str = "auto",
        direction: str = "LR",
        practice: Practice | None = None,
        sweeps: tuple[ForwardPass, ...] = (),
        **start: Any,
    ) -> None:
        self.run = run
        self._practice = practice
        self._sweeps = sweeps
        self._start = start
        self._look = {"theme": theme, "direction": direction}

    @cached_property
    def film(self) -> Film:
        """The film: one picture and its frames."""
        if isinstance(self.run, Descent):
            from tapeviz.render.descent_film import descent_film

            return descent_film(self.run, theme=self._look["theme"])
        if self._sweeps:
            return forward_film(self.run, self._sweeps, **self._look)
        return backward_film(self.run, **self._look, practice=self._practice)

    def widget(self, **options: Any) -> Any:
        """The player as an anywidget, its ``step`` linked to Python both ways."""
        from tapeviz.widgets.player import PlayerWidget

        return PlayerWidget(self.film.to_json(), **{**self._start, **options})

    def _forms(self) -> dict[str, Callable[..., str | bytes]]:
        return {
            ".html": lambda: html.page(self.film, **self._start),
            ".svg": lambda: animate(self.film),
            ".json": self.film.to_json,
            ".txt": self.__str__,
        }

    def _html(self) -> str:
        return html.notebook(self.film, **self._start)

    def __str__(self) -> str:
        if isinstance(self.run, BackwardPass) and not self._sweeps:
            table = backward_table(self.run)
        else:
            table = self.film.table
        return text.columns(table.heads, table.rows)

    def __repr__(self) -> str:
        if isinstance(self.run, Descent):
            return f"<film of a descent: {len(self.run.updates)} updates>"
        if self._sweeps:
            return f"<film of forward mode: {len(self._sweeps)} sweeps>"
        return f"<film of a backward pass: {len(self.run.steps)} operations>"
