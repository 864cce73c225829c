"""Hugging Face Transformers: a `Trainer` that resumes.

    from pipe_run.transformers import PipeCallback

    pipe = PipeCallback()
    args = TrainingArguments(num_train_epochs=pipe.target, lr_scheduler_type="constant", ...)
    trainer = Trainer(model, args, train_dataset=data, callbacks=[pipe])
    trainer.train(resume_from_checkpoint=pipe.checkpoint)
"""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any, Optional

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ._epochs import epochs
from ._errors import PipeError

__all__ = ["PipeCallback"]

_INDEPENDENT = ("constant", "constant_with_warmup", "inverse_sqrt", "reduce_lr_on_plateau")
"""The schedules of the learning rate that do not depend on the number of epochs."""


class PipeCallback(TrainerCallback):  # type: ignore[misc]
    """Commits the trainer's own checkpoint after each epoch.

    The metrics of an epoch are the numbers that the trainer logged at its end. `default` is the number
    of epochs for a run without `pipe`. One process trains.
    """

    def __init__(self, default: Optional[int] = None) -> None:
        self._run = epochs(None, default)
        self._left = iter(self._run)
        self._ended = False
        self.target = self._run.target
        """For the `num_train_epochs` of the arguments."""
        self.checkpoint: Optional[str] = None if self._run.state is None else str(self._run.state)
        """For the `resume_from_checkpoint` of `train`. None in a run that starts from the beginning."""

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if args.world_size > 1:
            raise PipeError(f"{args.world_size} processes train, and this callback keeps the state of one: start one")
        if args.num_train_epochs != self.target or args.max_steps > 0:
            raise PipeError(
                f"the arguments have num_train_epochs={args.num_train_epochs}, max_steps={args.max_steps}: give them"
                f" num_train_epochs=pipe.target, {self.target}, and no max_steps"
            )
        if args.lr_scheduler_type not in _INDEPENDENT:
            raise PipeError(
                f'lr_scheduler_type="{args.lr_scheduler_type.value}" depends on the number of epochs, so epoch 2 of 5'
                ' would not be epoch 2 of 10. Use "constant", or pass optimizers=(optimizer, scheduler) with a'
                ' scheduler whose length is a param of its own, and lr_scheduler_type="constant"'
            )
        if args.save_only_model or args.load_best_model_at_end:
            raise PipeError(
                "save_only_model and load_best_model_at_end do not go with resuming: leave them out, and write"
                " `epochs: { max: 10, best: … }` in pipeline.yaml for the outs of the best epoch"
            )

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.epoch is None or not math.isclose(state.epoch, round(state.epoch)):
            raise PipeError(
                f"the training was stopped at epoch {state.epoch}, which cannot be committed: let num_train_epochs alone"
                " end it, and `patience` in pipeline.yaml end it early"
            )
        self._ended = self._run.commits
        control.should_save = control.should_save or self._ended

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if not self._ended:
            # A save that the arguments ask for, in the middle of an epoch.
            return
        self._ended = False
        checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"

        def save(folder: Path) -> None:
            shutil.copytree(checkpoint, folder, dirs_exist_ok=True)
            shutil.rmtree(checkpoint)

        next(self._left).commit(save, **_last_metrics(state))


def _last_metrics(state: TrainerState) -> dict[str, float]:
    """What was logged after the last step, by training and evaluation."""
    logged = [entry for entry in state.log_history if entry.get("step") == state.global_step]
    merged = {name: value for entry in logged for name, value in entry.items() if name not in ("step", "epoch")}
    # How long it took is not a result.
    return {name: value for name, value in merged.items() if not name.endswith(("_runtime", "_per_second"))}
