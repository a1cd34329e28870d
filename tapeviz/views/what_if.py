"""What if a recorded loop had begun elsewhere, or with another rate: a panel for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tapeviz import inspect as observe
from tapeviz.trace.program import Program
from tapeviz.views.explorer import Settings, loss_data, setup_data
from tapeviz.wording.values import path_name

if TYPE_CHECKING:
    from tapeviz.trace.descent import Descent
    from tapeviz.trace.markup import Element
    from tapeviz.views.descent import DescentRun

NAME = "your loss"


def what_if(
    run: DescentRun, optimizers: Any, theme: str = "auto"
) -> tuple[Element, ...]:
    """The panel of a loop, to be opened below its film; nothing where it has none.

    It has one where the updates are gradient descent, with momentum or without, on a
    loss of one or two numbers that a page can run. ``optimizers`` is Keras' module.
    """
    from tapeviz.analysis.trajectory import coordinates, entries
    from tapeviz.render.descent import studio

    data = run.data
    if run.decisions or data.shifting or not data.updates:
        return ()
    start = tuple(v for value in data.updates[0].at for v in entries(value))
    begin, program = _recognised(data, start), _program(run, start)
    if begin is None or program is None:
        return ()
    more = {"loss": path_name(data.loss_name), "names": coordinates(data)}
    loss = loss_data(NAME, program, begin, title=NAME, window=None, **more)
    state = {
        **loss["begin"],
        "theme": theme,
        "loss": NAME,
        "optimizer": begin.optimizer,
        "parameters": dict(begin.parameters),
        "setup": setup_data([loss], optimizers),
    }
    return studio.below(state, program)


def _recognised(data: Descent, start: tuple[float, ...]) -> Settings | None:
    """The optimizer, with its rate, whose updates those of a loop are."""
    from tapeviz.analysis.convergence import steady_rate
    from tapeviz.analysis.momentum import momentum_of

    steps, rate = len(data.updates), steady_rate(data)
    if rate is not None:
        return Settings(rate, steps, start) if rate > 0 else None
    found = momentum_of(data)
    if found is None:
        return None
    name = "Nesterov" if found.ahead else "momentum"
    return Settings(found.rate, steps, start, name, (("momentum", found.share),))


def _program(run: DescentRun, start: tuple[float, ...]) -> Program | None:
    """The loss of the loop's first step, of the numbers in the order of ``start``."""
    if len(start) not in {1, 2} or 0 not in run.kept_steps:
        return None
    found = observe.tape_program(run[0].tape)
    if isinstance(found, str):
        return None
    leaves = (found.instructions[node].data for node in found.sources)
    return found if tuple(v for data in leaves for v in data) == start else None
