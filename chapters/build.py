"""Make the lessons: run each source and write its notebook, the same on every run.

    python chapters/build.py            # all lessons
    python chapters/build.py 10_3 10_6  # these
    python chapters/build.py picture    # the README's picture

A source is a Python file in the py:percent form, which editors know: ``# %%`` begins
a cell of code, ``# %% [markdown]`` a cell of text whose lines are comments, and
``tags=["..."]`` behind either gives the cell its tags. Four tags mean something here:
``listing`` is the chapter's code as it stands there; ``descent`` is its loop, recorded;
``live`` marks a panel, of which is kept what needs no kernel, not its widget;
``varies`` one whose output is kept, but differs a little from machine to machine.
"""

from __future__ import annotations

import asyncio
import linecache
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
SOURCES = HERE / "source"

_NEEDS_TORCH = re.compile(r"^import torch$", re.MULTILINE)
_METADATA = {
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"file_extension": ".py", "name": "python"},
}
_LIVE, _VARIES = "live", "varies"
_WIDGET = "application/vnd.jupyter.widget-view+json"


class SourceError(ValueError):
    """A source that cannot be read as a lesson."""


@dataclass(frozen=True)
class Cell:
    """A cell of a lesson: ``kind`` is "code" or "markdown"."""

    kind: str
    source: str
    tags: tuple[str, ...] = ()


def sources() -> list[Path]:
    """The sources of all lessons, in reading order."""
    return sorted(SOURCES.glob("10_*.py"), key=number)


def number(path: Path) -> tuple[int, ...]:
    """The number of a lesson, for its place in the order: 10.2 before 10.10."""
    return tuple(int(part) for part in path.stem.split("_")[:2])


def cells(text: str) -> list[Cell]:
    """The cells of a source text; SourceError if it does not begin with one."""
    if not text.startswith("# %%"):
        raise SourceError("a lesson begins with '# %%' or '# %% [markdown]'")
    found = jupytext.reads(text, fmt="py:percent").cells
    return [
        Cell(one.cell_type, one.source, tuple(one.metadata.get("tags", ())))
        for one in found
    ]


def notebook(found: Sequence[Cell]) -> nbformat.NotebookNode:
    """The cells as a notebook that was not run; ids tell the heading they follow."""
    made = nbformat.v4.new_notebook(metadata=_METADATA)
    made.cells = [_node(cell, id) for cell, id in zip(found, _ids(found), strict=True)]
    for node, slide in zip(made.cells, _slides(found), strict=True):
        node.metadata["slideshow"] = {"slide_type": slide}
    return made


def _slides(found: Sequence[Cell]) -> Iterator[str]:
    """Where a slide begins: at a heading, and below it at each further cell of code."""
    fresh = True
    for cell in found:
        heading = cell.kind == "markdown" and cell.source.startswith("#")
        code = cell.kind == "code"
        yield "slide" if heading else "subslide" if code and not fresh else "-"
        fresh = heading or (fresh and not code)


def _node(cell: Cell, id: str) -> nbformat.NotebookNode:
    if cell.kind == "markdown":
        return nbformat.v4.new_markdown_cell(cell.source, id=id)
    ignored = {_LIVE, _VARIES} & {*cell.tags}
    tags = [*cell.tags, *(["nbval-ignore-output"] if ignored else [])]
    metadata = {"tags": tags} if tags else {}
    return nbformat.v4.new_code_cell(cell.source, id=id, metadata=metadata)


def _ids(found: Sequence[Cell]) -> Iterator[str]:
    part, seen = "start", Counter[str]()
    for cell in found:
        heading = re.match(r"## (.+)", cell.source)
        if cell.kind == "markdown" and heading:
            part = re.sub(r"[^a-z0-9]+", "-", heading[1].lower()).strip("-")[:40]
        seen[part] += 1
        yield f"{part}-{seen[part]}"


def run(made: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Run a notebook in a fresh kernel and keep of its outputs what is stable."""
    client = NotebookClient(
        made,
        timeout=120,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(HERE)}},
    )
    client.execute()
    for cell in made.cells:
        if _LIVE in cell.metadata.get("tags", ()):
            cell.outputs = [o for o in cell.outputs if _WIDGET not in o.get("data", ())]
    made.metadata = nbformat.from_dict(_METADATA)
    return made


def build(source: Path) -> str:
    """The text of the notebook that a source makes."""
    made = run(notebook(cells(source.read_text(encoding="utf-8"))))
    nbformat.validate(made)
    return nbformat.writes(made) + "\n"


def target(source: Path) -> Path:
    """Where a source's notebook belongs."""
    return HERE / f"{source.stem}.ipynb"


PICTURE = HERE / "pictures" / "backward.svg"
"""The README's picture: listing 10.2 on its way back, by our own exporter."""

_PICTURED = """\
import tapeviz as tf

x = tf.Variable(3.0)

with tf.GradientTape() as tape:
    y = x**2 + 2*x + 1

dy_dx = tape.gradient(y, x)
"""


def picture() -> str:
    """The README's picture as SVG text."""
    from tapeviz import play
    from tapeviz.render.film.svg import animate

    file = "listing.py"
    linecache.cache[file] = (0, None, _PICTURED.splitlines(keepends=True), file)
    names: dict[str, Any] = {"play": play}
    exec(compile(_PICTURED, file, "exec"), names)
    exec("film = play(tape, y, x).film", names)
    return animate(names["film"]).write()


def main(words: Sequence[str]) -> None:
    """Build the lessons whose names begin with one of the words; without words, all."""
    _checkout_first()
    sys.path.insert(0, str(HERE.parent))
    from hatch_build import minify_assets

    with TemporaryDirectory() as assets:
        minify_assets(Path(assets))
        os.environ["TAPEVIZ_ASSETS"] = assets
        _write(words)


def _write(words: Sequence[str]) -> None:
    if not words or "picture" in words:
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(picture() + "\n", encoding="utf-8", newline="\n")
    for source in sources():
        if words and not source.stem.startswith(tuple(words)):
            continue
        path = target(source)
        if _NEEDS_TORCH.search(source.read_text("utf-8")) and not find_spec("torch"):
            print(f"{path.name}: left as it is, PyTorch is not installed")
            continue
        path.write_text(build(source), encoding="utf-8", newline="\n")
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def _checkout_first() -> None:
    """Let the kernels import this checkout, also where it is not installed."""
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    if sys.platform == "win32":
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())


if __name__ == "__main__":
    main(sys.argv[1:])
