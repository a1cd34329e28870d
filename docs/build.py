"""Make the site: the lessons, the guides and the reference, as pages that need no net.

    python docs/build.py              # into docs/_site
    python docs/build.py FOLDER

The lessons go in as their notebooks stand, outputs and players included; the reference
is written from the docstrings, the table of operations from the registry.
"""

from __future__ import annotations

import html
import importlib
import inspect
import linecache
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from tapeviz.lessons import copies

HERE = Path(__file__).parent
ROOT = HERE.parent
SITE = HERE / "_site"

MODULES = {
    "tapeviz": "Tapes, tensors, and everything at the top level",
    "tapeviz.math": "Mathematics",
    "tapeviz.linalg": "Linear algebra",
    "tapeviz.nn": "Neural networks",
    "tapeviz.random": "Random numbers",
    "tapeviz.saved_model": "Saving modules",
    "tapeviz.nest": "Nested structures",
    "tapeviz.debugging": "Checks while a program runs",
    "tapeviz.autodiff": "Forward mode",
    "tapeviz.keras": "Keras: models",
    "tapeviz.keras.layers": "Keras: layers",
    "tapeviz.keras.activations": "Keras: activations",
    "tapeviz.keras.losses": "Keras: losses",
    "tapeviz.keras.metrics": "Keras: metrics",
    "tapeviz.keras.optimizers": "Keras: optimizers",
    "tapeviz.keras.optimizers.schedules": "Keras: learning-rate schedules",
    "tapeviz.keras.initializers": "Keras: initializers",
    "tapeviz.lessons": "Checks for exercises",
    "tapeviz.lessons.training": "Data and a small network to train",
    "tapeviz.errors": "Errors",
}
"""The pages of the reference: modules, with the heading of each."""


_LISTING = """\
import tapeviz as tf
from tapeviz import {name}

x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x**2 + 2*x + 1
"""
_LOOP = """\
import tapeviz as tf
from tapeviz import descent

x = tf.Variable(2.0)
with descent(x) as run:
    for i in range(10):
        with tf.GradientTape() as tape:
            loss = (x - 5)**2
        x.assign_sub(0.1 * tape.gradient(loss, x))
"""
_LOST = """\
import tapeviz as tf
from tapeviz import why

x = tf.constant(3.0)
with tf.GradientTape() as tape:
    y = x**2
"""
_PANEL = """\
import tapeviz as tf
from tapeviz import explore

x = tf.Variable(2.0)
"""

VIEWS = {
    "draw": (_LISTING, "draw(tape, y, x)", "drawing.Drawing"),
    "play": (_LISTING, "play(tape, y, x)", "player.Player"),
    "explain": (_LISTING, "explain(tape, y, x)", "diagnosis.ExplanationView"),
    "why": (_LOST, "why(tape, y, x)", "diagnosis.Diagnosis"),
    "descent": (_LOOP, "run", "descent.DescentRun"),
    "explore": (_PANEL, "explore(lambda: (x - 5)**2, x)", "widgets.explorer.Studio"),
}
"""What has a page of its own: a program, what it then shows, the class of that."""


def view_page(name: str) -> str:
    """The page of a function that shows something: its text, an example, its result."""
    program, shown, made = VIEWS[name]
    code = program.format(name=name) + f"\n{shown}"
    inherited = "" if made.startswith("widgets") else "   :inherited-members: object\n"
    return (
        f"# {name}\n\n```{{eval-rst}}\n.. autofunction:: tapeviz.{name}\n```\n\n"
        f"## An example\n\n```python\n{code}\n```\n\n"
        f"```{{raw}} html\n{_result(code, shown)}\n```\n\n"
        f"## What it gives you\n\n```{{eval-rst}}\n"
        f".. autoclass:: tapeviz.views.{made}\n   :members:\n{inherited}```\n"
    )


def _result(code: str, shown: str) -> str:
    """What a program shows in its last line, where pictures find its lines."""
    file = f"{shown.partition('(')[0]}.py"
    linecache.cache[file] = (0, None, code.splitlines(keepends=True), file)
    space: dict[str, Any] = {}
    exec(compile(code.removesuffix(shown), file, "exec"), space)  # noqa: S102 - ours
    view = eval(compile(shown, file, "eval"), space)  # noqa: S307 - our own program
    return str(view._repr_html_())


def names(module: ModuleType) -> list[str]:
    """The public names of a module that its page documents, in order.

    Where a module has no ``__all__``, these are what it defines itself. Submodules have
    their own pages; plain values, such as dtypes, have no docstring to show.
    """
    listed = getattr(module, "__all__", None)
    found = listed or [name for name in dir(module) if _own(module, name)]
    return sorted(
        (name for name in found if _documented(getattr(module, name))), key=_key
    )


def _own(module: ModuleType, name: str) -> bool:
    home = getattr(getattr(module, name), "__module__", None)
    return not name.startswith("_") and home == module.__name__


def _documented(thing: Any) -> bool:
    return bool(inspect.isclass(thing) or inspect.isroutine(thing))


def _key(name: str) -> tuple[str, str]:
    return name.lower(), name


def reference(called: str, heading: str, seen: set[int]) -> str:
    """The page of the module that is ``called`` so, as MyST: a directive for each name.

    ``seen`` has the things described on other pages; those are not indexed again.
    """
    module = importlib.import_module(called)
    own = VIEWS if called == "tapeviz" else ()
    listed = [name for name in names(module) if name not in own]
    entries = "\n".join(_entry(called, module, name, seen) for name in listed)
    summary = (inspect.getdoc(module) or "").split("\n\n")[0]
    head = f"# {heading}\n\n`{called}`\n\n{summary}\n\n"
    return f"{head}```{{eval-rst}}\n{entries}\n```\n"


def _entry(called: str, module: ModuleType, name: str, seen: set[int]) -> str:
    thing = getattr(module, name)
    kind, options = ("autofunction", []) if not inspect.isclass(thing) else _CLASS
    again = ["   :no-index:"] if id(thing) in seen else []
    seen.add(id(thing))
    lines = [f".. {kind}:: {called}.{name}", *options, *again]
    return "\n".join([*lines, ""])


_CLASS = ("autoclass", ["   :members:"])


_CONTENTS = """\
# Every name

What shows something:

```{{toctree}}
:maxdepth: 1

{views}
```

The other names and their meaning are TensorFlow's, where TensorFlow has them:

```{{toctree}}
:maxdepth: 1

{pages}
```
"""


def contents(modules: Iterable[str]) -> str:
    """The reference's first page."""
    return _CONTENTS.format(views="\n".join(VIEWS), pages="\n".join(modules))


_OPERATIONS = """\
# Every operation

Each rule is one short text. It is what runs when you ask for a gradient, what the
pictures show, and what the tests check. In a rule, `g` is the upstream gradient, `x`
the operand (`a`, `b`, `c` where there are more), and `y` the operation's own result.
`tapeviz ops` prints the same table.

<div class="op-table" tabindex="0" role="region" aria-label="Operations">
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody></table></div>
"""


def operations() -> str:
    """The table of operations, from the registry, as a page."""
    from tapeviz.api import operations as table

    found = table()
    head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in found.heads)
    return _OPERATIONS.format(head=head, rows="\n".join(map(_row, found.rows)))


def _row(cells: Sequence[str]) -> str:
    *codes, words = cells
    first, *rest = map(_code, codes)
    row = "".join(f"<td>{cell}</td>" for cell in [*rest, html.escape(words)])
    return f'<tr><th scope="row">{first}</th>{row}</tr>'


def _code(text: str) -> str:
    escaped = html.escape(text)
    return (
        escaped
        if not text or text == "no gradient passes"
        else f"<code>{escaped}</code>"
    )


def stage(folder: Path) -> None:
    """Everything Sphinx reads, in one folder: ours, the lessons', the generated."""
    shutil.copytree(HERE, folder, dirs_exist_ok=True, ignore=_skipped)
    lessons = folder / "lessons"
    lessons.mkdir()
    for path in _chapters():
        shutil.copy(path, lessons / path.name)
    shutil.copytree(ROOT / "chapters" / "pictures", folder / "pictures")
    shutil.copy(ROOT / "CHANGELOG.md", folder / "changes.md")
    _generate(folder / "reference")
    index = folder / "index.md"
    stems = [Path(name).stem for name in copies.lessons(lessons)]
    index.write_text(
        index.read_text("utf-8").replace(
            "LESSONS", "\n".join(f"lessons/{stem}" for stem in stems)
        ),
        "utf-8",
    )


def _chapters() -> Iterator[Path]:
    yield from (ROOT / "chapters").glob("*.ipynb")
    yield ROOT / "chapters" / "TEACHING.md"


def _skipped(_folder: str, found: list[str]) -> set[str]:
    return {name for name in found if name.startswith("_") or name == "build.py"}


def _generate(folder: Path) -> None:
    folder.mkdir()
    seen: set[int] = set()
    for name, heading in MODULES.items():
        page = reference(name, heading, seen)
        (folder / f"{name}.md").write_text(page, "utf-8")
    for name in VIEWS:
        (folder / f"{name}.md").write_text(view_page(name), "utf-8")
    (folder / "index.md").write_text(contents(MODULES), "utf-8")
    (folder / "operations.md").write_text(operations(), "utf-8")


def build(folder: Path = SITE) -> int:
    """Write the site into a folder; not 0 if Sphinx has an error or a warning."""
    from sphinx.cmd.build import main

    with TemporaryDirectory() as made:
        source = Path(made) / "source"
        stage(source)
        state = str(Path(made) / "state")
        words = ["-q", "-W", "--keep-going", "-b", "html", "-d", state]
        status = main([*words, str(source), str(folder)])
    if status == 0:
        print(f"The site is in {folder}: open {folder / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1]) if sys.argv[1:] else SITE))
