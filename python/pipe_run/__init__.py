"""What a Python stage of `pipe` gets and gives: its params and paths, its epochs, its progress.

    from pipe_run import context, epochs, progress

Adapters for frameworks are modules of their own, so that this one imports no framework:
`pipe_run.torch`, `pipe_run.lightning`, `pipe_run.transformers`, `pipe_run.keras`, `pipe_run.sklearn`.
"""

from ._context import Context, Tree, context
from ._epochs import Epoch, Epochs, State, epochs
from ._errors import NoSuchName, NotInPipe, PipeError
from ._progress import progress

__all__ = [
    "Context",
    "Epoch",
    "Epochs",
    "NoSuchName",
    "NotInPipe",
    "PipeError",
    "State",
    "Tree",
    "context",
    "epochs",
    "progress",
]
