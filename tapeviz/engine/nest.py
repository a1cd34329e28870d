"""Nested lists, tuples and dicts (pytrees) of tensors: flatten and rebuild."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def leaves(structure: Any) -> list[Any]:
    """What is in a nest, in order; dicts by sorted key.

    >>> leaves({"b": 2, "a": [1, (3,)]})
    [1, 3, 2]
    """
    return list(_walk(structure))


def _walk(structure: Any) -> Iterator[Any]:
    if hasattr(structure, "_v"):  # a tensor; ``Mapping`` takes long to say no
        yield structure
    elif isinstance(structure, Mapping):
        for key in sorted(structure):
            yield from _walk(structure[key])
    elif isinstance(structure, (list, tuple)):
        for item in structure:
            yield from _walk(item)
    else:
        yield structure


def like(structure: Any, values: list[Any]) -> Any:
    """The values in the shape of ``structure``.

    >>> like({"b": 0, "a": [0, 0]}, [1, 2, 3])
    {'b': 3, 'a': [1, 2]}
    """
    return _build(structure, iter(values))


def _build(structure: Any, values: Iterator[Any]) -> Any:
    if hasattr(structure, "_v"):
        return next(values)
    kind: Any = type(structure)
    if isinstance(structure, Mapping):
        made = {key: _build(structure[key], values) for key in sorted(structure)}
        ordered = {key: made[key] for key in structure}
        return ordered if kind is dict else kind(ordered)
    if isinstance(structure, (list, tuple)):
        items = [_build(item, values) for item in structure]
        if hasattr(structure, "_fields"):
            return kind(*items)
        return items if kind is list else kind(items)
    return next(values)
