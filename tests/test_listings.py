"""The chapter's listings, as they stand there, print what TensorFlow prints.

``data/chapter10.txt`` holds them by section; where the chapter itself lies beside the
repository, the two are compared.
"""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHAPTER = HERE.parents[1] / "shared" / "seed" / "chapter10.txt"

THEIRS, OURS = "import tensorflow as tf", "import tapeviz as tf"

PRINTED = {
    "10.2": b"dy/dx: 8.0\n",
    "10.3": b"dy/dx: 6.0\n",
    "10.4": b"df/dx: 2.0\ndf/dy: 12.0\n",
    "10.5": b"2.0 3.0\n",
    "10.6": (
        b"Step 0, x: 2.6000, loss: 9.0000\n"
        b"Step 1, x: 3.0800, loss: 5.7600\n"
        b"Step 2, x: 3.4640, loss: 3.6864\n"
        b"Step 3, x: 3.7712, loss: 2.3593\n"
        b"Step 4, x: 4.0170, loss: 1.5099\n"
        b"Step 5, x: 4.2136, loss: 0.9664\n"
        b"Step 6, x: 4.3709, loss: 0.6185\n"
        b"Step 7, x: 4.4967, loss: 0.3958\n"
        b"Step 8, x: 4.5973, loss: 0.2533\n"
        b"Step 9, x: 4.6779, loss: 0.1621\n"
    ),
}
"""What each listing prints under TensorFlow 2.21."""


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


def _code(lines: list[str]) -> str:
    """The code in a section: from its first statement as far as it is Python."""
    starts = [i for i, line in enumerate(lines) if re.match(r"import |\w+ = ", line)]
    if not starts:
        return ""
    for end in range(len(lines), starts[0], -1):
        code = "\n".join(lines[starts[0] : end]).strip() + "\n"
        if _parses(code):
            return code
    return ""


def listings(text: str) -> dict[str, str]:
    """The listings of a chapter, by the number of their section."""
    parts = re.split(r"^(\d+\.\d+) .*$", text, flags=re.MULTILINE)
    found = {
        n: _code(body.splitlines())
        for n, body in zip(parts[1::2], parts[2::2], strict=True)
    }
    return {n: code for n, code in found.items() if code}


def ours(code: str) -> str:
    """The listing with our import in place of TensorFlow's, else unchanged."""
    return code.replace(THEIRS, OURS) if THEIRS in code else f"{OURS}\n{code}"


LISTINGS = listings((HERE / "data" / "chapter10.txt").read_text("utf-8"))


def test_all_sections_with_code_are_here() -> None:
    assert list(LISTINGS) == list(PRINTED)
    assert LISTINGS["10.2"].startswith(THEIRS)


@pytest.mark.skipif(
    not CHAPTER.exists(), reason="the chapter is not beside this checkout"
)
def test_the_listings_are_the_chapters() -> None:
    assert listings(CHAPTER.read_text("utf-8")) == LISTINGS


def run(code: str, space: dict[str, object]) -> bytes:
    """What a listing prints, as bytes."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n", write_through=True)
    with redirect_stdout(out):
        exec(compile(code, "listing.py", "exec"), space)  # noqa: S102 - the listing
    out.seek(0)
    return out.buffer.read()


@pytest.mark.parametrize("section", LISTINGS)
def test_a_listing_by_itself(section: str) -> None:
    assert run(ours(LISTINGS[section]), {"__name__": "__main__"}) == PRINTED[section]


def test_all_listings_one_after_the_other() -> None:
    space: dict[str, object] = {"__name__": "__main__"}
    first, *rest = LISTINGS
    assert run(ours(LISTINGS[first]), space) == PRINTED[first]
    for section in rest:
        assert run(LISTINGS[section], space) == PRINTED[section]


def test_all_listings_in_one_fresh_interpreter(tmp_path: Path) -> None:
    script = tmp_path / "chapter.py"
    script.write_text("\n\n".join(LISTINGS.values()).replace(THEIRS, OURS), "utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
    )  # fmt: skip
    assert done.stderr.decode() == ""
    assert done.stdout.replace(os.linesep.encode(), b"\n") == b"".join(PRINTED.values())
