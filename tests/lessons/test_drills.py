"""Drills: what was generated is solvable, as the engine says, and asks clearly."""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tapeviz.lessons import Drill, check, drill, grade
from tapeviz.lessons.drill_rules import APART, LARGEST, RULES
from tapeviz.lessons.drills import run
from tapeviz.render.practice.tasks import scrambled
from tapeviz.trace.drill import Answer, DrillItem
from tests.pages import scripts

SEEDS = 210 if os.environ.get("TAPEVIZ_ALL_DRILLS") else 10
"""With the variable some 10,000 items are checked, else a sample."""

COUNT = 6
SHEETS = [drill(section, seed) for section in sorted(RULES) for seed in range(SEEDS)]
ITEMS = [item for sheet in SHEETS for item in sheet.items]


def engine(item: DrillItem) -> Iterator[float | None]:
    """What the item's names hold when its code has run."""
    names = run(item)
    for name in item.asked:
        found = names[name]
        yield None if found is None else float(found.numpy())


def test_the_engine_gives_every_answer() -> None:
    assert len(ITEMS) == 8 * COUNT * SEEDS
    for item in ITEMS:
        found = tuple(engine(item))
        gaps = [a is None for a in found]
        assert gaps == [a is None for a in item.answer], item.code
        numbers = ([a or 0.0 for a in one] for one in (found, item.answer))
        assert np.allclose(*numbers, rtol=1e-5, atol=1e-5), (item.code, found)


def test_every_item_asks_clearly() -> None:
    for item in ITEMS:
        wrong = [answer for answer, _ in item.mistakes]
        every = [item.answer, *wrong]
        for (i, a), (k, b) in product(enumerate(every), repeat=2):
            assert i == k or apart(a, b), (item.code, a, b)
        assert all(text.endswith((".", "?", "None.")) for _, text in item.mistakes)
        assert max(abs(a or 0.0) for a in item.answer) <= LARGEST
        assert item.hint
        assert item.because.endswith(".")
        if item.choices:
            assert sorted(map(str, item.choices)) == sorted(map(str, every))
            assert len(item.choices) == 4
        else:
            assert None not in item.answer
            assert len(item.answer) == 1


def apart(a: Answer, b: Answer) -> bool:
    """Whether nobody takes one answer for the other."""
    pairs = [
        (x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None
    ]
    if any((x is None) != (y is None) for x, y in zip(a, b, strict=True)):
        return True
    return any(abs(x - y) > APART * max(abs(x), abs(y)) for x, y in pairs)


def test_the_judge_knows_the_answer_and_every_mistake_by_its_name() -> None:
    for sheet in SHEETS[:: max(1, SEEDS // 2)]:
        for n, item in enumerate(sheet.items, 1):
            assert sheet.judge(n, plain(item.answer)).right
            for wrong, text in item.mistakes:
                found = sheet.judge(n, plain(wrong))
                assert not found
                assert found.words == f"not right yet. {text}"


def plain(answer: Answer) -> float | list[float | None] | None:
    return answer[0] if len(answer) == 1 else list(answer)


def test_every_rule_is_used_and_right_choices_stand_anywhere() -> None:
    for section, rules in RULES.items():
        heads = {
            item.code.splitlines()[0] for item in drill(section, 1, count=30).items
        }
        assert len(heads) >= min(3, len(rules))
    where = {item.choices.index(item.answer) for item in ITEMS if item.choices}
    assert where == {0, 1, 2, 3}
    assert 0.05 < sum(not item.choices for item in ITEMS) / len(ITEMS) < 0.5


def test_a_seed_gives_the_same_questions_and_another_one_others() -> None:
    ada, again, bob = (drill("10.4", seed=name) for name in ("ada", "ada", "bob"))
    assert ada.items == again.items
    assert ada.items != bob.items
    assert len({item.code for item in ada.items}) == len(ada.items)
    assert drill("10.4", seed=7).items == drill("10.4", seed="7").items


def test_numbers_are_written_as_they_were_drawn() -> None:
    """The same on every machine and in every version of Python."""
    code = drill("10.6", seed="ada", count=2).items[1].code
    assert code == FIRST


FIRST = """\
x = tf.Variable(6.0)

with tf.GradientTape() as tape:
    y = x*x - 3*x

x.assign_sub(0.1 * tape.gradient(y, x))
"""


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: drill("10.9"), "10.1, 10.2, 10.3, 10.4, 10.5, 10.6, 10.7 and 10.8"),
        (lambda: drill("10.4", count=0), "ask for 1 to 60"),
        (lambda: drill("10.4").judge(7, 1.0), "choose one from 1 to 6"),
        (lambda: drill("10.4").judge(1, "e"), "choose one of a, b, c, d"),
    ],
)
def test_bad_input_is_told_what_to_do(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]
    with pytest.raises(TypeError, match="the number of the question first"):
        drill("10.4").check("a", 1)  # type: ignore[arg-type]


@pytest.fixture
def sheet() -> Drill:
    return drill("10.3", seed=3)


def test_a_letter_is_a_choice(sheet: Drill, capsys: pytest.CaptureFixture[str]) -> None:
    item = sheet.items[0]
    for letter, choice in zip("abcd", item.choices, strict=True):
        assert sheet.judge(1, letter).right == (choice == item.answer)
    sheet.check(1, "ABCD"[item.choices.index(item.answer)])
    assert capsys.readouterr().out.startswith("✓ Question 1: right. ")
    assert grade(sheet.exercise(1), plain(item.answer), 2) == 2
    check(sheet.exercise(1), ...)
    assert "Exercise 10.3, seed 3, question 1: no answer" in capsys.readouterr().out


def test_the_result_says_how_it_went(
    sheet: Drill, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(n: int) -> float | list[float | None] | None:
        return plain(sheet.items[n - 1].answer)

    sheet.check(1, answer(1))
    sheet.check(1, 1234.0)  # what comes later changes nothing
    sheet.check(2, 1234.0)
    sheet.check(2, answer(2))
    sheet.hint(3)
    assert sheet.items[2].hint in capsys.readouterr().out
    sheet.check(3, answer(3))
    sheet.hint(4)
    sheet.hint(4)
    assert sheet.items[3].because in capsys.readouterr().out
    sheet.check(4, answer(4))
    sheet.check(5, ...)
    assert sheet.result == (
        "Drill 10.3, seed 3: 1 right at once, 2 with a hint, 3 missed"
    )


def test_an_answer_can_be_seen() -> None:
    sheet = drill("10.4", seed=2)
    results = sheet.play(1).run.results
    found = [None if one is None else one.entry for one in results]
    assert found == list(sheet.items[0].answer)
    assert "f = " in str(sheet.draw(1).graph)
    assert sheet.play(1).film.sources[0].name == "drill 10.4, seed 2, question 1"
    watched = drill("10.3", seed=3)
    n = next(n for n, item in enumerate(watched.items, 1) if item.answer == (None,))
    assert "None" in str(watched.why(n))


def test_a_terminal_shows_all_of_it(sheet: Drill) -> None:
    text = str(sheet)
    for n, item in enumerate(sheet.items, 1):
        assert f"{n}. {item.question}" in text
        assert item.because not in text
    assert "  a)  " in text
    assert text == repr(sheet)


def test_no_answer_is_readable_in_the_page(sheet: Drill) -> None:
    html = "".join([sheet.html, *scripts(sheet.html)])
    for item in sheet.items:
        assert item.because not in html
        assert all(text not in html for _, text in item.mistakes)
    assert unscrambled(scrambled(["π", {"a": 1}])) == ["π", {"a": 1}]


def unscrambled(text: str) -> object:
    """What the page's function of this name gives."""
    masked = b64decode(text)
    key = len(masked)
    found = bytearray()
    for byte in masked:
        key = (key * 75 + 74) % 65537
        found.append(byte ^ (key & 255))
    return json.loads(found)


def test_the_teaching_notes_say_what_is_true(
    capsys: pytest.CaptureFixture[str],
) -> None:
    notes = (Path(__file__).parents[2] / "chapters" / "TEACHING.md").read_text("utf-8")
    names: dict[str, Any] = {}
    part = notes.partition("## Drills")[2].partition("\n## ")[0]
    for block in re.findall(r"```python\n(.*?)```", part, re.DOTALL):
        exec(block, names)  # noqa: S102 - our own notes
    said = capsys.readouterr().out
    assert "\n1. What are df_dx and df_dy after these lines?\n" in said
    assert said.endswith(
        "Drill 10.4, seed ada: 1 right at once, 0 with a hint, 5 missed\n"
    )
    assert len(names["task"].task.steps) == 5
