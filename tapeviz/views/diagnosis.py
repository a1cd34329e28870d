"""The answers of ``why`` and ``explain``, which show, print and save themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from tapeviz.analysis.explained import explained
from tapeviz.errors import LayoutError
from tapeviz.render.svg import pdf, raster
from tapeviz.render.svg.options import theme_of
from tapeviz.render.svg.standalone import standalone
from tapeviz.render.text import diagnosis as words
from tapeviz.render.text import explanation as steps
from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.diagnosis import Answer, Reason
from tapeviz.trace.explanation import Explanation
from tapeviz.trace.markup import Element
from tapeviz.views.drawing import Displayable, Form, as_text


class Diagnosis(Displayable):
    """The answer to ``why``: ``answers`` holds one ``Answer`` for each source.

    It prints as text and shows itself in a notebook with the place of the cut marked.
    """

    def __init__(self, answers: Sequence[Answer], *, theme: str = "auto") -> None:
        self.answers = tuple(answers)
        self._theme = theme_of(theme)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons of all answers, each answer's first one first."""
        return tuple(reason for one in self.answers for reason in one.reasons)

    @property
    def result(self) -> str:
        """What the first gradient is: "none", "zero", "nan", "inf" or "value"."""
        return self.answers[0].result if self.answers else "none"

    def __iter__(self) -> Iterator[Answer]:
        return iter(self.answers)

    def __len__(self) -> int:
        return len(self.answers)

    def _page(self) -> str:
        return words.page(self.answers, theme=self._theme)

    def _picture(self) -> Element:
        return words.picture(self.answers[0], theme=self._theme)

    def _svg(self) -> str:
        return standalone(self._picture())

    def _png(self, scale: float = raster.SCALE) -> bytes:
        return raster.png(self._picture(), scale=scale)

    def _printed(self) -> bytes:
        return raster.printed(self._picture())

    def _pdf(self) -> bytes:
        return pdf.pages(self._picture())

    forms: ClassVar[dict[str, Form]] = {
        ".html": _page,
        ".txt": as_text,
        ".svg": _svg,
        ".png": _png,
        ".pdf": _pdf,
        ".json": lambda diagnosis: diagnosis.answers[0].to_json(),
    }

    def _html(self) -> str:
        try:
            html = words.to_html(self.answers, theme=self._theme)
        except LayoutError:
            html = words.to_html(self.answers, theme=self._theme, drawn=False)
        return html.write()

    def __str__(self) -> str:
        return "\n\n".join(map(words.to_text, self.answers))

    __repr__ = __str__


class ExplanationView(Displayable):
    """The steps of a gradient as tables and a derivation; ``data`` holds them plainly.

    ``text``, ``markdown`` and ``latex`` are for copying.
    """

    def __init__(
        self,
        data: Explanation | BackwardPass,
        *,
        theme: str = "auto",
        exact: bool = False,
    ) -> None:
        self.data = explained(data) if isinstance(data, BackwardPass) else data
        self._theme = theme_of(theme)
        self._exact = exact

    @property
    def text(self) -> str:
        """The explanation as plain text."""
        return steps.to_text(self.data, exact=self._exact)

    @property
    def markdown(self) -> str:
        """The explanation as Markdown."""
        return steps.to_markdown(self.data, exact=self._exact)

    @property
    def latex(self) -> str:
        """The explanation as LaTeX, for a document that uses amsmath."""
        return steps.to_latex(self.data, exact=self._exact)

    def _page(self) -> str:
        return steps.page(self.data, theme=self._theme, exact=self._exact)

    forms: ClassVar[dict[str, Form]] = {
        ".html": _page,
        ".txt": as_text,
        ".md": lambda explanation: explanation.markdown,
        ".tex": lambda explanation: explanation.latex,
        ".json": lambda explanation: explanation.data.to_json(),
    }

    def _html(self) -> str:
        return steps.to_html(self.data, theme=self._theme, exact=self._exact).write()

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__
