"""What the learner gets in hand: pictures that show, print and save themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from tapeviz.errors import LayoutError, SaveError, tell
from tapeviz.render import html, still, text
from tapeviz.render.animate import animate
from tapeviz.render.film import backward_film, backward_table
from tapeviz.render.scene import Scene, description, scene
from tapeviz.trace.backward import BackwardPass
from tapeviz.trace.descent import Descent
from tapeviz.trace.film import Film
from tapeviz.trace.graph import Graph


class Shown:
    """Something to look at: shows itself in a notebook, saves itself to a file."""

    def _forms(self) -> dict[str, Callable[[], str]]:
        """What can be saved, by the file's ending."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        try:
            return {"text/html": self._html(), "text/plain": repr(self)}
        except LayoutError as error:
            return {"text/plain": f"{error}\n\n{self}"}

    def _html(self) -> str:
        raise NotImplementedError

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file whose ending says the form; returns its path.

        ValueError for an ending that is not known, SaveError (an OSError) when the
        file cannot be written.
        """
        file, forms = Path(path), self._forms()
        if file.suffix.lower() not in forms:
            raise ValueError(
                tell(
                    f"a picture cannot be saved as {file.suffix or file.name!r}",
                    f"end the file's name with one of {', '.join(sorted(forms))}",
                )
            )
        content = forms[file.suffix.lower()]()
        try:
            file.write_text(content, encoding="utf-8", errors="replace")
        except OSError as error:
            raise SaveError(
                tell(
                    f"{file} could not be written: {error.strerror or error}",
                    "choose a folder that exists and that you may write to",
                )
            ) from error
        return file


class Drawing(Shown):
    """The picture of a recorded graph; ``graph`` is the data it draws."""

    def __init__(
        self, graph: Graph, *, theme: str = "auto", direction: str = "LR"
    ) -> None:
        self.graph = graph
        self._look = {"theme": theme, "direction": direction}

    @cached_property
    def _scene(self) -> Scene:
        return scene(
            self.graph, theme=self._look["theme"], direction=self._look["direction"]
        )

    @property
    def svg(self) -> str:
        """The picture as SVG text."""
        return self._scene.svg

    def _forms(self) -> dict[str, Callable[[], str]]:
        return {
            ".svg": lambda: self.svg,
            ".html": lambda: still.page(self.svg, description(self.graph)),
            ".json": self.graph.to_json,
            ".dot": self._dot,
            ".txt": self.__str__,
        }

    def _dot(self) -> str:
        from tapeviz.render.dot import to_dot

        return to_dot(self.graph)

    def _html(self) -> str:
        least = 0.72 * self._scene.width
        return still.notebook(self.svg, description(self.graph), least=least)

    def __str__(self) -> str:
        return text.table(self.graph)

    def __repr__(self) -> str:
        ops = sum(n.kind == "op" for n in self.graph.nodes)
        return f"<picture of a tape: {ops} operations, {len(self.graph.nodes)} nodes>"


class Player(Shown):
    """A film of a backward pass or of a descent; ``run`` is the data it tells."""

    def __init__(
        self,
        run: BackwardPass | Descent,
        *,
        step: int = 0,
        theme: str = "auto",
        direction: str = "LR",
    ) -> None:
        self.run = run
        self._step = step
        self._look = {"theme": theme, "direction": direction}

    @cached_property
    def film(self) -> Film:
        """The film: one picture and its frames."""
        if isinstance(self.run, Descent):
            from tapeviz.render.descent_film import descent_film

            return descent_film(self.run, theme=self._look["theme"])
        return backward_film(
            self.run, theme=self._look["theme"], direction=self._look["direction"]
        )

    def widget(self, **options: Any) -> Any:
        """The player as an anywidget, its ``step`` linked to Python both ways."""
        from tapeviz.widgets.player import PlayerWidget

        return PlayerWidget(self.film.to_json(), step=self._step, **options)

    def _forms(self) -> dict[str, Callable[[], str]]:
        return {
            ".html": lambda: html.page(self.film, step=self._step),
            ".svg": lambda: animate(self.film),
            ".json": self.film.to_json,
            ".txt": self.__str__,
        }

    def _html(self) -> str:
        return html.notebook(self.film, step=self._step)

    def __str__(self) -> str:
        if isinstance(self.run, BackwardPass):
            table = backward_table(self.run)
        else:
            table = self.film.table
        return text.columns(table.heads, table.rows)

    def __repr__(self) -> str:
        if isinstance(self.run, Descent):
            return f"<film of a descent: {len(self.run.updates)} updates>"
        return f"<film of a backward pass: {len(self.run.steps)} operations>"


def chart(runs: tuple[Descent, ...], *, axes: Any = None, **options: Any) -> Any:
    """The matplotlib figure of a run, which shows itself with its alt text."""
    from tapeviz.render import plots

    run = runs[0]
    if axes is not None:
        return plots.plot(run, axes=axes, **options)
    figure = plots.figure(run, **options)
    follows = options.get("theme", "light") == "light"

    def bundle(**_: Any) -> dict[str, str]:
        alt = plots.describe(run)
        if follows:
            page = still.notebook(plots.themed(figure, alt), alt, least=560)
        else:
            page = still.image(plots.write_svg(figure), alt)
        return {"text/html": page, "text/plain": alt}

    figure._repr_mimebundle_ = bundle  # type: ignore[attr-defined]
    return figure
