"""explore: a descent that runs again as its controls move."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from inspect import signature
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tapeviz import inspect as observe
from tapeviz.engine.tensor import Variable
from tapeviz.errors import LayoutError, type_error, value_error
from tapeviz.inspect.program import tree
from tapeviz.trace.codec import pack
from tapeviz.trace.markup import element
from tapeviz.trace.program import Program
from tapeviz.views.descent import DescentPlayer, DescentRun
from tapeviz.views.drawing import Displayable, Form
from tapeviz.views.loss_presets import PRESETS
from tapeviz.wording.values import path_name

if TYPE_CHECKING:
    from tapeviz.trace.descent import Landscape
    from tapeviz.trace.film import Film
    from tapeviz.trace.markup import Element

    Spans = Sequence[tuple[float, float]]

GRID = 61
"""Points of the landscape along each axis for two numbers."""

LINE = 241
"""Points of the landscape for one number."""

ODD = {
    "rate": "the learning rate {} is not a number above zero: a negative one "
    "would climb; try 0.1",
    "steps": "{} steps are no descent: ask for at least one",
    "start": "the start is not a finite number: choose another one",
    "python": "Only a running Python can move it; this is its last run.",
}
"""What the panel says of settings that make no descent, and of a loss of Python's."""

_PROBES = 12
_WIDE = 20.0
_COARSEST = 20
_SINGLE = re.compile(r"(\w+) \*\* (t|\(t \+ 1\))")
_UPDATE = re.compile(r"(\w+) ([+-]?)= (.*)")


@dataclass(frozen=True)
class Method:
    """An optimizer of the explorer: its class's name, and its settings."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


METHODS: dict[str, Method] = {
    "gradient descent": Method("SGD"),
    "momentum": Method("SGD", {"momentum": 0.9}),
    "Nesterov": Method("SGD", {"momentum": 0.9, "nesterov": True}),
    "RMSprop": Method("RMSprop", {"rho": 0.9}),
    "Adagrad": Method("Adagrad"),
    "Adam": Method("Adam", {"beta_1": 0.9, "beta_2": 0.999}),
}
"""The optimizers that can be chosen and compared."""


def method_data(name: str, method: Method, optimizers: Any) -> dict[str, Any]:
    """An optimizer as the page runs it: its own texts as trees, slots and settings.

    ``_single`` ends the name of a setting that is rounded to float32 first, as Keras
    does where it is raised to the number of the step.
    """
    made = getattr(optimizers, method.kind)(0.1, **method.settings)
    text = _SINGLE.sub(r"\1_single ** \2", made.formula)
    slots = {f"{slot}_old": made.start(slot) for slot in made.slots}
    settings = {n: getattr(made, n) for n in (*made.settings, "weight_decay")}
    return {
        "name": name,
        "kind": method.kind,
        "controls": [n for n, v in method.settings.items() if not isinstance(v, bool)],
        "settings": {n: v for n, v in settings.items() if v is not None},
        "rounded": [n for n in made.rounded if n in text],
        "slots": {n: float(np.float32(v)) for n, v in slots.items() if n in text},
        "texts": [_assignment(line) for line in text.splitlines()],
    }


def _assignment(line: str) -> tuple[str, Any]:
    """A line of an update: the name it sets, and the tree of what that becomes."""
    found = _UPDATE.fullmatch(line)
    if found is None:
        raise ValueError(f"no update is written like this: {line}")
    name, sign, right = found.groups()
    return name, tree(f"{name} {sign} ({right})" if sign else right)


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
    """A run of the explorer; ``quick`` is its data without the landscape."""

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
        self.window = window
        self._loss = _called(loss, self.variables)
        self._names = names
        self._optimizers = optimizers
        self._spans: Spans = ()

    @property
    def position(self) -> tuple[float, ...]:
        """Where the variables are now."""
        parts = [np.ravel(v.numpy()) for v in self.variables]
        return tuple(float(n) for n in np.concatenate(parts))

    @property
    def labels(self) -> list[str]:
        """What its numbers are called."""
        from tapeviz.analysis.trajectory import entry_labels

        pairs = zip(self._recorder().names, self.variables, strict=True)
        sizes = ((path_name(name), int(np.size(v.numpy()))) for name, v in pairs)
        return [label for name, size in sizes for label in entry_labels(name, size)]

    def program(self, start: Sequence[float]) -> Program | str:
        """The loss for the page, recorded at ``start``; or why only Python runs it."""
        if not np.isfinite(start).all() or len(start) != self.numbers:
            start = (1.0,) * self.numbers
        return observe.loss_program(self._loss, self.variables, start)

    def _recorder(self) -> Any:
        return observe.Recorder(
            self.variables, self._names, self.loss_name, look=lambda: self._names
        )

    def descend(self, settings: Settings, method: str) -> ExplorerRun:
        """Run the descent with a key of ``METHODS``; ValueError without a gradient."""
        made = METHODS[method]
        options = dict(made.settings)
        if method == settings.optimizer:
            options.update(settings.parameters)
        optimizer = getattr(self._optimizers, made.kind)(
            settings.learning_rate, **options
        )
        recorder = self._recorder()
        observe.rerun(
            self._loss,
            self.variables,
            optimizer.apply_gradients,
            steps=settings.steps,
            start=settings.start,
            recorder=recorder,
        )
        return ExplorerRun(recorder)

    def look(self, run: ExplorerRun, start: tuple[float, ...]) -> Landscape | None:
        """The landscape of the panel's window; None if that is the same as before."""
        own = self.window
        near = own if own and _within(own, start) else _spans(start, run)
        if self._spans and _within(self._spans, start):
            pairs = zip(self._spans, near, strict=True)
            if all(b - a <= _WIDE * (d - c) for (a, b), (c, d) in pairs):
                return None
        self._spans = near
        axes = [np.linspace(*span, LINE if len(near) == 1 else GRID) for span in near]
        return observe.landscape(axes, lambda points: self._losses(run, points, axes))

    def loss_at(self, point: Sequence[float]) -> float:
        """The loss at one point."""
        return observe.losses(self._loss, self.variables, [point])[0]

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


@dataclass(frozen=True)
class _LossEntry:
    """A loss of the panel, the settings it begins with, and what the page runs."""

    loss: ExplorerLoss
    begin: Settings
    program: Program | str


class Explorer:
    """The model behind the panel: its losses, what was compiled, and runs in Python."""

    def __init__(
        self,
        losses: Mapping[str, Callable[[], tuple[ExplorerLoss, Settings]]],
        optimizers: Any,
        *,
        theme: str = "auto",
    ) -> None:
        self.theme = theme
        self.run: ExplorerRun | None = None
        self.runs: list[ExplorerRun] = []
        self._optimizers = optimizers
        self.losses = {name: _entered(*make()) for name, make in losses.items()}

    def programs(self) -> list[Program]:
        """What the page runs."""
        found = (entry.program for entry in self.losses.values())
        return [one for one in found if isinstance(one, Program)]

    @cached_property
    def setup(self) -> dict[str, Any]:
        """What never changes in a panel: its losses, the optimizers, some sentences."""
        losses = [
            loss_data(
                name,
                entry.program,
                entry.begin,
                title=PRESETS[name].title if name in PRESETS else name,
                loss=path_name(entry.loss.loss_name),
                names=entry.loss.labels,
                window=entry.loss.window,
            )
            for name, entry in self.losses.items()
        ]
        return setup_data(losses, self._optimizers)

    def runs_in_page(self, name: str) -> bool:
        """Whether a loss was compiled."""
        return isinstance(self.losses[name].program, Program)

    def go(self, name: str, settings: Settings) -> None:
        """Run all methods in Python; ``runs`` and ``run``, the first, are the result.

        ValueError for settings that make no descent, and whatever the loss raises; the
        last run then stays.
        """
        loss = self.losses[name].loss
        check_settings(settings)
        begin_at(settings.start, loss.numbers)
        methods = dict.fromkeys((settings.optimizer, *settings.compare))
        self.runs = [loss.descend(settings, m) for m in methods]
        self.run = self.runs[0]

    def shown(self, name: str, settings: Settings) -> tuple[Any, dict[str, Any]]:
        """The landscape, None if it is the one before, and the runs, as the page reads.

        They are run in Python, as ``go`` says.
        """
        self.go(name, settings)
        loss = self.losses[name].loss
        methods = dict.fromkeys((settings.optimizer, *settings.compare))
        runs = [
            run_data(run, method, loss)
            for run, method in zip(self.runs, methods, strict=True)
        ]
        land = loss.look(self.runs[0], settings.start)
        grid = land and plain([v for row in land.losses for v in row])
        drawn = land and {"xs": land.xs, "ys": land.ys, "values": grid}
        return drawn, {"name": name, "runs": runs}

    def film(self) -> DescentPlayer:
        """The film of the run that was chosen, with the graphs of its steps."""
        from tapeviz.render.descent.animation import steps_shown

        if self.run is None:
            raise value_error("nothing has run yet", "move a control first")
        last = 3 * steps_shown(self.run.data)
        return DescentPlayer(self.run, theme=self.theme, step=last)

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


def _entered(loss: ExplorerLoss, begin: Settings) -> _LossEntry:
    return _LossEntry(loss, begin, loss.program(begin.start))


def loss_data(
    name: str, program: Program | str, begin: Settings, **more: Any
) -> dict[str, Any]:
    """A loss as the panel knows it, with what it begins with."""
    settings = {
        "learning_rate": begin.learning_rate,
        "steps": begin.steps,
        "start": plain(list(begin.start)),
        "compare": list(begin.compare),
    }
    why = program if isinstance(program, str) else ""
    found = None if isinstance(program, str) else pack(program)
    return {"name": name, "begin": settings, "program": found, "why": why, **more}


def setup_data(losses: list[dict[str, Any]], optimizers: Any) -> dict[str, Any]:
    """What a panel is set up with: its losses, and the optimizers to run.

    Formulas that several programs have are written once, in ``formulas``; columns that
    hold nothing and what only other pages read are left out.
    """
    pool: dict[str, int] = {}
    slim = [
        {**loss, "program": loss["program"] and _slim(loss["program"], pool)}
        for loss in losses
    ]
    return {
        "losses": slim,
        "formulas": [json.loads(text) for text in pool],
        "methods": [method_data(name, m, optimizers) for name, m in METHODS.items()],
        "odd": ODD,
    }


def _slim(program: dict[str, Any], pool: dict[str, int]) -> dict[str, Any]:
    columns = program["formulas"]
    rows = zip(*columns.values(), strict=True)
    texts = [json.dumps(dict(zip(columns, row, strict=True))) for row in rows]
    used = [pool.setdefault(text, len(pool)) for text in texts]
    table = {k: v for k, v in program["instructions"].items() if any(v)}
    others = {name: program[name] for name in ("targets", "sources", "sweep")}
    return {**others, "instructions": table, "formulas": used}


def plain(value: Any) -> Any:
    """Numbers for JSON, which has neither nan nor infinity: as JavaScript says them."""
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if math.isnan(value):
        return "NaN"
    return float(value) if math.isfinite(value) else f"{'-' * (value < 0)}Infinity"


def run_data(run: ExplorerRun, method: str, loss: ExplorerLoss) -> dict[str, Any]:
    """A run of Python's as the page draws it, with what is said of it."""
    from tapeviz.analysis.convergence import regime
    from tapeviz.analysis.trajectory import track

    data, t, made = run.quick, track(run.quick), METHODS[method]
    found = regime(data)
    curvatures = {
        c.where: {"at": c.at, "slope": c.slope, "eigenvalues": c.eigenvalues}
        for c in data.curvatures
    }
    return {
        "name": method,
        "kind": made.kind,
        "momentum": made.settings.get("momentum", 0.0),
        "ahead": bool(made.settings.get("nesterov")),
        "loss": path_name(data.loss_name),
        "points": plain(t.points.tolist()),
        "losses": plain(t.losses.tolist()),
        "gradients": plain(t.gradients.tolist()),
        "last": plain(loss.loss_at(t.points[-1])),
        "curvatures": curvatures,
        "regime": {
            "name": found.name,
            "sentence": found.sentence,
            "rule": found.inequality,
        },
    }


def check_settings(settings: Settings) -> None:
    """ValueError, in a sentence, for settings that make no descent."""
    rate = settings.learning_rate
    if not (rate > 0 and np.isfinite(rate)):
        raise ValueError(ODD["rate"].format(rate))
    if settings.steps < 1:
        raise ValueError(ODD["steps"].format(settings.steps))
    if not np.isfinite(settings.start).all():
        raise ValueError(ODD["start"])


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


class StudioPage(Displayable):
    """The panel as a page that needs no kernel; ``state`` is what it begins with.

    Where no script runs it shows the film of ``run``.
    """

    def __init__(
        self, explorer: Explorer, run: ExplorerRun | None, state: Mapping[str, Any]
    ) -> None:
        self._explorer = explorer
        self._run = run
        self._state = state

    def __repr__(self) -> str:
        return f"<a panel that runs descents of {self._state['loss']}>"

    __str__ = __repr__

    @cached_property
    def _first(self) -> Element:
        """What stands where no script runs."""
        from tapeviz.render.film.svg import PACE, animate
        from tapeviz.render.html.page import image

        if self._film is None:
            return element("p", str(self._state["message"]) or "Nothing has run yet.")
        return image(animate(self._film, PACE), self._film.alt)

    @cached_property
    def _film(self) -> Film | None:
        return None if self._run is None else self._explorer.film().film

    def _printed(self) -> bytes:
        from tapeviz.render.film import on_paper

        return on_paper.png(self._film) if self._film else b""

    def _html(self) -> str:
        from tapeviz.render.descent import studio

        return studio.notebook(self._state, self._first, *self._explorer.programs())

    def _page(self) -> str:
        from tapeviz.render.descent import studio

        return studio.page(self._state, self._first, *self._explorer.programs())

    forms: ClassVar[dict[str, Form]] = {".html": _page}


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
