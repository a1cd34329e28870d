"""A panel that runs a descent again whenever one of its controls moves."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import ipywidgets as widgets

from tapeviz.render.descent import explorer_chart as pictures
from tapeviz.views.widgets.chart import ChartWidget

PAUSE = 0.004
"""Seconds in which further moves of a control are waited for."""

IDLE = 0.9
"""Seconds of rest after which the film of the last run is made."""

STEPS = 300
_ROW = {"flex_flow": "row wrap", "align_items": "center", "grid_gap": "2px 14px"}


class Studio(widgets.VBox):  # type: ignore[misc]  # it has no types
    """Controls above the chart in which the runs are drawn.

    ``explorer`` does the work: ``enter(name)`` goes to a loss, ``go(settings)`` runs it
    and gives the chart's background and scene, ``graph(step)`` a step's graph and
    ``film()`` the film. What it raises is shown as a sentence, and the last picture
    stays. Of several moves that come faster than it answers only the newest counts.

    ``run`` is the last run, None as long as there was none; ``chart`` (its ``rate`` and
    ``point``), ``count``, ``origin``, ``optimizer``, ``parameters``, ``compared`` and
    ``loss`` are the controls.
    """

    _waiting: asyncio.TimerHandle | None = None
    _later: asyncio.TimerHandle | None = None
    _message = ""
    _shown: Any = None
    _quiet = False

    def __init__(
        self,
        explorer: Any,
        first: str,
        methods: Mapping[str, Any],
        titles: Mapping[str, str],
    ) -> None:
        self.explorer = explorer
        self._methods = methods
        self._settings = explorer.enter(first)
        self.chart = ChartWidget(rate=_safe(self._settings.learning_rate))
        self.loss = _choice("loss", [(titles.get(n, n), n) for n in explorer.losses])
        self.loss.value = first
        self.optimizer = _choice("optimizer", list(methods))
        self.count = _steps(self._settings.steps)
        self.compared = {name: _check(name) for name in methods}
        self.origin: list[Any] = []
        self.parameters: dict[str, Any] = {}
        self._start = widgets.HBox(layout=_ROW)
        self._settings_box = widgets.HBox(layout=_ROW)
        compare = widgets.HBox(
            [widgets.HTML("<span>race with</span>"), *self.compared.values()],
            layout=_ROW,
        )
        first_row = widgets.HBox(
            [
                *(self.loss, self.optimizer, self._settings_box),
                *(_typed(self.count), self._start),
            ],
            layout=_ROW,
        )
        self._note = widgets.HTML()
        super().__init__([first_row, compare, self.chart, self._note])
        self.optimizer.value = self._settings.optimizer
        self._set(self._settings)
        for control in (self.count, *self.compared.values()):
            control.observe(self._moved, "value")
        self.optimizer.observe(self._other_method, "value")
        self.loss.observe(self._other_loss, "value")
        self.chart.observe(self._moved, "rate")
        self.chart.observe(self._pulled, "point")
        self.chart.observe(self._open, "open_step")
        self._refresh()

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
    def message(self) -> str:
        """The sentence that says why there is no new picture; "" when there is one."""
        return self._message

    @property
    def settings(self) -> Any:
        """What the controls say now."""
        return replace(
            self._settings,
            learning_rate=self._rate,
            steps=self.count.value,
            start=self._settings.start if self._lost else self._typed,
            optimizer=self.optimizer.value,
            parameters=tuple((n, c.value) for n, c in self.parameters.items()),
            compare=tuple(n for n, box in self.compared.items() if box.value),
        )

    @property
    def _rate(self) -> float:
        """The slider's rate, or the given one if it is beyond what the slider shows."""
        given = float(self._settings.learning_rate)
        return given if _safe(given) != given and self._odd else self.chart.rate

    @property
    def _typed(self) -> tuple[float, ...]:
        return tuple(box.value for box in self.origin)

    @property
    def _lost(self) -> bool:
        """Whether the given start is not finite, and no other was typed since."""
        given = self._settings.start
        return _shown(given) != tuple(given) and self._typed == _shown(given)

    def begin(self, start: Sequence[float]) -> None:
        """Start elsewhere."""
        self._settings = replace(self._settings, start=tuple(start))
        for box, value in zip(self.origin, _shown(start), strict=True):
            box.value = value
        self._moved(None)

    def _set(self, settings: Any) -> None:
        """Set the controls to the settings of another loss, without running it."""
        self._settings, self._quiet = settings, True
        self._odd = _safe(settings.learning_rate) != settings.learning_rate
        self.chart.rate = _safe(settings.learning_rate)
        self.count.max = max(STEPS, settings.steps)
        self.count.min = min(1, settings.steps)
        self.count.value = settings.steps
        for name, box in self.compared.items():
            box.value = name in settings.compare
        for box in self.origin:
            box.close()
        self.origin = [*map(_start, _shown(settings.start))]
        for box in self.origin:
            box.observe(self._moved, "value")
        self._start.children = self.origin
        self.chart.point = list(_shown(settings.start))
        self._refit()
        self._quiet = False

    def _refit(self) -> None:
        """Replace the sliders of the parameters by those of the chosen optimizer."""
        for slider in self.parameters.values():
            slider.close()
        method = self._methods[self.optimizer.value]
        self.parameters = {
            name: _parameter(name, value)
            for name, value in method.settings.items()
            if not isinstance(value, bool)
        }
        for slider in self.parameters.values():
            slider.observe(self._moved, "value")
        for box in self._settings_box.children:
            box.close()
        self._settings_box.children = [*map(_typed, self.parameters.values())]

    # -- when something moves ----------------------------------------------------------

    def _other_method(self, _: Any) -> None:
        self._refit()
        self._moved(None)

    def _other_loss(self, change: Any) -> None:
        self._set(self.explorer.enter(change["new"]))
        self._moved(None)

    def _pulled(self, change: Any) -> None:
        if self._quiet or len(change["new"]) != len(self.origin):
            return
        self._quiet = True
        for box, value in zip(self.origin, change["new"], strict=True):
            box.value = value
        self._quiet = False
        self._moved(None)

    def _moved(self, change: Any) -> None:
        """Run again soon, so that moves on their way are taken together."""
        if change is not None and change.get("owner") is self.chart:
            self._odd = False
        if self._quiet:
            return
        loop = _loop()
        if loop is None:
            self._refresh()
        elif self._waiting is None:
            self._waiting = loop.call_later(PAUSE, self._refresh)

    def _refresh(self) -> None:
        self._waiting = None
        try:
            background, scene = self.explorer.go(self.settings)
        except Exception as error:  # noqa: BLE001 - whatever the learner's loss raises
            self._say(_sentence(error))
            self.chart.unanswered += 1
            return
        self._say("")
        self._quiet = True
        self.chart.point = list(self.settings.start)
        self._quiet = False
        for box, name in zip(self.origin, self.explorer.names, strict=True):
            box.description = f"start {name}"
        self.chart.show(background, scene)
        self.chart.unfold(None)
        self._film_soon()

    def _open(self, change: Any) -> None:
        if change["new"] >= 0:
            try:
                self.chart.unfold(self.explorer.graph(change["new"]))
            except Exception as error:  # noqa: BLE001 - said, never raised in a page
                self._say(_sentence(error))
        else:
            self.chart.unfold(None)

    def _say(self, sentence: str) -> None:
        self._message = sentence
        self._note.value = (
            f'<p role="alert" style="margin:4px 0">{escape(sentence)}</p>'
            if sentence
            else ""
        )

    # -- the film, which needs no kernel -----------------------------------------------

    def _ipython_display_(self) -> None:
        """Show the panel, and the last run's film where there is no panel.

        A page that was exported has no panel; the film is an output of its own, which
        the panel's styles hide where it is alive.
        """
        from IPython import display as shown

        display: Any = shown.display
        display(self._repr_mimebundle_(), raw=True)
        film = self._film()
        if film:
            name = getattr(self._shown, "display_id", True)
            self._shown = display(film, raw=True, display_id=name) or self._shown

    def _repr_html_(self) -> str:
        """The last run's film, for hosts such as marimo that show no ipywidgets."""
        film = self._film()
        return film.get("text/html", f"<p>{escape(self.message)}</p>")

    def _film(self) -> dict[str, str]:
        if self.run is None:
            return {}
        try:
            bundle: dict[str, str] = self.explorer.film()._repr_mimebundle_()
        except Exception as error:  # noqa: BLE001 - said, never raised in a page
            self._say(_sentence(error))
            return {}
        html = f'<div class="tv-kept">{bundle["text/html"]}</div>'
        return {**bundle, "text/html": html}

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
        inner = [*_inside(self)]
        super().close()
        for widget in inner:
            widget.close()


def _inside(widget: Any) -> list[Any]:
    """Every widget in a widget: its descendants with their layouts and styles."""
    found, todo = [], [widget]
    while todo:
        one = todo.pop()
        children = getattr(one, "children", ())
        parts = [
            getattr(one, part)
            for part in ("layout", "style")
            if isinstance(getattr(one, part, None), widgets.Widget)
        ]
        found += [*children, *parts]
        todo += children
    return found


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


def _safe(rate: float) -> float:
    """The learning rate, clipped to the range of the slider."""
    low, high = 10**pictures.LOW, 10**pictures.HIGH
    return min(max(rate, low), high) if math.isfinite(rate) and rate > 0 else low


def _shown(start: Sequence[float]) -> tuple[float, ...]:
    """A start that JSON can hold: zero for what is not finite."""
    return tuple(v if math.isfinite(v) else 0.0 for v in start)


def _typed(slider: Any) -> Any:
    """A slider with a field beside it, in which its number is typed."""
    kind = widgets.IntText if isinstance(slider.value, int) else widgets.FloatText
    name, step = f"type the {slider.description}", slider.step
    field = kind(slider.value, tooltip=name, step=step, layout={"width": "78px"})
    widgets.link((slider, "value"), (field, "value"))
    return widgets.HBox([slider, field])


def _labelled(kind: Callable[..., Any], name: str, tip: str, **more: Any) -> Any:
    wide = {"description_width": "initial"}
    return kind(description=name, tooltip=tip, style=wide, **more)


def _choice(name: str, options: list[Any]) -> Any:
    tips = {"loss": "What is walked down", "optimizer": "How the updates are made"}
    return _labelled(
        widgets.Dropdown, name, tips[name], options=options,
        layout={"width": "auto", "max_width": "290px"},
    )  # fmt: skip


def _steps(count: int) -> Any:
    return _labelled(
        widgets.IntSlider, "steps", "How many updates are made", value=max(count, 1),
        min=1, max=max(STEPS, count), readout=False, layout={"width": "190px"},
    )  # fmt: skip


def _check(name: str) -> Any:
    return _labelled(
        widgets.Checkbox, name, f"Run {name} beside the chosen optimizer", value=False,
        indent=False, layout={"width": "auto"},
    )  # fmt: skip


def _start(value: float) -> Any:
    return _labelled(
        widgets.FloatText, "start", "Where the descent starts", value=value, step=0.1,
        layout={"width": "130px"},
    )  # fmt: skip


def _parameter(name: str, value: float) -> Any:
    return _labelled(
        widgets.FloatSlider, name, f"The optimizer's {name}", value=value, min=0.0,
        max=0.999, step=0.001, readout=False, layout={"width": "190px"},
    )  # fmt: skip
