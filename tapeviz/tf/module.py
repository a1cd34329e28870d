"""``tf.Module``, ``tf.name_scope`` and ``tf.function``, which runs eagerly here."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, overload

import numpy as np

from tapeviz.engine import nest
from tapeviz.engine.recording import tape_stack
from tapeviz.engine.tensor import Tensor, Variable, convert
from tapeviz.errors import type_error, value_error

F = TypeVar("F", bound=Callable[..., Any])


class name_scope:  # noqa: N801 - TensorFlow's name
    """Variables made in the block have names that begin with its ``name/``.

    >>> with name_scope("layer"):
    ...     w = Variable(1.0, name="w")
    >>> w.name
    'layer/w:0'
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            message = f"name for name_scope must be a string, got {name!r}"
            raise value_error(message)
        self.name = name
        self._before: list[str] = []

    def __enter__(self) -> str:
        self._before.append(tape_stack.scope)
        if self.name.endswith("/"):
            tape_stack.scope = self.name
        else:
            tape_stack.scope = f"{tape_stack.scope}{self.name}/" if self.name else ""
        return str(tape_stack.scope)

    def __exit__(self, *_error: object) -> None:
        tape_stack.scope = self._before.pop()


class Module:
    """A thing with variables: those in its attributes, also in lists and dicts.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.w = Variable(2.0, name="w")
    ...         self.b = Variable(1.0, name="b")
    ...     def __call__(self, x):
    ...         return self.w * x + self.b
    >>> [v.name for v in Line().trainable_variables]
    ['b:0', 'w:0']
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = _snake(type(self).__name__)
        elif not name.isidentifier():
            raise value_error(
                f"{name!r} is not a valid module name. Module names must be valid "
                "Python identifiers (e.g. a valid class name).",
                "use letters, digits and underscores",
            )
        self._name = name
        with name_scope(name) as scope:
            self._name_scope = name_scope(scope)

    @property
    def name(self) -> str:
        """The name given, or the class's name in small letters."""
        return self._name

    @property
    def name_scope(self) -> name_scope:
        """The scope to make variables in: ``with self.name_scope: ...``."""
        return self._name_scope

    @property
    def variables(self) -> Any:
        """All variables, in order of attribute names, those of submodules last."""
        return tuple(self._each_variable(set()))

    @property
    def trainable_variables(self) -> Any:
        """The variables that are to be trained."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def non_trainable_variables(self) -> Any:
        """The variables that are not to be trained."""
        return tuple(v for v in self.variables if not v.trainable)

    @property
    def submodules(self) -> tuple[Module, ...]:
        """The modules in this one, and in those."""
        return tuple(self._each_module({id(self)}))

    def _each_variable(self, seen: set[int]) -> Iterator[Variable]:
        inner = []
        for leaf in _attributes(self, seen):
            if isinstance(leaf, Variable):
                yield leaf
            elif isinstance(leaf, Module):
                inner.append(leaf)
        for module in inner:
            yield from module._each_variable(seen)

    def _each_module(self, seen: set[int]) -> Iterator[Module]:
        inner = [m for m in _attributes(self, seen) if isinstance(m, Module)]
        yield from inner
        for module in inner:
            yield from module._each_module(seen)

    @classmethod
    def with_name_scope(cls, method: F) -> F:
        """Decorate a method: variables it makes are named after the module."""

        @functools.wraps(method)
        def scoped(self: Module, *args: Any, **options: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **options)

        return scoped  # type: ignore[return-value]  # the same signature


def _attributes(module: Module, seen: set[int]) -> Iterator[Any]:
    """What stands in the attributes, each thing once, in order of their names."""
    for name in sorted(vars(module)):
        for leaf in leaves(vars(module)[name]):
            if id(leaf) not in seen:
                seen.add(id(leaf))
                yield leaf


def leaves(thing: Any) -> Iterator[Any]:
    """What is in nested lists, tuples and dicts (by sorted key), in order."""
    if isinstance(thing, Mapping):
        for key in sorted(thing, key=str):
            yield from leaves(thing[key])
    elif isinstance(thing, (list, tuple)):
        for item in thing:
            yield from leaves(item)
    else:
        yield thing


def _snake(name: str) -> str:
    """A class's name in small letters with underscores, as tf.Module writes it."""
    return re.sub(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))", r"_\1", name).lower()


@overload
def function(func: F) -> F: ...


@overload
def function(func: None = None, **options: Any) -> Callable[[F], F]: ...


def function(func: Any = None, input_signature: Any = None, **options: Any) -> Any:
    """Run a function as it is: tapeviz always runs eagerly.

    TensorFlow would turn it into a graph. Here ``tf.function`` changes nothing but that
    numbers in the result become tensors, and that ``__wrapped__`` and
    ``python_function`` hold the function itself; it may stand as a decorator with or
    without arguments, which are read but not used.

    >>> @function
    ... def double(x):
    ...     return 2 * x
    >>> double(21).numpy()
    np.int32(42)
    """
    if func is None:
        return functools.partial(function, input_signature=input_signature, **options)
    if not callable(func):
        raise type_error(
            f"tf.function needs a function, got {func!r}",
            "options are given by name: @tf.function(jit_compile=True)",
        )

    @functools.wraps(func)
    def run(*args: Any, **named: Any) -> Any:
        made = func(*args, **named)
        if made is None or isinstance(made, Tensor):
            return made
        return nest.like(made, [_tensor(leaf) for leaf in nest.leaves(made)])

    run.python_function = func  # type: ignore[attr-defined]  # TensorFlow's name
    run.get_concrete_function = lambda *_args, **_named: run  # type: ignore[attr-defined]
    return run


def _tensor(thing: Any) -> Any:
    """A number, array or variable as a tensor, anything else as it is."""
    if isinstance(thing, Variable):
        return thing.value()
    plain = isinstance(thing, (bool, int, float, complex, str, np.ndarray, np.generic))
    return convert(thing) if plain else thing
