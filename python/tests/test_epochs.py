"""epochs() and commit(): the protocol, in this process and in processes that are killed."""

from __future__ import annotations

import json
import random
import threading
import time
from pathlib import Path
from typing import Any, Callable

import pytest
from runner import Runner

from pipe_run import NotInPipe, PipeError, epochs

TRAINING = """
import json, random
from pipe_run import context, epochs

rng, seen = random.Random(3), []

def load(folder):
    global seen
    seen, (version, numbers, gauss) = json.loads((folder / "state.json").read_text())
    rng.setstate((version, tuple(numbers), gauss))

def save(folder):
    (folder / "state.json").write_text(json.dumps([seen, rng.getstate()]))

for epoch in epochs(load):
    seen.append(rng.random())
    epoch.commit(save, loss=seen[-1])
context().outs.model.write_text(json.dumps(seen))
"""

Stage = Callable[..., Path]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Makes this process an incremental stage; gives its commit folder."""

    def start(target: int, completed: int = 0) -> Path:
        for name in ("state", "commit"):
            (tmp_path / name).mkdir(exist_ok=True)
            monkeypatch.setenv(f"PIPE_{name.upper()}", str(tmp_path / name))
        monkeypatch.setenv("PIPE_EPOCHS", str(target))
        monkeypatch.setenv("PIPE_EPOCH", str(completed))
        return tmp_path / "commit"

    return start


def save(folder: Path) -> None:
    (folder / "weights").write_bytes(b"w")


def test_starts_from_the_beginning_without_a_state(stage: Stage) -> None:
    stage(3)
    loaded: list[Path] = []
    run = epochs(loaded.append)
    assert (run.completed, run.target, run.state, len(run), loaded) == (0, 3, None, 3, [])


def test_loads_the_last_state_at_once_and_continues_after_it(stage: Stage, tmp_path: Path) -> None:
    commit = stage(4, completed=3)
    loaded: list[Path] = []
    run = epochs(loaded.append)
    assert loaded == [tmp_path / "state"]
    for epoch in run:
        assert (epoch, f"{epoch}", epoch % 2) == (4, "4", 0)
        epoch.commit(save, loss=0.5)
    assert sorted(each.name for each in (commit / "4").iterdir()) == ["metrics.json", "weights"]


def test_loads_also_when_only_the_outs_are_left_to_write(stage: Stage, tmp_path: Path) -> None:
    stage(3, completed=3)
    loaded: list[Path] = []
    assert list(epochs(loaded.append)) == []
    assert loaded == [tmp_path / "state"]


def test_a_state_object_loads_and_saves_itself(stage: Stage, tmp_path: Path) -> None:
    class Counter:
        loaded: Any = None

        def load(self, folder: Path) -> None:
            self.loaded = folder

        def save(self, folder: Path) -> None:
            save(folder)

    commit, counter = stage(2, completed=1), Counter()
    for epoch in epochs(counter):
        epoch.commit()
    assert counter.loaded == tmp_path / "state"
    assert [each.name for each in (commit / "2").iterdir()] == ["weights"]


def test_a_commit_appears_whole_and_waits_for_the_one_before(stage: Stage) -> None:
    commit = stage(2)
    run = iter(epochs())
    next(run).commit(save)
    second = next(run)
    waiting = threading.Thread(target=lambda: second.commit(save))
    waiting.start()
    # It builds its draft while epoch 1 is being stored, and renames it only when that is gone.
    while not (commit / "draft-2" / "weights").exists():
        time.sleep(0.001)
    assert sorted(each.name for each in commit.iterdir()) == ["1", "draft-2"]
    (commit / "1").rename(commit.parent / "stored")
    waiting.join()
    assert [each.name for each in commit.iterdir()] == ["2"]


def test_a_draft_that_a_killed_process_left_is_replaced(stage: Stage) -> None:
    commit = stage(1)
    (commit / "draft-1").mkdir()
    (commit / "draft-1" / "half").write_bytes(b"")
    for epoch in epochs():
        epoch.commit(save)
    assert [each.name for each in (commit / "1").iterdir()] == ["weights"]


@pytest.mark.parametrize(
    ("given", "default", "says"),
    [
        (10, None, "not 10. Write the number of epochs under `epochs:` of the stage"),
        ({"w": 1}, None, "needs a function load"),
        (type("Net", (), {"load_state_dict": 1, "__call__": print})(), None, "a Net, .* from pipe_run.torch import"),
        (save, "adam", "a number of epochs, not 'adam'"),
    ],
)
def test_what_could_not_load_a_state_is_refused_before_there_is_one(
    stage: Stage, given: Any, default: Any, says: str
) -> None:
    stage(3)
    with pytest.raises(PipeError, match=says):
        epochs(given, default)


@pytest.mark.parametrize("given", [None, 0.5, {"w": 1}])
def test_what_does_not_save_is_refused(stage: Stage, given: Any) -> None:
    stage(1)
    with pytest.raises(PipeError, match=f"saves the state, not {given}: epoch.commit.save, loss=loss"):
        next(iter(epochs())).commit(given)


@pytest.mark.parametrize("written", [lambda folder: None, lambda folder: folder.rmdir()])
def test_a_state_without_files_is_refused(stage: Stage, written: Callable[[Path], object]) -> None:
    commit = stage(2)
    with pytest.raises(PipeError, match="save wrote nothing into its folder, .*draft-1, so epoch 1"):
        next(iter(epochs())).commit(written, loss=1)
    assert not (commit / "1").exists()


def test_a_second_loop_in_a_process_is_refused(stage: Stage) -> None:
    stage(2)
    first, unused = epochs(), epochs()
    assert len(unused) == 2
    next(iter(first)).commit(save)
    with pytest.raises(PipeError, match="called again after epoch 1 was committed: a stage has one loop"):
        epochs()


def test_a_loop_within_the_loop_is_refused(stage: Stage) -> None:
    stage(2)
    with pytest.raises(PipeError, match="called again within its loop: a stage has one loop"):
        for _ in epochs():
            for _ in epochs():
                pass
    for epoch in epochs():
        epoch.commit(save)
        break
    assert epoch == 1


FORKED = """
import os
from pipe_run import epochs
for epoch in epochs():
    if os.fork() == 0:
        epoch.commit(lambda folder: (folder / "w").write_text("w"))
        os._exit(0)
    print("child ended with", os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""

SPAWNED = """
import multiprocessing
from pathlib import Path
from pipe_run import epochs
def work():
    pass
if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=work)
    child.start()
    child.join()
    print("child ended with", child.exitcode, flush=True)
for epoch in epochs():
    epoch.commit(lambda folder: (folder / "w").write_text("w"))
Path("../out").write_text("")
"""

TRAINED_IN_SPAWNED = """
import multiprocessing
from pathlib import Path
from pipe_run import epochs
def work():
    for epoch in epochs():
        epoch.commit(lambda folder: (folder / "w").write_text("w"))
if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=work)
    child.start()
    child.join()
    print("child ended with", child.exitcode, flush=True)
"""


@pytest.mark.parametrize(
    ("script", "completed", "child", "says"),
    [
        (FORKED, 0, 1, "epoch 1 was committed by a process other than the one that called epochs"),
        (SPAWNED, 2, 1, "put the training under `if __name__ == '__main__':`"),
        (TRAINED_IN_SPAWNED, 2, 0, ""),
    ],
)
def test_one_process_trains_and_commits(tmp_path: Path, script: str, completed: int, child: int, says: str) -> None:
    runner = Runner(tmp_path / "stage", script)
    ended = runner.run(2)
    assert runner.completed == completed, ended.stderr
    assert f"child ended with {child}" in ended.stdout
    assert says in ended.stderr
    assert (ended.returncode == 0) == (completed == 2)


def test_of_several_processes_only_the_first_commits(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = stage(2)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    first = next(iter(epochs()))
    with pytest.raises(PipeError, match="process 1 of 2 committed epoch 1, and only process 0 may"):
        first.commit(save)
    assert list(commit.iterdir()) == []
    monkeypatch.setenv("RANK", "0")
    first.commit(save)
    assert [each.name for each in commit.iterdir()] == ["1"]


class Scalar:
    """As NumPy and PyTorch have them."""

    def item(self) -> float:
        return 0.25


def test_metrics_are_numbers_or_maps_of_them(stage: Stage) -> None:
    commit = stage(1)
    for epoch in epochs():
        epoch.commit(save, loss=Scalar(), val={"ssim": 0.5}, none=None, right=True, **{"val/loss": float("nan")})
    text = (commit / "1" / "metrics.json").read_text()
    assert text == '{"loss": 0.25, "val": {"ssim": 0.5}, "none": null, "right": 1, "val/loss": NaN}\n'


def test_a_metric_that_is_no_number_is_named(stage: Stage) -> None:
    stage(1)

    class Vector:
        def item(self) -> float:
            raise ValueError("can only convert an array of size 1")

    for value, says in (
        ("low", "\"val.loss\" is 'low': metrics are numbers"),
        (Vector(), '"val.loss" is not one number: can only convert .* Give its mean'),
    ):
        with pytest.raises(PipeError, match=f"^metric {says}"):
            next(iter(epochs())).commit(save, val={"loss": value})


def test_a_save_that_fails_commits_nothing(stage: Stage) -> None:
    commit = stage(1)

    def fail(folder: Path) -> None:
        save(folder)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        next(iter(epochs())).commit(fail)
    assert [each.name for each in commit.iterdir()] == ["draft-1"]


def test_mistakes_say_what_to_do(stage: Stage) -> None:
    stage(3)
    run = iter(epochs())
    first = next(run)
    first.commit(save)
    with pytest.raises(PipeError, match="epoch 1 was committed, but epoch 2 is next: commit each epoch once"):
        first.commit(save)
    next(run)
    with pytest.raises(PipeError, match="epoch 2 ended without a commit: call epoch.commit\\(save\\)"):
        next(run)


def test_without_pipe_it_says_where_the_number_of_epochs_comes_from() -> None:
    with pytest.raises(NotInPipe, match="PIPE_EPOCHS is not set.*`epochs: 10`.*epochs\\(load, default=10\\)"):
        epochs()


def test_without_pipe_the_default_counts_and_nothing_is_saved() -> None:
    seen = []
    for epoch in epochs(lambda folder: None, default=3):
        epoch.commit(lambda folder: pytest.fail("saved"), loss=1.0)
        seen.append(int(epoch))
    assert seen == [1, 2, 3]


def test_under_pipe_the_default_counts_for_nothing(stage: Stage) -> None:
    stage(2)
    assert epochs(default=7).target == 2


def test_half_an_environment_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPE_EPOCHS", "3")
    with pytest.raises(PipeError, match="PIPE_EPOCHS is set, so PIPE_EPOCH must be too"):
        epochs()


def test_killed_at_random_moments_it_loses_no_byte(tmp_path: Path) -> None:
    whole = Runner(tmp_path / "whole", TRAINING)
    assert whole.run(60).returncode == 0
    killed, rng, kills = Runner(tmp_path / "killed", TRAINING), random.Random(5), 0
    while kills < 10 and killed.completed < 60:
        kills += killed.run(60, kill_after=rng.uniform(0.02, 0.4)).returncode != 0
    assert kills > 0
    assert killed.run(60).returncode == 0
    assert killed.out.read_bytes() == whole.out.read_bytes()
    assert json.loads((whole.states / "60" / "metrics.json").read_text())["loss"] > 0
