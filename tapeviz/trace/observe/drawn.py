"""A tape becomes the graph of a picture: what it recorded, and what it did not."""

from __future__ import annotations

from typing import Any

from tapeviz.engine import nest
from tapeviz.engine.tape import GradientTape
from tapeviz.trace.bulk import bulk
from tapeviz.trace.graph import Graph
from tapeviz.trace.observe.ghosts import haunted
from tapeviz.trace.observe.lookup import is_tensor
from tapeviz.trace.observe.names import Names
from tapeviz.trace.observe.recorded import Scribe, gradients, picture
from tapeviz.trace.observe.source import Spot
from tapeviz.trace.observe.why.case import reading


def graph(
    tape: GradientTape,
    names: Names,
    target: Any = None,
    sources: Any = None,
    spot: Spot | None = None,
) -> Graph:
    """What a tape recorded and did not, with the gradients it was last asked for.

    ``spot`` is the instruction that asks, so that the code around it can be read.
    """
    with bulk():
        scribe = Scribe(tape, names)
        last = tape._asked[-1] if tape._asked else ([], [], [])
        targets = _tensors(target) if target is not None else last[0]
        flat = _tensors(sources) if sources is not None else last[2]
        grads = gradients(tape, last) if tape._asked else None
        drawn = picture(scribe, targets, flat, grads)
        return haunted(
            scribe,
            drawn,
            names,
            reading(scribe, spot),
            targets,
            flat,
            asking=all(any(s is t for t in last[2]) for s in flat),
        ).validate()


def _tensors(marked: Any) -> list[Any]:
    """The tensors and variables among what is to be marked."""
    return [t for t in nest.leaves(marked) if is_tensor(t)]
