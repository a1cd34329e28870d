"""The reverse sweep: one loop backwards over the records, and the vjps that it calls.

``sweep`` is what lesson 10.9 writes by hand. The rest of this file makes it fast on
arrays, and lets the same rules run on tensors and on batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from types import CodeType
from typing import Any

import numpy as np
from numpy import ndarray

from tapeviz.engine.kernels.in_place import in_blocks
from tapeviz.engine.ops import TABLE
from tapeviz.engine.primitives import Op, factors, vjp_code
from tapeviz.engine.recording import Record, RecordingHandle
from tapeviz.engine.validation import lift
from tapeviz.errors import lookup_error

Vjp = Any
"""``vjp(g, record)``: what an upstream gradient gives to one operand."""

InPlace = tuple[bool, Any, int]
"""What a sweep that writes over arrays knows of a vjp: whether its result is always a
new array, how to write it over ``g`` instead (or None), and the place of the operand
whose vjp needs ``g`` as well (or 0)."""

UNKNOWN: InPlace = (False, None, 0)

Vjps = tuple[tuple[int, Vjp, InPlace], ...]
"""Of each operand with a rule: its place in the record, its vjp, and that."""

Step = tuple[int, Any, list[tuple[int, int, Any, Any]]]
"""A record's index, its gradient, and what its vjps give to the operands: slot, the
operand's index, contribution, sum so far."""


def sweep(  # noqa: C901 - one loop, with what is quicker for scalars written out
    records: Sequence[Record],
    grads: list[Any],
    spans: Sequence[Sequence[int]],
    rules: Rules,
    keep: Sequence[int] = (),
) -> None:
    """Walk the records backwards; each hands its gradient on to its operands.

    ``grads`` has a gradient or None for each record, at first those of the targets.
    ``spans`` are the parts of the recording to walk: start and stop, which is -1 while
    a tape records. The gradients of the records in ``keep`` stay; another array goes
    when it is not needed any more. In the loop ``j`` is an operand's index, ``d`` what
    it is given and ``s`` what has arrived at it so far.
    """
    owned = [False] * len(grads)
    table, factors, in_place = rules.table, rules.factors, rules.in_place
    for start, stop in spans[::-1]:
        for i in range((stop if stop >= 0 else len(grads)) - 1, start - 1, -1):
            g = grads[i]
            if g is None:
                continue
            record = records[i]
            code = record[0]
            is_array = g.__class__ is ndarray
            if not is_array:
                a, b = factors[code]
                if a is not None and (in_place or record[6] is None):  # a sum, product
                    j = record[1]
                    if j >= 0:
                        d = g * record[a] if a else g
                        s = grads[j]
                        grads[j] = d if s is None else s + d
                    j = record[2]
                    if j >= 0:
                        d = g * record[b] if b else g
                        s = grads[j]
                        grads[j] = d if s is None else s + d
                    continue
            vjps = table[code]
            if vjps is None:
                record, vjps = rules.find(record, i)
            if is_array and in_place:
                if vjps:
                    _hand_on(record, vjps, i, grads, keep, owned)
                continue
            for at, vjp, _ in vjps:
                j = record[at]
                if j >= 0:
                    d = vjp(g, record)
                    s = grads[j]
                    grads[j] = d if s is None else s if d is None else s + d


def _hand_on(
    record: Record, vjps: Vjps, i: int, grads: list[Any], keep: Sequence[int],
    owned: list[bool],
) -> None:  # fmt: skip
    """The same for an array, which may be written over if nobody else needs it.

    ``owned`` says of each gradient whether it is an array that this sweep has made and
    that is nowhere else.
    """
    g, mine = grads[i], False
    if i not in keep:
        grads[i], mine = None, owned[i]
    for at, vjp, (fresh, written_over, other) in vjps:
        j = record[at]
        if j < 0:
            continue
        free = mine and written_over and (not other or record[other] < 0)
        d = written_over(g, record) if free else vjp(g, record)
        s = grads[j]
        if s is None:
            grads[j], owned[j] = d, free or fresh
        elif owned[j] and s.__class__ is d.__class__ is ndarray and _alike(s, d):
            np.add(s, d, s)
        elif d is not None:
            grads[j], owned[j] = s + d, True


def _alike(a: Any, b: Any) -> bool:
    return a.shape == b.shape and a.dtype is b.dtype


class Rules:
    """The vjps of all ops in one namespace: what their words do.

    ``table`` has for each op the operands' places in the record and their vjps; None
    before it is first asked for, and for ops with many operands. ``factors`` has for an
    op of two operands what the upstream gradient of a scalar is multiplied by for each:
    its place in the record, 0 for nothing; None where it is not so simple.
    ``in_place``: a vjp may write over a gradient; ``strict``: an op without a gradient
    is an error.
    """

    def __init__(
        self, words: dict[str, Any], *, in_place: bool = False, strict: bool = True,
        quick: bool = False,
    ) -> None:  # fmt: skip
        # Warnings of rules are the engine's own, which are off.
        self.words = {**words, "__name__": __name__}
        self.in_place, self.strict = in_place, strict
        self.table: list[Vjps | None] = [None] * len(TABLE)
        self.many: dict[int, Vjp] = {}
        self.factors = [factors(op) if quick else (None, None) for op in TABLE]

    def find(self, record: Record, i: int) -> tuple[Record, Vjps]:
        """Record ``i`` and its vjps; one with many operands is written out."""
        code, op = record[0], TABLE[record[0]]
        if not op.many or op.rules[0] is None:
            self.table[code] = vjps = self.table[code] or self._all(op)
            return record, vjps
        if code not in self.many:
            self.many[code] = self.compiled(op, 0)
        vjp, slots = self.many[code], range(len(record[1]))
        return (code, *record[1]), tuple(
            (1 + k, partial(_of_slot, vjp, record, k), UNKNOWN) for k in slots
        )

    def vjp(self, record: Record, slot: int) -> Vjp | None:
        """The vjp of one operand; None where no gradient passes."""
        record, vjps = self.find(record, -1)
        return next((vjp for at, vjp, _ in vjps if at == 1 + slot), None)

    def _all(self, op: Op) -> Vjps:
        if op.missing and self.strict:
            return ((1, partial(_missing, op.kernel), UNKNOWN),)
        known = [slot for slot, rule in enumerate(op.rules) if rule is not None]
        vjps = [(slot, self.compiled(op, slot)) for slot in known]
        return tuple(
            (1 + slot, vjp, self._in_place(op, slot, vjp)) for slot, vjp in vjps
        )

    def compiled(self, op: Op, slot: int) -> Vjp:
        """The vjp of one operand as a function."""
        return self._function(_code(op.code, slot))

    def _in_place(self, op: Op, slot: int, vjp: Vjp) -> InPlace:
        rule, code = op.rules[slot], _code(op.code, slot, self.in_place)
        if rule is None or not self.in_place:
            return UNKNOWN
        written = vjp if rule.text == "g" else None
        if code is not None:
            written = partial(in_blocks, self._function(code), vjp)
        others = [
            1 + k for k, r in enumerate(op.rules)
            if r and (k > slot or (k < slot and not r.is_fresh))
        ]  # fmt: skip
        return rule.is_fresh, written if len(others) < 2 else None, sum(others)

    def _function(self, code: Any) -> Vjp:
        return eval(code, self.words)  # noqa: S307 - our own text


@cache
def _code(code: int, slot: int, in_place: bool = False) -> CodeType | None:
    return vjp_code(TABLE[code], slot, in_place=in_place)


def _missing(kernel: str, _g: Any, _record: Record) -> Any:
    raise lookup_error(
        f"gradient registry has no entry for: {kernel}",
        "this op has no derivative, not even 0: tf.stop_gradient(...) around "
        "it says that none is wanted",
    )


def _of_slot(vjp: Vjp, whole: Record, k: int, g: Any, _record: Record) -> Any:
    """The vjp of operand ``k`` of many."""
    return vjp(g, whole, k)


class Lifted(Sequence[Record]):
    """Records whose values are tensors at their indices, so that vjps are recorded."""

    def __init__(
        self, records: Sequence[Record], grads: list[Any], handle: RecordingHandle
    ) -> None:
        self.records, self.grads, self.handle = records, grads, handle

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, i: Any) -> Any:
        r = self.records[i]
        places = _LIFTS[r[0]]
        if not places:
            return r
        r, g, handle = list(r), self.grads[i], self.handle
        for at, where in places:
            if where < 0:
                r[at] = [lift(v, j, handle, g) for v, j in zip(r[2], r[1], strict=True)]
            else:
                r[at] = lift(r[at], r[where] if where else i, handle, g)
        return r


def _lifts(op: Op) -> tuple[tuple[int, int], ...]:
    """Where a record has the values that rules name, and where their indices.

    0 stands for the record's own index, -1 for those of many operands.
    """
    names = {name for rule in op.rules if rule for name in rule.names}
    if op.many:
        return ((2, -1),) if "xs" in names else ()
    n = len(op.operands)
    found = [(1 + n + k, 1 + k) for k, x in enumerate(op.operands) if x in names]
    return (*found, *(((1 + 2 * n, 0),) if "y" in names else ()))


class _Lifts(dict[int, tuple[tuple[int, int], ...]]):
    """``_lifts`` of each op by its number, found when it is first asked for."""

    def __missing__(self, code: int) -> tuple[tuple[int, int], ...]:
        self[code] = found = _lifts(TABLE[code])
        return found


_LIFTS = _Lifts()


class ListenedRules(Rules):
    """The rules of a sweep that is listened to; ``steps`` is filled by it."""

    def __init__(self, rules: Rules, grads: list[Any]) -> None:
        super().__init__(rules.words, strict=rules.strict)
        self.rules, self.grads = rules, grads
        self.steps: list[Step] = []

    def find(self, record: Record, i: int) -> tuple[Record, Vjps]:
        """Record ``i`` and its vjps, which tell what they give."""
        self.steps.append((i, self.grads[i], []))
        record, vjps = self.rules.find(record, i)
        return record, tuple(
            (at, partial(self._report, at, vjp), UNKNOWN) for at, vjp, _ in vjps
        )

    def _report(self, at: int, vjp: Vjp, g: Any, record: Record) -> Any:
        d, j = vjp(g, record), record[at]
        s = self.grads[j]
        if d is not None:
            self.steps[-1][2].append((at - 1, j, d, d if s is None else s + d))
        return d
