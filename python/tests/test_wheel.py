"""The wheel: built, installed into an empty environment, and imported from there."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]

needs_hatchling = pytest.mark.skipif(importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed")


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_hatchling
def test_the_wheel_holds_the_typed_package_and_needs_no_other(tmp_path: Path) -> None:
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path), cwd=PROJECT)
    [wheel] = tmp_path.glob("pipe_run-*-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    modules = {f"pipe_run/{each.name}" for each in (PROJECT / "pipe_run").glob("*.py")}
    assert {*modules, "pipe_run/py.typed"} == {name for name in names if name.startswith("pipe_run/")}
    assert any(name.endswith("licenses/LICENSE") for name in names)

    folder = tmp_path / "environment"
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    run(python, "-m", "pip", "install", "--no-index", str(wheel), cwd=tmp_path)
    script = "import pipe_run; print(pipe_run.__file__, [int(e) for e in pipe_run.epochs(default=0)])"
    assert str(folder) in run(python, "-I", "-c", script, cwd=tmp_path)
    assert "Requires: \n" in run(python, "-m", "pip", "show", "pipe-run", cwd=tmp_path) + "\n"


def test_importing_the_package_imports_no_framework() -> None:
    script = "import sys, pipe_run; print(*{'torch', 'numpy', 'sklearn', 'keras', 'transformers'} & set(sys.modules))"
    assert run(sys.executable, "-c", script, cwd=PROJECT) == "\n"
