"""``tf.nest``: flatten and rebuild nested lists, tuples and dicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tapeviz.engine import nest
from tapeviz.errors import error_message, type_error, value_error


def is_nested(structure: Any) -> bool:
    """Whether it is a list, a tuple or a dict.

    >>> import tapeviz as tf
    >>> tf.nest.is_nested([1, 2]), tf.nest.is_nested(3)
    (True, False)
    """
    return isinstance(structure, (list, tuple, Mapping)) and not hasattr(
        structure, "rank"
    )


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """What is in it, in order; dicts by sorted key. Anything else is one item.

    >>> flatten({"b": 2, "a": [1, (3,)]})
    [1, 3, 2]
    """
    return nest.leaves(structure)


def pack_sequence_as(
    structure: Any, flat_sequence: Any, expand_composites: bool = False
) -> Any:
    """The items of a flat list in the shape of another structure.

    >>> pack_sequence_as({"b": 0, "a": [0, 0]}, [1, 2, 3])
    {'b': 3, 'a': [1, 2]}
    """
    flattened, want = list(flat_sequence), len(nest.leaves(structure))
    if len(flattened) != want:
        raise value_error(
            f"Could not pack sequence. Structure had {want} atoms, but "
            f"flat_sequence had {len(flattened)} items.  Structure: {structure}, "
            f"flat_sequence: {flattened}."
        )
    return nest.like(structure, flattened)


def map_structure(func: Callable[..., Any], *structure: Any, **options: Any) -> Any:
    """A function applied to each item (of several structures side by side).

    >>> map_structure(lambda a, b: a + b, [1, (2,)], [10, (20,)])
    [11, (22,)]
    """
    if not callable(func):
        raise type_error(f"Argument `func` must be callable, got: {func}")
    if not structure:
        raise value_error("Must provide at least one structure")
    for other in structure[1:]:
        assert_same_structure(structure[0], other)
    columns = zip(*(nest.leaves(s) for s in structure), strict=True)
    return nest.like(structure[0], [func(*c) for c in columns])


def assert_same_structure(
    nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """ValueError (TypeError for other types) unless both are nested in the same way."""
    if is_nested(nest1) != is_nested(nest2):
        raise ValueError(_different(nest1, nest2))
    if not is_nested(nest1):
        return
    if check_types and type(nest1) is not type(nest2):
        raise TypeError(_different(nest1, nest2))
    if isinstance(nest1, Mapping):
        if set(nest1) != set(nest2):
            raise ValueError(_different(nest1, nest2))
        pairs = [(nest1[k], nest2[k]) for k in nest1]
    else:
        if len(nest1) != len(nest2):
            raise ValueError(_different(nest1, nest2))
        pairs = list(zip(nest1, nest2, strict=True))
    for a, b in pairs:
        assert_same_structure(a, b, check_types)


def _different(a: Any, b: Any) -> str:
    return error_message(
        "The two structures don't have the same nested structure.\n\n"
        f"First structure: type={type(a).__name__} str={a}\n\n"
        f"Second structure: type={type(b).__name__} str={b}"
    )
