r"""An optimizer's update as one short text: executed, and shown as it stands.

The text is a few assignments. ``x`` is the variable, ``g`` its gradient, ``lr`` the
learning rate, ``t`` the number of the step, counted from 1; the other names are the
optimizer's settings and its slots, the numbers it remembers for each variable. What a
slot held before the step is written ``m_old``, so that every name stands for one value.
Beside the text stand the terms of the move, each with its formula:

>>> rule = UpdateRule("m = momentum * m_old - lr * g\nx += m",
...                   {"momentum": "momentum * m_old", "gradient": "-lr * g"})
>>> values = rule.run({"x": np.float32(3), "g": np.float32(4), "lr": 0.5,
...                    "momentum": 0.5, "m_old": np.float32(2)})
>>> print(values["x_new"], [f"{t.name} {t.value}" for t in rule.terms(values)])
2.0 ['momentum 1.0', 'gradient -2.0']
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tapeviz.tf.keras.optimizers.repeated_rows import dense


def _maximum(a: Any, b: Any) -> Any:
    return np.maximum(dense(a), dense(b))


WORDS: dict[str, Any] = {"abs": abs, "maximum": _maximum, "sqrt": np.sqrt}
"""The functions that a text may call."""


class StepNumber(float):
    """The number of a step: in ``beta ** t``, beta is rounded to float32, as in Keras.

    ``kind`` is the NumPy type of the variable.
    """

    def __new__(cls, number: float, kind: Any) -> Self:
        """The number, for variables of a kind."""
        made = super().__new__(cls, number)
        made.kind = kind
        return made

    kind: Any

    def __add__(self, other: float) -> StepNumber:
        return StepNumber(float(self) + other, self.kind)

    def __rpow__(self, base: float, _mod: None = None) -> Any:
        return self.kind(np.float32(base)) ** self.kind(float(self))


@dataclass(frozen=True)
class UpdateTerm:
    """One part of an update: what it comes from, its formula, and its value.

    ``name`` is "gradient", "weight decay", or the slot that carries earlier gradients
    ("momentum"). The values of an update's terms add up to the move.
    """

    name: str
    formula: str
    value: Any


class UpdateRule:
    """The text of an update and the formulas of its terms, ready to run."""

    def __init__(self, text: str, formulas: Mapping[str, str]) -> None:
        self.text = text
        self.formulas = formulas
        runs = re.sub(r"(?m)^x ([+-])= (.*)", r"x = x \1 (\2)", text)
        self._code = compile(runs, "<tapeviz update>", "exec")
        self._terms = {
            name: compile(formula, "<tapeviz update>", "eval")
            for name, formula in formulas.items()
        }

    def run(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values with every name of the text, the variable's new one as ``x_new``.

        Given must be ``x``, ``g``, ``lr``, ``t``, the settings, and the slots as
        ``m_old``.
        """
        found = dict(values)
        with np.errstate(all="ignore"):
            exec(self._code, WORDS, found)  # noqa: S102 - our own texts
        found |= {"x_new": found["x"], "x": values["x"]}
        return {name: dense(value) for name, value in found.items()}

    def terms(self, values: dict[str, Any]) -> tuple[UpdateTerm, ...]:
        """The move of a step that was run, as a sum."""
        with np.errstate(all="ignore"):
            return tuple(
                UpdateTerm(name, self.formulas[name], eval(code, WORDS, values))  # noqa: S307 - ours
                for name, code in self._terms.items()
            )
