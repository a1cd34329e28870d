"""How the tests run an ``OpCase``: recorded, swept, with weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from tapeviz.engine.dispatch import call
from tapeviz.engine.recording import Record
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import Tensor, wrap
from tests.engine.inside import index_of, records
from tests.engine.oracle import Array, OpCase


def for_each(items: Iterable[tuple[Any, ...]]) -> Callable[[Callable[..., None]], Any]:
    """Run a test over items that begin with a case: one test per op, all items in it.

    What fails gets a note that names the item.
    """
    groups: dict[str, list[tuple[Any, ...]]] = {}
    for item in items:
        groups.setdefault(item[0].op.name, []).append(item)

    def decorate(test: Callable[..., None]) -> Any:
        @pytest.mark.parametrize("name", groups)
        def each(name: str) -> None:
            for item in groups[name]:
                try:
                    test(*item)
                except BaseException as error:
                    error.add_note(f"in the case {', '.join(map(str, item))}")
                    raise

        each.__name__ = test.__name__
        return each

    return decorate


def run(case: OpCase, *operands: Any) -> Tensor:
    """The op on tensors, as the public functions call it."""
    given = (list(operands),) if case.op.many else operands
    out = getattr(call, case.op.name)(*given, *case.settings)
    assert type(out) is Tensor
    return out


def tensor(v: Array, dtype: str = "float64") -> Tensor:
    """A tensor of floats of that dtype; anything else stays what it is."""
    return wrap(np.asarray(v.astype(dtype) if v.dtype.kind == "f" else v)[()])


def tensors(case: OpCase, dtype: str = "float64") -> list[Tensor]:
    """The case's operands as tensors."""
    return [tensor(v, dtype) for v in case.operands]


def floats(case: OpCase, given: list[Tensor]) -> list[Tensor]:
    """The operands that have derivatives."""
    return [given[i] for i in case.floats]


def gradients(case: OpCase, operands: tuple[Array, ...], weights: Array) -> list[Any]:
    """The gradients of the weighted sum of the result, None being zero."""
    given = [tensor(v) for v in operands]
    with GradientTape() as tape:
        tape.watch(floats(case, given))
        y = run(case, *given)
    return tape.gradient(
        y, floats(case, given), tensor(weights), unconnected_gradients="zero"
    )  # type: ignore[no-any-return]


def recorded(case: OpCase, given: list[Tensor]) -> tuple[GradientTape, Tensor, Record]:
    """A tape with the op on it, the result, and its record."""
    with GradientTape(persistent=True) as tape:
        tape.watch(floats(case, given))
        y = run(case, *given)
    return tape, y, records(tape)[index_of(y)]


def weights(case: OpCase, seed: int = 7) -> Array:
    """An upstream gradient for the result of a case."""
    shape = case.numpy(*case.operands).shape
    return np.asarray(np.random.default_rng(seed).uniform(-1.5, 1.5, shape))
