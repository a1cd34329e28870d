"""What an op does to a gradient, in a few words, and why: for tooltips."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.graph import Graph, Node

WHY = (
    (r"g", "the rule is g"),
    (r"-?g", "the rule is g or -g"),
    (r"g \* [abcx]", "the rule is g times the other operand"),
    (r"g \* y", "the rule is g times its own result"),
    (r"(g \* )?\(?(where|gate|pick)\b.*", "the rule is g for what won, 0 for the rest"),
    (
        r"(expand_reduced|broadcast_to)\(g.* / .*",
        "the rule gives every entry its share of g",
    ),
    (
        r"(expand_reduced|broadcast_to)\(g.*",
        "the rule gives g to every entry that went in",
    ),
    (r".*\bg @ .*|.* @ g\b.*", "the rule is a product with the other, turned"),
)
"""Why an op has its nickname, by the form its rules have."""


def with_nicknames(run: BackwardPass) -> Graph:
    """The graph with nicknames that say why, and which gradients are sums."""
    rules: dict[str, list[str]] = {}
    for step in run.steps:
        rules[step.node] = [c.rule for c in step.contributions]
    uses: dict[str, int] = {}
    for edge in run.graph.edges:
        uses[edge.tail] = uses.get(edge.tail, 0) + (edge.live and edge.head in rules)
    nodes = (
        replace(
            node, nickname=_nickname(node, rules.get(node.id, ()), uses.get(node.id, 0))
        )
        for node in run.graph.nodes
    )
    return replace(run.graph, nodes=tuple(nodes))


def _nickname(node: Node, rules: Iterable[str], uses: int) -> str:
    return "; ".join(_parts(node, [*rules], uses))


def _parts(node: Node, rules: list[str], uses: int) -> Iterator[str]:
    why = (
        next((why for form, why in WHY if _all_match(form, rules)), "") if rules else ""
    )
    if node.nickname:
        yield f"{node.nickname}: {why}" if why else node.nickname
    elif why:
        yield why
    if uses > 1:
        yield f"used {uses} times: its gradients add up"


def _all_match(form: str, rules: list[str]) -> bool:
    return all(re.fullmatch(form, rule) for rule in rules)
