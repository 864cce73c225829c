"""Keras 3: a `fit` that resumes.

    from pipe_run.keras import PipeCallback

    pipe = PipeCallback()
    model.fit(x, y, initial_epoch=pipe.completed, epochs=pipe.target, callbacks=[pipe])
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, Mapping, Optional

import keras

from ._epochs import epochs
from ._errors import PipeError
from ._random import get_random_state, set_random_state

__all__ = ["PipeCallback"]

_WEIGHTS = "model.weights.h5"
_RANDOM = "random.pickle"


class PipeCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Commits weights, the optimizer's state and the states of the random numbers after each epoch.

    The metrics of an epoch are its logs. Give it as the last callback. `default` is the number of
    epochs for a run without `pipe`. The model must be built before `fit`.
    """

    def __init__(self, default: Optional[int] = None) -> None:
        super().__init__()
        self._run = epochs(None, default)
        self._left = iter(self._run)
        self.completed = self._run.completed
        """For the `initial_epoch` of `fit`."""
        self.target = self._run.target
        """For the `epochs` of `fit`."""

    def on_train_begin(self, logs: Optional[Mapping[str, Any]] = None) -> None:
        if self.params["epochs"] != self.target:
            raise PipeError(f"fit has epochs={self.params['epochs']}: give it epochs=pipe.target, {self.target}")
        if self._run.state is not None:
            self.model.optimizer.build(self.model.trainable_variables)
            self.model.load_weights(self._run.state / _WEIGHTS)

    def on_epoch_begin(self, epoch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        if epoch < self._run.completed:
            raise PipeError(f"fit began with epoch {epoch}: give it initial_epoch=pipe.completed, {self.completed}")
        if epoch == self.completed and self._run.state is not None:
            state = pickle.loads((self._run.state / _RANDOM).read_bytes())
            for variable, value in zip(_seeds(self.model), state["seeds"]):
                variable.assign(value)
            set_random_state(state["global"])

    def on_train_batch_end(self, batch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        if self.model.stop_training:
            raise PipeError(
                "the training was stopped within an epoch, which cannot be committed: let the number of epochs alone"
                " end it, and `patience` in pipeline.yaml end it early"
            )

    def on_epoch_end(self, epoch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        next(self._left).commit(self._save, **(logs or {}))

    def _save(self, folder: Path) -> None:
        seeds = [keras.ops.convert_to_numpy(variable) for variable in _seeds(self.model)]
        state = {"global": get_random_state(), "seeds": seeds}
        (folder / _RANDOM).write_bytes(pickle.dumps(state, protocol=5))
        self.model.save_weights(folder / _WEIGHTS)


def _seeds(model: Any) -> list[Any]:
    """The states of the generators in layers such as Dropout, which are not saved with the weights."""
    known = {id(variable) for variable in [*model.weights, *model.metrics_variables]}
    return [variable for variable in model.variables if id(variable) not in known]
