"""Snippets and what they give: one table, run on tapeviz and on TensorFlow.

An outcome is short text, the same for both: ``6 float32`` is a tensor, ``var 3
float32`` a variable, ``np 3 float32`` a NumPy value, ``ValueError: ...`` an error with
the first line of its message. An expected error names its class and a phrase.
"""

from __future__ import annotations

import ast
import collections
import logging
import textwrap
import threading
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Row:
    """A snippet whose last line is an expression, and what that gives."""

    name: str
    code: str
    gives: str

    def __str__(self) -> str:
        return self.name


def row(name: str, code: str, gives: str) -> Row:
    """One row; the snippet may be indented."""
    return Row(name, textwrap.dedent(code).strip(), gives)


def described(value: Any) -> str:  # noqa: PLR0911 - one line for each kind of value
    """A value as short text."""
    if isinstance(value, (list, tuple)) and type(value).__name__ != "TensorShape":
        inside = ", ".join(described(v) for v in value)
        name = type(value).__name__
        plain = {"list": "[%s]", "tuple": "(%s)"}
        named = name.rpartition("ListWrapper")[1]
        return plain.get("list" if named else name, name + "(%s)") % inside
    if isinstance(value, dict) or type(value).__name__ == "_DictWrapper":
        inside = ", ".join(f"{k}: {described(v)}" for k, v in value.items())
        name = type(value).__name__
        return f"{'' if name == 'dict' else name}{{{inside}}}"
    if type(value).__name__ == "IndexedSlices":
        return f"slices {described(value.values)} at {described(value.indices)}"
    if hasattr(value, "numpy") and hasattr(value, "dtype"):
        mark = "var " if hasattr(value, "assign") else ""
        return f"{mark}{_array(value.numpy())} {value.dtype.name}"
    if isinstance(value, (np.ndarray, np.generic)):
        return f"np {_array(value)} {value.dtype.name}"
    if isinstance(value, float):
        return f"{value:.5g}" + ("" if "." in f"{value:.5g}" else ".0")
    return (
        str(value) if type(value).__name__ in ("TensorShape", "DType") else repr(value)
    )


def _array(value: Any) -> str:
    a = np.asarray(value)
    return _entries(a.tolist()) if a.size else f"empty{list(a.shape)}"


def _entries(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_entries, value)) + "]"
    return f"{value:.5g}" if isinstance(value, (float, complex)) else repr(value)


class _Logs(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{record.levelname} {record.getMessage()}")


def _space(tf: Any, logs: list[str]) -> dict[str, Any]:
    def error(act: Any) -> str:
        try:
            return described(act())
        except Exception as e:  # noqa: BLE001 - any error is an outcome here
            return f"{type(e).__name__}: {e}".splitlines()[0]

    return {
        "tf": tf, "np": np, "V": tf.Variable, "c": tf.constant, "logs": logs,
        "error": error, "collections": collections, "threading": threading,
    }  # fmt: skip


def outcome(tf: Any, code: str) -> str:
    """What a snippet gives with this module as ``tf``, as text."""
    handler, log = _Logs(), logging.getLogger("tensorflow")
    *body, last = ast.parse(code).body
    space = _space(tf, handler.texts)
    level = log.level
    log.setLevel(logging.WARNING)
    log.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(ast.Module(body, []), "<row>", "exec"), space)  # noqa: S102
            assert isinstance(last, ast.Expr), "a snippet ends with an expression"
            made = eval(compile(ast.Expression(last.value), "<row>", "eval"), space)  # noqa: S307
            return described(made)
    except Exception as e:  # noqa: BLE001 - any error is an outcome here
        return f"{type(e).__name__}: " + " ".join(str(e).split("\n"))
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def agrees(got: str, wanted: str) -> bool:
    """Whether an outcome is the one in the table."""
    kind, colon, phrase = wanted.partition(": ")
    if colon and kind.isidentifier() and kind.endswith("Error"):
        return got.startswith(kind + ": ") and phrase in got
    return got == wanted


def judged(tf: Any, case: Row) -> str:
    """What a row gives instead of what it should; nothing if that is right."""
    forget_warnings()
    got = outcome(tf, case.code)
    right = agrees(got, case.gives)
    return "" if right else f"{got}\nwanted: {case.gives}\n{case.code}"


def forget_warnings() -> None:
    """Let TensorFlow and tapeviz warn again of what they warn of once."""
    import sys

    if "tensorflow" in sys.modules:
        from tensorflow.python.platform import tf_logging

        tf_logging._log_counter_per_token.clear()  # there is no public way
    if "tapeviz.engine.asking" in sys.modules:
        asking = sys.modules["tapeviz.engine.asking"]  # no learner should need this
        asking._warned.update(dict.fromkeys(asking._warned, 0))
