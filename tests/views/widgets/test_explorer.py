"""The studio's panel: it asks for runs, shows them, and never a traceback."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ipywidgets.widgets.widget import _instances

import tapeviz as tf
from tapeviz import draw, explore
from tapeviz.render.descent import studio
from tapeviz.views.loss_presets import PRESETS
from tapeviz.views.widgets import explorer
from tapeviz.views.widgets.explorer import Studio


def chapter(**options: Any) -> Studio:
    x = tf.Variable(2.0)
    panel = explore(lambda: (x - 5) ** 2, x, **options)
    assert x.numpy() == 2.0
    assert isinstance(panel, Studio)
    return panel


def kernels(**options: Any) -> Studio:
    """A panel whose loss looks at a number in Python, so that no page can run it."""
    x = tf.Variable(2.0)

    def loss() -> Any:
        return (x - 5) ** 2 if float(x) < 1e99 else 0 * x

    panel = explore(loss, x, **options)
    assert isinstance(panel, Studio)
    return panel


def runs(panel: Studio) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = panel.runs["runs"]
    return found


def names(panel: Studio) -> list[str]:
    return described(panel)["names"]  # type: ignore[no-any-return]


def described(panel: Studio) -> dict[str, Any]:
    """What the page is told of the loss that is chosen."""
    (found,) = (one for one in panel.setup["losses"] if one["name"] == panel.loss)
    return dict(found)


def ends(panel: Studio) -> list[float]:
    last = panel.run.data.updates[-1]
    return [float(v.entry) for v in last.to]


def test_what_the_page_can_run_is_not_run_here() -> None:
    panel = chapter()
    assert described(panel)["program"]
    assert (panel.runs, panel.land, panel.message) == ({}, {}, "")
    assert panel.explorer.run is None
    assert ends(panel) == pytest.approx([4.6778774], rel=1e-6), "until it is asked for"
    panel.learning_rate = 1.0
    assert panel.run.regime.name == "oscillating"
    assert panel.answered == 0


def test_what_it_cannot_run_is_run_here_at_once() -> None:
    panel = kernels()
    assert "looks at a number in Python, line " in described(panel)["why"]
    (run,) = runs(panel)
    assert run["regime"]["name"] == "converging"
    assert run["points"][-1] == pytest.approx([4.6778774], rel=1e-6)
    assert run["losses"][:2] == pytest.approx([9.0, 5.76])
    assert run["last"] == pytest.approx((5 - 4.6778774) ** 2, rel=1e-5)
    assert run["curvatures"]["minimum"]["at"] == pytest.approx((5.0,))
    assert panel.land["xs"][0] < 2
    assert panel.land["xs"][-1] > 5
    assert panel.message == ""
    panel.learning_rate = 1.1
    assert runs(panel)[0]["regime"]["name"] == "diverging"
    assert panel.answered == 2


def test_state_can_be_given_and_read_back() -> None:
    for make in (chapter, kernels):
        panel = make(learning_rate=1.1, steps=5, start=3.0, compare=["Adam"])
        assert panel.learning_rate == pytest.approx(1.1)
        assert len(panel.run) == 5
        assert panel.run.data.updates[0].at[0].entry == 3.0
        assert panel.run.regime.name == "diverging"
        assert len(panel.explorer.runs) == 2
        assert draw(panel.run[2]).graph.nodes
        assert "The run ends at" in panel.film.film.frames[-1].caption


def test_every_control_runs_it_again() -> None:
    panel = chapter()
    panel.steps = 3
    assert len(panel.run) == 3
    panel.start = [-4.5]
    assert panel.run.data.updates[0].at[0].entry == -4.5
    panel.start = (7,)
    assert panel.start == [7.0]
    assert panel.run.data.updates[0].at[0].entry == 7.0
    panel.optimizer = "momentum"
    assert panel.run.data.updates[2].parts[0].name == "momentum"
    panel.parameters = {"momentum": 0.5}
    assert panel.run.regime.limit == pytest.approx(2 * 1.5 / 2)


def test_newest_value_wins() -> None:
    panel, seen = kernels(), []
    shown = panel.explorer.shown
    panel.explorer.shown = lambda name, settings: (
        seen.append(settings.learning_rate) or shown(name, settings)
    )

    async def drag() -> None:
        for rate in (0.2, 0.3, 0.4, 0.5):
            panel.learning_rate = rate
        assert seen == []
        await asyncio.sleep(10 * explorer.PAUSE)

    asyncio.run(drag())
    assert seen == [0.5]


def test_a_window_far_out_is_left_again() -> None:
    panel = kernels()
    near = panel.land["xs"]
    panel.start = [1e7]
    assert panel.land["xs"][-1] > 1e7
    panel.start = [2.0]
    assert panel.land["xs"] == near


def test_the_last_picture_stays_when_a_loss_begins_to_fail() -> None:
    x, broken = tf.Variable(2.0), []
    panel = explore(
        lambda: (x - 5) ** 2 if not broken and x.numpy() < 1e9 else 1 / 0, x
    )
    before, answered = panel.runs, panel.answered
    broken.append(True)
    panel.learning_rate = 0.5
    assert "ZeroDivisionError" in panel.message
    assert panel.runs == before
    assert panel.answered == answered + 1, "the page knows that it was answered"


def test_a_run_into_infinity_is_data_all_the_same() -> None:
    panel = kernels(learning_rate=8.0, steps=99)
    assert json.dumps([panel.runs, panel.land], allow_nan=False)
    assert runs(panel)[0]["points"][-1] in (["Infinity"], ["-Infinity"])


def test_two_variables_or_one_of_two_numbers_or_a_function_of_them() -> None:
    a, b, w = tf.Variable(1.0), tf.Variable(2.0), tf.Variable([1.0, 2.0])
    both = explore(lambda: a**2 + 3 * b**2, [a, b])
    one = explore(lambda: tf.reduce_sum(w**2 * [1.0, 3.0]), w)
    taken = explore(lambda p, q: p**2 + 3 * q**2, [a, b])
    alone = tf.Variable([2.0])
    assert described(explore(lambda: alone**2, alone))["program"], "one number"
    assert names(both) == ["a", "b"]
    assert names(one) == ["w[0]", "w[1]"]
    for panel in (both, one, taken):
        assert panel.message == ""
        assert described(panel)["program"]
        assert panel.run.regime.limit == pytest.approx(1 / 3, rel=1e-5)
    with pytest.raises(ValueError, match="one or two numbers"):
        explore(lambda: 0, tf.Variable([1.0, 2.0, 3.0]))
    with pytest.raises(TypeError, match="a function and the variable"):
        explore(lambda: 0, 3)
    with pytest.raises(ValueError, match="choose one of parabola"):
        explore("hill")


def test_presets_have_their_own_start_rate_and_window() -> None:
    panel = explore("ravine")
    assert panel.learning_rate == pytest.approx(0.1)
    panel.loss = "himmelblau"
    assert panel.start == [-0.5, -1.0]
    assert described(panel)["window"] == PRESETS["himmelblau"].window


@pytest.mark.parametrize(
    ("loss", "why"),
    [
        (lambda: X**2 if X.numpy() > 1 else X, "looks at a number"),
        (lambda: X**2 * tf.random.uniform([]), "is not the same computation at"),
        (lambda: X**2 + Y, "No gradient flows to some variable"),
        (lambda: 1 / 0, "This loss fails where it starts"),
        (lambda: tf.reduce_sum(X * tf.ones([99])), "more than 64 entries"),
    ],
)
def test_why_a_page_cannot_run_a_loss_is_one_sentence(
    loss: Callable[[], Any], why: str
) -> None:
    panel = explore(loss, [X, Z] if "flows" in why else X)
    assert why in described(panel)["why"]
    assert described(panel)["program"] is None
    assert "\n" not in described(panel)["why"]


X, Y, Z = (tf.Variable(v) for v in (2.0, 3.0, 4.0))


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda: [1 / 0], "the loss raised ZeroDivisionError: division by zero"),
        (lambda: (X - tf.constant([1.0, 2.0])) ** 2, "the loss returned 2 numbers"),
        (lambda: tf.constant(3.0), "the loss does not depend on the variable"),
        (lambda: 3.0, "the loss returned 3.0, which is not a tensor"),
        (lambda: tf.stop_gradient(X), "has no gradient"),
    ],
)
def test_a_loss_that_fails_is_a_sentence(
    loss: Callable[[], Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    panel = explore(loss, X)
    assert said in panel.message
    assert "\n" not in panel.message
    assert "Traceback" not in panel.message
    panel.loss = "parabola"
    assert panel.message == ""
    assert len(panel.run) == 10
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"learning_rate": -0.1}, "the learning rate -0.1 is not a number above zero"),
        ({"learning_rate": math.nan}, "the learning rate nan is not a number"),
        ({"steps": 0}, "0 steps are no descent"),
        ({"start": math.inf}, "the start is not a finite number"),
    ],
)
def test_odd_settings_are_a_sentence(options: dict[str, Any], said: str) -> None:
    panel = chapter(**options)
    assert panel.message.startswith(said)
    assert panel.run is None
    panel.learning_rate = 0.3
    if "learning_rate" in options:
        assert panel.run is not None
        assert panel.message == ""


@pytest.mark.parametrize("start", [math.nan, math.inf])
def test_a_start_that_is_no_number_is_never_sent_to_the_page(start: float) -> None:
    panel = chapter(start=start)
    sent = panel.get_state(["start", "setup", "message"])
    assert json.loads(json.dumps(sent, allow_nan=False))["start"] == [None]
    panel.set_state({"start": [None]})
    assert panel.message.startswith("the start is not a finite number")
    panel.start = [3.0]
    assert panel.message == ""
    assert panel.run.data.updates[0].at[0].entry == 3.0


def test_a_start_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="start wants 1 number for this loss, but has"):
        explore("parabola", start=(1.0, 2.0))
    with pytest.raises(ValueError, match="start wants 2 numbers"):
        explore("ravine", start=1.0)


def test_a_slow_loss_is_called_at_few_points() -> None:
    x, calls = tf.Variable(2.0), []

    def slow() -> Any:
        calls.append(x.numpy())
        time.sleep(0.05)
        return (x - 5) ** 2 if calls[-1] < 4.4 else 0 * x

    panel = explore(slow, x, steps=2)
    assert panel.message == ""
    assert len(calls) < 60, "the record does not hold everywhere, so it is called"


@pytest.mark.parametrize("name", PRESETS)
def test_presets_lead_where_they_should(name: str) -> None:
    assert explore(name).run.regime.name in {
        "saddle": ["stuck at a saddle"],
    }.get(name, ["converging", "converging with overshoot"])


def test_a_steps_graph_unfolds_and_folds() -> None:
    panel = chapter()
    panel.open_step = 7
    drawn = json.loads(panel.graph)
    assert drawn["title"] == "The graph of step 7"
    assert "4.3709" in drawn["svg"]
    panel.open_step = -1
    assert panel.graph == ""


def test_a_whole_number_from_the_page_is_a_float() -> None:
    panel = explore("parabola", optimizer="momentum")
    panel.set_state({"parameters": {"momentum": 0}, "learning_rate": 1, "steps": 7.0})
    assert panel.message == ""
    assert len(panel.run) == 7
    assert panel.run.data.updates[0].to[0].entry == 8.0  # 2 - 1 * 2 * (2 - 5)


def test_a_start_meant_for_another_loss_is_let_go() -> None:
    panel = explore("ravine")
    before = list(panel.start)
    panel.set_state({"start": [3.0]})  # dragged while the loss was changing
    assert panel.start == before
    panel.start = [3.0]
    assert panel.message.startswith("start wants 2 numbers for this loss, but has 1")


@pytest.mark.parametrize(
    ("trait", "value"),
    [("loss", "hill"), ("optimizer", "Adamax"), ("compare", ["Adam", "hill"])],
)
def test_an_unknown_name_is_refused_with_those_there_are(
    trait: str, value: Any
) -> None:
    panel = chapter()
    with pytest.raises(ValueError, match="choose one of"):
        setattr(panel, trait, value)
    assert panel.message == ""


def test_closing_frees_everything() -> None:
    chapter().close()
    before = len(_instances)
    for _ in range(5):
        panel = chapter()
        panel.optimizer = "Adam"
        panel.close()
    assert len(_instances) == before


def test_the_page_hears_of_another_loss_in_one_message() -> None:
    panel, sent = explore("parabola", optimizer="momentum"), []
    panel.send_state = lambda key=None: sent.append(panel.get_state(key))
    panel.set_state({"loss": "ravine", "start": [-4.0, 1.2]})
    assert names(panel) == ["x", "y"]
    assert tuple(panel.start) == PRESETS["ravine"].start
    assert panel.parameters == {"momentum": 0.9}
    assert "setup" not in sent[-1], "it never changes"


def test_a_panel_shows_itself_with_a_kernel_and_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import IPython

    shown: list[Any] = []
    monkeypatch.setattr(IPython.display, "display", lambda *v, **_: shown.extend(v))
    panel = chapter(learning_rate=1.1)
    panel._ipython_display_()
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
    page = shown[1]._repr_mimebundle_()
    assert set(page) == {"text/html", "image/png", "text/plain"}
    assert "diverging" in page["text/html"], "the film, where no script runs"
    assert page["text/html"] == panel._repr_html_()
    assert len(page["text/html"].encode()) < 72_000


def test_it_saves_itself_as_a_page(tmp_path: Path) -> None:
    page = chapter().save(tmp_path / "x.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "default-src 'none'" in page
    assert page == chapter().save(tmp_path / "y.html").read_text("utf-8")
    with pytest.raises(ValueError, match="cannot be saved as"):
        chapter().save(tmp_path / "x.gif")


def test_a_loss_that_fails_is_a_sentence_without_a_kernel_too() -> None:
    panel = explore(lambda: tf.constant(1.0), tf.Variable(2.0))
    assert panel.run is None
    assert panel.message in panel._repr_html_()


def test_a_panel_weighs_no_more_than_it_has_to() -> None:
    """Script, styles and data, made small as in a distribution, in bytes.

    Before the page ran descents, the panel of this loss had 36,000, that of the
    ravine 80,000, as Python drew it.
    """
    panel = chapter()
    script, styles = studio.script(*panel.explorer.programs()), studio.styles("auto")
    data = json.dumps(panel.setup, separators=(",", ":"))
    assert len(script) + len(styles) + len(data) < 64_500
    assert "https://" not in script.replace("http://www.w3.org/2000/svg", "") + styles
