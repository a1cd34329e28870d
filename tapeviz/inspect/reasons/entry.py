"""One reason as an entry of a table, and how a table of them is asked.

Facts are what evidence finds: words for the sentence under names of their own, and
``line``, ``node``, ``span``, ``nodes``, ``edges`` and ``edits`` where they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tapeviz.inspect.gradient_question import Question, edge
from tapeviz.trace.diagnosis import Edit, Reason

Facts = dict[str, Any]
Edits = tuple[Edit, ...]
Evidence = Callable[[Question, Facts], Facts | bool | str | None]
Places = Iterable[tuple[Any, Facts]]
"""Where a reason may be: each place with what sorts it, and what is known of it."""


def given(_question: Question, facts: Facts) -> Edits:
    """The edits that the evidence found already."""
    edits: Edits = facts.get("edits", ())
    return edits


@dataclass(frozen=True)
class Entry:
    """A reason: its evidence, its sentence, what to do, and the edit that does it.

    ``evidence`` gives further facts, or True, where it holds. The texts are templates
    of facts, of ``{x}``, ``{y}``, ``{tape}`` and ``{tf}``, and of ``{new}``, the code
    after the edit; ``by_hand`` is what to do where there is none.
    """

    kind: str
    evidence: Evidence
    sentence: str
    fix: str
    edit: Callable[[Question, Facts], Edits] = given
    by_hand: str = ""
    sure: bool = True

    def reason(self, question: Question, facts: Facts) -> Reason:
        """The reason, said with these facts."""
        edits = self.edit(question, facts)
        fix = self.fix if edits or not self.by_hand else self.by_hand
        words = {
            "x": question.x_name, "y": question.y_name, "tape": question.tape_name,
            "tf": question.tf, "new": edits[0].new if edits else "", **facts,
        }  # fmt: skip
        where = (
            facts["span"]
            if "span" in facts
            else question.span(facts.get("line"), facts.get("node"))
        )
        return Reason(
            self.kind, self.sentence.format_map(words), fix.format_map(words), where,
            edits, facts.get("nodes", ()), facts.get("edges", ()), self.sure,
        )  # fmt: skip


def first_reason(
    question: Question, entries: Iterable[Entry], facts: Facts
) -> Reason | None:
    """The first of the reasons whose evidence holds."""
    for entry in entries:
        more = entry.evidence(question, facts)
        if more:
            found = more if isinstance(more, dict) else {}
            return entry.reason(question, {**facts, **found})
    return None


@dataclass(frozen=True)
class Search:
    """Places, and the entries of which one is told at each."""

    places: Callable[[Question], Places]
    entries: tuple[Entry, ...]

    def found(self, question: Question) -> Iterator[tuple[Any, Reason]]:
        """The reasons, each with what sorts it."""
        for order, facts in self.places(question):
            reason = first_reason(question, self.entries, facts)
            if reason is not None:
                yield order, reason

    def where(self, holds: Callable[[Question], bool]) -> Search:
        """The same, where something holds."""
        return Search(lambda q: self.places(q) if holds(q) else (), self.entries)


def once(_question: Question) -> Places:
    """No place in particular."""
    yield (0,), {}


def always(_question: Question, _facts: Facts) -> bool:
    """Evidence of an entry that is told if none before it is."""
    return True


def lit(question: Question, i: int) -> tuple[str, ...]:
    """The id of a record's node, if the record is drawn."""
    return (f"n{i}",) if i in question.builder.indices else ()


def at_edge(question: Question, i: int, slot: int, j: int) -> Facts:
    """What is known of an operand of a record."""
    return {
        "i": i, "slot": slot, "j": j, "name": question.op(i).name,
        "code": question.code(i), "operand": question.known(j),
        "span": question.builder.span(i), "edges": edge(i, slot),
        "line": question.line(i), "node": question.node(i),
    }  # fmt: skip
