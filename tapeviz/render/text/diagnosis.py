"""Why a gradient is what it is: an answer as plain text, and as HTML with a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import ndiff

from tapeviz.render.graph.scene import Scene, scene
from tapeviz.render.html.page import digest, document, swapped_image, with_min_size
from tapeviz.render.svg import theme as themes
from tapeviz.render.svg.elements import Rect, placed
from tapeviz.trace.diagnosis import Answer, Reason, apply_edits
from tapeviz.trace.graph import Graph, Source, Span
from tapeviz.trace.markup import Element, element
from tapeviz.trace.value import Value
from tapeviz.wording.text_width import shorten_to_fit, width
from tapeviz.wording.values import one_line

_WRAP = 88
_LARGE = 60
"""A picture of more nodes than this shows only what lies around the reasons."""


def to_text(answer: Answer) -> str:
    """The answer for a terminal: the sentence, each reason, its line and its fix."""
    parts = [_wrapped(one_line(answer.sentence), "")]
    many = len(answer.reasons) > 1
    for number, reason in enumerate(answer.reasons, 1):
        head = f"{number}. " if many else ""
        parts += ["", *_reason(reason, answer.graph.sources, head)]
    return "\n".join(parts)


def _reason(reason: Reason, sources: Sequence[Source], head: str) -> Iterator[str]:
    yield _wrapped(one_line(reason.sentence), head)
    indent = " " * len(head)
    span = reason.span
    if span is not None:
        yield f"{indent}  where: {_where(span)}"
        yield from (f"{indent}    {line}" for line in quoted(span, sources))
    fix = f"  to mend{_doubt(reason)}: {one_line(reason.fix)}"
    yield _wrapped(fix, indent, f"{indent}    ")
    yield from (f"{indent}    {sign} {text}" for sign, text in changes(reason, sources))


def _doubt(reason: Reason) -> str:
    """A word on a change of the code that has not been tried."""
    return " (a suggestion, not tried)" if reason.edits and not reason.tried else ""


def _where(span: Span) -> str:
    return f"{one_line(span.file, 40)}, line {span.line}"


def quoted(span: Span, sources: Iterable[Source]) -> Iterator[str]:
    """The first line of a span, and under it a mark where it stands."""
    for source in sources:
        at = span.line - source.first
        if source.name == span.file and 0 <= at < len(source.lines):
            line = source.lines[at]
            indent = len(line) - len(line.lstrip())
            end = span.end_col if span.end_line == span.line else len(line)
            yield one_line(line[indent:], 100)
            if len(line) <= 100:
                yield " " * (span.col - indent) + "^" * max(1, end - span.col)


def changes(reason: Reason, sources: Iterable[Source]) -> list[tuple[str, str]]:
    """A diff of the lines around the edits: ``-`` removed, ``+`` added."""
    found: list[tuple[str, str]] = []
    for source in sources:
        new = apply_edits(source, reason.edits)
        if new != source.lines:
            diff = [d for d in ndiff(list(source.lines), list(new)) if d[0] != "?"]
            found += [(d[0], one_line_code(d[2:])) for d in _around(diff)]
    return found


def one_line_code(line: str) -> str:
    """A line of code with its indent, its invisible controls made visible."""
    body = line.lstrip()
    return " " * (len(line) - len(body)) + one_line(body, 120)


def _around(diff: list[str]) -> list[str]:
    """The changed lines, and one line before and after each."""
    near = {i + k for i, d in enumerate(diff) if d[0] in "+-" for k in (-1, 0, 1)}
    return [d for i, d in enumerate(diff) if i in near]


def _wrapped(text: str, first: str, rest: str | None = None) -> str:
    """The text in lines of at most so many characters; a word is never cut."""
    rest = " " * len(first) if rest is None else rest
    lines, now = [], first
    lead = text[: len(text) - len(text.lstrip())]
    now += lead
    empty = True
    for word in text.split():
        if not empty and len(now) + 1 + len(word) > _WRAP:
            lines.append(now)
            now, empty = rest, True
        now += word if empty else f" {word}"
        empty = False
    return "\n".join([*lines, now])


# -- HTML ------------------------------------------------------------------------------


def to_html(
    answers: Sequence[Answer], *, theme: str = "auto", drawn: bool = True
) -> Element:
    """The answers for a notebook: sentences, code and fixes, and the pictures.

    Without styles it is still a readable page. LayoutError when it is to be ``drawn``
    and there is no layout engine.
    """
    body = (_section(answer, theme, drawn=drawn) for answer in answers)
    style = element("style", css(theme))
    return element("div", style, *body, cls=f"tapeviz-answer {theme}")


def page(answers: Sequence[Answer], *, theme: str = "auto") -> str:
    """The answers as an HTML document that stands alone."""
    title = one_line("; ".join(answer.sentence for answer in answers), 120)
    return document(title, (to_html(answers, theme=theme),), theme=theme, width=900)


def css(theme: str = "auto") -> str:
    """The styles of an answer, with the theme's colours."""
    return themes.css(theme) + themes.paint(_RULES)


_RULES = (
    ".tapeviz-answer.tapeviz-answer{color:@ink;background:@paper;padding:4px 14px 10px;"
    f"border-radius:6px;max-width:900px;font:15px/1.5 {themes.SANS};"
    "& .tv-said{font-weight:600;margin:10px 0 6px}"
    "& ol{margin:0;padding-left:1.6em}"
    "& ol.tv-one{list-style:none;padding-left:0}"
    "& li{margin:8px 0 14px}"
    "& p{margin:2px 0 6px}"
    "& .tv-where{color:@muted;font-size:13px;margin:6px 0 2px}"
    f"& pre{{background:@code-fill;color:@ink;font:13px/1.5 {themes.MONO};"
    "margin:2px 0 8px;padding:6px 10px;border-radius:4px;overflow-x:auto;"
    "white-space:pre;word-break:normal;width:auto;box-shadow:none}"
    "& mark{background:@hot-fill;color:@ink;border-bottom:2px solid;"
    "border-color:@hot;padding:1px 0}"
    "& ins{text-decoration:none;color:@done;font-weight:600}"
    "& del{text-decoration:line-through;color:@none}"
    "& .tv-fix b{color:@done}"
    "& .tv-still{background:"
    "linear-gradient(90deg,var(--tv-paper) 50%,#0000) 0/40px no-repeat local,"
    "linear-gradient(270deg,var(--tv-paper) 50%,#0000) 100%/40px no-repeat local,"
    "linear-gradient(90deg,var(--tv-hair),#0000) 0/10px no-repeat,"
    "linear-gradient(270deg,var(--tv-hair),#0000) 100%/10px no-repeat}"
    "& .tv-still svg .tv-paper{fill:none}"
    "& .tv-still img{max-width:none!important}}"
)
"""The class is named twice, as JupyterLab's and reveal.js' rules for code would win."""


def _section(answer: Answer, theme: str, *, drawn: bool) -> Element:
    sources = answer.graph.sources
    items = [element("li", *_item(one, sources)) for one in answer.reasons]
    reasons = element("ol", *items, cls="one" if len(items) == 1 else None)
    return element(
        "div",
        element("p", one_line(answer.sentence), cls="said"),
        reasons if items else None,
        _picture(answer, theme) if drawn else None,
    )


def _item(reason: Reason, sources: Sequence[Source]) -> Iterator[Element]:
    yield element("p", one_line(reason.sentence))
    if reason.span is not None:
        yield element("p", _where(reason.span), cls="where")
        if code := _marked(reason.span, sources):
            yield element("pre", *code)
    lead = element("b", f"To mend{_doubt(reason)}:")
    yield element("p", lead, f" {one_line(reason.fix)}", cls="fix")
    if lines := changes(reason, sources):
        yield element("pre", *_changed(lines))


def _changed(lines: Sequence[tuple[str, str]]) -> Iterator[Element | str]:
    for i, (sign, text) in enumerate(lines):
        if i:
            yield element("br")  # marimo trims every line of what it shows
        code = text.lstrip()
        yield f"{sign} {' ' * (len(text) - len(code))}"
        yield element({"+": "ins", "-": "del"}.get(sign, "span"), code)


def _marked(span: Span, sources: Iterable[Source]) -> tuple[Element | str, ...]:
    """The first line of a span with the span marked in it."""
    for source in sources:
        at = span.line - source.first
        if source.name == span.file and 0 <= at < len(source.lines):
            line = source.lines[at]
            end = span.end_col if span.end_line == span.line else len(line)
            parts = line[: span.col].lstrip(), line[span.col : end], line[end:]
            before, hot, after = map(_seen, parts)
            return before, element("mark", hot), after
    return ()


def _seen(code: str) -> str:
    """Code with its spaces kept and its invisible controls made visible."""
    lead = code[: len(code) - len(code.lstrip(" "))]
    tail = code[len(code.rstrip(" ")) :] if code.strip(" ") else ""
    return f"{lead}{one_line(code.strip(' '), 400)}{tail}"


# -- the picture -----------------------------------------------------------------------


def _picture(answer: Answer, theme: str) -> Element | None:
    if not nearby(answer).nodes:
        return None
    drawn = _drawn(answer, theme)
    svg = with_min_size(drawn.root, *drawn.least)
    said = one_line(answer.sentence)
    alt = f"The recorded graph, with the place of the cut marked. {said}"
    return element("div", *swapped_image(svg, alt), cls="picture")


def nearby(answer: Answer) -> Graph:
    """The graph, or, where it is large, what lies between and around the reasons."""
    graph = answer.graph
    if len(graph.nodes) <= _LARGE:
        return graph
    shown_ids = {n for r in answer.reasons for n in r.nodes}
    shown_ids |= {n.id for n in graph.nodes if n.source or n.target}
    cut = {e for r in answer.reasons for e in r.edges}
    shown_ids |= {end for e in graph.edges if e.id in cut for end in (e.tail, e.head)}
    for _ in range(2):
        ring = [e for e in graph.edges if e.tail in shown_ids or e.head in shown_ids]
        if len({end for e in ring for end in (e.tail, e.head)}) <= _LARGE:
            shown_ids |= {end for e in ring for end in (e.tail, e.head)}
    nodes = tuple(n for n in graph.nodes if n.id in shown_ids)
    edges = tuple(e for e in graph.edges if e.tail in shown_ids and e.head in shown_ids)
    return Graph(nodes, edges, graph.sources)


def picture(answer: Answer, *, theme: str = "auto") -> Element:
    """The recorded graph as SVG, with a mark on each edge that cuts the gradient.

    Values that left the tape have a dashed outline. The marks bear the number of their
    reason. LayoutError when there is no layout engine.
    """
    return _drawn(answer, theme).root


def _drawn(answer: Answer, theme: str) -> Scene:
    prefix = _prefix(answer)
    graph = nearby(answer)
    many = len(answer.reasons) > 1
    notes = {
        e: (r, _label(n, _words(answer.result, r), many=many))
        for n, r in reversed([*enumerate(answer.reasons, 1)])
        for e in r.edges
    }
    room = {e.id: f"___{notes[e.id][1]}" for e in graph.edges if e.id in notes}
    drawn = scene(graph, theme=theme, prefix=prefix, notes=room)
    marks = [
        _pill(drawn.edges[e].centre, notes[e][1], _sign(answer.result)) for e in room
    ]
    for n, reason in enumerate(answer.reasons, 1):
        for id in filter(drawn.boxes.__contains__, reason.nodes):
            text = _at_node(reason.kind, graph.node(id).value)
            marks += _ring(drawn.boxes[id], _label(n, text, many=many))
    return drawn.with_overlay(marks, _MARKS)


_AT_NODES = {
    "left": "its number leaves",
    "assigned": "its number is assigned",
    "integer": "no float",
    "unconnected": "leads elsewhere",
    "elsewhere": "another tape's",
    "cancel": "cancels here",
    "overflow": "infinite here",
}
"""The label of a node, by the kind of reason."""


def _at_node(kind: str, value: Value) -> str:
    if kind != "domain":
        return _AT_NODES.get(kind, "here")
    if value.data is None:
        return "nan or infinite here"
    return "nan here" if any(v != v for v in value.data) else "infinite here"  # noqa: PLR0124 - so only nan is


def _words(result: str, reason: Reason) -> str:
    """The label of an edge."""
    if reason.kind == "steep":
        return "infinite from here"
    if result in ("nan", "inf"):
        return "nan from here"
    return "0 from here" if result == "zero" else "cut here"


def _sign(result: str) -> str:
    """The mark of a picture for None, zero, or what is no number."""
    if result == "zero":
        return "M5-5a5 5 0 1 0 .1 0zm0 4a1 1 0 1 0 .1 0z"
    if result in ("nan", "inf"):
        return "M5-6l6 11h-12zM5-2v3m0 2v.5"
    return "M0-5l10 10m0-10l-10 10"


def _prefix(answer: Answer) -> str:
    return f"w{digest(answer.to_json(), 8)}-"


def _label(number: int, words: str, *, many: bool) -> str:
    return f"{number}: {words}" if many else words


_MARKS = {
    ".cut rect": "fill:@paper;stroke:@none;stroke-width:1.4",
    ".cut path": "fill:none;stroke:@none;stroke-width:2",
    ".cut text": "fill:@none;font-size:12.5px;font-weight:600",
    ".cut .ring": "fill:none;stroke-width:2;stroke-dasharray:5 3",
}


def _pill(at: tuple[float, float], text: str, sign: str) -> Element:
    """A mark and a few words, centred at a point."""
    said, wide = shorten_to_fit(text, 170, 12.5), _room(text)
    x, y = at
    left = x - wide / 2
    return element(
        "g",
        element("rect", x=left, y=y - 10, width=wide, height=20, rx=10),
        placed(left + 10, y, element("path", d=sign)),
        element("text", said, x=left + 27, y=y + 4.5),
        cls="cut",
    )


def _room(text: str) -> float:
    return width(shorten_to_fit(text, 170, 12.5), 12.5) + 40


def _ring(box: Rect, text: str) -> Iterator[Element]:
    """A dashed outline around a node, and a few words on it."""
    yield element("g", box.inset(-4).draw("ring", rx=6), cls="cut")
    yield _pill((box.x - 4 + _room(text) / 2, box.y - 5.5), text, _sign(""))
