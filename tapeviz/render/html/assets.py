"""Our own scripts and styles, and how they get into the outputs that carry them."""

from __future__ import annotations

import hashlib
import json
import os
import re
from importlib.resources import files
from pathlib import Path
from typing import Any


def read_assets(*names: str) -> str:
    """The text of our scripts or styles, one after the other.

    ``TAPEVIZ_ASSETS`` may name a folder to read them from instead of the package's own.
    """
    other = os.environ.get("TAPEVIZ_ASSETS")
    folder = Path(other) if other else files("tapeviz.render")
    return "".join(folder.joinpath(name).read_text("utf-8") for name in names)


_TAG = re.compile(r"<[^>]*>")
_SWAPPED = str.maketrans("\"'", "'\"")
_ESCAPED = str.maketrans(
    {c: f"%{ord(c):02X}" for c in "%#\n\r\t"} | {"&": "&amp;", '"': "&quot;"}
)


def data_uri(svg: str) -> str:
    """A picture as a ``data:`` URI for an attribute, with as few escapes as possible.

    In its tags quotation marks and apostrophes are swapped, so that hardly any needs an
    escape.
    """
    text = _TAG.sub(lambda tag: tag[0].translate(_SWAPPED), svg)
    text = text.encode("utf-8", "replace").decode()
    return f"data:image/svg+xml,{text.translate(_ESCAPED)}"


def on_each(id: str, act: str) -> str:
    r"""A script that does something with each ``el`` of an id.

    A page may hold the same output twice.

    >>> on_each("a", "start(el)")
    'for(const el of document.querySelectorAll(\'[id="a"]\'))start(el)'
    """
    return f"for(const el of document.querySelectorAll('[id=\"{id}\"]')){act}"


def boxed(body: str, key: str, code: str, act: str) -> str:
    """A body in a ``<div>``, and a script: ``code``, then ``act`` on each such ``el``.

    The div's id is the digest of ``key``, which tells one output from another.
    """
    id = "tapeviz-" + digest(key)
    script = f"(()=>{{{code}{on_each(id, act)}}})()"
    return f'<div id="{id}">{body}</div><script>{script}</script>'


def script_safe(data: Any) -> str:
    """Data as JSON that may stand in a page's script."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


_CELL = re.compile(r"In \[\d+\](?:'|&#x27;|&#39;)*")
"""A notebook's cell, whose number says nothing about what is in it."""


def digest(text: str, length: int = 12) -> str:
    """The first digits of the text's SHA-256, without the numbers of notebook cells.

    >>> digest("In [3], line 1") == digest("In [27], line 1")
    True
    """
    unnumbered = _CELL.sub("In", text).encode("utf-8", "replace")
    return hashlib.sha256(unnumbered).hexdigest()[:length]
