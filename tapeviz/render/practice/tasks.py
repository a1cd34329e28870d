"""Drills and ordering tasks as HTML that judges by itself.

What is right stands in the page, scrambled: nobody reads it at a glance, and whoever
wants to can get at it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

from tapeviz.render.html.assets import read_assets
from tapeviz.render.html.page import boxed, document, in_script
from tapeviz.render.svg import theme as themes
from tapeviz.trace.drill import Answer, DrillItem, OrderingTask
from tapeviz.trace.markup import Attribute, Element, element, write
from tapeviz.wording.values import number

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_QUIET = {"data_lm_suppress_shortcuts": "true"}
_WITHOUT = "Answers are judged where scripts run."

KEYS = "Move a step with its buttons, by its handle, or with Alt and the arrow keys."


def answer_text(item: DrillItem, answer: Answer) -> str:
    """An answer as it is shown: ``12``, ``None``, or ``df_dx = 12, df_dy = 4``."""
    texts = ["None" if one is None else number(one) for one in answer]
    if len(texts) == 1:
        return texts[0]
    pairs = zip(item.asked, texts, strict=True)
    return ", ".join(f"{name} = {text}" for name, text in pairs)


def scrambled(data: Any) -> str:
    """Data as text that says nothing at a glance.

    ``unscrambled`` in the page reads it.

    >>> scrambled(["right"]).isascii()
    True
    """
    plain = json.dumps(data, separators=(",", ":"), allow_nan=False).encode()
    key = len(plain)
    masked = bytearray()
    for byte in plain:
        key = (key * 75 + 74) % 65537
        masked.append(byte ^ key & 255)
    return b64encode(bytes(masked)).decode()


# -- a drill -------------------------------------------------------------------------


def drill_view(
    title: str, items: Sequence[DrillItem], theme: str, *, alone: bool = False
) -> str:
    """The sheet of a drill for a notebook, or as a page that stands ``alone``."""
    forms = [_form(item, n) for n, item in enumerate(items, 1)]
    data = [_judged(item) for item in items]
    return _view(title, forms, "drill", data, theme, alone=alone)


def _judged(item: DrillItem) -> dict[str, Any]:
    """What judges an item: numbers that were typed, or the index of a choice."""
    known = {answer: [n] for n, answer in enumerate(item.choices)}
    answers = [(item.answer, ""), *item.mistakes]
    return {
        "answers": [[known.get(one) or one, text] for one, text in answers],
        "helps": [item.hint, item.because],
    }


def _form(item: DrillItem, n: int) -> Element:
    code = element("code", item.code.rstrip("\n"))
    buttons = (
        element("button", "Check", type="submit"),
        element("button", "Hint", type="button", cls="more"),
    )
    legend = element("legend", f"{n}. {item.question}")
    listing = element(
        "pre", code, tabindex="0", role="group", aria_label=f"Code of question {n}"
    )
    ask = element(
        "div", *_fields(item), element("div", *buttons, cls="acts"), cls="answers"
    )
    said = element("p", role="status", cls="said")
    fields = element("fieldset", legend, element("div", listing, ask, cls="pair"), said)
    return element("form", fields, autocomplete="off")


def _fields(item: DrillItem) -> Iterator[Element]:
    if not item.choices:
        field = element("input", type="text", name="answer", spellcheck="false")
        yield element("label", f"{item.asked[0]} =", field, cls="typed")
    for n, choice in enumerate(item.choices):
        radio = element("input", type="radio", name="answer", value=str(n))
        yield element("label", radio, element("code", answer_text(item, choice)))


# -- steps to be put in order --------------------------------------------------------


def ordering_view(task: OrderingTask, theme: str, *, alone: bool = False) -> str:
    """An ordering task for a notebook, or as a page that stands ``alone``."""
    steps = [_step(text, n) for n, text in enumerate(task.steps)]
    body = [
        element("p", KEYS, cls="keys"),
        element("ol", *steps, role="list"),
        element(
            "div", element("button", "Check", type="button", cls="check"), cls="acts"
        ),
        element("p", role="status", cls="said"),
    ]
    data = {"needs": task.needs, "shows": task.shows}
    return _view(task.title, body, "ordering", data, theme, alone=alone)


def _step(text: str, n: int) -> Element:
    moves = (
        element(
            "button", sign, type="button", cls=f"move {way}",
            aria_label=f"Move {way}: {text}",
        )
        for way, sign in (("up", "\u2191"), ("down", "\u2193"))
    )  # fmt: skip
    words = element("span", element("span", text), element("small"), cls="words")
    handle = element("span", "\u2807", cls="handle", aria_hidden="true")
    return element("li", handle, words, *moves, data_step=str(n))


# -- both ----------------------------------------------------------------------------


def _view(  # noqa: PLR0913 - what a view is made of
    title: str,
    body: Sequence[Element],
    kind: str,
    data: Any,
    theme: str,
    *,
    alone: bool,
) -> str:
    inside = (
        element("p", title, cls="title"),
        *body,
        element("p", _WITHOUT, cls="without"),
        element("div", cls="tally"),
    )
    code = read_assets(
        "html/elements.js", "html/numeral.js", "practice/shared.js",
        f"practice/{kind}.js",
    )  # fmt: skip
    given = f"const given={in_script([title, scrambled(data)])};"
    look: dict[str, Attribute] = {
        "role": "group", "aria_label": title, "cls": f"tapeviz-practice {theme}",
    }  # fmt: skip
    act = f"if(!el.tapeviz){{el.tapeviz=1;{kind}In(el,...given)}}"
    shown = boxed(inside, code, given, act, **look, **_QUIET)
    if alone:
        style = _css()
        return document(title, shown, theme=theme, style=style, policy=_POLICY)
    style = themes.css(theme, [c for c in _ROLES if f"--tv-{c})" not in _css()])
    return write((element("style", style + _css()), *shown))


_ROLES = (*themes.colours("light"),)


def _css() -> str:
    return themes.fonts(".tapeviz-practice") + read_assets("practice/practice.css")
