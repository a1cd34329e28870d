"""Which columns of which lines a step lights."""

from __future__ import annotations

from tapeviz.render.html.code_lines import lit_spans
from tapeviz.trace.graph import Source, Span

CODE = (
    Source("a.py", 10, ("y = f(", "    x,", ")")),
    Source("b.py", 1, ("return x * x",)),
)


def span(file: str, *columns: int) -> Span:
    return Span(file, *columns, "")


def test_a_span_over_lines_leaves_out_the_indents() -> None:
    assert lit_spans(CODE, [span("a.py", 10, 4, 12, 1)]) == (
        (0, 4, 6),
        (1, 4, 6),
        (2, 0, 1),
    )


def test_lines_are_counted_through_all_sources() -> None:
    assert lit_spans(CODE, [span("b.py", 1, 7, 1, 8)]) == ((3, 7, 8),)


def test_spans_that_overlap_become_one() -> None:
    spans = [
        span("b.py", 1, 7, 1, 10),
        span("b.py", 1, 9, 1, 12),
        span("b.py", 1, 0, 1, 6),
    ]
    assert lit_spans(CODE, spans) == ((3, 0, 6), (3, 7, 12))


def test_what_is_not_in_the_lines_is_left_out() -> None:
    assert lit_spans(CODE, [span("a.py", 99, 0, 99, 5), span("c.py", 1, 0, 1, 5)]) == ()
    assert lit_spans(CODE, [span("b.py", 1, 7, 1, 900)]) == ((3, 7, 12),)
