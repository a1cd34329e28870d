"""What all tests share: their order and their settings."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies

try:
    import fcntl
except ImportError:  # Windows: there measured tests put up with what runs beside them
    fcntl = None  # type: ignore[assignment]

# Read when NumPy or TensorFlow is first imported, by whichever test: one thread each,
# as tests run side by side; TensorFlow quiet, on the processor, and with its plain
# kernels, whose messages are the documented ones.
for _name, _value in {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "MPLBACKEND": "Agg",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "CUDA_VISIBLE_DEVICES": "",
}.items():
    os.environ.setdefault(_name, _value)

LONG = {"test_lab", "test_player", "test_studio", "test_live", "test_panel"}
"""The files of tests/browser that take longest."""

# Fifteen thousand tests are a million objects that live to the end: Python's collector
# needs to walk neither over those that are being made nor, later, over those that are.
gc.disable()


def pytest_collection_finish() -> None:
    """The tests are there: from here the collector looks at what they leave."""
    given(strategies.none())(lambda _: None)()  # Hypothesis is ready then
    gc.enable()
    gc.collect()
    gc.freeze()


settings.register_profile(
    "tapeviz", deadline=None, derandomize="CI" in os.environ, print_blob=True
)
settings.load_profile("tapeviz")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: a fault in what they stand on is told first.

    Playwright also keeps an event loop in the main thread while it is open, which the
    kernels of the notebook tests would trip over. The longest files of them begin, so
    that no worker is left with one when the others have nothing more to do.
    """
    items.sort(
        key=lambda item: (
            "browser" in item.path.parts,
            item.path.stem not in LONG,
        )
    )


class Room:
    """Tests run side by side; one that measures time (``alone``) has the machine.

    Two locks between the processes: the room, which all tests share and a measured one
    takes whole, and its door, behind which it waits until the others have left, so that
    nobody new comes in.
    """

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Run one test, in the room."""
        with _room(alone=item.get_closest_marker("alone") is not None):
            return (yield)


@contextmanager
def _room(*, alone: bool) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    folder = Path(__file__).parent
    door, room = (os.open(path, os.O_RDONLY) for path in (folder, folder / "data"))
    try:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield
    finally:
        os.close(room)
        os.close(door)


def pytest_configure(config: pytest.Config) -> None:
    """The room is for all tests: the docstrings' and the notebooks' too."""
    config.addinivalue_line("markers", "alone: measures time; nothing runs beside it")
    config.pluginmanager.register(Room())
