"""JSON for the frozen data: one small encoder and decoder for all of it.

A list of records is written as columns (one list per field), which keeps the files
small and the encoder fast. Numbers JSON has no word for (nan, the infinities, complex
numbers) are written as ``{"#": "nan"}``. A field is saved under its own name, or under
``metadata={"json": key}`` where it has been renamed: the ids in a page are digests of
this text, so that another key would change every page; with ``"sparse"`` in its
metadata it is left out where it is empty. A class whose JSON form is
another instance of it has two methods for that, ``packed`` and ``unpacked``. A tree of
markup is its text. What is typed ``Any`` is plain data of no fixed form.

A file says of which version its form is; ``schema.py`` writes that form down. Within a
version fields are only added, with a default, and readers leave out what they do not
know.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Iterator
from functools import cache
from typing import Any, ClassVar, Self, cast

from tapeviz.trace.markup import Element, parse


def is_record(hint: Any) -> bool:
    """Whether a type is a dataclass."""
    return isinstance(hint, type) and dataclasses.is_dataclass(hint)


@cache
def fields_of(cls: type) -> tuple[tuple[str, str, Any], ...]:
    """The name, the JSON key and the type of each field of a dataclass."""
    hints = typing.get_type_hints(cls)
    return tuple(
        (f.name, f.metadata.get("json", f.name), hints[f.name])
        for f in dataclasses.fields(cls)
    )


def pack(obj: Any) -> Any:
    """The JSON-ready form of frozen data."""
    if isinstance(obj, complex) or (isinstance(obj, float) and not math.isfinite(obj)):
        return {"#": repr(obj)}
    if obj is None or isinstance(obj, (str, int, float, bool)):
        return obj
    if isinstance(obj, Element):
        return obj.write()
    if isinstance(obj, tuple):
        return _list(obj)
    if isinstance(obj, dict):
        return {k: pack(v) for k, v in obj.items()}
    cls: Any = type(obj)
    if hasattr(cls, "packed"):
        obj = obj.packed()
    own = cls.__dataclass_fields__
    return {
        key: pack(getattr(obj, name))
        for name, key, _ in fields_of(cls)
        if getattr(obj, name) or "sparse" not in own[name].metadata
    }


def _list(items: tuple[Any, ...]) -> Any:
    """Records of one type as columns, everything else one by one."""
    cls: Any = type(items[0]) if items else None
    if is_record(cls) and all(type(o) is cls for o in items):
        return {
            key: [pack(getattr(o, name)) for o in items]
            for name, key, _ in fields_of(cls)
        }
    return [pack(o) for o in items]


def unpack(hint: Any, data: Any) -> Any:
    """Frozen data of the type ``hint`` from its JSON form; TypeError if it is not."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Element:
        return parse(_plain((str,), data))
    if is_record(hint):
        given, known = _object(data), fields_of(hint)
        made = hint(
            **{name: unpack(h, given[key]) for name, key, h in known if key in given}
        )
        return made.unpacked() if hasattr(hint, "unpacked") else made
    if origin in (types.UnionType, typing.Union):
        return None if data is None else _union(args, data)
    if origin is tuple:
        return _tuple(args, data)
    if origin is dict:
        return {k: unpack(args[1], v) for k, v in _object(data).items()}
    return _plain((hint,), data)


def _free(data: Any) -> Any:
    """Plain data of any form: lists become tuples."""
    if isinstance(data, list):
        return tuple(map(_free, data))
    if isinstance(data, dict):
        return (
            _number(data["#"])
            if "#" in data
            else {k: _free(v) for k, v in data.items()}
        )
    return data


def _object(data: Any) -> dict[str, Any]:
    if isinstance(data, dict):
        return data
    raise TypeError(f"{data!r} is not an object")


def _union(args: tuple[Any, ...], data: Any) -> Any:
    shaped = [a for a in args if is_record(a) or typing.get_origin(a)]
    return unpack(shaped[0], data) if shaped else _plain(args, data)


def _plain(hints: tuple[Any, ...], data: Any) -> Any:
    if hints == (Any,):
        return _free(data)
    value = _number(data["#"]) if isinstance(data, dict) and "#" in data else data
    if type(value) in hints or (type(value) is int and float in hints):
        return value
    raise TypeError(f"{data!r} is not a {hints[0].__name__}")


def _number(text: str) -> float | complex:
    return complex(text) if str(text).endswith(("j", "j)")) else float(text)


def _tuple(args: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
    if isinstance(data, dict):  # columns of one record type
        return _rows(args, data)
    if not isinstance(data, list):
        raise TypeError(f"{data!r} is not a list")
    if len(args) == 2 and args[1] is ...:
        return tuple(unpack(args[0], d) for d in data)
    return tuple(unpack(a, d) for a, d in zip(args, data, strict=True))


def _rows(args: tuple[Any, ...], data: dict[str, Any]) -> tuple[Any, ...]:
    kinds = [a for a in (args[0], *typing.get_args(args[0])) if is_record(a)]
    if not kinds:
        raise TypeError(f"{data!r} is not a list")
    keys = [key for _, key, _ in fields_of(kinds[0]) if key in data]
    rows = zip(*(data[key] for key in keys), strict=True)
    return tuple(unpack(kinds[0], dict(zip(keys, row, strict=True))) for row in rows)


_OTHER = (
    "this tapeviz {kind} has version {version!r} of its form, and this tapeviz reads "
    "version 1; what to do: read it with the tapeviz that wrote it, or a newer one"
)
VERSION = 1
"""The version of the form in which all documents are saved."""


class Document:
    """Frozen data that is saved as JSON text, and says what does not hold together."""

    saved_as: ClassVar[str]

    def problems(self) -> Iterator[str]:
        """What does not hold together, in sentences."""
        yield from ()

    def validate(self) -> Self:
        """Itself, or ValueError saying what does not hold together."""
        for problem in self.problems():
            raise ValueError(problem)
        return self

    def to_json(self) -> str:
        """It as JSON text, the same on every run."""
        body = {"tapeviz": self.saved_as, "version": VERSION, **pack(self)}
        return json.dumps(
            body, separators=(",", ":"), allow_nan=False, ensure_ascii=False
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """It from a JSON text of ``to_json``; ValueError if that is not one.

        A text without a version is of the first.
        """
        kind = cls.saved_as
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"this is not JSON: {error}") from None
        if not isinstance(data, dict) or data.get("tapeviz") != kind:
            raise ValueError(f"this JSON is not a tapeviz {kind}")
        if (version := data.get("version", 1)) != VERSION:
            raise ValueError(_OTHER.format(kind=kind, version=version))
        try:
            found = cast("Self", unpack(cls, data))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"this tapeviz {kind} is damaged: {error!r}") from None
        return found.validate()
