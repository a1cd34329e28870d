"""A film that shows, prints and saves itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from tapeviz.analysis.folded_backward import folded_run
from tapeviz.analysis.scalar_groups import Grouping, OuterLevel
from tapeviz.engine import files
from tapeviz.errors import LayoutError, SaveError, error_message
from tapeviz.render.film import on_paper, player
from tapeviz.render.film.backward import backward_film, backward_table
from tapeviz.render.film.forward import forward_film
from tapeviz.render.film.svg import PACE, animate
from tapeviz.render.svg.options import theme_of
from tapeviz.render.svg.standalone import standalone
from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.descent import Descent
from tapeviz.trace.explanation import ForwardPass
from tapeviz.trace.film import Film
from tapeviz.trace.markup import Element
from tapeviz.trace.program import Program
from tapeviz.trace.questions import Practice
from tapeviz.views.drawing import Displayable, Form, as_text
from tapeviz.wording import values

FOLDED = "This graph is large, and folded: its numbers cannot be changed here."
"""Said where the numbers of a smaller film can be changed."""


class Player(Displayable):
    """A film of a backward pass or of a descent; ``run`` is the data it tells.

    A ``Film`` is shown as it is.

    ``start`` says how it opens: ``step``, ``predict``, ``speed`` and ``seed``. With a
    ``program`` its numbers can be changed in a page, or it says there why they cannot.
    With ``sweeps`` it tells those of forward mode instead. ``directions`` are the two
    of a descent's many numbers in which its path is seen.
    """

    def __init__(  # noqa: PLR0913 - options, by keyword
        self,
        run: BackwardPass | Descent | Film,
        *,
        theme: str = "auto",
        direction: str = "LR",
        practice: Practice | None = None,
        program: Program | str = "",
        sweeps: tuple[ForwardPass, ...] = (),
        directions: tuple[int, int] | None = None,
        **start: Any,
    ) -> None:
        self.run = run
        self._practice = practice
        self._program = program
        self._sweeps = sweeps
        self._directions = directions
        self._start = start
        self._look = {"theme": theme_of(theme), "direction": direction}

    @cached_property
    def film(self) -> Film:
        """The film: one picture and its frames."""
        if isinstance(self.run, Film):
            return self.run
        if isinstance(self.run, Descent):
            from tapeviz.render.descent.animation import descent_film

            return descent_film(
                self.run, theme=self._look["theme"], directions=self._directions
            )
        if self._sweeps:
            if self._folds:
                raise LayoutError(
                    error_message(
                        "this tape is too long for a film of forward mode, which is "
                        "told operation by operation",
                        'record fewer operations, or leave mode="forward" out: the '
                        "film of the backward pass folds what repeats",
                    )
                )
            return forward_film(self.run, self._sweeps, **self._look)
        run = folded_run(self.run)
        program = FOLDED if self._folds and self._program else self._program
        return backward_film(
            run, **self._look, practice=self._practice, program=program
        )

    @cached_property
    def _folds(self) -> bool:
        """Whether the graph is one that is folded."""
        return isinstance(self.run, BackwardPass) and (
            folded_run(self.run) is not self.run
        )

    def widget(self, **options: Any) -> Any:
        """The player as an anywidget, its ``step`` linked to Python both ways."""
        from tapeviz.views.widgets.player import PlayerWidget

        return PlayerWidget(self.film.to_json(), **{**self._start, **options})

    def save(self, path: str | Path, **options: Any) -> Path:
        """Write the film to a file whose ending says the form; returns its path.

        ``.html`` is a page that plays, ``.svg`` plays by itself, ``.gif``, ``.mp4`` and
        ``.webm`` are movies (``seconds`` for each step, ``scale``), ``.png`` is one
        step (``step``, ``scale``), ``.pdf`` has a page for each step, ``.json`` and
        ``.txt`` are data. A path without an ending becomes a folder with a PNG of each
        step, for slides. ValueError, TypeError and SaveError as in ``Drawing.save``.
        """
        file = Path(path)
        if not file.suffix:
            return self._folder(file, **options)
        return super().save(file, **options)

    def _folder(self, folder: Path, scale: float = 2.0) -> Path:
        count = len(self.film.frames)
        tick = _Progress()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for step in range(count):
                name = f"step-{step:0{len(str(count))}}.png"
                files.write(folder / name, self._png(step, scale))
                tick(step + 1, count)
        except OSError as error:
            raise SaveError(
                error_message(
                    f"{folder} could not be written: {error.strerror or error}",
                    "choose a folder that you may write to",
                )
            ) from error
        return folder

    def _page(self) -> str:
        return player.page(self.film, self._around, **self._start)

    def _png(self, step: int | None = None, scale: float = 2.0) -> bytes:
        from tapeviz.render.film import video

        shown = self._start.get("step", 0) if step is None else step
        return video.png(self.film, shown, scale)

    def _printed(self) -> bytes:
        return on_paper.png(self.film)

    def _pdf(self) -> bytes:
        from tapeviz.render.film import video

        return video.pages(self.film, _Progress())

    def _gif(self, seconds: float = PACE, scale: float = 1.0) -> bytes:
        from tapeviz.render.film import video

        return video.gif(self.film, seconds, scale, _Progress())

    def _mp4(self, seconds: float = PACE, scale: float = 2.0) -> bytes:
        from tapeviz.render.film import video

        return video.movie(self.film, ".mp4", seconds, scale, _Progress())

    def _webm(self, seconds: float = PACE, scale: float = 2.0) -> bytes:
        from tapeviz.render.film import video

        return video.movie(self.film, ".webm", seconds, scale, _Progress())

    forms: ClassVar[dict[str, Form]] = {
        ".html": _page,
        ".svg": lambda view: standalone(animate(view.film)),
        ".gif": _gif,
        ".mp4": _mp4,
        ".webm": _webm,
        ".png": _png,
        ".pdf": _pdf,
        ".json": lambda view: view.film.to_json(),
        ".txt": as_text,
    }

    def _html(self) -> str:
        return player.notebook(self.film, self._around, **self._start)

    def _around(self, body: Sequence[Element]) -> Sequence[Element]:
        """The film with what is shown beside it."""
        return body

    def __str__(self) -> str:
        as_backward = not self._sweeps or self._folds
        if isinstance(self.run, BackwardPass) and as_backward:
            table = backward_table(self.run)
        else:
            table = self.film.table
        return values.columns(table.heads, table.rows)

    def __repr__(self) -> str:
        if isinstance(self.run, Descent):
            return f"<film of a descent: {len(self.run.updates)} updates>"
        if self._sweeps:
            return f"<film of forward mode: {len(self._sweeps)} sweeps>"
        if isinstance(self.run, Film):
            return f"<film: {len(self.run.frames)} steps>"
        return f"<film of a backward pass: {len(self.run.steps)} operations>"


class LongPlayer(Player):
    """The film of a long computation of single numbers, and its groups to open.

    ``run`` is the pass through the outermost level. The page makes the steps of a group
    when it is opened; ``grouping`` has all numbers.
    """

    def __init__(self, grouping: Grouping, **options: Any) -> None:
        self.grouping = grouping
        self._outer = OuterLevel(grouping).backward_pass()
        super().__init__(self._outer, **{**options, "direction": "TB"})

    @cached_property
    def film(self) -> Film:
        """The film of the outermost level, which is not folded once more."""
        theme, direction = self._look["theme"], self._look["direction"]
        return backward_film(self._outer, theme=theme, direction=direction)

    def _around(self, body: Sequence[Element]) -> Sequence[Element]:
        from tapeviz.render.graph.scalars import below_film

        return (*body, *below_film(self.grouping, self._look["theme"]))

    def __repr__(self) -> str:
        size = values.counted(self.grouping.whole.size, "operation")
        return f"<film of a backward pass: {size}>"


class _Progress:
    """Says on the error stream how far a long export is."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._shown = False

    def __call__(self, done: int, all: int) -> None:
        if done < all and time.monotonic() - self._begin > _PATIENCE:
            self._shown = True
            sys.stderr.write(f"\rstep {done} of {all}")
        elif self._shown:
            sys.stderr.write(f"\rall {all} steps done\n")
        sys.stderr.flush()


_PATIENCE = 3.0
