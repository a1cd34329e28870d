"""A loop with TensorFlow's own tapes and optimizers, as a ``Descent``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

from tapeviz.adapters.tensorflow.recording import EagerTape
from tapeviz.engine import nest
from tapeviz.errors import names_around
from tapeviz.inspect.descent_recorder import Recorder
from tapeviz.inspect.source.variables import Names


class EagerRecorder(Recorder):
    """Records the descent of some variables of TensorFlow's.

    The loop's tapes and assignments are those of the mirrors in a block around it.
    """

    def __init__(
        self, things: Sequence[Any], names: Names, loss: str = "",
        look: Callable[[], Names] = names_around,
    ) -> None:  # fmt: skip
        self._block = block = EagerTape()
        every = nest.leaves([block.mirrored(one) for one in things])
        super().__init__(every, block.named(names), loss, lambda: block.named(look()))

    def __enter__(self) -> Self:
        super().__enter__()
        self._block.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._block.__exit__(None, None, None)
        super().__exit__(*error)

    def _on_event(self, what: str, *details: Any) -> None:
        super()._on_event(what, *details)
        self._block.begin_again()  # each step has a recording of its own
