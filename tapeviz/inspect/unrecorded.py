"""Adds to a graph what the tape did not record: nodes, edges and notes.

It is known from three sources: the records (operands that are not on the tape, events
of values that left it), the learner's variables as they are now, and the code. What
none of them shows for sure is left out.
"""

from __future__ import annotations

import ast
import heapq
import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np

from tapeviz.engine.ops import TABLE
from tapeviz.engine.records import Event, Failure
from tapeviz.engine.tensor import Tensor, Variable, array_of, wrap
from tapeviz.inspect.code_lookup import Definition, Lookup, names_read
from tapeviz.inspect.gradient_question import Question, is_value
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
    called,
    deep,
    dotted,
    last_name,
)
from tapeviz.inspect.source.operands import OPERATORS
from tapeviz.inspect.source.variables import Names
from tapeviz.trace.graph import ASKING, Graph, Node, Note, Span, UnrecordedEdge
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
    last = builder.records.asked
    goals = (last.targets if last else []) or [wrap(0.0)]
    question = Question(builder, program, names, goals, wrap(0.0))
    unrecorded = UnrecordedParts(question, drawn, targets, sources, asking)
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
        self, question: Question, drawn: Graph, targets: list[Any], sources: list[Any],
        asking: bool,
    ) -> None:  # fmt: skip
        self.question, self.look = question, Lookup(question)
        self.program, self.log = question.program, question.records
        self.builder, self.tape_name = question.builder, question.tape_name
        self.nodes: dict[str, Node] = {node.id: node for node in drawn.nodes}
        self.edges = {edge.id: edge for edge in drawn.edges}
        self.unrecorded_edges: dict[tuple[str, str], UnrecordedEdge] = {}
        self.targets, self.sources, self.asking = targets, sources, asking
        self.things: dict[int, str] = {}
        self.named: dict[tuple[Statement, str], str] = {}
        self.words: dict[str, list[str]] = defaultdict(list)
        self.left: set[CallSite] = set()
        self.codes: dict[int, str] = {}
        self.todo: deque[tuple[str, Statement, ast.AST]] = deque()
        self.made = 0

    def _change(self, key: str, **fields: Any) -> None:
        self.nodes[key] = replace(self.nodes[key], **fields)

    def _node_of(self, thing: Any) -> str:
        """The id of a tensor's node; "" if it has none."""
        return self._recorded(self.log.index_of(thing)) or self.things.get(
            id(thing), ""
        )

    def _recorded(self, index: int) -> str:
        """The id of a record's node; "" if it is not drawn."""
        key = f"n{index}"
        return key if key in self.nodes else ""

    # -- operands that are not on the tape ---------------------------------------------

    def others(self) -> None:
        """Mark the nodes that another tape recorded in the same recording."""
        watched = {one.index for one in self.log.watched}
        indices = set(self.question.indices())
        for key, node in self.nodes.items():
            leaf, known = node.kind != "op", node.name or "This"
            if key[0] != "n" or int(key[1:]) in (watched if leaf else indices):
                continue
            did = "is watched" if leaf else "was recorded"
            note = f"{known} {did} by another tape, not by {self.tape_name}."
            self.nodes[key] = replace(node, unrecorded="elsewhere", note=note)

    def operands(self) -> None:
        """Give the constants in the graph their names, and say where they came from."""
        for key in [key for key, node in self.nodes.items() if node.kind == "constant"]:
            i, slot = map(int, key[1:].split("_"))
            found = self.question.operand(i, slot)
            name, thing, made = self._origin(key, found, self.log[i].values[slot])
            node = replace(self.nodes[key], name=name or self.nodes[key].name)
            if not self._describe(node, thing, made):
                self.nodes[key] = node
        for word, keys in self.words.items():
            if len(keys) == 1 and self.look.names.get(word.partition(".")[0]) is None:
                self._change(keys[0], name=word)
        self._follow()

    def _origin(
        self, key: str, found: Definition | None, v: Any
    ) -> tuple[str, Any, Definition | None]:
        """An operand's name, the tensor itself, and the expression that made it.

        A name is that of a variable which still holds the value.
        """
        name, thing = self.builder.holder(v)
        word = "" if found is None else dotted(found[1])
        if found is None or not word:
            plain = found is None or isinstance(found[1], ast.Constant)
            made = self.look.definition(name, None) if name else None
            return name, thing, made if plain else found
        line = found[0]
        made, held = self.look.definition(word, line), self.look.held(word, line)
        if is_value(held) and array_of(held) is v:
            return word, held, made
        if thing is not None:
            return name, thing, made
        if _equal(held, v) and self.builder.constant_values.get(word, 1) == 1:
            return word, None, made
        self.words[word].append(key)
        return "", None, made

    def _is_computed(self, found: Definition | None) -> bool:
        """Whether an expression computes with tensors, and is no plain constant."""
        if found is None:
            return False
        line, code = found
        names = names_read(code)
        return bool(self._exits_in(*found)) or any(
            self._tensorial(n, line) for n in names
        )

    def _tensorial(self, name: str, line: Statement) -> bool:
        if is_value(self.look.held(name, line)) or (line, name) in self.named:
            return True
        made = self.look.definition(name, line)
        return made is not None and (
            self.look.record_at(*made) >= 0 or self._maker(made[1])
        )

    def _maker(self, code: ast.AST) -> bool:
        """Whether an expression plainly makes a tensor, like ``tf.constant(3.0)``."""
        root, _, last = called(code).rpartition(".")
        return root == self.question.tf and last in not_on_tape.MAKERS

    # -- unrecorded nodes --------------------------------------------------------------

    def _describe(self, node: Node, thing: Any, found: Definition | None) -> bool:
        """Fill in the node of what was computed, or of a tensor; False if neither."""
        if thing is not None:
            self.things[id(thing)] = node.id
        if self._is_computed(found) and found is not None:
            if node.name:
                self.named[found[0], node.name] = node.id
            self.nodes[node.id] = self._op(node, thing, *found)
        elif thing is not None:
            self.nodes[node.id] = self._leaf(node, thing)
        return node.id in self.nodes and bool(self.nodes[node.id].unrecorded)

    def _leaf(self, node: Node, thing: Any) -> Node:
        """A tensor that was not computed from anything in the picture."""
        why = not_on_tape.source(self.question.about(thing, node.name))
        kind = "variable" if isinstance(thing, Variable) else "constant"
        unrecorded = "elsewhere" if self.log.is_foreign(thing) else "unwatched"
        unrecorded = "paused" if why and why.kind == "paused" else unrecorded
        known = node.name or "this"
        note = f"{known} was not read while {self.tape_name} recorded."
        if self.log.dropped:
            note = f"{self.tape_name}.reset() made the tape forget {known}."
        made = replace(
            node, kind=kind, op=kind, unrecorded=unrecorded,
            note=why.sentence if why else note, span=why.span if why else None,
        )  # fmt: skip
        return self._marked(made, thing)

    def _op(self, node: Node, thing: Any, line: Statement, code: ast.expr) -> Node:
        """Something computed that the tape did not record."""
        unrecorded = self._kind(thing, line, code, node.id)
        note = self._note(unrecorded, node.name, line, code)
        made = self._coded(node, line, code, self.question.span(line, code))
        return self._marked(replace(made, unrecorded=unrecorded, note=note), thing)

    def _coded(self, node: Node, line: Statement, code: Any, span: Span | None) -> Node:
        """A node of the learner's code, whose operands are to be found."""
        self.todo.append((node.id, line, code))
        name = _called(code)
        symbol = _SIGNS.get(name.removeprefix("reduce_"), name) or "\u2026"
        text = "" if span is None else " ".join(span.text.split())
        return replace(
            node, kind="op", op=name or "code", symbol=symbol, span=span,
            formula="..." if text and deep(code) else text,
        )  # fmt: skip

    def _kind(self, thing: Any, line: Statement, code: ast.expr, key: str) -> str:
        """Why something was not recorded: one of ``NOT_RECORDED``."""
        if self._exits_in(line, code):
            return "left"
        if thing is not None and self.log.is_foreign(thing):
            return "forgotten" if self.log.dropped else "elsewhere"
        return "paused" if self.question.paused(line) else self._where(line, key)

    def _where(self, line: Statement, key: str) -> str:
        """The same for what could have been recorded, by where it ran.

        A function that runs in the block computed its own values there, too.
        """
        head = self.question.head
        if self.look.inside(line):
            return "unseen"
        if head is not None and line.scope == head.scope:
            return "outside"
        if key[0] != "k":
            return "unrecorded"
        user = self.question.line(int(key[1:].partition("_")[0]))
        return "unseen" if user and user.scope == line.scope else "unrecorded"

    def _note(self, unrecorded: str, name: str, line: Statement, code: ast.AST) -> str:
        """The reason in a sentence; ``why`` gives the same one."""
        if unrecorded == "left":
            facts = not_on_tape.left_at(line, code)
            return self._sentence_at(not_on_tape.LEFT, facts)
        if unrecorded == "outside" and name and line is not self.program.asking_line:
            return self._sentence_at(not_on_tape.OUTSIDE, {"line": line})
        derived = isinstance(code, ast.Call) and line.calls & {*ASKING}
        if unrecorded == "unseen" and derived:
            unrecorded = "derivative"
        return _SENTENCES[unrecorded].format(what=name or "this", tape=self.tape_name)

    def _sentence_at(self, entries: tuple[Entry, ...], facts: Facts) -> str:
        """The sentence that ``why`` has for a place."""
        reason = first_reason(self.question, entries, facts)
        return "" if reason is None else reason.sentence

    def _at_edge(self, entries: tuple[Entry, ...], i: int, slot: int, j: int) -> str:
        return self._sentence_at(entries, at_edge(self.question, i, slot, j))

    def _marked(self, node: Node, thing: Any) -> Node:
        """The node, marked as target or source of the gradient asked for."""
        source = any(thing is s for s in self.sources)
        target = any(thing is t for t in self.targets)
        grad = "none" if source and not target and self.asking else node.grad
        return replace(node, target=target, source=source, grad=grad)

    def _new(self, name: str, value: Value) -> Node | None:
        """A node to be filled in, if there is room for one more."""
        if self.made >= MANY:
            return None
        self.made += 1
        return Node(f"u{self.made}", "constant", "constant", "", "", name, value)

    def node(self, name: str, line: Statement) -> str:
        """The id of the node that a line reads by this name; made if there is none."""
        held = self.look.held(name, line)
        held = held if is_value(held) else None
        found = self.look.definition(name, line)
        known = "" if held is None else self._node_of(held)
        if not known and found is not None:
            known = self._recorded(self.look.record_at(*found))
            known = known or self.named.get((found[0], name), "")
        maker = found is not None and self._maker(found[1])
        has_node = held is not None or (maker and not self.look.watched(name))
        return known or (self.add_node(name, held, found) if has_node else "")

    def add_node(self, name: str, thing: Any, found: Definition | None) -> str:
        """Add an unrecorded node; its id, or "" beyond ``MANY``."""
        node = self._new(name, UNKNOWN if thing is None else value_of(array_of(thing)))
        if node is None:
            return ""
        if found is not None:
            self.named[found[0], name] = node.id
        if not self._describe(node, thing, found) and found is not None:
            self.nodes[node.id] = replace(
                node, unrecorded="unwatched", span=self.question.span(*found),
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
            known = self._recorded(self.look.record_at(line, one))
            if known or id(one) in self.codes:
                yield known or self.codes[id(one)]
            elif dotted(one):
                yield self.node(dotted(one), line)
            elif not isinstance(one, ast.Lambda):
                todo.extend(ast.iter_child_nodes(one))

    def _add_edge(self, tail: str, head: str, cut: str = "", note: str = "") -> None:
        known = tail in self.nodes and head in self.nodes and tail != head
        if known and (tail, head) not in self.unrecorded_edges:
            made = UnrecordedEdge(
                f"t{len(self.unrecorded_edges)}", tail, head, cut, note
            )
            self.unrecorded_edges[tail, head] = made

    # -- what was asked, and the lines -------------------------------------------------

    def asked(self) -> None:
        """Targets and sources that are not on the tape."""
        for thing in (*self.sources, *self.targets):
            if not self._node_of(thing):
                name = self.question.name_of(thing)
                found = self.look.definition(name, None) if name else None
                if found is not None or any(thing is s for s in self.sources):
                    self.add_node(name, thing, found)
        self._follow()

    def lines(self) -> None:
        """Statements that made tensors which are not on the tape."""
        for line in self.program.lines:
            if self.look.inside(line):
                self._line(line)
        for line in self.look.after_the_block():
            held = (self.look.held(name, line) for name in line.reads)
            if any(is_value(t) and self._recorded(self.log.index_of(t)) for t in held):
                self._line(line)
        self._follow()

    def _line(self, line: Statement) -> None:
        name, code = _given(line)
        if not name or code is None or (line, name) in self.named:
            return
        if line.calls & {*ASKING} or self.look.record_at(line, code) >= 0:
            return
        thing, found = self.look.result(name, line), (line, code)
        hidden = thing is None and self._computes(line, name, code)
        lost = thing.__class__ is Tensor and not self._node_of(thing)
        if (hidden or lost) and self._is_computed(found):
            self.add_node(name, thing, found)
        self._follow()

    def _computes(self, line: Statement, name: str, code: ast.expr) -> bool:
        """Whether a line out of sight surely made something by an operation."""
        func = dotted(getattr(code, "func", code))
        ours = func.startswith(f"{self.question.tf}.")
        plain = isinstance(code, (ast.BinOp, ast.UnaryOp))
        return line.sure and not self.look.seen(name, line) and (plain or ours)

    # -- values that left --------------------------------------------------------------

    @cached_property
    def _exits(self) -> dict[int, dict[CallSite, list[tuple[int, int]]]]:
        """Where values left the tape: by expression and instruction, when and which."""
        found: Any = defaultdict(lambda: defaultdict(list))
        for moment, event in enumerate(self.log.events):
            if event.what == "left" and self._recorded(event.index):
                node = self.program.node_at(event.call_site)
                found[id(node)][event.call_site].append((moment, event.index))
        return dict(found)

    def _exits_in(
        self, line: Statement, code: ast.AST
    ) -> dict[CallSite, list[tuple[int, int]]]:
        """Those within an expression, by instruction, as far as none has told them."""
        return {
            site: exits
            for node in (ast.walk(code) if self._exits else ())
            for site, exits in self._exits.get(id(node), {}).items()
            if site not in self.left and self.program.line_at(site) is line
        }

    def departures(self) -> None:
        """Values that left the tape, and of which nothing came back."""
        left = (event for event in self.log.events if event.what == "left")
        sites = Counter(event.call_site for event in left)
        for event in self.log.events:
            site = event.call_site
            new = event.what == "left" and site not in self.left
            if new and self._recorded(event.index):
                self._departure(event.index, site, once=sites[site] == 1)
                self.left.add(site)

    def _departure(self, index: int, call_site: CallSite, *, once: bool) -> None:
        line, node = self.program.line_at(call_site), self.program.node_at(call_site)
        if line is None or not isinstance(node, ast.expr) or "print" in line.calls:
            return
        code = code_edits.outermost(self.question, line, node)
        name, value = _given(line)
        name = name if value is code else ""
        shown = thing = self.look.result(name, line) if name else None
        bare = _called(code) == "numpy" or called(code) in ("float", "int", "complex")
        if code is node and bare and once:
            shown = self.builder.values[index]
        elif is_value(thing):
            shown = array_of(thing)
        number = isinstance(shown, (int, float, np.generic, np.ndarray))
        made = self._new(name, value_of(shown) if number else UNKNOWN)
        if made is None:
            return
        thing = thing if is_value(thing) else None
        if thing is not None:
            self.things[id(thing)] = made.id
        if name:
            self.named[line, name] = made.id
        self.nodes[made.id] = self._op(made, thing, line, code)
        self._follow()
        self.codes[id(code)] = made.id

    def assignments(self) -> None:
        """Values assigned to a variable, which holds only the number."""
        jumps = self.question.jumps
        for index, to, event in jumps if len(jumps) <= JUMPS else ():
            self._assignment(f"n{to}", index, event)
        for event in self.log.events:
            head = self.things.get(id(event.variable), "")
            if event.variable is not None and head:
                self._assignment(head, event.index, event)

    def _assignment(self, head: str, index: int, event: Event) -> None:
        facts = broken_path.assigned_at(self.question, index, event)
        said = self._sentence_at(broken_path.INTO_VARIABLE, facts)
        self._add_edge(f"n{index}", head, "assigned", said)

    def silences(self) -> None:
        """Gradient functions of the learner's own that gave None."""
        own = {i for i, record in enumerate(self.log) if record.op.name == "custom"}
        last = self.log.asked
        if not own or last is None:
            return
        for i, _, parts in self.log.backward_steps(last.targets, last.seeds):
            slots = {part[0] for part in parts}
            for slot, j in (
                enumerate(self.builder.records[i].operands) if i in own else ()
            ):
                edge = self.edges.get(f"e{i}_{slot}")
                if edge is not None and j >= 0 and slot not in slots:
                    note = self._at_edge((broken_path.SILENT,), i, slot, j)
                    self.edges[edge.id] = replace(
                        edge, live=False, cut="custom", note=note
                    )

    # -- an error ----------------------------------------------------------------------

    def failure(self) -> None:
        """The expression that raised an error in the block."""
        failed = self.log.failed
        line = None if failed is None else self.program.line_at(failed.call_site)
        made = None if failed is None else self._new("", UNKNOWN)
        if failed is None or line is None or made is None:
            return
        node = self.program.node_at(failed.call_site)
        code = node if isinstance(node, ast.expr) else line.node
        made = self._coded(made, line, code, self.question.span(line, node))
        self.nodes[made.id] = replace(made, unrecorded="failed", note=_raised(failed))
        self._follow()

    def settle(self) -> None:
        """Say of what was computed from recorded values why that was not recorded."""
        for edge in self.unrecorded_edges.values():
            tail, head = self.nodes[edge.tail], self.nodes[edge.head]
            if head.unrecorded != "unseen" or tail.unrecorded or head.op in ASKING:
                continue
            why = f"not recorded by {self.tape_name}"
            if self.log.is_used_up:
                why = "computed after gradient() had ended the recording"
            elif tail.kind == "watched" and tail.name:
                why = f"computed before {tail.name} was watched"
            note = f"{head.name or 'this'} was {why}."
            self._change(head.id, unrecorded="unrecorded", note=note)

    # -- the whole ---------------------------------------------------------------------

    def graph(self, drawn: Graph, notes: tuple[Note, ...]) -> Graph:
        """The graph with unrecorded nodes and edges, in topological order."""
        if all(node.kind != "op" or node.unrecorded for node in self.nodes.values()):
            notes = (Note("silent", self._silence()), *notes)
        if self.made >= MANY:
            notes = (*notes, Note("more", "More was not recorded than is shown here."))
        for edge in [self.edges[edge.id] for edge in drawn.edges]:
            if edge.cut and edge.tail[0] == "n" and not edge.note:
                i, j = int(edge.head[1:]), int(edge.tail[1:])
                note = self._at_edge(CUT, i, edge.slot, j)
                self.edges[edge.id] = replace(edge, note=note)
        nodes, unrecorded_edges = _sorted(
            self.nodes, self.edges.values(), self.unrecorded_edges.values()
        )
        return replace(
            drawn, nodes=nodes, unrecorded_edges=unrecorded_edges, notes=notes,
            edges=tuple(self.edges.values()), sources=self.builder.code.sources(),
        )  # fmt: skip

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
        said = "Used up by gradient(); persistent=True lets it be asked again."
        yield Note("used", said)


def _sorted(
    nodes: dict[str, Node],
    edges: Iterable[Any],
    unrecorded_edges: Iterable[UnrecordedEdge],
) -> tuple[tuple[Node, ...], tuple[UnrecordedEdge, ...]]:
    """The nodes with every tail before its head, else in their order.

    Unrecorded edges that would make a cycle are left out.
    """
    if not any(key[0] == "u" for key in nodes):
        rank = {key: k for k, key in enumerate(nodes)}
        ordered = tuple(t for t in unrecorded_edges if rank[t.tail] < rank[t.head])
        return tuple(nodes.values()), ordered
    rank_of = {key: (key[0] != "u", k, key) for k, key in enumerate(nodes)}
    after: dict[str, list[str]] = defaultdict(list)
    waits: Counter[str] = Counter()
    for one in (*edges, *unrecorded_edges):
        after[one.tail].append(one.head)
        waits[one.head] += 1
    ready = [rank_of[key] for key in nodes if not waits[key]]
    heapq.heapify(ready)
    done: dict[str, Node] = {}
    while ready:
        key = heapq.heappop(ready)[2]
        done[key] = nodes[key]
        for head in after[key]:
            waits[head] -= 1
            if not waits[head]:
                heapq.heappush(ready, rank_of[head])
    ordered = tuple(t for t in unrecorded_edges if t.tail in done and t.head in done)
    return tuple(done.values()), ordered


def _given(line: Statement) -> tuple[str, ast.expr | None]:
    """The single plain name that a statement gives a value to, and that value."""
    node: Any = line.node
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return dotted(node.targets[0]), node.value
    annotated = isinstance(node, ast.AnnAssign)
    return (dotted(node.target), node.value) if annotated else ("", None)


def _called(code: ast.AST) -> str:
    """The registry's name for an expression's operation, or the function's own."""
    if isinstance(code, (ast.BinOp, ast.UnaryOp)):
        return OPERATORS.get(type(code.op), "")
    method = getattr(code, "func", None)
    if isinstance(method, ast.Attribute) and method.attr == "numpy":
        return "numpy"
    return last_name(called(code))


def _raised(failed: Failure) -> str:
    """An error's class and the first line of its text, without an op's name."""
    lines = filter(None, map(str.strip, failed.text.splitlines()))
    line = re.sub(r"\s*(\[Op:\w+\])?\s*(name:)?\s*$", "", next(lines, ""))
    return f"{failed.kind}: {line}" if line else failed.kind


def _equal(held: Any, v: Any) -> bool:
    """Whether what a name holds is the very number or array that was computed with."""
    numbers = (bool, int, float, complex, np.generic, np.ndarray)
    if not isinstance(held, numbers) or np.shape(held) != np.shape(v):
        return False
    with np.errstate(all="ignore"):
        same = np.asarray(held).astype(np.asarray(v).dtype) == np.asarray(v)
    return bool(np.all(same))
