"""The doctor: it tries things for real, and names the one command that mends each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tapeviz import doctor
from tapeviz.cli import main


def _broken() -> str:
    raise RuntimeError("it fell apart\nwith details")


def _by_name(name: str) -> doctor.Finding:
    part = next(part for part in doctor.PARTS if part.name == name)
    (finding,) = doctor.examine([part])
    return finding


def test_a_broken_part_is_named_with_its_mend_and_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check = doctor.HealthCheck("wheel", _broken, "fetch a new wheel")
    monkeypatch.setattr(doctor, "PARTS", (check,))
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "!!  wheel  it fell apart\n" in said
    assert "with details" not in said
    assert "to mend it: fetch a new wheel" in said
    assert "Not ready: wheel." in said


def test_an_extra_that_is_not_there_stops_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    check = doctor.HealthCheck(
        "bell", _broken, "buy one", needed=False, without="no ringing"
    )
    monkeypatch.setattr(doctor, "PARTS", (check,))
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "--  bell  no ringing\n" in said
    assert "buy one" in said


def test_everything_a_lesson_needs_works_where_the_tests_run() -> None:
    findings = {finding.part: finding for finding in doctor.examine()}
    needed = [part.name for part in doctor.PARTS if part.needed]
    assert {name: findings[name].state for name in needed} == dict.fromkeys(
        needed, doctor.GOOD
    )


def test_the_layout_engine_is_found_without_a_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tapeviz.render.graph import layout

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(layout, "find_spec", lambda _name: None)
    finding = _by_name("layout engine")
    assert finding.state == doctor.GOOD
    assert Path(finding.seen).name.startswith("graphviz-pure")


def test_no_layout_engine_is_a_broken_part(monkeypatch: pytest.MonkeyPatch) -> None:
    from tapeviz.render.graph import layout

    monkeypatch.setattr(layout, "_candidates", lambda: iter(()))
    monkeypatch.setattr(layout, "find_spec", lambda _name: None)
    finding = _by_name("layout engine")
    assert finding.state == doctor.BROKEN
    assert finding.remedy.endswith("pip install --upgrade graphviz-pure")


def test_an_old_python_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    finding = _by_name("Python")
    assert finding.state == doctor.BROKEN
    assert "too old" in finding.seen


def test_the_command_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tapeviz", "doctor"]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PATH": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) < 24
    assert lines[-1].startswith("Ready")


def test_the_encoder_is_advised_as_the_save_error_advises_it() -> None:
    (encoder,) = (part for part in doctor.PARTS if part.name == "video encoder")
    assert "pip install" in encoder.remedy
    assert "imageio-ffmpeg" in encoder.remedy
