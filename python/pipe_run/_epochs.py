"""The stage's side of the epoch protocol: resume from a state, commit one state for each epoch."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Optional, Protocol, Union

from ._errors import NotInPipe, PipeError

_POLL = 0.01
"""In seconds. How often to look whether the runner has stored the epoch before."""

Write = Callable[[Path], object]


class State(Protocol):
    """What can write itself into a folder and read itself from one."""

    def load(self, folder: Path) -> object: ...

    def save(self, folder: Path) -> object: ...


class Epoch(int):
    """The number of an epoch, the first is 1. `commit` ends it."""

    _run: Epochs

    def commit(self, save: Optional[Write] = None, /, **metrics: Any) -> None:
        """Hands the complete state after this epoch to `pipe`, which never asks for the epoch again.

        `save(folder)` writes it into an empty folder and closes every file: weights, the optimizer's
        moments, the state of the random numbers, the position in the data. It may be left out where
        `epochs` was given a state that saves itself. `metrics` are numbers by name, or maps of them.
        Names that are not identifiers go as `**{"val/loss": 0.1}`.

        Waits until the epoch before is stored, so that one state at a time takes room. Without
        `pipe` it saves nothing.
        """
        self._run._commit(self, save, metrics)


class Epochs:
    """The epochs that are left to compute. `epochs()` makes it."""

    def __init__(self, completed: int, target: int, state: Optional[Path], commit: Optional[Path]) -> None:
        self.completed = completed
        """Epochs that were completed before this process started."""
        self.target = target
        """The last epoch. No epoch may depend on it: epoch 20 of 50 is epoch 20 of 350."""
        self.state = state
        """The folder with the state after epoch `completed`, read-only. None at 0, and without `pipe`."""
        self._folder = commit
        self._last = completed
        self._save: Optional[Write] = None
        self._process = os.getpid()
        _refuse_another_loop()

    def __iter__(self) -> Iterator[Epoch]:
        global _looping
        if _looping:
            raise PipeError(f"epochs was called again within its loop: {_ONE_LOOP}")
        _looping = True
        try:
            for number in range(self._last + 1, self.target + 1):
                epoch = Epoch(number)
                epoch._run = self
                yield epoch
                if self._last != number:
                    raise PipeError(
                        f"epoch {number} ended without a commit: call epoch.commit(save) at the end of the loop's body"
                    )
        finally:
            _looping = False

    @property
    def commits(self) -> bool:
        """Whether there is a `pipe` that takes commits."""
        return self._folder is not None

    def __len__(self) -> int:
        return self.target - self._last

    def _commit(self, epoch: int, save: Optional[Write], metrics: Mapping[str, Any]) -> None:
        if epoch != self._last + 1:
            raise PipeError(f"epoch {epoch} was committed, but epoch {self._last + 1} is next: commit each epoch once")
        save = self._save if save is None else save
        numbers = {name: _number(name, value) for name, value in metrics.items()}
        if self._folder is not None:
            if not callable(save):
                raise PipeError(
                    f"epoch.commit needs a function that saves the state, not {save!r}: epoch.commit(save, loss=loss),"
                    " where save(folder) writes files into the folder"
                )
            _refuse_other_processes(epoch, self._process)
            self._build(epoch, self._folder, save, numbers)
        self._last = epoch

    def _build(self, epoch: int, folder: Path, save: Write, metrics: Mapping[str, Any]) -> None:
        # The runner takes a folder when it gets a number for a name, so it is complete before that.
        draft = folder / f"draft-{epoch}"
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir()
        save(draft)
        if not draft.is_dir() or not any(draft.iterdir()):
            raise PipeError(
                f"save wrote nothing into its folder, {draft}, so epoch {epoch} could not be continued:"
                " write the complete state there, as in torch.save(state, folder / 'state.pt')"
            )
        if metrics:
            (draft / "metrics.json").write_text(json.dumps(metrics) + "\n", encoding="utf-8")
        # The runner removes a state when it has stored it.
        while (folder / str(epoch - 1)).exists():
            time.sleep(_POLL)
        draft.rename(folder / str(epoch))
        global _committed
        _committed = epoch


_committed: Optional[int] = None
"""The last epoch that this process committed."""

_looping = False
"""Whether a loop of epochs is running."""

_ONE_LOOP = (
    "a stage has one loop of epochs, so call epochs once, use range for an inner loop, and give a second training a"
    " stage of its own"
)


def _refuse_another_loop() -> None:
    if _committed is not None:
        raise PipeError(f"epochs was called again after epoch {_committed} was committed: {_ONE_LOOP}")


def _refuse_second_import() -> None:
    """A process that multiprocessing spawns executes the script again, except what is guarded."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None and getattr(process.current_process(), "_inheriting", False):
        raise PipeError(
            "epochs was called by a process that multiprocessing starts, because that process executes this script"
            " again: put the training under `if __name__ == '__main__':`"
        )


def _refuse_other_processes(epoch: int, process: int) -> None:
    """As torchrun and accelerate number the processes of one training."""
    if os.getpid() != process:
        raise PipeError(
            f"epoch {epoch} was committed by a process other than the one that called epochs: commit in the loop itself"
        )
    rank, count = os.environ.get("RANK", "0"), os.environ.get("WORLD_SIZE", "1")
    if rank != "0" and count != "1":
        raise PipeError(
            f"process {rank} of {count} committed epoch {epoch}, and only process 0 may: let it alone loop over"
            " run = epochs(load), and the others over range(run.completed + 1, run.target + 1)"
        )


def epochs(load: Union[Callable[[Path], object], State, None] = None, default: Optional[int] = None) -> Epochs:
    """The epochs that are left to compute, of a stage with `epochs:`.

        for epoch in epochs(load):
            loss = train_one_epoch()
            epoch.commit(save, loss=loss)

    Where epochs are completed already, `load(folder)` is called at once with the folder of the last
    state. Instead of it, an object with the methods `load(folder)` and `save(folder)` may be given;
    then `epoch.commit()` needs no argument. Write the outs after the loop: `pipe` may start the
    stage only for them, and then there is no epoch left.

    `default` is the number of epochs for a run without `pipe`, which starts from the beginning and saves nothing.
    Under `pipe` the stage's `epochs:` counts. Raises `NotInPipe` where there is neither.
    """
    state: Any = load
    _refuse_other_arguments(state, default)
    _refuse_second_import()
    run = _from_environment(default)
    reader = state
    # Not by whether it can be called: a state may have methods and be callable too.
    if hasattr(state, "load") and hasattr(state, "save"):
        reader, run._save = state.load, state.save
    if run.state is not None and reader is not None:
        reader(run.state)
    return run


def _refuse_other_arguments(load: Any, default: Any) -> None:
    """At once, and not in the run that resumes."""
    is_state = hasattr(load, "load") and hasattr(load, "save")
    if hasattr(load, "load_state_dict") and not is_state:
        raise PipeError(
            f"epochs got a {type(load).__name__}, which is not a function load(folder):"
            " use from pipe_run.torch import epochs, or write load and save yourself"
        )
    if load is not None and not callable(load) and not is_state:
        raise PipeError(
            f"epochs needs a function load(folder), not {load!r}. Write the number of epochs under `epochs:` of the"
            " stage, or without pipe as in epochs(load, default=10)"
        )
    if default is not None and not isinstance(default, int):
        raise PipeError(f"default of epochs is a number of epochs, not {default!r}: epochs(load, default=10)")


def _from_environment(default: Optional[int]) -> Epochs:
    target = os.environ.get("PIPE_EPOCHS")
    if target is None:
        if default is None:
            raise NotInPipe(
                "PIPE_EPOCHS is not set, so the stage has no `epochs:`. Write `epochs: 10` into the stage and"
                " start it with `pipe run`, or pass a number for runs without pipe: epochs(load, default=10)"
            )
        return Epochs(0, default, None, None)
    try:
        completed = int(os.environ["PIPE_EPOCH"])
        state, commit = Path(os.environ["PIPE_STATE"]), Path(os.environ["PIPE_COMMIT"])
    except KeyError as error:
        raise PipeError(f"PIPE_EPOCHS is set, so {error.args[0]} must be too: let `pipe run` set them") from None
    return Epochs(completed, int(target), state if completed > 0 else None, commit)


def _number(name: str, value: Any) -> Any:
    """A metric as JSON has it; a scalar of NumPy, PyTorch or Keras gives its number through `item`."""
    if isinstance(value, Mapping):
        return {str(key): _number(f"{name}.{key}", each) for key, each in value.items()}
    if hasattr(value, "item"):
        try:
            value = value.item()
        except (ValueError, RuntimeError) as error:
            raise PipeError(f'metric "{name}" is not one number: {error}. Give its mean, for instance') from error
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, (int, float)):
        return value
    raise PipeError(f'metric "{name}" is {value!r}: metrics are numbers, or maps of numbers')
