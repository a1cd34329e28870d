"""JSON schemas of what is saved, derived from the frozen dataclasses themselves.

They say what ``to_json`` writes, for whoever reads or fills such a file in another
language. What a schema cannot say, as that an arrow's node exists, ``validate`` does.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from typing import Any

from tapeviz.trace.codec import VERSION, Document, fields_of, is_record
from tapeviz.trace.markup import Element

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_ODD = {
    "type": "object",
    "properties": {"#": {"type": "string"}},
    "required": ["#"],
    "description": "A number that JSON has no word for: nan, inf, -inf or a complex.",
}
_PLAIN: dict[Any, dict[str, Any]] = {
    Any: {},
    types.NoneType: {"type": "null"},
    bool: {"type": "boolean"},
    complex: {"$ref": "#/$defs/odd"},
    float: {"anyOf": [{"type": "number"}, {"$ref": "#/$defs/odd"}]},
    int: {"type": "integer"},
    str: {"type": "string"},
    Element: {"type": "string", "description": "Markup, as text."},
}


def schema(cls: type[Document]) -> dict[str, Any]:
    """The JSON schema of a kind of document.

    >>> from tapeviz.trace.graph import Graph
    >>> found = schema(Graph)
    >>> found["properties"]["tapeviz"], found["properties"]["version"]
    ({'const': 'graph'}, {'const': 1})
    """
    known: dict[str, Any] = {"odd": _ODD}
    whole = _record(cls, known)
    whole["properties"] = {
        "tapeviz": {"const": cls.saved_as},
        "version": {"const": VERSION},
        **whole["properties"],
    }
    whole["required"] = ["tapeviz", "version", *whole["required"]]
    return {
        "$schema": DRAFT,
        "$id": f"urn:tapeviz:{cls.saved_as}:{VERSION}",
        "title": f"A {cls.saved_as} of tapeviz",
        **whole,
        "$defs": dict(sorted(known.items())),
    }


def _record(cls: type, known: dict[str, Any]) -> dict[str, Any]:
    """A record as an object; a field with a default may be left out."""
    return {
        "description": (cls.__doc__ or "").partition("\n\n")[0],
        "type": "object",
        "properties": {key: _form(hint, known) for _, key, hint in fields_of(cls)},
        "required": _required(cls),
    }


def _columns(cls: type, known: dict[str, Any]) -> dict[str, Any]:
    """Records of one type as an object with a list for each field."""
    columns = {
        key: {"type": "array", "items": _form(hint, known)}
        for _, key, hint in fields_of(cls)
    }
    return {"type": "object", "properties": columns, "required": _required(cls)}


def _named(
    name: str,
    known: dict[str, Any],
    make: Callable[[type, dict[str, Any]], dict[str, Any]],
    cls: type,
) -> dict[str, Any]:
    """A reference to what is made once: a record may hold others of its own kind."""
    if name not in known:
        known[name] = {}
        known[name] = make(cls, known)
    return {"$ref": f"#/$defs/{name}"}


def _required(cls: Any) -> list[str]:
    missing = dataclasses.MISSING
    own = cls.__dataclass_fields__
    return [
        key
        for name, key, _ in fields_of(cls)
        if own[name].default is missing and own[name].default_factory is missing
    ]


def _form(hint: Any, known: dict[str, Any]) -> dict[str, Any]:
    """What stands for a value of this type."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if is_record(hint):
        return _named(hint.__name__, known, _record, hint)
    if origin in (types.UnionType, typing.Union):
        return _any([_form(one, known) for one in args])
    if origin is dict:
        return {"type": "object", "additionalProperties": _form(args[1], known)}
    if args[1:] != (...,):
        forms = [_form(one, known) for one in args]
        return {"type": "array", "prefixItems": forms, "items": False}
    array = {"type": "array", "items": _form(args[0], known)}
    kinds = [one for one in (args[0], *typing.get_args(args[0])) if is_record(one)]
    columns = (_named(f"{one.__name__}s", known, _columns, one) for one in kinds)
    return _any([array, *columns])


def _any(forms: list[dict[str, Any]]) -> dict[str, Any]:
    """What has one of these forms; unions within a union are one."""
    each = [one for form in forms for one in form.get("anyOf", [form])]
    return {"anyOf": each} if len(each) > 1 else each[0]
