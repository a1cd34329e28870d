"""The film of a learner's own loop, with the graphs of its steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tapeviz.analysis.trajectory import spread
from tapeviz.errors import LayoutError
from tapeviz.render.descent import step_graphs
from tapeviz.views.drawing import draw
from tapeviz.views.player import Player

if TYPE_CHECKING:
    from tapeviz.views.descent import Descent


class Walked(Player):
    """The film of a descent; a click on a point opens that step's graph."""

    def __init__(self, walk: Descent, *, theme: str = "auto", **look: Any) -> None:
        super().__init__(walk.data, theme=theme, **look)
        self._walk = walk
        self._theme = theme

    @cached_property
    def graphs(self) -> dict[int, str]:
        """The pictures of at most ``opened.MOST`` of the steps whose tape was kept."""
        kept = self._walk.kept
        steps = [kept[i] for i in spread(len(kept), step_graphs.MOST)]
        try:
            return {i: draw(self._walk[i], theme=self._theme).svg for i in steps}
        except LayoutError:
            return {}

    def _forms(self) -> dict[str, Callable[..., str | bytes]]:
        forms: dict[str, Any] = dict(super()._forms())
        return {**forms, ".html": lambda: self._page(forms[".html"])}

    def _page(self, page: Callable[[], str]) -> str:
        head, _, rest = page().partition("<main>")
        film, _, tail = rest.partition("</main>")
        inside = step_graphs.around(film, self.graphs, self._theme)
        return f"{head}<main>{inside}</main>{tail}"

    def _html(self) -> str:
        return step_graphs.around(super()._html(), self.graphs, self._theme)
