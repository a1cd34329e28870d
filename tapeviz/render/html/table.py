"""A table as HTML."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TypeAlias

from tapeviz.trace.markup import Element, element

Cell: TypeAlias = Element | str
"""What stands in a cell."""


def table(
    heads: Iterable[Cell],
    rows: Iterable[Iterable[Cell]],
    caption: str = "",
    right: Container[int] = (),
    *,
    row_heads: bool = False,
) -> Element:
    """The table with a head for each column; the columns ``right`` are flush right.

    A head is a text, or an element ``th`` with attributes of its own. With
    ``row_heads`` the first cell of a row is its head.

    >>> table(["x"], [["1"]]).write()
    '<table><thead><tr><th scope="col">x</thead><tbody><tr><td>1</tbody></table>'
    """

    def cell(said: Cell, k: int, scope: str | None = None) -> Element:
        look = "right" if k in right else None
        return element("th" if scope else "td", said, scope=scope, cls=look)

    first = "row" if row_heads else None
    head = (
        cell(said, k, "col") if isinstance(said, str) else said.having(scope="col")
        for k, said in enumerate(heads)
    )
    body = (
        element("tr", *(cell(c, k, None if k else first) for k, c in enumerate(row)))
        for row in rows
    )
    return element(
        "table",
        element("caption", caption) if caption else None,
        element("thead", element("tr", *head)),
        element("tbody", *body),
    )
