"""The lessons and their sources: they agree, keep to one form, and can be read.

What the cells print is checked by nbval, what a browser shows in ``tests/browser``.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import textwrap
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

from tapeviz.lessons.exercises import EXERCISES
from tests.adapters import NEEDS_TORCH
from tests.test_listings import CHAPTER, LISTINGS, OURS, THEIRS

CHAPTERS = Path(__file__).parents[2] / "chapters"
PARTS = ["goal", "predict", "run", "see", "change", "exercise", "summary"]
LAST = "the same in tensorflow"
LONGEST_CELL = 16


def _load_build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build", CHAPTERS / "build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["build"] = module
    spec.loader.exec_module(module)
    return module


build = _load_build()
NOTEBOOKS = sorted(CHAPTERS.glob("10_*.ipynb"), key=build.number)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem[:4])
def path(request: pytest.FixtureRequest) -> Path:
    """The file of a lesson."""
    found: Path = request.param
    return found


@pytest.fixture
def lesson(path: Path) -> nbformat.NotebookNode:
    """A lesson as it was built."""
    return nbformat.read(path, as_version=4)


def section(path: Path) -> str:
    """The section of the chapter that a lesson mirrors, as in "10.2"."""
    return ".".join(path.stem.split("_")[:2])


def prose(lesson: nbformat.NotebookNode) -> str:
    """The text of a lesson, without its code."""
    text = "\n\n".join(c.source for c in lesson.cells if c.cell_type == "markdown")
    return re.sub(r"`[^`]*`|\]\([^)]*\)", " ", text)


def code(lesson: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The cells of code."""
    return [cell for cell in lesson.cells if cell.cell_type == "code"]


def tagged(lesson: nbformat.NotebookNode, tag: str) -> list[str]:
    """The sources of the cells that have a tag."""
    return [c.source for c in code(lesson) if tag in c.metadata.get("tags", ())]


def pages(lesson: nbformat.NotebookNode) -> list[str]:
    """The outputs that are HTML."""
    outputs = [output for cell in code(lesson) for output in cell.outputs]
    found = [output.get("data", {}).get("text/html", "") for output in outputs]
    return [html for html in found if html]


class Pictures(HTMLParser):
    """The alternative texts of a page's images; "" where one has none."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.alts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.alts.append(dict(attrs).get("alt") or "")


def test_every_source_has_its_notebook() -> None:
    names = [source.stem for source in build.sources()]
    assert names == [path.stem for path in NOTEBOOKS]


def test_a_notebook_is_its_source_and_outputs(
    path: Path, lesson: nbformat.NotebookNode
) -> None:
    source = build.SOURCES / f"{path.stem}.py"
    made = build.notebook(build.cells(source.read_text("utf-8")))
    for cell in code(lesson):
        cell.outputs, cell.execution_count = [], None
    assert made == lesson, "run: python chapters/build.py"


@pytest.mark.parametrize("number", ["10_3", "10_9"])
def test_building_again_changes_nothing(number: str) -> None:
    """The second run gives what the first one did, to the last byte."""
    (source,) = build.SOURCES.glob(f"{number}_*.py")
    assert build.build(source) == build.target(source).read_text("utf-8")


def test_a_slide_begins_at_every_heading(lesson: nbformat.NotebookNode) -> None:
    kinds = [cell.metadata.slideshow.slide_type for cell in lesson.cells]
    for cell, kind in zip(lesson.cells, kinds, strict=True):
        heading = cell.cell_type == "markdown" and cell.source.startswith("#")
        assert (kind == "slide") == heading, cell.source
    for kind, after in pairwise(kinds):
        assert kind != "slide" or after != "subslide", "a heading never stands alone"


def test_the_ids_of_the_cells_differ(lesson: nbformat.NotebookNode) -> None:
    ids = [cell.id for cell in lesson.cells]
    assert len({*ids}) == len(ids)


def test_the_listing_is_the_chapters(path: Path, lesson: nbformat.NotebookNode) -> None:
    expected = LISTINGS.get(section(path), "").replace(THEIRS, OURS)
    assert tagged(lesson, "listing") == ([expected.strip("\n")] if expected else [])


def test_the_recorded_loop_is_the_listings(
    path: Path, lesson: nbformat.NotebookNode
) -> None:
    """``with descent(x) as run:`` goes around the loop of 10.6 and changes nothing."""
    for source in tagged(lesson, "descent"):
        start, block = source.split("with descent(x) as run:\n")
        assert start + textwrap.dedent(block) + "\n" == LISTINGS[section(path)]
    assert bool(tagged(lesson, "descent")) == (section(path) == "10.6")


def test_the_parts_come_in_order(lesson: nbformat.NotebookNode) -> None:
    titles = re.findall(
        r"^## (.+)$",
        "\n".join(c.source for c in lesson.cells if c.cell_type == "markdown"),
        re.MULTILINE,
    )
    positions = [
        next((i for i, t in enumerate(titles) if t.lower().startswith(part)), None)
        for part in [*PARTS, LAST]
    ]
    found = [number for number in positions if number is not None]
    assert positions == found == sorted(found), titles


def test_the_first_line_is_the_title(path: Path, lesson: nbformat.NotebookNode) -> None:
    assert lesson.cells[0].source.startswith(f"# {section(path)} ")


def test_every_lesson_draws_and_plays_its_code(lesson: nbformat.NotebookNode) -> None:
    sources = "\n".join(cell.source for cell in code(lesson))
    assert re.search(r"^draw\(tape\)$", sources, re.MULTILINE)
    assert re.search(r"^play\(tape, \w+, .+\)$", sources, re.MULTILINE)


def test_the_cells_are_short(lesson: nbformat.NotebookNode) -> None:
    long = [c.id for c in code(lesson) if len(c.source.splitlines()) > LONGEST_CELL]
    assert long == []
    lines = [
        line
        for cell in lesson.cells
        for line in cell.source.splitlines()
        if len(line) > 79 and not line.startswith("|")
    ]
    assert lines == []


def test_no_cell_speaks_twice(lesson: nbformat.NotebookNode) -> None:
    """Printed text comes in one piece, however the kernel happened to send it."""
    for cell in code(lesson):
        streams = [o for o in cell.outputs if o.output_type == "stream"]
        assert len(streams) <= 1


def test_nothing_in_a_lesson_changes_from_day_to_day(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"model_id|widget-state|iopub|20\d\d-\d\d-\d\d", text)
    assert not re.search(r"\bat 0x[0-9a-f]{6}", text)


def test_a_lesson_is_light(path: Path) -> None:
    assert path.stat().st_size < 2_000_000


def test_every_picture_says_what_it_shows(lesson: nbformat.NotebookNode) -> None:
    for html in pages(lesson):
        alts = Pictures(html).alts
        words = html.startswith(('<div role="status"', '<div class="tapeviz-answer'))
        asks = 'class="tapeviz-practice' in html
        assert alts or words or asks, "a picture comes as an image first"
        assert [alt for alt in alts if len(alt) <= 20] == []


def test_every_panel_is_left_out_of_the_strict_comparison(
    lesson: nbformat.NotebookNode,
) -> None:
    for cell in code(lesson):
        tags = cell.metadata.get("tags", ())
        live = "explore(" in cell.source and "import" not in cell.source
        assert ("live" in tags) == live
        assert ("nbval-ignore-output" in tags) == (live or "varies" in tags)
        assert bool(cell.outputs) or "varies" not in tags
        kinds = [kind for out in cell.outputs for kind in out.get("data", ())]
        assert not any("widget" in kind for kind in kinds), "it would need a kernel"


def test_the_links_lead_somewhere(lesson: nbformat.NotebookNode) -> None:
    text = "\n".join(c.source for c in lesson.cells if c.cell_type == "markdown")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert [link for link in links if not (CHAPTERS / link).is_file()] == []


def test_the_lessons_follow_one_another() -> None:
    for path, after in pairwise(NOTEBOOKS):
        last = nbformat.read(path, as_version=4).cells[-1].source
        assert f"({after.name})" in last.splitlines()[-1]


AMERICAN = (
    r"\b(color|colors|optimiz(?!er)\w*|behavior|center|gray|visualiz\w*|recogniz\w*)\b"
)


def test_the_spelling_is_british(lesson: nbformat.NotebookNode) -> None:
    """Names in code keep theirs; an *optimizer* is the name of a thing in Keras."""
    assert re.findall(AMERICAN, prose(lesson), re.IGNORECASE) == []


def test_the_sentences_are_short(lesson: nbformat.NotebookNode) -> None:
    plain = re.sub(r"<[^>]+>|^#+ .*$|^\|.*$", "\n\n", prose(lesson), flags=re.MULTILINE)
    sentences = re.split(r"[.?!:]\s|\n\n|\n *(?:-|\d\.) ", plain)
    assert [s for s in sentences if len(s.split()) > 28] == []


def _shingles(text: str, size: int = 6) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z]+", text.lower())
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


@pytest.mark.skipif(not CHAPTER.exists(), reason="the chapter is not beside this")
def test_the_words_are_our_own(lesson: nbformat.NotebookNode) -> None:
    chapter = CHAPTER.read_text("utf-8")
    for listing in LISTINGS.values():
        chapter = chapter.replace(listing.strip("\n"), "")
    assert _shingles(prose(lesson)) & _shingles(chapter) == set()


# -- exercises ----------------------------------------------------------------------


def test_every_exercise_is_in_the_lesson_of_its_name() -> None:
    asked = []
    for path in NOTEBOOKS:
        cells = code(nbformat.read(path, as_version=4))
        names = re.findall(r'check\("([^"]+)"', "\n".join(c.source for c in cells))
        assert names, "every lesson asks something"
        assert all(name.startswith(section(path)) for name in names)
        asked += names
    assert asked == [*EXERCISES]


def test_an_exercise_not_done_says_so_and_stops_nothing(
    lesson: nbformat.NotebookNode,
) -> None:
    said = r"Exercise 10\.\d+\w?: (no answer|not right) yet"
    for cell in code(lesson):
        if re.search(r"^check\(", cell.source, re.MULTILINE):
            (output,) = cell.outputs
            assert re.search(said, output.data["text/plain"])


UNFOLDS = r"<details><summary>{}</summary>\n\n(.*?)\n\n</details>"


def asked(lesson: nbformat.NotebookNode) -> dict[str, tuple[int, str]]:
    """The exercises of a lesson: their cell's place, and the text above it."""
    found = {}
    for i, cell in enumerate(lesson.cells):
        if name := re.search(r'^check\("([^"]+)"', cell.source, re.MULTILINE):
            found[name[1]] = (i, lesson.cells[i - 1].source)
    return found


def test_every_exercise_has_a_hint_and_a_solution_that_unfold(
    lesson: nbformat.NotebookNode,
) -> None:
    for name, (number, text) in asked(lesson).items():
        assert "exercise" in lesson.cells[number].metadata.tags, name
        for title in ("Hint", "Solution"):
            assert re.search(UNFOLDS.format(title), text, re.DOTALL), (name, title)
        assert "<details open" not in text


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(p, marks=NEEDS_TORCH if "torch" in p.stem else ())
        for p in NOTEBOOKS
    ],
    ids=lambda path: path.stem,
)
def test_the_solutions_in_code_are_right(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is run where it belongs, after the cells above it."""
    lesson = nbformat.read(path, as_version=4)
    space: dict[str, object] = {"__name__": "__main__"}
    exercises = {number: (name, text) for name, (number, text) in asked(lesson).items()}
    for i, cell in enumerate(lesson.cells):
        if cell.cell_type != "code" or "live" in cell.metadata.get("tags", ()):
            continue
        exec(compile(cell.source, cell.id, "exec"), space)  # noqa: S102 - the lesson
        name, text = exercises.get(i, ("", ""))
        if solution := re.search(r"Solution.*```python\n(.*?)```", text, re.DOTALL):
            last = re.findall(r"^answer = tape.*$", cell.source, re.MULTILINE)
            asking = re.findall(r"^check\(.*$", cell.source, re.MULTILINE)
            code = "\n".join([solution[1], *last, *asking])
            capsys.readouterr()
            exec(compile(code, cell.id, "exec"), space)  # noqa: S102 - the lesson
            assert f"Exercise {name}: right." in capsys.readouterr().out


# -- the form of the sources --------------------------------------------------------


def test_a_source_becomes_cells() -> None:
    text = (
        '# %% [markdown]\n# # Title\n#\n# Text\n\n# %% tags=["listing", "x"]\na\n\n\nb'
    )
    assert build.cells(text) == [
        build.Cell("markdown", "# Title\n\nText"),
        build.Cell("code", "a\n\n\nb", ("listing", "x")),
    ]


def test_the_sources_pass_the_linter() -> None:
    """What a notebook does on purpose is let be: bare values, imports where used."""
    rules = [
        "--select=B,C4,E,F,I,N,PIE,RET,RUF,SIM,UP,W",
        "--ignore=B007,B018,E402,E501,F811,I001,RUF001",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", *rules,
         "--line-length=88", str(CHAPTERS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("text", ["", "a = 1\n# %%\nb"])
def test_a_source_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(build.SourceError, match="#"):
        build.cells(text)


def test_the_readmes_picture_is_what_the_exporter_makes() -> None:
    assert build.PICTURE.read_text("utf-8") == build.picture() + "\n"
    readme = (CHAPTERS.parent / "README.md").read_text("utf-8")
    assert f"({build.PICTURE.relative_to(CHAPTERS.parent).as_posix()})" in readme
