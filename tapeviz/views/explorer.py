"""explore: a descent that runs again as its controls move."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from inspect import signature
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeviz import inspect as observe
from tapeviz.engine.tensor import Variable
from tapeviz.errors import LayoutError, type_error, value_error
from tapeviz.render.svg.options import one_of
from tapeviz.views.descent import DescentPlayer, DescentRun
from tapeviz.views.loss_presets import PRESETS

if TYPE_CHECKING:
    from tapeviz.render.descent.chart import Panel
    from tapeviz.trace.descent import Landscape

    Spans = Sequence[tuple[float, float]]

GRID = 61
"""Points of the landscape along each axis for two numbers."""

LINE = 241
"""Points of the landscape for one number."""

_PROBES = 12
_WIDE = 20.0
_COARSEST = 20


@dataclass(frozen=True)
class Method:
    """An optimizer of the explorer: its class's name, settings and stability limit.

    ``limit(settings)`` is the largest stable product of learning rate and curvature,
    None where there is no such number.
    """

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    limit: Callable[[Mapping[str, Any]], float] | None = None


def _bound(settings: Mapping[str, Any]) -> float:
    from tapeviz.analysis.momentum import bound

    ahead = bool(settings.get("nesterov"))
    return bound(float(settings.get("momentum", 0.0)), ahead=ahead)


METHODS: dict[str, Method] = {
    "gradient descent": Method("SGD", {}, _bound),
    "momentum": Method("SGD", {"momentum": 0.9}, _bound),
    "Nesterov": Method("SGD", {"momentum": 0.9, "nesterov": True}, _bound),
    "RMSprop": Method("RMSprop", {"rho": 0.9}),
    "Adagrad": Method("Adagrad"),
    "Adam": Method("Adam", {"beta_1": 0.9, "beta_2": 0.999}),
}
"""The optimizers that can be chosen and compared."""


@dataclass(frozen=True)
class Settings:
    """The values of all controls."""

    learning_rate: float
    steps: int
    start: tuple[float, ...]
    optimizer: str = "gradient descent"
    parameters: tuple[tuple[str, float], ...] = ()
    compare: tuple[str, ...] = ()


class ExplorerRun(DescentRun):
    """A run of the explorer; ``quick`` is its data without the landscape.

    ``seen`` is the landscape of the panel, which its film shows, too.
    """

    seen: Landscape | None = None

    @property
    def data(self) -> Any:
        """The run as a frozen ``trace.descent.Descent``."""
        found = super().data
        return replace(found, landscape=self.seen) if self.seen else found

    @cached_property
    def quick(self) -> Any:
        """The run as frozen data, without its landscape."""
        return self._recorder.descent(landscape=False)

    def losses_at(self, points: Any) -> list[float] | None:
        """The loss at points, shape (n, numbers), by replaying the first step's tape.

        None where the tape can't be replayed.
        """
        found: list[float] | None = self._recorder.losses(points)
        return found


class ExplorerLoss:
    """A loss to minimise, with its variables and the limits of its axes.

    ``loss`` takes no arguments and reads the variables, or takes them as arguments.
    ``optimizers`` is the module with the classes that ``METHODS`` names.
    """

    def __init__(  # noqa: PLR0913 - each is one thing a descent needs
        self,
        loss: Callable[..., Any],
        variables: Sequence[Variable],
        names: Mapping[str, Any],
        *,
        loss_name: str = "loss",
        window: Sequence[tuple[float, float]] | None = None,
        optimizers: Any,
    ) -> None:
        self.variables = list(variables)
        self.numbers = sum(int(np.size(v._v)) for v in self.variables)  # noqa: SLF001
        self.loss_name = loss_name
        self._loss = _called(loss, self.variables)
        self._names = names
        self._given_window = window
        self._optimizers = optimizers
        self._shown: Panel | None = None
        self._spans: Spans = ()
        self._seen: Landscape | None = None

    @property
    def position(self) -> tuple[float, ...]:
        """Where the variables are now."""
        parts = [np.ravel(v.numpy()) for v in self.variables]
        return tuple(float(n) for n in np.concatenate(parts))

    def descend(self, settings: Settings, method: str) -> ExplorerRun:
        """Run the descent with a key of ``METHODS``; ValueError without a gradient."""
        made = METHODS[method]
        options = dict(made.settings)
        if method == settings.optimizer:
            options.update(settings.parameters)
        optimizer = getattr(self._optimizers, made.kind)(
            settings.learning_rate, **options
        )
        recorder = observe.Recorder(
            self.variables, self._names, self.loss_name, look=lambda: self._names
        )
        observe.rerun(
            self._loss,
            self.variables,
            optimizer.apply_gradients,
            steps=settings.steps,
            start=settings.start,
            recorder=recorder,
        )
        return ExplorerRun(recorder)

    def look(
        self, run: ExplorerRun, start: tuple[float, ...], *, anew: bool
    ) -> tuple[Any, Panel]:
        """The background, None if it is the same as before, and its window.

        With ``anew`` it is drawn in any case, as another one is shown now.
        """
        from tapeviz.analysis.trajectory import coordinates
        from tapeviz.render.descent import explorer_chart

        own = self._given_window
        near = own if own and _within(own, start) else _spans(start, run)
        if not anew and self._shown and _within(self._spans, start):
            pairs = zip(self._spans, near, strict=True)
            if all(b - a <= _WIDE * (d - c) for (a, b), (c, d) in pairs):
                run.seen = self._seen
                return None, self._shown
        axes = [np.linspace(*span, LINE if len(near) == 1 else GRID) for span in near]
        land = observe.landscape(axes, lambda points: self._losses(run, points, axes))
        names = tuple(coordinates(run.quick))
        run.seen = self._seen = land
        self._spans = near
        self._shown = explorer_chart.window(land, names, self.loss_name)
        return explorer_chart.background(land, self._shown), self._shown

    def _losses(self, run: ExplorerRun, points: Any, axes: list[Any]) -> list[float]:
        """The loss at many points: by replaying the tape if right, else by calls.

        The tape can be wrong where the loss branches in Python; a few points are called
        and compared. A slow loss is called on a coarser grid and interpolated.
        """
        found = run.losses_at(points)
        probed = np.linspace(0, len(points) - 1, _PROBES).astype(int)
        began = perf_counter()
        exact = observe.losses(self._loss, self.variables, points[probed])
        took = (perf_counter() - began) / _PROBES
        if found is not None and np.allclose(
            np.array(found)[probed], exact, rtol=1e-4, equal_nan=True
        ):
            return found
        every = math.ceil((len(points) * took) ** (1 / len(axes)))
        return _rough(
            self._loss, self.variables, axes, min(max(every, len(axes)), _COARSEST)
        )


def _rough(
    loss: Callable[[], Any], variables: list[Variable], axes: list[Any], every: int
) -> list[float]:
    """The loss on a line or grid: called at some points, else interpolated."""
    few = [axis[::every] for axis in axes]
    grid: Any = np.stack(np.meshgrid(*few), axis=-1).reshape(-1, len(axes))
    values: Any = np.array(observe.losses(loss, variables, grid))
    values = values.reshape(-1, len(few[0]))
    values = np.array([np.interp(axes[0], few[0], row) for row in values])
    if len(axes) == 2:
        values = np.array([np.interp(axes[1], few[1], row) for row in values.T]).T
    return [float(v) for v in values.ravel()]


def _called(loss: Callable[..., Any], variables: list[Variable]) -> Callable[[], Any]:
    """The loss as a function without arguments."""
    try:
        wants = [
            p for p in signature(loss).parameters.values()
            if p.default is p.empty and p.kind in {p.POSITIONAL_ONLY,
                                                   p.POSITIONAL_OR_KEYWORD}
        ]  # fmt: skip
    except (TypeError, ValueError):
        wants = []
    return (lambda: loss(*variables)) if wants else loss


def _within(spans: Spans, start: tuple[float, ...]) -> bool:
    return all(a <= v <= b for (a, b), v in zip(spans, start, strict=True))


def _spans(start: tuple[float, ...], run: ExplorerRun) -> list[tuple[float, float]]:
    """A window around the start and the minimum, or the path where there is none."""
    from tapeviz.analysis.trajectory import track

    found, t = run.quick.curvature("minimum"), track(run.quick)
    least = found and found.at
    rows = np.array([start, least]) if least else np.array([start, *t.points[t.near]])
    middle = np.array(least) if least else (rows.min(axis=0) + rows.max(axis=0)) / 2
    half = np.maximum(np.abs(rows - middle).max(axis=0), 0.5)
    reach = (1.6 if least else 1.8) * half
    return [(float(m - r), float(m + r)) for m, r in zip(middle, reach, strict=True)]


class Explorer:
    """The model behind the panel: from settings to the chart's background and scene."""

    def __init__(
        self,
        losses: Mapping[str, Callable[[], tuple[ExplorerLoss, Settings]]],
        *,
        theme: str = "auto",
    ) -> None:
        self.losses = losses
        self.theme = theme
        self.run: ExplorerRun | None = None
        self.runs: list[ExplorerRun] = []
        self._explored: ExplorerLoss | None = None
        self._logs: dict[tuple[str, ...], bool] = {}
        self._count = 0
        self._anew = True

    def enter(self, name: str) -> Settings:
        """Choose a loss by name; gives the settings to begin with."""
        one_of("preset", name, self.losses)
        self._explored, settings = self.losses[name]()
        self._logs, self._anew = {}, True
        return settings

    @property
    def names(self) -> list[str]:
        """What the numbers of the start are called."""
        from tapeviz.analysis.trajectory import coordinates

        return [] if self.run is None else coordinates(self.run.quick)

    def go(self, settings: Settings) -> tuple[Any, dict[str, Any]]:
        """Run all methods; gives the background, None if shown already, and the scene.

        ValueError for settings that make no descent, and whatever the loss raises; the
        last run then stays.
        """
        from tapeviz.render.descent import explorer_chart

        explored = self._explored
        if explored is None:
            raise value_error("no loss was chosen", "call enter(name) first")
        _check_settings(settings)
        begin_at(settings.start, explored.numbers)
        methods = [
            settings.optimizer,
            *(m for m in settings.compare if m != settings.optimizer),
        ]
        runs = [explored.descend(settings, m) for m in methods]
        base, seen = explored.look(runs[0], settings.start, anew=self._anew)
        self._anew = False
        self.runs, self.run = runs, runs[0]
        self._count += 1
        limit, words = _limit(runs[0], settings)
        shown = explorer_chart.Comparison(
            tuple(r.quick for r in runs), settings.start, tuple(methods), limit, words,
            self._count, self._logs.get(tuple(methods)),
        )  # fmt: skip
        scene = explorer_chart.scene(shown, seen)
        self._logs[tuple(methods)] = scene["log"]
        return base, scene

    def film(self, kind: type[DescentPlayer] = DescentPlayer) -> DescentPlayer:
        """The film of the run that was chosen, with the graphs of its steps."""
        from tapeviz.render.descent.animation import steps_shown

        if self.run is None:
            raise value_error("nothing has run yet", "move a control first")
        last = 3 * steps_shown(self.run.data)
        return kind(self.run, theme=self.theme, step=last)

    def graph(self, step: int) -> dict[str, str]:
        """The graph of one step of the run, to unfold below the picture."""
        from tapeviz.views.drawing import draw

        if self.run is None:
            return {"title": "", "svg": "", "text": ""}
        svg = text = ""
        try:
            svg = draw(self.run[step], theme=self.theme).inline_svg
        except (LookupError, LayoutError) as error:
            text = str(error)
        return {"title": f"The graph of step {step}", "svg": svg, "text": text}


def _limit(run: ExplorerRun, settings: Settings) -> tuple[float | None, str]:
    """The largest learning rate that can settle at the minimum, and its words."""
    from tapeviz.analysis.trajectory import number

    method = METHODS[settings.optimizer]
    found = run.quick.curvature("minimum") or run.quick.curvature("start")
    if method.limit is None or found is None or not found.limit:
        return None, ""
    factor = method.limit({**method.settings, **dict(settings.parameters)})
    limit = factor * found.limit / 2
    where = "limit" if run.quick.curvature("minimum") else "limit at the start"
    return limit, f"{where} {number(limit)}"


def _check_settings(settings: Settings) -> None:
    rate = settings.learning_rate
    if not (rate > 0 and np.isfinite(rate)):
        raise ValueError(
            f"the learning rate {rate} is not a number above zero: a negative one "
            "would climb; try 0.1"
        )
    if settings.steps < 1:
        raise ValueError(f"{settings.steps} steps are no descent: ask for at least one")
    if not np.isfinite(settings.start).all():
        raise ValueError("the start is not a finite number: choose another one")


def begin_at(start: Any, count: int) -> tuple[float, ...]:
    """The start as floats; ValueError unless there are ``count`` of them."""
    found = tuple(map(float, np.ravel(start)))
    if len(found) != count:
        raise value_error(
            f"start wants {count} {'number' if count == 1 else 'numbers'} for this "
            f"loss, but has {len(found)}",
            f"give start={'(2.0, 1.0)' if count > 1 else '2.0'}, for example",
        )
    return found


def preset(
    name: str, given: Settings, rate: float | None, steps: int | None, optimizers: Any
) -> Callable[[], tuple[ExplorerLoss, Settings]]:
    """A function that makes a preset's loss and the settings to begin with."""
    chosen = PRESETS[name]

    def enter() -> tuple[ExplorerLoss, Settings]:
        pairs = zip(chosen.start, chosen.names, strict=True)
        explored = ExplorerLoss(
            chosen.loss, [Variable(v, name=n) for v, n in pairs], {},
            window=chosen.window, optimizers=optimizers,
        )  # fmt: skip
        return explored, replace(
            given, start=chosen.start,
            learning_rate=chosen.learning_rate if rate is None else rate,
            steps=chosen.steps if steps is None else steps,
        )  # fmt: skip

    return enter


def own_loss(
    loss: Any, x: Any, names: Mapping[str, Any], window: Any, optimizers: Any
) -> ExplorerLoss:
    """The learner's own loss of one or two numbers; TypeError for anything else."""
    variables = [x] if isinstance(x, Variable) else x
    good = callable(loss) and isinstance(variables, (list, tuple)) and variables
    if not good or not all(isinstance(v, Variable) for v in variables):
        raise type_error(
            "explore(loss, x) wants a function and the variable it reads",
            "for example: explore(lambda: (x - 5)**2, x)",
        )
    count = sum(int(np.size(v.numpy())) for v in variables)
    if count not in {1, 2}:
        raise value_error(
            f"the studio shows one or two numbers, but these variables have {count}",
            "record your own loop: with descent(x) as run: ..., then run.plot()",
        )
    name = getattr(loss, "__name__", "loss")
    return ExplorerLoss(
        loss,
        variables,
        names,
        loss_name="loss" if name == "<lambda>" else name,
        window=window,
        optimizers=optimizers,
    )
