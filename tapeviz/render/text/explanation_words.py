"""The parts of an explanation in every form: names, rows, results, derivations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import count

from tapeviz.render.film.captions import BackwardRow, Sentences
from tapeviz.trace.backward_pass import Contribution
from tapeviz.trace.explanation import Check, Cost, Explanation, ForwardPass, Path
from tapeviz.trace.value import Value, factor
from tapeviz.wording import formulas as maths
from tapeviz.wording import values as words
from tapeviz.wording.formulas import Math

_RECURRENCES = 40
"""How many nodes are derived one by one where there are too many paths."""


HEADS = (
    "step", "at", "upstream g", "to", "rule", "with numbers", "contribution",
    "total so far",
)  # fmt: skip
"""The columns of the backward table."""


class ExplanationWords(Sentences):
    """The words for one explanation; ``exact`` writes numbers with all their digits."""

    def __init__(self, data: Explanation, *, exact: bool = False) -> None:
        super().__init__(data.run)
        self.data = data
        self._exact = exact

    def value(self, value: Value) -> str:
        """A value in the table."""
        return words.exact(value) if self._exact else words.fmt(value)

    # -- names -----------------------------------------------------------------------

    @cached_property
    def names(self) -> dict[str, str]:
        """One short name for each value, no two alike: the learner's own, or v1, ..."""
        given = [words.path_name(n.name) for n in self.run.graph.nodes]
        once = {name for name in given if name and given.count(name) == 1}
        labels: dict[str, str] = {}
        numbers = {"v": count(1), "c": count(1)}
        for node, name in zip(self.run.graph.nodes, given, strict=True):
            if name in once:
                labels[node.id] = name
            elif node.kind == "constant" and not node.value.shape:
                labels[node.id] = words.fmt(node.value)
            else:
                letter = "v" if node.kind == "op" else "c"
                free = (f"{letter}{k}" for k in numbers[letter])
                labels[node.id] = next(label for label in free if label not in once)
        return labels

    @cached_property
    def target(self) -> str:
        """The target's name; several targets as a sum."""
        return " + ".join(self.names[id] for id in self.run.targets) or (
            words.one_line(self.data.target, 40) or "target"
        )

    # -- tables ----------------------------------------------------------------------

    def forwards(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Every value as it was recorded: name, formula, numbers, value, code."""
        for node in self.run.graph.nodes:
            if node.kind == "constant" and not node.value.shape and not node.name:
                continue
            name, value = self.names[node.id], self.value(node.value)
            if node.kind != "op":
                yield name, node.kind, "", value, words.where(node)
                continue
            filled = self.with_numbers(node) if self.run.graph.into[node.id] else ""
            yield name, self.with_names(node), filled, value, words.where(node)

    def backwards(self) -> Iterator[BackwardRow]:
        """The backward pass, one row for each contribution; seeds come first."""
        checks = {check.edge: check for check in self.data.checks}
        for id, seed in zip(self.run.targets, self.run.seeds, strict=True):
            value = self.value(seed)
            yield BackwardRow("", "", self.names[id], "", "", value, value)
        for number, step in enumerate(self.run.steps, 1):
            for c in step.contributions:
                check, fold = checks.get(c.edge), ""
                if self._edges[c.edge].broadcast:
                    fold = f", summed to {words.shape(c.value) or 'one number'}"
                checked = "" if check is None else self._checked(check)
                row = self.row(step, c)
                yield replace(row, step=number, check=checked, fold=fold)

    def _checked(self, check: Check) -> str:
        if check.note == "corner":
            return "a corner: the slopes on both sides differ"
        if check.difference is None:
            return {
                "wild": "not finite", "large": "too large to check",
            }.get(check.note, "cannot be checked")  # fmt: skip
        said = self.value(check.difference)
        return f"agrees: {said}" if check.agrees else f"DIFFERS: {said}"

    def results(self) -> Iterator[tuple[Math, str]]:
        """Each gradient asked for, and its value."""
        for n, value in enumerate(self.run.results):
            ratio = maths.derivative(_sum(self.target), maths.symbol(self.sources[n]))
            yield ratio, "None" if value is None else self.value(value)

    # -- derivations -----------------------------------------------------------------

    def derivation(self, n: int) -> Iterator[Math]:
        """The gradient of one source as a chain of equal formulas, none twice."""
        last = ""
        for line in self._chain(n):
            said = maths.to_text(line)
            if said != last:
                yield line
            last = said

    def _chain(self, n: int) -> Iterator[Math]:
        paths = [path for path in self.data.paths if path.source == n]
        whole = maths.derivative(_sum(self.target), maths.symbol(self.sources[n]))
        value = self.run.results[n]
        if value is None:
            return
        if paths:
            yield maths.row(whole, maths.sign("="), self._terms(paths))
            if all(self._factors(path) for path in paths):
                yield self._product(paths)
        if len(paths) > 1:
            yield maths.joined(
                [maths.number(factor(self.value(p.value))) for p in paths], "+"
            )
        if paths:
            yield maths.number(self.value(value))

    def _terms(self, paths: Sequence[Path]) -> Math:
        """The paths as products of partial derivatives, with a plus between them."""
        return maths.joined([self._partials(path) for path in paths], "+")

    def _partials(self, path: Path) -> Math:
        parts = [
            maths.derivative(
                maths.symbol(self.names[self._edges[e].head]),
                maths.symbol(self.names[self._edges[e].tail]), "∂",
            )
            for e in path.edges
        ]  # fmt: skip
        return maths.joined(parts, "·") if parts else maths.number("1")

    @cached_property
    def _local(self) -> Mapping[str, Value | None]:
        return {c.edge: c.local_value for s in self.run.steps for c in s.contributions}

    def _factors(self, path: Path) -> list[str]:
        """The local derivatives along a path, if all of them are single numbers."""
        values = [self._local.get(edge) for edge in path.edges]
        known = [v for v in values if v is not None and not v.shape]
        return [self.value(v) for v in known] if len(known) == len(values) else []

    def _product(self, paths: Sequence[Path]) -> Math:
        products = []
        for path in paths:
            factors = [maths.number(factor(f)) for f in self._factors(path)]
            products.append(maths.joined(factors, "·"))
        return maths.joined(products, "+")

    def recurrences(self) -> Iterator[Math]:
        """Each value's adjoint, from the adjoints of the values computed from it."""
        onto: dict[str, list[tuple[str, Contribution]]] = {}
        for step in self.run.steps:
            for c in step.contributions:
                onto.setdefault(c.node, []).append((step.node, c))
        for id, found in list(onto.items())[:_RECURRENCES]:
            mine = maths.symbol(self.names[id])
            terms = [
                maths.row(
                    maths.derivative(_sum(self.target), maths.symbol(self.names[head])),
                    maths.sign("·"),
                    maths.derivative(maths.symbol(self.names[head]), mine, "∂"),
                )
                for head, _ in found
            ]
            last = maths.number(self.value(found[-1][1].total))
            yield maths.row(
                maths.derivative(_sum(self.target), mine), maths.sign("="),
                maths.joined(terms, "+"), maths.sign("="), last,
            )  # fmt: skip

    # -- forward mode ----------------------------------------------------------------

    def pushes(self, sweep: ForwardPass) -> Iterator[tuple[str, str, str, str]]:
        """A forward pass, row by row: value, operand, its term, the summed tangent."""
        for push in sweep.steps:
            for k, term in enumerate(push.terms):
                last = k + 1 == len(push.terms)
                tail = self._edges[term.edge].tail
                total = self.value(push.value) if last else ""
                yield (
                    self.names[push.node],
                    self.names[tail],
                    self.value(term.value),
                    total,
                )

    def start(self, sweep: ForwardPass) -> str:
        """The seed of a forward pass in words."""
        return f"from {self.moving(sweep)}, which moves by 1"

    def costs(self) -> str:
        """What both modes cost, in a few sentences."""
        back, ahead = self.data.reverse_cost, self.data.forward_cost
        return (
            f"Reverse mode finds all of this in {_cost(back)}. Forward mode takes one "
            f"sweep for each entry of each source: {_cost(ahead)}. "
            f"{_verdict(back, ahead)}"
        )

    def opening(self) -> str:
        """What is explained."""
        ops = sum(node.kind == "op" for node in self.run.graph.nodes)
        sources = words.join(self.sources)
        what = f"The gradient of {self.target} with respect to {sources}"
        if not self.run.targets:
            lost = f"the tape did not record {self.target}"
            return f"{what}: {lost}; why() tells the reason."
        return f"{what}, over {words.counted(ops, 'operation')}."


def _cost(cost: Cost) -> str:
    many = words.counted
    return (
        f"{many(cost.sweeps, 'sweep')}, {many(cost.steps, 'rule')} applied, "
        f"{many(cost.numbers, 'number')} computed"
    )


def _verdict(back: Cost, ahead: Cost) -> str:
    if ahead.numbers > back.numbers:
        return "Here the reverse mode is cheaper: one target, many entries."
    if ahead.numbers < back.numbers:
        return "Here the forward mode is cheaper: it follows only what was asked for."
    return "Here both cost the same."


def _sum(label: str) -> Math:
    return maths.symbol(label) if " + " not in label else Math("word", label)
