"""Adds to a graph what the tape did not record: nodes, edges and notes.

It is known from three sources: the records (operands that are not on the tape, events
of values that left it), the learner's variables as they are now, and the code. What
none of them shows for sure is left out.
"""

from __future__ import annotations

import ast
import heapq
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np

from tapeviz.engine.ops import TABLE
from tapeviz.engine.records import Event, Failure
from tapeviz.engine.tensor import Tensor, Variable, array_of
from tapeviz.inspect.code_lookup import (
    OPERATORS,
    Definition,
    Lookup,
    is_tensor,
    names_in,
)
from tapeviz.inspect.graph_builder import GraphBuilder
from tapeviz.inspect.nested_tapes import frames
from tapeviz.inspect.reasons import broken_path, code_edits, not_on_tape
from tapeviz.inspect.reasons.entry import Entry, Facts, at_edge, first_reason
from tapeviz.inspect.reasons.flat_ops import CUT
from tapeviz.inspect.replay import value_of
from tapeviz.inspect.source.dataflow import (
    CallSite,
    ProgramSource,
    Statement,
    deep,
    dotted,
)
from tapeviz.inspect.source.variables import Names
from tapeviz.trace.graph import Graph, Node, Note, Span, UnrecordedEdge
from tapeviz.trace.value import UNKNOWN, Value

MANY = 24
"""At most this many unrecorded nodes are added to a graph."""

WIDE = 8000
"""To a graph with more nodes nothing unrecorded is added."""

JUMPS = 100
"""Of more assignments than this none is shown; of more values that left, the last."""

_LARGE = "In a picture this large, what was not recorded is not shown."
_SIGNS = {op.name: op.symbol for op in TABLE}
_SENTENCES = {
    "outside": "{what} was computed outside of {tape}'s block.",
    "elsewhere": "{what} was recorded by another tape, not by {tape}.",
    "forgotten": "{tape}.reset() made the tape forget how {what} was computed.",
    "paused": "{what} was computed under stop_recording.",
    "unrecorded": "{what} was not recorded by {tape}.",
    "unseen": "{what} was computed from nothing that {tape} watched at that moment.",
    "derivative": "{what} is a derivative without anything in it that {tape} watches.",
}
_ASKING = ("gradient", "jacobian", "batch_jacobian")


def add_unrecorded(  # noqa: PLR0913, PLR0917 - all that a picture is drawn from
    builder: GraphBuilder, drawn: Graph, names: Names, program: ProgramSource,
    targets: list[Any], sources: list[Any], *, asking: bool,
) -> Graph:  # fmt: skip
    """The graph with what the tape did not record, as far as that is known.

    ``asking`` says that the gradients of the sources have been asked for.
    """
    notes = tuple(_notes(builder))
    if len(drawn.nodes) > WIDE:
        return replace(drawn, notes=(*notes, Note("more", _LARGE)))
    unrecorded = UnrecordedParts(
        Lookup(builder, names, program), drawn, targets, sources, asking
    )
    unrecorded.others()
    unrecorded.operands()
    unrecorded.departures()
    unrecorded.lines()
    unrecorded.asked()
    unrecorded.assignments()
    unrecorded.silences()
    unrecorded.failure()
    unrecorded.settle()
    whole = unrecorded.graph(drawn, notes)
    return replace(whole, frames=frames(builder, names, whole.nodes, whole.edges))


class UnrecordedParts:
    """Collects unrecorded nodes, and the edges between them and recorded ones.

    ``things`` has the node of each tensor by its ``id``, ``named`` that of each name in
    a statement, ``codes`` that of each expression; ``todo`` are the nodes whose
    operands are still to be found.
    """

    def __init__(
        self, look: Lookup, drawn: Graph, targets: list[Any], sources: list[Any],
        asking: bool,
    ) -> None:  # fmt: skip
        self.look, self.log, self.builder = look, look.builder.records, look.builder
        self.nodes: dict[str, Node] = {node.id: node for node in drawn.nodes}
        self.edges = {edge.id: edge for edge in drawn.edges}
        self.unrecorded_edges: dict[tuple[str, str], UnrecordedEdge] = {}
        self.targets, self.sources, self.asking = targets, sources, asking
        self.things: dict[int, str] = {}
        self.named: dict[tuple[Statement, str], str] = {}
        self.words: dict[str, list[str]] = {}
        self.left: set[CallSite] = set()
        self.codes: dict[int, str] = {}
        self.todo: deque[tuple[str, Statement, ast.AST]] = deque()
        self.made = 0

    # -- operands that are not on the tape ---------------------------------------------

    def others(self) -> None:
        """Mark the nodes that another tape recorded in the same recording."""
        watched = {one.index for one in self.log.watched}
        indices, name = set(self.look.question.indices()), self.look.question.tape_name
        for id, node in self.nodes.items():
            leaf, known = node.kind != "op", node.name or "This"
            if id[0] != "n" or int(id[1:]) in (watched if leaf else indices):
                continue
            did = "is watched" if leaf else "was recorded"
            note = f"{known} {did} by another tape, not by {name}."
            self.nodes[id] = replace(node, unrecorded="elsewhere", note=note)

    def operands(self) -> None:
        """Give the constants in the graph their names, and say where they came from."""
        for id in [id for id, node in self.nodes.items() if node.kind == "constant"]:
            i, slot = map(int, id[1:].split("_"))
            self._operand(id, i, slot, self.log[i].values[slot])
        for word, ids in self.words.items():
            if len(ids) == 1 and self.look.names.get(word.partition(".")[0]) is None:
                self.nodes[ids[0]] = replace(self.nodes[ids[0]], name=word)
        self._follow()

    def _operand(self, id: str, i: int, slot: int, v: Any) -> None:
        name, thing, found = self._origin(id, self.look.operand(i, slot), v)
        if thing is not None:
            self.things[identity_of(thing)] = id
        name = name or self.nodes[id].name
        node = replace(self.nodes[id], name=name)
        if found is not None and self._is_computed(found):
            if name:
                self.named[found[0], name] = id
            self.nodes[id] = self._op(node, thing, *found)
        else:
            self.nodes[id] = node if thing is None else self._leaf(node, thing)

    def _origin(
        self, id: str, found: Definition | None, v: Any
    ) -> tuple[str, Any, Definition | None]:
        """An operand's name, the tensor itself, and the expression that made it.

        A name is that of a variable which still holds the value.
        """
        known = self.builder.holders.get(identity_of(v)) if _shared(v) else None
        name, thing = known or ("", None)
        word = "" if found is None else dotted(found[1])
        if found is None or not word:
            plain = found is None or isinstance(found[1], ast.Constant)
            made = self._definition(name, None) if name else None
            return name, thing, made if plain else found
        made, held = self._definition(word, found[0]), self.look.held(word, found[0])
        if is_tensor(held) and array_of(held) is v:
            return word, held, made
        if thing is not None:
            return name, thing, made
        if _equal(held, v) and self.builder.constant_values.get(word, 1) == 1:
            return word, None, made
        self.words.setdefault(word, []).append(id)
        return "", None, made

    def _definition(self, name: str, line: Statement | None) -> Definition | None:
        line = line or self.look.program.asking_line
        made = None if line is None else self.look.definition(name, line)
        value = None if made is None else made.value
        return None if made is None or value is None else (made, value)

    def _is_computed(self, found: Definition) -> bool:
        """Whether an expression computes with tensors, and is no plain constant."""
        line, code = found
        return bool(self._exits_in(line, code)) or any(
            self._tensorial(name, line) for name in names_in(code)
        )

    def _tensorial(self, name: str, line: Statement) -> bool:
        if is_tensor(self.look.held(name, line)) or (line, name) in self.named:
            return True
        made = self.look.definition(name, line)
        if made is None or made.value is None:
            return False
        return self.look.record_at(made, made.value) >= 0 or self._maker(made.value)

    def _maker(self, code: ast.AST) -> bool:
        """Whether an expression plainly makes a tensor, like ``tf.constant(3.0)``."""
        if not isinstance(code, ast.Call):
            return False
        root, _, last = dotted(code.func).rpartition(".")
        return root == self.look.question.tf and last in not_on_tape.MAKERS

    # -- unrecorded nodes --------------------------------------------------------------

    def _leaf(self, node: Node, thing: Any) -> Node:
        """A tensor that was not computed from anything in the picture."""
        question = self.look.about(thing, node.name)
        why = not_on_tape.source(question)
        kind = "variable" if isinstance(thing, Variable) else "constant"
        unrecorded = "elsewhere" if self.look.question.foreign(thing) else "unwatched"
        unrecorded = (
            "paused" if why is not None and why.kind == "paused" else unrecorded
        )
        made = replace(
            node, kind=kind, op=kind, unrecorded=unrecorded,
            note=self._unread(node.name) if why is None else why.sentence,
            span=None if why is None else why.span,
        )  # fmt: skip
        return self._marked(made, thing)

    def _unread(self, name: str) -> str:
        """The note on a variable that was not read while the tape recorded."""
        tape, known = self.look.question.tape_name, name or "this"
        if self.log.dropped:
            return f"{tape}.reset() made the tape forget {known}."
        return f"{known} was not read while {tape} recorded."

    def _op(self, node: Node, thing: Any, line: Statement, code: ast.expr) -> Node:
        """Something computed that the tape did not record."""
        unrecorded = self._kind(thing, line, code, node.id)
        self.todo.append((node.id, line, code))
        span = self.look.span(line, code)
        return self._marked(
            replace(
                node, kind="op", op=_called(code) or "code", symbol=_sign(code),
                formula=_text(span, code),
                unrecorded=unrecorded,
            note=self._note(unrecorded, node.name, line, code), span=span,
            ),
            thing,
        )  # fmt: skip

    def _where(self, line: Statement, id: str) -> str:
        """Why a line was not recorded, by where it ran: one of ``NOT_RECORDED``.

        A function that runs in the block computed its own values there, too.
        """
        block = self.look.block
        if self.look.inside(line):
            return "unseen"
        if block is not None and line.scope == block[0].scope:
            return "outside"
        if id[0] != "k":
            return "unrecorded"
        site = self.log[int(id[1:].partition("_")[0])].call_site
        user = None if site is None else self.look.line(site)
        return "unseen" if user and user.scope == line.scope else "unrecorded"

    def _kind(self, thing: Any, line: Statement, code: ast.expr, node: str) -> str:
        if self._exits_in(line, code):
            return "left"
        if thing is not None and self.look.question.foreign(thing):
            return "forgotten" if self.log.dropped else "elsewhere"
        if self.look.question.paused(line):
            return "paused"
        return self._where(line, node)

    def _note(self, unrecorded: str, name: str, line: Statement, code: ast.AST) -> str:
        """The reason in a sentence; ``why`` gives the same one."""
        if unrecorded == "left":
            facts = not_on_tape.left_at(line, code)
            return self._sentence_at(not_on_tape.LEFT, facts)
        if (
            unrecorded == "outside"
            and name
            and line is not self.look.program.asking_line
        ):
            return self._sentence_at(not_on_tape.OUTSIDE, {"line": line})
        asking = isinstance(code, ast.Call) and bool(line.calls & {*_ASKING})
        said = _SENTENCES[
            "derivative" if unrecorded == "unseen" and asking else unrecorded
        ]
        return said.format(what=name or "this", tape=self.look.question.tape_name)

    def _sentence_at(self, entries: tuple[Entry, ...], facts: Facts) -> str:
        """The sentence that ``why`` has for a place."""
        reason = first_reason(self.look.question, entries, facts)
        return "" if reason is None else reason.sentence

    def _at_edge(self, entries: tuple[Entry, ...], i: int, slot: int, j: int) -> str:
        return self._sentence_at(entries, at_edge(self.look.question, i, slot, j))

    def _marked(self, node: Node, thing: Any) -> Node:
        """The node, marked as target or source of the gradient asked for."""
        source = any(thing is s for s in self.sources)
        target = any(thing is t for t in self.targets)
        none = source and not target and self.asking
        return replace(
            node, target=target, source=source, grad="none" if none else node.grad
        )

    def _new(self, name: str, value: Value) -> Node | None:
        """A node to be filled in, if there is room for one more."""
        if self.made >= MANY:
            return None
        self.made += 1
        return Node(f"u{self.made}", "constant", "constant", "", "", name, value)

    def node(self, name: str, line: Statement) -> str:
        """The id of the node that a line reads by this name; made if there is none."""
        held = self.look.held(name, line)
        held = held if is_tensor(held) else None
        found = self._definition(name, line)
        known = self._known(name, held, found)
        if known:
            return known
        maker = found is not None and self._maker(found[1])
        has_node = held is not None or (maker and not self.look.watched(name))
        return self.add_node(name, held, found) if has_node else ""

    def _known(self, name: str, held: Any, found: Definition | None) -> str:
        """The id of the node of a tensor or of a definition; "" if it has none."""
        if held is not None:
            index = f"n{self.log.index_of(held)}"
            if index in self.nodes or identity_of(held) in self.things:
                return index if index in self.nodes else self.things[identity_of(held)]
        if found is None:
            return ""
        index = f"n{self.look.record_at(*found)}"
        return index if index in self.nodes else self.named.get((found[0], name), "")

    def add_node(self, name: str, thing: Any, found: Definition | None) -> str:
        """Add an unrecorded node; its id, or "" beyond ``MANY``."""
        node = self._new(name, UNKNOWN if thing is None else value_of(array_of(thing)))
        if node is None:
            return ""
        if thing is not None:
            self.things[identity_of(thing)] = node.id
        if found is not None:
            self.named[found[0], name] = node.id
        if found is not None and self._is_computed(found):
            self.nodes[node.id] = self._op(node, thing, *found)
        elif thing is not None:
            self.nodes[node.id] = self._leaf(node, thing)
        elif found is not None:
            self.nodes[node.id] = replace(
                node, unrecorded="unwatched", span=self.look.span(*found),
                note=f"{name} is a constant, and the tape was not told to watch it.",
            )  # fmt: skip
        return node.id

    def _follow(self) -> None:
        """Add the edges into the unrecorded nodes made so far."""
        while self.todo:
            head, line, code = self.todo.popleft()
            exits = self._exits_in(line, code)
            self.left.update(exits)
            events = sorted(chain.from_iterable(exits.values()))
            for _, index in events if len(events) <= JUMPS else events[-1:]:
                self._add_edge(f"n{index}", head, "left")
            if not events or self.nodes[head].unrecorded == "failed":
                for tail in dict.fromkeys(self._inputs(line, code)):
                    self._add_edge(tail, head)

    def _inputs(self, line: Statement, code: ast.AST) -> Iterable[str]:
        """What an expression takes its values from."""
        todo = deque(ast.iter_child_nodes(code) if not dotted(code) else [code])
        while todo:
            one = todo.popleft()
            index = f"n{self.look.record_at(line, one)}"
            if index in self.nodes or id(one) in self.codes:
                yield index if index in self.nodes else self.codes[id(one)]
            elif dotted(one):
                yield self.node(dotted(one), line)
            elif not isinstance(one, ast.Lambda):
                todo.extend(ast.iter_child_nodes(one))

    def _add_edge(self, tail: str, head: str, cut: str = "", note: str = "") -> None:
        known = tail in self.nodes and head in self.nodes and tail != head
        if known and (tail, head) not in self.unrecorded_edges:
            id = f"t{len(self.unrecorded_edges)}"
            self.unrecorded_edges[tail, head] = UnrecordedEdge(
                id, tail, head, cut, note
            )

    # -- what was asked, and the lines -------------------------------------------------

    def asked(self) -> None:
        """Targets and sources that are not on the tape."""
        for thing in (*self.sources, *self.targets):
            missing = f"n{self.log.index_of(thing)}" not in self.nodes
            if missing and identity_of(thing) not in self.things:
                question = self.look.question
                name = question.name_of(thing)
                found = self._definition(name, None) if name else None
                if found is not None or any(thing is s for s in self.sources):
                    self.add_node(name or question.written(thing), thing, found)
        self._follow()

    def lines(self) -> None:
        """Statements that made tensors which are not on the tape."""
        for line in self.look.lines:
            self._line(line)
        for line in self.look.later:
            if self._uses(line):
                self._line(line)
        self._follow()

    def _line(self, line: Statement) -> None:
        name, code = _given(line)
        if not name or code is None or (line, name) in self.named:
            return
        if line.calls & {*_ASKING} or self.look.record_at(line, code) >= 0:
            return
        thing = self.look.result(name, line)
        if thing is None and self._computes(line, name, code):
            self.add_node(name, None, (line, code))
        elif thing.__class__ is Tensor and self._is_computed((line, code)):
            missing = f"n{self.log.index_of(thing)}" not in self.nodes
            if missing and identity_of(thing) not in self.things:
                self.add_node(name, thing, (line, code))
        self._follow()

    def _computes(self, line: Statement, name: str, code: ast.expr) -> bool:
        """Whether a line out of sight surely made a tensor from tensors."""
        plain = isinstance(code, (ast.BinOp, ast.UnaryOp))
        ours = dotted(getattr(code, "func", code)).startswith(
            f"{self.look.question.tf}."
        )
        hidden = line.sure and not self.look.seen(name, line)
        return hidden and (plain or ours) and self._is_computed((line, code))

    def _uses(self, line: Statement) -> bool:
        """Whether a line reads something recorded, by a name."""
        return any(
            f"n{self.log.index_of(thing)}" in self.nodes
            for name in line.reads
            if is_tensor(thing := self.look.held(name, line))
        )

    # -- values that left --------------------------------------------------------------

    @cached_property
    def _exits(self) -> dict[int, dict[CallSite, list[tuple[int, int]]]]:
        """Where values left the tape: by expression and instruction, when and which."""
        found: dict[int, dict[CallSite, list[tuple[int, int]]]] = {}
        for moment, event in enumerate(self.log.events):
            if event.what == "left" and f"n{event.index}" in self.nodes:
                sites = found.setdefault(id(self.look.node(event.call_site)), {})
                sites.setdefault(event.call_site, []).append((moment, event.index))
        return found

    def _exits_in(
        self, line: Statement, code: ast.AST
    ) -> dict[CallSite, list[tuple[int, int]]]:
        """Those within an expression, by instruction, as far as none has told them."""
        return {
            site: exits
            for node in ast.walk(code)
            for site, exits in self._exits.get(id(node), {}).items()
            if site not in self.left and self.look.line(site) is line
        }

    def departures(self) -> None:
        """Values that left the tape, and of which nothing came back."""
        for event in self.log.events:
            site, drawn = event.call_site, f"n{event.index}" in self.nodes
            if event.what == "left" and site not in self.left and drawn:
                self._departure(event.index, site)
                self.left.add(site)

    def _departure(self, index: int, call_site: CallSite) -> None:
        line, node = self.look.line(call_site), self.look.node(call_site)
        if line is None or not isinstance(node, ast.expr) or "print" in line.calls:
            return
        code = code_edits.outermost(self.look.question, line, node)
        name, value = _given(line)
        name = name if value is code else ""
        plain = code is node and _plain(code) and self._once(call_site)
        known = self.look.result(name, line) if name else None
        thing = known if is_tensor(known) else None
        shown = self.builder.values[index] if plain else _raw(known)
        number = isinstance(shown, (int, float, np.generic, np.ndarray))
        made = self._new(name, value_of(shown) if number else UNKNOWN)
        if made is None:
            return
        if thing is not None:
            self.things[identity_of(thing)] = made.id
        if name:
            self.named[line, name] = made.id
        self.nodes[made.id] = self._op(made, thing, line, code)
        self._follow()
        self.codes[id(code)] = made.id

    def _once(self, call_site: CallSite) -> bool:
        """Whether just one value left at an instruction."""
        return sum(event.call_site == call_site for event in self.log.events) == 1

    def assignments(self) -> None:
        """Values assigned to a variable, which holds only the number."""
        jumps = self.look.question.jumps
        for index, to, event in jumps if len(jumps) <= JUMPS else ():
            self._assignment(f"n{to}", index, event)
        for event in self.log.events:
            head = self.things.get(identity_of(event.variable), "")
            if event.what in ("assigned", "made") and head:
                self._assignment(head, event.index, event)

    def _assignment(self, head: str, index: int, event: Event) -> None:
        facts = broken_path.assigned_at(self.look.question, index, event)
        said = self._sentence_at(broken_path.INTO_VARIABLE, facts)
        self._add_edge(f"n{index}", head, "assigned", said)

    def silences(self) -> None:
        """Gradient functions of the learner's own that gave None."""
        own = {
            int(id[1:]) for id, node in self.nodes.items()
            if id[0] == "n" and self.look.question.op(int(id[1:])).name == "custom"
        }  # fmt: skip
        last = self.log.asked
        if not own or last is None:
            return
        for i, _, parts in self.log.backward_steps(last.targets, last.seeds):
            slots = {part[0] for part in parts}
            for slot, j in enumerate(self.builder.inputs(i)) if i in own else ():
                edge = self.edges.get(f"e{i}_{slot}")
                if edge is not None and j >= 0 and slot not in slots:
                    self.edges[edge.id] = replace(
                        edge, live=False, cut="custom",
                        note=self._at_edge((broken_path.SILENT,), i, slot, j),
                    )  # fmt: skip

    # -- an error ----------------------------------------------------------------------

    def failure(self) -> None:
        """The expression that raised an error in the block."""
        failed = self.log.failed
        if failed is None:
            return
        site = failed.call_site
        line = None if site is None else self.look.line(site)
        node = None if site is None else self.look.node(site)
        made = self._new("", UNKNOWN)
        if line is None or made is None:
            return
        code = node if isinstance(node, ast.expr) else line.node
        span = self.look.span(line, node)
        self.nodes[made.id] = replace(
            made, kind="op", op=_called(code) or "code", symbol=_sign(code),
            formula=_text(span, code),
            unrecorded="failed", note=_raised(failed), span=span,
        )  # fmt: skip
        self.todo.append((made.id, line, code))
        self._follow()

    def settle(self) -> None:
        """Say of what was computed from recorded values why that was not recorded."""
        for edge in self.unrecorded_edges.values():
            tail, head = self.nodes[edge.tail], self.nodes[edge.head]
            if head.unrecorded != "unseen" or tail.unrecorded or head.op in _ASKING:
                continue
            known = head.name or "this"
            note = f"{known} was not recorded by {self.look.question.tape_name}."
            if self.log.is_used_up:
                note = f"{known} was computed after gradient() had ended the recording."
            elif tail.kind == "watched" and tail.name:
                note = f"{known} was computed before {tail.name} was watched."
            self.nodes[head.id] = replace(head, unrecorded="unrecorded", note=note)

    # -- the whole ---------------------------------------------------------------------

    def graph(self, drawn: Graph, notes: tuple[Note, ...]) -> Graph:
        """The graph with unrecorded nodes and edges, in topological order."""
        if all(node.kind != "op" or node.unrecorded for node in self.nodes.values()):
            notes = (Note("silent", self._silence()), *notes)
        if self.made >= MANY:
            notes = (*notes, Note("more", "More was not recorded than is shown here."))
        for edge in drawn.edges:
            self._explain(edge.id)
        nodes, unrecorded_edges = _sorted(
            self.nodes, self.edges.values(), self.unrecorded_edges.values()
        )
        return replace(
            drawn, nodes=nodes, unrecorded_edges=unrecorded_edges, notes=notes,
            edges=tuple(self.edges.values()), sources=self.builder.code.sources(),
        )  # fmt: skip

    def _explain(self, id: str) -> None:
        """Put a sentence on an edge that passes no gradient."""
        edge = self.edges[id]
        if edge.cut and edge.tail[0] == "n" and not edge.note:
            i, j = int(edge.head[1:]), int(edge.tail[1:])
            self.edges[id] = replace(edge, note=self._at_edge(CUT, i, edge.slot, j))

    def _silence(self) -> str:
        """Why nothing was recorded."""
        known = [
            node.note for node in self.nodes.values()
            if node.unrecorded in ("unwatched", "elsewhere") and node.note
        ]  # fmt: skip
        if known:
            return f"Nothing was recorded. {' '.join(dict.fromkeys(known[:2]))}"
        if self.log.is_empty:
            return "Nothing was recorded: the tape's block has not run yet."
        return (
            "Nothing was recorded: no operation in the block uses a variable or a "
            "tensor that the tape watches."
        )


def _notes(builder: GraphBuilder) -> Iterable[Note]:
    """What there is to say of the tape as a whole."""
    log = builder.records
    if log.failed is not None:
        yield Note("failed", f"The block was left by {_raised(log.failed)}")
    if log.dropped:
        many = f"{log.dropped} operation{'' if log.dropped == 1 else 's'}"
        yield Note("reset", f"reset() dropped {many}.")
    if log.is_used_up:
        yield Note(
            "used", "Used up by gradient(); persistent=True lets it be asked again."
        )


def _sorted(
    nodes: dict[str, Node],
    edges: Iterable[Any],
    unrecorded_edges: Iterable[UnrecordedEdge],
) -> tuple[tuple[Node, ...], tuple[UnrecordedEdge, ...]]:
    """The nodes with every tail before its head, else in their order.

    Unrecorded edges that would make a cycle are left out.
    """
    if not any(id[0] == "u" for id in nodes):
        rank = {id: k for k, id in enumerate(nodes)}
        ordered = tuple(t for t in unrecorded_edges if rank[t.tail] < rank[t.head])
        return tuple(nodes.values()), ordered
    order = list(nodes)
    index = {id: (id[0] != "u", k) for k, id in enumerate(order)}
    after: dict[str, list[str]] = {id: [] for id in order}
    waits = dict.fromkeys(order, 0)
    for one in (*edges, *unrecorded_edges):
        after[one.tail].append(one.head)
        waits[one.head] += 1
    ready = [(index[id], id) for id in order if not waits[id]]
    heapq.heapify(ready)
    done: dict[str, Node] = {}
    while ready:
        _, id = heapq.heappop(ready)
        done[id] = nodes[id]
        for head in after[id]:
            waits[head] -= 1
            if not waits[head]:
                heapq.heappush(ready, (index[head], head))
    ordered = tuple(t for t in unrecorded_edges if t.tail in done and t.head in done)
    return tuple(done.values()), ordered


def _text(span: Span | None, code: ast.AST) -> str:
    """The learner's code on one line; an ellipsis for what is too deep to be read."""
    if span is None or deep(code):
        return "" if span is None else "..."
    return " ".join(span.text.split())


def _given(line: Statement) -> tuple[str, ast.expr | None]:
    """The single plain name that a statement gives a value to, and that value."""
    node = line.node
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return dotted(node.targets[0]), node.value
    if isinstance(node, ast.AnnAssign):
        return dotted(node.target), node.value
    return "", None


def _plain(code: ast.expr) -> bool:
    """Whether an expression only takes the bare number out."""
    if not isinstance(code, ast.Call):
        return False
    numpy = isinstance(code.func, ast.Attribute) and code.func.attr == "numpy"
    return numpy or dotted(code.func) in ("float", "int", "complex")


def _called(code: ast.AST) -> str:
    """The registry's name for an expression's operation, or the function's own."""
    if isinstance(code, (ast.BinOp, ast.UnaryOp)):
        return OPERATORS.get(type(code.op), "")
    if isinstance(code, ast.Call):
        if isinstance(code.func, ast.Attribute) and code.func.attr == "numpy":
            return "numpy"
        return dotted(code.func).rpartition(".")[2]
    return ""


def _sign(code: ast.AST) -> str:
    name = _called(code)
    return _SIGNS.get(name.removeprefix("reduce_"), name) or "\u2026"


def _raised(failed: Failure) -> str:
    """An error's class and the first line of its text, without an op's name."""
    lines = failed.text.splitlines()
    line = next((line.strip() for line in lines if line.strip()), "")
    line = re.sub(r"\s*(\[Op:\w+\])?\s*(name:)?\s*$", "", line)
    return f"{failed.kind}: {line}" if line else failed.kind


def _equal(held: Any, v: Any) -> bool:
    """Whether what a name holds is the very number or array that was computed with."""
    numbers = (bool, int, float, complex, np.generic, np.ndarray)
    if not isinstance(held, numbers) or np.shape(held) != np.shape(v):
        return False
    kind = np.asarray(v).dtype
    with np.errstate(all="ignore"):
        same = np.asarray(held).astype(kind) == np.asarray(v)
    return bool(np.all(same))


def _raw(thing: Any) -> Any:
    """The value of a tensor, and anything else as it is."""
    return array_of(thing) if is_tensor(thing) else thing


def _shared(v: Any) -> bool:
    return isinstance(v, (np.generic, np.ndarray))


def identity_of(thing: Any) -> int:
    """The identity of a tensor: two that are equal are still two."""
    return id(thing)
