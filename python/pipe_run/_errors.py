"""The errors of the package. Each message says what is wrong and how to cure it."""


class PipeError(Exception):
    """A mistake in how a stage uses pipe_run."""


class NotInPipe(PipeError):
    """The script needs something that only `pipe run` gives to a process."""


class NoSuchName(PipeError, KeyError, AttributeError):
    """A param, dep, out or axis that the stage does not have."""

    # KeyError would print its message as a quoted literal.
    __str__ = Exception.__str__
