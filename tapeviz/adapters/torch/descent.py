"""``with descent(w) as run:`` around a loop of PyTorch that stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import torch
from torch.optim import optimizer as optimizers
from torch.overrides import TorchFunctionMode

from tapeviz.adapters.torch.recording import BACKWARD, array
from tapeviz.adapters.torch.why import TorchTape
from tapeviz.engine.recording import tape_stack
from tapeviz.engine.tensor import Variable, wrap
from tapeviz.errors import names_around, type_error
from tapeviz.inspect.descent_recorder import Recorder
from tapeviz.inspect.source.variables import Names


class StepTape(TorchTape):
    """The tape of one step; whose calls it sees is the recorder's business."""

    def watchers(self) -> list[Any]:
        """None of its own."""
        return []


class TorchRecorder(Recorder):
    """Records the descent of some leaves: a tape for each step, up to ``backward``.

    What an optimizer computes in its ``step`` is left out; what it did to the leaves is
    one update.
    """

    def __init__(
        self, things: Sequence[Any], names: Names, loss: str = "",
        look: Callable[[], Names] = names_around,
    ) -> None:  # fmt: skip
        self._leaves: list[Any] = []
        for one in things:
            module = isinstance(one, torch.nn.Module)
            self._leaves += one.parameters() if module else [one]
        for t in self._leaves:
            if not (isinstance(t, torch.Tensor) and t.is_leaf and t.requires_grad):
                raise type_error(
                    "descent() records leaves, but was given what is none",
                    "name tensors with requires_grad=True, or a module: descent(w)",
                )
        self._variables_of = [Variable(array(t)) for t in self._leaves]
        self._tape = self._new_tape()
        named = self._tape.named(names)
        super().__init__(
            self._variables_of, named, loss, lambda: self._tape.named(look())
        )
        self._waits = False  # while an optimizer works
        self._moved = False  # since this tape began

    def _new_tape(self) -> StepTape:
        tape = StepTape()
        for t, v in zip(self._leaves, self._variables_of, strict=True):
            tape.keep(t, v)
        return tape

    def __enter__(self) -> Self:
        super().__enter__()
        self._tape.__enter__()
        self._mode = _StepCalls(self)
        self._mode.__enter__()
        self._hooks = [
            optimizers.register_optimizer_step_pre_hook(self._before_step),
            optimizers.register_optimizer_step_post_hook(self._after_step),
        ]
        return self

    def __exit__(self, *error: object) -> None:
        for hook in self._hooks:
            hook.remove()
        self._mode.__exit__(None, None, None)
        self._tape.__exit__(None, None, None)
        self._look_at_leaves()
        super().__exit__(*error)

    def _before_step(self, *_: Any) -> None:
        self._waits = True

    def _after_step(self, by: Any, *_: Any) -> None:
        self._waits = False
        before, tape_stack.optimizer = tape_stack.optimizer, by
        try:
            self._look_at_leaves()
        finally:
            tape_stack.optimizer = before

    def _look_at_leaves(self) -> None:
        """What has changed is an assignment."""
        for t in self._leaves:
            self._tape.mirror(t)

    def see(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Run a function of PyTorch; after a backward pass another step begins."""
        if self._waits:
            return func(*args, **kwargs)
        if self._moved:
            self._begin()
        out = self._tape.see(func, args, kwargs)
        if func in BACKWARD:  # which ends the tape of a step
            self._ran(args[0])
        return out

    def _ran(self, target: Any) -> None:
        tape, y = self._tape, self._tape.mirrored(target)
        tape.__exit__(None, None, None)
        found = tape.last_pass()
        sources = self._variables_of
        gradients = [
            None if g is None else wrap(g)
            for g in (found.get(tape.records().index_of(v)) for v in sources)
        ]
        targets = y if isinstance(y, (list, tuple)) else [y]
        self._on_event("gradient", tape, list(targets), sources, gradients)
        self._begin()

    def _begin(self) -> None:
        """Another step: what was recorded since the last one led nowhere."""
        self._tape.__exit__(None, None, None)
        self._tape, self._moved = self._new_tape(), False
        self._tape.__enter__()

    def _assigned(self, *change: Any) -> None:
        super()._assigned(*change)
        self._moved = True


class _StepCalls(TorchFunctionMode):  # type: ignore[misc] # it is not there to be checked
    def __init__(self, recorder: TorchRecorder) -> None:
        super().__init__()
        self.recorder = recorder

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return self.recorder.see(func, args, kwargs or {})
