"""Colours and type: the one place where they are decided.

The hues are Okabe and Ito's, which people with any colour vision tell apart, made
darker or lighter until text in them has a contrast of at least 4.5 to 1.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType

from tapeviz.trace.markup import PREFIX, Element, element

SANS = "system-ui,Arial,sans-serif"
"""The type for words and numbers."""

MONO = "Menlo,Consolas,'DejaVu Sans Mono',monospace"
"""The type for names and formulas."""

KINDS = ("variable", "watched", "constant", "op", "group", "target")
"""The roles of a node; each has an accent of this name and a ``-fill`` behind it."""

THEMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "light": {
            "paper": "#ffffff",
            "ink": "#1b1f24",
            "muted": "#59626d",
            "line": "#6b7580",
            "hair": "#d3d8de",
            "variable": "#0067a3",
            "variable-fill": "#eff7fd",
            "watched": "#006d50",
            "watched-fill": "#ecf8f3",
            "constant": "#59626d",
            "constant-fill": "#f6f7f8",
            "op": "#3c444e",
            "op-fill": "#ffffff",
            "group": "#5b4b9e",
            "group-fill": "#f5f3fb",
            "target": "#a64700",
            "target-fill": "#fff5ec",
            "none": "#97396f",
            "hot": "#855600",
            "hot-fill": "#fff0c7",
            "done": "#006d50",
            "good": "#006d50",
            "bad": "#b02a1d",
            "code-fill": "#f6f7f8",
        },
        "dark": {
            "paper": "#15181c",
            "ink": "#e9ebee",
            "muted": "#a6afb9",
            "line": "#8d97a3",
            "hair": "#3a424b",
            "variable": "#6fc0f2",
            "variable-fill": "#122636",
            "watched": "#55cca6",
            "watched-fill": "#102a23",
            "constant": "#a6afb9",
            "constant-fill": "#20252b",
            "op": "#cdd3da",
            "op-fill": "#1b1f24",
            "group": "#bcaef3",
            "group-fill": "#231e36",
            "target": "#ffa463",
            "target-fill": "#322012",
            "none": "#e8a5ca",
            "hot": "#f6c650",
            "hot-fill": "#3d3010",
            "done": "#55cca6",
            "good": "#55cca6",
            "bad": "#ff9a8d",
            "code-fill": "#20252b",
        },
        "colourblind": {
            "paper": "#ffffff",
            "ink": "#14181d",
            "muted": "#525b66",
            "line": "#525b66",
            "hair": "#c3cad2",
            "variable": "#00539c",
            "variable-fill": "#dcebf9",
            "watched": "#006a6f",
            "watched-fill": "#e3f6f4",
            "constant": "#525b66",
            "constant-fill": "#f3f4f6",
            "op": "#14181d",
            "op-fill": "#ffffff",
            "group": "#5c2d73",
            "group-fill": "#f3eaf7",
            "target": "#8a4100",
            "target-fill": "#ffe8bf",
            "none": "#8a1f5c",
            "hot": "#6e4b00",
            "hot-fill": "#fff0a8",
            "done": "#00539c",
            "good": "#00539c",
            "bad": "#8a4100",
            "code-fill": "#f3f4f6",
        },
        "contrast": {
            "paper": "#ffffff",
            "ink": "#000000",
            "muted": "#262626",
            "line": "#000000",
            "hair": "#595959",
            "variable": "#003b73",
            "variable-fill": "#ffffff",
            "watched": "#00442f",
            "watched-fill": "#ffffff",
            "constant": "#262626",
            "constant-fill": "#ffffff",
            "op": "#000000",
            "op-fill": "#ffffff",
            "group": "#38286f",
            "group-fill": "#ffffff",
            "target": "#6e2a00",
            "target-fill": "#ffffff",
            "none": "#6b1049",
            "hot": "#000000",
            "hot-fill": "#ffe680",
            "done": "#00442f",
            "good": "#00442f",
            "bad": "#7a0c00",
            "code-fill": "#ffffff",
        },
        "print": {
            "paper": "#ffffff",
            "ink": "#000000",
            "muted": "#4d4d4d",
            "line": "#333333",
            "hair": "#b3b3b3",
            "variable": "#000000",
            "variable-fill": "#ffffff",
            "watched": "#000000",
            "watched-fill": "#ffffff",
            "constant": "#4d4d4d",
            "constant-fill": "#ffffff",
            "op": "#000000",
            "op-fill": "#ffffff",
            "group": "#000000",
            "group-fill": "#ffffff",
            "target": "#000000",
            "target-fill": "#ffffff",
            "none": "#000000",
            "hot": "#000000",
            "hot-fill": "#e6e6e6",
            "done": "#000000",
            "good": "#000000",
            "bad": "#000000",
            "code-fill": "#ffffff",
        },
    }
)
"""The themes by name; every theme has the same roles."""

NAMES = ("auto", *THEMES)
"""What may be asked for: ``auto`` is light or dark, as the page around it is."""

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "auto": "Page's colours",
        "light": "Light",
        "dark": "Dark",
        "colourblind": "Colour-blind safe",
        "contrast": "High contrast",
        "print": "Print",
    }
)
"""What each theme is called where a reader chooses one."""

_FILLS = (*(f"{kind}-fill" for kind in KINDS), "hot-fill", "code-fill")

TEXT_PAIRS = (
    *((text, back) for text in ("ink", "muted") for back in ("paper", *_FILLS)),
    *((kind, f"{kind}-fill") for kind in KINDS),
    *((text, "paper") for text in (*KINDS, "none", "hot", "done", "good", "bad")),
    *((text, back) for text in ("none", "hot", "done") for back in _FILLS),
)
"""Every pair of a text colour and the colour behind it that the pictures use."""

_LIGHT_PAGES = ("[data-jp-theme-light=true]", ".vscode-light", "[data-theme=light]")
_DARK_PAGES = (
    "[data-jp-theme-light=false]",
    ".vscode-dark",
    "html[theme=dark]",
    "[data-theme=dark]",
)


def check(theme: str) -> str:
    """The theme's own name; ValueError listing the names when there is none such."""
    if theme not in NAMES:
        choose = f"choose one of {', '.join(NAMES)}"
        raise ValueError(f"there is no theme {theme!r}: {choose}")
    return theme


def colours(theme: str) -> Mapping[str, str]:
    """The colours of a theme by role, as ``#rrggbb``; ``auto`` gives the light ones.

    >>> colours("print")["ink"]
    '#000000'
    """
    return THEMES["light" if check(theme) == "auto" else theme]


def class_name(theme: str) -> str:
    """The class that an element must bear for ``css(theme)`` to colour it."""
    return f"tv-{check(theme)}"


def css(theme: str = "auto", without: Collection[str] = ()) -> str:
    """CSS that sets one variable ``--tv-ROLE`` for each role, on the theme's class.

    ``auto`` follows the page: JupyterLab, VS Code, Colab and Sphinx say on an element
    around the output whether they are dark; elsewhere the reader's system decides.
    On paper it is always light. Roles that are ``without`` use may be left out.
    """
    own = f".{class_name(theme)}"
    light, dark = colours(theme), THEMES["dark"]
    both = {r: f"var(--l,{light[r]})var(--n,{dark[r]})" for r in light}
    table = {**light} if theme != "auto" else both
    variables = ";".join(f"--tv-{r}:{c}" for r, c in table.items() if r not in without)
    if theme != "auto":
        return f"{own}{{{variables}}}"
    unless = "".join(f":not({page} *)" for page in _LIGHT_PAGES)
    inside = ",".join(f"{page} {own}" for page in _DARK_PAGES)
    return (
        f"{own}{{{_LIGHT};{variables}}}"
        f"@media screen and (prefers-color-scheme:dark){{{own}{unless}{{{_DARK}}}}}"
        f"@media screen{{{inside}{{{_DARK}}}}}"
    )


def paper_css(theme: str = "auto") -> str:
    """CSS for the paper alone, on a page of its own.

    >>> paper_css("dark")
    '.tv-dark{--tv-paper:#15181c}'
    """
    rule = f".{class_name(theme)}{{--tv-paper:%s}}"
    paper = rule % colours(theme)["paper"]
    if theme != "auto":
        return paper
    dark = rule % THEMES["dark"]["paper"]
    return f"{paper}@media screen and (prefers-color-scheme:dark){{{dark}}}"


RARE = ("watched", "watched-fill", "group", "group-fill", "none")
"""The colours that only pictures with such nodes or gradients use, and no page."""

Rules = Mapping[str, str]
"""Rules of style: selectors, whose classes have no prefix, and what they set. A colour
is ``@`` and its role; selectors of one rule are told apart by a comma and a space."""


def styled(
    root: Element, rules: Rules, theme: str, used: AbstractSet[str] | None = None
) -> Element:
    """A picture with a style: the theme's colours, and the rules of ``used`` classes.

    None is for all rules. The style says on an attribute whose colours it defines.
    """
    css_rules = written(rules, used)
    without = [role for role in RARE if f"var(--tv-{role})" not in css_rules]
    style = element("style", css(theme, without) + css_rules, data_theme=theme)
    return Element(root.tag, root.attributes, (style, *root.children))


def classes_of(root: Element) -> set[str]:
    """The classes of an element and of all that is in it."""
    every = (str(one.attributes.get("class", "")) for one in root.walk())
    return set(" ".join(every).split())


def written(rules: Rules, used: AbstractSet[str] | None = None) -> str:
    """The rules as CSS, for pictures of ours; without selectors of unused classes.

    >>> written({".head, .wire .dims": "fill:@line", "text": "x:1"}, {"tv-head"})
    '.tapeviz .tv-head{fill:var(--tv-line)}.tapeviz text{x:1}'
    """
    found = []
    for selectors, look in rules.items():
        names = [one.replace(".", f".{PREFIX}") for one in selectors.split(", ")]
        if used is not None:
            names = [one for one in names if used >= {*_CLASS.findall(one)}]
        whole = ",".join(f".tapeviz {one}".strip() for one in names)
        if names:
            head = selectors if selectors.startswith("@") else whole
            found.append(f"{head}{{{paint(look)}}}")
    return "".join(found)


_CLASS = re.compile(r"\.([\w-]+)")
_ROLE, _VARIABLE = re.compile(r"(?<=[:, )])@([a-z-]+)"), r"var(--tv-\1)"


def colours_of(root: Element) -> set[str]:
    """The themes whose colours a picture defines in a style of its own."""
    return {str(one.attributes.get("data-theme")) for one in root.walk()}


_LIGHT, _DARK = "--l:initial;--n: ", "--l: ;--n:initial"
"""What chooses between two colours: a variable that is not set gives its fallback, one
that is set to nothing gives nothing. So each colour is written once."""


def fonts(selector: str) -> str:
    """CSS that names both kinds of type, for rules that ask for them by variable.

    >>> fonts(".a").startswith(".a{--tv-sans:system-ui")
    True
    """
    return f"{selector}{{--tv-sans:{SANS};--tv-mono:{MONO}}}"


def paint(rules: str) -> str:
    """CSS in which every ``@role`` of a value has become the colour's variable.

    >>> paint("p{fill:@ink}")
    'p{fill:var(--tv-ink)}'
    """
    return _ROLE.sub(_VARIABLE, rules)


_KNEE = 0.04045


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two ``#rrggbb`` colours by WCAG 2, from 1 to 21.

    >>> contrast("#000000", "#ffffff")
    21.0
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)


def _linear(part: float) -> float:
    curved: float = ((part + 0.055) / 1.055) ** 2.4
    return part / 12.92 if part <= _KNEE else curved
