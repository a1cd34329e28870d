"""descent and explore: a learner's loop recorded, and run again as controls move."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tapeviz.engine.tensor import Variable
from tapeviz.errors import names_around, tell


class Descent:
    """A recorded run of gradient descent, made by ``descent``.

    ``data`` is the run as frozen data, ``plot()`` its matplotlib figure, ``play(run)``
    its film.
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

    @property
    def data(self) -> Any:
        """The run as a frozen ``trace.descent.Descent``."""
        if self._data is None or len(self._data.updates) != len(self):
            self._data = self._recorder.descent()
        return self._data

    def plot(self, **options: Any) -> Any:
        """The path on the loss curve beside the loss at each step, as a Figure.

        With ``axes=(left, right)`` it draws into a figure of yours and returns those.
        ``theme`` is "light" or "dark", ``size`` in inches.
        """
        from tapeviz.shown import chart

        return chart(self.data, **options)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from tapeviz.shown import Player

        return Player(self.data)._repr_mimebundle_()

    def __repr__(self) -> str:
        return f"<a descent of {len(self)} updates: run.plot(), play(run)>"


def descent(*variables: Variable) -> Descent:
    """The record of the gradient descent in a ``with`` block.

    Write ``with descent(x) as run:``. The loop in the block stays as it is. Without
    arguments the variables are those the first gradient is asked for.

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
    from tapeviz.trace import observe

    return Descent(observe.record(*variables, names=names_around()))


def explore(
    loss: Callable[[], Any],
    x: Variable,
    *,
    learning_rate: float = 0.1,
    steps: int = 10,
    start: float | None = None,
) -> Any:
    """A panel that runs the descent of ``loss`` again as you move its sliders.

    ``loss`` is a function without arguments that reads the scalar variable ``x``;
    ``x`` itself is left as it was.
    """
    from tapeviz.trace import observe
    from tapeviz.widgets.studio import Studio

    if not isinstance(x, Variable) or not callable(loss):
        raise TypeError(
            tell(
                "explore(loss, x) wants a function and the variable it reads",
                "for example: explore(lambda: (x - 5)**2, x)",
            )
        )
    names = names_around()

    def rerun(learning_rate: float, steps: int, start: float) -> Any:
        run = observe.rerun(
            loss, x, learning_rate=learning_rate, steps=steps, start=start, names=names
        )
        return run, film(run)

    def film(run: Any) -> Any:
        from tapeviz.render.descent_film import descent_film

        return descent_film(run)

    first = float(x) if start is None else start
    return Studio(rerun, learning_rate=learning_rate, steps=steps, start=first)
