"""Fits a line by stochastic gradient descent: train.py <points> <rate> <seed> <model>.

Speaks the epoch protocol of docs/stage-protocol.md: it continues from the state of
the last completed epoch, and the result has the same bytes as without a stop.
"""

import json
import os
import random
import sys
import time

TARGET = int(os.environ["PIPE_EPOCHS"])
COMPLETED = int(os.environ["PIPE_EPOCH"])
STATE = os.environ["PIPE_STATE"]
COMMIT = os.environ["PIPE_COMMIT"]
PROGRESS = os.environ["PIPE_PROGRESS"]


def load_state(rng):
    """The parameters after epoch COMPLETED; sets the random numbers to where they were."""
    if COMPLETED == 0:
        return 0.0, 0.0
    with open(os.path.join(STATE, "state.json")) as file:
        state = json.load(file)
    version, numbers, gauss = state["random"]
    rng.setstate((version, tuple(numbers), gauss))
    return state["slope"], state["intercept"]


def commit(epoch, state, metrics):
    """Builds the state of an epoch in a folder of its own and commits it by renaming that."""
    draft = os.path.join(COMMIT, "draft")
    os.mkdir(draft)
    with open(os.path.join(draft, "state.json"), "w") as file:
        json.dump(state, file)
    with open(os.path.join(draft, "metrics.json"), "w") as file:
        json.dump(metrics, file)
    # The epoch before is stored when its folder is gone: large states do not pile up.
    while os.path.exists(os.path.join(COMMIT, str(epoch - 1))):
        time.sleep(0.01)
    os.rename(draft, os.path.join(COMMIT, str(epoch)))


def report(done, total, unit):
    with open(PROGRESS, "a") as file:
        file.write(f"{done} {total} {unit}\n")


def main():
    points_path, rate, seed, model_path = sys.argv[1:]
    rate = float(rate)
    with open(points_path) as file:
        points = json.load(file)
    rng = random.Random(int(seed))
    slope, intercept = load_state(rng)

    for epoch in range(COMPLETED + 1, TARGET + 1):
        loss = 0.0
        # A sample, not a shuffle in place: then the order of the list is not part of the state.
        for x, y in rng.sample(points, len(points)):
            error = slope * x + intercept - y
            loss += error * error / len(points)
            slope -= rate * error * x
            intercept -= rate * error
        state = {"slope": slope, "intercept": intercept, "random": rng.getstate()}
        commit(epoch, state, {"loss": loss})
        report(epoch, TARGET, "epochs")

    # Also when every epoch was completed before: then only the outs are to be written.
    with open(model_path, "w") as file:
        json.dump({"slope": slope, "intercept": intercept}, file)


main()
