"""What a tape keeps alive, in the picture and in the table."""

from __future__ import annotations

from dataclasses import replace

from tapeviz.render.graph.memory_badges import sentence, table, with_memory
from tapeviz.trace.memory import KeptArray, Memory
from tests import samples

MEMORY = Memory(
    (
        KeptArray("n1", 24, 0, ("result",)),
        KeptArray("n2", 16, 16, ("a",)),
        KeptArray("n5", 5000, 2000, ("result", "x")),
        KeptArray("gone", 7, 7, ("a",)),
    ),
    640,
    persistent=True,
    used=False,
)


def test_a_badge_for_what_goes_and_one_for_what_stays() -> None:
    graph = with_memory(samples.layer(), MEMORY)
    assert [(b.of, b.kind, b.text) for b in graph.badges] == [
        ("n1", "shared", "24 B, alive anyway"),
        ("n2", "held", "keeps 16 B alive"),
        ("n5", "held", "keeps 2 kB alive"),
        ("n5", "shared", "3 kB, alive anyway"),
    ]


def test_the_sum_in_words() -> None:
    assert sentence(MEMORY) == (
        "The tape keeps 5.05 kB of arrays alive. del tape frees 2.02 kB of them; "
        "3.02 kB live on elsewhere. Its own records take about 640 B. "
        "It is persistent: all of it stays for the next gradient."
    )
    none = Memory((KeptArray("n1", 24, 0),), 1, persistent=False, used=True)
    assert "All of them live on elsewhere" in sentence(none)
    assert sentence(none).endswith("keeps them only to be drawn and played.")
    assert "persistent" not in sentence(replace(none, used=False))


def test_the_table_names_what_is_kept() -> None:
    rows = table(samples.layer(), MEMORY).rows
    assert rows[0] == ("n1", "W", "variable", "its value", "24 B", "0 B")
    assert rows[1][3:] == ("x", "16 B", "16 B")
    assert rows[-1][3:] == ("all", "5.05 kB", "2.02 kB")
