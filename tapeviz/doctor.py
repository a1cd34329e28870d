"""What works on this machine, and the one command that mends each thing that doesn't.

``examine()`` tries every part for real: it lays a small picture out, makes a widget,
looks for JupyterLab. ``tapeviz doctor`` prints what it found.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

GOOD, LACKING, BROKEN = "works", "not there", "broken"
"""The states of a part; only BROKEN stops a lesson."""

_MARKS = {GOOD: "ok", LACKING: "--", BROKEN: "!!"}
_OLDEST = (3, 11)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")


@dataclass(frozen=True)
class Finding:
    """The result of a check: the part's state, what was seen, how to repair it."""

    part: str
    state: str
    seen: str
    remedy: str = ""


@dataclass(frozen=True)
class HealthCheck:
    """A check of one part: ``look`` says what it saw, or raises.

    ``needed`` parts are broken when they fail; the others are merely not there, and
    ``without`` says what is missed.
    """

    name: str
    look: Callable[[], str]
    remedy: str
    needed: bool = True
    without: str = ""


def examine(checks: Sequence[HealthCheck] | None = None) -> tuple[Finding, ...]:
    """Run every check, by default all there are.

    >>> {finding.part for finding in examine()} >= {"Python", "layout engine"}
    True
    """
    return tuple(map(_try, PARTS if checks is None else checks))


def _try(check: HealthCheck) -> Finding:
    try:
        return Finding(check.name, GOOD, check.look())
    except Exception as error:  # noqa: BLE001 - whatever is wrong is the finding
        seen = str(error).splitlines()[0] if str(error) else type(error).__name__
    if check.needed:
        return Finding(check.name, BROKEN, seen, check.remedy)
    return Finding(check.name, LACKING, check.without, check.remedy)


def report(findings: Sequence[Finding]) -> str:
    """The findings as one screen of text, what to do beneath each that needs it."""
    width = max(len(finding.part) for finding in findings)
    lines = []
    for finding in findings:
        mark = _MARKS[finding.state]
        lines.append(f"{mark}  {finding.part:{width}}  {finding.seen}")
        if finding.remedy:
            lines.append(f"    {'':{width}}  to mend it: {finding.remedy}")
    return "\n".join([*lines, "", _verdict(findings)])


def _verdict(findings: Sequence[Finding]) -> str:
    broken = [finding.part for finding in findings if finding.state == BROKEN]
    if broken:
        return f"Not ready: {', '.join(broken)}. Run the lines after 'to mend it'."
    if any(finding.state == LACKING for finding in findings):
        return "Ready. The parts marked -- are extras that the lessons do not need."
    return "Ready, with everything."


def healthy(findings: Sequence[Finding]) -> bool:
    """Whether nothing that a lesson needs is broken."""
    return all(finding.state != BROKEN for finding in findings)


def pip(*names: str) -> str:
    """The command that installs packages into the Python that runs now."""
    return f'"{sys.executable}" -m pip install --upgrade {" ".join(names)}'


def _python() -> str:
    if sys.version_info[:2] < _OLDEST:
        raise RuntimeError(f"{platform.python_version()}, too old")
    return f"{platform.python_version()} on {platform.system()}, {sys.executable}"


def _version(package: str, minimum: tuple[int, ...] = ()) -> str:
    found = importlib.metadata.version(package)
    numbers = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
    if numbers < minimum:
        raise RuntimeError(f"{found}, too old")
    return found


def _tape() -> str:
    from tapeviz.engine.tape import GradientTape
    from tapeviz.engine.tensor import Variable

    x = Variable(3.0)
    with GradientTape() as tape:
        y = x**2
    gradient = float(tape.gradient(y, x))
    if gradient != 6:
        raise RuntimeError(f"the derivative of x**2 at 3 came out as {gradient}")
    return f"a gradient, with NumPy {_version('numpy', (2, 0))}"


def _layout() -> str:
    from tapeviz.render.graph import layout
    from tapeviz.trace.geometry import Box, Link

    boxes = [Box("a", 40, 20), Box("b", 40, 20)]
    layout.lay_out(boxes, [Link("a-b", "a", "b")])
    return layout.engine()


def _plots() -> str:
    from matplotlib.figure import Figure

    Figure().add_subplot()
    return f"matplotlib {_version('matplotlib', (3, 9))}"


def _widgets() -> str:
    import anywidget  # noqa: F401 - it is enough that it loads

    _version("jupyterlab_widgets")
    return f"anywidget {_version('anywidget')}, ipywidgets {_version('ipywidgets')}"


def _jupyterlab() -> str:
    _version("ipykernel")
    return f"JupyterLab {_version('jupyterlab', (4, 0))}"


def _lessons() -> str:
    from tapeviz.lessons import copies

    found = copies.lessons(copies.shipped())
    return f"{len(found)} of them, to copy with: tapeviz lab"


def _browser() -> str:
    for name in _BROWSERS:
        if path := shutil.which(name):
            return path
    raise RuntimeError("none on PATH")


def _encoder() -> str:
    if path := shutil.which("ffmpeg"):
        return path
    return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())


def _by_system(linux: str, mac: str, windows: str) -> str:
    """The command of the package manager that comes with the system."""
    if os.name == "nt":
        return windows
    return mac if sys.platform == "darwin" else linux


PARTS = (
    HealthCheck("Python", _python, "install Python 3.11 or newer from python.org"),
    HealthCheck("tape", _tape, pip("numpy", "tapeviz")),
    HealthCheck("layout engine", _layout, pip("graphviz-pure")),
    HealthCheck("plots", _plots, pip("matplotlib")),
    HealthCheck("widgets", _widgets, pip("anywidget", "ipywidgets")),
    HealthCheck("lessons", _lessons, pip("tapeviz")),
    HealthCheck(
        "JupyterLab",
        _jupyterlab,
        pip("jupyterlab", "ipykernel"),
        needed=False,
        without="not installed: needed by tapeviz lab, not by other notebooks",
    ),
    HealthCheck(
        "browser",
        _browser,
        _by_system(
            "sudo apt install chromium",
            "brew install --cask chromium",
            "winget install Google.Chrome",
        ),
        needed=False,
        without="no Chromium or Chrome found: only our own tests need one by name",
    ),
    HealthCheck(
        "video encoder",
        _encoder,
        pip("imageio-ffmpeg"),
        needed=False,
        without="no ffmpeg: films save as .gif, .html and .svg, not as .mp4",
    ),
)
"""The checks, in the order of the report; a new one is one more entry."""
