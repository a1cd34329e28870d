"""Random programs in a page that forbids ``eval``: as in the engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.live.programs import by_browser, judged, sample

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_programs_run_as_in_the_engine(browser: Browser, tmp_path: Path) -> None:
    samples = [sample(seed) for seed in range(5000, 5160)]
    found = by_browser(browser, [one.job for one in samples], tmp_path)
    assert list(judged(samples, found)) == []
