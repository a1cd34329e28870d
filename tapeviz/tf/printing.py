"""``tf.print``: tensors as TensorFlow prints them."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tapeviz.engine.tensor import Tensor, Variable, wrap


def print(
    *inputs: Any, output_stream: Any = None, summarize: int = 3, sep: str = " ",
    end: str = "\n", name: str | None = None,
) -> None:  # fmt: skip
    """Write values to ``output_stream``, by default the stream for errors.

    Of each axis the first and last ``summarize`` entries are shown; -1 shows all.

    >>> import sys
    >>> import tapeviz as tf
    >>> tf.print("x is", tf.range(10), output_stream=sys.stdout)
    x is [0 1 2 ... 7 8 9]
    """
    alone = len(inputs) == 1
    text = sep.join(_shown(v, summarize, alone=alone) for v in inputs) + end
    if isinstance(output_stream, str) and output_stream.startswith("file://"):
        with Path(output_stream.removeprefix("file://")).open("a") as file:
            file.write(text)
    else:
        (sys.stderr if output_stream is None else output_stream).write(text)


def timestamp(name: str | None = None) -> Tensor:
    """The seconds since 1970, as float64.

    >>> import tapeviz as tf
    >>> tf.timestamp().dtype
    tf.float64
    """
    return wrap(np.float64(time.time()))


def _shown(value: Any, many: int, *, alone: bool = False) -> str:
    if isinstance(value, (Tensor, Variable)):
        v = value._v
        return _array(v, many) if isinstance(v, np.ndarray) else _number(v, bare=alone)
    if isinstance(value, np.ndarray):
        return _array(value, many)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{k!r}: {_inner(value[k], many)}" for k in sorted(value))
        return f"{{{inside}}}"
    if isinstance(value, (list, tuple)):
        inside = ", ".join(_inner(v, many) for v in value)
        if isinstance(value, tuple):
            return f"({inside},)" if len(value) == 1 else f"({inside})"
        return f"[{inside}]"
    return str(value)


def _inner(value: Any, many: int) -> str:
    return repr(value) if isinstance(value, str) else _shown(value, many)


def _array(v: Any, many: int, depth: int = 0) -> str:
    if not v.ndim:
        return _number(v[()], bare=False)
    cut = 0 <= many < v.shape[0] and v.shape[0] > 2 * many
    rows = [*v[:many], *v[v.shape[0] - many :]] if cut else list(v)
    parts = [
        _array(r, many, depth + 1)
        if isinstance(r, np.ndarray)
        else _number(r, bare=False)
        for r in rows
    ]
    if cut:
        parts.insert(many, "...")
    joint = " " if v.ndim == 1 else "\n" * (v.ndim - 1) + " " * (depth + 1)
    return f"[{joint.join(parts)}]"


def _number(v: Any, *, bare: bool) -> str:
    if isinstance(v, bytes):
        text = v.decode(errors="replace")
        return text if bare else f'"{text}"'
    if isinstance(v, np.bool_):
        return "1" if v else "0"
    if isinstance(v, np.complexfloating):
        return f"({_float(v.real)},{_float(v.imag)})"
    return _float(v) if isinstance(v, np.floating) else str(v)


def _float(v: Any) -> str:
    """The shortest of the two precisions that C programs use for the type."""
    if not np.isfinite(v):
        return str(v).replace("nan", "nan")
    few, all_of_it = (6, 9) if v.dtype != np.float64 else (15, 17)
    short = f"{float(v):.{few}g}"
    return short if v.dtype.type(short) == v else f"{float(v):.{all_of_it}g}"
