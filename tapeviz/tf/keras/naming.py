"""Names in Keras: automatic ones (``dense``, ``dense_1``), and things by their name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Self

from tapeviz.errors import value_error

_used: Counter[str] = Counter()


def snake(name: str) -> str:
    """A class's name in small letters with underscores.

    >>> snake("MeanSquaredError"), snake("RMSprop"), snake("SGD")
    ('mean_squared_error', 'rm_sprop', 'sgd')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix: str) -> str:
    """The next free name for an object of this class."""
    name = snake(prefix)
    number = _used[name]
    _used[name] += 1
    return f"{name}_{number}" if number else name


def forget() -> None:
    """Begin counting anew."""
    _used.clear()


def by_name(what: str, known: Mapping[str, Any], identifier: Any) -> Any:
    """What a name stands for; a function is itself, a class gives an instance of it.

    ValueError with the known names for what is neither.
    """
    found = known.get(identifier) if isinstance(identifier, str) else identifier
    if not callable(found):
        raise value_error(
            f"Could not interpret {what} identifier: {identifier}",
            f"known are {', '.join(name for name in known if name.islower())}",
        )
    return found() if isinstance(found, type) else found


class Configurable:
    """What can be made again from its public attributes, which are its arguments."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an object like this one."""
        return {n: v for n, v in vars(self).items() if n[0] != "_"}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """An object from what ``get_config`` gave."""
        return cls(**config)
