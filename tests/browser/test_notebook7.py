"""The player in Notebook 7, where that is installed beside JupyterLab."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import (
    LISTING,
    LabPage,
    Opener,
    Player,
    server,
    write_notebook,
)


def test_a_notebook_plays_and_keeps_its_keys(open_page: Opener, tmp_path: Path) -> None:
    pytest.importorskip("notebook", minversion="7")
    root = tmp_path / "root"
    root.mkdir()
    write_notebook(root / "listing.ipynb", LISTING, "2 + 2")
    token = secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "notebook", "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", "--port=0", "--expose-app-in-browser"),
        f"--ServerApp.root_dir={root}",
    ]
    with server(command, tmp_path, JUPYTER_TOKEN=token) as url:
        address = f"{url}notebooks/listing.ipynb?token={token}"
        page = LabPage(open_page(address, strict=False))
        page.run_all()
        root_element = page.page.locator(".tapeviz-film")
        root_element.wait_for()
        player = Player(root_element)
        player.check()
        player.press(*"abxddzym", "Enter", "Escape", "b")
        assert page.count() == 2
        assert player.press("Home")[0] == 0
