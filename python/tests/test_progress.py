"""progress(): lines that the runner reads."""

from pathlib import Path

import pytest

from pipe_run import progress


def test_writes_a_line_with_the_unit_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPE_PROGRESS", str(tmp_path / "progress"))
    progress(3, 20, "images\n of faces")
    progress(20, 20)
    assert (tmp_path / "progress").read_text() == "3 20 images of faces\n20 20\n"


def test_writes_seldom_but_always_the_last_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPE_PROGRESS", str(tmp_path / "progress"))
    monkeypatch.setattr("time.monotonic", lambda: 7.0)
    for step in range(1, 10_001):
        progress(step, 10_000, "steps")
    assert (tmp_path / "progress").read_text() == "1 10000 steps\n10000 10000 steps\n"


def test_without_pipe_it_does_nothing() -> None:
    progress(1, 2, "images")
