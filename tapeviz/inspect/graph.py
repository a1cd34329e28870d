"""From a tape to a ``Graph``: what it recorded, and what it did not."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tapeviz.engine import nest
from tapeviz.engine.records import Asked
from tapeviz.engine.tape import GradientTape
from tapeviz.inspect.foreign_tape import ForeignTape
from tapeviz.inspect.gradient_question import is_value, program
from tapeviz.inspect.graph_builder import GraphBuilder, gradients, picture
from tapeviz.inspect.source.dataflow import CallSite
from tapeviz.inspect.source.variables import Names
from tapeviz.inspect.unrecorded import add_unrecorded
from tapeviz.trace.graph import Graph


def graph(
    tape: GradientTape, names: Names, target: Any = None, sources: Any = None,
    call_site: CallSite | None = None,
) -> Graph:  # fmt: skip
    """What a tape recorded and did not, with the gradients it was last asked for.

    ``call_site`` is the instruction that asks, so that the code around it can be read.
    """
    with bulk():
        builder = GraphBuilder(tape, names)
        last, log = builder.records.asked, builder.records
        known = Asked([], [], []) if last is None else last
        targets = _tensors(target) if target is not None else known.targets
        flattened = _tensors(sources) if sources is not None else known.sources
        steps = (
            [] if last is None else list(log.backward_steps(last.targets, last.seeds))
        )
        grads = None if last is None else gradients(steps)
        drawn = picture(builder, targets, flattened, grads)
        foreign = tape if isinstance(tape, ForeignTape) else None
        if foreign is None or foreign.works_as_ours:
            drawn = add_unrecorded(
                builder, drawn, names, program(builder, call_site), targets, flattened,
                asking=all(any(s is t for t in known.sources) for s in flattened),
            )  # fmt: skip
        return (drawn if foreign is None else foreign.annotated(drawn)).validate()


_MANY = 10_000
"""New objects that a young collection had better not visit one by one."""


@contextmanager
def bulk() -> Iterator[None]:
    """A block without garbage collection, for work that makes no garbage.

    The collector would take longer than the work. Many new objects are moved to its
    oldest generation at the end, so that the next young collection does not visit them.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            # Asked in this order: to count what somebody froze takes time of its own.
            if gc.get_count()[0] > _MANY and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def _tensors(marked: Any) -> list[Any]:
    """The tensors and variables among what is to be marked."""
    return [t for t in nest.leaves(marked) if is_value(t)]
