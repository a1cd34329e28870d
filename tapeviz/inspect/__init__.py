"""From a tape, a backward pass or a loop to frozen data: the only reader of the engine.

It draws nothing. It may import ``engine``, ``trace`` and ``errors``.
"""

from tapeviz.inspect.backward_pass import backward
from tapeviz.inspect.descent_recorder import Recorder, landscape
from tapeviz.inspect.descent_runner import (
    loss_program,
    losses,
    rerun,
    tape_program,
)
from tapeviz.inspect.diagnose import why
from tapeviz.inspect.explanation import explanation
from tapeviz.inspect.graph import graph
from tapeviz.inspect.graph_builder import asked
from tapeviz.inspect.memory import memory
from tapeviz.inspect.op_table import operations
from tapeviz.inspect.program import compiled
from tapeviz.inspect.questions import practice
from tapeviz.inspect.replay import replay, value_of
from tapeviz.inspect.scalar_graph import scalar_graph

__all__ = [
    "Recorder", "asked", "backward", "compiled", "explanation", "graph", "landscape",
    "loss_program", "losses", "memory", "operations", "practice", "replay", "rerun",
    "scalar_graph", "tape_program", "value_of", "why",
]  # fmt: skip
