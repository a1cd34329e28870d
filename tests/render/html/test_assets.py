"""Our scripts made short: the same script, in fewer bytes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tapeviz.render.film import player
from tapeviz.render.html.assets import (
    minify_css,
    minify_script,
    read_assets,
    shorten_names,
)

SCRIPT = """
// A comment of its own line.
const table = { first: 1, second: "first  // no comment" };
function twice(number, { first } = table) {
  const doubled = number * 2;
  const words = [1, 2].map((entry) => entry + doubled);
  return `${first} and ${words.join(", ")} of ${table.second}`;
}
console.log(JSON.stringify([twice(3), twice(4, { first: "other" })]));
"""


def ran(code: str, tmp_path: Path) -> object:
    """What a script prints, as JSON."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to run a script with; the browser's tests run ours")
    file = tmp_path / "script.js"
    file.write_text(code)
    done = subprocess.run([node, str(file)], check=True, capture_output=True)
    return json.loads(done.stdout)


def test_a_short_script_does_what_the_long_one_does(tmp_path: Path) -> None:
    short = shorten_names(minify_script(SCRIPT))
    assert ran(short, tmp_path) == ran(SCRIPT, tmp_path)
    assert len(short) < len(minify_script(SCRIPT)) < len(SCRIPT)


def test_keys_texts_and_what_stands_in_templates_keep_their_names() -> None:
    short = shorten_names(minify_script(SCRIPT))
    for part in ("first:1", '"first  // no comment"', ".second", "console.log"):
        assert part in short
    for ours in ("doubled", "twice", "entry", "const", "comment of"):
        assert ours not in short


def test_declarations_that_follow_each_other_are_joined_but_not_to_a_loops() -> None:
    code = "for (const id in all) seen[id] = true;\nconst one = 1;\nconst two = 2;\n"
    short = shorten_names(minify_script(code))
    assert re.fullmatch(r"for\(let \w+ in all\)seen\[\w+\]=!0;let \w=1,\w=2;?", short)


def test_the_player_is_found_by_the_names_that_pages_call() -> None:
    assert "function start(" in player.script()
    assert "function mount(" in player.script()
    assert "export" not in player.script()


def test_styles_lose_only_what_says_nothing() -> None:
    styles = '.a {\n  color: red;\n  & [b="c"], & > .d { margin: 0 4px; }\n}\n'
    assert minify_css(styles) == ".a{color:red;[b=c],&>.d{margin:0 4px}}"


SHORTENED = (
    ("html/elements.js", "html/page.js", "film/questions.js", "film/player.js"),
    ("html/elements.js", "html/page.js", "graph/interactive.js"),
    ("html/elements.js", "descent/step_graphs.js"),
    ("graph/folded.js",),
)
PATTERN = re.compile(r"(?<=[(,=:!&|?])[ ]*(/(?![/*])(?:\\.|\[[^\]]*\]|[^/\\\n])+/)")
"""A regular expression of a script: it stands where a value may begin."""
TEMPLATE = re.compile(r"`(?:\\.|[^`\\])*`")


@pytest.mark.parametrize("names", SHORTENED, ids=lambda names: names[-1])
def test_what_shortening_does_not_understand_is_not_there(names: list[str]) -> None:
    code = re.sub(r"^\s*//.*$", "", read_assets(*names), flags=re.MULTILINE)
    short = shorten_names(minify_script(code))
    for pattern in PATTERN.findall(code):
        assert not set(pattern) & set("\"`' "), "a quote or a space in a pattern"
        assert pattern in short, "a pattern's words are names of ours too"
    for template in TEMPLATE.findall(code):
        assert re.sub(r"\$\{[^{}`]*\}", "", template).count("${") == 0, "nested braces"
    rest = re.sub(r'"(?:\\.|[^"\\])*"', "", TEMPLATE.sub("", PATTERN.sub("", code)))
    assert not set(rest) & set("\"`'"), "a quote that is not closed, or an apostrophe"
    assert not re.search(r"//|/\*", rest), "a comment beside code"
