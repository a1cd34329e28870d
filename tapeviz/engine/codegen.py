"""The source of the functions that compute an op and record it.

Each op is written out as a small function of its own, which is fast: no shared
``apply``, no loop over operands. The op's text from the registry stands in it as it is.
What a function does, in order: find its operands' handles and indices, check them,
compute, and, if one of them is being recorded, append one record.

Names in the generated source: for an operand ``a``, ``A`` is the tensor, ``a`` its
value, ``ta`` and ``ia`` its handle and index; ``Y``, ``y`` the result; ``e`` the
operands' shapes if they were broadcast, else None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tapeviz.engine.primitives import Op, compile_function

PLAIN_TEST = "kind is float or kind is int"


def _find(op: Op, n: str, kind: str = "") -> Iterator[str]:
    """Find operand ``n``: its handle, index and value."""
    big = n.upper()
    tensor = f"t{n} = {big}._t; i{n} = {big}._i"
    variable = f"s = {big}._seen"
    notice = f"if s[0] is not tape_stack.now: s = touch({big})"
    if kind == "Tensor":
        yield tensor
    elif kind == "Variable":
        yield variable
        yield notice
        yield f"t{n} = s[1]; i{n} = s[2]"
    else:
        yield f"kind = {big}.__class__"
        yield f"if kind is Tensor: {tensor}"
        yield "elif kind is Variable:"
        yield f"    {variable}"
        yield f"    {notice}"
        yield f"    t{n} = s[1]; i{n} = s[2]"
        yield "else:"
        yield f"    {kind or f'raise NeverError({op.code})'}"
    yield f"{n} = {big}._v"


def _compute(op: Op) -> Iterator[str]:
    args = ", ".join((*op.operands, *op.settings))
    yield f"try: y = {op.text}"
    yield f"except RuntimeWarning: y = quiet(forward, {args})"
    yield "Y = Tensor(); Y._v = y"


def _saved(op: Op, name: str) -> str:
    """The value of an operand that a record saves, if a rule or a picture needs it."""
    asking = [n for s, n in enumerate(op.operands) if op.keeps(name, s)]
    if len(op.operands) == 1 or name in asking:
        return name if asking else "None"
    tests = [f"i{n} >= 0" for n in asking] + [f"i{name} < 0"]
    return f"{name} if {' or '.join(tests)} else None"


def _keeps_result(op: Op) -> str:
    return "y" if any(op.keeps("y", s) for s in range(len(op.rules))) else "None"


def _extra(op: Op) -> str:
    if op.broadcasts:
        return "e"
    shapes = [f"np_shape({s.removeprefix('shape_')})" for s in op.shapes]
    items = [*op.settings, *shapes]
    return f"({', '.join(items)},)" if items else "None"


def _write(op: Op, record: str, depth: int) -> Iterator[str]:
    """Append the record to ``recs``, the list of handle ``t``; return the result."""
    if op.cut:
        yield "t.cut = True"
    yield f"f = frame({depth})"
    yield "Y._t = t; Y._i = len(recs)"
    yield f"recs.append(({record}, f.f_code, f.f_lasti))"
    yield "return Y"


_UNRECORDED = ("if recs is None:", "    Y._t = OFF; Y._i = -1", "    return Y")


def _listen(names: tuple[str, ...]) -> Iterator[str]:
    """Find the handle ``t`` that records, and its list; the rest are constants."""
    first, *others = names
    if len(others) == 1:
        second = others[0]
        yield f"recs = t{first}.recs"
        yield "if recs is not None:"
        yield f"    t = t{first}"
        yield f"    if t{second} is not t: i{second} = -1"
        yield "else:"
        yield f"    t = t{second}; i{first} = -1"
        yield "    recs = t.recs"
        yield from ("    " + line for line in _UNRECORDED)
        return
    yield f"t = t{first}"
    for n in others:
        yield f"if t.recs is None: t = t{n}"
    yield "recs = t.recs"
    yield from _UNRECORDED
    for n in names if others else ():
        yield f"if t{n} is not t: i{n} = -1"


def takes_floats(op: Op) -> bool:
    """Whether float32 scalars need no check of their dtype."""
    return op.name != "matmul" and (not op.kinds or "f" in op.kinds)


def _tail(op: Op, depth: int) -> Iterator[str]:
    """Check, compute and record, given the operands' values."""
    names = op.operands
    if op.broadcasts and len(names) == 2:
        a, b = names
        yield "e = None"
        odd = f"{a}.__class__ is not {b}.__class__ or {a}.__class__ not in FLOATS"
        plain = f"{a}.__class__ is f32 and {b}.__class__ is f32"
        test = f"if not ({plain}) and ({odd}):" if takes_floats(op) else "if True:"
        yield test
        yield f"    e = check_operands(op, {a}, {b})"
    elif op.broadcasts:
        yield f"e = check_operands(op, {', '.join(names)})"
    elif op.kinds:
        x = names[0]
        yield f"if {x}.__class__ is not f32 and {x}.dtype.kind not in {op.kinds!r}:"
        yield f"    check(op, {x})"
    yield from _compute(op)
    yield from _listen(names)
    record = [str(op.code), *(f"i{n}" for n in names), *(_saved(op, n) for n in names)]
    yield from _write(op, ", ".join([*record, _keeps_result(op), _extra(op)]), depth)


def _plain(op: Op, mine: str, other: str, depth: int) -> Iterator[str]:
    """The short way for an operand beside a Python number."""
    slot = op.operands.index(mine)
    yield f"{other} = {other.upper()}"
    test = f"if {mine}.__class__ is not f32:" if takes_floats(op) else "if True:"
    yield f"{test} {other} = weak(op, {mine}, {other}, {slot})"
    yield from _compute(op)
    ins = [f"i{n}" if n == mine else "-1" for n in op.operands]
    saved = mine if op.keeps(mine, slot) else "None"
    vals = [saved if n == mine else n for n in op.operands]
    y = "y" if op.keeps("y", slot) else "None"
    record = ", ".join([str(op.code), *ins, *vals, y, "None"])
    yield from _listen((mine,))
    yield from _write(op, record, depth)


def _function(head: str, *bodies: Iterator[str]) -> str:
    return (
        "\n".join([head, *("    " + line for body in bodies for line in body)]) + "\n"
    )


def function_source(op: Op, depth: int) -> str:
    """The op as a function of anything that can be a tensor."""
    operands = [n.upper() for n in op.operands]
    head = ", ".join([*operands, *op.settings, "name=None"])
    every = ", ".join(operands)
    start: list[str] = []
    if len(operands) > 1:
        known = " or ".join(f"{n}.__class__ not in KNOWN" for n in operands)
        start = [f"if {known}: {every} = operands(op, {every})"]
        kind = ""
    else:
        n = op.operands[0]
        kind = f"{every} = first(op, {every}); t{n} = {every}._t; i{n} = {every}._i"
    finds = (_find(op, n, kind) for n in op.operands)
    return _function(
        f"def op_{op.name}({head}):", iter(start), *finds, _tail(op, depth)
    )


def method_source(op: Op, owner: str, name: str) -> str:
    """``a * b`` as a method of ``owner``, the first operand."""
    a, b = op.operands
    big = b.upper()

    def body() -> Iterator[str]:
        yield from _find(op, a, owner)
        yield f"kind = {big}.__class__"
        yield f"if {PLAIN_TEST}:"
        yield from ("    " + line for line in _plain(op, a, b, 1))
        lines = list(_find(op, b, f"return slow({a.upper()}, {big})"))
        yield from lines[1:]
        yield from _tail(op, 1)

    return _function(f"def {name}({a.upper()}, {big}):", body())


def reflected_source(op: Op, owner: str, name: str) -> str:
    """``2 * b`` as a method of ``owner``, the second operand."""
    a, b = op.operands

    def body() -> Iterator[str]:
        yield f"kind = {a.upper()}.__class__"
        yield f"if not ({PLAIN_TEST}): return slow({a.upper()}, {b.upper()})"
        yield from _find(op, b, owner)
        yield from _plain(op, b, a, 1)

    return _function(f"def {name}({b.upper()}, {a.upper()}):", body())


def forward_source(op: Op) -> str:
    """The op on arrays: operands first, then settings."""
    args = ", ".join((*op.operands, *op.settings))
    return f"def forward({args}):\n    return {op.text}\n"


def forward(op: Op, raw: dict[str, Any]) -> Callable[..., Any]:
    """The op on arrays, as a function."""
    return compile_function(forward_source(op), "forward", raw, f"forward {op.name}")


def function(op: Op, words: dict[str, Any], depth: int) -> Callable[..., Any]:
    """The op as a function whose call site is its ``depth``-th caller."""
    return compile_function(
        function_source(op, depth),
        f"op_{op.name}",
        words | {"op": op},
        f"{op.name} {depth}",
    )


def method(
    op: Op, words: dict[str, Any], owner: str, name: str, slow: Callable[..., Any]
) -> Callable[..., Any]:
    """A binary op as the operator method ``name`` of Tensor or Variable."""
    write = reflected_source if name.startswith("__r") else method_source
    space = words | {"op": op, "slow": slow}
    return compile_function(write(op, owner, name), name, space, f"{owner} {name}")
