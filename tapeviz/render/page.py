"""A page of its own around something that a notebook would show."""

from __future__ import annotations

from html import escape

from tapeviz.render import theme as themes

WIDTH = 1080
"""How wide the page's content gets, in pixels."""

_RULES = (
    "body{margin:0;padding:clamp(8px,3vw,32px);background:var(--tv-paper)}"
    "h1{position:absolute;width:1px;height:1px;margin:0;overflow:hidden;"
    "clip-path:inset(50%);white-space:nowrap}"
)


def document(  # noqa: PLR0913 - each is one thing a page may need
    title: str,
    body: str,
    *,
    theme: str = "auto",
    style: str = "",
    policy: str = "",
    width: int = WIDTH,
) -> str:
    """An HTML document that stands alone, in a theme's colours.

    Its title is also its heading, for readers who hear the page. ``style`` is CSS,
    ``policy`` says what the page may load, ``body`` is the content's markup.
    """
    said, colours = escape(title), themes.css(theme)
    look = style if colours in style else f"{colours}{style}"
    may = f'http-equiv="Content-Security-Policy" content="{policy}"'
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        + (f"<meta {may}>" if policy else "")
        + '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{said}</title><style>{look}{_RULES}"
        f"main{{max-width:{width}px;margin:auto}}</style></head>"
        f'<body class="{themes.class_name(theme)}"><main><h1>{said}</h1>{body}'
        "</main></body></html>\n"
    )
