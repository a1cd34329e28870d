"""Random programs with random new leaves: ``python -m tests.live.programs 2000``.

They are run by Node, or with ``--browser`` by Chromium (all in one page), and each step
is compared with the engine.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import tapeviz as tf
from tapeviz.engine.records import Record
from tapeviz.engine.tensor import wrap
from tapeviz.inspect.program import compiled
from tapeviz.trace.program import Program
from tests.live.judge import disagreements
from tests.live.machine import RUN, everything, job, node
from tests.peers.programs import write_plain

FRIENDLY = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])


@dataclass(frozen=True)
class Sample:
    """A random program, the engine's records of it with new leaves, and the job."""

    source: str
    program: Program
    records: dict[str, Record]
    job: dict[str, Any]


def _leaves(rng: np.random.Generator, shapes: Any, dtype: str) -> list[Any]:
    """Numbers as they come, or friendly ones, on which corners lie."""
    friendly = rng.random() < 0.3
    return [
        np.asarray(
            rng.choice(FRIENDLY, shape) if friendly else rng.normal(0, 1.2, shape)
        ).astype(dtype)[()]
        for shape in shapes
    ]


def _recorded(f: Any, leaves: list[Any]) -> Any:
    xs = [wrap(v) for v in leaves]
    with tf.GradientTape() as tape:
        tape.watch(xs)
        y = f(tf, *xs)
    tape.gradient(y, xs)
    return tape


def sample(seed: int) -> Sample:
    """The program of that number."""
    rng = np.random.default_rng([seed, 16])
    dtype = ("float32", "float64")[seed % 2]
    size = int(rng.integers(3, 14))
    shapes, source = write_plain(rng.integers(0, 2**40, size).tolist())
    if seed % 4 < 2:  # numbers alone, as in most lessons
        shapes, source = _scalar(rng)
    space: dict[str, Any] = {"np": np}
    exec(source, space)  # noqa: S102 - a program that we have just written
    f = space["f"]
    tape = _recorded(f, _leaves(rng, shapes, dtype))
    other = _recorded(f, _leaves(rng, shapes, dtype)).records()
    program = compiled(tape)
    assert isinstance(program, Program), f"{program}\n{source}"
    records = {f"n{record.index}": record for record in other}
    leaves = {
        id: np.ravel(record.result).tolist()
        for id, record in records.items()
        if record.is_leaf
    }
    return Sample(source, program, records, job(program, leaves))


_SCALAR = (
    "a + b", "a - b", "a * b", "a * 2 + 1", "a / (b * b + 0.5)", "a**2", "a**3 - b",
    "tf.sin(a)", "tf.exp(-a * a)", "tf.tanh(a + b)", "tf.sqrt(a * a + 1)", "-a",
    "tf.math.log(a * a + 0.1)", "tf.maximum(a, b)", "tf.abs(a - b)",
    "tf.minimum(a, 0.1)",
    "tf.sigmoid(a) * b", "tf.nn.relu(a)", "tf.where(a > b, a * a, b)", "0.3 * a",
    "tf.math.softplus(a)", "tf.cos(a) * tf.stop_gradient(b)", "(a - 1.5)**2", "a / b",
    "tf.math.erf(a)", "tf.math.lgamma(1.5 + a * a)", "tf.math.digamma(a * a + 0.3)",
    "tf.nn.gelu(a)", "tf.nn.elu(a)", "2 / (1 + tf.exp(a))", "a % 0.7", "tf.atan(a) - b",
    "tf.square(a) + tf.math.rsqrt(1 + b * b)", "tf.math.divide_no_nan(a, b)",
    "tf.cast(tf.cast(a, tf.float64) * 3, a.dtype)", "tf.math.xlogy(a, b * b + 0.1)",
)  # fmt: skip


def _scalar(rng: np.random.Generator) -> tuple[list[tuple[int, ...]], str]:
    """A program of scalars: the shapes of its arguments, and its source."""
    names = [f"x{k}" for k in range(int(rng.integers(1, 4)))]
    shapes: list[tuple[int, ...]] = [() for _ in names]
    lines = [f"def f(tf, {', '.join(names)}):"]
    for k in range(int(rng.integers(2, 16))):
        text, words = str(rng.choice(_SCALAR)), rng.choice(names[-6:], 2)
        for letter, word in zip("ab", words, strict=True):
            text = re.sub(rf"\b{letter}\b", word, text)
        names.append(f"v{k}")
        lines.append(f"    v{k} = {text}")
    lines.append(f"    return {' + '.join(names[-3:])}")
    return shapes, "\n".join(lines) + "\n"


JUDGE = everything() + RUN


def by_node(jobs: list[Any]) -> Any:
    """What Node computes."""
    return node(JUDGE + "out = given.map(judge)", jobs)


def by_browser(browser: Any, jobs: list[Any], folder: Path) -> Any:
    """What a browser computes, in one page that forbids ``eval``."""
    (folder / "run.js").write_text(
        f"{JUDGE}document.title = 'ready';", encoding="utf-8"
    )
    (folder / "page.html").write_text(
        "<!doctype html><meta charset=utf-8>"
        "<meta http-equiv=content-security-policy content=\"script-src 'self' file:\">"
        "<script src=run.js></script>",
        encoding="utf-8",
    )
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((folder / "page.html").as_uri())
    assert page.title() == "ready"
    found = json.loads(page.evaluate(
        "(text) => JSON.stringify(JSON.parse(text).map((job) => judge(job)))",
        json.dumps(jobs),
    ))  # fmt: skip
    assert errors == []
    return found


def judged(samples: list[Sample], found: Any) -> Iterator[str]:
    """What differs from the engine, for people."""
    for sample, one in zip(samples, found, strict=True):
        for text in disagreements(sample.program, sample.records, one):
            yield f"{text}\n{sample.source}"


def main() -> None:
    """Compare so many programs, and say what differs."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("count", type=int, nargs="?", default=2000)
    words.add_argument("--browser", action="store_true")
    given = words.parse_args()
    samples = [sample(seed) for seed in range(given.count)]
    jobs = [one.job for one in samples]
    if given.browser:
        from playwright.sync_api import sync_playwright

        from tests.browser.conftest import ARGUMENTS, PROGRAMS

        path = os.environ.get("CHROMIUM") or next(filter(None, map(which, PROGRAMS)))
        with sync_playwright() as playwright, TemporaryDirectory() as folder:
            browser = playwright.chromium.launch(
                executable_path=path, args=[*ARGUMENTS]
            )
            found = by_browser(browser, jobs, Path(folder))
            browser.close()
    else:
        found = by_node(jobs)
    bad = list(judged(samples, found))
    steps = sum(len(one.program.instructions) for one in samples)
    print(*bad, f"{given.count} programs, {steps} values: {len(bad)} differ", sep="\n")


if __name__ == "__main__":
    main()
