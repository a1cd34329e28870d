"""What a tape of several may count: random programs, beside TensorFlow.

Two to four tapes at once, late watches, pauses, tapes entered again, assignments and
functions with their own gradient. ``TAPEVIZ_PROGRAMS=20000`` is a long run.
"""

from __future__ import annotations

import logging
import os
from types import ModuleType

import pytest

import tapeviz
from tests.peers.programs import differ
from tests.peers.tape_programs import play, write

MANY = int(os.environ.get("TAPEVIZ_PROGRAMS", "300"))


@pytest.mark.parametrize("part", range(4))
def test_tensorflow_counts_the_same(tensorflow: ModuleType, part: int) -> None:
    logging.disable()
    try:
        for seed in range(part, MANY, 4):
            source = write(seed)
            ours, theirs = play(tapeviz, source), play(tensorflow, source)
            if ours and ours[-1] == ["UnimplementedError"]:
                ours.pop()
                theirs = theirs[: len(ours)]
            found = differ(ours, theirs, 1e-7)
            assert not found, f"seed {seed}: {found}\n\n{source}"
    finally:
        logging.disable(logging.NOTSET)
