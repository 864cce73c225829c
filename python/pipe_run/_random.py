"""The states of the global random number generators: Python's, NumPy's and PyTorch's."""

from __future__ import annotations

import random
import sys
from typing import Any


def get_random_state() -> dict[str, Any]:
    """The states of all generators that this process has loaded, as numbers, texts, tuples and tensors."""
    state: dict[str, Any] = {"python": random.getstate()}
    # What is not imported has drawn nothing.
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None:
        kind, keys, *rest = numpy.random.get_state()
        state["numpy"] = (kind, keys.tolist(), *rest)
    if torch is not None:
        state["torch"] = torch.get_rng_state()
        if torch.cuda.is_available():
            state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def set_random_state(state: dict[str, Any]) -> None:
    """Puts the generators back to where `get_random_state` saw them."""
    random.setstate(state["python"])
    if "numpy" in state:
        import numpy

        numpy.random.set_state(state["numpy"])
    if "torch" in state:
        import torch

        torch.set_rng_state(state["torch"].cpu())
    if "cuda" in state:
        torch.cuda.set_rng_state_all([each.cpu() for each in state["cuda"]])
