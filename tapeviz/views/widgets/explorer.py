"""A panel whose controls run a descent again: in the page, or in Python."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from tapeviz.render.descent import studio
from tapeviz.render.svg import theme as themes
from tapeviz.render.svg.options import one_of
from tapeviz.views.explorer import (
    METHODS,
    Settings,
    StudioPage,
    begin_at,
    check_settings,
    plain,
)

PAUSE = 0.004
"""Seconds in which further moves of a control are waited for."""

_MOVES = ("learning_rate", "steps", "start", "parameters", "compare")


def _to_page(value: Any, _: Any = None) -> Any:
    """A number or a list of them for JSON, which has no nan: null."""
    if isinstance(value, list):
        return [_to_page(v) for v in value]
    return value if math.isfinite(value) else None


def _from_page(value: Any, studio: Studio) -> Any:
    """The same from the page; a start that was meant for another loss is let go."""
    if isinstance(value, list):
        same = len(value) == len(studio.start)
        return [_from_page(v, studio) for v in value] if same else studio.start
    return math.nan if value is None else value


_JSON = {"sync": True, "to_json": _to_page, "from_json": _from_page}


class Studio(anywidget.AnyWidget):
    """Controls and the chart in which the runs are drawn, as one widget.

    The page runs what ``explorer`` compiled; a loss that could not be is run here, and
    what it raises is shown as a sentence, while the last picture stays. Of several
    moves that come faster than it answers only the newest counts.

    ``loss``, ``optimizer``, ``parameters``, ``steps``, ``start``, ``compare`` and
    ``learning_rate`` are what the controls say; they can be read, set, observed and
    linked. ``open_step`` is the step whose graph is shown, -1 for none. The page reads
    ``setup``, ``runs``, ``land`` and ``graph`` (JSON or "") and ``message``, the
    sentence that says why there is no new picture; ``answered`` counts the runs made
    here. ``run`` is the run of what the controls say, None where there is none.
    """

    _css = studio.styles(*themes.NAMES)

    theme = traitlets.Unicode("auto").tag(sync=True)
    setup: Any = traitlets.Dict().tag(sync=True)
    loss = traitlets.Unicode().tag(sync=True)
    optimizer = traitlets.Unicode().tag(sync=True)
    parameters: Any = traitlets.Dict(traitlets.CFloat()).tag(sync=True)
    steps = traitlets.CInt().tag(sync=True)
    start: Any = traitlets.List(traitlets.CFloat()).tag(**_JSON)
    compare = traitlets.List(traitlets.Unicode()).tag(sync=True)
    learning_rate = traitlets.CFloat().tag(**_JSON)
    runs: Any = traitlets.Dict().tag(sync=True)
    land: Any = traitlets.Dict().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    answered = traitlets.Int().tag(sync=True)
    open_step = traitlets.Int(-1).tag(sync=True)
    graph = traitlets.Unicode().tag(sync=True)

    _waiting: asyncio.TimerHandle | None = None
    _quiet = False
    _ran: Any = None

    def __init__(self, explorer: Any, first: str, optimizer: str) -> None:
        self.explorer = explorer
        one_of("preset", first, explorer.losses)
        self._esm = studio.module(*explorer.programs())
        super().__init__(
            theme=explorer.theme, loss=first, optimizer=optimizer, setup=explorer.setup
        )
        self._begin(explorer.losses[first].begin)
        self.observe(self._other_loss, "loss")
        self.observe(self._other_method, "optimizer")
        self.observe(self._moved, _MOVES)
        self.observe(self._unfold, "open_step")
        self._refresh()

    def __repr__(self) -> str:
        return f"explore({self.loss!r})"

    # -- what the controls say ---------------------------------------------------------

    @property
    def run(self) -> Any:
        """The last run: ``panel.run.data``, ``draw(panel.run[7])``."""
        now = (self.loss, self.settings)
        if self._in_page and not self.message and self._ran != now:
            self.explorer.go(*now)
            self._ran = now
        return self.explorer.run

    @property
    def film(self) -> Any:
        """The film of the last run, to be shown or saved: ``panel.film.save(path)``."""
        return self.run and self.explorer.film()

    @property
    def _in_page(self) -> bool:
        return bool(self.explorer.runs_in_page(self.loss))

    @property
    def settings(self) -> Settings:
        """What the controls say now."""
        return Settings(
            self.learning_rate,
            self.steps,
            tuple(self.start),
            self.optimizer,
            tuple(self.parameters.items()),
            tuple(self.compare),
        )

    @traitlets.validate("loss", "optimizer", "compare")
    def _known(self, proposal: dict[str, Any]) -> Any:
        """ValueError for a loss or an optimizer that is not there."""
        given, what = proposal["value"], proposal["trait"].name
        known = self.explorer.losses if what == "loss" else METHODS
        for name in [given] if isinstance(given, str) else given:
            one_of("loss" if what == "loss" else "optimizer", name, known)
        return given

    def _begin(self, settings: Settings) -> None:
        """Set the controls to the settings of another loss, without running it."""
        self._quiet = True
        self.learning_rate, self.steps = settings.learning_rate, settings.steps
        self.start, self.compare = list(settings.start), list(settings.compare)
        self._refit()
        self._quiet = False

    def _refit(self) -> None:
        """The parameters of the chosen optimizer, as they usually are."""
        settings = METHODS[self.optimizer].settings
        usual = {n: v for n, v in settings.items() if not isinstance(v, bool)}
        self.parameters = usual

    # -- when something moves ----------------------------------------------------------

    def _other_method(self, _: Any) -> None:
        self._quiet = True
        self._refit()
        self._quiet = False
        self._moved(None)

    def _other_loss(self, change: Any) -> None:
        self._begin(self.explorer.losses[change["new"]].begin)
        self._moved(None)

    def _moved(self, _: Any) -> None:
        """Run again soon, so that moves on their way are taken together."""
        loop = _loop()
        if self._quiet or self._waiting is not None:
            return
        if loop is None or self._in_page:
            self._refresh()
        else:
            self._waiting = loop.call_later(PAUSE, self._refresh)

    def _refresh(self) -> None:
        self._waiting = None
        with self.hold_sync():
            try:
                if self._in_page:
                    self._check()
                else:
                    self._answer()
            except Exception as error:  # noqa: BLE001 - whatever the learner's loss raises
                self.message = _sentence(error)
            else:
                self.message, self.open_step = "", -1
            self.answered += not self._in_page

    def _check(self) -> None:
        check_settings(self.settings)
        begin_at(self.start, self.explorer.losses[self.loss].loss.numbers)

    def _answer(self) -> None:
        """Run it here."""
        land, self.runs = self.explorer.shown(self.loss, self.settings)
        self._ran = None
        if land is not None:
            self.land = land

    def _unfold(self, change: Any) -> None:
        """Show the graph of a step below the picture."""
        self.graph = ""
        if change["new"] >= 0 and self.run is not None:
            try:
                self.graph = json.dumps(self.explorer.graph(change["new"]))
            except Exception as error:  # noqa: BLE001 - said, never raised in a page
                self.message = _sentence(error)

    # -- without a kernel --------------------------------------------------------------

    @property
    def _page(self) -> StudioPage:
        """The panel as it is now, for where there is no kernel."""
        names = ("theme", "loss", "optimizer", "parameters", "steps", "compare")
        more = ("learning_rate", "setup", "runs", "land", "message")
        state = {name: getattr(self, name) for name in (*names, *more)}
        try:
            run = self.run
        except Exception as error:  # noqa: BLE001 - said, never raised in a page
            run, state["message"] = None, _sentence(error)
        start, rate = plain(list(self.start)), plain(self.learning_rate)
        return StudioPage(
            self.explorer, run, {**state, "start": start, "learning_rate": rate}
        )

    def save(self, path: str | Path) -> Path:
        """Write the panel to a page, ``panel.save("descent.html")``; returns its path.

        The page needs no kernel and no network. A loss that could not be compiled
        shows its last run there. ValueError for another ending, SaveError where the
        file can't be written; films and movies are ``panel.film.save(path)``.
        """
        return self._page.save(path)

    def _ipython_display_(self) -> None:
        """Show the panel, and the same without a kernel.

        The second is an output of its own, hidden where the first is alive: it is what
        a notebook shows that was only opened, and a page that was exported.
        """
        from IPython import display as shown

        display: Any = shown.display
        data, metadata = self._repr_mimebundle_() or ({}, {})
        display(data, metadata=metadata, raw=True)
        display(self._page)

    def _repr_html_(self) -> str:
        """The panel without a kernel, for hosts that show no widgets."""
        return self._page.html

    def show(self) -> None:
        """Show it here and now, in the middle of a cell."""
        self._ipython_display_()

    def close(self) -> None:
        """Take the panel and everything in it away."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None
        layout = self.layout
        super().close()
        if layout is not None:
            layout.close()


def _loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _sentence(error: Exception) -> str:
    """What an error says, in one line; its name if it says nothing."""
    said = " ".join(str(error).split())
    plain = isinstance(error, (ValueError, LookupError))
    if plain and said:
        return said
    name = type(error).__name__
    return f"the loss raised {name}: {said}" if said else f"the loss raised {name}"
