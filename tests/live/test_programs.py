"""Random programs run in the page as in the engine: a sample of ``programs``.

All of them: ``python -m tests.live.programs 2000``, also with ``--browser``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import browser  # noqa: F401 - a fixture
from tests.live.programs import Sample, by_browser, by_node, judged, sample


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return [sample(seed) for seed in range(5000, 5160)]


def test_in_node(samples: list[Sample]) -> None:
    found = by_node([one.job for one in samples])
    assert list(judged(samples, found)) == []


def test_in_a_browser_that_forbids_eval(
    samples: list[Sample],
    browser: Any,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    found = by_browser(browser, [one.job for one in samples], tmp_path)
    assert list(judged(samples, found)) == []
