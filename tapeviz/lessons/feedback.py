"""What a check shows: a mark, a colour and a sentence, in a notebook or a terminal."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from tapeviz.trace.markup import element

LOOKS = {
    "exact": ("\u2713", "#006d50"),
    "close": ("\u2248", "#855600"),
    "wrong": ("\u2717", "#b02a1d"),
    "open": ("\u25cb", "#59626d"),
    "hint": ("?", "#0067a3"),
}
"""The mark and the colour of each kind of verdict."""


@dataclass(frozen=True)
class Feedback:
    """A sentence about an answer, and of which kind it is: a key of ``LOOKS``.

    ``after`` says what comes next.
    """

    kind: str
    text: str
    after: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (LOOKS[self.kind][0], self.text, self.after)))

    def html(self) -> str:
        """The feedback for a notebook, readable on light pages and on dark ones."""
        mark, colour = LOOKS[self.kind]
        box = (
            "display:flex;gap:10px;margin:6px 0;padding:8px 12px;border:1px solid "
            f"{colour};border-left-width:6px;border-radius:6px;"
            "font:15px/1.5 system-ui,Arial,sans-serif"
        )
        badge = (
            "flex:none;width:22px;height:22px;border-radius:50%;text-align:center;"
            f"line-height:22px;background:{colour};color:#fff"
        )
        after = self.after and element("div", self.after, style="opacity:.8")
        return element(
            "div", element("b", mark, aria_hidden="true", style=badge),
            element("div", self.text, after), role="status", style=box,
        ).write()  # fmt: skip


def show(feedback: Feedback) -> None:
    """Show it as HTML in a notebook, and print it elsewhere."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if hasattr(shell, "kernel"):
        from IPython import display

        bundle: dict[str, Any] = {
            "text/html": feedback.html(),
            "text/plain": str(feedback),
        }
        display.display(bundle, raw=True)  # type: ignore[no-untyped-call]  # theirs
        return
    print(_printable(str(feedback)))  # noqa: T201 - for the learner to read


def _printable(text: str) -> str:
    """The text, without its mark where the terminal cannot write it."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except (UnicodeError, LookupError):
        return text[2:].encode("ascii", "replace").decode()
    return text
