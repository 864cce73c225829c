"""scikit-learn: `partial_fit` in epochs that resume.

    from pipe_run.sklearn import epochs

    for epoch in epochs(model, rng):
        model.partial_fit(images, labels, classes=classes)
        epoch.commit(accuracy=model.score(test_images, test_labels))
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import IO, Any, Optional, Sequence

import numpy
from sklearn.base import BaseEstimator

from ._epochs import Epochs
from ._epochs import epochs as plain_epochs
from ._errors import PipeError
from ._random import get_random_state, set_random_state

__all__ = ["TrainingState", "epochs"]

_FILE = "state.pickle"


class TrainingState:
    """The states of estimators (pipelines and scalers too), `numpy.random.Generator`s and `RandomState`s.

    The states of the global random numbers of Python and NumPy belong to it too.
    """

    def __init__(self, *parts: Any) -> None:
        for at, part in enumerate(parts, start=1):
            if not isinstance(part, (BaseEstimator, numpy.random.Generator, numpy.random.RandomState)):
                raise PipeError(
                    f"part {at} of the state is a {type(part).__name__}: pass estimators and NumPy generators, and"
                    " save anything else yourself with pipe_run.epochs"
                )
        self._parts = parts

    def save(self, folder: Path) -> None:
        """Writes the state into a folder."""
        kinds = [type(part).__name__ for part in self._parts]
        state = {"kinds": kinds, "parts": list(map(_get_state, self._parts)), "random": get_random_state()}
        with open(folder / _FILE, "wb") as file:
            _Pickler(file, self._parts).dump(state)

    def load(self, folder: Path) -> None:
        """Reads the state from a folder, in place."""
        with open(folder / _FILE, "rb") as file:
            state = _Unpickler(file, self._parts).load()
        kinds = [type(part).__name__ for part in self._parts]
        if state["kinds"] != kinds:
            raise PipeError(
                f"the saved state is of {', '.join(state['kinds'])}, and this stage names {', '.join(kinds)}:"
                " name the same ones in the same order"
            )
        for part, saved in zip(self._parts, state["parts"]):
            _set_state(part, saved)
        set_random_state(state["random"])


def _get_state(part: Any) -> Any:
    if isinstance(part, numpy.random.Generator):
        return part.bit_generator.state
    return part.get_state() if isinstance(part, numpy.random.RandomState) else vars(part)


def _set_state(part: Any, state: Any) -> None:
    if isinstance(part, numpy.random.Generator):
        part.bit_generator.state = state
    elif isinstance(part, numpy.random.RandomState):
        part.set_state(state)
    else:
        vars(part).clear()
        vars(part).update(state)


class _Pickler(pickle.Pickler):
    """Writes a part that another part refers to as its position: a shared generator stays shared."""

    def __init__(self, file: IO[bytes], parts: Sequence[Any]) -> None:
        super().__init__(file, protocol=5)
        self._positions = {id(part): at for at, part in enumerate(parts)}

    def persistent_id(self, obj: Any) -> Optional[int]:
        return self._positions.get(id(obj))


class _Unpickler(pickle.Unpickler):
    """Finds the parts of this process where the saved state refers to a part."""

    def __init__(self, file: IO[bytes], parts: Sequence[Any]) -> None:
        super().__init__(file)
        self._parts = parts

    def persistent_load(self, pid: int) -> Any:
        if pid >= len(self._parts):
            raise PipeError(f"the saved state has more than {len(self._parts)} parts: name the same ones as before")
        return self._parts[pid]


def epochs(*parts: Any, default: Optional[int] = None) -> Epochs:
    """The epochs that are left to compute, with a `TrainingState` of these parts.

    `default` is the number of epochs for a run without `pipe`.
    """
    return plain_epochs(TrainingState(*parts), default)
