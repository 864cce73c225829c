"""Lightning: a `Trainer` that resumes.

    from pipe_run.lightning import PipeCallback

    pipe = PipeCallback()
    trainer = Trainer(max_epochs=pipe.target, callbacks=[pipe], enable_checkpointing=False)
    trainer.fit(model, loader, ckpt_path=pipe.checkpoint)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import torch

try:
    from lightning.pytorch import Callback, Trainer
except ModuleNotFoundError:
    from pytorch_lightning import Callback, Trainer

from ._epochs import Epoch, epochs
from ._errors import PipeError
from ._random import get_random_state, set_random_state

__all__ = ["PipeCallback"]

_CHECKPOINT = "lightning.ckpt"
_RANDOM = "random.pt"


class PipeCallback(Callback):  # type: ignore[misc]
    """Commits a Lightning checkpoint and the states of the random numbers after each epoch.

    The metrics of an epoch are the trainer's `callback_metrics`: what the module logs. `default` is
    the number of epochs for a run without `pipe`. One process trains.
    """

    def __init__(self, default: Optional[int] = None) -> None:
        self._run = epochs(None, default)
        self._left = iter(self._run)
        self._open: Optional[Epoch] = None
        self._metrics: dict[str, Any] = {}
        self._saving = False
        self.target = self._run.target
        """For the trainer's `max_epochs`."""
        self.checkpoint: Optional[Path] = None if self._run.state is None else self._run.state / _CHECKPOINT
        """For the `ckpt_path` of `fit`. None in a run that starts from the beginning."""

    def setup(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        if stage != "fit":
            return
        if trainer.world_size > 1:
            raise PipeError(f"{trainer.world_size} processes train, and this callback keeps the state of one: devices=1")
        if trainer.max_epochs != self.target:
            raise PipeError(f"the trainer has max_epochs={trainer.max_epochs}: give it max_epochs=pipe.target, {self.target}")

    def on_train_epoch_start(self, trainer: Trainer, pl_module: Any) -> None:
        # Here and not at the end of the epoch: then the learning rate schedulers have not stepped yet.
        self._commit(trainer)
        if self._open is None and self._run.state is not None:
            set_random_state(torch.load(self._run.state / _RANDOM, map_location="cpu", weights_only=True))
            # A resumed `fit` has begun to read the data already, by other random numbers. An epoch that
            # follows another one begins to read after this hook.
            iter(trainer.fit_loop._data_fetcher)
        self._open = next(self._left)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: Any) -> None:
        if not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            raise PipeError(
                f"epoch {self._open} was stopped before its last batch, so it cannot be committed: let max_epochs alone"
                " end the training, and `patience` in pipeline.yaml end it early"
            )
        self._metrics = dict(trainer.callback_metrics)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        if not self._saving:
            return
        # At the start of the next epoch that one is counted as ready. Lightning would resume it after its
        # last batch, so the checkpoint becomes one from the end of the epoch before.
        for progress in checkpoint["loops"]["fit_loop"]["epoch_progress"].values():
            progress["ready"] = progress["completed"]

    def on_train_end(self, trainer: Trainer, pl_module: Any) -> None:
        self._commit(trainer)

    def _commit(self, trainer: Trainer) -> None:
        if self._open is None:
            return

        def save(folder: Path) -> None:
            # Before the checkpoint, which must not count as drawing.
            torch.save(get_random_state(), folder / _RANDOM)
            self._saving = True
            trainer.save_checkpoint(folder / _CHECKPOINT)
            self._saving = False

        metrics = {**self._metrics, **trainer.callback_metrics}
        self._open.commit(save, **metrics)
