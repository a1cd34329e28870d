"""What the learner gets to read: why a gradient is what it is, how it came about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tapeviz.errors import LayoutError
from tapeviz.render.svg import raster
from tapeviz.render.text import diagnosis as words
from tapeviz.render.text import explanation as steps
from tapeviz.trace.diagnosis import Answer, Reason
from tapeviz.trace.explanation import Explanation
from tapeviz.views.drawing import Shown


class Why(Shown):
    """The answer to ``why``: ``answers`` holds one ``Answer`` for each source.

    It prints as text and shows itself in a notebook with the place of the cut marked.
    """

    def __init__(self, answers: Sequence[Answer], *, theme: str = "auto") -> None:
        self.answers = tuple(answers)
        self._theme = theme

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

    def _forms(self) -> dict[str, Callable[..., str | bytes]]:
        return {
            ".html": lambda: words.page(self.answers, theme=self._theme),
            ".txt": self.__str__,
            ".svg": self._picture,
            ".png": self._png,
            ".pdf": lambda: raster.pdf(self._picture()),
            ".json": self.answers[0].to_json,
        }

    def _picture(self) -> str:
        return words.picture(self.answers[0], theme=self._theme)

    def _png(self, scale: float = raster.SCALE) -> bytes:
        return raster.png(self._picture(), scale=scale)

    def _html(self) -> str:
        try:
            return words.to_html(self.answers, theme=self._theme)
        except LayoutError:
            return words.to_html(self.answers, theme=self._theme, drawn=False)

    def __str__(self) -> str:
        return "\n\n".join(map(words.to_text, self.answers))

    __repr__ = __str__


class Explained(Shown):
    """The steps of a gradient as tables and a derivation; ``data`` holds them plainly.

    ``text``, ``markdown`` and ``latex`` are for copying.
    """

    def __init__(
        self, data: Explanation, *, theme: str = "auto", exact: bool = False
    ) -> None:
        self.data = data
        self._theme = theme
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

    def _forms(self) -> dict[str, Callable[..., str | bytes]]:
        return {
            ".html": lambda: steps.page(
                self.data, theme=self._theme, exact=self._exact
            ),
            ".txt": lambda: self.text,
            ".md": lambda: self.markdown,
            ".tex": lambda: self.latex,
            ".json": self.data.to_json,
        }

    def _html(self) -> str:
        return steps.to_html(self.data, theme=self._theme, exact=self._exact)

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__
