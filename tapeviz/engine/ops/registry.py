"""``op``, which enters an op into the registry, and the three leaves.

``TABLE`` has the entries by number, ``NAMED`` by name. The leaves (variables, watched
tensors, reads of assigned variables) come first, so that the sweep can skip them.
"""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import Any

from tapeviz.engine.primitives import OPERANDS, Op, Rule
from tapeviz.engine.recording import READ, VARIABLE, WATCHED

TABLE: list[Op] = []
NAMED: dict[str, Op] = {}
_NAME = re.compile(r"\b[A-Za-z_]\w*\b(?!\()")


def op(name: str, text: str, *rules: str | None, **fields: Any) -> Op:
    """Enter an op: its text, then one rule per operand in order of appearance.

    What else the text names, besides functions, are its ``settings``. ``kernel`` is the
    name in TensorFlow's way (``LogSoftmax`` of ``log_softmax``) and ``symbol`` the name
    itself unless they are given.
    """
    named = [n for n in dict.fromkeys(_NAME.findall(text)) if not iskeyword(n)]
    seen = [n for n in named if n in (*OPERANDS, "xs")]
    operands = fields.pop("operands", tuple(seen))
    texts = rules + (None,) * (len(operands) - len(rules))
    given = {
        "settings": tuple(n for n in named if n not in seen),
        "kernel": "".join(part[:1].upper() + part[1:] for part in name.split("_")),
        "symbol": name,
        **fields,
    }
    made = Op(
        name, len(TABLE), text, tuple(None if r is None else Rule(r) for r in texts),
        operands, **given,
    )  # fmt: skip
    TABLE.append(made)
    NAMED[name] = made
    return made


PAIR: dict[str, Any] = {"broadcasts": True}
"""Two operands (or more) that are broadcast to one shape."""

SWAPS: dict[str, Any] = {"broadcasts": True, "ordered": False}
"""Two operands whose order does not matter."""

FLOAT: dict[str, Any] = {"kinds": "fc"}
"""A function of real or complex numbers: integers are refused, as TensorFlow does."""

REAL: dict[str, Any] = {"kinds": "f"}
"""A function of real numbers alone."""

NUMBER: dict[str, Any] = {"kinds": "iufc"}
"""Numbers of all kinds; bools and strings are refused."""

ORDERED: dict[str, Any] = {"kinds": "iuf"}
"""Numbers that are greater or less than others: not complex."""

ROUTES: dict[str, Any] = {"why": "the rule is g for what won, 0 for the rest"}
"""Each entry of the gradient goes to one of the operands."""

BITS: dict[str, Any] = {"kinds": "biu"}
"""Bools, and the bits of whole numbers."""

op("variable", "value", settings=("label",), symbol="")
op("watched", "value", settings=("label",), symbol="")
op("read", "x", "g", why="the rule is g")
if [NAMED[n].code for n in ("variable", "watched", "read")] != [
    VARIABLE, WATCHED, READ,
]:  # fmt: skip
    raise RuntimeError("the leaves come first: the record knows their numbers")
