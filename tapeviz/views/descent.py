"""descent: a learner's training loop, recorded step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self

from tapeviz import inspect
from tapeviz.analysis.trajectory import sample_steps
from tapeviz.errors import LayoutError, error_message, index_error, names_around
from tapeviz.inspect.foreign_tape import adapter_of
from tapeviz.render.descent import step_graphs
from tapeviz.render.html.page import image, swapped_image
from tapeviz.trace.markup import Element, parse, write
from tapeviz.views.drawing import RunStep, Showable, display, draw, on_paper
from tapeviz.views.player import Player

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tapeviz.analysis.convergence import Regime
    from tapeviz.render.descent.training_monitor import Decision
    from tapeviz.trace.descent import Descent
    from tapeviz.trace.film import Film


class DescentRun(Showable):
    """A recorded run of gradient descent, made by ``descent``.

    ``data`` is the run as frozen data, ``plot()`` its matplotlib figure, ``play(run)``
    its film, ``run[7]`` its step 7 with the tape, ``regime`` how it behaves.
    ``decisions`` maps numbers of updates to what the model decided after them, where
    ``lessons.training.live`` watched it; ``play(run)`` is then the training's film.
    """

    def __init__(self, recorder: Any) -> None:
        self.decisions: dict[int, Decision] = {}
        self._recorder = recorder
        self._data: Any = None

    def __enter__(self) -> Self:
        self._recorder.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._recorder.__exit__(*error)

    def __len__(self) -> int:
        return int(self._recorder.steps)

    def __getitem__(self, number: int) -> RunStep:
        """A step with its tape; negative numbers count from the end.

        IndexError when there is no such step, LookupError naming the nearest ones when
        its tape was let go, as in long runs.
        """
        count = len(self)
        step = number + count if number < 0 else number
        if not 0 <= step < count:
            many = f"its steps are 0 to {count - 1}" if count else "it has no steps"
            raise index_error(f"this run has no step {number}: {many}")
        snapshot = self._recorder.snapshot(step)
        if snapshot is None:
            raise LookupError(self._let_go(step))
        one = len(snapshot.targets) == 1
        return RunStep(
            step,
            snapshot.tape,
            snapshot.targets[0] if one else snapshot.targets,
            snapshot.sources,
            self.data.updates[step],
            snapshot.names or dict(names_around()),
        )

    def _let_go(self, step: int) -> str:
        kept_steps = self._recorder.kept_steps
        if not kept_steps:
            return error_message(
                f"step {step} was made without a tape, so nothing opens"
            )
        below = max((k for k in kept_steps if k < step), default=kept_steps[0])
        above = min((k for k in kept_steps if k > step), default=kept_steps[-1])
        return error_message(
            f"the tape of step {step} was let go, as the run is long",
            f"open a step near it: run[{below}] or run[{above}]",
        )

    def __iter__(self) -> Iterator[RunStep]:
        """The steps whose tape was kept, in order."""
        return (self[step] for step in self._recorder.kept_steps)

    @property
    def kept_steps(self) -> list[int]:
        """The steps that can be opened: those whose tape was kept."""
        return list(self._recorder.kept_steps)

    @property
    def losses(self) -> list[float]:
        """The loss of every update so far; nan where it was not recorded."""
        return list(self._recorder.seen)

    @property
    def data(self) -> Any:
        """The run as a frozen ``trace.descent.Descent``."""
        if self._data is None or len(self._data.updates) != len(self):
            self._data = self._recorder.descent()
        return self._data

    @property
    def regime(self) -> Regime:
        """How the run behaves, in a word, a sentence and the inequality behind it.

        >>> import tapeviz as tf
        >>> x = tf.Variable(2.0)
        >>> with descent(x) as run:
        ...     for i in range(10):
        ...         with tf.GradientTape() as tape:
        ...             loss = (x - 5)**2
        ...         _ = x.assign_sub(0.1 * tape.gradient(loss, x))
        >>> run.regime.name, run.regime.limit
        ('converging', 1.0)
        """
        from tapeviz.analysis.convergence import regime

        known = self._data is not None and len(self._data.updates) == len(self)
        return regime(self.data if known else self._recorder.descent(landscape=False))

    def plot(self, *others: DescentRun, **options: Any) -> Any:
        """The path on the loss curve beside the loss at each step, as a Figure.

        ``others`` are drawn into the same picture. With ``axes=(left, right)`` it draws
        into a figure of yours and returns those. ``surface=True`` draws two variables
        on their surface, ``directions=(0, 3)`` chooses two of many numbers. ``labels``
        names the runs, ``theme`` is "light" or "dark", ``size`` in inches.
        """
        from tapeviz.render.descent import figure

        runs = (self.data, *(o.data for o in others))
        if "axes" in options:
            return figure.plot(runs, **options)
        made = figure.figure(runs, **options)
        bundle = partial(_plot_bundle, made, runs, options)
        made._repr_mimebundle_ = bundle  # type: ignore[attr-defined]  # IPython asks
        made.show = partial(display, made)  # type: ignore[method-assign]  # not pyplot
        return made

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, **_: Any
    ) -> dict[str, str]:
        return DescentPlayer(self)._repr_mimebundle_(include)

    def __repr__(self) -> str:
        return f"<a descent of {len(self)} updates: run.plot(), play(run)>"


def _plot_bundle(
    made: Figure,
    runs: Sequence[Descent],
    options: dict[str, Any],
    include: Iterable[str] | None = None,
    **_: Any,
) -> dict[str, str]:
    """How a figure of runs shows itself: as the panels that it was made of.

    What somebody changed since, or a surface, is what matplotlib draws.
    """
    from tapeviz.render.descent import chart, figure, table, words

    options = {"theme": "light", **options}
    theme = options.pop("theme")
    view = figure.PlotOptions(**options)
    alt = words.describe_all(runs, view.labels, view.directions)
    if theme != "light":
        shown: Sequence[Element] = [image(parse(figure.write_svg(made)), alt)]
    else:
        if made.stale or view.surface:
            svg = figure.page_svg(made, alt)
        else:
            panels = figure.run_panels(runs, view)
            svg = chart.panels_picture(panels, figure.picture_size(panels, view), alt)
        shown = swapped_image(svg, alt, container_queries=True)
    rows = table.folded(table.runs_table(runs, view.labels))
    page = {"text/html": write(filter(None, (*shown, rows))), "text/plain": alt}
    return page | on_paper(partial(figure.printed, made), include)


class DescentPlayer(Player):
    """The film of a descent; a click on a point opens that step's graph.

    ``below`` is what stands below it.
    """

    def __init__(
        self,
        descent_run: DescentRun,
        *,
        theme: str = "auto",
        below: Sequence[Element] = (),
        **look: Any,
    ) -> None:
        super().__init__(descent_run.data, theme=theme, **look)
        self._below = below
        self._descent = descent_run
        self._theme = theme

    @cached_property
    def film(self) -> Film:
        """The film of the descent, or of the training where decisions were seen."""
        if not self._descent.decisions:
            return super().film
        from tapeviz.render.descent.training_film import training_film

        return training_film(self._descent.data, self._descent.decisions, self._theme)

    @cached_property
    def graphs(self) -> dict[int, str]:
        """The pictures of at most ``step_graphs.MOST`` steps whose tape was kept."""
        kept_steps = self._descent.kept_steps
        chosen = sample_steps(len(kept_steps), step_graphs.MOST)
        steps = [kept_steps[i] for i in chosen]
        try:
            return {
                i: draw(self._descent[i], theme=self._theme).inline_svg for i in steps
            }
        except LayoutError:
            return {}

    def _around(self, body: Sequence[Element]) -> Sequence[Element]:
        film = step_graphs.with_step_graphs(body, self.graphs, self._theme)
        return (*film, *self._below)


def descent(*variables: Any, loss: str = "") -> DescentRun:
    """The record of the gradient descent in a ``with`` block.

    Write ``with descent(x) as run:``. The loop in the block stays as it is, whatever
    optimizer it uses. Without arguments the variables are those whose gradient is
    applied. ``loss`` names the loss; without it the learner's own name is found.
    Leaves and modules of PyTorch, variables and layers of TensorFlow take a loop of
    theirs, with any optimizer.

    >>> import tapeviz as tf
    >>> x = tf.Variable(2.0)
    >>> with descent(x) as run:
    ...     for i in range(3):
    ...         with tf.GradientTape() as tape:
    ...             loss = (x - 5)**2
    ...         _ = x.assign_sub(0.1 * tape.gradient(loss, x))
    >>> len(run), run.data.updates[0].rate
    (3, 0.1)
    """
    adapters = (adapter_of(v) for v in variables)
    theirs = next((one for one in adapters if hasattr(one, "Recorder")), inspect)
    return DescentRun(theirs.Recorder(variables, names_around(), loss))
