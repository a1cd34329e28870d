"""Our own scripts and styles, and how they get into the outputs that carry them.

In an output a script stands deflated, at less than half its size. ``inflate.js``
unpacks it and adds it to the page as an inline ``<script>`` element, which runs where
the one around it does. That is no ``eval`` and no ``new Function``: for these a page's
policy would need ``'unsafe-eval'`` beside ``'unsafe-inline'`` (Content Security Policy,
Level 3, EnsureCSPDoesNotBlockStringCompilation), and our own pages' has no such thing.

Browsers can inflate, too, with ``DecompressionStream("deflate-raw")``: Chrome from 103
on, Firefox from 113, Safari from 16.4 (MDN, browser-compat-data). But they answer when
the page was painted already, and what stands below a film jumps when the still picture
becomes the player: for listing 10.2 a layout shift of 0.2 where the page is 1280 pixels
wide, and of 0.9 where it is 400. ``inflate.js`` is done before that, in any browser.
"""

from __future__ import annotations

import os
import zlib
from base64 import b64encode
from functools import lru_cache
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


def packed(code: str, rest: str) -> str:
    """A script that unpacks and starts ``code``, then ``rest``.

    What is done for ``code`` is remembered: many outputs begin with the same.
    """
    begun, first = _begun(code)
    packer = begun.copy()
    tail = rest.encode("utf-8", "replace")
    text = b64encode(first + packer.compress(tail) + packer.flush()).decode()
    size = len(code.encode()) + len(tail)
    return f'(()=>{{{read_assets("html/inflate.js")}startPacked("{text}",{size})}})()'


@lru_cache(16)
def _begun(code: str) -> tuple[Any, bytes]:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer, packer.compress(code.encode())
