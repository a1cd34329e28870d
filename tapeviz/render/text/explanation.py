"""A gradient explained, for reading and copying: text, Markdown, LaTeX and HTML.

It says in words and numbers what the picture and the player show, and is complete: the
tables hold every upstream gradient and every contribution.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from tapeviz.render.film.captions import BackwardRow
from tapeviz.render.html.page import document
from tapeviz.render.html.table import Cell, table
from tapeviz.render.svg import theme as themes
from tapeviz.render.text.explanation_words import HEADS, ExplanationWords
from tapeviz.trace.explanation import Explanation
from tapeviz.trace.markup import Element, element
from tapeviz.wording import formulas as maths
from tapeviz.wording import values as words
from tapeviz.wording.formulas import Math

# -- plain text ---------------------------------------------------------------------


def to_text(data: Explanation, *, exact: bool = False) -> str:
    """The explanation for a terminal: three tables, the derivations, the costs."""
    wording = ExplanationWords(data, exact=exact)
    parts = [wording.opening(), "", "Forwards", ""]
    heads = ("name", "formula", "with numbers", "value", "where")
    parts += [words.columns(heads, wording.forwards()), "", "Backwards", ""]
    parts += [words.columns(_heads(data), _rows(wording)), ""]
    parts += _text_results(wording)
    for n in range(len(data.run.sources)):
        parts += _text_derivation(wording, n)
    for sweep in data.forward:
        rows = list(wording.pushes(sweep))
        parts += ["", f"Forward mode, {wording.start(sweep)}", ""]
        parts += [words.columns(_PUSHES, rows)]
        parts += [f"result: {words.number(sweep.result, 17 if exact else 5)}"]
    return "\n".join([*parts, "", wording.costs()])


_PUSHES = ("at", "from", "moves it by", "all together")


def _heads(data: Explanation) -> tuple[str, ...]:
    return (*HEADS, "finite differences") if data.checks else HEADS


def _cells(row: BackwardRow, *, checked: bool) -> tuple[str, ...]:
    found = (
        str(row.step) if row.at else "start", row.at, row.upstream, row.to,
        row.rule + row.fold, row.numbers, row.contribution, row.total,
    )  # fmt: skip
    return (*found, row.check) if checked else found


def _rows(wording: ExplanationWords) -> Iterator[tuple[str, ...]]:
    checked = bool(wording.data.checks)
    return (_cells(row, checked=checked) for row in wording.backwards())


def _text_results(wording: ExplanationWords) -> list[str]:
    return [f"{maths.to_text(ratio)} = {value}" for ratio, value in wording.results()]


def _text_derivation(wording: ExplanationWords, n: int) -> list[str]:
    lines = [maths.to_text(line) for line in wording.derivation(n)]
    if lines:
        head, *rest = lines
        indent = " " * head.index(" = ")
        return [
            "",
            _count(wording, n),
            "",
            head,
            *(f"{indent} = {line}" for line in rest),
        ]
    if wording.data.counts[n]:
        return ["", _count(wording, n), "", *map(maths.to_text, wording.recurrences())]
    return ["", _count(wording, n)]


def _count(wording: ExplanationWords, n: int) -> str:
    count, name = wording.data.counts[n], wording.sources[n]
    if not count:
        if wording.run.results[n] is None:
            none = (
                f"No path leads from {wording.target} to {name}: its gradient is None."
            )
            return f"{none} {wording.run.reason(n)}".strip()
        return f"{name} is the target itself."
    if count == 1:
        return f"One path leads from {wording.target} back to {name}:"
    many = f"{count:,} paths lead from {wording.target} back to {name}"
    if any(path.source == n for path in wording.data.paths):
        return f"{many}; their products add up:"
    return f"{many}; the sweep adds them value by value:"


# -- Markdown -----------------------------------------------------------------------


def to_markdown(data: Explanation, *, exact: bool = False) -> str:
    """The explanation as Markdown with tables, its formulas between dollar signs."""
    wording = ExplanationWords(data, exact=exact)
    parts = [wording.opening(), "", "### Forwards", ""]
    heads = ("name", "formula", "with numbers", "value", "where")
    rows = [
        (_tick(name), _tick(formula), _tick(filled), value, _tick(where))
        for name, formula, filled, value, where in wording.forwards()
    ]
    parts += [*_pipes(heads, rows), "", "### Backwards", ""]
    steps: list[tuple[str, ...]] = []
    for row in wording.backwards():
        cells = list(_cells(row, checked=bool(data.checks)))
        for k in (1, 3, 4, 5):
            cells[k] = _tick(cells[k])
        steps.append(tuple(cells))
    parts += [*_pipes(_heads(data), steps), ""]
    parts += [
        f"- ${maths.to_latex(ratio)} = {_tex(value)}$"
        for ratio, value in wording.results()
    ]
    for n in range(len(data.run.sources)):
        parts += ["", _count(wording, n), ""]
        if equations := _equations(wording, n):
            parts += ["$$", equations, "$$"]
    for sweep in data.forward:
        parts += ["", f"### Forward mode, {wording.start(sweep)}", ""]
        parts += _pipes(
            _PUSHES,
            [(_tick(a), _tick(b), c, d) for a, b, c, d in wording.pushes(sweep)],
        )
    return "\n".join([*parts, "", wording.costs()]) + "\n"


def _tick(text: str) -> str:
    """Code in Markdown; a pipe in it must not end the cell."""
    plain = text.replace("|", "\\|")
    if not plain:
        return ""
    fence = "``" if "`" in plain else "`"
    pad = " " if fence == "``" else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def _pipes(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    return [line(heads), line(["---"] * len(heads)), *map(line, rows)]


def _tex(text: str) -> str:
    return maths.to_latex(maths.number(text)) if text != "None" else r"\mathtt{None}"


def _equations(wording: ExplanationWords, n: int) -> str:
    """The gradient of a source: its chain of equal formulas, else value by value."""
    if lines := list(wording.derivation(n)):
        return _aligned(lines, chain=True)
    more = list(wording.recurrences()) if wording.data.counts[n] else []
    return _aligned(more, chain=False) if more else ""


def _aligned(lines: Sequence[Math], *, chain: bool) -> str:
    """Equations under each other, aligned at their equals signs."""
    said = [maths.to_latex(line) for line in lines]
    if chain:
        said = [said[0].replace(" = ", " &= ", 1), *(f"&= {text}" for text in said[1:])]
    else:
        said = [text.replace(" = ", " &= ", 1) for text in said]
    return "\\begin{aligned}\n" + " \\\\\n".join(said) + "\n\\end{aligned}"


# -- LaTeX --------------------------------------------------------------------------


def to_latex(data: Explanation, *, exact: bool = False) -> str:
    """The explanation as LaTeX to be pasted into a document (it needs amsmath)."""
    wording = ExplanationWords(data, exact=exact)
    heads = ("name", "formula", "with numbers", "value")
    rows = [
        (_mono(name), _math(formula), _math(filled), maths.latex_text(value))
        for name, formula, filled, value, _ in wording.forwards()
    ]
    parts = [maths.latex_text(wording.opening()), "", *_tabular(heads, rows), ""]
    steps: list[tuple[str, ...]] = []
    for row in wording.backwards():
        cells = [
            maths.latex_text(cell) for cell in _cells(row, checked=bool(data.checks))
        ]
        cells[1], cells[3] = _mono(row.at), _mono(row.to)
        fold = maths.latex_text(row.fold)
        cells[4], cells[5] = _math(row.rule) + fold, _math(row.numbers)
        steps.append(tuple(cells))
    parts += _tabular(tuple(map(maths.latex_text, _heads(data))), steps)
    for ratio, value in wording.results():
        parts += ["", f"${maths.to_latex(ratio)} = {_tex(value)}$"]
    for n in range(len(data.run.sources)):
        parts += ["", maths.latex_text(_count(wording, n))]
        if equations := _equations(wording, n):
            parts += ["\\[", equations, "\\]"]
    for sweep in data.forward:
        parts += ["", maths.latex_text(f"Forward mode, {wording.start(sweep)}"), ""]
        pushes = [
            (_mono(a), _mono(b), maths.latex_text(c), maths.latex_text(d))
            for a, b, c, d in wording.pushes(sweep)
        ]
        parts += _tabular(_PUSHES, pushes)
    return "\n".join([*parts, "", maths.latex_text(wording.costs())]) + "\n"


def _mono(text: str) -> str:
    return f"${maths.to_latex(maths.symbol(text))}$" if text else ""


def _math(text: str) -> str:
    return f"${maths.to_latex(maths.read(text))}$" if text else ""


def _tabular(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    body = [" & ".join(cells) + r" \\" for cells in rows]
    return [
        rf"\begin{{tabular}}{{{'l' * len(heads)}}}", r"\hline",
        " & ".join(heads) + r" \\ \hline", *body, r"\hline", r"\end{tabular}",
    ]  # fmt: skip


# -- HTML ---------------------------------------------------------------------------


def to_html(data: Explanation, *, theme: str = "auto", exact: bool = False) -> Element:
    """The explanation for a notebook, its formulas as MathML."""
    wording = ExplanationWords(data, exact=exact)
    heads = ("name", "formula", "with numbers", "value", "where")
    forwards = [
        (_name(n), _formula(f), _formula(k), v, w and element("code", w))
        for n, f, k, v, w in wording.forwards()
    ]
    backwards = [*_html_rows(wording)]
    return element(
        "div",
        element("style", css(theme)),
        element("p", wording.opening()),
        _scrolling("Forwards: what was recorded", heads, forwards, (3,)),
        _scrolling("Backwards: the sweep", _heads(data), backwards, (2, 6, 7)),
        *_html_results(wording),
        *chain(*(_html_derivation(wording, n) for n in range(len(data.run.sources)))),
        _html_forward(wording),
        element("p", wording.costs()),
        cls=f"tapeviz-explain {theme}",
    )


def page(data: Explanation, *, theme: str = "auto", exact: bool = False) -> str:
    """The explanation as an HTML document that stands alone."""
    body = to_html(data, theme=theme, exact=exact)
    return document(ExplanationWords(data).opening(), (body,), theme=theme)


def css(theme: str = "auto") -> str:
    """The styles of an explanation, with the theme's colours."""
    fonts = (
        f".tapeviz-explain{{font:15px/1.5 {themes.SANS}}}"
        f".tapeviz-explain.tapeviz-explain code{{font:12.5px {themes.MONO};"
        "white-space:normal}"
    )
    return themes.css(theme) + fonts + themes.paint(_RULES)


_RULES = (
    ".tapeviz-explain{color:@ink;background:@paper;padding:4px 14px 12px;"
    "border-radius:6px;font-variant-numeric:tabular-nums}"
    ".tapeviz-explain .tv-scroll{overflow-x:auto;margin:10px 0 16px}"
    ".tapeviz-explain table{border-collapse:collapse;margin:0;font-size:14px;"
    "color:@ink;background:@paper;border:0}"
    ".tapeviz-explain caption{text-align:left;font-weight:600;padding:6px 0;"
    "color:@ink}"
    ".tapeviz-explain th{text-align:left;color:@muted;font-weight:400;"
    "font-size:12.5px;background:@paper;border:0;border-bottom:1.5px solid;"
    "border-color:@line;padding:3px 14px 3px 0;white-space:nowrap}"
    ".tapeviz-explain td{text-align:left;background:@paper;border:0;"
    "border-bottom:1px solid;border-color:@hair;padding:5px 14px 5px 0;"
    "vertical-align:middle;white-space:nowrap}"
    ".tapeviz-explain .tv-right{text-align:right}"
    ".tapeviz-explain .tv-last{font-weight:600}"
    ".tapeviz-explain .tv-result{font-size:16px;margin:12px 0}"
    ".tapeviz-explain .tv-lines{overflow-x:auto;margin:6px 0 14px}"
    ".tapeviz-explain .tv-lines td{border:0;padding:6px 6px 6px 0;font-size:16px}"
    ".tapeviz-explain math{math-style:normal}"
    ".tapeviz-explain details{margin:8px 0}.tapeviz-explain summary{cursor:pointer;"
    "font-weight:600}"
    ".tapeviz-explain.tapeviz-explain code{color:@muted;background:none;padding:0}"
)


def _mathml(text: str) -> Cell:
    return maths.to_mathml(maths.read(text)) if text else ""


def _name(text: str) -> Cell:
    return maths.to_mathml(maths.symbol(text)) if text else ""


def _formula(text: str) -> Cell:
    plain = text in ("variable", "watched", "constant")
    return text if plain else _mathml(text)


def _scrolling(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    right: Sequence[int],
) -> Element:
    region = {"tabindex": "0", "role": "region", "aria_label": caption}
    return element("div", table(heads, rows, caption, right), cls="scroll", **region)


def _html_rows(wording: ExplanationWords) -> Iterator[list[Cell]]:
    for row in wording.backwards():
        cells: list[Cell] = [*_cells(row, checked=bool(wording.data.checks))]
        cells[1], cells[3] = _name(row.at), _name(row.to)
        cells[4] = element("span", _mathml(row.rule), row.fold)
        cells[5] = _mathml(row.numbers)
        cells[7] = element("span", row.total, cls="last")
        yield cells


def _html_results(wording: ExplanationWords) -> Iterator[Element]:
    for ratio, value in wording.results():
        line = maths.row(ratio, maths.sign("="), maths.number(value))
        yield element("p", maths.to_mathml(line), cls="result")


def _html_derivation(wording: ExplanationWords, n: int) -> Iterator[Element]:
    yield element("p", _count(wording, n))
    rows: list[tuple[Cell, ...]]
    if lines := list(wording.derivation(n)):
        left, _, *first = lines[0].parts
        rows = [("", _equal(line)) for line in (maths.row(*first), *lines[1:])]
        rows[0] = maths.to_mathml(left), rows[0][1]
    else:
        more = wording.recurrences() if wording.data.counts[n] else ()
        rows = [(maths.to_mathml(line),) for line in more]
    if rows:
        body = (element("tr", *(element("td", c) for c in row)) for row in rows)
        lines_table = element("table", element("tbody", *body), role="presentation")
        yield element("div", lines_table, cls="lines")


def _equal(line: Math) -> Element:
    return maths.to_mathml(maths.row(maths.sign("="), line))


def _html_forward(wording: ExplanationWords) -> Element | None:
    tables = [
        _scrolling(
            f"Forward mode, {wording.start(sweep)}", _PUSHES,
            [(_name(a), _name(b), c, d) for a, b, c, d in wording.pushes(sweep)],
            (2, 3),
        )
        for sweep in wording.data.forward
    ]  # fmt: skip
    if not tables:
        return None
    return element("details", element("summary", "The same in forward mode"), *tables)
