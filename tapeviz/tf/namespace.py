"""The public view of a module of ``tapeviz.tf``: TensorFlow's names and no others.

The modules that define ``tf.math`` and the like import what they need; a namespace
shows only what TensorFlow has under that name. So a function that is written in
``tf/linalg.py`` is public as soon as it is there, and an import never is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from inspect import isclass, isroutine
from types import ModuleType
from typing import Any

from tapeviz.engine.dispatch import call
from tapeviz.engine.ops import NAMED
from tapeviz.engine.primitives import Op
from tapeviz.engine.tensor import Tensor
from tapeviz.errors import type_error
from tapeviz.tf.keras import missing as keras_names
from tapeviz.tf.missing import Offered, missing, names


class Namespace(ModuleType):
    """``tf.{space}``: what is public of one or more ``rooms``, which are modules.

    Asking for a name that is not here is an AttributeError that says what to use
    instead, out of what tapeviz has ``offered`` elsewhere.

    >>> Namespace("linalg", ["tapeviz.tf.linalg"]).det.__name__
    'det'
    """

    def __init__(
        self, space: str, rooms: Sequence[str], offered: Callable[[], Offered] = dict
    ) -> None:
        modules = [import_module(room) for room in rooms]
        super().__init__(modules[0].__name__, modules[0].__doc__)
        self.__file__ = modules[0].__file__
        self.__path__ = getattr(modules[0], "__path__", [])
        self._space, self._offered = space, offered
        for module in modules:
            for name in public(module, space):
                self.__dict__[name] = self._part(name, getattr(module, name))
        for name in names().get(space, ()):
            if name in NAMED and not NAMED[name].settings:
                self.__dict__.setdefault(name, from_entry(NAMED[name]))

    def _part(self, name: str, found: Any) -> Any:
        if not isinstance(found, ModuleType):
            return found
        return Namespace(f"{self._space}.{name}", [found.__name__], self._offered)

    def __getattr__(self, name: str) -> Any:
        head, _, rest = self._space.partition(".")
        if self._space == "keras" and name in keras_names.ROOMS:
            return keras_names.Absent(name)
        if head == "keras":
            keras_names.missing(rest, name, dir(self))
        raise AttributeError(missing(self._space, name, self._offered()))

    def __dir__(self) -> list[str]:
        return sorted(name for name in vars(self) if not name.startswith("_"))

    @property
    def __all__(self) -> list[str]:
        return dir(self)


def from_entry(op: Op) -> Callable[..., Tensor]:
    """The public function of an entry of the registry that needs no more than itself.

    It takes the entry's operands, and ``name``, which does nothing, as in TensorFlow.

    >>> from_entry(NAMED["atan"])([0.0, 1.0]).numpy().round(3)
    array([0.   , 0.785], dtype=float32)
    """

    def function(*operands: Any, name: str | None = None) -> Tensor:
        if len(operands) != len(op.operands):
            takes = ", ".join(op.operands)
            what = f"{op.name} was given {len(operands)} operands"
            raise type_error(what, f"it takes {takes}")
        return getattr(call, op.name)(*operands)  # type: ignore[no-any-return] # by name

    function.__name__ = function.__qualname__ = op.name
    function.__doc__ = f"``{op.text}`` of each entry."
    return function


def public(module: ModuleType, space: str) -> list[str]:
    """The names of a module that are public in a namespace.

    They are those in ``__all__``; or, of a namespace whose names TensorFlow lists,
    those on the list; or else the functions and classes that the module defines.
    Errors that a module defines are always public.
    """
    if hasattr(module, "__all__"):
        return list(module.__all__)
    theirs = names().get(space)
    return [
        name
        for name, found in vars(module).items()
        if (theirs and name in theirs and not isinstance(found, ModuleType))
        or (name[0] != "_" and _own(module, found, errors=theirs is not None))
    ]


def _own(module: ModuleType, found: Any, *, errors: bool) -> bool:
    """Whether a module defines something: an error, or any class or function."""
    if getattr(found, "__module__", "") != module.__name__:
        return False
    if errors:
        return isclass(found) and issubclass(found, BaseException)
    return isclass(found) or isroutine(found)
