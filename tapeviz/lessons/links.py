"""Badges that open the lessons elsewhere: Binder, Colab, nbviewer.

The addresses come from the repository's own, which the installed package knows, or from
an ``OWNER/NAME`` given for a fork.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from tapeviz.errors import TapevizError

_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_GITHUB = re.compile(r"https://github\.com/(?P<repo>[^/]+/[^/#?]+?)(?:\.git)?/?$")


class LinksError(TapevizError, ValueError):
    """A repository that cannot be linked to."""


@dataclass(frozen=True)
class Service:
    """A place that opens notebooks: its name, its badge, and its address.

    ``address`` has ``{repo}``, ``{branch}`` and ``{path}``; ``path`` is what is put for
    one lesson, ``front`` for the folder.
    """

    name: str
    badge: str
    address: str
    front: str
    path: str = "chapters/{lesson}"


SERVICES = (
    Service(
        "Binder",
        "https://mybinder.org/badge_logo.svg",
        "https://mybinder.org/v2/gh/{repo}/{branch}?urlpath={path}",
        "lab/tree/chapters",
        "lab/tree/chapters/{lesson}",
    ),
    Service(
        "Colab",
        "https://colab.research.google.com/assets/colab-badge.svg",
        "https://colab.research.google.com/github/{repo}/blob/{branch}/{path}",
        "",
    ),
    Service(
        "nbviewer",
        "https://raw.githubusercontent.com/jupyter/design/main/logos/Badges/nbviewer_badge.svg",
        "https://nbviewer.org/github/{repo}/blob/{branch}/{path}",
        "",
    ),
)
"""The services, in the order of the badges; a new one is one more entry."""


def repository() -> str:
    """``OWNER/NAME`` as in the package's own address; LinksError if it has none."""
    try:
        addresses = importlib.metadata.metadata("tapeviz").get_all("Project-URL") or []
    except importlib.metadata.PackageNotFoundError:
        addresses = []
    for line in addresses:
        if found := _GITHUB.match(line.partition(", ")[2]):
            return found["repo"]
    raise LinksError(
        "this installation does not know its repository.\n"
        "What to do: say which one is meant, with --repo OWNER/NAME"
    )


def checked(repo: str) -> str:
    """The ``OWNER/NAME`` itself, or of a GitHub address; LinksError for anything else.

    >>> checked("https://github.com/ada/notes.git")
    'ada/notes'
    """
    found = _GITHUB.match(repo)
    name = found["repo"] if found else repo
    if not _REPO.fullmatch(name):
        raise LinksError(
            f"{repo!r} is not a repository.\n"
            "What to do: write it as OWNER/NAME, for example ada/notes"
        )
    return name


def badge(service: Service, repo: str, branch: str, lesson: str = "") -> str:
    """One badge in Markdown, for a lesson's file name or for all of them.

    >>> badge(SERVICES[0], "ada/notes", "main", "10_1.ipynb").split("](")[-1]
    'https://mybinder.org/v2/gh/ada/notes/main?urlpath=lab/tree/chapters/10_1.ipynb)'
    """
    path = service.path.format(lesson=lesson) if lesson else service.front
    address = service.address.format(
        repo=repo, branch=quote(branch, safe=""), path=quote(path)
    )
    what = lesson.removesuffix(".ipynb") or "the lessons"
    return f"[![Open {what} in {service.name}]({service.badge})]({address})"


def install_cell(repo: str, branch: str = "main") -> str:
    """The cell that comes first where tapeviz is not installed, as in Colab.

    >>> install_cell("ada/notes", "spring")
    '%pip install -q git+https://github.com/ada/notes@spring'
    """
    return f"%pip install -q git+https://github.com/{checked(repo)}@{branch}"


def badges(lessons: Iterable[str], repo: str, branch: str = "main") -> str:
    """All badges as Markdown: a general one, then a table with a row for each lesson.

    Between them stands the cell that comes first in Colab.

    >>> print(badges(["10_1.ipynb"], "ada/notes").splitlines()[4])
    | Lesson | Binder | Colab | nbviewer |
    """
    name = checked(repo)
    heads = ["Lesson", *(service.name for service in SERVICES)]
    rows = [
        [
            lesson.removesuffix(".ipynb"),
            *(badge(service, name, branch, lesson) for service in SERVICES),
        ]
        for lesson in lessons
    ]
    table = [heads, [":--"] * len(heads), *rows]
    lines = [f"| {' | '.join(cells)} |" for cells in table]
    first = f"The first cell in Colab: `{install_cell(name, branch)}`"
    return "\n".join([badge(SERVICES[0], name, branch), "", first, "", *lines])
