"""The picture of a tape, which shows, prints and saves itself."""

from __future__ import annotations

import errno
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tapeviz import inspect
from tapeviz.analysis.graph_diff import compare
from tapeviz.analysis.scalar_groups import Grouping, OuterLevel
from tapeviz.analysis.subgraph import Selection
from tapeviz.engine import files
from tapeviz.engine.tape import GradientTape
from tapeviz.errors import (
    LayoutError,
    SaveError,
    caller,
    error_message,
    names_around,
    type_error,
    value_error,
)
from tapeviz.inspect.foreign_tape import ForeignTape, adapter_of
from tapeviz.inspect.graph import bulk
from tapeviz.inspect.object_graph import ObjectTape, description_of
from tapeviz.inspect.program import MANY
from tapeviz.render.graph import interactive
from tapeviz.render.graph.diff_badges import changed, changes
from tapeviz.render.graph.diff_badges import to_text as list_changes
from tapeviz.render.graph.interactive import LivePicture
from tapeviz.render.graph.layout import check
from tapeviz.render.graph.memory_badges import table as memory_table
from tapeviz.render.graph.memory_badges import with_memory
from tapeviz.render.graph.scene import Scene, description, scene, summary
from tapeviz.render.svg import pdf, raster
from tapeviz.render.svg.options import theme_of
from tapeviz.render.svg.standalone import standalone
from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.graph import Graph
from tapeviz.trace.markup import element
from tapeviz.trace.memory import Memory
from tapeviz.trace.program import Program
from tapeviz.views.unseen import tell_after_cells
from tapeviz.wording import values as text

if TYPE_CHECKING:
    from tapeviz.render.graph.folded import Folded
    from tapeviz.trace.descent import Update


Form = Callable[..., str | bytes]
"""How a view becomes the content of a file."""


def as_text(view: object) -> str:
    """What a view prints: its form for ``.txt``."""
    return str(view)


MOST = 40
"""Lines of its table that a view shows where nothing but text is shown."""


def on_paper(
    paint: Callable[[], bytes], include: Iterable[str] | None
) -> dict[str, str]:
    """A picture as part of a bundle, for what shows no HTML: LaTeX, mail, previews.

    There is none where nothing paints, as in a web page's Python, and where ``include``
    asks for others.
    """
    if include is not None and PNG not in include:
        return {}
    with suppress(LayoutError, SaveError):
        if painted := paint():
            return {PNG: b64encode(painted).decode()}
    return {}


PNG = "image/png"


class Showable:
    """What shows itself in a notebook, wherever in a cell it is asked to."""

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, **_: Any
    ) -> dict[str, str]:
        """The view in every form that a front end may choose from, by MIME type.

        The picture for paper takes the longest: it is left out where ``include`` names
        the types that are asked for, and not its.
        """
        raise NotImplementedError

    @property
    def html(self) -> str:
        """The view as HTML, for any program that shows some: complete, from no net."""
        bundle = self._repr_mimebundle_(include=("text/html",))
        return bundle.get("text/html") or element("pre", bundle["text/plain"]).write()

    def _repr_html_(self) -> str:
        return self.html

    def show(self) -> None:
        """Show it here and now: in the middle of a cell, in a loop, in a function.

        The last line of a notebook's cell shows itself. Where there is no notebook the
        table is printed.
        """
        display(self)


def display(view: Any) -> None:
    """Show a view or a figure in the notebook; print it where IPython is not there."""
    try:
        from IPython import display as shown
    except ImportError:
        print(view)  # noqa: T201 - what is asked for
    else:
        shown.display(view)  # type: ignore[no-untyped-call]


_ELSEWHERE = "choose a folder that exists and that you may write to"
_ADVICE = dict.fromkeys(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    "free some space there, or choose another disk; what was there before is kept",
)
"""What to do when a file cannot be written, by the system's reason."""


class Displayable(Showable):
    """What shows itself in a notebook and saves itself to a file.

    ``forms`` has a function for each ending of a file. It gets the view; what it takes
    beside that are the form's options.
    """

    forms: ClassVar[Mapping[str, Form]] = {}

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, **_: Any
    ) -> dict[str, str]:
        try:
            page = {"text/html": self._html(), "text/plain": self._words()}
            return page | on_paper(self._printed, include)
        except LayoutError as error:
            return {"text/plain": f"{error}\n\n{self}"}

    def _printed(self) -> bytes:
        """The view as a PNG for paper and mail, b"" where it has no picture."""
        return b""

    def _words(self) -> str:
        """What it is, and the beginning of its table, if it has one."""
        name, kind = repr(self), type(self)
        if kind.__repr__ is kind.__str__:
            return name
        if self._folds:
            return f"{name}\nprint it: its table is long"
        lines = str(self).splitlines()
        more = [f"... {len(lines) - MOST} more lines: print it"] if lines[MOST:] else []
        return "\n".join([name, *lines[:MOST], *more])

    @property
    def _folds(self) -> bool:
        """Whether it tells so much that its picture is folded."""
        return False

    def _html(self) -> str:
        raise NotImplementedError

    def save(self, path: str | Path, **options: Any) -> Path:
        """Write the picture to a file whose ending says the form; returns its path.

        Some forms take options: ``scale=3`` gives a PNG three dots to a pixel. The
        same picture gives the same bytes every time. ValueError for an ending that is
        not known, TypeError for an option that the form does not take, SaveError (an
        OSError) when the file cannot be written.
        """
        file = Path(path)
        content = self._content(file, options)
        try:
            if isinstance(content, str):
                content = content.encode("utf-8", errors="replace")
            files.write(file, content)
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            raise SaveError(
                error_message(
                    f"{str(file)!r} could not be written: {said}"
                    if "\0" in str(file)
                    else f"{file} could not be written: {said}",
                    _ADVICE.get(getattr(error, "errno", 0), _ELSEWHERE),
                )
            ) from error
        return file

    def _content(self, file: Path, options: dict[str, Any]) -> str | bytes:
        """What goes into a file of this name."""
        ending = file.suffix.lower()
        if ending not in self.forms:
            raise value_error(
                f"a picture cannot be saved as {file.suffix or file.name!r}",
                f"end the file's name with one of {', '.join(sorted(self.forms))}",
            )
        known = [*signature(self.forms[ending]).parameters][1:]
        for name in options:
            if name not in known:
                takes = f"{ending} takes {', '.join(known)}"
                raise type_error(
                    f"a picture saved as {ending} has no option {name!r}",
                    takes if known else "leave it out",
                )
        return self.forms[ending](self, **options)


class Drawing(Displayable):
    """The picture of a recorded graph; ``graph`` is the data it draws.

    A large graph is folded, or any graph if ``fold`` is True, or none if it is False.
    ``memory`` has the numbers where the picture tells what the tape keeps alive.
    ``part`` says which part of the graph is shown, ``precision`` with how many digits,
    ``program`` what runs in a page when the reader changes a number, or why nothing
    can.
    ValueError for a look that there is not.
    """

    def __init__(  # noqa: PLR0913 - each is one way in which the same graph is shown
        self,
        graph: Graph,
        *,
        theme: str = "auto",
        direction: str = "LR",
        fold: bool | None = None,
        memory: Memory | None = None,
        precision: int | None = None,
        part: Selection | None = None,
        program: Program | str = "",
    ) -> None:
        self._program = program
        self._whole = graph if memory is None else with_memory(graph, memory)
        self.memory = memory
        self._look = {"theme": theme_of(theme), "direction": check(direction)}
        self._fold = fold
        self._digits = text.check_precision(precision)
        with text.precision(precision):
            self.graph = part.of(self._whole) if part else self._whole

    @cached_property
    def _folded(self) -> Folded | None:
        """The folded picture, if the graph is to be folded."""
        from tapeviz.analysis.folded_view import chosen
        from tapeviz.render.graph.folded import folded

        with bulk(), text.precision(self._digits):
            fold = chosen(self.graph, fold=self._fold)
            return None if fold is None else folded(fold, **self._look)

    @property
    def _folds(self) -> bool:
        return self._folded is not None

    @cached_property
    def _scene(self) -> Scene:
        if self._folded is not None:
            return self._folded.scene
        with text.precision(self._digits):
            theme, direction = self._look["theme"], self._look["direction"]
            return scene(self.graph, theme=theme, direction=direction, legend=True)

    @property
    def svg(self) -> str:
        """The picture as SVG text, for any program: its colours are written out."""
        return standalone(self._scene.root)

    @property
    def inline_svg(self) -> str:
        """The picture as SVG text for an HTML page, whose colours it follows."""
        return self._scene.svg

    def png(self, scale: float = 2.0) -> bytes:
        """The picture as a PNG file's bytes, ``scale`` dots to a pixel."""
        return raster.png(self._scene.root, scale=scale)

    def _printed(self) -> bytes:
        return raster.printed(self._scene.root)

    def pdf(self) -> bytes:
        """The picture as a PDF file's bytes, with text that can be selected."""
        return pdf.pages(self._scene.root)

    @property
    def text(self) -> str:
        """What the picture says, as a table in plain text."""
        return str(self)

    @property
    def dot(self) -> str:
        """The graph as DOT text, for Graphviz."""
        from tapeviz.render.text.dot import to_dot

        with text.precision(self._digits):
            return to_dot(self.graph, direction=self._look["direction"])

    @property
    def mermaid(self) -> str:
        """The graph as a Mermaid flowchart, for Markdown."""
        from tapeviz.render.text.mermaid import to_mermaid

        with text.precision(self._digits):
            return to_mermaid(self.graph, direction=self._look["direction"])

    def _page(self) -> str:
        if self._folded is not None:
            return self._folded.page()
        svg, title = self._scene.root, summary(self.graph)
        return interactive.page(svg, self.graph, title, self._shown, self._live)

    def _html(self) -> str:
        if self._folded is not None:
            return self._folded.notebook()
        with text.precision(self._digits):
            alt = description(self.graph)
        return interactive.notebook(
            self._scene.root, self.graph, alt, self._shown, self._live
        )

    @property
    def _live(self) -> LivePicture | str:
        """What can be changed in the page, or a sentence why nothing can."""
        if isinstance(self._program, str):
            return self._program
        with text.precision(self._digits):
            return LivePicture.of(self.graph, self._program)

    @property
    def _shown(self) -> dict[str, Any]:
        """How the picture was drawn, and how narrow it may become."""
        return {**self._look, "least": round(self._scene.least[0])}

    def __str__(self) -> str:
        with text.precision(self._digits):
            listed = text.table(self.graph)
        if self.memory is None:
            return listed
        memory = memory_table(self._whole, self.memory)
        numbers = text.columns(memory.heads, memory.rows)
        return f"{listed}\n\n{numbers}"

    def __repr__(self) -> str:
        ops = sum(n.kind == "op" and not n.unrecorded for n in self.graph.nodes)
        said = text.counted(ops, "operation")
        return f"<picture of a tape: {said}, {len(self.graph.nodes)} nodes>"

    forms: ClassVar[dict[str, Form]] = {
        ".svg": lambda drawing: drawing.svg,
        ".png": png,
        ".pdf": pdf,
        ".html": _page,
        ".json": lambda drawing: drawing.graph.to_json(),
        ".dot": lambda drawing: drawing.dot,
        ".mmd": lambda drawing: drawing.mermaid,
        ".txt": as_text,
    }


class LongDrawing(Drawing):
    """The picture of a long computation of single numbers.

    ``graph`` is its outermost level, always from top to bottom: in rows it would be
    arrows most of all. The page draws the groups when they are opened; ``grouping`` has
    all numbers.
    """

    def __init__(self, grouping: Grouping, **options: Any) -> None:
        self.grouping = grouping
        self._outer = OuterLevel(grouping)
        super().__init__(self._outer.graph(), **{**options, "direction": "TB"})

    @cached_property
    def _folded(self) -> Folded:
        from tapeviz.render.graph.scalars import folded_scalars

        with bulk(), text.precision(self._digits):
            return folded_scalars(self.grouping, self._outer, **self._look)

    def __repr__(self) -> str:
        said = text.counted(self.grouping.whole.size, "operation")
        return f"<picture of a tape: {said}, {self.grouping.graph.size} nodes>"


def grouping_of(
    tape: Any, target: Any, sources: Any, *, functions: int = 0
) -> Grouping | None:
    """The groups of a long tape of single numbers; None of anything else."""
    if not isinstance(tape, GradientTape):
        return None
    names = names_around() if isinstance(tape, ObjectTape) else names_of(tape)
    with bulk():
        found = inspect.scalar_graph(tape, names, target, sources, functions=functions)
        return None if found is None else Grouping(found)


class ComparedDrawing(Drawing):
    """The picture of what changed from one graph to another.

    ``graph`` has what either of them has, ``changes`` a row for each difference.
    """

    def __init__(self, before: Graph, after: Graph, **options: Any) -> None:
        self._both = compare(before, after)
        self.changes = changes(self._both)
        super().__init__(changed(self._both), **options)

    def __str__(self) -> str:
        with text.precision(self._digits):
            listed = text.table(replace(self.graph, notes=()))
        return f"{list_changes(self._both)}\n\n{listed}"

    def __repr__(self) -> str:
        return f"<picture of two tapes: {len(self.changes.rows)} differences>"


def names_of(thing: Any) -> Mapping[str, Any]:
    """The names in force: those of a run's step, or the caller's now."""
    names = thing.names if isinstance(thing, RunStep) else names_around()
    return thing.named(names) if isinstance(thing, ForeignTape) else names


def meant(tape: GradientTape, *things: Any) -> tuple[Any, ...]:
    """Targets or sources as tensors of ours, also where they are a framework's."""
    return (
        tuple(map(tape.mirrored, things)) if isinstance(tape, ForeignTape) else things
    )


def call_site_of(thing: Any) -> tuple[Any, int] | None:
    """The learner's instruction that asks; None for a run's step, which is past."""
    frame = None if isinstance(thing, RunStep) else caller()
    return None if frame is None else (frame.f_code, frame.f_lasti)


Given = tuple[Any, Any, Any]
"""A tape, and a target and sources or None for those it was last asked for."""


def seen(thing: Any, target: Any = None, sources: Any = None) -> Given:
    """What a framework or somebody's own engine has computed, as a tape.

    It is a tape of TensorFlow's, a function of JAX with its arguments, or a value with
    its parents: ``play(y, [x])``.
    """
    if isinstance(thing, (GradientTape, RunStep, Graph, BackwardPass)):
        return thing, target, sources
    seen_by = getattr(adapter_of(thing), "seen", None)
    own: Given | None = seen_by(thing, target, sources) if seen_by else None
    if own is not None:
        return own
    about = description_of(thing)
    if about is None:
        return thing, target, sources
    asked = target if sources is None else sources
    return ObjectTape(thing, about, names_around(), asked), None, None


def tape_of(thing: Any, verb: str) -> GradientTape:
    """The tape of a step, or the tape itself; TypeError for anything else."""
    tell_after_cells()
    if isinstance(thing, RunStep):
        return thing.tape
    if isinstance(thing, ObjectTape):
        return thing.mirror()
    if not isinstance(thing, GradientTape):
        theirs = adapter_of(thing)
        room = "tf.GradientTape" if theirs is None else f"{theirs.__name__}.record"
        block = room.replace("tapeviz.adapters.", "tapeviz.")
        raise type_error(
            f"{verb} was given {thing!r}, which is not a tape",
            f"give it the tape of your block: with {block}() as tape: ... {verb}(tape)",
        )
    return thing


def draw(  # noqa: PLR0913 - options, by keyword
    tape: GradientTape | RunStep | Graph | BackwardPass,
    target: Any = None,
    sources: Any = None,
    *,
    memory: bool = False,
    fold: bool | None = None,
    theme: str = "auto",
    direction: str = "LR",
    precision: int | None = None,
    depth: int | None = None,
    constants: bool = True,
    between: bool = False,
) -> Drawing:
    """The picture of what a tape recorded, with names, values, shapes and gradients.

    What it did not record is there too, dashed: what was not watched, computed outside
    of the block or under ``stop_recording``, or left for NumPy; and after an error the
    operation that failed.

    The gradients are those the tape was last asked for. ``target`` and ``sources`` mark
    nodes by hand. ``draw(before, after)`` of two tapes shows what changed from one to
    the other. ``memory`` adds how many bytes each record keeps alive and what
    ``del tape`` frees. Loops and layers of a large tape are folded into groups that
    open on a click; ``fold`` True or False decides that. Of ten thousand single numbers
    and more the functions are the groups, and the page draws a group when it is opened.
    ``theme`` is "auto"
    (as the page around it), "light", "dark", "colourblind", "contrast" or "print",
    ``direction`` "LR" or "TB", ``precision`` how many significant digits values have.

    The last line of a cell shows itself; elsewhere write ``draw(tape).show()``.

    ``depth`` shows only so many steps back from the target, or without one forward
    from the sources; ``constants=False`` hides plain constants; ``between=True`` shows
    only what lies between the sources and the target. ValueError for what cannot be.

    In place of a tape there may be data that somebody else has filled: a ``Graph`` or
    a ``BackwardPass``.

    >>> import tapeviz as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x * x
    >>> picture = draw(tape)
    >>> [node.name for node in picture.graph.nodes]
    ['x', 'y']
    """
    tape, target, sources = seen(tape, target, sources)
    part = Selection(depth=depth, constants=constants, between=between)
    look: dict[str, Any] = {
        "theme": theme,
        "direction": direction,
        "precision": precision,
    }
    held = inspect.memory(tape_of(tape, "draw")) if memory else None
    if isinstance(target, (GradientTape, RunStep, Graph, BackwardPass)):
        return ComparedDrawing(_graph(tape), _graph(target), part=part, **look)
    tape, target, sources = seen(tape, target, sources)
    if fold is not False and part == Selection() and not memory:
        long = grouping_of(tape, target, sources, functions=2)
        if long is not None:
            return LongDrawing(long, **look)
    graph = _graph(tape, target, sources)
    return Drawing(
        graph,
        memory=held,
        fold=fold,
        part=part,
        program=program_of(tape, graph),
        **look,
    )


def program_of(thing: Any, graph: Graph) -> Program | str:
    """What a page runs when a number of the picture is changed, or why nothing can."""
    recorded = any(node.kind == "op" and not node.unrecorded for node in graph.nodes)
    if isinstance(thing, (Graph, BackwardPass)) or not recorded:
        return ""
    if len(graph.nodes) > MANY:
        return f"More than {MANY:,} values are not run in a page."
    return inspect.compiled(tape_of(thing, "draw"), graph=graph)


def _graph(thing: Any, target: Any = None, sources: Any = None) -> Graph:
    """The graph that a tape, a step or data of a run is about."""
    data = thing.graph if isinstance(thing, BackwardPass) else thing
    if not isinstance(data, Graph):
        tape = tape_of(thing, "draw")
        target, sources = meant(tape, target, sources)
        site = call_site_of(thing)
        return inspect.graph(tape, names_of(thing), target, sources, site)
    if target is not None or sources is not None:
        raise type_error(
            "a graph has no tensors that could be its target or sources",
            "give it alone, draw(graph): its nodes say which are targets and sources",
        )
    return data.validate()


@dataclass(frozen=True, repr=False)
class RunStep(Showable):
    """One step of a recorded run, to look into: ``draw(run[7])``, ``play(run[7])``.

    ``tape`` is what the loop recorded in this step, ``target`` and ``sources`` what it
    was asked for, ``names`` what the learner called things then, and ``update`` the
    point, loss, gradient and move.
    """

    number: int
    tape: GradientTape
    target: Any
    sources: Any
    update: Update
    names: dict[str, Any]

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, **_: Any
    ) -> dict[str, str]:
        return draw(self)._repr_mimebundle_(include)

    def __repr__(self) -> str:
        return f"<step {self.number} of a descent: draw, play, explain or why it>"
