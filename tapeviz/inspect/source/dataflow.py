"""The learner's code parsed: which statement feeds which, and which made a call.

What a tape did not record must be read from the code: this module parses the file (or
the notebook's cells, in the order they ran) and follows names from statement to
statement. Nothing here runs code.
"""

from __future__ import annotations

import ast
from collections import defaultdict, deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import PurePath
from types import CodeType
from typing import Any, TypeAlias

from tapeviz.inspect.source.files import as_run, cell_numbers
from tapeviz.inspect.source.positions import positions, tree_of

CallSite: TypeAlias = tuple[CodeType, int]
Step: TypeAlias = "tuple[Statement, tuple[Statement, ...], ast.AST | str | None]"
"""A statement, the statements that called the functions which it ran in, and what of it
counts: an expression, the name of a parameter, or all of it (None)."""

CALLS = 4
"""So many calls, one in the other, are told apart."""

STEPS = 4000
"""A path is followed through at most this many steps."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BODIES = ("body", "orelse", "handlers", "finalbody", "cases")


@dataclass(eq=False)
class Statement:
    """A statement, or the head of a compound one, and the blocks around it.

    ``order`` sorts statements: file or cell, line, column. ``scope`` is a path such as
    ``file.py/f``. ``reads`` and ``makes`` are the names it reads and assigns,
    ``called`` those it calls, dotted ones included; ``calls`` has only their last
    parts. ``withs`` are the with-blocks around it, ``loops`` the loops, outermost
    first; ``sure`` is False where it may not run, as in the branch of an if. ``a, b =
    1, 2`` is two of them, each with its own target and value as ``share``. ``function``
    is the function or class it is in; ``owner`` is what a function itself is in.
    """

    path: str
    order: tuple[int, int, int]
    node: ast.stmt
    scope: str
    withs: tuple[ast.With, ...] = ()
    loops: tuple[ast.stmt, ...] = ()
    sure: bool = True
    reads: set[str] = field(default_factory=set)
    makes: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    share: tuple[ast.expr, ast.expr] | None = None
    function: ast.AST | None = None
    owner: ast.AST | None = None

    @property
    def value(self) -> ast.expr | None:
        """The expression that the statement gives a name to, if it does."""
        node = self.node
        if self.share is not None:
            return self.share[1]
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return)):
            return node.value
        return node.value if isinstance(node, ast.Expr) else None

    @property
    def parts(self) -> Iterator[ast.AST]:
        """All nodes of the statement itself, without the statements inside it."""
        return chain.from_iterable(map(_own, self.share or (self.node,)))

    @cached_property
    def nodes(self) -> dict[Any, ast.AST]:
        """The innermost expression at each position of the statement."""
        return {_index_of(node): node for node in _own(self.node)}


class ProgramSource:
    """The files or cells around a call and around what a tape recorded, parsed.

    ``call`` is the call itself where it can be found, ``asking_line`` the statement it
    is in.
    """

    def __init__(
        self, call_site: CallSite | None, codes: Iterable[CodeType] = ()
    ) -> None:
        every = [*([] if call_site is None else [call_site[0]]), *codes]
        cells = _cells(every[0].co_filename if call_site else "")
        edited = {code.co_filename for code in every if not as_run(code)}
        files = [code.co_filename for code in every]
        paths = dict.fromkeys(file for file in files if file not in edited)
        if cells.keys() & paths.keys():
            paths = dict.fromkeys([*cells, *paths])
        self.lines: list[Statement] = []
        self._calling: dict[str, list[Statement]] = defaultdict(list)
        self._functions: dict[str, list[Statement]] = defaultdict(list)
        self._returns: dict[ast.AST, list[Statement]] = defaultdict(list)
        self._parts: dict[ast.AST, Statement] = {}
        self._ran = {(code.co_filename, code.co_name) for code in every}
        for number, path in enumerate(paths):
            scope = "cells" if path in cells else path
            self._read(path, cells.get(path, number), scope)
        self._made: dict[tuple[str, str], list[Statement]] = defaultdict(list)
        for line in self.lines:
            for name in line.makes:
                self._made[_home(name, line.scope), name].append(line)
        self._at: dict[tuple[int, int], Statement | None] = {}
        self.asking_line, found = self.line_at(call_site), self.node_at(call_site)
        self.call = found if isinstance(found, ast.Call) else None

    # -- reading ---------------------------------------------------------------------

    def _read(self, path: str, number: int, scope: str) -> None:
        around = Statement(path, (number, 0, 0), ast.Pass(), scope)
        self._body(tree_of(path).body, around)

    def _body(self, body: Iterable[ast.stmt], around: Statement) -> None:
        for node in body:
            lines = [
                Statement(
                    around.path, (around.order[0], node.lineno, node.col_offset), node,
                    around.scope, around.withs, around.loops, around.sure, share=share,
                    function=around.function,
                )
                for share in _shares(node)
            ]  # fmt: skip
            self.lines.extend(lines)
            line = lines[0]
            if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
                self._definition(node, line)
                continue
            for line in lines:
                _names(line)
                for name in line.calls:
                    self._calling[name].append(line)
            if isinstance(node, ast.Return) and around.function is not None:
                self._returns[around.function].append(line)
            self._inside(node, line)

    def _definition(self, node: Any, line: Statement) -> None:
        line.makes.add(node.name)
        scope = f"{line.scope}/{node.name}"
        inner = Statement(
            line.path, line.order, node, scope, function=node, owner=line.function
        )
        if isinstance(node, _FUNCTIONS):
            self._functions[node.name].append(inner)
            inner.makes = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
            self.lines.append(inner)
        self._body(node.body, inner)

    def _inside(self, node: ast.stmt, line: Statement) -> None:
        withs = (*line.withs, node) if isinstance(node, ast.With) else line.withs
        loop = isinstance(node, (ast.For, ast.While, ast.AsyncFor))
        loops = (*line.loops, node) if loop else line.loops
        sure = line.sure and isinstance(node, (ast.With, ast.Try))
        around = Statement(
            line.path, line.order, node, line.scope, withs, loops, sure,
            function=line.function,
        )  # fmt: skip
        for name in _BODIES:
            for child in getattr(node, name, ()):
                inner = [child] if isinstance(child, ast.stmt) else child.body
                self._body(inner, around)

    def definition_of(self, code: CodeType) -> ast.FunctionDef | None:
        """The definition of a function by its code object, if its file was read."""
        for line in self._functions.get(code.co_name, ()):
            first = min(
                (d.lineno for d in getattr(line.node, "decorator_list", ())),
                default=line.node.lineno,
            )
            if line.path == code.co_filename and code.co_firstlineno == first:
                return line.node if isinstance(line.node, ast.FunctionDef) else None
        return None

    # -- finding ---------------------------------------------------------------------

    def node_at(self, call_site: CallSite | None) -> ast.AST | None:
        """The expression of one instruction."""
        line = self.line_at(call_site)
        if call_site is None or line is None:
            return None
        return line.nodes.get(_position(call_site))

    def line_at(self, call_site: CallSite | None) -> Statement | None:
        """The innermost statement that an instruction belongs to."""
        if call_site is None:
            return None
        key = id(call_site[0]), call_site[1]
        if key not in self._at:
            self._at[key] = self._line_at(call_site)
        return self._at[key]

    def _line_at(self, call_site: CallSite) -> Statement | None:
        position = _position(call_site)
        if position is None:
            return None
        lines = self._around.get((call_site[0].co_filename, position[0]), ())
        around = [line for line in lines if _holds(line.node, position)]
        best = max((line.order for line in around), default=None)
        return next((line for line in reversed(around) if line.order == best), None)

    @cached_property
    def _around(self) -> dict[tuple[str, int], list[Statement]]:
        """For each line of a file the statements that reach over it."""
        found: dict[tuple[str, int], list[Statement]] = defaultdict(list)
        for line in self.lines:
            last = line.node.end_lineno or line.node.lineno
            for number in range(line.node.lineno, last + 1):
                found[line.path, number].append(line)
        return found

    def scopes(self, line: Statement) -> Iterator[str]:
        """The scopes whose names a statement sees, innermost first."""
        scope = line.scope
        while scope:
            yield scope
            scope = scope.rpartition("/")[0]

    def key(self, name: str, line: Statement) -> tuple[str, str]:
        """The name together with the scope that a statement finds it in."""
        found = (one for one in self.scopes(line) if (one, name) in self._made)
        return next(found, ""), name

    def made(self, name: str, line: Statement | None) -> list[Statement]:
        """The statements that give a name its value, as ``line`` sees it, in order."""
        every = [] if line is None else self._made.get(self.key(name, line), [])
        return sorted(every, key=lambda one: one.order)

    def history(self, name: str, line: Statement | None) -> list[Statement]:
        """The same, with what its own methods gave an attribute of an object."""
        every = self.made(name, line)
        for key in self.starts(name) if line is not None else ():
            every += [one for one in self._made.get(key, []) if one not in every]
        return sorted(every, key=lambda one: one.order)

    def before(
        self, name: str, line: Statement, calls: Sequence[Statement] = ()
    ) -> list[Statement]:
        """Those among them that may have made the value which ``line`` reads.

        What a notebook's cell itself may have made counts before all earlier cells. A
        name from outside of a function had its value when ``calls`` called it, or when
        the question was asked.
        """
        every = [one for one in self.made(name, line) if one is not line or one.loops]
        if every and every[0].scope != line.scope:
            asking = [] if self.asking_line is None else [self.asking_line]
            now = (o for o in (*calls[::-1], *asking) if o.scope == every[0].scope)
            line = next(now, line)
        if not every or every[0].scope != line.scope:
            return every
        early = [one for one in every if one.order < line.order]
        late = [one for one in every if one.order >= line.order]
        later = [one for one in late if set(one.loops) & set(line.loops)]
        for one in reversed(early):
            if later and one.path != line.path == later[-1].path:
                break
            later.append(one)
            changes = isinstance(one.node, ast.Expr)
            sure = one.sure and not isinstance(one.node, ast.AugAssign)
            if not changes and (sure or (one.loops and one.loops == line.loops)):
                break
        return later or every

    def feeders(
        self, step: Step, starts: Container[tuple[str, str]] = ()
    ) -> Iterator[Step]:
        """The steps that a statement takes its values from, but for the starts."""
        line, calls, part = step
        shown = self._shown(line, part)
        for name in shown.reads:
            if self.key(name, line) not in starts:
                for one in self.before(name, line, calls):
                    word = name if one.node is one.function else None
                    yield one, _around(one, line, calls), word
        into = (*calls, line)[-CALLS:]
        for name in shown.called:
            for function in self._meant(name, line, calls):
                for one in self._returns[function.node]:
                    yield one, calls if line in calls else into, None
        if line.node is line.function:
            yield from self._arguments(line, calls, part)

    def _shown(self, line: Statement, part: ast.AST | str | None) -> Statement:
        """The part of a statement that counts, as a statement."""
        if not isinstance(part, ast.expr):
            return line
        if part not in self._parts:
            self._parts[part] = part_of(line, part)
        return self._parts[part]

    def _arguments(
        self, function: Statement, calls: tuple[Statement, ...], name: Any
    ) -> Iterator[Step]:
        """What a parameter was given: by the call that led here, or by any."""
        if calls:
            callers = [(calls[-1], calls[:-1])]
        else:
            callers = [(one, ()) for one in self._callers(function)]
        for line, rest in callers:
            for part in _arguments(line, function, name):
                yield line, rest, part

    def _callers(self, function: Statement) -> list[Statement]:
        """The statements that call a function; those that ran for the tape, if any."""
        name = function.scope.rpartition("/")[2]
        found = [
            one for one in self._calling.get(name, [])
            if any(m.node is function.node for n in one.called if last_name(n) == name
                   for m in self._meant(n, one, ()))
        ]  # fmt: skip
        ran = [one for one in found if _code_of(one) in self._ran]
        return [*(ran or found), *self.makers(function)]

    def _meant(
        self, name: str, line: Statement, calls: Sequence[Statement]
    ) -> list[Statement]:
        """The learner's own functions that a call by this name may run.

        A name with a dot in it is a method, or a function of the learner's module; what
        another module has under the same name, as ``np.square``, is not meant.
        """
        root, _, last = name.rpartition(".")
        made = self.before(root or name, line, calls)
        if root in ("self", "cls"):
            kind = line.scope.rpartition("/")[0]
            own = [f for f in self._functions[last] if f.scope == f"{kind}/{last}"]
            return own or self._of_instances(self.before(name, line, calls))
        if not made:
            file = last_name(root)
            return [f for f in self._functions[last] if _at_the_top(f, file)]
        if root:
            return self._methods((last,), made)
        defined = {one.node for one in made if isinstance(one.node, _FUNCTIONS)}
        own = [f for f in self._functions[name] if f.node in defined]
        return own or self._of_instances(made)

    def makers(self, line: Statement) -> list[Statement]:
        """The statements that make the objects whose ``__init__`` this line is in."""
        around, _, function = line.scope.rpartition("/")
        kind = around.rpartition("/")[2]
        return self._calling.get(kind, []) if function == "__init__" else []

    def _of_instances(self, made: list[Statement]) -> list[Statement]:
        """What runs when an object of the learner's own class is called."""
        if made and all(isinstance(one.node, ast.ClassDef) for one in made):
            return []
        return self._methods(("__call__", "call", "forward"), made)

    def _methods(self, names: Iterable[str], made: list[Statement]) -> list[Statement]:
        """The methods of the classes that made these values; all if none is known."""
        found = [f for name in names for f in self._functions[name] if _kind_of(f)]
        if any(isinstance(one.node, ast.ClassDef) for one in made):
            kinds = {name for one in made for name in one.makes}
        else:
            kinds = {name for one in made for name in one.calls}
            kinds = kinds or {_kind_of(f) for f in found}
        return [f for f in found if _kind_of(f) in kinds]

    def upstream(self, goals: Iterable[Statement]) -> set[Statement]:
        """All statements that feed the goals."""
        return {line for line, *_ in self._fed(goals, (), lambda _line: False)}

    def _fed(
        self, goals: Iterable[Statement], starts: Container[tuple[str, str]],
        ends: Callable[[Statement], bool],
    ) -> dict[Step, list[Step]]:  # fmt: skip
        """The steps that feed the goals but for the starts, each with its feeders.

        No way leads on through a statement where it ``ends``.
        """
        todo: deque[Step] = deque((line, (), None) for line in goals)
        found: dict[Step, list[Step]] = {}
        while todo and len(found) < STEPS:
            step = todo.popleft()
            if step not in found and not ends(step[0]):
                found[step] = list(self.feeders(step, starts))
                todo.extend(found[step])
        return found

    def starts(self, name: str) -> set[tuple[str, str]]:
        """A name as the question knows it, and as the methods of its object do."""
        if self.asking_line is None or not name:
            return set()
        own = "self." + last_name(name)
        inner = {key for key in self._made if key[1] == own and "." in name}
        made = self.made(name.partition(".")[0], self.asking_line)
        kinds = {kind for one in made for kind in one.calls}
        known = {key for key in inner if key[0].rpartition("/")[2] in kinds}
        return {self.key(name, self.asking_line), *(known or inner)}

    def chain(
        self, name: str, goals: Iterable[Statement], tape: str
    ) -> list[Statement]:
        """The statements on the paths from a name to the goals, in order.

        A path begins at each statement that reads the name; what made it is no part of
        it. No path leads through a statement that asks ``tape`` for a derivative.
        """
        starts = self.starts(name)
        seen = self._fed(goals if starts else (), starts, lambda o: self._asks(o, tape))
        takers: dict[Step, set[Step]] = defaultdict(set)
        for step, feeders in seen.items():
            for other in feeders:
                takers[other].add(step)
        reached: set[Step] = set()
        todo = [step for step in seen if self._begins(step, name, starts)]
        while todo:
            step = todo.pop()
            if step not in reached:
                reached.add(step)
                todo.extend(takers[step])
        return sorted({line for line, *_ in reached}, key=lambda one: one.order)

    def _begins(self, step: Step, name: str, starts: set[tuple[str, str]]) -> bool:
        """Whether a path begins at a step: it reads the value that is meant."""
        line, _, part = step
        reads = self._shown(line, part).reads
        return any(
            start in reads
            and self.key(start, line) in starts
            and (start != name or self._is_meant(name, step))
            for _, start in starts
        )

    def _asks(self, line: Statement, tape: str) -> bool:
        """Whether a statement asks the tape of the question for a derivative."""
        verbs = {f"{tape}.gradient", f"{tape}.jacobian"}
        asking = self.asking_line or line
        same = self.key(tape, line) == self.key(tape, asking)
        return line is self.asking_line or (same and bool(verbs & line.called))

    def _is_meant(self, name: str, step: Step) -> bool:
        """Whether a step reads the value that the name has for the question."""
        if self.asking_line is None:
            return True
        read = self.before(name, *step[:2])
        asked = self.before(name, self.asking_line)
        return not read or not asked or not set(read).isdisjoint(asked)

    def makes_of(self, name: str) -> set[str]:
        """The names that take their values from a name, in its own scope, in order."""
        if self.asking_line is None or not name:
            return set()
        scope, known = self.key(name, self.asking_line)[0], {name}
        for line in self.lines:
            if line.scope == scope and known & line.reads:
                known |= line.makes
        return known - {name}

    def goals(self, argument: ast.expr | None, name: str) -> list[Statement]:
        """The statements that made the value asked about."""
        if self.asking_line is None:
            return []
        asked = names_in(argument) if argument is not None else {name}
        return [one for n in sorted(asked) for one in self.before(n, self.asking_line)]

    def argument(self, slot: int, keyword: str) -> ast.expr | None:
        """The expression that the call passes for a parameter."""
        if self.call is None:
            return None
        for word in self.call.keywords:
            if word.arg == keyword:
                return word.value
        args = self.call.args
        plain = slot < len(args) and not any(isinstance(a, ast.Starred) for a in args)
        return args[slot] if plain else None


def _home(name: str, scope: str) -> str:
    """The scope a name belongs to: for an attribute of ``self`` it is the class."""
    return scope.rpartition("/")[0] if name.startswith("self.") else scope


def _around(
    one: Statement, line: Statement, calls: tuple[Statement, ...]
) -> tuple[Statement, ...]:
    """The calls that led to ``one``, which made what ``line`` reads."""
    if one.scope == line.scope:
        return calls
    outer = [k for k, call in enumerate(calls) if call.scope == one.scope]
    return calls[: outer[-1]] if outer else ()


_IMPLIED = ("__init__", "__call__", "call", "forward")
"""Methods that are called by other names."""


def _arguments(
    line: Statement, function: Statement, name: Any
) -> list[ast.expr | None]:
    """The expressions that calls in a statement pass for a parameter; None: any."""
    node: Any = function.node
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    if name not in names or node.name in _IMPLIED:
        return [None]
    slot = names.index(name) - bool(_kind_of(function))
    found: list[ast.expr | None] = []
    for call in line.parts:
        if isinstance(call, ast.Call) and last_name(called(call)) == node.name:
            found += [call.func] if slot < 0 else _passed(call, slot, name)
    return found


def _passed(call: ast.Call, slot: int, name: str) -> list[ast.expr | None]:
    starred = any(isinstance(a, ast.Starred) for a in call.args)
    if starred or any(word.arg is None for word in call.keywords):
        return [None]
    words = [word.value for word in call.keywords if word.arg == name]
    return [*call.args[slot : slot + 1], *words]


def _code_of(line: Statement) -> tuple[str, str]:
    """The file and the name of the code object that a statement runs in."""
    name = getattr(line.function, "name", "<module>")
    return line.path, name


def _kind_of(function: Statement) -> str:
    """The name of the class that a method is in; "" for any other function."""
    owner = function.owner
    return owner.name if isinstance(owner, ast.ClassDef) else ""


def _at_the_top(function: Statement, file: str) -> bool:
    """Whether a function is a module's own; with ``file``, a module of that name."""
    if function.scope != f"{function.path}/{getattr(function.node, 'name', '')}":
        return False
    return not file or PurePath(function.path).stem == file


def _shares(node: ast.stmt) -> Sequence[tuple[ast.expr, ast.expr] | None]:
    """The pairs of ``a, b = 1, 2``; one None for any other statement."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return [None]
    target, value = node.targets[0], node.value
    if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Tuple):
        return [None]
    if any(isinstance(n, ast.Starred) for n in (*target.elts, *value.elts)):
        return [None]
    return list(zip(target.elts, value.elts, strict=False)) or [None]


def _own(node: ast.AST) -> Iterator[ast.AST]:
    todo: deque[ast.AST] = deque([node])
    while todo:
        one = todo.popleft()
        yield one
        if isinstance(one, (*_FUNCTIONS, ast.ClassDef)):
            continue
        for name, child in ast.iter_fields(one):
            if one is node and name in _BODIES and isinstance(child, list):
                continue
            todo.extend(c for c in (child if isinstance(child, list) else [child])
                        if isinstance(c, ast.AST))  # fmt: skip


def part_of(line: Statement, node: ast.expr) -> Statement:
    """An expression of a statement as a statement of its own."""
    made: Any = {"reads": set(), "makes": set(), "called": set(), "calls": set()}
    part = replace(line, share=(node, node), **made)
    _names(part)
    return part


_FORM = {
    "shape", "dtype", "ndim", "len", "size", "rank", "zeros_like", "ones_like",
    "isinstance", "type", "id",
}  # fmt: skip
"""Attributes and functions that tell of a tensor's form, and not of its value."""


def _asks_for_form(node: ast.AST) -> bool:
    asks = node.func if isinstance(node, ast.Call) else node
    named = asks.attr if isinstance(asks, ast.Attribute) else dotted(asks)
    return isinstance(node, (ast.Call, ast.Attribute)) and named in _FORM


def _add_name(line: Statement, node: ast.AST) -> None:
    if isinstance(node, (ast.Name, ast.Attribute)):
        (line.reads if isinstance(node.ctx, ast.Load) else line.makes).add(dotted(node))
    elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        line.makes.add(dotted(node.value))


def _names(line: Statement) -> None:
    """Fill in what a statement reads, makes and calls."""
    form: set[int] = set()
    for node in line.parts:
        if isinstance(node, ast.Call):
            line.called.add(dotted(node.func))
        if _asks_for_form(node):
            form |= {id(n) for n in ast.walk(node)}
        if id(node) not in form:
            _add_name(line, node)
    if isinstance(line.node, ast.AugAssign):
        line.reads.add(dotted(line.node.target))
    if isinstance(line.node, ast.Expr) and isinstance(line.node.value, ast.Call):
        func = line.node.value.func
        if isinstance(func, ast.Attribute) and line.node.value.args:
            line.makes.add(dotted(func.value))  # losses.append(y), v.assign(y)
    line.called.discard("")
    line.calls = {last_name(name) for name in line.called}
    line.makes.discard("")
    line.reads.discard("")


DEEP = 200
"""Expressions with more layers than these are not written out."""


def parent_of(line: Statement, node: ast.AST) -> ast.AST | None:
    """The node of a statement that a node is a direct part of."""
    parts = (one for one in line.parts if node in ast.iter_child_nodes(one))
    return next(parts, None)


def code_of(node: ast.AST) -> str:
    """An expression as text; an ellipsis for one with very many layers.

    >>> code_of(ast.parse("x  +  1", mode="eval").body)
    'x + 1'
    """
    return "..." if deep(node) else ast.unparse(node)


def deep(node: ast.AST) -> bool:
    """Whether an expression has so many layers that nothing recursive reads it."""
    layer = [node]
    for _ in range(DEEP):
        layer = [child for one in layer for child in ast.iter_child_nodes(one)]
        if not layer:
            return False
    return True


def dotted(node: ast.AST) -> str:
    """``self.w`` for the expression of that name; "" for other expressions.

    >>> dotted(ast.parse("self.layer.w", mode="eval").body)
    'self.layer.w'
    """
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def called(node: ast.AST | None) -> str:
    """The name of the function that a call calls; "" for anything else."""
    return dotted(node.func) if isinstance(node, ast.Call) else ""


def last_name(name: str) -> str:
    """The last part of a dotted name."""
    return name.rpartition(".")[2]


def names_in(node: ast.AST) -> set[str]:
    """The dotted names in an expression, and the parts of them."""
    return {dotted(one) for one in ast.walk(node)} - {""}


def within(node: ast.AST, around: ast.AST) -> bool:
    """Whether a node is another one, or a part of it."""
    return any(one is node for one in ast.walk(around))


def _cells(asking: str = "") -> dict[str, int]:
    """The notebook's cells by their file, with their position in the order they ran.

    The cell that asks is the last. Where the cells are not numbered, all have the same
    number and are sorted as they first ran.
    """
    numbers = cell_numbers()
    files = sorted(numbers, key=lambda file: (file == asking, numbers[file]))
    return {file: position for position, file in enumerate(files)}


def _position(call_site: CallSite) -> tuple[int, int, int, int] | None:
    """Line, column, end line and end column of an instruction, in bytes."""
    code, lasti = call_site
    if (found := positions(code).get(lasti)) is None:
        return None
    line, end_line, col, end_col = found
    return line, col, end_line, end_col


def _index_of(node: ast.AST) -> tuple[int, int, int, int] | None:
    if not isinstance(node, ast.expr) or node.end_lineno is None:
        return None
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset or 0


def _holds(node: ast.stmt, position: tuple[int, int, int, int]) -> bool:
    start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    return start <= position[:2] and position[2:] <= end
