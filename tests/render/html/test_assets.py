"""Our scripts and styles: as they are in a checkout, small in a distribution."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import zlib
from base64 import b64encode
from configparser import ConfigParser
from itertools import product
from pathlib import Path

import pytest

from hatch_build import KINDS, minify_assets
from tapeviz.render.html.assets import packed, read_assets
from tapeviz.render.html.page import digest
from tests.live.machine import node
from tests.pages import scripts

RENDER = Path(__file__).parents[3] / "tapeviz" / "render"
NAMES = sorted(
    path.relative_to(RENDER).as_posix()
    for path in RENDER.rglob("*")
    if path.suffix in KINDS
)


def test_a_checkout_reads_them_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAPEVIZ_ASSETS")
    both = (RENDER / name for name in ("html/elements.js", "html/page.js"))
    texts = [path.read_text("utf-8") for path in both]
    assert read_assets("html/elements.js", "html/page.js") == "".join(texts)


@pytest.mark.parametrize("name", NAMES)
def test_they_get_small(name: str) -> None:
    small = read_assets(name)
    assert len(small) < 0.9 * (RENDER / name).stat().st_size
    assert "\n" not in small or name.endswith(".css")


def test_they_are_the_same_every_time(tmp_path: Path) -> None:
    for path, name in minify_assets(tmp_path).items():
        inside = name.removeprefix("tapeviz/render/")
        assert path.read_text("utf-8") == read_assets(inside)


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".js")])
def test_a_small_script_is_a_script(name: str, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to check the script's syntax with; the browser does")
    file = tmp_path / "script.mjs"
    file.write_text(read_assets(name))
    subprocess.run([node, "--check", str(file)], check=True)


def test_a_script_is_packed_as_it_is() -> None:
    code, rest = read_assets("html/elements.js"), 'const name="\u00e9\u2192\U0001f600";'
    assert scripts(packed(code, rest)) == [code + rest]
    assert len(packed(code * 9, rest)) < 0.5 * len(code * 9)


STRATEGIES = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED)
INFLATED = (
    "const window = {}; %s; out = given.map(([text, size]) => {"
    "  try { return inflate(text, size); } catch { return null; }"
    "});"
)


def inflated(jobs: list[tuple[str, int]]) -> list[str | None]:
    """What the page's inflate makes of these."""
    return list(node(INFLATED % read_assets("html/inflate.js"), jobs))


def deflated(text: str, level: int, strategy: int) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy)
    return packer.compress(text.encode()) + packer.flush()


def some_text(chance: random.Random) -> str:
    """A text with repetitions, near ones and far ones, of few or many letters."""
    letters = "ab{}();= \n0123456789\u00e9\u2192\U0001f600zyxwvut"
    known = letters[: chance.randrange(1, len(letters))]
    text = chance.choice(known)
    while len(text) < 10 ** chance.uniform(0, 4.8):
        start = chance.randrange(len(text))
        again = text[start : start + chance.randrange(1, 400)]
        text += again if chance.random() < 0.3 else chance.choice(known)
    return text


def test_the_page_inflates_whatever_was_deflated() -> None:
    chance = random.Random(1951)  # noqa: S311 - a sample
    settings = [*product((0, 1, 6, 9), STRATEGIES)] * 5
    texts = [some_text(chance) for _ in settings] + ["", "x" * 70_000]
    jobs = [
        (b64encode(deflated(text, *how)).decode(), len(text.encode()))
        for text, how in zip(texts, [*settings, (9, 0), (9, 0)], strict=True)
    ]
    assert inflated(jobs) == texts


def test_a_damaged_text_ends_too() -> None:
    chance = random.Random(1951)  # noqa: S311 - a sample
    jobs = []
    for _ in range(200):
        whole = bytearray(deflated(some_text(chance), 6, 0))
        whole[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        jobs.append((b64encode(whole[: chance.randrange(1, 2000)]).decode(), 90_000))
    assert len(inflated(jobs)) == len(jobs)


def test_how_it_was_deflated_is_not_compared() -> None:
    rules = ConfigParser(interpolation=None)
    rules.read(RENDER.parents[1] / "chapters" / "sanitize.cfg")

    def compared(text: str) -> str:
        """What nbval compares."""
        for rule in rules.sections():
            text = re.sub(rules[rule]["regex"], rules[rule]["replace"], text)
        return text

    script = packed("const a=1;", "const b='In [3]';")
    other = re.sub(r'Packed\("[^"]*",27\)', 'Packed("AAAA",28)', script)
    assert scripts(script) == ["const a=1;const b='In [3]';"]
    assert script != other
    assert compared(script) == compared(other)
    assert digest(script) == digest(other)
