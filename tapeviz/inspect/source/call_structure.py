"""Which function called which, from the lines of the operations in their order.

A recorded operation knows its line and no more. The functions of the learner's files
and the names that each of them calls say what may have been on the stack. Of all that
may have been, the route with the fewest calls is taken, and of those the deepest. Calls
of one function that follow each other without a line between them are one, unless its
lines begin anew.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tapeviz.inspect.source.positions import KINDS, tree_of
from tapeviz.trace.scalars import FunctionCall

Location = tuple[str, int]
"""The path of a file, and the number of a line in it."""


@dataclass(frozen=True)
class _Function:
    """A function of a file, the names it calls, and the lines of its loops."""

    name: str
    title: str
    first: int
    last: int
    called: frozenset[str]
    loops: tuple[tuple[int, int], ...] = field(default=())

    def repeats(self, line: int, before: int) -> bool:
        """Whether a loop leads back from one line to another."""
        return any(a <= line <= before <= b for a, b in self.loops)


_MODULE = _Function("", "", 0, 0, frozenset())


class CallReader:
    """Puts lines of code into the functions that they are in."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._functions = {path: tuple(_functions(path)) for path in paths}
        every = [f for some in self._functions.values() for f in some]
        self._by_name = {f.name: f for f in reversed(every)}  # outer ones come first
        self._routes = cache(self._find_routes)

    def function(self, line: Location) -> _Function:
        """The innermost function around a line."""
        path, number = line
        around = [
            f for f in self._functions.get(path, ()) if f.first <= number <= f.last
        ]
        return max(around, key=lambda f: f.first, default=_MODULE)

    def _find_routes(self, start: _Function, end: _Function) -> tuple[_Route, ...]:
        """The routes of calls from one function to another, short ones first."""
        todo, found = deque[_Route]([(start,)]), []
        while todo:
            route = todo.popleft()
            outside = route[-1] is _MODULE
            names = sorted(self._by_name if outside else route[-1].called)
            inner = [self._by_name[n] for n in names if n in self._by_name]
            found += [(*route[1:], end)] if end in inner else []
            if len(route) < _DEEP:
                todo += [(*route, f) for f in inner if f is not end and f not in route]
        return tuple(found)

    def calls(self, lines: Sequence[Location]) -> tuple[FunctionCall, ...]:
        """The calls in which operations with these lines were made."""
        known = {line: self.function(line) for line in set(lines)}
        states = [_State(0, 0, (_MODULE,), None, 0, ())]
        now, before = _MODULE, 0
        for i, line in enumerate(lines):
            f = known[line]
            back = line[1] < before and not f.repeats(line[1], before)
            if f is not now or (back and f is not _MODULE):
                best: dict[_Route, _State] = {}
                for one in (n for s in states for n in self._next(s, f, i, now)):
                    if one.stack not in best or one.rank < best[one.stack].rank:
                        best[one.stack] = one
                states = sorted(best.values(), key=lambda one: one.rank)[:_BEAM]
            now, before = f, line[1]
        return tuple(_calls_of(states[0], len(lines)))

    def _next(
        self, state: _State, f: _Function, at: int, now: _Function
    ) -> Iterator[_State]:
        """What the stack may be when an operation of a function follows."""
        stack = state.stack
        for depth in range(len(stack), 0, -1):
            one = stack[depth - 1]
            routes: tuple[_Route, ...] = ((),) if one is f is not now else ()
            for route in routes or self._routes(one, f):
                yield _State(
                    state.cost + len(route),
                    state.depth + depth + len(route),
                    (*stack[:depth], *route),
                    state,
                    at,
                    route,
                )
        if f not in self._by_name.values() and f is not _MODULE:
            yield _State(state.cost + 1, state.depth + 2, (_MODULE, f), state, at, (f,))


_Route = tuple[_Function, ...]
_DEEP, _BEAM = 4, 12


@dataclass(frozen=True, eq=False)
class _State:
    """A stack of functions, and how it became what it is: ``route`` was put on it."""

    cost: int
    depth: int
    stack: _Route
    before: _State | None
    at: int
    route: _Route

    @property
    def rank(self) -> tuple[int, int]:
        return self.cost, -self.depth


def _calls_of(state: _State, stop: int) -> Iterator[FunctionCall]:
    """The calls of the states that led to this one, in the order of their beginning."""
    states: list[_State] = []
    one: _State | None = state
    while one is not None:
        states.append(one)
        one = one.before
    made: list[list[Any]] = []
    open_calls: list[int] = []
    for step in (*reversed(states), None):
        depth = 0 if step is None else len(step.stack) - len(step.route) - 1
        while len(open_calls) > depth:
            made[open_calls.pop()][1] = stop if step is None else step.at
        for f in step.route if step else ():
            made.append([step.at if step else 0, -1, f.title, len(open_calls)])
            open_calls.append(len(made) - 1)
    return (FunctionCall(*one) for one in made)


def _functions(path: str) -> Iterator[_Function]:
    classes: dict[ast.AST, str] = {}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ClassDef):
            classes |= dict.fromkeys(node.body, node.name)
        if isinstance(node, KINDS["function"][:2]):
            inner = [*ast.walk(node)]
            calls = (n.func for n in inner if isinstance(n, ast.Call))
            names = {getattr(f, "id", getattr(f, "attr", "")) for f in calls}
            loops = (n for n in inner if isinstance(n, KINDS["loop"]))
            spans = {(n.lineno, n.end_lineno or n.lineno) for n in loops}
            yield _Function(
                node.name,
                _title(node.name, classes.get(node, "")),
                node.lineno,
                node.end_lineno or 0,
                frozenset(names),
                tuple(sorted(spans)),
            )


def _title(name: str, kind: str) -> str:
    """What a function is called: a method after its class, ``__call__`` as the class.

    >>> _title("linear", ""), _title("__call__", "Neuron"), _title("forward", "Layer")
    ('linear', 'Neuron', 'Layer.forward')
    """
    if name == "__call__":
        return kind
    return f"{kind}.{name}" if kind else name
