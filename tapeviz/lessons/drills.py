"""Drills: questions generated from rules, other ones for each seed."""

from __future__ import annotations

import linecache
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

from tapeviz.errors import type_error, value_error
from tapeviz.lessons.drill_rules import RULES, items, sections
from tapeviz.lessons.exercise import Exercise
from tapeviz.lessons.feedback import Feedback, show
from tapeviz.lessons.verdict import Verdict
from tapeviz.render.practice.tasks import answer_text, drill_view
from tapeviz.render.svg.options import theme_of
from tapeviz.trace.drill import DrillItem
from tapeviz.views.drawing import Displayable, Form, as_text

if TYPE_CHECKING:
    from tapeviz.views.diagnosis import Diagnosis
    from tapeviz.views.drawing import Drawing
    from tapeviz.views.player import Player

MOST = 60
LETTERS = "abcd"


@dataclass
class _Answered:
    """How a question was answered so far."""

    tries: int = 0
    hints: int = 0
    right: bool = False
    done: bool = False


class Drill(Displayable):
    """A sheet of questions; ``items`` is the data, each with its code and answer.

    It shows itself in a notebook, where the page judges without a kernel, and saves
    itself as a page. In a terminal ``print`` it and ``check`` the answers.
    """

    def __init__(
        self, section: str, seed: int | str, items: Sequence[DrillItem], theme: str
    ) -> None:
        self.section, self.seed, self.items = section, seed, tuple(items)
        self.theme = theme_of(theme)
        self._progress = [_Answered() for _ in items]

    @property
    def title(self) -> str:
        """What the sheet is called, with the seed that gives it again."""
        return f"Drill {self.section}, seed {self.seed}"

    def judge(self, question: int, answer: Any) -> Verdict:
        """How an answer to a question stands; questions count from 1.

        The answer is a number, None, a list of these where two are asked for, or the
        letter of a choice. ValueError for a question or a letter that is not there.
        """
        item = self._item(question)
        if isinstance(answer, str) and item.choices:
            letters = LETTERS[: len(item.choices)]
            if len(answer) != 1 or answer.lower() not in letters:
                fix = f"choose one of {', '.join(letters)}"
                raise value_error(f"there is no choice {answer!r}", fix)
            found = item.choices[letters.index(answer.lower())]
            answer = found[0] if len(found) == 1 else list(found)
        return self.exercise(question).judge(answer)

    def exercise(self, question: int) -> Exercise:
        """A question as an exercise, which ``check`` and ``grade`` take as well."""

        def plain(answer: Sequence[float | None]) -> Any:
            return answer[0] if len(answer) == 1 else list(answer)

        item = self._item(question)
        mistakes = [(plain(wrong), text) for wrong, text in item.mistakes]
        paths = item.paths if len(item.paths) != 1 else item.paths[0]
        name = f"{self.section}, seed {self.seed}, question {question}"
        return Exercise(plain(item.answer), mistakes, name, paths)

    def check(self, question: int, answer: Any) -> None:
        """Show how an answer stands, and count it; questions count from 1."""
        verdict = self.judge(question, answer)
        right = verdict.right
        progress = self._progress[question - 1]
        if verdict.kind != "open" and not progress.done:
            progress.tries += 1
            progress.right = progress.done = right
        after = self.items[question - 1].because if right else ""
        show(Feedback(verdict.kind, f"Question {question}: {verdict}", after))

    def hint(self, question: int) -> None:
        """Show a hint; asked for again, the answer."""
        item, progress = self._item(question), self._progress[question - 1]
        last = progress.done or progress.hints > 0
        progress.hints += 1
        progress.done = last
        show(Feedback("hint", item.because if last else item.hint))

    @property
    def result(self) -> str:
        """A line that says how many were right, as the page's *Copy result* does.

        It is about the answers given to ``check``; Python knows nothing of a page's.
        """
        right = [one for one in self._progress if one.right]
        first = sum(one.tries == 1 and not one.hints for one in right)
        helped, missed = len(right) - first, len(self.items) - len(right)
        return (
            f"{self.title}: {first} right at once, {helped} with a hint, "
            f"{missed} missed"
        )

    def play(self, question: int) -> Player:
        """The film of the gradient in a question's code."""
        view: Player = self._seen(question, "play")
        return view

    def draw(self, question: int) -> Drawing:
        """The picture of what the tape of a question's code recorded."""
        view: Drawing = self._seen(question, "draw")
        return view

    def why(self, question: int) -> Diagnosis:
        """Why the gradient of a question is None, or where it comes from."""
        view: Diagnosis = self._seen(question, "why")
        return view

    def _seen(self, question: int, verb: str) -> Any:
        name = f"<drill {self.section}, seed {self.seed}, question {question}>"
        names = run(
            self._item(question), name, f"import tapeviz\nview = tapeviz.{verb}(tape)"
        )
        return names["view"]

    def _item(self, question: int) -> DrillItem:
        if not isinstance(question, int):
            what = f"a question is a whole number, not {question!r}"
            raise type_error(what, "give the number of the question first")
        if not 1 <= question <= len(self.items):
            fix = f"choose one from 1 to {len(self.items)}"
            raise value_error(f"there is no question {question}", fix)
        return self.items[question - 1]

    forms: ClassVar[dict[str, Form]] = {
        ".html": lambda view: drill_view(
            view.title, view.items, view.theme, alone=True
        ),
        ".txt": as_text,
    }

    def _html(self) -> str:
        return drill_view(self.title, self.items, self.theme)

    def __str__(self) -> str:
        sheets = [_text(item, n) for n, item in enumerate(self.items, 1)]
        how = '.check(1, "a") judges a choice, .check(1, 6.0) a number; .hint(1) helps.'
        return "\n\n".join([self.title, *sheets, how])

    __repr__ = __str__


def drill(
    section: str, seed: int | str = 1, *, count: int = 6, theme: str = "auto"
) -> Drill:
    """Questions to practise a lesson with: ``drill("10.4", seed="ada")``.

    There are drills for 10.1 to 10.8. Each question is a few lines of code; what can be
    chosen beside the right answer comes from the usual mistakes. The same ``seed``, a
    number or a text such as a name, gives the same questions. ValueError for another
    section, and for fewer than one or more than 60 questions.

    >>> sheet = drill("10.6", seed="ada")
    >>> print(sheet.items[1].code)
    x = tf.Variable(6.0)
    <BLANKLINE>
    with tf.GradientTape() as tape:
        y = x*x - 3*x
    <BLANKLINE>
    x.assign_sub(0.1 * tape.gradient(y, x))
    <BLANKLINE>
    >>> sheet.check(2, 6.9)
    ✗ Question 2: not right yet. You went uphill: the update is subtracted.
    """
    name = str(section)
    if name not in RULES:
        fix = f"choose one of {sections()}"
        raise value_error(f"there is no drill {name!r}", fix)
    if not 1 <= count <= MOST:
        raise value_error(f"{count} questions", f"ask for 1 to {MOST}")
    random = Random(f"drill {name} {seed}")  # noqa: S311 - questions, no secrets
    made = items(name, random, count)
    return Drill(name, seed, [*made], theme)


def run(item: DrillItem, name: str = "<drill>", then: str = "") -> dict[str, Any]:
    """The names after an item's code has run, and after what comes ``then``."""
    import tapeviz

    code = item.code + then
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    names: dict[str, Any] = {"tf": tapeviz}
    # It is text of our own rules, with numbers of theirs.
    exec(compile(code, name, "exec"), names)  # noqa: S102
    return names


def _text(item: DrillItem, n: int) -> str:
    """A question for a terminal."""
    code = "\n".join(f"    {line}".rstrip() for line in item.code.splitlines())
    pairs = zip(LETTERS, item.choices, strict=False)
    choices = [f"  {letter})  {answer_text(item, one)}" for letter, one in pairs]
    return "\n".join([f"{n}. {item.question}", "", code, "", *choices]).rstrip()
