"""The layout of boxes and arrows, by Graphviz, which draws nothing here.

An engine is a function from DOT text to Graphviz' JSON. It is the Python package
pygraphviz, if somebody has installed it; else the program ``graphviz-pure``, which its
package puts beside the interpreter, or a ``dot`` on PATH; in a web page's Python it is
what ``load_graphviz`` loads. All are Graphviz, and give the same picture.
"""

from __future__ import annotations

import json
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

from tapeviz.errors import LayoutError
from tapeviz.render.svg.options import one_of
from tapeviz.trace.geometry import (
    Box,
    Group,
    Link,
    Placement,
    Point,
    effort,
    middle,
)

DIRECTIONS = ("LR", "TB")
"""Left to right, or top to bottom."""

_IN_A_PAGE = sys.platform == "emscripten"

REMEDY = (
    "Load the layout engine with `await tapeviz.load_graphviz()`, once, in a cell of "
    "its own"
    if _IN_A_PAGE
    else "Install the layout engine with `pip install graphviz-pure`, or put "
    "Graphviz's `dot` on PATH"
) + (
    ". Everything but laid-out pictures works without it: the plain text, DOT text "
    "and JSON forms."
)
"""What to do when there is no layout engine."""

WEB_ASSEMBLY = (
    "https://cdn.jsdelivr.net/npm/@hpcc-js/wasm-graphviz@1.29.2/dist/index.js"
)
"""Graphviz for a web page: one JavaScript module, in which version 16.1 is compiled."""

_EASY = 800
_MOST = 40_000


SMALLER = (
    "Let it fold, or draw a smaller graph; the plain text, DOT text and JSON forms "
    "have no limit."
)
"""What to do when a graph is too large."""

PATIENCE = 60
"""Seconds after which a layout is given up."""


IN_PROCESS = "pygraphviz"
"""The package that needs no program: quick, but nothing can stop it."""


def engine() -> str:
    """The layout engine: a package, or a program's path; LayoutError without any."""
    return _engines()[0]


def _engines() -> tuple[str, ...]:
    found = tuple(dict.fromkeys(_candidates()))
    if not found:
        raise LayoutError(f"no layout engine was found. {REMEDY}")
    return found


def _candidates() -> Iterator[str]:
    yield from _loaded
    if find_spec(IN_PROCESS):
        yield IN_PROCESS
    yield from programs()


_loaded: dict[str, Callable[[str], str]] = {}


async def load_graphviz(address: str = WEB_ASSEMBLY) -> None:
    """Load Graphviz in a web page's Python, such as JupyterLite's, for all pictures.

    No program can be started there, so this is Graphviz compiled to WebAssembly, as the
    npm package ``@hpcc-js/wasm-graphviz`` has it: ``await tapeviz.load_graphviz()``,
    once, before the first picture. ``address`` is where the module is, if not on the
    package's usual host. In other Pythons Graphviz is there, and nothing is loaded.
    LayoutError when it cannot be loaded.
    """
    if not _IN_A_PAGE:
        return
    from pyodide.code import run_js

    try:
        module = await run_js(f"import({json.dumps(address)})")
        graphviz = await module.Graphviz.load()
    except Exception as error:
        raise LayoutError(
            f"Graphviz could not be loaded from {address}: {error}. Look whether the "
            "page may read that address, or give load_graphviz() another one."
        ) from error
    _loaded["graphviz-wasm"] = lambda source: str(
        graphviz.layout(source, "json0", "dot")
    )


def programs() -> Iterator[str]:
    """The paths of the programs that lay out here, the best one first."""
    folders = (sysconfig.get_path("scripts"), str(Path(sys.executable).parent))
    for folder in dict.fromkeys(folders):
        if found := shutil.which("graphviz-pure", path=folder):
            yield found
    for name in ("graphviz-pure", "dot"):
        if found := shutil.which(name):
            yield found


def check(direction: str) -> str:
    """The direction itself; ValueError naming the two when it is neither."""
    return one_of("direction", direction, DIRECTIONS)


def lay_out(
    boxes: Iterable[Box],
    links: Iterable[Link],
    *,
    direction: str = "LR",
    groups: Iterable[Group] = (),
) -> Placement:
    """Positions for the boxes, and a path for each arrow between them.

    Parallel arrows get paths of their own. The same input gives the same output.
    Two groups have no box in common, or the second one lies within the first.
    ValueError for an unknown direction; LayoutError when there is no layout engine
    or when it fails.
    """
    check(direction)
    boxes = tuple(boxes)
    if not boxes:
        return Placement(0, 0, {}, {}, {}, {})
    return cached_layout(boxes, tuple(links), direction, _engines(), tuple(groups))


@lru_cache(maxsize=64)
def cached_layout(
    boxes: tuple[Box, ...],
    links: tuple[Link, ...],
    direction: str,
    engines: tuple[str, ...],
    groups: tuple[Group, ...],
) -> Placement:
    """The layout by Graphviz, remembered for the last graphs."""
    source = _source(boxes, links, direction, groups)
    if effort(boxes, links) > _EASY:  # a program first: it is stopped in time
        engines = tuple(sorted(engines, key=IN_PROCESS.__eq__))
    return _read(boxes, links, groups, _run(engines, source))


def _haste(cost: int) -> str:
    """Graphviz settings that trade a little beauty for time, where it is needed."""
    if cost > _MOST:
        raise LayoutError(
            f"this graph is too large to be drawn: its arrows pass {cost} ranks, "
            f"and at most {_MOST} can be laid out in reasonable time. {SMALLER}"
        )
    return ";nslimit=0.5;nslimit1=0.5;mclimit=0.3" if cost > _EASY else ""


def _source(
    boxes: tuple[Box, ...],
    links: tuple[Link, ...],
    direction: str,
    groups: tuple[Group, ...] = (),
) -> str:
    number = {box.id: i for i, box in enumerate(boxes)}
    haste = _haste(effort(boxes, links))
    gap = "ranksep=0.35;nodesep=0.3" if direction == "LR" else "ranksep=0.5;nodesep=0.4"
    return "\n".join(
        (
            f"digraph{{rankdir={direction};{gap}{haste}",
            'node[shape=box;fixedsize=true;label=""]',
            "edge[arrowsize=0.7]",
            *(_box(i, box) for i, box in enumerate(boxes)),
            *_clusters(groups, number),
            *(_link(i, link, number) for i, link in enumerate(links)),
            "}",
        )
    )


def _clusters(groups: tuple[Group, ...], number: Mapping[str, int]) -> Iterator[str]:
    """The groups as clusters, each within the smallest that holds it."""
    for k, opens in nested([group.boxes for group in groups]):
        if opens:
            group, label = groups[k], _space(groups[k].width, groups[k].height)
            yield f"subgraph cluster_{k}{{margin=12;labeljust=l;label={label}"
            yield ";".join(str(number[id]) for id in group.boxes)
        else:
            yield "}"


def nested(groups: Sequence[Sequence[str]]) -> Iterator[tuple[int, bool]]:
    """The order in which groups open (True) and close, the outer ones coming first.

    >>> list(nested(["abc", "b"]))
    [(0, True), (1, True), (1, False), (0, False)]
    """
    inside: dict[int, list[int]] = {}
    for k, group in enumerate(groups):
        around = [i for i in range(k) if set(groups[i]) >= set(group)]
        inside.setdefault(around[-1] if around else -1, []).append(k)
    todo = [(k, True) for k in reversed(inside.get(-1, []))]
    while todo:
        k, opens = todo.pop()
        yield k, opens
        if opens:
            more = [(i, True) for i in reversed(inside.get(k, []))]
            todo += [(k, False), *more]


def _space(width: float, height: float) -> str:
    """An empty label of this size."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height:.0f}"'
    plain = 'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'
    return f"<<TABLE {plain} {size}><TR><TD></TD></TR></TABLE>>"


def _box(i: int, box: Box) -> str:
    return f"{i}[width={box.width / 72:.5f};height={box.height / 72:.5f}]"


def _link(i: int, link: Link, number: Mapping[str, int]) -> str:
    ends = f"{number[link.tail]}->{number[link.head]}"
    if not link.width:
        return f'{ends}[id="{i}";weight={link.weight}]'
    label = _space(link.width, link.height)
    return f'{ends}[id="{i}";weight={link.weight};label={label}]'


def _run(engines: tuple[str, ...], source: str) -> dict[str, Any]:
    """The layout as Graphviz' JSON, by the first engine that manages it."""
    failures: list[str] = []
    for name in engines:
        try:
            result: dict[str, Any] = json.loads(_lay_out(name)(source))
        except TimeoutExpired as error:
            took = f"the layout was not done after {PATIENCE} seconds"
            raise LayoutError(f"{took}. {SMALLER}") from error
        except Exception as error:  # noqa: BLE001 - whatever it was, the next one is tried
            failures.append(_failure(name, error))
        else:
            return result
    raise LayoutError(f"the layout failed: {'; '.join(failures)}. {REMEDY}")


def _lay_out(name: str) -> Callable[[str], str]:
    """The engine of that name: from DOT text to JSON."""
    packages = {**_loaded, IN_PROCESS: _in_process}
    return packages.get(name) or partial(_aside, name)


def _in_process(source: str) -> str:
    from pygraphviz import AGraph

    graph = AGraph(string=source)
    try:
        return bytes(graph.draw(format="json0", prog="dot")).decode()
    finally:
        graph.close()


def _aside(program: str, source: str) -> str:
    from graphviz.backend.execute import run_check

    options = {"encoding": "utf-8", "capture_output": True, "timeout": PATIENCE}
    command = [program, "-Kdot", "-Tjson0"]
    return str(run_check(command, input=source, quiet=True, **options).stdout)


def _failure(program: str, error: Exception) -> str:
    name = Path(program).name
    said = str(getattr(error, "stderr", "") or error).strip()
    return f"{name} said {said.splitlines()[0] if said else 'nothing'!r}"


def _read(
    boxes: tuple[Box, ...],
    links: tuple[Link, ...],
    groups: tuple[Group, ...],
    data: dict[str, Any],
) -> Placement:
    left, low, right, top = _numbers(data["bb"])

    def point(x: float, y: float) -> Point:
        return round(x - left, 1), round(top - y, 1)

    centres = {
        boxes[int(item["name"])].id: point(*_numbers(item["pos"]))
        for item in data["objects"]
        if item["name"].isdigit()  # no group: one without boxes has no "bb" either
    }
    frames = {}
    for item in data["objects"]:
        if "bb" in item:
            west, south, east, north = _numbers(item["bb"])
            group = groups[int(item["name"].rpartition("_")[2])]
            size = east - west, north - south
            frames[group.id] = ((*point(west, north), *size),)
    paths, tips, labels = {}, {}, {}
    for item in sorted(data.get("edges", ()), key=lambda item: int(item["id"])):
        id = links[int(item["id"])].id
        tip, path = _spline(item["pos"])
        paths[id] = tuple(point(*p) for p in path)
        tips[id] = point(*tip)
        at = _numbers(item["lp"]) if "lp" in item else middle(path)
        labels[id] = point(*at)
    return Placement(right - left, top - low, centres, paths, tips, labels, frames)


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _spline(text: str) -> tuple[Point, list[Point]]:
    """The tip and the points in Graphviz's ``e,x,y x,y x,y ...``."""
    head, *rest = text.split()
    if not head.startswith("e,"):
        points = [_pair(part) for part in (head, *rest)]
        return points[-1], points
    return _pair(head[2:]), [_pair(part) for part in rest]


def _pair(text: str) -> Point:
    x, y = _numbers(text)
    return x, y
