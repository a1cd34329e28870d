"""What stands in an output's scripts, which are deflated there."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode
from typing import Any

_PACKED = re.compile(r'startPacked\("([^"]*)",(\d+)\)')


def scripts(html: str) -> list[str]:
    """The scripts of an output or a page, inflated by zlib."""
    found = []
    for text, size in _PACKED.findall(html):
        plain = zlib.decompress(b64decode(text), -zlib.MAX_WBITS)
        assert len(plain) == int(size)
        found.append(plain.decode())
    return found


def script_data(html: str, name: str) -> dict[str, Any]:
    """What the only script of an output is told as this constant."""
    (script,) = scripts(html)
    _, _, rest = script.partition(f"const {name}=")
    data, _ = json.JSONDecoder().raw_decode(rest)
    return dict(data)
