"""``keras.backend``: the default float type and the small number of the losses."""

from __future__ import annotations

from tapeviz.engine.dtypes import as_dtype
from tapeviz.errors import value_error
from tapeviz.tf.keras import naming


class _BackendSettings:
    floatx = "float32"
    epsilon = 1e-7


_settings = _BackendSettings()


def floatx() -> str:
    """The dtype of new weights: ``float32`` unless set."""
    return _settings.floatx


def set_floatx(value: str) -> None:
    """Let new weights be ``float16``, ``float32`` or ``float64``."""
    if value not in ("float16", "float32", "float64"):
        raise value_error(f"Unknown `floatx` value: {value}. Expected a float type")
    _settings.floatx = as_dtype(value).name


def epsilon() -> float:
    """The number that keeps probabilities off 0 and 1 in the losses."""
    return _settings.epsilon


def set_epsilon(value: float) -> None:
    """Choose that number."""
    _settings.epsilon = value


def clear_session() -> None:
    """Let automatic names begin anew: ``dense``, ``dense_1``."""
    naming.forget()
