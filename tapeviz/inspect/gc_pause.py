"""Python's garbage collector paused while very many small objects are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def bulk() -> Iterator[None]:
    """A block without garbage collection, for work that makes no garbage.

    The collector would take longer than the work. At the end all objects are moved to
    its oldest generation, so that the next young collection does not visit them.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()
