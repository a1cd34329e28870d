"""The only door from the engine to the pictures: what happened, as frozen data."""

from tapeviz.trace.observe.drawn import graph
from tapeviz.trace.observe.explained import explanation
from tapeviz.trace.observe.loop import Recorder, landscape, record
from tapeviz.trace.observe.memory import memory
from tapeviz.trace.observe.practised import practice
from tapeviz.trace.observe.recorded import asked
from tapeviz.trace.observe.registry import operations
from tapeviz.trace.observe.rerun import losses, rerun
from tapeviz.trace.observe.swept import backward
from tapeviz.trace.observe.values import replay, value_of
from tapeviz.trace.observe.why.asked import why

__all__ = [
    "Recorder",
    "asked",
    "backward",
    "explanation",
    "graph",
    "landscape",
    "losses",
    "memory",
    "operations",
    "practice",
    "record",
    "replay",
    "rerun",
    "value_of",
    "why",
]
