"""What a tape did not record, put beside what it did: ghosts, trails and notes.

Three sources tell of it: the record itself (operands that are not on the tape, values
that left), the learner's variables at the moment of looking, and the code. What none of
them shows for sure is left out.
"""

from __future__ import annotations

import ast
import heapq
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from tapeviz.engine.ops import TABLE
from tapeviz.engine.tensor import Tensor, Variable
from tapeviz.inspect.code_lookup import OPERATORS, Found, Lookup, is_tensor, names_in
from tapeviz.inspect.graph_builder import GraphBuilder
from tapeviz.inspect.nested_tapes import frames
from tapeviz.inspect.reasons import broken_path, code_edits, not_on_tape
from tapeviz.inspect.replay import value_of
from tapeviz.inspect.source.dataflow import ProgramSource, Spot, Statement, deep, dotted
from tapeviz.inspect.source.variables import Names
from tapeviz.trace.graph import Graph, Node, Note, Span, UnrecordedEdge
from tapeviz.trace.value import UNKNOWN, Value

MANY = 24
"""At most so many ghosts are added to a picture."""

WIDE = 8000
"""In a picture with more nodes, what was not recorded is not looked for."""

JUMPS = 100
"""Of more assignments than these none are shown, of more departures the last one."""

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
    scribe: GraphBuilder, drawn: Graph, names: Names, reading: ProgramSource,
    targets: list[Any], sources: list[Any], *, asking: bool,
) -> Graph:  # fmt: skip
    """The graph with what the tape did not record, as far as that is known.

    ``asking`` says that the gradients of the sources have been asked for.
    """
    notes = tuple(_notes(scribe))
    if len(drawn.nodes) > WIDE:
        return replace(drawn, notes=(*notes, Note("more", _LARGE)))
    ghosts = Ghosts(Lookup(scribe, names, reading), drawn, targets, sources, asking)
    ghosts.others()
    ghosts.operands()
    ghosts.departures()
    ghosts.lines()
    ghosts.asked()
    ghosts.assignments()
    ghosts.silences()
    ghosts.failure()
    ghosts.settle()
    whole = ghosts.graph(drawn, notes)
    return replace(whole, frames=frames(scribe, names, whole.nodes, whole.edges))


class Ghosts:
    """Collects ghosts and the ways between them and what was recorded."""

    def __init__(
        self, look: Lookup, drawn: Graph, targets: list[Any], sources: list[Any],
        asking: bool,
    ) -> None:  # fmt: skip
        self.look, self.tape, self.scribe = look, look.tape, look.scribe
        self.nodes: dict[str, Node] = {node.id: node for node in drawn.nodes}
        self.edges = {edge.id: edge for edge in drawn.edges}
        self.trails: dict[tuple[str, str], UnrecordedEdge] = {}
        self.targets, self.sources, self.asking = targets, sources, asking
        self.things: dict[int, str] = {}
        self.named: dict[tuple[Statement, str], str] = {}
        self.words: dict[str, list[str]] = {}
        self.left: set[Spot] = set()
        self.codes: dict[int, str] = {}
        self.todo: deque[tuple[str, Statement, ast.AST]] = deque()
        self.made = 0

    # -- operands that are not on the tape ---------------------------------------------

    def others(self) -> None:
        """Mark what stands in the same recording and is another tape's."""
        watched = {place for place, _ in self.tape._watched.values()}
        places, name = set(self.look.case.places()), self.look.case.tape_name
        for id, node in self.nodes.items():
            leaf, known = node.kind != "op", node.name or "This"
            if id[0] != "n" or int(id[1:]) in (watched if leaf else places):
                continue
            did = "is watched" if leaf else "was recorded"
            note = f"{known} {did} by another tape, not by {name}."
            self.nodes[id] = replace(node, ghost="elsewhere", note=note)

    def operands(self) -> None:
        """Say of the constants in the picture what they are to the learner."""
        for id in [id for id, node in self.nodes.items() if node.kind == "constant"]:
            i, slot = map(int, id[1:].split("_"))
            rec = self.scribe.recs[i]
            self._operand(id, i, slot, TABLE[rec[0]].values(rec)[slot])
        for word, ids in self.words.items():
            if len(ids) == 1 and self.look.names.get(word.partition(".")[0]) is None:
                self.nodes[ids[0]] = replace(self.nodes[ids[0]], name=word)
        self._follow()

    def _operand(self, id: str, i: int, slot: int, v: Any) -> None:
        name, thing, found = self._origin(id, self.look.operand(i, slot), v)
        if thing is not None:
            self.things[id_of(thing)] = id
        node = replace(self.nodes[id], name=name)
        if found is not None and self._haunts(found):
            if name:
                self.named[found[0], name] = id
            self.nodes[id] = self._op(node, thing, *found)
        else:
            self.nodes[id] = node if thing is None else self._leaf(node, thing)

    def _origin(
        self, id: str, found: Found | None, v: Any
    ) -> tuple[str, Any, Found | None]:
        """An operand's name, the tensor itself, and the expression that made it.

        A name is that of a variable which still holds the value.
        """
        known = self.scribe.holders.get(id_of(v)) if _shared(v) else None
        name, thing = known or ("", None)
        word = "" if found is None else dotted(found[1])
        if found is None or not word:
            plain = found is None or isinstance(found[1], ast.Constant)
            made = self._definition(name, None) if name else None
            return name, thing, made if plain else found
        made, held = self._definition(word, found[0]), self.look.held(word, found[0])
        if is_tensor(held) and held._v is v:
            return word, held, made
        if thing is not None:
            return name, thing, made
        if _equal(held, v):
            return word, None, made
        self.words.setdefault(word, []).append(id)
        return "", None, made

    def _definition(self, name: str, line: Statement | None) -> Found | None:
        line = line or self.look.reading.here
        made = None if line is None else self.look.definition(name, line)
        value = None if made is None else made.value
        return None if made is None or value is None else (made, value)

    def _haunts(self, found: Found) -> bool:
        """Whether an expression computes with tensors, and is no plain constant."""
        line, code = found
        return bool(self._events(line, code)) or any(
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
        return root == self.look.case.tf and last in not_on_tape.MAKERS

    # -- making ghosts -----------------------------------------------------------------

    def _leaf(self, node: Node, thing: Any) -> Node:
        """A tensor that was not computed from anything in the picture."""
        why = self.look.reason(thing, node.name)
        kind = "variable" if isinstance(thing, Variable) else "constant"
        ghost = "elsewhere" if self.look.case.foreign(thing) else "unwatched"
        ghost = "paused" if why is not None and why.kind == "paused" else ghost
        made = replace(
            node, kind=kind, op=kind, ghost=ghost,
            note=self._unread(node.name) if why is None else why.sentence,
            span=None if why is None else why.span,
        )  # fmt: skip
        return self._marked(made, thing)

    def _unread(self, name: str) -> str:
        """What is to be said of a variable that was not read for the tape."""
        tape, known = self.look.case.tape_name, name or "this"
        if self.tape._dropped:
            return f"{tape}.reset() made the tape forget {known}."
        return f"{known} was not read while {tape} recorded."

    def _op(self, node: Node, thing: Any, line: Statement, code: ast.expr) -> Node:
        """Something computed that the tape did not record."""
        ghost = self._kind(thing, line, code, node.id)
        self.todo.append((node.id, line, code))
        span = self.look.span(line, code)
        return self._marked(
            replace(
                node, kind="op", op=_called(code) or "code", symbol=_sign(code),
                formula=_text(span, code),
                ghost=ghost, note=self._note(ghost, node.name, line, code), span=span,
            ),
            thing,
        )  # fmt: skip

    def _where(self, line: Statement, id: str) -> str:
        """Whether a line ran in the block, or beside it, as far as the code tells.

        A function that runs in the block computed its own values there, too.
        """
        block = self.look.block
        if self.look.inside(line):
            return "unseen"
        if block is not None and line.scope == block[0].scope:
            return "outside"
        if id[0] != "k":
            return "unrecorded"
        user = self.look.line(self.scribe.recs[int(id[1:].partition("_")[0])][-2:])
        return "unseen" if user and user.scope == line.scope else "unrecorded"

    def _kind(self, thing: Any, line: Statement, code: ast.expr, node: str) -> str:
        if self._events(line, code):
            return "left"
        if thing is not None and self.look.case.foreign(thing):
            return "forgotten" if self.tape._dropped else "elsewhere"
        if self.look.case.paused(line):
            return "paused"
        return self._where(line, node)

    def _note(self, ghost: str, name: str, line: Statement, code: ast.AST) -> str:
        """The reason in a sentence; ``why`` gives the same one."""
        if ghost == "left":
            return not_on_tape.left(self.look.case, line, code).sentence
        if ghost == "outside" and name and line is not self.look.reading.here:
            return not_on_tape.outside(self.look.case, line).sentence
        asking = isinstance(code, ast.Call) and bool(line.calls & {*_ASKING})
        said = _SENTENCES["derivative" if ghost == "unseen" and asking else ghost]
        return said.format(what=name or "this", tape=self.look.case.tape_name)

    def _marked(self, node: Node, thing: Any) -> Node:
        """The node with its part in what was asked."""
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
        """The id of what a line reads by this name, making a ghost of it if need be."""
        held = self.look.held(name, line)
        held = held if is_tensor(held) else None
        found = self._definition(name, line)
        known = self._known(name, held, found)
        if known:
            return known
        maker = found is not None and self._maker(found[1])
        told = held is not None or (maker and not self.look.watched(name))
        return self.ghost(name, held, found) if told else ""

    def _known(self, name: str, held: Any, found: Found | None) -> str:
        """The id of a tensor, or of what a name was given, if it has a node."""
        if held is not None:
            place = f"n{self.tape._place(held)}"
            if place in self.nodes or id_of(held) in self.things:
                return place if place in self.nodes else self.things[id_of(held)]
        if found is None:
            return ""
        place = f"n{self.look.record_at(*found)}"
        return place if place in self.nodes else self.named.get((found[0], name), "")

    def ghost(self, name: str, thing: Any, found: Found | None) -> str:
        """A new ghost, and its id; "" if there is no room."""
        node = self._new(name, UNKNOWN if thing is None else value_of(thing._v))
        if node is None:
            return ""
        if thing is not None:
            self.things[id_of(thing)] = node.id
        if found is not None:
            self.named[found[0], name] = node.id
        if found is not None and self._haunts(found):
            self.nodes[node.id] = self._op(node, thing, *found)
        elif thing is not None:
            self.nodes[node.id] = self._leaf(node, thing)
        elif found is not None:
            self.nodes[node.id] = replace(
                node, ghost="unwatched", span=self.look.span(*found),
                note=f"{name} is a constant, and the tape was not told to watch it.",
            )  # fmt: skip
        return node.id

    def _follow(self) -> None:
        """Draw the ways that lead to the ghosts made so far."""
        while self.todo:
            head, line, code = self.todo.popleft()
            events = self._events(line, code)
            self.left.update(spot for _, spot in events)
            for place, _ in events if len(events) <= JUMPS else events[-1:]:
                self._trail(f"n{place}", head, "left")
            if not events or self.nodes[head].ghost == "failed":
                for tail in dict.fromkeys(self._inputs(line, code)):
                    self._trail(tail, head)

    def _inputs(self, line: Statement, code: ast.AST) -> Iterable[str]:
        """What an expression takes its values from."""
        todo = deque(ast.iter_child_nodes(code) if not dotted(code) else [code])
        while todo:
            one = todo.popleft()
            place = f"n{self.look.record_at(line, one)}"
            if place in self.nodes or id(one) in self.codes:
                yield place if place in self.nodes else self.codes[id(one)]
            elif dotted(one):
                yield self.node(dotted(one), line)
            elif not isinstance(one, ast.Lambda):
                todo.extend(ast.iter_child_nodes(one))

    def _trail(self, tail: str, head: str, cut: str = "", note: str = "") -> None:
        known = tail in self.nodes and head in self.nodes and tail != head
        if known and (tail, head) not in self.trails:
            id = f"t{len(self.trails)}"
            self.trails[tail, head] = UnrecordedEdge(id, tail, head, cut, note)

    # -- what was asked, and the lines -------------------------------------------------

    def asked(self) -> None:
        """Targets and sources that are not on the tape."""
        for thing in (*self.sources, *self.targets):
            missing = f"n{self.tape._place(thing)}" not in self.nodes
            if missing and id_of(thing) not in self.things:
                name = self.look.case.name_of(thing)
                found = self._definition(name, None) if name else None
                if found is not None or any(thing is s for s in self.sources):
                    self.ghost(name, thing, found)
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
            self.ghost(name, None, (line, code))
        elif thing.__class__ is Tensor and self._haunts((line, code)):
            missing = f"n{self.tape._place(thing)}" not in self.nodes
            if missing and id_of(thing) not in self.things:
                self.ghost(name, thing, (line, code))
        self._follow()

    def _computes(self, line: Statement, name: str, code: ast.expr) -> bool:
        """Whether a line out of sight surely made a tensor from tensors."""
        plain = isinstance(code, (ast.BinOp, ast.UnaryOp))
        ours = dotted(getattr(code, "func", code)).startswith(f"{self.look.case.tf}.")
        hidden = line.sure and not self.look.seen(name, line)
        return hidden and (plain or ours) and self._haunts((line, code))

    def _uses(self, line: Statement) -> bool:
        """Whether a line reads something recorded, by a name."""
        return any(
            f"n{self.tape._place(thing)}" in self.nodes
            for name in line.reads
            if is_tensor(thing := self.look.held(name, line))
        )

    # -- values that left --------------------------------------------------------------

    def _events(self, line: Statement, code: ast.AST) -> list[tuple[int, Spot]]:
        """The values that left the tape within an expression."""
        recording = self.tape._recording
        inside = {id(n) for n in ast.walk(code)}
        return [
            (place, (spot, lasti))
            for what, _, place, _, spot, lasti in (
                () if recording is None else recording.events
            )
            if what == "left"
            and f"n{place}" in self.nodes
            and (spot, lasti) not in self.left
            and self.look.line((spot, lasti)) is line
            and id(self.look.node((spot, lasti))) in inside
        ]

    def departures(self) -> None:
        """Values that left, and of which nothing came back."""
        recording = self.tape._recording
        for what, _, place, _, *spot in () if recording is None else recording.events:
            where: Spot = (spot[0], spot[1])
            if what == "left" and where not in self.left and f"n{place}" in self.nodes:
                self._departure(place, where)
                self.left.add(where)

    def _departure(self, place: int, spot: Spot) -> None:
        line, node = self.look.line(spot), self.look.node(spot)
        if line is None or not isinstance(node, ast.expr) or "print" in line.calls:
            return
        code = code_edits.outermost(self.look.case, line, node)
        name, value = _given(line)
        name = name if value is code else ""
        plain = code is node and _plain(code) and self._once(spot)
        known = self.look.result(name, line) if name else None
        thing = known if is_tensor(known) else None
        shown = self.scribe.values[place] if plain else _raw(known)
        number = isinstance(shown, (int, float, np.generic, np.ndarray))
        made = self._new(name, value_of(shown) if number else UNKNOWN)
        if made is None:
            return
        if thing is not None:
            self.things[id_of(thing)] = made.id
        if name:
            self.named[line, name] = made.id
        self.nodes[made.id] = self._op(made, thing, line, code)
        self._follow()
        self.codes[id(code)] = made.id

    def _once(self, spot: Spot) -> bool:
        """Whether just one value left at an instruction."""
        recording = self.tape._recording
        events = () if recording is None else recording.events
        return sum((*event[-2:],) == spot for event in events) == 1

    def assignments(self) -> None:
        """Values that went into a variable, which keeps the number only."""
        jumps = self.look.case.jumps
        for place, to, event in jumps if len(jumps) <= JUMPS else ():
            self._assignment(f"n{to}", place, event)
        for event in (
            self.tape._recording.events if self.tape._recording is not None else ()
        ):
            head = self.things.get(id_of(event[3]), "")
            if event[0] in ("assigned", "made") and head:
                self._assignment(head, event[2], event)

    def _assignment(self, head: str, place: int, event: tuple[Any, ...]) -> None:
        said = broken_path.assignment(self.look.case, place, event).sentence
        self._trail(f"n{place}", head, "assigned", said)

    def silences(self) -> None:
        """Gradient functions of the learner's own that gave None."""
        own = {
            int(id[1:]) for id, node in self.nodes.items()
            if id[0] == "n" and self.look.case.op(int(id[1:])).name == "custom"
        }  # fmt: skip
        if not own or not self.tape._asked:
            return
        targets, seeds, _ = self.tape._asked[-1]
        for i, _, parts in self.tape.backward_steps(targets, seeds):
            slots = {part[0] for part in parts}
            for slot, j in enumerate(self.scribe.inputs(i)) if i in own else ():
                edge = self.edges.get(f"e{i}_{slot}")
                if edge is not None and j >= 0 and slot not in slots:
                    self.edges[edge.id] = replace(
                        edge, live=False, cut="custom",
                        note=broken_path.silence(self.look.case, i, j).sentence,
                    )  # fmt: skip

    # -- an error ----------------------------------------------------------------------

    def failure(self) -> None:
        """The expression that raised an error in the block."""
        if not self.tape._failed:
            return
        kind, said, *spot = self.tape._failed
        line = self.look.line((spot[0], spot[1])) if spot else None
        node = self.look.node((spot[0], spot[1])) if spot else None
        made = self._new("", UNKNOWN)
        if line is None or made is None:
            return
        code = node if isinstance(node, ast.expr) else line.node
        span = self.look.span(line, node)
        self.nodes[made.id] = replace(
            made, kind="op", op=_called(code) or "code", symbol=_sign(code),
            formula=_text(span, code),
            ghost="failed", note=_raised(kind, said), span=span,
        )  # fmt: skip
        self.todo.append((made.id, line, code))
        self._follow()

    def settle(self) -> None:
        """Say of what was computed from recorded values why that was not recorded."""
        for trail in self.trails.values():
            tail, head = self.nodes[trail.tail], self.nodes[trail.head]
            if head.ghost != "unseen" or tail.ghost or head.op in _ASKING:
                continue
            known = head.name or "this"
            note = f"{known} was not recorded by {self.look.case.tape_name}."
            if self.tape._used:
                note = f"{known} was computed after gradient() had ended the recording."
            elif tail.kind == "watched" and tail.name:
                note = f"{known} was computed before {tail.name} was watched."
            self.nodes[head.id] = replace(head, ghost="unrecorded", note=note)

    # -- the whole ---------------------------------------------------------------------

    def graph(self, drawn: Graph, notes: tuple[Note, ...]) -> Graph:
        """The graph with the ghosts in it, in an order in which tails come first."""
        if all(node.kind != "op" or node.ghost for node in self.nodes.values()):
            notes = (Note("silent", self._silence()), *notes)
        if self.made >= MANY:
            notes = (*notes, Note("more", "More was not recorded than is shown here."))
        for edge in drawn.edges:
            self._explain(edge.id)
        nodes, trails = _sorted(self.nodes, self.edges.values(), self.trails.values())
        return replace(
            drawn, nodes=nodes, trails=trails, notes=notes,
            edges=tuple(self.edges.values()), sources=self.scribe.code.sources(),
        )  # fmt: skip

    def _explain(self, id: str) -> None:
        """Say in a sentence why the way back ends at an edge."""
        edge = self.edges[id]
        if edge.cut and edge.tail[0] == "n" and not edge.note:
            said = broken_path.said(
                self.look.case, int(edge.head[1:]), edge.slot, int(edge.tail[1:])
            )
            self.edges[id] = replace(edge, note=said[1])

    def _silence(self) -> str:
        """Why nothing was recorded."""
        told = [
            node.note for node in self.nodes.values()
            if node.ghost in ("unwatched", "elsewhere") and node.note
        ]  # fmt: skip
        if told:
            return f"Nothing was recorded. {' '.join(dict.fromkeys(told[:2]))}"
        if self.tape._recording is None:
            return "Nothing was recorded: the tape's block has not run yet."
        return (
            "Nothing was recorded: no operation in the block uses a variable or a "
            "tensor that the tape watches."
        )


def _notes(scribe: GraphBuilder) -> Iterable[Note]:
    """What there is to say of the tape as a whole."""
    tape = scribe.tape
    if tape._failed:
        kind, said = tape._failed[:2]
        yield Note("failed", f"The block was left by {_raised(kind, said)}")
    if tape._dropped:
        many = f"{tape._dropped} operation{'' if tape._dropped == 1 else 's'}"
        yield Note("reset", f"reset() dropped {many}.")
    if tape._used:
        yield Note(
            "used", "Used up by gradient(); persistent=True lets it be asked again."
        )


def _sorted(
    nodes: dict[str, Node], edges: Iterable[Any], trails: Iterable[UnrecordedEdge]
) -> tuple[tuple[Node, ...], tuple[UnrecordedEdge, ...]]:
    """The nodes with every tail before its head, else in their order.

    Trails that would lead back in time are left out.
    """
    if not any(id[0] == "u" for id in nodes):
        rank = {id: k for k, id in enumerate(nodes)}
        kept = tuple(t for t in trails if rank[t.tail] < rank[t.head])
        return tuple(nodes.values()), kept
    order = list(nodes)
    place = {id: (id[0] != "u", k) for k, id in enumerate(order)}
    after: dict[str, list[str]] = {id: [] for id in order}
    waits = dict.fromkeys(order, 0)
    for one in (*edges, *trails):
        after[one.tail].append(one.head)
        waits[one.head] += 1
    ready = [(place[id], id) for id in order if not waits[id]]
    heapq.heapify(ready)
    done: dict[str, Node] = {}
    while ready:
        _, id = heapq.heappop(ready)
        done[id] = nodes[id]
        for head in after[id]:
            waits[head] -= 1
            if not waits[head]:
                heapq.heappush(ready, (place[head], head))
    kept = tuple(t for t in trails if t.tail in done and t.head in done)
    return tuple(done.values()), kept


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


def _raised(kind: str, said: str) -> str:
    """An error's class and the first line of its text, without an op's name."""
    line = next((line.strip() for line in said.splitlines() if line.strip()), "")
    line = re.sub(r"\s*(\[Op:\w+\])?\s*(name:)?\s*$", "", line)
    return f"{kind}: {line}" if line else kind


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
    return thing._v if is_tensor(thing) else thing


def _shared(v: Any) -> bool:
    return isinstance(v, (np.generic, np.ndarray))


def id_of(thing: Any) -> int:
    """What tells a tensor from all others."""
    return id(thing)
