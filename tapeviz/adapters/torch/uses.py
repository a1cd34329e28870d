"""Which edge of PyTorch's graph an operand of a record is.

The gradient of a value that is used more than once is a sum, and a hook on its tensor
hears nothing but the sum. What a node of PyTorch's graph hands to each of its inputs is
heard at the node. So each call is noted with the nodes that it made.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd.graph import get_gradient_edge

from tapeviz.engine.records import Records

Input = tuple[Any, int]
"""A node of PyTorch's graph, and one of its inputs or outputs by number."""

NODES = 64
"""Of a call that made more nodes, the inputs of those beyond are not looked for."""


@dataclass(frozen=True)
class Use:
    """The inputs of nodes through which a call hands gradients to one operand.

    ``operand`` is the operand's record; the call is the records from ``start`` to
    before ``stop``.
    """

    operand: int
    inputs: tuple[Input, ...]
    start: int
    stop: int

    def slots(self, records: Records) -> Iterator[tuple[Input, tuple[int, int]]]:
        """Each input with the record and operand of ours that it is.

        None where a call made several of ours and it cannot be told which is which.
        """
        found = [
            (i, slot)
            for i in range(self.start, self.stop)
            for slot, j in enumerate(records[i].operands)
            if j == self.operand
        ]
        nodes, calls = {node for node, _ in self.inputs}, {i for i, _ in found}
        if len(found) == len(self.inputs) and len(nodes) == len(calls) == 1:
            yield from zip(self.inputs, found, strict=True)


def outputs_of(tensors: Iterable[Any]) -> dict[Input, Any]:
    """The tensors that have a gradient, by the node and output that they come from."""
    found = {}
    for t in tensors:
        if t.requires_grad:
            edge = get_gradient_edge(t)
            found[edge.node, edge.output_nr] = t
    return found


def uses(
    results: Iterable[torch.Tensor], operands: dict[Input, int], start: int, stop: int
) -> Iterator[Use]:
    """How the nodes of a call hand gradients on to its operands."""
    made = dict.fromkeys(
        t.grad_fn
        for t in results
        if t.grad_fn is not None and (t.grad_fn, t.output_nr) not in operands
    )
    found: dict[int, list[Input]] = defaultdict(list)
    waiting = list(made)
    while waiting:
        node = waiting.pop()
        for k, edge in enumerate(node.next_functions):
            if edge in operands:
                found[operands[edge]].append((node, k))
            elif edge[0] is not None and edge[0] not in made and len(made) < NODES:
                made[edge[0]] = None
                waiting.append(edge[0])
    for j, inputs in found.items():
        yield Use(j, tuple(inputs), start, stop)


def shared(records: Records) -> set[int]:
    """The records whose results are used more than once."""
    count = Counter(j for record in records for j in record.operands)
    return {j for j, times in count.items() if times > 1}
