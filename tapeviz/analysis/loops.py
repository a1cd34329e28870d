"""What repeats: loops, found from where in the code each op comes from.

An op recorded again from the same place in the code begins another round of whatever
encloses that place. The blocks of the graph tell which loop or function that is, and
which ops are in a branch of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from tapeviz.trace.graph import Graph, Span

NOUNS = {"loop": "iteration", "function": "call"}
"""What is repeated of a block of code."""

_WIDE = 0.8
_ALIKE = 0.6
_MOST = 12


@dataclass(frozen=True)
class Repetition:
    """What repeats around a line of code: a loop's iteration, a function's call.

    ``noun`` says what repeats ("iteration", "call", "repetition"), ``container`` of
    what. ``branches`` counts the ifs between the line and the container.
    """

    noun: str
    container: str
    branches: int = 0


class RepetitionFinder:
    """Finds the innermost loop or function around a span of code."""

    def __init__(self, graph: Graph) -> None:
        self._one_file = len(graph.sources) == 1
        self._blocks = graph.blocks[::-1]

    def of(self, span: Span | None) -> Repetition:
        """What repeats around the line of a span."""
        if span is None:
            return Repetition("repetition", "")
        branches = 0
        for block in self._blocks:
            if block.file != span.file or not block.line <= span.line <= block.end_line:
                continue
            if block.kind in NOUNS:
                where = (
                    f"the {block.kind} at {self.line_in_words(span.file, block.line)}"
                )
                container = f"of {block.name or where}"
                return Repetition(NOUNS[block.kind], container, branches)
            branches += 1
        line = self.line_in_words(span.file, span.line)
        return Repetition("repetition", f"of {line}", branches)

    def line_in_words(self, file: str, line: int) -> str:
        """The line in words, with its file where there are several."""
        cell = file.startswith("In [")
        return f"line {line}" if cell or self._one_file else f"{file}:{line}"


@dataclass(frozen=True)
class Loop:
    """Items ``starts[0]`` to ``stop`` in rounds; each begins at one of ``starts``.

    ``key`` occurs once in each round.
    """

    starts: tuple[int, ...]
    stop: int
    key: int


def pieces(
    keys: Sequence[int], repetitions: Sequence[Repetition]
) -> Iterator[tuple[int, int, Loop | None]]:
    """The items in order, as loops and as the runs between them.

    ``keys`` has a number for each item, the same for items from the same place in the
    code; ``repetitions`` has for each of these numbers what repeats around the place.
    """
    todo: list[tuple[int, int, Loop | None]] = [(0, len(keys), None)]
    found = 0
    while todo:
        low, high, known = todo.pop()
        loop = None if known or found >= _MOST else _loop(keys, repetitions, low, high)
        if loop is None:
            yield from [(low, high, known)] if low < high else []
            continue
        found += 1
        first, last = loop.starts[0], loop.stop
        todo += [(last, high, None), (first, last, loop), (low, first, None)]


def _loop(
    keys: Sequence[int], repetitions: Sequence[Repetition], low: int, high: int
) -> Loop | None:
    """The outermost loop that has most of the items, if there is one."""
    positions: dict[int, list[int]] = {}
    for i in range(low, high):
        positions.setdefault(keys[i], []).append(i)
    reaches = {k: _reach(at) for k, at in positions.items() if _often(at)}
    best = max(reaches.values(), default=0)
    wide = [k for k, reach in reaches.items() if reach >= _WIDE * best]
    for key in sorted(wide, key=lambda k: _rank(repetitions[k], positions[k])):
        loop = _rounds(keys, positions[key], low, high)
        if _credible(keys, loop, repetitions[key]):
            return loop
    return None


def _rank(repetition: Repetition, positions: list[int]) -> tuple[int, int, bool, int]:
    """The sort key of a key: the one that best marks the outermost rounds is least."""
    inner = repetition.noun != "iteration"
    return repetition.branches, len(positions), inner, positions[0]


def _often(at: list[int]) -> bool:
    return len(at) > 2 or (len(at) == 2 and at[1] - at[0] >= 8)


def _reach(at: list[int]) -> float:
    """About how many items the rounds marked by a key have together."""
    return (at[-1] - at[0]) * len(at) / (len(at) - 1)


def _rounds(keys: Sequence[int], marks: list[int], low: int, high: int) -> Loop:
    """The rounds marked by the positions of one key, from where each begins."""
    longest = max(b - a for a, b in pairwise(marks))
    own = {keys[i] for i in range(marks[0], marks[-1] + 1)}
    first = marks[0]
    while first > max(low, marks[0] - longest + 1) and keys[first - 1] in own:
        first -= 1
    head, starts = keys[first], [first]
    for mark, following in pairwise(marks):
        between = range(mark + 1, following + 1)
        starts.append(next((i for i in between if keys[i] == head), mark + 1))
    stop = marks[-1] + 1
    while stop < min(high, marks[-1] + longest) and keys[stop] in own:
        if keys[stop] == head:
            starts.append(stop)
        stop += 1
    return Loop(tuple(starts), stop, keys[marks[0]])


def _credible(keys: Sequence[int], loop: Loop, repetition: Repetition) -> bool:
    """Whether these are rounds of one loop, and not a coincidence."""
    ends = (*loop.starts[1:], loop.stop)
    rounds = list(zip(loop.starts, ends, strict=True))
    if len(rounds) < 5 and not _alike(keys, rounds):
        return False
    if repetition.noun == "iteration" and not repetition.branches:
        return True
    usual = median(b - a for a, b in rounds)
    return sum(b - a == usual for a, b in rounds) >= _ALIKE * len(rounds)


def _alike(keys: Sequence[int], rounds: list[tuple[int, int]]) -> bool:
    """Whether neighbouring rounds come from about the same places."""
    bags = [{keys[i] for i in range(a, b)} for a, b in rounds]
    return all(len(a & b) >= _ALIKE * max(len(a), len(b)) for a, b in pairwise(bags))
