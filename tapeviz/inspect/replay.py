"""The engine's values as plain data, and recorded ops computed again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tapeviz.engine.recording import tape_stack
from tapeviz.engine.records import Record
from tapeviz.trace.value import WHOLE, Summary, Value

_SCALARS = {k: k.__name__ for k in (np.float16, np.float32, np.float64)}


@contextmanager
def paused() -> Iterator[None]:
    """A block in which no tape records."""
    tapes, recording = tape_stack.tapes, tape_stack.recording
    tape_stack.set((), recording)
    try:
        yield
    finally:
        tape_stack.set(tapes, recording)


def shape_of(v: Any) -> tuple[int, ...]:
    """The shape of a NumPy or Python value."""
    shape: tuple[int, ...] | None = getattr(v, "shape", None)
    return np.shape(v) if shape is None else shape


def value_of(v: Any, *, image: bool = True) -> Value:
    """A NumPy or Python value as plain data; ``image=False`` leaves out the thumb.

    >>> value_of(np.array([1.0, 2.0]))
    Value(dtype='float64', shape=(2,), data=(1.0, 2.0), summary=None)
    """
    if scalar := _SCALARS.get(v.__class__):
        return Value(scalar, (), (v.item(),))
    if isinstance(v, (bool, int, float, complex)) and not isinstance(v, np.generic):
        return Value(type(v).__name__, (), (v,))
    if isinstance(v, bytes):
        return Value("string", (), (v.decode(errors="replace"),))
    a = np.asarray(v)
    if a.size > WHOLE:
        return Value(str(a.dtype), a.shape, None, _summary(a, image=image))
    entries = [
        e.decode(errors="replace") if isinstance(e, bytes) else e
        for e in a.ravel().tolist()
    ]
    return Value(
        "string" if a.dtype == object else str(a.dtype), a.shape, tuple(entries)
    )


def _summary(a: Any, *, image: bool) -> Summary:
    real = np.asarray(a.real if a.dtype.kind == "c" else a)
    if real.dtype == object:
        return Summary(0.0, 0.0, 0.0, int(real.size), ())
    x = real.astype(np.float64)
    fine = x[np.isfinite(x)]
    low, mean, high = (fine.min(), fine.mean(), fine.max()) if fine.size else (0.0,) * 3
    odd = int(x.size - fine.size)
    with np.errstate(all="ignore"):
        norm = float(np.sqrt((x * x).sum()))
    thumb = _thumb(x) if image else ()
    return Summary(float(low), float(mean), float(high), odd, thumb, norm)


def _thumb(x: Any) -> tuple[tuple[float, ...], ...]:
    """Block means of the last two axes, at most 16 x 16."""
    matrix = x.reshape(-1, x.shape[-1])
    rows = np.array_split(matrix, min(16, matrix.shape[0]))
    columns = min(16, matrix.shape[1])
    with np.errstate(all="ignore"):
        return tuple(
            tuple(float(c.mean()) for c in np.array_split(r, columns, axis=1))
            for r in rows
        )


def replay(
    records: Sequence[Record], put: Mapping[int, Any] | None = None
) -> list[Any]:
    """The value of every record; ``put`` gives other values to some, by index."""
    values: list[Any] = []
    fresh = dict(put or {})
    with np.errstate(all="ignore"):
        for i, record in enumerate(records):
            made = i not in fresh
            values.append(_value_at(record, values, bool(put)) if made else fresh[i])
    return values


def _value_at(record: Record, values: list[Any], again: bool) -> Any:
    saved = record.result
    if saved is not None and (not again or record.kind != "op"):
        return saved
    return record.forward(given(record, values))


def given(record: Record, values: Sequence[Any]) -> list[Any]:
    """The values of an op's operands, of those too that the record does not keep.

    ``values`` has the value of every record before it.
    """
    pairs = zip(record.operands, record.values, strict=True)
    return [values[j] if j >= 0 else v for j, v in pairs]
