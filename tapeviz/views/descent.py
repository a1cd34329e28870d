"""descent and explore: a learner's loop recorded, and run again as controls move."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tapeviz.engine.tensor import Variable
from tapeviz.errors import error_message, names_around
from tapeviz.views.drawing import Step, chart

if TYPE_CHECKING:
    from tapeviz.analysis.convergence import Regime


class Descent:
    """A recorded run of gradient descent, made by ``descent``.

    ``data`` is the run as frozen data, ``plot()`` its matplotlib figure, ``play(run)``
    its film, ``run[7]`` its step 7 opened, ``regime`` how it behaves.
    """

    def __init__(self, recorder: Any) -> None:
        self._recorder = recorder
        self._data: Any = None

    def __enter__(self) -> Self:
        self._recorder.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._recorder.__exit__(kind, error, trace)

    def __len__(self) -> int:
        return int(self._recorder.steps)

    def __getitem__(self, number: int) -> Step:
        """A step with its tape; negative numbers count from the end.

        IndexError when there is no such step, LookupError naming the nearest ones when
        its tape was let go, as in long runs.
        """
        count = len(self)
        step = number + count if number < 0 else number
        if not 0 <= step < count:
            many = f"its steps are 0 to {count - 1}" if count else "it has no steps"
            raise IndexError(error_message(f"this run has no step {number}: {many}"))
        opened = self._recorder.opened(step)
        if opened is None:
            raise LookupError(self._let_go(step))
        one = len(opened.targets) == 1
        return Step(
            step,
            opened.tape,
            opened.targets[0] if one else opened.targets,
            opened.sources,
            self.data.updates[step],
            opened.names or dict(names_around()),
        )

    def _let_go(self, step: int) -> str:
        kept = self._recorder.kept
        if not kept:
            return error_message(
                f"step {step} was made without a tape, so nothing opens"
            )
        below = max((k for k in kept if k < step), default=kept[0])
        above = min((k for k in kept if k > step), default=kept[-1])
        return error_message(
            f"the tape of step {step} was let go, as the run is long",
            f"open a step near it: run[{below}] or run[{above}]",
        )

    def __iter__(self) -> Iterator[Step]:
        """The steps whose tape was kept, in order."""
        return (self[step] for step in self._recorder.kept)

    @property
    def kept(self) -> list[int]:
        """The steps that can be opened: those whose tape was kept."""
        return list(self._recorder.kept)

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

    def plot(self, *others: Descent, **options: Any) -> Any:
        """The path on the loss curve beside the loss at each step, as a Figure.

        ``others`` are drawn into the same picture. With ``axes=(left, right)`` it draws
        into a figure of yours and returns those. ``surface=True`` draws two variables
        on their surface, ``directions=(0, 3)`` chooses two of many numbers. ``labels``
        names the runs, ``theme`` is "light" or "dark", ``size`` in inches.
        """
        return chart((self.data, *(o.data for o in others)), **options)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from tapeviz.views.descent_player import Walked

        return Walked(self)._repr_mimebundle_()

    def __repr__(self) -> str:
        return f"<a descent of {len(self)} updates: run.plot(), play(run)>"


def descent(*variables: Variable, loss: str = "") -> Descent:
    """The record of the gradient descent in a ``with`` block.

    Write ``with descent(x) as run:``. The loop in the block stays as it is, whatever
    optimizer it uses. Without arguments the variables are those whose gradient is
    applied. ``loss`` names the loss; without it the learner's own name is found.

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
    from tapeviz import inspect

    return Descent(inspect.record(*variables, names=names_around(), loss=loss))
