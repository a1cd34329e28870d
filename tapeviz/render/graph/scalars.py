"""A long computation of single numbers in a page: its groups are drawn there.

The outermost level is a picture as any. The others are too many to be made before
somebody asks: the page gets all numbers as columns, and ``scalars.js`` makes of them
the picture and the steps of the group that is opened.
"""

from __future__ import annotations

import base64
import math
from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tapeviz.analysis.folded_view import FoldedView
from tapeviz.analysis.scalar_groups import Grouping, OuterLevel
from tapeviz.render.graph import overview as surveys
from tapeviz.render.graph.folded import LAZY, STYLE, Folded, css, script
from tapeviz.render.graph.scene import RULES, scene
from tapeviz.render.html.assets import read_assets
from tapeviz.render.html.page import boxed, in_script
from tapeviz.render.svg import theme as themes
from tapeviz.render.svg.elements import FONTS
from tapeviz.trace.markup import Element, element
from tapeviz.trace.scalars import ScalarGraph
from tapeviz.wording import values as words

_GREATEST, _LEAST = 3e38, 1e-37


def packed_scalars(
    grouping: Grouping, theme: str, *, steps: bool = False
) -> dict[str, Any]:
    """The columns and the groups for the script; ``steps`` says that it begins at 0."""
    graph = grouping.graph
    titles: dict[str, int] = {}
    rows, before = list[int](), 0
    for start, stop, depth, title in grouping.whole.rows():
        number = titles.setdefault(title, len(titles))
        rows += (start - before, stop - start, depth, number)
        before = start
    counts = [b - a for a, b in pairwise(graph.first)]
    return {
        "columns": {
            "kind": _packed(graph.kind),
            "count": _packed(counts),
            "parents": _packed(graph.parents),
            "value": _packed_floats(graph.value),
            "gradient": _packed_floats(graph.gradient),
            "given": _packed_floats(graph.contributions),
            "line": _packed(graph.line),
        },
        "ops": [(o.name, o.symbol, o.formula, o.operands, o.rules) for o in graph.ops],
        "lines": graph.lines,
        "names": graph.names,
        "leaves": graph.leaves,
        "target": graph.target,
        "rows": rows,
        "titles": list(titles),
        "fonts": FONTS,
        "sans": themes.SANS,
        "mono": themes.MONO,
        "theme": theme,
        "steps": steps,
    }


def _packed(numbers: Sequence[int]) -> tuple[str, str]:
    """Whole numbers as bytes in base64, and how wide they are: B, H or I."""
    most = max(map(int, numbers), default=0)
    kind = next(k for k, limit in (("B", 8), ("H", 16), ("I", 32)) if most < 1 << limit)
    return kind, _text(array(kind, map(int, numbers)))


def _packed_floats(numbers: Sequence[float]) -> tuple[str, str]:
    """Numbers in 4 bytes, more than a picture shows, or in 8 where these do not do."""
    sizes = [abs(x) for x in map(float, numbers) if x and math.isfinite(x)]
    narrow = not sizes or (min(sizes) > _LEAST and max(sizes) < _GREATEST)
    kind = "f" if narrow else "d"
    return kind, _text(array(kind, map(float, numbers)))


def _text(column: array[Any]) -> str:
    return base64.b64encode(column.tobytes()).decode()


def folded_scalars(
    grouping: Grouping, outer: OuterLevel, *, theme: str = "auto", direction: str = "TB"
) -> Folded:
    """The picture of the outermost level, whose groups a page draws when asked to."""
    graph = outer.graph()
    return Folded(
        FoldedView(graph, {}, {}),
        scene(graph, theme=theme, direction=direction, legend=True),
        (),
        _survey(grouping.graph, outer),
        (),
        grouping.graph.size,
        {"theme": theme, "direction": direction},
        packed_scalars(grouping, theme),
    )


def _survey(graph: ScalarGraph, outer: OuterLevel) -> tuple[surveys.Chapter, ...]:
    kinds = Counter(graph.ops[k].name for k in graph.kind)
    lines = Counter(k for k in graph.line if k)
    where: list[tuple[tuple[str, ...], int]] = [
        ((f"{file}:{number}", words.one_line(text, 60)), count)
        for k, count in lines.items()
        for file, number, text in (graph.lines[k],)
    ]
    parts = [(title, stop - start) for _, start, stop, title in outer.items if title]
    return (
        surveys.Chapter(
            "In all", ("what", "how much"),
            (("operations", words.grouped(graph.size - graph.leaves)),
             ("numbers asked about", words.grouped(len(graph.sources) + graph.unused)),
             ("of these not used", words.grouped(graph.unused))),
        ),
        surveys.Chapter(
            "Structure", ("part", "operations"),
            tuple((title, words.grouped(size)) for title, size in parts),
        ),
        surveys.Chapter(
            "Kinds of operation", ("operation", "times"),
            surveys.longest([((kind,), count) for kind, count in kinds.items()]),
        ),
        surveys.Chapter(
            "Busiest lines", ("line", "code", "operations"), surveys.longest(where)
        ),
    )  # fmt: skip


def below_film(grouping: Grouping, theme: str) -> tuple[Element, ...]:
    """What stands below a film: the groups, to open step by step."""
    whole = grouping.whole
    style = themes.css(theme) + themes.written(RULES) + css() + read_assets(STYLE)
    crumbs = element(
        "div", cls="crumbs", role="navigation", aria_label="where you are in the tape",
        hidden=True,
    )  # fmt: skip
    level = element("div", cls="level", data_whole=whole.id)
    size = words.counted(whole.size, "operation")
    body = element(
        "details",
        element("summary", f"Open the groups: all {size}, step by step"),
        element(
            "div",
            element("style", style),
            crumbs,
            element("div", level, cls="stage"),
            cls=f"tapeviz-fold {theme}",
        ),
        cls=f"tapeviz-inside {theme}",
    )
    data = in_script(packed_scalars(grouping, theme, steps=True))
    code = read_assets("html/elements.js", *LAZY) + script()
    return boxed((body,), code, f"const told={data};", "besideFilm(el,told)")
