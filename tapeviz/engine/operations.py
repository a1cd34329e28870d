"""From an entry of the registry to a function that computes and records.

There is one factory for each number of operands. What the functions do, in order: find
the operands' indices in what is being recorded, check the operands, compute, and, if
one of them is recorded, append one record. Nothing is looped over or packed on the way,
where there are one or two operands: most of a small program's time is spent here.

In the functions ``A`` is an operand as it was given, ``a`` its value and ``ia`` its
index; ``Y`` and ``y`` are the result; ``e`` is what the record keeps beside operands
and result (of operands that were broadcast, their shapes); ``f`` is the learner's
frame, ``c`` its code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

from tapeviz.engine import validation
from tapeviz.engine.primitives import Op
from tapeviz.engine.recording import NO_TAPES, OFF, active, index_of
from tapeviz.engine.tensor import Tensor, Variable, convert, touch, wrap
from tapeviz.errors import INSIDE, RULES, learners, own

f32 = np.float32
FLOATS, KNOWN = validation.FLOATS, validation.KNOWN
check_operands, check_pair = validation.check_operands, validation.check_pair
quiet, weak = validation.quiet, validation.weak
_frame = sys._getframe


class _Last:
    """The learner's code that recorded last: most often the one that does so next."""

    __slots__ = ("code",)
    code: Any


last = _Last()
last.code = None


def site_of(frame: FrameType) -> FrameType:
    """The learner's frame, from the one that called an op outwards."""
    if frame.f_code.co_filename == RULES:  # it gets its call site afterwards
        return frame
    if INSIDE[frame.f_code.co_filename]:
        frame = learners(frame)
    last.code = frame.f_code
    return frame


def function(op: Op, forward: Callable[..., Any]) -> Callable[..., Tensor]:
    """An op as a function of anything that can be a tensor."""
    if len(op.operands) == 1 and not op.many:
        return unary(op, forward)
    if len(op.operands) == 2 and op.broadcasts and not op.settings:
        return binary(op, forward)
    return several(op, forward)


def unary(  # noqa: C901 - written out, as every op of a program runs it
    op: Op, forward: Callable[..., Any]
) -> Callable[..., Tensor]:
    """An op of one operand, and perhaps settings."""
    code, kinds, shape = op.code, op.kinds, bool(op.shapes)
    x_kept, y_kept = op.keeps(op.operands[0], 0), op.keeps("y", 0)
    wrapper: Any = None  # the code of ours that called it last, ``tf.exp`` for ``exp``

    def run(X: Any, *settings: Any, name: Any = None) -> Tensor:  # noqa: C901 - as above
        nonlocal wrapper
        now = active()
        handle = now.handle
        if X.__class__ is Tensor:
            if X._t is handle:
                ix = X._i
            else:
                ix = -1 if X._t is OFF or now is NO_TAPES else X._index()
        elif X.__class__ is Variable:
            s = X._seen
            ix = s[1] if s[0] is now.key else touch(X)
        else:
            X = validation.first(op, X)
            ix = X._index()
        x = X._v
        if kinds and x.__class__ is not f32 and x.dtype.kind not in kinds:
            raise validation.unlisted(op, x)
        try:
            y = forward(x, *settings) if settings else forward(x)
        except RuntimeWarning:
            y = quiet(forward, x, *settings)
        Y = Tensor()
        Y._v = y
        if ix < 0 or (recs := handle.recs) is None:
            Y._t = OFF
            Y._i = -1
            return Y
        f = _frame(1)
        c = f.f_code
        if c is wrapper:
            f = f.f_back or f
            c = f.f_code
        elif c is not last.code and own(c):
            wrapper = c
        if c is not last.code:
            f = site_of(f)
            c = f.f_code
        e: Any = (*settings, x.shape) if shape else settings or None
        r = (
            code, ix, x if x_kept else None, y if y_kept else None, e,
            c, f.f_lasti,
        )  # fmt: skip
        Y._t = handle
        Y._i = i = len(recs)
        recs.append(r)
        if recs[i] is not r:
            Y._i = index_of(r, recs)
        return Y

    return _cutting(run) if op.cut else run


def binary(op: Op, forward: Callable[..., Any]) -> Callable[..., Tensor]:
    """An op of two operands that are broadcast to one shape, as a function."""
    run = method(op, forward, as_function=True)

    def converted(A: Any, B: Any, name: Any = None) -> Tensor:
        if A.__class__ not in KNOWN or B.__class__ not in KNOWN:
            A, B = validation.operands(op, A, B)
        return run(A, B)

    return converted


class _Keeps:
    """What the record of an op of two operands keeps, by which of them is recorded."""

    __slots__ = ("a", "a_alone", "b", "b_alone", "nothing", "y", "y_of_a", "y_of_b")

    def __init__(self, op: Op) -> None:
        name_a, name_b = op.operands
        self.a_alone, self.b_alone = op.keeps(name_a, 0), op.keeps(name_b, 1)
        self.y_of_a, self.y_of_b = op.keeps("y", 0), op.keeps("y", 1)
        self.a = self.a_alone or op.keeps(name_a, 1)
        self.b = self.b_alone or op.keeps(name_b, 0)
        self.y = self.y_of_a or self.y_of_b
        self.nothing = not (self.a or self.b or self.y)


def method(  # noqa: C901, PLR0915 - written out, as every op of a program runs it
    op: Op, forward: Callable[..., Any], *, as_function: bool = False
) -> Callable[..., Tensor]:
    """The same as an operator of Python, the method of the first operand.

    A plain number as second operand is of whatever dtype the first one has.
    """
    code, keeps, inner = op.code, _Keeps(op), as_function or op.cut
    scalar, known = (f32, FLOATS) if op.meets_floats else (None, ())

    def run(A: Any, B: Any) -> Any:  # noqa: C901, PLR0912, PLR0915 - as above
        now = active()
        handle = now.handle
        if A.__class__ is Tensor:
            if A._t is handle:
                ia = A._i
            else:
                ia = -1 if A._t is OFF or now is NO_TAPES else A._index()
        elif A.__class__ is Variable:
            s = A._seen
            ia = s[1] if s[0] is now.key else touch(A)
        else:
            A, B = validation.operands(op, A, B)
            ia = A._index()
        a = A._v
        kind = B.__class__
        if kind is float or kind is int:
            if a.__class__ is not scalar:
                B = weak(op, a, B, 0)
            try:
                y = forward(a, B)
            except RuntimeWarning:
                y = quiet(forward, a, B)
            Y = Tensor()
            Y._v = y
            if ia < 0 or (recs := handle.recs) is None:
                Y._t = OFF
                Y._i = -1
                return Y
            f = _frame(1)
            if inner:
                f = site_of(f)
            r: Any = (
                code, ia, -1, a if keeps.a_alone else None, B,
                y if keeps.y_of_a else None, None, f.f_code, f.f_lasti,
            )  # fmt: skip
            Y._t = handle
            Y._i = i = len(recs)
            recs.append(r)
            if recs[i] is not r:
                Y._i = index_of(r, recs)
            return Y
        if kind is Tensor:
            if B._t is handle:
                ib = B._i
            else:
                ib = -1 if B._t is OFF or now is NO_TAPES else B._index()
        elif kind is Variable:
            s = B._seen
            ib = s[1] if s[0] is now.key else touch(B)
        else:
            A, B = validation.operands(op, A, B)
            a, ia, ib = A._v, A._index(), B._index()
        b = B._v
        kind = a.__class__
        if kind is b.__class__ and (kind is scalar or kind in known):
            e = None
        else:
            e = check_pair(op, a, b)
        try:
            y = forward(a, b)
        except RuntimeWarning:
            y = quiet(forward, a, b)
        Y = Tensor()
        Y._v = y
        recs = handle.recs
        if recs is None or (ia < 0 and ib < 0):
            Y._t = OFF
            Y._i = -1
            return Y
        if ib < 0:  # a constant is kept
            if not keeps.a_alone:
                a = None
            if not keeps.y_of_a:
                y = None
        elif ia < 0:
            if not keeps.b_alone:
                b = None
            if not keeps.y_of_b:
                y = None
        elif keeps.nothing:
            a = b = y = None
        else:
            if not keeps.a:
                a = None
            if not keeps.b:
                b = None
            if not keeps.y:
                y = None
        f = _frame(1)
        if inner:
            f = site_of(f)
        r = (code, ia, ib, a, b, y, e, f.f_code, f.f_lasti)
        Y._t = handle
        Y._i = i = len(recs)
        recs.append(r)
        if recs[i] is not r:
            Y._i = index_of(r, recs)
        return Y

    return _cutting(run) if op.cut else run


def reflected(op: Op, forward: Callable[..., Any]) -> Callable[..., Tensor]:
    """``2 * x`` as the method of the second operand."""
    code, b_kept, y_kept = op.code, op.keeps(op.operands[1], 1), op.keeps("y", 1)
    floats, plain, cut = op.meets_floats, binary(op, forward), op.cut

    def run(B: Any, A: Any) -> Tensor:
        kind = A.__class__
        if kind is not float and kind is not int:
            return plain(A, B)
        now = active()
        handle = now.handle
        if B.__class__ is Tensor:
            if B._t is handle:
                ib = B._i
            else:
                ib = -1 if B._t is OFF or now is NO_TAPES else B._index()
        else:
            s = B._seen
            ib = s[1] if s[0] is now.key else touch(B)
        b = B._v
        if not floats or b.__class__ is not f32:
            A = weak(op, b, A, 1)
        try:
            y = forward(A, b)
        except RuntimeWarning:
            y = quiet(forward, A, b)
        Y = Tensor()
        Y._v = y
        if ib < 0 or (recs := handle.recs) is None:
            Y._t = OFF
            Y._i = -1
            return Y
        f = _frame(1)
        if cut:
            f = site_of(f)
        r = (
            code, -1, ib, A, b if b_kept else None, y if y_kept else None, None,
            f.f_code, f.f_lasti,
        )  # fmt: skip
        Y._t = handle
        Y._i = i = len(recs)
        recs.append(r)
        if recs[i] is not r:
            Y._i = index_of(r, recs)
        return Y

    return _cutting(run) if op.cut else run


def _cutting(run: Callable[..., Any]) -> Callable[..., Any]:
    """An op that passes no gradient: its recording is told so."""

    def cutting(*args: Any, name: Any = None) -> Any:
        out = run(*args)
        if out.__class__ is Tensor and out._i >= 0:
            out._t.cut = True
        return out

    return cutting


def several(op: Op, forward: Callable[..., Any]) -> Callable[..., Tensor]:
    """An op of more operands, or of any number of them."""
    many, count = op.many, len(op.operands)
    slots = range(count)
    asked = [[op.keeps(n, k) for k in slots] for n in op.operands]
    y_kept = any(op.keeps("y", k) for k in slots)

    def run(*args: Any, name: Any = None) -> Tensor:
        given, settings = (args[0], args[1:]) if many else (args[:count], args[count:])
        if many:
            tensors = [x if x.__class__ in KNOWN else convert(x) for x in given]
        else:
            tensors = validation.operands(op, *given)
        ins = tuple([t._index() for t in tensors])
        values = [t._v for t in tensors]
        shapes = None
        if op.broadcasts:
            shapes = check_operands(op, *values)
        elif op.kinds and not many and values[0].dtype.kind not in op.kinds:
            raise validation.unlisted(op, values[0])
        operands = (values,) if many else values
        try:
            y = forward(*operands, *settings)
        except RuntimeWarning:
            y = quiet(forward, *operands, *settings)
        Y = wrap(y)
        now = active()
        recording = now.recording
        if max(ins, default=-1) < 0 or recording is None or now.handle.recs is None:
            return Y
        if not op.broadcasts:
            shapes = _extras(op, settings, values)
        saved = tuple([
            v if i < 0 or _is_kept(asked[0 if many else n], ins, many=many) else None
            for n, (v, i) in enumerate(zip(values, ins, strict=True))
        ])  # fmt: skip
        f = site_of(_frame(1))
        head = (ins, saved) if many else (*ins, *saved)
        y = y if y_kept and not many else None
        if op.cut:
            now.handle.cut = True
        Y._t = now.handle
        Y._i = recording.append((op.code, *head, y, shapes, f.f_code, f.f_lasti))
        return Y

    return run


def _is_kept(asking: list[bool], ins: tuple[int, ...], *, many: bool) -> bool:
    """Whether the rule of an operand that is recorded asks for a value."""
    if many:
        return asking[0]
    return any(ask and i >= 0 for ask, i in zip(asking, ins, strict=True))


def _extras(op: Op, settings: Any, values: list[Any]) -> Any:
    """The settings, and the shapes that the rules ask for; None for neither."""
    if op.many:
        shapes = tuple(np.shape(v) for v in values)
        return (*settings, shapes) if op.shapes else settings
    named = dict(zip(op.operands, values, strict=True))
    return (*settings, *(np.shape(named[s]) for s in op.shapes)) or None
