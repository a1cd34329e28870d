"""A panel that runs a descent again whenever one of its controls moves."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import anywidget
import traitlets

from tapeviz.render.descent import explorer_chart
from tapeviz.render.svg.options import one_of
from tapeviz.trace.markup import Element, element
from tapeviz.views.descent import DescentPlayer
from tapeviz.views.explorer import METHODS, Settings
from tapeviz.views.loss_presets import PRESETS

PAUSE = 0.004
"""Seconds in which further moves of a control are waited for."""

IDLE = 0.9
"""Seconds of rest after which the film of the last run is made."""

STEPS = 300

_MOVES = ("learning_rate", "steps", "start", "parameters", "compare")


def controls(
    settings: Settings, losses: Iterable[str], names: Iterable[str]
) -> list[list[dict[str, Any]]]:
    """The panel's controls, row by row, as its script draws them.

    Each sets the trait of ``Studio`` that it names, or the entry ``key`` of it. The
    ends of a logarithmic slider are powers of ten; ``names`` are what the numbers of
    the start are called.
    """
    titles = [(PRESETS[n].title if n in PRESETS else n, n) for n in losses]
    most, least = max(STEPS, settings.steps), min(1, settings.steps)
    first = [
        _control("choice", "loss", "What is walked down", options=titles),
        _control("choice", "optimizer", "How the updates are made",
                 options=[(n, n) for n in METHODS]),
        *(_control("range", "parameters", f"The optimizer's {n}", n, key=n,
                   min=0, max=0.999, step=0.001) for n, _ in settings.parameters),
        _control("range", "steps", "How many updates are made",
                 min=least, max=most, step=1),
        *(_control("number", "start", "Where the descent starts",
                   f"start {n}".strip(), key=k, step=0.1) for k, n in enumerate(names)),
    ]  # fmt: skip
    second = [
        _control("checks", "compare", "Runs beside the chosen optimizer", "race with",
                 options=[*METHODS]),
    ]  # fmt: skip
    third = [
        _control("range", "learning_rate", "How far each update goes", "learning rate",
                 field="type the rate", log=True, min=-4, max=1, step=0.01, digits=4),
    ]  # fmt: skip
    return [first, second, third]


def _control(
    kind: str, trait: str, title: str, label: str = "", **more: Any
) -> dict[str, Any]:
    label = label or trait
    found = {"kind": kind, "trait": trait, "label": label, "title": title}
    return found | {"field": f"type the {label}"} | more


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


class _KeptFilm(DescentPlayer):
    """A film below a panel, whose styles hide it where the panel is alive."""

    def _around(self, body: Sequence[Element]) -> Sequence[Element]:
        return (element("div", *super()._around(body), cls="kept"),)


class Studio(anywidget.AnyWidget):
    """Controls and the chart in which the runs are drawn, as one widget.

    ``explorer`` does the work: ``enter(name)`` goes to a loss, ``go(settings)`` runs it
    and gives the chart's background and scene, ``graph(step)`` a step's graph and
    ``film()`` the film. What it raises is shown as a sentence, and the last picture
    stays. Of several moves that come faster than it answers only the newest counts.

    ``loss``, ``optimizer``, ``parameters``, ``steps``, ``start``, ``compare`` and
    ``learning_rate`` are what the controls say; they can be read, set, observed and
    linked. ``open_step`` is the step whose graph is shown, -1 for none. The page draws
    ``controls``, ``background``, ``scene`` and ``graph`` (JSON or "") and ``message``,
    the sentence that says why there is no new picture; ``answered`` counts the runs.
    ``run`` is the last run, None as long as there was none.
    """

    _esm = explorer_chart.script()
    _css = explorer_chart.styles()

    theme = traitlets.Unicode("auto").tag(sync=True)
    controls: Any = traitlets.List().tag(sync=True)
    loss = traitlets.Unicode().tag(sync=True)
    optimizer = traitlets.Unicode().tag(sync=True)
    parameters: Any = traitlets.Dict(traitlets.CFloat()).tag(sync=True)
    steps = traitlets.CInt().tag(sync=True)
    start: Any = traitlets.List(traitlets.CFloat()).tag(**_JSON)
    compare = traitlets.List(traitlets.Unicode()).tag(sync=True)
    learning_rate = traitlets.CFloat().tag(**_JSON)
    background = traitlets.Unicode().tag(sync=True)
    scene = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    answered = traitlets.Int().tag(sync=True)
    open_step = traitlets.Int(-1).tag(sync=True)
    graph = traitlets.Unicode().tag(sync=True)

    _waiting: asyncio.TimerHandle | None = None
    _later: asyncio.TimerHandle | None = None
    _shown: Any = None
    _quiet = False

    def __init__(self, explorer: Any, first: str) -> None:
        self.explorer = explorer
        settings = explorer.enter(first)
        super().__init__(theme=explorer.theme, loss=first, optimizer=settings.optimizer)
        self._begin(settings)
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
        return self.explorer.run

    @property
    def film(self) -> Any:
        """The film of the last run, to be shown or saved: ``panel.film.save(path)``."""
        return self.explorer.film()

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
        self._names = [""] * len(self.start)
        self._refit()
        self._quiet = False

    def _refit(self) -> None:
        """The parameters of the chosen optimizer, as they usually are."""
        self.parameters = {
            name: value
            for name, value in METHODS[self.optimizer].settings.items()
            if not isinstance(value, bool)
        }

    # -- when something moves ----------------------------------------------------------

    def _other_method(self, _: Any) -> None:
        self._quiet = True
        self._refit()
        self._quiet = False
        self._moved(None)

    def _other_loss(self, change: Any) -> None:
        self._begin(self.explorer.enter(change["new"]))
        self._moved(None)

    def _moved(self, _: Any) -> None:
        """Run again soon, so that moves on their way are taken together."""
        loop = _loop()
        if self._quiet or self._waiting is not None:
            return
        if loop is None:
            self._refresh()
        else:
            self._waiting = loop.call_later(PAUSE, self._refresh)

    def _refresh(self) -> None:
        self._waiting = None
        with self.hold_sync():
            try:
                background, scene = self.explorer.go(self.settings)
            except Exception as error:  # noqa: BLE001 - whatever the learner's loss raises
                self.message = _sentence(error)
            else:
                self._show(background, scene)
            losses = self.explorer.losses
            self.controls = controls(self.settings, losses, self._names)
            self.answered += 1

    def _show(self, background: Any, scene: Any) -> None:
        self.message, self.open_step = "", -1
        self._names = self.explorer.names
        if background is not None:
            self.background = json.dumps(background)
        self.scene = json.dumps(scene)
        self._film_soon()

    def _unfold(self, change: Any) -> None:
        """Show the graph of a step below the picture."""
        self.graph = ""
        if change["new"] >= 0:
            try:
                self.graph = json.dumps(self.explorer.graph(change["new"]))
            except Exception as error:  # noqa: BLE001 - said, never raised in a page
                self.message = _sentence(error)

    # -- the film, which needs no kernel -----------------------------------------------

    def _ipython_display_(self) -> None:
        """Show the panel, and the last run's film where there is no panel.

        A page that was exported has no panel; the film is an output of its own, which
        the panel's styles hide where it is alive.
        """
        from IPython import display as shown

        display: Any = shown.display
        data, metadata = self._repr_mimebundle_() or ({}, {})
        display(data, metadata=metadata, raw=True)
        film = self._film()
        if film:
            name = getattr(self._shown, "display_id", True)
            self._shown = display(film, raw=True, display_id=name) or self._shown

    def _repr_html_(self) -> str:
        """The last run's film, for hosts that show no widgets."""
        film = self._film()
        return film.get("text/html", element("p", self.message).write())

    def _film(self) -> dict[str, str]:
        if self.run is None:
            return {}
        try:
            film: DescentPlayer = self.explorer.film(_KeptFilm)
            return film._repr_mimebundle_()
        except Exception as error:  # noqa: BLE001 - said, never raised in a page
            self.message = _sentence(error)
            return {}

    def _film_soon(self) -> None:
        """Make the film of this run when the controls have come to rest."""
        if self._later is not None:
            self._later.cancel()
        loop = _loop()
        if self._shown is not None and loop is not None:
            self._later = loop.call_later(IDLE, self._film_now)

    def _film_now(self) -> None:
        self._later = None
        film = self._film()
        if film and self._shown is not None:
            self._shown.update(film, raw=True)

    def close(self) -> None:
        """Take the panel and everything in it away."""
        for timer in (self._waiting, self._later):
            if timer is not None:
                timer.cancel()
        self._waiting = self._later = None
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
