"""A tape that mirrors what another framework computes.

An adapter calls an op of ours for each operation of the framework, while it runs, and
puts the framework's own result in the place of ours. So the records have code, names
and rules as always, and the numbers are the framework's: the values here, the gradients
in ``backward_steps``.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from tapeviz.engine import nest
from tapeviz.engine.custom_gradient import CustomOp
from tapeviz.engine.dispatch import call
from tapeviz.engine.recording import ActiveTapes
from tapeviz.engine.records import Asked, Record, Records
from tapeviz.engine.scopes import grouped
from tapeviz.engine.sweep import Step
from tapeviz.engine.tape import GradientTape
from tapeviz.engine.tensor import array_of, recorded, wrap
from tapeviz.errors import type_error
from tapeviz.inspect.source.variables import Names
from tapeviz.trace.diagnosis import Answer
from tapeviz.trace.graph import Graph, Note

NEAR = {2: 2e-3, 4: 1e-5, 8: 1e-6}
"""How far two results may be apart, by the bytes of a number, in relation to the
greatest entry: what rounding does to some hundred additions in another order."""


def error_of(ours: Any, theirs: Any, scale: float = 0.0) -> float:
    """The greatest distance of two arrays in relation to their greatest entry.

    ``scale`` is that of what they are sums of, if it is greater. Infinite where the
    shapes differ, or only one of them is nan or infinite.

    >>> error_of(np.array([1.0, 4.0]), np.array([1.0, 5.0]))
    0.2
    """
    if np.shape(ours) != np.shape(theirs):
        return float("inf")
    with np.errstate(all="ignore"):
        a, b = np.asarray(ours), np.asarray(theirs)
        wide = np.complex128 if "c" in (a.dtype.kind + b.dtype.kind) else np.float64
        a, b = a.astype(wide), b.astype(wide)
        odd = ~(np.isfinite(a) & np.isfinite(b))
        if not np.array_equal(a[odd], b[odd], equal_nan=True):
            return float("inf")
        a, b = np.where(odd, 0, a), np.where(odd, 0, b)
        scale = max(scale, greatest(a), greatest(b))
        return greatest(a - b) / scale if scale else 0.0


def greatest(v: Any) -> float:
    """The absolute value of an array's greatest entry; 0 of an empty one."""
    return float(np.max(np.abs(v), initial=0))


def agrees(ours: Any, theirs: Any, scale: float = 0.0) -> bool:
    """Whether two results differ by no more than rounding."""
    size = min(np.asarray(v).dtype.itemsize for v in (ours, theirs))
    return error_of(ours, theirs, scale) <= NEAR.get(size, NEAR[8])


def op_name(record: Record) -> str:
    """What the op of a record is called; one without a rule by the framework's name."""
    name = record.op.name
    return record.settings[0].name if name == "custom" else name


def adapter_of(thing: Any) -> Any:
    """The adapter of the framework that an object comes from; None if there is none.

    A plain function is JAX's, once JAX is loaded.
    """
    roots = [base.__module__.partition(".")[0] for base in type(thing).__mro__]
    if callable(thing) and "jax" in sys.modules:
        roots.append("jax")
    known = (f"tapeviz.adapters.{root}" for root in roots)
    found = next((name for name in known if find_spec(name)), None)
    return None if found is None else import_module(found)


DIFFERS = (
    "{framework} and the rule shown differ in {what}, {how}. {framework}'s number is "
    "shown."
)
BEYOND = (
    "{framework}'s gradient goes ways that are not on the tape; the result is "
    "{framework}'s."
)
UNKNOWN = "{name} is not known to tapeviz: {framework}'s numbers, and no formula."
FREED = (
    "{framework} has freed the graph of this backward pass, and was not asked while it "
    "was there: the gradients are computed by the rules shown."
)


class ForeignTape(GradientTape):
    """Records what a framework computes; an adapter says how to read it.

    ``values`` has the framework's own result for each record, ``remarks`` what is to be
    said of results that ours differ from.
    """

    framework = ""
    has_code = True  # whether the line is known in which a record was made
    works_as_ours = False  # whether a gradient is cut off where our tape cuts it off

    def __init__(self) -> None:
        super().__init__(persistent=True)
        self.values: dict[int, Any] = {}
        self.remarks: list[str] = []
        self._backward_remarks: list[str] = []
        self._entered_with: list[AbstractContextManager[Any]] = []

    # -- the block -------------------------------------------------------------------

    def watchers(self) -> list[AbstractContextManager[Any]]:
        """What shows it the framework's operations, entered while it records."""
        return []

    def _start(self, now: ActiveTapes) -> None:
        super()._start(now)
        self._entered_with = self.watchers()
        for one in self._entered_with:
            one.__enter__()

    def _stop(self) -> None:
        super()._stop()
        self._leave()

    def _abandon(self) -> None:
        super()._abandon()
        self._leave()

    def _leave(self) -> None:
        for one in reversed(self._entered_with):
            one.__exit__(None, None, None)
        self._entered_with = []

    # -- an operation of the framework -----------------------------------------------

    def translated(
        self, name: str, meaning: Callable[[], Any], theirs: list[Any], scale: float
    ) -> list[Any] | None:
        """The results of what an operation means in ours, recorded as one group.

        None, and nothing is recorded, where they are not the framework's, which are
        ``theirs``. ``scale`` is the size of what is added up in it.
        """
        recording: Any = self._recording
        start, groups = len(recording.recs), len(recording.groups)
        try:
            with grouped(name):
                ours: list[Any] = nest.leaves(meaning())
            if all(
                agrees(array_of(a), b, scale) for a, b in zip(ours, theirs, strict=True)
            ):
                return ours
        except Exception:  # noqa: BLE001, S110 - whatever it is, ours has no rule then
            pass
        del recording.recs[start:]
        recording.groups = [*recording.groups[:groups]]
        return None

    def without_rule(
        self, name: str, given: list[Any], theirs: list[Any], pull: Any, *,
        silent: bool = False,
    ) -> list[Any]:  # fmt: skip
        """The results of an operation that is recorded without a formula.

        ``pull`` asks the framework for its vjp. It is said, unless ``silent``.
        """
        if all(recorded(t) < 0 for t in given):
            return [wrap(v) for v in theirs]
        if not silent:
            self.remarks.append(UNKNOWN.format(name=name, framework=self.framework))
        single = len(theirs) == 1
        with grouped(name):
            whole = call.custom(given, CustomOp(name, tuple(theirs), single, pull))
            if single:
                return [whole]
            return [call.part(whole, k) for k in range(len(theirs))]

    # -- what an adapter knows -------------------------------------------------------

    def mirrored(self, thing: Any) -> Any:
        """A nest with our tensors and variables in the place of the framework's."""
        raise NotImplementedError

    def named(self, names: Names) -> Names:
        """The learner's names with ours in the place of the framework's tensors."""
        raise NotImplementedError

    def own_gradients(self, targets: list[Any]) -> dict[int, Any] | None:
        """What the framework gives for the sum of targets, by record; None if it can't.

        A record that is not in it has the gradient None.
        """
        raise NotImplementedError

    def handed(self, targets: list[Any]) -> dict[tuple[int, int], Any]:
        """What the framework handed to an operand, by record and operand.

        As far as it says so; else a contribution is that of the rule shown.
        """
        del targets
        return {}

    def last_asked(self) -> Asked | None:
        """Targets and sources of the framework's last backward pass."""
        raise NotImplementedError

    def reasons(self, targets: list[Any], lost: list[Any], *about: Any) -> list[str]:
        """Why the gradients of these sources are None, a sentence for each.

        ``about`` are the learner's names and the instruction that asks.
        """
        raise NotImplementedError

    def answers(
        self, target: Any, sources: Any, *about: Any
    ) -> tuple[Answer, ...]:  # fmt: skip
        """What ``inspect.why`` says, in the framework's words.

        ``about`` are the learner's names and the instruction that asks. TypeError where
        no mistakes of the framework are known.
        """
        del target, sources, about
        raise type_error(
            f"why does not know how {self.framework} is used and what goes wrong",
            "play and explain show where its gradients come from",
        )

    # -- what readers see ------------------------------------------------------------

    def records(self) -> Records:
        """What was recorded so far, with the framework's own values."""
        return _ForeignRecords(self)

    def backward_steps(self, targets: Any, seeds: Any) -> Iterator[Step]:
        """The sweep with the framework's own gradients, on which our rules are put."""
        steps = list(super().backward_steps(targets, seeds))
        records, own = self.records(), self.own_gradients(list(targets))
        handed = self.handed(list(targets))
        said = self._backward_remarks = []
        if own is None:
            said.append(FREED.format(framework=self.framework))
        left = Counter(j for *_, parts in steps for _, j, *_ in parts)
        alone = {j for j, count in left.items() if count == 1}
        totals: dict[int, Any] = {}
        # The size of what was added up, which may cancel out, and whether that went on
        # in numbers that the framework does not give.
        scales: dict[int, float] = defaultdict(float)
        for t, seed in zip(targets, seeds, strict=True):
            i = self._index_of(t)
            totals[i] = totals[i] + seed if i in totals else seed
        alone -= totals.keys()
        for i, ours, parts in steps:
            g, made = totals.get(i, ours), []
            for slot, j, *_ in parts:
                d: Any = records[i].vjp(slot, g)
                left[j] -= 1
                size = greatest(g)
                gain = greatest(d) / size if size else 0.0
                terms = size if records[i].was_broadcast else greatest(d)
                scales[j] = max(scales[j], terms, scales[i] * gain)
                if (i, slot) in handed:
                    what = f"what {op_name(records[i])} hands on"
                    self.compare(said, what, d, handed[i, slot], scales[j])
                    d = handed[i, slot]
                total = totals[j] + d if j in totals else d
                theirs = None if own is None or left[j] else own.get(j)
                if theirs is not None:
                    what = f"the gradient of {op_name(records[j])}"
                    self.compare(said, what, total, theirs, scales[j])
                    total, d = theirs, theirs if j in alone else d
                    scales[j] = greatest(theirs)
                totals[j] = total
                made.append((slot, j, d, total))
            yield i, g, made

    def beyond(self, targets: list[Any], grads: dict[int, Any]) -> dict[int, Any]:
        """The framework's gradients of leaves to which nothing on the tape leads."""
        records, own = self.records(), self.own_gradients(targets) or {}
        found = {i: g for i, g in own.items() if records[i].is_leaf and i not in grads}
        if any(np.any(g) for g in found.values()):
            self._backward_remarks.append(BEYOND.format(framework=self.framework))
        return found

    def compare(
        self, said: list[str], what: str, ours: Any, theirs: Any, scale: float = 0.0
    ) -> bool:
        """Whether two results agree; if not, a sentence is added to ``said``."""
        if agrees(ours, theirs, scale):
            return True
        error = error_of(ours, theirs, scale)
        how = f"by {error:.0e} of the greatest entry" if error < np.inf else "in kind"
        said.append(DIFFERS.format(framework=self.framework, what=what, how=how))
        return False

    def annotated(self, graph: Graph) -> Graph:
        """The graph with what there is to say about numbers that differ."""
        said = dict.fromkeys((*self.remarks, *self._backward_remarks))
        notes = [Note("differs", text) for text in said]
        failed = None if self.works_as_ours else self.records().failed
        if failed is not None:
            text = f"The block was left by {failed.kind}: {failed.text}"
            notes.insert(0, Note("failed", text))
        return replace(graph, notes=(*graph.notes, *notes))


class _ForeignRecords(Records):
    """The records, each with the framework's own result."""

    _tape: ForeignTape

    def adapted(self, record: Record) -> Record:
        """The record with the framework's result, and without code if there is none."""
        result = self._tape.values.get(record.index, record.result)
        site = record.call_site if self._tape.has_code else None
        return replace(record, result=result, call_site=site)

    @property
    def asked(self) -> Asked | None:
        """What the framework was asked last; None if it never was."""
        return self._tape.last_asked()
