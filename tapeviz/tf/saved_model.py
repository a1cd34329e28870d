"""``tf.saved_model``: a module with its variables, put in a folder and taken out again.

TensorFlow writes the graph of its functions; here the functions stay in the program.
The folder holds a structure, as JSON that names classes and functions, and the numbers,
as NumPy arrays. So the program that loads a module must define its class, or import it;
and nothing that stands in the folder is ever run.
"""

from __future__ import annotations

import functools
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from tapeviz.engine import files
from tapeviz.engine.tensor import Tensor, Variable, WeightPath, convert
from tapeviz.errors import error_message, not_found, value_error
from tapeviz.tf.module import Module

_STRUCTURE = "saved_model.json"
_NUMBERS = "variables.npz"
_OURS = "tapeviz"


@dataclass(frozen=True)
class SaveOptions:
    """How to save; custom gradients stay with their functions in any case."""

    experimental_custom_gradients: bool = True
    save_debug_info: bool = False
    namespace_whitelist: Any = None
    function_aliases: Any = None


@dataclass(frozen=True)
class LoadOptions:
    """How to load: there is nothing to choose."""

    allow_partial_checkpoint: bool = False
    experimental_io_device: str | None = None


def save(
    obj: Any, export_dir: Any, signatures: Any = None,
    options: SaveOptions | None = None,
) -> None:  # fmt: skip
    """Put a module with its variables in a folder; ``signatures`` has no use here.

    ValueError if it holds what cannot be written, such as an open file.

    >>> import tempfile
    >>> import tapeviz as tf
    >>> layer = tf.keras.layers.Dense(1, kernel_initializer="ones")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = layer(tf.ones([1, 2]))
    ...     save(layer, folder)
    ...     load(folder)(tf.constant([[3.0, 4.0]])).numpy()
    array([[7.]], dtype=float32)
    """
    writer = _Writer()
    try:
        structure = writer.write(obj)
    except TypeError as error:
        raise value_error(
            f"this {type(obj).__name__} cannot be saved: {error}",
            "define its class at the top of a file or cell, and keep in it "
            "variables, numbers, texts, lists and other modules",
        ) from error
    numbers = io.BytesIO()
    np.savez(numbers, allow_pickle=False, **writer.arrays)
    folder = Path(export_dir)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"version": 1, "root": structure, "objects": writer.objects})
    files.write(folder / _NUMBERS, numbers.getvalue())
    files.write(folder / _STRUCTURE, text.encode())


def load(export_dir: Any, tags: Any = None, options: LoadOptions | None = None) -> Any:
    """What ``save`` put in a folder, with variables of its own.

    Classes and functions are those of this program and of tapeviz; a folder that names
    others is refused. OSError if nothing was saved there, NotFoundError if the program
    does not know the class.
    """
    folder = Path(export_dir)
    if not (folder / _STRUCTURE).is_file():
        old = (folder / "saved_model.tapeviz").is_file()
        raise OSError(
            error_message(
                f"SavedModel file does not exist at: {export_dir}/{_STRUCTURE}",
                "save the module again: what an older version saved could hold any "
                "program, and is not read any more"
                if old
                else "name the folder that was given to tf.saved_model.save",
            )
        )
    whole = json.loads((folder / _STRUCTURE).read_text("utf-8"))
    with np.load(folder / _NUMBERS, allow_pickle=False) as arrays:
        reader = _Reader(whole["objects"], dict(arrays))
    return reader.read(whole["root"])


class _Writer:
    """Takes an object apart: ``objects`` by number, and ``arrays`` by name.

    Plain values stand for themselves; a list of a kind and more for everything else.
    """

    def __init__(self) -> None:
        self.objects: list[Any] = []
        self.arrays: dict[str, Any] = {}
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []

    def write(self, thing: Any) -> Any:
        """What stands for a thing; TypeError for one that cannot be written."""
        if thing is None or type(thing) in {bool, int, float, str}:
            return thing
        if isinstance(thing, (list, tuple)) and type(thing) in {list, tuple}:
            return [type(thing).__name__, *map(self.write, thing)]
        if type(thing) is dict:
            pairs = ([self.write(k), self.write(v)] for k, v in thing.items())
            return ["dict", *pairs]
        if isinstance(thing, (FunctionType, BuiltinFunctionType, type)):
            return ["named", *_name_of(thing)]
        if isinstance(thing, functools.partial):
            parts = self.write(thing.func), self.write(thing.args)
            return ["partial", *parts, self.write(thing.keywords)]
        if id(thing) not in self._numbers:
            self._numbers[id(thing)] = len(self.objects)
            self._alive.append(thing)
            self.objects.append(None)
            self.objects[self._numbers[id(thing)]] = self._taken_apart(thing)
        return ["object", self._numbers[id(thing)]]

    def _taken_apart(self, thing: Any) -> list[Any]:
        if isinstance(thing, Variable):
            name = self._array(thing.numpy())
            more = [thing.trainable, thing._name, type(thing._name).__name__]
            return ["variable", name, thing.dtype.name, *more]
        if isinstance(thing, Tensor):
            return ["tensor", self._array(thing.numpy())]
        if isinstance(thing, (np.ndarray, np.generic)):
            return ["array", self._array(thing)]
        if isinstance(thing, np.random.Generator):
            state: Any = thing.bit_generator.state
            return ["generator", self.write(state)]
        if not hasattr(thing, "__dict__") or isinstance(thing, io.IOBase):
            raise TypeError(f"it holds {thing!r}")
        named = _name_of(type(thing))
        if named[0].partition(".")[0] != _OURS and not isinstance(thing, Module):
            _known(*named)  # a class of the program, found by its name
        return ["instance", *named, self.write(dict(vars(thing)))]

    def _array(self, value: Any) -> str:
        value = np.asarray(value)
        if value.dtype.hasobject:
            raise TypeError(f"it holds an array of objects, {value!r}")
        name = f"a{len(self.arrays)}"
        self.arrays[name] = value
        return name


def _name_of(thing: Any) -> tuple[str, str]:
    """Module and name, by which the thing is found again; TypeError if it is not."""
    named = thing.__module__, thing.__qualname__
    if _found(*named) is not thing:
        raise TypeError(f"{thing!r} cannot be found by its name")
    return named


def _found(module: str, name: str) -> Any:
    """What a loaded module calls so; None if there is nothing."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _known(module: str, name: str) -> Any:
    """A class or function of this program; NotFoundError if there is none.

    Only modules that are loaded are looked at, and of those only tapeviz itself, the
    program that was started, and modules which define a ``tf.Module``.
    """
    home = sys.modules.get(module)
    allowed = module == "__main__" or module.partition(".")[0] == _OURS
    found = _found(module, name)
    if home is not None and not allowed:
        kinds = [one for one in list(vars(home).values()) if isinstance(one, type)]
        allowed = any(issubclass(k, Module) and k.__module__ == module for k in kinds)
    if found is None or not allowed or getattr(found, "__module__", "") != module:
        raise not_found(
            f"this program does not know the class of what was saved: {module}.{name}",
            "define the class, or import it, before loading",
        )
    return found


class _Reader:
    """Puts together again what a ``_Writer`` took apart."""

    def __init__(self, objects: list[Any], arrays: dict[str, Any]) -> None:
        self._objects, self._arrays = objects, arrays
        self._made: dict[int, Any] = {}

    def read(self, written: Any) -> Any:
        """The thing that something written stands for."""
        if not isinstance(written, list):
            return written
        kind, *parts = written
        if kind in {"list", "tuple"}:
            made = map(self.read, parts)
            return list(made) if kind == "list" else tuple(made)
        if kind == "dict":
            return {self.read(k): self.read(v) for k, v in parts}
        if kind == "named":
            return _known(*parts)
        if kind == "partial":
            function, args, options = map(self.read, parts)
            return functools.partial(function, *args, **options)
        number = parts[0]
        if number not in self._made:
            self._put_together(number, *self._objects[number])
        return self._made[number]

    def _put_together(self, number: int, kind: str, *parts: Any) -> None:
        makers: dict[str, Callable[..., Any]] = {
            "variable": self._variable,
            "tensor": lambda name: convert(self._arrays[name]),
            "array": lambda name: self._arrays[name][()],
            "generator": self._generator,
        }
        if kind in makers:
            self._made[number] = makers[kind](*parts)
            return
        module, name, state = parts
        cls = _known(module, name)
        self._made[number] = thing = object.__new__(cls)
        vars(thing).update(self.read(state))

    def _variable(
        self, array: str, dtype: str, trainable: bool, name: str, kind: str
    ) -> Variable:
        value = self._arrays[array]
        made = Variable(value, trainable=trainable, dtype=dtype)
        made._name = WeightPath(name) if kind == "WeightPath" else name
        return made

    def _generator(self, state: Any) -> np.random.Generator:
        made = np.random.default_rng()
        made.bit_generator.state = self.read(state)
        return made
