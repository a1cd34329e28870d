"""Forward mode as a film: tangents go from a source through all results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeviz.render.film.backward import build_film
from tapeviz.render.film.backward_frames import CELL, BackwardFrames
from tapeviz.render.film.captions import WHAT_G_IS, addends, ratio, say, total
from tapeviz.trace.backward_pass import BackwardPass, Contribution
from tapeviz.trace.explanation import ForwardPass, ForwardTerm, Push
from tapeviz.trace.film import Film, Frame
from tapeviz.trace.value import Value
from tapeviz.wording.text_width import cut
from tapeviz.wording.values import brief, counted, number

HEADS = (
    "step",
    "node",
    "operand",
    "which moves by",
    "local derivative",
    "so it moves by",
    "in all",
)
"""The columns of forward mode's table; the first is the film's own step."""


def forward_film(
    run: BackwardPass,
    sweeps: tuple[ForwardPass, ...],
    *,
    theme: str = "auto",
    direction: str = "LR",
) -> Film:
    """The film of forward mode, one sweep after the other.

    In a sweep the tangent of one number of a source is 1. There is a frame for each
    local derivative and one for what it adds to the tangent of a result. The last frame
    has the target's tangent, which is one entry of the gradient, and its ``check`` what
    the backward pass found. ValueError when there are no sweeps.
    """
    if not sweeps:
        raise ValueError("there is no sweep of forward mode to tell")
    builder = ForwardFrames(
        run.validate(), heads=HEADS, sweeps=sweeps, slot_label="moves by"
    )
    return build_film(builder, theme=theme, direction=direction)


@dataclass
class ForwardFrames(BackwardFrames):
    """Makes the frames of forward mode: a sweep (one jvp) after the other."""

    sweeps: tuple[ForwardPass, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.starts = {edge.id: edge.tail for edge in self.run.graph.edges}
        every = (c for step in self.run.steps for c in step.contributions)
        self.by_edge: dict[str, Contribution] = {c.edge: c for c in every}
        self.moves: dict[str, str] = {}

    def title(self) -> str:
        """The film's title."""
        return f"Forward mode: how {self.words.target} moves"

    def alt(self) -> str:
        """The film in a few words, for somebody who does not see it."""
        said = " ".join(self._result(sweep) for sweep in self.sweeps)
        return f"Forward mode over the computation graph of {self.words.target}. {said}"

    def all_frames(self) -> Iterator[Frame]:
        """All frames, each with all its marks."""
        ruled = any(
            not self.by_edge[term.edge].local
            for sweep in self.sweeps
            for push in sweep.steps
            for term in push.terms
        )
        yield self.frame(
            f"Forward mode: one number moves, and every result moves with it, in the "
            f"order in which {self.words.target} was computed."
            f"{f' {WHAT_G_IS}' if ruled else ''}",
            (),
        )
        for sweep in self.sweeps:
            yield from self.sweep(sweep)

    def sweep(self, sweep: ForwardPass) -> Iterator[Frame]:
        """One sweep: the seed, every movement, the result."""
        name, source = self.words.moving(sweep), self.run.sources[sweep.source]
        self.phase = f"{name} moves"
        self.marks = {}
        for slot in self.slots.values():
            self.marks[slot] = ""
        self.slots, self.moves = {}, {}
        self._move(source, "1", "value")
        yield self.frame(
            f"{name} moves by 1: its derivative with respect to itself is 1.",
            [source],
            node=self.nodes[source],
            formula=f"{ratio(name, name)} = 1",
        )
        for push in sweep.steps:
            terms: list[Value] = []
            for term in push.terms:
                yield self.derivative(push, term)
                terms.append(term.value)
                yield self.moved(push, term, terms)
        yield self.result(sweep)

    def derivative(self, push: Push, term: ForwardTerm) -> Frame:
        """The frame of one operand's local derivative."""
        c = self.by_edge[term.edge]
        text = self.words.local(c) or self.words.rule_in_names(c)
        if c.local_value is not None:
            text = f"\u00d7 {brief(c.local_value, 14)}"
        chip = [self.note(c.edge, text, "rule")] if self.small else []
        return self.frame(
            self.words.rule(c),
            [push.node, c.edge, *chip],
            node=self.nodes[push.node],
            formula=self.words.rule_formula(c),
            row=len(self.rows),
        )

    def moved(self, push: Push, term: ForwardTerm, terms: list[Value]) -> Frame:
        """The frame in which an operand's tangent adds to the result's."""
        c = self.by_edge[term.edge]
        head, tail = self.words.names[push.node], self.words.operand(term.edge)
        by = self.moves[self.starts[term.edge]]
        last = len(terms) == len(push.terms)
        now = push.value if last else term.value
        text = total(terms, push.value) if last and len(terms) > 1 else brief(now)
        self._move(push.node, text, "zero" if now.is_zero else "value")
        note = self.note(c.edge, brief(term.value, 16), "done")
        self.marks |= {c.edge: "done", note: "on"}
        said = f"{tail} moves by {by}, so {head} moves by {say(term.value)}"
        if len(terms) > 1:
            parts = " + ".join(addends(terms))
            said += f" more: {parts} = {brief(push.value)} in all" if last else " more"
        elif not last:
            said += " so far, and another operand moves it too"
        local = "" if c.local_value is None else brief(c.local_value)
        shown = f"{by} * {local} = {brief(term.value)}" if local else brief(term.value)
        row = (
            str(self.frame_count),
            head,
            tail,
            by,
            local or self.words.rule_in_names(c),
            brief(term.value),
        )
        self.rows.append(tuple(cut(cell, CELL) for cell in (*row, text)))
        return self.frame(
            f"{said}.",
            [push.node, c.edge, note],
            node=self.nodes[push.node],
            formula=shown if len(terms) == 1 else f"{shown};  {head}: {text}",
            row=len(self.rows) - 1,
        )

    def _move(self, node: str, text: str, state: str) -> None:
        self.moves[node] = text.rpartition(" = ")[2]
        self.show(node, cut(text, 26), state)

    def result(self, sweep: ForwardPass) -> Frame:
        """The frame of the target's tangent, compared with the backward pass."""
        more = ""
        if sweep is self.sweeps[-1]:
            size = sum(self.nodes[id].value.size for id in self.run.sources if id)
            if size > 1:
                more = (
                    f" Forward mode takes {counted(size, 'sweep')} for the whole "
                    "gradient, backward mode takes 1."
                )
        return self.frame(
            self._result(sweep) + more,
            self.run.targets,
            formula=f"{ratio(self.words.target, self.words.moving(sweep))} = "
            f"{number(sweep.result)}",
            check=self._check(sweep),
        )

    def _check(self, sweep: ForwardPass) -> str:
        value = self.run.results[sweep.source]
        if value is None or value.data is None:
            return ""
        entry, name = value.data[sweep.entry], self.words.moving(sweep)
        return f"The backward pass found {number(entry)} for {name}."

    def _result(self, sweep: ForwardPass) -> str:
        return (
            f"When {self.words.moving(sweep)} moves by 1, {self.words.target} moves by "
            f"{number(sweep.result)}: that is its derivative."
        )
