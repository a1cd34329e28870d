"""Our own scripts and styles, made small for the outputs that carry them."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import Any


def minify_script(code: str) -> str:
    """A script of ours without comments and needless spaces.

    It relies on our style: statements end in semicolons, comments have lines of their
    own, and no regular expression holds a quote.
    """
    lines = (line for line in code.splitlines() if not line.lstrip().startswith("//"))
    parts = _LITERAL.split("\n".join(lines))
    parts[::2] = [_SPACE.sub(_joined, part) for part in parts[::2]]
    parts[::2] = [_CONST.sub(_let, part) for part in parts[::2]]
    return "".join(parts).replace(";}", "}")


def _let(found: re.Match[str]) -> str:
    return found[0].replace("const", "let")


_CONST = re.compile(r"\bconst(?: |(?=[\[{]))")
_LITERAL = re.compile(r'("(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`)')
_SPACE = re.compile(r"(^|.?)\s+(?=(.?))", re.DOTALL)


def _joined(found: re.Match[str]) -> str:
    before, after = found.groups()
    words = (before.isalnum() or before in '_$"`') and (
        after.isalnum() or after in "_$"
    )
    return f"{before} " if words else before


def shorten_names(code: str) -> str:
    """A minified script whose own names are one or two letters long.

    A name is left alone where it might be more than a variable of ours: a key, a
    property, inside a text within a text, or a word of the browser.
    """
    parts = _LITERAL.split(code)
    filled = _FILLED.findall(code)
    plain = "".join(parts[::2])
    quoted = " ".join(f for f in filled if set(f) & set(_QUOTES))
    spared = {*_WORD.findall(quoted), *_PROPERTY.findall(" ".join(filled)), *_RESERVED}
    spared |= _keys("\0".join(parts[::2]))
    count = Counter(_WORD.findall(plain))
    ours = {n for n in _declared(plain) if len(n) > 2} - spared
    short = (n for n in _short_names() if n not in count and n not in spared)
    order = sorted(ours, key=lambda n: (-count[n] * len(n), n))
    new = {"true": "!0", "false": "!1", **dict(zip(order, short, strict=False))}

    def renamed(text: str) -> str:
        return _WORD.sub(lambda w: new.get(w[0], w[0]), text)

    parts[::2] = map(renamed, parts[::2])
    parts[1::2] = [_FILLED.sub(lambda f: renamed(f[0]), text) for text in parts[1::2]]
    short_code = _ALONE.sub(r"\1=>", "".join(parts))
    while short_code != (joined := _LETS.sub(r"\1,", short_code)):
        short_code = joined
    return joined


_ALONE = re.compile(r"(?<![\w$])\(([A-Za-z_$][\w$]*)\)=>")
_LETS = re.compile(r"((?<!\()\blet [^;{}]*);let (?=[A-Za-z_$])")
_QUOTES = "\"'`"
_PROPERTY = re.compile(r"\.([A-Za-z_$][\w$]*)")
_FILLED = re.compile(r"\$\{([^}]*)\}")
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_RESERVED = ("minimap", "mount", "opened", "start")
_DECLARED = re.compile(r"(?:\blet|\bfunction) ([A-Za-z_$][\w$]*)|([A-Za-z_$][\w$]*)=>")
_LISTS = re.compile(r"\(([\w$,=]*)\)(?:=>|\{)")


def _declared(code: str) -> set[str]:
    """The names of functions, variables and parameters."""
    found = {name for pair in _DECLARED.findall(code) for name in pair if name}
    for names in _LISTS.findall(code):
        found.update(name.partition("=")[0] for name in names.split(","))
    return found


def _keys(code: str) -> set[str]:
    """The names that stand as a property, a key, or inside braces by themselves."""
    found: set[str] = set()
    inside = [""]
    for token in re.finditer(r"[A-Za-z_$][\w$]*|[(\[{)\]}]", code):
        text, before = token[0], code[: token.start()]
        after = code[token.end() : token.end() + 1]
        if text in "([{":
            inside.append(text)
        elif text in ")]}":
            inside.pop()
        else:
            part = before.endswith(".") and not before.endswith("...")
            alone = before[-1:] in "{," and after in ",}=(" and inside[-1] == "{"
            found |= {text} if part or alone or after == ":" else set()
    return found


def _short_names() -> Iterator[str]:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    yield from letters
    yield from (one + two for one in letters for two in letters)


def minify_css(text: str) -> str:
    """Styles without needless spaces."""
    text = re.sub(r"\s*([{};,>])\s*", r"\1", re.sub(r"\s+", " ", text))
    text = re.sub(r'="([\w-]+)"\]', r"=\1]", text)
    text = re.sub(r"(?<=[{};,])& (?=[.:\[])", "", text)
    return re.sub(r"([{;][a-z-]+): ", r"\1:", text).replace(";}", "}").strip()


def read_assets(*names: str) -> str:
    """The text of our scripts or styles, one after the other."""
    folder = files("tapeviz.render")
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
