"""Our scripts and styles: as they are in a checkout, small in a distribution."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from hatch_build import KINDS, minify_assets
from tapeviz.render.html.assets import read_assets

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
