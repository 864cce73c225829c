"""PyTorch: a training loop that resumes.

    from pipe_run.torch import epochs

    for epoch in epochs(model, optimizer, scheduler):
        ...
        epoch.commit(loss=loss)
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Optional

import torch

from ._epochs import Epochs
from ._epochs import epochs as plain_epochs
from ._errors import PipeError
from ._random import get_random_state, set_random_state

__all__ = ["TrainingState", "epochs"]

_FILE = "state.pt"


class TrainingState:
    """The states of models, optimizers, schedulers, gradient scalers and generators, in this order.

    A part has `state_dict` and `load_state_dict`, or is a `torch.Generator`. The states of the global
    random numbers (Python, NumPy, PyTorch, every CUDA device) belong to it too.
    """

    def __init__(self, *parts: Any) -> None:
        for at, part in enumerate(parts, start=1):
            if not isinstance(part, torch.Generator) and not hasattr(part, "load_state_dict"):
                raise PipeError(
                    f"part {at} of the state is a {type(part).__name__}, which has no load_state_dict: pass modules,"
                    " optimizers, schedulers or generators, and save anything else yourself with pipe_run.epochs"
                )
        self._parts = parts

    def save(self, folder: Path) -> None:
        """Writes the state into a folder."""
        parts = [part.get_state() if isinstance(part, torch.Generator) else part.state_dict() for part in self._parts]
        torch.save({"parts": parts, "random": get_random_state()}, folder / _FILE)

    def load(self, folder: Path) -> None:
        """Reads the state from a folder, in place: tensors go to the devices of what they belong to."""
        state = torch.load(folder / _FILE, map_location="cpu", weights_only=True)
        if len(state["parts"]) != len(self._parts):
            raise PipeError(
                f"the saved state has {len(state['parts'])} parts, and this stage names {len(self._parts)}:"
                " name the same ones in the same order"
            )
        for part, saved in zip(self._parts, state["parts"]):
            if isinstance(part, torch.Generator):
                part.set_state(saved)
            else:
                part.load_state_dict(saved)
        # Last, since a part may draw while it loads.
        set_random_state(state["random"])


def epochs(*parts: Any, default: Optional[int] = None) -> Epochs:
    """The epochs that are left to compute, with a `TrainingState` of these parts.

    Call it right before the loop, when all parts are on their device and the random numbers are
    seeded. `default` is the number of epochs for a run without `pipe`.
    """
    run = plain_epochs(TrainingState(*parts), default)
    count = os.environ.get("WORLD_SIZE", "1")
    if run.commits and count != "1":
        raise PipeError(
            f"{count} processes train, and pipe_run.torch keeps the state of one: start one, or save the states of all"
            " yourself with pipe_run.epochs"
        )
    return run
