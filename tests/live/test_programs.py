"""Random programs run in Node as in the engine: a sample of ``programs``.

All of them: ``python -m tests.live.programs 2000``, also with ``--browser``.
"""

from __future__ import annotations

from tests.live.programs import by_node, judged, sample


def test_in_node() -> None:
    samples = [sample(seed) for seed in range(5000, 5160)]
    found = by_node([one.job for one in samples])
    assert list(judged(samples, found)) == []
