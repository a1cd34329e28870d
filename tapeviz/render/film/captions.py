"""The captions and formulas of a backward pass's film, as plain text."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tapeviz.trace.backward_pass import BackwardPass, Contribution, Step
from tapeviz.trace.explanation import ForwardPass
from tapeviz.trace.graph import ASKING, Edge, Node, Span
from tapeviz.trace.symbolic import (
    MARK,
    Slot,
    chosen_text,
    is_template,
    shape_of_text,
    symbol_of,
    token,
)
from tapeviz.trace.value import Value, factor, spelled_as
from tapeviz.wording.formulas import bracketed, simplified
from tapeviz.wording.values import (
    brief,
    constant,
    counted,
    fill,
    fmt,
    join,
    number,
    one_line,
    path_name,
    shape,
    spelling,
)

_LONG = 28
_CODE = 32
_LONGEST = 40
_LINE = 60
TERMS = 4
"""A sum of more terms than these is cut in the middle."""
_WIDE = 12
_GRADIENT = re.compile(rf"([A-Za-z_]\w*)\.(?:{'|'.join(ASKING)})\(")
WHAT_G_IS = "In a rule, g is the gradient that arrives."
"""Said once in every film whose rules have a ``g``."""
_ARRAY = "an array of shape"
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


@dataclass(frozen=True)
class BackwardRow:
    """One line of the backward table: a contribution, and the sum after it.

    ``at`` is the op's result, whose ``upstream`` gradient its vjp is applied to, ``to``
    the operand that gets the ``contribution``. A row without ``at`` is a seed: the
    gradient of a target with respect to itself. ``fold`` is a note that a broadcast
    operand gets the sum over the broadcast axes.
    """

    at: str
    upstream: str
    to: str
    rule: str
    numbers: str
    contribution: str
    total: str
    step: int = 0
    check: str = ""
    fold: str = ""


@dataclass(frozen=True)
class Sentences:
    """The sentences about one backward pass; every method gives text without markup."""

    run: BackwardPass

    @cached_property
    def names(self) -> dict[str, str]:
        """What each node is called: its name, its code, its formula or its value."""
        known: dict[str, str] = {}
        for node in self.run.graph.nodes:
            known[node.id] = self._name(node, known)
        return known

    def _name(self, node: Node, known: dict[str, str]) -> str:
        if node.name:
            return path_name(node.name)
        if node.kind == "group":
            return one_line(node.formula).partition(" of ")[0]
        if node.kind == "op":
            code = "" if self.inner_tape(node) else self._own_code(node)
            whole = code or self._filled(node.formula, self._operands(node, known))
            return middle(whole)
        return chosen_text(fmt(node.value), _LONG, brief(node.value), f"a {node.kind}")

    @cached_property
    def _nodes(self) -> dict[str, Node]:
        return self.run.graph.by_id

    @cached_property
    def _edges(self) -> dict[str, Edge]:
        return {edge.id: edge for edge in self.run.graph.edges}

    @property
    def _operations(self) -> str:
        """How many operations there are, in words; a group says its own number."""
        nodes = self._on_the_way
        single = sum(node.kind == "op" for node in nodes)
        ops = counted(single, "operation")
        sizes = [node.nickname for node in nodes if node.kind == "group"]
        if not sizes:
            return ops
        whole = f"a group of {sizes[0]}" if len(sizes) == 1 else f"{len(sizes)} groups"
        return f"{ops} and {whole}" if single else whole

    @cached_property
    def _on_the_way(self) -> list[Node]:
        """The nodes from which something leads to a target, last ones first."""
        found: list[Node] = []
        ids = {*self.run.targets}
        for node in reversed(self.run.graph.nodes):
            if node.id in ids:
                found.append(node)
                ids |= {edge.tail for edge in self.run.graph.into[node.id]}
        return found

    def _operands(self, node: Node, known: dict[str, str]) -> dict[str, ast.expr]:
        return {
            edge.label: ast.Name(known[edge.tail])
            if self._nodes[edge.tail].name
            else expression(known[edge.tail])
            for edge in self.run.graph.into[node.id]
        }

    def _filled(self, formula: str, operands: Mapping[str, ast.expr]) -> str:
        """A formula with its operands, its powers spelled as the learner's."""
        return spelled_as(self._spelling, fill(formula, operands))

    @cached_property
    def _spelling(self) -> str:
        return spelling(self.run.graph)

    @cached_property
    def target(self) -> str:
        """The targets together, as in ``y`` or ``a + b``."""
        return " + ".join(self.names[id] for id in self.run.targets) or "nothing"

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """What each source is called, those included that were never recorded."""
        known = dict(enumerate(self.run.called))
        return tuple(
            self.names[id]
            if id
            else one_line(known.get(i, ""), 24) or f"source {i + 1}"
            for i, id in enumerate(self.run.sources)
        )

    def moving(self, sweep: ForwardPass) -> str:
        """The number that moves in forward mode, as in ``x`` or ``w[0, 1]``."""
        node = self._nodes.get(self.run.sources[sweep.source])
        dims, rest, position = node.value.shape if node else (), sweep.entry, []
        for n in range(len(dims)):
            entry, rest = divmod(rest, math.prod(dims[n + 1 :]))
            position.append(entry)
        return f"{self.sources[sweep.source]}{position or ''}"

    def title(self) -> str:
        """The film's title."""
        return f"The backward pass from {self.target} to {join(self.sources)}"

    def alt(self) -> str:
        """The whole film in two sentences, for somebody who does not see it."""
        what = f"The computation graph of {self.target} with {self._operations}"
        return f"{what}. {self.ending()}"

    def opening(self) -> str:
        """What is there before the first step."""
        return (
            f"The tape recorded {self._operations} on the way to {self.target}. "
            f"First they run forwards, then the gradients come back. {WHAT_G_IS}"
        )

    def leaf(self, node: Node) -> str:
        """The caption of a leaf: what it is, and its value."""
        role = {
            "variable": "a variable",
            "watched": "a tensor that the tape watches",
        }.get(node.kind, "a constant, so no gradient flows to it")
        name = self.names[node.id]
        return f"{name} is {role}. Its value is {say(node.value)}."

    def forward(self, node: Node) -> str:
        """The caption of an op: its code, and its value."""
        code = self._code(node)
        called = f", called {self.names[node.id]}" if node.name and code else ""
        if back := self.inner_tape(node):
            what = f", called {self.names[node.id]}" if node.name else ""
            sentence = f"{self.with_names(node)} gives {say(node.value)}{what}"
            return f"{back} goes back, and {sentence}."
        gives = "give" if node.formula.startswith("iterations") else "gives"
        return f"{code or self.names[node.id]} {gives} {say(node.value)}{called}."

    def code_or_name(self, node: Node) -> str:
        """What an op is called before its value is known: its code, or its name."""
        if self.inner_tape(node):
            return self.with_names(node)
        return self._code(node) or self.names[node.id]

    def operand_values(self, node: Node) -> tuple[Value, ...]:
        """The values of an operation's operands."""
        return tuple(self._nodes[e.tail].value for e in self.run.graph.into[node.id])

    def with_names(self, node: Node) -> str:
        """The operation with the names of its operands."""
        return self._filled(node.formula, self._operands(node, self.names))

    def with_numbers(self, node: Node) -> str:
        """The operation with the numbers of its operands."""
        values = {
            e.label: expression(brief(self._nodes[e.tail].value))
            for e in self.run.graph.into[node.id]
        }
        return bracketed(self._filled(node.formula, values))

    def forward_formula(self, node: Node) -> str:
        """The operation with its operands' names, with their numbers, and its value."""
        if node.kind == "group":
            return f"{self.names[node.id]}: {brief(node.value)}"
        return equation(
            self.with_names(node), self.with_numbers(node), brief(node.value)
        )

    def inner_tape(self, node: Node) -> str:
        """The name of the tape whose ``gradient`` call recorded an op, or ""."""
        found = _GRADIENT.match(node.span.text) if node.span else None
        return found[1] if found and node.kind == "op" else ""

    @cached_property
    def tape(self) -> str:
        """The name of the tape that the pass runs over, where there are several."""
        frames = self.run.graph.frames
        inner = any(map(self.inner_tape, self.run.graph.nodes))
        name = frames[0].name if frames else ""
        return name if inner or len(frames) > 1 else ""

    def _code(self, node: Node) -> str:
        code = self._own_code(node)
        return code if len(code) <= _LINE else ""

    def _own_code(self, node: Node) -> str:
        """An op's code; of several ops that one call made, only the last has it."""
        if node.span is None or self._makers[node.span] not in ("", node.id):
            return ""
        return one_line(node.span.text)

    @cached_property
    def _makers(self) -> Mapping[Span, str]:
        """The last op of each code that makes ops of several kinds; "" for others."""
        kinds: dict[Span, set[str]] = {}
        last: dict[Span, str] = {}
        for node in self.run.graph.nodes:
            if node.span is not None:
                kinds.setdefault(node.span, set()).add(node.op)
                last[node.span] = node.id
        return {span: last[span] if len(kinds[span]) > 1 else "" for span in kinds}

    def seed(self, id: str, value: Value) -> str:
        """The caption of a seed, the gradient that the sweep starts with."""
        name = self.names[id]
        where = f"Now backwards{f' on {self.tape}' if self.tape else ''}, from {name}"
        if value.data is not None and all(entry == 1 for entry in value.data):
            return (
                f"{where}: the derivative of {name} "
                f"with respect to itself is {say(value)}."
            )
        return f"{where}: it starts with the gradient {say(value)}."

    def seed_formula(self, id: str, value: Value) -> str:
        """The gradient that the sweep starts with."""
        return f"{ratio(self.target, self.names[id])} = {brief(value)}"

    def arrival(self, step: Step, terms: Sequence[Value]) -> str:
        """The caption of an upstream gradient that is complete."""
        name, value = self.names[step.node], say(step.upstream)
        if len(terms) > 1:
            paths = f"All {len(terms)} paths into {name} have come"
            return f"{paths}: its gradient is {value}."
        return f"At {name}: {_upstream(step)} has arrived."

    def rule(self, c: Contribution) -> str:
        """The caption of an operand's derivative or rule, in the learner's names."""
        head = self.names[self._edges[c.edge].head]
        tail = self.operand(c.edge)
        text, more = self.local(c), self._broadcast_sentence(c)
        if self._ends(c)[1].kind == "group":
            return (
                f"Many ways lead from {head} back to {tail}: along each of them the "
                "derivatives are multiplied, and the products are added."
            )
        if not text:
            rule = self._in_names(c, c.rule)
            return f"From {head} to {tail} the rule is {rule}.{more}"
        value_here = "" if c.local_value is None else say(c.local_value)
        repeats = value_here == text or _is_all(c.local_value, text)
        value = f", here {value_here}" if value_here and not repeats else ""
        return (
            f"The derivative of {head} with respect to {tail} is {text}{value}.{more}"
        )

    def _broadcast_sentence(self, c: Contribution) -> str:
        """Why the gradient of a broadcast operand is summed, after a space."""
        axes = self._summed_axes(c)
        if not axes:
            return ""
        tail, head = self._ends(c)
        before = shape(tail.value) or "one number"
        return (
            f" {self.names[tail.id]} was stretched from {before} to "
            f"{shape(head.value)}, so what comes back is summed over {axes}."
        )

    def _summed_axes(self, c: Contribution) -> str:
        """The axes that a contribution is summed over, as in "axis 0"."""
        if not self._edges[c.edge].broadcast:
            return ""
        tail, head = self._ends(c)
        given, made = tail.value.shape, head.value.shape
        given = (0,) * (len(made) - len(given)) + given
        pairs = enumerate(zip(given, made, strict=False))
        axes = [str(n) for n, (one, other) in pairs if one != other]
        return f"{'axis' if len(axes) == 1 else 'axes'} {join(axes)}" if axes else ""

    def _ends(self, c: Contribution) -> tuple[Node, Node]:
        edge = self._edges[c.edge]
        return self._nodes[edge.tail], self._nodes[edge.head]

    def rule_formula(self, c: Contribution) -> str:
        """The rule as an equation."""
        head = self.names[self._edges[c.edge].head]
        text = self.local(c)
        if not text:
            return self._lined_up(c) or f"g -> {self.rule_in_names(c)}"
        repeats = _is_all(c.local_value, text)
        value = "" if repeats or c.local_value is None else brief(c.local_value)
        return equation(ratio(head, self.names[c.node]), text, value)

    def _lined_up(self, c: Contribution) -> str:
        """The rule of a matrix product in names, above the shapes of its factors."""
        factors = c.rule.split(" @ ")
        if len(factors) != 2:
            return ""
        _, head = self._ends(c)
        known = {
            e.label: self._nodes[e.tail].value.shape
            for e in self.run.graph.into[head.id]
        }
        shapes = [_shape_of(f, known | {"g": head.value.shape}) for f in factors]
        if not all(shapes):
            return ""
        named = [self._in_names(c, factor) for factor in factors]
        said = [str(s) for s in (*shapes, c.value.shape)]
        whole = [*named, f"contribution to {self.names[c.node]}"]
        wide = [max(map(len, pair)) for pair in zip(whole, said, strict=True)]
        lines = (
            " @ ".join(t.ljust(w) for t, w in zip(line[:2], wide, strict=False))
            + f" = {line[2]}"
            for line in (whole, said)
        )
        return "\n".join(lines)

    def local(self, c: Contribution) -> str:
        """The local derivative in the learner's names; "" for a rule without one."""
        return self._in_names(c, c.local) if c.local else ""

    def rule_in_names(self, c: Contribution) -> str:
        """The rule in the learner's names, with ``g`` for the upstream gradient."""
        return self._in_names(c, c.rule)

    def _in_names(self, c: Contribution, rule: str) -> str:
        head = self._nodes[self._edges[c.edge].head]
        output = {"y": expression(self.names[head.id])}
        return simplified(self._filled(rule, output | self._operands(head, self.names)))

    def operand(self, edge: str) -> str:
        """An operand's name, and which of several it is: "the second x"."""
        e = self._edges[edge]
        same = [s.id for s in self.run.graph.into[e.head] if s.tail == e.tail]
        name = self.names[e.tail]
        if len(same) == 1:
            return name
        position = same.index(edge)
        nth = _ORDINALS[position] if position < len(_ORDINALS) else f"{position + 1}th"
        return f"the {nth} {name}"

    def value(self, value: Value) -> str:
        """A value in the backward table."""
        return brief(value)

    def row(self, step: Step, c: Contribution) -> BackwardRow:
        """The line of a contribution in the backward table."""
        return BackwardRow(
            self.names[step.node],
            self.value(step.upstream),
            self.names[c.node],
            self.rule_in_names(c),
            simplified(c.filled, exponents=True),
            self.value(c.value),
            self.value(c.total),
        )

    def added(self, step: Step, c: Contribution, terms: Sequence[Value]) -> str:
        """The caption of a contribution that reaches its node."""
        head, tail = self.names[step.node], self.names[c.node]
        return f"At {head}: {self._how(step, c)}; {self._has(tail, c, terms)}."

    def _how(self, step: Step, c: Contribution) -> str:
        g, value = _upstream(step), say(c.value)
        if c.local_value is not None:
            local = _set_off(c.local_value)
            return f"{g} times the local derivative{local} gives {value}"
        if self._nodes[step.node].kind == "group":
            return f"{g} goes {c.rule} and becomes {value}"
        if c.rule == "g" and c.value.shape == step.upstream.shape:
            return f"{g} goes on unchanged"
        if c.rule == "g":
            g = f"the upstream gradient{_set_off(step.upstream, ',')}"
            return f"{g} summed over what was stretched, gives {value}"
        if c.local:
            return f"{g} times the local derivative gives {value}"
        return f"the rule {self._in_names(c, c.rule)} gives {value}"

    def _has(self, tail: str, c: Contribution, terms: Sequence[Value]) -> str:
        if len(terms) > 1:
            whole = ", its whole gradient" if c.last else " so far"
            sum = total(terms, c.total, "the sum of {} paths, ")
            return f"{tail} now has {sum}{whole}"
        if c.last:
            return f"that is the gradient of {tail}"
        return f"{tail} has {say(c.total)} so far, and another path leads to it"

    def added_formula(self, c: Contribution, terms: Sequence[Value]) -> str:
        """The rule with numbers and, where paths meet, the sum."""
        numbers = simplified(c.filled, exponents=True)
        product = equation(self.rule_in_names(c), numbers, brief(c.value))
        if len(terms) == 1:
            return product
        return f"{product};  {self.names[c.node]}: {total(terms, c.total)}"

    def ending(self) -> str:
        """The gradients of the sources, of the first few if there are many."""
        said = [self._result(n) for n in range(len(self.sources))]
        more = len(said) - TERMS
        if more > 0:
            said[TERMS:] = [f"{counted(more, 'more gradient')} came the same way."]
        return " ".join(said) or "No source was asked for."

    def _result(self, n: int) -> str:
        name, value = self.sources[n], self.run.results[n]
        of = f"The gradient of {self.target} with respect to {name} is"
        if value is not None:
            return f"{of} {say(value)}."
        reason = self.run.reason(n)
        if not reason and self.run.sources[n]:
            reason = f"no gradient flows from {self.target} back to {name}."
        return f"{of} None: {reason or 'the tape never recorded it.'}"

    def ending_formula(self) -> str:
        """All results as equations."""
        pairs = zip(self.sources, self.run.results, strict=True)
        return ",  ".join(
            f"{ratio(self.target, name)} = {'None' if v is None else brief(v)}"
            for name, v in [*pairs][:TERMS]
        )


def _shape_of(factor: str, known: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    """The shape of ``a`` or of ``T(a)``; empty for anything else."""
    turned = factor.startswith("T(")
    dims = known.get(factor[2:-1] if turned else factor, ())
    return (*dims[:-2], *dims[:-3:-1]) if turned else dims


def _is_all(value: Value | None, text: str) -> bool:
    """Whether each entry of a value is the number that a text is."""
    entries = () if value is None else value.data or ()
    return bool(entries) and all(number(entry) == text for entry in entries)


def _upstream(step: Step) -> str:
    return f"the upstream gradient{_set_off(step.upstream)}"


def _set_off(value: Value, comma: str = "") -> str:
    """A value after what it is the value of: described between commas."""
    return _said(value, f" {fmt(value)}{comma}", f", {_ARRAY} {shape(value)},")


def middle(code: str) -> str:
    """Code that is short enough for a sentence, with parts left out if it must be.

    >>> middle("tanh(points @ self.w1 + self.b1) @ self.w2 + self.b2")
    'tanh(...) @ self.w2 + self.b2'
    """
    if len(code) <= _CODE:
        return code
    text = code.encode()
    cuts = [(text[:i] + b"..." + text[j:]).decode() for i, j in _parts(code)]
    least = min(cuts, key=len, default=code)
    best = max((cut for cut in cuts if len(cut) <= _CODE), key=len, default=least)
    if len(best) > _LONGEST and len(least) < len(code):
        return middle(least)
    return best if len(best) <= _LONGEST else f"{code[:16]}\u2026{code[-11:]}"


def _parts(code: str) -> Iterator[tuple[int, int]]:
    """Where each operand, and all arguments of each call, begin and end, in bytes."""
    try:
        tree = ast.parse(code, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield (node.func.end_col_offset or 0) + 1, (node.end_col_offset or 0) - 1
        elif isinstance(node, ast.BinOp):
            for part in (node.left, node.right):
                yield part.col_offset, part.end_col_offset or 0


def say(value: Value) -> str:
    """A value inside a sentence: a number, a small array, or its shape in words."""
    return _said(value, fmt(value), f"{_ARRAY} {shape(value)}")


def _said(value: Value, text: str, described: str) -> str:
    """The text with a value, or where that is long the one that describes it."""
    whole = fmt(value)
    listed = value.data is not None and whole.startswith("[")
    if not (listed or not value.shape or not value.known):
        return described
    return chosen_text(whole, _LONG, text, described)


def total(terms: Sequence[Value], value: Value, long: str = "") -> str:
    """A sum with its terms, as in ``6 + 2 = 8``; many terms are cut in the middle.

    Where the terms are too long to be shown, ``long`` stands for them.
    """
    many = len(terms) > TERMS
    texts = addends((terms[0], terms[-1]) if many else terms)
    whole = f"{long.format(len(terms))}{say(value) if long else brief(value)}"
    measured = "\n".join(texts)
    if many:
        texts = [texts[0], "\u2026", texts[-1]]
    return chosen_text(measured, _WIDE, f"{' + '.join(texts)} = {brief(value)}", whole)


def addends(terms: Sequence[Value]) -> list[str]:
    """The terms of a sum, those below zero in brackets but for the first."""
    texts = [brief(term) for term in terms]
    return [factor(text) if i else text for i, text in enumerate(texts)]


def ratio(above: str, below: str) -> str:
    """A derivative as people write it: ``dy/dx``, or ``d(x**2)/dx``."""
    plain = [t.isidentifier() and not is_template(t) for t in (above, below)]
    pairs = zip(plain, (above, below), strict=True)
    return "/".join(f"d{t}" if is_plain else f"d({t})" for is_plain, t in pairs)


def expression(text: str) -> ast.expr:
    """A name, a number or code as an expression, to be put into a formula."""
    if NUMBER.fullmatch(text):
        return constant(text)
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return ast.Name(text)
    return ast.Name(text) if isinstance(tree, ast.List) else tree


NUMBER = re.compile(rf"-?\d[\d.e+-]*|{MARK}\w+{MARK}")


def _is_number(text: str) -> bool:
    plain = bool(NUMBER.fullmatch(text))
    return plain and (not is_template(text) or symbol_of(text) is not None)


def equation(*sides: str) -> str:
    """The sides with equals signs between them, those left out that only repeat.

    A number between two sides is such a one: at most it is rounded otherwise.
    """
    first, *others = dict.fromkeys(filter(None, sides))
    between = (side for side in others[:-1] if not _is_number(side.strip("()")))
    distinct = [first, *between, *others[-1:]]
    alike = Counter(map(shape_of_text, distinct))
    if any(is_template(s) and alike[shape_of_text(s)] > 1 for s in distinct):
        return token(Slot("=", parts=tuple(distinct)))
    return " = ".join(distinct)
