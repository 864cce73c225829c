"""What every test of the package starts from: none of the runner's variables."""

import os

import pytest

import pipe_run._epochs
import pipe_run._progress


@pytest.fixture(autouse=True)
def outside_of_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        # The last two change what a Python process writes, and when.
        if name.startswith("PIPE_") or name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(pipe_run._epochs, "_committed", None)
    monkeypatch.setattr(pipe_run._epochs, "_looping", False)
    monkeypatch.setattr(pipe_run._progress, "_last", float("-inf"))
