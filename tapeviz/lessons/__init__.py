"""The lessons: checks of their exercises, drills, and a learner's own copies of them.

The lessons themselves are in ``chapters/``. It may import the door and whatever a
lesson needs behind it; nothing but the command imports it.
"""

from __future__ import annotations

from tapeviz.lessons.checks import check, grade, judge
from tapeviz.lessons.drills import Drill, drill
from tapeviz.lessons.exercise import Exercise
from tapeviz.lessons.hints import install
from tapeviz.lessons.ordering_task import Ordering, ordering
from tapeviz.lessons.replay import replay
from tapeviz.lessons.verdict import Verdict

__all__ = [
    "Drill",
    "Exercise",
    "Ordering",
    "Verdict",
    "check",
    "drill",
    "grade",
    "judge",
    "ordering",
    "replay",
]

install()
