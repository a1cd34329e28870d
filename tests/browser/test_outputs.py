"""Outputs of one page: the styles of each reach none of the others."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

import tapeviz as tf
from tapeviz import descent, draw, explain, play, why
from tests.browser.conftest import Opener

LOOK = """
    () => [...document.querySelectorAll(".tapeviz-film .tapeviz .tv-hot")].map((el) => {
      const part = el.querySelector(".tv-frame, .tv-wire");
      const { stroke, strokeWidth, fill, opacity } = getComputedStyle(part ?? el);
      return [el.dataset.id ?? el.id, stroke, strokeWidth, fill, opacity].join(" ");
    })
"""


HOST = """
  .badge:empty, .title, .frame, .node, .edge, .head, .wire, .note, .name, .mark, .hot,
  .late, .words, .number, .code, .key, .alert, .row, .card, .progress, .lead, .small,
  .visible, .col, .panel, .formula, .value, .op, .target, .variable, .constant, .slot,
  .axis, .way, .spot, .pair, .lines, .right, .result, .last, .said, .where, .fix, .one,
  section, nav, article, aside { display: none; opacity: 0; fill: red; stroke: red }
"""
"""What pages around a picture do to their own classes and elements."""

SHOWN = """
    () => [...document.querySelectorAll("[id^=tapeviz] *")].map((el) => {
      const { display, opacity, fill, stroke } = getComputedStyle(el);
      return [el.localName, display, opacity, fill, stroke].join(" ");
    })
"""

FOREIGN = """
    () => [...document.querySelectorAll("main *")].flatMap((el) => [
      ...[...el.classList].filter((name) => !/^(tv-|tapeviz)/.test(name)),
      ...(["section", "nav", "article", "aside", "header"].includes(el.localName)
        ? [el.localName] : []),
    ])
"""


def every_output() -> list[str]:
    """One of each kind of output that a notebook can hold."""
    w, data = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="w"), tf.constant(-1.0)
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        h = x * 0.5
        for _ in range(6):
            h = tf.tanh(h + 1.0)
        loss = h + tf.reduce_sum(w @ w) + tf.stop_gradient(x)
        lost = tf.sqrt(data)
    with tf.GradientTape() as short:
        y = x**2 + 2 * x + 1
    start = tf.Variable(0.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    with descent(start) as run:
        for _ in range(4):
            with tf.GradientTape() as inner:
                value = (start - 3.0) ** 2
            optimizer.apply_gradients([(inner.gradient(value, start), start)])
    views = [
        play(short, y, x, predict=True), draw(tape), draw(tape, depth=1),
        why(tape, loss, [x, data]), why(tape, lost, x), explain(short, y, x),
        draw(short, memory=True), play(run), run.plot(),
    ]  # fmt: skip
    return [str(view._repr_mimebundle_()["text/html"]) for view in views]


def test_no_style_or_script_of_a_page_takes_a_part_of_ours(
    open_page: Opener, tmp_path: Path
) -> None:
    body = f"<main>{'<hr>'.join(every_output())}</main>"
    ready = "document.querySelectorAll('svg[class~=tapeviz]').length > 4"
    seen = []
    for host in ("", HOST):
        text = f"<!doctype html><style>{host}</style><body>{body}"
        page = open_page.content(text, tmp_path)
        page.wait_for_function(ready)
        seen.append(page.evaluate(SHOWN))
        assert page.evaluate(FOREIGN) == []
    assert len(seen[0]) > 1000
    assert seen[0] == seen[1]


LAB = """
  pre { word-break: break-all; word-wrap: break-word }
  .jp-ThemedContainer .jp-RenderedHTMLCommon pre,
  .jp-ThemedContainer .jp-RenderedHTMLCommon code {
    border: 0; background-color: pink; color: red; font-family: serif;
    font-size: inherit; line-height: 3; padding: 0; white-space: pre-wrap }
"""
"""What JupyterLab 4.6 does to code in an output."""

SLIDES = """
  .reveal pre { display: block; position: relative; width: 90%; margin: 20px auto;
    font-size: .55em; font-family: monospace; line-height: 1.2em;
    word-wrap: break-word; box-shadow: 0 5px 15px rgba(0, 0, 0, .15) }
  .reveal code { font-family: monospace; text-transform: none }
  .reveal pre code { display: block; padding: 5px; overflow: auto; max-height: 400px;
    word-wrap: normal }
"""
"""What reveal.js does to code on a slide."""

CODE = """
    () => [...document.querySelectorAll("main :is(pre, code)")].map((el) => {
      const s = getComputedStyle(el);
      return [el.textContent, s.whiteSpace, s.wordBreak, s.font, s.color, s.padding,
        s.backgroundColor, s.boxShadow, s.margin, el.clientWidth,
        el.getClientRects().length].join(" ");
    })
"""


@pytest.mark.parametrize("host", [LAB, SLIDES])
def test_code_looks_the_same_in_every_host(
    open_page: Opener, tmp_path: Path, host: str
) -> None:
    classes = "jp-RenderedHTMLCommon reveal"
    body = f"<main class='{classes}'>{'<hr>'.join(every_output())}</main>"
    seen = []
    for style in ("", host):
        text = f"<style>{style}</style><body class='jp-ThemedContainer'>{body}"
        page = open_page.content(f"<!doctype html>{text}", tmp_path, width=400)
        page.wait_for_selector("main .tv-code code")
        seen.append(page.evaluate(CODE))
    assert len(seen[0]) > 20
    assert seen[0] == seen[1]


def outputs(step: int) -> dict[str, str]:
    """A film at a step, a picture, a dark one, and one that has a custom look."""
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x**2 + 2 * x + 1
    tape.gradient(y, x)

    def html(view: Any) -> str:
        return str(view._repr_mimebundle_()["text/html"])

    return {
        "film": html(play(tape, y, x, step=step)),
        "draw": html(draw(tape)),
        "dark": html(draw(tape, theme="dark")),
    }


@pytest.mark.parametrize("step", [3, 8, 12])
def test_a_film_is_lit_whatever_stands_around_it(
    open_page: Opener, tmp_path: Path, step: int
) -> None:
    made = outputs(step)
    head = "<!doctype html><body>"
    alone = open_page.content(f"{head}{made['film']}", tmp_path).evaluate(LOOK)
    assert any("rgb(133, 86, 0)" in one for one in alone), "the colour of what is hot"
    for order in permutations(made):
        body = "<hr>".join(made[name] for name in order)
        page = open_page.content(f"{head}{body}", tmp_path)
        page.wait_for_function("document.querySelectorAll('svg.tapeviz').length == 3")
        assert page.evaluate(LOOK) == alone, order
