"""A task on any tape: put the steps of the backward pass in order.

Every order is right in which a step comes after all those whose contributions it needs,
not that of the engine alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, ClassVar

from tapeviz.api import play
from tapeviz.errors import value_error
from tapeviz.lessons.feedback import Feedback, show
from tapeviz.lessons.verdict import RIGHT, Verdict, wrong
from tapeviz.render.film.captions import Sentences, say
from tapeviz.render.practice.tasks import ordering_view
from tapeviz.render.svg.options import theme_of
from tapeviz.trace.backward_pass import BackwardPass, Step
from tapeviz.trace.drill import OrderingTask
from tapeviz.views.drawing import Displayable, Form, as_text
from tapeviz.wording.values import join

MOST = 12
"""More steps than these are nothing to put in order by hand."""

LETTERS = "ABCDEFGHIJKL"


class Ordering(Displayable):
    """Steps of a backward pass in a wrong order, shown with buttons to move them.

    ``task`` is the data. ``print`` gives the steps with letters, and ``check("CAB")``
    judges an order of them; so does ``grade(ordering, "CAB")``, which gives points.
    """

    def __init__(self, task: OrderingTask, theme: str, points: float = 1.0) -> None:
        self.task = task
        self.theme = theme_of(theme)
        self.points = points

    @property
    def name(self) -> str:
        """What the function ``check`` calls it."""
        return f"on {self.task.title[0].lower()}{self.task.title[1:]}"

    def judge(self, answer: Any) -> Verdict:
        """How an order stands: letters, or numbers that count from 1."""
        letters = LETTERS[: len(self.task.steps)]
        if answer is ...:
            return Verdict("open", "no answer yet. Put yours where the dots are.")
        order = _indices(answer)
        if sorted(order) != [*range(len(letters))]:
            return wrong(f"Write each of the letters {letters} once.")
        too_early = next(self.task.too_early(order), None)
        if too_early is None:
            return RIGHT
        early, need = (self.task.steps[step] for step in too_early)
        return wrong(f"\u201c{early}\u201d needs what comes from \u201c{need}\u201d.")

    def check(self, answer: Any) -> None:
        """Show how an order stands, as ``judge`` says it."""
        verdict = self.judge(answer)
        show(Feedback(verdict.kind, f"{self.task.title}: {verdict}"))

    forms: ClassVar[dict[str, Form]] = {
        ".html": lambda view: ordering_view(view.task, view.theme, alone=True),
        ".txt": as_text,
    }

    def _html(self) -> str:
        return ordering_view(self.task, self.theme)

    def __str__(self) -> str:
        lines = [f"{c}  {t}" for c, t in zip(LETTERS, self.task.steps, strict=False)]
        how = f'.check("{LETTERS[: len(lines)]}") judges an order.'
        return "\n".join([self.task.title, *lines, how])

    __repr__ = __str__


def _indices(answer: Any) -> list[int]:
    """The steps that letters or numbers name; no order where they are none."""
    if isinstance(answer, str):
        return [LETTERS.find(sign) for sign in answer.upper() if sign not in " ,;-"]
    try:
        return [int(number) - 1 for number in answer]
    except (TypeError, ValueError):
        return []


def ordering(
    tape: Any,
    target: Any = None,
    sources: Any = None,
    *,
    seed: int | str = 1,
    theme: str = "auto",
) -> Ordering:
    """The steps of a backward pass, to be put in order: ``ordering(tape, y, x)``.

    It takes what ``play`` takes for a backward pass: a tape and the gradient meant, or
    the one it was last asked for, or a ``BackwardPass``. The same ``seed`` gives the
    same mixture. ValueError for a pass of more than 12 steps, and where no gradient
    arrives.

    >>> import tapeviz as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     u = 2*x
    ...     y = u*u
    >>> task = ordering(tape, y, x)
    >>> print(task)
    The backward pass from y in order, seed 1
    A  Begin with 1 at y
    B  y = u*u: the gradient of y goes to u twice
    C  The gradient of x is complete
    D  u = 2*x: the gradient of u goes to x
    .check("ABCD") judges an order.
    >>> task.check("ABDC")
    ✓ The backward pass from y in order, seed 1: right.
    """
    run = play(tape, target, sources).run
    if not isinstance(run, BackwardPass):
        what = "there are steps to be put in order in a backward pass only"
        raise value_error(what, "give a tape, a target and sources")
    return Ordering(_task(run, seed), theme)


def _task(run: BackwardPass, seed: int | str) -> OrderingTask:
    words = Sentences(run)
    steps = [*_steps(run, words)]
    if len(steps) > MOST or not run.steps or not any(run.results):
        what = f"this pass has {len(steps)} steps, and {MOST} can be put in order"
        if len(steps) <= MOST:
            what = "no gradient arrives, so there are no steps"
        fix = "record fewer operations, or name a target that the sources lead to"
        raise value_error(what, fix)
    texts = [*_distinct([text for text, _, _ in steps])]
    needs = [needed for _, needed, _ in steps]
    random = Random(f"ordering {seed}")  # noqa: S311 - a mixture, no secrets
    mixed = _mixed(needs, random)
    return OrderingTask(
        f"The backward pass from {words.target} in order, seed {seed}",
        tuple(texts[n] for n in mixed),
        tuple(tuple(map(mixed.index, needs[n])) for n in mixed),
        tuple(steps[n][2] for n in mixed),
    )


Described = tuple[str, list[int], str]
"""A step in words, the indices of those it needs, and what it comes to."""


def _steps(run: BackwardPass, words: Sentences) -> Iterator[Described]:
    """The seed, the operations in the engine's order, and the results."""
    yield f"Begin with 1 at {words.target}", [], ""
    to = _senders(run)
    for step in run.steps:
        shown = f"gradient of {words.names[step.node]}: {say(step.upstream)}"
        yield _text(step, words), to.get(step.node, []), shown
    for source, result in zip(run.sources, run.results, strict=True):
        if result is not None:
            name = words.names[source]
            needed = to.get(source, [])
            yield f"The gradient of {name} is complete", needed, say(result)


def _senders(run: BackwardPass) -> dict[str, list[int]]:
    """For each node the steps whose contributions it gets; 0 is the seed."""
    found: dict[str, list[int]] = {target: [0] for target in run.targets}
    for n, step in enumerate(run.steps, 1):
        for node in dict.fromkeys(c.node for c in step.contributions):
            found.setdefault(node, []).append(n)
    return found


_OFTEN = {1: "", 2: " twice"}


def _text(step: Step, words: Sentences) -> str:
    """A step in words: ``y = u*u: the gradient of y goes to u twice``."""
    node = words.run.graph.by_id[step.node]
    code, name = words.code_or_name(node), words.names[step.node]
    code = words.with_names(node) if code == node.name else code
    named = "".join(code.split()) not in {"", "".join(name.split())}
    counts = Counter(words.names[c.node] for c in step.contributions)
    ends = [
        f"{tail}{_OFTEN.get(count, f' {count} times')}"
        for tail, count in counts.items()
    ]
    whose = (
        f"{name} = {code}: the gradient of {name}" if named else f"{name}: its gradient"
    )
    return f"{whose} goes to {join(ends)}"


def _distinct(texts: Sequence[str]) -> Iterator[str]:
    """The texts, those that are the same told apart by their order on the tape."""
    count = Counter(texts)
    left: Mapping[str, int] = count.copy()
    for text in texts:
        if count[text] == 1:
            yield text
            continue
        yield f"{text} (no. {left[text]} of {count[text]} on the tape)"
        left = Counter(left) - Counter([text])


def _mixed(needs: Sequence[Sequence[int]], random: Random) -> list[int]:
    """The steps in an order that is not right, if there is one."""
    order = list(range(len(needs)))
    for _ in range(20):
        random.shuffle(order)
        if any(order.index(need) > order.index(n) for n in order for need in needs[n]):
            break
    return order
