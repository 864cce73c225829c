"""Progress within a stage, as `pipe run` shows it."""

from __future__ import annotations

import os
import time

_EVERY = 0.1
"""In seconds. pipe does not show more frequent reports."""

_last = float("-inf")


def progress(done: float, total: float, unit: str = "") -> None:
    """Reports that `done` of `total` are done: `progress(120, 2000, "images")`.

    Cheap enough for every step of a loop: it writes at most ten times a second, and the last step.
    Without `pipe` it does nothing.
    """
    global _last
    file = os.environ.get("PIPE_PROGRESS")
    now = time.monotonic()
    if file is None or (now - _last < _EVERY and done != total):
        return
    _last = now
    line = f"{done} {total} {' '.join(unit.split())}".rstrip()
    # One write for each line, so that lines of several processes do not mix.
    with open(file, "ab", buffering=0) as opened:
        opened.write(line.encode() + b"\n")
