"""A small runner that speaks the epoch protocol: it stores what a stage commits, and can kill the stage."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Mapping, Optional

PACKAGE = Path(__file__).resolve().parents[1]


class Runner:
    """Runs one script as an incremental stage, below a folder of its own."""

    def __init__(self, folder: Path, script: str, context: Optional[Mapping[str, Any]] = None) -> None:
        self.folder = folder
        self.states = folder / "states"
        self.commits = folder / "commits"
        self.out = folder / "out"
        for each in (self.states, self.commits, folder / "empty"):
            each.mkdir(parents=True)
        (folder / "stage.py").write_text(script, encoding="utf-8")
        given = {"item": "train", "stage": "train", "outs": {"model": str(self.out)}, **(context or {})}
        (folder / "context.json").write_text(json.dumps(given), encoding="utf-8")

    @property
    def completed(self) -> int:
        return max((int(each.name) for each in self.states.iterdir() if each.name.isdigit()), default=0)

    def run(self, target: int, kill_after: Optional[float] = None) -> subprocess.CompletedProcess[str]:
        """Up to `target` epochs. `kill_after` seconds the stage gets SIGKILL, wherever it is."""
        # What a killed stage left: no draft counts, every renamed folder does.
        for each in self.commits.iterdir():
            shutil.rmtree(each)
        completed = self.completed
        environment = {
            **os.environ,
            "PYTHONPATH": str(PACKAGE),
            "PIPE_CONTEXT": str(self.folder / "context.json"),
            "PIPE_PROGRESS": str(self.folder / "progress"),
            "PIPE_EPOCHS": str(target),
            "PIPE_EPOCH": str(completed),
            "PIPE_STATE": str(self.states / str(completed) if completed else self.folder / "empty"),
            "PIPE_COMMIT": str(self.commits),
        }
        command = [sys.executable, "stage.py"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=self.folder, env=environment, stdout=pipe, stderr=pipe, text=True) as child:
            end = float("inf") if kill_after is None else time.monotonic() + kill_after
            while child.poll() is None:
                self._store()
                if time.monotonic() > end:
                    child.kill()
                time.sleep(0.002)
            self._store()
            out, err = child.communicate()
        return subprocess.CompletedProcess(command, child.returncode, out, err)

    def _store(self) -> None:
        for name in sorted(int(each.name) for each in self.commits.iterdir() if each.name.isdigit()):
            assert name == self.completed + 1, f"epoch {name} was committed after {self.completed}"
            shutil.copytree(self.commits / str(name), self.states / f"{name}.part")
            (self.states / f"{name}.part").rename(self.states / str(name))
            shutil.rmtree(self.commits / str(name))
