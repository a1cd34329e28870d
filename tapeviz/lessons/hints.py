"""A hint below an error that a gradient of None gave in a learner's cell.

Python's own error, ``unsupported operand type(s) for *: 'float' and 'NoneType'``, says
nothing of gradients. The tape that was asked last knows the reason.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from tapeviz.engine.tape import GradientTape
from tapeviz.errors import own
from tapeviz.inspect import asked, why

OPENING = "A gradient is None here, and nothing can be computed with None."


def hint(error: BaseException | None) -> str:
    """The reason why a gradient was None, if an error came from that; else "".

    >>> hint(TypeError("no None here"))
    ''
    """
    if not isinstance(error, TypeError) or "NoneType" not in str(error):
        return ""
    raised = _learners(error.__traceback__)
    if raised is None:
        return ""
    names = {**raised.tb_frame.f_globals, **raised.tb_frame.f_locals}
    tapes = [one for one in names.values() if isinstance(one, GradientTape)]
    reasons = (_reason(tape, names, raised) for tape in reversed(tapes))
    return next((f"{OPENING} {reason}" for reason in reasons if reason), "")


def _learners(traceback: TracebackType | None) -> TracebackType | None:
    """The innermost level of an error that is not in tapeviz."""
    found = None
    while traceback is not None:
        found = found if own(traceback.tb_frame.f_code) else traceback
        traceback = traceback.tb_next
    return found


def _reason(tape: GradientTape, names: dict[str, Any], raised: TracebackType) -> str:
    """Why the tape's last gradient is None, and the edit; "" if it is a number."""
    target, sources = asked(tape)
    if target is None:
        return ""
    call_site = (raised.tb_frame.f_code, raised.tb_lasti)
    answers = why(tape, target, sources, names, call_site)
    reason = next((one.reasons[0] for one in answers if one.result == "none"), None)
    if reason is None:
        return ""
    fix = f" What to do: {reason.fix}." if reason.fix else ""
    return f"{reason.sentence}{fix}"


def install() -> None:
    """Let a notebook's cells that fail show their hint; nothing without a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or _after_cell in shell.events.callbacks["post_run_cell"]:
        return
    shell.events.register("post_run_cell", _after_cell)


def _after_cell(result: Any) -> None:
    from tapeviz.lessons.feedback import Feedback, show

    try:
        said = hint(result.error_in_exec)
    except Exception:  # noqa: BLE001 - a hint that fails never hides the error itself
        return
    if said:
        show(Feedback("hint", said))
