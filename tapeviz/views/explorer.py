"""explore: a descent that runs again as its controls move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeviz.engine.tensor import Variable
from tapeviz.errors import LayoutError, error_message, names_around
from tapeviz.views.descent import Descent
from tapeviz.views.loss_presets import PRESETS

if TYPE_CHECKING:
    from tapeviz.render.descent.explorer_board import Window
    from tapeviz.trace.descent import Landscape

    Spans = Sequence[tuple[float, float]]

GRID = 61
"""Points of the ground along each axis for two numbers."""

LINE = 241
"""Points of the ground for one number."""

_SURE = 12
_WIDE = 20.0
_EVERY = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20)


@dataclass(frozen=True)
class Method:
    """An optimizer of the studio: its class's name, its settings, its own limit.

    ``limit`` gives the largest stable ``rate * curvature`` for the settings, if there
    is such a number.
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
"""The optimizers that can be chosen and raced."""


@dataclass(frozen=True)
class Settings:
    """What the controls say."""

    learning_rate: float
    steps: int
    start: tuple[float, ...]
    optimizer: str = "gradient descent"
    parameters: tuple[tuple[str, float], ...] = ()
    race: tuple[str, ...] = ()


class Walk(Descent):
    """A run of the studio; ``quick`` is its data without the loss around it."""

    @cached_property
    def quick(self) -> Any:
        """The run as frozen data, without its landscape."""
        return self._recorder.descent(landscape=False)

    @property
    def told(self) -> int:
        """How many of its updates a film tells."""
        from tapeviz.render.descent.animation import told

        return told(self.data)

    @property
    def least(self) -> tuple[float, ...] | None:
        """The minimum near the run, if one was found."""
        found = self.quick.curvature("minimum")
        return None if found is None else tuple(found.at)

    def around(self, points: Any) -> list[float] | None:
        """The loss at rows of numbers, by the first step's record."""
        found: list[float] | None = self._recorder.losses(points)
        return found


class Ground:
    """One loss to walk on: its variables, its window, its curve or contours.

    ``loss`` takes no arguments and reads the variables, or takes them as arguments.
    """

    def __init__(
        self,
        loss: Callable[..., Any],
        variables: Sequence[Variable],
        names: Mapping[str, Any],
        *,
        loss_name: str = "loss",
        window: Sequence[tuple[float, float]] | None = None,
    ) -> None:
        self.variables = list(variables)
        self.numbers = sum(int(np.size(v._v)) for v in self.variables)  # noqa: SLF001
        self.loss_name = loss_name
        self._loss = _called(loss, self.variables)
        self._names = names
        self._asked = window
        self._window: Window | None = None

    @property
    def here(self) -> tuple[float, ...]:
        """Where the variables are now."""
        parts = [np.ravel(v.numpy()) for v in self.variables]
        return tuple(float(n) for n in np.concatenate(parts))

    def walk(self, settings: Settings, method: str) -> Walk:
        """The descent with one of the methods; ValueError when it has no gradient."""
        from tapeviz import inspect as observe
        from tapeviz.tf.keras import optimizers

        made = METHODS[method]
        options = dict(made.settings)
        if method == settings.optimizer:
            options.update(settings.parameters)
        optimizer = getattr(optimizers, made.kind)(settings.learning_rate, **options)
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
        return Walk(recorder)

    def forget(self) -> None:
        """Another ground is shown now: the next look gives the picture again."""
        self._window = None

    def look(self, run: Walk, start: tuple[float, ...]) -> tuple[Any, Window]:
        """The ground's picture, None if it is the same as before, and its window."""
        from tapeviz.analysis.trajectory import coordinates
        from tapeviz.render.descent import explorer_board

        old, spans = self._window, self._spans(run, start)
        if old is not None and _within(old, start) and not _lost(old, spans):
            return None, old
        land = self._landscape(run, spans)
        self._window = explorer_board.window(land, tuple(coordinates(run.quick)))
        told = explorer_board.ground(land, self._window, self.loss_name)
        return told, self._window

    def _spans(self, run: Walk, start: tuple[float, ...]) -> Spans:
        asked = self._asked if _holds(self._asked, start) else None
        return asked or _spans(start, run)

    def _landscape(self, run: Walk, spans: Spans) -> Landscape:
        from tapeviz.trace.descent import Landscape

        xs, *more = (
            np.linspace(*span, LINE if len(spans) == 1 else GRID) for span in spans
        )
        ys = more[0] if more else np.zeros(1)
        points = [(x, y)[: len(spans)] for y in ys for x in xs]
        losses = self._losses(run, points, len(xs))
        rows = tuple(
            tuple(losses[i : i + len(xs)]) for i in range(0, len(losses), len(xs))
        )
        return Landscape(
            tuple(map(float, xs)), tuple(map(float, ys)) if more else (), rows
        )

    def _losses(self, run: Walk, points: list[Any], wide: int) -> list[float]:
        """The loss at many points: by the record where that is right, else by calls."""
        from tapeviz import inspect as observe

        found = run.around(points)
        spots = np.linspace(0, len(points) - 1, _SURE).astype(int)
        began = perf_counter()
        sure = observe.losses(self._loss, self.variables, [points[i] for i in spots])
        took = (perf_counter() - began) / _SURE
        if found is not None and np.allclose(
            [found[i] for i in spots], sure, rtol=1e-4, equal_nan=True
        ):
            return found
        finest = self.numbers
        every = next(
            (s for s in _EVERY if s >= finest and _calls(points, s, finest) * took < 1),
            _EVERY[-1],
        )
        return _rough(self._loss, self.variables, points, wide, every)


def _calls(points: list[Any], every: int, numbers: int) -> float:
    return float(len(points) / every**numbers)


def _rough(
    loss: Callable[[], Any],
    variables: list[Variable],
    points: list[Any],
    wide: int,
    every: int,
) -> list[float]:
    """The loss at the points of a line or grid, called at some of them only."""
    from tapeviz import inspect as observe

    grid = np.array(points).reshape(-1, wide, len(points[0]))
    few = grid[::every, ::every]
    called = observe.losses(loss, variables, few.reshape(-1, grid.shape[2]).tolist())
    values = np.array(called).reshape(few.shape[:2])
    across = np.array([np.interp(grid[0, :, 0], few[0, :, 0], row) for row in values])
    if len(across) == 1:
        return [float(v) for v in across[0]]
    down = [np.interp(grid[:, 0, 1], few[:, 0, 1], column) for column in across.T]
    return [float(v) for v in np.array(down).T.ravel()]


def _called(loss: Callable[..., Any], variables: list[Variable]) -> Callable[[], Any]:
    """The loss as a function without arguments."""
    import inspect

    try:
        wants = [
            p for p in inspect.signature(loss).parameters.values()
            if p.default is p.empty and p.kind in {p.POSITIONAL_ONLY,
                                                   p.POSITIONAL_OR_KEYWORD}
        ]  # fmt: skip
    except (TypeError, ValueError):
        wants = []
    return (lambda: loss(*variables)) if wants else loss


def _within(seen: Window, start: tuple[float, ...]) -> bool:
    spans = (seen.x, seen.y)[: seen.numbers]
    return all(a <= v <= b for (a, b), v in zip(spans, start, strict=True))


def _lost(seen: Window, spans: Spans) -> bool:
    """Whether what is to be seen would be lost in a window of another place."""
    pairs = zip((seen.x, seen.y), spans, strict=False)
    return any((b - a) > _WIDE * (d - c) for (a, b), (c, d) in pairs)


def _holds(spans: Any, start: tuple[float, ...]) -> bool:
    return spans is not None and all(
        a <= v <= b for (a, b), v in zip(spans, start, strict=True)
    )


def _spans(start: tuple[float, ...], run: Walk) -> list[tuple[float, float]]:
    """A window around the start and the minimum, or the path where there is none."""
    from tapeviz.analysis.trajectory import track

    least, t = run.least, track(run.quick)
    rows = np.array([start, least]) if least else np.array([start, *t.points[t.near]])
    middle = np.array(least) if least else (rows.min(axis=0) + rows.max(axis=0)) / 2
    half = np.maximum(np.abs(rows - middle).max(axis=0), 0.5)
    reach = (1.6 if least else 1.8) * half
    return [(float(m - r), float(m + r)) for m, r in zip(middle, reach, strict=True)]


class Explorer:
    """What stands behind the panel: from settings to the board's picture."""

    def __init__(
        self,
        grounds: Mapping[str, Callable[[], tuple[Ground, Settings]]],
        *,
        theme: str = "auto",
    ) -> None:
        self.grounds = grounds
        self.theme = theme
        self.run: Walk | None = None
        self.runs: list[Walk] = []
        self._ground: Ground | None = None
        self._count = 0

    def enter(self, name: str) -> Settings:
        """Go to another loss; the settings that suit it."""
        self._ground, settings = self.grounds[name]()
        self._ground.forget()
        return settings

    @property
    def names(self) -> list[str]:
        """What the numbers of the start are called."""
        from tapeviz.analysis.trajectory import coordinates

        return [] if self.run is None else coordinates(self.run.quick)

    def go(self, settings: Settings) -> tuple[Any, dict[str, Any]]:
        """Run everything; the ground if it is new, and the scene.

        ValueError and what the learner's loss raises; the last run then stays.
        """
        from tapeviz.render.descent import explorer_board

        ground = self._ground
        if ground is None:
            raise ValueError(
                error_message("no loss was chosen", "call enter(name) first")
            )
        _sane(settings)
        methods = [
            settings.optimizer,
            *(m for m in settings.race if m != settings.optimizer),
        ]
        runs = [ground.walk(settings, m) for m in methods]
        base, seen = ground.look(runs[0], settings.start)
        self.runs, self.run = runs, runs[0]
        self._count += 1
        limit, words = _limit(runs[0], settings)
        race = explorer_board.Race(
            tuple(r.quick for r in runs), settings.start, tuple(methods), limit, words,
            self.theme, self._count,
        )  # fmt: skip
        return base, explorer_board.scene(race, seen)

    def film(self) -> Any:
        """The film of the run that was chosen, with the graphs of its steps."""
        from tapeviz.views.descent_player import Walked

        if self.run is None:
            raise ValueError(
                error_message("nothing has run yet", "move a control first")
            )
        return Walked(self.run, theme=self.theme, step=3 * self.run.told)

    def graph(self, step: int) -> dict[str, str]:
        """The graph of one step of the run, to unfold below the picture."""
        from tapeviz.views.drawing import draw

        if self.run is None:
            return {"title": "", "svg": "", "text": ""}
        title = f"The graph of step {step}"
        try:
            return {
                "title": title, "svg": draw(self.run[step], theme=self.theme).svg,
                "text": "",
            }  # fmt: skip
        except (LookupError, LayoutError) as error:
            return {"title": title, "svg": "", "text": str(error)}


def _limit(run: Walk, settings: Settings) -> tuple[float | None, str]:
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


def _sane(settings: Settings) -> None:
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


def explore(  # noqa: PLR0913 - what the controls begin with, by keyword
    loss: Callable[..., Any] | str = "parabola",
    x: Any = None,
    *,
    learning_rate: float | None = None,
    steps: int | None = None,
    start: Any = None,
    optimizer: str = "gradient descent",
    race: Sequence[str] = (),
    window: Sequence[tuple[float, float]] | None = None,
    theme: str = "auto",
) -> Any:
    """A panel that runs the descent of ``loss`` again as you move its controls.

    ``loss`` is a function that reads the variable ``x``, or takes it; ``x`` holds one
    or two numbers, in one variable or a list of two, and is left as it was. Or ``loss``
    is the name of a preset: "parabola", "bumpy", "ravine", "rosenbrock", "himmelblau",
    "saddle". ``optimizer`` and ``race`` are among "gradient descent", "momentum",
    "Nesterov", "RMSprop", "Adagrad", "Adam". ``panel.run`` is the last run.

    TypeError when there is no function or no variable, ValueError for an unknown name.
    """
    from tapeviz.views.widgets.explorer import Studio

    given = Settings(
        0.1 if learning_rate is None else learning_rate,
        10 if steps is None else steps,
        (),
        _known(optimizer, METHODS, "optimizer"),
        (),
        tuple(_known(name, METHODS, "optimizer") for name in race),
    )
    grounds = {name: _preset(name, given, learning_rate, steps) for name in PRESETS}
    if isinstance(loss, str):
        first = _known(loss, PRESETS, "preset")
    else:
        first = "your loss"
        own = _own(loss, x, names_around(), window)
        begin = own.here if start is None else _begin(start, own.numbers)
        settings = _at(given, begin)
        grounds = {first: lambda: (own, settings), **grounds}
    explorer = Explorer(grounds, theme=theme)
    panel = Studio(explorer, first, METHODS, {n: t.title for n, t in PRESETS.items()})
    if isinstance(loss, str) and start is not None:
        panel.begin(_begin(start, len(PRESETS[first].start)))
    return panel


def _begin(start: Any, count: int) -> tuple[float, ...]:
    """The numbers of a start; ValueError unless there is one for each of the loss."""
    found = tuple(map(float, np.ravel(start)))
    if len(found) != count:
        raise ValueError(
            error_message(
                f"start wants {count} {'number' if count == 1 else 'numbers'} for this "
                f"loss, but has {len(found)}",
                f"give start={'(2.0, 1.0)' if count > 1 else '2.0'}, for example",
            )
        )
    return found


def _known(name: str, among: Mapping[str, Any], what: str) -> str:
    if name not in among:
        raise ValueError(
            error_message(
                f"there is no {what} {name!r}", f"choose one of {', '.join(among)}"
            )
        )
    return name


def _at(given: Settings, start: tuple[float, ...]) -> Settings:
    return Settings(
        given.learning_rate, given.steps, start, given.optimizer, (), given.race
    )


def _preset(
    name: str, given: Settings, rate: float | None, steps: int | None
) -> Callable[[], tuple[Ground, Settings]]:
    terrain = PRESETS[name]

    def enter() -> tuple[Ground, Settings]:
        variables = [
            Variable(v, name=n)
            for v, n in zip(terrain.start, terrain.names, strict=True)
        ]
        ground = Ground(terrain.loss, variables, {}, window=terrain.window)
        settings = Settings(
            terrain.learning_rate if rate is None else rate,
            terrain.steps if steps is None else steps,
            terrain.start,
            given.optimizer,
            (),
            given.race,
        )
        return ground, settings

    return enter


def _own(loss: Any, x: Any, names: Mapping[str, Any], window: Any) -> Ground:
    variables = [x] if isinstance(x, Variable) else x
    good = callable(loss) and isinstance(variables, (list, tuple)) and variables
    if not good or not all(isinstance(v, Variable) for v in variables):
        raise TypeError(
            error_message(
                "explore(loss, x) wants a function and the variable it reads",
                "for example: explore(lambda: (x - 5)**2, x)",
            )
        )
    count = sum(int(np.size(v.numpy())) for v in variables)
    if count not in {1, 2}:
        raise ValueError(
            error_message(
                f"the studio shows one or two numbers, but these variables have "
                f"{count}",
                "record your own loop: with descent(x) as run: ..., then run.plot()",
            )
        )
    name = getattr(loss, "__name__", "loss")
    return Ground(
        loss,
        variables,
        names,
        loss_name="loss" if name == "<lambda>" else name,
        window=window,
    )
